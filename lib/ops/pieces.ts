// Views of parts of a tensor: slices, pieces, diagonals and windows.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { row } from '../define.ts';
import { nodeName, record } from '../history.ts';
import { attach, FunctionNode, type Grad, RuleNode, recording, tracked } from '../autograd/node.ts';
import { mode, noGrad } from '../autograd/mode.ts';
import { checkTensor, runMap, runStruct } from '../dispatch.ts';
import { FLOATING } from '../dtype.ts';
import { describe, ShapeError, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import { kernel } from '../native.ts';
import { range, type Shape, show, wrapDim, checkShape } from '../shape.ts';
import { emptyTensor, Tensor, viewOf } from '../tensor.ts';
import { cat, stack } from './join.ts';
import { zerosOf } from './internal/reducing.ts';
import { view_, without } from './internal/view.ts';
import { reshape } from './view.ts';

const fillKernel = kernel('fill');
const copyKernel = kernel('copy');

/** Zeros of `sizes` in which a region is `g`: the gradient of narrow, select and slice. */
function place(g: Tensor, sizes: Shape, region: (whole: Tensor) => Tensor): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  runMap(fillKernel, sizes, [out, 0], g.dt);
  const at = noGrad(() => region(out));
  runMap(copyKernel, g.sizes, [new Tensor(at.storage, at.dt, at.sizes, at.strides, at.offset), g], g.dt);
  return record('slice', out, [g], [], (gg) => [region(gg)]);
}

/** Elements from `start` up to `end` (not included) in steps of `step` along one dim. */
function sliced(name: string, x: Tensor, d: number, start: number, size: number, step: number): Tensor {
  const sizes = x.sizes.slice();
  const strides = x.strides.slice();
  sizes[d] = size;
  strides[d] = x.strides[d]! * step;
  const offset = size > 0 ? x.offset + start * x.strides[d]! : x.offset;
  const shape = x.sizes;
  return view_(name, x, sizes, strides, (g) => place(g, shape, (z) => sliced(name, z, d, start, size, step)), offset);
}

/**
 * `length` elements from `start` along `dim`. Throws RangeError where they are not all there.
 * @example
 * torch.narrow(torch.arange(5), 0, 1, 3) // tensor([1, 2, 3])
 */
export function narrow(x: Tensor, dim: number, start: number | Tensor, length: number): Tensor {
  return inNameOf('narrow', () => {
    checkTensor('narrow', x);
    if (x.sizes.length === 0) throw new ShapeError('narrow: cannot be applied to a 0-dim tensor');
    const d = wrapDim('narrow', dim, x.sizes.length);
    const n = x.sizes[d]!;
    const from = start instanceof Tensor ? start.item() : start;
    if (!Number.isInteger(length) || length < 0)
      throw new RangeError(`narrow: length must be non-negative, not ${describe(length)}`);
    if (!Number.isInteger(from) || from < -n || from > n)
      throw new RangeError(
        `narrow: start out of range (expected to be in range of [${-n}, ${n}], but got ${describe(from)})`,
      );
    const first = from < 0 ? from + n : from;
    if (first + length > n)
      throw new RangeError(`narrow: start (${first}) + length (${length}) exceeds dimension size (${n})`);
    return sliced('narrow', x, d, first, length, 1);
  });
}
row('narrow', narrow, { kind: 'view' });

/**
 * One index along `dim`, which goes away. Throws RangeError if there is no such dim or index.
 * @example
 * torch.tensor([[1, 2], [3, 4]]).select(0, 1) // tensor([3, 4])
 */
export function select(x: Tensor, dim: number, index: number): Tensor {
  checkTensor('select', x);
  if (x.sizes.length === 0) throw new RangeError('select: cannot be applied to a 0-dim tensor');
  const d = wrapDim('select', dim, x.sizes.length);
  const n = x.sizes[d]!;
  if (typeof index !== 'number' || !Number.isInteger(index))
    throw new TypeError(`select: expected a whole number as index but received ${describe(index)}`);
  if (index < -n || index >= n)
    throw new RangeError(`select: index ${index} is out of bounds for dimension ${d} with size ${n}`);
  const i = index < 0 ? index + n : index;
  const shape = x.sizes;
  return view_(
    'select',
    x,
    without(x.sizes, d),
    without(x.strides, d),
    (g) => place(g, shape, (z) => select(z, d, i)),
    x.offset + i * x.strides[d]!,
  );
}
row('select', select, { kind: 'view' });

