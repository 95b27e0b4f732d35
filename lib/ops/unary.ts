// Element-wise functions of one tensor: a row each. The formulas are in native/functor_rows.h.
import { row, unary, type Unary } from '../define.ts';
import { checkTensor } from '../dispatch.ts';
import { bool } from '../dtype.ts';
import { inNameOf } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { i1 } from './internal/bessel.ts';
import { wholeNumber } from './internal/checks.ts';
import { reluGrad, sigmoidGrad, tanhGrad } from './internal/activation-grad.ts';
import { zerosOf } from './internal/reducing.ts';

/** The gradient of a step: zero, also where `g` is infinite. */
const flat = (g: Tensor): Tensor => zerosOf(g.sizes, g.dt, g.device);

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/**
 * Element-wise exponential, `e^x`.
 * @example
 * torch.exp(torch.tensor([0, 1.5])) // tensor([1.0000, 4.4817])
 */
export const exp: Unary = unary('exp', 'float', { gradOut: (g, y) => g.mul(y) });
/**
 * Element-wise power of two, `2^x`.
 * @example
 * torch.exp2(torch.tensor([1.5, 3])) // tensor([2.8284, 8.0000])
 */
export const exp2: Unary = unary('exp2', 'float', { gradOut: (g, y) => g.mul(y).mul(Math.LN2) });
/**
 * Element-wise `e^x - 1`, accurate near zero.
 * @example
 * torch.expm1(torch.tensor([0, 1.5])) // tensor([0.0000, 3.4817])
 */
export const expm1: Unary = unary('expm1', 'float', { gradOut: (g, y) => g.mul(y.add(1)) });
/**
 * Element-wise natural logarithm; NaN below zero.
 * @example
 * torch.log(torch.tensor([1, 2.5])) // tensor([0.0000, 0.9163])
 */
export const log: Unary = unary('log', 'float', { grad: (g, x) => g.div(x) });
/**
 * Element-wise logarithm to base two.
 * @example
 * torch.log2(torch.tensor([1, 2.5])) // tensor([0.0000, 1.3219])
 */
export const log2: Unary = unary('log2', 'float', { grad: (g, x) => g.div(x.mul(Math.LN2)) });
/**
 * Element-wise logarithm to base ten.
 * @example
 * torch.log10(torch.tensor([1, 2.5])) // tensor([0.0000, 0.3979])
 */
export const log10: Unary = unary('log10', 'float', { grad: (g, x) => g.div(x.mul(Math.LN10)) });
/**
 * Element-wise `ln(1 + x)`, accurate near zero.
 * @example
 * torch.log1p(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9163])
 */
export const log1p: Unary = unary('log1p', 'float', { grad: (g, x) => g.div(x.add(1)) });
/**
 * Element-wise square root; NaN below zero.
 * @example
 * torch.sqrt(torch.tensor([4, 2.5])) // tensor([2.0000, 1.5811])
 */
export const sqrt: Unary = unary('sqrt', 'float', { gradOut: (g, y) => g.div(y.mul(2)) });
/**
 * Element-wise `1 / sqrt(x)`.
 * @example
 * torch.rsqrt(torch.tensor([4, 2.5])) // tensor([0.5000, 0.6325])
 */
export const rsqrt: Unary = unary('rsqrt', 'float', { gradOut: (g, y) => g.mul(y.pow(3)).mul(-0.5) });
/**
 * Element-wise sine of radians.
 * @example
 * torch.sin(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9975])
 */
export const sin: Unary = unary('sin', 'float', { grad: (g, x) => g.mul(x.cos()) });
/**
 * Element-wise cosine of radians.
 * @example
 * torch.cos(torch.tensor([0, 1.5])) // tensor([1.0000, 0.0707])
 */
export const cos: Unary = unary('cos', 'float', { grad: (g, x) => g.mul(x.sin().neg()) });
/**
 * Element-wise tangent of radians.
 * @example
 * torch.tan(torch.tensor([0, 1.5])) // tensor([ 0.0000, 14.1014])
 */
