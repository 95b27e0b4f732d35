// Adagrad, Adadelta and RMSprop: steps divided by a measure of past gradients.
import { type Call, readArguments } from '../arguments.ts';
import { kernel } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { notNegative, number } from './checks.ts';
import type { ParamGroup, Params, Slot, Taken } from './optimizer.ts';
import { Stepped } from './stepped.ts';

const adagradKernel = kernel('adagrad');
const adadeltaKernel = kernel('adadelta');
const rmspropKernel = kernel('rmsprop');

/** Options of {@link Adagrad}. */
export interface AdagradOptions {
  lr: number;
  /** How fast the learning rate falls: it is divided by `1 + (step - 1) * lrDecay`. */
  lrDecay: number;
  eps: number;
  weightDecay: number;
  initialAccumulatorValue: number;
  /** Ignored, as is `fused`: every step is one call of a fused kernel. */
  foreach: boolean | null;
  maximize: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  fused: boolean | null;
}
/**
 * Adagrad: steps divided by the root of the sum of all squared gradients
 * (https://jmlr.org/papers/v12/duchi11a.html). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.Adagrad([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class Adagrad extends Stepped<AdagradOptions> {
  constructor(
    params: Params<AdagradOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        lrDecay?: number,
        weightDecay?: number,
        initialAccumulatorValue?: number,
        eps?: number,
        foreach?: boolean | null,
      ],
      Partial<Taken<AdagradOptions>>
    >
  ) {
    const names = ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps', 'foreach'];
    const only = ['maximize', 'differentiable', 'fused'];
    super(params, {
      lr: 1e-2,
      lrDecay: 0,
      eps: 1e-10,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      foreach: null,
      maximize: false,
      differentiable: false,
      fused: null,
      ...readArguments<Taken<AdagradOptions>>('Adagrad', args, names, only),
    });
    this.startAll();
  }
  protected override check(where: string, o: AdagradOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'lr_decay value', o.lrDecay);
    notNegative(where, 'weight_decay value', o.weightDecay);
    notNegative(where, 'initial_accumulator_value value', o.initialAccumulatorValue);
    notNegative(where, 'epsilon value', o.eps);
  }
  protected override names(): readonly string[] {
    return ['sum'];
  }
  protected override initial(_name: string, o: AdagradOptions): number {
    return o.initialAccumulatorValue;
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<AdagradOptions>): void {
    const rate = o.lr / (1 + (step - 1) * o.lrDecay);
    this.run(adagradKernel, slots, [o.maximize ? 1 : 0, o.weightDecay, 1, rate, o.eps]);
  }
}

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions {
  lr: number;
  /** How much of the running means of squares is kept at each step. */
  rho: number;
  eps: number;
  weightDecay: number;
  maximize: boolean;
  /** Refused by a step on the CPU. */
  capturable: boolean;
  /** Ignored: every step is one call of a fused kernel. */
  foreach: boolean | null;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
}
/**
 * Adadelta: steps in the proportion of recent steps to recent gradients (https://arxiv.org/abs/1212.5701). Throws
 * RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.Adadelta([w], { lr: 100 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.6838, 0.6838], requires_grad=True)
 */
export class Adadelta extends Stepped<AdadeltaOptions> {
  constructor(
    params: Params<AdadeltaOptions>,
    ...args: Call<
      [lr?: number | Tensor, rho?: number, eps?: number, weightDecay?: number, foreach?: boolean | null],
      Partial<Taken<AdadeltaOptions>>
    >
  ) {
    const names = ['lr', 'rho', 'eps', 'weightDecay', 'foreach'];
    const only = ['capturable', 'maximize', 'differentiable'];
    super(params, {
      lr: 1,
      rho: 0.9,
      eps: 1e-6,
      weightDecay: 0,
      maximize: false,
      capturable: false,
      foreach: null,
      differentiable: false,
      ...readArguments<Taken<AdadeltaOptions>>('Adadelta', args, names, only),
    });
  }
  protected override check(where: string, o: AdadeltaOptions): void {
    notNegative(where, 'learning rate', o.lr);
    number(where, 'rho value', o.rho);
    if (!(o.rho >= 0 && o.rho <= 1)) throw new RangeError(`${where}: Invalid rho value: ${o.rho}`);
    notNegative(where, 'epsilon value', o.eps);
    notNegative(where, 'weight_decay value', o.weightDecay);
  }
  protected override names(): readonly string[] {
    return ['square_avg', 'acc_delta'];
  }
  protected override advance(slots: readonly Slot[], _step: number, o: ParamGroup<AdadeltaOptions>): void {
    this.run(adadeltaKernel, slots, [o.maximize ? 1 : 0, o.weightDecay, 1, o.lr, o.rho, o.eps]);
  }
}

/** Options of {@link RMSprop}. */
export interface RMSpropOptions {
  lr: number;
  momentum: number;
  /** How much of the running mean of squares is kept at each step. */
  alpha: number;
  eps: number;
  /** Divides by the deviation from the mean gradient, not by its size. */
  centered: boolean;
  weightDecay: number;
  /** Refused by a step on the CPU. */
  capturable: boolean;
  /** Ignored: every step is one call of a fused kernel. */
  foreach: boolean | null;
  maximize: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
}
/**
 * RMSprop: steps divided by the root of the running mean of squared gradients
 * (https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.RMSprop([w], { lr: 0.05 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class RMSprop extends Stepped<RMSpropOptions> {
  constructor(
    params: Params<RMSpropOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        alpha?: number,
        eps?: number,
        weightDecay?: number,
        momentum?: number,
        centered?: boolean,
        capturable?: boolean,
        foreach?: boolean | null,
        maximize?: boolean,
        differentiable?: boolean,
      ],
      Partial<Taken<RMSpropOptions>>
    >
  ) {
    const names = ['lr', 'alpha', 'eps', 'weightDecay', 'momentum', 'centered'];
    const flags = ['capturable', 'foreach', 'maximize', 'differentiable'];
    super(params, {
      lr: 1e-2,
      momentum: 0,
      alpha: 0.99,
      eps: 1e-8,
      centered: false,
      weightDecay: 0,
      capturable: false,
      foreach: null,
      maximize: false,
      differentiable: false,
      ...readArguments<Taken<RMSpropOptions>>('RMSprop', args, [...names, ...flags]),
    });
  }
  protected override check(where: string, o: RMSpropOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'epsilon value', o.eps);
    notNegative(where, 'momentum value', o.momentum);
    notNegative(where, 'weight_decay value', o.weightDecay);
    notNegative(where, 'alpha value', o.alpha);
  }
  protected override names(o: RMSpropOptions): readonly string[] {
    return ['square_avg', ...(o.centered ? ['grad_avg'] : []), ...(o.momentum > 0 ? ['momentum_buffer'] : [])];
  }
  protected override advance(slots: readonly Slot[], _step: number, o: ParamGroup<RMSpropOptions>): void {
    const own = [o.lr, o.alpha, o.eps, o.momentum, o.centered ? 1 : 0];
    this.run(rmspropKernel, slots, [o.maximize ? 1 : 0, o.weightDecay, 1, ...own]);
  }
}
