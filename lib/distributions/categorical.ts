// Distributions over classes: Categorical, OneHotCategorical and Multinomial.
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { arange, eye } from '../create.ts';
import { describe, ShapeError } from '../errors.ts';
import { multinomial } from '../random.ts';
import { broadcastShapes, range, type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  checkEither,
  Distribution,
  lazily,
  logitsToProbs,
  probsToLogits,
  shapeOf,
  type ValidateOptions,
} from './distribution.ts';
import { Binomial } from './discrete.ts';

/** Probabilities [*, K] of classes, which need not sum to 1, or their logarithms: one of them. */
export interface ClassProbsOptions extends ValidateOptions {
  probs?: Tensor | null | undefined;
  logits?: Tensor | null | undefined;
}
type ClassProbs = Call<
  [probs?: Tensor | null, logits?: Tensor | null, validateArgs?: boolean | null],
  ClassProbsOptions
>;
const NAMES = ['probs', 'logits', 'validateArgs'];
export const CLASS_PROBS = { probs: constraints.simplex, logits: constraints.realVector };

/** The probabilities of classes, said one way or the other, and normalized. */
export class Classes {
  #probs: Tensor | null = null;
  #logits: Tensor | null = null;
  readonly byProbs: boolean;
  constructor(where: string, probs: Tensor | null | undefined, logits: Tensor | null | undefined) {
    checkEither(where, probs, logits);
    const given: unknown = probs ?? logits;
    this.byProbs = (probs ?? null) !== null;
    const name = this.byProbs ? 'probs' : 'logits';
    if (!(given instanceof Tensor))
      throw new TypeError(`${where}: expected a Tensor for ${name} but received ${describe(given)}`);
    if (given.ndim < 1) throw new ShapeError(`${where}: \`${name}\` parameter must be at least one-dimensional.`);
    if (this.byProbs) this.#probs = given.div(given.sum(-1, true));
    else this.#logits = given.sub(given.logsumexp(-1, true));
  }
  get probs(): Tensor {
    return (this.#probs ??= lazily(() => logitsToProbs(this.#logits!, false)));
  }
  get logits(): Tensor {
    return (this.#logits ??= lazily(() => probsToLogits(this.#probs!, false)));
  }
  get parameter(): Tensor {
    return this.byProbs ? this.probs : this.logits;
  }
  get count(): number {
    return this.parameter.sizes.at(-1)!;
  }
  get batch(): Shape {
    return this.parameter.sizes.slice(0, -1);
  }
  /** Whether a name is that of what was neither given nor asked for. */
  hides(name: string): boolean {
    return (name === 'probs' && this.#probs === null) || (name === 'logits' && this.#logits === null);
  }
  /** Takes over what others that say the same have computed, repeated to a batch shape. */
  adopt(others: Classes, batchShape: Shape): void {
    const shape = [...batchShape, others.count];
    this.#probs ??= others.#probs?.expand(shape) ?? null;
    this.#logits ??= others.#logits?.expand(shape) ?? null;
  }
}

/** What the distributions over classes share. */
export abstract class OfClasses extends Distribution {
  protected readonly classes: Classes;
  constructor(classes: Classes) {
    super();
    this.classes = classes;
    Object.defineProperty(this, 'classes', { enumerable: false });
  }
  /** The probabilities [*, K] of the classes. */
  get probs(): Tensor {
    return this.classes.probs;
  }
  /** Their logarithms. */
  get logits(): Tensor {
    return this.classes.logits;
  }
  /** The shape of the probabilities. */
  get paramShape(): Shape {
    return this.classes.parameter.shape;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return CLASS_PROBS;
  }
  protected override given(name: string): unknown {
    return this.classes.hides(name) ? undefined : super.given(name);
  }
  protected override like<D extends Distribution>(made: D): D {
    if (made instanceof OfClasses) made.classes.adopt(this.classes, made.batchShape);
    return super.like(made);
  }
  protected repeated(batchShape: Shape): ClassProbsOptions {
    const { byProbs, parameter, count } = this.classes;
    return { [byProbs ? 'probs' : 'logits']: parameter.expand([...batchShape, count]), validateArgs: false };
  }
  /** Classes [...sampleShape, ...batch]. */
  protected drawn(sampleShape: Shape): Tensor {
    const { classes } = this;
    return noGrad(() => {
      const rows = classes.probs.reshape([sizeOf(classes.batch), classes.count]);
      const n = sizeOf(sampleShape);
      const shape = [...sampleShape, ...classes.batch];
      if (n === 0 || rows.sizes[0] === 0) return rows.newEmpty(shape, { dtype: 'int64' });
      return multinomial(rows, n, true).t().reshape(shape);
    });
  }
}
function read(where: string, args: readonly unknown[]): [Classes, boolean | null | undefined] {
  const options = readArguments<ClassProbsOptions>(where, args, NAMES);
  return [new Classes(where, options.probs, options.logits), options.validateArgs];
}

/**
 * A class from 0 to K - 1, of probabilities `probs` [*, K], which need not sum to 1, or `logits`. Samples are PyTorch's for
 * the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Categorical(torch.tensor([0.25, 0.25, 0.5])).sample([4]) // tensor([2, 2, 1, 2])
 * @example
 * new torch.distributions.Categorical({ logits: torch.tensor([0.5, 1.5]) }).logProb(torch.tensor(1)) // tensor(-0.3133)
 */
export class Categorical extends OfClasses {
  override hasEnumerateSupport = true;
  constructor(...args: ClassProbs) {
    const [classes, validateArgs] = read('Categorical', args);
    super(classes);
    this.init(classes.batch, [], validateArgs);
  }
  override get support(): constraints.Constraint {
    return constraints.integerInterval(0, this.classes.count - 1);
  }
  override get mean(): Tensor {
    return this.probs.detach().newFull(this.batchShape, Number.NaN);
  }
  override get mode(): Tensor {
    return this.probs.argmax(-1);
  }
  override get variance(): Tensor {
    return this.probs.detach().newFull(this.batchShape, Number.NaN);
  }
  override expand(batchShape: Shape): Categorical {
    return this.like(new Categorical(this.repeated(batchShape)));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    return this.drawn(shapeOf('sample', sampleShape));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { logits } = this;
    const shape = broadcastShapes('logProb', value.sizes, logits.sizes.slice(0, -1));
    const index = value.to('int64').expand(shape).unsqueeze(-1);
    return logits
      .expand([...shape, this.classes.count])
      .gather(-1, index)
      .squeeze(-1);
  }
  override entropy(): Tensor {
    const { logits } = this;
    const least = logits.dtype === 'float64' ? -Number.MAX_VALUE : logits.dtype === 'float16' ? -65504 : -3.4e38;
    return logits.clampMin(least).mul(this.probs).sum(-1).neg();
  }
  override enumerateSupport(expand = true): Tensor {
    return this.enumerated(
      arange(this.classes.count, { dtype: 'int64', device: this.classes.parameter.device }),
      expand,
    );
  }
}

/**
 * A vector of zeros with a single one, at a class of probabilities `probs` [*, K] or `logits`. Samples are PyTorch's for the
 * same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.OneHotCategorical(torch.tensor([0.25, 0.25, 0.5])).sample() // tensor([0., 0., 1.])
 */
export class OneHotCategorical extends OfClasses {
  override hasEnumerateSupport = true;
  constructor(...args: ClassProbs) {
    const [classes, validateArgs] = read(new.target.name, args);
    super(classes);
    this.init(classes.batch, [classes.count], validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get support(): constraints.Constraint {
    return constraints.oneHot;
  }
  #hot(index: Tensor): Tensor {
    const zeros = this.probs.detach().newZeros([...index.sizes, this.classes.count]);
    return zeros.scatter(-1, index.unsqueeze(-1), 1);
  }
  #categorical(): Categorical {
    const { byProbs, parameter } = this.classes;
    return new Categorical({ [byProbs ? 'probs' : 'logits']: parameter, validateArgs: false });
  }
  override get mean(): Tensor {
    return this.probs;
  }
  override get mode(): Tensor {
    return this.#hot(this.probs.argmax(-1));
  }
  override get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }
  override expand(batchShape: Shape): OneHotCategorical {
    return this.like(new (this.constructor as typeof OneHotCategorical)(this.repeated(batchShape)));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    return this.#hot(this.drawn(shapeOf('sample', sampleShape)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.#categorical().logProb(value.argmax(-1));
  }
  override entropy(): Tensor {
    return this.#categorical().entropy();
  }
  override enumerateSupport(expand = true): Tensor {
    const n = this.classes.count;
    const values = eye(n, { dtype: this.probs.dtype, device: this.probs.device }).view(
      n,
      ...this.batchShape.map(() => 1),
      n,
    );
    return expand ? values.expand([n, ...this.batchShape, n]) : values;
  }
}

/**
 * As {@link OneHotCategorical}, with samples whose gradient is that of the probabilities (https://arxiv.org/abs/1308.3432).
 * @example
 * new torch.distributions.OneHotCategoricalStraightThrough(torch.ones(3)).hasRsample // true
 */
export class OneHotCategoricalStraightThrough extends OneHotCategorical {
  override hasRsample = true;
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.sample(sampleShape).add(this.probs.sub(this.probs.detach()));
  }
}

/** Options of {@link Multinomial}. */
export interface MultinomialOptions extends ClassProbsOptions {
  totalCount?: number | undefined;
}
/**
 * How often each class comes up in `totalCount` (1) draws, of probabilities `probs` [*, K] or `logits`. Samples are
 * PyTorch's for the same seed.
 * @example
 * new torch.distributions.Multinomial(10, torch.tensor([0.5, 0.5])).mean // tensor([5., 5.])
 */
export class Multinomial extends OfClasses {
  readonly totalCount: number;
  constructor(
    ...args: Call<
      [totalCount?: number, probs?: Tensor | null, logits?: Tensor | null, validateArgs?: boolean | null],
      MultinomialOptions
    >
  ) {
    const options = readArguments<MultinomialOptions>('Multinomial', args, ['totalCount', ...NAMES]);
    const { totalCount = 1, probs, logits } = options;
    super(new Classes('Multinomial', probs, logits));
    if (!Number.isSafeInteger(totalCount) || totalCount < 0)
      throw new TypeError(`Multinomial: inhomogeneous total_count is not supported: ${describe(totalCount)}`);
    this.totalCount = totalCount;
    this.init(this.classes.batch, [this.classes.count], options.validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get support(): constraints.Constraint {
    return constraints.multinomial(this.totalCount);
  }
  override get mean(): Tensor {
    return this.probs.mul(this.totalCount);
  }
  override get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1)).mul(this.totalCount);
  }
  override expand(batchShape: Shape): Multinomial {
    return this.like(new Multinomial({ totalCount: this.totalCount, ...this.repeated(batchShape) }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = shapeOf('sample', sampleShape);
    const draws = this.drawn([this.totalCount, ...shape]);
    const last = draws.permute(...range(draws.ndim).slice(1), 0);
    const counts = this.probs.detach().newZeros(this.extended('sample', shape));
    return counts.scatterAdd(-1, last, counts.newOnes(last.sizes));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const shape = broadcastShapes('logProb', this.logits.sizes, value.sizes);
    const [logits, x] = [this.logits.expand(shape), value.expand(shape)];
    const possible = logits.where(x.eq(0).logicalAnd(logits.eq(Number.NEGATIVE_INFINITY)).logicalNot(), 0);
    return x.sum(-1).add(1).lgamma().sub(x.add(1).lgamma().sum(-1)).add(possible.mul(x).sum(-1));
  }
  override entropy(): Tensor {
    const n = this.totalCount;
    const { byProbs, parameter } = this.classes;
    const categorical = new Categorical({ [byProbs ? 'probs' : 'logits']: parameter, validateArgs: false });
    const binomial = new Binomial(n, this.probs, { validateArgs: false });
    const support = binomial.enumerateSupport(false).narrow(0, 1, n);
    const weights = support.add(1).lgamma();
    const term1 = categorical
      .entropy()
      .mul(n)
      .sub(
        this.probs
          .detach()
          .newFull([], n + 1)
          .lgamma(),
      );
    return term1.add(binomial.logProb(support).exp().mul(weights).sum([0, -1]));
  }
}
