// Image files: PNG is written here, everything else is read and written by the package `sharp` where it is installed. That
// one is asynchronous, so a thread of its own runs it while the caller waits: datasets are read index by index.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { workerThreads, zlib } from '../builtins.ts';
import { FileFormatError } from '../io/errors.ts';
import { describe } from '../errors.ts';

/** Bytes by row, column and channel. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The file's own number of channels, where it was read: grey with opacity comes as colours. */
  readonly own?: number;
}

// ---- PNG ------------------------------------------------------------------------------------------------------------

let table: Uint32Array | null = null;
/** The checksum of PNG and zip. */
export function crc32(bytes: Uint8Array, start = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let c = ~start;
  for (const byte of bytes) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

/** The bytes of a PNG file. */
export function encodePng({ data, width, height, channels }: Pixels): Uint8Array {
  const chunk = (name: string, body: Uint8Array): Buffer => {
    const out = Buffer.alloc(12 + body.length);
    out.writeUInt32BE(body.length, 0);
    out.write(name, 4, 'latin1');
    out.set(body, 8);
    out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, [0, 4, 2, 6][channels - 1]!, 0, 0, 0], 8);
  const row = width * channels;
  const raw = new Uint8Array(height * (row + 1)); // each row begins with its filter: none
  for (let y = 0; y < height; y++) raw.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', zlib().deflateSync(raw)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

// ---- sharp ----------------------------------------------------------------------------------------------------------

interface Job {
  readonly bytes: Uint8Array;
  /** To be written: what the bytes are, and as which kind of file. */
  readonly raw?: { readonly width: number; readonly height: number; readonly channels: number };
  readonly format?: string;
}
type Done = Pixels | { readonly error: string; readonly broken: boolean };

const PROGRAM = `
const { workerData: { port, signal, path } } = require('node:worker_threads');
let sharp, broken;
try {
  sharp = require(path);
} catch (error) {
  broken = String(error && error.message);
}
process.on('exit', () => {
  Atomics.store(signal, 1, 1);
  Atomics.notify(signal, 0);
});
port.on('message', async ({ bytes, raw, format }) => {
  let answer;
  try {
    if (broken !== undefined) throw new Error(broken);
    const image = raw ? sharp(bytes, { raw }).toFormat(format) : sharp(bytes, { ignoreIcc: true }).raw({ depth: 'uchar' });
    const own = raw ? 0 : (await image.metadata()).channels;
    if (own === 1) image.toColourspace('b-w');
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    answer = { data: new Uint8Array(data), width: info.width, height: info.height, channels: info.channels, own };
  } catch (error) {
    answer = { error: String(error && error.message), broken: broken !== undefined };
  }
  port.postMessage(answer);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
});`;

let helper: { readonly port: MessagePort; readonly signal: Int32Array } | null = null;
function sharpPath(where: string): string {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from).resolve('sharp');
    } catch {
      // perhaps it is the script's
    }
  }
  throw new Error(`${where}: reading and writing images needs the package 'sharp': npm install sharp`);
}
function run(where: string, job: Job): Pixels {
  if (helper === null) {
    const { MessageChannel, Worker } = workerThreads();
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(8)); // answers, and whether the thread has ended
    const workerData = { port: port2, signal, path: sharpPath(where) };
    new Worker(PROGRAM, { eval: true, execArgv: [], workerData, transferList: [port2] }).unref();
    port1.unref();
    helper = { port: port1, signal };
  }
  const { port, signal } = helper;
  let seen = Atomics.load(signal, 0);
  port.postMessage(job);
  for (;;) {
    const ended = Atomics.load(signal, 1) !== 0;
    const message = workerThreads().receiveMessageOnPort(port)?.message as Done | undefined;
    if (message !== undefined) {
      if ('error' in message && message.broken)
        throw new Error(`${where}: the package 'sharp' cannot be loaded: ${message.error}`);
      if ('error' in message) throw new FileFormatError(`${where}: ${message.error}`);
      return message;
    }
    if (ended) {
      helper = null;
      throw new Error(`${where}: the thread that reads and writes images has ended`);
    }
    Atomics.wait(signal, 0, seen, 1000);
    seen = Atomics.load(signal, 0);
  }
}

function pathOf(where: string, path: unknown): string {
  if (typeof path !== 'string' && !(path instanceof URL))
    throw new TypeError(`${where}: expected a path but received ${describe(path)}`);
  return typeof path === 'string' ? path : fileURLToPath(path);
}
/** Reads an image file, or its bytes. */
export function decodeImage(where: string, file: string | URL | Uint8Array): Pixels {
  return run(where, { bytes: file instanceof Uint8Array ? file : readFileSync(pathOf(where, file)) });
}
/** Writes an image file in the format of its name. */
export function encodeImage(where: string, image: Pixels, path: string | URL, format?: string | null): void {
  const name = pathOf(where, path);
  const kind = (format ?? /\.(\w+)$/.exec(name)?.[1] ?? '').toLowerCase().replace(/^jpg$/, 'jpeg');
  if (kind === '') throw new TypeError(`${where}: '${name}' has no ending that names a format`);
  const { data: bytes, width, height, channels } = image;
  const out =
    kind === 'png' ? encodePng(image) : run(where, { bytes, raw: { width, height, channels }, format: kind }).data;
  writeFileSync(name, out);
}
