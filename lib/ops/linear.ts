// Linear algebra under the names of torch and Tensor; torch.linalg (lib/linalg/) has the rest and does the work.
import { castCall, casting, castsThere } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { ShapeError, inNameOf } from '../errors.ts';
import {
  choleskyOf,
  checkPivot,
  checkPivots,
  luFactorOf,
  luSolve as solveLu,
  qrOf,
  unpacked,
} from '../linalg/factor.ts';
import {
  checkMatrices,
  checkMatrix,
  checkSame,
  checkSquare,
  checkSquareShape,
  colsOf,
  commonBatch,
  eyes,
  failOn,
  rowsOf,
  SINGULAR,
} from '../linalg/internal/matrices.ts';
import { inverseOf, triangularSolution } from '../linalg/internal/solving.ts';
import { pinvOf, svdOf, svdvalsOf } from '../linalg/internal/spectral.ts';
import { chain, checkChain, exponentialOf, powerOf } from '../linalg/products.ts';
import { detOf, slogdetOf } from '../linalg/solve.ts';
import { toleranceOf } from '../linalg/spectral.ts';
import { show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { named, type Pair, pair } from './internal/named.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** Options of {@link cholesky}. */
export interface UpperOptions {
  upper?: boolean | undefined;
}
const readUpper = (where: string, args: readonly unknown[]): boolean =>
  flag(where, 'upper', readArguments<UpperOptions>(where, args, ['upper']).upper, false);

/**
 * As {@link linalg.cholesky}: the lower triangular L with L Lᵀ = x, or with `upper` Lᵀ. Throws LinAlgError where x is not
 * positive-definite, ShapeError where it is not square.
 * @example
 * torch.cholesky(torch.tensor([[4.0, 2], [2, 5]]).float(), true)
 * // tensor([[2., 1.],
 * //         [0., 2.]])
 */
export function cholesky(x: Tensor, ...args: Call<[upper?: boolean], UpperOptions>): Tensor {
  if (casting.on) return castCall('cholesky', cholesky, [x, ...args]);
  checkSquare('cholesky', x, 'input');
  return choleskyOf('cholesky', x, readUpper('cholesky', args));
}

/**
 * X with A X = B, by the Cholesky factor L of A [*, n, n] (Lᵀ with `upper`), for B [*, n, k]. Throws ShapeError where
 * sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.choleskySolve(torch.tensor([[8.0], [16]]).float(), torch.eye(2).mul(2))
 * // tensor([[2.],
 * //         [4.]])
 */
export function choleskySolve(B: Tensor, L: Tensor, ...args: Call<[upper?: boolean], UpperOptions>): Tensor {
  if (casting.on) return castCall('choleskySolve', choleskySolve, [B, L, ...args]);
  const where = 'choleskySolve';
  checkMatrices(where, B, 'B');
  checkSquare(where, L, 'L');
  checkSame(where, B, L, 'B', 'L');
  const upper = readUpper(where, args);
  if (rowsOf(B) !== rowsOf(L))
    throw new ShapeError(`${where}: incompatible sizes of L ${show(L.sizes)} and B ${show(B.sizes)}`);
  commonBatch(where, L, B);
  const lower = upper ? L.mT : L;
  return triangularSolution(
    where,
    lower.mT,
    triangularSolution(where, lower, B, false, true, false),
    true,
    true,
    false,
  );
}

/**
 * The inverse of A, by its Cholesky factor L [*, n, n] (Lᵀ with `upper`). Throws ShapeError where L is not square,
 * DtypeError for other dtypes than float32 and float64.
 * @example
 * torch.choleskyInverse(torch.eye(2).mul(2))
 * // tensor([[0.2500, 0.0000],
 * //         [0.0000, 0.2500]])
 */
export function choleskyInverse(L: Tensor, ...args: Call<[upper?: boolean], UpperOptions>): Tensor {
  if (casting.on) return castCall('choleskyInverse', choleskyInverse, [L, ...args]);
  const where = 'choleskyInverse';
  checkSquare(where, L, 'L');
  const upper = readUpper(where, args);
  const n = rowsOf(L);
  const y = triangularSolution(where, upper ? L.mT : L, eyes([], n, n, L), false, true, false);
  return y.mT.matmul(y);
}

/**
 * As {@link linalg.inv}: the inverses of square matrices [*, n, n]. Throws LinAlgError for a singular one, ShapeError where
 * they are not square.
 * @example
 * torch.eye(2).mul(4).inverse()
 * // tensor([[0.2500, 0.0000],
 * //         [0.0000, 0.2500]])
 */
export function inverse(x: Tensor): Tensor {
  if (casting.on) return castCall('inverse', inverse, [x]);
  checkSquare('inverse', x, 'input');
  const result = inverseOf(x);
  failOn('inverse', result.info, SINGULAR);
  return result.inverse;
}

/**
 * As {@link linalg.det}: the determinants [*] of square matrices [*, n, n]. Throws ShapeError where they are not square.
 * @example
 * torch.eye(3).mul(2).det() // tensor(8.)
 */
export function det(x: Tensor): Tensor {
  checkSquare('det', x, 'input');
  return detOf(x);
}
/**
 * As {@link linalg.slogdet}: sign and logarithm of the magnitude of determinants. Throws ShapeError where matrices are not
 * square.
 * @example
 * torch.slogdet(torch.eye(2)).logabsdet // tensor(0.)
 */
export function slogdet(x: Tensor): Pair<'sign', 'logabsdet'> {
  checkSquare('slogdet', x, 'input');
  const { sign, logabsdet } = slogdetOf(x);
  return pair('slogdet', 'sign', sign, 'logabsdet', logabsdet);
}
/**
 * The logarithms of the determinants [*] of square matrices [*, n, n]: NaN where they are negative. Throws ShapeError where
 * matrices are not square.
 * @example
 * torch.eye(2).mul(2).logdet() // tensor(1.3863)
 */
export function logdet(x: Tensor): Tensor {
  checkSquare('logdet', x, 'input');
  const { sign, logabsdet } = slogdetOf(x);
  return logabsdet.maskedFill(sign.eq(-1), Number.NaN);
}

/**
 * As {@link linalg.pinv}: the pseudo-inverses of matrices [*, m, n], by the singular values above `rcond` times the
 * largest. Throws LinAlgError for NaN and infinities, ShapeError for less than 2 dims.
 * @example
 * torch.tensor([[2.0], [0]]).float().pinverse() // tensor([[0.5000, 0.0000]])
 */
export function pinverse(x: Tensor, ...args: Call<[rcond?: number], { rcond?: number | undefined }>): Tensor {
  if (casting.on) return castCall('pinverse', pinverse, [x, ...args]);
  checkMatrices('pinverse', x, 'input');
  const { rcond = 1e-15 } = readArguments<{ rcond: number }>('pinverse', args, ['rcond']);
  return pinvOf('pinverse', x, false, toleranceOf('pinverse', x, { atol: 0, rtol: rcond }));
}

/** Options of {@link svd}. */
export interface OldSvdOptions {
  some?: boolean | undefined;
  computeUv?: boolean | undefined;
}
/**
 * U, S and V with x = U diag(S) Vᵀ; V is the transpose of {@link linalg.svd}'s Vh. With `some: false` U and V are square;
 * with `computeUv: false` they are zeros. Throws LinAlgError for NaN and infinities, ShapeError for less than 2 dims.
 * @example
 * torch.tensor([[3.0, 0], [0, -4]]).float().svd().S // tensor([4., 3.])
 */
export function svd(
  x: Tensor,
  ...args: Call<[some?: boolean, computeUv?: boolean], OldSvdOptions>
): [Tensor, Tensor, Tensor] & { U: Tensor; S: Tensor; V: Tensor } {
  if (casting.on) return castCall('svd', svd, [x, ...args]);
  checkMatrices('svd', x, 'input');
  const options = readArguments<OldSvdOptions>('svd', args, ['some', 'computeUv']);
  const some = flag('svd', 'some', options.some, true);
  if (flag('svd', 'computeUv', options.computeUv, true)) {
    const { U, S, Vh } = svdOf('svd', x, !some);
    return named('svd', [U, S, Vh.mT], ['U', 'S', 'V']);
  }
  const square = (n: number): Tensor => emptyTensor([...x.sizes.slice(0, -2), n, n], x.dt, x.device).zero_();
  return named('svd', [square(rowsOf(x)), svdvalsOf('svd', x), square(colsOf(x))], ['U', 'S', 'V']);
}

/**
 * As {@link linalg.qr}: Q and R with x = Q R; with `some: false` Q is square. Throws ShapeError for less than 2 dims.
 * @example
 * torch.qr(torch.tensor([[3.0, 1], [4, 3]]).float()).R
 * // tensor([[-5., -3.],
 * //         [ 0.,  1.]])
 */
export function qr(x: Tensor, ...args: Call<[some?: boolean], { some?: boolean | undefined }>): Pair<'Q', 'R'> {
  if (casting.on) return castCall('qr', qr, [x, ...args]);
  checkMatrices('qr', x, 'input');
  const { some } = readArguments<{ some: boolean }>('qr', args, ['some']);
  const { Q, R } = qrOf('qr', x, flag('qr', 'some', some, true) ? 'reduced' : 'complete');
  return pair('qr', 'Q', Q, 'R', R);
}

/** Options of {@link lu}. */
export interface OldLuOptions {
  pivot?: boolean | undefined;
  getInfos?: boolean | undefined;
}
/**
 * As {@link linalg.luFactorEx}: the compact LU of matrices [*, m, n] and the row swaps, and with `getInfos` the codes too.
 * Throws LinAlgError for a zero pivot without `getInfos`, ShapeError for less than 2 dims.
 * @example
 * const [LU, pivots] = torch.lu(torch.tensor([[1.0, 2], [2, 6]]).float())
 * pivots // tensor([2, 2], dtype=torch.int32)
 */
export function lu(x: Tensor, ...args: Call<[pivot?: boolean, getInfos?: boolean], OldLuOptions>): Tensor[] {
  checkMatrices('lu', x, 'input');
  const options = readArguments<OldLuOptions>('lu', args, ['pivot', 'getInfos']);
  checkPivot('lu', options.pivot);
  const { LU, pivots, info } = luFactorOf(x);
  if (flag('lu', 'getInfos', options.getInfos, false)) return [LU, pivots, info];
  failOn('lu', info, (i) => `U[${i},${i}] is zero`);
  return [LU, pivots];
}
/**
 * As {@link linalg.luSolve}: X with A X = b, by what {@link lu} gives of A [*, n, n], for b [*, n, k]. Throws ShapeError
 * where sizes do not fit, RangeError for pivots that are none.
 * @example
 * const [LU, pivots] = torch.lu(torch.eye(2).mul(2))
 * torch.luSolve(torch.ones(2, 1), LU, pivots)
 * // tensor([[0.5000],
 * //         [0.5000]])
 */
export function luSolve(b: Tensor, LU: Tensor, pivots: Tensor): Tensor {
  checkMatrix('luSolve', b, 'b');
  return solveLu(LU, pivots, b);
}
/** Options of {@link luUnpack}. */
export interface LuUnpackOptions {
  unpackData?: boolean | undefined;
  unpackPivots?: boolean | undefined;
}
/**
 * P, L and U of what {@link lu} or {@link linalg.luFactor} give; empty where they are not to be unpacked. Throws
 * ShapeError where pivots do not fit, RangeError for pivots that are none.
 * @example
 * const { LU, pivots } = torch.linalg.luFactor(torch.tensor([[1.0, 2], [2, 6]]).float())
 * torch.luUnpack(LU, pivots).L
 * // tensor([[1.0000, 0.0000],
 * //         [0.5000, 1.0000]])
 */
export function luUnpack(
  LU: Tensor,
  pivots: Tensor,
  ...args: Call<[unpackData?: boolean, unpackPivots?: boolean], LuUnpackOptions>
): [Tensor, Tensor, Tensor] & { P: Tensor; L: Tensor; U: Tensor } {
  const where = 'luUnpack';
  checkMatrices(where, LU, 'LU');
  checkPivots(where, LU, pivots);
  const options = readArguments<LuUnpackOptions>(where, args, ['unpackData', 'unpackPivots']);
  const [P, L, U] = unpacked(where, LU, pivots);
  const none = (): Tensor => emptyTensor([0], LU.dt, LU.device);
  const data = flag(where, 'unpackData', options.unpackData, true);
  const swaps = flag(where, 'unpackPivots', options.unpackPivots, true);
  return named('lu_unpack', [swaps ? P : none(), data ? L : none(), data ? U : none()], ['P', 'L', 'U']);
}

type PowerCall = [n: number] | [options: { n: number }];
/**
 * As {@link linalg.matrixPower}: square matrices [*, n, n] to a whole power. Throws ShapeError where they are not square,
 * TypeError for other powers, LinAlgError for negative powers of a singular one.
 * @example
 * torch.tensor([[1, 1], [1, 0]]).matrixPower(5)
 * // tensor([[8, 5],
 * //         [5, 3]])
 */
export function matrixPower(x: Tensor, ...args: PowerCall): Tensor {
  checkSquareShape('matrixPower', x, 'input');
  return powerOf('matrixPower', x, readArguments<{ n: number }>('matrixPower', args, ['n']).n);
}
/**
 * As {@link linalg.matrixExp}: the exponentials of square matrices [*, n, n]. Throws ShapeError where they are not square.
 * @example
 * torch.zeros(2, 2).matrixExp()
 * // tensor([[1., 0.],
 * //         [0., 1.]])
 */
export function matrixExp(x: Tensor): Tensor {
  checkSquare('matrixExp', x, 'input');
  return exponentialOf('matrixExp', x);
}

/**
 * The product of matrices in the order that takes the least work; see {@link linalg.multiDot}. Throws ShapeError where
 * sizes do not fit, TypeError without matrices.
 * @example
 * torch.chainMatmul(torch.ones(1, 3), torch.ones(3, 4), torch.ones(4, 1)) // tensor([[12.]])
 */
export function chainMatmul(...matrices: readonly Tensor[]): Tensor {
  const where = 'chainMatmul';
  if (castsThere(matrices[0])) return castCall(where, chainMatmul, matrices);
  if (matrices.length === 0) throw new TypeError(`${where}: expected one or more matrices`);
  matrices.forEach((x: unknown, i) => checkTensor(where, x, `matrix ${i}`));
  checkChain(where, matrices);
  return matrices.length === 1 ? matrices[0]! : inNameOf(where, () => chain(where, matrices));
}

operators({
  cholesky,
  choleskySolve,
  choleskyInverse,
  inverse,
  det,
  slogdet,
  logdet,
  pinverse,
  svd,
  qr,
  lu,
  luSolve,
  luUnpack,
  matrixPower,
  matrixExp,
  chainMatmul,
});
