// DataLoader: batches of a data set's samples.
import { tensor } from '../from-data.ts';
import { readArguments } from '../define.ts';
import { describe, inNameOf } from '../errors.ts';
import type { Generator } from '../random.ts';
import { stack } from '../ops/join.ts';
import { Tensor } from '../tensor.ts';
import { Dataset, IterableDataset, Subset, TensorDataset } from './dataset.ts';
import { BatchSampler, drawSeed, RandomSampler, type Sampler, SequentialSampler } from './sampler.ts';

/** What {@link defaultCollate} makes of samples: tensors for tensors and numbers, the rest as it is, element by element. */
export type Collated<T> = T extends Tensor | number | boolean | bigint
  ? Tensor
  : T extends string
    ? string[]
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Collated<T[K]> }
      : T extends object
        ? { -readonly [K in keyof T]: Collated<T[K]> }
        : unknown;

function collate(batch: readonly unknown[], depth = 0): unknown {
  if (depth > 64) throw new TypeError('defaultCollate: nested deeper than 64 levels');
  const first = batch[0];
  if (first instanceof Tensor) return stack(batch as readonly Tensor[]);
  // Python tells 1 from 1.0 and makes float64 of the latter; here a fraction decides
  if (typeof first === 'number') {
    return tensor(batch as readonly number[], { dtype: batch.every((n) => Number.isInteger(n)) ? 'int64' : 'float64' });
  }
  if (typeof first === 'boolean') return tensor(batch as readonly boolean[]);
  if (typeof first === 'bigint') return tensor(batch as readonly bigint[]);
  if (typeof first === 'string') return batch;
  if (ArrayBuffer.isView(first)) return stack((batch as readonly Float32Array[]).map((a) => tensor(a)));
  if (Array.isArray(first)) {
    const rows = batch as readonly (readonly unknown[])[];
    if (rows.some((r) => r.length !== first.length))
      throw new TypeError('defaultCollate: each element in list of batch should be of equal size');
    return first.map((_, i) =>
      collate(
        rows.map((r) => r[i]),
        depth + 1,
      ),
    );
  }
  if (typeof first === 'object' && first !== null) {
    return Object.fromEntries(
      Object.keys(first).map((key) => [
        key,
        collate(
          batch.map((b) => Reflect.get(b as object, key)),
          depth + 1,
        ),
      ]),
    );
  }
  throw new TypeError(
    `defaultCollate: batch must contain tensors, numbers, arrays or objects; found ${describe(first)}`,
  );
}

/**
 * Makes one batch of samples: tensors are stacked, numbers become a tensor, arrays and objects are taken element by
 * element. Throws TypeError for anything else.
 * @example
 * torch.utils.data.defaultCollate([[torch.ones([2]), 0], [torch.ones([2]), 1]])[1] // tensor([0, 1])
 */
export function defaultCollate<T>(batch: readonly T[]): Collated<T> {
  if (!Array.isArray(batch)) throw new TypeError(`defaultCollate: expected a list but received ${describe(batch)}`);
  if (batch.length === 0) throw new TypeError('defaultCollate: the batch is empty');
  return inNameOf('defaultCollate', () => collate(batch)) as Collated<T>;
}

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<T, B> {
  /** null: samples one by one, not collated. */
  batchSize?: number | null | undefined;
  shuffle?: boolean | undefined;
  sampler?: Sampler | null | undefined;
  batchSampler?: Sampler<readonly number[]> | null | undefined;
  dropLast?: boolean | undefined;
  collateFn?: ((batch: T[]) => B) | null | undefined;
  generator?: Generator | null | undefined;
  /** Only 0: samples are made by this thread. */
  numWorkers?: number | undefined;
  /** Accepted; there is nothing to pin without a GPU. */
  pinMemory?: boolean | undefined;
}
// in PyTorch's order
const POSITIONS = [
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'numWorkers',
  'collateFn',
  'pinMemory',
  'dropLast',
];

/** Rows of a TensorDataset (or of a part of one) at once: what stacking its samples gives. */
function rowsOf(dataset: unknown): ((indices: readonly number[]) => Tensor[]) | null {
  if (dataset instanceof Subset && Object.getPrototypeOf(dataset) === Subset.prototype) {
    const inner = rowsOf(dataset.dataset);
    return inner && ((indices) => inner(indices.map((i) => dataset.indices[i]!)));
  }
  if (!(dataset instanceof TensorDataset) || Object.getPrototypeOf(dataset) !== TensorDataset.prototype) return null;
  return (indices) => {
    const index = tensor(BigInt64Array.from(indices, BigInt));
    return dataset.tensors.map((t) => t.indexSelect(0, index));
  };
}

/**
 * Batches of the samples of `dataset`, in order or shuffled (in PyTorch's order for the same seed), for `for (const batch
 * of loader)`. Throws TypeError or RangeError for options that do not go together.
 * @example
 * const set = new torch.utils.data.TensorDataset(torch.arange(5))
 * const loader = new torch.utils.data.DataLoader(set, { batchSize: 2 })
 * [...loader].map(([x]) => x.tolist()) // [ [ 0, 1 ], [ 2, 3 ], [ 4 ] ]
 */
