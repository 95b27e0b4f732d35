// Counting: how often whole numbers occur, and histograms.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { float32, float64, int64, requireFloating } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { checkShape, sameShape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { requireInteger, wholeNumber } from './internal/checks.ts';
import { countsOf } from './internal/counting.ts';
import { type Pair, pair } from './internal/named.ts';
import { flag, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { searchsorted } from './search.ts';

/** Options of bincount. */
export interface BincountOptions {
  /** What each element adds to its bin, instead of one. */
  weights?: Tensor | null | undefined;
  /** How many bins there are at least. */
  minlength?: number | undefined;
}
/**
 * How often each number from 0 on occurs among whole numbers, or the sum of its weights. Throws RangeError for negative
 * elements, ShapeError unless 1-d.
 * @example
 * torch.bincount(torch.tensor([1, 3, 1])) // tensor([0, 2, 0, 1])
 */
export function bincount(
  x: Tensor,
  ...args: Call<[weights?: Tensor | null, minlength?: number], BincountOptions>
): Tensor {
  const where = 'bincount';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<BincountOptions>(where, args, ['weights', 'minlength']);
    const least = wholeNumber(where, 'minlength', options.minlength ?? 0, 0);
    if (x.sizes.length !== 1)
      throw new ShapeError(`${where}: only supports 1-d non-negative integral inputs, but got shape ${show(x.sizes)}`);
    requireInteger(where, x, 'input');
    const weights = options.weights ?? null;
    if (weights !== null) {
      checkTensor(where, weights, 'weights');
      commonDevice(where, [x, weights]);
      if (!sameShape(weights.sizes, x.sizes))
        throw new ShapeError(
          `${where}: weights should be 1-d and have the same length as input, but got ${show(weights.sizes)} and ${show(x.sizes)}`,
        );
    }
    if (x.count === 0) return zerosOf([least], int64, x.device);
    const at = x.detach().long();
    const { min, max } = at.aminmax();
    if (Number(min.item()) < 0)
      throw new RangeError(`${where}: only supports 1-d non-negative integral inputs, but got ${min.item()}`);
    const n = Math.max(least, Number(max.item()) + 1);
    if (weights === null) return countsOf(at, n);
    const dt = weights.dt === float32 ? float32 : float64;
    return zerosOf([n], dt, x.device).scatterAdd_(0, at, weights.detach().to(dt.name));
  });
}

/** The least and the greatest element where no range is given, and a range that is not empty. */
function limits(where: string, x: Tensor, low: number, high: number, widen: number): [number, number] {
  let [from, to] = [low, high];
  if (from === to && x.count > 0) {
    const ends = x.aminmax();
    [from, to] = [Number(ends.min.item()), Number(ends.max.item())];
  }
  if (!Number.isFinite(from) || !Number.isFinite(to))
    throw new RangeError(`${where}: range of [${from}, ${to}] is not finite`);
  if (from > to) throw new RangeError(`${where}: max must be larger than min, but got [${from}, ${to}]`);
  return from === to ? [from - widen, to + widen] : [from, to];
}

/** Options of histc. */
export interface HistcOptions {
  bins?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
}
/**
 * How many elements fall into each of `bins` (100) equal parts of the range from `min` to `max`; by default of that of
 * the elements. Those outside are not counted. Throws RangeError for a range that is not finite.
 * @example
 * torch.histc(torch.tensor([1, 2, 1.5]), { bins: 2, min: 1, max: 3 }) // tensor([2., 1.])
 */
export function histc(x: Tensor, ...args: Call<[bins?: number, min?: number, max?: number], HistcOptions>): Tensor {
  const where = 'histc';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const { bins = 100, min = 0, max = 0 } = readArguments<HistcOptions>(where, args, ['bins', 'min', 'max']);
    wholeNumber(where, 'bins', bins, 1);
    checkNumber(where, 'min', min);
    checkNumber(where, 'max', max);
    requireFloating(where, x.dt);
    const flat = x.detach().reshape(-1);
    const [from, to] = limits(where, flat, min, max, 1);
    const within = flat.ge(from).logicalAnd(flat.le(to));
    const at = flat
      .sub(from)
      .mul(bins)
      .div(to - from)
      .long()
      .clampMax(bins - 1)
      .where(within, bins); // a bin more, for those outside
    return countsOf(at, bins + 1)
      .narrow(0, 0, bins)
      .to(x.dtype);
  });
}

