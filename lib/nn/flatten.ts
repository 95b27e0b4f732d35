// Layers that change shapes.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { tuple, whole } from './internal.ts';
import { Module } from './module.ts';

/** Options of {@link Flatten}. */
export interface FlattenOptions {
  startDim?: number | undefined;
  endDim?: number | undefined;
}
/**
 * Joins the dims from `startDim` to `endDim`. Throws RangeError if there are no such dims.
 * @example
 * new torch.nn.Flatten() // Flatten(start_dim=1, end_dim=-1)
 */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;
  constructor(...args: Call<[startDim?: number, endDim?: number], FlattenOptions>) {
    super();
    const { startDim = 1, endDim = -1 } = readArguments<FlattenOptions>('Flatten', args, ['startDim', 'endDim']);
    this.startDim = startDim;
    this.endDim = endDim;
  }
  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }
  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/**
 * Splits one dim into several. Throws ShapeError if the sizes do not multiply to its own.
 * @example
 * new torch.nn.Unflatten(1, [2, 3]) // Unflatten(dim=1, unflattened_size=(2, 3))
 */
export class Unflatten extends Module {
  readonly dim: number;
  readonly unflattenedSize: Shape;
  constructor(...args: Named<[dim: number, unflattenedSize: Shape], ['dim', 'unflattenedSize'], [], object>) {
    super();
    const { dim, unflattenedSize } = readArguments<{ dim: number; unflattenedSize: Shape }>('Unflatten', args, [
      'dim',
      'unflattenedSize',
    ]);
    this.dim = whole('Unflatten', 'dim', dim, Number.MIN_SAFE_INTEGER);
    if (!Array.isArray(unflattenedSize))
      throw new TypeError(`Unflatten: expected a list of sizes but received ${describe(unflattenedSize)}`);
    this.unflattenedSize = unflattenedSize;
  }
  override forward(x: Tensor): Tensor {
    return x.unflatten(this.dim, this.unflattenedSize);
  }
  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${tuple(this.unflattenedSize)}`;
  }
}
