// torch.linalg: products and powers of matrices, and small things beside them.
import { castCall, casting, castsThere } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor } from '../dispatch.ts';
import { BOOL, FLOATING, int64 } from '../dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { cat } from '../ops/join.ts';
import { matmul as matmulOf } from '../ops/matmul.ts';
import { diagonal as diagonalView } from '../ops/pieces.ts';
import { broadcastShapes, show, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import {
  batchOf,
  checkSame,
  checkSquare,
  checkSquareShape,
  colsOf,
  eyes,
  failOn,
  rowsOf,
  SINGULAR,
} from './internal/matrices.ts';
import { inverseOf, solution } from './internal/solving.ts';

/**
 * The matrix product, as torch.matmul. Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linalg.matmul(torch.tensor([[1, 2]]), torch.tensor([[3], [4]])) // tensor([[11]])
 */
export function matmul(input: Tensor, other: Tensor): Tensor {
  return matmulOf(input, other);
}

/** Options of {@link diagonal}. */
export interface DiagonalOptions {
  offset?: number | undefined;
  dim1?: number | undefined;
  dim2?: number | undefined;
}
/**
 * The diagonals of matrices in two dims of A, by default its last, as the last dim of a view. Throws RangeError where
 * there are no such dims.
 * @example
 * torch.linalg.diagonal(torch.arange(8).reshape(2, 2, 2))
 * // tensor([[0, 3],
 * //         [4, 7]])
 */
export function diagonal(A: Tensor, options?: DiagonalOptions): Tensor {
  checkTensor('diagonal', A, 'A');
  const given = readArguments<DiagonalOptions>('diagonal', [options], [], ['offset', 'dim1', 'dim2']);
  return diagonalView(A, given.offset ?? 0, given.dim1 ?? -2, given.dim2 ?? -1);
}

/** Of checked matrices, with the name of who asks. */
export function powerOf(where: string, a: Tensor, n: unknown): Tensor {
  if (typeof n !== 'number' || !Number.isSafeInteger(n))
    throw new TypeError(`${where}: expected a whole number for n but received ${describe(n)}`);
  // part of the graph: what depends on it has zeros as gradients
  if (n === 0) return a.clone().copy_(eyes(batchOf(a), rowsOf(a), rowsOf(a), a));
  let base = a;
  if (n < 0) {
    checkSquare(where, a);
    const { inverse, info } = inverseOf(a);
    failOn(where, info, SINGULAR);
    base = inverse;
  }
  let out: Tensor | null = null;
  for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) out = out === null ? base : inNameOf(where, () => out!.matmul(base));
    if (left > 1) base = inNameOf(where, () => base.matmul(base));
  }
  return out === a ? a.clone() : out!;
}
/**
 * Square matrices [*, n, n] to a whole power; negative ones are those of the inverse. Throws ShapeError where they are
 * not square, TypeError for other powers, LinAlgError for negative powers of a singular one.
 * @example
 * torch.linalg.matrixPower(torch.tensor([[1, 1], [1, 0]]), 10)
 * // tensor([[89, 55],
 * //         [55, 34]])
 */
export function matrixPower(A: Tensor, ...args: [n: number] | [options: { n: number }]): Tensor {
  checkSquareShape('matrixPower', A);
  return powerOf('matrixPower', A, readArguments<{ n: number }>('matrixPower', args, ['n']).n);
}

// Padé approximants of exp, and up to which norm they are exact to the dtype (Higham 2005): [13/13] in float64, [7/7] in
// float32
const PADE = {
  float64: {
    limit: 5.371920351148152,
    b: [
      64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
      670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
    ],
  },
  float32: { limit: 3.92572478313866, b: [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1] },
} as const;

