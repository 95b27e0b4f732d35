// Activation functions with options or parameters, as modules.
import { type Call, readArguments } from '../arguments.ts';
import {
  celu,
  elu,
  glu,
  hardshrink,
  hardtanh,
  leakyRelu,
  logSoftmax,
  prelu,
  softmax,
  softplus,
  softshrink,
  threshold,
} from '../ops/activation.ts';
import { ShapeError } from '../errors.ts';
import { softmin } from '../functional/activation.ts';
import { rrelu } from '../functional/vision.ts';
import type { Tensor } from '../tensor.ts';
import type { InplaceOptions } from './activation.ts';
import { constant_ } from './init.ts';
import { defaultSoftmaxDim, FACTORY, type FactoryOptions, factoryOf, float, placed, whole } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

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
    return placed('leakyRelu', x, (x) => leakyRelu(x, this.negativeSlope), this.inplace);
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
    return placed('elu', x, (x) => elu(x, this.alpha), this.inplace);
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
    return placed('celu', x, (x) => celu(x, this.alpha), this.inplace);
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
    return placed('hardtanh', x, (x) => hardtanh(x, this.minVal, this.maxVal), this.inplace);
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
  constructor(limit: number, value: number, ...args: Call<[inplace?: boolean], InplaceOptions>) {
    super();
    this.threshold = limit;
    this.value = value;
    this.inplace = readArguments<InplaceOptions>('Threshold', args, ['inplace']).inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return placed('threshold', x, (x) => threshold(x, this.threshold, this.value), this.inplace);
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
    this.numParameters = whole('PReLU', 'numParameters', options.numParameters ?? 1, 1);
    this.init = options.init ?? 0.25;
    this.weight = emptyParameter([this.numParameters], ...factoryOf('PReLU', options));
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
/**
 * Probabilities along `dim` of `-x`. Throws as {@link Softmax}.
 * @example
 * new torch.nn.Softmin(0).forward(torch.tensor([0, 1.5])) // tensor([0.8176, 0.1824])
 */
export class Softmin extends SoftmaxBase {
  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim);
  }
}
/**
 * Probabilities over the channels of [N, C, H, W] or [C, H, W]. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.Softmax2d().forward(torch.tensor([[[0]], [[1.5]]])).flatten() // tensor([0.1824, 0.8176])
 */
export class Softmax2d extends Module {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new ShapeError(`Softmax2d: expected input to be 3D or 4D, got ${x.ndim}D instead`);
    return softmax(x, -3);
  }
}

/** Options of {@link RReLU}. */
export interface RReLUOptions extends InplaceOptions {
  lower?: number | undefined;
  upper?: number | undefined;
}
/**
 * `x` above zero, below it `x` times a slope: drawn between `lower` (1/8) and `upper` (1/3) for each element while
 * training, else their mean (https://arxiv.org/abs/1505.00853). Throws DtypeError for integers.
 * @example
 * new torch.nn.RReLU(0.1, 0.3).eval().forward(torch.tensor([-1, 1.5])) // tensor([-0.2000,  1.5000])
 * @example
 * new torch.nn.RReLU() // RReLU(lower=0.125, upper=0.3333333333333333)
 */
export class RReLU extends Module {
  readonly lower: number;
  readonly upper: number;
  readonly inplace: boolean;
  constructor(...args: Call<[lower?: number, upper?: number, inplace?: boolean], RReLUOptions>) {
    super();
    const options = readArguments<RReLUOptions>('RReLU', args, ['lower', 'upper', 'inplace']);
    this.lower = options.lower ?? 1 / 8;
    this.upper = options.upper ?? 1 / 3;
    this.inplace = options.inplace ?? false;
  }
  override forward(x: Tensor): Tensor {
    return rrelu(x, this.lower, this.upper, this.training, this.inplace);
  }
  override extraRepr(): string {
    return `lower=${float(this.lower)}, upper=${float(this.upper)}${this.inplace ? ', inplace=True' : ''}`;
  }
}
