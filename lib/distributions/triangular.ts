// Cholesky factors, triangular systems and the properties of matrices: what the distributions of vectors and matrices and
// the constraints on their parameters need.
import { noGrad } from '../autograd/mode.ts';
import { eye } from '../create.ts';
import { choleskyEx } from '../linalg/factor.ts';
import { eigvalsh } from '../linalg/spectral.ts';
import { solveTriangular } from '../linalg/solve.ts';
import type { Tensor } from '../tensor.ts';

/** The lower factor L of A = L Lᵀ [..., n, n], and which matrices have one. */
export function cholesky(a: Tensor): { factor: Tensor; valid: Tensor } {
  const { L, info } = choleskyEx(a);
  return { factor: L, valid: info.eq(0) };
}
/** The factor of a positive definite matrix. */
export function factorOf(where: string, a: Tensor): Tensor {
  const { factor, valid } = cholesky(a);
  if (valid.all().item()) return factor;
  throw new RangeError(`${where}: cholesky: the matrix is not positive-definite`);
}
/** The factor of the covariance from the precision: no inverse of a whole matrix is formed. */
export function factorFromPrecision(where: string, precision: Tensor): Tensor {
  const flipped = factorOf(where, precision.flip(-2, -1));
  const inverse = flipped.flip(-2, -1).mT;
  return solveLower(inverse, eye(precision.sizes.at(-1)!, { dtype: precision.dtype, device: precision.device }));
}

/** X of L X = B, for a lower triangular L [..., n, n] and B [..., n, k]. */
export const solveLower = (l: Tensor, b: Tensor): Tensor => solveTriangular(l, b, { upper: false });
/** X of L Lᵀ X = B. */
export const solveFactored = (l: Tensor, b: Tensor): Tensor => solveTriangular(l.mT, solveLower(l, b), { upper: true });
/** `bᵀ A⁻¹ b` for A = L Lᵀ and vectors b [..., n]. */
export const mahalanobis = (l: Tensor, b: Tensor): Tensor => solveLower(l, b.unsqueeze(-1)).square().sum([-2, -1]);
/** Half the logarithm of the determinant of L Lᵀ. */
export const halfLogDet = (l: Tensor): Tensor => l.diagonal({ dim1: -2, dim2: -1 }).log().sum(-1);

const matches = (x: Tensor): boolean => x.ndim >= 2 && x.sizes.at(-1) === x.sizes.at(-2);
/** Which of x [..., n, m] are square: all or none. */
export const isSquare = (x: Tensor): Tensor => x.detach().newFull(x.sizes.slice(0, -2), matches(x), { dtype: 'bool' });
/** Which matrices [..., n, n] are symmetric. */
export function isSymmetric(x: Tensor): Tensor {
  return noGrad(() =>
    matches(x) ? x.sub(x.mT).abs().le(x.mT.abs().mul(1e-5).add(1e-6)).flatten(-2).all(-1) : isSquare(x),
  );
}
/** Which matrices are symmetric and have no negative eigenvalue. */
export function isPositiveSemidefinite(x: Tensor): Tensor {
  return noGrad(() => {
    const symmetric = isSymmetric(x);
    return symmetric.all().item() ? eigvalsh(x).ge(0).all(-1) : symmetric;
  });
}
/** Which matrices [..., n, n] are symmetric and positive definite. */
export function isPositiveDefinite(x: Tensor): Tensor {
  return noGrad(() => {
    const symmetric = isSymmetric(x);
    return symmetric.all().item() ? cholesky(x).valid : symmetric;
  });
}
