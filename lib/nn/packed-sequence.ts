// torch.nn.utils.rnn: sequences of different lengths in one tensor, padded or packed.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import type { DeviceLike } from '../device.ts';
import { type DTypeName, int64 } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { tensor } from '../from-data.ts';
import { show } from '../shape.ts';
import { cat, stack } from '../ops/join.ts';
import { Tensor } from '../tensor.ts';

/**
 * Sequences of different lengths without padding, as all recurrent layers take and give: `data` [sum of lengths, *] has
 * the first elements of all sequences, then the second ones of those that have one, and so on; `batchSizes` counts them.
 * Made by {@link packPaddedSequence} and {@link packSequence}. Throws TypeError for what is no tensor.
 * @example
 * torch.nn.utils.rnn.packSequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
 * // PackedSequence(data=tensor([1, 4, 2, 5, 3]), batch_sizes=tensor([2, 2, 1]), sorted_indices=None, unsorted_indices=None)
 */
export class PackedSequence {
  readonly data: Tensor;
  /** How many sequences have each step: int64 [steps]. */
  readonly batchSizes: Tensor;
  /** Which of the sequences given is the longest, the second longest, … */
  readonly sortedIndices: Tensor | null;
  /** The way back: where each sequence given is among the sorted ones. */
  readonly unsortedIndices: Tensor | null;
  constructor(
    data: Tensor,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = null,
  ) {
    const where = 'PackedSequence';
    checkTensor(where, data, 'data');
    checkTensor(where, batchSizes, 'batchSizes');
    if (sortedIndices !== null) checkTensor(where, sortedIndices, 'sortedIndices');
    if (unsortedIndices !== null) checkTensor(where, unsortedIndices, 'unsortedIndices');
    if (batchSizes.device.type !== 'cpu') throw new TypeError(`${where}: batchSizes should always be on CPU`);
    if (batchSizes.dt !== int64 || batchSizes.ndim !== 1)
      throw new DtypeError(`${where}: expected batchSizes to be a 1-D int64 tensor, but got ${batchSizes.dtype}`);
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = unsortedIndices ?? invertPermutation(sortedIndices);
  }
  /** The four parts, in PyTorch's order. */
  *[Symbol.iterator](): IterableIterator<Tensor | null> {
    yield this.data;
    yield this.batchSizes;
    yield this.sortedIndices;
    yield this.unsortedIndices;
  }
  /** With `data` converted; this one if there is nothing to do. See Tensor.to. */
  to(target: DTypeName | DeviceLike | { dtype?: DTypeName | null; device?: DeviceLike | null }): PackedSequence {
    const data = this.data.to(target as DTypeName);
    return data === this.data
      ? this
      : new PackedSequence(
          data,
          this.batchSizes,
          this.sortedIndices?.to(data.device) ?? null,
          this.unsortedIndices?.to(data.device) ?? null,
        );
  }
  /** As `to('float64')`. */
  double(): PackedSequence {
    return this.to('float64');
  }
  /** As `to('float32')`. */
  float(): PackedSequence {
    return this.to('float32');
  }
  /** As `to('float16')`. */
  half(): PackedSequence {
    return this.to('float16');
  }
  /** As `to('int64')`. */
  long(): PackedSequence {
    return this.to('int64');
  }
  /** As `to('int32')`. */
  int(): PackedSequence {
    return this.to('int32');
  }
  /** As `to('cpu')`. */
  cpu(): PackedSequence {
    return this.to('cpu');
  }
  /** As `to('cuda')`. Throws DeviceError if there is none. */
  cuda(): PackedSequence {
    return this.to('cuda');
  }
  /** Whether `data` is on a GPU. */
  get isCuda(): boolean {
    return this.data.isCuda;
  }
  /** PyTorch's text. */
  toString(): string {
    const text = (x: Tensor | null): string => (x === null ? 'None' : String(x));
    return (
      `PackedSequence(data=${text(this.data)}, batch_sizes=${text(this.batchSizes)}, ` +
      `sorted_indices=${text(this.sortedIndices)}, unsorted_indices=${text(this.unsortedIndices)})`
    );
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/**
 * The inverse of a permutation, such as that between sorted and unsorted sequences. Throws ShapeError unless it is 1-D.
 * @example
 * torch.nn.utils.rnn.invertPermutation(torch.tensor([2, 0, 1])) // tensor([1, 2, 0])
 */
export function invertPermutation(permutation: Tensor | null): Tensor | null {
  if (permutation === null) return null;
  return inNameOf('invertPermutation', () => {
    checkTensor('invertPermutation', permutation, 'permutation');
    if (permutation.ndim !== 1)
      throw new ShapeError(`invertPermutation: expected a 1-D permutation, but got ${show(permutation.sizes)}`);
    return permutation.argsort();
  });
}

/** Lengths as numbers. */
function lengthsOf(where: string, lengths: Tensor | readonly number[]): number[] {
  const list: unknown = lengths instanceof Tensor ? lengths.tolist() : lengths;
  if (!Array.isArray(list))
    throw new TypeError(`${where}: expected lengths to be a list or a 1-D tensor but received ${describe(lengths)}`);
  for (const n of list) {
    if (typeof n !== 'number' || !Number.isInteger(n))
      throw new TypeError(`${where}: expected whole numbers as lengths but received ${describe(n)}`);
  }
  return list as number[];
}
const flag = (where: string, name: string, value: unknown): void => {
  if (typeof value !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for ${name} but received ${describe(value)}`);
};

/** Options of {@link packPaddedSequence}. */
export interface PackPaddedOptions {
  batchFirst?: boolean | undefined;
  /** Whether the sequences must come longest first (true), or are sorted here (false). */
  enforceSorted?: boolean | undefined;
}
/**
 * Packs sequences that are padded to one length: x [T, B, *], or [B, T, *] with `batchFirst`; `lengths` are B numbers or
 * an int64 tensor of them. Throws RangeError for lengths that are not positive, too large, or not falling with
 * `enforceSorted`.
 * @example
 * torch.nn.utils.rnn.packPaddedSequence(torch.tensor([[1, 2, 3], [4, 5, 0]]), [3, 2], { batchFirst: true }).data
 * // tensor([1, 4, 2, 5, 3])
 */
export function packPaddedSequence(
  x: Tensor,
  lengths: Tensor | readonly number[],
  ...args: Call<[batchFirst?: boolean, enforceSorted?: boolean], PackPaddedOptions>
): PackedSequence {
  const where = 'packPaddedSequence';
  return inNameOf(where, () => {
    const names = ['batchFirst', 'enforceSorted'];
    const { batchFirst = false, enforceSorted = true } = readArguments<PackPaddedOptions>(where, args, names);
    flag(where, 'batchFirst', batchFirst);
    flag(where, 'enforceSorted', enforceSorted);
    checkTensor(where, x);
    if (x.ndim < 2) throw new ShapeError(`${where}: expected at least 2 dims, but got ${show(x.sizes)}`);
    let sizes = lengthsOf(where, lengths);
    let rows = batchFirst ? x.transpose(0, 1) : x;
    const [steps, batch] = rows.sizes as readonly [number, number];
    if (rows.count === 0) throw new ShapeError(`${where}: Cannot pack empty tensors.`);
    if (sizes.length !== batch) {
      throw new ShapeError(
        `${where}: Expected \`len(lengths)\` to be equal to batch_size, but got ${sizes.length} (batch_size=${batch})`,
      );
    }
    let sorted: Tensor | null = null;
    if (!enforceSorted) {
      const order = sizes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]!);
      sizes = order.map((i) => sizes[i]!);
      sorted = tensor(order, { dtype: 'int64', device: x.device });
    }
    if (sizes.at(-1)! <= 0 || sizes.some((n) => n <= 0)) {
      throw new RangeError(
        `${where}: Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0`,
      );
    }
    if (sizes.some((n, i) => i > 0 && n > sizes[i - 1]!)) {
      throw new RangeError(
        `${where}: \`lengths\` array must be sorted in decreasing order when \`enforceSorted\` is true. You can pass \`enforceSorted: false\` to packPaddedSequence and/or packSequence to sidestep this requirement`,
      );
    }
    const longest = sizes[0]!;
    if (longest > steps)
      throw new RangeError(`${where}: expected lengths of at most ${steps}, the padded length, but got ${longest}`);
    if (sorted !== null) rows = rows.indexSelect(1, sorted);
    const counts = Array.from({ length: longest }, (_, t) => sizes.filter((n) => n > t).length);
    // steps of as many sequences go together
    const parts: Tensor[] = [];
    for (let t = 0; t < longest; ) {
      let end = t + 1;
      while (end < longest && counts[end] === counts[t]) end++;
      parts.push(
        rows
          .narrow(0, t, end - t)
          .narrow(1, 0, counts[t]!)
          .reshape([(end - t) * counts[t]!, ...x.sizes.slice(2)]),
      );
      t = end;
    }
    const data = parts.length === 1 ? parts[0]!.contiguous() : cat(parts);
    return new PackedSequence(data, tensor(counts, { dtype: 'int64', device: 'cpu' }), sorted);
  });
}

