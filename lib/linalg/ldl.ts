// torch.linalg: LDLᵀ decompositions of symmetric matrices, and systems solved with them.
import { readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { int32 } from '../dtype.ts';
import { AutogradError, DtypeError, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { named, type Pair, pair } from '../ops/internal/named.ts';
import { flag } from '../ops/internal/reducing.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import {
  asBatch,
  asRows,
  batchOf,
  checkMatrices,
  checkSame,
  checkSquare,
  commonBatch,
  copyOf,
  failOn,
  rowsOf,
} from './internal/matrices.ts';
import type { CheckOptions } from './solve.ts';

const factorKernel = kernel('linalgLdlFactor');
const solveKernel = kernel('linalgLdlSolve');

/** Options of {@link ldlFactor} and {@link ldlSolve}. */
export interface LdlOptions {
  /** Complex matrices equal to their conjugate transpose; of real ones it means nothing. */
  hermitian?: boolean | undefined;
}
/** What PyTorch has no derivative of. */
function final(where: string, out: Tensor, inputs: readonly Tensor[]): Tensor {
  return record(where, out, inputs, [], () => {
    throw new AutogradError(`${where}: the derivative of ${where} is not implemented, as in PyTorch`);
  });
}
function factored(where: string, a: Tensor): { LD: Tensor; pivots: Tensor; info: Tensor } {
  checkSquare(where, a);
  const LD = copyOf(a).tril();
  const pivots = emptyTensor(a.sizes.slice(0, -1), int32, a.device);
  const info = emptyTensor(batchOf(a), int32, a.device);
  runStruct(factorKernel, [asBatch(LD), asRows(pivots), asRows(info, 0)]);
  return { LD: final(where, LD, [a]), pivots, info };
}
const SINGULAR = (code: number): string => `The factorization has a zero at the diagonal of D (element ${code}).`;

/**
 * The compact LDLᵀ decomposition of symmetric matrices [*, n, n], of which only the lower halves are read, by Bunch and
 * Kaufman's pivoting: LD [*, n, n], and LAPACK's pivots, int32 [*, n], counted from 1 and negative for blocks of 2 by 2.
 * Throws LinAlgError where D has a zero, ShapeError where the matrices are not square.
 * @example
 * torch.linalg.ldlFactor(torch.tensor([[4.0, 2], [2, 5]]).float()).LD
 * // tensor([[4.0000, 0.0000],
 * //         [0.5000, 4.0000]])
 */
export function ldlFactor(A: Tensor, options?: LdlOptions): Pair<'LD', 'pivots'> {
  const where = 'ldlFactor';
  flag(where, 'hermitian', readArguments<LdlOptions>(where, [options], [], ['hermitian']).hermitian, false);
  const { LD, pivots, info } = factored(where, A);
  failOn(where, info, SINGULAR);
  return pair('linalg_ldl_factor', 'LD', LD, 'pivots', pivots);
}
/**
 * As {@link ldlFactor}, with the codes of the matrices, int32 [*], instead of an error: 0, or the first zero in D from 1
 * on. Throws ShapeError where the matrices are not square.
 * @example
 * torch.linalg.ldlFactorEx(torch.zeros(2, 2)).info // tensor(1, dtype=torch.int32)
 */
export function ldlFactorEx(
  A: Tensor,
  options?: LdlOptions & CheckOptions,
): [Tensor, Tensor, Tensor] & { LD: Tensor; pivots: Tensor; info: Tensor } {
  const where = 'ldlFactorEx';
  const given = readArguments<LdlOptions & CheckOptions>(where, [options], [], ['hermitian', 'checkErrors']);
  flag(where, 'hermitian', given.hermitian, false);
  const { LD, pivots, info } = factored(where, A);
  if (flag(where, 'checkErrors', given.checkErrors, false)) failOn(where, info, SINGULAR);
  return named('linalg_ldl_factor_ex', [LD, pivots, info], ['LD', 'pivots', 'info']);
}
/**
 * X with A X = B [*, n, k], for the matrices A that {@link ldlFactor} decomposed; batches broadcast. Throws ShapeError where
 * sizes do not fit, DtypeError where dtypes differ, RangeError for pivots that are none.
 * @example
 * const { LD, pivots } = torch.linalg.ldlFactor(torch.tensor([[4.0, 2], [2, 5]]).float())
 * torch.linalg.ldlSolve(LD, pivots, torch.tensor([[8.0], [12]]).float())
 * // tensor([[1.],
 * //         [2.]])
 */
export function ldlSolve(LD: Tensor, pivots: Tensor, B: Tensor, options?: LdlOptions): Tensor {
  const where = 'ldlSolve';
  flag(where, 'hermitian', readArguments<LdlOptions>(where, [options], [], ['hermitian']).hermitian, false);
  checkSquare(where, LD, 'LD');
  checkTensor(where, pivots, 'pivots');
  checkMatrices(where, B, 'B');
  checkSame(where, LD, B, 'LD', 'B');
  if (pivots.dt !== int32)
    throw new DtypeError(`${where}: expected pivots of dtype int32 but received ${pivots.dtype}`);
  if (!sameShape(pivots.sizes, LD.sizes.slice(0, -1)))
    throw new ShapeError(
      `${where}: expected LD.shape[:-1] and pivots.shape to be the same, but got ${show(pivots.sizes)} and ${show(LD.sizes)}`,
    );
  if (rowsOf(LD) !== rowsOf(B))
    throw new ShapeError(`${where}: incompatible shapes of LD and B: ${show(LD.sizes)} and ${show(B.sizes)}`);
  const batch = commonBatch(where, LD, B);
  const n = rowsOf(LD);
  const out = copyOf(B, batch);
  if (out.count > 0)
    runStruct(solveKernel, [
      asBatch(out),
      asBatch(copyOf(LD, batch)),
      asRows(pivots.expand([...batch, n]).contiguous()),
    ]);
  return final(where, out, [LD, B]);
}
