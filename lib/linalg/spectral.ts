// torch.linalg: eigenvalues of symmetric matrices, singular values, and what is made of them.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor } from '../dispatch.ts';
import { float64, FLOATING } from '../dtype.ts';
import { describe, DtypeError, LinAlgError, ShapeError } from '../errors.ts';
import { named, pair } from '../ops/internal/named.ts';
import { flag } from '../ops/internal/reducing.ts';
import { broadcastShapes, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { batchOf, checkMatrices, checkSame, checkSquare, colsOf, rowsOf } from './internal/matrices.ts';
import { countAbove, eighOf, eigvalshOf, largestOf, pinvBack, pinvOf, svdOf, svdvalsOf } from './internal/spectral.ts';
import { isVector } from './solve.ts';

/** Which half of a symmetric matrix is read: the lower one or the upper one. */
export type Uplo = 'L' | 'U' | 'l' | 'u';
/** Options of {@link eigh}. */
export interface EighOptions {
  UPLO?: Uplo | undefined;
}
function readUplo(where: string, args: readonly unknown[]): boolean {
  const { UPLO = 'L' } = readArguments<EighOptions>(where, args, ['UPLO']);
  if (typeof UPLO !== 'string' || !['L', 'U'].includes(UPLO.toUpperCase()))
    throw new RangeError(`${where}: expected UPLO to be 'L' or 'U', but got ${describe(UPLO)}`);
  return UPLO.toUpperCase() === 'U';
}

/**
 * The eigenvalues in ascending order [*, n], and orthonormal eigenvectors as columns [*, n, n], of symmetric matrices
 * [*, n, n], of which one half is read. Signs of vectors are arbitrary. Throws LinAlgError for NaN and infinities,
 * ShapeError where the matrices are not square.
 * @example
 * torch.linalg.eigh(torch.tensor([[2.0, 0], [0, 1]]).float()).eigenvalues // tensor([1., 2.])
 */
export function eigh(
  A: Tensor,
  ...args: Call<[UPLO?: Uplo], EighOptions>
): ReturnType<typeof pair<'eigenvalues', 'eigenvectors'>> {
  if (casting.on) return castCall('eigh', eigh, [A, ...args]);
  checkSquare('eigh', A);
  const { values, vectors } = eighOf('eigh', A, readUplo('eigh', args));
  return pair('linalg_eigh', 'eigenvalues', values, 'eigenvectors', vectors);
}
/**
 * The eigenvalues of symmetric matrices [*, n, n] in ascending order, [*, n]. Throws LinAlgError for NaN and infinities,
 * ShapeError where the matrices are not square.
 * @example
 * torch.linalg.eigvalsh(torch.tensor([[2.0, 0], [0, -1]]).float()) // tensor([-1.,  2.])
 */
export function eigvalsh(A: Tensor, ...args: Call<[UPLO?: Uplo], EighOptions>): Tensor {
  if (casting.on) return castCall('eigvalsh', eigvalsh, [A, ...args]);
  checkSquare('eigvalsh', A);
  return eigvalshOf('eigvalsh', A, readUplo('eigvalsh', args));
}

/** Options of {@link svd}. */
export interface SvdOptions {
  /** False: U [*, m, k] and Vh [*, k, n] only. */
  fullMatrices?: boolean | undefined;
  /** Accepted as null; others are cuSOLVER's, and refused. */
  driver?: null | undefined;
}
function checkDriver(where: string, driver: unknown): void {
  if (driver !== undefined && driver !== null)
    throw new RangeError(`${where}: the option driver is for CUDA alone, got ${describe(driver)}`);
}
/**
 * U, S and Vh with A = U diag(S) Vh, for matrices [*, m, n]: U [*, m, m] and Vh [*, n, n] orthogonal, S [*, k] in
 * descending order. Signs of vectors are arbitrary. Throws LinAlgError for NaN and infinities, ShapeError for less than
 * 2 dims.
 * @example
 * torch.linalg.svd(torch.tensor([[3.0, 0], [0, -4]]).float(), false).S // tensor([4., 3.])
 */
export function svd(
  A: Tensor,
  ...args: Call<[fullMatrices?: boolean], SvdOptions>
): [Tensor, Tensor, Tensor] & { U: Tensor; S: Tensor; Vh: Tensor } {
  if (casting.on) return castCall('svd', svd, [A, ...args]);
  checkMatrices('svd', A);
  const options = readArguments<SvdOptions>('svd', args, ['fullMatrices'], ['driver']);
  checkDriver('svd', options.driver);
  const { U, S, Vh } = svdOf('svd', A, flag('svd', 'fullMatrices', options.fullMatrices, true));
  return named('linalg_svd', [U, S, Vh], ['U', 'S', 'Vh']);
}
/**
 * The singular values of matrices [*, m, n] in descending order, [*, k]. Throws LinAlgError for NaN and infinities,
 * ShapeError for less than 2 dims.
 * @example
 * torch.linalg.svdvals(torch.tensor([[3.0, 0], [0, -4]]).float()) // tensor([4., 3.])
 */
export function svdvals(A: Tensor, options?: { driver?: null | undefined }): Tensor {
  if (casting.on) return castCall('svdvals', svdvals, [A, options]);
  checkMatrices('svdvals', A);
  checkDriver('svdvals', readArguments<SvdOptions>('svdvals', [options], [], ['driver']).driver);
  return svdvalsOf('svdvals', A);
}

// ---- ranks and pseudo-inverses --------------------------------------------------------------------------------------

/** Which singular values count as zero: those up to `atol`, or to `rtol` times the largest. */
export interface Tolerances {
  atol?: number | Tensor | null | undefined;
  /** By default the larger size times the dtype's epsilon, or 0 if atol is given. */
  rtol?: number | Tensor | null | undefined;
}
export const epsilonOf = (a: Tensor): number => (a.dt === float64 ? 2 ** -52 : 2 ** -23);

function checkTolerance(where: string, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (value instanceof Tensor) {
    checkTensor(where, value, name);
    if (value.dt.kind !== FLOATING)
      throw new DtypeError(`${where}: expected a floating point ${name} but received ${value.dtype}`);
  } else if (typeof value !== 'number') {
    throw new TypeError(`${where}: expected a number or a Tensor for ${name} but received ${describe(value)}`);
  }
}
/** The tolerance [*] of matrices by their largest singular value. */
export function toleranceOf(where: string, a: Tensor, { atol, rtol }: Tolerances): (largest: Tensor) => Tensor {
  checkTolerance(where, 'atol', atol);
  checkTolerance(where, 'rtol', rtol);
  const otherwise = epsilonOf(a) * Math.max(rowsOf(a), colsOf(a));
  for (const t of [atol, rtol]) if (t instanceof Tensor) broadcastShapes(where, t.sizes, batchOf(a));
  return (largest) => {
    const whole = (t: number | Tensor): Tensor => largest.mul(0).nanToNum(0).add(t);
    const absolute = whole(atol ?? 0);
    let relative: Tensor;
    if (rtol !== undefined && rtol !== null) relative = largest.mul(rtol);
    else if (atol === undefined || atol === null) relative = largest.mul(otherwise);
    else relative = largest.mul(otherwise).maskedFill(absolute.gt(0), 0);
    return absolute.maximum(relative).to(a.dtype);
  };
}

/** Options of {@link matrixRank}. */
export interface RankOptions extends Tolerances {
  /** The older name of atol. */
  tol?: number | Tensor | null | undefined;
  /** A is symmetric: its eigenvalues are used. */
  hermitian?: boolean | undefined;
}
/**
 * How many singular values of matrices [*, m, n] are above a tolerance, int64 [*]. Throws LinAlgError for NaN and
 * infinities, ShapeError for less than 2 dims.
 * @example
 * torch.linalg.matrixRank(torch.ones(3, 2)) // tensor(1)
 */
export function matrixRank(
  A: Tensor,
  ...args: Call<[tol?: number | Tensor | null, hermitian?: boolean], RankOptions>
): Tensor {
  if (casting.on) return castCall('matrixRank', matrixRank, [A, ...args]);
  const where = 'matrixRank';
  checkMatrices(where, A);
  const options = readArguments<RankOptions>(where, args, ['tol', 'hermitian'], ['atol', 'rtol']);
  const hermitian = flag(where, 'hermitian', options.hermitian, false);
  if (hermitian) checkSquare(where, A);
  const tolerance = toleranceOf(
    where,
    A,
    options.tol !== undefined && options.tol !== null ? { atol: options.tol, rtol: 0 } : options,
  );
  const a = A.detach();
  const s = hermitian ? eigvalshOf(where, a, false).abs() : svdvalsOf(where, a);
  return countAbove(s, tolerance(largestOf(s)));
}

/** Options of {@link pinv}. */
export interface PinvOptions extends Tolerances {
  /** The older name of rtol. */
  rcond?: number | Tensor | null | undefined;
  /** A is symmetric: its eigenvalues are used. */
  hermitian?: boolean | undefined;
}
/**
 * The pseudo-inverses [*, n, m] of matrices [*, m, n], by the singular values above a tolerance. Throws LinAlgError for
 * NaN and infinities, ShapeError for less than 2 dims.
 * @example
 * torch.linalg.pinv(torch.tensor([[2.0, 0], [0, 4], [0, 0]]).float())
 * // tensor([[0.5000, 0.0000, 0.0000],
 * //         [0.0000, 0.2500, 0.0000]])
 */
export function pinv(
  A: Tensor,
  ...args: Call<[rcond?: number | Tensor | null, hermitian?: boolean], PinvOptions>
): Tensor {
  const where = 'pinv';
  checkMatrices(where, A);
  const options = readArguments<PinvOptions>(where, args, ['rcond', 'hermitian'], ['atol', 'rtol']);
  const hermitian = flag(where, 'hermitian', options.hermitian, false);
  if (hermitian) checkSquare(where, A);
  const { rcond } = options;
  const tolerance = toleranceOf(where, A, rcond !== undefined && rcond !== null ? { atol: 0, rtol: rcond } : options);
  return pinvOf(where, A, hermitian, tolerance);
}

// ---- least squares --------------------------------------------------------------------------------------------------

/** What {@link lstsq} gives. */
export type Lstsq = [Tensor, Tensor, Tensor, Tensor] & {
  solution: Tensor;
  residuals: Tensor;
  rank: Tensor;
  singularValues: Tensor;
};
/** LAPACK's driver whose conventions are followed; 'gels' takes matrices of full rank only. */
export type LstsqDriver = 'gels' | 'gelsy' | 'gelsd' | 'gelss';
/** Options of {@link lstsq}. */
export interface LstsqOptions {
  /** Singular values up to this times the largest count as zero. */
  rcond?: number | null | undefined;
  driver?: LstsqDriver | null | undefined;
}
/**
 * X that makes ‖A X - B‖ smallest, and is the smallest such, for matrices A [*, m, n] and B [*, m, k] or vectors [*, m];
 * also the squared residuals of the columns (of the drivers but gelsy, where m > n and ranks are full), ranks and
 * singular values (of gelsd and gelss). Throws ShapeError where sizes do not fit, RangeError for another driver,
 * LinAlgError where gels meets less than full rank.
 * @example
 * const A = torch.tensor([[1.0, 0], [1, 1], [1, 2]]).float()
 * torch.linalg.lstsq(A, torch.tensor([[1.0], [3], [5]]).float()).solution
 * // tensor([[1.0000],
 * //         [2.0000]])
 */
export function lstsq(A: Tensor, B: Tensor, ...args: Call<[rcond?: number | null], LstsqOptions>): Lstsq {
  if (casting.on) return castCall('lstsq', lstsq, [A, B, ...args]);
  const where = 'lstsq';
  checkMatrices(where, A);
  checkTensor(where, B, 'B');
  checkSame(where, A, B);
  const options = readArguments<LstsqOptions>(where, args, ['rcond'], ['driver']);
  const driver = options.driver ?? 'gelsy';
  if (!['gels', 'gelsy', 'gelsd', 'gelss'].includes(driver)) {
    throw new RangeError(
      `${where}: parameter driver should be one of 'gels', 'gelsy', 'gelsd', 'gelss', got ${describe(driver)}`,
    );
  }
  const rcond = options.rcond ?? epsilonOf(A) * Math.max(rowsOf(A), colsOf(A));
  if (typeof rcond !== 'number')
    throw new TypeError(`${where}: expected a number for rcond but received ${describe(rcond)}`);
  const vector = B.sizes.length > 0 && B.sizes.length === A.sizes.length - 1 && isVector(A, B);
  const b = vector ? B.unsqueeze(-1) : B;
  if (b.sizes.length < 2 || rowsOf(b) !== rowsOf(A)) {
    throw new ShapeError(
      `${where}: expected B with as many rows as A ${show(A.sizes)}, but its shape is ${show(B.sizes)}`,
    );
  }
  const batch = broadcastShapes(where, batchOf(A), batchOf(b));
  const [m, n] = [rowsOf(A), colsOf(A)];
  const { U, S, Vh } = svdOf(where, A.detach(), false);
  const keep = S.gt(largestOf(S).mul(rcond).unsqueeze(-1));
  const ranks = keep.sum(-1);
  const full = Boolean(ranks.eq(Math.min(m, n)).all().item());
  if (driver === 'gels' && !full) {
    const i = ranks.values().findIndex((r) => Number(r) < Math.min(m, n));
    const element = ranks.sizes.length > 0 ? `(Batch element ${i}): ` : '';
    throw new LinAlgError(
      `${where}: ${element}The least squares solution could not be computed because the input matrix does not have full rank (its rank is ${ranks.values()[i]}).`,
    );
  }
  const inverse = S.reciprocal().maskedFill(keep.logicalNot(), 0);
  const right = U.mT.matmul(b.detach()).mul(inverse.unsqueeze(-1));
  let solution = Vh.mT.matmul(right);
  solution = record('linalgLstsq', solution, [A, b], [A, b], (g, node) => {
    const a = node.unpack(0);
    const p = pinvOf(where, a, false, (largest) => largest.mul(rcond));
    return [node.needs(0) ? pinvBack(g.matmul(node.unpack(1).mT), p, a) : null, node.needs(1) ? p.mT.matmul(g) : null];
  });
  // PyTorch leaves out what LAPACK's driver does not tell
  const nothing = emptyTensor([0], A.dt, A.device);
  const residuals = driver !== 'gelsy' && m > n && full ? A.matmul(solution).sub(b).square().sum(-2) : nothing;
  const none = driver === 'gels' || driver === 'gelsy';
  const rank = driver === 'gels' ? emptyTensor([0], ranks.dt, ranks.device) : ranks.expand(batch).contiguous();
  return named(
    'linalg_lstsq',
    [vector ? solution.squeeze(-1) : solution, residuals, rank, none ? nothing : S],
    ['solution', 'residuals', 'rank', 'singularValues'],
  );
}
