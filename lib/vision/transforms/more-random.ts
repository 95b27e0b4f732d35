// Further transforms: random erasing, blurring and inverting, and several crops at once. As those of random.ts.
import { empty } from '../../create.ts';
import { portable } from '../../data/transfer.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { describe, inNameOf } from '../../errors.ts';
import { tensor } from '../../from-data.ts';
import { Tensor } from '../../tensor.ts';
import { channelsOf, checkPicture, extent, oddSizes, pair } from '../picture.ts';
import type { Transform } from './fixed.ts';
import * as F from './functional.ts';
import { below, chance, happens, range, round, uniform } from './random.ts';

type Pair = readonly [number, number];

/** Options of {@link RandomErasing}. */
export interface RandomErasingOptions {
  p?: number | undefined;
  /** Smallest and largest part of the area. */
  scale?: Pair | undefined;
  /** Smallest and largest ratio of the sides. */
  ratio?: Pair | undefined;
  /** What is put there: a number, one for each channel, or `random` numbers. */
  value?: number | readonly number[] | 'random' | undefined;
  inplace?: boolean | undefined;
}
/**
 * Erases a random rectangle of a tensor image with probability `p`. Throws TypeError or RangeError for options that cannot
 * be.
 * @example
 * torch.manualSeed(0)
 * new torch.vision.transforms.RandomErasing({ p: 1 }).forward(torch.ones([3, 8, 8])).sum().lt(192) // tensor(True)
 */
export class RandomErasing implements Transform<Tensor, Tensor> {
  readonly p: number;
  readonly scale: Pair;
  readonly ratio: Pair;
  readonly value: number | readonly number[] | 'random';
  readonly inplace: boolean;
  constructor(
    ...args: Call<
      [p?: number, scale?: Pair, ratio?: Pair, value?: number | readonly number[] | 'random', inplace?: boolean],
      RandomErasingOptions
    >
  ) {
    const where = 'RandomErasing';
    const options = readArguments<RandomErasingOptions>(where, args, ['p', 'scale', 'ratio', 'value', 'inplace']);
    const { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0, inplace = false } = options;
    this.p = chance(where, [p], p);
    this.scale = range(where, 'scale', scale);
    this.ratio = range(where, 'ratio', ratio);
    if (!(this.scale[0] >= 0 && this.scale[0] <= this.scale[1] && this.scale[1] <= 1))
      throw new RangeError(`${where}: scale should be between 0 and 1`);
    if (!(this.ratio[0] > 0 && this.ratio[0] <= this.ratio[1]))
      throw new RangeError(`${where}: ratio should be of kind (min, max)`);
    const fits =
      value === 'random' ||
      (Array.isArray(value) ? value : [value]).every((v) => typeof v === 'number' && !Number.isNaN(v));
    if (!fits)
      throw new TypeError(`${where}: value should be a number, numbers or 'random', but is ${describe(value)}`);
    this.value = value;
    this.inplace = inplace;
  }
  /** Top, left, height and width of a random part, and what is put there; the picture itself where none fits. */
  static getParams(
    img: Tensor,
    scale: Pair,
    ratio: Pair,
    value: readonly number[] | null = null,
  ): [number, number, number, number, Tensor] {
    checkPicture('getParams', img);
    const [height, width] = extent(img);
    const [small, large] = [range('getParams', 'scale', scale), range('getParams', 'ratio', ratio)];
    const logs = large.map((v) => Math.fround(Math.log(Math.fround(v)))) as [number, number];
    for (let tries = 0; tries < 10; tries++) {
      const area = height * width * uniform(small[0], small[1]);
      const aspect = Math.fround(Math.exp(uniform(logs[0], logs[1])));
      const [h, w] = [round(Math.sqrt(area * aspect)), round(Math.sqrt(area / aspect))];
      if (!(h < height && w < width)) continue;
      const v =
        value === null
          ? empty([channelsOf(img), h, w], { dtype: 'float32', device: img.device }).normal_()
          : tensor([...value], { dtype: 'float32', device: img.device }).view(-1, 1, 1);
      return [below(height - h + 1), below(width - w + 1), h, w, v];
    }
    return [0, 0, height, width, img];
  }
  /** The picture, perhaps without a part. */
  forward(img: Tensor): Tensor {
    return inNameOf('RandomErasing', () => {
      if (!(img instanceof Tensor))
        throw new TypeError(`RandomErasing: expected a Tensor but received ${describe(img)}: put it behind ToTensor`);
      if (!happens(this.p)) return img;
      const { value } = this;
      const list = value === 'random' ? null : typeof value === 'number' ? [value] : value;
      if (list !== null && list.length !== 1 && list.length !== channelsOf(img))
        throw new RangeError(`RandomErasing: ${list.length} values for ${channelsOf(img)} channels`);
      const [i, j, h, w, v] = RandomErasing.getParams(img, this.scale, this.ratio, list);
      return F.erase(img, i, j, h, w, v, this.inplace);
    });
  }
}

/**
 * Blurs pictures by a bell of `kernelSize` pixels and a random deviation between the two of `sigma`. Throws RangeError for
 * even sizes and deviations that are not positive.
 * @example
 * new torch.vision.transforms.GaussianBlur(3, { sigma: [0.1, 2] }).forward(torch.ones([3, 4, 4])).shape // torch.Size([3, 4, 4])
 */
