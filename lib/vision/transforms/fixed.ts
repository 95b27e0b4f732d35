// Transforms that do the same to every picture: torchvision's classes over the functions of functional.ts. Their fields are
// data, so that they can travel to a loader's workers.
import { portable } from '../../data/transfer.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { type DTypeName, toDType } from '../../dtype.ts';
import { checkFunction, describe, inNameOf } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import type { Image, ImageMode } from '../image.ts';
import type { Interpolation } from '../pixels.ts';
import * as F from './functional.ts';
import { checkInterpolation, pair } from '../picture.ts';

/** Something with `forward`, as all transforms are. */
export interface Transform<I = never, O = unknown> {
  forward(x: I): O;
}
/** What datasets and {@link Compose} take: a transform, or a function. */
export type TransformLike<I = never, O = unknown> = Transform<I, O> | ((x: I) => O);

/** Refuses what is no transform. */
export function checkTransform(where: string, t: unknown): asserts t is TransformLike<unknown> {
  const fits =
    typeof t === 'function' || (typeof t === 'object' && t !== null && typeof Reflect.get(t, 'forward') === 'function');
  if (!fits) throw new TypeError(`${where}: expected a transform or a function but received ${describe(t)}`);
}
/** Applies a transform or a function. */
export const applyTransform = (t: TransformLike<unknown>, x: unknown): unknown =>
  typeof t === 'function' ? t(x) : t.forward(x);

/**
 * Several transforms, one after the other. Throws TypeError for what is none.
 * @example
 * const { Compose, ToTensor, Normalize } = torch.vision.transforms
 * const t = new Compose([new ToTensor(), new Normalize([0.5], [0.5])])
 * t.forward(new torch.vision.Image(new Uint8Array([0, 255]), 2, 1)) // tensor([[[-1.,  1.]]])
 */
export class Compose<I = Image, O = Tensor> implements Transform<I, O> {
  readonly transforms: readonly TransformLike<never>[];
  constructor(transforms: readonly TransformLike<never>[]) {
    if (!Array.isArray(transforms))
      throw new TypeError(`Compose: expected a list of transforms but received ${describe(transforms)}`);
    for (const t of transforms) checkTransform('Compose', t);
    this.transforms = transforms;
  }
  /** The picture after all of them. */
  forward(x: I): O {
    let value: unknown = x;
    for (const t of this.transforms) value = applyTransform(t as TransformLike<unknown>, value);
    return value as O;
  }
}
/**
 * Images to tensors [C, H, W] of float32 from 0 to 1: see `transforms.functional.toTensor`, which says what it throws.
 * @example
 * new torch.vision.transforms.ToTensor().forward(new torch.vision.Image(new Uint8Array([0, 51]), 2, 1)) // tensor([[[0.0000, 0.2000]]])
 */
export class ToTensor implements Transform<Image | F.PixelArray, Tensor> {
  /** The picture as a tensor. */
  forward(pic: Image | F.PixelArray): Tensor {
    return inNameOf('ToTensor', () => F.toTensor(pic));
  }
}
/**
 * Images to uint8 tensors [C, H, W], not scaled. Throws TypeError for what is no image.
 * @example
 * new torch.vision.transforms.PILToTensor().forward(new torch.vision.Image(new Uint8Array([7]), 1, 1)).item() // 7
 */
export class PILToTensor implements Transform<Image, Tensor> {
  /** The picture as a tensor. */
  forward(pic: Image): Tensor {
    return inNameOf('PILToTensor', () => F.pilToTensor(pic));
  }
}
/**
 * Tensors [C, H, W] to images: see `transforms.functional.toPilImage`, which says what it throws.
 * @example
 * new torch.vision.transforms.ToPILImage().forward(torch.ones([3, 1, 2])).mode // RGB
 */
export class ToPILImage implements Transform<Tensor, Image> {
  readonly mode: ImageMode | null;
  constructor(mode: ImageMode | null = null) {
    this.mode = mode;
  }
  /** The tensor as an image. */
  forward(pic: Tensor): Image {
    return inNameOf('ToPILImage', () => F.toPilImage(pic, this.mode));
  }
}
/**
 * Takes the mean from each channel and divides by the deviation: see `transforms.functional.normalize`, which says what it
 * throws.
 * @example
 * new torch.vision.transforms.Normalize([0.5], [0.25]).forward(torch.ones([1, 1, 1])).item() // 2
 */
export class Normalize implements Transform<Tensor, Tensor> {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly inplace: boolean;
  constructor(
    mean: readonly number[],
    std: readonly number[],
    ...args: Call<[inplace?: boolean], { inplace?: boolean | undefined }>
  ) {
    const { inplace = false } = readArguments<{ inplace: boolean }>('Normalize', args, ['inplace']);
    for (const list of [mean, std]) {
      if (!Array.isArray(list) || !list.every((v) => typeof v === 'number'))
        throw new TypeError(`Normalize: expected lists of numbers but received ${describe(list)}`);
    }
    this.mean = [...mean];
    this.std = [...std];
    this.inplace = inplace;
  }
  /** The normalized tensor. */
  forward(x: Tensor): Tensor {
    return inNameOf('Normalize', () => F.normalize(x, this.mean, this.std, this.inplace));
  }
}
/**
 * A tensor image in another dtype, scaled to its range. Throws DtypeError where that is not safe.
 * @example
 * new torch.vision.transforms.ConvertImageDtype('float32').forward(torch.tensor([255], { dtype: 'uint8' })).item() // 1
 */
