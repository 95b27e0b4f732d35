// Activations of nn.functional: with PyTorch's arguments there, such as `inplace`. Exported by functional.ts.
import { noGrad } from '../autograd/mode.ts';
import { checkNumber, inNameOf } from '../errors.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { type DTypeName, requireFloating } from '../dtype.ts';
import { zerosLike } from '../create.ts';
import { placed, defaultSoftmaxDim } from '../nn/internal.ts';
import * as act from '../ops/activation.ts';
import { gelu as geluOp } from '../ops/ternary.ts';
import { relu as reluOp, sigmoid as sigmoidOp, silu as siluOp, tanh as tanhOp } from '../ops/unary.ts';
import type { Tensor } from '../tensor.ts';

/** Options of activations that can write to their input. */
export interface InplaceOptions {
  inplace?: boolean | undefined;
}
type Activation = (x: Tensor, ...args: Call<[inplace?: boolean], InplaceOptions>) => Tensor;
const plain =
  (name: string, f: (x: Tensor) => Tensor): Activation =>
  (x, ...args) =>
    placed(name, x, f, readArguments<InplaceOptions>(name, args, ['inplace']).inplace ?? false);

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
  return placed('leakyRelu', x, (x) => act.leakyRelu(x, { negativeSlope }), inplace);
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
  return placed('elu', x, (x) => act.elu(x, { alpha }), inplace);
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
  return placed('celu', x, (x) => act.celu(x, { alpha }), inplace);
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
  return placed('hardtanh', x, (x) => act.hardtanh(x, { minVal, maxVal }), inplace);
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
    'threshold',
    x,
    (x) => act.threshold(x, limit, value),
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
  return inNameOf('softmax', () => softmaxWith('softmax', x, args, act.softmax));
}
/**
 * Probabilities along `dim` of `-x`. Throws as {@link softmax}.
 * @example
 * torch.nn.functional.softmin(torch.tensor([0, 1.5]), 0) // tensor([0.8176, 0.1824])
 */
export function softmin(x: Tensor, ...args: SoftmaxArguments): Tensor {
  return inNameOf('softmin', () => {
    checkTensor('softmin', x);
    return softmaxWith('softmin', x.neg(), args, act.softmax);
  });
}
/**
 * Logarithms of the probabilities along `dim`. Throws as {@link softmax}.
 * @example
 * torch.nn.functional.logSoftmax(torch.tensor([0, 1.5]), 0) // tensor([-1.7014, -0.2014])
 */
export function logSoftmax(x: Tensor, ...args: SoftmaxArguments): Tensor {
  return inNameOf('logSoftmax', () => softmaxWith('logSoftmax', x, args, act.logSoftmax));
}

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  tau?: number | undefined;
  hard?: boolean | undefined;
  /** Without effect, as in PyTorch. */
  eps?: number | undefined;
  dim?: number | undefined;
}
/**
 * A sample of the Gumbel-softmax distribution of logits (https://arxiv.org/abs/1611.01144) along `dim` (-1); with `hard`
 * one-hot, with the gradient of the soft one. Throws DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.nn.functional.gumbelSoftmax(torch.tensor([0.5, 1, 2]), 1, { hard: true }) // tensor([0., 0., 1.])
 */
export function gumbelSoftmax(
  logits: Tensor,
  ...args: Call<[tau?: number, hard?: boolean, eps?: number, dim?: number], GumbelSoftmaxOptions>
): Tensor {
  return inNameOf('gumbelSoftmax', () => {
    const names = ['tau', 'hard', 'eps', 'dim'];
    const options = readArguments<GumbelSoftmaxOptions>('gumbelSoftmax', args, names);
    const { tau = 1, hard = false, dim = -1 } = options;
    checkTensor('gumbelSoftmax', logits);
    checkNumber('gumbelSoftmax', 'tau', tau);
    requireFloating('gumbelSoftmax', logits.dt);
    // in row-major order, whatever the layout of the logits
    const gumbels = noGrad(() => logits.detach().newEmpty(logits.sizes).exponential_().log().neg());
    const soft = logits.add(gumbels).div(tau).softmax(dim);
    if (!hard) return soft;
    const index = soft.max(dim, true).indices;
    const one = zerosLike(soft.detach()).scatter(dim, index, 1);
    return one.sub(soft.detach()).add(soft);
  });
}
