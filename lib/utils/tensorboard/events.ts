// TensorBoard's event files: protocol buffers in frames with checksums. Called by tensorboard.ts.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A message's fields by number: numbers are floats or doubles by their wrapper, bigints varints, the rest as it is. */
export type Field =
  | string
  | bigint
  | Uint8Array
  | { readonly double: number }
  | { readonly float: number }
  | { readonly doubles: readonly number[] }
  | Message
  | readonly Field[];
/** A message of protocol buffers. */
export interface Message {
  readonly fields: Readonly<Record<number, Field | undefined>>;
}
export const message = (fields: Message['fields']): Message => ({ fields });

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}
/** The bytes of a message. */
export function encode({ fields }: Message): Uint8Array {
  const parts: Uint8Array[] = [];
  const put = (number: number, wire: number, ...bytes: readonly Uint8Array[]): void => {
    parts.push(varint(BigInt((number << 3) | wire)), ...bytes);
  };
  const sized = (number: number, bytes: Uint8Array): void => put(number, 2, varint(BigInt(bytes.length)), bytes);
  const doubles = (list: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(list).buffer);
  const add = (number: number, field: Field): void => {
    if (typeof field === 'bigint') put(number, 0, varint(field));
    else if (typeof field === 'string') sized(number, Buffer.from(field));
    else if (field instanceof Uint8Array) sized(number, field);
    else if (isList(field)) for (const item of field) add(number, item);
    else if ('fields' in field) sized(number, encode(field));
    else if ('double' in field) put(number, 1, doubles([field.double]));
    else if ('float' in field) put(number, 5, new Uint8Array(Float32Array.of(field.float).buffer));
    else sized(number, doubles(field.doubles));
  };
  for (const [number, field] of Object.entries(fields)) if (field !== undefined) add(Number(number), field);
  return Buffer.concat(parts);
}
const isList = (field: Field): field is readonly Field[] => Array.isArray(field);

let table: Uint32Array | null = null;
/** CRC-32C, as TFRecord masks it. */
function maskedCrc(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  c = ~c >>> 0;
  return (((c >>> 15) | (c << 17)) + 0xa282ead8) >>> 0;
}
/** A record of an event file: length and bytes, each with its checksum. */
export function frame(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(16 + bytes.length);
  out.writeBigUInt64LE(BigInt(bytes.length), 0);
  out.writeUInt32LE(maskedCrc(out.subarray(0, 8)), 8);
  out.set(bytes, 12);
  out.writeUInt32LE(maskedCrc(bytes), 12 + bytes.length);
  return out;
}

let count = 0;
const open = new Set<EventFile>();
let hooked = false;
/** One event file: buffers a few events, and writes them when they are many, old, or when the process ends. */
export class EventFile {
  readonly path: string;
  readonly #file: number;
  readonly #most: number;
  readonly #seconds: number;
  #waiting: Uint8Array[] = [];
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  constructor(folder: string, most: number, seconds: number, suffix: string) {
    mkdirSync(folder, { recursive: true });
    const time = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    this.path = join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}.${count++}${suffix}`);
    this.#file = openSync(this.path, 'a');
    this.#most = most;
    this.#seconds = seconds;
    open.add(this);
    if (!hooked) process.on('exit', () => open.forEach((file) => file.flush()));
    hooked = true;
    this.write({ 3: 'brain.Event:2' });
    this.flush();
  }
  get closed(): boolean {
    return this.#closed;
  }
  /** Adds an event: its fields but for the time. */
  write(fields: Message['fields'], step?: bigint, walltime: number = Date.now() / 1000): void {
    const event = { 1: { double: walltime }, 2: step === undefined || step === 0n ? undefined : step, ...fields };
    this.#waiting.push(frame(encode(message(event))));
    if (this.#waiting.length >= this.#most) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#seconds * 1000).unref();
  }
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    for (let at = 0; at < all.length; ) at += writeSync(this.#file, all, at);
  }
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    open.delete(this);
    closeSync(this.#file);
  }
}
