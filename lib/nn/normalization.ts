// Normalization layers.
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { groupNorm, layerNorm } from '../ops/norm.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { BatchNorm } from './batch-norm.ts';
import { ones_, zeros_ } from './init.ts';
import { bool, FACTORY, type FactoryOptions, factoryOf, float, tuple, whole } from './internal.ts';
import { type AnyModule, Module } from './module.ts';
import { type BatchNormOptions, checkDims } from './norm-base.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

export type { BatchNormOptions };

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

/** Options of {@link SyncBatchNorm}. */
export interface SyncBatchNormOptions extends BatchNormOptions {
  processGroup?: null | undefined;
}
/**
 * As {@link BatchNorm1d}, of [N, C, *] with any number of dims. In PyTorch, processes that train together share their
 * statistics; in one process, which is what there is here, it is batch normalization. Throws ShapeError for less than 2
 * dims.
 * @example
 * new torch.nn.SyncBatchNorm(1).forward(torch.tensor([[[0.5, 1, 3]]])).flatten()
 * // tensor([-0.9258, -0.4629,  1.3887], grad_fn=<ViewBackward0>)
 */
export class SyncBatchNorm extends BatchNorm {
  constructor(
    ...args: Named<
      [numFeatures: number],
      ['numFeatures'],
      [eps?: number, momentum?: number | null, affine?: boolean, trackRunningStats?: boolean, processGroup?: null],
      SyncBatchNormOptions
    >
  ) {
    const where = new.target.name;
    const { numFeatures, processGroup, ...options } = readArguments<SyncBatchNormOptions & { numFeatures: number }>(
      where,
      args,
      ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'processGroup'],
      ['bias', ...FACTORY],
    );
    if (processGroup !== undefined && processGroup !== null)
      throw new TypeError(`${where}: there are no process groups here, but processGroup is ${describe(processGroup)}`);
    super(numFeatures!, options);
  }
  /** A module with every BatchNorm in it as a SyncBatchNorm that shares its parameters. */
  static convertSyncBatchnorm<M extends AnyModule>(module: M): M | SyncBatchNorm {
    if (!(module instanceof Module))
      throw new TypeError(`convertSyncBatchnorm: expected a Module but received ${describe(module)}`);
    const from: unknown = module;
    if (from instanceof BatchNorm && !(from instanceof SyncBatchNorm)) {
      const { numFeatures, eps, momentum, affine, trackRunningStats } = from;
      const to = new SyncBatchNorm(numFeatures, { eps, momentum, affine, trackRunningStats, bias: from.bias !== null });
      const { weight, bias, runningMean, runningVar, numBatchesTracked, training } = from;
      return Object.assign(to, { weight, bias, runningMean, runningVar, numBatchesTracked, training });
    }
    for (const [name, child] of module.namedChildren()) {
      const converted = SyncBatchNorm.convertSyncBatchnorm(child);
      if (converted === child) continue;
      // members of arrays and plain objects have names such as layers.0
      const dot = name.indexOf('.');
      if (dot < 0) module.registerModule(name, converted as AnyModule);
      else Reflect.set(Reflect.get(module, name.slice(0, dot)) as object, name.slice(dot + 1), converted);
    }
    return module;
  }
  protected override check(x: Tensor): void {
    if (x.ndim < 2) throw new ShapeError(`SyncBatchNorm: expected at least 2D input (got ${x.ndim}D input)`);
    if (x.sizes[1] === 0) throw new ShapeError('SyncBatchNorm: number of input channels should be non-zero');
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
    const [dt, device] = factoryOf('LayerNorm', options);
    this.weight = this.elementwiseAffine ? emptyParameter(this.normalizedShape, dt, device) : null;
    this.bias =
      this.elementwiseAffine && (options.bias ?? true) ? emptyParameter(this.normalizedShape, dt, device) : null;
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
    const [dt, device] = factoryOf('GroupNorm', options);
    this.weight = this.affine ? emptyParameter([numChannels], dt, device) : null;
    this.bias = this.affine && (options.bias ?? true) ? emptyParameter([numChannels], dt, device) : null;
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
