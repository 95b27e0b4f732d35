// Reductions to values: sum, mean, prod, extremes of several dims, norms, variance. The rows that pick elements (max(dim),
// median, argmax, …) are in extremum.ts; what both share is in internal/reducing.ts.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record, recordMany } from '../history.ts';
import { checkTensor, runMap } from '../dispatch.ts';
import {
  bool,
  type DType,
  type DTypeName,
  FLOATING,
  getDefault,
  int64,
  REMEDY,
  requireFloating,
  toDType,
  uint8,
} from '../dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { type Shape, show, wrapDims, listOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkFloats } from '../linalg/internal/matrices.ts';
import { svdvalsOf } from '../linalg/internal/spectral.ts';
import { cat } from './join.ts';
import { pair, type Pair } from './internal/named.ts';
import {
  checkNotEmpty,
  type Dims,
  flag,
  keptShape,
  reducedCount,
  reduceMany,
  reduceOne,
  spreadBack,
  withDims,
  zerosOf,
} from './internal/reducing.ts';
import { operators } from './internal/register.ts';

export * from './extremum.ts';

/** Options of the reductions over dims. */
export interface ReduceOptions {
  /** One dim, several, or all (default). */
  dim?: Dims | undefined;
  /** Keep the reduced dims, with size 1. */
  keepdim?: boolean | undefined;
  /** NumPy's name of `dim`, and of `keepdim`. */
  axis?: Dims | undefined;
  keepdims?: boolean | undefined;
}
/** Those of sums and means. */
export interface SumOptions extends ReduceOptions {
  /** The dtype to convert to before reducing. */
  dtype?: DTypeName | null | undefined;
}
const DIMS = ['dim', 'keepdim'] as const;
const DTYPE = ['dtype'] as const;

interface Reading {
  readonly x: Tensor;
  readonly dims: readonly number[];
  readonly keepdim: boolean;
  readonly dtype: DType | null;
}
/** The arguments of a reduction, its input converted to the dtype asked for. */
function read(where: string, x: Tensor, args: readonly unknown[], only: readonly string[] = []): Reading {
  checkTensor(where, x);
  const options = args.length === 0 ? {} : readArguments<SumOptions>(where, args, DIMS, only);
  const dtype = options.dtype === undefined || options.dtype === null ? null : toDType(options.dtype, where);
  return {
    x,
    dims: wrapDims(where, options.dim, x.sizes.length),
    keepdim: flag(where, 'keepdim', options.keepdim, false),
    dtype,
  };
}
const converted = (x: Tensor, dt: DType | null): Tensor => (dt === null || x.dt === dt ? x : x.to(dt.name));
/** What sums of a dtype are kept in. */
const sumDType = (dt: DType): DType => (dt.kind === FLOATING ? dt : int64);

const sumKernel = kernel('sum');
/** PyTorch counts a reduction over dims as another operator than that of everything. */
const overload = (name: string, args: readonly unknown[]): string =>
  args.some(
    (a) =>
      a !== undefined &&
      (a === null || typeof a !== 'object' || Array.isArray(a) || 'dim' in a || 'keepdim' in a || 'axis' in a),
  )
    ? `${name}#1`
    : name;
/**
 * The sum of all elements, or of those along dims; whole numbers and bools give int64. Throws RangeError if there is no
 * such dim.
 * @example
 * torch.tensor([[1, 2], [3, 4]]).sum(1, { keepdim: true })
 * // tensor([[3],
 * //         [7]])
 */
export function sum(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], SumOptions>): Tensor {
  if (casting.on) return castCall('sum', sum, [x, ...args]);
  const { dims, keepdim, dtype } = read('sum', x, args, DTYPE);
  const source = converted(x, dtype);
  const shape = source.sizes;
  const out = reduceOne(sumKernel, source, dims, keepdim, sumDType(source.dt));
  const y = record(overload('sum', args), out, [source], [], (g) => [spreadBack(g, shape, dims, keepdim)]);
  return dtype === null || y.dt === dtype ? y : y.to(dtype.name);
}