/** Options of {@link padPackedSequence}. */
export interface PadPackedOptions {
  batchFirst?: boolean | undefined;
  paddingValue?: number | undefined;
  /** The length to pad to: that of the longest sequence if absent. */
  totalLength?: number | null | undefined;
}
/**
 * Pads packed sequences: gives [T, B, *], or [B, T, *] with `batchFirst`, in the order in which they were packed, and their
 * lengths. Throws RangeError for a `totalLength` below that of the longest.
 * @example
 * const { rnn } = torch.nn.utils
 * rnn.padPackedSequence(rnn.packSequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])]), { batchFirst: true })
 * // [
 * //   tensor([[1, 2, 3],
 * //           [4, 5, 0]]),
 * //   tensor([3, 2])
 * // ]
 */
export function padPackedSequence(
  sequence: PackedSequence,
  ...args: Call<[batchFirst?: boolean, paddingValue?: number, totalLength?: number | null], PadPackedOptions>
): [padded: Tensor, lengths: Tensor] {
  const where = 'padPackedSequence';
  return inNameOf(where, () => {
    const names = ['batchFirst', 'paddingValue', 'totalLength'];
    const options = readArguments<PadPackedOptions>(where, args, names);
    const { batchFirst = false, paddingValue = 0, totalLength = null } = options;
    flag(where, 'batchFirst', batchFirst);
    checkNumber(where, 'paddingValue', paddingValue);
    if (!(sequence instanceof PackedSequence))
      throw new TypeError(`${where}: expected a PackedSequence but received ${describe(sequence)}`);
    const { data, unsortedIndices } = sequence;
    const counts = batchSizesOf(where, sequence);
    const longest = counts.length;
    if (totalLength !== null) {
      if (!Number.isInteger(totalLength))
        throw new TypeError(`${where}: expected a whole number for totalLength but received ${describe(totalLength)}`);
      if (totalLength < longest) {
        throw new RangeError(
          `${where}: Expected totalLength to be at least the length of the longest sequence in input, but got totalLength=${totalLength} and max sequence length being ${longest}`,
        );
      }
    }
    const [batch, rest] = [counts[0]!, data.sizes.slice(1)];
    const filled = (rows: number, columns: number): Tensor => data.newFull([rows, columns, ...rest], paddingValue);
    const parts: Tensor[] = [];
    let row = 0;
    for (let t = 0; t < longest; ) {
      let end = t + 1;
      while (end < longest && counts[end] === counts[t]) end++;
      const [rows, n] = [end - t, counts[t]!];
      const own = data.narrow(0, row, rows * n).reshape([rows, n, ...rest]);
      parts.push(n === batch ? own : cat([own, filled(rows, batch - n)], 1));
      row += rows * n;
      t = end;
    }
    const total = totalLength ?? longest;
    if (total > longest) parts.push(filled(total - longest, batch));
    let padded = parts.length === 1 ? parts[0]!.clone() : cat(parts);
    if (batchFirst) padded = padded.transpose(0, 1);
    const lengths = tensor(
      Array.from({ length: batch }, (_, b) => counts.filter((n) => n > b).length),
      { dtype: 'int64', device: 'cpu' },
    );
    if (unsortedIndices === null) return [padded, lengths];
    return [padded.indexSelect(batchFirst ? 0 : 1, unsortedIndices), lengths.indexSelect(0, unsortedIndices.cpu())];
  });
}

