// Adam and AdamW.
import { type Call, readArguments } from '../arguments.ts';
import { kernel } from '../native.ts';
import { Tensor } from '../tensor.ts';
import { betas, notNegative } from './checks.ts';
import type { ParamGroup, Params, Slot, Taken } from './optimizer.ts';
import type { OptimizerStateDict } from './state-dict.ts';
import { Stepped } from './stepped.ts';

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
  /** Ignored, as is `fused`: every step is one call of a fused kernel. */
  foreach: boolean | null;
  /** Refused by a step on the CPU. */
  capturable: boolean;
  /** Refused: steps are not recorded. */
  differentiable: boolean;
  fused: boolean | null;
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
  foreach: null,
  capturable: false,
  differentiable: false,
  fused: null,
  decoupledWeightDecay: false,
};
const POSITIONS = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad'] as const;
const ONLY = ['foreach', 'maximize', 'capturable', 'differentiable', 'fused'];
type Betas = readonly [number | Tensor, number | Tensor];
type Given = Partial<Omit<Taken<AdamOptions>, 'betas'>> & { betas?: Betas };
type AdamPositions = [lr?: number | Tensor, betas?: Betas, eps?: number, weightDecay?: number, amsgrad?: boolean];

/** Options with betas as numbers. */
function plain(where: string, { betas, ...options }: Given): Partial<Taken<AdamOptions>> {
  if (options.foreach && !options.capturable) {
    const named: readonly [string, unknown][] = [
      ['lr', options.lr],
      ['betas[0]', betas?.[0]],
      ['betas[1]', betas?.[1]],
    ];
    for (const [name, value] of named) {
      if (value instanceof Tensor)
        throw new RangeError(`${where}: ${name} as a Tensor is not supported for capturable=False and foreach=True`);
    }
  }
  if (!Array.isArray(betas)) return betas === undefined ? options : { ...options, betas: betas as never };
  const given: readonly unknown[] = betas;
  const tensors = given.filter((b) => b instanceof Tensor);
  if (tensors.length % given.length !== 0)
    throw new RangeError(`${where}: betas must be either both floats or both Tensors`);
  const values = given.map((b, i): unknown => {
    if (!(b instanceof Tensor)) return b;
    if (b.count !== 1) throw new RangeError(`${where}: Tensor betas[${i}] must be 1-element`);
    return b.item();
  });
  return { ...options, betas: values as never };
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
export class Adam extends Stepped<AdamOptions> {
  readonly #params: number[] = new Array<number>(10).fill(0);
  constructor(params: Params<AdamOptions>, ...args: Call<AdamPositions, Given>) {
    const where = new.target.name;
    const options = plain(where, readArguments<Given>(where, args, POSITIONS, [...ONLY, 'decoupledWeightDecay']));
    super(params, { ...DEFAULTS, ...options });
  }
  protected override check(where: string, o: AdamOptions): void {
    notNegative(where, 'learning rate', o.lr);
    notNegative(where, 'epsilon value', o.eps);
    betas(where, o.betas);
    notNegative(where, 'weight_decay value', o.weightDecay);
  }
  protected override names(o: AdamOptions): readonly string[] {
    return o.amsgrad ? ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'] : ['exp_avg', 'exp_avg_sq'];
  }
  protected override advance(slots: readonly Slot[], step: number, o: ParamGroup<AdamOptions>): void {
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
  constructor(params: Params<AdamOptions>, ...args: Call<AdamPositions, Omit<Given, 'decoupledWeightDecay'>>) {
    const options = readArguments<Given>('AdamW', args, POSITIONS, ONLY);
    super(params, { weightDecay: 1e-2, ...options, decoupledWeightDecay: true });
  }
  override loadStateDict(dict: OptimizerStateDict): void {
    super.loadStateDict(dict);
    for (const group of this.paramGroups) group.decoupledWeightDecay = true;
  }
}
