// Lazy batch and instance normalization: they learn how many channels their input has when they first see one.
import { deviceOption } from '../device.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { int64 } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from './instance-norm.ts';
import { FACTORY } from './internal.ts';
import { become, materialized, waiting } from './lazy-base.ts';
import { type BatchNormOptions, filled, type NormOptional } from './norm-base.ts';
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from './normalization.ts';
import { type Parameter, UninitializedBuffer } from './parameter.ts';

/** What normalization layers have that lazy ones set. */
interface LazyNorm {
  numFeatures: number;
  affine: boolean;
  trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  runningMean: Tensor | null;
  runningVar: Tensor | null;
  numBatchesTracked: Tensor | null;
  resetParameters(): void;
}
type NormArguments = Call<NormOptional, BatchNormOptions>;
const readNorm = (where: string, args: readonly unknown[]): BatchNormOptions =>
  readArguments<BatchNormOptions>(
    where,
    args,
    ['eps', 'momentum', 'affine', 'trackRunningStats'],
    ['bias', ...FACTORY],
  );
/** The options of the ordinary layer, without parameters of its own. */
const bare = (options: BatchNormOptions): BatchNormOptions => ({ ...options, affine: false, trackRunningStats: false });
function waitNorm(module: LazyNorm, options: BatchNormOptions): void {
  const { affine = true, trackRunningStats = true, bias = true, device, dtype } = options;
  module.affine = affine;
  module.trackRunningStats = trackRunningStats;
  if (affine) {
    module.weight = waiting(options);
    if (bias) module.bias = waiting(options);
  }
  if (trackRunningStats) {
    module.runningMean = new UninitializedBuffer({ device, dtype });
    module.runningVar = new UninitializedBuffer({ device, dtype });
    module.numBatchesTracked = filled([], int64, 0, deviceOption('BatchNorm', device));
  }
}
/** Sets what a normalization layer learns from its input. */
function prepareNorm(
  module: LazyNorm & object,
  kind: { readonly prototype: object; readonly name: string },
  x: Tensor,
): void {
  const where = `Lazy${kind.name}`;
  checkTensor(where, x);
  if (x.ndim < 2) throw new ShapeError(`${where}: expected an input of at least 2 dims, but got ${show(x.sizes)}`);
  if (module.numFeatures === 0) {
    const shape = [x.sizes[1]!];
    const { weight, bias, runningMean, runningVar } = module;
    const made = materialized([weight, bias, runningMean, runningVar].map((part) => [part, shape]));
    module.numFeatures = shape[0]!;
    if (made) module.resetParameters();
  }
  become(module, kind);
}
/**
 * A {@link BatchNorm1d} layer over [N, C] or [N, C, L] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyBatchNorm1d()
 * layer.forward(torch.ones(2, 3, 4))
 * layer.numFeatures // 3
 */
export class LazyBatchNorm1d extends BatchNorm1d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, BatchNorm1d, x);
    return super.forward(x);
  }
}
/**
 * A {@link BatchNorm2d} layer over [N, C, H, W] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyBatchNorm2d()
 * layer.forward(torch.ones(2, 3, 4, 4))
 * layer.numFeatures // 3
 */
export class LazyBatchNorm2d extends BatchNorm2d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, BatchNorm2d, x);
    return super.forward(x);
  }
}
/**
 * A {@link BatchNorm3d} layer over [N, C, D, H, W] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyBatchNorm3d()
 * layer.forward(torch.ones(2, 3, 4, 4, 4))
 * layer.numFeatures // 3
 */
export class LazyBatchNorm3d extends BatchNorm3d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, BatchNorm3d, x);
    return super.forward(x);
  }
}
/**
 * A {@link InstanceNorm1d} layer over [N, C, L] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyInstanceNorm1d()
 * layer.forward(torch.ones(2, 3, 4))
 * layer.numFeatures // 3
 */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, InstanceNorm1d, x);
    return super.forward(x);
  }
}
/**
 * A {@link InstanceNorm2d} layer over [N, C, H, W] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyInstanceNorm2d()
 * layer.forward(torch.ones(2, 3, 4, 4))
 * layer.numFeatures // 3
 */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, InstanceNorm2d, x);
    return super.forward(x);
  }
}
/**
 * A {@link InstanceNorm3d} layer over [N, C, D, H, W] whose `numFeatures` are the channels of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyInstanceNorm3d()
 * layer.forward(torch.ones(2, 3, 4, 4, 4))
 * layer.numFeatures // 3
 */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  constructor(...args: NormArguments) {
    const options = readNorm(new.target.name, args);
    super(0, bare(options));
    waitNorm(this, options);
  }
  override resetParameters(): void {
    if (this.numFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepareNorm(this, InstanceNorm3d, x);
    return super.forward(x);
  }
}
