// Further functions of torch.vision.transforms.functional, which exports them: blurring, inverting, erasing, several crops.
import { linspace } from '../../create.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../../errors.ts';
import { FLOATING } from '../../dtype.ts';
import { conv2d } from '../../ops/conv.ts';
import { where as choose } from '../../ops/masking.ts';
import { show } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import { Image } from '../image.ts';
import { channelsOf, checkPicture, extent, LARGEST, oddSizes, pair, type Picture } from '../picture.ts';
import { centerCrop, crop, hflip, pad, pilToTensor, toPilImage, vflip } from './functional.ts';

/**
 * A picture blurred by a bell of `kernelSize` pixels (or `[width, height]`) and deviation `sigma` (or `[x, y]`). Throws
 * RangeError for even sizes and for deviations that are not positive.
 * @example
 * const dot = torch.tensor([[[0, 0, 0], [0, 1, 0], [0, 0, 0]]], { dtype: 'float32' })
 * torch.vision.transforms.functional.gaussianBlur(dot, 3, 0.5).index(0, 1) // tensor([0.1676, 0.6193, 0.1676])
 */
export function gaussianBlur<P extends Picture>(
  img: P,
  kernelSize: number | readonly number[],
  sigma: number | readonly number[] | null = null,
): P {
  const where = 'gaussianBlur';
  checkPicture(where, img);
  const sizes = oddSizes(where, kernelSize);
  const list: unknown =
    sigma === null ? sizes.map((n) => n * 0.15 + 0.35) : typeof sigma === 'number' ? [sigma] : sigma;
  if (!Array.isArray(list) || list.length < 1 || list.length > 2 || !list.every((v) => Number.isFinite(v) && v > 0))
    throw new RangeError(`${where}: sigma should have positive values. Got ${describe(sigma)}`);
  if (img instanceof Image) return toPilImage(gaussianBlur(pilToTensor(img), sizes, list as number[]), img.mode) as P;
  const dtype = img.dt.kind === FLOATING ? img.dt.name : 'float32';
  const bell = (n: number, deviation: number): Tensor => {
    const x = linspace(-(n - 1) / 2, (n - 1) / 2, n, { dtype, device: img.device });
    const density = x.div(deviation).pow(2).mul(-0.5).exp();
    return density.div(density.sum());
  };
  const [kw, kh] = sizes;
  const rows = bell(kw, list[0] as number);
  const kernel = bell(kh, (list[1] ?? list[0]) as number)
    .unsqueeze(1)
    .mul(rows);
  const [h, w] = extent(img);
  const [half, quarter] = [Math.floor(kw / 2), Math.floor(kh / 2)];
  if (half >= w || quarter >= h)
    throw new RangeError(`${where}: a kernel of ${kw} by ${kh} is too large for ${w} by ${h} pixels`);
  const wide = pad(img.to(dtype), [half, quarter], 0, 'reflect');
  // every channel is a picture of its own
  const out = conv2d(wide.reshape([-1, 1, ...wide.sizes.slice(-2)]), kernel.view(1, 1, kh, kw)).view(img.sizes);
  return (img.dt.kind === FLOATING ? out : out.round().to(img.dt.name)) as P;
}

function checkTones(where: string, img: Picture): void {
  checkPicture(where, img);
  const fits = img instanceof Image ? img.channels % 2 === 1 : img.ndim >= 3 && [1, 3].includes(channelsOf(img));
  if (!fits)
    throw new ShapeError(
      `${where}: expected a picture of 1 or 3 channels but received ${img instanceof Image ? img.mode : show(img.sizes)}`,
    );
}
const white = (x: Tensor): number => LARGEST[x.dtype] ?? 1;
const each = (img: Image, f: (v: number) => number): Image =>
  new Image(img.data.map(f), img.width, img.height, img.channels);
/**
 * The negative of a picture. Throws ShapeError for other channels than grey or colours.
 * @example
 * torch.vision.transforms.functional.invert(torch.tensor([[[0, 55, 255]]], { dtype: 'uint8' })) // tensor([[[255, 200,   0]]], dtype=torch.uint8)
 */
export function invert<P extends Picture>(img: P): P {
  checkTones('invert', img);
  if (img instanceof Image) return each(img, (v) => 255 - v) as P;
  return img.neg().add(white(img)) as P;
}
/**
 * A picture with `bits` bits for each channel. Throws RangeError for other numbers than 0 to 8, TypeError for tensors that are
 * not uint8.
 * @example
 * torch.vision.transforms.functional.posterize(torch.tensor([[[63, 64, 255]]], { dtype: 'uint8' }), 2) // tensor([[[  0,  64, 192]]], dtype=torch.uint8)
 */
