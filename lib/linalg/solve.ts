// torch.linalg: inverses, determinants and systems of equations.
import type { Device } from '../device.ts';
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor } from '../dispatch.ts';
import { int32 } from '../dtype.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { mode } from '../autograd/mode.ts';
import { pair } from '../ops/internal/named.ts';
import { flag, fromTyped } from '../ops/internal/reducing.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  checkMatrices,
  checkMatrix,
  checkSame,
  checkSquare,
  colsOf,
  commonBatch,
  diagonalOf,
  failOn,
  offDiagonal,
  rowsOf,
  SINGULAR,
} from './internal/matrices.ts';
import { type Factors, factorLu, inverseOf, solution, triangularSolution } from './internal/solving.ts';
import { svdOf } from './internal/spectral.ts';

/** Options of {@link invEx}. */
export interface CheckOptions {
  /** Throws where a matrix is singular, as the form without Ex does. */
  checkErrors?: boolean | undefined;
}
/** Options of {@link solve}. */
export interface SolveOptions {
  /** False solves X A = B. */
  left?: boolean | undefined;
}
/** Options of {@link solveEx}. */
export interface SolveExOptions extends SolveOptions, CheckOptions {}

/**
 * The inverses of square matrices [*, n, n]. Throws LinAlgError for a singular one, ShapeError where they are not
 * square, DtypeError for other dtypes than float32 and float64.
 * @example
 * torch.linalg.inv(torch.tensor([[4.0, 7], [2, 6]], { dtype: 'float64' }))
 * // tensor([[ 0.6000, -0.7000],
 * //         [-0.2000,  0.4000]], dtype=torch.float64)
 */
export function inv(A: Tensor): Tensor {
  if (casting.on) return castCall('inv', inv, [A]);
  checkSquare('inv', A);
  const { inverse, info } = inverseOf(A);
  failOn('inv', info, SINGULAR);
  return inverse;
}
/**
 * As {@link inv}, with the codes of the matrices, int32 [*], instead of an error: 0, or the first zero pivot from 1 on.
 * Throws ShapeError where the matrices are not square.
 * @example
 * torch.linalg.invEx(torch.zeros(2, 2)).info // tensor(1, dtype=torch.int32)
 */
export function invEx(A: Tensor, options?: CheckOptions): ReturnType<typeof pair<'inverse', 'info'>> {
  checkSquare('invEx', A);
  const given = readArguments<CheckOptions>('invEx', [options], [], ['checkErrors']);
  const { inverse, info } = inverseOf(A);
  if (flag('invEx', 'checkErrors', given.checkErrors, false)) failOn('invEx', info, SINGULAR);
  return pair('linalg_inv_ex', 'inverse', inverse, 'info', info);
}

/** Whether B is a vector, or a batch of them, for these matrices. */
export function isVector(A: Tensor, B: Tensor): boolean {
  return B.sizes.length === 1 || (A.sizes.length - 1 === B.sizes.length && sameShape(B.sizes, A.sizes.slice(0, -1)));
}

function solved(where: string, A: Tensor, B: Tensor, left: boolean): { result: Tensor; info: Tensor } {
  checkSquare(where, A);
  checkTensor(where, B, 'B');
  checkSame(where, A, B);
  if (B.sizes.length > 0 && isVector(A, B)) {
    if (!left)
      throw new ShapeError(
        `${where}: vectors of shape ${show(B.sizes)} are solved for from the left only, with matrices ${show(A.sizes)}`,
      );
    const { result, info } = solved(where, A, B.unsqueeze(-1), true);
    return { result: result.squeeze(-1), info };
  }
  checkMatrices(where, B, 'B');
  if (rowsOf(A) !== (left ? rowsOf(B) : colsOf(B))) {
    const shapes = `${rowsOf(A)}x${colsOf(A)} and ${rowsOf(B)}x${colsOf(B)}`;
    throw new ShapeError(
      `${where}: incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'} (${shapes})`,
    );
  }
  commonBatch(where, A, B);
  if (left) return solution(where, A, B);
  const { result, info } = solution(where, A.mT, B.mT);
  return { result: result.mT, info };
}
const UNSOLVED = (): string => 'The solver failed because the input matrix is singular.';

/**
 * X with A X = B, for square matrices A [*, n, n] and B [*, n, k], or vectors [*, n]; batches broadcast. Throws
 * LinAlgError for a singular A, ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linalg.solve(torch.tensor([[2.0, 0], [1, 4]]).float(), torch.tensor([2.0, 9]).float()) // tensor([1., 2.])
 */
export function solve(A: Tensor, B: Tensor, options?: SolveOptions): Tensor {
  if (casting.on) return castCall('solve', solve, [A, B, options]);
  const given = readArguments<SolveOptions>('solve', [options], [], ['left']);
  const { result, info } = solved('solve', A, B, flag('solve', 'left', given.left, true));
  failOn('solve', info, UNSOLVED);
  return result;
}
/**
 * As {@link solve}, with the codes of the matrices, int32 [*], instead of an error for singular ones. Throws ShapeError
 * where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linalg.solveEx(torch.eye(2), torch.ones(2)).info // tensor(0, dtype=torch.int32)
 */
