// torch.linalg: Cholesky, LU and QR decompositions.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { recordMany } from '../history.ts';
import { checkTensor, commonDevice, runStruct } from '../dispatch.ts';
import { int32 } from '../dtype.ts';
import { AutogradError, describe, DeviceError, DtypeError, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { named, pair } from '../ops/internal/named.ts';
import { flag } from '../ops/internal/reducing.ts';
import { cat } from '../ops/join.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import {
  asBatch,
  batchOf,
  checkMatrices,
  checkSame,
  checkSquare,
  colsOf,
  commonBatch,
  copyOf,
  eyes,
  failOn,
  INDEFINITE,
  permutationMatrix,
  permutationOf,
  rowsOf,
} from './internal/matrices.ts';
import { choleskyFactor, factorLu, luBack, triangularSolution } from './internal/solving.ts';
import type { CheckOptions } from './solve.ts';

/** Options of {@link cholesky}. */
export interface CholeskyOptions {
  /** Reads the upper half, and gives U with Uᵀ U = A. */
  upper?: boolean | undefined;
}
/** Of checked matrices, with the name of who asks. */
export function choleskyOf(where: string, a: Tensor, upper: boolean): Tensor {
  const { L, info } = choleskyFactor(upper ? a.mT : a);
  failOn(where, info, INDEFINITE);
  return upper ? L.mT : L;
}
/**
 * The lower triangular L with L Lᵀ = A, for symmetric positive-definite matrices [*, n, n]; only the lower half of A is
 * read. Throws LinAlgError where A is not positive-definite, ShapeError where it is not square.
 * @example
 * torch.linalg.cholesky(torch.tensor([[4.0, 2], [2, 5]]).float())
 * // tensor([[2., 0.],
 * //         [1., 2.]])
 */
export function cholesky(A: Tensor, options?: CholeskyOptions): Tensor {
  if (casting.on) return castCall('cholesky', cholesky, [A, options]);
  checkSquare('cholesky', A);
  const given = readArguments<CholeskyOptions>('cholesky', [options], [], ['upper']);
  return choleskyOf('cholesky', A, flag('cholesky', 'upper', given.upper, false));
}
/**
 * As {@link cholesky}, with the codes of the matrices, int32 [*], instead of an error: 0, or the order of the first
 * leading minor that is not positive. Throws ShapeError where A is not square.
 * @example
 * torch.linalg.choleskyEx(torch.eye(2).neg()).info // tensor(1, dtype=torch.int32)
 */
export function choleskyEx(A: Tensor, options?: CholeskyOptions & CheckOptions): ReturnType<typeof pair<'L', 'info'>> {
  const where = 'choleskyEx';
  checkSquare(where, A);
  const given = readArguments<CholeskyOptions & CheckOptions>(where, [options], [], ['upper', 'checkErrors']);
  const upper = flag(where, 'upper', given.upper, false);
  const { L, info } = choleskyFactor(upper ? A.mT : A);
  if (flag(where, 'checkErrors', given.checkErrors, false)) failOn(where, info, INDEFINITE);
  return pair('linalg_cholesky_ex', 'L', upper ? L.mT : L, 'info', info);
}

// ---- LU -------------------------------------------------------------------------------------------------------------

/** Options of {@link lu}. */
export interface LuOptions {
  /** Only true: rows are swapped for stability. */
  pivot?: boolean | undefined;
}
/** Refuses LU without pivoting, which PyTorch has on GPUs alone. */
export function checkPivot(where: string, pivot: unknown): void {
  if (!flag(where, 'pivot', pivot, true))
    throw new DeviceError(`${where}: LU without pivoting is not implemented on the CPU`);
}

/** The triangles of a compact LU; differentiable. */
function triangles(lu: Tensor): [Tensor, Tensor] {
  const [m, n] = [rowsOf(lu), colsOf(lu)];
  const k = Math.min(m, n);
  const l = (n > k ? lu.narrow(-1, 0, k) : lu).tril(-1).add(eyes([], m, k, lu));
  return [l, (m > k ? lu.narrow(-2, 0, k) : lu).triu()];
}

