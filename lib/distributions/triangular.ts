// Cholesky factors and triangular systems: what MultivariateNormal and the constraints on its parameters need.
import { noGrad } from '../autograd/mode.ts';
import { choleskyEx } from '../linalg/factor.ts';
import { solveTriangular } from '../linalg/solve.ts';
import type { Tensor } from '../tensor.ts';

/** The lower factor L of A = L Lᵀ [..., n, n], and which matrices have one. */
export function cholesky(a: Tensor): { factor: Tensor; valid: Tensor } {
  const { L, info } = choleskyEx(a);
  return { factor: L, valid: info.eq(0) };
}

/** X of L X = B, for a lower triangular L [..., n, n] and B [..., n, k]. */
export const solveLower = (l: Tensor, b: Tensor): Tensor => solveTriangular(l, b, { upper: false });

/** Which matrices [..., n, n] are symmetric and positive definite. */
export function isPositiveDefinite(x: Tensor): Tensor {
  return noGrad(() => {
    const { sizes } = x;
    if (sizes.length < 2 || sizes.at(-1) !== sizes.at(-2)) return x.newZeros(sizes.slice(0, -2), { dtype: 'bool' });
    const symmetric = x.sub(x.mT).abs().le(x.mT.abs().mul(1e-5).add(1e-6)).flatten(-2).all(-1);
    return symmetric.logicalAnd(cholesky(x).valid);
  });
}
