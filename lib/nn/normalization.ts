// Normalization layers.
import { type Named, readArguments } from '../define.ts';
import { noGrad } from '../autograd/mode.ts';
import { type DType, int64 } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { batchNorm, groupNorm, layerNorm } from '../ops/norm.ts';
import type { Shape } from '../shape.ts';
import { emptyLasting, type Tensor } from '../tensor.ts';
import { constant_, ones_, zeros_ } from './init.ts';
import { bool, FACTORY, type FactoryOptions, factoryDtype, float, tuple, whole } from './internal.ts';
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
type BatchNormArguments = Named<
  [numFeatures: number],
  ['numFeatures'],
  [eps?: number, momentum?: number | null, affine?: boolean, trackRunningStats?: boolean],
  BatchNormOptions
>;
const filled = (sizes: Shape, dt: DType, value: number): Tensor => constant_(emptyLasting(sizes, dt), value);
const KEYS: Readonly<Record<string, string>> = {
  runningMean: 'running_mean',
  runningVar: 'running_var',
  numBatchesTracked: 'num_batches_tracked',
};

abstract class BatchNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  /** How fast the running statistics move; null takes the mean over all batches. */
  momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  runningMean: Tensor | null;
  runningVar: Tensor | null;
  numBatchesTracked: Tensor | null;
  constructor(...args: BatchNormArguments) {
    super();
    const options = readArguments<BatchNormOptions & { numFeatures: number }>(
      new.target.name,
      args,
      ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats'],
      ['bias', ...FACTORY],
    );
    const numFeatures = whole(new.target.name, 'numFeatures', options.numFeatures);
    this.numFeatures = numFeatures;
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum === undefined ? 0.1 : options.momentum;
    this.affine = options.affine ?? true;
    this.trackRunningStats = options.trackRunningStats ?? true;
    const dt = factoryDtype(new.target.name, options);
    this.weight = this.affine ? emptyParameter([numFeatures], dt) : null;
    this.bias = this.affine && (options.bias ?? true) ? emptyParameter([numFeatures], dt) : null;
    this.runningMean = this.trackRunningStats ? filled([numFeatures], dt, 0) : null;
    this.runningVar = this.trackRunningStats ? filled([numFeatures], dt, 1) : null;
    this.numBatchesTracked = this.trackRunningStats ? filled([], int64, 0) : null;
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
  protected abstract check(x: Tensor): void;
  override forward(x: Tensor): Tensor {
    this.check(x);
    const { training, trackRunningStats } = this;
    let factor = this.momentum ?? 0;
    const counter = this.numBatchesTracked;
    if (training && trackRunningStats && counter !== null) {
      noGrad(() => counter.add_(1));
      if (this.momentum === null) factor = 1 / counter.item();
    }
    const own = training || (this.runningMean === null && this.runningVar === null);
    const used = !training || trackRunningStats;
    return batchNorm(
      x,
      this.weight,
      this.bias,
      used ? this.runningMean : null,
      used ? this.runningVar : null,
      own,
      factor,
      this.eps,
    );
  }
  override extraRepr(): string {
    return (
      `${this.numFeatures}, eps=${float(this.eps)}, momentum=${float(this.momentum)}, affine=${bool(this.affine)}, ` +
      `bias=${bool(this.bias !== null)}, track_running_stats=${bool(this.trackRunningStats)}`
    );
  }
}
function checkDims(where: string, x: Tensor, dims: readonly number[]): void {
  if (!dims.includes(x.ndim))
    throw new ShapeError(`${where}: expected ${dims.map((d) => `${d}D`).join(' or ')} input (got ${x.ndim}D input)`);
}
/**
 * Normalization of each channel of [N, C] or [N, C, L] to mean 0 and variance 1 over the batch (running statistics
 * after `eval()`), then times `weight` plus `bias` (https://arxiv.org/abs/1502.03167). Throws ShapeError for other
 * shapes.
 * @example
 * new torch.nn.BatchNorm1d(1).forward(torch.tensor([[1.5], [2.5]])).squeeze().tolist()
 * // [ -0.9999799728393555, 0.9999799728393555 ]
 * @example
 * new torch.nn.BatchNorm1d(3)
 * // BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
 */
export class BatchNorm1d extends BatchNorm {
  protected override check(x: Tensor): void {
    checkDims('BatchNorm1d', x, [2, 3]);
  }
}
/**
 * As {@link BatchNorm1d}, of [N, C, H, W].
 * @example
 * new torch.nn.BatchNorm2d(1).forward(torch.tensor([[[[0.5, 1, 3]]]]))
 * // tensor([[[[-0.9258, -0.4629,  1.3887]]]], grad_fn=<NativeBatchNormBackward0>)
 */
