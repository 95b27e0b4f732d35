// Folding, fractional pooling, instance normalization and noise of nn.functional, with PyTorch's arguments there.
// Exported by functional.ts.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { inNameOf, ShapeError } from '../errors.ts';
import { placed } from '../nn/internal.ts';
import * as act from '../functional/activation.ts';
import { col2im, im2col } from '../ops/fold.ts';
import { interpolate, type InterpolateMode, type InterpolateOptions } from '../ops/interpolate.ts';
import type { Sizes } from '../ops/internal/spatial.ts';
import * as noise from '../ops/noise.ts';
import type { Pooled } from '../ops/pool.ts';
import { instanceNorm as instanceNormOp } from '../ops/response-norm.ts';
import {
  FRACTIONAL_NAMES,
  type FractionalArguments,
  type FractionalMaxPoolOptions,
} from '../ops/internal/fractional.ts';
import { fractionalMaxPool2dWithIndices, fractionalMaxPool3dWithIndices } from '../ops/unpool.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { DropoutOptions } from './layers.ts';

// ---- folding --------------------------------------------------------------------------------------------------------

/** Options of {@link fold} and {@link unfold}. */
export interface FoldOptions {
  dilation?: Sizes | undefined;
  padding?: Sizes | undefined;
  stride?: Sizes | undefined;
}
type FoldOptional = [dilation?: Sizes, padding?: Sizes, stride?: Sizes];
const FOLD_NAMES = ['kernelSize', 'dilation', 'padding', 'stride'] as const;
/**
 * The blocks of `kernelSize` that slide over images x [N, C, H, W] or [C, H, W], each a column: [N, C kh kw, L]. Throws
 * ShapeError where no block fits.
 * @example
 * torch.nn.functional.unfold(torch.tensor([[[1, 2.5], [3, 4]]]), [1, 2])
 * // tensor([[1.0000, 3.0000],
 * //         [2.5000, 4.0000]])
 */
export function unfold(
  x: Tensor,
  ...args: Named<[kernelSize: Sizes], ['kernelSize'], FoldOptional, FoldOptions>
): Tensor {
  return inNameOf('unfold', () => {
    const options = readArguments<FoldOptions & { kernelSize: Sizes }>('unfold', args, FOLD_NAMES);
    const { kernelSize, dilation = 1, padding = 0, stride = 1 } = options;
    return im2col(x, kernelSize!, dilation, padding, stride);
  });
}
/**
 * The sum of blocks x [N, C kh kw, L] or [C kh kw, L] at their places in images of `outputSize`: [N, C, H, W]. Throws
 * ShapeError where sizes do not fit.
 * @example
 * torch.nn.functional.fold(torch.tensor([[1, 2.5], [3, 4]]), [1, 3], [1, 2]) // tensor([[[1.0000, 5.5000, 4.0000]]])
 */
export function fold(
  x: Tensor,
  ...args: Named<[outputSize: Sizes, kernelSize: Sizes], ['outputSize', 'kernelSize'], FoldOptional, FoldOptions>
): Tensor {
  return inNameOf('fold', () => {
    const options = readArguments<FoldOptions & { outputSize: Sizes; kernelSize: Sizes }>('fold', args, [
      'outputSize',
      ...FOLD_NAMES,
    ]);
    const { outputSize, kernelSize, dilation = 1, padding = 0, stride = 1 } = options;
    return col2im(x, outputSize!, kernelSize!, dilation, padding, stride);
  });
}

// ---- fractional pooling ---------------------------------------------------------------------------------------------

export type { FractionalMaxPoolOptions };
function fractional(
  where: string,
  x: Tensor,
  args: readonly unknown[],
  f: typeof fractionalMaxPool2dWithIndices,
): Tensor | Pooled {
  return inNameOf(where, () => {
    const { kernelSize, returnIndices, _randomSamples, ...options } = readArguments<
      FractionalMaxPoolOptions & { kernelSize: Sizes }
    >(where, args, FRACTIONAL_NAMES);
    const result = f(x, kernelSize!, { ...options, randomSamples: _randomSamples });
    return returnIndices ? result : result.output;
  });
}
type FractionalWithIndices = FractionalMaxPoolOptions & { returnIndices: true };
/**
 * Maxima over windows of x [N, C, H, W] or [C, H, W] that are placed at random so that `outputSize`, or `outputRatio`
 * times the size, are left; with `returnIndices`, their positions too. Throws ShapeError where they do not fit.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.fractionalMaxPool2d(torch.arange(9, { dtype: 'float32' }).view(1, 3, 3), 2, { outputSize: 2 })
 * // tensor([[[4., 5.],
 * //          [7., 8.]]])
 */
