// The file that says what a checkpoint holds: which rectangle of which tensor is in which file. Written and read by save.ts and
// load.ts. What is read is not trusted: every number is checked before it is used.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DTypeName, toDType } from '../../dtype.ts';
import { byteCount, FileFormatError } from '../../io/errors.ts';
import type { Rectangle } from '../sharding.ts';
import type { Step } from './flatten.ts';

/** The name of the file in a checkpoint's folder. */
export const METADATA = 'metadata.json';

/** A part of a tensor, which is in a file under the tensor's name. */
export interface Shard extends Rectangle {
  readonly file: string;
}
/** A tensor: its parts cover it, and none twice. */
export interface TensorEntry {
  readonly path: readonly Step[];
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  readonly shards: readonly Shard[];
}
/** What is no tensor. */
export interface ValueEntry {
  readonly path: readonly Step[];
  readonly value: unknown;
}
export interface Metadata {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly values: ReadonlyMap<string, ValueEntry>;
}

export const volume = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** What JSON has no word for. */
type Special =
  | { readonly number: string }
  | { readonly bigint: string }
  | { readonly empty: 'list' | 'map' | 'object' };

/** A value as JSON writes it. Throws TypeError for what cannot be in a checkpoint. */
export function encodeValue(where: string, key: string, value: unknown): string | number | boolean | null | Special {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { number: Object.is(value, -0) ? '-0' : String(value) };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (Array.isArray(value)) return { empty: 'list' };
  if (value instanceof Map) return { empty: 'map' };
  if (
    typeof value === 'object' &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  )
    return { empty: 'object' };
  throw new TypeError(
    `${where}: '${key}' is a ${typeof value === 'object' ? value.constructor.name : typeof value}; a checkpoint holds tensors, ` +
      'numbers, strings, booleans, null, and lists, Maps and plain objects of them',
  );
}
function decodeValue(value: unknown, fail: (message: string) => never): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [entry, ...more] = Object.entries(value) as [string, unknown][];
  if (entry === undefined || more.length > 0) return fail('a value is damaged');
  const [kind, text] = entry;
  if (kind === 'number' && typeof text === 'string' && /^(NaN|-?Infinity|-0)$/.test(text)) return Number(text);
  if (kind === 'bigint' && typeof text === 'string' && /^-?\d{1,1000}$/.test(text)) return BigInt(text);
  if (kind === 'empty' && text === 'list') return [];
  if (kind === 'empty' && text === 'map') return new Map();
  if (kind === 'empty' && text === 'object') return {};
  return fail('a value is damaged');
}

