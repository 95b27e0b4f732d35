// Pure functions on sizes and strides. No tensors here.
import { describe, ShapeError } from './errors.ts';

/** Sizes or strides, outermost dim first. */
export type Shape = readonly number[];

/**
 * A tensor's `shape`: an array that prints as PyTorch's `torch.Size`.
 * @example
 * torch.ones(2, 3).shape // torch.Size([2, 3])
 * @example
 * torch.ones(2, 3).shape.map((n) => n * 2) // [ 4, 6 ]
 */
export class Size extends Array<number> {
  // map, slice and their kin give plain arrays
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  override toString(): string {
    return `torch.Size([${this.join(', ')}])`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
  [Symbol.toPrimitive](): string {
    return this.toString();
  }
  /** The number of elements. */
  numel(): number {
    return sizeOf(this);
  }
}

const EMPTY: Shape = [];
const ONE: Shape = [1];

/** Strides of matrices by the length of their rows, made when first needed: nobody writes to strides. */
const matrices = new Array<Shape | undefined>(1024).fill(undefined);

export function sizeOf(shape: Shape): number {
  let n = 1;
  for (let d = 0; d < shape.length; d++) n *= shape[d]!;
  return n;
}

export function contiguousStrides(shape: Shape): Shape {
  const rank = shape.length;
  if (rank === 0) return EMPTY;
  if (rank === 1) return ONE;
  if (rank === 2 && shape[1]! < matrices.length) return (matrices[shape[1]!] ??= [shape[1]! || 1, 1]);
  const strides = new Array<number>(rank);
  for (let d = rank - 1, n = 1; d >= 0; d--) {
    strides[d] = n;
    n *= shape[d]! || 1;
  }
  return strides;
}

/** Row-major without gaps; strides of dims of size 1 do not matter. */
export function isContiguous(shape: Shape, strides: Shape): boolean {
  for (let d = shape.length - 1, expected = 1; d >= 0; d--) {
    const n = shape[d]!;
    if (n === 0) return true;
    if (n !== 1) {
      if (strides[d] !== expected) return false;
      expected *= n;
    }
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** How a shape reads in a message. */
export const show = (shape: Shape): string =>
  `[${shape.map((n: unknown) => (typeof n === 'number' ? n : describe(n))).join(', ')}]`;

/** Whether `a` broadcasts to `b` as it is. */
function fits(a: Shape, b: Shape): boolean {
  const pad = b.length - a.length;
  if (pad < 0) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[pad + d] && a[d] !== 1) return false;
  return true;
}

/** The shape that both broadcast to. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (fits(b, a)) return a;
  if (fits(a, b)) return b;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let d = 0; d < rank; d++) {
    const n = d < rank - a.length ? 1 : a[d - rank + a.length]!;
    const m = d < rank - b.length ? 1 : b[d - rank + b.length]!;
    if (n !== m && n !== 1 && m !== 1) {
      throw new ShapeError(
        `${where}: shapes ${show(a)} and ${show(b)} do not broadcast: the sizes ${n} and ${m} differ at dimension ${d}`,
      );
    }
    out[d] = n === 1 ? m : n;
  }
  return out;
}

/** Strides that read a tensor of `shape` as if it had `target`'s shape; `target` must be a broadcast of it. */
export function expandStrides(shape: Shape, strides: Shape, target: Shape): Shape {
  if (shape === target) return strides;
  const pad = target.length - shape.length;
  const out = new Array<number>(target.length);
  for (let d = 0; d < target.length; d++) {
    out[d] = d < pad || (shape[d - pad] === 1 && target[d] !== 1) ? 0 : strides[d - pad]!;
  }
  return out;
}

/** One dim, negative counted from the end. `rank` 0 has one dim, as in PyTorch. */
export function wrapDim(where: string, dim: number, rank: number): number {
  const range = rank === 0 ? 1 : rank;
  if (typeof dim !== 'number' || !Number.isInteger(dim)) {
    throw new TypeError(`${where}: expected a whole number for dim but received ${describe(dim)}`);
  }
  if (dim < -range || dim >= range) {
    throw new RangeError(
      `${where}: dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim})`,
    );
  }
  return dim < 0 ? dim + range : dim;
}

/** Several dims, sorted; all of them for null, undefined or an empty list. */
export function wrapDims(where: string, dim: number | Shape | null | undefined, rank: number): readonly number[] {
  if (dim === null || dim === undefined) return allDims(rank);
  if (typeof dim === 'number') {
    const d = wrapDim(where, dim, rank);
    return rank === 0 ? EMPTY : [d];
  }
  if (!Array.isArray(dim))
    throw new TypeError(`${where}: expected a dim or a list of dims but received ${describe(dim)}`);
  if (dim.length === 0) return allDims(rank);
  const dims = (dim as readonly number[]).map((d) => wrapDim(where, d, rank)).sort((a, b) => a - b);
  for (let i = 1; i < dims.length; i++) {
    if (dims[i] === dims[i - 1])
      throw new RangeError(`${where}: dim ${dims[i]} appears multiple times in the list of dims`);
  }
  return rank === 0 ? EMPTY : dims;
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const everyDim: Shape[] = [];
/** The dims of a rank, in one array for all. */
export const allDims = (rank: number): Shape => (everyDim[rank] ??= range(rank));

/** A shape given by a user: whole numbers that are not negative, with a product that a number can hold. */
export function checkShape(where: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${where}: expected a list of sizes but received ${describe(shape)}`);
  let n = 1;
  for (const size of shape as readonly unknown[]) {
    if (typeof size !== 'number' || !Number.isInteger(size)) {
      throw new TypeError(`${where}: expected whole numbers as sizes but received ${describe(size)}`);
    }
    if (size < 0)
      throw new ShapeError(
        `${where}: trying to create a tensor with negative dimension ${size}: ${show(shape as Shape)}`,
      );
    n *= size || 1;
  }
  if (n > Number.MAX_SAFE_INTEGER)
    throw new ShapeError(`${where}: ${show(shape as Shape)} has more elements than a number can count`);
  if (shape.length > 64) throw new ShapeError(`${where}: at most 64 dimensions are supported, not ${shape.length}`);
  return shape as Shape;
}

/** As sizesOf; what is no list of numbers is refused. */
export function listOf(where: string, sizes: readonly (number | Shape)[]): Shape {
  const list: unknown = sizesOf(sizes);
  if (!Array.isArray(list) || list.some((n) => typeof n !== 'number'))
    throw new TypeError(
      `${where}: expected whole numbers or a list of them but received ${Array.isArray(list) ? show(list) : describe(list)}`,
    );
  return list as Shape;
}

/** `f(2, 3)` and `f([2, 3])` alike. */
export function sizesOf(sizes: readonly (number | Shape)[]): Shape {
  const first = sizes[0];
  return sizes.length === 1 && typeof first === 'object' ? first : (sizes as Shape);
}

/** Fills in the one -1 of a view's shape. */
export function inferShape(where: string, shape: Shape, numel: number): Shape {
  let hole = -1;
  let known = 1;
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d];
    if (typeof n !== 'number' || !Number.isInteger(n)) {
      throw new TypeError(`${where}: expected whole numbers as sizes but received ${describe(n)}`);
    }
    if (n === -1) {
      if (hole >= 0)
        throw new ShapeError(`${where}: only one dimension can be inferred, but ${show(shape)} has several -1`);
      hole = d;
    } else if (n < 0) {
      throw new ShapeError(`${where}: invalid shape dimension ${n} in ${show(shape)}`);
    } else {
      known *= n;
    }
  }
  if (hole < 0) {
    if (known !== numel) throw new ShapeError(`${where}: shape ${show(shape)} is invalid for input of size ${numel}`);
    return shape;
  }
  if (known === 0) {
    throw new ShapeError(
      `${where}: cannot reshape tensor of ${numel} elements into shape ${show(shape)} because the unspecified dimension size -1 can be any value and is ambiguous`,
    );
  }
  if (numel % known !== 0) throw new ShapeError(`${where}: shape ${show(shape)} is invalid for input of size ${numel}`);
  const out = shape.slice();
  out[hole] = numel / known;
  return out;
}

/** Strides with which the same memory has another shape, or null if a copy is needed (PyTorch's `computeStride`). */
export function viewStrides(shape: Shape, strides: Shape, target: Shape): Shape | null {
  if (sizeOf(shape) === 0) return sameShape(shape, target) ? strides : contiguousStrides(target);
  const out = new Array<number>(target.length);
  let at = target.length - 1;
  let base = 1; // stride of the innermost dim of the current chunk of memory
  let chunk = 1; // elements of the chunk so far
  let covered = 1; // elements of it that `target` has used
  if (shape.length === 0) return out.fill(1);
  base = strides[shape.length - 1]!;
  for (let d = shape.length - 1; d >= 0; d--) {
    chunk *= shape[d]!;
    // the chunk ends where the next outer dim does not continue it
    if (d === 0 || (shape[d - 1] !== 1 && strides[d - 1] !== chunk * base)) {
      while (at >= 0 && (covered < chunk || target[at] === 1)) {
        out[at] = covered * base;
        covered *= target[at]!;
        at--;
      }
      if (covered !== chunk) return null;
      if (d > 0) {
        base = strides[d - 1]!;
        chunk = 1;
        covered = 1;
      }
    }
  }
  return at === -1 ? out : null;
}
