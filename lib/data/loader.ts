// DataLoader: batches of a data set's samples.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readArguments } from '../arguments.ts';
import { describe, inNameOf } from '../errors.ts';
import type { Generator } from '../random.ts';
import type { Collated } from './collate.ts';
import { Dataset, IterableDataset } from './dataset.ts';
import { type Collate, fetcher, isPromise, type Source, stream } from './fetch.ts';
import { canPin, pinnedBatch } from '../ops/internal/pinning.ts';
import { WorkerPool } from './pool.ts';
import { BatchSampler, drawSeed, RandomSampler, type Sampler, SequentialSampler } from './sampler.ts';

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<T, B> {
  /** null: samples one by one, not collated. */
  batchSize?: number | null | undefined;
  shuffle?: boolean | undefined;
  sampler?: Sampler | null | undefined;
  batchSampler?: Sampler<readonly number[]> | null | undefined;
  dropLast?: boolean | undefined;
  /** Makes a batch of samples, in the thread that iterates; or the name of a function that `workerModule` exports. */
  collateFn?: ((batch: T[]) => B) | string | null | undefined;
  generator?: Generator | null | undefined;
  /** Threads that make the samples; with 0 the thread that iterates makes them. */
  numWorkers?: number | undefined;
  /**
   * For a dataset of one's own in workers: the module that exports it as `dataset` or by default, or a function that
   * makes it. The dataset that the loader is given still tells the length.
   */
  workerModule?: string | URL | null | undefined;
  /** The name of a function that `workerModule` exports: each worker calls it with its number. */
  workerInitFn?: string | null | undefined;
  /** Batches that each worker makes in advance: 2. */
  prefetchFactor?: number | null | undefined;
  /** Keeps the workers from one epoch to the next. */
  persistentWorkers?: boolean | undefined;
  /** Seconds to wait for a batch of a worker; 0 waits for ever. */
  timeout?: number | undefined;
  /** false: batches come as they are ready. */
  inOrder?: boolean | undefined;
  /** Accepted; there is nothing to pin without a GPU. */
  pinMemory?: boolean | undefined;
  /** Accepted for PyTorch's sake. */
  pinMemoryDevice?: string | undefined;
  /** Only null: workers are threads. */
  multiprocessingContext?: null | undefined;
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
  'timeout',
  'workerInitFn',
  'multiprocessingContext',
  'generator',
];
const ONLY = ['prefetchFactor', 'persistentWorkers', 'pinMemoryDevice', 'inOrder', 'workerModule'];

/** Stops the threads of iterators that nobody holds any more. */
const forgotten = new FinalizationRegistry<WorkerPool>((pool) => pool.stop());

/** The URL of a module. */
const urlOf = (module: string | URL): string =>
  module instanceof URL || /^[a-z][a-z+.-]+:/i.test(module) ? String(module) : pathToFileURL(resolve(module)).href;

/** What a loader reads. */
type Samples<T> = Dataset<T> | IterableDataset<T> | readonly T[];

/**
 * Batches of the samples of `dataset`, in order or shuffled (in PyTorch's order for the same seed), for `for (const batch
 * of loader)` or `for await`. With `numWorkers` they are made by threads, which hand over tensors without copying them:
 * datasets, transforms and arrays of this library go there by themselves, others are made there by `workerModule`. The
 * error of a worker is thrown here, with the worker's stack. Throws TypeError or RangeError for options that do not go
 * together.
 * @example
 * const set = new torch.utils.data.TensorDataset(torch.arange(5))
 * const loader = new torch.utils.data.DataLoader(set, { batchSize: 2 })
 * [...loader].map(([x]) => x.tolist()) // [ [ 0, 1 ], [ 2, 3 ], [ 4 ] ]
 */