export function solveEx(A: Tensor, B: Tensor, options?: SolveExOptions): ReturnType<typeof pair<'result', 'info'>> {
  const given = readArguments<SolveExOptions>('solveEx', [options], [], ['left', 'checkErrors']);
  const { result, info } = solved('solveEx', A, B, flag('solveEx', 'left', given.left, true));
  if (flag('solveEx', 'checkErrors', given.checkErrors, false)) failOn('solveEx', info, UNSOLVED);
  return pair('linalg_solve_ex', 'result', result, 'info', info);
}

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions extends SolveOptions {
  /** Which half of A is read; the other counts as zeros. */
  upper: boolean;
  /** The diagonal counts as ones. */
  unitriangular?: boolean | undefined;
}
/**
 * X with A X = B for triangular matrices A [*, n, n] and B [*, n, k]; with `left: false`, X A = B for B [*, k, n].
 * Throws TypeError without `upper`, ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linalg.solveTriangular(torch.tensor([[2.0, 1], [0, 4]]).float(), torch.ones(2, 1).mul(8), { upper: true })
 * // tensor([[3.],
 * //         [2.]])
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor {
  const where = 'solveTriangular';
  checkMatrices(where, A);
  checkMatrix(where, B, 'B');
  const given = readArguments<SolveTriangularOptions>(where, [options], [], ['upper', 'left', 'unitriangular']);
  if (typeof given.upper !== 'boolean')
    throw new TypeError(`${where}: expected the option upper, true or false: which half of A is read`);
  checkSquare(where, A);
  checkSame(where, A, B);
  const left = flag(where, 'left', given.left, true);
  if (rowsOf(A) !== (left ? rowsOf(B) : colsOf(B))) {
    throw new ShapeError(
      `${where}: incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'} (${rowsOf(A)}x${colsOf(A)} and ${rowsOf(B)}x${colsOf(B)})`,
    );
  }
  commonBatch(where, A, B);
  const unit = flag(where, 'unitriangular', given.unitriangular, false);
  return triangularSolution(where, A, B, given.upper, left, unit);
}

// ---- determinants ---------------------------------------------------------------------------------------------------

/** 1 or -1 [*]: whether the row swaps are even or odd. */
function parity({ lu, pivots }: Factors): Tensor {
  const k = colsOf(lu);
  if (pivots.count > 256) {
    const still = fromTyped(
      Int32Array.from({ length: k }, (_, i) => i + 1),
      [k],
      int32,
      pivots.device,
    );
    return pivots.ne(still).sum(-1).remainder(2).mul(-2).add(1).to(lu.dtype);
  }
  const swaps = pivots.values();
  const out = new Float64Array(pivots.sizes.slice(0, -1).reduce((n, m) => n * m, 1)).fill(1);
  for (let i = 0; i < swaps.length; i++) if (Number(swaps[i]) !== (i % k) + 1) out[Math.floor(i / k)]! *= -1;
  return fromTyped(lu.dtype === 'float32' ? Float32Array.from(out) : out, pivots.sizes.slice(0, -1), lu.dt, lu.device);
}

/** The products of all but one of the elements along the last dim; differentiable where some are zero. */
function productsOfOthers(s: Tensor): Tensor {
  const n = s.sizes[s.sizes.length - 1]!;
  const parts = s.unsqueeze(-1).expand([...s.sizes, n]);
  const eye = diagonalMask(n, s.device);
  return parts.maskedFill(eye, 1).prod(-2);
}
const diagonalMask = (n: number, device: Device): Tensor => offDiagonal(n, n, device).logicalNot();

/** The gradient of det: the matrix of cofactors times g. */
function detBack(g: Tensor, a: Tensor, det: Tensor): Tensor {
  const scaled = (t: Tensor): Tensor => t.unsqueeze(-1).unsqueeze(-1);
  const singular = Boolean(det.detach().eq(0).any().item());
  if (!singular) return inverseOf(a).inverse.mT.mul(scaled(g.mul(det)));
  // cofactors exist where the inverse does not
  const { U, S, Vh } = svdOf('det', a, false);
  const sign = mode.grad ? detOf(U).mul(detOf(Vh)) : detOf(U.detach()).mul(detOf(Vh.detach()));
  return U.mul(productsOfOthers(S).unsqueeze(-2))
    .matmul(Vh)
    .mul(scaled(g.mul(sign)));
}
/** Recorded, of checked matrices. */
export function detOf(a: Tensor): Tensor {
  const factors = factorLu(a);
  const det = diagonalOf(factors.lu).prod(-1).mul(parity(factors));
  return record('linalgDet', det, [a], [a, det], (g, n) => [detBack(g, n.unpack(0), n.unpack(1))]);
}
/**
 * The determinants [*] of square matrices [*, n, n]. Throws ShapeError where they are not square, DtypeError for other
 * dtypes than float32 and float64.
 * @example
 * torch.linalg.det(torch.tensor([[2.5, 1], [1, 2]])) // tensor(4.)
 */