/**
 * P, L and U with A = P L U, for matrices [*, m, n]: a permutation [*, m, m], lower triangular with ones on the diagonal
 * [*, m, k], and upper triangular [*, k, n]. Throws ShapeError for less than 2 dims, DtypeError for other dtypes than
 * float32 and float64.
 * @example
 * torch.linalg.lu(torch.tensor([[1.0, 2], [2, 6]]).float()).U
 * // tensor([[ 2.,  6.],
 * //         [ 0., -1.]])
 */
export function lu(A: Tensor, options?: LuOptions): [Tensor, Tensor, Tensor] & { P: Tensor; L: Tensor; U: Tensor } {
  checkMatrices('lu', A);
  checkPivot('lu', readArguments<LuOptions>('lu', [options], [], ['pivot']).pivot);
  const factors = factorLu(A);
  const P = permutationMatrix(permutationOf('lu', factors.pivots, rowsOf(A)), A.dt);
  const [L, U] = triangles(factors.lu);
  recordMany('linalgLu', [L, U], [A], [P, L, U], ([gl, gu], n) => [
    luBack(gl ?? null, gu ?? null, n.unpack(0), n.unpack(1), n.unpack(2)),
  ]);
  return named('linalg_lu', [P, L, U], ['P', 'L', 'U']);
}

/** Recorded, of checked matrices. */
export function luFactorOf(a: Tensor): { LU: Tensor; pivots: Tensor; info: Tensor } {
  const { lu: LU, pivots, info } = factorLu(a);
  const [m, n] = [rowsOf(a), colsOf(a)];
  const k = Math.min(m, n);
  recordMany('linalgLuFactorEx', [LU], [a], [LU, pivots], ([g], node) => {
    const [L, U] = triangles(node.unpack(0));
    const P = permutationMatrix(permutationOf('luFactor', node.unpack(1), m), a.dt);
    return [luBack(n > k ? g!.narrow(-1, 0, k) : g!, m > k ? g!.narrow(-2, 0, k) : g!, P, L, U)];
  });
  return { LU, pivots, info };
}
/**
 * LU decompositions of matrices [*, m, n] for {@link luSolve}: both factors in one matrix [*, m, n], and the row swaps,
 * int32 [*, k], from 1 on. Throws LinAlgError for a zero pivot, ShapeError for less than 2 dims.
 * @example
 * torch.linalg.luFactor(torch.tensor([[1.0, 2], [2, 6]]).float()).pivots // tensor([2, 2], dtype=torch.int32)
 */
export function luFactor(A: Tensor, options?: LuOptions): ReturnType<typeof pair<'LU', 'pivots'>> {
  checkMatrices('luFactor', A);
  checkPivot('luFactor', readArguments<LuOptions>('luFactor', [options], [], ['pivot']).pivot);
  const { LU, pivots, info } = luFactorOf(A);
  failOn(
    'luFactor',
    info,
    (i) => `U[${i},${i}] is zero and using it on luSolve would result in a division by zero; see linalg.luFactorEx`,
  );
  return pair('linalg_lu_factor', 'LU', LU, 'pivots', pivots);
}
/**
 * As {@link luFactor}, with the codes of the matrices, int32 [*], instead of an error: 0, or the first zero pivot. Throws
 * ShapeError for less than 2 dims.
 * @example
 * torch.linalg.luFactorEx(torch.zeros(2, 2)).info // tensor(1, dtype=torch.int32)
 */
