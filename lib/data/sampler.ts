// Samplers: the order in which a DataLoader takes samples.
import { cpu } from '../device.ts';
import { empty, randint } from '../create.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { asTensor } from '../from-data.ts';
import { Generator, generatorId, multinomial } from '../random.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { permutation } from './dataset.ts';

/** Gives indices (or, a batch sampler, lists of them), again at each iteration. */
export interface Sampler<T = number> extends Iterable<T> {
  readonly length?: number;
}
/**
 * What samplers of one's own extend: they give `[Symbol.iterator]`, and `length` where it is known. A DataLoader takes
 * arrays and other iterables as well.
 * @example
 * class Backwards extends torch.utils.data.Sampler {
 *   constructor(readonly data: readonly unknown[]) { super() }
 *   get length() { return this.data.length }
 *   *[Symbol.iterator]() { for (let i = this.data.length - 1; i >= 0; i--) yield i }
 * }
 * const letters = ['a', 'b', 'c']
 * [...new torch.utils.data.DataLoader(letters, { batchSize: 2, sampler: new Backwards(letters) })]
 * // [ [ 'c', 'b' ], [ 'a' ] ]
 */
export abstract class Sampler<T = number> {
  abstract [Symbol.iterator](): Iterator<T>;
}
/** Whatever has a length. */
export interface Sized {
  readonly length: number;
}

const checkSource = <T extends Sized>(where: string, data: T): T => {
  if (typeof data === 'object' && data !== null && typeof data.length === 'number') return data;
  throw new TypeError(`${where}: expected a dataset or an array but received ${describe(data)}`);
};

/** A number of 64 random bits, which PyTorch draws as a seed; as a bigint where it is large. */
export function drawSeed(generator: Generator | null): number | bigint {
  const out = empty([], { dtype: 'int64', device: 'cpu' });
  out.random_({ generator });
  return out.item() as number | bigint;
}

/**
 * The indices of a set in order: 0, 1, 2, …
 * @example
 * [...new torch.utils.data.SequentialSampler([7, 8, 9])] // [ 0, 1, 2 ]
 */
export class SequentialSampler extends Sampler {
  readonly dataSource: Sized;
  constructor(dataSource: Sized) {
    super();
    this.dataSource = checkSource('SequentialSampler', dataSource);
  }
  /** How many indices it gives. */
  override get length(): number {
    return this.dataSource.length;
  }
  override *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.dataSource.length; i++) yield i;
  }
}

/** Options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  replacement?: boolean | undefined;
  numSamples?: number | null | undefined;
  generator?: Generator | null | undefined;
}
/**
 * All indices in random order, PyTorch's for the same seed; or `numSamples` of them, with `replacement` if wanted. Throws
 * RangeError if `numSamples` is not positive.
 * @example
 * torch.manualSeed(0)
 * [...new torch.utils.data.RandomSampler([1, 2, 3])].length // 3
 */
export class RandomSampler extends Sampler {
  readonly dataSource: Sized;
  readonly replacement: boolean;
  readonly generator: Generator | null;
  readonly #numSamples: number | null;
  constructor(
    dataSource: Sized,
    ...args: Call<
      [replacement?: boolean, numSamples?: number | null, generator?: Generator | null],
      RandomSamplerOptions
    >
  ) {
    super();
    const names = ['replacement', 'numSamples', 'generator'];
    const options = readArguments<RandomSamplerOptions>('RandomSampler', args, names);
    const { replacement = false, numSamples = null, generator = null } = options;
    this.dataSource = checkSource('RandomSampler', dataSource);
    if (typeof replacement !== 'boolean')
      throw new TypeError(
        `RandomSampler: replacement should be a boolean value, but got replacement=${describe(replacement)}`,
      );
    this.replacement = replacement;
    this.#numSamples = numSamples;
    generatorId('RandomSampler', generator, cpu);
    this.generator = generator;
    if (!Number.isInteger(this.length) || this.length <= 0) {
      throw new RangeError(
        `RandomSampler: num_samples should be a positive integer value, but got num_samples=${describe(this.length)}`,
      );
    }
  }
  /** How many indices it gives: as many as there are samples, unless it was told. */
  get numSamples(): number {
    return this.#numSamples ?? this.dataSource.length;
  }
  /** How many indices it gives. */
  override get length(): number {
    return this.numSamples;
  }
  override *[Symbol.iterator](): IterableIterator<number> {
    const n = this.dataSource.length;
    const count = this.length;
    const generator = this.generator ?? new Generator().manualSeed(drawSeed(null));
    if (this.replacement) {
      for (let left = count; left > 0; left -= 32) {
        // PyTorch draws the rest after all full blocks, and even when it is empty
        const size = Math.min(32, left);
        yield* randint(0, n, [size], { generator, dtype: 'int64', device: 'cpu' }).tolist() as number[];
      }
      return;
    }
    // as PyTorch, which draws for the rest even when there is none: a generator of the user's goes on from there
    for (let full = n > 0 ? Math.floor(count / n) : 0; full > 0; full--) yield* permutation(n, generator);
    yield* permutation(n, generator).slice(0, n > 0 ? count % n : 0);
  }
}

/**
 * Given indices in random order, which is PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * [...new torch.utils.data.SubsetRandomSampler([5, 6, 7, 8])] // [ 5, 6, 8, 7 ]
 */
