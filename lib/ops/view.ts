// Views: other windows on the same memory, made without native code. What writes to a view writes to its base.
import { type Call, makeView, readArguments, record, row } from '../define.ts';
import { attach, FunctionNode, type Grad, recording, tracked } from '../autograd/node.ts';
import { mode, noGrad } from '../autograd/mode.ts';
import { checkTensor, resultLike, runMap, runStruct } from '../dispatch.ts';
import { describe, ShapeError } from '../errors.ts';
import { spread } from '../methods.ts';
import { kernel } from '../native.ts';
import { inferShape, range, type Shape, show, sizesOf, viewStrides, wrapDim, wrapDims } from '../shape.ts';
import { emptyTensor, Tensor, viewOf } from '../tensor.ts';
import { type DTypeName, toDType } from '../dtype.ts';
import { stack } from './join.ts';

const fillKernel = kernel('fill');
const copyKernel = kernel('copy');

const view_ = (
  name: string,
  x: Tensor,
  sizes: Shape,
  strides: Shape | null,
  back: (g: Tensor) => Tensor,
  offset = x.offset,
): Tensor => makeView(name, x, sizes, strides, offset, back);

/** `f(2, 3)`, `f([2, 3])` alike; anything else is refused. */
function readSizes(where: string, sizes: readonly (number | Shape)[]): Shape {
  if (sizes.length === 0) return [];
  const list = sizesOf(sizes);
  if (!Array.isArray(list)) throw new TypeError(`${where}: expected sizes but received ${describe(list)}`);
  return list;
}

/** A view of `x` in another shape if its memory allows, else null. */
function viewAsShape(name: string, x: Tensor, target: Shape): Tensor | null {
  const back = (g: Tensor): Tensor => reshape(g, x.sizes);
  if (x.dense) return view_(name, x, target, null, back);
  const strides = viewStrides(x.sizes, x.strides, target);
  return strides === null ? null : view_(name, x, target, strides, back);
}

/**
 * The same memory in another shape; one size may be -1. Throws ShapeError where that needs a copy.
 * @example
 * torch.arange(6).view(2, -1)
 * // tensor([[0, 1, 2],
 * //         [3, 4, 5]])
 */
export function view(x: Tensor, ...size: (number | Shape)[] | [dtype: DTypeName]): Tensor {
  checkTensor('view', x);
  if (typeof size[0] === 'string') return viewDtype(x, size[0] as DTypeName);
  const target = inferShape('view', readSizes('view', size as (number | Shape)[]), x.count).slice();
  const out = viewAsShape('view', x, target);
  if (out === null) {
    throw new ShapeError(
      `view: view size ${show(target)} is not compatible with input tensor's size ${show(x.sizes)} and stride ${show(x.strides)} ` +
        '(at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.',
    );
  }
  return out;
}
spread(view);
row('view', view, { kind: 'view' });

/** The same bytes as another dtype of the same width, or of another width along the last dim. */
function viewDtype(x: Tensor, name: DTypeName): Tensor {
  const dt = toDType(name, 'view');
  if (dt === x.dt) return viewAs(x, x);
  const from = x.dt.size;
  if (from === dt.size) {
    const out = new Tensor(x.storage, dt, x.sizes, x.strides, x.offset, x.count);
    return out;
  }
  const last = x.sizes.length - 1;
  if (last < 0)
    throw new ShapeError(`view: a 0-d tensor cannot be viewed as ${dt.name}, whose elements have another size`);
  if (x.strides[last] !== 1)
    throw new ShapeError(
      `view: the last dim must have stride 1 to view ${x.dt.name} as ${dt.name}, not ${x.strides[last]}`,
    );
  const scale = (n: number, what: string): number => {
    const scaled = (n * from) / dt.size;
    if (!Number.isInteger(scaled))
      throw new ShapeError(`view: ${what} ${n} of ${x.dt.name} is not a whole number of ${dt.name}`);
    return scaled;
  };
  const sizes = x.sizes.slice();
  sizes[last] = scale(sizes[last]!, 'size');
  const strides = x.strides.map((s, d) => (d === last ? 1 : scale(s, 'stride')));
  return new Tensor(x.storage, dt, sizes, strides, scale(x.offset, 'offset'));
}