/** A bound of a slice: a number, or a tensor of whole numbers with one element. */
export type Bound = number | Tensor | null;
/** The number that a bound is. */
function numberOf(where: string, v: unknown): unknown {
  if (!(v instanceof Tensor)) return v;
  if (v.dt.kind === FLOATING || v.count !== 1)
    throw new TypeError(`${where}: only whole-number tensors of a single element can be bounds, not ${describe(v)}`);
  return Number(v.item());
}
/** Options of {@link slice}. */
export interface SliceOptions extends DimOption {
  start?: Bound | undefined;
  end?: Bound | undefined;
  step?: number | Tensor | undefined;
}
/** Options of {@link split} and its kin. */
export interface DimOption {
  dim?: number | undefined;
}
type DimArgument = Call<[dim?: number], DimOption>;
/**
 * The elements from `start` to `end` (not included) along `dim`, every `step`th; bounds are cut to the size as Python's,
 * and may be tensors of one whole number.
 * @example
 * torch.arange(6).slice(0, 1, 6, 2) // tensor([1, 3, 5])
 */
export function slice(
  x: Tensor,
  ...args: Call<[dim?: number, start?: Bound, end?: Bound, step?: number | Tensor], SliceOptions>
): Tensor {
  const given = readArguments<SliceOptions>('slice', args, ['dim', 'start', 'end', 'step']);
  checkTensor('slice', x);
  const { dim = 0 } = given;
  const step = numberOf('slice', given.step ?? 1) as number;
  if (x.sizes.length === 0) throw new RangeError('slice: cannot be applied to a 0-dim tensor');
  const d = wrapDim('slice', dim, x.sizes.length);
  const n = x.sizes[d]!;
  if (!Number.isInteger(step) || step <= 0)
    throw new RangeError(`slice: step must be greater than zero, not ${describe(step)}`);
  const clip = (bound: Bound | undefined, otherwise: number): number => {
    const v = numberOf('slice', bound);
    if (v === null || v === undefined) return otherwise;
    if (typeof v !== 'number' || (!Number.isInteger(v) && Number.isFinite(v)) || Number.isNaN(v))
      throw new TypeError(`slice: expected whole numbers but received ${describe(v)}`);
    return Math.min(Math.max(v < 0 ? v + n : v, 0), n);
  };
  const from = clip(given.start, 0);
  const to = Math.max(clip(given.end, n), from);
  return sliced('slice', x, d, from, Math.ceil((to - from) / step), step);
}
spread(row('slice', slice, { kind: 'view' }));

/** Marks the results of functions that give several views: PyTorch forbids writing to those in place. */
function multi(parts: Tensor[]): Tensor[] {
  for (const p of parts) p.viewKind = p.viewKind === 'noGrad' ? 'noGrad' : 'multi';
  return parts;
}

/**
 * Pieces of a given size along `dim`, the last one smaller if need be; or of the given sizes. Throws RangeError if
 * there is no such dim, ShapeError if the sizes do not sum up to its own.
 * @example
 * torch.arange(5).split(2).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3])', 'tensor([4])' ]
 */
