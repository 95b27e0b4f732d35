// Rprop and ASGD.
import { type Call, readArguments } from '../arguments.ts';
import { kernel } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { notNegative, number, numbers } from './checks.ts';
import type { ParamGroup, Params, Slot, Taken } from './optimizer.ts';
import { Stepped } from './stepped.ts';

const rpropKernel = kernel('rprop');
const asgdKernel = kernel('asgd');

/** Options of {@link Rprop}. */
export interface RpropOptions {
  lr: number;
  /** What a step is multiplied by where the gradient's sign has turned, and where it has not. */
  etas: readonly [number, number];
  /** The least and the largest step. */
  stepSizes: readonly [number, number];
  /** Ignored: every step is one call of a fused kernel. */
  foreach: boolean | null;
  maximize: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  /** Refused by a step on the CPU. */
  capturable: boolean;
}
/**
 * Rprop: steps that follow the signs of the gradients, and grow or shrink as these stay or turn
 * (https://citeseerx.ist.psu.edu/doc/10.1.1.21.1417). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.Rprop([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * optimizer.step()
 * w // tensor([-0.1000, -0.1000], requires_grad=True)
 */
export class Rprop extends Stepped<RpropOptions> {
  constructor(
    params: Params<RpropOptions>,
    ...args: Call<
      [lr?: number | Tensor, etas?: readonly [number, number], stepSizes?: readonly [number, number]],
      Partial<Taken<RpropOptions>>
    >
  ) {
    const names = ['lr', 'etas', 'stepSizes'];
    const only = ['capturable', 'foreach', 'maximize', 'differentiable'];
    super(params, {
      lr: 1e-2,
      etas: [0.5, 1.2],
      stepSizes: [1e-6, 50],
      foreach: null,
      maximize: false,
      differentiable: false,
      capturable: false,
      ...readArguments<Taken<RpropOptions>>('Rprop', args, names, only),
    });
  }
  protected override check(where: string, o: RpropOptions): void {
    notNegative(where, 'learning rate', o.lr);
    numbers(where, 'etas', o.etas);
    const [minus, plus] = o.etas;
    if (!(minus > 0 && minus < 1 && plus > 1)) throw new RangeError(`${where}: Invalid eta values: ${minus}, ${plus}`);
    numbers(where, 'stepSizes', o.stepSizes);
  }
  protected override names(): readonly string[] {
    return ['prev', 'step_size'];
  }
  protected override initial(name: string, o: RpropOptions): number {
    return name === 'prev' ? 0 : o.lr;
  }
  protected override advance(slots: readonly Slot[], _step: number, o: ParamGroup<RpropOptions>): void {
    this.run(rpropKernel, slots, [o.maximize ? 1 : 0, 0, 1, ...o.etas, ...o.stepSizes]);
  }
}

/** Options of {@link ASGD}. */
export interface ASGDOptions {
  lr: number;
  /** How fast weights and learning rate decay. */
  lambd: number;
  /** The power at which the learning rate decays. */
  alpha: number;
  /** The step at which averaging begins. */
  t0: number;
  weightDecay: number;
  /** Ignored: every step is one call of a fused kernel. */
  foreach: boolean | null;
  maximize: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  /** Refused by a step on the CPU. */
  capturable: boolean;
}
/**
 * Averaged stochastic gradient descent (https://meyn.ece.ufl.edu/wp-content/uploads/sites/77/archive/spm_files/Courses/ECE555-2011/555media/poljud92.pdf):
 * the state `ax` is the mean of the parameters since step `t0`. Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.ASGD([w], { lr: 0.5, lambd: 0 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class ASGD extends Stepped<ASGDOptions> {
  constructor(
    params: Params<ASGDOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        lambd?: number,
        alpha?: number,
        t0?: number,
        weightDecay?: number,
        foreach?: boolean | null,
        maximize?: boolean,
        differentiable?: boolean,
        capturable?: boolean,
      ],
      Partial<Taken<ASGDOptions>>
    >
  ) {
    const names = ['lr', 'lambd', 'alpha', 't0', 'weightDecay', 'foreach', 'maximize', 'differentiable', 'capturable'];
    super(params, {
      lr: 1e-2,
      lambd: 1e-4,
      alpha: 0.75,
      t0: 1e6,
      weightDecay: 0,
      foreach: null,
      maximize: false,
      differentiable: false,
      capturable: false,
      ...readArguments<Taken<ASGDOptions>>('ASGD', args, names),
    });
  }
  protected override check(where: string, o: ASGDOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'weight_decay value', o.weightDecay);
    number(where, 'lambd', o.lambd);
    number(where, 'alpha', o.alpha);
    number(where, 't0', o.t0);
  }
  protected override names(): readonly string[] {
    return ['ax'];
  }
  // PyTorch keeps both numbers in float32 tensors
  protected override numbers(o: ASGDOptions): Readonly<Record<string, number>> {
    return { step: 0, eta: Math.fround(o.lr), mu: 1 };
  }
  protected override alike(a: Slot, b: Slot): boolean {
    return a.state!.eta === b.state!.eta && a.state!.mu === b.state!.mu;
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<ASGDOptions>): void {
    const { eta, mu } = slots[0]!.state as { eta: number; mu: number };
    this.run(asgdKernel, slots, [o.maximize ? 1 : 0, o.weightDecay, 1, eta, 1 - o.lambd * eta, mu]);
    for (const { state } of slots) {
      state!.eta = Math.fround(o.lr / (1 + o.lambd * o.lr * step) ** o.alpha);
      state!.mu = Math.fround(1 / Math.max(1, step - o.t0));
    }
  }
}
