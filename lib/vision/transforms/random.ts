// Transforms that draw what they do, from the default generator in torchvision's order: the same seed gives the same
// pictures.
import { empty, rand, randint, randperm } from '../../create.ts';
import { portable } from '../../data/transfer.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { describe, inNameOf } from '../../errors.ts';
import type { Interpolation } from '../pixels.ts';
import { applyTransform, checkTransform, type Transform, type TransformLike } from './fixed.ts';
import * as F from './functional.ts';
import { checkInterpolation, checkPicture, extent, pair } from '../picture.ts';

type Pair = readonly [number, number];
/** What the draws are made of, also those of more-random.ts. */
export const uniform = (low: number, high: number): number => empty(1).uniform_(low, high).item() as number;
export const below = (n: number): number => randint(0, n, [1], { dtype: 'int64' }).item() as number;
export const happens = (p: number): boolean => (rand(1).item() as number) < p;
/** As Python rounds: halves to even. */
export const round = (v: number): number => (v % 1 === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));

export function chance(where: string, args: readonly unknown[], otherwise: number): number {
  const { p = otherwise } = readArguments<{ p: number }>(where, args, ['p']);
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    throw new RangeError(`${where}: expected p in [0, 1] but received ${describe(p)}`);
  return p;
}
export function range(where: string, name: string, value: unknown): Pair {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isFinite))
    throw new TypeError(`${where}: expected two numbers for ${name} but received ${describe(value)}`);
  return [value[0] as number, value[1] as number];
}

/**
 * Mirrors pictures left to right with probability `p`. Throws RangeError for what is no probability.
 * @example
 * new torch.vision.transforms.RandomHorizontalFlip(1).forward(torch.tensor([[[1, 2]]])) // tensor([[[2, 1]]])
 */
export class RandomHorizontalFlip implements Transform<F.Picture, F.Picture> {
  readonly p: number;
  constructor(...args: Call<[p?: number], { p?: number | undefined }>) {
    this.p = chance('RandomHorizontalFlip', args, 0.5);
  }
  /** The picture, perhaps mirrored. */
  forward<P extends F.Picture>(x: P): P {
    return happens(this.p) ? inNameOf('RandomHorizontalFlip', () => F.hflip(x)) : x;
  }
}
/**
 * Turns pictures upside down with probability `p`. Throws RangeError for what is no probability.
 * @example
 * new torch.vision.transforms.RandomVerticalFlip(1).forward(torch.tensor([[[1], [2]]])).flatten() // tensor([2, 1])
 */
export class RandomVerticalFlip implements Transform<F.Picture, F.Picture> {
  readonly p: number;
  constructor(...args: Call<[p?: number], { p?: number | undefined }>) {
    this.p = chance('RandomVerticalFlip', args, 0.5);
  }
  /** The picture, perhaps upside down. */
  forward<P extends F.Picture>(x: P): P {
    return happens(this.p) ? inNameOf('RandomVerticalFlip', () => F.vflip(x)) : x;
  }
}
/**
 * Makes pictures grey, with as many channels as before, with probability `p`. Throws RangeError for what is none.
 * @example
 * new torch.vision.transforms.RandomGrayscale({ p: 1 }).forward(torch.ones([3, 2, 2])).shape // torch.Size([3, 2, 2])
 */
export class RandomGrayscale implements Transform<F.Picture, F.Picture> {
  readonly p: number;
  constructor(...args: Call<[p?: number], { p?: number | undefined }>) {
    this.p = chance('RandomGrayscale', args, 0.1);
  }
  /** The picture, perhaps grey. */
  forward<P extends F.Picture>(x: P): P {
    if (!happens(this.p)) return x;
    const channels = x instanceof Object && 'channels' in x ? x.channels : (x.sizes.at(-3) ?? 1);
    return inNameOf('RandomGrayscale', () => F.rgbToGrayscale(x, channels === 3 ? 3 : 1));
  }
}
/**
 * Applies transforms, all of them or none, with probability `p`. Throws TypeError for what is no list of transforms.
 * @example
 * new torch.vision.transforms.RandomApply([(x) => x.mul(2)], 1).forward(torch.ones(2)) // tensor([2., 2.])
 */
