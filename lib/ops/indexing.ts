// x.index(…) and x.indexPut_([…], value): Python's subscripts. Numbers, slices, null and '...' make views; tensors gather.
import { castCall, castsThere } from '../autocast.ts';
import { cpu, type Device } from '../device.ts';
import { type Call, readArguments } from '../arguments.ts';
import { inPlaceForms } from '../define.ts';
import { checkHistory } from '../history.ts';
import { checkOperand, checkTensor, checkWritable, type Scalar } from '../dispatch.ts';
import { BOOL, bool, int32, int64, uint8 } from '../dtype.ts';
import { describe, DtypeError, ShapeError, inNameOf } from '../errors.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { getAt, pickedShape, putAt } from './internal/advanced.ts';
import { fromTyped } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { parseSlice, Slice } from './internal/slice.ts';

export * from './arrange.ts';
export * from './masking.ts';

/**
 * One subscript: a position, `'1:3'` or `torch.slice(1, 3)`, `'...'`, null for a new dim, or a tensor (or list) of
 * positions or a bool mask.
 */
export type IndexItem = number | string | null | boolean | Slice | Tensor | readonly number[] | readonly boolean[];

/** A list as the tensor that it stands for. */
function listed(where: string, list: readonly (number | boolean)[], device: Device): Tensor {
  const booleans = list.every((v) => typeof v === 'boolean') && list.length > 0;
  if (booleans) return fromTyped(Uint8Array.from(list, Number), [list.length], bool, device);
  for (const v of list) {
    if (typeof v !== 'number' || !Number.isInteger(v))
      throw new TypeError(`${where}: expected whole numbers as positions but received ${describe(v)}`);
  }
  return fromTyped(
    BigInt64Array.from(list, (v) => BigInt(v)),
    [list.length],
    int64,
    device,
  );
}

const rankOf = (item: IndexItem | Tensor): number => {
  if (item instanceof Tensor) return item.dt === bool || item.dt === uint8 ? item.sizes.length : 1;
  return item === null || typeof item === 'boolean' || item === '...' ? 0 : 1;
};

/** A view of `x` by the basic subscripts, and what is left to be gathered from it. */
interface Resolved {
  readonly view: Tensor;
  /** Per dim of the view; null where all is taken. Empty if nothing is gathered. */
  readonly indices: (Tensor | null)[];
}

function resolve(where: string, x: Tensor, given: readonly IndexItem[]): Resolved {
  checkTensor(where, x);
  if (given.length === 0) throw new TypeError(`${where}: expected at least one index`);
  const items = given.map((item) =>
    Array.isArray(item)
      ? listed(where, item as readonly (number | boolean)[], x.device)
      : (item as Exclude<IndexItem, readonly number[] | readonly boolean[]>),
  );
  const used = items.reduce<number>((n, item) => n + rankOf(item), 0);
  const rank = x.sizes.length;
  if (used > rank)
    throw new RangeError(`${where}: too many indices for tensor of dimension ${rank}: ${used} were given`);
  if (items.filter((item) => item === '...').length > 1)
    throw new RangeError(`${where}: an index can only have a single ellipsis ('...')`);
  let view = x;
  let dim = 0;
  const found: [number, Tensor][] = [];
  for (const item of items) {
    if (item === '...') {
      dim += rank - used;
    } else if (typeof item === 'number') {
      view = selected(where, view, dim, item);
    } else if (typeof item === 'string' || item instanceof Slice) {
      const s = typeof item === 'string' ? parseSlice(where, item) : item;
      if (s.start !== null || s.stop !== null || s.step !== 1) view = view.slice(dim, s.start, s.stop, s.step);
      dim++;
    } else if (item === null || item === undefined) {
      view = view.unsqueeze(dim++);
    } else if (typeof item === 'boolean') {
      view = view.unsqueeze(dim);
      found.push([dim++, fromTyped(new BigInt64Array(item ? 1 : 0), [item ? 1 : 0], int64, x.device)]);
    } else if (item instanceof Tensor) {
      [view, dim] = byTensor(where, view, dim, item, found);
    } else {
      throw new TypeError(
        `${where}: expected a number, a slice, null, a boolean or a tensor but received ${describe(item)}`,
      );
    }
  }
  if (found.length === 0) return { view, indices: [] };
  const indices = new Array<Tensor | null>(view.sizes.length).fill(null);
  // positions may lie on the CPU, whatever device they are for
  for (const [d, t] of found) indices[d] = t.isCpu ? t.to(x.device) : t;
  try {
    pickedShape(view, indices);
  } catch {
    throw new ShapeError(
      `${where}: shape mismatch: indexing tensors could not be broadcast together with shapes ${found.map(([, t]) => show(t.sizes)).join(', ')}`,
    );
  }
  return { view, indices };
}

function selected(where: string, x: Tensor, dim: number, position: number): Tensor {
  if (!Number.isInteger(position))
    throw new TypeError(`${where}: expected a whole number as index but received ${position}`);
  const n = x.sizes[dim]!;
  if (position < -n || position >= n)
    throw new RangeError(`${where}: index ${position} is out of bounds for dimension ${dim} with size ${n}`);
  return x.select(dim, position);
}

/** Indices on the CPU go with a tensor on any device, as in PyTorch. */
const beside = (x: Tensor, t: Tensor): Tensor => (t.device === cpu ? t.to(x.device) : t);

