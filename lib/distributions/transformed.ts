// Distributions made of others: Independent and TransformedDistribution, and the log-normal and half-normal ones.
import { noGrad } from '../autograd/mode.ts';
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { sameShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  Distribution,
  LOC_SCALE,
  type LocScale,
  type Param,
  readLocScale,
  readParams,
  sizeOf,
  sumRightmost,
  type ValidateOptions,
} from './distribution.ts';
import { Normal } from './location-scale.ts';
import { Transform } from './transform.ts';
import { AbsTransform, ComposeTransform, ExpTransform } from './transforms.ts';

function checkBase(where: string, base: unknown): asserts base is Distribution {
  if (!(base instanceof Distribution))
    throw new TypeError(`${where}: expected a Distribution but received ${describe(base)}`);
}

/**
 * A distribution whose last `reinterpretedBatchNdims` batch dims belong to one value: their log-probabilities are summed.
 * Throws RangeError if it has less dims.
 * @example
 * const { Independent, Normal } = torch.distributions
 * new Independent(new Normal(torch.zeros(2, 3), 1), 1).logProb(torch.zeros(3)) // tensor([-2.7568, -2.7568])
 */
export class Independent extends Distribution {
  readonly baseDist: Distribution;
  readonly reinterpretedBatchNdims: number;
  constructor(
    ...args: Named<
      [baseDistribution: Distribution, reinterpretedBatchNdims: number],
      ['baseDistribution', 'reinterpretedBatchNdims'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const names = ['baseDistribution', 'reinterpretedBatchNdims', 'validateArgs'];
    const { baseDistribution, reinterpretedBatchNdims, validateArgs } = readArguments<
      ValidateOptions & { baseDistribution: Distribution; reinterpretedBatchNdims: number }
    >('Independent', args, names);
    checkBase('Independent', baseDistribution);
    const { batchShape, eventShape } = baseDistribution;
    const n = reinterpretedBatchNdims!;
    if (!Number.isInteger(n) || n < 0)
      throw new TypeError(`Independent: expected a number of dims but received ${describe(n)}`);
    if (n > batchShape.length) {
      throw new RangeError(
        `Independent: Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual ${n} vs ${batchShape.length}`,
      );
    }
    this.baseDist = baseDistribution;
    this.reinterpretedBatchNdims = n;
    this.hasRsample = baseDistribution.hasRsample;
    this.hasEnumerateSupport = n === 0 && baseDistribution.hasEnumerateSupport;
    const cut = batchShape.length - n;
    this.init(batchShape.slice(0, cut), [...batchShape.slice(cut), ...eventShape], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {};
  }
  override get support(): constraints.Constraint {
    const { support } = this.baseDist;
    return this.reinterpretedBatchNdims === 0
      ? support
      : constraints.independent(support, this.reinterpretedBatchNdims);
  }
  override get mean(): Tensor {
    return this.baseDist.mean;
  }
  override get mode(): Tensor {
    return this.baseDist.mode;
  }
  override get variance(): Tensor {
    return this.baseDist.variance;
  }
  override expand(batchShape: Shape): Independent {
    const within = this.eventShape.slice(0, this.reinterpretedBatchNdims);
    const base = this.baseDist.expand([...batchShape, ...within]);
    return this.like(new Independent(base, this.reinterpretedBatchNdims, { validateArgs: false }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    return this.baseDist.sample(sampleShape);
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.baseDist.rsample(sampleShape);
  }
  override logProb(value: Tensor): Tensor {
    return sumRightmost(this.baseDist.logProb(value), this.reinterpretedBatchNdims);
  }
  override entropy(): Tensor {
    return sumRightmost(this.baseDist.entropy(), this.reinterpretedBatchNdims);
  }
  override enumerateSupport(expand = true): Tensor {
    if (this.reinterpretedBatchNdims > 0)
      throw new TypeError('enumerateSupport: Enumeration over cartesian product is not implemented');
    return this.baseDist.enumerateSupport(expand);
  }
  override toString(): string {
    return `Independent(${this.baseDist}, ${this.reinterpretedBatchNdims})`;
  }
}

/**
 * The distribution of `transforms` of values of another one. Throws TypeError for what is no Transform.
 * @example
 * const { AffineTransform, Normal, TransformedDistribution } = torch.distributions
 * const moved = new TransformedDistribution(new Normal(0, 1), [new AffineTransform(1, 2)])
 * moved.logProb(torch.tensor([2])) // tensor([-1.7371])
 */
export class TransformedDistribution extends Distribution {
  readonly baseDist: Distribution;
  readonly transforms: readonly Transform[];
  constructor(
    ...args: Named<
      [baseDistribution: Distribution, transforms: Transform | readonly Transform[]],
      ['baseDistribution', 'transforms'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const where = 'TransformedDistribution';
    const { baseDistribution, transforms, validateArgs } = readArguments<
      ValidateOptions & { baseDistribution: Distribution; transforms: Transform | readonly Transform[] }
    >(where, args, ['baseDistribution', 'transforms', 'validateArgs']);
    checkBase(where, baseDistribution);
    const list: readonly unknown[] =
      transforms instanceof Transform ? [transforms] : (transforms as readonly Transform[]);
    if (!Array.isArray(list) || !list.every((t) => t instanceof Transform))
      throw new TypeError(
        `${where}: transforms must be a Transform or a list of Transforms, not ${describe(transforms)}`,
      );
    this.transforms = list as readonly Transform[];
    const all = new ComposeTransform(this.transforms);
    let base = baseDistribution;
    const shape = [...base.batchShape, ...base.eventShape];
    const dims = base.eventShape.length;
    const { domain, codomain } = all;
    if (shape.length < domain.eventDim) {
      throw new ShapeError(
        `${where}: base_distribution needs to have shape with size at least ${domain.eventDim}, but got ${sizeOf(shape)}.`,
      );
    }
    const forward = all.forwardShape(shape);
    const expanded = all.inverseShape(forward);
    if (!sameShape(shape, expanded)) base = base.expand(expanded.slice(0, expanded.length - dims));
    if (domain.eventDim > dims) base = new Independent(base, domain.eventDim - dims);
    this.baseDist = base;
    this.hasRsample = base.hasRsample;
    const eventDim = Math.max(codomain.eventDim, dims + codomain.eventDim - domain.eventDim);
    const cut = forward.length - eventDim;
    this.init(forward.slice(0, cut), forward.slice(cut), validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {};
  }
  override get support(): constraints.Constraint {
    const last = this.transforms.at(-1);
    if (!last) return this.baseDist.support;
    const { codomain } = last;
    const more = this.eventShape.length - codomain.eventDim;
    return more > 0 ? constraints.independent(codomain, more) : codomain;
  }
  #apply(x: Tensor): Tensor {
    return this.transforms.reduce((v, t) => t.forward(v), x);
  }
  #undo(y: Tensor): Tensor {
    return this.transforms.reduceRight((v, t) => t.inverse(v), y);
  }
  override expand(batchShape: Shape): TransformedDistribution {
    const all = new ComposeTransform(this.transforms);
    const shape = all.inverseShape([...batchShape, ...this.eventShape]);
    const base = this.baseDist.expand(shape.slice(0, shape.length - this.baseDist.eventShape.length));
    return this.like(new TransformedDistribution(base, this.transforms, { validateArgs: false }));
  }
  override sample(sampleShape: Shape | number = []): Tensor {
    return noGrad(() => this.#apply(this.baseDist.sample(sampleShape)));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    return this.#apply(this.baseDist.rsample(sampleShape));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    let dims = this.eventShape.length;
    let y = value;
    let total: Tensor | null = null;
    for (const t of [...this.transforms].reverse()) {
      const x = t.inverse(y);
      dims += t.domain.eventDim - t.codomain.eventDim;
      const term = sumRightmost(t.logAbsDetJacobian(x, y), dims - t.domain.eventDim);
      total = total === null ? term : total.add(term);
      y = x;
    }
    const base = sumRightmost(this.baseDist.logProb(y), dims - this.baseDist.eventShape.length);
    return total === null ? base : base.sub(total);
  }
  #monotone(p: Tensor): Tensor {
    const { sign } = new ComposeTransform(this.transforms);
    return sign === 1 ? p : p.sub(0.5).mul(sign).add(0.5);
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return this.#monotone(this.baseDist.cdf(this.#undo(value)));
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return this.#apply(this.baseDist.icdf(this.#monotone(value)));
  }
}

/**
 * The distribution of `exp(x)` for normal x of mean `loc` and deviation `scale`. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.LogNormal(0, 1).logProb(torch.tensor([1.5])) // tensor([-1.4066])
 */
export class LogNormal extends TransformedDistribution {
  constructor(...args: LocScale) {
    const { loc, scale, validateArgs } = readLocScale('LogNormal', args);
    super(new Normal(loc, scale, { validateArgs: false }), new ExpTransform(), { validateArgs: false });
    this.init(this.baseDist.batchShape, [], validateArgs);
  }
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return LOC_SCALE;
  }
  override get support(): constraints.Constraint {
    return constraints.positive;
  }
  /** The mean of the logarithm. */
  get loc(): Tensor {
    return (this.baseDist as Normal).loc;
  }
  /** The standard deviation of the logarithm. */
  get scale(): Tensor {
    return (this.baseDist as Normal).scale;
  }
  override get mean(): Tensor {
    return this.loc.add(this.scale.square().div(2)).exp();
  }
  override get mode(): Tensor {
    return this.loc.sub(this.scale.square()).exp();
  }
  override get variance(): Tensor {
    const s = this.scale.square();
    return s.expm1().mul(this.loc.mul(2).add(s).exp());
  }
  override expand(batchShape: Shape): LogNormal {
    const [loc, scale] = [this.loc.expand(batchShape), this.scale.expand(batchShape)];
    return this.like(new LogNormal(loc, scale, { validateArgs: false }));
  }
  override entropy(): Tensor {
    return this.baseDist.entropy().add(this.loc);
  }
}

/** `|x|` for x of a distribution around 0 that is symmetric: half-normal, half-Cauchy. */
export abstract class Folded extends TransformedDistribution {
  abstract get scale(): Tensor;
  protected override get shown(): boolean {
    return false;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { scale: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.nonnegative;
  }
  override get mode(): Tensor {
    return this.scale.detach().mul(0);
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.baseDist.logProb(value).add(Math.LN2).where(value.ge(0), Number.NEGATIVE_INFINITY);
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return this.baseDist.cdf(value).mul(2).sub(1);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return this.baseDist.icdf(value.add(1).div(2));
  }
  override entropy(): Tensor {
    return this.baseDist.entropy().sub(Math.LN2);
  }
}

/**
 * The distribution of `|x|` for normal x of mean 0 and deviation `scale`. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.HalfNormal(1).logProb(torch.tensor([0.5])) // tensor([-0.3508])
 */
export class HalfNormal extends Folded {
  constructor(...args: Named<[scale: Param], ['scale'], [validateArgs?: boolean | null], ValidateOptions>) {
    const { scale, validateArgs } = readParams('HalfNormal', args, ['scale']);
    super(new Normal(0, scale, { validateArgs: false }), new AbsTransform(), { validateArgs: false });
    this.init(this.baseDist.batchShape, [], validateArgs);
  }
  /** The standard deviation of the normal distribution. */
  get scale(): Tensor {
    return (this.baseDist as Normal).scale;
  }
  override get mean(): Tensor {
    return this.scale.mul(Math.sqrt(2 / Math.PI));
  }
  override get variance(): Tensor {
    return this.scale.square().mul(1 - 2 / Math.PI);
  }
  override expand(batchShape: Shape): HalfNormal {
    return this.like(new HalfNormal(this.scale.expand(batchShape), { validateArgs: false }));
  }
}
