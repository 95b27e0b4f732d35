// Distributions of whole numbers: Bernoulli, geometric, binomial, Poisson and negative binomial.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { arange } from '../create.ts';
import { binaryCrossEntropyWithLogits } from '../ops/loss.ts';
import { binomial, poisson } from '../random-distributions.ts';
import { bernoulli } from '../random.ts';
import { noGrad } from '../autograd/mode.ts';
import { tuple } from '../nn/internal.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { wholeBound } from './constraint.ts';
import * as constraints from './constraints.ts';
import { broadcastAll, checkEither, finfo, type Param, shapeOf, type ValidateOptions } from './distribution.ts';
import { ExponentialFamily } from './exponential-family.ts';
import { Gamma } from './gamma.ts';
import { FamilyOfOdds, Odds, OfOdds, PROBS, PROBS_NAMES, type Probs, type ProbsOptions, readOdds } from './probs.ts';

const NEGATIVE_BINOMIAL = {
  totalCount: wholeBound(0, true),
  probs: constraints.halfOpenInterval(0, 1),
  logits: constraints.real,
};
const crossEntropy = (logits: Tensor, target: Tensor): Tensor => {
  const shape = broadcastShapes('logProb', logits.sizes, target.sizes);
  const dtype = logits.dtype;
  return binaryCrossEntropyWithLogits(logits.expand(shape), target.to(dtype).expand(shape), { reduction: 'none' });
};

/**
 * Ones with probability `probs`, or with log-odds `logits`, else zeros. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Bernoulli(torch.tensor([0.5, 0.9])).sample() // tensor([1., 1.])
 * @example
 * new torch.distributions.Bernoulli({ logits: 0.5 }) // Bernoulli(logits: 0.5)
 */
export class Bernoulli extends FamilyOfOdds {
  override hasEnumerateSupport = true;
  constructor(...args: Probs) {
    const [odds, options] = readOdds('Bernoulli', args);
    super(odds);
    this.init(odds.parameter.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.boolean;
  }
  override get mean(): Tensor {
    return this.probs;
  }
  override get mode(): Tensor {
    return this.probs.ge(0.5).to(this.probs.dtype).maskedFill(this.probs.eq(0.5), Number.NaN);
  }
  override get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }
  override expand(batchShape: Shape): Bernoulli {
    return this.like(new Bernoulli(this.odds.repeated(batchShape)));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => bernoulli(this.probs.expand(shape)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return crossEntropy(this.logits, value).neg();
  }
  override entropy(): Tensor {
    return crossEntropy(this.logits, this.probs);
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.probs.logit()];
  }
  override logNormalizer(x: Tensor): Tensor {
    return x.exp().log1p();
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
  override enumerateSupport(expand = true): Tensor {
    return this.enumerated(arange(2, { dtype: this.odds.parameter.dtype, device: this.odds.parameter.device }), expand);
  }
}

/**
 * How many trials fail before the first success, of probability `probs`. Samples are PyTorch's for the same seed. Throws
 * RangeError for a probability of 0.
 * @example
 * new torch.distributions.Geometric(torch.tensor([0.25])).mean // tensor([3.])
 */
export class Geometric extends OfOdds {
  constructor(...args: Probs) {
    const [odds, options] = readOdds('Geometric', args);
    super(odds);
    this.init(odds.parameter.sizes, [], options.validateArgs);
    if (this.validates && odds.byProbs && !odds.probs.detach().gt(0).all().item()) {
      const probs = odds.probs.detach();
      throw new RangeError(
        `Geometric: Expected parameter probs (${probs.constructor.name} of shape ${tuple(probs.sizes)}) of distribution ${this} to be positive but found invalid values:\n${probs.maskedSelect(probs.le(0))}`,
      );
    }
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.probs.reciprocal().sub(1);
  }
  override get mode(): Tensor {
    return this.probs.detach().mul(0);
  }
  override get variance(): Tensor {
    return this.probs.reciprocal().sub(1).div(this.probs);
  }
  override expand(batchShape: Shape): Geometric {
    return this.like(new Geometric(this.odds.repeated(batchShape)));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => {
      const u = this.probs.detach().newEmpty(shape).uniform_(finfo(this.probs).tiny, 1);
      return u.log().div(this.probs.neg().log1p()).floor();
    });
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { probs } = this;
    // a certain success is no failure times -Infinity
    const safe = probs.where(probs.eq(1).logicalAnd(value.eq(0)).logicalNot(), probs.detach().mul(0));
    return value.mul(safe.neg().log1p()).add(probs.log());
  }
  override entropy(): Tensor {
    return crossEntropy(this.logits, this.probs).div(this.probs);
  }
}

/** Options of {@link Binomial}. */
export interface BinomialOptions extends ProbsOptions {
  totalCount?: Param | undefined;
}
/**
 * How many of `totalCount` (1) trials succeed, of probability `probs` or log-odds `logits`.
 * @example
 * new torch.distributions.Binomial(10, torch.tensor([0.25])).mean // tensor([2.5000])
 */