/** The batch sizes as numbers that fit the data. Throws RangeError where they do not. */
export function batchSizesOf(where: string, { data, batchSizes }: PackedSequence): number[] {
  const counts = batchSizes.tolist() as number[];
  const sum = counts.reduce((n, size) => n + size, 0);
  const falls = counts.every((n, t) => n > 0 && (t === 0 || n <= counts[t - 1]!));
  if (counts.length === 0 || !falls || data.ndim < 1 || data.sizes[0] !== sum) {
    throw new RangeError(
      `${where}: expected batchSizes to be positive, never to rise, and to sum to the ${data.sizes[0] ?? 0} rows of data, but got ${show(counts)}`,
    );
  }
  return counts;
}

/** Options of {@link padSequence}. */
export interface PadSequenceOptions {
  batchFirst?: boolean | undefined;
  paddingValue?: number | undefined;
  paddingSide?: 'left' | 'right' | undefined;
}
/**
 * Sequences [L, *] of different lengths side by side, padded to that of the longest: [T, B, *], or [B, T, *] with
 * `batchFirst`. Throws ShapeError where the other sizes differ.
 * @example
 * torch.nn.utils.rnn.padSequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])], { batchFirst: true })
 * // tensor([[1, 2, 3],
 * //         [4, 5, 0]])
 */
