// Distributions of whole numbers: Bernoulli, geometric, binomial and Poisson.
import { type Call, type Named, readArguments } from '../define.ts';
import { arange } from '../create.ts';
import { binaryCrossEntropyWithLogits } from '../ops/loss.ts';
import { binomial, poisson } from '../random-distributions.ts';
import { bernoulli } from '../random.ts';
import { noGrad } from '../autograd/mode.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  broadcastAll,
  checkEither,
  Distribution,
  finfo,
  logitsToProbs,
  type Param,
  probsToLogits,
  type ValidateOptions,
} from './distribution.ts';

/** Probabilities, or their logarithms or log-odds: one of them. */
export interface ProbsOptions extends ValidateOptions {
  probs?: Param | null | undefined;
  logits?: Param | null | undefined;
}
type Probs = Call<[probs?: Param | null, logits?: Param | null, validateArgs?: boolean | null], ProbsOptions>;
const NAMES = ['probs', 'logits', 'validateArgs'];
const PROBS = { probs: constraints.unitInterval, logits: constraints.real };

/** A distribution of one probability, said one way or the other. */
abstract class Binary extends Distribution {
  #probs: Tensor | null = null;
  #logits: Tensor | null = null;
  #byProbs = true;
  protected take(probs: Tensor | null, logits: Tensor | null): void {
    this.#byProbs = probs !== null;
    this.#probs = probs;
    this.#logits = logits;
  }
  /** The probability. */
  get probs(): Tensor {
    return (this.#probs ??= logitsToProbs(this.#logits!, true));
  }
  /** Its log-odds. */
  get logits(): Tensor {
    return (this.#logits ??= probsToLogits(this.#probs!, true));
  }
  protected get parameter(): Tensor {
    return this.#byProbs ? this.probs : this.logits;
  }
  protected override given(name: string): unknown {
    return name === (this.#byProbs ? 'logits' : 'probs') ? undefined : super.given(name);
  }
  /** The parameter repeated to a batch shape, by its name. */
  protected repeated(batchShape: Shape): ProbsOptions {
    return { [this.#byProbs ? 'probs' : 'logits']: this.parameter.expand(batchShape), validateArgs: false };
  }
}
/** Reads `probs` or `logits`. */
function either(where: string, args: readonly unknown[]): [Tensor | null, Tensor | null, Partial<ProbsOptions>] {
  const options = readArguments<ProbsOptions>(where, args, NAMES);
  const { probs = null, logits = null } = options;
  checkEither(where, probs, logits);
  return probs !== null
    ? [broadcastAll(where, { probs }).probs, null, options]
    : [null, broadcastAll(where, { logits: logits! }).logits, options];
}
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
export class Bernoulli extends Binary {
  override hasEnumerateSupport = true;
  constructor(...args: Probs) {
    super();
    const [probs, logits, options] = either('Bernoulli', args);
    this.take(probs, logits);
    this.init(this.parameter.sizes, [], options.validateArgs);
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
    return this.like(new Bernoulli(this.repeated(batchShape)));
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
  override enumerateSupport(expand = true): Tensor {
    return this.enumerated(arange(2, { dtype: this.parameter.dtype }), expand);
  }
}

/**
 * How many trials fail before the first success, of probability `probs`. Samples are PyTorch's for the same seed. Throws
 * RangeError for a probability of 0.
 * @example
 * new torch.distributions.Geometric(torch.tensor([0.25])).mean // tensor([3.])
 */
export class Geometric extends Binary {
  constructor(...args: Probs) {
    super();
    const [probs, logits, options] = either('Geometric', args);
    this.take(probs, logits);
    this.init(this.parameter.sizes, [], options.validateArgs);
    if (this.validates && probs !== null && !probs.detach().gt(0).all().item()) {
      throw new RangeError(
        `Geometric: Expected parameter probs of distribution ${this} to be positive but found invalid values:\n${probs.detach().maskedSelect(probs.detach().le(0))}`,
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
    return this.like(new Geometric(this.repeated(batchShape)));
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
export class Binomial extends Binary {
  override hasEnumerateSupport = true;
  readonly totalCount: Tensor;
  constructor(
    ...args: Call<
      [totalCount?: Param, probs?: Param | null, logits?: Param | null, validateArgs?: boolean | null],
      BinomialOptions
    >
  ) {
    super();
    const options = readArguments<BinomialOptions>('Binomial', args, ['totalCount', ...NAMES]);
    const { totalCount = 1, probs = null, logits = null } = options;
    checkEither('Binomial', probs, logits);
    const all = broadcastAll('Binomial', { param: probs ?? logits!, totalCount });
    this.totalCount = all.totalCount.to(all.param.dtype);
    this.take(probs !== null ? all.param : null, probs !== null ? null : all.param);
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
    const options = { ...this.repeated(batchShape), totalCount: this.totalCount.expand(batchShape) };
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
    return this.enumerated(arange(n + 1, { dtype: this.parameter.dtype }), expand);
  }
}

/**
 * Counts of what happens `rate` times on average. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Poisson(torch.tensor([4.5, 100])).logProb(torch.tensor([3, 90])) // tensor([-1.7795, -3.6873])
 */
export class Poisson extends Distribution {
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
}
