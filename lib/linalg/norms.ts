// torch.linalg: norms of vectors and matrices, and condition numbers.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { type DTypeName, FLOATING, toDType } from '../dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { norm as vectorNormOf } from '../ops/reduce.ts';
import { flag } from '../ops/internal/reducing.ts';
import { allDims, show, wrapDim, wrapDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkFloats, checkMatrices, checkSquare } from './internal/matrices.ts';
import { inverseOf } from './internal/solving.ts';
import { svdvalsOf } from './internal/spectral.ts';

/** Of a vector: p of `(Σ |x|ᵖ)^(1/p)`; 0 counts what is not zero, ±Infinity is the largest or smallest magnitude. */
export type VectorOrd = number;
/** Of a matrix: Frobenius, nuclear, or ±1 (sums of columns), ±2 (singular values), ±Infinity (sums of rows). */
export type MatrixOrd = 'fro' | 'nuc' | number;
type Dim = number | readonly number[] | null;

/** Options of the norms. */
export interface NormalOptions {
  dim?: Dim | undefined;
  keepdim?: boolean | undefined;
  /** Converted to before anything is computed. */
  dtype?: DTypeName | null | undefined;
}
/** Options of {@link vectorNorm}. */
export interface VectorNormOptions extends NormalOptions {
  ord?: VectorOrd | undefined;
}
/** Options of {@link matrixNorm} and {@link norm}. */
export interface MatrixNormOptions extends NormalOptions {
  ord?: MatrixOrd | null | undefined;
}

/** Converted, floating, or refused. */
function source(where: string, x: Tensor, dtype: unknown): Tensor {
  if (x.dt.kind !== FLOATING)
    throw new DtypeError(`${where}: expected a floating point tensor as input, got ${x.dt.name}`);
  if (dtype === undefined || dtype === null) return x;
  const to = toDType(dtype, where);
  if (to.kind !== FLOATING) throw new DtypeError(`${where}: dtype should be floating point, but got ${to.name}`);
  if (to.size < x.dt.size)
    throw new DtypeError(
      `${where}: the dtype of the input (${x.dtype}) should be convertible without narrowing to ${to.name}`,
    );
  return x.to(to.name);
}

function vectors(where: string, x: Tensor, ord: unknown, dim: Dim, keepdim: boolean): Tensor {
  if (typeof ord !== 'number' || Number.isNaN(ord))
    throw new TypeError(`${where}: expected a number for ord but received ${describe(ord)}`);
  return inNameOf(where, () => vectorNormOf(x, { p: ord, dim, keepdim }));
}

/**
 * The norms of x as vectors: of all elements, or along dims; for float16 and bfloat16 too. Throws DtypeError for
 * integers and bools, RangeError if there is no such dim.
 * @example
 * torch.linalg.vectorNorm(torch.tensor([[3.0, 4], [6, 8]]).float(), { dim: 1 }) // tensor([ 5., 10.])
 */
export function vectorNorm(
  x: Tensor,
  ...args: Call<[ord?: VectorOrd, dim?: Dim, keepdim?: boolean], VectorNormOptions>
): Tensor {
  const where = 'vectorNorm';
  checkTensor(where, x, 'x');
  const options = readArguments<VectorNormOptions>(where, args, ['ord', 'dim', 'keepdim'], ['dtype']);
  const keepdim = flag(where, 'keepdim', options.keepdim, false);
  return vectors(where, source(where, x, options.dtype), options.ord ?? 2, options.dim ?? null, keepdim);
}

/** Of matrices in two different dims. */
function matrices(where: string, A: Tensor, ord: unknown, dim: Dim, keepdim: boolean): Tensor {
  const dims = Array.isArray(dim) ? (dim as readonly number[]) : null;
  if (dims === null || dims.length !== 2) throw new ShapeError(`${where}: dim must be a 2-tuple, got ${describe(dim)}`);
  const [row, col] = dims.map((d) => wrapDim(where, d, A.sizes.length)) as [number, number];
  if (row === col) throw new RangeError(`${where}: dims must be different, got ${show(dims)}`);
  if (ord === 'fro') return vectors(where, A, 2, [row, col], keepdim);
  const size = typeof ord === 'number' ? Math.abs(ord) : ord;
  if (size === 1 || size === Number.POSITIVE_INFINITY) {
    const [summed, picked] = size === 1 ? [row, col] : [col, row];
    return inNameOf(where, () => {
      // an empty matrix has norm 0
      if (A.sizes[picked] === 0) return A.sum([row, col], keepdim);
      const sums = A.abs().sum(summed, true);
      const out = Number(ord) > 0 ? sums.amax(picked, true) : sums.amin(picked, true);
      return keepdim ? out : out.squeeze([row, col]);
    });
  }
  if (size === 2 || ord === 'nuc') {
    checkFloats(where, A);
    const rest = allDims(A.sizes.length).filter((d) => d !== row && d !== col);
    const s = svdvalsOf(where, A.permute([...rest, row, col]));
    const out = inNameOf(where, () =>
      ord === 'nuc' || s.sizes[s.sizes.length - 1] === 0 ? s.sum(-1) : ord === 2 ? s.amax(-1) : s.amin(-1),
    );
    if (!keepdim) return out;
    return out.reshape(A.sizes.map((n, d) => (d === row || d === col ? 1 : n)));
  }
  throw new RangeError(`${where}: ${describe(ord)} is no order of a matrix norm: 'fro', 'nuc', ±1, ±2 or ±Infinity`);
}