export function padSequence(
  sequences: Iterable<Tensor>,
  ...args: Call<[batchFirst?: boolean, paddingValue?: number, paddingSide?: 'left' | 'right'], PadSequenceOptions>
): Tensor {
  const where = 'padSequence';
  return inNameOf(where, () => {
    const names = ['batchFirst', 'paddingValue', 'paddingSide'];
    const options = readArguments<PadSequenceOptions>(where, args, names);
    const { batchFirst = false, paddingValue = 0, paddingSide = 'right' } = options;
    flag(where, 'batchFirst', batchFirst);
    checkNumber(where, 'paddingValue', paddingValue);
    if (paddingSide !== 'left' && paddingSide !== 'right') {
      throw new RangeError(
        `${where}: Expected padding_side to be one of left or right, but got ${describe(paddingSide)}.`,
      );
    }
    const list = listOfTensors(where, sequences);
    const first = list[0];
    if (first === undefined) throw new RangeError(`${where}: received an empty list of sequences`);
    const rest = first.sizes.slice(1);
    const longest = Math.max(...list.map((x) => x.sizes[0] ?? 0));
    const padded = list.map((x) => {
      if (x.ndim === 0 || show(x.sizes.slice(1)) !== show(rest)) {
        throw new ShapeError(
          `${where}: expected sequences of at least 1 dim whose sizes agree but for the first, but got ${show(first.sizes)} and ${show(x.sizes)}`,
        );
      }
      const missing = longest - x.sizes[0]!;
      if (missing === 0) return x;
      const padding = first.newFull([missing, ...rest], paddingValue);
      return cat(paddingSide === 'right' ? [x, padding] : [padding, x]);
    });
    return stack(padded, batchFirst ? 0 : 1);
  });
}
function listOfTensors(where: string, sequences: Iterable<Tensor>): Tensor[] {
  if (sequences instanceof Tensor) return [...sequences.unbind(0)];
  if (typeof sequences !== 'object' || sequences === null || !(Symbol.iterator in sequences))
    throw new TypeError(`${where}: Expected iterable for input sequences, but received ${describe(sequences)}`);
  const list = [...sequences];
  for (const x of list) checkTensor(where, x, 'a sequence');
  return list;
}

