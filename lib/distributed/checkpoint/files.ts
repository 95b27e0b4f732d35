// The bytes of a checkpoint: safetensors files written piece by piece and flushed, and read by rows. Called by save.ts and
// load.ts.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { toDType } from '../../dtype.ts';
import { frombuffer } from '../../from-data.ts';
import { FileFormatError } from '../../io/errors.ts';
import { headerEnd, parseLayout, type Place, safetensorsHeader } from '../../io/safetensors.ts';
import { OpenFile } from '../../io/zip-ranges.ts';
import { sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { type Shard, type TensorEntry, volume } from './metadata.ts';

/** No more is copied at a time. */
const PIECE = 64 * 2 ** 20;

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30));
}

/** A tensor in row-major pieces that are not too large to be copied. */
function* pieces(x: Tensor): Generator<Uint8Array> {
  const [rows] = x.sizes;
  if (x.nbytes <= PIECE || rows === undefined || rows < 2) {
    const data = x.detach().toTypedArray();
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  const step = Math.max(1, Math.floor(PIECE / (x.nbytes / rows)));
  for (let at = 0; at < rows; at += step) yield* pieces(x.detach().narrow(0, at, Math.min(step, rows - at)));
}

/** Writes a file with these bytes, through to the disk. */
export function writeFlushed(path: string, chunks: Iterable<Uint8Array>): void {
  const file = openSync(path, 'w');
  try {
    for (const chunk of chunks) writeAll(file, chunk);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
/** Writes the names of a folder's files through to the disk. Not all systems can. */
export function flushFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return; // Windows opens no folders; there the rename is journalled
  }
  try {
    fsyncSync(folder);
  } catch (error) {
    // some file systems of a network have nothing to flush
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(folder);
  }
}

/** Writes a safetensors file, a tensor at a time, through to the disk. */
export function writeTensors(path: string, tensors: ReadonlyMap<string, Tensor>): void {
  const { header, order } = safetensorsHeader(tensors);
  function* chunks(): Generator<Uint8Array> {
    yield header;
    for (const { name } of order) yield* pieces(tensors.get(name)!);
  }
  writeFlushed(path, chunks());
}

/** The open files of a checkpoint. */
export class Files {
  readonly #folder: string;
  readonly #open = new Map<string, { file: OpenFile; places: Map<string, Place>; path: string }>();
  constructor(folder: string) {
    this.#folder = folder;
  }
  #file(name: string): { file: OpenFile; places: Map<string, Place>; path: string } {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, name);
    const file = new OpenFile(path);
    try {
      const { places } = parseLayout(file.read(0, headerEnd(file.read(0, 8), file.size)), file.size);
      const opened = { file, places, path };
      this.#open.set(name, opened);
      return opened;
    } catch (error) {
      file.close();
      if (error instanceof FileFormatError) throw new FileFormatError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  /** Calls `take` with some rows of a part of a tensor, counted within the part, a piece at a time. */
  rows(
    key: string,
    { dtype }: TensorEntry,
    shard: Shard,
    from: number,
    to: number,
    take: (rows: Tensor, from: number) => void,
  ): void {
    const { file, places, path } = this.#file(shard.file);
    const place = places.get(key);
    if (place === undefined) throw new FileFormatError(`${path}: has no '${key}', which its checkpoint says it has`);
    if (place.dtype !== dtype || !sameShape(place.sizes, shard.sizes)) {
      throw new FileFormatError(
        `${path}: '${key}' is ${place.dtype} [${place.sizes.join(', ')}], but its checkpoint says ${dtype} [${shard.sizes.join(', ')}]`,
      );
    }
    const inner = shard.sizes.slice(1);
    const width = volume(inner) * toDType(dtype, 'checkpoint').size;
    const step = Math.max(1, Math.floor(PIECE / width));
    for (let at = from; at < to; at += step) {
      const n = Math.min(step, to - at);
      const bytes = file.read(place.begin + at * width, n * width);
      if (bytes.length !== n * width) throw new FileFormatError(`${path}: the file ends in the middle of '${key}'`);
      const flat = frombuffer(bytes, { dtype });
      take(shard.sizes.length === 0 ? flat.view([]) : flat.view([n, ...inner]), at);
    }
  }
  close(): void {
    for (const { file } of this.#open.values()) file.close();
    this.#open.clear();
  }
}
