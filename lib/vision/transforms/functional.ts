// torch.vision.transforms.functional: what the transforms do, for given parameters, to images and to tensors [..., C, H, W].
import { type DTypeName, FLOATING, toDType } from '../../dtype.ts';
import { checkNumber, describe, DtypeError, ShapeError } from '../../errors.ts';
import { tensor } from '../../from-data.ts';
import { stack } from '../../ops/join.ts';
import { where as choose } from '../../ops/masking.ts';
import { show, sizeOf } from '../../shape.ts';
import { Tensor, type TypedArray } from '../../tensor.ts';
import { Image, type ImageMode } from '../image.ts';
import {
  channelsOf,
  checkInterpolation,
  checkPicture,
  extent,
  fillOf,
  LARGEST,
  pair,
  type Picture,
} from '../picture.ts';
import {
  brighten,
  contrast,
  type Interpolation,
  type Places,
  remap,
  resizeImage,
  resizingMatrix,
  rotation,
  saturate,
  takePixels,
  turnHue,
} from '../pixels.ts';

export * from './effects.ts';
export type { Picture };
/** Pixel values as they come from elsewhere, by row, column and channel. */
export interface PixelArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

const run = (from: number, length: number, within: number): Places =>
  Int32Array.from({ length }, (_, i) => (from + i >= 0 && from + i < within ? from + i : -1));

/** Takes rows and columns; those outside get the fill. */
function place(x: Picture, rows: Places, cols: Places, fill: readonly number[] = []): Picture {
  if (x instanceof Image) return remap(x, rows, cols, fill);
  const index = (p: Places): Tensor =>
    tensor(
      BigInt64Array.from(p, (i) => BigInt(Math.max(i, 0))),
      { device: x.device },
    );
  let out = x;
  const whole = (p: Places, n: number): boolean => p.length === n && p.every((v, i) => v === i);
  const [h, w] = extent(x);
  const outside = [...rows, ...cols].includes(-1);
  if (outside && (h === 0 || w === 0)) throw new ShapeError(`pad: cannot take pixels of ${show(x.sizes)}`);
  if (!whole(rows, h)) out = out.indexSelect(-2, index(rows));
  if (!whole(cols, w)) out = out.indexSelect(-1, index(cols));
  if (!outside) return out;
  const gone = (p: Places): Tensor =>
    tensor(
      Uint8Array.from(p, (i) => (i < 0 ? 1 : 0)),
      { dtype: 'bool', device: x.device },
    );
  const mask = gone(rows).unsqueeze(1).logicalOr(gone(cols));
  return choose(mask, filling(out, fill), out);
}
/** The fill as a tensor that broadcasts over the image. */
const filling = (x: Tensor, fill: readonly number[]): Tensor => {
  const values = tensor(fill.length === 0 ? [0] : [...fill], { dtype: 'float64', device: x.device }).to(x.dt.name);
  return values.view(-1, 1, 1).index(fill.length > 1 ? ':' : 0);
};

/**
 * An image as a tensor [C, H, W] of float32 from 0 to 1; so are values `{ data, shape: [H, W, C] }` of uint8, while those of
 * other types keep them. Throws TypeError for anything else.
 * @example
 * torch.vision.transforms.functional.toTensor(new torch.vision.Image(new Uint8Array([0, 51]), 2, 1)) // tensor([[[0.0000, 0.2000]]])
 */
