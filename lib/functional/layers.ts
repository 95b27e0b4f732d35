// Dropout, pooling, normalization and look-ups of nn.functional, with PyTorch's arguments there. Exported by functional.ts.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { checkTensor, runMap } from '../dispatch.ts';
import { int64, requireFloating } from '../dtype.ts';
import { DtypeError, ShapeError, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { checkBatchEps, placed } from '../nn/internal.ts';
import * as drop from '../ops/dropout.ts';
import type { Sizes } from '../ops/internal/spatial.ts';
import * as norms from '../ops/norm.ts';
import * as pool from '../ops/pool.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';

// ---- dropout --------------------------------------------------------------------------------------------------------

/** Options of {@link dropout} and its kin. */
export interface DropoutOptions {
  p?: number | undefined;
  training?: boolean | undefined;
  inplace?: boolean | undefined;
}
type DropoutArguments = Call<[p?: number, training?: boolean, inplace?: boolean], DropoutOptions>;
const dropped = (where: string, x: Tensor, args: readonly unknown[], f: typeof drop.dropout): Tensor => {
  const { p, training, inplace = false } = readArguments<DropoutOptions>(where, args, ['p', 'training', 'inplace']);
  return placed(where, x, (x) => f(x, { p, training }), inplace);
};
/**
 * Zeroes elements with probability `p` (0.5) and divides the others by `1 - p`, if `training` (true). Throws
 * RangeError for other probabilities.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.dropout(torch.ones(5)) // tensor([0., 0., 2., 0., 0.])
 */
export function dropout(x: Tensor, ...args: DropoutArguments): Tensor {
  return dropped('dropout', x, args, drop.dropout);
}
/** Whole channels, of which an input of other than `batched` dims has no batch before them. */
const channels = (where: string, x: Tensor, args: readonly unknown[], batched: number): Tensor =>
  x.ndim === batched
    ? dropped(where, x, args, drop.featureDropout)
    : dropped(where, x.unsqueeze(0), args, drop.featureDropout).squeeze(0);
/** PyTorch goes on with dims that were not meant, and says so. */
const warn = (where: string, x: Tensor, meant: string): void =>
  process.emitWarning(`${where}: received a ${x.ndim}-D input, where ${meant} are meant; PyTorch will refuse it`);
/**
 * As {@link dropout}, for whole channels of [N, C, L] or [C, L]. Throws ShapeError for other shapes.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.dropout1d(torch.ones(3, 2))
 * // tensor([[0., 0.],
 * //         [0., 0.],
 * //         [2., 2.]])
 */
export function dropout1d(x: Tensor, ...args: DropoutArguments): Tensor {
  return inNameOf('dropout1d', () => {
    checkTensor('dropout1d', x);
    if (x.ndim !== 2 && x.ndim !== 3)
      throw new ShapeError(`dropout1d: expected a 2D or 3D input, but received a ${x.ndim}D input ${show(x.sizes)}`);
    return channels('dropout1d', x, args, 3);
  });
}
/**
 * As {@link dropout}, for whole channels of [N, C, H, W]; as in PyTorch, [C, H, W] is taken for [N, C, L], with a warning.
 * Throws ShapeError for less than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.dropout2d(torch.ones(1, 3, 1, 2))
 * // tensor([[[[0., 0.]],
 * //
 * //          [[0., 0.]],
 * //
 * //          [[2., 2.]]]])
 */
export function dropout2d(x: Tensor, ...args: DropoutArguments): Tensor {
  return inNameOf('dropout2d', () => {
    checkTensor('dropout2d', x);
    if (x.ndim !== 4) warn('dropout2d', x, '4 dims');
    return dropped('dropout2d', x, args, drop.featureDropout);
  });
}
/**
 * As {@link dropout}, for whole channels of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.dropout3d(torch.ones(3, 1, 1, 2))
 * // tensor([[[[0., 0.]]],
 * //
 * //
 * //         [[[0., 0.]]],
 * //
 * //
 * //         [[[2., 2.]]]])
 */
export function dropout3d(x: Tensor, ...args: DropoutArguments): Tensor {
  return inNameOf('dropout3d', () => {
    checkTensor('dropout3d', x);
    if (x.ndim !== 4 && x.ndim !== 5) warn('dropout3d', x, '4 or 5 dims');
    return channels('dropout3d', x, args, 5);
  });
}

// ---- pooling --------------------------------------------------------------------------------------------------------

/** Options of {@link maxPool2d} and its kin. */
export interface MaxPoolOptions extends pool.MaxPoolOptions {
  returnIndices?: boolean | undefined;
}
type MaxPoolArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [stride?: Sizes | null, padding?: Sizes, dilation?: Sizes, ceilMode?: boolean, returnIndices?: boolean],
  MaxPoolOptions
>;
type WithIndices =
  | [kernelSize: Sizes, options: MaxPoolOptions & { returnIndices: true }]
  | [options: MaxPoolOptions & { kernelSize: Sizes; returnIndices: true }];
const MAX_NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;
function pooled(
  where: string,
  x: Tensor,
  args: readonly unknown[],
  f: typeof pool.maxPool2d,
  withIndices: typeof pool.maxPool2dWithIndices,
): Tensor | pool.Pooled {
  const { returnIndices = false, ...given } = readArguments<MaxPoolOptions & { kernelSize: Sizes }>(
    where,
    args,
    MAX_NAMES,
  );
  const { kernelSize, ...options } = given;
  return inNameOf(where, () => (returnIndices ? withIndices(x, kernelSize!, options) : f(x, kernelSize!, options)));
}
/**
 * Maxima over windows of [N, C, L] or [C, L]; with `returnIndices`, their positions too. Throws ShapeError for other
 * shapes and where no window fits.
 * @example
 * torch.nn.functional.maxPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2) // tensor([[3.5000, 2.0000]])
 * @example
 * torch.nn.functional.maxPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2, { returnIndices: true }).indices
 * // tensor([[1, 2]])
 */
export function maxPool1d(x: Tensor, ...args: WithIndices): pool.Pooled;
export function maxPool1d(x: Tensor, ...args: MaxPoolArguments): Tensor;
export function maxPool1d(x: Tensor, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool1d', x, args, pool.maxPool1d, pool.maxPool1dWithIndices);
}
/**
 * Maxima over windows of [N, C, H, W] or [C, H, W]; with `returnIndices`, their positions too. Throws ShapeError for
 * other shapes and where no window fits.
 * @example
 * torch.nn.functional.maxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), 2) // tensor([[[3.5000]]])
 */
export function maxPool2d(x: Tensor, ...args: WithIndices): pool.Pooled;
export function maxPool2d(x: Tensor, ...args: MaxPoolArguments): Tensor;
export function maxPool2d(x: Tensor, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool2d', x, args, pool.maxPool2d, pool.maxPool2dWithIndices);
}
/**
 * Maxima over windows of [N, C, D, H, W] or [C, D, H, W]; with `returnIndices`, their positions too. Throws ShapeError
 * for other shapes and where no window fits.
 * @example
 * torch.nn.functional.maxPool3d(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2), 2).item() // 7
 */
export function maxPool3d(x: Tensor, ...args: WithIndices): pool.Pooled;
export function maxPool3d(x: Tensor, ...args: MaxPoolArguments): Tensor;
export function maxPool3d(x: Tensor, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool3d', x, args, pool.maxPool3d, pool.maxPool3dWithIndices);
}
/** Options of {@link adaptiveMaxPool1d} and its kin. */
export interface AdaptiveMaxPoolOptions {
  returnIndices?: boolean | undefined;
}
type AdaptiveArguments = Call<[returnIndices?: boolean], AdaptiveMaxPoolOptions>;
type WithPositions = true | { returnIndices: true };
function adaptive(where: string, result: pool.Pooled, args: readonly unknown[]): Tensor | pool.Pooled {
  return readArguments<AdaptiveMaxPoolOptions>(where, args, ['returnIndices']).returnIndices ? result : result.output;
}
/**
 * Maxima over `outputSize` windows of [N, C, L] or [C, L]; with `returnIndices`, their positions too. Throws ShapeError for
 * other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2) // tensor([[3.5000, 2.0000]])
 */
export function adaptiveMaxPool1d(x: Tensor, outputSize: pool.OutputSize, options: WithPositions): pool.Pooled;
export function adaptiveMaxPool1d(x: Tensor, outputSize: pool.OutputSize, ...args: AdaptiveArguments): Tensor;
export function adaptiveMaxPool1d(x: Tensor, size: pool.OutputSize, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return adaptive('adaptiveMaxPool1d', pool.adaptiveMaxPool1d(x, size), args);
}
/**
 * Maxima over `outputSize` (one number, or [H, W]) windows of [N, C, H, W] or [C, H, W]; with
 * `returnIndices`, their positions too. Throws ShapeError for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), [2, 1])
 * // tensor([[[3.5000],
 * //          [2.0000]]])
 */
export function adaptiveMaxPool2d(x: Tensor, outputSize: pool.OutputSize, options: WithPositions): pool.Pooled;
export function adaptiveMaxPool2d(x: Tensor, outputSize: pool.OutputSize, ...args: AdaptiveArguments): Tensor;
export function adaptiveMaxPool2d(x: Tensor, size: pool.OutputSize, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return adaptive('adaptiveMaxPool2d', pool.adaptiveMaxPool2d(x, size), args);
}
/**
 * Maxima over `outputSize` (one number, or [D, H, W]) windows of [N, C, D, H, W] or [C, D, H, W]. Throws ShapeError
 * for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool3d(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2), [2, 1, 1]).flatten()
 * // tensor([3., 7.])
 */
export function adaptiveMaxPool3d(x: Tensor, outputSize: pool.OutputSize, options: WithPositions): pool.Pooled;
export function adaptiveMaxPool3d(x: Tensor, outputSize: pool.OutputSize, ...args: AdaptiveArguments): Tensor;
export function adaptiveMaxPool3d(x: Tensor, size: pool.OutputSize, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return adaptive('adaptiveMaxPool3d', pool.adaptiveMaxPool3d(x, size), args);
}
/**
 * As {@link adaptiveMaxPool1d} with `returnIndices`: the maxima and their positions. Throws ShapeError for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool1dWithIndices(torch.tensor([[1, 3.5, 2, 0]]), 2).indices.flatten()
 * // tensor([1, 2])
 */
export function adaptiveMaxPool1dWithIndices(x: Tensor, outputSize: pool.OutputSize): pool.Pooled {
  return inNameOf('adaptiveMaxPool1dWithIndices', () => pool.adaptiveMaxPool1d(x, outputSize));
}
/**
 * As {@link adaptiveMaxPool2d} with `returnIndices`: the maxima and their positions. Throws ShapeError for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool2dWithIndices(torch.tensor([[[1, 3.5], [2, 0]]]), [2, 1]).indices.flatten()
 * // tensor([1, 2])
 */
export function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: pool.OutputSize): pool.Pooled {
  return inNameOf('adaptiveMaxPool2dWithIndices', () => pool.adaptiveMaxPool2d(x, outputSize));
}
/**
 * As {@link adaptiveMaxPool3d} with `returnIndices`: the maxima and their positions. Throws ShapeError for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool3dWithIndices(torch.ones(1, 2, 2, 2), 1).indices.flatten() // tensor([0])
 */
