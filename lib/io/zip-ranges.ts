// Where the entries of a zip archive lie in its file, found without reading them: for checkpoints that are mapped into memory
// and may be larger than an array can be. Called by save.ts; hostile input is expected.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FileFormatError } from './errors.ts';

/** A file that is read piece by piece. */
export class OpenFile {
  readonly size: number;
  readonly #file: number;
  constructor(path: string | URL) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }
  /** The bytes from `offset` on: `length` of them, or fewer at the end. */
  read(offset: number, length: number): Buffer {
    const out = Buffer.alloc(Math.max(0, Math.min(length, this.size - offset)));
    let at = 0;
    while (at < out.length) {
      const n = readSync(this.#file, out, at, Math.min(out.length - at, 2 ** 30), offset + at);
      if (n === 0) return out.subarray(0, at);
      at += n;
    }
    return out;
  }
  close(): void {
    closeSync(this.#file);
  }
}

/** A part of a file. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** The entries of an archive that are stored as they are. Throws FileFormatError where it is damaged or packed. */
export function storedEntries(where: string, file: OpenFile): Map<string, Range> {
  const fail = (what: string): never => {
    throw new FileFormatError(`${where}: the zip archive is damaged (${what})`);
  };
  const whole = (value: bigint): number =>
    value <= BigInt(file.size) ? Number(value) : fail('a size is larger than the file');
  const tail = file.read(Math.max(0, file.size - 65557 - 20), 65577);
  const start = file.size - tail.length;
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) return fail('its directory is missing');
  let [count, size, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR64) {
    const end = file.read(whole(tail.readBigUInt64LE(at - 12)), 56);
    if (end.length < 56 || end.readUInt32LE(0) !== END64) return fail('its directory is missing');
    [count, size, offset] = [
      whole(end.readBigUInt64LE(32)),
      whole(end.readBigUInt64LE(40)),
      whole(end.readBigUInt64LE(48)),
    ];
  }
  if (offset + size > start + at || count > size / 46) return fail('its directory is larger than the file');
  const directory = file.read(offset, size);
  const out = new Map<string, Range>();
  let p = 0;
  for (let i = 0; i < count; i++) {
    if (p + 46 > directory.length || directory.readUInt32LE(p) !== ENTRY) return fail('its directory ends early');
    const method = directory.readUInt16LE(p + 10);
    const [packed, plain] = [directory.readUInt32LE(p + 20), directory.readUInt32LE(p + 24)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => directory.readUInt16LE(p + o)) as [
      number,
      number,
      number,
    ];
    const next = p + 46 + nameLength + extraLength + commentLength;
    if (next > directory.length) return fail('its directory ends early');
    const name = directory.toString('utf8', p + 46, p + 46 + nameLength);
    const sizes = { packed, plain, local: directory.readUInt32LE(p + 42) };
    // large numbers stand in a field of their own, only those that do not fit
    for (let e = p + 46 + nameLength; e + 4 <= next - commentLength; ) {
      const [id, length] = [directory.readUInt16LE(e), directory.readUInt16LE(e + 2)];
      let v = e + 4;
      e = v + length;
      if (id !== 1 || e > next - commentLength) continue;
      for (const key of ['plain', 'packed', 'local'] as const) {
        if (sizes[key] !== 0xffffffff || v + 8 > e) continue;
        sizes[key] = whole(directory.readBigUInt64LE(v));
        v += 8;
      }
    }
    if (method !== 0 || sizes.packed !== sizes.plain)
      throw new FileFormatError(`${where}: ${JSON.stringify(name)} is compressed, which cannot be mapped`);
    const header = file.read(sizes.local, 30);
    if (header.length < 30 || header.readUInt32LE(0) !== LOCAL)
      return fail(`${JSON.stringify(name)} is not where it should be`);
    const data = sizes.local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (data + sizes.plain > offset) return fail(`the file ends in the middle of ${JSON.stringify(name)}`);
    if (out.has(name)) return fail(`it has ${JSON.stringify(name)} twice`);
    out.set(name, { offset: data, size: sizes.plain });
    p = next;
  }
  return out;
}
