// Distributions of extremes and of heavy tails: Gumbel, Weibull, Pareto and generalized Pareto.
import type { Named } from '../arguments.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  Distribution,
  finfo,
  LOC_SCALE,
  type LocScale,
  type Param,
  readLocScale,
  readParams,
  type ValidateOptions,
} from './distribution.ts';
import { Exponential } from './gamma.ts';
import { Uniform } from './location-scale.ts';
import { TransformedDistribution } from './transformed.ts';
import { AffineTransform, ExpTransform, PowerTransform } from './transforms.ts';

/** Euler's constant. */
export const EULER = 0.5772156649015329;

/**
 * The Gumbel distribution of maxima around `loc`, of a `scale`. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.Gumbel(0, 1).logProb(torch.tensor([0.5])) // tensor([-1.1065])
 */
export class Gumbel extends TransformedDistribution {
  readonly loc: Tensor;
  readonly scale: Tensor;
  constructor(...args: LocScale) {
    const { loc, scale, validateArgs } = readLocScale('Gumbel', args);
    const { tiny, eps } = finfo(loc);
    const plain = loc.detach();
    const base = new Uniform(plain.newFull(loc.sizes, tiny), plain.newFull(loc.sizes, 1 - eps), {
      validateArgs: false,
    });
    const log = new ExpTransform().inv;
    super(
      base,
      [
        log,
        new AffineTransform(0, scale.detach().newFull(scale.sizes, -1)),
        log,
        new AffineTransform(loc, scale.neg()),
      ],
      { validateArgs: false },
    );
    this.loc = loc;
    this.scale = scale;
    this.init(loc.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return LOC_SCALE;
  }
  override get support(): constraints.Constraint {
    return constraints.real;
  }
  override get mean(): Tensor {
    return this.loc.add(this.scale.mul(EULER));
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get stddev(): Tensor {
    return this.scale.mul(Math.PI / Math.sqrt(6));
  }
  override get variance(): Tensor {
    return this.stddev.square();
  }
  override expand(batchShape: Shape): Gumbel {
    return this.like(new Gumbel(this.loc.expand(batchShape), this.scale.expand(batchShape), { validateArgs: false }));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const y = this.loc.sub(value).div(this.scale);
    return y.sub(y.exp()).sub(this.scale.log());
  }
  override entropy(): Tensor {
    return this.scale.log().add(1 + EULER);
  }
}

type ScaleConcentration = Named<
  [scale: Param, concentration: Param],
  ['scale', 'concentration'],
  [validateArgs?: boolean | null],
  ValidateOptions
>;
/**
 * The Weibull distribution of a `scale` and a `concentration` (shape). Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.Weibull(1, 2).logProb(torch.tensor([0.5])) // tensor([-0.2500])
 */
export class Weibull extends TransformedDistribution {
  readonly scale: Tensor;
  readonly concentration: Tensor;
  constructor(...args: ScaleConcentration) {
    const { scale, concentration, validateArgs } = readParams('Weibull', args, ['scale', 'concentration']);
    super(
      new Exponential(scale.detach().newOnes(scale.sizes), { validateArgs: false }),
      [new PowerTransform(concentration.reciprocal()), new AffineTransform(0, scale)],
      { validateArgs: false },
    );
    this.scale = scale;
    this.concentration = concentration;
    this.init(scale.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { scale: constraints.positive, concentration: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.positive;
  }
  /** The moment of order `n`, for a scale of 1. */
  #moment(n: number): Tensor {
    return this.concentration.reciprocal().mul(n).add(1).lgamma();
  }
  override get mean(): Tensor {
    return this.scale.mul(this.#moment(1).exp());
  }
  override get mode(): Tensor {
    const { concentration: k } = this;
    return this.scale.mul(k.sub(1).div(k).pow(k.reciprocal()));
  }
  override get variance(): Tensor {
    return this.scale.square().mul(this.#moment(2).exp().sub(this.#moment(1).mul(2).exp()));
  }
  override expand(batchShape: Shape): Weibull {
    const [scale, concentration] = [this.scale.expand(batchShape), this.concentration.expand(batchShape)];
    return this.like(new Weibull(scale, concentration, { validateArgs: false }));
  }
  override entropy(): Tensor {
    const inverse = this.concentration.reciprocal();
    return inverse.neg().add(1).mul(EULER).add(this.scale.mul(inverse).log()).add(1);
  }
}

/**
 * The Pareto distribution of numbers from `scale` on, which falls with the power `alpha`. Samples are PyTorch's for the same
 * seed.
 * @example
 * new torch.distributions.Pareto(1, 3).mean // tensor(1.5000)
 */
export class Pareto extends TransformedDistribution {
  readonly scale: Tensor;
  readonly alpha: Tensor;
  constructor(
    ...args: Named<[scale: Param, alpha: Param], ['scale', 'alpha'], [validateArgs?: boolean | null], ValidateOptions>
  ) {
    const { scale, alpha, validateArgs } = readParams('Pareto', args, ['scale', 'alpha']);
    const base = new Exponential(alpha, { validateArgs: false });
    super(base, [new ExpTransform(), new AffineTransform(0, scale)], { validateArgs: false });
    this.scale = scale;
    this.alpha = alpha;
    this.init(scale.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { alpha: constraints.positive, scale: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.greaterThanEq(this.scale);
  }
  override get mean(): Tensor {
    const a = this.alpha.clamp(1); // infinite up to there
    return a.mul(this.scale).div(a.sub(1));
  }
  override get mode(): Tensor {
    return this.scale;
  }
  override get variance(): Tensor {
    const a = this.alpha.clamp(2);
    return this.scale
      .square()
      .mul(a)
      .div(a.sub(1).square().mul(a.sub(2)));
  }
  override expand(batchShape: Shape): Pareto {
    return this.like(new Pareto(this.scale.expand(batchShape), this.alpha.expand(batchShape), { validateArgs: false }));
  }
  override entropy(): Tensor {
    return this.scale.div(this.alpha).log().add(this.alpha.reciprocal().add(1));
  }
}

/**
 * The generalized Pareto distribution of excesses over `loc`, of a `scale` and a `concentration` (shape), which may be
 * negative or 0. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.GeneralizedPareto(0, 1, 0.25).mean // tensor(1.3333)
 */
export class GeneralizedPareto extends Distribution {
  override hasRsample = true;
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly concentration: Tensor;
  constructor(
    ...args: Named<
      [loc: Param, scale: Param, concentration: Param],
      ['loc', 'scale', 'concentration'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const all = readParams('GeneralizedPareto', args, ['loc', 'scale', 'concentration']);
    this.loc = all.loc;
    this.scale = all.scale;
    this.concentration = all.concentration;
    this.init(this.loc.sizes, [], all.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { ...LOC_SCALE, concentration: constraints.real };
  }
  override get support(): constraints.Constraint {
    const { concentration: c } = this;
    const upper = this.loc.sub(this.scale.div(c)).where(c.lt(0), Number.POSITIVE_INFINITY);
    return constraints.interval(this.loc, upper);
  }
  /** Where the concentration counts as 0, and the concentration elsewhere. */
  #zero(): [Tensor, Tensor] {
    const zero = this.concentration.abs().le(1e-8);
    return [zero, this.concentration.where(zero.logicalNot(), 1)];
  }
  /** The mean where `valid`, of a concentration that is replaced elsewhere, else NaN. */
  #moment(limit: number, f: (c: Tensor) => Tensor): Tensor {
    const valid = this.concentration.lt(limit);
    return f(this.concentration.where(valid, limit / 2)).where(valid, Number.NaN);
  }
  override get mean(): Tensor {
    return this.#moment(1, (c) => this.loc.add(this.scale.div(c.neg().add(1))));
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get variance(): Tensor {
    return this.#moment(0.5, (c) => this.scale.square().div(c.neg().add(1).square().mul(c.mul(-2).add(1))));
  }
  override expand(batchShape: Shape): GeneralizedPareto {
    const [loc, scale, c] = [this.loc, this.scale, this.concentration].map((x) => x.expand(batchShape)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return this.like(new GeneralizedPareto(loc, scale, c, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.icdf(this.loc.detach().newEmpty(this.extended('rsample', sampleShape)).uniform_());
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const z = value.sub(this.loc).div(this.scale);
    const [zero, c] = this.#zero();
    const power = c.reciprocal().add(1);
    const decay = power.mul(c.mul(z).log1p());
    const none = power.eq(0).expand(decay.sizes);
    return this.scale
      .log()
      .neg()
      .sub(z.where(zero, power.expand(decay.sizes).where(none, decay)));
  }
  /** The logarithm of the probability of a greater value. */
  logSurvivalFunction(value: Tensor): Tensor {
    this.validate('logSurvivalFunction', value);
    const z = value.sub(this.loc).div(this.scale);
    const [zero, c] = this.#zero();
    return z.neg().where(zero, c.mul(z).log1p().neg().div(c));
  }
  /** The logarithm of {@link cdf}. */
  logCdf(value: Tensor): Tensor {
    return this.logSurvivalFunction(value).exp().neg().log1p();
  }
  override cdf(value: Tensor): Tensor {
    return this.logCdf(value).exp();
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    const [zero, c] = this.#zero();
    const logU = value.neg().log1p();
    const curved = this.loc.add(this.scale.div(c).mul(c.neg().mul(logU).expm1()));
    return this.loc.sub(this.scale.mul(logU)).where(zero, curved);
  }
  override entropy(): Tensor {
    return this.scale.log().add(this.concentration).add(1);
  }
}
