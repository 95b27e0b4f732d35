// torch.save's files: a zip of one pickle and the raw bytes of its storages. Called by the tensor-level load and save
// in lib/io, which turn records into tensors and back. No code of a file ever runs.
import { createRequire } from 'node:module';
import type { Zippable } from 'fflate';
import type { DTypeName } from '../dtype.ts';
import { byteCount, FileFormatError } from './errors.ts';
import { swapBytes } from './npy.ts';
import { Pickler } from './pickle.ts';
import { isLegacy, readLegacy } from './pt-legacy.ts';
import { numpyBuild, numpyCall, numpyGlobal } from './pt-numpy.ts';
import { PyGlobal, PyTuple, unpickle, type UnpickleHooks } from './unpickle.ts';

/** Loaded when it is needed: its tables take as long to make as all of this library to load. */
const fflate = (): typeof import('fflate') => createRequire(import.meta.url)('fflate') as typeof import('fflate');

/** One storage of a file. */
export interface StorageRecord {
  readonly key: string;
  readonly dtype: DTypeName;
  readonly numel: number;
  /** Little endian; empty where the file is read piece by piece. */
  readonly bytes: Uint8Array;
  /** Where it begins in such a file. */
  readonly at?: number;
  /** Where the storage was when it was saved: `cpu`, `cuda:0`. */
  readonly location: string;
}

/** A tensor of a file: a view of a storage, checked to lie within it. Where strides are 0, sizes may be enormous. */
export interface TensorRecord<Storage> {
  readonly storage: Storage;
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  /** In elements. */
  readonly offset: number;
  readonly requiresGrad: boolean;
  readonly isParameter: boolean;
}
/** A tensor to be written. */
export interface SavedTensor<Storage> extends TensorRecord<Storage> {
  /** As of a storage that is read; `cpu` unless given. */
  readonly location?: string;
}

/** How `parsePt` makes storages (once for each key) and tensors, and what it gives for a dict. */
export interface ReadHooks<Storage> {
  storage(record: StorageRecord): Storage;
  tensor(record: TensorRecord<Storage>): unknown;
  /** `object` (default): a plain object when all keys are strings, else a Map; `map`: always a Map. */
  readonly dicts?: 'object' | 'map';
  /** Whether single numbers of NumPy are read too. */
  readonly numpy?: boolean;
}

/** The entries of an archive whose storages are not read but mapped. */
export interface MappedFiles {
  /** A whole entry, for all but storages. */
  get(name: string): Uint8Array | undefined;
  /** Where an entry lies. */
  place(name: string): { readonly offset: number; readonly size: number } | undefined;
}

/** How `formatPt` finds tensors in the data that it writes. */
export interface WriteHooks<Storage extends object> {
  /** The record of a tensor, null for anything else. Records with the same storage object share their bytes. */
  tensor(value: object): SavedTensor<Storage> | null;
  /** All bytes of a storage, little endian; asked for once. */
  bytes(storage: Storage): Uint8Array;
}

