// Distributions of positive numbers and of probabilities: exponential, gamma, chi-squared, beta, Dirichlet and F.
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { stack } from '../ops/join.ts';
import { igamma } from '../ops/igamma.ts';
import { sampleDirichlet, standardGamma } from '../random-distributions.ts';
import type { Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { broadcastAll, Distribution, finfo, type Param, readParams, type ValidateOptions } from './distribution.ts';
import { ExponentialFamily } from './exponential-family.ts';

/**
 * The exponential distribution of a `rate`, with mean 1 / rate. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Exponential(torch.tensor([1, 0.5])).sample() // tensor([3.5083, 2.4608])
 */
export class Exponential extends ExponentialFamily {
  override hasRsample = true;
  readonly rate: Tensor;
  constructor(...args: Named<[rate: Param], ['rate'], [validateArgs?: boolean | null], ValidateOptions>) {
    super();
    const options = readArguments<ValidateOptions & { rate: Param }>('Exponential', args, ['rate', 'validateArgs']);
    this.rate = broadcastAll('Exponential', { rate: options.rate! }).rate;
    this.init(this.rate.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { rate: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegative;
  }
  override get mean(): Tensor {
    return this.rate.reciprocal();
  }
  override get mode(): Tensor {
    return this.rate.detach().mul(0);
  }
  override get stddev(): Tensor {
    return this.rate.reciprocal();
  }
  override get variance(): Tensor {
    return this.rate.pow(-2);
  }
  override expand(batchShape: Shape): Exponential {
    return this.like(new Exponential(this.rate.expand(batchShape), { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.rate.detach().newEmpty(this.extended('rsample', sampleShape)).exponential_().div(this.rate);
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.rate.log().sub(this.rate.mul(value));
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return this.rate.neg().mul(value).exp().neg().add(1);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return value.neg().log1p().neg().div(this.rate);
  }
  override entropy(): Tensor {
    return this.rate.log().neg().add(1);
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.rate.neg()];
  }
  override logNormalizer(x: Tensor): Tensor {
    return x.neg().log().neg();
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
}

/**
 * The gamma distribution of a `concentration` (shape) and a `rate`. Samples are PyTorch's for the same seed, and their
 * gradients are implicit ones.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Gamma(torch.tensor([2.5]), 1).logProb(torch.tensor([1.5])) // tensor([-1.1765])
 */
export class Gamma extends ExponentialFamily {
  override hasRsample = true;
  readonly concentration: Tensor;
  readonly rate: Tensor;
  constructor(
    ...args: Named<
      [concentration: Param, rate: Param],
      ['concentration', 'rate'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const names = ['concentration', 'rate', 'validateArgs'];
    const options = readArguments<ValidateOptions & { concentration: Param; rate: Param }>('Gamma', args, names);
    const all = broadcastAll('Gamma', { concentration: options.concentration!, rate: options.rate! });
    this.concentration = all.concentration;
    this.rate = all.rate;
    this.init(this.rate.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration: constraints.positive, rate: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegative;
  }
  override get mean(): Tensor {
    return this.concentration.div(this.rate);
  }
  override get mode(): Tensor {
    return this.concentration.sub(1).div(this.rate).clampMin(0);
  }
  override get variance(): Tensor {
    return this.concentration.div(this.rate.square());
  }
  override expand(batchShape: Shape): Gamma {
    const [a, b] = [this.concentration.expand(batchShape), this.rate.expand(batchShape)];
    return this.like(new Gamma(a, b, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('rsample', sampleShape);
    const value = standardGamma(this.concentration.expand(shape)).div(this.rate.expand(shape));
    value.detach().clamp_(finfo(value).tiny, Number.POSITIVE_INFINITY); // not recorded, as in PyTorch
    return value;
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { concentration: a, rate } = this;
    return a.xlogy(rate).add(a.sub(1).xlogy(value)).sub(rate.mul(value)).sub(a.lgamma());
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return igamma(this.concentration, this.rate.mul(value));
  }
  override entropy(): Tensor {
    const { concentration: a, rate } = this;
    return a.sub(rate.log()).add(a.lgamma()).add(a.neg().add(1).mul(a.digamma()));
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.concentration.sub(1), this.rate.neg()];
  }
  override logNormalizer(x: Tensor, y: Tensor): Tensor {
    return x.add(1).lgamma().add(x.add(1).mul(y.reciprocal().neg().log()));
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
}

/**
 * The chi-squared distribution of `df` degrees of freedom: {@link Gamma} of `df / 2` and 1 / 2.
 * @example
 * new torch.distributions.Chi2(torch.tensor([3.5])).mean // tensor([3.5000])
 */
export class Chi2 extends Gamma {
  constructor(...args: Named<[df: Param], ['df'], [validateArgs?: boolean | null], ValidateOptions>) {
    const options = readArguments<ValidateOptions & { df: Param }>('Chi2', args, ['df', 'validateArgs']);
    const { df } = broadcastAll('Chi2', { df: options.df! });
    super(df.mul(0.5), 0.5, { validateArgs: options.validateArgs });
  }
  /** The degrees of freedom. */
  get df(): Tensor {
    return this.concentration.mul(2);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { df: constraints.positive };
  }
  override expand(batchShape: Shape): Chi2 {
    return this.like(new Chi2(this.df.expand(batchShape), { validateArgs: false }));
  }
}

/**
 * The Dirichlet distribution of vectors of probabilities; `concentration` [*, K]. Samples are PyTorch's for the same seed,
 * and their gradients are implicit ones.
 * @example
 * new torch.distributions.Dirichlet(torch.tensor([0.5, 2.5])).mean // tensor([0.1667, 0.8333])
 */
export class Dirichlet extends ExponentialFamily {
  override hasRsample = true;
  readonly concentration: Tensor;
  constructor(
    ...args: Named<[concentration: Tensor], ['concentration'], [validateArgs?: boolean | null], ValidateOptions>
  ) {
    super();
    const names = ['concentration', 'validateArgs'];
    const options = readArguments<ValidateOptions & { concentration: Tensor }>('Dirichlet', args, names);
    const { concentration: a } = options;
    if (!(a instanceof Tensor))
      throw new TypeError(`Dirichlet: expected a Tensor for concentration but received ${describe(a)}`);
    if (a.ndim < 1) throw new ShapeError('Dirichlet: `concentration` parameter must be at least one-dimensional.');
    this.concentration = a;
    this.init(a.sizes.slice(0, -1), a.sizes.slice(-1), options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration: constraints.independent(constraints.positive, 1) };
  }
  override get support(): constraints.Constraint {
    return constraints.simplex;
  }
  override get mean(): Tensor {
    return this.concentration.div(this.concentration.sum(-1, true));
  }
  override get mode(): Tensor {
    const less = this.concentration.sub(1).clampMin(0);
    const mode = less.div(less.sum(-1, true));
    // without a mode inside, PyTorch takes the first corner
    const corner = mode.detach().mul(0).nanToNum(0).scatter(-1, mode.detach().argmax(-1, true), 1);
    return corner.where(this.concentration.lt(1).all(-1, true), mode);
  }
  override get variance(): Tensor {
    const { concentration: a } = this;
    const total = a.sum(-1, true);
    return a.mul(total.sub(a)).div(total.square().mul(total.add(1)));
  }
  override expand(batchShape: Shape): Dirichlet {
    const a = this.concentration.expand([...batchShape, ...this.eventShape]);
    return this.like(new Dirichlet(a, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return sampleDirichlet(this.concentration.expand(this.extended('rsample', sampleShape)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { concentration: a } = this;
    return a.sub(1).xlogy(value).sum(-1).add(a.sum(-1).lgamma()).sub(a.lgamma().sum(-1));
  }
  override entropy(): Tensor {
    const { concentration: a } = this;
    const k = a.sizes.at(-1)!;
    const total = a.sum(-1);
    return a
      .lgamma()
      .sum(-1)
      .sub(total.lgamma())
      .sub(total.neg().add(k).mul(total.digamma()))
      .sub(a.sub(1).mul(a.digamma()).sum(-1));
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.concentration];
  }
  override logNormalizer(x: Tensor): Tensor {
    return x.lgamma().sum(-1).sub(x.sum(-1).lgamma());
  }
}

/**
 * The beta distribution of probabilities. Samples are PyTorch's for the same seed, and their gradients are implicit ones.
 * @example
 * new torch.distributions.Beta(torch.tensor([0.5]), 1.5).mean // tensor([0.2500])
 */
export class Beta extends ExponentialFamily {
  override hasRsample = true;
  readonly #dirichlet: Dirichlet;
  constructor(
    ...args: Named<
      [concentration1: Param, concentration0: Param],
      ['concentration1', 'concentration0'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const names = ['concentration1', 'concentration0', 'validateArgs'];
    const options = readArguments<ValidateOptions & { concentration1: Param; concentration0: Param }>(
      'Beta',
      args,
      names,
    );
    const { a, b } = broadcastAll('Beta', { a: options.concentration1!, b: options.concentration0! });
    this.#dirichlet = new Dirichlet(stack([a, b], -1), { validateArgs: false });
    this.init(this.#dirichlet.batchShape, [], options.validateArgs);
  }
  /** The first parameter, alpha. */
  get concentration1(): Tensor {
    return this.#dirichlet.concentration.select(-1, 0);
  }
  /** The second parameter, beta. */
  get concentration0(): Tensor {
    return this.#dirichlet.concentration.select(-1, 1);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration1: constraints.positive, concentration0: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.unitInterval;
  }
  override get mean(): Tensor {
    return this.concentration1.div(this.concentration1.add(this.concentration0));
  }
  override get mode(): Tensor {
    return this.#dirichlet.mode.select(-1, 0);
  }
  override get variance(): Tensor {
    const total = this.concentration1.add(this.concentration0);
    return this.concentration1.mul(this.concentration0).div(total.square().mul(total.add(1)));
  }
  override expand(batchShape: Shape): Beta {
    const [a, b] = [this.concentration1.expand(batchShape), this.concentration0.expand(batchShape)];
    return this.like(new Beta(a, b, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.#dirichlet.rsample(sampleShape).select(-1, 0);
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.#dirichlet.logProb(stack([value, value.neg().add(1)], -1));
  }
  override entropy(): Tensor {
    return this.#dirichlet.entropy();
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.concentration1, this.concentration0];
  }
  override logNormalizer(x: Tensor, y: Tensor): Tensor {
    return x.lgamma().add(y.lgamma()).sub(x.add(y).lgamma());
  }
}

/**
 * Fisher's and Snedecor's F-distribution of `df1` and `df2` degrees of freedom. Samples are PyTorch's for the same seed, and
 * their gradients are implicit ones.
 * @example
 * new torch.distributions.FisherSnedecor(2, 5).mean // tensor(1.6667)
 */
export class FisherSnedecor extends Distribution {
  override hasRsample = true;
  readonly df1: Tensor;
  readonly df2: Tensor;
  constructor(
    ...args: Named<[df1: Param, df2: Param], ['df1', 'df2'], [validateArgs?: boolean | null], ValidateOptions>
  ) {
    super();
    const { df1, df2, validateArgs } = readParams('FisherSnedecor', args, ['df1', 'df2']);
    this.df1 = df1;
    this.df2 = df2;
    this.init(df1.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { df1: constraints.positive, df2: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.positive;
  }
  /** The second degrees of freedom where there are more than `least`, else NaN. */
  #above(least: number): Tensor {
    return this.df2.maskedFill(this.df2.le(least), Number.NaN);
  }
  override get mean(): Tensor {
    const df2 = this.#above(2);
    return df2.div(df2.sub(2));
  }
  override get mode(): Tensor {
    const { df1, df2 } = this;
    const mode = df1.sub(2).div(df1).mul(df2).div(df2.add(2));
    return mode.maskedFill(df1.le(2), Number.NaN);
  }
  override get variance(): Tensor {
    const { df1 } = this;
    const df2 = this.#above(4);
    const less = df2.sub(2);
    return df2
      .square()
      .mul(2)
      .mul(df1.add(less))
      .div(df1.mul(less.square()).mul(df2.sub(4)));
  }
  override expand(batchShape: Shape): FisherSnedecor {
    const [df1, df2] = [this.df1.expand(batchShape), this.df2.expand(batchShape)];
    return this.like(new FisherSnedecor(df1, df2, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const [x, y] = [this.df1, this.df2].map((df) =>
      new Gamma(df.mul(0.5), df, { validateArgs: false }).rsample(sampleShape),
    ) as [Tensor, Tensor];
    const { tiny } = finfo(y);
    return x.div(y.clampMin(tiny)).clampMin(tiny);
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const [a, b] = [this.df1.mul(0.5), this.df2.mul(0.5)];
    const ratio = this.df1.div(this.df2);
    const total = a.add(b);
    return total
      .lgamma()
      .sub(a.lgamma())
      .sub(b.lgamma())
      .add(a.mul(ratio.log()).add(a.sub(1).mul(value.log())))
      .sub(total.mul(ratio.mul(value).log1p()));
  }
}