/** Adds an index tensor to `found`; one number selects, a mask counts as the positions of its trues in each of its dims. */
function byTensor(where: string, view: Tensor, dim: number, t: Tensor, found: [number, Tensor][]): [Tensor, number] {
  if (t.dt === bool || t.dt === uint8) {
    if (t.sizes.length === 0) {
      const on = Number(t.item()) !== 0;
      found.push([dim, fromTyped(new BigInt64Array(on ? 1 : 0), [on ? 1 : 0], int64, view.device)]);
      return [view.unsqueeze(dim), dim + 1];
    }
    const rows = beside(view, t.nonzero());
    t.sizes.forEach((n, i) => {
      if (n !== view.sizes[dim + i]) {
        throw new RangeError(
          `${where}: the shape of the mask ${show(t.sizes)} at index ${i} does not match the shape of the indexed tensor ${show(view.sizes)} at index ${dim + i}`,
        );
      }
      found.push([dim + i, rows.select(1, i)]);
    });
    return [view, dim + t.sizes.length];
  }
  if (t.dt !== int64 && t.dt !== int32) {
    throw new DtypeError(
      `${where}: tensors used as indices must be int64, int32, uint8 or bool tensors, not ${t.dt.name}`,
    );
  }
  if (t.sizes.length === 0) return [selected(where, view, dim, t.item()), dim];
  found.push([dim, beside(view, t)]);
  return [view, dim + 1];
}

/**
 * Part of a tensor, by one subscript a dim: a view for numbers, slices (`'1:3'`, `'::2'`, `torch.slice(1, 3)`), null and
 * `'...'`; a copy where tensors of positions or bool masks gather. Throws RangeError for positions that are not there.
 * @example
 * torch.tensor([[1, 2, 3], [4, 5, 6]]).index('...', '1:') // tensor([[2, 3],
 * //         [5, 6]])
 */
export function index(x: Tensor, ...items: IndexItem[]): Tensor {
  return inNameOf('index', () => {
    const { view, indices } = resolve('index', x, items);
    if (indices.length > 0) return getAt(view, indices);
    return view === x ? x.viewAs(x) : view;
  });
}

/** Options of indexPut. */
export interface IndexPutOptions {
  /** Add to what is there; several values for one place are all added. */
  accumulate?: boolean | undefined;
}
/**
 * A copy of `x` with `value` in the part that the subscripts name; `x.indexPut_` writes into `x`. Throws RangeError for
 * positions that are not there, ShapeError if the value does not broadcast to that part.
 * @example
 * torch.indexPut(torch.zeros(3), ['1:'], 5) // tensor([0., 5., 5.])
 */
export function indexPut(
  x: Tensor,
  indices: readonly IndexItem[],
  value: Tensor | Scalar,
  ...args: Call<[accumulate?: boolean], IndexPutOptions>
): Tensor {
  if (castsThere(x)) return castCall('indexPut', indexPut, [x, indices, value, ...args]);
  return inNameOf('indexPut', () => {
    checkTensor('indexPut', x);
    return putInto('indexPut', x.clone(), indices, value, args);
  });
}

function putInto(
  where: string,
  x: Tensor,
  items: readonly IndexItem[],
  value: Tensor | Scalar,
  args: readonly unknown[],
): Tensor {
  checkHistory(where, x);
  if (!Array.isArray(items))
    throw new TypeError(`${where}: expected a list of indices but received ${describe(items)}`);
  checkOperand(where, value, 'value');
  const { accumulate = false } = readArguments<IndexPutOptions>(where, args, ['accumulate']);
  if (typeof accumulate !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for accumulate but received ${describe(accumulate)}`);
  const { view, indices } = resolve(where, x, items);
  // the part alone must be writable: x may be expanded along the dims that numbers pick of
  checkWritable(where, view);
  if (indices.length === 0) {
    const source = value instanceof Tensor ? trimmed(where, value, view.sizes) : value;
    if (accumulate) view.add_(source);
    else if (source instanceof Tensor) view.copy_(source);
    else view.fill_(source);
    return x;
  }
  if (value instanceof Tensor && value.dt !== x.dt) {
    throw new DtypeError(
      `${where}: index put requires the source and destination dtypes match, got ${x.dt.name} for the destination and ${value.dt.name} for the source`,
    );
  }
  if (!(value instanceof Tensor) && x.dt.kind === BOOL && typeof value !== 'boolean' && accumulate)
    throw new DtypeError(`${where}: cannot add ${value} to a bool tensor`);
  const source =
    value instanceof Tensor
      ? value.sizes.length === 0
        ? beside(x, value)
        : value
      : emptyTensor([], x.dt, x.device).fill_(value);
  const sizes = pickedShape(view, indices);
  putAt(view, indices, trimmed(where, source, sizes), accumulate);
  return x;
}
/** `value` without leading dims of size 1 that the target lacks; refuses what does not broadcast. */
function trimmed(where: string, value: Tensor, target: readonly number[]): Tensor {
  let sizes: readonly number[] = value.sizes;
  while (sizes.length > target.length && sizes[0] === 1) sizes = sizes.slice(1);
  const pad = target.length - sizes.length;
  if (pad < 0 || sizes.some((n, d) => n !== 1 && n !== target[d + pad])) {
    throw new ShapeError(
      `${where}: shape mismatch: value tensor of shape ${show(value.sizes)} cannot be broadcast to indexing result of shape ${show(target)}`,
    );
  }
  return sameShape(sizes, value.sizes) ? value : value.reshape(sizes);
}

operators({ index, indexPut });
/** `x.indexPut_([…], value, { accumulate })` */
inPlaceForms.set(
  'indexPut',
  (x: Tensor, items: readonly IndexItem[], value: Tensor | Scalar, ...args: readonly unknown[]): Tensor =>
    putInto('indexPut_', x, items, value, args),
);
