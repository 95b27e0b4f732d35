// Tables of taps for resampling along one dim, as PyTorch computes them, and the operator that applies them. Used by
// interpolate: a mode is a table.
import type { Device } from '../../device.ts';
import { record } from '../../history.ts';
import { runStruct } from '../../dispatch.ts';
import { type DType, float32, float64, int64 } from '../../dtype.ts';
import { kernel, native } from '../../native.ts';
import type { Shape } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

const resampleKernel = kernel('resample');
const resampleBackwardKernel = kernel('resampleBackward');

/** How one dim is resampled. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  /** The factor that was asked for; null where sizes alone count. */
  readonly scale: number | null;
}
/** Filters by name; `near` and `exact` take one element, `area` has an operator of its own. */
export type Filter = 'near' | 'exact' | 'linear' | 'cubic';
export type AntialiasFilter = 'linear' | 'cubic' | 'lanczos';

/** For each output, indices (-1 for none) and weights of inputs. */
interface Table {
  readonly taps: number;
  readonly size: number;
  readonly index: BigInt64Array;
  readonly weight: Float64Array;
}
type Round = (x: number) => number;
const exactly: Round = (x) => x;

function table(size: number, taps: number, at: (o: number) => readonly (readonly [number, number])[]): Table {
  const index = new BigInt64Array(taps * size).fill(-1n);
  const weight = new Float64Array(taps * size);
  for (let o = 0; o < size; o++) {
    const list = at(o);
    for (let k = 0; k < list.length; k++) {
      index[k * size + o] = BigInt(list[k]![0]);
      weight[k * size + o] = list[k]![1];
    }
  }
  return { taps, size, index, weight };
}

/** Inputs per output. */
function stepOf({ from, to, scale }: Axis, align: boolean, r: Round): number {
  if (align) return to > 1 ? r(r(from - 1) / (to - 1)) : 0;
  return scale !== null && scale > 0 ? r(1 / scale) : r(from / to);
}
/** The position among the inputs that output `o` is at. */
const source = (step: number, o: number, align: boolean, cubic: boolean, r: Round): number => {
  if (align) return r(step * o);
  const x = r(r(step * (o + 0.5)) - 0.5);
  return !cubic && x < 0 ? 0 : x;
};