/** Of checked matrices; recorded. */
export function exponentialOf(where: string, a: Tensor): Tensor {
  const out = a.count === 0 ? a.detach().clone() : exponential(where, a.detach());
  return record('linalgMatrixExp', out, [a], [a], (g, n) => {
    // the derivative of exp at Aᵀ in the direction g is a block of the exponential of [[Aᵀ, g], [0, Aᵀ]]
    const t = n.unpack(0).mT;
    const size = rowsOf(t);
    const zeros = emptyTensor(t.sizes, t.dt, t.device).zero_();
    const block = cat([cat([t, g], -1), cat([zeros, t], -1)], -2);
    return [exponentialOf(where, block).narrow(-2, 0, size).narrow(-1, size, size)];
  });
}
function exponential(where: string, a: Tensor): Tensor {
  const size = Number(a.abs().sum(-2).amax().item());
  if (!Number.isFinite(size)) return a.mul(Number.NaN);
  const { limit, b } = PADE[a.dtype as 'float32' | 'float64'];
  const squarings = size > limit ? Math.ceil(Math.log2(size / limit)) : 0;
  const x = a.mul(2 ** -squarings);
  const eye = eyes([], rowsOf(a), rowsOf(a), a);
  const x2 = x.matmul(x);
  const x4 = x2.matmul(x2);
  const x6 = x4.matmul(x2);
  // Σ b x^2i from b[from] on
  const even = (from: 0 | 1): Tensor => {
    const low = x6
      .mul(b[from + 6]!)
      .add(x4.mul(b[from + 4]!))
      .add(x2.mul(b[from + 2]!))
      .add(eye.mul(b[from]!));
    if (b.length < 14) return low;
    const high = x6
      .mul(b[from + 12]!)
      .add(x4.mul(b[from + 10]!))
      .add(x2.mul(b[from + 8]!));
    return x6.matmul(high).add(low);
  };
  const u = x.matmul(even(1));
  const v = even(0);
  let out = solution(where, v.sub(u), v.add(u)).result;
  for (let i = 0; i < squarings; i++) out = out.matmul(out);
  return out;
}
/**
 * The exponentials of square matrices [*, n, n], by scaling and squaring. Throws ShapeError where they are not square,
 * DtypeError for other dtypes than float32 and float64.
 * @example
 * torch.linalg.matrixExp(torch.tensor([[0.0, 1], [0, 0]]).float())
 * // tensor([[1., 1.],
 * //         [0., 1.]])
 */
export function matrixExp(A: Tensor): Tensor {
  checkSquare('matrixExp', A);
  return exponentialOf('matrixExp', A);
}

/** The product of a chain of matrices in the order that takes the least work. */
export function chain(where: string, matrices: readonly Tensor[]): Tensor {
  const count = matrices.length;
  const sizes = [rowsOf(matrices[0]!), ...matrices.map(colsOf)];
  const cost = matrices.map(() => new Array<number>(count).fill(0));
  const cut = matrices.map(() => new Array<number>(count).fill(0));
  for (let length = 1; length < count; length++) {
    for (let i = 0; i + length < count; i++) {
      const j = i + length;
      cost[i]![j] = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const q = cost[i]![k]! + cost[k + 1]![j]! + sizes[i]! * sizes[k + 1]! * sizes[j + 1]!;
        if (q < cost[i]![j]!) {
          cost[i]![j] = q;
          cut[i]![j] = k;
        }
      }
    }
  }
  const product = (i: number, j: number): Tensor =>
    i === j ? matrices[i]! : product(i, cut[i]![j]!).matmul(product(cut[i]![j]! + 1, j));
  return inNameOf(where, () => product(0, count - 1));
}
/** Checks that neighbours fit. */
export function checkChain(where: string, matrices: readonly Tensor[]): void {
  matrices.forEach((m, i) => {
    if (m.sizes.length !== 2) throw new ShapeError(`${where}: tensor ${i} must be 2D but got ${show(m.sizes)}`);
    const next = matrices[i + 1];
    if (next?.sizes.length === 2 && colsOf(m) !== rowsOf(next)) {
      throw new ShapeError(
        `${where}: tensors ${i} and ${i + 1} with shapes ${show(m.sizes)} and ${show(next.sizes)} cannot be multiplied`,
      );
    }
  });
}
/**
 * The product of two or more matrices, of which the first and the last may be vectors, in the order that takes the least
 * work. Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linalg.multiDot([torch.ones(1, 3), torch.ones(3, 4), torch.ones(4)]) // tensor([12.])
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  const where = 'multiDot';
  if (Array.isArray(tensors) && castsThere(tensors[0])) return castCall(where, multiDot, [tensors]);
  if (!Array.isArray(tensors))
    throw new TypeError(`${where}: expected a list of tensors but received ${describe(tensors)}`);
  if (tensors.length < 2) throw new ShapeError(`${where}: expected at least 2 tensors but got ${tensors.length}`);
  tensors.forEach((x: unknown, i) => checkTensor(where, x, `tensor ${i}`));
  const list = [...(tensors as readonly Tensor[])];
  const [first, last] = [list[0]!, list[list.length - 1]!];
  const row = first.sizes.length === 1;
  const col = last.sizes.length === 1;
  if (row) list[0] = first.unsqueeze(0);
  if (col) list[list.length - 1] = last.unsqueeze(-1);
  checkChain(where, list);
  let out = chain(where, list);
  if (row) out = out.squeeze(0);
  return col ? out.squeeze(-1) : out;
}

/**
 * The sums of the products of x and y, which broadcast, along a dim. Throws ShapeError where sizes do not fit, DtypeError
 * where dtypes differ or are not floating point.
 * @example
 * torch.linalg.vecdot(torch.tensor([[1.5, 2], [3, 4]]), torch.ones(2)) // tensor([3.5000, 7.0000])
 */