export function luFactorEx(
  A: Tensor,
  options?: LuOptions & CheckOptions,
): [Tensor, Tensor, Tensor] & { LU: Tensor; pivots: Tensor; info: Tensor } {
  const where = 'luFactorEx';
  checkMatrices(where, A);
  const given = readArguments<LuOptions & CheckOptions>(where, [options], [], ['pivot', 'checkErrors']);
  checkPivot(where, given.pivot);
  const { LU, pivots, info } = luFactorOf(A);
  if (flag(where, 'checkErrors', given.checkErrors, false)) failOn(where, info, (i) => `U[${i},${i}] is zero`);
  return named('linalg_lu_factor_ex', [LU, pivots, info], ['LU', 'pivots', 'info']);
}

/** Checks a compact LU and its pivots. */
export function checkPivots(where: string, LU: Tensor, pivots: unknown): asserts pivots is Tensor {
  checkTensor(where, pivots, 'pivots');
  if (pivots.dt !== int32)
    throw new DtypeError(`${where}: expected pivots of dtype int32 but received ${pivots.dtype}`);
  commonDevice(where, [LU, pivots]);
  const wanted = [...batchOf(LU), Math.min(rowsOf(LU), colsOf(LU))];
  if (!sameShape(pivots.sizes, wanted)) {
    throw new ShapeError(
      `${where}: expected pivots of shape ${show(wanted)} for LU ${show(LU.sizes)} but received ${show(pivots.sizes)}`,
    );
  }
}
/** P, L and U of a compact LU; differentiable. */
export function unpacked(where: string, LU: Tensor, pivots: Tensor): [Tensor, Tensor, Tensor] {
  return [permutationMatrix(permutationOf(where, pivots, rowsOf(LU)), LU.dt), ...triangles(LU)];
}

/** Options of {@link luSolve}. */
export interface LuSolveOptions {
  left?: boolean | undefined;
  /** Solves Aᵀ X = B. */
  adjoint?: boolean | undefined;
}
/**
 * X with A X = B (or X A = B, or for Aᵀ), by what {@link luFactor} gives of the square matrices A, for B [*, n, k].
 * Throws ShapeError where sizes do not fit, DtypeError where dtypes differ, RangeError for pivots that are none.
 * @example
 * const { LU, pivots } = torch.linalg.luFactor(torch.tensor([[1.0, 2], [2, 6]]).float())
 * torch.linalg.luSolve(LU, pivots, torch.tensor([[5.0], [14]]).float())
 * // tensor([[1.],
 * //         [2.]])
 */
export function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options?: LuSolveOptions): Tensor {
  const where = 'luSolve';
  checkSquare(where, LU, 'LU');
  checkPivots(where, LU, pivots);
  checkMatrices(where, B, 'B');
  checkSame(where, LU, B, 'LU');
  const given = readArguments<LuSolveOptions>(where, [options], [], ['left', 'adjoint']);
  const left = flag(where, 'left', given.left, true);
  const adjoint = flag(where, 'adjoint', given.adjoint, false);
  if (rowsOf(LU) !== (left ? rowsOf(B) : colsOf(B))) {
    throw new ShapeError(`${where}: incompatible shapes of LU ${show(LU.sizes)} and B ${show(B.sizes)}`);
  }
  commonBatch(where, LU, B);
  const [P, L, U] = unpacked(where, LU, pivots);
  const solve = (a: Tensor, b: Tensor, upper: boolean, unit: boolean): Tensor =>
    triangularSolution(where, a, b, upper, true, unit);
  // X A = B is Aᵀ Xᵀ = Bᵀ
  const b = left ? B : B.mT;
  const x =
    left === adjoint
      ? P.matmul(solve(L.mT, solve(U.mT, b, false, false), true, true))
      : solve(U, solve(L, P.mT.matmul(b), false, true), true, false);
  return left ? x : x.mT;
}

// ---- QR -------------------------------------------------------------------------------------------------------------

const qrKernel = kernel('linalgQr');
/** What is computed: Q [*, m, k] and R [*, k, n]; all of Q [*, m, m] and R [*, m, n]; or R alone. */
export type QrMode = 'reduced' | 'complete' | 'r';

