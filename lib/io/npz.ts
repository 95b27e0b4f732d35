// NumPy's .npz files: a zip of .npy files. Called by save.ts; hostile input is expected.
import { createRequire } from 'node:module';
import type { Zippable } from 'fflate';
import { FileFormatError } from './errors.ts';

const fflate = (): typeof import('fflate') => createRequire(import.meta.url)('fflate') as typeof import('fflate');

/** The .npy files of an archive by their names without the ending. */
export function unpackNpz(bytes: Uint8Array): Map<string, Uint8Array> {
  if (!(bytes[0] === 0x50 && bytes[1] === 0x4b)) throw new FileFormatError('npz: this is no .npz file');
  const expected = new Map<string, number>();
  let entries = 0;
  let total = 0;
  let found: Record<string, Uint8Array>;
  try {
    found = fflate().unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        if (++entries > bytes.length / 46)
          throw new FileFormatError('npz: its directory has more entries than the file has room for');
        if (!name.endsWith('.npy')) return false;
        if (expected.has(name)) throw new FileFormatError(`npz: it has ${JSON.stringify(name)} twice`);
        // nothing is packed tighter than 1032 to 1
        total += size;
        const most = compression === 0 ? size : size * 1032 + 64;
        if (originalSize > most || total > bytes.length)
          throw new FileFormatError(
            `npz: ${JSON.stringify(name)} is said to hold ${originalSize} bytes, which ${size} cannot`,
          );
        expected.set(name, originalSize);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`npz: the zip archive is damaged (${(error as Error).message})`);
  }
  const out = new Map<string, Uint8Array>();
  for (const [name, data] of Object.entries(found)) {
    if (data.length !== expected.get(name))
      throw new FileFormatError(`npz: the file ends in the middle of ${JSON.stringify(name)}`);
    out.set(name.slice(0, -4), data);
  }
  return out;
}
/** An archive of .npy files. Equal data gives equal bytes. */
export function packNpz(files: ReadonlyMap<string, Uint8Array>, compressed: boolean): Uint8Array {
  const zip: Zippable = Object.create(null) as Zippable;
  for (const [name, data] of files)
    zip[`${name}.npy`] = [data, { level: compressed ? 6 : 0, mtime: new Date(1980, 0, 1) }];
  return fflate().zipSync(zip);
}