export function adaptiveMaxPool3dWithIndices(x: Tensor, outputSize: pool.OutputSize): pool.Pooled {
  return inNameOf('adaptiveMaxPool3dWithIndices', () => pool.adaptiveMaxPool3d(x, outputSize));
}

// ---- normalization --------------------------------------------------------------------------------------------------

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  weight?: Tensor | null | undefined;
  bias?: Tensor | null | undefined;
  training?: boolean | undefined;
  momentum?: number | undefined;
  eps?: number | undefined;
}
/**
 * Batch normalization of [N, C, *] with running statistics [C], or the batch's own if `training`. Throws ShapeError where
 * sizes do not fit.
 * @example
 * torch.nn.functional.batchNorm(torch.tensor([[1.5], [2.5]]), null, null, { training: true }).sum() // tensor(0.)
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  ...args: Call<
    [weight?: Tensor | null, bias?: Tensor | null, training?: boolean, momentum?: number, eps?: number],
    BatchNormOptions
  >
): Tensor {
  const {
    weight = null,
    bias = null,
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  } = readArguments<BatchNormOptions>('batchNorm', args, ['weight', 'bias', 'training', 'momentum', 'eps']);
  checkBatchEps(training, eps);
  return norms.batchNorm(x, weight, bias, runningMean, runningVar, training, momentum, eps);
}
/**
 * Normalization to mean 0 and variance 1 over the last dims, whose sizes are `normalizedShape`, then times `weight`
 * plus `bias` (https://arxiv.org/abs/1607.06450). Throws ShapeError where the sizes are others.
 * @example
 * torch.nn.functional.layerNorm(torch.tensor([[0.5, 1, 3]]), [3]) // tensor([[-0.9258, -0.4629,  1.3887]])
 */