/** Convolution with a cubic of this parameter: the inner piece, and the outer one. */
const inner = (x: number, a: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
const outer = (x: number, a: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;

function plainTable(axis: Axis, filter: Filter, align: boolean, r: Round): Table {
  const { from, to } = axis;
  const step = stepOf(axis, align, r);
  const last = from - 1;
  if (filter === 'near') return table(to, 1, (o) => [[Math.min(last, Math.floor(Math.fround(r(step * o)))), 1]]);
  if (filter === 'exact')
    return table(to, 1, (o) => [[Math.min(last, Math.floor(Math.fround(r(step * (o + 0.5))))), 1]]);
  const split = (o: number): [number, number] => {
    const x = source(step, o, align, filter === 'cubic', r);
    const at = Math.min(Math.floor(x), last);
    return [at, Math.min(Math.max(r(x - at), 0), 1)];
  };
  if (filter === 'linear') {
    return table(to, 2, (o) => {
      if (from === to) {
        return [
          [o, 1],
          [o, 0],
        ];
      }
      const [at, part] = split(o);
      return [
        [at, r(1 - part)],
        [Math.min(at + 1, last), part],
      ];
    });
  }
  const near = (i: number): number => Math.min(last, Math.max(0, i));
  return table(to, 4, (o) => {
    const [at, part] = split(o);
    return [
      [near(at - 1), outer(part + 1, -0.75)],
      [near(at), inner(part, -0.75)],
      [near(at + 1), inner(1 - part, -0.75)],
      [near(at + 2), outer(2 - part, -0.75)],
    ];
  });
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
/** Each filter with its reach. */
const FILTERS: Readonly<Record<AntialiasFilter, readonly [reach: number, f: (x: number) => number]>> = {
  linear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  cubic: [
    2,
    (x) => {
      const d = Math.abs(x);
      return d < 1 ? inner(d, -0.5) : d < 2 ? outer(d, -0.5) : 0;
    },
  ],
  lanczos: [3, (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

/** Filters that are stretched over all the inputs that an output stands for. */
function antialiasTable(axis: Axis, filter: AntialiasFilter, align: boolean, r: Round): Table {
  const { from, to } = axis;
  const step = stepOf(axis, align, r);
  const [reach, f] = FILTERS[filter];
  const support = step >= 1 ? r(reach * step) : reach;
  const shrink = step >= 1 ? r(1 / step) : 1;
  const most = Math.ceil(support) * 2 + 1;
  const tables = Array.from({ length: to }, (_, o): (readonly [number, number])[] => {
    const centre = r(step * (o + 0.5));
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.max(Math.min(Math.trunc(centre + support + 0.5), from) - first, 0), most);
    const weights = Array.from({ length: count }, (_, k) => f(r(r(k + first - centre + 0.5) * shrink)));
    const total = weights.reduce((n, w) => n + w, 0);
    return weights.map((w, k) => [first + k, total === 0 ? w : w / total]);
  });
  const taps = tables.reduce((n, list) => Math.max(n, list.length), 1);
  return table(to, taps, (o) => tables[o]!);
}

/** The table as the two tensors that the kernel reads. */
function tensors({ taps, size, index, weight }: Table, dt: DType, device: Device): [Tensor, Tensor] {
  const at = emptyTensor([taps, size], int64, device);
  native.write(at.storage.handle, at.storage.byteOffset, index);
  const w = emptyTensor([taps, size], dt, device);
  native.write(w.storage.handle, w.storage.byteOffset, dt === float64 ? weight : Float32Array.from(weight));
  return [at, w];
}
const ONE: Table = { taps: 1, size: 1, index: BigInt64Array.of(0n), weight: Float64Array.of(1) };

function apply(name: string, x: Tensor, size: Shape, tables: readonly Tensor[]): Tensor {
  const out = emptyTensor([x.sizes[0]!, x.sizes[1]!, ...size], x.dt, x.device);
  if (out.count > 0) runStruct(resampleKernel, [out, x, ...tables]);
  const before = x.sizes.slice(2);
  return record(name, out, [x], [], (g) => [spread(name, g, before, tables)]);
}
/** The adjoint of {@link apply}. */
function spread(name: string, g: Tensor, size: Shape, tables: readonly Tensor[]): Tensor {
  const out = emptyTensor([g.sizes[0]!, g.sizes[1]!, ...size], g.dt, g.device);
  if (out.count > 0) runStruct(resampleBackwardKernel, [out, g, ...tables]);
  const after = g.sizes.slice(2);
  return record(`${name}Backward`, out, [g], [], (gg) => [apply(name, gg, after, tables)]);
}

/** x [N, C, *] resampled along its spatial dims; `name` is the node's. Linear, and so are its derivatives. */
export function resample(
  name: string,
  x: Tensor,
  axes: readonly Axis[],
  filter: Filter | AntialiasFilter,
  align: boolean,
  antialias: boolean,
): Tensor {
  const dt = x.dt === float64 ? float64 : float32;
  const r: Round = dt === float64 ? exactly : Math.fround;
  const made = axes.map((axis) =>
    antialias
      ? antialiasTable(axis, filter as AntialiasFilter, align, r)
      : plainTable(axis, filter as Filter, align, r),
  );
  while (made.length < 3) made.unshift(ONE);
  return apply(
    name,
    x,
    axes.map(({ to }) => to),
    made.flatMap((t) => tensors(t, dt, x.device)),
  );
}

/** The elements that nearest-neighbour sampling takes, for dtypes that are not computed in. */
export function pick(x: Tensor, axes: readonly Axis[], filter: Filter): Tensor {
  let out = x;
  for (const [d, axis] of axes.entries()) {
    const { index, size } = plainTable(axis, filter, false, Math.fround);
    const at = emptyTensor([size], int64, x.device);
    native.write(at.storage.handle, at.storage.byteOffset, index);
    out = out.indexSelect(d + 2, at);
  }
  return out;
}