/** Options of {@link unpadSequence}. */
export interface UnpadSequenceOptions {
  batchFirst?: boolean | undefined;
}
/**
 * The sequences of a padded tensor, [T, B, *] or [B, T, *] with `batchFirst`, each cut to its length. Throws RangeError
 * unless there is a length for each.
 * @example
 * torch.nn.utils.rnn.unpadSequence(torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2]), true)
 * // [ tensor([1, 2, 3]), tensor([4, 5]) ]
 */
export function unpadSequence(
  paddedSequences: Tensor,
  lengths: Tensor | readonly number[],
  ...args: Call<[batchFirst?: boolean], UnpadSequenceOptions>
): Tensor[] {
  const where = 'unpadSequence';
  return inNameOf(where, () => {
    const { batchFirst = false } = readArguments<UnpadSequenceOptions>(where, args, ['batchFirst']);
    flag(where, 'batchFirst', batchFirst);
    checkTensor(where, paddedSequences, 'paddedSequences');
    if (paddedSequences.ndim < 2)
      throw new ShapeError(`${where}: expected at least 2 dims, but got ${show(paddedSequences.sizes)}`);
    const x = batchFirst ? paddedSequences : paddedSequences.transpose(0, 1);
    const sizes = lengthsOf(where, lengths);
    if (sizes.length !== x.sizes[0]) {
      throw new RangeError(
        `${where}: expected a length for each of ${x.sizes[0]} sequences, but got ${sizes.length} lengths`,
      );
    }
    return sizes.map((n, b) => {
      const cut = Math.min(Math.max(n, 0), x.sizes[1]!);
      return x.select(0, b).narrow(0, 0, cut).clone();
    });
  });
}

/** Options of {@link packSequence}. */
export interface PackSequenceOptions {
  enforceSorted?: boolean | undefined;
}
/**
 * Packs sequences [L, *] of different lengths. Throws RangeError where they do not come longest first, unless
 * `enforceSorted` is false.
 * @example
 * torch.nn.utils.rnn.packSequence([torch.tensor([4, 5]), torch.tensor([1, 2, 3])], { enforceSorted: false }).unsortedIndices
 * // tensor([1, 0])
 */
export function packSequence(
  sequences: Iterable<Tensor>,
  ...args: Call<[enforceSorted?: boolean], PackSequenceOptions>
): PackedSequence {
  const where = 'packSequence';
  return inNameOf(where, () => {
    const { enforceSorted = true } = readArguments<PackSequenceOptions>(where, args, ['enforceSorted']);
    const list = listOfTensors(where, sequences);
    const padded = padSequence(list);
    return packPaddedSequence(
      padded,
      list.map((x) => x.sizes[0]!),
      { enforceSorted },
    );
  });
}

/**
 * The sequences of a packed one, in the order in which they were packed.
 * @example
 * const { rnn } = torch.nn.utils
 * rnn.unpackSequence(rnn.packSequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])]))
 * // [ tensor([1, 2, 3]), tensor([4, 5]) ]
 */
export function unpackSequence(packedSequences: PackedSequence): Tensor[] {
  return inNameOf('unpackSequence', () => {
    const [padded, lengths] = padPackedSequence(packedSequences, true);
    return unpadSequence(padded, lengths, true);
  });
}