export function fractionalMaxPool2d(x: Tensor, kernelSize: Sizes, options: FractionalWithIndices): Pooled;
export function fractionalMaxPool2d(x: Tensor, ...args: FractionalArguments): Tensor;
export function fractionalMaxPool2d(x: Tensor, ...args: readonly unknown[]): Tensor | Pooled {
  return fractional('fractionalMaxPool2d', x, args, fractionalMaxPool2dWithIndices);
}
/**
 * As {@link fractionalMaxPool2d}, of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.nn.functional.fractionalMaxPool3d(torch.ones(1, 3, 3, 3), 1, { outputSize: 1 }) // tensor([[[[1.]]]])
 */
export function fractionalMaxPool3d(x: Tensor, kernelSize: Sizes, options: FractionalWithIndices): Pooled;
export function fractionalMaxPool3d(x: Tensor, ...args: FractionalArguments): Tensor;
export function fractionalMaxPool3d(x: Tensor, ...args: readonly unknown[]): Tensor | Pooled {
  return fractional('fractionalMaxPool3d', x, args, fractionalMaxPool3dWithIndices);
}

// ---- normalization --------------------------------------------------------------------------------------------------

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions {
  runningMean?: Tensor | null | undefined;
  runningVar?: Tensor | null | undefined;
  weight?: Tensor | null | undefined;
  bias?: Tensor | null | undefined;
  useInputStats?: boolean | undefined;
  momentum?: number | undefined;
  eps?: number | undefined;
}
/**
 * Normalization of each channel of each sample of x [N, C, *] by its own statistics, or by the running ones [C] without
 * `useInputStats` (https://arxiv.org/abs/1607.08022). Throws ShapeError where sizes do not fit.
 * @example
 * torch.nn.functional.instanceNorm(torch.tensor([[[1, 2.5], [3, 3]]]))
 * // tensor([[[-1.0000,  1.0000],
 * //          [ 0.0000,  0.0000]]])
 */
