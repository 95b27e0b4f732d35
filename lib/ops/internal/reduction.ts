// What becomes of the losses of all elements: shared by the files of losses.
import { describe } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { MEAN, NONE, SUM } from './loss-grad.ts';

/** What becomes of the losses of all elements. */
export type Reduction = 'none' | 'mean' | 'sum';

/** The number of a reduction. Throws TypeError for other words. */
export function reductionCode(where: string, reduction: unknown): number {
  if (reduction === 'none') return NONE;
  if (reduction === 'mean') return MEAN;
  if (reduction === 'sum') return SUM;
  throw new TypeError(`${where}: ${describe(reduction)} is not a valid value for reduction`);
}
/** The losses of all elements, reduced. */
export const reduced = (x: Tensor, reduction: number): Tensor =>
  reduction === NONE ? x : reduction === MEAN ? x.mean() : x.sum();