const storageTypes: ReadonlyMap<string, readonly [DTypeName, number]> = new Map([
  ['FloatStorage', ['float32', 4]],
  ['DoubleStorage', ['float64', 8]],
  ['HalfStorage', ['float16', 2]],
  ['BFloat16Storage', ['bfloat16', 2]],
  ['LongStorage', ['int64', 8]],
  ['IntStorage', ['int32', 4]],
  ['ShortStorage', ['int16', 2]],
  ['CharStorage', ['int8', 1]],
  ['ByteStorage', ['uint8', 1]],
  ['BoolStorage', ['bool', 1]],
]);
const storageNames: ReadonlyMap<DTypeName, string> = new Map([...storageTypes].map(([name, [dtype]]) => [dtype, name]));
const callables: ReadonlySet<string> = new Set([
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._tensor._rebuild_from_type_v2',
  'torch.Size',
  'torch.device',
  'torch.serialization._get_layout',
  'torch.Tensor',
  'torch.nn.parameter.Parameter',
]);
/** What else tensors are made of in files. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/^torch\._utils\._rebuild_sparse/, 'sparse tensors are not supported: save x.to_dense()'],
  [/^torch\._utils\._rebuild_qtensor|^torch\.Q\w+Storage/, 'quantized tensors are not supported: save x.dequantize()'],
  [/^torch\.Complex|\.complex$/, 'complex numbers are not supported: save torch.view_as_real(x)'],
  [/^torch\._utils\._rebuild_tensor_v3/, 'its dtype (float8, uint16 and the like) is not supported'],
  [/^torch\._utils\._rebuild_(meta|nested)_tensor/, 'meta and nested tensors are not supported'],
  [
    /^numpy\./,
    'values of NumPy are no weights: save x.item() or torch.from_numpy(x); single numbers are read with { weightsOnly: false }',
  ],
  [/^torch\.nn\.modules\./, 'whole modules are code: save module.state_dict()'],
];
const maxDepth = 1000;
const maxZipBytes = 2 ** 32 - 1;
/** `FB`, the zip field in which PyTorch puts its padding. */
const paddingField = 0x4246;

function fail(message: string): never {
  throw new FileFormatError(`load: ${message}`);
}

/** A storage as the pickle names it. */
class StorageReference {
  readonly key: string;
  readonly dtype: DTypeName;
  readonly itemSize: number;
  readonly numel: number;
  readonly location: string;
  constructor(key: string, type: readonly [DTypeName, number], numel: number, location: string) {
    this.key = key;
    [this.dtype, this.itemSize] = type;
    this.numel = numel;
    this.location = location;
  }
}

/** A tensor that is made only at the end, when it is known whether a parameter is wrapped around it. */
class PendingTensor {
  readonly record: TensorRecord<StorageReference>;
  constructor(record: TensorRecord<StorageReference>) {
    this.record = record;
  }
}

/**
 * Reads a file that `torch.save` wrote: plain data and tensors, in JavaScript's terms (see ReadHooks; tuples and
 * torch.Size as arrays, dtypes and devices as strings, bytes as Uint8Array). Anything else is a FileFormatError that
 * names it.
 */
export function parsePt<Storage>(bytes: Uint8Array | MappedFiles, hooks: ReadHooks<Storage>): unknown {
  const mapped = bytes instanceof Uint8Array ? null : bytes;
  const { numpy = false } = hooks;
  const named = new Map<string, StorageReference>();
  const unpickling: UnpickleHooks = {
    persistent: (id) => {
      const reference = readReference(id);
      if (!named.has(reference.key)) named.set(reference.key, reference);
      return reference;
    },
    global: (path) => readGlobal(path) ?? (numpy ? numpyGlobal(path) : undefined),
    refusal: (path) => refusals.find(([pattern]) => pattern.test(path))?.[1],
    call: (path, args) => (numpy ? numpyCall(path, args) : undefined) ?? callGlobal(path, args),
    build: numpyBuild,
  };
  const legacy =
    bytes instanceof Uint8Array && isLegacy(bytes) ? readLegacy(bytes, unpickling, (k) => named.get(k)) : null;
  const files = legacy !== null ? legacy.files : bytes instanceof Uint8Array ? readZip(bytes) : bytes;
  const order = files.get('byteorder');
  const byteOrder = order === undefined ? 'little' : new TextDecoder().decode(order.subarray(0, 10));
  if (byteOrder !== 'little' && byteOrder !== 'big') fail(`unknown byte order ${JSON.stringify(byteOrder)}`);

  const made = new Map<string, { reference: StorageReference; storage: Storage }>();
  const makeStorage = (reference: StorageReference): Storage => {
    const { key, dtype, itemSize, numel, location } = reference;
    const known = made.get(key);
    if (known !== undefined) {
      if (known.reference.dtype !== dtype || known.reference.numel !== numel) {
        fail(`storage ${JSON.stringify(key)} is described in two ways`);
      }
      return known.storage;
    }
    const length = byteCount(`load: storage ${JSON.stringify(key)}`, [numel], itemSize);
    const place = mapped?.place(`data/${key}`);
    const data = (mapped === null ? files.get(`data/${key}`) : null) ?? new Uint8Array(0);
    const there = mapped === null ? data.length : (place?.size ?? 0);
    if (there < length) {
      fail(`storage ${JSON.stringify(key)} takes ${length} bytes, but the file has ${there}`);
    }
    if (mapped !== null && byteOrder === 'big')
      fail('a file of the other byte order cannot be mapped: load it without mmap');
    const exact = data.subarray(0, length);
    const swap = byteOrder === 'big' && itemSize > 1;
    const contents = swap ? swapBytes(exact, itemSize) : exact;
    const storage = hooks.storage({
      key,
      dtype,
      numel,
      location,
      bytes: contents,
      ...(place ? { at: place.offset } : {}),
    });
    made.set(key, { reference, storage });
    return storage;
  };

  const tree =
    legacy !== null ? legacy.tree : unpickle(files.get('data.pkl') ?? fail('the file has no data.pkl'), unpickling);
  return finish(tree, {
    asObject: hooks.dicts !== 'map',
    tensor: ({ record }) => hooks.tensor({ ...record, storage: makeStorage(record.storage) }),
  });
}