const nansumKernel = kernel('nansum');
/**
 * The sum without the elements that are NaN. Throws RangeError if there is no such dim.
 * @example
 * torch.nansum(torch.tensor([1.5, NaN, 2])) // tensor(3.5000)
 */
export function nansum(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], SumOptions>): Tensor {
  const { dims, keepdim, dtype } = read('nansum', x, args, DTYPE);
  const source = converted(x, dtype);
  if (source.dt.kind !== FLOATING) return sum(x, ...args);
  const shape = source.sizes;
  const out = reduceOne(nansumKernel, source, dims, keepdim, source.dt);
  return record('nansum', out, [source], [source], (g, n) => [
    spreadBack(g, shape, dims, keepdim).mul(n.unpack(0).isnan().logicalNot()),
  ]);
}

const meanKernel = kernel('mean');
/**
 * The mean of all elements, or of those along dims. Throws DtypeError for integers and bools without `dtype`,
 * RangeError if there is no such dim.
 * @example
 * torch.tensor([[1.5, 2.5], [3, 4]]).mean(0) // tensor([2.2500, 3.2500])
 */
export function mean(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], SumOptions>): Tensor {
  const { dims, keepdim, dtype } = read('mean', x, args, DTYPE);
  const source = converted(x, dtype);
  if (source.dt.kind !== FLOATING) {
    throw new DtypeError(
      `mean: could not infer output dtype; the input dtype must be floating point but is ${source.dt.name}; ${REMEDY}`,
    );
  }
  const shape = source.sizes;
  const out = reduceOne(meanKernel, source, dims, keepdim, source.dt);
  return record(overload('mean', args), out, [source], [], (g) => [
    spreadBack(g.div(reducedCount(shape, dims)), shape, dims, keepdim),
  ]);
}

/**
 * The mean of the elements that are not NaN. Throws DtypeError for integers and bools, RangeError if there is no such
 * dim.
 * @example
 * torch.nanmean(torch.tensor([1.5, NaN, 2.5])) // tensor(2.)
 */
export function nanmean(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], SumOptions>): Tensor {
  const { dims, keepdim, dtype } = read('nanmean', x, args, DTYPE);
  requireFloating('nanmean', converted(x.detach(), dtype).dt);
  const source = converted(x, dtype);
  return nansum(source, dims, keepdim).div(sum(source.detach().isnan().logicalNot(), dims, keepdim));
}

const prodKernel = kernel('prod');
/**
 * The product of all elements, or of those along one dim; whole numbers and bools give int64. Throws RangeError if
 * there is no such dim.
 * @example
 * torch.prod(torch.tensor([[1, 2], [3, 4]]), 1) // tensor([ 2, 12])
 */
export function prod(
  x: Tensor,
  ...args: Call<
    [dim?: number | null, keepdim?: boolean],
    { dim?: number | null | undefined; keepdim?: boolean | undefined; dtype?: DTypeName | null | undefined }
  >
): Tensor {
  if (casting.on) return castCall('prod', prod, [x, ...args]);
  const { dims, keepdim, dtype } = read('prod', x, args, DTYPE);
  const source = converted(x, dtype);
  const shape = source.sizes;
  const out = reduceOne(prodKernel, source, dims, keepdim, sumDType(source.dt));
  const y = record(overload('prod', args), out, [source], [source, out], (g, n) => {
    const v = n.unpack(0);
    if (!v.detach().eq(0).any().item()) {
      return [withDims(g.mul(n.unpack(1)), shape, dims, keepdim).div(v)];
    }
    return [prodBack(g, v, dims, keepdim)];
  });
  return dtype === null || y.dt === dtype ? y : y.to(dtype.name);
}
/** With zeros: the product of all others is that of those before times that of those behind. */
function prodBack(g: Tensor, x: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  if (x.sizes.length === 0) return g;
  const whole = dims.length !== 1;
  const v = whole ? x.reshape(-1) : x;
  const d = whole ? 0 : dims[0]!;
  const n = v.sizes[d]!;
  const one = zerosOf(keptShape(v.sizes, [d]), v.dt, v.device).add(1);
  const before = v.narrow(d, 0, n - 1);
  const behind = v.narrow(d, 1, n - 1).flip([d]);
  const others = cat([one, before], d)
    .cumprod(d)
    .mul(cat([one, behind], d).cumprod(d).flip([d]));
  return withDims(g, x.sizes, dims, keepdim).mul(others.reshape(x.sizes));
}
const amaxKernel = kernel('amax');
const aminKernel = kernel('amin');
/** amax and amin: the gradient is shared evenly among equals. */
function extreme(where: 'amax' | 'amin', k: number, x: Tensor, args: readonly unknown[]): Tensor {
  const { dims, keepdim } = read(where, x, args);
  checkNotEmpty(where, x, dims);
  const shape = x.sizes;
  const out = reduceOne(k, x, dims, keepdim, x.dt);
  return record(where, out, [x], [x, out], (g, n) => {
    const at = n
      .unpack(0)
      .detach()
      .eq(withDims(n.unpack(1).detach(), shape, dims, keepdim))
      .to(g.dtype);
    return [withDims(g, shape, dims, keepdim).mul(at).div(at.sum(dims, true))];
  });
}
/**
 * The largest element, of all or along dims; equal ones share the gradient. Throws RangeError for none.
 * @example
 * torch.amax(torch.tensor([[1, 4], [3, 2]]), 1) // tensor([4, 3])
 */