export function det(A: Tensor): Tensor {
  checkSquare('det', A);
  return detOf(A);
}

/** Recorded, of checked matrices. */
export function slogdetOf(a: Tensor): { sign: Tensor; logabsdet: Tensor } {
  const factors = factorLu(a);
  const diagonal = diagonalOf(factors.lu);
  const sign = diagonal.sign().prod(-1).mul(parity(factors));
  const logabsdet = diagonal.abs().log().sum(-1);
  record('linalgSlogdet', logabsdet, [a], [a], (g, n) => [
    inverseOf(n.unpack(0)).inverse.mT.mul(g.unsqueeze(-1).unsqueeze(-1)),
  ]);
  return { sign, logabsdet };
}
/**
 * The signs and the logarithms of the magnitudes of the determinants of square matrices [*, n, n], both [*]. Throws
 * ShapeError where they are not square, DtypeError for other dtypes than float32 and float64.
 * @example
 * const { sign, logabsdet } = torch.linalg.slogdet(torch.eye(2).mul(-2))
 * logabsdet // tensor(1.3863)
 */
export function slogdet(A: Tensor): ReturnType<typeof pair<'sign', 'logabsdet'>> {
  checkSquare('slogdet', A);
  const { sign, logabsdet } = slogdetOf(A);
  return pair('linalg_slogdet', 'sign', sign, 'logabsdet', logabsdet);
}

// ---- tensors as matrices --------------------------------------------------------------------------------------------

/**
 * The inverse of a tensor as a map from its last dims to its first `ind`. Throws ShapeError where the products of both
 * differ, RangeError for an `ind` that is no positive whole number, LinAlgError where there is none.
 * @example
 * torch.linalg.tensorinv(torch.eye(4).reshape(2, 2, 4)).shape // torch.Size([4, 2, 2])
 */
export function tensorinv(A: Tensor, ...args: Call<[ind?: number], { ind?: number | undefined }>): Tensor {
  if (casting.on) return castCall('tensorinv', tensorinv, [A, ...args]);
  checkTensor('tensorinv', A, 'A');
  const { ind = 2 } = readArguments<{ ind: number }>('tensorinv', args, ['ind']);
  if (!Number.isInteger(ind) || ind <= 0)
    throw new RangeError(`tensorinv: expected a strictly positive integer for ind, got ${describe(ind)}`);
  const [head, tail] = [A.sizes.slice(0, ind), A.sizes.slice(ind)];
  const [n, m] = [head, tail].map((s) => s.reduce((k, d) => k * d, 1)) as [number, number];
  if (n !== m) {
    throw new ShapeError(
      `tensorinv: the products of the sizes before and after dim ${ind} of ${show(A.sizes)} must be equal, got ${n} and ${m}`,
    );
  }
  const flat = A.reshape(n, m);
  checkSquare('tensorinv', flat);
  const { inverse, info } = inverseOf(flat);
  failOn('tensorinv', info, SINGULAR);
  return inverse.reshape([...tail, ...head]);
}

/**
 * X with tensordot(A, X) = B, over as many last dims of A as X then has; `dims` of A are moved to its end first. Throws
 * ShapeError where sizes do not fit, LinAlgError where there is no such X.
 * @example
 * torch.linalg.tensorsolve(torch.eye(4).reshape(2, 2, 4), torch.ones(2, 2)) // tensor([1., 1., 1., 1.])
 */
export function tensorsolve(
  A: Tensor,
  B: Tensor,
  ...args: Call<[dims?: readonly number[] | null], { dims?: readonly number[] | null | undefined }>
): Tensor {
  if (casting.on) return castCall('tensorsolve', tensorsolve, [A, B, ...args]);
  const where = 'tensorsolve';
  checkTensor(where, A, 'A');
  checkTensor(where, B, 'B');
  const { dims } = readArguments<{ dims: readonly number[] | null }>(where, args, ['dims']);
  let a = A;
  if (dims !== undefined && dims !== null) {
    if (!Array.isArray(dims)) throw new TypeError(`${where}: expected a list of numbers for dims`);
    const list = [...dims] as number[];
    a = inNameOf(where, () =>
      A.movedim(
        list,
        list.map((_, i) => i - list.length),
      ),
    );
  }
  const rest = a.sizes.slice(B.sizes.length);
  const [n, m] = [a.sizes.slice(0, B.sizes.length), rest].map((s) => s.reduce((k, d) => k * d, 1)) as [number, number];
  if (n !== B.numel() || n !== m)
    throw new ShapeError(
      `${where}: expected A with as many columns as B has elements, got ${show(a.sizes)} for B ${show(B.sizes)}`,
    );
  const result = solved(where, a.reshape(n, m), B.reshape(n), true);
  failOn(where, result.info, UNSOLVED);
  return result.result.reshape([...rest]);
}
