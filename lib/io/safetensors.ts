// Hugging Face's safetensors files, as bytes in memory. Called by the tensor-level load and save in lib/io. Reads what
// the official library reads and refuses what it refuses; writes the same bytes.
import type { DTypeName } from '../dtype.ts';
import { byteCount, FileFormatError } from './errors.ts';

/** One tensor of a file: row-major, little endian. */
export interface SafeTensor {
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  /** When read: a view of the file, at any alignment. */
  readonly data: Uint8Array;
}

/** The contents of a file; the tensors in the order in which they are stored. */
export interface SafeTensors {
  readonly metadata: Map<string, string>;
  readonly tensors: Map<string, SafeTensor>;
}

/** Name and bytes per element of each dtype, in the order of the official library's enum: it sorts by it, downwards. */
const formats: readonly (readonly [DTypeName, string, number])[] = [
  ['bool', 'BOOL', 1],
  ['uint8', 'U8', 1],
  ['int8', 'I8', 1],
  ['int16', 'I16', 2],
  ['float16', 'F16', 2],
  ['bfloat16', 'BF16', 2],
  ['int32', 'I32', 4],
  ['float32', 'F32', 4],
  ['float64', 'F64', 8],
  ['int64', 'I64', 8],
];
const maxHeader = 100_000_000;
const metadataKey = '__metadata__';

