// asStrided, and its adjoint: what in-place writes through views need for their gradients (history.ts, CopySlices).
import { checkOptions } from '../arguments.ts';
import { makeView, row } from '../define.ts';
import { type Geometry, record, setStrided } from '../history.ts';
import { checkTensor, nonOverlappingAndDense, runMap, runStruct } from '../dispatch.ts';
import { int64 } from '../dtype.ts';
import { describe, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { checkShape, range, type Shape, show, sizeOf } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

const fillKernel = kernel('fill');
const copyKernel = kernel('copy');
const scatterAddKernel = kernel('scatterAdd');
const arangeKernel = kernel('arange');

/** Uninitialised memory with strides of its own; contiguous ones where the asked-for overlap or leave gaps. */
function emptyStrided({ sizes, strides }: Geometry, like: Tensor): Tensor {
  const out = emptyTensor(sizes, like.dt, like.device);
  return nonOverlappingAndDense(sizes, strides) ? new Tensor(out.storage, out.dt, sizes, strides, 0, out.count) : out;
}

function cloneStrided(g: Tensor, base: Geometry): Tensor {
  const out = emptyStrided(base, g);
  runMap(copyKernel, g.sizes, [out, g], g.dt);
  return record('clone', out, [g], [], (gg) => [gg]);
}

function view(x: Tensor, to: Geometry): Tensor {
  const from: Geometry = { sizes: x.sizes, strides: x.strides, offset: x.offset };
  return makeView('asStrided', x, to.sizes, to.strides, to.offset, (g) => embed(g, from, to));
}

/** Zeros with the geometry of `base`, in which the elements of a view of it are `g`; elements seen twice add up. */
function embed(g: Tensor, base: Geometry, to: Geometry): Tensor {
  const out = emptyStrided(base, g);
  const same =
    out.strides.length === base.strides.length &&
    out.strides.every((s, d) => s === base.strides[d] || base.sizes[d]! <= 1);
  if (same) {
    runMap(fillKernel, out.sizes, [out, 0], g.dt);
    addOnto(out, g, { ...to, offset: to.offset - base.offset });
  } else {
    // the base itself repeats or skips memory: work on the span of memory, then read the base out of it
    const end = (q: Geometry): number =>
      q.offset - base.offset + q.sizes.reduce((n, s, d) => n + Math.max(s - 1, 0) * q.strides[d]!, 0) + 1;
    const span = emptyTensor([Math.max(end(base), end(to))], g.dt, g.device);
    runMap(fillKernel, span.sizes, [span, 0], g.dt);
    addOnto(span, g, { ...to, offset: to.offset - base.offset });
    runMap(copyKernel, out.sizes, [out, new Tensor(span.storage, span.dt, base.sizes, base.strides, 0)], g.dt);
  }
  const [b, t] = [base, to];
  return record('asStridedScatter', out, [g], [], (gg) => {
    const dense = cloneStrided(gg, b);
    return [view(dense, { ...t, offset: dense.offset + t.offset - b.offset }).clone()];
  });
}

/** Adds `g` onto the elements of `flat`'s memory that the geometry names. */
function addOnto(memory: Tensor, g: Tensor, { sizes, strides, offset }: Geometry): void {
  if (g.count === 0) return;
  const repeated = sizes.map((n, d) => (strides[d] === 0 && n > 1 ? d : -1)).filter((d) => d >= 0);
  const once = repeated.length > 0 ? g.detach().sum(repeated, true) : g.detach();
  const to = new Tensor(memory.storage, memory.dt, once.sizes, strides, offset);
  if (spread(once.sizes, strides)) {
    runMap(copyKernel, once.sizes, [to, once], g.dt);
    return;
  }
  const span = sizeOf(memory.sizes);
  const index = emptyTensor([span], int64, g.device);
  runMap(arangeKernel, [span], [index], int64, [0, 1]);
  const flat = new Tensor(memory.storage, memory.dt, [span], [1], 0);
  const where = new Tensor(index.storage, int64, once.sizes, strides, offset).contiguous().view(-1);
  runStruct(scatterAddKernel, [flat, where, once.contiguous().view(-1)], [0]);
}

/** Whether no two elements of a layout share memory. */
function spread(sizes: Shape, strides: Shape): boolean {
  const dims = sizes
    .map((_, d) => d)
    .filter((d) => sizes[d]! > 1)
    .sort((a, b) => strides[a]! - strides[b]!);
  let reach = 0;
  for (const d of dims) {
    if (strides[d]! <= reach) return false;
    reach += (sizes[d]! - 1) * strides[d]!;
  }
  return true;
}

setStrided({ asStrided: view, embed, cloneStrided });

/**
 * A view with any sizes, strides and offset within the storage of `x`. Throws ShapeError where it would leave it.
 * @example
 * torch.asStrided(torch.arange(6), [2, 2], [1, 2])
 * // tensor([[0, 2],
 * //         [1, 3]])
 */
export function asStrided(x: Tensor, size: Shape, stride: Shape, storageOffset?: number | null): Tensor {
  checkTensor('asStrided', x);
  const sizes = checkShape('asStrided', size);
  const offset = storageOffset ?? x.offset;
  if (!Array.isArray(stride) || stride.length !== sizes.length) {
    throw new ShapeError(`asStrided: mismatch in length of strides and shape: ${describe(stride)} for ${show(sizes)}`);
  }
  for (const s of [...(stride as Shape), offset]) {
    if (!Number.isSafeInteger(s) || s < 0)
      throw new RangeError(`asStrided: strides and offset must be whole numbers >= 0, not ${describe(s)}`);
  }
  const last = offset + sizes.reduce((n, s, d) => n + (s - 1) * stride[d]!, 0);
  const room = x.storage.nbytes / x.dt.size;
  if (sizeOf(sizes) > 0 && last >= room) {
    throw new ShapeError(
      `asStrided: sizes ${show(sizes)}, strides ${show(stride)}, offset ${offset} need ${last + 1} elements, but the storage has ${room}`,
    );
  }
  return view(x, { sizes: sizes.slice(), strides: stride.slice(), offset });
}
row('asStrided', asStrided, { kind: 'view' });

/** Options of dimOrder. */
export interface DimOrderOptions {
  /** Refuses layouts that have several orders: with dims of size 1, or two of one stride. */
  ambiguityCheck?: boolean | undefined;
}
/**
 * The dims in the order in which they lie in memory, from the outermost to the innermost. Throws RangeError where several
 * orders are possible and `ambiguityCheck` asks for one.
 * @example
 * torch.empty(2, 3, 5).transpose(1, 2).dimOrder() // [ 0, 2, 1 ]
 */
export function dimOrder(x: Tensor, options?: DimOrderOptions): number[] {
  checkTensor('dimOrder', x);
  checkOptions('dimOrder', options, ['ambiguityCheck']);
  const { sizes, strides } = x;
  const twice = strides.some((s, d) => d > 0 && s === strides[d - 1]) || sizes.includes(1);
  if (options?.ambiguityCheck && twice)
    throw new RangeError(
      `dimOrder: the tensor does not have unique dim order: sizes ${show(sizes)}, strides ${show(strides)}`,
    );
  if (x.dense) return range(sizes.length);
  // from the back, so that among equals the earlier dim stays the outer one
  const order = range(sizes.length).reverse();
  const behind = (a: number, b: number): number => {
    const [s, t] = [strides[a]!, strides[b]!];
    if (s === 0 || t === 0) return 0;
    if (s === t) return sizes[b]! >= sizes[a]! ? 0 : 1;
    return s - t;
  };
  for (let i = 1; i < order.length; i++) {
    for (let at = i, before = i - 1; before >= 0; before--) {
      const found = behind(order[before]!, order[at]!);
      if (found < 0) break;
      if (found > 0) {
        [order[before], order[at]] = [order[at]!, order[before]!];
        at = before;
      }
    }
  }
  return order.reverse();
}
row('dimOrder', dimOrder, { differentiable: false });
