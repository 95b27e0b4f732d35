// What the functions of torch.linalg share: checks of their matrices, dense copies for the kernels, and their errors.
import type { Device } from '../../device.ts';
import { checkTensor, commonDevice } from '../../dispatch.ts';
import { bool, type DType, FLOATING, float32, float64, int64, REMEDY } from '../../dtype.ts';
import { DtypeError, LinAlgError, ShapeError } from '../../errors.ts';
import { fromTyped, reshaped } from '../../ops/internal/reducing.ts';
import { broadcastShapes, type Shape, show, sizeOf } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

/** Refuses other dtypes than float32 and float64. */
export function checkFloats(where: string, a: Tensor): void {
  if (a.dt === float32 || a.dt === float64) return;
  throw new DtypeError(
    a.dt.kind === FLOATING
      ? `${where}: low precision dtypes not supported, got ${a.dt.name}`
      : `${where}: expected a floating point tensor as input, got ${a.dt.name}; ${REMEDY}`,
  );
}
/** A batch of matrices of any dtype. */
export function checkMatrix(where: string, a: unknown, name = 'A'): asserts a is Tensor {
  checkTensor(where, a, name);
  if (a.sizes.length < 2)
    throw new ShapeError(`${where}: ${name} must have at least 2 dimensions, but it has shape ${show(a.sizes)}`);
}
/** A batch of matrices of float32 or float64. */
export function checkMatrices(where: string, a: unknown, name = 'A'): asserts a is Tensor {
  checkMatrix(where, a, name);
  checkFloats(where, a);
}
/** Square ones, of any dtype. */
export function checkSquareShape(where: string, a: unknown, name = 'A'): asserts a is Tensor {
  checkMatrix(where, a, name);
  const [m, n] = [rowsOf(a), colsOf(a)];
  if (m !== n)
    throw new ShapeError(`${where}: ${name} must be batches of square matrices, but they are ${m} by ${n} matrices`);
}
/** Square ones, of float32 or float64. */
export function checkSquare(where: string, a: unknown, name = 'A'): asserts a is Tensor {
  checkSquareShape(where, a, name);
  checkFloats(where, a);
}
/** Of one dtype and on one device. */
export function checkSame(where: string, a: Tensor, b: Tensor, nameA = 'A', nameB = 'B'): void {
  if (a.dt !== b.dt) {
    throw new DtypeError(
      `${where}: expected ${nameA} and ${nameB} to have the same dtype, but found ${a.dt.name} and ${b.dt.name}`,
    );
  }
  commonDevice(where, [a, b]);
}

export const rowsOf = (a: Tensor): number => a.sizes[a.sizes.length - 2]!;
export const colsOf = (a: Tensor): number => a.sizes[a.sizes.length - 1]!;
export const batchOf = (a: Tensor): Shape => a.sizes.slice(0, -2);

/** The same memory as [B, m, n]; `x` is dense and fresh. */
export const asBatch = (x: Tensor): Tensor =>
  x.sizes.length === 3 ? x : reshaped(x, [sizeOf(batchOf(x)), rowsOf(x), colsOf(x)]);
/** The same memory as [B, n], or [B] without `tail`; `x` is dense and fresh. */
export const asRows = (x: Tensor, tail: 0 | 1 = 1): Tensor =>
  reshaped(x, tail === 0 ? [x.count] : [sizeOf(x.sizes.slice(0, -1)), x.sizes[x.sizes.length - 1]!]);

/** A fresh dense copy, broadcast over `batch`, that a kernel may write to. */
export function copyOf(x: Tensor, batch: Shape = batchOf(x)): Tensor {
  const out = emptyTensor([...batch, rowsOf(x), colsOf(x)], x.dt, x.device);
  if (out.count > 0) out.copy_(x.detach());
  return out;
}
/** A fresh batch of identities, of the dtype and on the device of a tensor. */
export function eyes(batch: Shape, m: number, n: number, { dt, device }: Tensor): Tensor {
  const out = emptyTensor([...batch, m, n], dt, device);
  if (out.count === 0) return out;
  out.zero_();
  out.diagonal(0, -2, -1).fill_(1);
  return out;
}
/** True where `a` is not on its diagonal, [m, n]. */
export function offDiagonal(m: number, n: number, device: Device): Tensor {
  const out = emptyTensor([m, n], bool, device);
  if (out.count === 0) return out;
  out.fill_(true);
  out.diagonal(0, -2, -1).fill_(false);
  return out;
}
/** Vectors [..., n] as diagonal matrices; differentiable. */
export function diagonals(v: Tensor): Tensor {
  const n = v.sizes[v.sizes.length - 1]!;
  return v
    .unsqueeze(-1)
    .expand([...v.sizes, n])
    .maskedFill(offDiagonal(n, n, v.device), 0);
}
export const diagonalOf = (a: Tensor): Tensor => a.diagonal(0, -2, -1);

/** The batch dims of two operands, broadcast. */
export const commonBatch = (where: string, a: Tensor, b: Tensor): Shape =>
  broadcastShapes(where, batchOf(a), batchOf(b));

/** Throws for the first matrix whose code is not 0. */
export function failOn(where: string, info: Tensor, message: (code: number) => string): void {
  // the common case of a large batch, without its codes in JavaScript
  if (info.count > 32 && Number(info.amax().item()) === 0) return;
  const codes = info.values().map(Number);
  const i = codes.findIndex((c) => c !== 0);
  if (i < 0) return;
  const element = info.sizes.length > 0 ? `(Batch element ${i}): ` : '';
  throw new LinAlgError(`${where}: ${element}${message(codes[i]!)}`);
}
export const SINGULAR = (code: number): string =>
  `The diagonal element ${code} is zero, the inversion could not be completed because the input matrix is singular.`;
export const INDEFINITE = (code: number): string =>
  `The factorization could not be completed because the input is not positive-definite (the leading minor of order ${code} is not positive-definite).`;
export const DIVERGED = (code: number): string =>
  code === 2
    ? 'The algorithm failed to converge because the input matrix contained non-finite values.'
    : 'The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated values.';

/** What row swaps from 1 (LAPACK's pivots, [..., k]) make of the rows 0 to m - 1: int64 [..., m]. */
export function permutationOf(where: string, pivots: Tensor, m: number): Tensor {
  const k = pivots.sizes[pivots.sizes.length - 1]!;
  const batch = pivots.sizes.slice(0, -1);
  const count = sizeOf(batch);
  const swaps = pivots.detach().values();
  const out = new BigInt64Array(count * m);
  for (let b = 0; b < count; b++) {
    const rows = out.subarray(b * m, (b + 1) * m);
    for (let i = 0; i < m; i++) rows[i] = BigInt(i);
    for (let i = 0; i < k; i++) {
      const p = Number(swaps[b * k + i]) - 1;
      if (!(p >= 0 && p < m) || i >= m)
        throw new RangeError(`${where}: pivots should be between 1 and ${m}, but one of them is ${p + 1}`);
      [rows[i], rows[p]] = [rows[p]!, rows[i]!];
    }
  }
  return fromTyped(out, [...batch, m], int64, pivots.device);
}
/** The matrix P of a permutation [..., m]: P[perm[i], i] = 1. */
export function permutationMatrix(perm: Tensor, dt: DType): Tensor {
  const m = perm.sizes[perm.sizes.length - 1]!;
  const out = emptyTensor([...perm.sizes, m], dt, perm.device);
  if (out.count === 0) return out;
  out.zero_();
  return out.scatter(-2, perm.unsqueeze(-2), 1);
}