export const layerNorm: typeof norms.layerNorm = norms.layerNorm;

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  p?: number | undefined;
  dim?: number | undefined;
  eps?: number | undefined;
}
/**
 * `x` divided by its `p`-norm along `dim`, which counts as at least `eps`. Throws DtypeError for integers, RangeError
 * if there is no such dim.
 * @example
 * torch.nn.functional.normalize(torch.tensor([[3, 4.5]])) // tensor([[0.5547, 0.8321]])
 */
export function normalize(
  x: Tensor,
  ...args: Call<[p?: number, dim?: number, eps?: number], NormalizeOptions>
): Tensor {
  return inNameOf('normalize', () => {
    const { p = 2, dim = 1, eps = 1e-12 } = readArguments<NormalizeOptions>('normalize', args, ['p', 'dim', 'eps']);
    checkTensor('normalize', x);
    requireFloating('normalize', x.dt);
    return x.div(x.norm(p, dim, true).clampMin(eps));
  });
}

// ---- indices --------------------------------------------------------------------------------------------------------

const fillKernel = kernel('fill');
const zeros = (sizes: Shape, { dt, device }: Tensor): Tensor => {
  const out = emptyTensor(sizes, dt, device);
  runMap(fillKernel, sizes, [out, 0], dt);
  return out;
};