export function amax(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], ReduceOptions>): Tensor {
  return extreme('amax', amaxKernel, x, args);
}
/**
 * The smallest element, of all or along dims; equal ones share the gradient. Throws RangeError for none.
 * @example
 * torch.amin(torch.tensor([[1, 4], [3, 2]]), 1) // tensor([1, 2])
 */
export function amin(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], ReduceOptions>): Tensor {
  return extreme('amin', aminKernel, x, args);
}
/**
 * The smallest and the largest element, of all or along one dim. Throws RangeError if there is no such dim, or no
 * element.
 * @example
 * torch.aminmax(torch.tensor([3, 1, 2])).max // tensor(3)
 */
export function aminmax(
  x: Tensor,
  options?: { dim?: number | null | undefined; keepdim?: boolean | undefined },
): Pair<'min', 'max'> {
  const { dims, keepdim } = read('aminmax', x, options === undefined ? [] : [options]);
  return inNameOf('aminmax', () => pair('aminmax', 'min', amin(x, dims, keepdim), 'max', amax(x, dims, keepdim)));
}

/** all, any: bool, but uint8 of uint8, as in PyTorch. */
function logical(where: string, k: number, x: Tensor, args: readonly unknown[]): Tensor {
  const { dims, keepdim } = read(where, x, args);
  const out = reduceOne(k, x, dims, keepdim, bool);
  return x.dt === uint8 ? out.to('uint8') : out;
}
const allKernel = kernel('all');
const anyKernel = kernel('any');
/**
 * Whether all elements are true (not zero). Throws RangeError if there is no such dim.
 * @example
 * torch.all(torch.tensor([[true, false], [true, true]]), 1) // tensor([False,  True])
 */
export function all(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], ReduceOptions>): Tensor {
  return logical('all', allKernel, x, args);
}
/**
 * Whether any element is true (not zero). Throws RangeError if there is no such dim.
 * @example
 * torch.any(torch.tensor([0, 0, 2])) // tensor(True)
 */
export function any(x: Tensor, ...args: Call<[dim?: Dims, keepdim?: boolean], ReduceOptions>): Tensor {
  return logical('any', anyKernel, x, args);
}
const countKernel = kernel('countNonzero');
/**
 * How many elements are not zero. Throws RangeError if there is no such dim.
 * @example
 * torch.countNonzero(torch.tensor([0, 3, 0, 4])) // tensor(2)
 */
export function countNonzero(x: Tensor, ...args: Call<[dim?: Dims], { dim?: Dims | undefined }>): Tensor {
  checkTensor('countNonzero', x);
  const { dim } = readArguments<{ dim: Dims }>('countNonzero', args, ['dim']);
  return reduceOne(countKernel, x, wrapDims('countNonzero', dim, x.sizes.length), false, int64);
}

