// What the functions of torch.vision ask of their arguments. Called by transforms/ and utils.ts.
import { type DTypeName, FLOATING } from '../dtype.ts';
import { describe, ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { Image } from './image.ts';
import type { Interpolation } from './pixels.ts';

/** What transforms take: a decoded image, or a tensor [..., C, H, W]. */
export type Picture = Image | Tensor;
/** Refuses what is neither image nor tensor. */
export function checkPicture(where: string, x: unknown): asserts x is Picture {
  if (x instanceof Image) return;
  if (!(x instanceof Tensor))
    throw new TypeError(`${where}: expected an image or a Tensor but received ${describe(x)}`);
  if (x.ndim < 2) throw new ShapeError(`${where}: expected a tensor [..., H, W] but received ${show(x.sizes)}`);
}
/** Height and width. */
export const extent = (x: Picture): [height: number, width: number] =>
  x instanceof Image ? [x.height, x.width] : [x.sizes.at(-2)!, x.sizes.at(-1)!];
export const channelsOf = (x: Picture): number => (x instanceof Image ? x.channels : x.ndim > 2 ? x.sizes.at(-3)! : 1);
/** A number, or a list of `length` of them. */
export function pair(where: string, name: string, value: unknown, least = 0): [number, number] {
  const list = typeof value === 'number' ? [value, value] : value;
  const whole =
    Array.isArray(list) &&
    list.length >= 1 &&
    list.length <= 2 &&
    list.every((n) => Number.isInteger(n) && n >= least && n <= 2 ** 20);
  if (!whole)
    throw new TypeError(`${where}: expected one or two whole numbers for ${name} but received ${describe(value)}`);
  return [list[0] as number, (list[1] ?? list[0]) as number];
}
/** Sizes of a kernel: odd ones. */
export function oddSizes(where: string, value: unknown): [width: number, height: number] {
  const sizes = pair(where, 'kernelSize', value, 1);
  if (sizes.some((n) => n % 2 === 0))
    throw new RangeError(`${where}: kernel_size should have odd and positive integers. Got ${describe(value)}`);
  return sizes;
}
/** One fill for all channels, or one for each. */
export function fillOf(where: string, fill: unknown, channels: number): number[] {
  const list = typeof fill === 'number' ? Array.from({ length: channels }, () => fill) : fill;
  if (
    !Array.isArray(list) ||
    !list.every((v) => typeof v === 'number') ||
    (list.length !== channels && list.length !== 1)
  )
    throw new TypeError(
      `${where}: expected a number for fill, or one for each of ${channels} channels, but received ${describe(fill)}`,
    );
  return list.length === 1 ? Array.from({ length: channels }, () => list[0] as number) : list;
}
/** Refuses other interpolations. */
export function checkInterpolation(where: string, mode: unknown): asserts mode is Interpolation {
  if (mode !== 'nearest' && mode !== 'bilinear' && mode !== 'bicubic')
    throw new TypeError(`${where}: interpolation should be nearest, bilinear or bicubic, but is ${describe(mode)}`);
}
/** A tensor [C, H, W] of values from 0 to 1 as an image. */
export function imageOf(where: string, grid: Tensor): Image {
  const [channels, height, width] = grid.sizes as [number, number, number];
  if (channels > 4) throw new ShapeError(`${where}: pictures have up to four channels, not ${channels}`);
  const x = grid.dt.kind === FLOATING ? grid : grid.to('float32');
  const bytes = x.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).to('uint8');
  return new Image(bytes.toTypedArray() as Uint8Array, width, height, channels);
}
/** What white is in the dtypes of whole numbers; in the others it is 1. */
export const LARGEST: Partial<Record<DTypeName, number>> = {
  uint8: 255,
  int8: 127,
  int16: 32767,
  int32: 2147483647,
  int64: 2 ** 63,
  bool: 1,
};
