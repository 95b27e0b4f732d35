// Distributions of real numbers with a location and a scale, and the uniform one.
import { noGrad } from '../autograd/mode.ts';
import { type Named, readArguments } from '../arguments.ts';
import { float64 } from '../dtype.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import {
  broadcastAll,
  Distribution,
  finfo,
  LOC_SCALE,
  type LocScale,
  type Param,
  readLocScale,
  type ValidateOptions,
} from './distribution.ts';
import { ExponentialFamily } from './exponential-family.ts';
import { Chi2 } from './gamma.ts';

/** What these distributions share. */
abstract class LocationScale extends Distribution {
  override hasRsample = true;
  readonly loc: Tensor;
  readonly scale: Tensor;
  constructor(where: string, args: readonly unknown[]) {
    super();
    const { loc, scale, validateArgs } = readLocScale(where, args);
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
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }
  protected standard(value: Tensor): Tensor {
    return value.sub(this.loc).div(this.scale);
  }
}

/**
 * The normal distribution with mean `loc` and standard deviation `scale`. Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * const normal = new torch.distributions.Normal(torch.zeros(2), 1)
 * normal.sample() // tensor([ 1.5410, -0.2934])
 * @example
 * new torch.distributions.Normal(0, 1).logProb(torch.tensor([0.5])) // tensor([-1.0439])
 */
