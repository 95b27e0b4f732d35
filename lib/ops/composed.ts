// Element-wise functions made of others: angles, powers of two, logits, the gamma function's kin.
import { noGrad } from '../autograd/mode.ts';
import { arange } from '../create.ts';
import { type Call, readArguments } from '../arguments.ts';
import { called, record } from '../history.ts';
import { checkOperand, checkTensor, type Scalar, deviceOf } from '../dispatch.ts';
import { BOOL, FLOATING, float64, requireFloating, toFloating } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf } from '../errors.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { type Pair, pair } from './internal/named.ts';
import { operators } from './internal/register.ts';

/** In floating point: as it is, or converted to the default dtype. */
const floating = (x: Tensor): Tensor => (x.dt.kind === FLOATING ? x : x.to(toFloating(x.dt).name));

/**
 * Degrees to radians, element by element.
 * @example
 * torch.deg2rad(torch.tensor([90, 180])) // tensor([1.5708, 3.1416])
 */
export function deg2rad(x: Tensor): Tensor {
  checkTensor('deg2rad', x);
  return called('deg2rad', floating(x).mul(Math.PI / 180));
}
/**
 * Radians to degrees, element by element.
 * @example
 * torch.rad2deg(torch.tensor([1.5, 3])) // tensor([ 85.9437, 171.8873])
 */
export function rad2deg(x: Tensor): Tensor {
  checkTensor('rad2deg', x);
  return called('rad2deg', floating(x).mul(180 / Math.PI));
}
/**
 * The tensor itself. Throws DtypeError on bool.
 * @example
 * torch.positive(torch.tensor([1, -2])) // tensor([ 1, -2])
 */
export function positive(x: Tensor): Tensor {
  checkTensor('positive', x);
  if (x.dt.kind === BOOL) throw new DtypeError('positive: the `+` operator is not supported for bool');
  return x;
}
/**
 * Element-wise `sin(πx) / (πx)`, one at zero.
 * @example
 * torch.sinc(torch.tensor([0, 0.5, 1.5])) // tensor([ 1.0000,  0.6366, -0.2122])
 */
export function sinc(x: Tensor): Tensor {
  checkTensor('sinc', x);
  const y = floating(x);
  const elsewhere = y.detach().ne(0);
  const angle = y.mul(Math.PI).where(elsewhere, 1);
  return called('sinc', angle.sin().div(angle).where(elsewhere, 1));
}
/** Options of logit. */
export interface LogitOptions {
  /** Elements are cut to [eps, 1 - eps] first. */
  eps?: number | null | undefined;
}
/**
 * Element-wise `ln(x / (1 - x))`, the inverse of sigmoid; NaN outside [0, 1] unless `eps` is given.
 * @example
 * torch.logit(torch.tensor([0.5, 0.9])) // tensor([0.0000, 2.1972])
 */
export function logit(x: Tensor, ...args: Call<[eps?: number | null], LogitOptions>): Tensor {
  return inNameOf('logit', () => {
    checkTensor('logit', x);
    const { eps = null } = readArguments<LogitOptions>('logit', args, ['eps']);
    if (eps !== null) checkNumber('logit', 'eps', eps);
    const y = floating(x);
    const [low, high] = eps === null ? [0, 1] : [eps, 1 - eps];
    const out = noGrad(() => {
      // PyTorch's order: what is below eps first
      const z = eps === null ? y : y.where(y.lt(low).logicalNot(), low).where(y.gt(high).logicalNot(), high);
      return z.div(z.neg().add(1)).log();
    });
    return record('logit', out, [y], [y], (g, n) => {
      const z = n.unpack(0);
      const inside = z.detach().ge(low).logicalAnd(z.detach().le(high));
      return [g.div(z.mul(z.neg().add(1))).where(inside, eps === null ? Number.NaN : 0)];
    });
  });
}

