// Indexing by tensors: the shape of the result, the gathering and the writing, and their derivatives. Called by indexing.ts.
import { type Grad, type Node, RuleNode } from '../../autograd/node.ts';
import { record, writeInPlace } from '../../history.ts';
import { commonDevice, runMap, undisturbed } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import { broadcastShapes, expandStrides, type Shape, sizeOf } from '../../shape.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';
import { outside, zerosOf } from './reducing.ts';

/** Per dim of the indexed tensor, the positions to read there; null keeps the dim. At least one is not null. */
export type Indices = readonly (Tensor | null)[];

/** Where the result's dims come from. */
interface Layout {
  readonly sizes: Shape;
  /** The indexed tensor read with the result's dims: stride 0 where the indices' are. */
  readonly strides: Shape;
  /** Indices with the result's dims. */
  readonly indices: readonly Tensor[];
  /** (size, stride) of each indexed dim. */
  readonly pairs: readonly number[];
}

/** The usual case, of one index for the first dim. */
function layoutOfFirst(x: Tensor, index: Tensor): Layout {
  const sizes = index.sizes.slice();
  const strides: number[] = [];
  const steps = index.strides.slice();
  for (let d = 0; d < index.sizes.length; d++) strides.push(0);
  for (let d = 1; d < x.sizes.length; d++) {
    sizes.push(x.sizes[d]!);
    strides.push(x.strides[d]!);
    steps.push(0);
  }
  const indices = [new Tensor(index.storage, index.dt, sizes, steps, index.offset)];
  return { sizes, strides, indices, pairs: [x.sizes[0]!, x.strides[0]!] };
}
/** PyTorch's rule: the indices' dims stand where the first one was if they are neighbours, else in front. */
function layout(x: Tensor, indices: Indices): Layout {
  const [first] = indices;
  if (first && indices.every((t, d) => d === 0 || t === null)) return layoutOfFirst(x, first);
  let common: Shape = [];
  const at: number[] = [];
  indices.forEach((t, d) => {
    if (t === null) return;
    common = broadcastShapes('index', common, t.sizes);
    at.push(d);
  });
  const neighbours = at[at.length - 1]! - at[0]! === at.length - 1;
  const front = neighbours ? at[0]! : 0;
  const kept = x.sizes.map((_, d) => d).filter((d) => !at.includes(d));
  const order = [...kept.slice(0, front), ...common.map(() => -1), ...kept.slice(front)];
  const sizes = order.map((d, i) => (d < 0 ? common[i - front]! : x.sizes[d]!));
  const after = kept.length - front;
  const expanded = at.map((d) => {
    const t = indices[d]!;
    const strides = [
      ...new Array<number>(front).fill(0),
      ...expandStrides(t.sizes, t.strides, common),
      ...new Array<number>(after).fill(0),
    ];
    return new Tensor(t.storage, t.dt, sizes, strides, t.offset);
  });
  return {
    sizes,
    strides: order.map((d) => (d < 0 ? 0 : x.strides[d]!)),
    indices: expanded,
    pairs: at.flatMap((d) => [x.sizes[d]!, x.strides[d]!]),
  };
}

/** The shape of what the indices pick. */
export const pickedShape = (x: Tensor, indices: Indices): Shape => layout(x, indices).sizes;

const getKernel = kernel('indexGet');
const putKernel = kernel('indexPut');

/** Writes `values` (of a shape that broadcasts to the picked one, or a number) into `x`. */
function put(x: Tensor, indices: Indices, values: Tensor | number, accumulate: boolean): void {
  const l = layout(x, indices);
  const target = new Tensor(x.storage, x.dt, l.sizes, l.strides, x.offset);
  const source = typeof values === 'number' ? filled(values, x) : values;
  naming('indexPut', x, indices, () => {
    runMap(putKernel, l.sizes, [target, source, ...l.indices], x.dt, [accumulate ? 1 : 0, ...l.pairs]);
  });
}
/** Runs a kernel; if a position is outside, the error says which, and in which dim. */
function naming(where: string, x: Tensor, indices: Indices, f: () => void): void {
  try {
    f();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    for (let d = 0; d < indices.length; d++) {
      const t = indices[d];
      const n = x.sizes[d]!;
      if (t?.values().some((v) => Number(v) < -n || Number(v) >= n)) throw outside(where, t, d, n);
    }
    throw error;
  }
}
const filled = (value: number, x: Tensor): Tensor => emptyTensor([], x.dt, x.device).fill_(value);

const saved = (n: Node, count: number, indices: Indices): Indices => {
  let i = 0;
  return indices.map((t) => (t === null ? null : n.unpack(count + i++)));
};
const present = (indices: Indices): Tensor[] => indices.filter((t) => t !== null);

/** What the indices pick of `x`. */
export function getAt(x: Tensor, indices: Indices): Tensor {
  if (x.count === 0 && sizeOf(layout(x, indices).sizes) > 0) {
    throw new RangeError('index: index is out of bounds for dimension with size 0');
  }
  commonDevice('index', [x, ...indices]);
  const l = layout(x, indices);
  const out = emptyTensor(l.sizes, x.dt, x.device);
  const source = new Tensor(x.storage, x.dt, l.sizes, l.strides, x.offset);
  naming('index', x, indices, () => runMap(getKernel, l.sizes, [out, source, ...l.indices], x.dt, l.pairs));
  const shape = x.sizes;
  return record('index', out, [x], present(indices), (g, n) => [sumAt(g, saved(n, 0, indices), shape)]);
}
/** Zeros of `shape` with `g` added where the indices point: the adjoint of getAt. */
function sumAt(g: Tensor, indices: Indices, shape: Shape): Tensor {
  const out = zerosOf(shape, g.dt, g.device);
  put(out, indices, g, true);
  return record('indexPut', out, [g], present(indices), (gg, n) => [getAt(gg, saved(n, 0, indices))]);
}
/** A copy with zeros where the indices point. */
function clearAt(g: Tensor, indices: Indices): Tensor {
  const out = g.detach().clone();
  put(out, indices, 0, false);
  return record('indexPut', out, [g], present(indices), (gg, n) => [clearAt(gg, saved(n, 0, indices))]);
}

/** Writes `values` into `x` where the indices point, or adds them, and records that. */
export function putAt(x: Tensor, indices: Indices, values: Tensor, accumulate: boolean): void {
  commonDevice('indexPut_', [x, values, ...indices]);
  const back = (g: Tensor, n: Node): readonly Grad[] => {
    const at = saved(n, 0, indices);
    return [n.needs(0) ? (accumulate ? g : clearAt(g, at)) : null, n.needs(1) ? getAt(g, at) : null];
  };
  writeInPlace(
    x,
    [x, values],
    () => new RuleNode('IndexPutBackward0', back),
    () => put(x, indices, undisturbed(x, values.detach()), accumulate),
    (node) => node.save(present(indices)),
  );
}
