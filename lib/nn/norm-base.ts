// What batch and instance normalization layers share: parameters, running statistics, printing.
import type { Device } from '../device.ts';
import { type Named, readArguments } from '../arguments.ts';
import { type DType, int64 } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { emptyLasting, type Tensor } from '../tensor.ts';
import { constant_, ones_, zeros_ } from './init.ts';
import { bool, FACTORY, type FactoryOptions, factoryOf, float, whole } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/** Options of {@link BatchNorm1d}, {@link BatchNorm2d} and {@link BatchNorm3d}. */
export interface BatchNormOptions extends FactoryOptions {
  eps?: number | undefined;
  momentum?: number | null | undefined;
  affine?: boolean | undefined;
  trackRunningStats?: boolean | undefined;
  bias?: boolean | undefined;
}
/** What a normalization layer may be given behind its features, in PyTorch's order. */
export type NormOptional = [eps?: number, momentum?: number | null, affine?: boolean, trackRunningStats?: boolean];
export type NormArguments = Named<[numFeatures: number], ['numFeatures'], NormOptional, BatchNormOptions>;
export const filled = (sizes: Shape, dt: DType, value: number, device: Device): Tensor =>
  constant_(emptyLasting(sizes, dt, device), value);
const KEYS: Readonly<Record<string, string>> = {
  runningMean: 'running_mean',
  runningVar: 'running_var',
  numBatchesTracked: 'num_batches_tracked',
};

/** Parameters and running statistics of batch and instance normalization. */
export abstract class NormBase extends Module {
  numFeatures: number;
  readonly eps: number;
  /** How fast the running statistics move; null takes the mean over all batches. */
  momentum: number | null;
  affine: boolean;
  trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  runningMean: Tensor | null;
  runningVar: Tensor | null;
  numBatchesTracked: Tensor | null;
  /** `usual` says whether it is affine and keeps statistics where nothing else is said. */
  constructor(where: string, args: readonly unknown[], usual: boolean) {
    super();
    const options = readArguments<BatchNormOptions & { numFeatures: number }>(
      where,
      args,
      ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats'],
      ['bias', ...FACTORY],
    );
    const numFeatures = whole(where, 'numFeatures', options.numFeatures);
    this.numFeatures = numFeatures;
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum === undefined ? 0.1 : options.momentum;
    this.affine = options.affine ?? usual;
    this.trackRunningStats = options.trackRunningStats ?? usual;
    const [dt, device] = factoryOf(where, options);
    this.weight = this.affine ? emptyParameter([numFeatures], dt, device) : null;
    this.bias = this.affine && (options.bias ?? true) ? emptyParameter([numFeatures], dt, device) : null;
    this.runningMean = this.trackRunningStats ? filled([numFeatures], dt, 0, device) : null;
    this.runningVar = this.trackRunningStats ? filled([numFeatures], dt, 1, device) : null;
    this.numBatchesTracked = this.trackRunningStats ? filled([], int64, 0, device) : null;
    this.resetParameters();
  }
  /** Forgets the running statistics. */
  resetRunningStats(): void {
    if (this.runningMean) zeros_(this.runningMean);
    if (this.runningVar) ones_(this.runningVar);
    if (this.numBatchesTracked) zeros_(this.numBatchesTracked);
  }
  /** Sets everything to what it was at first. */
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight) ones_(this.weight);
    if (this.bias) zeros_(this.bias);
  }
  protected override keyOf(field: string): string {
    return KEYS[field] ?? field;
  }
  /** PyTorch's checkpoints from before 0.4.1 lack it. */
  protected override optional(key: string): boolean {
    return key === 'num_batches_tracked';
  }
  override extraRepr(): string {
    return (
      `${this.numFeatures}, eps=${float(this.eps)}, momentum=${float(this.momentum)}, affine=${bool(this.affine)}, ` +
      `bias=${bool(this.bias !== null)}, track_running_stats=${bool(this.trackRunningStats)}`
    );
  }
}
/** Refuses inputs of other dims. */
export function checkDims(where: string, x: Tensor, dims: readonly number[]): void {
  if (!dims.includes(x.ndim))
    throw new ShapeError(`${where}: expected ${dims.map((d) => `${d}D`).join(' or ')} input (got ${x.ndim}D input)`);
}