/** The text of the file. */
export function formatMetadata(
  tensors: ReadonlyMap<string, TensorEntry>,
  values: ReadonlyMap<string, ValueEntry>,
): string {
  // one line an entry: people look at it
  const lines = (map: ReadonlyMap<string, unknown>): string =>
    [...map].map(([key, value]) => `\n    ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',');
  return `{\n  "format": "flambeau.checkpoint",\n  "version": 1,\n  "tensors": {${lines(tensors)}\n  },\n  "values": {${lines(values)}\n  }\n}\n`;
}

type Fail = (message: string) => never;
const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
function entriesOf(x: unknown, what: string, fail: Fail): [string, Record<string, unknown>][] {
  if (!isObject(x)) return fail(`${what} is no object`);
  return Object.entries(x).map(([key, value]) =>
    isObject(value) ? [key, value] : fail(`${what} has no object for '${key}'`),
  );
}
function wholes(x: unknown, what: string, fail: Fail): number[] {
  if (!Array.isArray(x) || x.length > 64) return fail(`${what} is no list of sizes`);
  return (x as unknown[]).map((n) =>
    typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : fail(`${what} holds ${JSON.stringify(n)}`),
  );
}
function pathOf(x: unknown, key: string, fail: Fail): Step[] {
  const isName = (s: unknown): s is string | number =>
    typeof s === 'string' || (typeof s === 'number' && Number.isSafeInteger(s));
  if (!Array.isArray(x) || x.length === 0 || x.length > 1000) return fail(`'${key}' has no path`);
  return (x as unknown[]).map((step): Step => {
    if (typeof step === 'number' && step < 0) return fail(`the path of '${key}' is damaged`);
    if (isName(step)) return step;
    if (Array.isArray(step) && step.length === 1 && isName(step[0])) return [step[0]];
    return fail(`the path of '${key}' is damaged`);
  });
}

/** Whether two parts have an element in common. */
const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.sizes.every((n, d) => a.offsets[d]! < b.offsets[d]! + b.sizes[d]! && b.offsets[d]! < a.offsets[d]! + n);

/** Checks that parts lie in a tensor, cover it, and none twice; gives what is wrong, or null. */
export function uncovered(sizes: readonly number[], shards: readonly Rectangle[]): string | null {
  let sum = 0;
  for (const { offsets, sizes: part } of shards) {
    if (offsets.length !== sizes.length || part.length !== sizes.length) return 'a part has another number of dims';
    if (part.some((n, d) => offsets[d]! + n > sizes[d]!)) return 'a part reaches beyond the tensor';
    sum += volume(part);
  }
  if (sum !== volume(sizes)) return `its parts have ${sum} of ${volume(sizes)} elements`;
  // sorted by their first row, parts can overlap neighbours only as long as these reach
  const filled = shards.filter((s) => volume(s.sizes) > 0).sort((a, b) => (a.offsets[0] ?? 0) - (b.offsets[0] ?? 0));
  for (let i = 0; i < filled.length; i++) {
    const a = filled[i]!;
    for (let j = i + 1; j < filled.length; j++) {
      const b = filled[j]!;
      if ((b.offsets[0] ?? 0) >= (a.offsets[0] ?? 0) + (a.sizes[0] ?? 1)) break;
      if (overlap(a, b)) return 'its parts overlap';
    }
  }
  return null;
}

/** Reads the file of a checkpoint. Throws FileFormatError, with its path, where it is damaged. */
export function readMetadata(folder: string): Metadata {
  const file = join(folder, METADATA);
  const fail: Fail = (message) => {
    throw new FileFormatError(`${file}: ${message}`);
  };
  const text = readFileSync(file, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    fail('the file is no valid JSON');
  }
  if (!isObject(json) || json.format !== 'flambeau.checkpoint') return fail('this is no checkpoint of flambeau');
  if (json.version !== 1) fail(`version ${JSON.stringify(json.version)} is not known; this reads version 1`);
  const tensors = new Map<string, TensorEntry>();
  for (const [key, entry] of entriesOf(json.tensors, 'tensors', fail)) {
    if (typeof entry.dtype !== 'string') return fail(`'${key}' has no dtype`);
    let dtype: DTypeName;
    try {
      dtype = toDType(entry.dtype as DTypeName, 'checkpoint').name;
    } catch {
      return fail(`'${key}' has the unknown dtype ${JSON.stringify(entry.dtype)}`);
    }
    const sizes = wholes(entry.sizes, `the shape of '${key}'`, fail);
    byteCount(`${file}: '${key}'`, sizes, toDType(dtype, 'checkpoint').size);
    if (!Array.isArray(entry.shards) || entry.shards.length === 0) return fail(`'${key}' has no parts`);
    const shards = (entry.shards as unknown[]).map((shard): Shard => {
      if (!isObject(shard)) return fail(`a part of '${key}' is no object`);
      const { file: name } = shard;
      // a plain name: nothing outside the folder is opened
      if (typeof name !== 'string' || !/^\w[\w-]*\.safetensors$/.test(name))
        return fail(`a part of '${key}' is in the impossible file ${JSON.stringify(name)}`);
      return {
        offsets: wholes(shard.offsets, `the place of a part of '${key}'`, fail),
        sizes: wholes(shard.sizes, `the shape of a part of '${key}'`, fail),
        file: name,
      };
    });
    const wrong = uncovered(sizes, shards);
    if (wrong !== null) fail(`'${key}' is damaged: ${wrong}`);
    tensors.set(key, { path: pathOf(entry.path, key, fail), dtype, sizes, shards });
  }
  const values = new Map<string, ValueEntry>();
  for (const [key, entry] of entriesOf(json.values, 'values', fail))
    values.set(key, { path: pathOf(entry.path, key, fail), value: decodeValue(entry.value, fail) });
  return { tensors, values };
}
