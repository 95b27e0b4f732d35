// The Bessel functions that i0 needs for its derivatives, and their scaled forms: public in torch.special (special.ts).
import { unary, type Unary } from '../../define.ts';
import { i0 } from '../unary.ts';

/**
 * Modified Bessel function of the first kind of order 1.
 * @example
 * torch.special.i1(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9817])
 */
export const i1: Unary = unary('i1', 'float', {
  // its derivative is I0(x) - I1(x) / x, which is a half at zero
  grad: (g, x) =>
    g.mul(
      i0(x).sub(
        i1(x)
          .div(x.maskedFill(x.eq(0), 1))
          .where(x.ne(0), 0.5),
      ),
    ),
});
/**
 * Modified Bessel function of the first kind of order 0, times `e^-|x|`.
 * @example
 * torch.special.i0e(torch.tensor([0, 1.5])) // tensor([1.0000, 0.3674])
 */
export const i0e: Unary = unary('i0e', 'float', { grad: (g, x) => g.mul(i1e(x).sub(x.sgn().mul(i0e(x)))) });
/**
 * Modified Bessel function of the first kind of order 1, times `e^-|x|`.
 * @example
 * torch.special.i1e(torch.tensor([0, 1.5])) // tensor([0.0000, 0.2190])
 */
export const i1e: Unary = unary('i1e', 'float', {
  grad: (g, x) =>
    g.mul(
      i0e(x)
        .sub(i1e(x).mul(x.sgn().add(x.maskedFill(x.eq(0), 1).reciprocal())))
        .where(x.abs().gt(0), 0.5),
    ),
});