/** Where a tensor lies in a file. */
export type Place = Omit<SafeTensor, 'data'> & { readonly begin: number; readonly end: number };
/** How long the header of a file is, and its beginning, of which `bytes` must hold eight. */
export function headerEnd(bytes: Uint8Array, total: number): number {
  if (bytes.length < 8) fail(`the file ends after ${bytes.length} bytes, before its header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > maxHeader) fail(`header of ${length} bytes is too long; at most ${maxHeader} are allowed`);
  const start = 8 + Number(length);
  if (start > total) fail(`header of ${length} bytes, but the file ends after ${total} bytes`);
  return start;
}
/** Reads the header of a file of `total` bytes: what it holds, and where. */
export function parseLayout(
  bytes: Uint8Array,
  total: number,
): { metadata: Map<string, string>; places: Map<string, Place> } {
  const start = headerEnd(bytes, total);
  const header = parseHeader(bytes.subarray(8, start));

  let metadata = new Map<string, string>();
  const entries: Entry[] = [];
  for (const [name, value] of header) {
    if (name === metadataKey) metadata = readMetadata(value);
    else entries.push(readEntry(name, value));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const places = new Map<string, Place>();
  let offset = 0;
  for (const { name, dtype, sizes, begin, end } of entries) {
    if (begin !== offset) {
      fail(`tensor ${quote(name)} begins at byte ${begin}, but the one before it ends at ${offset}`);
    }
    if (end > total - start) fail(`tensor ${quote(name)} ends at byte ${end} of ${total - start}`);
    places.set(name, { dtype, sizes, begin: start + begin, end: start + end });
    offset = end;
  }
  if (start + offset !== total) {
    fail(`the tensors end at byte ${offset}, but ${total - start} bytes follow the header`);
  }
  return { metadata, places };
}
/** Reads a safetensors file. Throws FileFormatError when it is damaged or has a dtype that is not ours. */
export function parseSafetensors(bytes: Uint8Array): SafeTensors {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('safetensors: Expected a Uint8Array for bytes');
  const { metadata, places } = parseLayout(bytes, bytes.length);
  const tensors = new Map<string, SafeTensor>();
  for (const [name, { dtype, sizes, begin, end }] of places)
    tensors.set(name, { dtype, sizes, data: bytes.subarray(begin, end) });
  return { metadata, tensors };
}

/** The beginning of a safetensors file with these tensors, and the order in which their bytes follow. */
export function safetensorsHeader(
  tensors: ReadonlyMap<string, Omit<SafeTensor, 'data'>>,
  metadata: ReadonlyMap<string, string> | null = null,
): { header: Uint8Array; order: readonly { readonly name: string; readonly bytes: number }[]; total: number } {
  const parts: string[] = [];
  if (metadata !== null) {
    const pairs = [...metadata].map(([key, value]) => `${encodeString(key)}:${encodeString(value)}`);
    parts.push(`"${metadataKey}":{${pairs.join(',')}}`);
  }
  const rows = [...tensors].map(([name, { dtype, sizes }]) => {
    const rank = formats.findIndex(([known]) => known === dtype);
    const format = formats[rank];
    if (format === undefined) throw new TypeError(`safetensors: tensor ${quote(name)} has unknown dtype ${dtype}`);
    if (name === metadataKey) throw new TypeError(`safetensors: no tensor can be called '${metadataKey}'`);
    const bytes = byteCount(`safetensors: tensor ${quote(name)}`, sizes, format[2]);
    return { key: encodeString(name), name, sort: Buffer.from(name), code: format[1], rank, sizes, bytes };
  });
  rows.sort((a, b) => b.rank - a.rank || Buffer.compare(a.sort, b.sort));
  let offset = 0;
  for (const { key, code, sizes, bytes } of rows) {
    const end = offset + bytes;
    parts.push(`${key}:{"dtype":"${code}","shape":[${sizes.join(',')}],"data_offsets":[${offset},${end}]}`);
    offset = end;
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > maxHeader) throw new RangeError(`safetensors: header of ${headerLength} bytes is too long`);
  const header = new Uint8Array(8 + headerLength);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.fill(0x20, 8 + json.length);
  header.set(json, 8);
  return { header, order: rows, total: header.length + offset };
}

/** Writes a safetensors file: the bytes that the official library writes (which shuffles `metadata`; this does not). */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: ReadonlyMap<string, string> | null = null,
): Uint8Array {
  const { header, order, total } = safetensorsHeader(tensors, metadata);
  const out = new Uint8Array(total);
  out.set(header);
  let at = header.length;
  for (const { name, bytes } of order) {
    const { dtype, sizes, data } = tensors.get(name)!;
    if (bytes !== data.length) {
      throw new TypeError(
        `safetensors: tensor ${quote(name)}, ${dtype} of [${sizes.join(', ')}], takes ${bytes} bytes but received ${data.length}`,
      );
    }
    out.set(data, at);
    at += bytes;
  }
  return out;
}

function encodeString(text: string): string {
  if (typeof text !== 'string') throw new TypeError('safetensors: names and metadata must be strings');
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`safetensors: ${quote(text)} is no well-formed Unicode`);
  return JSON.stringify(text);
}

interface Entry {
  name: string;
  dtype: DTypeName;
  sizes: number[];
  begin: number;
  end: number;
}

function readMetadata(value: Json): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === null) return metadata;
  if (!(value instanceof Map)) fail(`${metadataKey} is no object`);
  for (const [key, text] of value) {
    if (typeof text !== 'string') fail(`${metadataKey} has no string for ${quote(key)}`);
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, value: Json): Entry {
  const what = `tensor ${quote(name)}`;
  if (!(value instanceof Map)) fail(`${what} is no object`);
  const code = value.get('dtype');
  const format = formats.find((row) => row[1] === code);
  if (typeof code !== 'string') fail(`${what} has no dtype`);
  if (format === undefined) {
    fail(`${what} has dtype ${quote(code)}; these are supported: ${formats.map((row) => row[1]).join(', ')}`);
  }
  const sizes = readIntegers(`${what}, shape`, value.get('shape'));
  const offsets = readIntegers(`${what}, data_offsets`, value.get('data_offsets'));
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2) fail(`${what} must have two data_offsets`);
  const size = byteCount(`safetensors: ${what}`, sizes, format[2]);
  if (end < begin || end - begin !== size) {
    fail(`${what}, ${code} of [${sizes.join(', ')}], takes ${size} bytes, but its data_offsets are ${begin} to ${end}`);
  }
  return { name, dtype: format[0], sizes, begin, end };
}

function readIntegers(what: string, value: Json | undefined): number[] {
  if (!Array.isArray(value)) fail(`${what} is no list`);
  return value.map((item) => {
    if (!(item instanceof NumberToken) || !/^\d+$/.test(item.text)) fail(`${what} holds more than whole numbers`);
    const number = Number(item.text);
    if (!Number.isSafeInteger(number)) fail(`${what} has the impossible number ${item.text}`);
    return number;
  });
}

function fail(message: string): never {
  throw new FileFormatError(`safetensors: ${message}`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** JSON as this file needs it: objects are Maps (so that no key is magic), numbers keep their spelling. */
type Json = string | boolean | null | NumberToken | Json[] | Map<string, Json>;

class NumberToken {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON parser of our own, because JSON.parse hides duplicate keys and takes 1e3 and 1.0 for whole numbers. */
function parseHeader(bytes: Uint8Array): Map<string, Json> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    fail('the header is no valid UTF-8');
  }
  const token = /[ \t\n\r]*(?:([{}[\],:]|true|false|null)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|("))/y;
  let depth = 0;
  const bad = (at: number): never => fail(`the header is no valid JSON at character ${at}`);

  const next = (): string | NumberToken | { string: string } => {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) return bad(from);
    if (match[1] !== undefined) return match[1];
    if (match[2] !== undefined) return new NumberToken(match[2]);
    const start = token.lastIndex - 1;
    let end = start + 1;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code === 0x5c) end++;
      else if (code === 0x22) break;
      else if (Number.isNaN(code)) return bad(start);
    }
    token.lastIndex = end + 1;
    let string = '';
    try {
      string = JSON.parse(text.slice(start, end + 1)) as string;
    } catch {
      return bad(start);
    }
    if (/\p{Surrogate}/u.test(string)) bad(start);
    return { string };
  };
  const value = (first: string | NumberToken | { string: string }): Json => {
    if (first instanceof NumberToken) return first;
    if (typeof first === 'object') return first.string;
    if (first === 'true' || first === 'false') return first === 'true';
    if (first === 'null') return null;
    if (first !== '{' && first !== '[') return bad(token.lastIndex - 1);
    if (++depth > 100) fail('the header is nested too deeply');
    const result = first === '{' ? object() : array();
    depth--;
    return result;
  };
  const array = (): Json[] => {
    const items: Json[] = [];
    let item = next();
    if (item === ']') return items;
    for (;;) {
      items.push(value(item));
      const separator = next();
      if (separator === ']') return items;
      if (separator !== ',') bad(token.lastIndex - 1);
      item = next();
    }
  };
  const object = (): Map<string, Json> => {
    const result = new Map<string, Json>();
    let key = next();
    if (key === '}') return result;
    for (;;) {
      if (typeof key === 'string' || key instanceof NumberToken) return bad(token.lastIndex - 1);
      if (result.has(key.string)) fail(`the header has ${quote(key.string)} twice`);
      if (next() !== ':') bad(token.lastIndex - 1);
      result.set(key.string, value(next()));
      const separator = next();
      if (separator === '}') return result;
      if (separator !== ',') bad(token.lastIndex - 1);
      key = next();
    }
  };

  const result = value(next());
  if (!(result instanceof Map)) fail('the header is no JSON object');
  if (!/^[ \t\n\r]*$/.test(text.slice(token.lastIndex))) bad(token.lastIndex);
  return result;
}