/**
 * As {@link view} with the shape of `other`. Throws ShapeError if the elements are not as many.
 * @example
 * torch.arange(4).viewAs(torch.zeros(2, 2))
 * // tensor([[0, 1],
 * //         [2, 3]])
 */
export function viewAs(x: Tensor, other: Tensor): Tensor {
  checkTensor('viewAs', other, 'other');
  return view(x, other.sizes);
}
row('viewAs', viewAs, { kind: 'view' });

/**
 * `x` in another shape: a view where its memory allows, else a copy. One size may be -1. Throws ShapeError if the
 * elements are not as many.
 * @example
 * torch.arange(6).reshape(3, 2).t().reshape(6) // tensor([0, 2, 4, 1, 3, 5])
 */
export function reshape(x: Tensor, ...shape: (number | Shape)[]): Tensor {
  checkTensor('reshape', x);
  const target = inferShape('reshape', readSizes('reshape', shape), x.count).slice();
  return viewAsShape('view', x, target) ?? viewAsShape('view', x.clone({ memoryFormat: 'contiguous' }), target)!;
}
spread(reshape);
row('reshape', reshape, { kind: 'view' });

/**
 * As {@link reshape} with the shape of `other`. Throws ShapeError if the elements are not as many.
 * @example
 * torch.arange(4).reshapeAs(torch.zeros(2, 2)).shape // torch.Size([2, 2])
 */
export function reshapeAs(x: Tensor, other: Tensor): Tensor {
  checkTensor('reshapeAs', other, 'other');
  return reshape(x, other.sizes);
}
row('reshapeAs', reshapeAs, { kind: 'view' });

/**
 * All dims as one, or those from `startDim` to `endDim`. Throws RangeError if there are no such dims, or `startDim`
 * comes after `endDim`.
 * @example
 * torch.zeros(2, 3, 4).flatten(1).shape // torch.Size([2, 12])
 */
export function flatten(
  x: Tensor,
  ...args: Call<[startDim?: number, endDim?: number], { startDim?: number | undefined; endDim?: number | undefined }>
): Tensor {
  checkTensor('flatten', x);
  const { startDim = 0, endDim = -1 } = readArguments<{ startDim: number; endDim: number }>('flatten', args, [
    'startDim',
    'endDim',
  ]);
  const rank = x.sizes.length;
  const start = wrapDim('flatten', startDim, rank);
  const end = wrapDim('flatten', endDim, rank);
  if (start > end) throw new RangeError(`flatten: startDim ${startDim} comes after endDim ${endDim}`);
  if (rank === 0) return reshape(x, 1);
  if (start === end) return x;
  const merged = x.sizes.slice(start, end + 1).reduce((a, b) => a * b, 1);
  return reshape(x, [...x.sizes.slice(0, start), merged, ...x.sizes.slice(end + 1)]);
}
spread(flatten);
row('flatten', flatten, { kind: 'view' });

/**
 * As `flatten()`.
 * @example
 * torch.zeros(2, 3).ravel().shape // torch.Size([6])
 */
export function ravel(x: Tensor): Tensor {
  return reshape(x, -1);
}
row('ravel', ravel, { kind: 'view' });

/**
 * One dim as several; one of the sizes may be -1. Throws RangeError if there is no such dim, ShapeError if the sizes do
 * not multiply to its own.
 * @example
 * torch.zeros(6, 2).unflatten(0, [2, -1]).shape // torch.Size([2, 3, 2])
 */
export function unflatten(x: Tensor, dim: number, sizes: Shape): Tensor {
  checkTensor('unflatten', x);
  const d = wrapDim('unflatten', dim, x.sizes.length);
  if (!Array.isArray(sizes) || sizes.length === 0) throw new ShapeError('unflatten: sizes must be non-empty');
  return view(x, [...x.sizes.slice(0, d), ...inferShape('unflatten', sizes, x.sizes[d]!), ...x.sizes.slice(d + 1)]);
}
row('unflatten', unflatten, { kind: 'view' });

const without = (v: Shape, d: number): number[] => v.filter((_, i) => i !== d);
const inserted = (v: Shape, d: number, n: number): number[] => [...v.slice(0, d), n, ...v.slice(d)];
const swapped = (v: Shape, a: number, b: number): number[] => {
  const out = v.slice();
  [out[a], out[b]] = [out[b]!, out[a]!];
  return out;
};

