// Views in another shape, made without native code. What writes to a view writes to its base.
import { type Call, readArguments } from '../arguments.ts';
import { row } from '../define.ts';
import { checkTensor } from '../dispatch.ts';
import { ShapeError, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import { inferShape, range, type Shape, show, viewStrides, wrapDim, wrapDims } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { type DTypeName, toDType } from '../dtype.ts';
import { view_, readSizes, inserted } from './internal/view.ts';

/** A view of `x` in another shape if its memory allows, else null. */
function viewAsShape(name: string, x: Tensor, target: Shape): Tensor | null {
  const { sizes: shape } = x; // of now: unsqueeze_ and its kin change it
  const back = (g: Tensor): Tensor => reshape(g, shape);
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
  return inNameOf('viewAs', () => {
    checkTensor('viewAs', other, 'other');
    return view(x, other.sizes);
  });
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
  return inNameOf('reshapeAs', () => {
    checkTensor('reshapeAs', other, 'other');
    return reshape(x, other.sizes);
  });
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
  return inNameOf('ravel', () => reshape(x, -1).contiguous());
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

/**
 * Without the dims of size 1, or without the given ones where they have size 1. Throws RangeError if there is no such
 * dim.
 * @example
 * torch.zeros(1, 3, 1).squeeze().shape // torch.Size([3])
 */
export function squeeze(
  x: Tensor,
  ...args: Call<[dim?: number | Shape | null], { dim?: number | Shape | null | undefined }>
): Tensor {
  checkTensor('squeeze', x);
  const { dim } = readArguments<{ dim: number | Shape | null }>('squeeze', args, ['dim']);
  const dims =
    dim === undefined || dim === null
      ? range(x.sizes.length)
      : typeof dim === 'number' || dim.length > 0
        ? wrapDims('squeeze', dim, x.sizes.length)
        : [];
  const drop = new Set(dims.filter((d) => x.sizes[d] === 1));
  const keep = (v: Shape): number[] => v.filter((_, d) => !drop.has(d));
  const shape = x.sizes;
  const overload = dim === undefined || dim === null ? 'squeeze' : typeof dim === 'number' ? 'squeeze#1' : 'squeeze#2';
  return view_(overload, x, keep(shape), keep(x.strides), (g) => reshape(g, shape));
}
spread(row('squeeze', squeeze, { kind: 'view' }));

/**
 * With a dim of size 1 more, before `dim`. Throws RangeError if there is no such dim.
 * @example
 * torch.zeros(3).unsqueeze(0).shape // torch.Size([1, 3])
 */
export function unsqueeze(x: Tensor, dim: number | { dim: number }): Tensor {
  checkTensor('unsqueeze', x);
  const at = typeof dim === 'number' ? dim : readArguments<{ dim: number }>('unsqueeze', [dim], ['dim']).dim!;
  const d = wrapDim('unsqueeze', at, x.sizes.length + 1);
  const stride = d < x.sizes.length ? x.sizes[d]! * x.strides[d]! : 1;
  return view_('unsqueeze', x, inserted(x.sizes, d, 1), inserted(x.strides, d, stride), (g) => squeeze(g, d));
}
row('unsqueeze', unsqueeze, { kind: 'view' });
