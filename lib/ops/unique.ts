// Elements without their repetitions, by sorting, or by counting where whole numbers lie close together.
import type { Device } from '../device.ts';
import { readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { bool, int64, INTEGER } from '../dtype.ts';
import { inNameOf, ShapeError } from '../errors.ts';
import { show, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { countsOf } from './internal/counting.ts';
import { flag, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

/** The elements; with them, if asked for, where each one went, and how often each occurs. */
export type UniqueResult<I extends boolean, C extends boolean> = I extends true
  ? C extends true
    ? [output: Tensor, inverse: Tensor, counts: Tensor]
    : [output: Tensor, inverse: Tensor]
  : C extends true
    ? [output: Tensor, counts: Tensor]
    : Tensor;
/** Options of uniqueConsecutive. */
export interface UniqueConsecutiveOptions<I extends boolean = boolean, C extends boolean = boolean> {
  /** Give, too, the position in the result of each element. */
  returnInverse?: I | undefined;
  /** Give, too, how often each element of the result occurs. */
  returnCounts?: C | undefined;
  /** Compare slices along this dim; by default elements. */
  dim?: number | null | undefined;
}
/** Arguments of uniqueConsecutive: by position, by name at the end, or both. */
export type UniqueConsecutiveArgs<I extends boolean, C extends boolean, O = UniqueConsecutiveOptions<I, C>> =
  | [options?: O]
  | [returnInverse: I, options?: O]
  | [returnInverse: I, returnCounts: C, options?: O]
  | [returnInverse: I, returnCounts: C, dim: number | null, options?: O];
/** Arguments of unique. */
export type UniqueArgs<I extends boolean, C extends boolean> =
  | [options?: UniqueOptions<I, C>]
  | [sorted: boolean, ...UniqueConsecutiveArgs<I, C, UniqueOptions<I, C>>];
/** Options of unique. */
export interface UniqueOptions<I extends boolean = boolean, C extends boolean = boolean>
  extends UniqueConsecutiveOptions<I, C> {
  /** Accepted for PyTorch's sake: the result is always sorted. */
  sorted?: boolean | undefined;
}

const line = (device: Device): Tensor => emptyTensor([1], bool, device).fill_(true);
/** What a run of equal neighbours begins with, as a mask of [n]; `x` is [n] or [n, k], and n is not 0. */
function starts(x: Tensor): Tensor {
  const n = x.sizes[0]!;
  const changed = x.narrow(0, 1, n - 1).ne(x.narrow(0, 0, n - 1));
  return cat([line(x.device), x.sizes.length > 1 ? changed.any(1) : changed]);
}
/** The lengths of the runs that begin where `begins` holds. */
function lengths(begins: Tensor): Tensor {
  const at = begins.nonzero().view(-1);
  return cat([at, emptyTensor([1], int64, begins.device).fill_(begins.count)]).diff();
}
const groups = (begins: Tensor): Tensor => begins.cumsum(0).sub(1);

/** The rank of each element within its column of [n, k], equal ones having the same, from 0 on. */
function ranks(x: Tensor): Tensor {
  const { values, indices } = x.sort(0);
  const n = x.sizes[0]!;
  const changed = values.narrow(0, 1, n - 1).ne(values.narrow(0, 0, n - 1));
  const sorted = cat([zerosOf([1, x.sizes[1]!], bool, x.device), changed]).cumsum(0);
  return emptyTensor(x.sizes, int64, x.device).scatter(0, indices, sorted);
}
/** The rank of each row of [n, k] in lexicographic order: two columns' ranks make one, until one column is left. */
function rowRanks(x: Tensor): Tensor {
  const n = x.sizes[0]!;
  let columns = ranks(x);
  while (columns.sizes[1]! > 1) {
    const k = columns.sizes[1]!;
    if (k % 2 === 1) columns = cat([columns, zerosOf([n, 1], int64, x.device)], 1);
    const pairs = columns.view(n, Math.ceil(k / 2), 2);
    columns = ranks(pairs.select(2, 0).mul(n).add(pairs.select(2, 1)));
  }
  return columns.view(-1);
}

interface Parts {
  readonly output: Tensor;
  readonly inverse: () => Tensor;
  readonly counts: () => Tensor;
}
const nothing = (output: Tensor): Parts => ({
  output,
  inverse: () => emptyTensor([0], int64, output.device),
  counts: () => emptyTensor([0], int64, output.device),
});

/** `x` as a row for each position along `dim`. */
function rowsOf(where: string, x: Tensor, dim: number): Tensor {
  checkComparable(where, x, dim);
  return x.movedim(dim, 0).reshape(x.sizes[dim]!, -1);
}
/** Refuses slices that hold nothing. */
function checkComparable(where: string, x: Tensor, dim: number): void {
  const others = x.sizes.filter((_, d) => d !== dim);
  if (others.includes(0))
    throw new ShapeError(
      `${where}: there are 0 sized dimensions in ${show(x.sizes)}, and they aren't selected, so unique cannot be applied`,
    );
}

function consecutive(where: string, x: Tensor, dim: number | null): Parts {
  if (dim === null) {
    const flat = x.reshape(-1);
    if (x.count === 0) return { ...nothing(flat), inverse: () => emptyTensor(x.sizes, int64, x.device) };
    const begins = starts(flat);
    return {
      output: flat.maskedSelect(begins),
      inverse: () => groups(begins).reshape(x.sizes),
      counts: () => lengths(begins),
    };
  }
  if (x.sizes[dim] === 0) return nothing(x.clone());
  const begins = starts(rowsOf(where, x, dim));
  return {
    output: x.indexSelect(dim, begins.nonzero().view(-1)),
    inverse: () => groups(begins),
    counts: () => lengths(begins),
  };
}

/** Whole numbers in a range not much longer than there are: by counting each. Null for others. */
function counted(x: Tensor): Parts | null {
  if (x.dt.kind !== INTEGER || x.count < 64) return null;
  const ends = x.aminmax();
  const [least, most] = [Number(ends.min.item()), Number(ends.max.item())];
  const range = most - least + 1;
  if (range > 2 * x.count || !Number.isSafeInteger(least) || !Number.isSafeInteger(most)) return null;
  const at = x.reshape(-1).long().sub(least);
  const counts = countsOf(at, range);
  const there = counts.ne(0);
  return {
    output: there.nonzero().view(-1).add(least).to(x.dtype),
    inverse: () => groups(there).indexSelect(0, at).reshape(x.sizes),
    counts: () => counts.maskedSelect(there),
  };
}

function sorted(where: string, x: Tensor, dim: number | null): Parts {
  if (dim === null) {
    const flat = x.reshape(-1);
    if (x.count === 0) return { ...nothing(flat), inverse: () => emptyTensor(x.sizes, int64, x.device) };
    const dense = counted(x.detach());
    if (dense) return dense;
    const { values, indices } = flat.sort();
    const begins = starts(values);
    return {
      output: values.maskedSelect(begins),
      inverse: () => emptyTensor([x.count], int64, x.device).scatter(0, indices, groups(begins)).reshape(x.sizes),
      counts: () => lengths(begins),
    };
  }
  if (x.sizes[dim] === 0) {
    checkComparable(where, x, dim);
    return nothing(x.clone());
  }
  const rank = rowRanks(rowsOf(where, x, dim));
  const { values, indices } = rank.sort();
  const begins = starts(values);
  return {
    output: x.indexSelect(dim, indices.maskedSelect(begins)),
    inverse: () => rank,
    counts: () => lengths(begins),
  };
}

function finish(where: string, x: Tensor, args: readonly unknown[], names: readonly string[]): Tensor | Tensor[] {
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<UniqueOptions>(where, args, names);
    flag(where, 'sorted', options.sorted, true);
    const inverse = flag(where, 'returnInverse', options.returnInverse, false);
    const counts = flag(where, 'returnCounts', options.returnCounts, false);
    const given = options.dim ?? null;
    const source = x.detach().reshape(x.sizes.length === 0 ? [1] : x.sizes);
    const dim = given === null ? null : wrapDim(where, given, x.sizes.length);
    const parts = names[0] === 'sorted' ? sorted(where, source, dim) : consecutive(where, source, dim);
    if (!inverse && !counts) return parts.output;
    const out = [parts.output];
    if (inverse) out.push(dim === null ? parts.inverse().reshape(x.sizes) : parts.inverse());
    if (counts) out.push(parts.counts());
    return out;
  });
}

/**
 * The different elements, sorted; with `returnInverse` where each element of `x` is among them, with `returnCounts` how
 * often each occurs. With `dim`, the different slices along it. Throws RangeError if there is no such dim.
 * @example
 * torch.unique(torch.tensor([3, 1, 3])) // tensor([1, 3])
 * @example
 * const [output, inverse] = torch.unique(torch.tensor([3, 1, 3]), { returnInverse: true })
 * inverse // tensor([1, 0, 1])
 */
export function unique<I extends boolean = false, C extends boolean = false>(
  x: Tensor,
  ...args: UniqueArgs<I, C>
): UniqueResult<I, C> {
  return finish('unique', x, args, ['sorted', 'returnInverse', 'returnCounts', 'dim']) as UniqueResult<I, C>;
}
/**
 * The elements without those that equal their predecessor; with `returnInverse` and `returnCounts` as {@link unique}.
 * With `dim`, slices along it. Throws RangeError if there is no such dim.
 * @example
 * torch.uniqueConsecutive(torch.tensor([1, 1, 2, 1])) // tensor([1, 2, 1])
 */
export function uniqueConsecutive<I extends boolean = false, C extends boolean = false>(
  x: Tensor,
  ...args: UniqueConsecutiveArgs<I, C>
): UniqueResult<I, C> {
  return finish('uniqueConsecutive', x, args, ['returnInverse', 'returnCounts', 'dim']) as UniqueResult<I, C>;
}

operators({ unique, uniqueConsecutive }, { differentiable: false });
