// torch.nn.functional, also F: the operators under its names and with its arguments.
import { type Call, readArguments, record } from './define.ts';
import { checkTensor, runMap } from './dispatch.ts';
import { int64, INTEGER, requireFloating } from './dtype.ts';
import { DtypeError, ShapeError } from './errors.ts';
import { kernel } from './native.ts';
import { placed, defaultSoftmaxDim } from './nn/internal.ts';
import * as act from './ops/activation.ts';
import * as drop from './ops/dropout.ts';
import type { Sizes } from './ops/internal/spatial.ts';
import * as norms from './ops/norm.ts';
import * as pool from './ops/pool.ts';
import { gelu as geluOp } from './ops/ternary.ts';
import { relu as reluOp, sigmoid as sigmoidOp, silu as siluOp, tanh as tanhOp } from './ops/unary.ts';
import { type Shape, show } from './shape.ts';
import { emptyTensor, type Tensor } from './tensor.ts';
import type { DTypeName } from './dtype.ts';

export {
  glu,
  hardshrink,
  logsigmoid,
  prelu,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
} from './ops/activation.ts';
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from './ops/conv.ts';
export { cosineSimilarity, pairwiseDistance } from './ops/distance.ts';
export { crossEntropy, nllLoss } from './ops/class-loss.ts';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  type Reduction,
  smoothL1Loss,
} from './ops/loss.ts';
export { linear } from './ops/matmul.ts';
export { groupNorm } from './ops/norm.ts';
export { pad } from './ops/pad.ts';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
} from './ops/pool.ts';

// ---- activations ----------------------------------------------------------------------------------------------------

/** Options of activations that can write to their input. */
export interface InplaceOptions {
  inplace?: boolean | undefined;
}
type Activation = (x: Tensor, ...args: Call<[inplace?: boolean], InplaceOptions>) => Tensor;
const plain =
  (name: string, f: (x: Tensor) => Tensor): Activation =>
  (x, ...args) =>
    placed(x, f(x), readArguments<InplaceOptions>(name, args, ['inplace']).inplace ?? false);

/**
 * `max(x, 0)`; stored in `x` with `inplace`.
 * @example
 * torch.nn.functional.relu(torch.tensor([-1, 1.5])) // tensor([0.0000, 1.5000])
 */
export const relu: Activation = plain('relu', reluOp);
/**
 * `min(max(x, 0), 6)`, element by element; stored in `x` with `inplace`.
 * @example
 * torch.nn.functional.relu6(torch.tensor([-1, 1.5, 8])) // tensor([0.0000, 1.5000, 6.0000])
 */
export const relu6: Activation = plain('relu6', act.relu6);
/**
 * `x sigmoid(x)`, element by element (https://arxiv.org/abs/1702.03118); stored in `x` with `inplace`.
 * @example
 * torch.nn.functional.silu(torch.tensor([-1, 1.5])) // tensor([-0.2689,  1.2264])
 */
export const silu: Activation = plain('silu', siluOp);
/**
 * `x tanh(softplus(x))`, element by element (https://arxiv.org/abs/1908.08681); stored in `x` with `inplace`. Throws
 * DtypeError for integers.
 * @example
 * torch.nn.functional.mish(torch.tensor([-1, 1.5])) // tensor([-0.3034,  1.4034])
 */
export const mish: Activation = plain('mish', act.mish);
/**
 * `1.0507 elu(x)` with `alpha` 1.6733, which keeps mean 0 and variance 1 (https://arxiv.org/abs/1706.02515); stored in
 * `x` with `inplace`. Throws DtypeError for integers.
 * @example
 * torch.nn.functional.selu(torch.tensor([-1, 1.5])) // tensor([-1.1113,  1.5761])
 */
export const selu: Activation = plain('selu', act.selu);
/**
 * `relu6(x + 3) / 6`, element by element; stored in `x` with `inplace`. Throws DtypeError for integers.
 * @example
 * torch.nn.functional.hardsigmoid(torch.tensor([-4, 1.5])) // tensor([0.0000, 0.7500])
 */