/**
 * Indices [*] as [*, numClasses], with a one where the index is and zeros elsewhere. `numClasses` is one more than the
 * largest index by default. Throws RangeError for indices out of range.
 * @example
 * torch.nn.functional.oneHot(torch.tensor([0, 2]))
 * // tensor([[1, 0, 0],
 * //         [0, 0, 1]])
 */
export function oneHot(
  index: Tensor,
  ...args: Call<[numClasses?: number], { numClasses?: number | undefined }>
): Tensor {
  const { numClasses = -1 } = readArguments<{ numClasses: number }>('oneHot', args, ['numClasses']);
  checkTensor('oneHot', index);
  if (!Number.isSafeInteger(numClasses)) throw new TypeError('oneHot: expected a whole number as numClasses');
  if (index.dt !== int64)
    throw new DtypeError(`oneHot: one_hot is only applicable to index tensor of type int64, not ${index.dtype}`);
  if (index.count === 0) {
    if (numClasses <= 0) throw new RangeError('oneHot: can not infer total number of classes from empty tensor.');
    return zeros([...index.sizes, numClasses], index);
  }
  const ends = index.aminmax();
  if (ends.min.item() < 0) throw new RangeError('oneHot: class values must be non-negative.');
  const largest = ends.max.item();
  if (numClasses !== -1 && numClasses < 1)
    throw new RangeError(`oneHot: num_classes should be positive, not ${numClasses}`);
  if (numClasses !== -1 && largest >= numClasses)
    throw new RangeError(
      `oneHot: class values must be smaller than num_classes, but ${largest} is not smaller than ${numClasses}.`,
    );
  const classes = numClasses === -1 ? largest + 1 : numClasses;
  return zeros([...index.sizes, classes], index).scatter_(-1, index.unsqueeze(-1), 1);
}