export function posterize<P extends Picture>(img: P, bits: number): P {
  const where = 'posterize';
  checkTones(where, img);
  if (!Number.isInteger(bits) || bits < 0 || bits > 8)
    throw new RangeError(`${where}: the number of bits should be between 0 and 8. Got ${describe(bits)}`);
  const step = 2 ** (8 - bits);
  if (img instanceof Image) return each(img, (v) => v - (v % step)) as P;
  if (img.dtype !== 'uint8')
    throw new TypeError(`${where}: only uint8 image tensors are supported, but found ${img.dtype}`);
  return img.to('int16').div(step, { roundingMode: 'floor' }).mul(step).to('uint8') as P;
}
/**
 * A picture whose values from `threshold` on are inverted. Throws TypeError for a threshold beyond white.
 * @example
 * torch.vision.transforms.functional.solarize(torch.tensor([[[0.25, 0.75]]]), 0.5) // tensor([[[0.2500, 0.2500]]])
 */
export function solarize<P extends Picture>(img: P, threshold: number): P {
  checkTones('solarize', img);
  checkNumber('solarize', 'threshold', threshold);
  if (img instanceof Image) return each(img, (v) => (v < threshold ? v : 255 - v)) as P;
  if (threshold > white(img)) throw new TypeError('solarize: threshold should be less than bound of img.');
  return choose(img.ge(threshold), invert<Tensor>(img), img) as P;
}

/**
 * A tensor image with a rectangle of `h` by `w` pixels at row `i` and column `j` set to `v`. Throws TypeError for what is no
 * tensor, RangeError for a rectangle outside.
 * @example
 * torch.vision.transforms.functional.erase(torch.ones([1, 2, 2]), 0, 1, 2, 1, torch.zeros(1)).flatten() // tensor([1., 0., 1., 0.])
 */
export function erase(
  img: Tensor,
  i: number,
  j: number,
  h: number,
  w: number,
  v: Tensor | number,
  inplace = false,
): Tensor {
  if (!(img instanceof Tensor)) throw new TypeError(`erase: img should be Tensor Image. Got ${describe(img)}`);
  checkPicture('erase', img);
  const [height, width] = extent(img);
  for (const n of [i, j, h, w])
    if (!Number.isInteger(n) || n < 0) throw new TypeError(`erase: expected whole numbers but received ${describe(n)}`);
  if (!(v instanceof Tensor)) checkNumber('erase', 'v', v);
  if (i + h > height || j + w > width)
    throw new RangeError(`erase: ${h} by ${w} pixels at (${i}, ${j}) are not within ${height} by ${width}`);
  const out = inplace ? img : img.clone();
  const part = out.narrow(-2, i, h).narrow(-1, j, w);
  if (v instanceof Tensor) part.copy_(v);
  else part.fill_(v);
  return out;
}

/** What {@link fiveCrop} gives: the corners, then the middle. */
export type FiveCrops<P> = [topLeft: P, topRight: P, bottomLeft: P, bottomRight: P, center: P];
/**
 * The four corners and the middle of a picture, each of `size`. Throws RangeError where it is too small.
 * @example
 * torch.vision.transforms.functional.fiveCrop(torch.arange(9).view(1, 3, 3), 1).map((x) => x.item()) // [ 0, 2, 6, 8, 4 ]
 */
export function fiveCrop<P extends Picture>(img: P, size: number | readonly number[]): FiveCrops<P> {
  checkPicture('fiveCrop', img);
  const [h, w] = pair('fiveCrop', 'size', size, 1);
  const [height, width] = extent(img);
  if (h > height || w > width)
    throw new RangeError(`fiveCrop: requested crop size (${h}, ${w}) is bigger than input size (${height}, ${width})`);
  const at = (top: number, left: number): P => crop(img, top, left, h, w);
  return [at(0, 0), at(0, width - w), at(height - h, 0), at(height - h, width - w), centerCrop(img, [h, w])];
}
/**
 * The five parts of `fiveCrop` and those of the picture mirrored, or turned upside down. Throws as that does.
 * @example
 * torch.vision.transforms.functional.tenCrop(torch.arange(9).view(1, 3, 3), 1).map((x) => x.item()).slice(5) // [ 2, 0, 8, 6, 4 ]
 */
export function tenCrop<P extends Picture>(
  img: P,
  size: number | readonly number[],
  verticalFlip = false,
): [...FiveCrops<P>, ...FiveCrops<P>] {
  return inNameOf('tenCrop', () => [...fiveCrop(img, size), ...fiveCrop(verticalFlip ? vflip(img) : hflip(img), size)]);
}