export class ConvertImageDtype implements Transform<Tensor, Tensor> {
  readonly dtype: DTypeName;
  constructor(dtype: DTypeName) {
    this.dtype = toDType(dtype, 'ConvertImageDtype').name;
  }
  /** The converted tensor. */
  forward(x: Tensor): Tensor {
    return inNameOf('ConvertImageDtype', () => F.convertImageDtype(x, this.dtype));
  }
}
/**
 * Another size: `[height, width]`, or that of the shorter edge. Throws TypeError or RangeError for sizes that cannot be.
 * @example
 * new torch.vision.transforms.Resize(4).forward(torch.ones([3, 8, 16])).shape // torch.Size([3, 4, 8])
 */
export class Resize implements Transform<F.Picture, F.Picture> {
  readonly size: number | readonly number[];
  readonly interpolation: Interpolation;
  readonly maxSize: number | null;
  readonly antialias: boolean;
  constructor(
    size: number | readonly number[],
    ...args: Call<
      [interpolation?: Interpolation, maxSize?: number | null, antialias?: boolean],
      {
        interpolation?: Interpolation | undefined;
        maxSize?: number | null | undefined;
        antialias?: boolean | undefined;
      }
    >
  ) {
    const names = ['interpolation', 'maxSize', 'antialias'];
    const options = readArguments<{ interpolation: Interpolation; maxSize: number | null; antialias: boolean }>(
      'Resize',
      args,
      names,
    );
    const { interpolation = 'bilinear', maxSize = null, antialias = true } = options;
    pair('Resize', 'size', size, 1);
    checkInterpolation('Resize', interpolation);
    this.size = size;
    this.interpolation = interpolation;
    this.maxSize = maxSize;
    this.antialias = antialias;
  }
  /** The resized picture. */
  forward<P extends F.Picture>(x: P): P {
    return inNameOf('Resize', () => F.resize(x, this.size, this.interpolation, this.maxSize, this.antialias));
  }
}
/**
 * Cuts out the middle. Throws TypeError for sizes that are no whole numbers.
 * @example
 * new torch.vision.transforms.CenterCrop([2, 4]).forward(torch.ones([3, 8, 8])).shape // torch.Size([3, 2, 4])
 */
export class CenterCrop implements Transform<F.Picture, F.Picture> {
  readonly size: number | readonly number[];
  constructor(size: number | readonly number[]) {
    pair('CenterCrop', 'size', size);
    this.size = size;
  }
  /** The middle of the picture. */
  forward<P extends F.Picture>(x: P): P {
    return inNameOf('CenterCrop', () => F.centerCrop(x, this.size));
  }
}
/**
 * Adds pixels around a picture. Throws TypeError or RangeError for what cannot be.
 * @example
 * new torch.vision.transforms.Pad(1, { paddingMode: 'edge' }).forward(torch.ones([1, 1, 1])).shape // torch.Size([1, 3, 3])
 */
export class Pad implements Transform<F.Picture, F.Picture> {
  readonly padding: number | readonly number[];
  readonly fill: number | readonly number[];
  readonly paddingMode: F.PaddingMode;
  constructor(
    padding: number | readonly number[],
    ...args: Call<
      [fill?: number | readonly number[], paddingMode?: F.PaddingMode],
      { fill?: number | readonly number[] | undefined; paddingMode?: F.PaddingMode | undefined }
    >
  ) {
    const options = readArguments<{ fill: number; paddingMode: F.PaddingMode }>('Pad', args, ['fill', 'paddingMode']);
    this.padding = padding;
    this.fill = options.fill ?? 0;
    this.paddingMode = options.paddingMode ?? 'constant';
  }
  /** The larger picture. */
  forward<P extends F.Picture>(x: P): P {
    return inNameOf('Pad', () => F.pad(x, this.padding, this.fill, this.paddingMode));
  }
}
/**
 * Pictures in grey, of one or three equal channels. Throws RangeError for other numbers.
 * @example
 * new torch.vision.transforms.Grayscale(3).forward(torch.ones([3, 2, 2])).shape // torch.Size([3, 2, 2])
 */
export class Grayscale implements Transform<F.Picture, F.Picture> {
  readonly numOutputChannels: 1 | 3;
  constructor(...args: Call<[numOutputChannels?: 1 | 3], { numOutputChannels?: 1 | 3 | undefined }>) {
    this.numOutputChannels =
      readArguments<{ numOutputChannels: 1 | 3 }>('Grayscale', args, ['numOutputChannels']).numOutputChannels ?? 1;
  }
  /** The picture in grey. */
  forward<P extends F.Picture>(x: P): P {
    return inNameOf('Grayscale', () => F.rgbToGrayscale(x, this.numOutputChannels));
  }
}
/**
 * A function as a transform. It cannot travel to a loader's workers: see docs/data.md. Throws TypeError for what is none.
 * @example
 * new torch.vision.transforms.Lambda((x) => x.mul(2)).forward(torch.ones(2)) // tensor([2., 2.])
 */
export class Lambda<I = Tensor, O = Tensor> implements Transform<I, O> {
  readonly lambd: (x: I) => O;
  constructor(lambd: (x: I) => O) {
    checkFunction('Lambda', lambd);
    this.lambd = lambd;
  }
  /** What the function gives. */
  forward(x: I): O {
    return this.lambd(x);
  }
}
portable(
  Compose,
  ToTensor,
  PILToTensor,
  ToPILImage,
  Normalize,
  ConvertImageDtype,
  Resize,
  CenterCrop,
  Pad,
  Grayscale,
  Lambda,
);
