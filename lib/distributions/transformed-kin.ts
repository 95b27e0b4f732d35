// More distributions that are transforms of others: half-Cauchy, inverse gamma, Kumaraswamy and logistic-normal.
import type { Named } from '../arguments.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  LOC_SCALE,
  type LocScale,
  type Param,
  readLocScale,
  readParams,
  type ValidateOptions,
} from './distribution.ts';
import { EULER } from './extreme.ts';
import { Gamma } from './gamma.ts';
import { Cauchy, Normal, Uniform } from './location-scale.ts';
import { Folded, type Independent, TransformedDistribution } from './transformed.ts';
import { AbsTransform, AffineTransform, PowerTransform, StickBreakingTransform } from './transforms.ts';

/**
 * The distribution of `|x|` for x of a Cauchy distribution around 0. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.HalfCauchy(1).logProb(torch.tensor([0.5])) // tensor([-0.6747])
 */
export class HalfCauchy extends Folded {
  constructor(...args: Named<[scale: Param], ['scale'], [validateArgs?: boolean | null], ValidateOptions>) {
    const { scale, validateArgs } = readParams('HalfCauchy', args, ['scale']);
    super(new Cauchy(0, scale, { validateArgs: false }), new AbsTransform(), { validateArgs: false });
    this.init(scale.sizes, [], validateArgs);
  }
  /** The half width at half maximum of the Cauchy distribution. */
  get scale(): Tensor {
    return (this.baseDist as Cauchy).scale;
  }
  override get mean(): Tensor {
    return this.scale.detach().newFull(this.batchShape, Number.POSITIVE_INFINITY);
  }
  override get variance(): Tensor {
    return this.baseDist.variance;
  }
  override expand(batchShape: Shape): HalfCauchy {
    return this.like(new HalfCauchy(this.scale.expand(batchShape), { validateArgs: false }));
  }
}

/**
 * The distribution of 1 / x for x of {@link Gamma}. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.InverseGamma(3, 1.5).mean // tensor(0.7500)
 */
export class InverseGamma extends TransformedDistribution {
  constructor(
    ...args: Named<
      [concentration: Param, rate: Param],
      ['concentration', 'rate'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    const { concentration, rate, validateArgs } = readParams('InverseGamma', args, ['concentration', 'rate']);
    const inverse = new PowerTransform(rate.detach().newFull([], -1));
    super(new Gamma(concentration, rate, { validateArgs: false }), inverse, { validateArgs: false });
    this.init(rate.sizes, [], validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration: constraints.positive, rate: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.positive;
  }
  /** The shape. */
  get concentration(): Tensor {
    return (this.baseDist as Gamma).concentration;
  }
  /** The rate of the gamma distribution: the scale of this one. */
  get rate(): Tensor {
    return (this.baseDist as Gamma).rate;
  }
  override get mean(): Tensor {
    const { concentration: a } = this;
    return this.rate.div(a.sub(1)).where(a.gt(1), Number.POSITIVE_INFINITY);
  }
  override get mode(): Tensor {
    return this.rate.div(this.concentration.add(1));
  }
  override get variance(): Tensor {
    const { concentration: a } = this;
    const finite = this.rate.square().div(a.sub(1).square().mul(a.sub(2)));
    return finite.where(a.gt(2), Number.POSITIVE_INFINITY);
  }
  override expand(batchShape: Shape): InverseGamma {
    const [a, b] = [this.concentration.expand(batchShape), this.rate.expand(batchShape)];
    return this.like(new InverseGamma(a, b, { validateArgs: false }));
  }
  override entropy(): Tensor {
    const { concentration: a } = this;
    return a.add(this.rate.log()).add(a.lgamma()).sub(a.add(1).mul(a.digamma()));
  }
}

/**
 * The Kumaraswamy distribution of probabilities, which is close to a beta distribution. Samples are PyTorch's for the same
 * seed.
 * @example
 * new torch.distributions.Kumaraswamy(1, 3).mean // tensor(0.2500)
 */
export class Kumaraswamy extends TransformedDistribution {
  readonly concentration1: Tensor;
  readonly concentration0: Tensor;
  constructor(
    ...args: Named<
      [concentration1: Param, concentration0: Param],
      ['concentration1', 'concentration0'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    const names = ['concentration1', 'concentration0'] as const;
    const { concentration1: a, concentration0: b, validateArgs } = readParams('Kumaraswamy', args, names);
    const plain = b.detach();
    super(
      new Uniform(plain.newZeros(b.sizes), plain.newOnes(b.sizes), { validateArgs: false }),
      [new PowerTransform(b.reciprocal()), new AffineTransform(1, -1), new PowerTransform(a.reciprocal())],
      { validateArgs: false },
    );
    this.concentration1 = a;
    this.concentration0 = b;
    this.init(a.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration1: constraints.positive, concentration0: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.unitInterval;
  }
  #moment(n: number): Tensor {
    const { concentration1: a, concentration0: b } = this;
    const more = a.reciprocal().mul(n).add(1);
    return b.mul(more.lgamma().add(b.lgamma()).sub(more.add(b).lgamma()).exp());
  }
  override get mean(): Tensor {
    return this.#moment(1);
  }
  override get mode(): Tensor {
    const { concentration1: a, concentration0: b } = this;
    const log = b.reciprocal().mul(b.neg().log1p()).sub(b.neg().mul(a).log1p());
    return log.maskedFill(b.lt(1).logicalOr(a.lt(1)), Number.NaN).exp();
  }
  override get variance(): Tensor {
    return this.#moment(2).sub(this.mean.square());
  }
  override expand(batchShape: Shape): Kumaraswamy {
    const [a, b] = [this.concentration1.expand(batchShape), this.concentration0.expand(batchShape)];
    return this.like(new Kumaraswamy(a, b, { validateArgs: false }));
  }
  override entropy(): Tensor {
    const { concentration1: a, concentration0: b } = this;
    const [t1, t0] = [a.reciprocal().neg().add(1), b.reciprocal().neg().add(1)];
    return t0
      .add(t1.mul(b.add(1).digamma().add(EULER)))
      .sub(a.log())
      .sub(b.log());
  }
}

/**
 * The distribution of K probabilities that {@link StickBreakingTransform} makes of K - 1 normal numbers. Samples are
 * PyTorch's for the same seed.
 * @example
 * new torch.distributions.LogisticNormal(torch.zeros(2), torch.ones(2)).eventShape // torch.Size([3])
 */
export class LogisticNormal extends TransformedDistribution {
  constructor(...args: LocScale) {
    const { loc, scale, validateArgs } = readLocScale('LogisticNormal', args);
    const base = new Normal(loc, scale, { validateArgs: false });
    const transform = new StickBreakingTransform();
    super(base.batchShape.length === 0 ? base.expand([1]) : base, transform, { validateArgs: false });
    this.init(this.batchShape, this.eventShape, validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return LOC_SCALE;
  }
  override get support(): constraints.Constraint {
    return constraints.simplex;
  }
  get #normal(): Normal {
    return (this.baseDist as Independent).baseDist as Normal;
  }
  /** The means of the normal numbers. */
  get loc(): Tensor {
    return this.#normal.loc;
  }
  /** Their standard deviations. */
  get scale(): Tensor {
    return this.#normal.scale;
  }
  override expand(batchShape: Shape): LogisticNormal {
    const shape = [...batchShape, this.eventShape[0]! - 1];
    return this.like(new LogisticNormal(this.loc.expand(shape), this.scale.expand(shape), { validateArgs: false }));
  }
}
