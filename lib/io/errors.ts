// What the readers of files (npy, safetensors, pt) throw when a file is damaged, and the one check that they share.

/**
 * Thrown for a file that is damaged, truncated, or holds what flambeau does not read.
 * @example
 * try {
 *   torch.fromNpy(new Uint8Array(3))
 * } catch (error) {
 *   console.log(String(error))
 * }
 * // FileFormatError: fromNpy: the file ends after 3 bytes, before its header
 */
export class FileFormatError extends Error {
  override readonly name: string = 'FileFormatError';
}

/** The bytes that `sizes` elements take; a FileFormatError when that is no number a computer could have stored. */
export function byteCount(what: string, sizes: readonly number[], itemSize: number): number {
  if (sizes.length > 64) throw new FileFormatError(`${what} has ${sizes.length} dimensions; at most 64 are possible`);
  let count = itemSize;
  let empty = false;
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 0) throw new FileFormatError(`${what} has the impossible size ${size}`);
    if (size === 0) empty = true;
    else count *= size;
    if (!Number.isSafeInteger(count)) throw new FileFormatError(`${what} is too large: [${sizes.join(', ')}]`);
  }
  return empty ? 0 : count;
}