const logsumexpKernel = kernel('logsumexp');
/**
 * `log Σ exp(x)` along dims, without overflow. Throws RangeError if there is no such dim.
 * @example
 * torch.logsumexp(torch.tensor([1.5, 2.5]), 0) // tensor(2.8133)
 */
export function logsumexp(
  x: Tensor,
  dim: Dims,
  ...args: Call<[keepdim?: boolean], { keepdim?: boolean | undefined }>
): Tensor {
  if (casting.on) return castCall('logsumexp', logsumexp, [x, dim, ...args]);
  checkTensor('logsumexp', x);
  const { keepdim: keep } = readArguments<ReduceOptions>('logsumexp', args, ['keepdim']);
  const keepdim = flag('logsumexp', 'keepdim', keep, false);
  const source = x.dt.kind === FLOATING ? x : x.to(getDefault().name);
  const shape = source.sizes;
  const dims = wrapDims('logsumexp', dim, shape.length);
  const out = reduceOne(logsumexpKernel, source, dims, keepdim, source.dt);
  return record('logsumexp', out, [source], [source, out], (g, n) => [
    withDims(g, shape, dims, keepdim).mul(
      n
        .unpack(0)
        .sub(withDims(n.unpack(1), shape, dims, keepdim))
        .exp(),
    ),
  ]);
}

const normKernel = kernel('norm');
/** Options of norm. */
export interface NormOptions extends SumOptions {
  p?: number | 'fro' | 'nuc' | null | undefined;
}
/**
 * `(Σ |x|ᵖ)^(1/p)` over all elements or dims; `p` may be 0 (how many are not zero) and ±Infinity, and 'nuc' for the sum of
 * the singular values of a matrix, or of those in two dims. Throws DtypeError for integers and bools, RangeError if there is
 * no such dim.
 * @example
 * torch.norm(torch.tensor([[3, 4], [6, 8]], { dtype: 'float32' }), 2, 1) // tensor([ 5., 10.])
 */
export function norm(
  x: Tensor,
  ...args: Call<[p?: number | 'fro' | 'nuc' | null, dim?: Dims, keepdim?: boolean], NormOptions>
): Tensor {
  if (casting.on) return castCall('norm', norm, [x, ...args]);
  checkTensor('norm', x);
  const options = readArguments<NormOptions>('norm', args, ['p', 'dim', 'keepdim'], DTYPE);
  const p = ['fro', 'nuc', undefined, null].includes(options.p as string) ? 2 : (options.p as number);
  if (typeof p !== 'number' || Number.isNaN(p))
    throw new TypeError(`norm: expected a number, 'fro' or 'nuc' for p but received ${describe(p)}`);
  const source = converted(x, options.dtype ? toDType(options.dtype, 'norm') : null);
  requireFloating('norm', source.dt);
  if (options.p === 'nuc') return nuclear(source, options.dim, flag('norm', 'keepdim', options.keepdim, false));
  const shape = source.sizes;
  const dims = wrapDims('norm', options.dim, shape.length);
  const keepdim = flag('norm', 'keepdim', options.keepdim, false);
  if (Math.abs(p) === Infinity || p < 0) checkNotEmpty('norm', source, dims);
  const out = reduceOne(normKernel, source, dims, keepdim, source.dt, [p]);
  return record('norm', out, [source], [source, out], (g, n) => [
    normBack(withDims(g, shape, dims, keepdim), n.unpack(0), withDims(n.unpack(1), shape, dims, keepdim), p, dims),
  ]);
}
/** The sum of the singular values in two dims. */
function nuclear(x: Tensor, dim: Dims | undefined, keepdim: boolean): Tensor {
  const rank = x.sizes.length;
  const dims = wrapDims('norm', dim, rank);
  if (rank < 2 || dims.length !== 2)
    throw new ShapeError(`norm: the nuclear norm is of two dims, but got ${show(dims)} of shape ${show(x.sizes)}`);
  checkFloats('norm', x);
  const out = svdvalsOf('norm', x.movedim(dims, [-2, -1])).sum(-1);
  return keepdim ? withDims(out, x.sizes, dims, false) : out;
}
/** PyTorch's norm_backward (FunctionsManual.cpp): the subgradient at 0 is 0. */
function normBack(g: Tensor, x: Tensor, y: Tensor, p: number, dims: readonly number[]): Tensor {
  if (p === 0) return zerosOf(x.sizes, g.dt, g.device);
  if (p === 1) return x.sgn().mul(g);
  if (p === 2) return g.mul(x.div(y).maskedFill(y.eq(0), 0));
  if (Math.abs(p) === Infinity) {
    const at = x.abs().eq(y).logicalOr(x.isnan().logicalAnd(y.isnan())).to(g.dtype);
    return x.sgn().mul(g.div(at.sum(dims, true)).mul(at));
  }
  if (p < 1)
    return x
      .sgn()
      .mul(
        x
          .abs()
          .pow(p - 1)
          .maskedFill(x.eq(0), 0),
      )
      .mul(g)
      .mul(y.pow(1 - p));
  const scaled = p < 2 ? x.sgn().mul(x.abs().pow(p - 1)) : x.mul(x.abs().pow(p - 2));
  return scaled.mul(g.div(y.pow(p - 1)).maskedFill(y.eq(0), 0));
}

