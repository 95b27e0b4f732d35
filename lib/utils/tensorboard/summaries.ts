// The messages that SummaryWriter writes: histograms, precision-recall curves, layouts of charts. Called by index.ts.
import { describe, ShapeError } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { encode, type Message, message } from './events.ts';

/** Numbers of a tensor or an array. */
export function valuesOf(where: string, values: unknown): Float64Array {
  if (values instanceof Tensor) return values.detach().to('float64').toTypedArray() as Float64Array;
  const list =
    ArrayBuffer.isView(values) && !(values instanceof DataView)
      ? values
      : Array.isArray(values)
        ? values.flat(8)
        : null;
  if (
    list === null ||
    !Array.from(list as ArrayLike<unknown>).every((v) => typeof v === 'number' || typeof v === 'bigint')
  )
    throw new TypeError(`${where}: expected numbers but received ${describe(values)}`);
  return Float64Array.from(list as ArrayLike<number | bigint>, Number);
}

/** The bounds that TensorFlow counts between. */
const EDGES: readonly number[] = ((): number[] => {
  const up: number[] = [];
  for (let v = 1e-12; v < 1e20; v *= 1.1) up.push(v);
  return [...up.map((v) => -v).reverse(), 0, ...up];
})();
function edgesOf(where: string, bins: unknown, values: Float64Array): readonly number[] {
  if (bins === 'tensorflow') return EDGES;
  if (
    Array.isArray(bins) &&
    bins.length > 1 &&
    bins.every((v, i) => typeof v === 'number' && (i === 0 || v > bins[i - 1]))
  )
    return bins as number[];
  if (typeof bins !== 'number' || !Number.isInteger(bins) || bins < 1 || bins > 2 ** 20)
    throw new TypeError(
      `${where}: expected 'tensorflow', a number or growing bounds for bins but received ${describe(bins)}`,
    );
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + (i * (high - low)) / bins));
}
/** TensorBoard's histogram: counts between bounds, of which the empty ones at both ends are left out. */
export function histogram(where: string, values: Float64Array, bins: unknown): Message {
  if (values.length === 0) throw new ShapeError(`${where}: the input has no element`);
  if (!values.every(Number.isFinite)) throw new RangeError(`${where}: the values are not all finite`);
  const edges = edgesOf(where, bins, values);
  const counts = new Array<number>(edges.length - 1).fill(0);
  let [low, high, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
    squares += v * v;
    let [a, b] = [0, edges.length - 1]; // edges[a] <= v < edges[b], the last one included
    if (v < edges[0]! || v > edges[b]!) continue;
    while (b - a > 1) {
      const middle = (a + b) >> 1;
      if (edges[middle]! <= v) a = middle;
      else b = middle;
    }
    counts[a]!++;
  }
  const start = counts.findIndex((n) => n > 0);
  if (start < 0) throw new RangeError(`${where}: no value lies between the bounds`);
  const end = counts.findLastIndex((n) => n > 0) + 1;
  const buckets = start > 0 ? counts.slice(start - 1, end) : [0, ...counts.slice(0, end)];
  return message({
    1: { double: low },
    2: { double: high },
    3: { double: values.length },
    4: { double: sum },
    5: { double: squares },
    6: { doubles: edges.slice(start, end + 1) },
    7: { doubles: buckets },
  });
}

const withPlugin = (name: string, content?: Uint8Array): Message => message({ 1: message({ 1: name, 2: content }) });
const floats = (rows: number, columns: number, values: readonly number[]): Message =>
  message({
    1: 1n,
    2: message({ 2: [rows, columns].map((n) => message({ 1: BigInt(n) })) }),
    5: new Uint8Array(Float32Array.from(values).buffer),
  });

