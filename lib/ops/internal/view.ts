// What the files of views share: reading of sizes, and lists of sizes with a dim less, more, or two swapped.
import { makeView } from '../../define.ts';
import { type Shape, listOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

/** A view that starts where `x` does unless said otherwise. */
export const view_ = (
  name: string,
  x: Tensor,
  sizes: Shape,
  strides: Shape | null,
  back: (g: Tensor) => Tensor,
  offset = x.offset,
): Tensor => makeView(name, x, sizes, strides, offset, back);

/** `f(2, 3)`, `f([2, 3])` alike; anything else is refused. */
export const readSizes = (where: string, sizes: readonly (number | Shape)[]): Shape => listOf(where, sizes);

export const without = (v: Shape, d: number): number[] => v.filter((_, i) => i !== d);
export const inserted = (v: Shape, d: number, n: number): number[] => [...v.slice(0, d), n, ...v.slice(d)];
export const swapped = (v: Shape, a: number, b: number): number[] => {
  const out = v.slice();
  [out[a], out[b]] = [out[b]!, out[a]!];
  return out;
};
