// Bessel and Airy functions and orthogonal polynomials: torch.special's without derivatives, as in PyTorch. The formulas
// are in native/special.h. Exported by special.ts.
import { binary, type BinaryOfNumbers, unary, type Unary } from './define.ts';

/**
 * Bessel function of the first kind of order 0. Element-wise; it has no derivative.
 * @example
 * torch.special.besselJ0(torch.tensor([0, 2.5])) // tensor([ 1.0000, -0.0484])
 */
export const besselJ0: Unary = unary('besselJ0', 'float');
/**
 * Bessel function of the first kind of order 1. Element-wise; it has no derivative.
 * @example
 * torch.special.besselJ1(torch.tensor([0, 2.5])) // tensor([0.0000, 0.4971])
 */
export const besselJ1: Unary = unary('besselJ1', 'float');
/**
 * Bessel function of the second kind of order 0; NaN below zero. Element-wise; it has no derivative.
 * @example
 * torch.special.besselY0(torch.tensor([0.5, 2.5])) // tensor([-0.4445,  0.4981])
 */
export const besselY0: Unary = unary('besselY0', 'float');
/**
 * Bessel function of the second kind of order 1; NaN below zero. Element-wise; it has no derivative.
 * @example
 * torch.special.besselY1(torch.tensor([0.5, 2.5])) // tensor([-1.4715,  0.1459])
 */
export const besselY1: Unary = unary('besselY1', 'float');
/**
 * Modified Bessel function of the first kind of order 0. Element-wise; it has no derivative.
 * @example
 * torch.special.modifiedBesselI0(torch.tensor([0, 1.5])) // tensor([1.0000, 1.6467])
 */
export const modifiedBesselI0: Unary = unary('modifiedBesselI0', 'float');
/**
 * Modified Bessel function of the first kind of order 1. Element-wise; it has no derivative.
 * @example
 * torch.special.modifiedBesselI1(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9817])
 */
export const modifiedBesselI1: Unary = unary('modifiedBesselI1', 'float');
/**
 * Modified Bessel function of the second kind of order 0; NaN below zero. Element-wise; it has no derivative.
 * @example
 * torch.special.modifiedBesselK0(torch.tensor([0.5, 1.5])) // tensor([0.9244, 0.2138])
 */
export const modifiedBesselK0: Unary = unary('modifiedBesselK0', 'float');
/**
 * Modified Bessel function of the second kind of order 1; NaN below zero. Element-wise; it has no derivative.
 * @example
 * torch.special.modifiedBesselK1(torch.tensor([0.5, 1.5])) // tensor([1.6564, 0.2774])
 */
export const modifiedBesselK1: Unary = unary('modifiedBesselK1', 'float');
/**
 * {@link modifiedBesselK0} times `e^x`, which does not vanish for large `x`. Element-wise; it has no derivative.
 * @example
 * torch.special.scaledModifiedBesselK0(torch.tensor([0.5, 100])) // tensor([1.5241, 0.1252])
 */
export const scaledModifiedBesselK0: Unary = unary('scaledModifiedBesselK0', 'float');
/**
 * {@link modifiedBesselK1} times `e^x`, which does not vanish for large `x`. Element-wise; it has no derivative.
 * @example
 * torch.special.scaledModifiedBesselK1(torch.tensor([0.5, 100])) // tensor([2.7310, 0.1258])
 */
export const scaledModifiedBesselK1: Unary = unary('scaledModifiedBesselK1', 'float');
/**
 * Spherical Bessel function of the first kind of order 0, `sin(x) / x`. Element-wise; it has no derivative.
 * @example
 * torch.special.sphericalBesselJ0(torch.tensor([0, 2.5])) // tensor([1.0000, 0.2394])
 */
export const sphericalBesselJ0: Unary = unary('sphericalBesselJ0', 'float');
/**
 * Airy's function Ai. Element-wise; it has no derivative.
 * @example
 * torch.special.airyAi(torch.tensor([0, 1.5])) // tensor([0.3550, 0.0717])
 */
export const airyAi: Unary = unary('airyAi', 'float');

