// Activation functions beyond the plain rows of unary.ts: those with parameters, and composites. nn.functional wraps them.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { called, record } from '../history.ts';
import { checkTensor, resultLike, runMap, runStruct } from '../dispatch.ts';
import { BOOL, type DTypeName, requireFloating } from '../dtype.ts';
import { describe, DtypeError, ShapeError, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { show, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import {
  eluGrad,
  hardsigmoidGrad,
  hardswishGrad,
  hardtanhGrad,
  leakyReluGrad,
  logSoftmaxGrad,
  mishGrad,
  shrinkGrad,
  softmaxGrad,
  softplusGrad,
  thresholdGrad,
} from './internal/activation-grad-params.ts';
import { operators } from './internal/register.ts';

const leakyReluKernel = kernel('leakyRelu');
const eluKernel = kernel('elu');
const softplusKernel = kernel('softplus');
const logSigmoidKernel = kernel('logSigmoid');
const mishKernel = kernel('mish');
const hardsigmoidKernel = kernel('hardsigmoid');
const hardswishKernel = kernel('hardswish');
const softshrinkKernel = kernel('softshrink');
const hardshrinkKernel = kernel('hardshrink');
const thresholdKernel = kernel('threshold');
const hardtanhKernel = kernel('hardtanh');
const softmaxKernel = kernel('softmax');
const logSoftmaxKernel = kernel('logSoftmax');

const floats = (where: string, x: Tensor): void => {
  checkTensor(where, x);
  requireFloating(where, x.dt);
};
function number(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
  return value;
}

/** Runs an element-wise kernel on `x` alone. */
function map(k: number, x: Tensor, params: readonly number[]): Tensor {
  const y = resultLike(x.sizes, x.dt, [x]);
  runMap(k, y.sizes, [y, x], x.dt, params);
  return y;
}

/** Options of {@link leakyRelu}. */
export interface LeakyReluOptions {
  negativeSlope?: number | undefined;
}
/**
 * Element-wise `x` above zero and `negativeSlope * x` below. Throws DtypeError if `x` is not floating point.
 * @example
 * torch.leakyRelu(torch.tensor([-1, 1.5])) // tensor([-0.0100,  1.5000])
 */
export function leakyRelu(x: Tensor, ...args: Call<[negativeSlope?: number], LeakyReluOptions>): Tensor {
  const { negativeSlope = 0.01 } = readArguments<LeakyReluOptions>('leakyRelu', args, ['negativeSlope']);
  floats('leakyRelu', x);
  const slope = number('leakyRelu', 'negativeSlope', negativeSlope);
  return record('leakyRelu', map(leakyReluKernel, x, [slope]), [x], [x], (g, n) => [
    leakyReluGrad(g, n.unpack(0), slope),
  ]);
}

/** Options of {@link elu}. */
export interface EluOptions {
  alpha?: number | undefined;
  scale?: number | undefined;
  inputScale?: number | undefined;
}
/** `scale * x` above zero, `scale * alpha * (e^(inputScale * x) - 1)` below. */
function eluWith(where: string, x: Tensor, alpha: number, scale: number, inputScale: number): Tensor {
  floats(where, x);
  const y = map(eluKernel, x, [alpha, scale, inputScale]);
  return record(where === 'celu' ? 'celu' : 'elu', y, [x], [x], (g, n) => [
    eluGrad(g, n.unpack(0), alpha, scale, inputScale),
  ]);
}
/**
 * Element-wise `x` above zero and `alpha * (e^x - 1)` below (https://arxiv.org/abs/1511.07289). Throws DtypeError if `x`
 * is not floating point.
 * @example
 * torch.elu(torch.tensor([-1, 1.5])) // tensor([-0.6321,  1.5000])
 */
export function elu(
  x: Tensor,
  ...args: Call<[alpha?: number, scale?: number, inputScale?: number], EluOptions>
): Tensor {
  const {
    alpha = 1,
    scale = 1,
    inputScale = 1,
  } = readArguments<EluOptions>('elu', args, ['alpha', 'scale', 'inputScale']);
  return eluWith(
    'elu',
    x,
    number('elu', 'alpha', alpha),
    number('elu', 'scale', scale),
    number('elu', 'inputScale', inputScale),
  );
}

/**
 * Element-wise scaled {@link elu} with the constants of self-normalizing networks (https://arxiv.org/abs/1706.02515).
 * Throws DtypeError if `x` is not floating point.
 * @example
 * torch.selu(torch.tensor([-1, 1.5])) // tensor([-1.1113,  1.5761])
 */
export function selu(x: Tensor): Tensor {
  return eluWith('selu', x, 1.6732632423543772, 1.0507009873554805, 1);
}

/** Options of {@link celu}. */
export interface CeluOptions {
  alpha?: number | undefined;
}
/**
 * Element-wise `max(0, x) + min(0, alpha * (e^(x / alpha) - 1))` (https://arxiv.org/abs/1704.07483). Throws DtypeError if
 * `x` is not floating point, RangeError if `alpha` is 0.
 * @example
 * torch.celu(torch.tensor([-1, 1.5]), 2) // tensor([-0.7869,  1.5000])
 */
export function celu(x: Tensor, ...args: Call<[alpha?: number], CeluOptions>): Tensor {
  const { alpha = 1 } = readArguments<CeluOptions>('celu', args, ['alpha']);
  if (number('celu', 'alpha', alpha) === 0) throw new RangeError('celu: ZeroDivisionError: alpha cannot be 0 for CELU');
  return eluWith('celu', x, alpha, 1, 1 / alpha);
}

/**
 * Element-wise `x` where it exceeds `threshold`, and `value` elsewhere.
 * @example
 * torch.threshold(torch.tensor([-1, 1.5]), 1, 20) // tensor([20.0000,  1.5000])
 */
export function threshold(x: Tensor, threshold: number, value: number): Tensor {
  checkTensor('threshold', x);
  const limit = number('threshold', 'threshold', threshold);
  const y = map(thresholdKernel, x, [limit, number('threshold', 'value', value)]);
  return record('threshold', y, [x], [x], (g, n) => [thresholdGrad(g, n.unpack(0), limit)]);
}

/** Options of {@link hardtanh}. */
export interface HardtanhOptions {
  minVal?: number | undefined;
  maxVal?: number | undefined;
}
function clipped(where: string, x: Tensor, low: number, high: number): Tensor {
  checkTensor(where, x);
  if (low > high)
    throw new RangeError(`${where}: min_val cannot be greater than max_val, but received ${low} and ${high}`);
  if (x.dt.name === 'uint8' && (low < 0 || high < 0))
    throw new RangeError(`${where}: the limits of uint8 must not be negative, but are ${low} and ${high}`);
  return record('hardtanh', map(hardtanhKernel, x, [1, low, 1, high]), [x], [x], (g, n) => [
    hardtanhGrad(g, n.unpack(0), low, high),
  ]);
}
/**
 * Element-wise clamping to `[minVal, maxVal]`, with a derivative of zero at the ends. Throws RangeError if they are in the
 * wrong order.
 * @example
 * torch.hardtanh(torch.tensor([-2.5, 0.5])) // tensor([-1.0000,  0.5000])
 */
export function hardtanh(x: Tensor, ...args: Call<[minVal?: number, maxVal?: number], HardtanhOptions>): Tensor {
  const { minVal = -1, maxVal = 1 } = readArguments<HardtanhOptions>('hardtanh', args, ['minVal', 'maxVal']);
  return clipped('hardtanh', x, number('hardtanh', 'minVal', minVal), number('hardtanh', 'maxVal', maxVal));
}

/**
 * Element-wise `min(max(0, x), 6)`.
 * @example
 * torch.relu6(torch.tensor([-1, 1.5, 7])) // tensor([0.0000, 1.5000, 6.0000])
 */
export function relu6(x: Tensor): Tensor {
  return clipped('relu6', x, 0, 6);
}

/** Options of {@link softplus}. */
export interface SoftplusOptions {
  beta?: number | undefined;
  threshold?: number | undefined;
}
/**
 * Element-wise `ln(1 + e^(beta x)) / beta`, and `x` itself where `beta x` exceeds `threshold`. Throws DtypeError if `x` is
 * not floating point.
 * @example
 * torch.softplus(torch.tensor([0, 1.5])) // tensor([0.6931, 1.7014])
 */
export function softplus(x: Tensor, ...args: Call<[beta?: number, threshold?: number], SoftplusOptions>): Tensor {
  if (casting.on) return castCall('softplus', softplus, [x, ...args]);
  const { beta = 1, threshold: limit = 20 } = readArguments<SoftplusOptions>('softplus', args, ['beta', 'threshold']);
  floats('softplus', x);
  number('softplus', 'beta', beta);
  number('softplus', 'threshold', limit);
  return record('softplus', map(softplusKernel, x, [beta, limit]), [x], [x], (g, n) => [
    softplusGrad(g, n.unpack(0), beta, limit),
  ]);
}

/**
 * Element-wise `x / (1 + |x|)`.
 * @example
 * torch.softsign(torch.tensor([-1, 1.5])) // tensor([-0.5000,  0.6000])
 */
export function softsign(x: Tensor): Tensor {
  checkTensor('softsign', x);
  return x.div(x.abs().add(1));
}

/**
 * Element-wise `relu6(x + 3) / 6` (https://arxiv.org/abs/1905.02244). Throws DtypeError if `x` is not floating point.
 * @example
 * torch.hardsigmoid(torch.tensor([-4, 1.5])) // tensor([0.0000, 0.7500])
 */
export function hardsigmoid(x: Tensor): Tensor {
  floats('hardsigmoid', x);
  return record('hardsigmoid', map(hardsigmoidKernel, x, []), [x], [x], (g, n) => [hardsigmoidGrad(g, n.unpack(0))]);
}

/**
 * Element-wise `x relu6(x + 3) / 6` (https://arxiv.org/abs/1905.02244). Throws DtypeError if `x` is not floating point.
 * @example
 * torch.hardswish(torch.tensor([-1, 1.5])) // tensor([-0.3333,  1.1250])
 */
export function hardswish(x: Tensor): Tensor {
  floats('hardswish', x);
  return record('hardswish', map(hardswishKernel, x, []), [x], [x], (g, n) => [hardswishGrad(g, n.unpack(0))]);
}

/**
 * Element-wise `x tanh(softplus(x))` (https://arxiv.org/abs/1908.08681). Throws DtypeError if `x` is not floating point.
 * @example
 * torch.mish(torch.tensor([-1, 1.5])) // tensor([-0.3034,  1.4034])
 */
export function mish(x: Tensor): Tensor {
  floats('mish', x);
  return record('mish', map(mishKernel, x, []), [x], [x], (g, n) => [mishGrad(g, n.unpack(0))]);
}

/**
 * Element-wise `ln(sigmoid(x))`, accurate where the sigmoid is near 0 or 1. Throws DtypeError if `x` is not floating point.
 * @example
 * torch.logsigmoid(torch.tensor([0, 1.5])) // tensor([-0.6931, -0.2014])
 */
export function logsigmoid(x: Tensor): Tensor {
  floats('logsigmoid', x);
  return record('logSigmoid', map(logSigmoidKernel, x, []), [x], [x], (g, n) => [g.mul(n.unpack(0).neg().sigmoid())]);
}

/**
 * Element-wise `x` above zero and `weight * x` below; `weight` has one element, or one for each channel (dim 1 of `x`).
 * Throws ShapeError if it fits neither.
 * @example
 * torch.prelu(torch.tensor([-1, 1.5]), torch.tensor([0.25])) // tensor([-0.2500,  1.5000])
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  if (casting.on) return castCall('prelu', prelu, [x, weight]);
  floats('prelu', x);
  checkTensor('prelu', weight, 'weight');
  if (weight.dt !== x.dt)
    throw new DtypeError(`prelu: type promoting not supported, got ${x.dtype} and ${weight.dtype}`);
  if (weight.ndim > 1)
    throw new ShapeError(`prelu: expected weight to be a scalar or 1D tensor, but got shape ${show(weight.sizes)}`);
  let w = weight;
  if (weight.numel() !== 1) {
    const channels = x.ndim >= 2 ? x.sizes[1]! : 1;
    if (x.ndim === 0 || channels !== weight.numel()) {
      throw new ShapeError(
        `prelu: mismatch of parameter numbers and input channel size. Found parameter numbers = ${weight.numel()} and channel size = ${channels}.`,
      );
    }
    w = weight.view(x.sizes.map((_, d) => (d === 1 ? channels : 1)));
  } else if (weight.ndim === 1) {
    w = weight.view([]);
  }
  const d = x.detach();
  return record('preluKernel', d.where(d.gt(0), d.mul(w.detach())), [x, w], [x, w], (g, n) => {
    const z = n.unpack(0);
    const above = z.gt(0);
    return [
      n.needs(0) ? g.where(above, g.mul(n.unpack(1))) : null,
      n.needs(1) ? g.mul(z).where(above.logicalNot(), 0) : null,
    ];
  });
}

/**
 * Element-wise `x - tanh(x)`.
 * @example
 * torch.tanhshrink(torch.tensor([-1, 1.5])) // tensor([-0.2384,  0.5949])
 */
export function tanhshrink(x: Tensor): Tensor {
  checkTensor('tanhshrink', x);
  if (x.dt.kind === BOOL) throw new DtypeError('tanhshrink: not implemented for bool');
  return x.sub(x.tanh());
}

/** Options of {@link softshrink} and {@link hardshrink}. */
export interface ShrinkOptions {
  lambd?: number | undefined;
}
function shrink(where: string, k: number, x: Tensor, lambd: number): Tensor {
  return record(where, map(k, x, [lambd]), [x], [x], (g, n) => [shrinkGrad(g, n.unpack(0), lambd)]);
}
/**
 * Element-wise distance to `[-lambd, lambd]`, with a sign. Throws RangeError if `lambd` is negative.
 * @example
 * torch.softshrink(torch.tensor([-1, 0.25, 1.5])) // tensor([-0.5000,  0.0000,  1.0000])
 */
export function softshrink(x: Tensor, ...args: Call<[lambd?: number], ShrinkOptions>): Tensor {
  const { lambd = 0.5 } = readArguments<ShrinkOptions>('softshrink', args, ['lambd']);
  floats('softshrink', x);
  if (number('softshrink', 'lambd', lambd) < 0) {
    throw new RangeError(`softshrink: lambda must be greater or equal to 0, but found to be ${lambd}.`);
  }
  return shrink('softshrink', softshrinkKernel, x, lambd);
}

/**
 * Element-wise `x` outside `[-lambd, lambd]`, 0 within.
 * @example
 * torch.hardshrink(torch.tensor([-1, 0.25, 1.5])) // tensor([-1.0000,  0.0000,  1.5000])
 */
export function hardshrink(x: Tensor, ...args: Call<[lambd?: number], ShrinkOptions>): Tensor {
  const { lambd = 0.5 } = readArguments<ShrinkOptions>('hardshrink', args, ['lambd']);
  floats('hardshrink', x);
  number('hardshrink', 'lambd', lambd);
  return shrink('hardshrink', hardshrinkKernel, x, lambd);
}

/** Options of {@link glu}. */
export interface GluOptions {
  dim?: number | undefined;
}
/**
 * The first half of `x` along `dim`, times the sigmoid of the second (https://arxiv.org/abs/1612.08083). Throws ShapeError
 * if the size is odd.
 * @example
 * torch.glu(torch.tensor([1.5, 2, 0, 3])) // tensor([0.7500, 1.9051])
 */
export function glu(x: Tensor, ...args: Call<[dim?: number], GluOptions>): Tensor {
  const { dim = -1 } = readArguments<GluOptions>('glu', args, ['dim']);
  floats('glu', x);
  if (x.ndim === 0) throw new ShapeError('glu: does not support 0-dimensional tensors');
  const d = wrapDim('glu', dim, x.ndim);
  const n = x.sizes[d]!;
  if (n % 2 !== 0) throw new ShapeError(`glu: halving dimension must be even, but dimension ${d} is size ${n}`);
  return called('glu', x.narrow(d, 0, n / 2).mul(x.narrow(d, n / 2, n / 2).sigmoid()));
}

/** Options of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOptions {
  dim?: number | undefined;
  dtype?: DTypeName | null | undefined;
}
type SoftmaxArguments = Call<[dim: number, dtype?: DTypeName | null], SoftmaxOptions>;

function softmaxFamily(
  where: string,
  k: number,
  grad: (g: Tensor, y: Tensor, dim: number) => Tensor,
  x: Tensor,
  args: readonly unknown[],
): Tensor {
  const { dim, dtype } = readArguments<SoftmaxOptions>(where, args, ['dim', 'dtype']);
  checkTensor(where, x);
  if (dim === undefined || dim === null) throw new TypeError(`${where}: missing the argument dim`);
  const source = dtype === undefined || dtype === null ? x : x.to(dtype);
  requireFloating(where, source.dt);
  const d = wrapDim(where, dim, source.ndim);
  const y = emptyTensor(source.sizes, source.dt, source.device); // contiguous, whatever the input
  if (y.count > 0) runStruct(k, [y, source], [d]);
  return record(where, y, [source], [y], (g, n) => [grad(g, n.unpack(0), d)]);
}

/**
 * `e^x` along `dim`, divided by its sum there: probabilities of the shape of `x`, computed in `dtype` if given. Throws
 * DtypeError if `x` is not floating point, RangeError if there is no such dim.
 * @example
 * torch.softmax(torch.tensor([0, 1.5]), 0) // tensor([0.1824, 0.8176])
 */
export function softmax(x: Tensor, ...args: SoftmaxArguments): Tensor {
  if (casting.on) return castCall('softmax', softmax, [x, ...args]);
  return inNameOf('softmax', () => softmaxFamily('softmax', softmaxKernel, softmaxGrad, x, args));
}

/**
 * The logarithm of {@link softmax}, computed without losing small probabilities. Throws as that does.
 * @example
 * torch.logSoftmax(torch.tensor([0, 1.5]), 0) // tensor([-1.7014, -0.2014])
 */
export function logSoftmax(x: Tensor, ...args: SoftmaxArguments): Tensor {
  if (casting.on) return castCall('logSoftmax', logSoftmax, [x, ...args]);
  return inNameOf('logSoftmax', () => softmaxFamily('logSoftmax', logSoftmaxKernel, logSoftmaxGrad, x, args));
}

operators({
  leakyRelu,
  elu,
  selu,
  celu,
  threshold,
  hardtanh,
  relu6,
  softplus,
  softsign,
  hardsigmoid,
  hardswish,
  mish,
  logsigmoid,
  prelu,
  tanhshrink,
  softshrink,
  hardshrink,
  glu,
  softmax,
  logSoftmax,
});
