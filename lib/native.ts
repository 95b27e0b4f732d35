// The CPU's addon: its typed mirror, the arrays shared with it, and kernels by name.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadAddon, packagedBackend } from './addon.ts';
import { dtypes } from './dtype.ts';

type Bytes =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Uint8ClampedArray;

/** Mirror of native/addon.cc. Handles are numbers; -1 means that memory is short. */
interface Native {
  run(): void;
  runList(): void;
  /** Devices are numbers: 0 the CPU, 1 + i cuda:i. */
  allocate(bytes: number, owner: object, device: number): number;
  /** run() records its calls from here on, until start() or discard(): see async.ts. */
  record(): void;
  /** How many calls were recorded. */
  recorded(): number;
  /** Runs them on another thread; the callback gets the first failure, or nulls, its kernel, and which call it was. */
  start(ran: (code: string | null, message: string | null, kernel: number, call: number) => void): void;
  discard(): void;
  /** Bytes between two storages, across devices; waits for them unless `nonBlocking`. */
  copyBytes(to: number, toByte: number, from: number, fromByte: number, bytes: number, nonBlocking: boolean): void;
  /** Opens the library of a device backend and gives its functions (cuda/native.ts): devices from 1 on exist afterwards. */
  loadBackend(path: string): object;
  adopt(buffer: ArrayBuffer, owner: object): number;
  release(handle: number): void;
  sweep(kind: 0 | 1 | 2): void;
  item(handle: number, byteOffset: number, dtype: number): number | bigint | boolean;
  read(handle: number, byteOffset: number, to: Bytes): void;
  write(handle: number, byteOffset: number, from: Bytes): void;
  canary(object?: object): boolean;
  attach(figures: Float64Array, words: Float64Array): void;
  kernels(): string[];
  dtypes(): string[];
  fullCollection(): void;
  poolStats(device?: number): { reserved: number; cached: number; limit: number; young: number; old: number };
  trim(keepBytes: number, device?: number): void;
  setLimit(bytes: number, device?: number): void;
  getNumThreads(): number;
  setNumThreads(n: number): void;
  build(): { version: string; isa: string; threads: string; blas: string };
  createGenerator(device?: number): number;
  destroyGenerator(id: number): void;
  seedGenerator(id: number, seed: bigint): void;
  generatorSeed(id: number): bigint;
  generatorState(id: number): Uint8Array;
  setGeneratorState(id: number, state: Uint8Array): void;
  seedFromSystem(): bigint;
  createGroup(): number;
  joinGroup(group: number): void;
  groupEnded(group: number): boolean;
  abandonGroup(group: number): void;
  /** Where its bytes are, which stay until unpin(); negative if they are an ArrayBuffer's, which may be detached. */
  pin(handle: number): number;
  unpin(handle: number): void;
  share(handle: number, group: number): number;
  claim(number: number, owner: object): number;
  adoptShared(bytes: Uint8Array, buffer: SharedArrayBuffer, owner: object): number;
  mapFile(path: string, owner: object): number;
  /** Put here by the first copy of the library. */
  shared?: Shared;
}

const { addon, path } = loadAddon();
export const native: Native = addon as Native;

/** Where a library of the addon's is: next to it, or in a package of its own; undefined if it is nowhere. */
export function backendFile(file: string): string | undefined {
  const beside = join(dirname(path), file);
  return existsSync(beside) ? beside : packagedBackend(file);
}

/** What native and every copy of the library that shares this addon read and write. */
export interface Shared {
  readonly figures: Float64Array;
  readonly words: Float64Array;
}
function share(): Shared {
  const made = { figures: new Float64Array(8 * 17), words: new Float64Array(4096) };
  native.attach(made.figures, made.words);
  return (native.shared = made);
}
// A second copy (a bundle with its own, a test runner that loads modules anew) must not take the arrays from the first.
const shared: Shared = native.shared ?? share();

/** Figures that native keeps up to date, see native/storage.h: those of device number d begin at 8 * d. */
export const { figures } = shared;
export const LIVE_BYTES = 0;
export const FREED_BYTES = 1;
export const LIVE_COUNT = 2;
export const SWEPT = 3;
export const PEAK_BYTES = 4;

/** The plan that run() executes. */
export const { words } = shared;

let long = words;
/** Calls `f` with an array for a plan of `count` words, which is what native reads meanwhile. */
export function withWords(count: number, f: (words: Float64Array) => void): void {
  if (count <= words.length) {
    f(words);
    return;
  }
  if (count > long.length) long = new Float64Array(2 ** Math.ceil(Math.log2(count)));
  native.attach(figures, long);
  try {
    f(long);
  } finally {
    native.attach(figures, words);
  }
}

const asked = process.env.FLAMBEAU_NUM_THREADS;
if (asked !== undefined && !(/^\d+$/.test(asked) && Number(asked) >= 1 && Number(asked) <= 1024))
  throw new RangeError(`flambeau: expected a number from 1 to 1024 in FLAMBEAU_NUM_THREADS but received '${asked}'`);

const names = native.kernels();
const numbers: ReadonlyMap<string, number> = new Map(names.map((name, i) => [name, i]));
if (native.dtypes().join() !== dtypes.map((d) => d.name).join()) {
  throw new Error('flambeau: the native addon was built for other dtypes; run `npm run build:native`');
}

/** The number of the kernel of that name; a missing one is found at load, by name. */
export function kernel(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`flambeau: no native kernel '${name}'; run \`npm run build:native\``);
  return number;
}
/** The name of a kernel, for messages. */
export const kernelName = (number: number): string => names[number] ?? `kernel ${number}`;
