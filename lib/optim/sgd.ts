// Stochastic gradient descent.
import { type Call, readArguments } from '../arguments.ts';
import { kernel } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { notNegative } from './checks.ts';
import { Optimizer, type ParamGroup, type Params, type Slot, type Taken } from './optimizer.ts';

const sgdKernel = kernel('sgd');

/** Options of {@link SGD}. */
export interface SGDOptions {
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
  maximize: boolean;
  /** Ignored, as is `fused`: every step is one call of a fused kernel. */
  foreach: boolean | null;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  fused: boolean | null;
}
const DEFAULTS: SGDOptions = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
  fused: null,
};

/**
 * Gradient descent, with momentum (http://www.cs.toronto.edu/%7Ehinton/absps/momentum.pdf), Nesterov's if wanted, and weight
 * decay. Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.SGD([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(
    params: Params<SGDOptions>,
    ...args: Call<
      [lr?: number | Tensor, momentum?: number, dampening?: number, weightDecay?: number, nesterov?: boolean],
      Partial<Taken<SGDOptions>>
    >
  ) {
    const names = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov'];
    const only = ['maximize', 'foreach', 'differentiable', 'fused'];
    super(params, { ...DEFAULTS, ...readArguments<Taken<SGDOptions>>('SGD', args, names, only) });
  }
  protected override check(where: string, o: SGDOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'momentum value', o.momentum);
    notNegative(where, 'weight_decay value', o.weightDecay);
    if (o.nesterov && (o.momentum <= 0 || o.dampening !== 0)) {
      throw new RangeError(`${where}: Nesterov momentum requires a momentum and zero dampening`);
    }
  }
  protected override start(): void {
    // the buffer is made by the first update that has momentum
  }
  protected override resume(slot: Slot): void {
    const buffer = slot.state?.momentum_buffer;
    if (buffer) slot.tuple.push(buffer as Tensor);
  }
  protected override update(slots: readonly Slot[], o: ParamGroup<SGDOptions>): void {
    const params = (first: boolean): number[] => [
      o.lr,
      o.momentum,
      o.dampening,
      o.weightDecay,
      o.nesterov ? 1 : 0,
      o.maximize ? 1 : 0,
      first ? 1 : 0,
    ];
    if (o.momentum === 0) {
      // a momentum that was switched off leaves its buffers alone
      const plain = slots.every((s) => s.tuple.length === 2)
        ? slots
        : slots.map((s) => ({ ...s, tuple: s.tuple.slice(0, 2) }));
      this.run(sgdKernel, plain, params(false));
      return;
    }
    let fresh: Slot[] | null = null;
    for (const slot of slots) {
      if (slot.tuple.length > 2) continue;
      this.zeros(slot, 'momentum_buffer');
      (fresh ??= []).push(slot);
    }
    if (fresh === null) {
      this.run(sgdKernel, slots, params(false));
      return;
    }
    const first = new Set(fresh);
    const later = slots.filter((s) => !first.has(s));
    this.run(sgdKernel, fresh, params(true));
    if (later.length > 0) this.run(sgdKernel, later, params(false));
  }
}