export class RandomApply<X = F.Picture> implements Transform<X, X> {
  readonly transforms: readonly TransformLike<never>[];
  readonly p: number;
  constructor(transforms: readonly TransformLike<never>[], ...args: Call<[p?: number], { p?: number | undefined }>) {
    if (!Array.isArray(transforms))
      throw new TypeError(`RandomApply: expected a list of transforms but received ${describe(transforms)}`);
    for (const t of transforms) checkTransform('RandomApply', t);
    this.transforms = transforms;
    this.p = chance('RandomApply', args, 0.5);
  }
  /** The picture, perhaps transformed. */
  forward(x: X): X {
    // torchvision leaves it alone where p < the number: a number that is p applies
    if (this.p < (rand(1).item() as number)) return x;
    return this.transforms.reduce<unknown>((v, t) => applyTransform(t as TransformLike<unknown>, v), x) as X;
  }
}

/** Options of {@link RandomCrop}. */
export interface RandomCropOptions {
  padding?: number | readonly number[] | null | undefined;
  padIfNeeded?: boolean | undefined;
  fill?: number | readonly number[] | undefined;
  paddingMode?: F.PaddingMode | undefined;
}
/**
 * Cuts out `size` at a random place, of the picture with `padding` around it. Throws RangeError where it is too small.
 * @example
 * new torch.vision.transforms.RandomCrop(32, { padding: 4 }).forward(torch.ones([3, 32, 32])).shape // torch.Size([3, 32, 32])
 */
export class RandomCrop implements Transform<F.Picture, F.Picture> {
  readonly size: Pair;
  readonly padding: number | readonly number[] | null;
  readonly padIfNeeded: boolean;
  readonly fill: number | readonly number[];
  readonly paddingMode: F.PaddingMode;
  constructor(
    size: number | readonly number[],
    ...args: Call<
      [
        padding?: number | readonly number[] | null,
        padIfNeeded?: boolean,
        fill?: number | readonly number[],
        paddingMode?: F.PaddingMode,
      ],
      RandomCropOptions
    >
  ) {
    const options = readArguments<RandomCropOptions>('RandomCrop', args, [
      'padding',
      'padIfNeeded',
      'fill',
      'paddingMode',
    ]);
    this.size = pair('RandomCrop', 'size', size, 1);
    this.padding = options.padding ?? null;
    this.padIfNeeded = options.padIfNeeded ?? false;
    this.fill = options.fill ?? 0;
    this.paddingMode = options.paddingMode ?? 'constant';
  }
  /** Top, left, height and width of a random part. */
  static getParams(img: F.Picture, outputSize: readonly number[]): [number, number, number, number] {
    checkPicture('getParams', img);
    const [h, w] = extent(img);
    const [th, tw] = pair('getParams', 'outputSize', outputSize);
    if (h < th || w < tw)
      throw new RangeError(`getParams: required crop size (${th}, ${tw}) is larger than input image size (${h}, ${w})`);
    if (w === tw && h === th) return [0, 0, h, w];
    return [below(h - th + 1), below(w - tw + 1), th, tw];
  }
  /** The part of the picture. */
  forward<P extends F.Picture>(img: P): P {
    return inNameOf('RandomCrop', () => {
      let x = this.padding === null ? img : F.pad(img, this.padding, this.fill, this.paddingMode);
      checkPicture('RandomCrop', x);
      const [h, w] = extent(x);
      const [th, tw] = this.size;
      if (this.padIfNeeded && w < tw) x = F.pad(x, [tw - w, 0], this.fill, this.paddingMode);
      if (this.padIfNeeded && h < th) x = F.pad(x, [0, th - h], this.fill, this.paddingMode);
      return F.crop(x, ...RandomCrop.getParams(x, this.size));
    });
  }
}

/** Options of {@link RandomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Smallest and largest part of the area. */
  scale?: Pair | undefined;
  /** Smallest and largest ratio of width to height. */
  ratio?: Pair | undefined;
  interpolation?: Interpolation | undefined;
  antialias?: boolean | undefined;
}
/**
 * Cuts out a part of random size, shape and place, and resizes it. Throws TypeError for options that cannot be.
 * @example
 * new torch.vision.transforms.RandomResizedCrop(4).forward(torch.ones([3, 9, 7])).shape // torch.Size([3, 4, 4])
 */
