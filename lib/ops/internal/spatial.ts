// What convolutions and pooling share: one size for every spatial dim or a list of them, and unbatched inputs.
import { describe, ShapeError } from '../../errors.ts';
import { type Shape, show } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

/** One number for all spatial dims, or one each. */
export type Sizes = number | Shape;

/** `dims` whole numbers, none below `least`. */
export function spatial(where: string, name: string, value: Sizes, dims: number, least: number): Shape {
  const list = typeof value === 'number' ? new Array<number>(dims).fill(value) : value;
  if (!Array.isArray(list))
    throw new TypeError(
      `${where}: expected a whole number or a list of them for ${name} but received ${describe(value)}`,
    );
  const full = list.length === 1 && dims > 1 ? new Array<number>(dims).fill(list[0] as number) : (list as Shape);
  if (full.length !== dims) {
    throw new ShapeError(
      `${where}: expected ${name} to be a single integer value or a list of ${dims} values to match the dimensions, but got ${name}=${show(full)}`,
    );
  }
  for (const n of full) {
    if (!Number.isInteger(n))
      throw new TypeError(`${where}: expected whole numbers for ${name} but received ${describe(n)}`);
    if (n < least) {
      const what = least === 0 ? 'negative' : 'non-positive';
      throw new RangeError(`${where}: ${what} ${name} is not supported, but got ${name}=${show(full)}`);
    }
    if (n >= 2 ** 31) throw new RangeError(`${where}: ${name}=${show(full)} is too large`);
  }
  return full;
}

/** Runs `f` on `x` as a batch: inputs without the batch dim get one, and their results lose it again. */
export function batched(where: string, x: Tensor, dims: number, f: (x: Tensor) => Tensor): Tensor {
  if (x.ndim === dims + 2) return f(x);
  checkRank(where, x, dims);
  return f(x.unsqueeze(0)).squeeze(0);
}

export function checkRank(where: string, x: Tensor, dims: number): void {
  if (x.ndim === dims + 2 || x.ndim === dims + 1) return;
  throw new ShapeError(
    `${where}: expected ${dims + 1}D (unbatched) or ${dims + 2}D (batched) input to ${where}, but got input of size: ${show(x.sizes)}`,
  );
}
