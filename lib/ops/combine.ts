// Joining, repeating and splitting beyond join.ts and pieces.ts: grids, products of sequences, blocks, columns.
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { bool, type DType, int32, int64, promoteTypes } from '../dtype.ts';
import { DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { broadcastShapes, sameShape, type Shape, show, wrapDim } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { oneOf, tensorList, wholeNumber } from './internal/checks.ts';
import { countsOf } from './internal/counting.ts';
import { flag, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { cat, stack } from './join.ts';
import { tensorSplit } from './pieces.ts';

/** Tensors, one by one or in a list. */
export type TensorArgs = readonly (Tensor | readonly Tensor[])[];

// ---- repeating ------------------------------------------------------------------------------------------------------

/** Options of repeatInterleave. */
export interface RepeatInterleaveOptions {
  /** The dim whose elements are repeated; by default those of the tensor in row-major order, as one dim. */
  dim?: number | null | undefined;
  /** The size that results, where it is known: checked. */
  outputSize?: number | null | undefined;
}
/** [0, 0, 2] of [2, 0, 1]: as many of each position as `repeats` says, in linear time. */
function repeated(where: string, repeats: Tensor): Tensor {
  if (repeats.dt !== int64 && repeats.dt !== int32)
    throw new DtypeError(
      `${where}: repeats has to be a tensor of int64 or int32 whole numbers, not ${repeats.dt.name}`,
    );
  if (repeats.sizes.length !== 1)
    throw new ShapeError(`${where}: repeats must be 0-dim or 1-dim tensor, but got shape ${show(repeats.sizes)}`);
  if (repeats.count === 0) return emptyTensor([0], int64, repeats.device);
  if (repeats.lt(0).any().item()) throw new RangeError(`${where}: repeats can not be negative`);
  const ends = repeats.detach().long().cumsum(0);
  const total = Number(ends.select(0, -1).item());
  // a one where each run ends; the running sum counts the runs that ended before
  const marks = countsOf(ends, total + 1);
  return marks.narrow(0, 0, total).cumsum(0);
}
/**
 * Each element, or with `dim` each slice, repeated next to itself: `repeats` times, or as often as a tensor says for
 * each. With `repeats` alone, the positions that this makes. Throws RangeError for negative numbers.
 * @example
 * torch.repeatInterleave(torch.tensor([1, 2, 3]), torch.tensor([2, 0, 1])) // tensor([1, 1, 3])
 */
export function repeatInterleave(
  x: Tensor,
  repeats?: number | Tensor | RepeatInterleaveOptions,
  ...args: Call<[dim?: number | null], RepeatInterleaveOptions>
): Tensor {
  const where = 'repeatInterleave';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const alone = typeof repeats !== 'number' && !(repeats instanceof Tensor);
    const options = readArguments<RepeatInterleaveOptions & { repeats: number | Tensor }>(
      where,
      [repeats, ...args],
      ['repeats', 'dim'],
      ['outputSize'],
    );
    const check = (y: Tensor, d: number): Tensor => {
      const { outputSize } = options;
      if (
        outputSize !== undefined &&
        outputSize !== null &&
        wholeNumber(where, 'outputSize', outputSize) !== y.sizes[d]
      )
        throw new ShapeError(`${where}: allocated size does not match required size: ${outputSize} and ${y.sizes[d]}`);
      return y;
    };
    if (alone && options.repeats === undefined) return check(repeated(where, x).to(x.dtype), 0);
    const times = options.repeats;
    const whole = options.dim === undefined || options.dim === null;
    const source = whole || x.sizes.length === 0 ? x.reshape(-1) : x;
    const d = whole ? 0 : wrapDim(where, options.dim!, x.sizes.length);
    const n = source.sizes[d]!;
    if (times instanceof Tensor) {
      const each = times.count === 1 && times.sizes.length < 2 ? times.reshape(1).expand(n) : times;
      if (each.sizes.length === 1 && each.count !== n)
        throw new ShapeError(
          `${where}: repeats must have the same size as input along dim, but got ${each.count} and ${n}`,
        );
      return check(source.indexSelect(d, repeated(where, each)), d);
    }
    const k = wholeNumber(where, 'repeats', times, 0);
    const wide = [...source.sizes.slice(0, d + 1), k, ...source.sizes.slice(d + 1)];
    const sizes = source.sizes.slice();
    sizes[d] = n * k;
    return check(
      source
        .unsqueeze(d + 1)
        .expand(wide)
        .clone({ memoryFormat: 'contiguous' })
        .view(sizes),
      d,
    );
  });
}