export const hardsigmoid: Activation = plain('hardsigmoid', act.hardsigmoid);
/**
 * `x relu6(x + 3) / 6`, element by element (https://arxiv.org/abs/1905.02244); stored in `x` with `inplace`. Throws
 * DtypeError for integers.
 * @example
 * torch.nn.functional.hardswish(torch.tensor([-1, 1.5])) // tensor([-0.3333,  1.1250])
 */
export const hardswish: Activation = plain('hardswish', act.hardswish);
/**
 * `1 / (1 + e^-x)`, element by element.
 * @example
 * torch.nn.functional.sigmoid(torch.tensor([0, 1.5])) // tensor([0.5000, 0.8176])
 */
export const sigmoid: (x: Tensor) => Tensor = sigmoidOp;
/**
 * Hyperbolic tangent, element by element.
 * @example
 * torch.nn.functional.tanh(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9051])
 */
export const tanh: (x: Tensor) => Tensor = tanhOp;

/**
 * `x Φ(x)` with Φ the normal distribution's cumulative function, or its approximation by tanh
 * (https://arxiv.org/abs/1606.08415). Throws DtypeError for integers.
 * @example
 * torch.nn.functional.gelu(torch.tensor([0, 1.5])) // tensor([0.0000, 1.3998])
 */
export function gelu(
  x: Tensor,
  ...args: Call<[approximate?: 'none' | 'tanh'], { approximate?: 'none' | 'tanh' | undefined }>
): Tensor {
  return geluOp(x, readArguments<{ approximate: 'none' | 'tanh' }>('gelu', args, ['approximate']));
}
/**
 * `x` above zero, `negativeSlope x` (0.01) below; stored in `x` with `inplace`. Throws DtypeError for integers.
 * @example
 * torch.nn.functional.leakyRelu(torch.tensor([-1, 1.5]), 0.1) // tensor([-0.1000,  1.5000])
 */
export function leakyRelu(
  x: Tensor,
  ...args: Call<[negativeSlope?: number, inplace?: boolean], act.LeakyReluOptions & InplaceOptions>
): Tensor {
  const { negativeSlope, inplace = false } = readArguments<act.LeakyReluOptions & InplaceOptions>('leakyRelu', args, [
    'negativeSlope',
    'inplace',
  ]);
  return placed(x, act.leakyRelu(x, { negativeSlope }), inplace);
}
/**
 * `x` above zero, `alpha (e^x - 1)` below (https://arxiv.org/abs/1511.07289); stored in `x` with `inplace`. Throws
 * DtypeError for integers.
 * @example
 * torch.nn.functional.elu(torch.tensor([-1, 1.5])) // tensor([-0.6321,  1.5000])
 */
export function elu(
  x: Tensor,
  ...args: Call<[alpha?: number, inplace?: boolean], { alpha?: number | undefined } & InplaceOptions>
): Tensor {
  const { alpha, inplace = false } = readArguments<{ alpha: number } & InplaceOptions>('elu', args, [
    'alpha',
    'inplace',
  ]);
  return placed(x, act.elu(x, { alpha }), inplace);
}
/**
 * `x` above zero, `alpha (e^(x / alpha) - 1)` below (https://arxiv.org/abs/1704.07483); stored in `x` with `inplace`.
 * Throws DtypeError for integers.
 * @example
 * torch.nn.functional.celu(torch.tensor([-1, 1.5]), { alpha: 2 }) // tensor([-0.7869,  1.5000])
 */
export function celu(
  x: Tensor,
  ...args: Call<[alpha?: number, inplace?: boolean], act.CeluOptions & InplaceOptions>
): Tensor {
  const { alpha, inplace = false } = readArguments<act.CeluOptions & InplaceOptions>('celu', args, [
    'alpha',
    'inplace',
  ]);
  return placed(x, act.celu(x, { alpha }), inplace);
}
/**
 * Clamps to `[minVal, maxVal]` (-1 and 1); stored in `x` with `inplace`. Throws RangeError if `minVal` is the larger
 * one.
 * @example
 * torch.nn.functional.hardtanh(torch.tensor([-3, 0.5, 3])) // tensor([-1.0000,  0.5000,  1.0000])
 */