/**
 * Without the dims of size 1, or without the given ones where they have size 1. Throws RangeError if there is no such
 * dim.
 * @example
 * torch.zeros(1, 3, 1).squeeze().shape // torch.Size([3])
 */
export function squeeze(x: Tensor, dim?: number | Shape | null): Tensor {
  checkTensor('squeeze', x);
  const dims =
    dim === undefined || dim === null
      ? range(x.sizes.length)
      : typeof dim === 'number' || dim.length > 0
        ? wrapDims('squeeze', dim, x.sizes.length)
        : [];
  const drop = new Set(dims.filter((d) => x.sizes[d] === 1));
  const keep = (v: Shape): number[] => v.filter((_, d) => !drop.has(d));
  return view_('squeeze', x, keep(x.sizes), keep(x.strides), (g) => reshape(g, x.sizes));
}
row('squeeze', squeeze, { kind: 'view' });

/**
 * With a dim of size 1 more, before `dim`. Throws RangeError if there is no such dim.
 * @example
 * torch.zeros(3).unsqueeze(0).shape // torch.Size([1, 3])
 */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  checkTensor('unsqueeze', x);
  const d = wrapDim('unsqueeze', dim, x.sizes.length + 1);
  const stride = d < x.sizes.length ? x.sizes[d]! * x.strides[d]! : 1;
  return view_('unsqueeze', x, inserted(x.sizes, d, 1), inserted(x.strides, d, stride), (g) => squeeze(g, d));
}
row('unsqueeze', unsqueeze, { kind: 'view' });

/**
 * Two dims swapped. Throws RangeError if there is no such dim.
 * @example
 * torch.zeros(2, 3).transpose(0, 1).shape // torch.Size([3, 2])
 */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  checkTensor('transpose', x);
  const [a, b] = [wrapDim('transpose', dim0, x.sizes.length), wrapDim('transpose', dim1, x.sizes.length)];
  if (x.sizes.length === 0) return view_('transpose', x, x.sizes, null, (g) => g);
  return view_('transpose', x, swapped(x.sizes, a, b), swapped(x.strides, a, b), (g) => transpose(g, a, b));
}
row('transpose', transpose, { kind: 'view' });
/**
 * Another name of {@link transpose}.
 * @example
 * torch.zeros(2, 3).swapaxes(0, 1).shape // torch.Size([3, 2])
 */
export function swapaxes(x: Tensor, axis0: number, axis1: number): Tensor {
  return transpose(x, axis0, axis1);
}
/**
 * Another name of {@link transpose}.
 * @example
 * torch.zeros(2, 3).swapdims(0, 1).shape // torch.Size([3, 2])
 */
export function swapdims(x: Tensor, dim0: number, dim1: number): Tensor {
  return transpose(x, dim0, dim1);
}

/**
 * The transpose of a matrix; a vector stays as it is. Throws ShapeError above two dims.
 * @example
 * torch.zeros(2, 3).t().shape // torch.Size([3, 2])
 */
export function t(x: Tensor): Tensor {
  checkTensor('t', x);
  if (x.sizes.length > 2)
    throw new ShapeError(`t: expects a tensor with <= 2 dimensions, but self is ${x.sizes.length}D`);
  if (x.sizes.length < 2) return view_('t', x, x.sizes, x.strides, (g) => g);
  return view_('t', x, swapped(x.sizes, 0, 1), swapped(x.strides, 0, 1), (g) => t(g));
}
row('t', t, { kind: 'view' });

/**
 * The dims in another order. Throws ShapeError if they are not as many, RangeError if one is twice or not there.
 * @example
 * torch.zeros(2, 3, 4).permute(2, 0, 1).shape // torch.Size([4, 2, 3])
 */
export function permute(x: Tensor, ...dims: (number | Shape)[]): Tensor {
  checkTensor('permute', x);
  const list = readSizes('permute', dims);
  const rank = x.sizes.length;
  if (list.length !== rank)
    throw new ShapeError(`permute: the ${list.length} dims given do not match the ${rank} of the tensor`);
  const order = list.map((d) => wrapDim('permute', d, rank));
  if (new Set(order).size !== rank) throw new RangeError(`permute: duplicate dims are not allowed: ${show(list)}`);
  const inverse = new Array<number>(rank);
  order.forEach((d, i) => (inverse[d] = i));
  return view_(
    'permute',
    x,
    order.map((d) => x.sizes[d]!),
    order.map((d) => x.strides[d]!),
    (g) => permute(g, inverse),
  );
}
spread(permute);
row('permute', permute, { kind: 'view' });