export class DataLoader<T, B = Collated<T>> {
  readonly dataset: Dataset<T> | IterableDataset<T> | readonly T[];
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  readonly sampler: Sampler | null;
  readonly batchSampler: Sampler<readonly number[]> | null;
  readonly generator: Generator | null;
  readonly collateFn: ((batch: T[]) => B) | null;
  constructor(dataset: Dataset<T> | IterableDataset<T> | readonly T[], options?: DataLoaderOptions<T, B>);
  constructor(
    dataset: Dataset<T> | IterableDataset<T> | readonly T[],
    batchSize: number | null,
    options?: DataLoaderOptions<T, B>,
  );
  constructor(
    dataset: Dataset<T> | IterableDataset<T> | readonly T[],
    batchSize: number | null,
    shuffle: boolean,
    options?: DataLoaderOptions<T, B>,
  );
  constructor(dataset: Dataset<T> | IterableDataset<T> | readonly T[], ...args: readonly unknown[]) {
    const where = 'DataLoader';
    const options = readArguments<DataLoaderOptions<T, B>>(where, args, POSITIONS, ['generator']);
    const {
      batchSize,
      shuffle = false,
      sampler = null,
      batchSampler = null,
      dropLast = false,
      collateFn = null,
      generator = null,
      numWorkers = 0,
    } = options;
    if (!(dataset instanceof Dataset) && !(dataset instanceof IterableDataset) && !Array.isArray(dataset)) {
      throw new TypeError(
        `${where}: expected a Dataset, an IterableDataset or an array but received ${describe(dataset)}`,
      );
    }
    if (numWorkers !== 0)
      throw new RangeError(
        `${where}: numWorkers must be 0: samples are made by the calling thread, but got numWorkers=${describe(numWorkers)}`,
      );
    if (sampler !== null && shuffle) throw new TypeError(`${where}: sampler option is mutually exclusive with shuffle`);
    if (
      batchSampler !== null &&
      ((batchSize !== undefined && batchSize !== 1) || shuffle || sampler !== null || dropLast)
    ) {
      throw new TypeError(
        `${where}: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last`,
      );
    }
    if (batchSize === null && dropLast)
      throw new TypeError(
        `${where}: batch_size=None option disables auto-batching and is mutually exclusive with drop_last`,
      );
    const iterable = dataset instanceof IterableDataset;
    if (iterable && (shuffle || sampler !== null || batchSampler !== null)) {
      throw new TypeError(`${where}: with an IterableDataset, shuffle, sampler and batchSampler must not be given`);
    }
    this.dataset = dataset;
    this.dropLast = dropLast;
    this.generator = generator;
    this.collateFn = collateFn;
    this.batchSize = batchSampler !== null ? null : batchSize === undefined ? 1 : batchSize;
    const size = this.batchSize;
    if (iterable) {
      if (size !== null) new BatchSampler([], size, dropLast); // checks the size
      this.sampler = null;
      this.batchSampler = null;
      return;
    }
    const sized = dataset as Dataset<T> | readonly T[];
    this.sampler = sampler ?? (shuffle ? new RandomSampler(sized, { generator }) : new SequentialSampler(sized));
    this.batchSampler = batchSampler ?? (size === null ? null : new BatchSampler(this.sampler, size, dropLast));
  }

  /** How many batches there are. Throws TypeError if that cannot be known. */
  get length(): number {
    const n = (this.batchSampler ?? this.sampler)?.length;
    if (n === undefined) throw new TypeError('DataLoader: the length of an IterableDataset is not known');
    return n;
  }

  #sample(index: number): T {
    const { dataset } = this;
    return dataset instanceof Dataset ? dataset.get(index) : (dataset as readonly T[])[index]!;
  }
  #collate(batch: T[]): B {
    return this.collateFn === null ? (defaultCollate(batch) as B) : this.collateFn(batch);
  }
  /** A sample where there are no batches: what it is, or what `collateFn` makes of it alone. */
  #single(sample: T): B {
    return this.collateFn === null ? (sample as never) : this.collateFn(sample as never);
  }

  [Symbol.iterator](): Iterator<B> & Iterable<B> {
    // PyTorch draws a seed for its workers whenever an iterator is made, also when there are none
    drawSeed(this.generator);
    return this.#batches();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<B> {
    for (const batch of this) yield batch;
  }
  *#batches(): IterableIterator<B> {
    const { dataset, batchSize } = this;
    if (dataset instanceof IterableDataset) {
      yield* this.#stream(dataset, batchSize);
      return;
    }
    if (this.batchSampler === null) {
      for (const i of this.sampler!) yield this.#single(this.#sample(i));
      return;
    }
    const rows = this.collateFn === null ? rowsOf(dataset) : null;
    for (const indices of this.batchSampler) {
      if (rows !== null && indices.length > 0) yield rows(indices) as B;
      else yield this.#collate(indices.map((i) => this.#sample(i)));
    }
  }
  *#stream(dataset: IterableDataset<T>, batchSize: number | null): IterableIterator<B> {
    let batch: T[] = [];
    for (const sample of { [Symbol.iterator]: () => dataset[Symbol.iterator]() }) {
      if (batchSize === null) {
        yield this.#single(sample);
        continue;
      }
      batch.push(sample);
      if (batch.length === batchSize) {
        yield this.#collate(batch);
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield this.#collate(batch);
  }
}