export function split(
  x: Tensor,
  ...args: Named<[splitSize: number | Shape], ['splitSize'], [dim?: number], DimOption>
): Tensor[] {
  const { splitSize, dim = 0 } = readArguments<DimOption & { splitSize: number | Shape }>('split', args, [
    'splitSize',
    'dim',
  ]);
  checkTensor('split', x);
  if (x.sizes.length === 0) throw new ShapeError('split: expects at least a 1-dimensional tensor');
  const d = wrapDim('split', dim, x.sizes.length);
  const n = x.sizes[d]!;
  let sizes: Shape;
  if (typeof splitSize === 'number') {
    if (!Number.isInteger(splitSize) || splitSize < 0)
      throw new RangeError(`split: expects splitSize to be non-negative, but got ${splitSize}`);
    if (splitSize === 0 && n !== 0)
      throw new RangeError(`split: splitSize can only be 0 if the dimension size is 0, but it is ${n}`);
    const pieces = splitSize === 0 ? 1 : Math.max(1, Math.ceil(n / splitSize));
    checkPieces('split', pieces);
    sizes = range(pieces).map((i) => Math.min(splitSize, n - i * splitSize));
  } else {
    if (!Array.isArray(splitSize))
      throw new TypeError(`split: expected a size or a list of sizes but received ${describe(splitSize)}`);
    sizes = splitSize as Shape;
    if (sizes.some((s) => !Number.isInteger(s) || s < 0) || sizes.reduce((a, b) => a + b, 0) !== n) {
      throw new ShapeError(
        `split: sizes ${show(sizes)} must be non-negative and sum exactly to ${n} (the size at dimension ${d})`,
      );
    }
  }
  let at = x.offset;
  const parts = sizes.map((size) => {
    const shape = x.sizes.slice();
    shape[d] = size;
    const from = size > 0 ? at : x.offset;
    at += size * x.strides[d]!;
    return viewOf(x, shape, x.strides, from);
  });
  if (recording([x])) {
    // one node for all, so that the gradients are joined once
    const shapes = parts.map((p) => p.sizes);
    const joined = (grads: readonly Grad[]): Tensor =>
      cat(
        grads.map((g, i) => g ?? zerosOf(shapes[i]!, x.dt, x.device)),
        d,
      );
    const node = new FunctionNode(nodeName(typeof splitSize === 'number' ? 'split' : 'splitWithSizes'), (grads) => [
      joined(grads),
    ]).connect([x]);
    node.outputs = parts.length;
    parts.forEach((p, i) => attach(p, node, i));
  } else if (!mode.grad && tracked(x)) for (const p of parts) p.viewKind = 'noGrad';
  return multi(parts);
}
spread(row('split', split, { kind: 'view' }));
/**
 * As {@link split} with a list of sizes. Throws RangeError if there is no such dim, ShapeError if the sizes do not sum
 * up to its own.
 * @example
 * torch.arange(5).splitWithSizes([2, 3]).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3, 4])' ]
 */
export function splitWithSizes(x: Tensor, splitSizes: Shape, ...args: DimArgument): Tensor[] {
  return inNameOf('splitWithSizes', () => split(x, splitSizes, ...args));
}
spread(row('splitWithSizes', splitWithSizes, { kind: 'view' }));

/** More pieces would fill JavaScript's memory, which ends the process. */
const MOST_PIECES = 2 ** 22;
function checkPieces(where: string, count: number): void {
  if (count > MOST_PIECES) throw new RangeError(`${where}: ${count} pieces are too many`);
}
/**
 * At most `chunks` pieces of equal size along `dim`, the last one smaller if need be. Throws RangeError if there is no
 * such dim or less than one piece.
 * @example
 * torch.arange(5).chunk(2).map(String) // [ 'tensor([0, 1, 2])', 'tensor([3, 4])' ]
 */
export function chunk(x: Tensor, ...args: Named<[chunks: number], ['chunks'], [dim?: number], DimOption>): Tensor[] {
  const { chunks, dim = 0 } = readArguments<DimOption & { chunks: number }>('chunk', args, ['chunks', 'dim']);
  checkTensor('chunk', x);
  if (chunks === undefined || !Number.isInteger(chunks) || chunks <= 0)
    throw new RangeError(`chunk: expects chunks to be greater than 0, got: ${describe(chunks)}`);
  if (x.sizes.length === 0) throw new ShapeError('chunk: expects at least a 1-dimensional tensor');
  const d = wrapDim('chunk', dim, x.sizes.length);
  const n = x.sizes[d]!;
  checkPieces('chunk', n === 0 ? chunks : Math.min(chunks, n));
  return n === 0 ? split(x, new Array<number>(chunks).fill(0), d) : split(x, Math.ceil(n / chunks), d);
}
spread(row('chunk', chunk, { kind: 'view' }));

