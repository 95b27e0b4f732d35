// Reductions that pick elements: max, min, argmax, argmin, median, mode. Their gradients go to the picked elements.
import { type Call, readArguments } from '../arguments.ts';
import { called, record, recordMany } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { BOOL, int64 } from '../dtype.ts';
import { describe, DtypeError, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { allDims, wrapDim } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { type ValuesIndices, valuesIndices } from './internal/named.ts';
import type { DimOptions, OneDim } from './internal/overloads.ts';
import {
  checkNotEmpty,
  flag,
  keptShape,
  pickBack,
  reducedShape,
  reduceMany,
  reduceOne,
  reshaped,
} from './internal/reducing.ts';
import { operators } from './internal/register.ts';

type PickCall = Call<[dim?: number | null, keepdim?: boolean], DimOptions>;
type PickDim =
  | [dim: number, keepdim?: boolean]
  | [dim: number, options: { keepdim?: boolean | undefined }]
  | [options: OneDim];

interface Reading {
  readonly dim: number | null;
  readonly keepdim: boolean;
}
function read(where: string, x: Tensor, args: readonly unknown[]): Reading {
  const options = readArguments<DimOptions>(where, args, ['dim', 'keepdim']);
  const { dim } = options;
  return {
    dim: dim === undefined || dim === null ? null : wrapDim(where, dim, x.sizes.length),
    keepdim: flag(where, 'keepdim', options.keepdim, false),
  };
}
/** The dims that wrapDims gives for one: none of a 0-d tensor. */
const dimsOf = (x: Tensor, dim: number): readonly number[] => (x.sizes.length === 0 ? [] : [dim]);

/** A pair whose values' gradient goes to where the indices say. */
function picked(
  where: string,
  x: Tensor,
  dim: number,
  keepdim: boolean,
  values: Tensor,
  indices: Tensor,
): ValuesIndices {
  const shape = x.sizes;
  recordMany(where, [values, indices], [x], [indices], ([g], n) => [
    g ? pickBack(g, n.unpack(0), shape, dim, keepdim) : null,
  ]);
  return valuesIndices(where, values, indices);
}

const maxKernel = kernel('max');
const minKernel = kernel('min');
const amaxKernel = kernel('amax');
const aminKernel = kernel('amin');
function extremum(where: 'max' | 'min', x: Tensor, args: readonly unknown[]): Tensor | ValuesIndices {
  checkTensor(where, x);
  if (args[0] instanceof Tensor) {
    if (args.length > 1 && args[1] !== undefined)
      throw new TypeError(`${where}: expected one other tensor but received more arguments`);
    return where === 'max' ? x.maximum(args[0]) : x.minimum(args[0]);
  }
  const { dim, keepdim } = read(where, x, args);
  if (dim !== null) {
    const dims = dimsOf(x, dim);
    checkNotEmpty(where, x, dims);
    const [values, indices] = reduceMany(
      where === 'max' ? maxKernel : minKernel,
      x,
      dims,
      keepdim,
      [x.dt, int64],
      undefined,
      true,
    );
    return picked(where, x, dim, keepdim, values!, indices!);
  }
  if (keepdim) throw new TypeError(`${where}: keepdim needs a dim; use amax or amin for several`);
  if (x.count === 0) {
    throw new RangeError(
      `${where}: expected reduction dim to be specified for an input without elements. Specify it with the 'dim' argument.`,
    );
  }
  const out = reduceOne(where === 'max' ? amaxKernel : aminKernel, x, allDims(x.sizes.length), false, x.dt);
  return shared(`${where}#1`, x, out);
}
/** Equal ones share the gradient (PyTorch's evenly_distribute_backward). */
function shared(name: string, x: Tensor, out: Tensor): Tensor {
  return record(name, out, [x], [x, out], (g, n) => {
    const [v, y] = [n.unpack(0).detach(), n.unpack(1).detach()];
    const at = (y.isnan().item() ? v.isnan() : v.eq(y)).to(g.dtype);
    return [at.mul(g.div(at.sum()))];
  });
}
/**
 * The largest of all elements; with `dim`, the largest along it and where (`values`, `indices`, of equals the first one);
 * with another tensor, the larger of each two. NaN wins. Throws RangeError for no elements.
 * @example
 * torch.tensor([[1, 4], [3, 2]]).max(1).indices // tensor([1, 0])
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, other: Tensor): Tensor;
export function max(x: Tensor, ...args: PickDim): ValuesIndices;
export function max(x: Tensor, ...args: readonly unknown[]): Tensor | ValuesIndices {
  return inNameOf('max', () => extremum('max', x, args));
}
/**
 * The smallest of all elements; with `dim`, the smallest along it and where (`values`, `indices`, of equals the first one);
 * with another tensor, the smaller of each two. NaN wins. Throws RangeError for no elements.
 * @example
 * torch.tensor([[1, 4], [3, 2]]).min(0).values // tensor([1, 2])
 */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, other: Tensor): Tensor;
