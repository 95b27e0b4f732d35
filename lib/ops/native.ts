// PyTorch's operators below its functional ones: normalizations that give their statistics too, padding and shuffling by
// other names, pieces without a guard. Composites of the operators that scripts use.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { mode } from '../autograd/mode.ts';
import type { Scalar } from '../dispatch.ts';
import { float32 } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { operators } from './internal/register.ts';
import { batchNorm, groupNorm, layerNorm } from './norm.ts';
import { pad } from './pad.ts';
import { chunk, type DimOption, split } from './pieces.ts';
import { channelShuffle } from './shuffle.ts';

/** Mean and `1 / sqrt(var + eps)` over dims, computed in float32 for halves; theirs unless the weight is of float32. */
function statistics(
  x: Tensor,
  weight: Tensor | null,
  dims: readonly number[],
  eps: number,
): [mean: Tensor, rstd: Tensor] {
  const v = x.to(x.dt.size < 4 ? float32.name : x.dtype);
  const to = weight === null || x.dt.size >= 4 ? x.dtype : weight.dtype;
  return [v.mean(dims, true).to(to), v.var(dims, { correction: 0, keepdim: true }).add(eps).rsqrt().to(to)];
}

/**
 * {@link layerNorm} with the mean and the reciprocal standard deviation of each row behind it.
 * Throws ShapeError where sizes do not fit.
 * @example
 * torch.nativeLayerNorm(torch.tensor([[1, 3.5]]), [2], null, null, 1e-5)[1] // tensor([[2.2500]])
 */
export function nativeLayerNorm(
  x: Tensor,
  normalizedShape: Shape,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): [out: Tensor, mean: Tensor, rstd: Tensor] {
  return inNameOf('nativeLayerNorm', () => {
    const out = layerNorm(x, normalizedShape, weight, bias, eps);
    const dims = normalizedShape.map((_, i) => x.ndim - 1 - i);
    return [out, ...statistics(x, weight, dims, eps)];
  });
}
/**
 * {@link groupNorm} of `x` [N, C, *], of `N` times `C` planes of `HxW` elements, with the mean and the reciprocal standard
 * deviation of each group [N, group] behind it. Throws ShapeError where sizes do not fit.
 * @example
 * torch.nativeGroupNorm(torch.tensor([[1, 3.5]]), null, null, 1, 2, 1, 1, 1e-5)[1] // tensor([[2.2500]])
 */
export function nativeGroupNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  N: number,
  C: number,
  HxW: number,
  group: number,
  eps: number,
): [out: Tensor, mean: Tensor, rstd: Tensor] {
  const where = 'nativeGroupNorm';
  return inNameOf(where, () => {
    checkTensor(where, x);
    for (const [name, n] of Object.entries({ N, C, HxW })) wholeNumber(where, name, n, 0);
    if (x.ndim < 2 || x.sizes[0] !== N || x.sizes[1] !== C || x.count !== N * C * HxW)
      throw new ShapeError(
        `${where}: expected [${N}, ${C}, *] with planes of ${HxW} elements, but got ${show(x.sizes)}`,
      );
    const out = groupNorm(x, group, weight, bias, eps);
    const [mean, rstd] = statistics(x.reshape([N, group, (C / group) * HxW]), weight, [2], eps);
    return [out, mean.squeeze(2), rstd.squeeze(2)];
  });
}
/**
 * {@link batchNorm} with the batch's mean and reciprocal standard deviation [C] behind it, which are empty unless
 * `training`. Throws ShapeError where sizes do not fit.
 * @example
 * torch.nativeBatchNorm(torch.tensor([[1.5], [2.5]]), null, null, null, null, true, 0.1, 1e-5)[1] // tensor([2.])
 */
export function nativeBatchNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
): [out: Tensor, mean: Tensor, rstd: Tensor] {
  return inNameOf('nativeBatchNorm', () => {
    const out = batchNorm(x, weight, bias, runningMean, runningVar, training, momentum, eps);
    if (!training) {
      const none = (): Tensor => emptyTensor([0], x.dt.size < 4 ? float32 : x.dt, x.device);
      return [out, none(), none()];
    }
    const [mean, rstd] = statistics(
      x,
      weight,
      x.sizes.map((_, d) => d).filter((d) => d !== 1),
      eps,
    );
    return [out, mean.reshape(-1), rstd.reshape(-1)];
  });
}
/**
 * `x` with `value` around it, as {@link pad}: two widths for each dim from the last one on, negative ones cut off. Throws
 * ShapeError for widths that do not come in pairs.
 * @example
 * torch.constantPadNd(torch.tensor([1, 2]), [1, 1], 7) // tensor([7, 1, 2, 7])
 */
export function constantPadNd(
  x: Tensor,
  widths: Shape,
  ...args: Call<[value?: Scalar], { value?: Scalar | undefined }>
): Tensor {
  return inNameOf('constantPadNd', () => {
    const { value = 0 } = readArguments<{ value: Scalar }>('constantPadNd', args, ['value']);
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number !== 'number')
      throw new TypeError(`constantPadNd: expected a number for value but received ${describe(value)}`);
    checkNumber('constantPadNd', 'value', number);
    return pad(x, widths, 'constant', number);
  });
}
/**
 * Another name of {@link channelShuffle}. Throws ShapeError where the groups do not divide the channels.
 * @example
 * torch.nativeChannelShuffle(torch.tensor([[[0], [1], [2], [3.5]]]), 2).flatten() // tensor([0.0000, 2.0000, 1.0000, 3.5000])
 */
export function nativeChannelShuffle(x: Tensor, groups: number): Tensor {
  return inNameOf('nativeChannelShuffle', () => channelShuffle(x, groups));
}

/** Lets pieces be written in place where a gradient is required: autograd follows each. */
function unguarded(parts: Tensor[]): Tensor[] {
  if (mode.grad) for (const p of parts) p.viewKind = 'ordinary';
  return parts;
}
/**
 * As {@link split} with one size; the pieces may be written to in place. Throws as that does.
 * @example
 * torch.unsafeSplit(torch.arange(5), 2).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3])', 'tensor([4])' ]
 */
export function unsafeSplit(
  x: Tensor,
  ...args: Named<[splitSize: number], ['splitSize'], [dim?: number], DimOption>
): Tensor[] {
  return inNameOf('unsafeSplit', () => unguarded(split(x, ...args)));
}
/**
 * As {@link splitWithSizes}; the pieces may be written to in place. Throws as that does.
 * @example
 * torch.unsafeSplitWithSizes(torch.arange(5), [2, 3]).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3, 4])' ]
 */
export function unsafeSplitWithSizes(x: Tensor, splitSizes: Shape, ...args: Call<[dim?: number], DimOption>): Tensor[] {
  return inNameOf('unsafeSplitWithSizes', () => unguarded(split(x, splitSizes, ...args)));
}
/**
 * As {@link chunk}; the pieces may be written to in place. Throws as that does.
 * @example
 * torch.unsafeChunk(torch.arange(5), 2).map(String) // [ 'tensor([0, 1, 2])', 'tensor([3, 4])' ]
 */
export function unsafeChunk(
  x: Tensor,
  ...args: Named<[chunks: number], ['chunks'], [dim?: number], DimOption>
): Tensor[] {
  return inNameOf('unsafeChunk', () => unguarded(chunk(x, ...args)));
}

operators({ nativeLayerNorm, nativeGroupNorm, nativeBatchNorm, constantPadNd, nativeChannelShuffle });
operators({ unsafeSplit, unsafeSplitWithSizes, unsafeChunk }, { kind: 'view' });
