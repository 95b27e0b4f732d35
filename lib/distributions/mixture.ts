// Mixtures of distributions of one family.
import { noGrad } from '../autograd/mode.ts';
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { Categorical } from './categorical.ts';
import * as constraints from './constraints.ts';
import { Distribution, shapeOf, sizeOf, type ValidateOptions } from './distribution.ts';

/**
 * A mixture: `mixtureDistribution` chooses one of the components, which are the last batch dim of `componentDistribution`.
 * Samples are PyTorch's for the same seed. Throws ShapeError where their numbers or batches differ.
 * @example
 * const { Categorical, MixtureSameFamily, Normal } = torch.distributions
 * const mixture = new MixtureSameFamily(new Categorical(torch.ones(2)), new Normal(torch.tensor([-1, 3]), 1))
 * mixture.mean // tensor(1.)
 */
export class MixtureSameFamily extends Distribution {
  readonly mixtureDistribution: Categorical;
  readonly componentDistribution: Distribution;
  constructor(
    ...args: Named<
      [mixtureDistribution: Categorical, componentDistribution: Distribution],
      ['mixtureDistribution', 'componentDistribution'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const where = 'MixtureSameFamily';
    const { mixtureDistribution, componentDistribution, validateArgs } = readArguments<
      ValidateOptions & { mixtureDistribution: Categorical; componentDistribution: Distribution }
    >(where, args, ['mixtureDistribution', 'componentDistribution', 'validateArgs']);
    const [mixture, component]: [unknown, unknown] = [mixtureDistribution, componentDistribution];
    if (!(mixture instanceof Categorical)) {
      throw new TypeError(
        `${where}: The Mixture distribution needs to be an instance of torch.distributions.Categorical, not ${describe(mixture)}`,
      );
    }
    if (!(component instanceof Distribution)) {
      throw new TypeError(
        `${where}: The Component distribution needs to be an instance of torch.distributions.Distribution, not ${describe(component)}`,
      );
    }
    const batch = component.batchShape.slice(0, -1);
    const chosen = mixture.batchShape;
    for (let d = 1; d <= Math.min(batch.length, chosen.length); d++) {
      const [a, b] = [chosen.at(-d)!, batch.at(-d)!];
      if (a !== 1 && b !== 1 && a !== b) {
        throw new ShapeError(
          `${where}: \`mixture_distribution.batch_shape\` (${chosen}) is not compatible with \`component_distribution.batch_shape\`(${sizeOf(batch)})`,
        );
      }
    }
    const [km, kc] = [mixture.paramShape.at(-1)!, component.batchShape.at(-1)];
    if (km !== kc) {
      throw new ShapeError(
        `${where}: \`mixture_distribution component\` (${km}) does not equal \`component_distribution.batch_shape[-1]\` (${kc ?? 'no dim'})`,
      );
    }
    this.mixtureDistribution = mixture;
    this.componentDistribution = component;
    this.init(batch, component.eventShape, validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {};
  }
  override get support(): constraints.Constraint {
    return new constraints.MixtureSameFamilyConstraint(this.componentDistribution.support);
  }
  /** The components' dim, from the end. */
  get #dim(): number {
    return -1 - this.eventShape.length;
  }
  /** Probabilities in the shape of components. */
  get #weights(): Tensor {
    const { probs, batchShape } = this.mixtureDistribution;
    const more = batchShape.length === 1 ? 0 : this.batchShape.length - batchShape.length;
    const ones = (n: number): number[] => new Array<number>(Math.max(n, 0)).fill(1);
    return probs.reshape([...batchShape, ...ones(more), probs.sizes.at(-1)!, ...ones(this.eventShape.length)]);
  }
  override get mean(): Tensor {
    return this.#weights.mul(this.componentDistribution.mean).sum(this.#dim);
  }
  override get variance(): Tensor {
    const { mean, variance } = this.componentDistribution;
    const within = this.#weights.mul(variance).sum(this.#dim);
    const between = mean.sub(this.mean.unsqueeze(this.#dim)).square();
    return within.add(this.#weights.mul(between).sum(this.#dim));
  }
  override expand(batchShape: Shape): MixtureSameFamily {
    const shape = shapeOf('expand', batchShape);
    const component = this.componentDistribution.expand([...shape, this.componentDistribution.batchShape.at(-1)!]);
    return this.like(new MixtureSameFamily(this.mixtureDistribution.expand(shape), component, { validateArgs: false }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = shapeOf('sample', sampleShape);
    return noGrad(() => {
      const chosen = this.mixtureDistribution.sample(shape);
      const all = this.componentDistribution.sample(shape);
      const dim = shape.length + this.batchShape.length;
      const index = chosen.reshape([...chosen.sizes, 1, ...this.eventShape.map(() => 1)]);
      return all.gather(dim, index.expand([...chosen.sizes, 1, ...this.eventShape])).squeeze(dim);
    });
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const each = this.componentDistribution.logProb(value.unsqueeze(this.#dim));
    return each.add(this.mixtureDistribution.logits.logSoftmax(-1)).logsumexp(-1);
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return this.componentDistribution.cdf(value.unsqueeze(this.#dim)).mul(this.mixtureDistribution.probs).sum(-1);
  }
  override toString(): string {
    return `MixtureSameFamily(\n  ${this.mixtureDistribution},\n  ${this.componentDistribution})`;
  }
}
