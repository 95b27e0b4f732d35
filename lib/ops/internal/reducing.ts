// What the reductions share: dims, results with or without the reduced dims, and bringing gradients back to the input.
import { runReduce } from '../../dispatch.ts';
import type { Device } from '../../device.ts';
import type { DType } from '../../dtype.ts';
import { describe } from '../../errors.ts';
import { native } from '../../native.ts';
import { show, type Shape } from '../../shape.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';

/** One dim, several, or all of them. */
export type Dims = number | readonly number[] | null;

/** `shape` with the dims of size 1. */
export function keptShape(shape: Shape, dims: readonly number[]): Shape {
  const out = shape.slice();
  for (let i = 0; i < dims.length; i++) out[dims[i]!] = 1;
  return out;
}

/** `shape` without the dims. */
export function reducedShape(shape: Shape, dims: readonly number[]): Shape {
  const out: number[] = [];
  for (let d = 0; d < shape.length; d++) if (!dims.includes(d)) out.push(shape[d]!);
  return out;
}

/** The same memory with another shape of as many elements; `x` is dense and fresh. */
export const reshaped = (x: Tensor, sizes: Shape): Tensor =>
  new Tensor(x.storage, x.dt, sizes, null, x.offset, x.count);

const resultShape = (shape: Shape, dims: readonly number[], keepdim: boolean): Shape =>
  keepdim || dims.length === 0 ? keptShape(shape, dims) : reducedShape(shape, dims);

/** Runs a reduction kernel with one result per dtype given. */
export function reduceMany(
  k: number,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  dtypes: readonly DType[],
  params?: readonly number[],
  ordered?: boolean,
): Tensor[] {
  const sizes = resultShape(x.sizes, dims, keepdim);
  const outs = dtypes.map((dt) => emptyTensor(sizes, dt, x.device));
  runReduce(k, outs, x, dims, params, ordered);
  return outs;
}

/** Runs a reduction kernel with one result. */
export function reduceOne(
  k: number,
  x: Tensor,
  dims: readonly number[],
  keepdim: boolean,
  dt: DType,
  params?: readonly number[],
  ordered?: boolean,
): Tensor {
  const out = emptyTensor(resultShape(x.sizes, dims, keepdim), dt, x.device);
  runReduce(k, [out], x, dims, params, ordered);
  return out;
}

/** A result or its gradient with the reduced dims back, of size 1: what broadcasts against the input. */
export function withDims(y: Tensor, shape: Shape, dims: readonly number[], keepdim: boolean): Tensor {
  return keepdim || dims.length === 0 || y.sizes.length === shape.length ? y : y.reshape(keptShape(shape, dims));
}

/** A gradient spread over the input's shape. */
export const spreadBack = (g: Tensor, shape: Shape, dims: readonly number[], keepdim: boolean): Tensor =>
  withDims(g, shape, dims, keepdim).expand(shape);

/** How many elements each result is made of. */
export const reducedCount = (shape: Shape, dims: readonly number[]): number => dims.reduce((n, d) => n * shape[d]!, 1);

/** Refuses reductions of nothing that have no result. */
export function checkNotEmpty(where: string, x: Tensor, dims: readonly number[]): void {
  if (x.count !== 0) return;
  for (const d of dims) {
    if (x.sizes[d] === 0) {
      throw new RangeError(
        `${where}: expected reduction dim ${d} to have non-zero size, but the input has shape ${show(x.sizes)}`,
      );
    }
  }
}

/** The gradient of picking one element per row along `dim`: it goes to where the index says. */
export function pickBack(g: Tensor, indices: Tensor, shape: Shape, dim: number, keepdim: boolean): Tensor {
  if (shape.length === 0) return g;
  const [gg, at] = keepdim ? [g, indices] : [g.unsqueeze(dim), indices.unsqueeze(dim)];
  return scatterBack(gg, at, shape, dim);
}

/** Zeros of `shape` with `g` added at `indices` along `dim`. */
export const scatterBack = (g: Tensor, indices: Tensor, shape: Shape, dim: number): Tensor =>
  zerosOf(shape, g.dt, g.device).scatterAdd_(dim, indices, g);

/** A fresh tensor of zeros. */
export function zerosOf(shape: Shape, dt: DType, device: Device): Tensor {
  const out = emptyTensor(shape, dt, device);
  out.zero_();
  return out;
}

/** The error for the first of `index` that is not in [-size, size). */
export function outside(where: string, index: Tensor, dim: number | null, size: number): RangeError {
  const bad = index
    .detach()
    .values()
    .find((v) => Number(v) < -size || Number(v) >= size);
  return new RangeError(
    dim === null
      ? `${where}: index ${bad} is out of range for a tensor of ${size} elements`
      : `${where}: index ${bad} is out of bounds for dimension ${dim} with size ${size}`,
  );
}

/** A boolean option. */
export function flag(where: string, name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for ${name} but received ${describe(value)}`);
  return value;
}

/** A fresh tensor with these values. */
export function fromTyped(
  data: Float64Array | Float32Array | BigInt64Array | Uint8Array | Int32Array,
  sizes: Shape,
  dt: DType,
  device: Device,
): Tensor {
  const out = emptyTensor(sizes, dt, device);
  if (out.count > 0) native.write(out.storage.handle, out.storage.byteOffset, data);
  return out;
}
