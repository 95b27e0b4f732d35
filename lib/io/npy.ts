// NumPy's .npy files, as bytes in memory. Called by the tensor-level load and save in lib/io; hostile input is
// expected.
import type { DTypeName } from '../dtype.ts';
import { byteCount, FileFormatError } from './errors.ts';

/** The contents of a .npy file. */
export interface NpyArray {
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  /** Whether the elements lie in column-major order. */
  readonly fortranOrder: boolean;
  /** The elements, little endian: a view of the file, or a copy where the file was big endian. */
  readonly data: Uint8Array;
}

const dtypes: ReadonlyMap<string, DTypeName> = new Map([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);
const codes: ReadonlyMap<DTypeName, string> = new Map([...dtypes].map(([code, dtype]) => [dtype, code]));
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy keeps room for the first size to grow to this many digits, so that files can be appended to. */
const growthDigits = 21;

/** Reads a .npy file (versions 1 to 3). Throws FileFormatError when it is damaged or of a dtype that is not ours. */
export function parseNpy(bytes: Uint8Array): NpyArray {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('npy: Expected a Uint8Array for bytes');
  if (bytes.length < 10) throw new FileFormatError(`npy: the file ends after ${bytes.length} bytes, before its header`);
  if (magic.some((byte, i) => bytes[i] !== byte)) throw new FileFormatError('npy: this is not a .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) throw new FileFormatError(`npy: unknown format version ${version}`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw new FileFormatError('npy: the file ends before its header');
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = start + headerLength;
  if (end > bytes.length) {
    throw new FileFormatError(`npy: header of ${headerLength} bytes, but the file ends after ${bytes.length} bytes`);
  }
  const header = parseHeader(new TextDecoder('latin1').decode(bytes.subarray(start, end)));
  const order = header.descr[0] ?? '';
  const code = header.descr.slice(1);
  const dtype = dtypes.get(code);
  if (dtype === undefined || !'<>=|'.includes(order)) {
    const known = [...dtypes.keys()].join(', ');
    throw new FileFormatError(`npy: dtype '${header.descr}' is not supported; these are: ${known}`);
  }
  const itemSize = Number(code[1]);
  if (order === '|' && itemSize > 1) throw new FileFormatError(`npy: dtype '${header.descr}' lacks its byte order`);
  const length = byteCount('npy: the array', header.sizes, itemSize);
  if (length > bytes.length - end) {
    const sizes = header.sizes.join(', ');
    throw new FileFormatError(
      `npy: ${dtype} of [${sizes}] takes ${length} bytes, but only ${bytes.length - end} follow the header`,
    );
  }
  const data = bytes.subarray(end, end + length);
  return {
    dtype,
    sizes: header.sizes,
    fortranOrder: header.fortranOrder,
    data: order === '>' && itemSize > 1 ? swapBytes(data, itemSize) : data,
  };
}

/** Writes a .npy file of row-major, little-endian elements: the very bytes that `numpy.save` writes. */
export function formatNpy(array: Pick<NpyArray, 'dtype' | 'sizes' | 'data'>): Uint8Array {
  const { dtype, sizes, data } = array;
  const code = codes.get(dtype);
  if (code === undefined) throw new TypeError(`npy: NumPy has no ${dtype}; convert to float32 first`);
  const itemSize = Number(code[1]);
  const length = byteCount('npy: the array', sizes, itemSize);
  if (data.length !== length) {
    throw new TypeError(`npy: ${dtype} of [${sizes.join(', ')}] takes ${length} bytes but received ${data.length}`);
  }
  const shape = sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(', ')})`;
  let text = `{'descr': '${itemSize === 1 ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  if (sizes.length > 0) text += ' '.repeat(growthDigits - String(sizes[0]).length);
  const end = Math.ceil((10 + text.length + 1) / 64) * 64;
  const out = new Uint8Array(end + length);
  out.set(magic);
  out.set([1, 0, (end - 10) & 255, (end - 10) >> 8], 6);
  out.set(new TextEncoder().encode(`${text.padEnd(end - 11)}\n`), 10);
  out.set(data, end);
  return out;
}

/** Reverses the bytes of each element, into a copy. */
export function swapBytes(data: Uint8Array, itemSize: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += itemSize) {
    for (let j = 0; j < itemSize; j++) out[i + j] = data[i + itemSize - 1 - j] ?? 0;
  }
  return out;
}

interface Header {
  descr: string;
  sizes: number[];
  fortranOrder: boolean;
}

/** The header is a Python dict literal with three known keys; nothing else is accepted. */
function parseHeader(text: string): Header {
  const found: { descr?: string; sizes?: number[]; fortranOrder?: boolean } = {};
  const dict = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1];
  if (dict === undefined) throw new FileFormatError(`npy: cannot read the header ${quote(text)}`);
  const entry = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([\s\dL,]*)\))\s*(,|$)/y;
  while (entry.lastIndex < dict.length) {
    const from = entry.lastIndex;
    const match = entry.exec(dict);
    if (match === null) {
      const rest = dict.slice(from);
      if (rest.trim() === '') break;
      if (/^\s*['"]descr['"]\s*:\s*\[/.test(rest)) {
        throw new FileFormatError('npy: structured dtypes are not supported');
      }
      throw new FileFormatError(`npy: cannot read the header at ${quote(rest)}`);
    }
    const [, , key, , string, boolean, tuple] = match;
    if (key === 'descr' && string !== undefined && found.descr === undefined) found.descr = string;
    else if (key === 'fortran_order' && boolean !== undefined && found.fortranOrder === undefined) {
      found.fortranOrder = boolean === 'True';
    } else if (key === 'shape' && tuple !== undefined && found.sizes === undefined) found.sizes = parseShape(tuple);
    else throw new FileFormatError(`npy: the header has an unexpected ${quote(match[0])}`);
  }
  const { descr, sizes, fortranOrder } = found;
  if (descr === undefined || sizes === undefined || fortranOrder === undefined) {
    throw new FileFormatError(`npy: the header lacks descr, fortran_order or shape: ${quote(text)}`);
  }
  return { descr, sizes, fortranOrder };
}

function parseShape(tuple: string): number[] {
  const parts = tuple.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  else if (parts.length === 1) throw new FileFormatError(`npy: shape (${tuple.trim()}) is no tuple`);
  return parts.map((part) => {
    if (!/^\d+L?$/.test(part)) throw new FileFormatError(`npy: cannot read the shape (${tuple.trim()})`);
    return Number.parseInt(part, 10);
  });
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