/** Options of var and std. */
export interface VarOptions extends ReduceOptions {
  /** Divide by `n - 1` (default) instead of `n`. */
  unbiased?: boolean | undefined;
  /** Divide by `n - correction`. */
  correction?: number | null | undefined;
}
type VarCall = [unbiased: boolean] | Call<[dim?: Dims, unbiased?: boolean, keepdim?: boolean], VarOptions>;
interface VarReading {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
  readonly correction: number;
}
function readVar(where: string, x: Tensor, args: readonly unknown[]): VarReading {
  checkTensor(where, x);
  const all = typeof args[0] === 'boolean' ? [null, ...args] : args;
  const options = readArguments<VarOptions>(where, all, ['dim', 'unbiased', 'keepdim'], ['correction']);
  if (x.dt.kind !== FLOATING) {
    throw new DtypeError(`${where}: only floating point dtypes are supported, not ${x.dt.name}; ${REMEDY}`);
  }
  const { correction, unbiased } = options;
  if (correction !== undefined && unbiased !== undefined)
    throw new TypeError(`${where}: expected unbiased or correction, not both`);
  if (correction !== undefined && correction !== null && typeof correction !== 'number') {
    throw new TypeError(`${where}: expected a number for correction but received ${describe(correction)}`);
  }
  return {
    dims: wrapDims(where, options.dim, x.sizes.length),
    keepdim: flag(where, 'keepdim', options.keepdim, false),
    correction: correction ?? (flag(where, 'unbiased', unbiased, true) ? 1 : 0),
  };
}
/** `2 / (n - correction) · g · (x - mean)`. */
function varBack(g: Tensor, x: Tensor, { dims, keepdim, correction }: VarReading): Tensor {
  const freedom = reducedCount(x.sizes, dims) - correction;
  const deviation = x.sub(x.mean(dims, true));
  const gg = withDims(g, x.sizes, dims, keepdim);
  // infinite where the divisor is 0, except at the mean
  if (freedom <= 0) return gg.mul(deviation.detach().mul(0).add(Infinity).maskedFill(deviation.eq(0), NaN));
  return gg.mul(2 / freedom).mul(deviation);
}
const stdBack = (g: Tensor, y: Tensor): Tensor => g.div(y.mul(2)).maskedFill(y.eq(0), 0);

const varKernel = kernel('var');
const varMeanKernel = kernel('varMean');
/**
 * The variance of all elements, or along dims. `x.var(false)` divides by n. Throws DtypeError for integers and bools.
 * @example
 * torch.tensor([1.5, 2.5, 4]).var() // tensor(1.5833)
 */
function variance(x: Tensor, ...args: VarCall): Tensor {
  const reading = readVar('var', x, args);
  const out = reduceOne(varKernel, x, reading.dims, reading.keepdim, x.dt, [reading.correction]);
  return record('var', out, [x], [x], (g, n) => [varBack(g, n.unpack(0), reading)]);
}
export { variance as var };

