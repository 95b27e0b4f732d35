// Activation functions as modules.
import { type Call, readArguments } from '../define.ts';
import {
  celu,
  elu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logsigmoid,
  logSoftmax,
  mish,
  prelu,
  relu6,
  selu,
  softmax,
  softplus,
  softshrink,
  softsign,
  tanhshrink,
  threshold,
} from '../ops/activation.ts';
import { gelu } from '../ops/ternary.ts';
import { relu, sigmoid, silu, tanh } from '../ops/unary.ts';
import type { Tensor } from '../tensor.ts';
import { constant_ } from './init.ts';
import { defaultSoftmaxDim, FACTORY, type FactoryOptions, factoryDtype, float, placed } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/** Options of activations that can write to their input. */
export interface InplaceOptions {
  inplace?: boolean | undefined;
}
type InplaceArguments = Call<[inplace?: boolean], InplaceOptions>;

/** Element-wise functions without parameters. */
abstract class Plain extends Module {
  readonly inplace: boolean;
  constructor(...args: InplaceArguments) {
    super();
    this.inplace = readArguments<InplaceOptions>(new.target.name, args, ['inplace']).inplace ?? false;
  }
  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}
/**
 * `1 / (1 + e^-x)`, element-wise.
 * @example
 * new torch.nn.Sigmoid().forward(torch.tensor([0, 1.5])) // tensor([0.5000, 0.8176])
 */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}
/**
 * Hyperbolic tangent, element-wise.
 * @example
 * new torch.nn.Tanh().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9051])
 */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
/**
 * `x / (1 + |x|)`, element-wise.
 * @example
 * new torch.nn.Softsign().forward(torch.tensor([-1, 3.5])) // tensor([-0.5000,  0.7778])
 */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}
/**
 * `x - tanh(x)`, element-wise.
 * @example
 * new torch.nn.Tanhshrink().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 0.5949])
 */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}
/**
 * `ln(sigmoid(x))`, element-wise. Throws DtypeError for integers.
 * @example
 * new torch.nn.LogSigmoid().forward(torch.tensor([0, 1.5])) // tensor([-0.6931, -0.2014])
 */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logsigmoid(x);
  }
}
/**
 * `max(x, 0)`, element-wise.
 * @example
 * new torch.nn.ReLU().forward(torch.tensor([-1, 1.5])) // tensor([0.0000, 1.5000])
 * @example
 * new torch.nn.ReLU({ inplace: true }) // ReLU(inplace=True)
 */
export class ReLU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, relu(x), this.inplace);
  }
}
/**
 * `min(max(x, 0), 6)`, element-wise.
 * @example
 * new torch.nn.ReLU6().forward(torch.tensor([-1, 1.5, 8])) // tensor([0.0000, 1.5000, 6.0000])
 */
export class ReLU6 extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, relu6(x), this.inplace);
  }
}
/**
 * `x sigmoid(x)`, element-wise (https://arxiv.org/abs/1702.03118).
 * @example
 * new torch.nn.SiLU().forward(torch.tensor([-1, 1.5])) // tensor([-0.2689,  1.2264])
 */
export class SiLU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, silu(x), this.inplace);
  }
}
/**
 * `x tanh(softplus(x))`, element-wise (https://arxiv.org/abs/1908.08681). Throws DtypeError for integers.
 * @example
 * new torch.nn.Mish().forward(torch.tensor([-1, 1.5])) // tensor([-0.3034,  1.4034])
 */
export class Mish extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, mish(x), this.inplace);
  }
}
/**
 * `1.0507 elu(x)` with `alpha` 1.6733, element-wise: keeps mean 0 and variance 1 (https://arxiv.org/abs/1706.02515).
 * Throws DtypeError for integers.
 * @example
 * new torch.nn.SELU().forward(torch.tensor([-1, 1.5])) // tensor([-1.1113,  1.5761])
 */
export class SELU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, selu(x), this.inplace);
  }
}
/**
 * `relu6(x + 3) / 6`, element-wise. Throws DtypeError for integers.
 * @example
 * new torch.nn.Hardsigmoid().forward(torch.tensor([-4, 1.5])) // tensor([0.0000, 0.7500])
 */