export class BatchNorm2d extends BatchNorm {
  protected override check(x: Tensor): void {
    checkDims('BatchNorm2d', x, [4]);
  }
}
/**
 * As {@link BatchNorm1d}, of [N, C, D, H, W].
 * @example
 * new torch.nn.BatchNorm3d(1).forward(torch.tensor([[[[[0.5, 1, 3]]]]])).flatten()
 * // tensor([-0.9258, -0.4629,  1.3887], grad_fn=<ViewBackward0>)
 */
export class BatchNorm3d extends BatchNorm {
  protected override check(x: Tensor): void {
    checkDims('BatchNorm3d', x, [5]);
  }
}

/** Options of {@link LayerNorm}. */
export interface LayerNormModuleOptions extends FactoryOptions {
  eps?: number | undefined;
  elementwiseAffine?: boolean | undefined;
  bias?: boolean | undefined;
}
/**
 * Normalization over the last dims, whose sizes are `normalizedShape`. Throws ShapeError where the sizes are others.
 * @example
 * new torch.nn.LayerNorm(4) // LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  constructor(
    ...args: Named<
      [normalizedShape: number | Shape],
      ['normalizedShape'],
      [eps?: number, elementwiseAffine?: boolean, bias?: boolean],
      LayerNormModuleOptions
    >
  ) {
    super();
    const options = readArguments<LayerNormModuleOptions & { normalizedShape: number | Shape }>('LayerNorm', args, [
      'normalizedShape',
      'eps',
      'elementwiseAffine',
      'bias',
      ...FACTORY,
    ]);
    const { normalizedShape } = options;
    this.normalizedShape = (Array.isArray(normalizedShape) ? normalizedShape : [normalizedShape]).map((n: unknown) =>
      whole('LayerNorm', 'normalizedShape', n),
    );
    this.eps = options.eps ?? 1e-5;
    this.elementwiseAffine = options.elementwiseAffine ?? true;
    const dt = factoryDtype('LayerNorm', options);
    this.weight = this.elementwiseAffine ? emptyParameter(this.normalizedShape, dt) : null;
    this.bias = this.elementwiseAffine && (options.bias ?? true) ? emptyParameter(this.normalizedShape, dt) : null;
    this.resetParameters();
  }
  /** Sets weight and bias to ones and zeros. */
  resetParameters(): void {
    if (this.weight) ones_(this.weight);
    if (this.bias) zeros_(this.bias);
  }
  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }
  override extraRepr(): string {
    return `${tuple(this.normalizedShape)}, eps=${float(this.eps)}, elementwise_affine=${bool(this.elementwiseAffine)}, bias=${bool(this.bias !== null)}`;
  }
}

/** Options of {@link GroupNorm}. */
export interface GroupNormModuleOptions extends FactoryOptions {
  eps?: number | undefined;
  affine?: boolean | undefined;
  bias?: boolean | undefined;
}
/**
 * Normalization over groups of channels of [N, C, *]. Throws ShapeError if the groups do not divide the channels.
 * @example
 * new torch.nn.GroupNorm(2, 4) // GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)
 */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  constructor(
    ...args: Named<
      [numGroups: number, numChannels: number],
      ['numGroups', 'numChannels'],
      [eps?: number, affine?: boolean],
      GroupNormModuleOptions
    >
  ) {
    super();
    const options = readArguments<GroupNormModuleOptions & { numGroups: number; numChannels: number }>(
      'GroupNorm',
      args,
      ['numGroups', 'numChannels', 'eps', 'affine'],
      ['bias', ...FACTORY],
    );
    const numGroups = whole('GroupNorm', 'numGroups', options.numGroups, 1);
    const numChannels = whole('GroupNorm', 'numChannels', options.numChannels);
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    if (numChannels % numGroups !== 0)
      throw new ShapeError(`GroupNorm: num_channels (${numChannels}) must be divisible by num_groups (${numGroups})`);
    this.eps = options.eps ?? 1e-5;
    this.affine = options.affine ?? true;
    const dt = factoryDtype('GroupNorm', options);
    this.weight = this.affine ? emptyParameter([numChannels], dt) : null;
    this.bias = this.affine && (options.bias ?? true) ? emptyParameter([numChannels], dt) : null;
    this.resetParameters();
  }
  /** Sets weight and bias to ones and zeros. */
  resetParameters(): void {
    if (this.weight) ones_(this.weight);
    if (this.bias) zeros_(this.bias);
  }
  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps);
  }
  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${float(this.eps)}, affine=${bool(this.affine)}, bias=${bool(this.bias !== null)}`;
  }
}
