// Searching in sorted sequences, and whether elements are among others.
import type { Device } from '../device.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkOperand, checkTensor, commonDevice, resultType, runStruct, type Scalar, deviceOf } from '../dispatch.ts';
import { bool, type DType, int64, ofKind, scalarKind } from '../dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { oneOf } from './internal/checks.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** Options of bucketize. */
export interface BucketizeOptions {
  /** Positions as int32 instead of int64. */
  outInt32?: boolean | undefined;
  /** Behind equal elements instead of in front of them. */
  right?: boolean | undefined;
}
/** Options of searchsorted. */
export interface SearchsortedOptions extends BucketizeOptions {
  /** `'right'` is `right: true`. */
  side?: 'left' | 'right' | null | undefined;
  /** The order of the elements where the sequence itself is not sorted: what argsort gives. */
  sorter?: Tensor | null | undefined;
}

const searchKernel = kernel('searchsorted');
/** How many elements of the row of `sorted` are less than each of `values`; with `right`, at most as large. */
function positions(sorted: Tensor, values: Tensor, right: boolean): Tensor {
  const n = sorted.sizes[sorted.sizes.length - 1]!;
  const rows = sorted.sizes.slice(0, -1).reduce((a, b) => a * b, 1);
  const out = emptyTensor(values.sizes, int64, values.device);
  if (out.count === 0) return out;
  const matrix = (x: Tensor, columns: number): Tensor => x.detach().contiguous().view(rows, columns);
  const m = values.count / rows;
  runStruct(searchKernel, [matrix(out, m), matrix(sorted, n), matrix(values, m)], [right ? 1 : 0]);
  return out;
}
const filled = (x: Scalar, dt: DType, device: Device): Tensor => emptyTensor([], dt, device).fill_(x);

function search(
  where: string,
  sorted: Tensor,
  input: Tensor | Scalar,
  right: boolean,
  outInt32: boolean | undefined,
): Tensor {
  if (sorted.dt === bool) throw new DtypeError(`${where}: not implemented for bool`);
  let values: Tensor;
  let sequence = sorted;
  if (input instanceof Tensor) {
    commonDevice(where, [sorted, input]);
    if (input.dt !== sorted.dt)
      throw new DtypeError(
        `${where}: boundary tensor and input value tensor should have the same dtype, but got ${sorted.dt.name} and ${input.dt.name}`,
      );
    values = input;
  } else {
    // a fraction among whole numbers is compared as one
    const dt = resultType(sorted, input);
    values = filled(input, dt, sorted.device);
    sequence = sorted.to(dt.name);
  }
  const out = positions(sequence, values, right);
  return flag(where, 'outInt32', outInt32, false) ? out.int() : out;
}

/**
 * Where each value belongs in the sorted last dim of `sortedSequence`, so that it stays sorted: in front of equal
 * elements, or behind them with `right`. One sequence for all values, or one for each row of them. Throws ShapeError
 * where the rows differ, DtypeError where the dtypes do.
 * @example
 * torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6])) // tensor([1, 3])
 */
export function searchsorted(
  sortedSequence: Tensor,
  input: Tensor | Scalar,
  ...args: Call<[], SearchsortedOptions>
): Tensor {
  const where = 'searchsorted';
  return inNameOf(where, () => {
    checkTensor(where, sortedSequence, 'sortedSequence');
    checkOperand(where, input, 'input');
    const options = readArguments<SearchsortedOptions>(where, args, [], ['outInt32', 'right', 'side', 'sorter']);
    const rank = sortedSequence.sizes.length;
    if (rank === 0) throw new ShapeError(`${where}: sortedSequence must have at least one dimension`);
    const values = input instanceof Tensor ? input.sizes : [];
    const rows = (s: readonly number[]): readonly number[] => s.slice(0, -1);
    if (rank > 1 && (values.length !== rank || !sameShape(rows(values), rows(sortedSequence.sizes)))) {
      throw new ShapeError(
        `${where}: the boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but got ${show(sortedSequence.sizes)} and ${show(values)}`,
      );
    }
    let right = flag(where, 'right', options.right, false);
    if (options.side !== undefined && options.side !== null) {
      const side = oneOf(where, 'side', options.side, ['left', 'right']);
      if (right && side === 'left')
        throw new TypeError(
          `${where}: side and right can't be set to opposites, got side of left while right was true`,
        );
      right = side === 'right';
    }
    let sequence = sortedSequence.detach();
    const { sorter } = options;
    if (sorter !== undefined && sorter !== null) {
      checkTensor(where, sorter, 'sorter');
      if (!sameShape(sorter.sizes, sequence.sizes))
        throw new ShapeError(
          `${where}: boundary and sorter must have the same size, but got ${show(sequence.sizes)} and ${show(sorter.sizes)}`,
        );
      if (sorter.dt !== int64)
        throw new DtypeError(`${where}: sorter must be a tensor of int64, but got ${sorter.dt.name}`);
      sequence = sequence.gather(-1, sorter);
    }
    return search(where, sequence, input, right, options.outInt32);
  });
}