export function toTensor(pic: Image | PixelArray): Tensor {
  const where = 'toTensor';
  if (!(pic instanceof Image)) {
    const given = typeof pic === 'object' && pic !== null && !(pic instanceof Tensor) ? pic : null;
    if (given === null || !ArrayBuffer.isView(given.data) || !Array.isArray(given.shape))
      throw new TypeError(`${where}: pic should be an image or { data, shape }. Got ${describe(pic)}`);
    const { shape, data } = given;
    if ((shape.length !== 2 && shape.length !== 3) || sizeOf(shape) !== data.length)
      throw new ShapeError(`${where}: pic should be 2/3 dimensional. Got ${show(shape)} for ${data.length} values`);
    if (!(data instanceof Uint8Array)) {
      const x = tensor(data).view([...shape, ...(shape.length === 2 ? [1] : [])]);
      return x.permute(2, 0, 1).contiguous();
    }
    return scaled(data, shape[0]!, shape[1]!, shape[2] ?? 1);
  }
  return scaled(pic.data, pic.height, pic.width, pic.channels);
}
const FRACTION = Float32Array.from({ length: 256 }, (_, i) => i / 255);
function scaled(data: Uint8Array, height: number, width: number, channels: number): Tensor {
  const n = height * width;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++)
    for (let i = 0, from = c; i < n; i++, from += channels) out[c * n + i] = FRACTION[data[from]!]!;
  return tensor(out).view(channels, height, width);
}
/**
 * An image as a uint8 tensor [C, H, W], not scaled. Throws TypeError for what is none.
 * @example
 * torch.vision.transforms.functional.pilToTensor(new torch.vision.Image(new Uint8Array([0, 51]), 2, 1)) // tensor([[[ 0, 51]]], dtype=torch.uint8)
 */
export function pilToTensor(pic: Image): Tensor {
  if (!(pic instanceof Image)) throw new TypeError(`pilToTensor: pic should be an image. Got ${describe(pic)}`);
  return tensor(pic.data).view(pic.height, pic.width, pic.channels).permute(2, 0, 1).contiguous();
}
/**
 * A tensor [C, H, W] or [H, W] as an image: floating point from 0 to 1, or uint8. Throws ShapeError for more than four
 * channels, TypeError for what is no tensor.
 * @example
 * torch.vision.transforms.functional.toPilImage(torch.tensor([[0, 0.5, 1]])).data // Uint8Array(3) [ 0, 127, 255 ]
 */
export function toPilImage(pic: Tensor, ...mode: [mode?: ImageMode | null]): Image {
  const where = 'toPilImage';
  if (!(pic instanceof Tensor)) throw new TypeError(`${where}: pic should be a Tensor. Got ${describe(pic)}`);
  if (pic.ndim !== 2 && pic.ndim !== 3)
    throw new ShapeError(`${where}: pic should be 2/3 dimensional. Got ${pic.ndim} dimensions.`);
  const x = pic.ndim === 2 ? pic.unsqueeze(0) : pic;
  const [channels, height, width] = x.sizes as [number, number, number];
  if (channels > 4 || channels < 1)
    throw new ShapeError(`${where}: pic should not have > 4 channels. Got ${channels} channels.`);
  const bytes = x.dt.kind === FLOATING ? x.detach().mul(255).to('int32').to('uint8') : x;
  if (bytes.dtype !== 'uint8') throw new DtypeError(`${where}: input type ${pic.dtype} is not supported`);
  const image = new Image(bytes.permute(1, 2, 0).toTypedArray() as Uint8Array, width, height, channels);
  if (mode[0] !== undefined && mode[0] !== null && image.mode !== mode[0])
    throw new TypeError(
      `${where}: incorrect mode (${describe(mode[0])}) supplied for ${channels} channels. Should be ${image.mode}`,
    );
  return image;
}
/**
 * Takes the mean from each channel of a floating-point tensor [..., C, H, W] and divides by the deviation. Throws RangeError
 * where that is 0, DtypeError for whole numbers, TypeError for what is no tensor.
 * @example
 * torch.vision.transforms.functional.normalize(torch.ones([1, 1, 2]), [0.5], [0.5]) // tensor([[[1., 1.]]])
 */
