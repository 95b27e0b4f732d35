// What the datasets of files share: their options, finding and checking files, and the error that says what to download.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crypto, zlib } from '../../builtins.ts';
import { Dataset } from '../../data/dataset.ts';
import { type Call, checkOptions, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { FileFormatError } from '../../io/errors.ts';
import type { Image } from '../image.ts';
import { applyTransform, checkTransform, type TransformLike } from '../transforms/fixed.ts';

/** What is done to a sample's picture and to its label. */
export interface TransformOptions {
  transform?: TransformLike<never> | null | undefined;
  targetTransform?: TransformLike<never> | null | undefined;
}
/** Options of the datasets that are read from files under a folder. */
export interface DownloadedOptions extends TransformOptions {
  /** The training set, or else the test set. */
  train?: boolean | undefined;
  /** Nothing is downloaded: with `true` too, an error says what to get and where to put it. */
  download?: boolean | undefined;
}
/** The arguments of such a dataset, in torchvision's order. */
export type DownloadedArgs = Call<
  [
    train?: boolean,
    transform?: TransformLike<never> | null,
    targetTransform?: TransformLike<never> | null,
    download?: boolean,
  ],
  DownloadedOptions
>;

/**
 * Pictures with labels, each changed by a transform: subclasses give `length` and `get`. Throws TypeError for what is no
 * transform.
 * @example
 * class Ones extends torch.vision.datasets.VisionDataset {
 *   length = 2
 *   get(index) { return this.sample(torch.ones(2), this.at(index)) }
 * }
 * new Ones('', { targetTransform: (y) => y * 10 }).get(-1)[1] // 10
 */
export abstract class VisionDataset<X = Image, Y = number> extends Dataset<[X, Y]> {
  readonly root: string;
  readonly transform: TransformLike<never> | null;
  readonly targetTransform: TransformLike<never> | null;
  constructor(root: string | URL, options: TransformOptions = {}) {
    super();
    const where = new.target.name;
    if (typeof root !== 'string' && !(root instanceof URL))
      throw new TypeError(`${where}: expected a path for root but received ${describe(root)}`);
    this.root = typeof root === 'string' ? root : fileURLToPath(root);
    checkOptions(where, options, NAMES);
    for (const t of [options.transform, options.targetTransform])
      if (t !== undefined && t !== null) checkTransform(where, t);
    this.transform = options.transform ?? null;
    this.targetTransform = options.targetTransform ?? null;
  }
  /** A sample after the transforms. */
  protected sample(picture: unknown, label: unknown): [X, Y] {
    const { transform, targetTransform } = this;
    const changed = (t: TransformLike<never> | null, x: unknown): unknown =>
      t === null ? x : applyTransform(t as TransformLike<unknown>, x);
    return [changed(transform, picture) as X, changed(targetTransform, label) as Y];
  }
  /** An index, counted from the end if negative. */
  protected at(index: number): number {
    const { length } = this;
    if (!Number.isInteger(index) || index < -length || index >= length)
      throw new RangeError(`${this.constructor.name}: index ${describe(index)} is out of range for ${length} samples`);
    return index < 0 ? index + length : index;
  }
}

/** What subclasses may be given for themselves too. */
const NAMES = [
  'transform',
  'targetTransform',
  'train',
  'download',
  'loader',
  'extensions',
  'isValidFile',
  'allowEmpty',
  'size',
  'imageSize',
  'numClasses',
  'randomOffset',
];
/** Reads the options of a dataset of files. */
export function downloadedOptions(where: string, args: readonly unknown[]): DownloadedOptions & { train: boolean } {
  const names = ['train', 'transform', 'targetTransform', 'download'];
  const options = readArguments<DownloadedOptions>(where, args, names);
  const { train = true } = options;
  if (typeof train !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for train but received ${describe(train)}`);
  return { ...options, train };
}

/** The first of some folders that has a file. */
export function folderOf(where: string, folders: readonly string[], file: string, remedy: string): string {
  const found = folders.find((f) => existsSync(join(f, file)) || existsSync(join(f, `${file}.gz`)));
  if (found !== undefined) return found;
  const error = new Error(
    `${where}: ${file} is not in ${folders[0]}, and nothing is downloaded by this library: ${remedy}`,
  );
  throw Object.assign(error, { code: 'ENOENT' });
}
/** The bytes of a file, unpacked where it is there with `.gz`; checked where its MD5 is known. */
export function bytesOf(
  where: string,
  folder: string,
  file: string,
  md5: { plain?: string; packed?: string },
): Uint8Array {
  const plain = join(folder, file);
  const packed = !existsSync(plain);
  const path = packed ? `${plain}.gz` : plain;
  const bytes = readFileSync(path);
  const wanted = packed ? md5.packed : md5.plain;
  if (wanted !== undefined) {
    const got = crypto().createHash('md5').update(bytes).digest('hex');
    if (got !== wanted)
      throw new FileFormatError(`${where}: ${path} is damaged or another file: its MD5 is ${got} instead of ${wanted}`);
  }
  if (!packed) return bytes;
  try {
    return zlib().gunzipSync(bytes, { maxOutputLength: 2 ** 31 - 1 });
  } catch (cause) {
    throw new FileFormatError(`${where}: ${path} is damaged: ${(cause as Error).message}`, { cause });
  }
}