/** The gradient of A = Q R with as many rows as columns, or more. */
function qrBackTall(gq: Tensor | null, gr: Tensor | null, q: Tensor, r: Tensor): Tensor {
  const own = gr ? gr.matmul(r.mT) : null;
  const other = gq ? q.mT.matmul(gq) : null;
  const m = own && other ? own.sub(other) : (own ?? other!.neg());
  const upper = m.triu();
  const symmetric = upper.add(upper.triu(1).mT);
  const whole = q.matmul(symmetric);
  return triangularSolution('qr', r.mT, gq ? whole.add(gq) : whole, false, false, false);
}

/** Of checked matrices, with the name of who asks. */
export function qrOf(where: string, a: Tensor, kind: QrMode): { Q: Tensor; R: Tensor } {
  const [m, n] = [rowsOf(a), colsOf(a)];
  const k = Math.min(m, n);
  const all = copyOf(a);
  const cols = kind === 'complete' ? m : k;
  const Q = kind === 'r' ? emptyTensor([0], a.dt, a.device) : emptyTensor([...batchOf(a), m, cols], a.dt, a.device);
  runStruct(qrKernel, [asBatch(all), kind === 'r' ? null : asBatch(Q)]);
  const R = cols < m ? all.narrow(-2, 0, cols).contiguous() : all;
  recordMany('linalgQr', kind === 'r' ? [R] : [Q, R], [a], kind === 'r' ? [] : [Q, R, a], (grads, node) => {
    if (kind === 'r') {
      throw new AutogradError(
        `${where}: the derivative of qr depends on Q, which is not computed with mode 'r'; use mode 'reduced'`,
      );
    }
    if (kind === 'complete' && m > n) {
      throw new AutogradError(
        `${where}: the QR decomposition is not differentiable when mode is 'complete' and nrows > ncols`,
      );
    }
    const [gq, gr] = [grads[0] ?? null, grads[1] ?? null];
    const [q, r] = [node.unpack(0), node.unpack(1)];
    if (m >= n) return [qrBackTall(gq, gr, q, r)];
    // the columns behind the square part are R's alone
    const gr2 = gr ? gr.narrow(-1, k, n - k) : null;
    const more =
      gr2 &&
      node
        .unpack(2)
        .narrow(-1, k, n - k)
        .matmul(gr2.mT);
    const first = qrBackTall(
      gq && more ? gq.add(more) : (gq ?? more),
      gr ? gr.narrow(-1, 0, k) : null,
      q,
      r.narrow(-1, 0, k),
    );
    const second = gr2 ? q.matmul(gr2) : emptyTensor([...batchOf(first), m, n - k], a.dt, a.device).zero_();
    return [cat([first, second], -1)];
  });
  return { Q, R };
}
/**
 * Q with orthonormal columns and upper triangular R with A = Q R, for matrices [*, m, n], as LAPACK chooses their signs.
 * With mode 'r' Q is empty. Throws RangeError for another mode, ShapeError for less than 2 dims.
 * @example
 * torch.linalg.qr(torch.tensor([[3.0, 1], [4, 3]]).float()).R
 * // tensor([[-5., -3.],
 * //         [ 0.,  1.]])
 */
export function qr(
  A: Tensor,
  ...args: Call<[mode?: QrMode], { mode?: QrMode | undefined }>
): ReturnType<typeof pair<'Q', 'R'>> {
  if (casting.on) return castCall('qr', qr, [A, ...args]);
  checkMatrices('qr', A);
  const { mode: kind = 'reduced' } = readArguments<{ mode: QrMode }>('qr', args, ['mode']);
  if (!['reduced', 'complete', 'r'].includes(kind)) {
    throw new RangeError(`qr: expected one of 'reduced', 'complete' and 'r' for mode but received ${describe(kind)}`);
  }
  const { Q, R } = qrOf('qr', A, kind);
  return pair('linalg_qr', 'Q', Q, 'R', R);
}