export class RandomResizedCrop implements Transform<F.Picture, F.Picture> {
  readonly size: Pair;
  readonly scale: Pair;
  readonly ratio: Pair;
  readonly interpolation: Interpolation;
  readonly antialias: boolean;
  constructor(
    size: number | readonly number[],
    ...args: Call<
      [scale?: Pair, ratio?: Pair, interpolation?: Interpolation, antialias?: boolean],
      RandomResizedCropOptions
    >
  ) {
    const where = 'RandomResizedCrop';
    const options = readArguments<RandomResizedCropOptions>(where, args, [
      'scale',
      'ratio',
      'interpolation',
      'antialias',
    ]);
    this.size = pair(where, 'size', size, 1);
    this.scale = range(where, 'scale', options.scale ?? [0.08, 1]);
    this.ratio = range(where, 'ratio', options.ratio ?? [3 / 4, 4 / 3]);
    if (!(this.scale[0] <= this.scale[1] && this.ratio[0] <= this.ratio[1] && this.scale[0] >= 0 && this.ratio[0] > 0))
      throw new RangeError(`${where}: scale and ratio should be of kind (min, max)`);
    this.interpolation = options.interpolation ?? 'bilinear';
    checkInterpolation(where, this.interpolation);
    this.antialias = options.antialias ?? true;
  }
  /** Top, left, height and width of a random part. */
  static getParams(img: F.Picture, scale: Pair, ratio: Pair): [number, number, number, number] {
    checkPicture('getParams', img);
    const [height, width] = extent(img);
    const [small, large] = [range('getParams', 'scale', scale), range('getParams', 'ratio', ratio)];
    const logs = large.map((v) => Math.fround(Math.log(Math.fround(v)))) as [number, number];
    for (let tries = 0; tries < 10; tries++) {
      const area = height * width * uniform(small[0], small[1]);
      const aspect = Math.fround(Math.exp(uniform(logs[0], logs[1])));
      const [w, h] = [round(Math.sqrt(area * aspect)), round(Math.sqrt(area / aspect))];
      if (w > 0 && w <= width && h > 0 && h <= height) return [below(height - h + 1), below(width - w + 1), h, w];
    }
    // the middle, as near to the ratio as it can be
    let [h, w] = [height, width];
    if (width / height < large[0]) h = round(w / large[0]);
    else if (width / height > large[1]) w = round(h * large[1]);
    return [Math.floor((height - h) / 2), Math.floor((width - w) / 2), h, w];
  }
  /** The part of the picture, resized. */
  forward<P extends F.Picture>(img: P): P {
    return inNameOf('RandomResizedCrop', () => {
      const part = F.crop(img, ...RandomResizedCrop.getParams(img, this.scale, this.ratio));
      return F.resize(part, this.size, this.interpolation, null, this.antialias);
    });
  }
}

/** Options of {@link RandomRotation}. */
export interface RandomRotationOptions {
  interpolation?: 'nearest' | undefined;
  expand?: boolean | undefined;
  center?: readonly number[] | null | undefined;
  fill?: number | readonly number[] | undefined;
}
/**
 * Turns pictures by degrees between -`degrees` and `degrees`, or between two bounds. Throws TypeError for other bounds.
 * @example
 * new torch.vision.transforms.RandomRotation(10).forward(torch.ones([3, 8, 8])).shape // torch.Size([3, 8, 8])
 */