/**
 * Which bucket each element falls into: how many of the sorted `boundaries` are less than it (or at most as large, with
 * `right`). Throws ShapeError if `boundaries` is not 1-d.
 * @example
 * torch.bucketize(torch.tensor([0, 3, 9]), torch.tensor([1, 3, 5])) // tensor([0, 1, 3])
 */
export function bucketize(input: Tensor | Scalar, boundaries: Tensor, ...args: Call<[], BucketizeOptions>): Tensor {
  const where = 'bucketize';
  return inNameOf(where, () => {
    checkOperand(where, input, 'input');
    checkTensor(where, boundaries, 'boundaries');
    const options = readArguments<BucketizeOptions>(where, args, [], ['outInt32', 'right']);
    if (boundaries.sizes.length !== 1)
      throw new ShapeError(`${where}: boundaries tensor must be 1 dimension, but got ${show(boundaries.sizes)}`);
    return search(where, boundaries, input, flag(where, 'right', options.right, false), options.outInt32);
  });
}

/** Options of isin. */
export interface IsinOptions {
  /** A promise that both hold no element twice; it changes nothing. */
  assumeUnique?: boolean | undefined;
  /** True where elements are not among the others. */
  invert?: boolean | undefined;
}
/**
 * Whether each element is among `testElements`; either may be a number. Throws TypeError if both are.
 * @example
 * torch.isin(torch.tensor([1, 2, 3]), torch.tensor([3, 1])) // tensor([ True, False,  True])
 */
export function isin(elements: Tensor | Scalar, testElements: Tensor | Scalar, ...args: Call<[], IsinOptions>): Tensor {
  const where = 'isin';
  return inNameOf(where, () => {
    checkOperand(where, elements, 'elements');
    checkOperand(where, testElements, 'testElements');
    if (!(elements instanceof Tensor || testElements instanceof Tensor))
      throw new TypeError(
        `${where}: expected a Tensor for elements or testElements but received ${describe(elements)}`,
      );
    const options = readArguments<IsinOptions>(where, args, [], ['assumeUnique', 'invert']);
    flag(where, 'assumeUnique', options.assumeUnique, false);
    const invert = flag(where, 'invert', options.invert, false);
    commonDevice(where, [elements, testElements]);
    const { name } = resultType(elements, testElements);
    for (const x of [elements, testElements]) {
      if (x instanceof Tensor && x.dt === bool) throw new DtypeError(`${where}: not implemented for bool`);
    }
    const tensor = (x: Tensor | Scalar): Tensor =>
      (x instanceof Tensor ? x.detach() : filled(x, ofKind(scalarKind(x)), deviceOf([elements, testElements]))).to(
        name,
      );
    const [x, among] = [tensor(elements), tensor(testElements).reshape(-1)];
    if (among.count === 0) return emptyTensor(x.sizes, bool, x.device).fill_(invert);
    const sorted = among.sort().values;
    const flat = x.reshape(-1);
    const found = sorted.take(positions(sorted, flat, false).clampMax(among.count - 1));
    return (invert ? found.ne(flat) : found.eq(flat)).reshape(x.sizes);
  });
}

operators({ searchsorted, bucketize, isin }, { differentiable: false });