export class Binomial extends OfOdds {
  override hasEnumerateSupport = true;
  readonly totalCount: Tensor;
  constructor(
    ...args: Call<
      [totalCount?: Param, probs?: Param | null, logits?: Param | null, validateArgs?: boolean | null],
      BinomialOptions
    >
  ) {
    const options = readArguments<BinomialOptions>('Binomial', args, ['totalCount', ...PROBS_NAMES]);
    const { totalCount = 1, probs = null, logits = null } = options;
    checkEither('Binomial', probs, logits);
    const all = broadcastAll('Binomial', { param: probs ?? logits!, totalCount });
    super(probs !== null ? new Odds(all.param, null) : new Odds(null, all.param));
    this.totalCount = all.totalCount.to(all.param.dtype);
    this.init(all.param.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { totalCount: constraints.nonnegativeInteger, ...PROBS };
  }
  override get support(): constraints.Constraint {
    return constraints.integerInterval(0, this.totalCount);
  }
  override get mean(): Tensor {
    return this.totalCount.mul(this.probs);
  }
  override get mode(): Tensor {
    return this.totalCount.add(1).mul(this.probs).floor().minimum(this.totalCount);
  }
  override get variance(): Tensor {
    return this.totalCount.mul(this.probs).mul(this.probs.neg().add(1));
  }
  override expand(batchShape: Shape): Binomial {
    const options = { ...this.odds.repeated(batchShape), totalCount: this.totalCount.expand(batchShape) };
    return this.like(new Binomial(options));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => binomial(this.totalCount.expand(shape), this.probs.expand(shape)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { totalCount: n, logits } = this;
    // the positive part, whose slope at 0 is half, as in PyTorch
    const half = logits.clampMin(0).add(logits).sub(logits.clampMax(0)).div(2);
    // k ln(p) + (n - k) ln(1 - p) without losing small probabilities
    const rest = n.mul(half).add(n.mul(logits.abs().neg().exp().log1p())).sub(n.add(1).lgamma());
    return value.mul(logits).sub(value.add(1).lgamma()).sub(n.sub(value).add(1).lgamma()).sub(rest);
  }
  #count(where: string): number {
    const most = Number(this.totalCount.max().item());
    if (Number(this.totalCount.min().item()) !== most)
      throw new TypeError(`${where}: Inhomogeneous total count not supported by \`${where}\`.`);
    return most;
  }
  override entropy(): Tensor {
    this.#count('entropy');
    const logProb = this.logProb(this.enumerateSupport(false));
    return logProb.exp().mul(logProb).sum(0).neg();
  }
  override enumerateSupport(expand = true): Tensor {
    const n = this.#count('enumerateSupport');
    return this.enumerated(
      arange(n + 1, { dtype: this.odds.parameter.dtype, device: this.odds.parameter.device }),
      expand,
    );
  }
}

/**
 * Counts of what happens `rate` times on average. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Poisson(torch.tensor([4.5, 100])).logProb(torch.tensor([3, 90])) // tensor([-1.7795, -3.6873])
 */
export class Poisson extends ExponentialFamily {
  readonly rate: Tensor;
  constructor(...args: Named<[rate: Param], ['rate'], [validateArgs?: boolean | null], ValidateOptions>) {
    super();
    const options = readArguments<ValidateOptions & { rate: Param }>('Poisson', args, ['rate', 'validateArgs']);
    this.rate = broadcastAll('Poisson', { rate: options.rate! }).rate;
    this.init(this.rate.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { rate: constraints.nonnegative };
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.rate;
  }
  override get mode(): Tensor {
    return this.rate.floor();
  }
  override get variance(): Tensor {
    return this.rate;
  }
  override expand(batchShape: Shape): Poisson {
    return this.like(new Poisson(this.rate.expand(batchShape), { validateArgs: false }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => poisson(this.rate.expand(shape)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return value.xlogy(this.rate).sub(this.rate).sub(value.add(1).lgamma());
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.rate.log()];
  }
  override logNormalizer(x: Tensor): Tensor {
    return x.exp();
  }
}

/** Options of {@link NegativeBinomial}. */
export interface NegativeBinomialOptions extends ValidateOptions {
  probs?: Param | null | undefined;
  logits?: Param | null | undefined;
}
/**
 * How many trials succeed, with probability `probs` or log-odds `logits`, before `totalCount` fail. Samples are PyTorch's
 * for the same seed.
 * @example
 * new torch.distributions.NegativeBinomial(4, torch.tensor([0.25])).mean // tensor([1.3333])
 */
export class NegativeBinomial extends OfOdds {
  readonly totalCount: Tensor;
  constructor(
    ...args: Named<
      [totalCount: Param],
      ['totalCount'],
      [probs?: Param | null, logits?: Param | null, validateArgs?: boolean | null],
      NegativeBinomialOptions
    >
  ) {
    const where = 'NegativeBinomial';
    const names = ['totalCount', ...PROBS_NAMES];
    const options = readArguments<NegativeBinomialOptions & { totalCount: Param }>(where, args, names);
    const { totalCount, probs = null, logits = null } = options;
    checkEither(where, probs, logits);
    const all = broadcastAll(where, { totalCount: totalCount!, param: probs ?? logits! });
    super(probs !== null ? new Odds(all.param, null) : new Odds(null, all.param));
    this.totalCount = all.totalCount.to(all.param.dtype);
    this.init(all.param.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return NEGATIVE_BINOMIAL;
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.totalCount.mul(this.logits.exp());
  }
  override get mode(): Tensor {
    return this.totalCount.sub(1).mul(this.logits.exp()).floor().clampMin(0);
  }
  override get variance(): Tensor {
    return this.mean.div(this.logits.neg().sigmoid());
  }
  override expand(batchShape: Shape): NegativeBinomial {
    const options = { ...this.odds.repeated(batchShape), totalCount: this.totalCount.expand(batchShape) };
    return this.like(new NegativeBinomial(options));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const gamma = new Gamma(this.totalCount, this.logits.neg().exp(), { validateArgs: false });
    return noGrad(() => poisson(gamma.sample(shapeOf('sample', sampleShape))));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { totalCount: n, logits } = this;
    const unnormalized = n.mul(logits.neg().logsigmoid()).add(value.mul(logits.logsigmoid()));
    const total = n.add(value);
    const normalization = value.add(1).lgamma().add(n.lgamma()).sub(total.lgamma());
    // of no trials there is nothing to choose
    return unnormalized.sub(normalization.maskedFill(total.eq(0), 0));
  }
}