export function vecdot(x: Tensor, y: Tensor, options?: { dim?: number | undefined }): Tensor {
  if (casting.on) return castCall('vecdot', vecdot, [x, y, options]);
  const where = 'vecdot';
  checkTensor(where, x, 'x');
  checkTensor(where, y, 'y');
  const { dim = -1 } = readArguments<{ dim: number }>(where, [options], [], ['dim']);
  const rank = Math.max(x.sizes.length, y.sizes.length);
  const at = wrapDim(where, dim, rank);
  if (x.dt.kind !== FLOATING)
    throw new DtypeError(`${where}: expected a floating point tensor as input, got ${x.dt.name}`);
  checkSame(where, x, y, 'x', 'y');
  broadcastShapes(where, x.sizes, y.sizes);
  return inNameOf(where, () => x.mul(y).sum(at));
}

/**
 * The products x × y of vectors of 3 elements along a dim, over the other dims of which they broadcast. Throws
 * ShapeError where the dim's size is not 3.
 * @example
 * torch.linalg.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0])) // tensor([0, 0, 1])
 */
export function cross(input: Tensor, other: Tensor, options?: { dim?: number | undefined }): Tensor {
  const where = 'cross';
  checkTensor(where, input);
  checkTensor(where, other, 'other');
  const { dim = -1 } = readArguments<{ dim: number }>(where, [options], [], ['dim']);
  if (input.sizes.length !== other.sizes.length) {
    throw new ShapeError(
      `${where}: inputs must have the same number of dimensions, got ${show(input.sizes)} and ${show(other.sizes)}`,
    );
  }
  const at = wrapDim(where, dim, input.sizes.length);
  if (input.sizes[at] !== 3 || other.sizes[at] !== 3)
    throw new ShapeError(
      `${where}: dimension ${dim} of the inputs must have length 3, got ${show(input.sizes)} and ${show(other.sizes)}`,
    );
  const sizes = broadcastShapes(where, input.sizes, other.sizes);
  const [x, y] = [input.expand(sizes), other.expand(sizes)];
  return inNameOf(where, () =>
    x
      .roll(-1, at)
      .mul(y.roll(-2, at))
      .sub(x.roll(-2, at).mul(y.roll(-1, at))),
  );
}

/**
 * The powers 0 to N - 1 (by default N is n) of the elements of x [*, n], along a new last dim. Throws RangeError for an N
 * that is no whole number from 2 on, ShapeError for a 0-d x, DtypeError for bool and halves.
 * @example
 * torch.linalg.vander(torch.tensor([2, 3]), { N: 3 })
 * // tensor([[1, 2, 4],
 * //         [1, 3, 9]])
 */
export function vander(x: Tensor, ...args: Call<[N?: number | null], { N?: number | null | undefined }>): Tensor {
  const where = 'vander';
  checkTensor(where, x, 'x');
  // a number is a vector of one
  if (x.sizes.length === 0) return vander(x.reshape([1]), ...args);
  const { N } = readArguments<{ N: number | null }>(where, args, ['N']);
  const n = N ?? x.sizes[x.sizes.length - 1]!;
  if (!Number.isInteger(n) || n <= 1)
    throw new RangeError(`${where}: N must be a whole number greater than 1, got ${describe(n)}`);
  if (x.dt.kind === BOOL || (x.dt.kind === FLOATING && x.dt.size < 4))
    throw new DtypeError(`${where}: supports floating point and integer tensors, but got ${x.dtype}`);
  const t = x.dt.kind === FLOATING ? x : x.to(int64.name);
  const ones = emptyTensor([...x.sizes, 1], t.dt, t.device).fill_(1);
  return cat([ones, t.unsqueeze(-1).expand([...x.sizes, n - 1])], -1).cumprod(-1);
}