const sqrtKernel = kernel('sqrt');
/** The square root of a fresh result, in its place. */
function rooted(x: Tensor): Tensor {
  runMap(sqrtKernel, x.sizes, [x, x], x.dt);
  return x;
}
/**
 * The standard deviation of all elements, or along dims. `x.std(false)` divides by n. Throws DtypeError for integers,
 * RangeError if there is no such dim.
 * @example
 * torch.std(torch.tensor([[1.5, 2.5], [3, 6]]), 1) // tensor([0.7071, 2.1213])
 */
export function std(x: Tensor, ...args: VarCall): Tensor {
  const reading = readVar('std', x, args);
  const out = rooted(reduceOne(varKernel, x, reading.dims, reading.keepdim, x.dt, [reading.correction]));
  return record('std', out, [x], [x, out], (g, n) => [varBack(stdBack(g, n.unpack(1)), n.unpack(0), reading)]);
}

function withMean(where: 'varMean' | 'stdMean', x: Tensor, args: readonly unknown[]): [Tensor, Tensor] {
  const reading = readVar(where, x, args);
  const { dims, keepdim, correction } = reading;
  const [spread, center] = reduceMany(varMeanKernel, x, dims, keepdim, [x.dt, x.dt], [correction]) as [Tensor, Tensor];
  if (where === 'stdMean') rooted(spread);
  const shape = x.sizes;
  recordMany(where, [spread, center], [x], [x, spread], ([gs, gm], n) => {
    const byMean = gm ? spreadBack(gm.div(reducedCount(shape, dims)), shape, dims, keepdim) : null;
    if (!gs) return [byMean];
    const bySpread = varBack(where === 'stdMean' ? stdBack(gs, n.unpack(1)) : gs, n.unpack(0), reading);
    return [byMean ? byMean.add(bySpread) : bySpread];
  });
  return [spread, center];
}
/**
 * Variance and mean in one pass. Throws DtypeError for integers and bools, RangeError if there is no such dim.
 * @example
 * torch.varMean(torch.tensor([1.5, 2.5, 4]))[1] // tensor(2.6667)
 */
export function varMean(x: Tensor, ...args: VarCall): [Tensor, Tensor] {
  return withMean('varMean', x, args);
}
/**
 * Standard deviation and mean in one pass. Throws DtypeError for integers and bools, RangeError if there is no such
 * dim.
 * @example
 * torch.stdMean(torch.tensor([1.5, 2.5, 4]))[0] // tensor(1.2583)
 */
export function stdMean(x: Tensor, ...args: VarCall): [Tensor, Tensor] {
  return withMean('stdMean', x, args);
}

/**
 * Sums so that the result has `size`, which must broadcast to the input's shape. Throws ShapeError if it does not.
 * @example
 * torch.ones(2, 3).sumToSize(1, 3) // tensor([[2., 2., 2.]])
 */
export function sumToSize(x: Tensor, ...size: (number | Shape)[]): Tensor {
  checkTensor('sumToSize', x);
  const shape = listOf('sumToSize', size);
  const pad = x.sizes.length - shape.length;
  const dims: number[] = [];
  for (let d = 0; d < x.sizes.length; d++) {
    const n = d < pad ? 1 : shape[d - pad];
    if (pad < 0 || (d >= pad && n !== x.sizes[d] && n !== 1)) {
      throw new ShapeError(`sumToSize: size ${show(shape)} is not expandable to size ${show(x.sizes)}`);
    }
    if (d < pad || (n === 1 && x.sizes[d] !== 1)) dims.push(d);
  }
  if (pad < 0) throw new ShapeError(`sumToSize: size ${show(shape)} is not expandable to size ${show(x.sizes)}`);
  // to no dims at all is a sum even of one element: whole numbers become int64
  return dims.length === 0 && shape.length > 0 ? x : sum(x, dims, true).reshape(shape);
}

operators(
  { sum, nansum, mean, nanmean, prod, amax, amin, aminmax, logsumexp, norm, std, varMean, stdMean, sumToSize },
  { kind: 'reduce' },
);
operators({ var: variance }, { kind: 'reduce' });
operators({ all, any, countNonzero }, { kind: 'reduce', differentiable: false });