export function hardtanh(
  x: Tensor,
  ...args: Call<[minVal?: number, maxVal?: number, inplace?: boolean], act.HardtanhOptions & InplaceOptions>
): Tensor {
  const {
    minVal,
    maxVal,
    inplace = false,
  } = readArguments<act.HardtanhOptions & InplaceOptions>('hardtanh', args, ['minVal', 'maxVal', 'inplace']);
  return placed(x, act.hardtanh(x, { minVal, maxVal }), inplace);
}
/**
 * `x` where it exceeds `limit`, `value` elsewhere; stored in `x` with `inplace`.
 * @example
 * torch.nn.functional.threshold(torch.tensor([-1, 1.5]), 0, 7) // tensor([7.0000, 1.5000])
 */
export function threshold(
  x: Tensor,
  limit: number,
  value: number,
  ...args: Call<[inplace?: boolean], InplaceOptions>
): Tensor {
  return placed(
    x,
    act.threshold(x, limit, value),
    readArguments<InplaceOptions>('threshold', args, ['inplace']).inplace ?? false,
  );
}

/** Options of {@link softmax}, {@link softmin} and {@link logSoftmax}. */
export interface SoftmaxOptions {
  dim?: number | null | undefined;
  dtype?: DTypeName | null | undefined;
}
type SoftmaxArguments = Call<[dim?: number | null, dtype?: DTypeName | null], SoftmaxOptions>;
const softmaxWith = (where: string, x: Tensor, args: readonly unknown[], f: typeof act.softmax): Tensor => {
  checkTensor(where, x);
  const { dim, dtype } = readArguments<SoftmaxOptions>(where, args, ['dim', 'dtype']);
  return f(x, { dim: dim ?? defaultSoftmaxDim(x.ndim), dtype });
};
/**
 * Probabilities along `dim`: `e^x / Σ e^x`, of the shape of `x`. Throws RangeError if there is no such dim, DtypeError
 * for integers.
 * @example
 * torch.nn.functional.softmax(torch.tensor([0, 1.5]), 0) // tensor([0.1824, 0.8176])
 */
export function softmax(x: Tensor, ...args: SoftmaxArguments): Tensor {
  return softmaxWith('softmax', x, args, act.softmax);
}
/**
 * Probabilities along `dim` of `-x`. Throws as {@link softmax}.
 * @example
 * torch.nn.functional.softmin(torch.tensor([0, 1.5]), 0) // tensor([0.8176, 0.1824])
 */
export function softmin(x: Tensor, ...args: SoftmaxArguments): Tensor {
  return softmaxWith('softmin', x.neg(), args, act.softmax);
}
/**
 * Logarithms of the probabilities along `dim`. Throws as {@link softmax}.
 * @example
 * torch.nn.functional.logSoftmax(torch.tensor([0, 1.5]), 0) // tensor([-1.7014, -0.2014])
 */
export function logSoftmax(x: Tensor, ...args: SoftmaxArguments): Tensor {
  return softmaxWith('logSoftmax', x, args, act.logSoftmax);
}

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
  return placed(x, f(x, { p, training }), inplace);
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
const channels = (where: string, x: Tensor, args: readonly unknown[], unbatched: number): Tensor =>
  x.ndim === unbatched
    ? dropped(where, x.unsqueeze(0), args, drop.featureDropout).squeeze(0)
    : dropped(where, x, args, drop.featureDropout);
/**
 * As {@link dropout}, for whole channels of [N, C, L] or [C, L].
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.dropout1d(torch.ones(3, 2))
 * // tensor([[0., 0.],
 * //         [0., 0.],
 * //         [2., 2.]])
 */