// ---- grids and products ---------------------------------------------------------------------------------------------

/** Options of meshgrid. */
export interface MeshgridOptions {
  /** `'ij'` (the default): the first tensor runs down the rows; `'xy'`: along the columns. */
  indexing?: 'ij' | 'xy' | null | undefined;
}
/**
 * A grid of coordinates from 1-d tensors: for each a view in the shape of the grid. Throws ShapeError for more
 * dims, DtypeError for different dtypes.
 * @example
 * const [rows, columns] = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), { indexing: 'ij' })
 * rows
 * // tensor([[1, 1],
 * //         [2, 2]])
 */
export function meshgrid(
  first: Tensor | readonly Tensor[],
  ...rest: readonly (Tensor | MeshgridOptions | undefined)[]
): Tensor[] {
  const where = 'meshgrid';
  return inNameOf(where, () => {
    const given: unknown[] = [first, ...rest.filter((x) => x !== undefined)];
    const last = given[given.length - 1];
    const named = given.length > 1 && typeof last === 'object' && !(last instanceof Tensor) && !Array.isArray(last);
    if (named) checkOptions(where, last, ['indexing']);
    const tensors = tensorList(where, named ? given.slice(0, -1) : given);
    const xy =
      oneOf(where, 'indexing', (named ? (last as MeshgridOptions | null)?.indexing : null) ?? 'ij', ['ij', 'xy']) ===
      'xy';
    for (const x of tensors) {
      if (x.sizes.length > 1)
        throw new ShapeError(`${where}: expected 0D or 1D tensors, but got a tensor of shape ${show(x.sizes)}`);
      if (x.dt !== tensors[0]!.dt)
        throw new TypeError(
          `${where}: expects all tensors to have the same dtype, but got ${tensors[0]!.dt.name} and ${x.dt.name}`,
        );
    }
    const swap = xy && tensors.length > 1;
    const ordered = swap ? [tensors[1]!, tensors[0]!, ...tensors.slice(2)] : tensors;
    const shape = ordered.map((x) => x.count);
    const grids = ordered.map((x, i) => x.reshape(shape.map((_, d) => (d === i ? -1 : 1))).expand(shape));
    return swap ? [grids[1]!, grids[0]!, ...grids.slice(2)] : grids;
  });
}
/**
 * All combinations of one element of each tensor, a row each; of one tensor, itself. Throws ShapeError for more than
 * one dim.
 * @example
 * torch.cartesianProd(torch.tensor([1, 2]), torch.tensor([3, 4]))
 * // tensor([[1, 3],
 * //         [1, 4],
 * //         [2, 3],
 * //         [2, 4]])
 */
export function cartesianProd(...tensors: TensorArgs): Tensor {
  const where = 'cartesianProd';
  return inNameOf(where, () => {
    const list = tensorList(where, tensors);
    for (const x of list) {
      if (x.sizes.length !== 1) throw new ShapeError(`${where}: expect a 1D vector, but got shape ${show(x.sizes)}`);
    }
    if (list.length === 1) return list[0]!.reshape(-1);
    return stack(
      meshgrid(list).map((g) => g.reshape(-1)),
      1,
    );
  });
}
/** Options of combinations. */
export interface CombinationsOptions {
  withReplacement?: boolean | undefined;
}
/**
 * All combinations of `r` (2) elements of a 1-d tensor, a row each, in the order of their positions; `withReplacement`
 * takes elements more than once. Throws ShapeError for other shapes.
 * @example
 * torch.combinations(torch.tensor([1, 2, 3]))
 * // tensor([[1, 2],
 * //         [1, 3],
 * //         [2, 3]])
 */
