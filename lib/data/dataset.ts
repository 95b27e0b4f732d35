// Data sets: what a DataLoader takes samples from.
import { type Call, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { randperm } from '../create.ts';
import type { Generator } from '../random.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { portable } from './transfer.ts';

/**
 * Samples by index: subclasses give `length` and `get`.
 * @example
 * class Squares extends torch.utils.data.Dataset<number> {
 *   readonly length = 4
 *   get(index: number) { return index * index }
 * }
 * [...new torch.utils.data.DataLoader(new Squares(), { batchSize: 2 })][1] // tensor([4, 9])
 */
export abstract class Dataset<T = unknown> {
  /** How many samples there are. */
  abstract readonly length: number;
  /** One sample. */
  abstract get(index: number): T;
}

/**
 * Samples one after the other: subclasses give `[Symbol.iterator]`.
 * @example
 * class Countdown extends torch.utils.data.IterableDataset<number> {
 *   *[Symbol.iterator]() { for (let i = 3; i > 0; i--) yield i }
 * }
 * [...new torch.utils.data.DataLoader(new Countdown(), { batchSize: 2 })].map((x) => x.tolist())
 * // [ [ 3, 2 ], [ 1 ] ]
 */
export abstract class IterableDataset<T = unknown> {
  abstract [Symbol.iterator](): Iterator<T>;
}

/** What other sets are made of: datasets, or arrays of samples. */
export type Samples<T = unknown> = Dataset<T> | readonly T[];
const isSamples = (x: unknown): x is Samples => x instanceof Dataset || Array.isArray(x);
const sampleOf = <T>(set: Samples<T>, i: number): T => (set instanceof Dataset ? set.get(i) : set[i]!);

/** An index counted from the end if negative. Throws RangeError if it is none. */
function checkIndex(where: string, index: number, length: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new RangeError(`${where}: index ${describe(index)} is out of range for ${length} samples`);
  }
  return index < 0 ? index + length : index;
}

/**
 * Rows of tensors whose first dims are of one size. Throws ShapeError if they are not.
 * @example
 * new torch.utils.data.TensorDataset(torch.ones([3, 2]), torch.arange(3)).get(1)[1] // tensor(1)
 */
export class TensorDataset extends Dataset<Tensor[]> {
  readonly tensors: readonly Tensor[];
  constructor(...tensors: readonly Tensor[]) {
    super();
    for (const t of tensors) {
      if (!(t instanceof Tensor)) throw new TypeError(`TensorDataset: expected Tensors but received ${describe(t)}`);
      if (t.ndim === 0 || t.sizes[0] !== tensors[0]!.sizes[0]) {
        throw new ShapeError(
          `TensorDataset: size mismatch between tensors: ${tensors.map((x) => show(x.sizes)).join(', ')}`,
        );
      }
    }
    if (tensors.length === 0) throw new TypeError('TensorDataset: expected at least one Tensor');
    this.tensors = tensors;
  }
  override get length(): number {
    return this.tensors[0]!.sizes[0]!;
  }
  override get(index: number): Tensor[] {
    const at = checkIndex('TensorDataset', index, this.length);
    return this.tensors.map((t) => t.select(0, at));
  }
}

/**
 * Some of another set's samples. Throws RangeError for an index that is not there.
 * @example
 * const set = new torch.utils.data.TensorDataset(torch.arange(5))
 * new torch.utils.data.Subset(set, [4, 2]).get(0) // [ tensor(4) ]
 */
export class Subset<T> extends Dataset<T> {
  readonly dataset: Samples<T>;
  readonly indices: readonly number[];
  constructor(dataset: Samples<T>, indices: readonly number[]) {
    super();
    if (!isSamples(dataset)) throw new TypeError(`Subset: expected a dataset but received ${describe(dataset)}`);
    if (!Array.isArray(indices) && !ArrayBuffer.isView(indices))
      throw new TypeError(`Subset: expected a list of indices but received ${describe(indices)}`);
    this.dataset = dataset;
    this.indices = indices;
  }
  override get length(): number {
    return this.indices.length;
  }
  override get(index: number): T {
    const at = this.indices[checkIndex('Subset', index, this.length)]!;
    return sampleOf(this.dataset, checkIndex('Subset', at, this.dataset.length));
  }
}

