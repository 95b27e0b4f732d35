// torch.save's files of before PyTorch 1.6, and what it writes without its zip: several pickles in a row, then the bytes
// of the storages. Called by pt.ts, which says what is in the pickles.
import { FileFormatError } from './errors.ts';
import { type UnpickleHooks, unpickleAt } from './unpickle.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

function fail(message: string): never {
  throw new FileFormatError(`load: ${message}`);
}

const plain: UnpickleHooks = {
  persistent: () => fail('a storage stands where there is none'),
  global: () => undefined,
  call: () => fail('a function is called where there is none'),
};

/** What a file holds: the data, and the bytes of its storages under the names that a zip has (`data/KEY`). */
export interface LegacyFile {
  readonly tree: unknown;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Whether a file can only be one of the old format. */
export const isLegacy = (bytes: Uint8Array): boolean => bytes[0] === 0x80;

/** Reads one. `bytesOf` gives the size of a storage that the pickle names; undefined if it names none of this key. */
export function readLegacy(
  bytes: Uint8Array,
  hooks: UnpickleHooks,
  storage: (key: string) => { readonly numel: number; readonly itemSize: number } | undefined,
): LegacyFile {
  let at = 0;
  const next = (with_: UnpickleHooks): unknown => {
    const { value, end } = unpickleAt(bytes, at, with_);
    at = end;
    return value;
  };
  let magic: unknown;
  try {
    magic = next(plain);
  } catch {
    magic = null; // a pickle of something else
  }
  if (magic !== MAGIC) fail('this is a pickle, but not one that torch.save wrote');
  const version = next(plain);
  if (version !== VERSION) fail(`the old format has version ${VERSION}, but the file has another`);
  next(plain); // sizes of C types, which are the same everywhere by now; storages are little endian everywhere
  const tree = next(hooks);
  const keys = next(plain);
  if (!Array.isArray(keys)) fail('the list of its storages is missing');
  const files = new Map<string, Uint8Array>();
  for (const key of keys as unknown[]) {
    const known = typeof key === 'string' ? storage(key) : undefined;
    if (known === undefined) fail('it has a storage that no tensor uses');
    const name = `data/${key as string}`;
    if (files.has(name)) fail(`it has storage ${JSON.stringify(key)} twice`);
    if (at + 8 > bytes.length) fail(`the file ends before storage ${JSON.stringify(key)}`);
    const numel = Number(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigInt64(0, true));
    if (numel !== known.numel)
      fail(`storage ${JSON.stringify(key)} has ${numel} elements, but its tensors expect ${known.numel}`);
    const end = at + 8 + numel * known.itemSize;
    if (!(end <= bytes.length)) fail(`the file ends in the middle of storage ${JSON.stringify(key)}`);
    files.set(name, bytes.subarray(at + 8, end));
    at = end;
  }
  return { tree, files };
}
