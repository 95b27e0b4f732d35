// Makes one batch of samples. Called by the loader's two sides, and by users through torch.utils.data.
import { describe, inNameOf } from '../errors.ts';
import { tensor } from '../from-data.ts';
import { stack } from '../ops/join.ts';
import { Tensor } from '../tensor.ts';

/** What {@link defaultCollate} makes of samples: tensors for tensors and numbers, the rest as it is, element by element. */
export type Collated<T> =
  T extends PromiseLike<infer U>
    ? Collated<U>
    : T extends Tensor | number | boolean | bigint
      ? Tensor
      : T extends string
        ? string[]
        : T extends ArrayBufferView
          ? Tensor
          : T extends readonly unknown[]
            ? { -readonly [K in keyof T]: Collated<T[K]> }
            : T extends ReadonlyMap<infer K, infer V>
              ? Map<K, Collated<V>>
              : T extends object
                ? { -readonly [K in keyof T]: Collated<T[K]> }
                : unknown;

// a Date or a Set would lose what it holds
const isObject = (x: unknown): x is object => Object.prototype.toString.call(x) === '[object Object]';

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
  if (first instanceof Map) {
    const maps = batch as readonly ReadonlyMap<unknown, unknown>[];
    return new Map(
      [...first.keys()].map((key) => [
        key,
        collate(
          maps.map((m) => m.get(key)),
          depth + 1,
        ),
      ]),
    );
  }
  if (isObject(first)) {
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

/** What {@link defaultConvert} makes of a sample. */
export type Converted<T> = T extends Tensor
  ? T
  : T extends ArrayBufferView
    ? Tensor
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Converted<T[K]> }
      : T;

function convert(sample: unknown, depth = 0): unknown {
  if (depth > 64) throw new TypeError('defaultConvert: nested deeper than 64 levels');
  if (typeof sample !== 'object' || sample === null || sample instanceof Tensor) return sample;
  const inner = (x: unknown): unknown => convert(x, depth + 1);
  if (ArrayBuffer.isView(sample)) return tensor(sample as Float32Array);
  if (Array.isArray(sample)) return sample.map(inner);
  if (sample instanceof Map) return new Map([...sample].map(([key, value]) => [key, inner(value)]));
  if (Object.getPrototypeOf(sample) !== Object.prototype) return sample;
  return Object.fromEntries(Object.entries(sample).map(([key, value]) => [key, inner(value)]));
}

/**
 * One sample with tensors for its typed arrays, also in arrays and objects; the rest stays as it is. What a DataLoader
 * does with `batchSize: null`.
 * @example
 * torch.utils.data.defaultConvert([new Float32Array([1, 2]), 'a', 3]) // [ tensor([1., 2.]), 'a', 3 ]
 */
export function defaultConvert<T>(data: T): Converted<T> {
  return inNameOf('defaultConvert', () => convert(data)) as Converted<T>;
}