export class GaussianBlur implements Transform<F.Picture, F.Picture> {
  readonly kernelSize: Pair;
  readonly sigma: Pair;
  constructor(
    kernelSize: number | readonly number[],
    ...args: Call<[sigma?: number | Pair], { sigma?: number | Pair | undefined }>
  ) {
    const where = 'GaussianBlur';
    const { sigma = [0.1, 2] } = readArguments<{ sigma: number | Pair }>(where, args, ['sigma']);
    this.kernelSize = oddSizes(where, kernelSize);
    this.sigma = range(where, 'sigma', typeof sigma === 'number' ? [sigma, sigma] : sigma);
    if (!(this.sigma[0] > 0 && this.sigma[0] <= this.sigma[1]))
      throw new RangeError(`${where}: sigma values should be positive and of the form (min, max).`);
  }
  /** A random deviation. */
  static getParams(sigmaMin: number, sigmaMax: number): number {
    return uniform(...range('getParams', 'sigma', [sigmaMin, sigmaMax]));
  }
  /** The blurred picture. */
  forward<P extends F.Picture>(img: P): P {
    const sigma = GaussianBlur.getParams(...this.sigma);
    return inNameOf('GaussianBlur', () => F.gaussianBlur(img, this.kernelSize, [sigma, sigma]));
  }
}

/**
 * Turns pictures into their negatives with probability `p`. Throws RangeError for what is no probability.
 * @example
 * new torch.vision.transforms.RandomInvert(1).forward(torch.full([1, 1, 2], 0.25)) // tensor([[[0.7500, 0.7500]]])
 */
export class RandomInvert implements Transform<F.Picture, F.Picture> {
  readonly p: number;
  constructor(...args: Call<[p?: number], { p?: number | undefined }>) {
    this.p = chance('RandomInvert', args, 0.5);
  }
  /** The picture, perhaps inverted. */
  forward<P extends F.Picture>(img: P): P {
    return happens(this.p) ? inNameOf('RandomInvert', () => F.invert(img)) : img;
  }
}
/**
 * Leaves `bits` bits of each channel with probability `p`. Throws RangeError for what is no probability.
 * @example
 * new torch.vision.transforms.RandomPosterize(1, 1).forward(torch.tensor([[[127, 128]]], { dtype: 'uint8' })) // tensor([[[  0, 128]]], dtype=torch.uint8)
 */
export class RandomPosterize implements Transform<F.Picture, F.Picture> {
  readonly bits: number;
  readonly p: number;
  constructor(bits: number, ...args: Call<[p?: number], { p?: number | undefined }>) {
    this.bits = bits;
    this.p = chance('RandomPosterize', args, 0.5);
  }
  /** The picture, perhaps with fewer tones. */
  forward<P extends F.Picture>(img: P): P {
    return happens(this.p) ? inNameOf('RandomPosterize', () => F.posterize(img, this.bits)) : img;
  }
}
/**
 * Inverts what is at least `threshold` with probability `p`. Throws RangeError for what is no probability.
 * @example
 * new torch.vision.transforms.RandomSolarize(0.5, { p: 1 }).forward(torch.tensor([[[0.25, 0.75]]])) // tensor([[[0.2500, 0.2500]]])
 */
export class RandomSolarize implements Transform<F.Picture, F.Picture> {
  readonly threshold: number;
  readonly p: number;
  constructor(threshold: number, ...args: Call<[p?: number], { p?: number | undefined }>) {
    this.threshold = threshold;
    this.p = chance('RandomSolarize', args, 0.5);
  }
  /** The picture, perhaps with its bright parts inverted. */
  forward<P extends F.Picture>(img: P): P {
    return happens(this.p) ? inNameOf('RandomSolarize', () => F.solarize(img, this.threshold)) : img;
  }
}

/**
 * The corners and the middle of pictures, each of `size`. Throws TypeError for what is no size.
 * @example
 * new torch.vision.transforms.FiveCrop(2).forward(torch.ones([3, 4, 4])).length // 5
 */
export class FiveCrop implements Transform<F.Picture, F.Picture[]> {
  readonly size: Pair;
  constructor(size: number | readonly number[]) {
    this.size = pair('FiveCrop', 'size', size, 1);
  }
  /** The five parts. */
  forward<P extends F.Picture>(img: P): F.FiveCrops<P> {
    return inNameOf('FiveCrop', () => F.fiveCrop(img, this.size));
  }
}
/**
 * As {@link FiveCrop}, and the same of the mirrored picture. Throws TypeError for what is no size.
 * @example
 * new torch.vision.transforms.TenCrop(2).forward(torch.ones([3, 4, 4])).length // 10
 */
export class TenCrop implements Transform<F.Picture, F.Picture[]> {
  readonly size: Pair;
  readonly verticalFlip: boolean;
  constructor(
    size: number | readonly number[],
    ...args: Call<[verticalFlip?: boolean], { verticalFlip?: boolean | undefined }>
  ) {
    this.size = pair('TenCrop', 'size', size, 1);
    this.verticalFlip =
      readArguments<{ verticalFlip: boolean }>('TenCrop', args, ['verticalFlip']).verticalFlip ?? false;
  }
  /** The ten parts. */
  forward<P extends F.Picture>(img: P): [...F.FiveCrops<P>, ...F.FiveCrops<P>] {
    return inNameOf('TenCrop', () => F.tenCrop(img, this.size, this.verticalFlip));
  }
}
portable(RandomErasing, GaussianBlur, RandomInvert, RandomPosterize, RandomSolarize, FiveCrop, TenCrop);