/**
 * Several sets one after the other. Throws TypeError for none.
 * @example
 * const half = new torch.utils.data.TensorDataset(torch.ones([3]))
 * new torch.utils.data.ConcatDataset([half, half]).length // 6
 */
export class ConcatDataset<T> extends Dataset<T> {
  readonly datasets: readonly Samples<T>[];
  constructor(datasets: Iterable<Samples<T>>) {
    super();
    if (typeof datasets !== 'object' || datasets === null || !(Symbol.iterator in datasets))
      throw new TypeError(`ConcatDataset: expected a list of datasets but received ${describe(datasets)}`);
    this.datasets = [...datasets];
    if (this.datasets.length === 0) throw new TypeError('ConcatDataset: datasets should not be an empty iterable');
    for (const d of this.datasets) {
      if (d instanceof IterableDataset) throw new TypeError('ConcatDataset: does not support IterableDataset');
      if (!isSamples(d)) throw new TypeError(`ConcatDataset: expected datasets but received ${describe(d)}`);
    }
  }
  /** Where each set ends. */
  get cumulativeSizes(): number[] {
    let n = 0;
    return this.datasets.map((d) => (n += d.length));
  }
  override get length(): number {
    return this.datasets.reduce((n, d) => n + d.length, 0);
  }
  override get(index: number): T {
    let at = checkIndex('ConcatDataset', index, this.length);
    for (const d of this.datasets) {
      if (at < d.length) return sampleOf(d, at);
      at -= d.length;
    }
    throw new RangeError(`ConcatDataset: index ${index} is out of range`);
  }
}

/**
 * Samples of several sets of one length side by side, as arrays or, from an object of sets, as objects. Throws
 * RangeError for sets of other lengths, TypeError for none.
 * @example
 * const images = new torch.utils.data.TensorDataset(torch.ones([2, 3]))
 * new torch.utils.data.StackDataset({ images, names: ['a', 'b'] }).get(1).names // b
 */
export class StackDataset<D extends readonly StackPart[] | Readonly<Record<string, StackPart>>> extends Dataset<
  StackSample<D>
> {
  readonly datasets: D;
  constructor(...datasets: D extends readonly StackPart[] ? D : [datasets: D]) {
    super();
    const [first] = datasets;
    const named = datasets.length === 1 && typeof first === 'object' && first !== null && !isSamples(first);
    const parts: readonly unknown[] = named ? Object.values(first) : datasets;
    if (parts.length === 0) throw new TypeError('StackDataset: at least one dataset should be passed');
    for (const part of parts) {
      if (!isSamples(part)) throw new TypeError(`StackDataset: expected datasets but received ${describe(part)}`);
      if (part.length !== (parts[0] as StackPart).length)
        throw new RangeError(
          `StackDataset: size mismatch between datasets: ${parts.map((x) => (x as StackPart).length).join(', ')}`,
        );
    }
    const given: unknown = named ? first : datasets;
    this.datasets = given as D;
  }
  override get length(): number {
    return (Object.values(this.datasets)[0] as StackPart).length;
  }
  override get(index: number): StackSample<D> {
    const at = checkIndex('StackDataset', index, this.length);
    const sample = (part: StackPart): unknown => sampleOf(part, at);
    const { datasets } = this;
    return (
      Array.isArray(datasets)
        ? datasets.map(sample)
        : Object.fromEntries(Object.entries(datasets).map(([name, part]) => [name, sample(part as StackPart)]))
    ) as StackSample<D>;
  }
}
/** What {@link StackDataset} puts together: datasets, or arrays of samples. */
export type StackPart = Samples;
/** A sample of a {@link StackDataset}. */
export type StackSample<D> = {
  -readonly [K in keyof D]: D[K] extends Dataset<infer T> ? T : D[K] extends readonly (infer T)[] ? T : never;
};