export function instanceNorm(
  x: Tensor,
  ...args: Call<
    [
      runningMean?: Tensor | null,
      runningVar?: Tensor | null,
      weight?: Tensor | null,
      bias?: Tensor | null,
      useInputStats?: boolean,
      momentum?: number,
      eps?: number,
    ],
    InstanceNormOptions
  >
): Tensor {
  const where = 'instanceNorm';
  const options = readArguments<InstanceNormOptions>(where, args, [
    'runningMean',
    'runningVar',
    'weight',
    'bias',
    'useInputStats',
    'momentum',
    'eps',
  ]);
  const { runningMean = null, runningVar = null, weight = null, bias = null } = options;
  const { useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  checkTensor(where, x);
  if (useInputStats && x.sizes.slice(2).every((n) => n === 1))
    throw new ShapeError(
      `${where}: expected more than 1 spatial element when training, got input size ${show(x.sizes)}`,
    );
  return instanceNormOp(x, weight, bias, runningMean, runningVar, useInputStats, momentum, eps);
}

// ---- noise ----------------------------------------------------------------------------------------------------------

type DropoutArguments = Call<[p?: number, training?: boolean, inplace?: boolean], DropoutOptions>;
function dropped(where: string, x: Tensor, args: readonly unknown[], f: typeof noise.alphaDropout): Tensor {
  const names = ['p', 'training', 'inplace'];
  const { p, training = false, inplace = false } = readArguments<DropoutOptions>(where, args, names);
  return placed(where, x, (z) => f(z, { p, training }), inplace);
}
/**
 * Sets elements with probability `p` (0.5) to what SELU saturates at, and scales so that mean and variance stay, if
 * `training` (false) (https://arxiv.org/abs/1706.02515). Throws RangeError for other probabilities.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.alphaDropout(torch.tensor([1.5, 2]), 0.5, true) // tensor([-0.7792, -0.7792])
 */
export function alphaDropout(x: Tensor, ...args: DropoutArguments): Tensor {
  return dropped('alphaDropout', x, args, noise.alphaDropout);
}
/**
 * As {@link alphaDropout}, for whole channels of x [N, C, *]. Throws ShapeError for fewer than 2 dims.
 * @example
 * torch.nn.functional.featureAlphaDropout(torch.tensor([[1.5, 2]])) // tensor([[1.5000, 2.0000]])
 */
export function featureAlphaDropout(x: Tensor, ...args: DropoutArguments): Tensor {
  return dropped('featureAlphaDropout', x, args, noise.featureAlphaDropout);
}

/** Options of {@link rrelu}. */
export interface RreluOptions extends noise.RreluOptions, act.InplaceOptions {}
/**
 * `x` above zero, below it `x` times a slope: drawn between `lower` (1/8) and `upper` (1/3) for each element when
 * `training` (false), else their mean (https://arxiv.org/abs/1505.00853); stored in `x` with `inplace`. Throws
 * DtypeError for integers.
 * @example
 * torch.nn.functional.rrelu(torch.tensor([-1, 1.5]), 0.1, 0.3) // tensor([-0.2000,  1.5000])
 */
export function rrelu(
  x: Tensor,
  ...args: Call<[lower?: number, upper?: number, training?: boolean, inplace?: boolean], RreluOptions>
): Tensor {
  const names = ['lower', 'upper', 'training', 'inplace'];
  const { inplace = false, ...options } = readArguments<RreluOptions>('rrelu', args, names, ['generator']);
  return placed('rrelu', x, (z) => noise.rrelu(z, options), inplace);
}

// ---- in place -------------------------------------------------------------------------------------------------------

/**
 * {@link act.relu}, stored in `x`.
 * @example
 * torch.nn.functional.relu_(torch.tensor([-1, 1.5])) // tensor([0.0000, 1.5000])
 */
export const relu_ = (x: Tensor): Tensor => inNameOf('relu_', () => act.relu(x, true));
/**
 * {@link act.selu}, stored in `x`.
 * @example
 * torch.nn.functional.selu_(torch.tensor([-1, 1.5])) // tensor([-1.1113,  1.5761])
 */
export const selu_ = (x: Tensor): Tensor => inNameOf('selu_', () => act.selu(x, true));
type AlphaArguments = Call<[alpha?: number], { alpha?: number | undefined }>;
const alphaOf = (where: string, args: readonly unknown[]): { alpha?: number | undefined } =>
  readArguments<{ alpha: number }>(where, args, ['alpha']);
/**
 * {@link act.elu}, stored in `x`.
 * @example
 * torch.nn.functional.elu_(torch.tensor([-1, 1.5])) // tensor([-0.6321,  1.5000])
 */
export const elu_ = (x: Tensor, ...args: AlphaArguments): Tensor =>
  inNameOf('elu_', () => act.elu(x, { ...alphaOf('elu_', args), inplace: true }));
/**
 * {@link act.celu}, stored in `x`.
 * @example
 * torch.nn.functional.celu_(torch.tensor([-1, 1.5]), 2) // tensor([-0.7869,  1.5000])
 */
export const celu_ = (x: Tensor, ...args: AlphaArguments): Tensor =>
  inNameOf('celu_', () => act.celu(x, { ...alphaOf('celu_', args), inplace: true }));
/**
 * {@link act.leakyRelu}, stored in `x`.
 * @example
 * torch.nn.functional.leakyRelu_(torch.tensor([-1, 1.5]), 0.1) // tensor([-0.1000,  1.5000])
 */
export const leakyRelu_ = (
  x: Tensor,
  ...args: Call<[negativeSlope?: number], { negativeSlope?: number | undefined }>
): Tensor =>
  inNameOf('leakyRelu_', () =>
    act.leakyRelu(x, {
      ...readArguments<{ negativeSlope: number }>('leakyRelu_', args, ['negativeSlope']),
      inplace: true,
    }),
  );
/**
 * {@link act.hardtanh}, stored in `x`.
 * @example
 * torch.nn.functional.hardtanh_(torch.tensor([-3, 0.5, 3])) // tensor([-1.0000,  0.5000,  1.0000])
 */
export const hardtanh_ = (
  x: Tensor,
  ...args: Call<[minVal?: number, maxVal?: number], { minVal?: number | undefined; maxVal?: number | undefined }>
): Tensor =>
  inNameOf('hardtanh_', () =>
    act.hardtanh(x, {
      ...readArguments<{ minVal: number; maxVal: number }>('hardtanh_', args, ['minVal', 'maxVal']),
      inplace: true,
    }),
  );
/**
 * {@link act.threshold}, stored in `x`.
 * @example
 * torch.nn.functional.threshold_(torch.tensor([-1, 1.5]), 0, 7) // tensor([7.0000, 1.5000])
 */
export const threshold_ = (x: Tensor, limit: number, value: number): Tensor =>
  inNameOf('threshold_', () => act.threshold(x, limit, value, true));
/**
 * {@link rrelu}, stored in `x`.
 * @example
 * torch.nn.functional.rrelu_(torch.tensor([-1, 1.5]), 0.1, 0.3) // tensor([-0.2000,  1.5000])
 */
export const rrelu_ = (
  x: Tensor,
  ...args: Call<[lower?: number, upper?: number, training?: boolean], noise.RreluOptions>
): Tensor =>
  inNameOf('rrelu_', () =>
    rrelu(x, {
      ...readArguments<noise.RreluOptions>('rrelu_', args, ['lower', 'upper', 'training'], ['generator']),
      inplace: true,
    }),
  );

// ---- older names ----------------------------------------------------------------------------------------------------

/** Options of {@link upsample} and its kin. */
export interface UpsampleOptions {
  size?: number | Shape | null | undefined;
  scaleFactor?: number | Shape | null | undefined;
}
type UpsampleArguments = Call<[size?: number | Shape | null, scaleFactor?: number | Shape | null], UpsampleOptions>;
const upsampled = (where: string, x: Tensor, args: readonly unknown[], mode: InterpolateMode): Tensor =>
  inNameOf(where, () => {
    const options = readArguments<UpsampleOptions>(where, args, ['size', 'scaleFactor']);
    return interpolate(x, { ...options, mode, alignCorners: mode === 'bilinear' ? true : null });
  });
/**
 * PyTorch's older name of {@link interpolate}.
 * @example
 * torch.nn.functional.upsample(torch.tensor([[[1, 2.5]]]), { size: 3 }) // tensor([[[1.0000, 1.0000, 2.5000]]])
 */
export function upsample(
  x: Tensor,
  ...args: Call<
    [
      size?: number | Shape | null,
      scaleFactor?: number | Shape | null,
      mode?: InterpolateMode,
      alignCorners?: boolean | null,
    ],
    UpsampleOptions & { mode?: InterpolateMode | undefined; alignCorners?: boolean | null | undefined }
  >
): Tensor {
  return inNameOf('upsample', () =>
    interpolate(
      x,
      readArguments<InterpolateOptions>('upsample', args, ['size', 'scaleFactor', 'mode', 'alignCorners']),
    ),
  );
}
/**
 * {@link interpolate} with the nearest element.
 * @example
 * torch.nn.functional.upsampleNearest(torch.tensor([[[1, 2.5]]]), { size: 3 }) // tensor([[[1.0000, 1.0000, 2.5000]]])
 */
export function upsampleNearest(x: Tensor, ...args: UpsampleArguments): Tensor {
  return upsampled('upsampleNearest', x, args, 'nearest');
}
/**
 * {@link interpolate} of images [N, C, H, W], bilinear, with the corners aligned.
 * @example
 * torch.nn.functional.upsampleBilinear(torch.tensor([[[[1, 2.5]]]]), { size: [1, 3] })
 * // tensor([[[[1.0000, 1.7500, 2.5000]]]])
 */
export function upsampleBilinear(x: Tensor, ...args: UpsampleArguments): Tensor {
  return upsampled('upsampleBilinear', x, args, 'bilinear');
}