/**
 * Dims moved to other places, the rest in their order. Throws RangeError if there is no such dim, ShapeError if sources
 * and destinations are not as many.
 * @example
 * torch.zeros(2, 3, 4).movedim(0, -1).shape // torch.Size([3, 4, 2])
 */
export function movedim(x: Tensor, source: number | Shape, destination: number | Shape): Tensor {
  checkTensor('movedim', x);
  const rank = x.sizes.length;
  const list = (d: number | Shape): number[] =>
    (typeof d === 'number' ? [d] : [...d]).map((v) => wrapDim('movedim', v, rank));
  const [from, to] = [list(source), list(destination)];
  if (from.length !== to.length)
    throw new ShapeError(`movedim: source has ${from.length} dims and destination ${to.length}`);
  if (new Set(from).size !== from.length || new Set(to).size !== to.length)
    throw new RangeError('movedim: repeated dim');
  const order = new Array<number>(rank).fill(-1);
  from.forEach((d, i) => (order[to[i]!] = d));
  const rest = range(rank).filter((d) => !from.includes(d));
  return permute(
    x,
    order.map((d) => (d >= 0 ? d : rest.shift()!)),
  );
}
row('movedim', movedim, { kind: 'view' });
/**
 * Another name of {@link movedim}.
 * @example
 * torch.zeros(2, 3, 4).moveaxis(0, -1).shape // torch.Size([3, 4, 2])
 */
export function moveaxis(x: Tensor, source: number | Shape, destination: number | Shape): Tensor {
  return movedim(x, source, destination);
}

/**
 * Dims of size 1 repeated without copying, and new leading dims; -1 keeps a size. Throws ShapeError where the sizes do
 * not fit.
 * @example
 * torch.tensor([[1], [2]]).expand(2, 3)
 * // tensor([[1, 1, 1],
 * //         [2, 2, 2]])
 */
export function expand(x: Tensor, ...sizes: (number | Shape)[]): Tensor {
  checkTensor('expand', x);
  const list = readSizes('expand', sizes);
  const pad = list.length - x.sizes.length;
  if (pad < 0) {
    throw new ShapeError(
      `expand: the number of sizes provided (${list.length}) must be greater or equal to the number of dimensions in the tensor (${x.sizes.length})`,
    );
  }
  const strides = new Array<number>(list.length);
  const out = list.map((want, d) => {
    const have = d < pad ? 1 : x.sizes[d - pad]!;
    if (!Number.isInteger(want) || want < -1) throw new ShapeError(`expand: bad size ${want} in ${show(list)}`);
    if (want === -1 && d < pad)
      throw new ShapeError(
        `expand: the expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${d}`,
      );
    const n = want === -1 ? have : want;
    if (n !== have && have !== 1) {
      throw new ShapeError(
        `expand: the expanded size of the tensor (${n}) must match the existing size (${have}) at non-singleton dimension ${d}. Target sizes: ${show(list)}. Tensor sizes: ${show(x.sizes)}`,
      );
    }
    strides[d] = d < pad || n !== have ? 0 : x.strides[d - pad]!;
    return n;
  });
  // the engine sums what was expanded
  return view_('expand', x, out, strides, (g) => g);
}
spread(expand);
row('expand', expand, { kind: 'view' });
/**
 * As {@link expand} to the shape of `other`. Throws ShapeError where the sizes do not fit.
 * @example
 * torch.tensor([[1], [2]]).expandAs(torch.zeros(2, 2)).shape // torch.Size([2, 2])
 */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  checkTensor('expandAs', other, 'other');
  return expand(x, other.sizes);
}
row('expandAs', expandAs, { kind: 'view' });
/**
 * As {@link expand}. Throws ShapeError where the sizes do not fit.
 * @example
 * torch.broadcastTo(torch.tensor([1, 2]), [2, 2]).shape // torch.Size([2, 2])
 */