export const tan: Unary = unary('tan', 'float', { gradOut: (g, y) => g.mul(y.mul(y).add(1)) });
/**
 * Element-wise arcsine, in radians; NaN outside [-1, 1].
 * @example
 * torch.asin(torch.tensor([0, 0.5])) // tensor([0.0000, 0.5236])
 */
export const asin: Unary = unary('asin', 'float', { grad: (g, x) => g.mul(x.mul(x).neg().add(1).rsqrt()) });
/**
 * Element-wise arccosine, in radians; NaN outside [-1, 1].
 * @example
 * torch.acos(torch.tensor([0, 0.5])) // tensor([1.5708, 1.0472])
 */
export const acos: Unary = unary('acos', 'float', { grad: (g, x) => g.mul(x.mul(x).neg().add(1).rsqrt().neg()) });
/**
 * Element-wise arctangent, in radians.
 * @example
 * torch.atan(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9828])
 */
export const atan: Unary = unary('atan', 'float', { grad: (g, x) => g.div(x.mul(x).add(1)) });
/**
 * Element-wise hyperbolic sine.
 * @example
 * torch.sinh(torch.tensor([0, 1.5])) // tensor([0.0000, 2.1293])
 */
export const sinh: Unary = unary('sinh', 'float', { grad: (g, x) => g.mul(x.cosh()) });
/**
 * Element-wise hyperbolic cosine.
 * @example
 * torch.cosh(torch.tensor([0, 1.5])) // tensor([1.0000, 2.3524])
 */
export const cosh: Unary = unary('cosh', 'float', { grad: (g, x) => g.mul(x.sinh()) });
/**
 * Element-wise inverse hyperbolic sine.
 * @example
 * torch.asinh(torch.tensor([0, 1.5])) // tensor([0.0000, 1.1948])
 */
export const asinh: Unary = unary('asinh', 'float', { grad: (g, x) => g.mul(x.mul(x).add(1).rsqrt()) });
/**
 * Element-wise inverse hyperbolic cosine; NaN below 1.
 * @example
 * torch.acosh(torch.tensor([1, 1.5])) // tensor([0.0000, 0.9624])
 */
export const acosh: Unary = unary('acosh', 'float', { grad: (g, x) => g.mul(x.mul(x).sub(1).rsqrt()) });
/**
 * Element-wise inverse hyperbolic tangent.
 * @example
 * torch.atanh(torch.tensor([0, 0.5])) // tensor([0.0000, 0.5493])
 */
export const atanh: Unary = unary('atanh', 'float', { grad: (g, x) => g.div(x.mul(x).neg().add(1)) });
/**
 * Element-wise error function.
 * @example
 * torch.erf(torch.tensor([0, 0.5])) // tensor([0.0000, 0.5205])
 */
export const erf: Unary = unary('erf', 'float', { grad: (g, x) => g.mul(x.mul(x).neg().exp().mul(TWO_OVER_SQRT_PI)) });
/**
 * Element-wise `1 - erf(x)`, accurate for large x.
 * @example
 * torch.erfc(torch.tensor([0, 0.5])) // tensor([1.0000, 0.4795])
 */
export const erfc: Unary = unary('erfc', 'float', {
  grad: (g, x) => g.mul(x.mul(x).neg().exp().mul(-TWO_OVER_SQRT_PI)),
});
/**
 * Element-wise inverse of {@link erf}.
 * @example
 * torch.erfinv(torch.tensor([0, 0.5])) // tensor([0.0000, 0.4769])
 */
export const erfinv: Unary = unary('erfinv', 'float', {
  gradOut: (g, y) => g.mul(y.mul(y).exp().div(TWO_OVER_SQRT_PI)),
});
/**
 * Element-wise logarithm of the absolute value of the gamma function.
 * @example
 * torch.lgamma(torch.tensor([0.5, 4])) // tensor([0.5724, 1.7918])
 */
