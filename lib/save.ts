// Files of tensors: torch.save and torch.load (PyTorch's own format), safetensors and .npy.
import { type Call, readArguments } from './arguments.ts';
import { waiting } from './cuda/native.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { available, cpu, type Device, type DeviceLike, device } from './device.ts';
import { toDType } from './dtype.ts';
import { describe, inNameOf } from './errors.ts';
import { formatNpy, parseNpy } from './io/npy.ts';
import { packNpz, unpackNpz } from './io/npz.ts';
import { checkStart, formatPt, type MappedFiles, parsePt, type StorageRecord } from './io/pt.ts';
import { headerEnd, parseLayout, parseSafetensors, serializeSafetensors } from './io/safetensors.ts';
import { OpenFile, storedEntries } from './io/zip-ranges.ts';
import { allocateOwn, mapFile, type Storage } from './memory.ts';
import { native } from './native.ts';
import { Parameter } from './nn/parameter.ts';
import { contiguousStrides } from './shape.ts';
import { Tensor } from './tensor.ts';

export { FileFormatError } from './io/errors.ts';

/** A file: its path, or for reading its bytes. */
export type FileLike = string | URL | Uint8Array | ArrayBuffer;

function bytesOf(where: string, file: FileLike): Uint8Array {
  if (file instanceof Uint8Array) return file;
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  if (typeof file === 'string' || file instanceof URL) return readFileSync(file);
  throw new TypeError(`${where}: expected a path or bytes but received ${describe(file)}`);
}
function write(where: string, file: string | URL, bytes: Uint8Array): void {
  if (typeof file !== 'string' && !(file instanceof URL))
    throw new TypeError(`${where}: expected a path but received ${describe(file)}`);
  writeFileSync(file, bytes);
}

