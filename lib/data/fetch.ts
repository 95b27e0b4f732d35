// What a loader makes of indices, in the thread that makes it: samples, and of these a batch. Called by loader.ts and by
// worker.ts.
import { tensor } from '../from-data.ts';
import type { Tensor } from '../tensor.ts';
import { defaultCollate, defaultConvert } from './collate.ts';
import { Dataset, IterableDataset, Subset, TensorDataset } from './dataset.ts';

/** What a loader takes samples from. */
export type Source<T = unknown> = Dataset<T> | IterableDataset<T> | readonly T[];

const isPromise = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === 'object' && x !== null && typeof Reflect.get(x, 'then') === 'function';

/** Rows of a TensorDataset (or of a part of one) at once: what stacking its samples gives. */
function rowsOf(dataset: unknown): ((indices: readonly number[]) => Tensor[]) | null {
  if (dataset instanceof Subset && Object.getPrototypeOf(dataset) === Subset.prototype) {
    const inner = rowsOf(dataset.dataset);
    return inner && ((indices) => inner(indices.map((i) => dataset.indices[i]!)));
  }
  if (!(dataset instanceof TensorDataset) || Object.getPrototypeOf(dataset) !== TensorDataset.prototype) return null;
  return (indices) => {
    const index = tensor(BigInt64Array.from(indices, (i) => BigInt(i < 0 ? i + dataset.length : i)));
    return dataset.tensors.map((t) => t.indexSelect(0, index));
  };
}

/** How batches are made: `default` collates, `convert` takes samples one by one, `none` leaves them as they are. */
export type Collate = 'default' | 'convert' | 'none' | ((batch: unknown[]) => unknown);

const finish = (samples: unknown[], collate: Collate): unknown =>
  typeof collate === 'function' ? collate(samples) : collate === 'default' ? defaultCollate(samples) : samples;
const finishOne = (sample: unknown, collate: Collate): unknown =>
  typeof collate === 'function' ? collate(sample as never) : collate === 'convert' ? defaultConvert(sample) : sample;

/** Gives the batch of some indices; a promise where samples are promises. */
export function fetcher(dataset: Source, collate: Collate): (indices: readonly number[] | number) => unknown {
  const get = (i: number): unknown =>
    dataset instanceof Dataset ? dataset.get(i) : (dataset as readonly unknown[])[i];
  const rows = collate === 'default' ? rowsOf(dataset) : null;
  return (indices) => {
    if (typeof indices === 'number') {
      const sample = get(indices);
      return isPromise(sample) ? sample.then((x) => finishOne(x, collate)) : finishOne(sample, collate);
    }
    if (rows !== null && indices.length > 0) return rows(indices);
    const samples = indices.map(get);
    return samples.some(isPromise)
      ? Promise.all(samples).then((list) => finish(list, collate))
      : finish(samples, collate);
  };
}

/** The batches of an iterable set; its samples one by one where there is no batch size. */
export function* stream(
  dataset: IterableDataset<unknown>,
  batchSize: number | null,
  dropLast: boolean,
  collate: Collate,
): IterableIterator<unknown> {
  let batch: unknown[] = [];
  for (const sample of { [Symbol.iterator]: () => dataset[Symbol.iterator]() }) {
    if (batchSize === null) {
      yield finishOne(sample, collate);
      continue;
    }
    batch.push(sample);
    if (batch.length === batchSize) {
      yield finish(batch, collate);
      batch = [];
    }
  }
  if (batch.length > 0 && !dropLast) yield finish(batch, collate);
}
export { IterableDataset, isPromise };
