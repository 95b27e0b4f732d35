// Products of tensors that matmul.ts is not: contraction of dims, Kronecker, cross product, powers as columns.
import { castCall, castsThere } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { called } from '../history.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { broadcastShapes, range, type Shape, show, wrapDim } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

const product = (sizes: Shape): number => sizes.reduce((a, b) => a * b, 1);

/** Which dims to sum over: how many, the last ones of one with the first ones of the other; or a list for each. */
export type TensordotDims = number | readonly [Shape, Shape] | Tensor;
function contracted(where: string, a: Tensor, b: Tensor, dims: TensordotDims): [number[], number[]] {
  const given = dims instanceof Tensor ? (dims.count === 1 ? dims.item() : dims.tolist()) : dims;
  if (typeof given === 'number') {
    const n = wholeNumber(where, 'dims', given, 0);
    if (n > a.sizes.length || n > b.sizes.length)
      throw new RangeError(`${where}: dims ${n} are more than there are in ${show(a.sizes)} and ${show(b.sizes)}`);
    return [range(n).map((i) => a.sizes.length - n + i), range(n)];
  }
  if (!Array.isArray(given) || given.length !== 2 || !given.every(Array.isArray))
    throw new TypeError(`${where}: expected a number of dims or two lists of them but received ${describe(given)}`);
  const [p, q] = given as unknown[][];
  if (p!.length !== q!.length)
    throw new ShapeError(
      `${where}: both dimension lists should have same length, but got ${p!.length} and ${q!.length}`,
    );
  const wrapped = (list: readonly unknown[], x: Tensor): number[] => {
    const out = list.map((d) => wrapDim(where, d as number, x.sizes.length));
    if (new Set(out).size < out.length)
      throw new RangeError(`${where}: a dim appears multiple times in the list of dims`);
    return out;
  };
  return [wrapped(p!, a), wrapped(q!, b)];
}
/**
 * The product of two tensors, summed over `dims` (2): the last ones of `a` with the first ones of `b`, or those in two
 * lists. Throws ShapeError where their sizes differ.
 * @example
 * torch.tensordot(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1]), 1) // tensor([3, 7])
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  ...args: Call<[dims?: TensordotDims], { dims?: TensordotDims | undefined }>
): Tensor {
  const where = 'tensordot';
  if (castsThere(a)) return castCall(where, tensordot, [a, b, ...args]);
  return inNameOf(where, () => {
    checkTensor(where, a, 'a');
    checkTensor(where, b, 'b');
    commonDevice(where, [a, b]);
    const { dims = 2 } = readArguments<{ dims: TensordotDims }>(where, args, ['dims']);
    if (a.dt !== b.dt)
      throw new DtypeError(`${where}: both inputs should have same dtype, but got ${a.dt.name} and ${b.dt.name}`);
    const [p, q] = contracted(where, a, b, dims);
    let [x, y] = [a, b];
    p.forEach((d, i) => {
      const [n, m] = [a.sizes[d]!, b.sizes[q[i]!]!];
      if (n === m) return;
      if (n !== 1 && m !== 1)
        throw new ShapeError(`${where}: contracted dimensions need to match, but the sizes are ${n} and ${m}`);
      // a size of one counts for every element of the other
      if (n === 1) y = y.sum(q[i]!, true, { dtype: y.dtype });
      else x = x.sum(d, true, { dtype: x.dtype });
    });
    const free = (t: Tensor, dims: readonly number[]): number[] =>
      range(t.sizes.length).filter((d) => !dims.includes(d));
    const [u, v] = [free(x, p), free(y, q)];
    const sizes = [...u.map((d) => x.sizes[d]!), ...v.map((d) => y.sizes[d]!)];
    const n = product(p.map((d) => x.sizes[d]!));
    const left = x.permute([...u, ...p]).reshape(product(u.map((d) => x.sizes[d]!)), n);
    const right = y.permute([...q, ...v]).reshape(n, product(v.map((d) => y.sizes[d]!)));
    return left.mm(right).reshape(sizes);
  });
}
/**
 * The Kronecker product: every element of `a` times all of `b`, in blocks.
 * @example
 * torch.kron(torch.tensor([1, 10]), torch.tensor([1, 2])) // tensor([ 1,  2, 10, 20])
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  const where = 'kron';
  return inNameOf(where, () => {
    checkTensor(where, a);
    checkTensor(where, b, 'other');
    const rank = Math.max(a.sizes.length, b.sizes.length);
    const padded = (x: Tensor): number[] => [...new Array<number>(rank - x.sizes.length).fill(1), ...x.sizes];
    const [p, q] = [padded(a), padded(b)];
    const blocks = a.reshape(p.flatMap((n) => [n, 1])).mul(b.reshape(q.flatMap((n) => [1, n])));
    return blocks.reshape(p.map((n, d) => n * q[d]!));
  });
}
/** Options of cross. */
export interface CrossOptions {
  /** The dim of size 3; by default the first of that size. */
  dim?: number | null | undefined;
}
/**
 * The cross product of vectors of three elements along `dim`, broadcasting. Throws ShapeError for other sizes.
 * @example
 * torch.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0]), { dim: 0 }) // tensor([0, 0, 1])
 */