export function dropout1d(x: Tensor, ...args: DropoutArguments): Tensor {
  return channels('dropout1d', x, args, 2);
}
/**
 * As {@link dropout}, for whole channels of [N, C, H, W].
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
  return channels('dropout2d', x, args, -1);
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
  return channels('dropout3d', x, args, 4);
}

// ---- pooling --------------------------------------------------------------------------------------------------------

/** Options of {@link maxPool2d} and its kin. */
export interface MaxPoolOptions extends pool.MaxPoolOptions {
  returnIndices?: boolean | undefined;
}
type MaxPoolArguments = Call<
  [stride?: Sizes | null, padding?: Sizes, dilation?: Sizes, ceilMode?: boolean, returnIndices?: boolean],
  MaxPoolOptions
>;
type WithIndices = MaxPoolOptions & { returnIndices: true };
const MAX_NAMES = ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;
function pooled(
  where: string,
  x: Tensor,
  kernelSize: Sizes,
  args: readonly unknown[],
  f: typeof pool.maxPool2d,
  withIndices: typeof pool.maxPool2dWithIndices,
): Tensor | pool.Pooled {
  const { returnIndices = false, ...options } = readArguments<MaxPoolOptions>(where, args, MAX_NAMES);
  return returnIndices ? withIndices(x, kernelSize, options) : f(x, kernelSize, options);
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
export function maxPool1d(x: Tensor, kernelSize: Sizes, options: WithIndices): pool.Pooled;
export function maxPool1d(x: Tensor, kernelSize: Sizes, ...args: MaxPoolArguments): Tensor;
export function maxPool1d(x: Tensor, kernelSize: Sizes, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool1d', x, kernelSize, args, pool.maxPool1d, pool.maxPool1dWithIndices);
}
/**
 * Maxima over windows of [N, C, H, W] or [C, H, W]; with `returnIndices`, their positions too. Throws ShapeError for
 * other shapes and where no window fits.
 * @example
 * torch.nn.functional.maxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), 2) // tensor([[[3.5000]]])
 */
export function maxPool2d(x: Tensor, kernelSize: Sizes, options: WithIndices): pool.Pooled;
export function maxPool2d(x: Tensor, kernelSize: Sizes, ...args: MaxPoolArguments): Tensor;
export function maxPool2d(x: Tensor, kernelSize: Sizes, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool2d', x, kernelSize, args, pool.maxPool2d, pool.maxPool2dWithIndices);
}
/**
 * Maxima over windows of [N, C, D, H, W] or [C, D, H, W]; with `returnIndices`, their positions too. Throws ShapeError
 * for other shapes and where no window fits.
 * @example
 * torch.nn.functional.maxPool3d(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2), 2).item() // 7
 */
export function maxPool3d(x: Tensor, kernelSize: Sizes, options: WithIndices): pool.Pooled;
export function maxPool3d(x: Tensor, kernelSize: Sizes, ...args: MaxPoolArguments): Tensor;
export function maxPool3d(x: Tensor, kernelSize: Sizes, ...args: readonly unknown[]): Tensor | pool.Pooled {
  return pooled('maxPool3d', x, kernelSize, args, pool.maxPool3d, pool.maxPool3dWithIndices);
}
/**
 * Maxima over `outputSize` windows of [N, C, L] or [C, L]. Throws ShapeError for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2) // tensor([[3.5000, 2.0000]])
 */
export const adaptiveMaxPool1d = (x: Tensor, outputSize: pool.OutputSize): Tensor =>
  pool.adaptiveMaxPool1d(x, outputSize).output;
/**
 * Maxima over `outputSize` (one number, or [H, W]) windows of [N, C, H, W] or [C, H, W]. Throws ShapeError for other
 * shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), [2, 1])
 * // tensor([[[3.5000],
 * //          [2.0000]]])
 */
export const adaptiveMaxPool2d = (x: Tensor, outputSize: pool.OutputSize): Tensor =>
  pool.adaptiveMaxPool2d(x, outputSize).output;
/**
 * Maxima over `outputSize` (one number, or [D, H, W]) windows of [N, C, D, H, W] or [C, D, H, W]. Throws ShapeError
 * for other shapes.
 * @example
 * torch.nn.functional.adaptiveMaxPool3d(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2), [2, 1, 1]).flatten()
 * // tensor([3., 7.])
 */
export const adaptiveMaxPool3d = (x: Tensor, outputSize: pool.OutputSize): Tensor =>
  pool.adaptiveMaxPool3d(x, outputSize).output;

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
  const { p = 2, dim = 1, eps = 1e-12 } = readArguments<NormalizeOptions>('normalize', args, ['p', 'dim', 'eps']);
  checkTensor('normalize', x);
  requireFloating('normalize', x.dt);
  return x.div(x.norm(p, dim, true).clampMin(eps));
}