/** The counts of TensorBoard's curve at each threshold, one list after the other. */
export function prCurve(
  where: string,
  given: readonly [labels: unknown, predictions: unknown, weights: unknown],
  thresholds: number,
): number[][] {
  const [labels, predictions] = [valuesOf(where, given[0]), valuesOf(where, given[1])];
  const weights = given[2] === null || given[2] === undefined ? null : valuesOf(where, given[2]);
  for (const list of [predictions, weights ?? predictions]) {
    if (list.length !== labels.length)
      throw new ShapeError(`${where}: ${labels.length} labels do not go with ${list.length} predictions or weights`);
  }
  // NumPy multiplies in the precision of the predictions
  const single = given[1] instanceof Tensor && given[1].dtype === 'float32';
  const [tp, fp] = [new Array<number>(thresholds).fill(0), new Array<number>(thresholds).fill(0)];
  for (const [i, p] of predictions.entries()) {
    const at = Math.floor(single ? Math.fround(p * (thresholds - 1)) : p * (thresholds - 1));
    if (!(at >= 0 && at < thresholds)) continue;
    const weight = weights?.[i] ?? 1;
    tp[at]! += labels[i]! * weight;
    fp[at]! += (1 - labels[i]!) * weight;
  }
  for (const list of [tp, fp]) for (let i = thresholds - 2; i >= 0; i--) list[i]! += list[i + 1]!;
  const tn = fp.map((n) => fp[0]! - n);
  const fn = tp.map((n) => tp[0]! - n);
  const ratio = (other: readonly number[]): number[] => tp.map((n, i) => n / Math.max(1e-7, n + other[i]!));
  return [tp, fp, tn, fn, ratio(fp), ratio(fn)];
}
/** The value of such a curve: a tensor, and what tells TensorBoard what it is. */
export function prCurveValue(
  where: string,
  rows: readonly (readonly number[])[],
  thresholds: number,
): Message['fields'] {
  const columns = rows[0]!.length;
  if (rows.some((r) => r.length !== columns))
    throw new ShapeError(`${where}: the lists have different lengths: ${rows.map((r) => r.length).join(', ')}`);
  return {
    8: floats(rows.length, columns, rows.flat()),
    9: withPlugin('pr_curves', encode(message({ 2: BigInt(thresholds) }))),
  };
}

/** Which curves share a chart: `{ category: { chart: ['Multiline' | 'Margin', tags] } }`. */
export type ScalarLayout = Readonly<
  Record<string, Readonly<Record<string, readonly [kind: 'Multiline' | 'Margin', tags: readonly string[]]>>>
>;
/** The value of a layout. */
export function layoutValue(where: string, layout: unknown): Message['fields'] {
  const entries = (what: unknown): [string, unknown][] => {
    if (typeof what !== 'object' || what === null || Array.isArray(what))
      throw new TypeError(`${where}: expected an object but received ${describe(what)}`);
    return Object.entries(what);
  };
  const chart = (title: string, content: unknown): Message => {
    const [kind, tags]: readonly unknown[] = Array.isArray(content) ? content : [];
    if ((kind !== 'Multiline' && kind !== 'Margin') || !Array.isArray(tags) || tags.some((t) => typeof t !== 'string'))
      throw new TypeError(`${where}: expected ['Multiline' or 'Margin', tags] but received ${describe(content)}`);
    const names = tags as string[];
    if (kind === 'Multiline') return message({ 1: title, 2: message({ 1: names }) });
    if (names.length !== 3) throw new RangeError(`${where}: expected 3 tags, got ${names.length}`);
    const [value, lower, upper] = names as [string, string, string];
    return message({ 1: title, 3: message({ 1: message({ 1: value, 2: lower, 3: upper }) }) });
  };
  const categories = entries(layout).map(([title, charts]) =>
    message({ 1: title, 2: entries(charts).map(([name, content]) => chart(name, content)) }),
  );
  return {
    1: 'custom_scalars__config__',
    8: message({ 1: 7n, 2: message({}), 8: encode(message({ 2: categories })) }),
    9: withPlugin('custom_scalars'),
  };
}