export function normalize(x: Tensor, mean: readonly number[], std: readonly number[], inplace = false): Tensor {
  const where = 'normalize';
  if (!(x instanceof Tensor)) throw new TypeError(`${where}: img should be Tensor Image. Got ${describe(x)}`);
  if (x.dt.kind !== FLOATING) throw new DtypeError(`${where}: input tensor should be a float tensor. Got ${x.dtype}.`);
  if (x.ndim < 3)
    throw new ShapeError(`${where}: expected tensor to be a tensor image of size (..., C, H, W). Got ${show(x.sizes)}`);
  const numbers = (name: string, list: unknown): Tensor => {
    const values = typeof list === 'number' ? [list] : list;
    if (!Array.isArray(values) || !values.every((v) => typeof v === 'number'))
      throw new TypeError(`${where}: expected a list of numbers for ${name} but received ${describe(list)}`);
    const channels = x.sizes.at(-3)!;
    if (values.length !== 1 && values.length !== channels)
      throw new ShapeError(`${where}: ${values.length} values of ${name} for ${channels} channels`);
    return tensor(values, { dtype: x.dt.name, device: x.device }).view(-1, 1, 1);
  };
  const [m, s] = [numbers('mean', mean), numbers('std', std)];
  if (s.eq(0).any().item())
    throw new RangeError(
      `${where}: std evaluated to zero after conversion to ${x.dtype}, leading to division by zero.`,
    );
  return inplace ? x.sub_(m).div_(s) : x.sub(m).div(s);
}
/**
 * A tensor image in another dtype, its values scaled to that one's range. Throws DtypeError where that cannot be done
 * safely.
 * @example
 * torch.vision.transforms.functional.convertImageDtype(torch.tensor([0, 255], { dtype: 'uint8' })) // tensor([0., 1.])
 */
export function convertImageDtype(x: Tensor, dtype: DTypeName = 'float32'): Tensor {
  const where = 'convertImageDtype';
  if (!(x instanceof Tensor)) throw new TypeError(`${where}: input img should be Tensor Image but is ${describe(x)}`);
  const to = toDType(dtype, where);
  if (to === x.dt) return x;
  const [input, output] = [LARGEST[x.dtype] ?? 1, LARGEST[to.name] ?? 1];
  if (x.dt.kind === FLOATING) {
    if (to.kind === FLOATING) return x.to(to.name);
    if ((x.dtype === 'float32' && to.size >= 4) || (x.dtype === 'float64' && to.size >= 8))
      throw new DtypeError(`${where}: the cast from ${x.dtype} to ${to.name} cannot be performed safely.`);
    return x.mul(output + 1 - 1e-3).to(to.name);
  }
  if (to.kind === FLOATING) return x.to(to.name).div(input);
  if (input > output) return x.div(Math.floor((input + 1) / (output + 1)), { roundingMode: 'floor' }).to(to.name);
  return x.to(to.name).mul(Math.floor((output + 1) / (input + 1)));
}

/**
 * Cuts out `height` by `width` pixels at `top` and `left`; those outside are black. Throws TypeError for what is no picture.
 * @example
 * torch.vision.transforms.functional.crop(torch.arange(9).view(1, 3, 3), 1, 1, 2, 1).flatten() // tensor([4, 7])
 */
