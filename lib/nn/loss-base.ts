// The base class of the losses that are modules.
import type { Reduction } from '../ops/internal/reduction.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

/** What most losses take. */
export type Pair = [x: Tensor, target: Tensor];
/** A loss with a reduction. */
export abstract class Loss<Args extends readonly unknown[] = Pair> extends Module<Args> {
  readonly reduction: Reduction;
  constructor(reduction: Reduction | undefined) {
    super();
    this.reduction = reduction ?? 'mean';
  }
}
