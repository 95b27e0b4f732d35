// Linear algebra that torch and Tensor have beside linear.ts: LAPACK's reflectors, triangular systems under their older
// name, and decompositions of low rank by random sampling. lib/linalg/ does the work.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { float32, FLOATING } from '../dtype.ts';
import { inNameOf, ShapeError } from '../errors.ts';
import {
  checkMatrices,
  checkMatrix,
  checkSame,
  checkSquare,
  colsOf,
  commonBatch,
  rowsOf,
} from '../linalg/internal/matrices.ts';
import { geqrfOf, multipliedOf, productOf } from '../linalg/householder.ts';
import { triangularSolution } from '../linalg/internal/solving.ts';
import { svdOf } from '../linalg/internal/spectral.ts';
import { qrOf } from '../linalg/factor.ts';
import { draw, generatorId } from '../random.ts';
import { kernel } from '../native.ts';
import { checkShape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { named, type Pair, pair } from './internal/named.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/**
 * The QR decomposition of x [*, m, n] as LAPACK packs it: R, below whose diagonal are the reflectors that make Q, and their
 * factors tau [*, k]. It has no derivative. Throws ShapeError for less than 2 dims, DtypeError for other dtypes than float32
 * and float64.
 * @example
 * torch.geqrf(torch.tensor([[3.0, 1], [4, 3]]).float()).tau // tensor([1.6000, 0.0000])
 */
export function geqrf(x: Tensor): Pair<'a', 'tau'> {
  return inNameOf('geqrf', () => geqrfOf('geqrf', x));
}
/**
 * Another name of {@link linalg.householderProduct}: Q of the reflectors of {@link geqrf}. Throws ShapeError where sizes do
 * not fit.
 * @example
 * const { a, tau } = torch.geqrf(torch.tensor([[3.0, 1], [4, 3]]).float())
 * torch.orgqr(a, tau)
 * // tensor([[-0.6000, -0.8000],
 * //         [-0.8000,  0.6000]])
 */
export function orgqr(x: Tensor, tau: Tensor): Tensor {
  return inNameOf('orgqr', () => productOf('orgqr', x, tau));
}
/** Options of ormqr. */
export interface OrmqrOptions {
  /** False multiplies from the right. */
  left?: boolean | undefined;
  transpose?: boolean | undefined;
}
/**
 * Q C for the whole Q [*, m, m] of the reflectors of {@link geqrf}, or Qᵀ C with `transpose`; C Q or C Qᵀ if not `left`.
 * Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * const { a, tau } = torch.geqrf(torch.tensor([[3.0, 1], [4, 3]]).float())
 * torch.ormqr(a, tau, torch.tensor([[5.0], [10]]).float()).round()
 * // tensor([[-11.],
 * //         [  2.]])
 */
export function ormqr(
  x: Tensor,
  tau: Tensor,
  other: Tensor,
  ...args: Call<[left?: boolean, transpose?: boolean], OrmqrOptions>
): Tensor {
  const where = 'ormqr';
  return inNameOf(where, () => {
    const o = readArguments<OrmqrOptions>(where, args, ['left', 'transpose']);
    const [left, transpose] = [flag(where, 'left', o.left, true), flag(where, 'transpose', o.transpose, false)];
    return multipliedOf(where, x, tau, other, left, transpose);
  });
}

/** Options of triangularSolve. */
export interface TriangularSolveOptions {
  upper?: boolean | undefined;
  transpose?: boolean | undefined;
  unitriangular?: boolean | undefined;
}
/**
 * X with A X = b for triangular A [*, n, n] and b [*, n, k], or Aᵀ X = b with `transpose`, and a copy of A;
 * {@link linalg.solveTriangular} is the newer name. Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.triangularSolve(torch.tensor([[4.0], [4]]).float(), torch.tensor([[2.0, 1], [0, 4]]).float()).solution
 * // tensor([[1.5000],
 * //         [1.0000]])
 */
export function triangularSolve(
  b: Tensor,
  A: Tensor,
  ...args: Call<[upper?: boolean, transpose?: boolean, unitriangular?: boolean], TriangularSolveOptions>
): Pair<'solution', 'clonedCoefficient'> {
  const where = 'triangularSolve';
  return inNameOf(where, () => {
    const o = readArguments<TriangularSolveOptions>(where, args, ['upper', 'transpose', 'unitriangular']);
    const upper = flag(where, 'upper', o.upper, true);
    const transpose = flag(where, 'transpose', o.transpose, false);
    const unit = flag(where, 'unitriangular', o.unitriangular, false);
    checkMatrices(where, b, 'b');
    checkSquare(where, A);
    checkSame(where, b, A, 'b', 'A');
    if (rowsOf(A) !== rowsOf(b))
      throw new ShapeError(`${where}: incompatible shapes of A and b: ${show(A.sizes)} and ${show(b.sizes)}`);
    const batch = commonBatch(where, A, b);
    const solution = triangularSolution(where, transpose ? A.mT : A, b, upper !== transpose, true, unit);
    const copy = A.expand([...batch, ...A.sizes.slice(-2)]).clone({ memoryFormat: 'contiguous' });
    return pair('triangular_solve', 'solution', solution, 'clonedCoefficient', copy);
  });
}

// ---- low rank -------------------------------------------------------------------------------------------------------

/** An orthonormal basis of q columns near that of A's greatest singular values (Halko, Martinsson and Tropp, 2009). */
function basis(where: string, a: Tensor, q: number, niter: number): Tensor {
  const start = draw(kernel('normal'), emptyTensor(checkShape(where, [colsOf(a), q]).slice(), a.dt, a.device), [
    generatorId(where, null, a.device),
    0,
    1,
  ]);
  const orthonormal = (x: Tensor): Tensor => qrOf(where, x, 'reduced').Q;
  let Q = orthonormal(a.matmul(start));
  for (let i = 0; i < niter; i++) {
    Q = orthonormal(a.mT.matmul(Q));
    Q = orthonormal(a.matmul(Q));
  }
  return Q;
}
type Svd = [Tensor, Tensor, Tensor] & { U: Tensor; S: Tensor; V: Tensor };
function lowRank(where: string, x: Tensor, q: number, niter: number): Svd {
  const wide = rowsOf(x) < colsOf(x);
  const a = wide ? x.mT : x;
  const Q = basis(where, a, q, niter);
  const { U, S, Vh } = svdOf(where, Q.mT.matmul(a), false);
  const [left, right] = [Q.matmul(U), Vh.mT];
  return named('svd_lowrank', wide ? [right, S, left] : [left, S, right], ['U', 'S', 'V']);
}
/** Whole numbers are computed with as float32, as in PyTorch. */
const floats = (x: Tensor): Tensor => (x.dt.kind === FLOATING ? x : x.to(float32.name));

/** Options of svdLowrank. */
export interface SvdLowrankOptions {
  /** How many singular values are looked for, 6. */
  q?: number | undefined;
  /** How often the basis is refined, 2. */
  niter?: number | undefined;
  /** Is subtracted from the matrix. */
  M?: Tensor | null | undefined;
}
/**
 * About the `q` greatest singular values of matrices [*, m, n], and their vectors, by random sampling: U [*, m, q], S [*, q],
 * V [*, n, q] (https://arxiv.org/abs/0909.4061). Throws RangeError for a negative `q`, ShapeError for less than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.svdLowrank(torch.eye(3).mul(2), { q: 2 }).S.round() // tensor([2., 2.])
 */
export function svdLowrank(
  x: Tensor,
  ...args: Call<[q?: number | null, niter?: number, M?: Tensor | null], SvdLowrankOptions>
): Svd {
  const where = 'svdLowrank';
  return inNameOf(where, () => {
    const { q, niter = 2, M = null } = readArguments<SvdLowrankOptions>(where, args, ['q', 'niter', 'M']);
    checkMatrix(where, x, 'input');
    wholeNumber(where, 'niter', niter, 0);
    const rank = wholeNumber(where, 'q', q ?? 6, 0);
    if (M !== null) checkTensor(where, M, 'M');
    const a = floats(x);
    checkMatrices(where, a, 'input');
    return lowRank(where, M === null ? a : a.sub(M), rank, niter);
  });
}
/** Options of pcaLowrank. */
export interface PcaLowrankOptions {
  /** How many components are looked for; at most 6 by default. */
  q?: number | null | undefined;
  /** Subtracts the mean of each column. */
  center?: boolean | undefined;
  /** How often the basis is refined, 2. */
  niter?: number | undefined;
}
/**
 * Principal components of the rows of matrices [*, m, n]: {@link svdLowrank} of what is left without the mean row. Throws
 * RangeError for a `q` above the sizes, ShapeError for less than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.pcaLowrank(torch.tensor([[1, 1], [3, 3], [5, 5]]).float(), { q: 1 }).S.round() // tensor([4.])
 */
export function pcaLowrank(
  x: Tensor,
  ...args: Call<[q?: number | null, center?: boolean, niter?: number], PcaLowrankOptions>
): Svd {
  const where = 'pcaLowrank';
  return inNameOf(where, () => {
    const { q = null, center, niter = 2 } = readArguments<PcaLowrankOptions>(where, args, ['q', 'center', 'niter']);
    checkMatrix(where, x, 'input');
    const least = Math.min(rowsOf(x), colsOf(x));
    const rank = wholeNumber(where, 'q', q ?? Math.min(6, least), 0);
    if (rank > least)
      throw new RangeError(`${where}: q (${rank}) must not be greater than the sizes of ${show(x.sizes)}`);
    wholeNumber(where, 'niter', niter, 0);
    const a = floats(x);
    checkMatrices(where, a, 'input');
    return lowRank(where, flag(where, 'center', center, true) ? a.sub(a.mean(-2, true)) : a, rank, niter);
  });
}

operators({ geqrf, orgqr, ormqr, triangularSolve, svdLowrank, pcaLowrank });
