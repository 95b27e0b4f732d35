// Pictures in folders, one for each class; and pictures of noise, for trying a script out.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { randint, randn } from '../../create.ts';
import { portable } from '../../data/transfer.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { checkFunction, describe } from '../../errors.ts';
import { getRngState, manualSeed, setRngState } from '../../random.ts';
import { Image } from '../image.ts';
import { toPilImage } from '../transforms/functional.ts';
import { type TransformOptions, VisionDataset } from './base.ts';

const IMAGES = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'];

/** Options of {@link DatasetFolder}. */
export interface FolderOptions<S> extends TransformOptions {
  /** Reads a file. */
  loader?: ((path: string) => S) | undefined;
  /** Which endings count. */
  extensions?: readonly string[] | null | undefined;
  /** Which files count, instead of the endings. */
  isValidFile?: ((path: string) => boolean) | null | undefined;
  /** Classes may have no files. */
  allowEmpty?: boolean | undefined;
}
const missing = (message: string): Error => Object.assign(new Error(message), { code: 'ENOENT' });
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The files below a folder, folders in order, as Python's os.walk gives them sorted. */
function filesBelow(folder: string): string[] {
  const out: string[] = [];
  const walk = (path: string): void => {
    const entries = readdirSync(path).sort(compare);
    const folders = entries.filter((name) => statSync(join(path, name)).isDirectory());
    for (const name of entries) if (!folders.includes(name)) out.push(join(path, name));
    for (const name of folders) walk(join(path, name));
  };
  walk(folder);
  return out;
}

/**
 * Samples from files in folders that are named as their classes. Throws Error for folders without classes, or classes
 * without files.
 * @example
 * try { new torch.vision.datasets.DatasetFolder(tmp, (path) => path, ['.txt']) } catch (error) { console.log(error.code) }
 * // ENOENT
 */
export class DatasetFolder<X = Image, Y = number> extends VisionDataset<X, Y> {
  readonly classes: readonly string[];
  readonly classToIdx: Readonly<Record<string, number>>;
  /** Paths with the number of their class. */
  readonly samples: readonly (readonly [path: string, target: number])[];
  readonly loader: ((path: string) => unknown) | null;
  constructor(
    root: string | URL,
    ...args: Call<[loader?: (path: string) => unknown, extensions?: readonly string[] | null], FolderOptions<unknown>>
  ) {
    const where = new.target.name;
    const names =
      where === 'ImageFolder'
        ? ['transform', 'targetTransform', 'loader', 'isValidFile', 'allowEmpty']
        : ['loader', 'extensions', 'transform', 'targetTransform', 'isValidFile', 'allowEmpty'];
    const options = readArguments<FolderOptions<unknown>>(where, args, names);
    super(root, options);
    const {
      loader,
      extensions = where === 'ImageFolder' || loader === undefined ? IMAGES : null,
      isValidFile = null,
      allowEmpty = false,
    } = options;
    if (loader !== undefined) checkFunction(where, loader);
    if (isValidFile !== null) checkFunction(where, isValidFile);
    if (extensions !== null && (!Array.isArray(extensions) || !extensions.every((e) => typeof e === 'string')))
      throw new TypeError(`${where}: expected a list of endings for extensions but received ${describe(extensions)}`);
    this.loader = loader ?? null;
    this.classes = readdirSync(this.root, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() || (entry.isSymbolicLink() && statSync(join(this.root, entry.name)).isDirectory()),
      )
      .map((entry) => entry.name)
      .sort(compare);
    if (this.classes.length === 0) throw missing(`${where}: couldn't find any class folder in ${this.root}.`);
    this.classToIdx = Object.fromEntries(this.classes.map((name, i) => [name, i]));
    const valid =
      isValidFile ??
      ((path: string) => extensions === null || extensions.some((e) => path.toLowerCase().endsWith(e.toLowerCase())));
    const samples: [string, number][] = [];
    const empty: string[] = [];
    for (const [i, name] of this.classes.entries()) {
      const before = samples.length;
      for (const path of filesBelow(join(this.root, name))) if (valid(path)) samples.push([path, i]);
      if (samples.length === before) empty.push(name);
    }
    if (empty.length > 0 && !allowEmpty) {
      throw missing(
        `${where}: found no valid file for the classes ${empty.join(', ')}.${extensions === null ? '' : ` Supported extensions are: ${extensions.join(', ')}`}`,
      );
    }
    this.samples = samples;
  }
  /** The number of each sample's class. */
  get targets(): number[] {
    return this.samples.map(([, target]) => target);
  }
  override get length(): number {
    return this.samples.length;
  }
  override get(index: number): [X, Y] {
    const [path, target] = this.samples[this.at(index)]!;
    return this.sample(this.loader === null ? Image.open(path).convert('RGB') : this.loader(path), target);
  }
}
/**
 * Pictures from folders that are named as their classes: `root/cat/1.png`. The package `sharp` reads them. Throws as
 * {@link DatasetFolder}.
 * @example
 * try { new torch.vision.datasets.ImageFolder(tmp) } catch (error) { console.log(error.message.slice(0, 43)) }
 * // ImageFolder: couldn't find any class folder
 */
