// torch.special: the functions of mathematics under the names of SciPy. Called by users through the namespace.
import { binary, type BinaryOfNumbers, needs, unary, type Unary } from './define.ts';
import { inNameOf } from './errors.ts';
import { mvlgamma } from './ops/composed.ts';
import { igamma, igammac } from './ops/igamma.ts';
import { digamma } from './ops/unary.ts';
import { sigmoidGrad } from './ops/internal/activation-grad.ts';
import { Tensor } from './tensor.ts';

export { logSoftmax, softmax } from './ops/activation.ts';
export { xlogy } from './ops/binary.ts';
export { logit, sinc } from './ops/composed.ts';
export { i0e, i1, i1e } from './ops/internal/bessel.ts';
export { logsumexp } from './ops/reduce.ts';
export { round } from './ops/ternary.ts';
export * from './special-functions.ts';
export { digamma, erf, erfc, erfinv, exp2, expm1, i0, log1p, polygamma } from './ops/unary.ts';

const ROOT_HALF = Math.SQRT1_2;
const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/**
 * Element-wise entropy, `-x ln x`; 0 at zero and negative infinity below.
 * @example
 * torch.special.entr(torch.tensor([0, 0.5, 1])) // tensor([0.0000, 0.3466, 0.0000])
 */
export const entr: Unary = unary('entr', 'float', { grad: (g, x) => g.mul(x.log().add(1).neg()) });
/**
 * Element-wise `e^(x²) erfc(x)`, the scaled complementary error function.
 * @example
 * torch.special.erfcx(torch.tensor([0, 1.5])) // tensor([1.0000, 0.3216])
 */
export const erfcx: Unary = unary('erfcx', 'float', {
  grad: (g, x) => g.mul(x.mul(2).mul(erfcx(x)).sub(TWO_OVER_ROOT_PI)),
});
/**
 * Another name of sigmoid.
 * @example
 * torch.special.expit(torch.tensor([0, 1.5])) // tensor([0.5000, 0.8176])
 */
export const expit: Unary = unary('expit', 'float', { kernel: 'sigmoid', gradOut: (g, y) => sigmoidGrad(g, y) });
/**
 * Another name of lgamma.
 * @example
 * torch.special.gammaln(torch.tensor([0.5, 4])) // tensor([0.5724, 1.7918])
 */
export const gammaln: Unary = unary('gammaln', 'float', { kernel: 'lgamma', grad: (g, x) => g.mul(digamma(x)) });
/**
 * Another name of igamma: the part of the gamma function of `a` that lies below `x`.
 * @example
 * torch.special.gammainc(torch.tensor([4.5]), torch.tensor([3.5])) // tensor([0.3629])
 */
export function gammainc(a: Tensor, x: Tensor): Tensor {
  return inNameOf('gammainc', () => igamma(a, x));
}
/**
 * Another name of igammac: the part of the gamma function of `a` that lies above `x`.
 * @example
 * torch.special.gammaincc(torch.tensor([4.5]), torch.tensor([3.5])) // tensor([0.6371])
 */
export function gammaincc(a: Tensor, x: Tensor): Tensor {
  return inNameOf('gammaincc', () => igammac(a, x));
}
/**
 * Another name of digamma.
 * @example
 * torch.special.psi(torch.tensor([1, 0.5])) // tensor([-0.5772, -1.9635])
 */
export function psi(x: Tensor): Tensor {
  return inNameOf('psi', () => digamma(x));
}
/**
 * Another name of mvlgamma. Throws RangeError if `p` is less than one.
 * @example
 * torch.special.multigammaln(torch.tensor([1.5, 2]), 2) // tensor([0.4516, 0.4516])
 */
export function multigammaln(x: Tensor, p: number): Tensor {
  return inNameOf('multigammaln', () => mvlgamma(x, p));
}
/**
 * Element-wise, how much of the standard normal distribution lies below.
 * @example
 * torch.special.ndtr(torch.tensor([0, 1.5])) // tensor([0.5000, 0.9332])
 */
export const ndtr: Unary = unary('ndtr', 'float', {
  grad: (g, x) =>
    g.mul(
      x
        .square()
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI)),
    ),
});
/**
 * Element-wise logarithm of {@link ndtr}, also where that is almost zero.
 * @example
 * torch.special.logNdtr(torch.tensor([0, -20.0]).float()) // tensor([  -0.6931, -203.9172])
 */
export const logNdtr: Unary = unary('logNdtr', 'float', {
  grad: (g, x) => g.div(erfcx(x.mul(-ROOT_HALF)).mul(Math.sqrt(Math.PI / 2))),
});
/**
 * Element-wise inverse of {@link ndtr}: NaN outside [0, 1].
 * @example
 * torch.special.ndtri(torch.tensor([0.5, 0.975])) // tensor([0.0000, 1.9600])
 */
export const ndtri: Unary = unary('ndtri', 'float', {
  gradOut: (g, y) =>
    g.mul(
      y
        .square()
        .mul(0.5)
        .exp()
        .mul(Math.sqrt(2 * Math.PI)),
    ),
});
/**
 * Element-wise `a ln(1 + b)`, zero where `a` is; either may be a number.
 * @example
 * torch.special.xlog1py(torch.tensor([0, 1.5]), torch.tensor([-1, 1])) // tensor([0.0000, 1.0397])
 */
export const xlog1py: BinaryOfNumbers = binary('xlog1py', 'float', {
  numbers: 'either',
  grads: [
    needs('ab', (g, { a, b }) =>
      b instanceof Tensor
        ? g.mul(b.log1p()).maskedFill(a.eq(0).logicalAnd(b.le(-1)), 0)
        : Number(b) > -1
          ? g.mul(Math.log1p(Number(b)))
          : g.mul(Math.log1p(Number(b))).maskedFill(a.eq(0), 0),
    ),
    needs('ab', (g, { a, b }) => g.mul(a).div((b as Tensor).add(1))),
  ],
});
/**
 * Element-wise Hurwitz zeta function, `Σ (k + q)^-x`; either may be a number. There is no derivative by `x`.
 * @example
 * torch.special.zeta(torch.tensor([2, 4.0]), 1) // tensor([1.6449, 1.0823])
 */
export const zeta: BinaryOfNumbers = binary('zeta', 'float', {
  numbers: 'either',
  grads: [null, needs('ab', (g, { a, b }) => g.mul(a.neg()).mul(zeta(a.add(1), b)))],
});