/** Refuses files that begin otherwise than a zip archive. */
export function checkStart(bytes: Uint8Array): void {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return;
  if (isLegacy(bytes)) fail("this file is in PyTorch's old format, which cannot be mapped: load it without mmap");
  const tar = bytes.length > 262 && new TextDecoder('latin1').decode(bytes.subarray(257, 262)) === 'ustar';
  if (tar) fail('this file is in the tar format of PyTorch 0.1: load it in Python and torch.save it again');
  fail('this is no file that torch.save wrote');
}

/** The entries below the archive's folder, without that folder's name. */
function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  checkStart(bytes);
  let entries = 0;
  let total = 0;
  let unzipped: Record<string, Uint8Array>;
  const expected = new Map<string, number>();
  try {
    unzipped = fflate().unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        // The central directory is not to be believed: its count of entries and their sizes are held against the file.
        if (++entries > bytes.length / 46) fail('its directory has more entries than the file has room for');
        if (/^[^/]+\/constants\.pkl$/.test(name)) fail('this is a TorchScript program, not saved data');
        if (!/^[^/]+\/(data\.pkl|byteorder|data\/[^/]+)$/.test(name)) return false;
        if (compression !== 0) fail(`${JSON.stringify(name)} is compressed, which torch.save never does`);
        if (size !== originalSize) fail(`${JSON.stringify(name)} has two sizes, ${size} and ${originalSize}`);
        total += size;
        if (total > bytes.length) fail(`its entries are larger than the file's ${bytes.length} bytes`);
        if (expected.has(name)) fail(`it has ${JSON.stringify(name)} twice`);
        expected.set(name, size);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    return fail(`the zip archive is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
  const pickle = Object.keys(unzipped).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) fail('this zip archive has no data.pkl: torch.save did not write it');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const files = new Map<string, Uint8Array>();
  for (const [name, data] of Object.entries(unzipped)) {
    if (!name.startsWith(folder)) continue;
    if (data.length !== expected.get(name)) fail(`the file ends in the middle of ${JSON.stringify(name)}`);
    files.set(name.slice(folder.length), data);
  }
  return files;
}

function readReference(id: unknown): StorageReference {
  const [tag, type, key, location, numel, view] = id instanceof PyTuple ? id.items : [];
  const known = type instanceof PyGlobal ? storageTypes.get(type.path.replace(/^torch\.(cuda\.)?/, '')) : undefined;
  if (tag !== 'storage' || known === undefined || typeof key !== 'string' || typeof location !== 'string') {
    return fail('a persistent id is no storage');
  }
  if (view !== undefined && view !== null) fail('a part of a storage, as PyTorch 0.1 saved it, is not supported');
  return new StorageReference(key, known, wholeNumber('a storage size', numel), location);
}

function readGlobal(path: string): PyGlobal | string | undefined {
  const name = path.replace(/^torch\.(cuda\.)?/, '');
  if (name === path) return undefined;
  if (callables.has(path) || storageTypes.has(name)) return new PyGlobal(path);
  for (const dtype of storageNames.keys()) if (path === `torch.${dtype}`) return dtype;
  return undefined;
}

function callGlobal(path: string, args: readonly unknown[]): unknown {
  const [first, second, third] = args;
  switch (path) {
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return rebuildTensor(args);
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      if (!(first instanceof PendingTensor)) break;
      return new PendingTensor({ ...first.record, requiresGrad: second === true, isParameter: true });
    case 'torch._tensor._rebuild_from_type_v2':
      // A tensor with attributes of its own, which are dropped. Never itself, or calls could nest without end.
      if (!(first instanceof PyGlobal) || !(third instanceof PyTuple) || first.path === path) break;
      return callGlobal(first.path, third.items);
    case 'torch.Size':
      if (first instanceof PyTuple) return first;
      break;
    case 'torch.device':
      if (typeof first !== 'string') break;
      return second === undefined ? first : `${first}:${wholeNumber('a device index', second)}`;
    case 'torch.serialization._get_layout':
      if (first === 'torch.strided') return first;
      break;
  }
  return fail(`${path} is called with arguments that are not supported`);
}

function rebuildTensor(args: readonly unknown[]): PendingTensor {
  const [storage, offset, sizes, strides, requiresGrad, , metadata] = args;
  if (!(storage instanceof StorageReference) || !(sizes instanceof PyTuple) || !(strides instanceof PyTuple)) {
    return fail('a tensor is rebuilt from something else than a storage');
  }
  if (metadata instanceof Map && metadata.size > 0)
    fail('a tensor with its negative or conjugate bit is not supported');
  const record = {
    storage,
    dtype: storage.dtype,
    sizes: sizes.items.map((size) => wholeNumber('a size', size)),
    strides: strides.items.map((stride) => wholeNumber('a stride', stride)),
    offset: wholeNumber('a storage offset', offset),
    requiresGrad: requiresGrad === true,
    isParameter: false,
  };
  const text = `a tensor of [${record.sizes.slice(0, 64).join(', ')}]`;
  if (record.sizes.length !== record.strides.length) fail(`${text} has ${record.strides.length} strides`);
  byteCount(`load: ${text}`, record.sizes, storage.itemSize);
  if (!record.sizes.includes(0)) {
    const last = record.sizes.reduce((at, size, i) => at + (size - 1) * (record.strides[i] ?? 0), record.offset);
    // Sums beyond 2^53 lose digits but not their size, so the comparison holds.
    if (last >= storage.numel) fail(`${text} reaches element ${last} of a storage of ${storage.numel}`);
  }
  return new PendingTensor(record);
}

function wholeNumber(what: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return fail(`${what} is no whole number`);
}

interface Finish {
  readonly asObject: boolean;
  tensor(pending: PendingTensor): unknown;
}

/** Turns the unpickler's values into what callers see. Shared parts stay shared, and cycles cycles. */
function finish(root: unknown, { asObject, tensor }: Finish): unknown {
  const done = new Map<object, unknown>();
  const visit = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    const before = done.get(value);
    if (before !== undefined) return before;
    if (depth > maxDepth) fail(`the data is nested more than ${maxDepth} deep`);
    if (value instanceof PendingTensor) {
      const result = tensor(value);
      done.set(value, result);
      return result;
    }
    if (value instanceof PyTuple || Array.isArray(value)) {
      const result: unknown[] = [];
      done.set(value, result);
      for (const item of value instanceof PyTuple ? value.items : value) result.push(visit(item, depth + 1));
      return result;
    }
    if (value instanceof Set) {
      const result = new Set<unknown>();
      done.set(value, result);
      for (const item of value) result.add(visit(item, depth + 1));
      return result;
    }
    if (value instanceof Map) {
      // Assigning __proto__ would change the object's prototype; a Map has no magic keys.
      const plain = asObject && [...value.keys()].every((key) => typeof key === 'string' && key !== '__proto__');
      if (plain) {
        const result: Record<string, unknown> = {};
        done.set(value, result);
        for (const [key, item] of value) result[key as string] = visit(item, depth + 1);
        return result;
      }
      const result = new Map<unknown, unknown>();
      done.set(value, result);
      for (const [key, item] of value) result.set(visit(key, depth + 1), visit(item, depth + 1));
      return result;
    }
    if (value instanceof StorageReference) fail('a storage outside of a tensor is not supported');
    return fail(`${value instanceof PyGlobal ? value.path : 'an object'} is no data`);
  };
  return visit(root, 0);
}

/**
 * Writes what `torch.load(…, weights_only=True)` reads. Plain objects and Maps become dicts, arrays lists, Sets sets,
 * Uint8Arrays bytes, whole numbers and bigints ints, other numbers floats, null None. Storages are written whole and
 * once, however many tensors view them.
 */
export function formatPt<Storage extends object>(value: unknown, hooks: WriteHooks<Storage>): Uint8Array {
  const storages = new Map<Storage, { key: string; dtype: DTypeName; bytes: Uint8Array }>();
  const pickle = new Pickler({
    object(object, out) {
      const record = hooks.tensor(object);
      if (record === null) return false;
      const name = storageNames.get(record.dtype);
      if (name === undefined) throw new TypeError(`save: unknown dtype ${record.dtype}`);
      let stored = storages.get(record.storage);
      if (stored === undefined) {
        stored = { key: String(storages.size), dtype: record.dtype, bytes: hooks.bytes(record.storage) };
        storages.set(record.storage, stored);
      }
      if (stored.dtype !== record.dtype) {
        throw new TypeError(`save: one storage is viewed as ${stored.dtype} and as ${record.dtype}; clone one of them`);
      }
      if (record.isParameter) {
        out.global('torch._utils', '_rebuild_parameter');
        out.op('(');
      }
      out.global('torch._utils', '_rebuild_tensor_v2');
      out.op('((');
      out.string('storage');
      out.global('torch', name);
      out.string(stored.key);
      out.string(record.location ?? 'cpu');
      out.number(stored.bytes.length / (storageTypes.get(name)?.[1] ?? 1));
      out.op('tQ');
      out.number(record.offset);
      out.integers(record.sizes);
      out.integers(record.strides);
      const emptyHooks = (): void => {
        out.global('collections', 'OrderedDict');
        out.op(')R');
      };
      out.value(record.requiresGrad && !record.isParameter);
      emptyHooks();
      out.op('tR');
      if (record.isParameter) {
        out.value(record.requiresGrad);
        emptyHooks();
        out.op('tR');
      }
      return true;
    },
  }).dump(value);

  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  // No .format_version: it would promise the exact layout of torch's own zip writer, from which some readers compute.
  const records: [string, Uint8Array][] = [
    ['data.pkl', pickle],
    ['byteorder', text('little')],
  ];
  for (const { key, bytes } of storages.values()) records.push([`data/${key}`, bytes]);
  records.push(['version', text('3\n')]);
  return writeZip(records);
}

/** Stored entries whose data starts at multiples of 64, for torch.load(mmap=True). Equal data gives equal bytes. */
function writeZip(records: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const zip: Zippable = {};
  let offset = 0;
  for (const [name, data] of records) {
    const path = `archive/${name}`;
    const before = offset + 30 + path.length + 4;
    const padding = (64 - (before % 64)) % 64;
    const extra = { [paddingField]: new Uint8Array(padding).fill(0x5a) };
    zip[path] = [data, { level: 0, mtime: new Date(1980, 0, 1), extra }];
    offset = before + padding + data.length;
    if (offset > maxZipBytes - 2 ** 20) {
      throw new RangeError('save: more than 4 GiB do not fit into one file of this kind; save as safetensors');
    }
  }
  return fflate().zipSync(zip);
}
