// The continuous Bernoulli distribution (https://arxiv.org/abs/1907.06845).
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { binaryCrossEntropyWithLogits } from '../ops/loss.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { clampProbs, logitsToProbs, type Param } from './distribution.ts';
import { FamilyOfOdds, Odds, oddsOf, PROBS, PROBS_NAMES, type ProbsOptions } from './probs.ts';

class ClampedOdds extends Odds {
  protected override fromLogits(logits: Tensor): Tensor {
    return clampProbs(logitsToProbs(logits, true));
  }
}
/** Options of {@link ContinuousBernoulli}. */
export interface ContinuousBernoulliOptions extends ProbsOptions {
  /** Between these probabilities (0.499, 0.501) formulas divide by nearly 0, and Taylor series take over. */
  lims?: readonly [number, number] | undefined;
}
/**
 * Numbers from 0 to 1, more probable towards the side that `probs` (or log-odds `logits`) says. Samples are PyTorch's for
 * the same seed. Probabilities are moved away from 0 and 1.
 * @example
 * new torch.distributions.ContinuousBernoulli(torch.tensor([0.25])).mean // tensor([0.4102])
 */
export class ContinuousBernoulli extends FamilyOfOdds {
  override hasRsample = true;
  readonly #lims: readonly [number, number];
  constructor(
    ...args: Call<
      [probs?: Param | null, logits?: Param | null, lims?: readonly [number, number], validateArgs?: boolean | null],
      ContinuousBernoulliOptions
    >
  ) {
    const where = 'ContinuousBernoulli';
    const [first, second, last] = PROBS_NAMES as [string, string, string];
    const options = readArguments<ContinuousBernoulliOptions>(where, args, [first, second, 'lims', last]);
    const { lims = [0.499, 0.501], validateArgs } = options;
    const given = oddsOf(where, options);
    if (!Array.isArray(lims) || lims.length !== 2 || !lims.every((x) => typeof x === 'number'))
      throw new TypeError(`${where}: expected two numbers for lims but received ${describe(lims)}`);
    // as in PyTorch, probabilities are checked before they are clamped only where somebody asks
    if (given.byProbs && typeof validateArgs === 'boolean') {
      const { probs } = given;
      if (!constraints.unitInterval.check(probs.detach()).all().item())
        throw new RangeError(`${where}: The parameter probs has invalid values:\n${probs.detach()}`);
    }
    const odds = given.byProbs ? new ClampedOdds(clampProbs(given.probs), null) : new ClampedOdds(null, given.logits);
    super(odds);
    this.#lims = lims as readonly [number, number];
    this.init(odds.parameter.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.unitInterval;
  }
  #outside(x: Tensor, shift = 0): Tensor {
    return x.le(this.#lims[0] - shift).logicalOr(x.gt(this.#lims[1] - shift));
  }
  /** Probabilities out of the region where formulas are unstable, and where they were so already. */
  #cut(): [cut: Tensor, stable: Tensor] {
    const stable = this.#outside(this.probs);
    return [this.probs.where(stable, this.#lims[0]), stable];
  }
  /** The logarithm of the constant that makes the density's integral 1. */
  get logNorm(): Tensor {
    const [p, stable] = this.#cut();
    const below = p.where(p.le(0.5), 0);
    const above = p.where(p.ge(0.5), 1);
    const ratio = below.mul(-2).log1p().where(p.le(0.5), above.mul(2).sub(1).log());
    const exact = p.neg().log1p().sub(p.log()).abs().log().sub(ratio);
    const x = this.probs.sub(0.5).square();
    const series = x
      .mul(104 / 45)
      .add(4 / 3)
      .mul(x)
      .add(Math.LN2);
    return exact.where(stable, series);
  }
  override get mean(): Tensor {
    const [p, stable] = this.#cut();
    const exact = p.div(p.mul(2).sub(1)).add(p.neg().log1p().sub(p.log()).reciprocal());
    const x = this.probs.sub(0.5);
    const series = x
      .square()
      .mul(16 / 45)
      .add(1 / 3)
      .mul(x)
      .add(0.5);
    return exact.where(stable, series);
  }
  override get variance(): Tensor {
    const [p, stable] = this.#cut();
    const exact = p
      .mul(p.sub(1))
      .div(p.mul(-2).add(1).square())
      .add(p.neg().log1p().sub(p.log()).square().reciprocal());
    const x = this.probs.sub(0.5).square();
    const series = x
      .mul(-128 / 945)
      .add(1 / 15)
      .mul(x)
      .neg()
      .add(1 / 12);
    return exact.where(stable, series);
  }
  override expand(batchShape: Shape): ContinuousBernoulli {
    const { validateArgs: _, ...options } = this.odds.repeated(batchShape);
    return this.like(new ContinuousBernoulli({ ...options, lims: this.#lims }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    return noGrad(() => this.icdf(this.#uniform('sample', sampleShape)));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.icdf(this.#uniform('rsample', sampleShape));
  }
  #uniform(where: string, sampleShape: unknown): Tensor {
    return this.probs.detach().newEmpty(this.extended(where, sampleShape)).uniform_();
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const shape = broadcastShapes('logProb', this.logits.sizes, value.sizes);
    const [logits, target] = [this.logits.expand(shape), value.to(this.logits.dtype).expand(shape)];
    return binaryCrossEntropyWithLogits(logits, target, { reduction: 'none' }).neg().add(this.logNorm);
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    const [p, stable] = this.#cut();
    const rest = p.neg().add(1);
    const exact = p
      .pow(value)
      .mul(rest.pow(value.neg().add(1)))
      .add(p)
      .sub(1)
      .div(p.mul(2).sub(1));
    const inside = exact.where(stable, value);
    return inside.where(value.lt(1), 1).where(value.gt(0), 0);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    const [p, stable] = this.#cut();
    const start = p.neg().log1p();
    const exact = value.mul(p.mul(2).sub(1)).sub(p).log1p().sub(start).div(p.log().sub(start));
    return exact.where(stable, value);
  }
  override entropy(): Tensor {
    const [log0, log1] = [this.probs.neg().log1p(), this.probs.log()];
    return this.mean.mul(log0.sub(log1)).sub(this.logNorm).sub(log0);
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.logits];
  }
  override logNormalizer(x: Tensor): Tensor {
    const stable = this.#outside(x, 0.5);
    const cut = x.where(stable, this.#lims[0] - 0.5);
    const exact = cut.expm1().abs().log().sub(cut.abs().log());
    const series = x.mul(0.5).add(x.square().div(24)).sub(x.pow(4).div(2880));
    return exact.where(stable, series);
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
}