/** A polynomial of `x`, whose order `n` may be a tensor too; what is no whole number is cut off. */
const polynomial = (name: string): BinaryOfNumbers => binary(name, 'float', { numbers: 'either' });

/**
 * Chebyshev polynomial of the first kind, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.chebyshevPolynomialT(torch.tensor([0.5, 2]), 3) // tensor([-1., 26.])
 */
export const chebyshevPolynomialT: BinaryOfNumbers = polynomial('chebyshevPolynomialT');
/**
 * Chebyshev polynomial of the second kind, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.chebyshevPolynomialU(torch.tensor([0.5, 2]), 3) // tensor([-1., 56.])
 */
export const chebyshevPolynomialU: BinaryOfNumbers = polynomial('chebyshevPolynomialU');
/**
 * Chebyshev polynomial of the third kind, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.chebyshevPolynomialV(torch.tensor([0.5, 2]), 3) // tensor([-1., 41.])
 */
export const chebyshevPolynomialV: BinaryOfNumbers = polynomial('chebyshevPolynomialV');
/**
 * Chebyshev polynomial of the fourth kind, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.chebyshevPolynomialW(torch.tensor([0.5, 2]), 3) // tensor([-1., 71.])
 */
export const chebyshevPolynomialW: BinaryOfNumbers = polynomial('chebyshevPolynomialW');
/**
 * Chebyshev polynomial of the first kind, of `2x - 1`, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.shiftedChebyshevPolynomialT(torch.tensor([0.5, 2]), 3) // tensor([-0., 99.])
 */
export const shiftedChebyshevPolynomialT: BinaryOfNumbers = polynomial('shiftedChebyshevPolynomialT');
/**
 * Chebyshev polynomial of the second kind, of `2x - 1`, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.shiftedChebyshevPolynomialU(torch.tensor([0.5, 2]), 3) // tensor([ -0., 204.])
 */
export const shiftedChebyshevPolynomialU: BinaryOfNumbers = polynomial('shiftedChebyshevPolynomialU');
/**
 * Chebyshev polynomial of the third kind, of `2x - 1`, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.shiftedChebyshevPolynomialV(torch.tensor([0.5, 2]), 3) // tensor([  1., 169.])
 */
export const shiftedChebyshevPolynomialV: BinaryOfNumbers = polynomial('shiftedChebyshevPolynomialV');
/**
 * Chebyshev polynomial of the fourth kind, of `2x - 1`, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.shiftedChebyshevPolynomialW(torch.tensor([0.5, 2]), 3) // tensor([ -1., 239.])
 */
export const shiftedChebyshevPolynomialW: BinaryOfNumbers = polynomial('shiftedChebyshevPolynomialW');
/**
 * Hermite polynomial of the physicists, of order `n`, element-wise; either may be a number. NaN for orders above 512, 128 in float32.
 * @example
 * torch.special.hermitePolynomialH(torch.tensor([0.5, 2]), 3) // tensor([-5., 40.])
 */
export const hermitePolynomialH: BinaryOfNumbers = polynomial('hermitePolynomialH');
/**
 * Hermite polynomial of the probabilists, of order `n`, element-wise; either may be a number. NaN for orders above 512, 128 in float32.
 * @example
 * torch.special.hermitePolynomialHe(torch.tensor([0.5, 2]), 3) // tensor([-1.3750,  2.0000])
 */
export const hermitePolynomialHe: BinaryOfNumbers = polynomial('hermitePolynomialHe');
/**
 * Laguerre polynomial, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.laguerrePolynomialL(torch.tensor([0.5, 2]), 3) // tensor([-0.1458, -0.3333])
 */
export const laguerrePolynomialL: BinaryOfNumbers = polynomial('laguerrePolynomialL');
/**
 * Legendre polynomial, of order `n`, element-wise; either may be a number. Zero for negative orders.
 * @example
 * torch.special.legendrePolynomialP(torch.tensor([0.5, 2]), 3) // tensor([-0.4375, 17.0000])
 */
export const legendrePolynomialP: BinaryOfNumbers = polynomial('legendrePolynomialP');