export function combinations(
  x: Tensor,
  ...args: Call<[r?: number, withReplacement?: boolean], CombinationsOptions & { r?: number | undefined }>
): Tensor {
  const where = 'combinations';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<CombinationsOptions & { r: number }>(where, args, ['r', 'withReplacement']);
    if (x.sizes.length !== 1) throw new ShapeError(`${where}: expect a 1D vector, but got shape ${show(x.sizes)}`);
    const r = wholeNumber(where, 'r', options.r ?? 2, 0);
    const again = flag(where, 'withReplacement', options.withReplacement, false);
    if (r === 0) return emptyTensor([0], x.dt, x.device);
    const n = x.count;
    if (r > 1 && (r > 64 || n ** r > 2 ** 31))
      throw new RangeError(`${where}: ${n} elements by ${r} are too many combinations`);
    const line = emptyTensor([n], int64, x.device).fill_(1).cumsum(0).sub(1);
    const grids = meshgrid(new Array<Tensor>(r).fill(line));
    let chosen = emptyTensor(grids[0]!.sizes, bool, x.device).fill_(true);
    for (let i = 1; i < r; i++) {
      chosen = chosen.logicalAnd(again ? grids[i - 1]!.le(grids[i]!) : grids[i - 1]!.lt(grids[i]!));
    }
    return stack(
      grids.map((g) => x.indexSelect(0, g.maskedSelect(chosen))),
      1,
    );
  });
}
/**
 * Views of the tensors in the shape that they all broadcast to; those that have it come as they are. Throws ShapeError where there is none.
 * @example
 * torch.broadcastTensors(torch.ones(3), torch.ones(2, 1)).map((x) => x.shape) // [ torch.Size([2, 3]), torch.Size([2, 3]) ]
 */
export function broadcastTensors(...tensors: TensorArgs): Tensor[] {
  const where = 'broadcastTensors';
  return inNameOf(where, () => {
    const list = tensorList(where, tensors);
    const shape = list.reduce<Shape>((s, x) => broadcastShapes(where, s, x.sizes), []);
    return list.map((x) => (sameShape(x.sizes, shape) ? x : x.expand(shape)));
  });
}

// ---- blocks and columns ---------------------------------------------------------------------------------------------

/**
 * A matrix with the given ones along its diagonal and zeros elsewhere; tensors of less dims count as one row. Throws
 * ShapeError for more than 2 dims.
 * @example
 * torch.blockDiag(torch.tensor([[1, 2]]), torch.tensor([3]))
 * // tensor([[1, 2, 0],
 * //         [0, 0, 3]])
 */
export function blockDiag(...tensors: TensorArgs): Tensor {
  const where = 'blockDiag';
  return inNameOf(where, () => {
    const blocks = tensorList(where, tensors).map((x) => {
      if (x.sizes.length > 2)
        throw new ShapeError(`${where}: input tensors must have 2 or fewer dimensions, but got shape ${show(x.sizes)}`);
      return x.sizes.length === 2 ? x : x.reshape(1, -1);
    });
    const dt = blocks.reduce<DType>((a, x) => promoteTypes(a, x.dt), blocks[0]!.dt);
    const width = blocks.reduce((n, x) => n + x.sizes[1]!, 0);
    let at = 0;
    const rows = blocks.map((x) => {
      const [n, m] = [x.sizes[0]!, x.sizes[1]!];
      const row = cat([zerosOf([n, at], dt, x.device), x, zerosOf([n, width - at - m], dt, x.device)], 1);
      at += m;
      return row;
    });
    return cat(rows);
  });
}
/**
 * Tensors side by side as columns: 1-d ones are a column each. Throws ShapeError where the other sizes differ.
 * @example
 * torch.columnStack([torch.tensor([1, 2]), torch.tensor([3, 4])])
 * // tensor([[1, 3],
 * //         [2, 4]])
 */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  const where = 'columnStack';
  return inNameOf(where, () =>
    cat(
      tensorList(where, [tensors]).map((x) => (x.sizes.length > 1 ? x : x.reshape(-1, 1))),
      1,
    ),
  );
}
/**
 * Tensors behind each other along the third dim, those of less dims widened. Throws ShapeError where the other sizes
 * differ.
 * @example
 * torch.dstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
 * // tensor([[[1, 3],
 * //          [2, 4]]])
 */
export function dstack(tensors: readonly Tensor[]): Tensor {
  const where = 'dstack';
  return inNameOf(where, () =>
    cat(
      tensorList(where, [tensors]).map((x) => deepened(x, 3)),
      2,
    ),
  );
}
/**
 * Another name of vstack.
 * @example
 * torch.rowStack([torch.tensor([1]), torch.tensor([2])])
 * // tensor([[1],
 * //         [2]])
 */
export function rowStack(tensors: readonly Tensor[]): Tensor {
  const where = 'rowStack';
  return inNameOf(where, () => cat(tensorList(where, [tensors]).map((x) => deepened(x, 2))));
}

