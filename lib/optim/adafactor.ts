// Adafactor: second moments of matrices kept as a row and a column.
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { emptyLasting, type Tensor } from '../tensor.ts';
import { atLeastZero, number } from './checks.ts';
import { Optimizer, type ParamGroup, type Params, type Slot, type Taken } from './optimizer.ts';

/** Options of {@link Adafactor}. */
export interface AdafactorOptions {
  lr: number;
  /** The power of the step at which the second moments fade. */
  beta2Decay: number;
  /** What the moments are at least (null: the dtype's own), and what the parameters' size is taken to be at least. */
  eps: readonly [number | null, number];
  /** Steps are cut to this size, in root mean squares. */
  d: number;
  weightDecay: number;
  /** Ignored. */
  foreach: boolean | null;
  maximize: boolean;
}
/** The distance of 1 to the next number. */
const EPSILON: Readonly<Record<string, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

/**
 * Adafactor (https://arxiv.org/abs/1804.04235): steps in proportion to the parameters' size, with the second moments of
 * all but vectors factored into rows and columns. Throws RangeError for values out of range.
 * @example
 * const w = torch.ones([2, 2], { requiresGrad: true })
 * const optimizer = new torch.optim.Adafactor([w], { lr: 0.5 })
 * w.sum().backward()
 * optimizer.step()
 * w.detach()
 * // tensor([[0.5000, 0.5000],
 * //         [0.5000, 0.5000]])
 */
export class Adafactor extends Optimizer<AdafactorOptions> {
  constructor(
    params: Params<AdafactorOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        beta2Decay?: number,
        eps?: readonly [number | null, number],
        d?: number,
        weightDecay?: number,
      ],
      Partial<Taken<AdafactorOptions>>
    >
  ) {
    const names = ['lr', 'beta2Decay', 'eps', 'd', 'weightDecay'];
    super(params, {
      lr: 1e-2,
      beta2Decay: -0.8,
      eps: [null, 1e-3],
      d: 1,
      weightDecay: 0,
      foreach: null,
      maximize: false,
      ...readArguments<Taken<AdafactorOptions>>('Adafactor', args, names, ['foreach', 'maximize']),
    });
  }
  protected override check(where: string, o: AdafactorOptions): void {
    atLeastZero(where, 'Learning rate', o.lr);
    number(where, 'beta2_decay', o.beta2Decay);
    if (!(o.beta2Decay <= 0)) throw new RangeError(`${where}: beta2_decay should be <= 0 but is: ${o.beta2Decay}`);
    if (!Array.isArray(o.eps) || o.eps.length !== 2)
      throw new TypeError(`${where}: expected eps to be two numbers but received ${describe(o.eps)}`);
    if (o.eps[0] !== null) atLeastZero(where, 'epsilon1', o.eps[0]);
    atLeastZero(where, 'epsilon2', o.eps[1]);
    number(where, 'd', o.d);
    if (!(o.d >= 1)) throw new RangeError(`${where}: Clipping threshold d should be >= 1 but is: ${o.d}`);
    atLeastZero(where, 'weight_decay', o.weightDecay);
  }
  protected override start(slot: Slot): void {
    this.keep(slot, 'step', 0);
    const { sizes, dt, device } = slot.p;
    if (sizes.length < 2) {
      this.zeros(slot, 'variance');
      return;
    }
    const one = (d: number): number[] => sizes.map((n, i) => (i === d ? 1 : n));
    this.keep(slot, 'row_var', emptyLasting(one(sizes.length - 1), dt, device).zero_());
    this.keep(slot, 'col_var', emptyLasting(one(sizes.length - 2), dt, device).zero_());
  }
  protected override resume(): void {}
  protected override update(slots: readonly Slot[], o: ParamGroup<AdafactorOptions>): void {
    noGrad(() => {
      for (const slot of slots) this.#advance(slot, o);
    });
  }
  #advance({ p, state, tuple }: Slot, o: ParamGroup<AdafactorOptions>): void {
    const g = o.maximize ? tuple[1]!.neg() : tuple[1]!;
    const step = (state!.step as number) + 1;
    state!.step = step;
    const eps1 = o.eps[0] ?? EPSILON[p.dtype]!;
    const fresh = step ** o.beta2Decay;
    const size = (x: Tensor): number => x.norm().item() / Math.sqrt(x.count);
    const rate = Math.max(o.eps[1], size(p)) * Math.min(o.lr, 1 / Math.sqrt(step));
    if (o.weightDecay !== 0) p.mul_(1 - o.lr * o.weightDecay);
    let estimate: Tensor;
    if (g.ndim > 1) {
      const rows = state!.row_var as Tensor;
      const columns = state!.col_var as Tensor;
      rows.lerp_(g.square().mean(-1, { keepdim: true }), fresh);
      columns.lerp_(g.square().mean(-2, { keepdim: true }), fresh);
      estimate = rows.matmul(columns).div_(rows.mean(-2, { keepdim: true }).clamp_({ min: eps1 }));
    } else {
      const variance = state!.variance as Tensor;
      variance.lerp_(g.square(), fresh);
      estimate = variance.clone();
    }
    const update = estimate
      .clamp_({ min: eps1 * eps1 })
      .rsqrt_()
      .mul_(g);
    p.add_(update, { alpha: -rate / Math.max(1, size(update) / o.d) });
  }
}
