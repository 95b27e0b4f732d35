// Relaxed Bernoulli and one-hot distributions (https://arxiv.org/abs/1611.00712): samples with gradients, sharper with lower
// temperature.
import { type Named, readArguments } from '../arguments.ts';
import { scalarTensor } from '../create.ts';
import { describe } from '../errors.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { Classes, CLASS_PROBS, type ClassProbsOptions, OfClasses } from './categorical.ts';
import * as constraints from './constraints.ts';
import { clampProbs, type Param } from './distribution.ts';
import { oddsOf, OfOdds, PROBS, type ProbsOptions } from './probs.ts';
import { TransformedDistribution } from './transformed.ts';
import { ExpTransform, SigmoidTransform } from './transforms.ts';

const NAMES = ['temperature', 'probs', 'logits', 'validateArgs'];
type Relaxed<P, O> = Named<
  [temperature: Param],
  ['temperature'],
  [probs?: P | null, logits?: P | null, validateArgs?: boolean | null],
  O
>;
function checkTemperature(where: string, t: unknown, of: Tensor): Tensor {
  if (t instanceof Tensor) return t;
  if (typeof t !== 'number')
    throw new TypeError(`${where}: expected a number or a Tensor for temperature but received ${describe(t)}`);
  return scalarTensor(t, { dtype: of.dtype, device: of.device });
}
/** Uniform numbers away from 0 and 1. */
const uniform = (like: Tensor, shape: Shape): Tensor => clampProbs(like.detach().newEmpty(shape).uniform_());

/**
 * The log-odds of {@link RelaxedBernoulli}.
 * @example
 * new torch.distributions.LogitRelaxedBernoulli(0.5, torch.tensor([0.25])).logProb(torch.tensor([1])) // tensor([-2.6600])
 */
