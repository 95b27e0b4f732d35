// The von Mises distribution: normal-like angles.
import { noGrad } from '../autograd/mode.ts';
import { float64 } from '../dtype.ts';
import type { Named } from '../arguments.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { Distribution, type Param, readParams, type ValidateOptions } from './distribution.ts';

// Abramowitz and Stegun 9.8.1 to 9.8.4: I0 and I1 for small arguments, by (x / 3.75)², and for large ones, by 3.75 / x
const SMALL = [
  [1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2],
  [0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3],
] as const;
const LARGE = [
  [
    0.39894228, 0.1328592e-1, 0.225319e-2, -0.157565e-2, 0.916281e-2, -0.2057706e-1, 0.2635537e-1, -0.1647633e-1,
    0.392377e-2,
  ],
  [
    0.39894228, -0.3988024e-1, -0.362018e-2, 0.163801e-2, -0.1031555e-1, 0.2282967e-1, -0.2895312e-1, 0.1787654e-1,
    -0.420059e-2,
  ],
] as const;
/** A polynomial of ascending coefficients. */
const polynomial = (y: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients
    .slice(0, -1)
    .reduceRight<Tensor | number>(
      (sum, c) => (typeof sum === 'number' ? y.mul(sum) : y.mul(sum)).add(c),
      coefficients.at(-1)!,
    ) as Tensor;
/** The logarithm of the modified Bessel function of order 0 or 1, for x > 0. */
function logBessel(x: Tensor, order: 0 | 1): Tensor {
  const y = x.div(3.75);
  const series = polynomial(y.square(), SMALL[order]);
  const small = (order === 1 ? x.abs().mul(series) : series).log();
  const large = x.sub(x.log().mul(0.5)).add(polynomial(y.reciprocal(), LARGE[order]).log());
  return small.where(x.lt(3.75), large);
}

/**
 * The von Mises distribution of angles around `loc`, of a `concentration`. Samples lie from -π to π, and are PyTorch's for
 * the same seed.
 * @example
 * new torch.distributions.VonMises(0, 1).logProb(torch.tensor([0.5])) // tensor([-1.1962])
 */
export class VonMises extends Distribution {
  readonly loc: Tensor;
  readonly concentration: Tensor;
  constructor(
    ...args: Named<
      [loc: Param, concentration: Param],
      ['loc', 'concentration'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const { loc, concentration, validateArgs } = readParams('VonMises', args, ['loc', 'concentration']);
    this.loc = loc;
    this.concentration = concentration;
    this.init(loc.sizes, [], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { loc: constraints.real, concentration: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.real;
  }
  /** The mean direction. */
  override get mean(): Tensor {
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }
  /** The circular variance. */
  override get variance(): Tensor {
    return logBessel(this.concentration, 1).sub(logBessel(this.concentration, 0)).exp().neg().add(1);
  }
  override expand(batchShape: Shape): VonMises {
    const [loc, concentration] = [this.loc.expand(batchShape), this.concentration.expand(batchShape)];
    return this.like(new VonMises(loc, concentration, { validateArgs: false }));
  }
  /** The width of the wrapped Cauchy distribution that proposals come from. */
  #proposal(kappa: Tensor): Tensor {
    const tau = kappa.square().mul(4).add(1).sqrt().add(1);
    const rho = tau.sub(tau.mul(2).sqrt()).div(kappa.mul(2));
    const exact = rho.square().add(1).div(rho.mul(2));
    return kappa.reciprocal().add(kappa).where(kappa.lt(1e-5), exact);
  }
  /** By rejection (Best and Fisher 1979), in float64: float32 would not end for small concentrations. */
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => {
      const [loc, kappa] = [this.loc.to(float64.name), this.concentration.to(float64.name)];
      const r = this.#proposal(kappa);
      let x = loc.newZeros(shape);
      let done = loc.newZeros(shape, { dtype: 'bool' });
      while (!done.all().item()) {
        const [u1, u2, u3] = loc
          .newEmpty([3, ...shape])
          .uniform_()
          .unbind() as [Tensor, Tensor, Tensor];
        const z = u1.mul(Math.PI).cos();
        const f = r.mul(z).add(1).div(r.add(z));
        const c = kappa.mul(r.sub(f));
        const quick = c.mul(c.neg().add(2)).sub(u2).gt(0);
        const accept = quick.logicalOr(c.div(u2).log().add(1).sub(c).ge(0));
        x = u3.sub(0.5).sign().mul(f.acos()).where(accept, x);
        done = done.logicalOr(accept);
      }
      return x
        .add(Math.PI)
        .add(loc)
        .remainder(2 * Math.PI)
        .sub(Math.PI)
        .to(this.loc.dtype);
    });
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.concentration
      .mul(value.sub(this.loc).cos())
      .sub(Math.log(2 * Math.PI))
      .sub(logBessel(this.concentration, 0));
  }
}
