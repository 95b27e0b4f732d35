// Views with the dims in another order, or repeated. Made without native code, as all views.
import { row } from '../define.ts';
import { checkTensor } from '../dispatch.ts';
import { ShapeError, describe, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import { range, type Shape, show, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { view_, readSizes, swapped } from './internal/view.ts';

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
  return inNameOf('swapaxes', () => transpose(x, axis0, axis1));
}
/**
 * Another name of {@link transpose}.
 * @example
 * torch.zeros(2, 3).swapdims(0, 1).shape // torch.Size([3, 2])
 */
export function swapdims(x: Tensor, dim0: number, dim1: number): Tensor {
  return inNameOf('swapdims', () => transpose(x, dim0, dim1));
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
    (Array.isArray(d) ? (d as Shape) : [d as number]).map((v) => wrapDim('movedim', v, rank));
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
  return inNameOf('moveaxis', () => movedim(x, source, destination));
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
    if (!Number.isInteger(want) || want < -1)
      throw new ShapeError(`expand: bad size ${describe(want)} in ${show(list)}`);
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
  return inNameOf('expandAs', () => {
    checkTensor('expandAs', other, 'other');
    return expand(x, other.sizes);
  });
}
row('expandAs', expandAs, { kind: 'view' });
/**
 * As {@link expand}. Throws ShapeError where the sizes do not fit.
 * @example
 * torch.broadcastTo(torch.tensor([1, 2]), [2, 2]).shape // torch.Size([2, 2])
 */
export function broadcastTo(x: Tensor, size: Shape): Tensor {
  return inNameOf('broadcastTo', () => expand(x, size));
}
row('broadcastTo', broadcastTo, { kind: 'view' });