/** With at least `rank` dims: PyTorch's atleast_3d puts what there is in front. */
function deepened(x: Tensor, rank: number): Tensor {
  const n = x.sizes.length;
  if (n >= rank) return x;
  if (n === 0) return x.reshape(new Array<number>(rank).fill(1));
  const rows = n === 1 && rank > 1 ? x.unsqueeze(0) : x;
  return rank === 3 ? rows.unsqueeze(-1) : rows;
}
function atLeast(where: string, rank: number, tensors: TensorArgs): Tensor | Tensor[] {
  return inNameOf(where, () => {
    const list = tensorList(where, tensors).map((x) => deepened(x, rank));
    return tensors.length === 1 && tensors[0] instanceof Tensor ? list[0]! : list;
  });
}
/**
 * A view with at least one dim; of several tensors, a list of them.
 * @example
 * torch.atleast1d(torch.tensor(5)) // tensor([5])
 */
export function atleast1d(x: Tensor): Tensor;
export function atleast1d(...tensors: TensorArgs): Tensor[];
export function atleast1d(...tensors: TensorArgs): Tensor | Tensor[] {
  return atLeast('atleast1d', 1, tensors);
}
/**
 * A view with at least two dims, new ones in front; of several tensors, a list of them.
 * @example
 * torch.atleast2d(torch.tensor([5, 6])) // tensor([[5, 6]])
 */
export function atleast2d(x: Tensor): Tensor;
export function atleast2d(...tensors: TensorArgs): Tensor[];
export function atleast2d(...tensors: TensorArgs): Tensor | Tensor[] {
  return atLeast('atleast2d', 2, tensors);
}
/**
 * A view with at least three dims: [n] becomes [1, n, 1], [m, n] becomes [m, n, 1]; of several tensors, a list of them.
 * @example
 * torch.atleast3d(torch.tensor([[5, 6]])).shape // torch.Size([1, 2, 1])
 */
export function atleast3d(x: Tensor): Tensor;
export function atleast3d(...tensors: TensorArgs): Tensor[];
export function atleast3d(...tensors: TensorArgs): Tensor | Tensor[] {
  return atLeast('atleast3d', 3, tensors);
}

function splitAlong(where: string, x: Tensor, at: number | Shape, dim: number, least: number): Tensor[] {
  return inNameOf(where, () => {
    checkTensor(where, x);
    if (x.sizes.length < least)
      throw new ShapeError(
        `${where}: requires a tensor with at least ${least} dimension${least > 1 ? 's' : ''}, but got shape ${show(x.sizes)}`,
      );
    if (typeof at === 'number') {
      const n = x.sizes[dim]!;
      if (wholeNumber(where, 'sections', at) < 1 || n % at !== 0)
        throw new ShapeError(
          `${where}: attempted to split along dimension ${dim}, but the size of the dimension ${n} is not divisible by the split_size ${at}`,
        );
    }
    return tensorSplit(x, at, dim);
  });
}
/**
 * Pieces along the columns (of 1-d tensors, the only dim): a number of equal ones, or cut before the given positions.
 * Throws ShapeError where equal ones do not fit.
 * @example
 * torch.hsplit(torch.tensor([1, 2, 3, 4]), 2).map(String) // [ 'tensor([1, 2])', 'tensor([3, 4])' ]
 */
export function hsplit(x: Tensor, indicesOrSections: number | Shape): Tensor[] {
  return splitAlong('hsplit', x, indicesOrSections, x instanceof Tensor && x.sizes.length === 1 ? 0 : 1, 1);
}
/**
 * Pieces along the rows: a number of equal ones, or cut before the given positions. Throws ShapeError where equal ones
 * do not fit, or for less than 2 dims.
 * @example
 * torch.vsplit(torch.tensor([[1, 2], [3, 4]]), 2).map(String) // [ 'tensor([[1, 2]])', 'tensor([[3, 4]])' ]
 */
export function vsplit(x: Tensor, indicesOrSections: number | Shape): Tensor[] {
  return splitAlong('vsplit', x, indicesOrSections, 0, 2);
}
/**
 * Pieces along the third dim: a number of equal ones, or cut before the given positions. Throws ShapeError where equal
 * ones do not fit, or for less than 3 dims.
 * @example
 * torch.dsplit(torch.ones(1, 2, 4), [1]).map((p) => p.shape) // [ torch.Size([1, 2, 1]), torch.Size([1, 2, 3]) ]
 */
export function dsplit(x: Tensor, indicesOrSections: number | Shape): Tensor[] {
  return splitAlong('dsplit', x, indicesOrSections, 2, 3);
}

operators({ repeatInterleave, meshgrid, cartesianProd, combinations, broadcastTensors });
operators({ blockDiag, columnStack, dstack, rowStack, atleast1d, atleast2d, atleast3d, hsplit, vsplit, dsplit });