export class Hardsigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, hardsigmoid(x), this.inplace);
  }
}
/**
 * `x relu6(x + 3) / 6`, element-wise (https://arxiv.org/abs/1905.02244). Throws DtypeError for integers.
 * @example
 * new torch.nn.Hardswish().forward(torch.tensor([-1, 1.5])) // tensor([-0.3333,  1.1250])
 */
export class Hardswish extends Plain {
  override forward(x: Tensor): Tensor {
    return placed(x, hardswish(x), this.inplace);
  }
}

/**
 * `x Φ(x)`, element-wise, with Φ the normal distribution's cumulative function, or its approximation by tanh
 * (https://arxiv.org/abs/1606.08415). Throws DtypeError for integers.
 * @example
 * new torch.nn.GELU().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 1.3998])
 * @example
 * new torch.nn.GELU('tanh') // GELU(approximate='tanh')
 */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';
  constructor(...args: Call<[approximate?: 'none' | 'tanh'], { approximate?: 'none' | 'tanh' | undefined }>) {
    super();
    this.approximate =
      readArguments<{ approximate: 'none' | 'tanh' }>('GELU', args, ['approximate']).approximate ?? 'none';
  }
  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** Options of {@link LeakyReLU}. */
export interface LeakyReLUOptions {
  negativeSlope?: number | undefined;
  inplace?: boolean | undefined;
}
/**
 * `x` above zero, `negativeSlope x` (0.01) below. Throws DtypeError for integers.
 * @example
 * new torch.nn.LeakyReLU(0.2).forward(torch.tensor([-1, 1.5])) // tensor([-0.2000,  1.5000])
 */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;
  readonly inplace: boolean;
  constructor(...args: Call<[negativeSlope?: number, inplace?: boolean], LeakyReLUOptions>) {
    super();
    const options = readArguments<LeakyReLUOptions>('LeakyReLU', args, ['negativeSlope', 'inplace']);
    this.negativeSlope = options.negativeSlope ?? 0.01;
    this.inplace = options.inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed(x, leakyRelu(x, this.negativeSlope), this.inplace);
  }
  override extraRepr(): string {
    return `negative_slope=${float(this.negativeSlope)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Options of {@link ELU}. */
export interface ELUOptions {
  alpha?: number | undefined;
  inplace?: boolean | undefined;
}
/**
 * `x` above zero, `alpha (e^x - 1)` below (https://arxiv.org/abs/1511.07289). Throws DtypeError for integers.
 * @example
 * new torch.nn.ELU().forward(torch.tensor([-1, 1.5])) // tensor([-0.6321,  1.5000])
 */
export class ELU extends Module {
  readonly alpha: number;
  readonly inplace: boolean;
  constructor(...args: Call<[alpha?: number, inplace?: boolean], ELUOptions>) {
    super();
    const options = readArguments<ELUOptions>('ELU', args, ['alpha', 'inplace']);
    this.alpha = options.alpha ?? 1;
    this.inplace = options.inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed(x, elu(x, this.alpha), this.inplace);
  }
  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Options of {@link CELU}. */
export interface CELUOptions {
  alpha?: number | undefined;
  inplace?: boolean | undefined;
}
/**
 * `x` above zero, `alpha (e^(x / alpha) - 1)` below (https://arxiv.org/abs/1704.07483). Throws DtypeError for
 * integers.
 * @example
 * new torch.nn.CELU({ alpha: 2 }).forward(torch.tensor([-1, 1.5])) // tensor([-0.7869,  1.5000])
 */
export class CELU extends Module {
  readonly alpha: number;
  readonly inplace: boolean;
  constructor(...args: Call<[alpha?: number, inplace?: boolean], CELUOptions>) {
    super();
    const options = readArguments<CELUOptions>('CELU', args, ['alpha', 'inplace']);
    this.alpha = options.alpha ?? 1;
    this.inplace = options.inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed(x, celu(x, this.alpha), this.inplace);
  }
  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Options of {@link Softplus}. */
export interface SoftplusOptions {
  beta?: number | undefined;
  threshold?: number | undefined;
}
/**
 * `ln(1 + e^(beta x)) / beta`, element-wise, and `x` itself where `beta x` exceeds `threshold` (20). Throws DtypeError
 * for integers.
 * @example
 * new torch.nn.Softplus().forward(torch.tensor([0, 1.5])) // tensor([0.6931, 1.7014])
 */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;
  constructor(...args: Call<[beta?: number, threshold?: number], SoftplusOptions>) {
    super();
    const options = readArguments<SoftplusOptions>('Softplus', args, ['beta', 'threshold']);
    this.beta = options.beta ?? 1;
    this.threshold = options.threshold ?? 20;
  }
  override forward(x: Tensor): Tensor {
    return softplus(x, this.beta, this.threshold);
  }
  override extraRepr(): string {
    return `beta=${float(this.beta)}, threshold=${float(this.threshold)}`;
  }
}

/** Options of {@link Hardtanh}. */
export interface HardtanhOptions {
  minVal?: number | undefined;
  maxVal?: number | undefined;
  inplace?: boolean | undefined;
}
/**
 * Clamps to `[minVal, maxVal]` (-1 and 1). Throws RangeError if `minVal` is the larger one.
 * @example
 * new torch.nn.Hardtanh().forward(torch.tensor([-3, 0.5, 3])) // tensor([-1.0000,  0.5000,  1.0000])
 */
export class Hardtanh extends Module {
  readonly minVal: number;
  readonly maxVal: number;
  readonly inplace: boolean;
  constructor(...args: Call<[minVal?: number, maxVal?: number, inplace?: boolean], HardtanhOptions>) {
    super();
    const options = readArguments<HardtanhOptions>('Hardtanh', args, ['minVal', 'maxVal', 'inplace']);
    this.minVal = options.minVal ?? -1;
    this.maxVal = options.maxVal ?? 1;
    this.inplace = options.inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed(x, hardtanh(x, this.minVal, this.maxVal), this.inplace);
  }
  override extraRepr(): string {
    return `min_val=${float(this.minVal)}, max_val=${float(this.maxVal)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Options of {@link Softshrink}. */
export interface SoftshrinkOptions {
  lambd?: number | undefined;
}
/**
 * `x - lambd` above `lambd` (0.5), `x + lambd` below `-lambd`, 0 between. Throws RangeError if `lambd` is negative.
 * @example
 * new torch.nn.Softshrink().forward(torch.tensor([-1.5, 0.2, 2])) // tensor([-1.0000,  0.0000,  1.5000])
 */
export class Softshrink extends Module {
  readonly lambd: number;
  constructor(...args: Call<[lambd?: number], SoftshrinkOptions>) {
    super();
    const options = readArguments<SoftshrinkOptions>('Softshrink', args, ['lambd']);
    this.lambd = options.lambd ?? 0.5;
  }
  override forward(x: Tensor): Tensor {
    return softshrink(x, this.lambd);
  }
  override extraRepr(): string {
    return `${float(this.lambd)}`;
  }
}

/** Options of {@link Hardshrink}. */
export interface HardshrinkOptions {
  lambd?: number | undefined;
}
/**
 * `x` outside `[-lambd, lambd]` (0.5), 0 within. Throws DtypeError for integers.
 * @example
 * new torch.nn.Hardshrink().forward(torch.tensor([-1.5, 0.2, 2])) // tensor([-1.5000,  0.0000,  2.0000])
 */
export class Hardshrink extends Module {
  readonly lambd: number;
  constructor(...args: Call<[lambd?: number], HardshrinkOptions>) {
    super();
    const options = readArguments<HardshrinkOptions>('Hardshrink', args, ['lambd']);
    this.lambd = options.lambd ?? 0.5;
  }
  override forward(x: Tensor): Tensor {
    return hardshrink(x, this.lambd);
  }
  override extraRepr(): string {
    return `${float(this.lambd)}`;
  }
}

/** Options of {@link GLU}. */
export interface GLUOptions {
  dim?: number | undefined;
}
/**
 * The first half of `x` along `dim` (the last), times the sigmoid of the second (https://arxiv.org/abs/1612.08083).
 * Throws ShapeError if the size there is odd.
 * @example
 * new torch.nn.GLU().forward(torch.tensor([2, 0.5, 0, 1.5])) // tensor([1.0000, 0.4088])
 */
export class GLU extends Module {
  readonly dim: number;
  constructor(...args: Call<[dim?: number], GLUOptions>) {
    super();
    const options = readArguments<GLUOptions>('GLU', args, ['dim']);
    this.dim = options.dim ?? -1;
  }
  override forward(x: Tensor): Tensor {
    return glu(x, this.dim);
  }
  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/**
 * `x` where it exceeds `threshold`, `value` elsewhere.
 * @example
 * new torch.nn.Threshold(0, 7).forward(torch.tensor([-1, 1.5])) // tensor([7.0000, 1.5000])
 */
export class Threshold extends Module {
  readonly threshold: number;
  readonly value: number;
  readonly inplace: boolean;
  constructor(limit: number, value: number, ...args: InplaceArguments) {
    super();
    this.threshold = limit;
    this.value = value;
    this.inplace = readArguments<InplaceOptions>('Threshold', args, ['inplace']).inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed(x, threshold(x, this.threshold, this.value), this.inplace);
  }
  override extraRepr(): string {
    return `threshold=${this.threshold}, value=${this.value}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Options of {@link PReLU}. */
export interface PReLUOptions extends FactoryOptions {
  numParameters?: number | undefined;
  init?: number | undefined;
}
/**
 * `x` above zero, a learned multiple of it below: one for all channels, or `numParameters` of [N, C, *]
 * (https://arxiv.org/abs/1502.01852). Throws ShapeError if the channels are as many as neither.
 * @example
 * new torch.nn.PReLU().forward(torch.tensor([-1, 1.5]))
 * // tensor([-0.2500,  1.5000], grad_fn=<PreluKernelBackward0>)
 * @example
 * new torch.nn.PReLU(3) // PReLU(num_parameters=3)
 */
export class PReLU extends Module {
  readonly numParameters: number;
  readonly init: number;
  weight: Parameter;
  constructor(...args: Call<[numParameters?: number, init?: number], PReLUOptions>) {
    super();
    const options = readArguments<PReLUOptions>('PReLU', args, ['numParameters', 'init', ...FACTORY]);
    this.numParameters = options.numParameters ?? 1;
    this.init = options.init ?? 0.25;
    this.weight = emptyParameter([this.numParameters], factoryDtype('PReLU', options));
    this.resetParameters();
  }
  /** Sets the weight to what it was at first. */
  resetParameters(): void {
    constant_(this.weight, this.init);
  }
  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }
  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

/** Options of {@link Softmax} and {@link LogSoftmax}. */
export interface SoftmaxModuleOptions {
  dim?: number | null | undefined;
}
type SoftmaxArguments = Call<[dim?: number | null], SoftmaxModuleOptions>;
abstract class SoftmaxBase extends Module {
  readonly dim: number | null;
  constructor(...args: SoftmaxArguments) {
    super();
    this.dim = readArguments<SoftmaxModuleOptions>(new.target.name, args, ['dim']).dim ?? null;
  }
  override extraRepr(): string {
    return `dim=${this.dim ?? 'None'}`;
  }
}
/**
 * Probabilities along `dim`. Throws RangeError if there is no such dim, DtypeError for integers.
 * @example
 * new torch.nn.Softmax(0).forward(torch.tensor([0, 1.5])) // tensor([0.1824, 0.8176])
 * @example
 * new torch.nn.Softmax(1) // Softmax(dim=1)
 */
export class Softmax extends SoftmaxBase {
  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim ?? defaultSoftmaxDim(x.ndim));
  }
}
/**
 * Logarithms of the probabilities along `dim`. Throws as {@link Softmax}.
 * @example
 * new torch.nn.LogSoftmax(0).forward(torch.tensor([0, 1.5])) // tensor([-1.7014, -0.2014])
 */
export class LogSoftmax extends SoftmaxBase {
  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim ?? defaultSoftmaxDim(x.ndim));
  }
}
