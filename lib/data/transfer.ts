// Values on their way between threads: tensors go by the number of their shared memory, datasets and transforms of this
// library by their fields. Called by the loader's two sides, pool.ts and worker.ts.
import { cpu } from '../device.ts';
import { type DTypeName, toDType } from '../dtype.ts';
import { describe, DeviceError } from '../errors.ts';
import { claim, dispose, shareStorage } from '../memory.ts';
import { native } from '../native.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

interface Class {
  readonly name: string;
  readonly prototype: object;
}
const classes = new Map<string, Class>();
/** Classes whose instances may travel: all of their state is in fields that are data themselves. */
export function portable(...added: readonly Class[]): void {
  for (const c of added) classes.set(c.name, c);
}
/** Whether an object is of such a class. */
export const isPortable = (value: object): boolean => nameOf(value) !== null;
const nameOf = (value: object): string | null => {
  const made: unknown = Object.getPrototypeOf(value)?.constructor;
  return typeof made === 'function' && classes.get(made.name)?.prototype === made.prototype ? made.name : null;
};

/** What a message can hold: structured clone of this gives the value back through {@link decode}. */
export type Encoded =
  | readonly ['plain', unknown]
  | readonly ['list', readonly Encoded[]]
  | readonly ['object', readonly string[], readonly Encoded[]]
  | readonly ['map', readonly (readonly [Encoded, Encoded])[]]
  | readonly ['instance', string, readonly string[], readonly Encoded[]]
  | readonly ['module']
  | readonly ['bytes', Uint8Array, DTypeName, readonly number[], boolean]
  | readonly ['shared', number, number, DTypeName, readonly number[], readonly number[] | null, number, boolean];

/** How values are encoded. */
export interface Encoding {
  /** Whose worker sends or receives: see native/shared.h. */
  readonly group: number;
  /** Buffers to be moved rather than copied are added here. */
  readonly moved: ArrayBuffer[];
  /** Whether tensors were made for this message, so that their memory is let go here. */
  readonly fresh: boolean;
  /** Whether an object is the one that the worker's module makes. */
  ofModule(value: object): boolean;
}

// below this, copying takes less than sharing
const SMALL = 4096;

function encodeTensor(x: Tensor, encoding: Encoding): Encoded {
  if (!x.isCpu)
    throw new DeviceError(
      `DataLoader: a tensor on '${x.device}' cannot be sent between threads: send it from the CPU, and move it where it is used`,
    );
  const grad = x.leafGrad;
  let own = x.detach();
  if (x.nbytes <= SMALL) {
    const data = own.toTypedArray();
    encoding.moved.push(data.buffer as ArrayBuffer);
    return ['bytes', new Uint8Array(data.buffer), x.dtype, [...x.sizes], grad];
  }
  for (;;) {
    const { storage } = own;
    const number = storage.alone ? shareStorage(storage, encoding.group) : -1;
    if (number >= 0) {
      const strides = own.dense ? null : [...own.strides];
      const out = ['shared', number, storage.nbytes, own.dtype, [...own.sizes], strides, own.offset, grad] as const;
      if (encoding.fresh || own.storage !== x.storage) dispose(storage);
      return out;
    }
    // the memory of an ArrayBuffer, or a part of a file; a copy can be shared unless the other side has given up
    if (own.storage !== x.storage) throw new Error('DataLoader: the loader was given up');
    own = own.clone();
  }
}

/** Encodes a value for a message. Throws TypeError for what cannot travel. */
export function encode(value: unknown, encoding: Encoding, depth = 0): Encoded {
  if (depth > 64) throw new TypeError('DataLoader: data nested deeper than 64 levels cannot be sent between threads');
  const all = (values: readonly unknown[]): Encoded[] => values.map((v) => encode(v, encoding, depth + 1));
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(
      `DataLoader: ${describe(value)} cannot be sent to a worker: let the module that is named in workerModule make the dataset`,
    );
  }
  if (typeof value !== 'object' || value === null) return ['plain', value];
  if (value instanceof Tensor) return encodeTensor(value, encoding);
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((v) => typeof v === 'number') ? ['plain', value] : ['list', all(value)];
  }
  if (value instanceof Map)
    return ['map', [...value].map(([k, v]) => [encode(k, encoding), encode(v, encoding, depth + 1)])];
  if (encoding.ofModule(value)) return ['module'];
  const name = nameOf(value);
  if (name !== null) return ['instance', name, Object.keys(value), all(Object.values(value))];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return ['object', Object.keys(value), all(Object.values(value))];
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return ['plain', value];
  if (value instanceof Date || value instanceof RegExp || value instanceof Error || value instanceof Set)
    return ['plain', value];
  throw new TypeError(
    `DataLoader: ${describe(value)} cannot be sent between threads: name a module that makes the dataset in workerModule`,
  );
}

/** The value of a message. `made` is what the worker's module made. */
export function decode(value: Encoded, made: unknown = null): unknown {
  const all = (names: readonly string[], values: readonly Encoded[], to: object): object => {
    for (const [i, name] of names.entries()) {
      Object.defineProperty(to, name, {
        value: decode(values[i]!, made),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return to;
  };
  switch (value[0]) {
    case 'plain':
      return value[1];
    case 'list':
      return value[1].map((v) => decode(v, made));
    case 'object':
      return all(value[1], value[2], {});
    case 'map':
      return new Map(value[1].map(([k, v]) => [decode(k, made), decode(v, made)]));
    case 'instance':
      return all(value[2], value[3], Object.create(classes.get(value[1])!.prototype) as object);
    case 'module':
      return made;
    case 'bytes': {
      const [, bytes, dtype, sizes, grad] = value;
      const x = emptyTensor(sizes, toDType(dtype, 'DataLoader'), cpu);
      if (x.count > 0) native.write(x.storage.handle, x.storage.byteOffset, bytes);
      x.leafGrad = grad;
      return x;
    }
    case 'shared': {
      const [, number, nbytes, dtype, sizes, strides, offset, grad] = value;
      const storage = claim(number, nbytes);
      if (storage === null) throw new Error('DataLoader: memory that a worker sent is gone');
      const x = new Tensor(storage, toDType(dtype, 'DataLoader'), sizes, strides, offset);
      x.leafGrad = grad;
      return x;
    }
  }
}
