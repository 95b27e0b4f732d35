// Channels into pixels and back, and channels among groups. The namespaces torch and nn.functional have them.
import { type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { describe, ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';

type One<N extends string> = Named<[value: number], [N], [], object>;
/** The one argument besides the tensor, by position or name. */
function factor(where: string, name: string, args: readonly unknown[]): number {
  const value = readArguments<Record<string, unknown>>(where, args, [name])[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new TypeError(`${where}: expected a whole number for ${name} but received ${describe(value)}`);
  if (value < 1) throw new RangeError(`${where}: expects a positive ${name}, but got ${value}`);
  return value;
}
function checkDims(where: string, x: Tensor, least: number): void {
  checkTensor(where, x);
  if (x.ndim < least)
    throw new ShapeError(
      `${where}: expects input to have at least ${least} dimensions, but got input with ${x.ndim} dimension(s)`,
    );
}

/**
 * x [*, C r², H, W] as [*, C, H r, W r], r being `upscaleFactor` (https://arxiv.org/abs/1609.05158). Throws ShapeError
 * where the channels do not divide.
 * @example
 * torch.pixelShuffle(torch.tensor([[[1.5]], [[2]], [[3]], [[4]]]), 2)
 * // tensor([[[1.5000, 2.0000],
 * //          [3.0000, 4.0000]]])
 */
export function pixelShuffle(x: Tensor, ...args: One<'upscaleFactor'>): Tensor {
  const where = 'pixelShuffle';
  checkDims(where, x, 3);
  const r = factor(where, 'upscaleFactor', args);
  const [c, h, w] = [x.sizes.at(-3)!, x.sizes.at(-2)!, x.sizes.at(-1)!];
  if (c % (r * r) !== 0) {
    throw new ShapeError(
      `${where}: expects its input's 'channel' dimension to be divisible by the square of upscaleFactor, but ${show(x.sizes)} has ${c} channels and the factor is ${r}`,
    );
  }
  const batch = x.sizes.slice(0, -3);
  const n = batch.length;
  const parts = x.reshape([...batch, c / (r * r), r, r, h, w]);
  const order = [...batch.map((_, d) => d), n, n + 3, n + 1, n + 4, n + 2];
  return parts.permute(order).reshape([...batch, c / (r * r), h * r, w * r]);
}

/**
 * x [*, C, H r, W r] as [*, C r², H, W], r being `downscaleFactor`: the inverse of {@link pixelShuffle}. Throws
 * ShapeError where height or width do not divide.
 * @example
 * torch.pixelUnshuffle(torch.tensor([[[1.5, 2], [3, 4]]]), 2).flatten() // tensor([1.5000, 2.0000, 3.0000, 4.0000])
 */
export function pixelUnshuffle(x: Tensor, ...args: One<'downscaleFactor'>): Tensor {
  const where = 'pixelUnshuffle';
  checkDims(where, x, 3);
  const r = factor(where, 'downscaleFactor', args);
  const [c, h, w] = [x.sizes.at(-3)!, x.sizes.at(-2)!, x.sizes.at(-1)!];
  if (h % r !== 0 || w % r !== 0)
    throw new ShapeError(
      `${where}: expects height and width to be divisible by downscaleFactor, but ${show(x.sizes)} are not by ${r}`,
    );
  const batch = x.sizes.slice(0, -3);
  const n = batch.length;
  const parts = x.reshape([...batch, c, h / r, r, w / r, r]);
  const order = [...batch.map((_, d) => d), n, n + 2, n + 4, n + 1, n + 3];
  return parts.permute(order).reshape([...batch, c * r * r, h / r, w / r]);
}

/**
 * The channels of x [N, C, *], cut into `groups`, in the order first of each group, second of each group, …
 * (https://arxiv.org/abs/1707.01083). Throws ShapeError where the groups do not divide the channels.
 * @example
 * torch.channelShuffle(torch.tensor([[[0], [1], [2], [3.5]]]), 2).flatten() // tensor([0.0000, 2.0000, 1.0000, 3.5000])
 */
export function channelShuffle(x: Tensor, ...args: One<'groups'>): Tensor {
  const where = 'channelShuffle';
  checkDims(where, x, 3);
  const g = factor(where, 'groups', args);
  const [n, c, ...rest] = x.sizes as readonly [number, number, ...number[]];
  if (c % g !== 0)
    throw new ShapeError(`${where}: number of channels must be divisible by groups. Got ${c} channels and ${g} groups`);
  return x
    .reshape([n, g, c / g, ...rest])
    .transpose(1, 2)
    .reshape(x.sizes);
}

operators({ pixelShuffle, pixelUnshuffle, channelShuffle });