/** A storage with these bytes. */
function storageWith(bytes: Uint8Array): Storage {
  const storage = allocateOwn(bytes.byteLength, cpu);
  native.write(storage.handle, 0, bytes);
  return storage;
}
/** A storage of the CPU where it belongs. */
function movedStorage(storage: Storage, to: Device): Storage {
  if (to === storage.device) return storage;
  const there = allocateOwn(storage.nbytes, to);
  if (storage.nbytes > 0) native.copyBytes(there.handle, 0, storage.handle, storage.byteOffset, storage.nbytes, false);
  return there;
}
/** The bytes of a dense copy of a tensor. */
function dense(x: Tensor): Uint8Array {
  const data = x.detach().toTypedArray();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Writes an object to a file that `torch.load` of PyTorch reads too: tensors, numbers, strings, booleans, null, arrays,
 * plain objects and Maps, nested as they like. Tensors that share memory share it in the file. Throws TypeError for
 * anything else. A file that cannot be written is the error of `node:fs`.
 * @example
 * torch.save({ weights: torch.ones(2), epoch: 3 }, `${tmp}/checkpoint.pt`)
 * torch.load(`${tmp}/checkpoint.pt`).epoch // 3
 */
export function save(object: unknown, file: string | URL): void {
  write(
    'save',
    file,
    inNameOf('save', () => saveToBytes(object)),
  );
}
/**
 * As {@link save}, giving the bytes. Throws as that does.
 * @example
 * torch.load(torch.saveToBytes([torch.ones(2)]))[0] // tensor([1., 1.])
 */
export function saveToBytes(object: unknown): Uint8Array {
  return inNameOf('saveToBytes', () => {
    return formatPt<Storage>(object, {
      tensor: (value) => {
        if (!(value instanceof Tensor)) return null;
        // a tensor of a slab, or of another dtype's storage, is saved by itself
        const x = value.storage.alone && value.storage.nbytes % value.dt.size === 0 ? value : value.detach().clone();
        const own = x === value ? x : new Tensor(storageWith(dense(x)), x.dt, x.sizes, null, 0);
        return {
          storage: own.storage,
          dtype: own.dtype,
          sizes: own.sizes,
          strides: own.strides,
          offset: own.offset,
          requiresGrad: value.requiresGrad,
          isParameter: value instanceof Parameter,
          location: String(value.device),
        };
      },
      bytes: (storage) => {
        if (storage.handle < 0) throw new TypeError('save: a tensor was disposed');
        const out = new Uint8Array(storage.nbytes);
        waiting('save', () => native.read(storage.handle, storage.byteOffset, out));
        return out;
      },
    });
  });
}

/** The path of a file that is mapped. */
function mappedPath(where: string, file: unknown): string {
  if (typeof file === 'string') return file;
  if (file instanceof URL) return fileURLToPath(file);
  throw new TypeError(`${where}: expected a path in order to use mmap but received ${describe(file)}`);
}
/** Storages over a file's pages; where its data is not aligned, copies of it. */
function mappedStorages(
  where: string,
  path: string,
  open: OpenFile,
): (at: number, nbytes: number, itemSize: number) => Storage {
  let pages: ReturnType<typeof mapFile> | null = null;
  return (at, nbytes, itemSize) => {
    if (nbytes === 0 || at % itemSize !== 0) return storageWith(open.read(at, nbytes));
    try {
      pages ??= mapFile(path);
    } catch (error) {
      throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
    }
    return pages(at, nbytes);
  };
}
function withFile<R>(path: string, f: (open: OpenFile) => R): R {
  const open = new OpenFile(path);
  try {
    return f(open);
  } finally {
    open.close();
  }
}

/** Options of load. */
export interface LoadOptions {
  /** Where the tensors go; by default to where they were saved from. */
  mapLocation?: DeviceLike | null | undefined;
  /** false: single numbers of NumPy are read too. Code in a file is never run. */
  weightsOnly?: boolean | undefined;
  /** Maps the file into memory instead of reading it: bytes are read when they are used. Needs a path. */
  mmap?: boolean | null | undefined;
}
/** The entries of an archive that torch.save wrote. */
function mappedFiles(open: OpenFile): MappedFiles {
  checkStart(open.read(0, 4));
  const entries = storedEntries('load', open);
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  const folder = pickle?.slice(0, -'data.pkl'.length) ?? '';
  return {
    get: (name) => {
      const entry = entries.get(folder + name);
      return entry && open.read(entry.offset, entry.size);
    },
    place: (name) => entries.get(folder + name),
  };
}

/**
 * Reads what {@link save} or PyTorch's `torch.save` wrote. No code of the file is run.
 * Throws FileFormatError for damaged files and for objects other than tensors and containers.
 * @example
 * torch.load(torch.saveToBytes({ a: torch.ones(2) })).a // tensor([1., 1.])
 */
export function load<T = unknown>(file: FileLike, ...args: Call<[mapLocation?: DeviceLike | null], LoadOptions>): T {
  return inNameOf('load', () => {
    const {
      mapLocation,
      mmap = null,
      weightsOnly = true,
    } = readArguments<LoadOptions>('load', args, ['mapLocation'], ['weightsOnly', 'mmap']);
    const where = mapLocation === null || mapLocation === undefined ? null : available('load', device(mapLocation));
    if (mmap !== null && typeof mmap !== 'boolean')
      throw new TypeError(`load: expected a boolean for mmap but received ${describe(mmap)}`);
    const read = (
      source: Uint8Array | MappedFiles,
      storageOf: (record: StorageRecord) => Storage = ({ bytes }) => storageWith(bytes),
    ): T =>
      parsePt<Storage>(source, {
        numpy: weightsOnly === false,
        storage: (record) => {
          const at = where ?? available('load', device(record.location));
          return movedStorage(storageOf(record), at);
        },
        tensor: (record) => {
          const x = new Tensor(
            record.storage,
            toDType(record.dtype, 'load'),
            record.sizes,
            record.strides,
            record.offset,
          );
          if (record.isParameter) return new Parameter(x, record.requiresGrad);
          if (record.requiresGrad) x.requiresGrad = true;
          return x;
        },
      }) as T;
    if (mmap !== true) return read(bytesOf('load', file));
    const path = mappedPath('load', file);
    return withFile(path, (open) => {
      const storages = mappedStorages('load', path, open);
      return read(mappedFiles(open), ({ at, numel, dtype }) => {
        const { size } = toDType(dtype, 'load');
        return storages(at ?? 0, numel * size, size);
      });
    });
  });
}

/**
 * The tensors of a safetensors file, by name; with `mmap` it is mapped into memory instead of read. Throws FileFormatError for damaged files.
 * @example
 * torch.saveSafetensors({ w: torch.ones(2) }, `${tmp}/w.safetensors`)
 * torch.loadSafetensors(`${tmp}/w.safetensors`).w // tensor([1., 1.])
 */
export function loadSafetensors(
  file: FileLike,
  ...args: Call<[], { mmap?: boolean | undefined }>
): Record<string, Tensor> {
  const where = 'loadSafetensors';
  return inNameOf(where, () => {
    const { mmap = false } = readArguments<{ mmap: boolean }>(where, args, [], ['mmap']);
    const out: Record<string, Tensor> = Object.create(null);
    if (mmap) {
      const path = mappedPath(where, file);
      return withFile(path, (open) => {
        const storages = mappedStorages(where, path, open);
        const header = open.read(0, headerEnd(open.read(0, 8), open.size));
        for (const [name, { dtype, sizes, begin, end }] of parseLayout(header, open.size).places) {
          const dt = toDType(dtype, where);
          out[name] = new Tensor(storages(begin, end - begin, dt.size), dt, sizes, null, 0);
        }
        return out;
      });
    }
    for (const [name, { dtype, sizes, data }] of parseSafetensors(bytesOf(where, file)).tensors) {
      out[name] = new Tensor(storageWith(data), toDType(dtype, where), sizes, null, 0);
    }
    return out;
  });
}
/**
 * Writes tensors to a safetensors file, with optional metadata. Throws TypeError for what is no tensor.
 * @example
 * torch.saveSafetensors({ w: torch.ones(2) }, `${tmp}/w.safetensors`, { made: 'by flambeau' })
 * torch.loadSafetensors(`${tmp}/w.safetensors`).w // tensor([1., 1.])
 */
export function saveSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  file: string | URL,
  metadata?: Readonly<Record<string, string>>,
): void {
  const list = Object.entries(tensors).map(([name, x]) => {
    if (!(x instanceof Tensor))
      throw new TypeError(`saveSafetensors: expected a Tensor for '${name}' but received ${describe(x)}`);
    return [name, { dtype: x.dtype, sizes: x.sizes, data: dense(x) }] as const;
  });
  write(
    'saveSafetensors',
    file,
    serializeSafetensors(new Map(list), metadata ? new Map(Object.entries(metadata)) : null),
  );
}