export class LogitRelaxedBernoulli extends OfOdds {
  readonly temperature: Tensor;
  constructor(...args: Relaxed<Param, ProbsOptions>) {
    const where = 'LogitRelaxedBernoulli';
    const options = readArguments<ProbsOptions & { temperature: Param }>(where, args, NAMES);
    const odds = oddsOf(where, options);
    super(odds);
    this.temperature = checkTemperature(where, options.temperature, odds.parameter);
    this.init(odds.parameter.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.real;
  }
  override expand(batchShape: Shape): LogitRelaxedBernoulli {
    return this.like(new LogitRelaxedBernoulli(this.temperature, this.odds.repeated(batchShape)));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('rsample', sampleShape);
    const probs = clampProbs(this.probs.expand(shape));
    const u = uniform(probs, shape);
    return u.log().sub(u.neg().log1p()).add(probs.log()).sub(probs.neg().log1p()).div(this.temperature);
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const difference = this.logits.sub(value.mul(this.temperature));
    return this.temperature.log().add(difference).sub(difference.exp().log1p().mul(2));
  }
}

/**
 * Numbers from 0 to 1 that come close to those of {@link Bernoulli} where `temperature` is low, with gradients. Samples are
 * PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.RelaxedBernoulli(0.5, torch.tensor([0.25, 0.75])).sample() // tensor([0.0973, 0.9900])
 */
export class RelaxedBernoulli extends TransformedDistribution {
  constructor(...args: Relaxed<Param, ProbsOptions>) {
    const where = 'RelaxedBernoulli';
    const options = readArguments<ProbsOptions & { temperature: Param }>(where, args, NAMES);
    const { temperature, validateArgs, ...rest } = options as ProbsOptions & { temperature: Param };
    const odds = oddsOf(where, rest);
    checkTemperature(where, temperature, odds.parameter);
    const base = new LogitRelaxedBernoulli(temperature, { ...rest, validateArgs: false });
    super(base, new SigmoidTransform(), { validateArgs: false });
    this.hasRsample = true;
    this.init(base.batchShape, [], validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.unitInterval;
  }
  get #base(): LogitRelaxedBernoulli {
    return this.baseDist as LogitRelaxedBernoulli;
  }
  /** How far from 0 and 1 samples lie. */
  get temperature(): Tensor {
    return this.#base.temperature;
  }
  /** The probability. */
  get probs(): Tensor {
    return this.#base.probs;
  }
  /** Its log-odds. */
  get logits(): Tensor {
    return this.#base.logits;
  }
  override expand(batchShape: Shape): RelaxedBernoulli {
    const base = this.#base.expand(batchShape);
    return this.like(new RelaxedBernoulli(this.temperature, { logits: base.logits, validateArgs: false }));
  }
}

/** Reads a temperature and classes. */
function readClasses(where: string, args: readonly unknown[]): [Classes, Tensor, boolean | null | undefined] {
  const options = readArguments<ClassProbsOptions & { temperature: Param }>(where, args, NAMES);
  const classes = new Classes(where, options.probs, options.logits);
  return [classes, checkTemperature(where, options.temperature, classes.parameter), options.validateArgs];
}
/**
 * The logarithms of {@link RelaxedOneHotCategorical}.
 * @example
 * new torch.distributions.ExpRelaxedCategorical(0.5, torch.ones(3)).eventShape // torch.Size([3])
 */
export class ExpRelaxedCategorical extends OfClasses {
  override hasRsample = true;
  readonly temperature: Tensor;
  constructor(...args: Relaxed<Tensor, ClassProbsOptions>) {
    const [classes, temperature, validateArgs] = readClasses('ExpRelaxedCategorical', args);
    super(classes);
    this.temperature = temperature;
    this.init(classes.batch, [classes.count], validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get support(): constraints.Constraint {
    return constraints.realVector;
  }
  override expand(batchShape: Shape): ExpRelaxedCategorical {
    return this.like(new ExpRelaxedCategorical(this.temperature, this.repeated(batchShape)));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const u = uniform(this.logits, this.extended('rsample', sampleShape));
    const scores = this.logits.sub(u.log().neg().log()).div(this.temperature);
    return scores.sub(scores.logsumexp(-1, true));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { temperature } = this;
    const k = this.classes.count;
    const shape = broadcastShapes('logProb', this.logits.sizes, value.sizes);
    const scale = temperature
      .detach()
      .newFull(temperature.sizes, k)
      .lgamma()
      .add(temperature.log().mul(k - 1));
    const score = this.logits.expand(shape).sub(value.expand(shape).mul(temperature));
    return score.sub(score.logsumexp(-1, true)).sum(-1).add(scale);
  }
}

/**
 * Vectors of K probabilities that come close to those of {@link OneHotCategorical} where `temperature` is low, with
 * gradients. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.RelaxedOneHotCategorical(0.5, torch.ones(2)).sample() // tensor([0.1241, 0.8759])
 */
export class RelaxedOneHotCategorical extends TransformedDistribution {
  constructor(...args: Relaxed<Tensor, ClassProbsOptions>) {
    const where = 'RelaxedOneHotCategorical';
    const [classes, temperature, validateArgs] = readClasses(where, args);
    const name = classes.byProbs ? 'probs' : 'logits';
    const base = new ExpRelaxedCategorical(temperature, { [name]: classes.parameter, validateArgs: false });
    super(base, new ExpTransform(), { validateArgs: false });
    this.init(base.batchShape, base.eventShape, validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return CLASS_PROBS;
  }
  override get support(): constraints.Constraint {
    return constraints.simplex;
  }
  get #base(): ExpRelaxedCategorical {
    return this.baseDist as ExpRelaxedCategorical;
  }
  /** How far from corners samples lie. */
  get temperature(): Tensor {
    return this.#base.temperature;
  }
  /** The probabilities [*, K] of the classes. */
  get probs(): Tensor {
    return this.#base.probs;
  }
  /** Their logarithms. */
  get logits(): Tensor {
    return this.#base.logits;
  }
  override expand(batchShape: Shape): RelaxedOneHotCategorical {
    const logits = this.logits.expand([...batchShape, ...this.eventShape]);
    return this.like(new RelaxedOneHotCategorical(this.temperature, { logits, validateArgs: false }));
  }
}