/**
 * `indices` many pieces as equal as can be, or pieces cut before the given indices. Throws RangeError if there is no
 * such dim or less than one piece.
 * @example
 * torch.arange(5).tensorSplit(2).map(String) // [ 'tensor([0, 1, 2])', 'tensor([3, 4])' ]
 */
export function tensorSplit(x: Tensor, indicesOrSections: number | Shape | Tensor, ...args: DimArgument): Tensor[] {
  return inNameOf('tensorSplit', () => {
    const indices = indicesOrSections instanceof Tensor ? cutsOf(indicesOrSections) : indicesOrSections;
    const { dim = 0 } = readArguments<DimOption>('tensorSplit', args, ['dim']);
    checkTensor('tensorSplit', x);
    const d = wrapDim('tensorSplit', dim, x.sizes.length);
    if (x.sizes.length === 0) throw new ShapeError('tensorSplit: expects at least a 1-dimensional tensor');
    const n = x.sizes[d]!;
    if (typeof indices === 'number') {
      if (!Number.isInteger(indices) || indices <= 0)
        throw new RangeError(`tensorSplit: number of sections must be larger than 0, got ${indices}`);
      checkShape('tensorSplit', [indices, n]);
      checkPieces('tensorSplit', indices);
      const small = Math.floor(n / indices);
      return split(
        x,
        range(indices).map((i) => small + (i < n % indices ? 1 : 0)),
        d,
      );
    }
    if (!Array.isArray(indices) || indices.some((i) => !Number.isInteger(i)))
      throw new TypeError(`tensorSplit: expected a number or a list of indices but received ${describe(indices)}`);
    const cuts = [0, ...(indices as Shape), n];
    return multi(range(cuts.length - 1).map((i) => slice(x, d, cuts[i]!, i === cuts.length - 2 ? null : cuts[i + 1]!)));
  });
}
/** The sections or indices that a tensor names. */
function cutsOf(x: Tensor): number | number[] {
  if (x.dtype !== 'int64' || x.sizes.length > 1)
    throw new TypeError(
      `tensorSplit: expected an int64 tensor of 0 or 1 dims for indices but received ${x.dtype} of shape ${show(x.sizes)}`,
    );
  return x.tolist() as number | number[];
}
spread(row('tensorSplit', tensorSplit, { kind: 'view' }));

/**
 * All slices along `dim`, which goes away. Throws RangeError if there is no such dim.
 * @example
 * torch.tensor([[1, 2], [3, 4]]).unbind().map(String) // [ 'tensor([1, 2])', 'tensor([3, 4])' ]
 */
export function unbind(x: Tensor, ...args: DimArgument): Tensor[] {
  const { dim = 0 } = readArguments<DimOption>('unbind', args, ['dim']);
  checkTensor('unbind', x);
  if (x.sizes.length === 0) throw new RangeError('unbind: dimension specified as 0 but tensor has no dimensions');
  const d = wrapDim('unbind', dim, x.sizes.length);
  checkPieces('unbind', x.sizes[d]!);
  const sizes = without(x.sizes, d);
  const strides = without(x.strides, d);
  const parts = range(x.sizes[d]!).map((i) => viewOf(x, sizes, strides, x.offset + i * x.strides[d]!));
  if (recording([x])) {
    const node = new FunctionNode('UnbindBackward0', (grads) => [unbound(grads, d)]).connect([x]);
    node.outputs = parts.length;
    parts.forEach((p, i) => attach(p, node, i));
  }
  if (!mode.grad && tracked(x)) for (const p of parts) p.viewKind = 'noGrad';
  return multi(parts);
}
spread(row('unbind', unbind, { kind: 'view' }));
/** The gradient of unbind: the pieces' gradients side by side, zero where there is none. */
function unbound(grads: readonly Grad[], d: number): Tensor {
  const some = grads.find((g) => g !== null)!;
  return stack(
    grads.map((g) => g ?? zerosOf(some.sizes, some.dt, some.device)),
    d,
  );
}