export function cross(a: Tensor, b: Tensor, ...args: Call<[dim?: number | null], CrossOptions>): Tensor {
  const where = 'cross';
  if (castsThere(a)) return castCall(where, cross, [a, b, ...args]);
  return inNameOf(where, () => {
    checkTensor(where, a);
    checkTensor(where, b, 'other');
    const { dim = null } = readArguments<CrossOptions>(where, args, ['dim']);
    if (a.sizes.length !== b.sizes.length)
      throw new ShapeError(
        `${where}: inputs must have the same number of dimensions, but got ${show(a.sizes)} and ${show(b.sizes)}`,
      );
    const shape = broadcastShapes(where, a.sizes, b.sizes);
    const d = dim === null ? shape.indexOf(3) : wrapDim(where, dim, a.sizes.length);
    if (d < 0) throw new ShapeError(`${where}: no dimension of size 3 in ${show(shape)}`);
    if (a.sizes[d] !== 3 || b.sizes[d] !== 3)
      throw new ShapeError(
        `${where}: inputs dimension ${d} must have length 3, but got ${show(a.sizes)} and ${show(b.sizes)}`,
      );
    const turned = (x: Tensor, by: number): Tensor => x.roll(-by, d);
    const product = turned(a, 1).mul(turned(b, 2));
    return called('linalg_cross', product.sub(turned(a, 2).mul(turned(b, 1))));
  });
}
/** Options of vander. */
export interface VanderOptions {
  N?: number | null | undefined;
  increasing?: boolean | undefined;
}
/**
 * The matrix of the powers of a 1-d tensor, N (its length) columns, the highest one first unless `increasing`. Throws
 * ShapeError for other shapes.
 * @example
 * torch.vander(torch.tensor([1, 2, 3]))
 * // tensor([[1, 1, 1],
 * //         [4, 2, 1],
 * //         [9, 3, 1]])
 */
export function vander(x: Tensor, ...args: Call<[N?: number | null, increasing?: boolean], VanderOptions>): Tensor {
  const where = 'vander';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<VanderOptions>(where, args, ['N', 'increasing']);
    if (x.sizes.length !== 1)
      throw new ShapeError(`${where}: x must be a one-dimensional tensor, but got shape ${show(x.sizes)}`);
    const n = wholeNumber(where, 'N', options.N ?? x.count, 0);
    const increasing = flag(where, 'increasing', options.increasing, false);
    const first = x.dt.kind === 2 ? x : x.long();
    if (n === 0) return emptyTensor([x.count, 0], first.dt, first.device);
    const ones = emptyTensor(x.sizes, first.dt, first.device).fill_(1);
    const powers = cat([ones.unsqueeze(1), first.unsqueeze(1).expand([x.count, n - 1])], 1);
    const columns = powers.cumprod(1);
    return increasing ? columns : columns.flip(1);
  });
}

operators({ tensordot, kron, cross, vander });
