// Diagonals, and copies with a part replaced.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { inPlaceForms } from '../define.ts';
import { called } from '../history.ts';
import { checkOperand, checkTensor, commonDevice, type Scalar } from '../dispatch.ts';
import { bool } from '../dtype.ts';
import { DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { checkShape, sameShape, type Shape, show, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { wholeNumber } from './internal/checks.ts';
import { flag, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { diagonal, select, type SliceOptions, slice } from './pieces.ts';
import { asStrided } from './strided.ts';

/** `x`, a part of which is `source`: written in place into a copy, which autograd follows. */
function replaced(where: string, x: Tensor, source: Tensor, part: (whole: Tensor) => Tensor): Tensor {
  checkTensor(where, x);
  checkTensor(where, source, 'src');
  commonDevice(where, [x, source]);
  const out = x.clone({ memoryFormat: 'contiguous' });
  const to = part(out);
  if (!sameShape(to.sizes, source.sizes))
    throw new ShapeError(
      `${where}: expected src to have a size equal to the slice of self: ${show(to.sizes)}, but got ${show(source.sizes)}`,
    );
  to.copy_(source);
  return out;
}

/** Options of fillDiagonal_. */
export interface FillDiagonalOptions {
  wrap?: boolean | undefined;
}
inPlaceForms.set(
  'fillDiagonal',
  (x: Tensor, fillValue: Scalar, ...args: Call<[wrap?: boolean], FillDiagonalOptions>) => {
    const where = 'fillDiagonal_';
    return inNameOf(where, () => {
      checkTensor(where, x);
      checkOperand(where, fillValue, 'fillValue');
      const wrap = flag(where, 'wrap', readArguments<FillDiagonalOptions>(where, args, ['wrap']).wrap, false);
      const { sizes, strides } = x;
      if (sizes.length < 2) throw new ShapeError(`${where}: dimensions must larger than 1, not ${sizes.length}`);
      if (sizes.length > 2 && sizes.some((n) => n !== sizes[0]))
        throw new ShapeError(`${where}: all dimensions of input must be of equal length, but got ${show(sizes)}`);
      const [height, width] = [sizes[0]!, sizes[1]!];
      const n = Math.min(height, width);
      const step = strides.reduce((a, b) => a + b, 0);
      const write = (size: number, offset: number): unknown =>
        size > 0 && asStrided(x, [size], [step], x.offset + offset).fill_(fillValue);
      write(n, 0);
      // below the square: again from the left, a row further down
      if (wrap && sizes.length === 2 && height > width + 1)
        write(Math.ceil(x.count / (width + 1)) - n, strides[0]! * (width + 1));
      return x;
    });
  },
);

/** Options of diagEmbed. */
export interface DiagEmbedOptions {
  offset?: number | undefined;
  dim1?: number | undefined;
  dim2?: number | undefined;
}
/**
 * Matrices whose diagonals are the last dim of `x`, zeros elsewhere; `offset` moves the diagonals up, and the matrices lie
 * in `dim1` and `dim2` (the last two) of the result. Throws RangeError for dims that are not there or the same.
 * @example
 * torch.diagEmbed(torch.tensor([1, 2]))
 * // tensor([[1, 0],
 * //         [0, 2]])
 */
export function diagEmbed(
  x: Tensor,
  ...args: Call<[offset?: number, dim1?: number, dim2?: number], DiagEmbedOptions>
): Tensor {
  const where = 'diagEmbed';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const {
      offset = 0,
      dim1 = -2,
      dim2 = -1,
    } = readArguments<DiagEmbedOptions>(where, args, ['offset', 'dim1', 'dim2']);
    wholeNumber(where, 'offset', offset);
    if (x.sizes.length === 0) throw new RangeError(`${where}: expected a tensor with at least one dim`);
    const rank = x.sizes.length + 1;
    const [a, b] = [wrapDim(where, dim1, rank), wrapDim(where, dim2, rank)];
    if (a === b) throw new RangeError(`${where}: diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    const n = x.sizes[x.sizes.length - 1]! + Math.abs(offset);
    const sizes = x.sizes.slice(0, -1);
    for (const d of [Math.min(a, b), Math.max(a, b)]) sizes.splice(d, 0, n);
    const out = zerosOf(checkShape(where, sizes), x.dt, x.device);
    diagonal(out, offset, a, b).copy_(x);
    return called('diagEmbed', out);
  });
}
type DiagonalArgument = Call<[diagonal?: number], { diagonal?: number | undefined }>;
/**
 * The diagonal of a matrix, as a copy; of a 1-d tensor, the matrix with that diagonal. Throws ShapeError for other
 * tensors.
 * @example
 * torch.diag(torch.tensor([[1, 2], [3, 4]])) // tensor([1, 4])
 */
export function diag(x: Tensor, ...args: DiagonalArgument): Tensor {
  const where = 'diag';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const { diagonal: offset = 0 } = readArguments<{ diagonal: number }>(where, args, ['diagonal']);
    wholeNumber(where, 'diagonal', offset);
    if (x.sizes.length === 1) return diagEmbed(x, offset);
    if (x.sizes.length !== 2)
      throw new ShapeError(`${where}: supports 1D or 2D tensors, but got shape ${show(x.sizes)}`);
    return diagonal(x, offset).clone({ memoryFormat: 'contiguous' });
  });
}
/**
 * A matrix whose diagonal is all elements of `x` in row-major order.
 * @example
 * torch.diagflat(torch.tensor([1, 2]), { offset: 1 })
 * // tensor([[0, 1, 0],
 * //         [0, 0, 2],
 * //         [0, 0, 0]])
 */
export function diagflat(x: Tensor, ...args: Call<[offset?: number], { offset?: number | undefined }>): Tensor {
  const where = 'diagflat';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const { offset = 0 } = readArguments<{ offset: number }>(where, args, ['offset']);
    return diagEmbed(x.reshape(-1), wholeNumber(where, 'offset', offset));
  });
}
/**
 * The sum of a matrix' diagonal. Throws ShapeError for other tensors.
 * @example
 * torch.trace(torch.tensor([[1, 2], [3, 4]])) // tensor(5)
 */
export function trace(x: Tensor): Tensor {
  if (casting.on) return castCall('trace', trace, [x]);
  const where = 'trace';
  return inNameOf(where, () => {
    checkTensor(where, x);
    if (x.sizes.length !== 2) throw new ShapeError(`${where}: expected a matrix, but got shape ${show(x.sizes)}`);
    if (x.dt === bool) throw new DtypeError(`${where}: not implemented for bool`);
    return called('trace', diagonal(x).sum());
  });
}

/** Options of diagonalScatter. */
export interface DiagonalScatterOptions {
  offset?: number | undefined;
  dim1?: number | undefined;
  dim2?: number | undefined;
}
/**
 * A copy of `x` whose diagonal is `src`. Throws ShapeError if it has another shape.
 * @example
 * torch.diagonalScatter(torch.zeros(2, 2), torch.ones(2))
 * // tensor([[1., 0.],
 * //         [0., 1.]])
 */
export function diagonalScatter(
  x: Tensor,
  src: Tensor,
  ...args: Call<[offset?: number, dim1?: number, dim2?: number], DiagonalScatterOptions>
): Tensor {
  const where = 'diagonalScatter';
  return inNameOf(where, () => {
    const {
      offset = 0,
      dim1 = 0,
      dim2 = 1,
    } = readArguments<DiagonalScatterOptions>(where, args, ['offset', 'dim1', 'dim2']);
    return replaced(where, x, src, (out) => diagonal(out, offset, dim1, dim2));
  });
}
/**
 * A copy of `x` in which index `index` of `dim` is `src`. Throws ShapeError if it has another shape.
 * @example
 * torch.selectScatter(torch.zeros(2, 2), torch.ones(2), 0, 1)
 * // tensor([[0., 0.],
 * //         [1., 1.]])
 */
export function selectScatter(x: Tensor, src: Tensor, dim: number, index: number): Tensor {
  const where = 'selectScatter';
  return inNameOf(where, () => replaced(where, x, src, (out) => select(out, dim, index)));
}
/**
 * A copy of `x` in which the elements from `start` to `end` (not included) of `dim`, every `step`th, are `src`. Throws
 * ShapeError if it has another shape.
 * @example
 * torch.sliceScatter(torch.zeros(4), torch.ones(2), { start: 1, end: 3 }) // tensor([0., 1., 1., 0.])
 */
export function sliceScatter(
  x: Tensor,
  src: Tensor,
  ...args: Call<[dim?: number, start?: number | null, end?: number | null, step?: number], SliceOptions>
): Tensor {
  const where = 'sliceScatter';
  return inNameOf(where, () => {
    const options = readArguments<SliceOptions>(where, args, ['dim', 'start', 'end', 'step']);
    return replaced(where, x, src, (out) => slice(out, options));
  });
}

/**
 * A copy of `x` in which the elements that {@link asStrided} with these sizes, strides and offset shows are `src`. Throws
 * ShapeError if it has another shape, or where the view would leave the memory.
 * @example
 * torch.asStridedScatter(torch.zeros(4), torch.ones(2), [2], [3]) // tensor([1., 0., 0., 1.])
 */
export function asStridedScatter(
  x: Tensor,
  src: Tensor,
  size: Shape,
  stride: Shape,
  storageOffset?: number | null,
): Tensor {
  const where = 'asStridedScatter';
  return inNameOf(where, () => replaced(where, x, src, (out) => asStrided(out, size, stride, storageOffset ?? 0)));
}

operators({ asStridedScatter, diagEmbed, diag, diagflat, trace, diagonalScatter, selectScatter, sliceScatter });