/** Options of histogram. */
export interface HistogramOptions {
  /** The least and the greatest edge; by default those of the elements. */
  range?: readonly [number, number] | null | undefined;
  /** What each element adds to its bin, instead of one. */
  weight?: Tensor | null | undefined;
  /** Values of a density, whose integral is one. */
  density?: boolean | undefined;
}
/**
 * How many elements fall between neighbouring edges, and the edges: `bins` equal parts, or given edges as a sorted
 * tensor. Throws DtypeError if not floating point, RangeError for a range that is not finite.
 * @example
 * torch.histogram(torch.tensor([1, 2.5, 1.5]), 2, { range: [1, 3] }).hist // tensor([2., 1.])
 */
export function histogram(
  x: Tensor,
  bins: number | Tensor,
  ...args: Call<[], HistogramOptions>
): Pair<'hist', 'binEdges'> {
  const where = 'histogram';
  return inNameOf(where, () => {
    checkTensor(where, x);
    requireFloating(where, x.dt);
    const options = readArguments<HistogramOptions>(where, args, [], ['range', 'weight', 'density']);
    const density = flag(where, 'density', options.density, false);
    const { range = null, weight = null } = options;
    const flat = x.detach().reshape(-1);
    const edges = bins instanceof Tensor ? givenEdges(where, bins, x, range) : evenEdges(where, bins, flat, range);
    const n = edges.count - 1;
    if (weight !== null) {
      checkTensor(where, weight, 'weight');
      if (!sameShape(weight.sizes, x.sizes) || weight.dt !== x.dt)
        throw new ShapeError(
          `${where}: if weight is given, it should have the shape and dtype of the input, but got ${show(weight.sizes)} and ${show(x.sizes)}`,
        );
    }
    const last = edges.select(0, n);
    // the last bin has both of its edges; 0 and n + 1 are outside, as is what is no number
    const at = searchsorted(edges, flat, { right: true }).where(flat.ne(last), n);
    let hist: Tensor;
    if (weight === null) {
      hist = countsOf(at, n + 2)
        .narrow(0, 1, n)
        .to(x.dtype);
    } else {
      const each = weight.detach().reshape(-1);
      hist = zerosOf([n + 2], x.dt, x.device)
        .scatterAdd_(0, at, each)
        .narrow(0, 1, n)
        .contiguous();
    }
    if (density) hist = hist.div(hist.sum()).div(edges.diff());
    return pair(where, 'hist', hist, 'binEdges', edges);
  });
}

/** The counts, and the edges along each dim. */
export interface HistogramOfPoints {
  readonly hist: Tensor;
  readonly binEdges: Tensor[];
}
/** Options of histogramdd. */
export interface HistogramddOptions {
  /** The least and the greatest edge of each dim, one pair after the other; by default those of the points. */
  range?: readonly number[] | null | undefined;
  /** What each point adds to its bin, instead of one. */
  weight?: Tensor | null | undefined;
  /** Values of a density, whose integral is one. */
  density?: boolean | undefined;
}
/**
 * How many points, the rows of `x` [*, N], fall into the cells between edges along each of `N` dims, and these edges:
 * `bins` equal parts, one number for all or one for each, or given edges as sorted tensors. Throws ShapeError where sizes
 * do not fit, RangeError for a range that is not finite.
 * @example
 * torch.histogramdd(torch.tensor([[0.5, 1], [2, 3], [1, 1]]), [2, 2]).hist
 * // tensor([[2., 0.],
 * //         [0., 1.]])
 */