export function broadcastTo(x: Tensor, size: Shape): Tensor {
  return expand(x, size);
}
row('broadcastTo', broadcastTo, { kind: 'view' });

/** Zeros of `sizes` in which a region is `g`: the gradient of narrow, select and slice. */
function place(g: Tensor, sizes: Shape, region: (whole: Tensor) => Tensor): Tensor {
  const out = emptyTensor(sizes, g.dt);
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
  return view_(name, x, sizes, strides, (g) => place(g, x.sizes, (z) => sliced(name, z, d, start, size, step)), offset);
}

/**
 * `length` elements from `start` along `dim`. Throws RangeError where they are not all there.
 * @example
 * torch.narrow(torch.arange(5), 0, 1, 3) // tensor([1, 2, 3])
 */
export function narrow(x: Tensor, dim: number, start: number | Tensor, length: number): Tensor {
  checkTensor('narrow', x);
  if (x.sizes.length === 0) throw new ShapeError('narrow: cannot be applied to a 0-dim tensor');
  const d = wrapDim('narrow', dim, x.sizes.length);
  const n = x.sizes[d]!;
  const from = typeof start === 'number' ? start : start.item();
  if (!Number.isInteger(length) || length < 0)
    throw new RangeError(`narrow: length must be non-negative, not ${length}`);
  if (!Number.isInteger(from) || from < -n || from > n)
    throw new RangeError(`narrow: start out of range (expected to be in range of [${-n}, ${n}], but got ${from})`);
  const first = from < 0 ? from + n : from;
  if (first + length > n)
    throw new RangeError(`narrow: start (${first}) + length (${length}) exceeds dimension size (${n})`);
  return sliced('narrow', x, d, first, length, 1);
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
  return view_(
    'select',
    x,
    without(x.sizes, d),
    without(x.strides, d),
    (g) => place(g, x.sizes, (z) => select(z, d, i)),
    x.offset + i * x.strides[d]!,
  );
}
row('select', select, { kind: 'view' });

/**
 * The elements from `start` to `end` (not included) along `dim`, every `step`th; bounds are cut to the size as Python's.
 * @example
 * torch.arange(6).slice(0, 1, 6, 2) // tensor([1, 3, 5])
 */
export function slice(x: Tensor, dim = 0, start?: number | null, end?: number | null, step = 1): Tensor {
  checkTensor('slice', x);
  if (x.sizes.length === 0) throw new RangeError('slice: cannot be applied to a 0-dim tensor');
  const d = wrapDim('slice', dim, x.sizes.length);
  const n = x.sizes[d]!;
  if (!Number.isInteger(step) || step <= 0) throw new RangeError(`slice: step must be greater than zero, not ${step}`);
  const clip = (v: number | null | undefined, otherwise: number): number => {
    if (v === null || v === undefined) return otherwise;
    if (typeof v !== 'number' || (!Number.isInteger(v) && Number.isFinite(v)) || Number.isNaN(v))
      throw new TypeError(`slice: expected whole numbers but received ${describe(v)}`);
    return Math.min(Math.max(v < 0 ? v + n : v, 0), n);
  };
  const from = clip(start, 0);
  const to = Math.max(clip(end, n), from);
  return sliced('slice', x, d, from, Math.ceil((to - from) / step), step);
}
row('slice', slice, { kind: 'view' });

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
export function split(x: Tensor, splitSize: number | Shape, dim = 0): Tensor[] {
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
    sizes = range(pieces).map((i) => Math.min(splitSize, n - i * splitSize));
  } else {
    sizes = splitSize;
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== n || sizes.some((s) => !Number.isInteger(s) || s < 0)) {
      throw new ShapeError(
        `split: sizes ${show(sizes)} must be non-negative and sum exactly to ${n} (the size at dimension ${d})`,
      );
    }
  }
  let at = 0;
  return multi(sizes.map((s) => sliced('split', x, d, (at += s) - s, s, 1)));
}
row('split', split, { kind: 'view' });
/**
 * As {@link split} with a list of sizes. Throws RangeError if there is no such dim, ShapeError if the sizes do not sum
 * up to its own.
 * @example
 * torch.arange(5).splitWithSizes([2, 3]).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3, 4])' ]
 */
