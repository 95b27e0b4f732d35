// Reading and writing by positions in other forms: flat positions, slices joined at an index, positions as coordinates.
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { bool, FLOATING, int64, INTEGER } from '../dtype.ts';
import { DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { checkShape, listOf, type Shape, show, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { oneOf } from './internal/checks.ts';
import { flag, outside } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { scatterReduce } from './gather.ts';
import { indexPut } from './indexing.ts';
import { nonzero } from './masking.ts';

/**
 * Where the elements are not zero: a row of indices each, in row-major order.
 * @example
 * torch.argwhere(torch.tensor([0, 3, 4]))
 * // tensor([[1],
 * //         [2]])
 */
export function argwhere(x: Tensor): Tensor {
  return inNameOf('argwhere', () => nonzero(x));
}

/**
 * A copy of `x` with the elements of `source` at positions in row-major order; negative ones count from the end.
 * `accumulate` adds them instead. Throws RangeError for a position outside, ShapeError unless there are as many positions as elements.
 * @example
 * torch.put(torch.zeros(2, 2), torch.tensor([1, -1]), torch.tensor([5.0, 6.5]))
 * // tensor([[0.0000, 5.0000],
 * //         [0.0000, 6.5000]])
 */
export function put(
  x: Tensor,
  index: Tensor,
  source: Tensor,
  ...args: Call<[accumulate?: boolean], { accumulate?: boolean | undefined }>
): Tensor {
  const where = 'put';
  return inNameOf(where, () => {
    const { accumulate } = readArguments<{ accumulate: boolean }>(where, args, ['accumulate']);
    checkTensor(where, x);
    checkTensor(where, index, 'index');
    checkTensor(where, source, 'source');
    commonDevice(where, [x, index, source]);
    if (index.dt !== int64)
      throw new DtypeError(`${where}: expected a tensor of int64 for index, but got ${index.dt.name}`);
    if (source.dt !== x.dt)
      throw new DtypeError(
        `${where}: self and source expected to have the same dtype, but got ${x.dt.name} and ${source.dt.name}`,
      );
    if (index.count !== source.count)
      throw new ShapeError(
        `${where}: expected source and index to have the same number of elements, but got ${source.count} and ${index.count}`,
      );
    const add = flag(where, 'accumulate', accumulate, false);
    if (index.count === 0) return x.clone();
    const at = index.reshape(-1);
    if (x.count === 0) throw outside(where, at, null, 0);
    try {
      return indexPut(x.reshape(-1), [at], source.reshape(-1), { accumulate: add }).reshape(x.sizes);
    } catch (error) {
      throw error instanceof RangeError ? outside(where, at, null, x.count) : error;
    }
  });
}

/** How indexReduce joins what meets at one place. */
export type IndexReduction = 'prod' | 'mean' | 'amax' | 'amin';
/** Options of indexReduce. */
export interface IndexReduceOptions {
  /** Whether the old value takes part where something is written. */
  includeSelf?: boolean | undefined;
}
/**
 * A copy of `x` in which the slices of `source` that the index sends to one place along `dim` are joined by `reduce`.
 * Throws RangeError for a position outside, ShapeError if `source` does not fit.
 * @example
 * torch.indexReduce(torch.ones(3), 0, torch.tensor([2, 2]), torch.tensor([1.5, 2]), 'prod') // tensor([1., 1., 3.])
 */
export function indexReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: IndexReduction,
  options?: IndexReduceOptions,
): Tensor {
  const where = 'indexReduce';
  return inNameOf(where, () => {
    checkTensor(where, x);
    checkTensor(where, index, 'index');
    checkTensor(where, source, 'source');
    checkOptions(where, options, ['includeSelf']);
    const how = oneOf(where, 'reduce', reduce, ['prod', 'mean', 'amax', 'amin']);
    const includeSelf = flag(where, 'includeSelf', options?.includeSelf, true);
    if (index.dt.kind !== INTEGER)
      throw new DtypeError(`${where}: expected whole numbers as index, but got ${index.dt.name}`);
    if (index.sizes.length > 1)
      throw new ShapeError(
        `${where}: index is supposed to be a vector or a scalar, but has shape ${show(index.sizes)}`,
      );
    const d = wrapDim(where, dim, x.sizes.length);
    const rank = Math.max(x.sizes.length, 1);
    const [self, from] = [x, source].map((y) => (y.sizes.length === 0 ? y.reshape(1) : y)) as [Tensor, Tensor];
    const wanted = self.sizes.map((n, i) => (i === d ? index.count : n));
    if (from.sizes.length !== rank || from.sizes.some((n, i) => n !== wanted[i]))
      throw new ShapeError(
        `${where}: source has shape ${show(source.sizes)}, but ${show(wanted)} is needed for ${index.count} positions along dimension ${d} of ${show(x.sizes)}`,
      );
    if (from.count === 0 && index.count > 0 && index.lt(0).logicalOr(index.ge(self.sizes[d]!)).any().item())
      throw outside(where, index.long(), d, self.sizes[d]!);
    const along = index
      .long()
      .reshape(wanted.map((_, i) => (i === d ? -1 : 1)))
      .expand(wanted);
    return scatterReduce(self, d, along, from, how, { includeSelf }).reshape(x.sizes);
  });
}

/**
 * Positions in row-major order as coordinates in `shape`: a tensor for each dim. Throws DtypeError for other than whole
 * numbers.
 * @example
 * torch.unravelIndex(torch.tensor([4, 2]), [2, 3]).map(String) // [ 'tensor([1, 0])', 'tensor([1, 2])' ]
 */
export function unravelIndex(indices: Tensor, shape: number | Shape): Tensor[] {
  const where = 'unravelIndex';
  return inNameOf(where, () => {
    checkTensor(where, indices, 'indices');
    if (indices.dt.kind !== INTEGER)
      throw new DtypeError(`${where}: expected indices to be a tensor of whole numbers, but got ${indices.dt.name}`);
    // sizes of no tensor: their product may be more than a number can count
    const sizes = typeof shape === 'number' ? [shape] : listOf(where, [shape]);
    for (const n of sizes) checkShape(where, [n]);
    const out: Tensor[] = [];
    let rest = indices.long();
    for (const n of [...sizes].reverse()) {
      if (n === 0 && indices.count > 0) throw new ShapeError(`${where}: ${show(sizes)} has no elements`);
      out.unshift(rest.remainder(Math.max(n, 1)));
      rest = rest.floorDivide(Math.max(n, 1));
    }
    return out;
  });
}

/**
 * Whether the only element is not zero. Throws ShapeError unless there is exactly one.
 * @example
 * torch.isNonzero(torch.tensor([0.5])) // true
 */
export function isNonzero(x: Tensor): boolean {
  checkTensor('isNonzero', x);
  if (x.count !== 1)
    throw new ShapeError(
      `isNonzero: Boolean value of Tensor with ${x.count === 0 ? 'no values' : 'more than one value'} is ambiguous`,
    );
  return Number(x.item()) !== 0;
}
/**
 * Where elements are real numbers: everywhere, for there are no others here.
 * @example
 * torch.isreal(torch.tensor([1, 2])) // tensor([True, True])
 */
export function isreal(x: Tensor): Tensor {
  checkTensor('isreal', x);
  return emptyTensor(x.sizes, bool, x.device).fill_(true);
}
/**
 * Whether both tensors have the same sizes.
 * @example
 * torch.isSameSize(torch.ones(2, 3), torch.zeros(2, 3)) // true
 */
export function isSameSize(x: Tensor, other: Tensor): boolean {
  checkTensor('isSameSize', x);
  checkTensor('isSameSize', other, 'other');
  return x.sizes.length === other.sizes.length && x.sizes.every((n, d) => n === other.sizes[d]);
}
/**
 * Whether the dtype has negative numbers.
 * @example
 * torch.isSigned(torch.tensor([1], { dtype: 'uint8' })) // false
 */
export function isSigned(x: Tensor): boolean {
  checkTensor('isSigned', x);
  return x.dt.kind === FLOATING || (x.dt.kind === INTEGER && x.dt.name !== 'uint8');
}

operators({ put, indexReduce });
operators({ argwhere, isreal, unravelIndex, isNonzero, isSameSize, isSigned }, { differentiable: false });
