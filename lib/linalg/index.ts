// torch.linalg: its functions are no methods of Tensor. What PyTorch has as torch.NAME and x.NAME too is in ops/linear.ts.
export { LinAlgError } from '../errors.ts';
export {
  cholesky,
  choleskyEx,
  type CholeskyOptions,
  lu,
  luFactor,
  luFactorEx,
  type LuOptions,
  luSolve,
  type LuSolveOptions,
  qr,
  type QrMode,
} from './factor.ts';
export { householderProduct } from './householder.ts';
export { ldlFactor, ldlFactorEx, type LdlOptions, ldlSolve } from './ldl.ts';
export {
  cond,
  matrixNorm,
  type MatrixNormOptions,
  type MatrixOrd,
  norm,
  type NormalOptions,
  vectorNorm,
  type VectorNormOptions,
  type VectorOrd,
} from './norms.ts';
export {
  cross,
  diagonal,
  type DiagonalOptions,
  matmul,
  matrixExp,
  matrixPower,
  multiDot,
  vander,
  vecdot,
} from './products.ts';
export {
  type CheckOptions,
  det,
  inv,
  invEx,
  slogdet,
  solve,
  solveEx,
  type SolveExOptions,
  type SolveOptions,
  solveTriangular,
  type SolveTriangularOptions,
  tensorinv,
  tensorsolve,
} from './solve.ts';
export {
  eigh,
  type EighOptions,
  eigvalsh,
  type Lstsq,
  lstsq,
  type LstsqDriver,
  type LstsqOptions,
  matrixRank,
  pinv,
  type PinvOptions,
  type RankOptions,
  svd,
  type SvdOptions,
  svdvals,
  type Tolerances,
  type Uplo,
} from './spectral.ts';