export function splitWithSizes(x: Tensor, splitSizes: Shape, dim = 0): Tensor[] {
  return split(x, splitSizes, dim);
}
row('splitWithSizes', splitWithSizes, { kind: 'view' });

/**
 * At most `chunks` pieces of equal size along `dim`, the last one smaller if need be. Throws RangeError if there is no
 * such dim or less than one piece.
 * @example
 * torch.arange(5).chunk(2).map(String) // [ 'tensor([0, 1, 2])', 'tensor([3, 4])' ]
 */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  checkTensor('chunk', x);
  if (!Number.isInteger(chunks) || chunks <= 0)
    throw new RangeError(`chunk: expects chunks to be greater than 0, got: ${chunks}`);
  if (x.sizes.length === 0) throw new ShapeError('chunk: expects at least a 1-dimensional tensor');
  const d = wrapDim('chunk', dim, x.sizes.length);
  const n = x.sizes[d]!;
  return n === 0 ? split(x, new Array<number>(chunks).fill(0), d) : split(x, Math.ceil(n / chunks), d);
}
row('chunk', chunk, { kind: 'view' });

/**
 * `indices` many pieces as equal as can be, or pieces cut before the given indices. Throws RangeError if there is no
 * such dim or less than one piece.
 * @example
 * torch.arange(5).tensorSplit(2).map(String) // [ 'tensor([0, 1, 2])', 'tensor([3, 4])' ]
 */
export function tensorSplit(x: Tensor, indices: number | Shape, dim = 0): Tensor[] {
  checkTensor('tensorSplit', x);
  const d = wrapDim('tensorSplit', dim, x.sizes.length);
  if (x.sizes.length === 0) throw new ShapeError('tensorSplit: expects at least a 1-dimensional tensor');
  const n = x.sizes[d]!;
  if (typeof indices === 'number') {
    if (!Number.isInteger(indices) || indices <= 0)
      throw new RangeError(`tensorSplit: number of sections must be larger than 0, got ${indices}`);
    const small = Math.floor(n / indices);
    return split(
      x,
      range(indices).map((i) => small + (i < n % indices ? 1 : 0)),
      d,
    );
  }
  const cuts = [0, ...indices, n];
  return multi(range(cuts.length - 1).map((i) => slice(x, d, cuts[i], i === cuts.length - 2 ? null : cuts[i + 1])));
}
row('tensorSplit', tensorSplit, { kind: 'view' });

/**
 * All slices along `dim`, which goes away. Throws RangeError if there is no such dim.
 * @example
 * torch.tensor([[1, 2], [3, 4]]).unbind().map(String) // [ 'tensor([1, 2])', 'tensor([3, 4])' ]
 */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  checkTensor('unbind', x);
  if (x.sizes.length === 0) throw new RangeError('unbind: dimension specified as 0 but tensor has no dimensions');
  const d = wrapDim('unbind', dim, x.sizes.length);
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
row('unbind', unbind, { kind: 'view' });
/** The gradient of unbind: the pieces' gradients side by side, zero where there is none. */
function unbound(grads: readonly Grad[], d: number): Tensor {
  const some = grads.find((g) => g !== null)!;
  return stack(
    grads.map((g) => g ?? some.mul(0)),
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
  return view_(
    'diagonal',
    x,
    [...keep(x.sizes), n],
    [...keep(x.strides), x.strides[a]! + x.strides[b]!],
    (g) => place(g, x.sizes, (z) => diagonalOf(z, offset, a, b)),
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
    throw new RangeError(`unfold: maximum size for tensor at dimension ${d} is ${n} but size is ${size}`);
  if (!Number.isInteger(step) || step <= 0) throw new RangeError(`unfold: step is ${step} but must be > 0`);
  const back = (g: Tensor): Tensor => unfoldBackward(g, x.sizes, d, size, step);
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
  const out = resultLike(sizes, g.dt, []);
  runMap(fillKernel, sizes, [out, 0], g.dt); // the kernel adds
  runStruct(unfoldBackwardKernel, [out, g], [d, size, step]);
  if (recording([g]))
    attach(out, new FunctionNode('UnfoldBackwardBackward0', ([gg]) => [unfold(gg!, d, size, step)]).connect([g]));
  return out;
}