export class Normal extends ExponentialFamily {
  override hasRsample = true;
  readonly loc: Tensor;
  readonly scale: Tensor;
  constructor(...args: LocScale) {
    super();
    const { loc, scale, validateArgs } = readLocScale('Normal', args);
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
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get stddev(): Tensor {
    return this.scale;
  }
  override get variance(): Tensor {
    return this.scale.square();
  }
  override expand(batchShape: Shape): Normal {
    const [loc, scale] = [this.loc.expand(batchShape), this.scale.expand(batchShape)];
    return this.like(new Normal(loc, scale, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const eps = this.loc.detach().newEmpty(this.extended('rsample', sampleShape)).normal_();
    return this.loc.add(eps.mul(this.scale));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const variance = this.scale.square();
    return value
      .sub(this.loc)
      .square()
      .neg()
      .div(variance.mul(2))
      .sub(this.scale.log())
      .sub(Math.log(Math.sqrt(2 * Math.PI)));
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return value.sub(this.loc).div(this.scale).div(Math.SQRT2).erf().add(1).mul(0.5);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return this.loc.add(this.scale.mul(value.mul(2).sub(1).erfinv()).mul(Math.SQRT2));
  }
  override entropy(): Tensor {
    return this.scale.log().add(0.5 + 0.5 * Math.log(2 * Math.PI));
  }
  override get naturalParams(): readonly Tensor[] {
    const variance = this.scale.square();
    return [this.loc.div(variance), variance.reciprocal().mul(-0.5)];
  }
  override logNormalizer(x: Tensor, y: Tensor): Tensor {
    return x.square().mul(-0.25).div(y).add(y.reciprocal().mul(-Math.PI).log().mul(0.5));
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
}

/**
 * The Laplace distribution around `loc`, which falls by `e` within `scale`. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.Laplace(0, 1).logProb(torch.tensor([0.5])) // tensor([-1.1931])
 */
export class Laplace extends LocationScale {
  constructor(...args: LocScale) {
    super('Laplace', args);
  }
  override get variance(): Tensor {
    return this.scale.square().mul(2);
  }
  override get stddev(): Tensor {
    return this.scale.mul(Math.SQRT2);
  }
  override expand(batchShape: Shape): Laplace {
    const [loc, scale] = [this.loc.expand(batchShape), this.scale.expand(batchShape)];
    return this.like(new Laplace(loc, scale, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const { eps } = finfo(this.loc);
    const u = this.loc
      .detach()
      .newEmpty(this.extended('rsample', sampleShape))
      .uniform_(eps - 1, 1);
    return this.loc.sub(this.scale.mul(u.sign()).mul(u.abs().neg().log1p()));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.scale.mul(2).log().neg().sub(value.sub(this.loc).abs().div(this.scale));
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    const d = value.sub(this.loc);
    return d.sign().mul(d.abs().neg().div(this.scale).expm1()).mul(-0.5).add(0.5);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    const term = value.sub(0.5);
    return this.loc.sub(this.scale.mul(term.sign()).mul(term.abs().mul(-2).log1p()));
  }
  override entropy(): Tensor {
    return this.scale.mul(2).log().add(1);
  }
}

/**
 * The Cauchy distribution with median `loc` and half width at half maximum `scale`. Samples are PyTorch's for the same seed.
 * @example
 * new torch.distributions.Cauchy(0, 1).logProb(torch.tensor([0.5])) // tensor([-1.3679])
 */
export class Cauchy extends LocationScale {
  constructor(...args: LocScale) {
    super('Cauchy', args);
  }
  override get mean(): Tensor {
    return this.loc.detach().newFull(this.batchShape, Number.NaN);
  }
  override get variance(): Tensor {
    return this.loc.detach().newFull(this.batchShape, Number.POSITIVE_INFINITY);
  }
  override expand(batchShape: Shape): Cauchy {
    const [loc, scale] = [this.loc.expand(batchShape), this.scale.expand(batchShape)];
    return this.like(new Cauchy(loc, scale, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('rsample', sampleShape);
    const u = this.loc.detach().newEmpty(shape, { dtype: float64.name }).uniform_();
    const eps = u
      .clamp(2 ** -52, 1 - 2 ** -52)
      .sub(0.5)
      .mul(Math.PI)
      .tan()
      .to(this.loc.dtype);
    return this.loc.add(eps.mul(this.scale));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.standard(value).square().log1p().neg().sub(this.scale.log()).sub(Math.log(Math.PI));
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return this.standard(value).atan().div(Math.PI).add(0.5);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return value.sub(0.5).mul(Math.PI).tan().mul(this.scale).add(this.loc);
  }
  override entropy(): Tensor {
    return this.scale.log().add(Math.log(4 * Math.PI));
  }
}

/** Options of {@link StudentT}. */
export interface StudentTOptions extends ValidateOptions {
  loc?: Param | undefined;
  scale?: Param | undefined;
}
/**
 * Student's distribution with `df` degrees of freedom, moved to `loc` (0) and widened by `scale` (1).
 * @example
 * new torch.distributions.StudentT(3).logProb(torch.tensor([0.5])) // tensor([-1.1610])
 */
export class StudentT extends Distribution {
  override hasRsample = true;
  readonly df: Tensor;
  readonly loc: Tensor;
  readonly scale: Tensor;
  constructor(
    ...args: Named<[df: Param], ['df'], [loc?: Param, scale?: Param, validateArgs?: boolean | null], StudentTOptions>
  ) {
    super();
    const names = ['df', 'loc', 'scale', 'validateArgs'];
    const options = readArguments<StudentTOptions & { df: Param }>('StudentT', args, names);
    const all = broadcastAll('StudentT', { df: options.df!, loc: options.loc ?? 0, scale: options.scale ?? 1 });
    this.df = all.df;
    this.loc = all.loc;
    this.scale = all.scale;
    this.init(this.df.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { df: constraints.positive, loc: constraints.real, scale: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.real;
  }
  override get mean(): Tensor {
    return this.loc.maskedFill(this.df.le(1), Number.NaN);
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get variance(): Tensor {
    const finite = this.df.gt(2);
    const df = this.df.where(finite, 3);
    return this.scale
      .square()
      .mul(df)
      .div(df.sub(2))
      .maskedFill(finite.logicalNot(), Number.POSITIVE_INFINITY)
      .maskedFill(this.df.le(1), Number.NaN);
  }
  override expand(batchShape: Shape): StudentT {
    const [df, loc, scale] = [this.df, this.loc, this.scale].map((x) => x.expand(batchShape)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return this.like(new StudentT(df, loc, scale, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const x = this.df.detach().newEmpty(this.extended('rsample', sampleShape)).normal_();
    const z = new Chi2(this.df, { validateArgs: false }).rsample(sampleShape);
    return this.loc.add(this.scale.mul(x.mul(z.div(this.df).rsqrt())));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const { df } = this;
    const y = value.sub(this.loc).div(this.scale);
    const z = this.scale
      .log()
      .add(df.log().mul(0.5))
      .add(0.5 * Math.log(Math.PI))
      .add(df.mul(0.5).lgamma())
      .sub(df.add(1).mul(0.5).lgamma());
    return y.square().div(df).log1p().mul(df.add(1)).mul(-0.5).sub(z);
  }
  override entropy(): Tensor {
    const { df } = this;
    const [half, more] = [df.mul(0.5), df.add(1).mul(0.5)];
    const lbeta = half
      .lgamma()
      .add(0.5 * Math.log(Math.PI))
      .sub(more.lgamma());
    return this.scale
      .log()
      .add(more.mul(more.digamma().sub(half.digamma())))
      .add(df.log().mul(0.5))
      .add(lbeta);
  }
}

/**
 * The uniform distribution on [low, high). Samples are PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * new torch.distributions.Uniform(0, torch.tensor([1, 10.5])).sample() // tensor([0.4963, 8.0663])
 */
export class Uniform extends Distribution {
  override hasRsample = true;
  readonly low: Tensor;
  readonly high: Tensor;
  constructor(
    ...args: Named<[low: Param, high: Param], ['low', 'high'], [validateArgs?: boolean | null], ValidateOptions>
  ) {
    super();
    const names = ['low', 'high', 'validateArgs'];
    const options = readArguments<ValidateOptions & { low: Param; high: Param }>('Uniform', args, names);
    const { low, high } = broadcastAll('Uniform', { low: options.low!, high: options.high! });
    this.low = low;
    this.high = high;
    this.init(low.sizes, [], options.validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { low: constraints.lessThan(this.high), high: constraints.greaterThan(this.low) };
  }
  override get support(): constraints.Constraint {
    return constraints.interval(this.low, this.high);
  }
  override get mean(): Tensor {
    return this.high.add(this.low).div(2);
  }
  override get mode(): Tensor {
    return this.high.mul(Number.NaN);
  }
  override get stddev(): Tensor {
    return this.high.sub(this.low).div(Math.sqrt(12));
  }
  override get variance(): Tensor {
    return this.high.sub(this.low).square().div(12);
  }
  override expand(batchShape: Shape): Uniform {
    const [low, high] = [this.low.expand(batchShape), this.high.expand(batchShape)];
    return this.like(new Uniform(low, high, { validateArgs: false }));
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const u = noGrad(() => this.low.detach().newEmpty(this.extended('rsample', sampleShape)).uniform_());
    return this.low.add(u.mul(this.high.sub(this.low)));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const inside = this.low.le(value).logicalAnd(this.high.gt(value)).to(this.low.dtype);
    return inside.log().sub(this.high.sub(this.low).log());
  }
  override cdf(value: Tensor): Tensor {
    this.validate('cdf', value);
    return value.sub(this.low).div(this.high.sub(this.low)).clamp(0, 1);
  }
  override icdf(value: Tensor): Tensor {
    this.expectTensor('icdf', value);
    return value.mul(this.high.sub(this.low)).add(this.low);
  }
  override entropy(): Tensor {
    return this.high.sub(this.low).log();
  }
}