/**
 * Powers in float64, whatever the dtypes; either may be a number.
 * @example
 * torch.floatPower(torch.tensor([2, 3]), 2) // tensor([4., 9.], dtype=torch.float64)
 */
export function floatPower(a: Tensor | Scalar, b: Tensor | Scalar): Tensor {
  const where = 'floatPower';
  return inNameOf(where, () => {
    checkOperand(where, a, 'input');
    checkOperand(where, b, 'exponent');
    if (!(a instanceof Tensor || b instanceof Tensor))
      throw new TypeError(`${where}: expected a Tensor for input or exponent but received ${describe(a)}`);
    const double = (x: Tensor | Scalar): Tensor =>
      x instanceof Tensor ? x.double() : emptyTensor([], float64, deviceOf([a, b])).fill_(Number(x));
    return double(a).pow(b instanceof Tensor ? b.double() : Number(b));
  });
}
/**
 * Element-wise `x 2^other`.
 * @example
 * torch.ldexp(torch.tensor([1.5]), torch.tensor([3])) // tensor([12.])
 */
export function ldexp(x: Tensor, other: Tensor): Tensor {
  return inNameOf('ldexp', () => {
    checkTensor('ldexp', x);
    checkTensor('ldexp', other, 'other');
    return x.mul((other.dt.kind === FLOATING ? other : other.to(toFloating(x.dt).name)).exp2());
  });
}
/**
 * Mantissas from 0.5 to 1 (of either sign) and exponents (int32), `x = mantissa 2^exponent`. Throws DtypeError if not
 * floating point.
 * @example
 * torch.frexp(torch.tensor([3, 0.25])).mantissa // tensor([0.7500, 0.5000])
 * @example
 * torch.frexp(torch.tensor([3, 0.25])).exponent // tensor([ 2, -1], dtype=torch.int32)
 */
export function frexp(x: Tensor): Pair<'mantissa', 'exponent'> {
  return inNameOf('frexp', () => {
    checkTensor('frexp', x);
    requireFloating('frexp', x.dt);
    const y = x.detach().double();
    const special = y.eq(0).logicalOr(y.isfinite().logicalNot());
    let exponent = y.abs().log2().floor().add(1).where(special.logicalNot(), 0);
    // in two steps: no power of two below the least or above the greatest is needed
    const scaled = (e: Tensor): Tensor => {
      const half = e.div(2).floor();
      return y.mul(half.neg().exp2()).mul(half.sub(e).exp2());
    };
    // a logarithm just beside a whole number may be rounded to it
    const size = scaled(exponent).abs();
    exponent = exponent.add(size.ge(1).double()).sub(size.lt(0.5).double()).where(special.logicalNot(), 0);
    const mantissa = record('frexp', scaled(exponent).to(x.dtype), [x], [exponent], (g, n) => [
      g.mul(n.unpack(0).neg().exp2().to(g.dtype)),
    ]);
    return pair('frexp', 'mantissa', mantissa, 'exponent', exponent.int());
  });
}

/**
 * The logarithm of the multivariate gamma function of dimension `p`, element by element. Throws RangeError if `p` is less
 * than one.
 * @example
 * torch.mvlgamma(torch.tensor([1.5, 2]), 2) // tensor([0.4516, 0.4516])
 */
export function mvlgamma(x: Tensor, p: number): Tensor {
  return inNameOf('mvlgamma', () => {
    checkTensor('mvlgamma', x);
    if (x.dt.kind === BOOL) throw new DtypeError('mvlgamma: the input tensor may not be a boolean tensor');
    wholeNumber('mvlgamma', 'p', p, 1);
    const y = floating(x);
    const steps = arange(p, { dtype: y.dtype, device: y.device }).div(2);
    const sum = y.unsqueeze(-1).sub(steps).lgamma().sum(-1);
    return sum.add((p * (p - 1) * Math.log(Math.PI)) / 4);
  });
}

operators({ deg2rad, rad2deg, positive, sinc, logit, floatPower, ldexp, mvlgamma });
operators({ frexp });