export class SubsetRandomSampler extends Sampler {
  readonly indices: readonly number[];
  readonly generator: Generator | null;
  constructor(
    indices: readonly number[],
    ...args: Call<[generator?: Generator | null], { generator?: Generator | null | undefined }>
  ) {
    super();
    const names = ['generator'];
    const { generator = null } = readArguments<{ generator: Generator | null }>('SubsetRandomSampler', args, names);
    if (!(Symbol.iterator in checkSource('SubsetRandomSampler', indices)))
      throw new TypeError(`SubsetRandomSampler: expected a list of indices but received ${describe(indices)}`);
    generatorId('SubsetRandomSampler', generator, cpu);
    this.indices = indices;
    this.generator = generator;
  }
  /** How many indices it gives. */
  override get length(): number {
    return this.indices.length;
  }
  override *[Symbol.iterator](): IterableIterator<number> {
    for (const i of permutation(this.indices.length, this.generator)) yield this.indices[i]!;
  }
}

/**
 * `numSamples` indices drawn with the given weights (which need not sum up to 1), PyTorch's for the same seed. Throws
 * RangeError for sizes that cannot be, ShapeError for weights that are no row.
 * @example
 * [...new torch.utils.data.WeightedRandomSampler([0, 0.5, 0], 3)] // [ 1, 1, 1 ]
 */
export class WeightedRandomSampler extends Sampler {
  readonly weights: Tensor;
  readonly numSamples: number;
  readonly replacement: boolean;
  readonly generator: Generator | null;
  constructor(
    weights: readonly number[] | Tensor,
    ...args:
      | [
          numSamples: number,
          ...rest: Call<
            [replacement?: boolean, generator?: Generator | null],
            Omit<RandomSamplerOptions, 'numSamples'>
          >,
        ]
      | [options: RandomSamplerOptions & { numSamples: number }]
  ) {
    super();
    const where = 'WeightedRandomSampler';
    const options = readArguments<RandomSamplerOptions>(where, args, ['numSamples', 'replacement', 'generator']);
    const { numSamples, replacement = true, generator = null } = options;
    if (typeof numSamples !== 'number' || !Number.isInteger(numSamples) || numSamples <= 0)
      throw new RangeError(
        `${where}: num_samples should be a positive integer value, but got num_samples=${describe(numSamples)}`,
      );
    if (typeof replacement !== 'boolean')
      throw new TypeError(
        `${where}: replacement should be a boolean value, but got replacement=${describe(replacement)}`,
      );
    generatorId(where, generator, cpu);
    this.weights = inNameOf(where, () => asTensor(weights, { dtype: 'float64', device: 'cpu' }));
    if (this.weights.ndim !== 1)
      throw new ShapeError(
        `${where}: weights should be a 1d sequence but given weights have shape ${show(this.weights.sizes)}`,
      );
    this.numSamples = numSamples;
    this.replacement = replacement;
    this.generator = generator;
  }
  /** How many indices it gives. */
  override get length(): number {
    return this.numSamples;
  }
  override *[Symbol.iterator](): IterableIterator<number> {
    const { weights, numSamples, replacement } = this;
    yield* multinomial(weights, numSamples, {
      replacement,
      generator: this.generator ?? undefined,
    }).tolist() as number[];
  }
}

/**
 * Lists of `batchSize` indices of another sampler; the last one may be shorter, or with `dropLast` is left out. Throws
 * TypeError for other sizes.
 * @example
 * [...new torch.utils.data.BatchSampler([0, 1, 2], 2, false)] // [ [ 0, 1 ], [ 2 ] ]
 */
export class BatchSampler extends Sampler<number[]> {
  readonly sampler: Sampler;
  readonly batchSize: number;
  readonly dropLast: boolean;
  constructor(
    sampler: Sampler,
    ...args:
      | [batchSize: number, dropLast: boolean]
      | [batchSize: number, options: { dropLast: boolean }]
      | [options: { batchSize: number; dropLast: boolean }]
  ) {
    super();
    const names = ['batchSize', 'dropLast'];
    const { batchSize, dropLast } = readArguments<{ batchSize: number; dropLast: boolean }>(
      'BatchSampler',
      args,
      names,
    );
    if (typeof Reflect.get(Object(sampler), Symbol.iterator) !== 'function')
      throw new TypeError(`BatchSampler: expected an iterable of indices but received ${describe(sampler)}`);
    if (typeof batchSize !== 'number' || !Number.isInteger(batchSize) || batchSize <= 0) {
      throw new TypeError(
        `BatchSampler: batch_size should be a positive integer value, but got batch_size=${describe(batchSize)}`,
      );
    }
    if (typeof dropLast !== 'boolean')
      throw new TypeError(`BatchSampler: drop_last should be a boolean value, but got drop_last=${describe(dropLast)}`);
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
  }
  /** How many batches it gives. Throws TypeError if the sampler has no length. */
  override get length(): number {
    const { length } = this.sampler;
    if (length === undefined) throw new TypeError('BatchSampler: the sampler has no length');
    return this.dropLast ? Math.floor(length / this.batchSize) : Math.ceil(length / this.batchSize);
  }
  override *[Symbol.iterator](): IterableIterator<number[]> {
    let batch: number[] = [];
    for (const i of this.sampler) {
      batch.push(i);
      if (batch.length === this.batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}
