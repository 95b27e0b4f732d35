// Adamax, NAdam and RAdam: other uses of Adam's running means.
import { type Call, readArguments } from '../arguments.ts';
import { kernel } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { betas, notNegative } from './checks.ts';
import type { ParamGroup, Params, Slot, Taken } from './optimizer.ts';
import { Stepped } from './stepped.ts';

const adamaxKernel = kernel('adamax');
const nadamKernel = kernel('nadam');
const radamKernel = kernel('radam');

/** Options of {@link Adamax}. */
export interface AdamaxOptions {
  lr: number;
  /** How much of the running mean of gradients and of their largest magnitude is kept at each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  /** Ignored: every step is one call of a fused kernel. */
  foreach: boolean | null;
  maximize: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  /** Refused by a step on the CPU. */
  capturable: boolean;
}
/** Options of {@link RAdam}. */
export interface RAdamOptions extends AdamaxOptions {
  /** Decays weights apart from the gradient. */
  decoupledWeightDecay: boolean;
}
/** Options of {@link NAdam}. */
export interface NAdamOptions extends RAdamOptions {
  /** How fast the momentum comes up to the first of `betas`. */
  momentumDecay: number;
}
const FLAGS = { foreach: null, maximize: false, differentiable: false, capturable: false };
const ONLY = ['foreach', 'maximize', 'differentiable', 'capturable'];

function checkAdam(where: string, o: AdamaxOptions): void {
  notNegative(where, 'learning rate', o.lr);
  notNegative(where, 'epsilon value', o.eps);
  betas(where, o.betas);
  notNegative(where, 'weight_decay value', o.weightDecay);
}
/** What the kernels' parameters begin with: maximize, decay of the gradient, decay of the weights. */
const head = (o: RAdamOptions): [number, number, number] => [
  o.maximize ? 1 : 0,
  o.decoupledWeightDecay ? 0 : o.weightDecay,
  o.decoupledWeightDecay ? 1 - o.lr * o.weightDecay : 1,
];

/**
 * Adamax: {@link Adam} with the largest recent magnitude of a gradient in place of the root of the mean of squares
 * (https://arxiv.org/abs/1412.6980). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.Adamax([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class Adamax extends Stepped<AdamaxOptions> {
  constructor(
    params: Params<AdamaxOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        betas?: readonly [number, number],
        eps?: number,
        weightDecay?: number,
        foreach?: boolean | null,
      ],
      Partial<Taken<AdamaxOptions>>
    >
  ) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'foreach'];
    const options = readArguments<Taken<AdamaxOptions>>('Adamax', args, names, ONLY);
    super(params, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, ...FLAGS, ...options });
  }
  protected override check(where: string, o: AdamaxOptions): void {
    checkAdam(where, o);
  }
  protected override names(): readonly string[] {
    return ['exp_avg', 'exp_inf'];
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<AdamaxOptions>): void {
    const [beta1, beta2] = o.betas;
    const rate = o.lr / (1 - beta1 ** step);
    this.run(adamaxKernel, slots, [o.maximize ? 1 : 0, o.weightDecay, 1, rate, beta1, beta2, o.eps]);
  }
}

/**
 * NAdam: {@link Adam} with Nesterov's momentum (https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ). Throws RangeError
 * for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.NAdam([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.4718, 0.4718], requires_grad=True)
 */
export class NAdam extends Stepped<NAdamOptions> {
  constructor(
    params: Params<NAdamOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        betas?: readonly [number, number],
        eps?: number,
        weightDecay?: number,
        momentumDecay?: number,
        decoupledWeightDecay?: boolean,
      ],
      Partial<Taken<NAdamOptions>>
    >
  ) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'momentumDecay', 'decoupledWeightDecay'];
    const options = readArguments<Taken<NAdamOptions>>('NAdam', args, names, ONLY);
    super(params, {
      lr: 2e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
      foreach: null,
      capturable: false,
      differentiable: false,
      ...options,
    });
  }
  protected override check(where: string, o: NAdamOptions): void {
    checkAdam(where, o);
    notNegative(where, 'momentum_decay value', o.momentumDecay);
  }
  protected override names(): readonly string[] {
    return ['exp_avg', 'exp_avg_sq'];
  }
  protected override numbers(): Readonly<Record<string, number>> {
    return { step: 0, mu_product: 1 };
  }
  protected override alike(a: Slot, b: Slot): boolean {
    return a.state!.mu_product === b.state!.mu_product;
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<NAdamOptions>): void {
    const [beta1, beta2] = o.betas;
    const momentum = (at: number): number => beta1 * (1 - 0.5 * 0.96 ** (at * o.momentumDecay));
    const [mu, next] = [momentum(step), momentum(step + 1)];
    // PyTorch multiplies a float32 tensor
    const product = Math.fround((slots[0]!.state!.mu_product as number) * Math.fround(mu));
    for (const { state } of slots) state!.mu_product = product;
    const ofGradient = (-o.lr * (1 - mu)) / (1 - product);
    const ofMean = (-o.lr * next) / (1 - product * next);
    this.run(nadamKernel, slots, [...head(o), beta1, beta2, o.eps, 1 - beta2 ** step, ofGradient, ofMean]);
  }
}

/**
 * RAdam: {@link Adam} that steps without its division while the mean of squares is too uncertain
 * (https://arxiv.org/abs/1908.03265). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.RAdam([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class RAdam extends Stepped<RAdamOptions> {
  constructor(
    params: Params<RAdamOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        betas?: readonly [number, number],
        eps?: number,
        weightDecay?: number,
        decoupledWeightDecay?: boolean,
      ],
      Partial<Taken<RAdamOptions>>
    >
  ) {
    const names = ['lr', 'betas', 'eps', 'weightDecay', 'decoupledWeightDecay'];
    const options = readArguments<Taken<RAdamOptions>>('RAdam', args, names, ONLY);
    super(params, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      maximize: false,
      foreach: null,
      capturable: false,
      decoupledWeightDecay: false,
      differentiable: false,
      ...options,
    });
  }
  protected override check(where: string, o: RAdamOptions): void {
    checkAdam(where, o);
  }
  protected override names(): readonly string[] {
    return ['exp_avg', 'exp_avg_sq'];
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<RAdamOptions>): void {
    const [beta1, beta2] = o.betas;
    const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step];
    // the length of the simple mean that the running one amounts to, at the end and now
    const end = 2 / (1 - beta2) - 1;
    const now = end - (2 * step * beta2 ** step) / correction2;
    const rect = now > 5 ? Math.sqrt(((now - 4) * (now - 2) * end) / ((end - 4) * (end - 2) * now)) : 0;
    this.run(radamKernel, slots, [...head(o), o.lr, beta1, beta2, o.eps, correction1, correction2, rect]);
  }
}