/**
 * The diagonal of the dims `dim1` and `dim2`, which become the last one. Throws ShapeError for less than 2 dims,
 * RangeError if the dims are one or not there.
 * @example
 * torch.arange(9).view(3, 3).diagonal() // tensor([0, 4, 8])
 */
export function diagonal(
  x: Tensor,
  ...args: Call<
    [offset?: number, dim1?: number, dim2?: number],
    { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }
  >
): Tensor {
  checkTensor('diagonal', x);
  const {
    offset = 0,
    dim1 = 0,
    dim2 = 1,
  } = readArguments<{ offset: number; dim1: number; dim2: number }>('diagonal', args, ['offset', 'dim1', 'dim2']);
  return diagonalOf(x, offset, dim1, dim2);
}
spread(diagonal);
row('diagonal', diagonal, { kind: 'view' });
function diagonalOf(x: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const rank = x.sizes.length;
  if (!Number.isInteger(offset))
    throw new TypeError(`diagonal: expected a whole number as offset but received ${describe(offset)}`);
  if (rank < 2) throw new ShapeError(`diagonal: expected at least 2 dimensions, but the tensor has ${rank}`);
  const [a, b] = [wrapDim('diagonal', dim1, rank), wrapDim('diagonal', dim2, rank)];
  if (a === b) throw new RangeError(`diagonal: diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
  const n = Math.max(
    offset >= 0 ? Math.min(x.sizes[a]!, x.sizes[b]! - offset) : Math.min(x.sizes[a]! + offset, x.sizes[b]!),
    0,
  );
  const start = n === 0 ? 0 : offset >= 0 ? offset * x.strides[b]! : -offset * x.strides[a]!;
  const keep = (v: Shape): number[] => v.filter((_, d) => d !== a && d !== b);
  const shape = x.sizes;
  return view_(
    'diagonal',
    x,
    [...keep(x.sizes), n],
    [...keep(x.strides), x.strides[a]! + x.strides[b]!],
    (g) => place(g, shape, (z) => diagonalOf(z, offset, a, b)),
    x.offset + start,
  );
}

const unfoldBackwardKernel = kernel('unfoldBackward');
/**
 * Windows of `size` elements along `dimension`, `step` apart, as a new last dim; they overlap in memory. Throws
 * RangeError for a size above the dim's, or a step below 1.
 * @example
 * torch.arange(5).unfold(0, 3, 2)
 * // tensor([[0, 1, 2],
 * //         [2, 3, 4]])
 */
export function unfold(x: Tensor, dimension: number, size: number, step: number): Tensor {
  checkTensor('unfold', x);
  const d = wrapDim('unfold', dimension, x.sizes.length);
  const n = x.sizes[d] ?? 1;
  if (!Number.isInteger(size) || size < 0 || size > n)
    throw new RangeError(`unfold: maximum size for tensor at dimension ${d} is ${n} but size is ${describe(size)}`);
  if (!Number.isInteger(step) || step <= 0) throw new RangeError(`unfold: step is ${describe(step)} but must be > 0`);
  const shape = x.sizes;
  const back = (g: Tensor): Tensor => unfoldBackward(g, shape, d, size, step);
  if (x.sizes.length === 0) return view_('unfold', x, [size], [1], (g) => reshape(g.sum(), []));
  const sizes = x.sizes.slice();
  const strides = x.strides.slice();
  sizes[d] = Math.floor((n - size) / step) + 1;
  strides[d] = x.strides[d]! * step;
  return view_('unfold', x, [...sizes, size], [...strides, x.strides[d]!], back);
}
row('unfold', unfold, { kind: 'view' });
/** Adds overlapping windows back to where they came from. */
function unfoldBackward(g: Tensor, sizes: Shape, d: number, size: number, step: number): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  runMap(fillKernel, sizes, [out, 0], g.dt); // the kernel adds
  runStruct(unfoldBackwardKernel, [out, g], [d, size, step]);
  if (recording([g]))
    attach(out, new RuleNode('UnfoldBackwardBackward0', (gg) => [unfold(gg, d, size, step)]).connect([g]));
  return out;
}