export const lgamma: Unary = unary('lgamma', 'float', { grad: (g, x) => g.mul(x.digamma()) });
/**
 * Element-wise logarithmic derivative of the gamma function.
 * @example
 * torch.digamma(torch.tensor([1, 0.5])) // tensor([-0.5772, -1.9635])
 */
export const digamma: Unary = unary('digamma', 'float', { grad: (g, x) => g.mul(polygammaOf(1)(x)) });
const orders: Unary[] = [];
/** The `n`-th derivative of digamma, whose derivative is the next one. */
function polygammaOf(n: number): Unary {
  return (orders[n] ??= unary('polygamma', 'float', {
    params: [n],
    grad: (g, x) => g.mul(polygammaOf(n + 1)(x)),
  }));
}
/**
 * The `n`-th derivative of digamma, element by element; as a method, `x.polygamma(n)`. Throws RangeError for negative
 * `n`.
 * @example
 * torch.polygamma(1, torch.tensor([1, 0.5])) // tensor([1.6449, 4.9348])
 */
export function polygamma(n: number, x: Tensor): Tensor;
export function polygamma(x: Tensor, n: number): Tensor;
export function polygamma(a: number | Tensor, b: number | Tensor): Tensor {
  const [n, x] = typeof a === 'number' ? [a, b] : [b, a];
  checkTensor('polygamma', x);
  const order = wholeNumber('polygamma', 'n', n, 0);
  if (order > 150) throw new RangeError(`polygamma: of order ${order} the values are beyond what numbers hold`);
  return order === 0 ? inNameOf('polygamma', () => digamma(x)) : polygammaOf(order)(x);
}
row('polygamma', polygamma);
/**
 * Element-wise logistic function, `1 / (1 + e^-x)`.
 * @example
 * torch.sigmoid(torch.tensor([0, 1.5])) // tensor([0.5000, 0.8176])
 */
export const sigmoid: Unary = unary('sigmoid', 'float', { gradOut: (g, y) => sigmoidGrad(g, y) });
/**
 * Element-wise hyperbolic tangent.
 * @example
 * torch.tanh(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9051])
 */
export const tanh: Unary = unary('tanh', 'float', { gradOut: (g, y) => tanhGrad(g, y) });
/**
 * Element-wise `max(x, 0)`. Throws DtypeError on bool.
 * @example
 * torch.relu(torch.tensor([-1, 1.5])) // tensor([0.0000, 1.5000])
 */
export const relu: Unary = unary('relu', 'number', { gradOut: (g, y) => reluGrad(g, y) });
/**
 * Element-wise `x * sigmoid(x)`, the swish function (https://arxiv.org/abs/1710.05941). Throws DtypeError for other
 * dtypes than floating ones.
 * @example
 * torch.silu(torch.tensor([0, 1.5])) // tensor([0.0000, 1.2264])
 */
export const silu: Unary = unary('silu', 'floating', {
  grad: (g, x) => {
    const s = x.sigmoid();
    return g.mul(s).mul(x.mul(s.neg().add(1)).add(1));
  },
});
/**
 * Element-wise negation. Throws DtypeError on bool.
 * @example
 * torch.neg(torch.tensor([1, -2])) // tensor([-1,  2])
 */
export const neg: Unary = unary('neg', 'number', { gradOnly: (g) => g.neg() });
/**
 * Element-wise absolute value. Its derivative at zero is zero. Throws DtypeError on bool.
 * @example
 * torch.abs(torch.tensor([1, -2])) // tensor([1, 2])
 */
export const abs: Unary = unary('abs', 'number', { grad: (g, x) => g.mul(x.sign()) });
/**
 * Element-wise sign: -1, 0 or 1; NaN stays NaN.
 * @example
 * torch.sign(torch.tensor([1.5, -2])) // tensor([ 1., -1.])
 */
export const sign: Unary = unary('sign', 'same', { gradOnly: flat });
/**
 * As {@link sign}, for real tensors.
 * @example
 * torch.sgn(torch.tensor([1.5, -2])) // tensor([ 1., -1.])
 */