export class DataLoader<T, B = Collated<T>, D extends Samples<T> = Samples<T>> {
  readonly dataset: D;
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  readonly sampler: Sampler | null;
  readonly batchSampler: Sampler<readonly number[]> | null;
  readonly generator: Generator | null;
  readonly collateFn: ((batch: T[]) => B) | string | null;
  readonly numWorkers: number;
  readonly prefetchFactor: number | null;
  readonly persistentWorkers: boolean;
  readonly timeout: number;
  readonly pinMemory: boolean;
  readonly workerInitFn: string | null;
  readonly workerModule: string | null;
  readonly inOrder: boolean;
  #pool: WorkerPool | null = null;
  constructor(dataset: D & Samples<T>, options?: DataLoaderOptions<T, B>);
  constructor(dataset: D & Samples<T>, batchSize: number | null, options?: DataLoaderOptions<T, B>);
  constructor(dataset: D & Samples<T>, batchSize: number | null, shuffle: boolean, options?: DataLoaderOptions<T, B>);
  constructor(dataset: D & Samples<T>, ...args: readonly unknown[]) {
    const where = 'DataLoader';
    const options = readArguments<DataLoaderOptions<T, B>>(where, args, POSITIONS, ONLY);
    const {
      batchSize,
      shuffle = false,
      sampler = null,
      batchSampler = null,
      dropLast = false,
      collateFn = null,
      generator = null,
      numWorkers = 0,
      workerModule = null,
      workerInitFn = null,
      prefetchFactor = null,
      persistentWorkers = false,
      timeout = 0,
      inOrder = true,
      pinMemory = false,
      multiprocessingContext = null,
    } = options;
    if (!(dataset instanceof Dataset) && !(dataset instanceof IterableDataset) && !Array.isArray(dataset)) {
      throw new TypeError(
        `${where}: expected a Dataset, an IterableDataset or an array but received ${describe(dataset)}`,
      );
    }
    if (typeof numWorkers !== 'number' || !Number.isInteger(numWorkers) || numWorkers < 0 || numWorkers > 1024)
      throw new RangeError(
        `${where}: num_workers option should be non-negative; use num_workers=0 to disable multiprocessing, but got ${describe(numWorkers)}`,
      );
    if (typeof timeout !== 'number' || !(timeout >= 0))
      throw new RangeError(`${where}: timeout option should be non-negative, but got ${describe(timeout)}`);
    if (numWorkers === 0 && prefetchFactor !== null)
      throw new RangeError(`${where}: prefetch_factor option could only be specified with num_workers > 0`);
    if (prefetchFactor !== null && (!Number.isInteger(prefetchFactor) || prefetchFactor <= 0))
      throw new RangeError(
        `${where}: prefetch_factor option should be a positive integer, but got ${describe(prefetchFactor)}`,
      );
    if (persistentWorkers && numWorkers === 0)
      throw new RangeError(`${where}: persistent_workers option needs num_workers > 0`);
    if (multiprocessingContext !== null)
      throw new TypeError(`${where}: multiprocessing_context must be null: workers are threads`);
    if (workerModule !== null && typeof workerModule !== 'string' && !(workerModule instanceof URL))
      throw new TypeError(`${where}: expected a path or URL for workerModule but received ${describe(workerModule)}`);
    if (numWorkers > 0 && workerInitFn !== null && (typeof workerInitFn !== 'string' || workerModule === null)) {
      throw new TypeError(
        `${where}: a function cannot be sent to workers: export it from workerModule, and give its name as workerInitFn`,
      );
    }
    if (
      typeof collateFn !== 'function' &&
      collateFn !== null &&
      (typeof collateFn !== 'string' || numWorkers === 0 || workerModule === null)
    ) {
      throw new TypeError(
        `${where}: expected a function for collateFn, or with workers the name of one that workerModule exports, but received ${describe(collateFn)}`,
      );
    }
    if (sampler !== null && shuffle) throw new TypeError(`${where}: sampler option is mutually exclusive with shuffle`);
    if (
      batchSampler !== null &&
      ((batchSize !== undefined && batchSize !== 1) || shuffle || sampler !== null || dropLast)
    ) {
      throw new TypeError(
        `${where}: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last`,
      );
    }
    for (const [name, given] of Object.entries({ sampler, batchSampler })) {
      if (given !== null && typeof Reflect.get(Object(given), Symbol.iterator) !== 'function')
        throw new TypeError(`${where}: expected an iterable of indices for ${name} but received ${describe(given)}`);
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
    this.numWorkers = numWorkers;
    this.prefetchFactor = prefetchFactor ?? (numWorkers > 0 ? 2 : null);
    this.persistentWorkers = persistentWorkers;
    this.timeout = timeout;
    this.pinMemory = pinMemory;
    this.workerInitFn = workerInitFn;
    this.workerModule = workerModule === null ? null : urlOf(workerModule);
    this.inOrder = inOrder;
    this.batchSize = batchSampler !== null ? null : batchSize === undefined ? 1 : batchSize;
    const size = this.batchSize;
    if (iterable) {
      if (size !== null) inNameOf(where, () => new BatchSampler([], size, dropLast)); // checks the size
      this.sampler = null;
      this.batchSampler = null;
      return;
    }
    const sized = dataset as Dataset<T> | readonly T[];
    this.sampler =
      sampler ??
      (shuffle ? inNameOf(where, () => new RandomSampler(sized, { generator })) : new SequentialSampler(sized));
    const indices = this.sampler;
    this.batchSampler =
      batchSampler ?? (size === null ? null : inNameOf(where, () => new BatchSampler(indices, size, dropLast)));
  }

  /** How many batches there are. Throws TypeError if that cannot be known. */
  get length(): number {
    const { batchSize, dropLast } = this;
    if (this.dataset instanceof IterableDataset) {
      const length: unknown = Reflect.get(this.dataset, 'length');
      if (typeof length === 'number')
        return batchSize === null ? length : Math[dropLast ? 'floor' : 'ceil'](length / batchSize);
    }
    const n = (this.batchSampler ?? this.sampler)?.length;
    if (n === undefined) throw new TypeError('DataLoader: the length of an IterableDataset is not known');
    return n;
  }

  /** How this thread makes batches. */
  get #collate(): Collate {
    const { collateFn } = this;
    if (typeof collateFn === 'function') return collateFn as (batch: unknown[]) => unknown;
    return this.#batched ? 'default' : 'convert';
  }
  /** Whether samples are put together. */
  get #batched(): boolean {
    return this.batchSampler !== null || this.batchSize !== null;
  }
  *#batches(): IterableIterator<unknown> {
    const { dataset } = this;
    if (dataset instanceof IterableDataset) {
      yield* stream(dataset, this.batchSize, this.dropLast, this.#collate);
      return;
    }
    const fetch = fetcher(dataset, this.#collate);
    for (const indices of this.batchSampler ?? this.sampler!) yield fetch(indices);
  }
  /** What workers are asked for; nothing in particular where they have the order themselves. */
  *#requests(): IterableIterator<readonly number[] | number | null> {
    if (this.dataset instanceof IterableDataset) for (;;) yield null;
    else yield* this.batchSampler ?? this.sampler!;
  }

  /** The threads, with the first batches of an epoch asked for. */
  #start(): WorkerPool {
    const { collateFn } = this;
    let pool = this.#pool;
    const fresh = pool === null || pool.stopped;
    // PyTorch's persistent workers keep the seed that they started with
    const seed = fresh ? BigInt(drawSeed(this.generator)) : 0n;
    if (pool === null || fresh) {
      pool = new WorkerPool({
        dataset: this.dataset as Source,
        numWorkers: this.numWorkers,
        prefetchFactor: this.prefetchFactor ?? 2,
        inOrder: this.inOrder,
        timeout: this.timeout * 1000,
        seed,
        module: this.workerModule,
        workerInitFn: this.workerInitFn,
        collate: typeof collateFn === 'function' ? 'none' : (collateFn ?? (this.#batched ? 'default' : 'convert')),
        batchSize: this.batchSize,
        dropLast: this.dropLast,
        finish: typeof collateFn === 'function' ? (collateFn as (batch: never) => unknown) : null,
      });
      if (this.persistentWorkers) {
        this.#pool = pool;
        forgotten.register(this, pool);
      }
    }
    pool.begin(this.#requests());
    return pool;
  }

  /** What becomes of a batch before it is handed out. */
  get #last(): (batch: unknown) => unknown {
    return this.pinMemory && canPin() ? pinnedBatch : (batch) => batch;
  }
  [Symbol.iterator](): Iterator<B> & Iterable<B> {
    if (this.numWorkers > 0) return new WorkerIterator<B>(this.#start(), this.persistentWorkers, this.#last);
    // PyTorch draws a seed for its workers whenever an iterator is made, also when there are none
    drawSeed(this.generator);
    return this.#settled();
  }
  *#settled(): IterableIterator<B> {
    const last = this.#last;
    for (const batch of this.#batches()) {
      if (isPromise(batch)) {
        Promise.resolve(batch).catch(() => {}); // whoever reads this needs no second error
        throw new TypeError('DataLoader: the samples are promises: iterate with `for await (const batch of loader)`');
      }
      yield last(batch) as B;
    }
  }
  [Symbol.asyncIterator](): AsyncGenerator<Awaited<B>> {
    if (this.numWorkers > 0) {
      const pool = this.#start();
      const batches = this.#fromWorkers(pool);
      if (!this.persistentWorkers) forgotten.register(batches, pool);
      return batches;
    }
    drawSeed(this.generator);
    return this.#awaited();
  }
  async *#awaited(): AsyncGenerator<Awaited<B>> {
    const last = this.#last;
    for (const batch of this.#batches()) yield last(await batch) as Awaited<B>;
  }
  async *#fromWorkers(pool: WorkerPool): AsyncGenerator<Awaited<B>> {
    const last = this.#last;
    try {
      for (let next = await pool.nextAsync(); next !== null; next = await pool.nextAsync())
        yield last(next.value) as Awaited<B>;
    } finally {
      finish(pool, this.persistentWorkers);
    }
  }
}

function finish(pool: WorkerPool, keep: boolean): void {
  if (keep) pool.end();
  else pool.stop();
}

/** Batches of workers, without the event loop. Starts before the first one is asked for, which a generator cannot. */
class WorkerIterator<B> implements Iterator<B>, Iterable<B> {
  readonly #pool: WorkerPool;
  readonly #keep: boolean;
  readonly #last: (batch: unknown) => unknown;
  #done = false;
  constructor(pool: WorkerPool, keep: boolean, last: (batch: unknown) => unknown) {
    this.#pool = pool;
    this.#keep = keep;
    this.#last = last;
    if (!keep) forgotten.register(this, pool);
  }
  next(): IteratorResult<B, undefined> {
    if (this.#done) return { done: true, value: undefined };
    try {
      const found = this.#pool.next();
      if (found !== null) return { done: false, value: this.#last(found.value) as B };
    } catch (error) {
      this.return();
      throw error;
    }
    return this.return();
  }
  return(): IteratorReturnResult<undefined> {
    if (!this.#done) finish(this.#pool, this.#keep);
    this.#done = true;
    return { done: true, value: undefined };
  }
  [Symbol.iterator](): this {
    return this;
  }
}