/**
 * A tensor with the values of a `.npy` file's bytes, in the dtype and shape that its header names. Throws
 * FileFormatError for damaged bytes.
 * @example
 * const header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}\n"
 * const start = `\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0`
 * torch.fromNpy(Buffer.from(`${start}${header}\x01\0\x02\0`, 'latin1')) // tensor([1, 2], dtype=torch.int16)
 */
export function fromNpy(bytes: Uint8Array): Tensor {
  return inNameOf('fromNpy', () => {
    const { dtype, sizes, fortranOrder, data } = parseNpy(bytes);
    const storage = storageWith(data);
    const dt = toDType(dtype, 'fromNumpy');
    if (!fortranOrder) return new Tensor(storage, dt, sizes, null, 0);
    return new Tensor(storage, dt, sizes, [...contiguousStrides([...sizes].reverse())].reverse(), 0);
  });
}
/**
 * Writes a tensor as a `.npy` file. Throws TypeError for bfloat16, which NumPy lacks.
 * @example
 * torch.saveNpy(torch.ones(2), `${tmp}/ones.npy`) // undefined
 */
export function saveNpy(x: Tensor, file: string | URL): void {
  if (!(x instanceof Tensor)) throw new TypeError(`saveNpy: expected a Tensor but received ${describe(x)}`);
  write('saveNpy', file, formatNpy({ dtype: x.dtype, sizes: x.sizes, data: dense(x) }));
}

/**
 * The arrays of a `.npz` file, by name. Throws FileFormatError for damaged files and dtypes that tensors lack.
 * @example
 * torch.saveNpz({ x: torch.ones(2), y: torch.arange(3) }, `${tmp}/data.npz`)
 * torch.loadNpz(`${tmp}/data.npz`).y // tensor([0, 1, 2])
 */
export function loadNpz(file: FileLike): Record<string, Tensor> {
  return inNameOf('loadNpz', () => {
    const out: Record<string, Tensor> = Object.create(null);
    for (const [name, bytes] of unpackNpz(bytesOf('loadNpz', file))) out[name] = fromNpy(bytes);
    return out;
  });
}
/**
 * Writes tensors as a `.npz` file, as `numpy.savez` does, or with `compressed` as `numpy.savez_compressed`. Throws
 * TypeError for what is no tensor, and for bfloat16.
 * @example
 * torch.saveNpz({ x: torch.ones(2) }, `${tmp}/x.npz`, { compressed: true })
 * torch.loadNpz(`${tmp}/x.npz`).x // tensor([1., 1.])
 */
export function saveNpz(
  tensors: Readonly<Record<string, Tensor>>,
  file: string | URL,
  ...args: Call<[compressed?: boolean], { compressed?: boolean | undefined }>
): void {
  const where = 'saveNpz';
  const { compressed = false } = readArguments<{ compressed: boolean }>(where, args, ['compressed']);
  if (typeof tensors !== 'object' || tensors === null)
    throw new TypeError(`${where}: expected an object of Tensors but received ${describe(tensors)}`);
  const files = new Map<string, Uint8Array>();
  for (const [name, x] of Object.entries(tensors)) {
    if (!(x instanceof Tensor))
      throw new TypeError(`${where}: expected a Tensor for '${name}' but received ${describe(x)}`);
    files.set(
      name,
      inNameOf(where, () => formatNpy({ dtype: x.dtype, sizes: x.sizes, data: dense(x) })),
    );
  }
  write(where, file, packNpz(files, compressed));
}