export class RandomRotation implements Transform<F.Picture, F.Picture> {
  readonly degrees: Pair;
  readonly expand: boolean;
  readonly center: readonly number[] | null;
  readonly fill: number | readonly number[];
  constructor(
    degrees: number | Pair,
    ...args: Call<
      [
        interpolation?: 'nearest',
        expand?: boolean,
        center?: readonly number[] | null,
        fill?: number | readonly number[],
      ],
      RandomRotationOptions
    >
  ) {
    const where = 'RandomRotation';
    const options = readArguments<RandomRotationOptions>(where, args, ['interpolation', 'expand', 'center', 'fill']);
    if (typeof degrees === 'number' && !(degrees >= 0))
      throw new RangeError(`${where}: if degrees is a single number, it must be positive, but is ${degrees}`);
    this.degrees = range(where, 'degrees', typeof degrees === 'number' ? [-degrees, degrees] : degrees);
    if (!(this.degrees[0] <= this.degrees[1])) throw new RangeError(`${where}: degrees should be (min, max)`);
    if (options.interpolation !== undefined && options.interpolation !== 'nearest')
      throw new TypeError(`${where}: only 'nearest' interpolation is there, not ${describe(options.interpolation)}`);
    this.expand = options.expand ?? false;
    this.center = options.center ?? null;
    this.fill = options.fill ?? 0;
  }
  /** The turned picture. */
  forward<P extends F.Picture>(img: P): P {
    const angle = uniform(this.degrees[0], this.degrees[1]);
    return inNameOf('RandomRotation', () => F.rotate(img, angle, 'nearest', this.expand, this.center, this.fill));
  }
}

/** Options of {@link ColorJitter}. */
export interface ColorJitterOptions {
  brightness?: number | Pair | undefined;
  contrast?: number | Pair | undefined;
  saturation?: number | Pair | undefined;
  hue?: number | Pair | undefined;
}
function jitter(name: string, value: unknown, center: number, most: number): Pair | null {
  const where = 'ColorJitter';
  if (typeof value === 'number' && !(value >= 0))
    throw new RangeError(`${where}: if ${name} is a single number, it must be non negative.`);
  const ends: Pair = typeof value === 'number' ? [center - value, center + value] : range(where, name, value);
  const [low, high] = typeof value === 'number' && center === 1 ? [Math.max(0, ends[0]), ends[1]] : ends;
  const least = center === 1 ? 0 : -most;
  if (!(least <= low && low <= high && high <= most))
    throw new RangeError(`${where}: ${name} values should be between (${least}, ${most}), but got [${low}, ${high}].`);
  return low === center && high === center ? null : [low, high];
}
/**
 * Changes brightness, contrast, saturation and hue by random factors in random order: between 1 - x and 1 + x for a number
 * (for the hue between -x and x), else between two bounds. Throws RangeError for bounds that cannot be.
 * @example
 * new torch.vision.transforms.ColorJitter({ brightness: 0.2, hue: 0.1 }).forward(torch.ones([3, 2, 2])).shape // torch.Size([3, 2, 2])
 */
export class ColorJitter implements Transform<F.Picture, F.Picture> {
  readonly brightness: Pair | null;
  readonly contrast: Pair | null;
  readonly saturation: Pair | null;
  readonly hue: Pair | null;
  constructor(
    ...args: Call<
      [brightness?: number | Pair, contrast?: number | Pair, saturation?: number | Pair, hue?: number | Pair],
      ColorJitterOptions
    >
  ) {
    const names = ['brightness', 'contrast', 'saturation', 'hue'];
    const {
      brightness = 0,
      contrast = 0,
      saturation = 0,
      hue = 0,
    } = readArguments<ColorJitterOptions>('ColorJitter', args, names);
    this.brightness = jitter('brightness', brightness, 1, Number.POSITIVE_INFINITY);
    this.contrast = jitter('contrast', contrast, 1, Number.POSITIVE_INFINITY);
    this.saturation = jitter('saturation', saturation, 1, Number.POSITIVE_INFINITY);
    this.hue = jitter('hue', hue, 0, 0.5);
  }
  /** The picture in other colours. */
  forward<P extends F.Picture>(img: P): P {
    return inNameOf('ColorJitter', () => {
      const order = randperm(4).tolist() as number[];
      const factors = [this.brightness, this.contrast, this.saturation, this.hue].map((r) => r && uniform(r[0], r[1]));
      const changes = [F.adjustBrightness, F.adjustContrast, F.adjustSaturation, F.adjustHue] as const;
      return order.reduce((x, i) => (factors[i] === null ? x : changes[i]!(x, factors[i]!)), img);
    });
  }
}
portable(
  RandomHorizontalFlip,
  RandomVerticalFlip,
  RandomGrayscale,
  RandomApply,
  RandomCrop,
  RandomResizedCrop,
  RandomRotation,
  ColorJitter,
);