export function min(x: Tensor, ...args: PickDim): ValuesIndices;
export function min(x: Tensor, ...args: readonly unknown[]): Tensor | ValuesIndices {
  return inNameOf('min', () => extremum('min', x, args));
}

function where(name: 'argmax' | 'argmin', k: number, x: Tensor, args: readonly unknown[]): Tensor {
  checkTensor(name, x);
  const { dim, keepdim } = read(name, x, args);
  if (x.dt.kind === BOOL) throw new DtypeError(`${name}: not implemented for bool`);
  if (dim === null && x.count === 0) {
    throw new RangeError(
      `${name}: expected reduction dim to be specified for an input without elements. Specify it with the 'dim' argument.`,
    );
  }
  const dims = dim === null ? allDims(x.sizes.length) : dimsOf(x, dim);
  checkNotEmpty(name, x, dims);
  return reduceOne(k, x, dims, keepdim, int64, undefined, true);
}
const argmaxKernel = kernel('argmax');
const argminKernel = kernel('argmin');
/**
 * Where the largest element is: its position in row-major order, or along `dim`; of equals the first one. Throws
 * RangeError if there is no such dim, or no element.
 * @example
 * torch.argmax(torch.tensor([[1, 4], [3, 2]])) // tensor(1)
 */
export function argmax(x: Tensor, ...args: PickCall): Tensor {
  return where('argmax', argmaxKernel, x, args);
}
/**
 * Where the smallest element is: its position in row-major order, or along `dim`; of equals the first one. Throws
 * RangeError if there is no such dim, or no element.
 * @example
 * torch.argmin(torch.tensor([[1, 4], [3, 2]]), 1) // tensor([0, 1])
 */
export function argmin(x: Tensor, ...args: PickCall): Tensor {
  return where('argmin', argminKernel, x, args);
}