export function crop<P extends Picture>(img: P, top: number, left: number, height: number, width: number): P {
  checkPicture('crop', img);
  for (const [name, n] of Object.entries({ top, left, height, width })) {
    checkNumber('crop', name, n);
    if (!Number.isInteger(n) || Math.abs(n) > 2 ** 24 || (n < 0 && (name === 'height' || name === 'width')))
      throw new RangeError(`crop: impossible ${name} ${n}`);
  }
  const [h, w] = extent(img);
  if (img instanceof Tensor && top >= 0 && left >= 0 && top + height <= h && left + width <= w)
    return img.narrow(-2, top, height).narrow(-1, left, width) as P;
  return place(img, run(top, height, h), run(left, width, w)) as P;
}
// Python rounds halves to even
const round = (v: number): number => (v % 1 === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
/**
 * Cuts out the middle: `size` or `[height, width]` pixels. What the picture lacks is black. Throws TypeError for other sizes.
 * @example
 * torch.vision.transforms.functional.centerCrop(torch.arange(9).view(1, 3, 3), 1).item() // 4
 */
export function centerCrop<P extends Picture>(img: P, outputSize: number | readonly number[]): P {
  checkPicture('centerCrop', img);
  const [ch, cw] = pair('centerCrop', 'outputSize', outputSize);
  let [h, w] = extent(img);
  let out: P = img;
  if (cw > w || ch > h) {
    const [dx, dy] = [Math.max(0, cw - w), Math.max(0, ch - h)];
    out = pad(img, [Math.floor(dx / 2), Math.floor(dy / 2), Math.floor((dx + 1) / 2), Math.floor((dy + 1) / 2)]);
    [h, w] = extent(out);
    if (cw === w && ch === h) return out;
  }
  return crop(out, round((h - ch) / 2), round((w - cw) / 2), ch, cw);
}
/**
 * The picture mirrored left to right. Throws TypeError for what is no picture.
 * @example
 * torch.vision.transforms.functional.hflip(torch.tensor([[[1, 2, 3]]])) // tensor([[[3, 2, 1]]])
 */
export function hflip<P extends Picture>(img: P): P {
  checkPicture('hflip', img);
  const [h, w] = extent(img);
  if (img instanceof Tensor) return img.flip(-1) as P;
  return place(img, run(0, h, h), run(0, w, w).reverse()) as P;
}
/**
 * The picture upside down. Throws TypeError for what is no picture.
 * @example
 * torch.vision.transforms.functional.vflip(torch.tensor([[[1], [2]]])).flatten() // tensor([2, 1])
 */
export function vflip<P extends Picture>(img: P): P {
  checkPicture('vflip', img);
  const [h, w] = extent(img);
  if (img instanceof Tensor) return img.flip(-2) as P;
  return place(img, run(0, h, h).reverse(), run(0, w, w)) as P;
}

/** How a picture goes on beyond its edges. */
export type PaddingMode = 'constant' | 'edge' | 'reflect' | 'symmetric';
/**
 * Adds pixels around a picture: on all sides, [left/right, top/bottom] or [left, top, right, bottom], of a colour, or as
 * the picture goes on. Throws TypeError or RangeError for what cannot be.
 * @example
 * torch.vision.transforms.functional.pad(torch.tensor([[[1, 2, 3]]]), [1, 0], 0, 'reflect') // tensor([[[2, 1, 2, 3, 2]]])
 */
export function pad<P extends Picture>(
  img: P,
  padding: number | readonly number[],
  fill: number | readonly number[] = 0,
  paddingMode: PaddingMode = 'constant',
): P {
  checkPicture('pad', img);
  const list = typeof padding === 'number' ? [padding] : padding;
  if (
    !Array.isArray(list) ||
    ![1, 2, 4].includes(list.length) ||
    !list.every((n) => Number.isInteger(n) && Math.abs(n) <= 2 ** 20)
  )
    throw new TypeError(`pad: expected 1, 2 or 4 whole numbers for padding but received ${describe(padding)}`);
  const [left, top, right, bottom] = (list.length === 4 ? list : [list[0], list.at(-1), list[0], list.at(-1)]) as [
    number,
    number,
    number,
    number,
  ];
  if (!['constant', 'edge', 'reflect', 'symmetric'].includes(paddingMode))
    throw new TypeError(
      `pad: padding mode should be either constant, edge, reflect or symmetric, but is ${describe(paddingMode)}`,
    );
  const axis = (n: number, before: number, after: number): Places => {
    if (n + before + after < 0) throw new RangeError(`pad: nothing is left of ${n} pixels`);
    if (paddingMode === 'reflect' && Math.max(before, after) >= n)
      throw new RangeError(
        `pad: padding ${Math.max(before, after)} should be less than the ${n} pixels that are reflected`,
      );
    const places = run(-before, n + before + after, n);
    if (paddingMode === 'constant' || n === 0) return places;
    const extra = paddingMode === 'symmetric' ? 1 : 0;
    const period = 2 * n - 2 + 2 * extra;
    return places.map((p, i) => {
      if (p >= 0) return p;
      if (paddingMode === 'edge') return i - before < 0 ? 0 : n - 1;
      if (period === 0) return 0;
      const at = (((i - before) % period) + period) % period;
      return at < n ? at : period - at - extra;
    });
  };
  const [h, w] = extent(img);
  return place(img, axis(h, top, bottom), axis(w, left, right), fillOf('pad', fill, channelsOf(img))) as P;
}

/** The size that `size` asks for: both, or that of the shorter edge. */
function resizedSize(h: number, w: number, size: unknown, maxSize: number | null): [number, number] {
  if (Array.isArray(size) && size.length === 2) {
    if (maxSize !== null)
      throw new RangeError('resize: max_size should only be passed if size specifies the length of the smaller edge');
    return pair('resize', 'size', size, 1);
  }
  const [short] = pair('resize', 'size', size, 1);
  const [a, b] = w <= h ? [w, h] : [h, w];
  let [newShort, newLong] = [short, Math.trunc((short * b) / a)];
  if (maxSize !== null) {
    if (!(maxSize > short))
      throw new RangeError(
        `resize: max_size = ${maxSize} must be strictly greater than the requested size for the smaller edge size = ${short}`,
      );
    if (newLong > maxSize) [newShort, newLong] = [Math.trunc((maxSize * newShort) / newLong), maxSize];
  }
  return w <= h ? [newLong, newShort] : [newShort, newLong];
}
/**
 * Another size: `[height, width]`, or that of the shorter edge. Images come out as by Pillow, tensors as by `interpolate`
 * with `antialias`. Throws TypeError or RangeError for sizes that cannot be.
 * @example
 * torch.vision.transforms.functional.resize(torch.tensor([[[0, 1, 2, 3]]], { dtype: 'float32' }), [1, 2]) // tensor([[[0.7143, 2.2857]]])
 */
export function resize<P extends Picture>(
  img: P,
  size: number | readonly number[],
  interpolation: Interpolation = 'bilinear',
  maxSize: number | null = null,
  antialias = true,
): P {
  checkPicture('resize', img);
  checkInterpolation('resize', interpolation);
  const [h, w] = extent(img);
  if (h === 0 || w === 0) throw new RangeError('resize: the picture is empty');
  const [newH, newW] = resizedSize(h, w, size, maxSize);
  if (newH < 1 || newW < 1 || newH > 2 ** 20 || newW > 2 ** 20)
    throw new RangeError(`resize: impossible size ${newH} by ${newW}`);
  if (newH === h && newW === w) return img;
  if (img instanceof Image) return resizeImage(img, newH, newW, interpolation) as P;
  if (interpolation === 'nearest') {
    const places = (from: number, to: number): Places =>
      Int32Array.from({ length: to }, (_, i) =>
        Math.min(from - 1, Math.floor(Math.fround(i * Math.fround(from / to)))),
      );
    return place(img, places(h, newH), places(w, newW)) as P;
  }
  const matrix = (from: number, to: number, dtype: DTypeName): Tensor =>
    tensor(resizingMatrix(from, to, interpolation, antialias), { device: x.device })
      .view(to, from)
      .to(dtype);
  const dtype = img.dt.kind === FLOATING && img.dt.size >= 4 ? img.dt.name : 'float32';
  let x: Tensor = img.to(dtype);
  if (newW !== w) x = x.matmul(matrix(w, newW, dtype).t());
  if (newH !== h) x = matrix(h, newH, dtype).matmul(x);
  if (img.dt.kind === FLOATING) return x.to(img.dt.name) as P;
  return (img.dtype === 'uint8' && interpolation === 'bicubic' ? x.clamp(0, 255) : x).round().to(img.dt.name) as P;
}

/**
 * Turns a picture counter-clockwise by degrees, about its middle or `center` [x, y]; `expand` makes room for all of it.
 * Each pixel is the nearest one, as by Pillow. Throws TypeError for what cannot be.
 * @example
 * torch.vision.transforms.functional.rotate(torch.arange(4).view(1, 2, 2), 90).flatten() // tensor([1, 3, 0, 2])
 */
export function rotate<P extends Picture>(
  img: P,
  angle: number,
  interpolation: Interpolation = 'nearest',
  expand = false,
  center: readonly number[] | null = null,
  fill: number | readonly number[] = 0,
): P {
  checkPicture('rotate', img);
  checkNumber('rotate', 'angle', angle);
  if (!Number.isFinite(angle)) throw new RangeError(`rotate: impossible angle ${angle}`);
  if (interpolation !== 'nearest')
    throw new TypeError(`rotate: only 'nearest' interpolation is there, not ${describe(interpolation)}`);
  if (center !== null && (!Array.isArray(center) || center.length !== 2 || !center.every(Number.isFinite)))
    throw new TypeError(`rotate: expected two numbers for center but received ${describe(center)}`);
  const [h, w] = extent(img);
  const to = rotation(h, w, angle, expand, center);
  const colours = fillOf('rotate', fill, channelsOf(img));
  if (img instanceof Image) return takePixels(img, to.height, to.width, to.places, colours) as P;
  const index = tensor(
    BigInt64Array.from(to.places, (p) => BigInt(Math.max(p, 0))),
    { device: img.device },
  );
  const lead = img.sizes.slice(0, -2);
  const taken = img
    .reshape([...lead, h * w])
    .indexSelect(-1, index)
    .view([...lead, to.height, to.width]);
  const gone = tensor(
    Uint8Array.from(to.places, (p) => (p < 0 ? 1 : 0)),
    { dtype: 'bool', device: img.device },
  ).view(to.height, to.width);
  return choose(gone, filling(taken, colours), taken) as P;
}

/** Refuses tensors that are neither grey nor coloured. */
function checkColours(where: string, img: Picture, factor: unknown, limit = Number.POSITIVE_INFINITY): void {
  checkPicture(where, img);
  if (img instanceof Tensor && img.ndim < 3)
    throw new ShapeError(`${where}: expected a tensor [..., C, H, W] but received ${show(img.sizes)}`);
  checkNumber(where, 'the factor', factor);
  if (!(factor >= (limit === 0.5 ? -0.5 : 0) && factor <= limit))
    throw new RangeError(
      `${where}: the factor (${factor}) is not ${limit === 0.5 ? 'in [-0.5, 0.5]' : 'non-negative'}.`,
    );
  if (img instanceof Tensor && channelsOf(img) !== 1 && channelsOf(img) !== 3)
    throw new ShapeError(
      `${where}: input image tensor permitted channel values are 1 or 3, but found ${channelsOf(img)}`,
    );
}
const greyOf = (x: Tensor): Tensor => {
  const [r, g, b] = x.unbind(-3) as [Tensor, Tensor, Tensor];
  return r.mul(0.2989).add(g.mul(0.587)).add(b.mul(0.114)).to(x.dt.name).unsqueeze(-3);
};
const blend = (x: Tensor, other: Tensor, factor: number): Tensor =>
  x
    .mul(factor)
    .add(other.mul(1 - factor))
    .clamp(0, x.dt.kind === FLOATING ? 1 : (LARGEST[x.dtype] ?? 1))
    .to(x.dt.name);
/**
 * A picture in grey, of one or three equal channels. Throws RangeError for other numbers.
 * @example
 * torch.vision.transforms.functional.rgbToGrayscale(torch.ones([3, 1, 1])) // tensor([[[0.9999]]])
 */
export function rgbToGrayscale<P extends Picture>(img: P, numOutputChannels: 1 | 3 = 1): P {
  const where = 'rgbToGrayscale';
  checkColours(where, img, 1);
  if (numOutputChannels !== 1 && numOutputChannels !== 3)
    throw new RangeError(
      `${where}: num_output_channels should be either 1 or 3, but is ${describe(numOutputChannels)}`,
    );
  if (img instanceof Image) {
    const grey = img.convert('L');
    return (numOutputChannels === 3 ? grey.convert('RGB') : grey) as P;
  }
  const x: Tensor = img;
  const grey = channelsOf(x) === 3 ? greyOf(x) : x;
  return (numOutputChannels === 3 ? grey.expand(grey.sizes.map((n, d) => (d === grey.ndim - 3 ? 3 : n))) : grey) as P;
}
/**
 * A picture brighter by a factor: 0 is black. Throws RangeError for negative ones.
 * @example
 * torch.vision.transforms.functional.adjustBrightness(torch.full([1, 1, 2], 0.25), 2) // tensor([[[0.5000, 0.5000]]])
 */
export function adjustBrightness<P extends Picture>(img: P, brightnessFactor: number): P {
  checkColours('adjustBrightness', img, brightnessFactor);
  if (img instanceof Image) return brighten(img, brightnessFactor) as P;
  return blend(img, img.mul(0), brightnessFactor) as P;
}
/**
 * A picture with more contrast by a factor: 0 is grey. Throws RangeError for negative ones.
 * @example
 * torch.vision.transforms.functional.adjustContrast(torch.tensor([[[0.25, 0.75]]]), 2) // tensor([[[0., 1.]]])
 */
export function adjustContrast<P extends Picture>(img: P, contrastFactor: number): P {
  checkColours('adjustContrast', img, contrastFactor);
  if (img instanceof Image) return contrast(img, contrastFactor) as P;
  const x: Tensor = img;
  const grey = channelsOf(x) === 3 ? greyOf(x) : x;
  const dtype = img.dt.kind === FLOATING ? img.dt.name : 'float32';
  return blend(img, grey.to(dtype).mean([-3, -2, -1], true), contrastFactor) as P;
}
/**
 * A picture with stronger colours by a factor: 0 is black and white. Throws RangeError for negative ones.
 * @example
 * torch.vision.transforms.functional.adjustSaturation(torch.ones([1, 1, 2]), 2) // tensor([[[1., 1.]]])
 */
export function adjustSaturation<P extends Picture>(img: P, saturationFactor: number): P {
  checkColours('adjustSaturation', img, saturationFactor);
  if (img instanceof Image) return saturate(img, saturationFactor) as P;
  return (channelsOf(img) === 1 ? img : blend(img, greyOf(img), saturationFactor)) as P;
}
/**
 * A picture with its hue turned: by half a circle for 0.5 and -0.5. Throws RangeError for more.
 * @example
 * const red = torch.tensor([1, 0, 0], { dtype: 'float32' }).view(3, 1, 1)
 * torch.vision.transforms.functional.adjustHue(red, 0.5).flatten() // tensor([0., 1., 1.])
 */
export function adjustHue<P extends Picture>(img: P, hueFactor: number): P {
  checkColours('adjustHue', img, hueFactor, 0.5);
  if (img instanceof Image) return turnHue(img, hueFactor) as P;
  if (channelsOf(img) === 1) return img;
  const x = convertImageDtype(img, 'float32');
  const [r, g, b] = x.unbind(-3) as [Tensor, Tensor, Tensor];
  const [high, low] = [x.amax(-3), x.amin(-3)];
  const flat = high.eq(low);
  const range = high.sub(low);
  const one = high.mul(0).add(1);
  const s = range.div(choose(flat, one, high));
  const divisor = choose(flat, one, range);
  const [rc, gc, bc] = [r, g, b].map((c) => high.sub(c).div(divisor)) as [Tensor, Tensor, Tensor];
  const [isR, isG] = [high.eq(r), high.eq(g)];
  const sector = choose(isR, bc.sub(gc), choose(isG, rc.add(2).sub(bc), gc.add(4).sub(rc)));
  const h = choose(flat, one.mul(0), sector).div(6).add(1).fmod(1).add(hueFactor).remainder(1);
  const h6 = h.mul(6);
  const i = h6.floor();
  const f = h6.sub(i);
  const p = high.mul(one.sub(s)).clamp(0, 1);
  const q = high.mul(one.sub(s.mul(f))).clamp(0, 1);
  const t = high.mul(one.sub(s.mul(one.sub(f)))).clamp(0, 1);
  const pick = (list: readonly Tensor[]): Tensor =>
    list.slice(0, -1).reduceRight((rest, v, k) => choose(i.remainder(6).eq(k), v, rest), list.at(-1)!);
  const rgb = [pick([high, q, p, p, t, high]), pick([t, high, high, q, p, p]), pick([p, p, t, high, high, q])];
  return convertImageDtype(stack(rgb, -3), img.dt.name) as P;
}