/**
 * The norms of matrices in two dims of A, by default its last. Throws DtypeError for integers and bools, RangeError for
 * an unknown order, ShapeError for less than 2 dims.
 * @example
 * torch.linalg.matrixNorm(torch.tensor([[1.0, -7], [2, 3]]).float(), 1) // tensor(10.)
 */
export function matrixNorm(
  A: Tensor,
  ...args: Call<[ord?: MatrixOrd, dim?: readonly number[], keepdim?: boolean], MatrixNormOptions>
): Tensor {
  const where = 'matrixNorm';
  checkTensor(where, A, 'A');
  const options = readArguments<MatrixNormOptions>(where, args, ['ord', 'dim', 'keepdim'], ['dtype']);
  if (A.sizes.length < 2)
    throw new ShapeError(`${where}: A must have at least 2 dimensions, but it has shape ${show(A.sizes)}`);
  const keepdim = flag(where, 'keepdim', options.keepdim, false);
  return matrices(where, source(where, A, options.dtype), options.ord ?? 'fro', options.dim ?? [-2, -1], keepdim);
}

/**
 * Without an order the 2-norm of all elements, or along dims; with one the vector norm along one dim (or of a vector), or
 * the matrix norm over two (or of a matrix). Throws as {@link vectorNorm} and {@link matrixNorm} do.
 * @example
 * torch.linalg.norm(torch.tensor([[3.0, 0], [0, 4]]).float(), 'nuc') // tensor(7.)
 */
export function norm(
  A: Tensor,
  ...args: Call<[ord?: MatrixOrd | null, dim?: Dim, keepdim?: boolean], MatrixNormOptions>
): Tensor {
  const where = 'norm';
  checkTensor(where, A, 'A');
  const options = readArguments<MatrixNormOptions>(where, args, ['ord', 'dim', 'keepdim'], ['dtype']);
  const keepdim = flag(where, 'keepdim', options.keepdim, false);
  const x = source(where, A, options.dtype);
  const { ord } = options;
  const dim = options.dim ?? null;
  if (dim !== null) wrapDims(where, dim, x.sizes.length);
  if (ord === undefined || ord === null) return vectors(where, x, 2, dim, keepdim);
  const count = dim === null ? x.sizes.length : typeof dim === 'number' ? 1 : dim.length;
  if (count === 2) return matrices(where, x, ord, dim ?? [0, 1], keepdim);
  if (dim === null && count !== 1) {
    throw new ShapeError(
      `${where}: if dim is not specified but ord is, the input must be 1D or 2D, got ${show(A.sizes)}`,
    );
  }
  if (typeof ord === 'string' || count !== 1)
    throw new ShapeError(`${where}: the order ${describe(ord)} needs two dims, or a number one; got ${count}`);
  return vectors(where, x, ord, dim, keepdim);
}

/**
 * The condition numbers of matrices [*, m, n]: by default the largest singular value over the smallest; otherwise
 * `norm(A, p) norm(A^-1, p)` of square ones, infinite for singular ones. Throws RangeError for an unknown p, ShapeError
 * where sizes do not fit.
 * @example
 * torch.linalg.cond(torch.tensor([[2.0, 0], [0, 4]]).float(), 1) // tensor(2.)
 */
export function cond(A: Tensor, ...args: Call<[p?: MatrixOrd | null], { p?: MatrixOrd | null | undefined }>): Tensor {
  if (casting.on) return castCall('cond', cond, [A, ...args]);
  const where = 'cond';
  checkMatrices(where, A);
  const p = readArguments<{ p: MatrixOrd | null }>(where, args, ['p']).p ?? null;
  if (p === null || p === 2 || p === -2) {
    const s = svdvalsOf(where, A);
    return inNameOf(where, () => {
      if (s.sizes[s.sizes.length - 1] === 0) return s.sum(-1);
      const [high, low] = [s.select(-1, 0), s.select(-1, s.sizes[s.sizes.length - 1]! - 1)];
      return p === -2 ? low.div(high) : high.div(low);
    });
  }
  if (p !== 'fro' && p !== 'nuc' && !(typeof p === 'number' && [1, Number.POSITIVE_INFINITY].includes(Math.abs(p))))
    throw new RangeError(`${where}: got an invalid norm type: ${describe(p)}`);
  checkSquare(where, A);
  if (A.count === 0) return A.sum([-2, -1]);
  const { inverse, info } = inverseOf(A);
  const whole = info.ne(0);
  const safe = inverse.maskedFill(whole.unsqueeze(-1).unsqueeze(-1), 0);
  const product = matrices(where, A, p, [-2, -1], false).mul(matrices(where, safe, p, [-2, -1], false));
  return product.maskedFill(whole, Number.POSITIVE_INFINITY);
}
