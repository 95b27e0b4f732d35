// Adam and AdamW.
import { type Call, readArguments } from '../define.ts';
import { describe } from '../errors.ts';
import { kernel } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { notNegative, Optimizer, type ParamGroup, type Params, type Slot } from './optimizer.ts';

const adamKernel = kernel('adam');

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  lr: number;
  /** How much of the running means of gradients and of their squares is kept at each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  amsgrad: boolean;
  maximize: boolean;
  /** Decays weights apart from the gradient, as {@link AdamW} does. */
  decoupledWeightDecay: boolean;
}
const DEFAULTS: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
  decoupledWeightDecay: false,
};
const CONSTANTS = { foreach: null, capturable: false, differentiable: false, fused: null };
const POSITIONS = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad'] as const;
type AdamPositions = [
  lr?: number,
  betas?: readonly [number, number],
  eps?: number,
  weightDecay?: number,
  amsgrad?: boolean,
];

/** Parameters that have made as many steps. */
interface Batch {
  step: number;
  readonly slots: Slot[];
}

/**
 * Adam: steps along the running mean of gradients, divided by the root of that of their squares
 * (https://arxiv.org/abs/1412.6980). Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.Adam([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.5000, 0.5000], requires_grad=True)
 */
export class Adam extends Optimizer<AdamOptions> {
  readonly #params: number[] = new Array<number>(10).fill(0);
  constructor(params: Params<AdamOptions>, ...args: Call<AdamPositions, Partial<AdamOptions>>) {
    const options = readArguments<AdamOptions>(new.target.name, args, POSITIONS, ['maximize', 'decoupledWeightDecay']);
    super(params, { ...DEFAULTS, ...options }, CONSTANTS);
  }
  protected override check(where: string, o: AdamOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'epsilon value', o.eps);
    if (!Array.isArray(o.betas) || o.betas.length !== 2)
      throw new TypeError(`${where}: expected betas to be two numbers but received ${describe(o.betas)}`);
    o.betas.forEach((beta, i) => {
      if (!(beta >= 0 && beta < 1)) throw new RangeError(`${where}: Invalid beta parameter at index ${i}: ${beta}`);
    });
    notNegative(where, 'weight_decay value', o.weightDecay);
  }
  protected override start(slot: Slot, o: ParamGroup<AdamOptions>): void {
    this.keep(slot, 'step', 0);
    this.zeros(slot, 'exp_avg');
    this.zeros(slot, 'exp_avg_sq');
    if (o.amsgrad) this.zeros(slot, 'max_exp_avg_sq');
  }
  protected override resume(slot: Slot, o: ParamGroup<AdamOptions>): void {
    const state = slot.state!;
    state.step ??= 0;
    for (const name of ['exp_avg', 'exp_avg_sq', ...(o.amsgrad ? ['max_exp_avg_sq'] : [])]) {
      const value = state[name];
      if (value) slot.tuple.push(value as Tensor);
      else this.zeros(slot, name);
    }
  }
  protected override update(slots: readonly Slot[], o: ParamGroup<AdamOptions>): void {
    const step = (slots[0]!.state!.step as number) + 1;
    let same = true;
    for (let i = 0; i < slots.length; i++) {
      const { state } = slots[i]!;
      const own = (state!.step as number) + 1;
      state!.step = own;
      if (own !== step) same = false;
    }
    if (same) {
      this.#advance(slots, step, o);
      return;
    }
    const batches: Batch[] = [];
    for (const slot of slots) {
      const own = slot.state!.step as number;
      const batch = batches.find((b) => b.step === own);
      if (batch) batch.slots.push(slot);
      else batches.push({ step: own, slots: [slot] });
    }
    for (const batch of batches) this.#advance(batch.slots, batch.step, o);
  }
  #advance(slots: readonly Slot[], step: number, o: AdamOptions): void {
    const [beta1, beta2] = o.betas;
    const params = this.#params;
    params[0] = o.lr;
    params[1] = beta1;
    params[2] = beta2;
    params[3] = o.eps;
    params[4] = o.weightDecay;
    params[5] = o.amsgrad ? 1 : 0;
    params[6] = o.maximize ? 1 : 0;
    params[7] = o.decoupledWeightDecay ? 1 : 0;
    params[8] = 1 - beta1 ** step;
    params[9] = 1 - beta2 ** step;
    this.run(adamKernel, slots, params);
  }
}

/**
 * {@link Adam} with weight decay that does not pass through the running means (https://arxiv.org/abs/1711.05101); its
 * default is 0.01. Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * const optimizer = new torch.optim.AdamW([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w // tensor([0.4950, 0.4950], requires_grad=True)
 */
export class AdamW extends Adam {
  constructor(
    params: Params<AdamOptions>,
    ...args: Call<AdamPositions, Partial<Omit<AdamOptions, 'decoupledWeightDecay'>>>
  ) {
    const options = readArguments<AdamOptions>('AdamW', args, POSITIONS, ['maximize']);
    super(params, { weightDecay: 1e-2, ...options, decoupledWeightDecay: true });
  }
}