export class ImageFolder<X = Image, Y = number> extends DatasetFolder<X, Y> {
  constructor(
    root: string | URL,
    ...args: Call<
      [
        transform?: TransformOptions['transform'],
        targetTransform?: TransformOptions['targetTransform'],
        loader?: (path: string) => unknown,
        isValidFile?: ((path: string) => boolean) | null,
      ],
      FolderOptions<unknown>
    >
  ) {
    super(root, ...(args as readonly unknown[] as []));
  }
  /** Paths with the number of their class. */
  get imgs(): readonly (readonly [path: string, target: number])[] {
    return this.samples;
  }
}

/** Options of {@link FakeData}. */
export interface FakeDataOptions extends TransformOptions {
  size?: number | undefined;
  imageSize?: readonly number[] | undefined;
  numClasses?: number | undefined;
  /** Added to the index: the seed of a sample. */
  randomOffset?: number | undefined;
}
/**
 * Pictures of noise with random labels, the same each time: torchvision's. Throws TypeError or RangeError for what cannot be.
 * @example
 * new torch.vision.datasets.FakeData(10, [3, 4, 4]).get(2)[0].size // [ 4, 4 ]
 */
export class FakeData<X = Image, Y = number> extends VisionDataset<X, Y> {
  readonly size: number;
  readonly numClasses: number;
  readonly imageSize: readonly number[];
  readonly randomOffset: number;
  constructor(
    ...args: Call<
      [
        size?: number,
        imageSize?: readonly number[],
        numClasses?: number,
        transform?: TransformOptions['transform'],
        targetTransform?: TransformOptions['targetTransform'],
        randomOffset?: number,
      ],
      FakeDataOptions
    >
  ) {
    const where = 'FakeData';
    const names = ['size', 'imageSize', 'numClasses', 'transform', 'targetTransform', 'randomOffset'];
    const options = readArguments<FakeDataOptions>(where, args, names);
    super('', options);
    const { size = 1000, imageSize = [3, 224, 224], numClasses = 10, randomOffset = 0 } = options;
    for (const [name, n] of Object.entries({ size, numClasses, randomOffset })) {
      if (!Number.isInteger(n) || n < 0)
        throw new RangeError(`${where}: expected a whole number for ${name} but received ${describe(n)}`);
    }
    if (!Array.isArray(imageSize) || imageSize.length !== 3 || !imageSize.every((n) => Number.isInteger(n) && n > 0))
      throw new TypeError(
        `${where}: expected [channels, height, width] for imageSize but received ${describe(imageSize)}`,
      );
    this.size = size;
    this.imageSize = [...imageSize];
    this.numClasses = numClasses;
    this.randomOffset = randomOffset;
  }
  override get length(): number {
    return this.size;
  }
  override get(index: number): [X, Y] {
    const at = this.at(index);
    const state = getRngState();
    manualSeed(at + this.randomOffset);
    const picture = randn([...this.imageSize]);
    const target = randint(0, this.numClasses, [1], { dtype: 'int64' }).item();
    setRngState(state);
    return this.sample(toPilImage(picture), target);
  }
}
portable(DatasetFolder, ImageFolder, FakeData);