/**
 * Samples of several iterable sets, one set after the other. Throws TypeError for what is no iterable set.
 * @example
 * class Count extends torch.utils.data.IterableDataset<number> {
 *   *[Symbol.iterator]() { yield* [1, 2] }
 * }
 * [...new torch.utils.data.ChainDataset([new Count(), new Count()])] // [ 1, 2, 1, 2 ]
 */
export class ChainDataset<T> extends IterableDataset<T> {
  readonly datasets: readonly IterableDataset<T>[];
  constructor(datasets: Iterable<IterableDataset<T>>) {
    super();
    if (typeof datasets !== 'object' || datasets === null || !(Symbol.iterator in datasets))
      throw new TypeError(`ChainDataset: expected a list of datasets but received ${describe(datasets)}`);
    this.datasets = [...datasets];
    for (const d of this.datasets)
      if (!(d instanceof IterableDataset))
        throw new TypeError(`ChainDataset: only supports IterableDataset, but received ${describe(d)}`);
  }
  /** How many samples there are. Throws TypeError if a set does not tell. */
  get length(): number {
    return this.datasets.reduce((n, d) => {
      const length: unknown = Reflect.get(d, 'length');
      if (typeof length !== 'number') throw new TypeError('ChainDataset: a dataset has no length');
      return n + length;
    }, 0);
  }
  override *[Symbol.iterator](): IterableIterator<T> {
    for (const d of this.datasets) yield* { [Symbol.iterator]: () => d[Symbol.iterator]() };
  }
}

/**
 * Splits a set at random into parts of the given sizes, or of fractions that sum up to 1. Throws RangeError if the sizes do
 * not sum up to the set's.
 * @example
 * const set = new torch.utils.data.TensorDataset(torch.ones([10]))
 * torch.utils.data.randomSplit(set, [0.8, 0.2]).map((part) => part.length) // [ 8, 2 ]
 */
export function randomSplit<T>(
  dataset: Samples<T>,
  lengths: readonly number[],
  ...args: Call<[generator?: Generator | null], { generator?: Generator | null | undefined }>
): Subset<T>[] {
  const { generator = null } = readArguments<{ generator: Generator | null }>('randomSplit', args, ['generator']);
  if (!isSamples(dataset)) throw new TypeError(`randomSplit: expected a dataset but received ${describe(dataset)}`);
  if (!Array.isArray(lengths) || lengths.some((n) => typeof n !== 'number'))
    throw new TypeError(`randomSplit: expected a list of lengths but received ${describe(lengths)}`);
  const sum = lengths.reduce((a: number, b: number) => a + b, 0);
  let sizes = lengths;
  if (Math.abs(sum - 1) <= 1e-9 && sum <= 1) {
    const parts = lengths.map((f, i) => {
      if (!(f >= 0 && f <= 1)) throw new RangeError(`randomSplit: Fraction at index ${i} is not between 0 and 1`);
      return Math.floor(dataset.length * f);
    });
    const rest = dataset.length - parts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < rest; i++) parts[i % parts.length]!++;
    sizes = parts;
  }
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== dataset.length)
    throw new RangeError('randomSplit: Sum of input lengths does not equal the length of the input dataset!');
  const order = permutation(total, generator);
  let at = 0;
  return sizes.map((n) => new Subset(dataset, order.slice(at, (at += n))));
}

/** The numbers below `n` in random order. */
export const permutation = (n: number, generator: Generator | null): number[] =>
  randperm(n, { generator, device: 'cpu' }).tolist() as number[];

portable(TensorDataset, Subset, ConcatDataset, StackDataset, ChainDataset);