export const sgn: Unary = unary('sgn', 'same', { kernel: 'sign', gradOnly: flat });
const plainSquare: Unary = unary('square', 'number', { grad: (g, x) => g.mul(x.mul(2)) });
/**
 * Element-wise square; of bools as int64.
 * @example
 * torch.square(torch.tensor([3, -2])) // tensor([9, 4])
 */
export function square(x: Tensor): Tensor {
  checkTensor('square', x);
  return plainSquare(x.dt === bool ? x.to('int64') : x);
}
/**
 * Element-wise `1 / x`.
 * @example
 * torch.reciprocal(torch.tensor([4, 2.5])) // tensor([0.2500, 0.4000])
 */
export const reciprocal: Unary = unary('reciprocal', 'float', { gradOut: (g, y) => g.mul(y.mul(y).neg()) });
/**
 * The smallest whole number not below each element. Throws DtypeError on bool.
 * @example
 * torch.ceil(torch.tensor([1.5, -1.5])) // tensor([ 2., -1.])
 */
export const ceil: Unary = unary('ceil', 'number', { whole: true, gradOnly: flat });
/**
 * The largest whole number not above each element. Throws DtypeError on bool.
 * @example
 * torch.floor(torch.tensor([1.5, -1.5])) // tensor([ 1., -2.])
 */
export const floor: Unary = unary('floor', 'number', { whole: true, gradOnly: flat });
/**
 * The whole part of each element. Throws DtypeError on bool.
 * @example
 * torch.trunc(torch.tensor([1.5, -1.5])) // tensor([ 1., -1.])
 */
export const trunc: Unary = unary('trunc', 'number', { whole: true, gradOnly: flat });
/**
 * The fractional part of each element, with its sign. Throws DtypeError for integers.
 * @example
 * torch.frac(torch.tensor([1.5, -2.25])) // tensor([ 0.5000, -0.2500])
 */
export const frac: Unary = unary('frac', 'same', { gradOnly: (g) => g.clone() });
/**
 * Element-wise complement of the bits; of bools, the negation. Throws DtypeError for floating point.
 * @example
 * torch.bitwiseNot(torch.tensor([0, 5])) // tensor([-1, -6])
 */
export const bitwiseNot: Unary = unary('bitwiseNot', 'same');
/**
 * Where elements are zero or false.
 * @example
 * torch.logicalNot(torch.tensor([0, 5])) // tensor([ True, False])
 */
export const logicalNot: Unary = unary('logicalNot', 'bool');
/**
 * Where elements are NaN.
 * @example
 * torch.isnan(torch.tensor([NaN, 1])) // tensor([ True, False])
 */
export const isnan: Unary = unary('isnan', 'bool');
/**
 * Where elements are infinite.
 * @example
 * torch.isinf(torch.tensor([-Infinity, 1])) // tensor([ True, False])
 */
export const isinf: Unary = unary('isinf', 'bool');
/**
 * Where elements are neither infinite nor NaN.
 * @example
 * torch.isfinite(torch.tensor([-Infinity, 1])) // tensor([False,  True])
 */
export const isfinite: Unary = unary('isfinite', 'bool');
/**
 * Where elements are positive infinity.
 * @example
 * torch.isposinf(torch.tensor([Infinity, 1])) // tensor([ True, False])
 */
export const isposinf: Unary = unary('isposinf', 'bool');
/**
 * Where elements are negative infinity.
 * @example
 * torch.isneginf(torch.tensor([-Infinity, 1])) // tensor([ True, False])
 */
export const isneginf: Unary = unary('isneginf', 'bool');
/**
 * Where the sign bit is set: also for -0.
 * @example
 * torch.signbit(torch.tensor([-0.5, 1])) // tensor([ True, False])
 */
export const signbit: Unary = unary('signbit', 'bool');
/**
 * Modified Bessel function of the first kind of order 0.
 * @example
 * torch.i0(torch.tensor([0, 1.5])) // tensor([1.0000, 1.6467])
 */
export const i0: Unary = unary('i0', 'float', { grad: (g, x) => g.mul(i1(x)) });