/** Runs a kernel that ranks along one dim and gives one value and index a row. */
function ranked(
  name: string,
  k: number,
  x: Tensor,
  dim: number,
  keepdim: boolean,
  params: readonly number[] = [],
): ValuesIndices {
  const dims = dimsOf(x, dim);
  checkNotEmpty(name, x, dims);
  const kept = keptShape(x.sizes, dims);
  const [values, indices] = [emptyTensor(kept, x.dt, x.device), emptyTensor(kept, int64, x.device)];
  if (values.count > 0) runStruct(k, [values, indices, x], [dim, ...params]);
  const shape = keepdim ? kept : reducedShape(x.sizes, dims);
  return picked(name, x, dim, keepdim, reshaped(values, shape), reshaped(indices, shape));
}
const medianKernel = kernel('median');
const nanmedianKernel = kernel('nanmedian');
function middle(name: 'median' | 'nanmedian', k: number, x: Tensor, args: readonly unknown[]): Tensor | ValuesIndices {
  checkTensor(name, x);
  const { dim, keepdim } = read(name, x, args);
  if (x.dt.kind === BOOL) throw new DtypeError(`${name}: not implemented for bool`);
  if (dim !== null) {
    const found = ranked(name, k, x, dim, keepdim);
    called(`${name}#1`, found.values);
    return found;
  }
  // of nothing: NaN for floats, the smallest number for integers, as in PyTorch
  if (x.count === 0)
    return emptyTensor([], x.dt, x.device).fill_(
      x.isFloatingPoint() ? NaN : x.dtype === 'uint8' ? 0 : -(2 ** (8 * x.dt.size - 1)),
    );
  return shared(name, x, ranked(name, k, x.detach().reshape(-1), 0, false).values);
}
/**
 * The median: the lower of the two in the middle where the number is even; NaN if there is any. With `dim`, values and
 * indices along it. Throws RangeError if there is no such dim.
 * @example
 * torch.median(torch.tensor([3, 1, 2, 4])) // tensor(2)
 */
export function median(x: Tensor): Tensor;
export function median(x: Tensor, ...args: PickDim): ValuesIndices;
export function median(x: Tensor, ...args: readonly unknown[]): Tensor | ValuesIndices {
  return middle('median', medianKernel, x, args);
}
/**
 * The median of the elements that are not NaN. With `dim`, values and indices along it. Throws RangeError if there is
 * no such dim.
 * @example
 * torch.nanmedian(torch.tensor([3, NaN, 2, 4])) // tensor(3.)
 */
export function nanmedian(x: Tensor): Tensor;
export function nanmedian(x: Tensor, ...args: PickDim): ValuesIndices;
export function nanmedian(x: Tensor, ...args: readonly unknown[]): Tensor | ValuesIndices {
  return middle('nanmedian', nanmedianKernel, x, args);
}

const modeKernel = kernel('mode');
/**
 * The most frequent element along `dim` (the last one) and the index of its last occurrence; the smallest of equals.
 * Throws RangeError if there is no such dim, or no element along it.
 * @example
 * torch.mode(torch.tensor([2, 1, 2, 3])).values // tensor(2)
 */
export function mode(x: Tensor, ...args: Call<[dim?: number, keepdim?: boolean], DimOptions>): ValuesIndices {
  checkTensor('mode', x);
  const { dim, keepdim } = read('mode', x, args);
  return ranked('mode', modeKernel, x, dim ?? Math.max(x.sizes.length - 1, 0), keepdim);
}

const kthvalueKernel = kernel('kthvalue');
/**
 * The `k`-th smallest element (from 1) along `dim` (the last one), and where it is. Throws RangeError for no such k.
 * @example
 * torch.kthvalue(torch.tensor([3, 1, 2]), 2).values // tensor(2)
 */
export function kthvalue(
  x: Tensor,
  k: number,
  ...args: Call<[dim?: number, keepdim?: boolean], DimOptions>
): ValuesIndices {
  checkTensor('kthvalue', x);
  if (!Number.isInteger(k)) throw new TypeError(`kthvalue: expected a whole number for k but received ${describe(k)}`);
  if (x.dt.kind === BOOL) throw new DtypeError('kthvalue: not implemented for bool');
  const { dim, keepdim } = read('kthvalue', x, args);
  const d = dim ?? Math.max(x.sizes.length - 1, 0);
  const n = x.sizes.length === 0 ? 1 : x.sizes[d]!;
  if (k < 1 || k > n)
    throw new RangeError(`kthvalue: selected number k out of range for dimension ${d}: ${k} is not in [1, ${n}]`);
  return ranked('kthvalue', kthvalueKernel, x, d, keepdim, [k]);
}

operators({ max, min, median, nanmedian, mode, kthvalue }, { kind: 'reduce' });
operators({ argmax, argmin }, { kind: 'reduce', differentiable: false });
