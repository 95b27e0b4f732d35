// Rearrangements that copy: flip, roll, and the triangles of matrices.
import { type Call, readArguments } from '../arguments.ts';
import { called, record } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { type Shape, wrapDim, wrapDims, listOf } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

const flipKernel = kernel('flip');
/**
 * The order along dims reversed. Throws RangeError for a dim that is not there.
 * @example
 * torch.flip(torch.tensor([1, 2, 3]), [0]) // tensor([3, 2, 1])
 */
export function flip(x: Tensor, ...dims: (number | Shape)[]): Tensor {
  checkTensor('flip', x);
  const list = listOf('flip', dims);
  if (list.length === 0 || x.sizes.length === 0) {
    list.forEach((d) => wrapDim('flip', d, x.sizes.length));
    return x.clone();
  }
  const wrapped = wrapDims('flip', list, x.sizes.length);
  const out = emptyTensor(x.sizes, x.dt, x.device);
  if (out.count > 0) runStruct(flipKernel, [out, x], [wrapped.reduce((bits, d) => bits + 2 ** d, 0)]);
  return record('flip', out, [x], [], (g) => [g.flip(wrapped)]);
}
/**
 * Columns in reverse order: the second dim flipped. Throws ShapeError for less than 2 dims.
 * @example
 * torch.fliplr(torch.tensor([[1, 2], [3, 4]]))
 * // tensor([[2, 1],
 * //         [4, 3]])
 */
export function fliplr(x: Tensor): Tensor {
  checkTensor('fliplr', x);
  if (x.sizes.length < 2) throw new ShapeError(`fliplr: input must be at least 2-d, not ${x.sizes.length}-d`);
  return flip(x, 1);
}
/**
 * Rows in reverse order: the first dim flipped. Throws ShapeError for a 0-d tensor.
 * @example
 * torch.flipud(torch.tensor([1, 2, 3])) // tensor([3, 2, 1])
 */
export function flipud(x: Tensor): Tensor {
  checkTensor('flipud', x);
  if (x.sizes.length < 1) throw new ShapeError('flipud: input must be at least 1-d');
  return flip(x, 0);
}

/** Options of roll. */
export interface RollOptions {
  dims?: number | Shape | null | undefined;
}
/**
 * Elements moved along dims, those that leave at one end coming back at the other; without dims, in row-major order.
 * Throws RangeError if there is no such dim, ShapeError if there are not as many shifts as dims.
 * @example
 * torch.roll(torch.tensor([1, 2, 3]), 1) // tensor([3, 1, 2])
 */
export function roll(
  x: Tensor,
  shifts: number | Shape,
  ...args: Call<[dims?: number | Shape | null], RollOptions>
): Tensor {
  checkTensor('roll', x);
  const { dims = null } = readArguments<RollOptions>('roll', args, ['dims']);
  const by = typeof shifts === 'number' ? [shifts] : shifts;
  if (!Array.isArray(by) || by.some((n) => !Number.isInteger(n)))
    throw new TypeError(`roll: expected whole numbers for shifts but received ${describe(shifts)}`);
  const along = dims === null ? [] : typeof dims === 'number' ? [dims] : dims;
  if (along.length === 0) {
    if (by.length !== 1)
      throw new ShapeError(`roll: shifts and dimensions must align: ${by.length} shifts without dims`);
    return roll(x.reshape(-1), by, 0).reshape(x.sizes);
  }
  if (along.length !== by.length)
    throw new ShapeError(`roll: shifts and dimensions must align: ${by.length} shifts for ${along.length} dims`);
  if (x.sizes.length === 0) throw new RangeError(`roll: dim ${along[0]} is out of range: the tensor has no dims`);
  let y = x;
  along.forEach((dim, i) => {
    const d = wrapDim('roll', dim, x.sizes.length);
    const n = x.sizes[d] ?? 0;
    if (n < 2) return;
    const start = (((n - by[i]!) % n) + n) % n;
    if (start !== 0) y = cat([y.narrow(d, start, n - start), y.narrow(d, 0, start)], d);
  });
  return y === x ? x.clone({ memoryFormat: 'contiguous' }) : y;
}