// ---- indices --------------------------------------------------------------------------------------------------------

const fillKernel = kernel('fill');
const zeros = (sizes: Shape, dt: Tensor['dt']): Tensor => {
  const out = emptyTensor(sizes, dt);
  runMap(fillKernel, sizes, [out, 0], dt);
  return out;
};

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  paddingIdx?: number | null | undefined;
}
/**
 * Rows of `weight` [V, D]: indices [*] give [*, D]. The row `paddingIdx` gets no gradient. Throws RangeError for an index
 * that is not there.
 * @example
 * torch.nn.functional.embedding(torch.tensor([1, 0]), torch.tensor([[1.5], [2]]))
 * // tensor([[2.0000],
 * //         [1.5000]])
 */
export function embedding(
  index: Tensor,
  weight: Tensor,
  ...args: Call<[paddingIdx?: number | null], EmbeddingOptions>
): Tensor {
  const { paddingIdx = null } = readArguments<EmbeddingOptions>('embedding', args, ['paddingIdx']);
  checkTensor('embedding', index);
  checkTensor('embedding', weight, 'weight');
  if (index.dt.kind !== INTEGER)
    throw new DtypeError(
      `embedding: expected tensor for indices to have an integer dtype; but got ${index.dtype} instead`,
    );
  if (weight.ndim !== 2) throw new ShapeError(`embedding: 'weight' must be 2-D, not ${show(weight.sizes)}`);
  const [rows, cols] = weight.sizes as readonly [number, number];
  if (paddingIdx !== null && (paddingIdx >= rows || paddingIdx < -rows)) {
    throw new RangeError(`embedding: padding_idx must be within num_embeddings, but got ${paddingIdx} for ${rows}`);
  }
  const flat = (index.dt === int64 ? index : index.to('int64')).reshape([-1]);
  const out = weight
    .detach()
    .indexSelect(0, flat)
    .view([...index.sizes, cols]);
  const skipped = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
  return record('embedding', out.detach(), [weight], [flat], (g, n) => {
    const at = n.unpack(0);
    const each = g.reshape([at.count, cols]);
    return [zeros([rows, cols], g.dt).indexAdd(0, at, skipped === null ? each : each.mul(at.ne(skipped).unsqueeze(1)))];
  });
}

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
    return zeros([...index.sizes, numClasses], int64);
  }
  if (index.amin().item() < 0) throw new RangeError('oneHot: class values must be non-negative.');
  const largest = index.amax().item();
  if (numClasses !== -1 && numClasses < 1)
    throw new RangeError(`oneHot: num_classes should be positive, not ${numClasses}`);
  if (numClasses !== -1 && largest >= numClasses)
    throw new RangeError(
      `oneHot: class values must be smaller than num_classes, but ${largest} is not smaller than ${numClasses}.`,
    );
  const classes = numClasses === -1 ? largest + 1 : numClasses;
  return zeros([...index.sizes, classes], int64).scatter(-1, index.unsqueeze(-1), 1);
}