export function histogramdd(
  x: Tensor,
  bins: number | readonly number[] | readonly Tensor[],
  ...args: Call<[], HistogramddOptions>
): HistogramOfPoints & [hist: Tensor, binEdges: Tensor[]] {
  const where = 'histogramdd';
  return inNameOf(where, () => {
    checkTensor(where, x);
    requireFloating(where, x.dt);
    const options = readArguments<HistogramddOptions>(where, args, [], ['range', 'weight', 'density']);
    const density = flag(where, 'density', options.density, false);
    const { range = null, weight = null } = options;
    if (x.sizes.length < 2)
      throw new ShapeError(`${where}: input tensor should have at least 2 dimensions, but got ${show(x.sizes)}`);
    const dims = x.sizes.at(-1)!;
    const each: readonly unknown[] = Array.isArray(bins) ? bins : new Array(dims).fill(bins);
    if (each.length !== dims)
      throw new ShapeError(`${where}: expected bins for each of ${dims} dimensions, but got ${each.length}`);
    if (range !== null && (!Array.isArray(range) || range.length !== 2 * dims))
      throw new ShapeError(`${where}: for a ${dims}-dimensional histogram range should have ${2 * dims} elements`);
    const points = x.detach().reshape([x.count / Math.max(dims, 1), dims]);
    if (weight !== null) {
      checkTensor(where, weight, 'weight');
      if (!sameShape(weight.sizes, x.sizes.slice(0, -1)) || weight.dt !== x.dt)
        throw new ShapeError(
          `${where}: if weight is given, it should have the shape of the points and their dtype, but got ${show(weight.sizes)} and ${show(x.sizes)}`,
        );
    }
    const edges = each.map((b, d) => {
      const column = points.select(1, d).contiguous();
      const limited = range === null ? null : range.slice(2 * d, 2 * d + 2);
      return b instanceof Tensor ? givenEdges(where, b, x, range) : evenEdges(where, b, column, limited);
    });
    const counts = edges.map((e) => e.count - 1);
    let inside: Tensor | null = null;
    let cell: Tensor | null = null;
    edges.forEach((e, d) => {
      const [column, n] = [points.select(1, d).contiguous(), counts[d]!];
      const within = column.ge(e.select(0, 0)).logicalAnd(column.le(e.select(0, n)));
      inside = inside === null ? within : inside.logicalAnd(within);
      const at = searchsorted(e, column, { right: true })
        .sub(1)
        .clamp(0, Math.max(n - 1, 0));
      cell = cell === null ? at : cell.mul(n).add(at);
    });
    const total = checkShape(where, counts).reduce((a, b) => a * b, 1);
    let hist = zerosOf([total], x.dt, x.device);
    if (cell !== null && inside !== null && total > 0) {
      const counted =
        weight === null ? emptyTensor([points.sizes[0]!], x.dt, x.device).fill_(1) : weight.detach().reshape(-1);
      hist = hist.scatterAdd_(0, (cell as Tensor).maskedSelect(inside), counted.maskedSelect(inside));
    }
    hist = hist.reshape(counts);
    if (density) {
      hist = hist.div(hist.sum());
      edges.forEach((e, d) => {
        hist = hist.div(e.diff().reshape(counts.map((n, i) => (i === d ? n : 1))));
      });
    }
    return Object.defineProperties([hist, edges], {
      hist: { value: hist },
      binEdges: { value: edges },
    }) as HistogramOfPoints & [hist: Tensor, binEdges: Tensor[]];
  });
}
function givenEdges(where: string, edges: Tensor, x: Tensor, range: unknown): Tensor {
  if (range !== null) throw new TypeError(`${where}: a range is not taken with given edges`);
  if (edges.sizes.length !== 1 || edges.count < 1)
    throw new ShapeError(
      `${where}: bins tensor should have one dimension with at least one element, but got shape ${show(edges.sizes)}`,
    );
  if (edges.dt !== x.dt)
    throw new TypeError(
      `${where}: input tensor and bins tensors should have the same dtype, but got ${x.dt.name} and ${edges.dt.name}`,
    );
  return edges.detach();
}
function evenEdges(where: string, bins: unknown, x: Tensor, range: readonly number[] | null): Tensor {
  const n = wholeNumber(where, 'bins', bins, 1);
  if (range !== null && (!Array.isArray(range) || range.length !== 2 || range.some((v) => typeof v !== 'number')))
    throw new TypeError(`${where}: expected two numbers for range but received ${describe(range)}`);
  const [from, to] = limits(where, x, range?.[0] ?? 0, range?.[1] ?? 0, 0.5);
  const steps = zerosOf([n + 1], float64, x.device)
    .add(1)
    .cumsum(0)
    .sub(1);
  return steps
    .mul((to - from) / n)
    .add(from)
    .to(x.dtype);
}

operators({ bincount, histc, histogram, histogramdd }, { differentiable: false });