/** Options of rot90. */
export interface Rot90Options {
  /** How often. */
  k?: number | undefined;
  dims?: Shape | undefined;
}
/**
 * Turned by 90 degrees `k` times (1), from the first of two dims (0 and 1) towards the second. Throws ShapeError for
 * less than 2 dims, RangeError for dims that are not there.
 * @example
 * torch.rot90(torch.tensor([[1, 2], [3, 4]]))
 * // tensor([[2, 4],
 * //         [1, 3]])
 */
export function rot90(x: Tensor, ...args: Call<[k?: number, dims?: Shape], Rot90Options>): Tensor {
  const where = 'rot90';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const { k = 1, dims = [0, 1] } = readArguments<Rot90Options>(where, args, ['k', 'dims']);
    wholeNumber(where, 'k', k);
    if (!Array.isArray(dims) || dims.length !== 2)
      throw new ShapeError(`${where}: expected a list of 2 rotation dims but received ${describe(dims)}`);
    if (x.sizes.length < 2)
      throw new ShapeError(`${where}: expected total dims >= 2, but got total dims = ${x.sizes.length}`);
    const [a, b] = (dims as Shape).map((d) => wrapDim(where, d, x.sizes.length)) as [number, number];
    if (a === b) throw new RangeError(`${where}: expected rotation dims to be different, but got ${a} twice`);
    const quarter = ((k % 4) + 4) % 4;
    if (quarter === 0) return x.clone({ memoryFormat: 'contiguous' });
    return called('rot90', quarter === 2 ? flip(x, [a, b]) : flip(x, quarter === 1 ? b : a).transpose(a, b));
  });
}

const trilKernel = kernel('tril');
const triuKernel = kernel('triu');
function triangle(where: 'tril' | 'triu', k: number, x: Tensor, diagonal: number): Tensor {
  checkTensor(where, x);
  if (x.sizes.length < 2)
    throw new ShapeError(`${where}: input tensor must have at least 2 dimensions, not ${x.sizes.length}`);
  if (!Number.isInteger(diagonal))
    throw new TypeError(`${where}: expected a whole number for diagonal but received ${describe(diagonal)}`);
  const out = emptyTensor(x.sizes, x.dt, x.device);
  if (out.count > 0) runStruct(k, [out, x], [diagonal]);
  return record(where, out, [x], [], (g) => [triangle(where, k, g, diagonal)]);
}
const readDiagonal = (where: string, args: readonly unknown[]): number =>
  readArguments<{ diagonal: number }>(where, args, ['diagonal']).diagonal ?? 0;
/**
 * Matrices with zeros above the diagonal; `diagonal` moves it up or down. Throws ShapeError for less than 2 dims.
 * @example
 * torch.tril(torch.tensor([[1, 2], [3, 4]]))
 * // tensor([[1, 0],
 * //         [3, 4]])
 */
export function tril(x: Tensor, ...args: Call<[diagonal?: number], { diagonal?: number | undefined }>): Tensor {
  return triangle('tril', trilKernel, x, readDiagonal('tril', args));
}
/**
 * Matrices with zeros below the diagonal; `diagonal` moves it up or down. Throws ShapeError for less than 2 dims.
 * @example
 * torch.triu(torch.tensor([[1, 2], [3, 4]]))
 * // tensor([[1, 2],
 * //         [0, 4]])
 */
export function triu(x: Tensor, ...args: Call<[diagonal?: number], { diagonal?: number | undefined }>): Tensor {
  return triangle('triu', triuKernel, x, readDiagonal('triu', args));
}

operators({ flip, fliplr, flipud, roll, rot90, tril, triu });
