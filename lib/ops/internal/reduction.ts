// What becomes of the losses of all elements: shared by the files of losses.
import { readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { MEAN, NONE, SUM } from './loss-grad.ts';

/** What becomes of the losses of all elements. */
export type Reduction = 'none' | 'mean' | 'sum';

/** PyTorch's old names for a reduction. */
export interface LegacyReduction {
  /** Deprecated: false for the sum, true for the mean. */
  sizeAverage?: boolean | null | undefined;
  /** Deprecated: false for no reduction. */
  reduce?: boolean | null | undefined;
}
/** The arguments of a loss behind its tensors, in PyTorch's order, in which the old ones are; more that come by name. */
interface Order {
  readonly all: readonly string[];
  readonly names: readonly string[];
  readonly only: readonly string[];
  readonly old: number;
}
const OLD: readonly string[] = ['sizeAverage', 'reduce'];
export function order(words: string, only: readonly string[] = []): Order {
  const all = words.split(' ');
  const names = all.filter((name) => !OLD.includes(name));
  return { all, names, only: [...only, ...OLD], old: all.indexOf('sizeAverage') };
}
export const PLAIN_LOSS: Order = order('sizeAverage reduce reduction');
export const WEIGHTED_LOSS: Order = order('weight sizeAverage reduce reduction');
export const CLASS_LOSS: Order = order('weight sizeAverage ignoreIndex reduce reduction');
export const SMOOTHED_CLASS_LOSS: Order = order('weight sizeAverage ignoreIndex reduce reduction labelSmoothing');
export const LOGITS_LOSS: Order = order('weight sizeAverage reduce reduction posWeight');
export const MARGIN_LOSS: Order = order('margin sizeAverage reduce reduction');
export const SMOOTH_LOSS: Order = order('sizeAverage reduce reduction beta');
export const KL_LOSS: Order = order('sizeAverage reduce reduction logTarget');
export const POISSON_LOSS: Order = order('logInput full sizeAverage eps reduce reduction');
export const TRIPLET_LOSS: Order = order('margin p eps swap sizeAverage reduce reduction');
export const MULTI_MARGIN_LOSS: Order = order('p margin weight sizeAverage reduce reduction');

const warned = new Set<string>();
/**
 * Reads the arguments of a loss. The old ones may be left out of the order, and are obeyed with a warning, as in PyTorch.
 */
export function readLoss<T extends { reduction?: unknown }>(
  where: string,
  args: readonly unknown[],
  { all, names, only, old }: Order,
): Partial<T> {
  const inOrder = args.length > old && (args[old] === null || typeof args[old] === 'boolean');
  const options = readArguments<T & LegacyReduction>(where, args, inOrder ? all : names, only);
  const { sizeAverage = null, reduce = null } = options;
  if (sizeAverage === null && reduce === null) return options;
  for (const [name, value] of Object.entries({ sizeAverage, reduce }))
    if (value !== null && typeof value !== 'boolean')
      throw new TypeError(`${where}: expected a boolean for ${name} but received ${describe(value)}`);
  options.reduction = reduce === false ? 'none' : sizeAverage === false ? 'sum' : 'mean';
  const text = `${where}: sizeAverage and reduce args will be deprecated, please use reduction='${String(options.reduction)}' instead.`;
  if (!warned.has(text)) process.emitWarning(text);
  warned.add(text);
  return options;
}

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
