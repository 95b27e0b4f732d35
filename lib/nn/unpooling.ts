// Unpooling layers, and those that pool by powers or at random places.
import { type Named, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { fractionalMaxPool2d, fractionalMaxPool3d } from '../functional/vision.ts';
import {
  FRACTIONAL_NAMES,
  type FractionalArguments,
  type FractionalMaxPoolOptions,
} from '../ops/internal/fractional.ts';
import { type Sizes, spatial } from '../ops/internal/spatial.ts';
import type { Pooled } from '../ops/pool.ts';
import {
  type LpPoolOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from '../ops/unpool.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bool, intOrTuple, tuple } from './internal.ts';
import { Module } from './module.ts';

/** Options of {@link MaxUnpool1d}, {@link MaxUnpool2d} and {@link MaxUnpool3d}. */
export interface MaxUnpoolModuleOptions {
  stride?: Sizes | null | undefined;
  padding?: Sizes | undefined;
}
type UnpoolArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [stride?: Sizes | null, padding?: Sizes],
  MaxUnpoolModuleOptions
>;
type UnpoolInput = [x: Tensor, indices: Tensor, outputSize?: Shape | null];
abstract class MaxUnpool extends Module<UnpoolInput> {
  readonly kernelSize: Shape;
  readonly stride: Shape;
  readonly padding: Shape;
  constructor(where: string, dims: number, args: UnpoolArguments) {
    super();
    const options = readArguments<MaxUnpoolModuleOptions & { kernelSize: Sizes }>(where, args, [
      'kernelSize',
      'stride',
      'padding',
    ]);
    this.kernelSize = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    this.stride = spatial(where, 'stride', options.stride ?? this.kernelSize, dims, 1);
    this.padding = spatial(where, 'padding', options.padding ?? 0, dims, 0);
  }
  override extraRepr(): string {
    return `kernel_size=${tuple(this.kernelSize)}, stride=${tuple(this.stride)}, padding=${tuple(this.padding)}`;
  }
}
/**
 * Undoes MaxPool1d as far as that goes: [N, C, L] or [C, L] at the places that `indices` tell, zeros elsewhere.
 * Throws RangeError for places outside, ShapeError where sizes do not fit.
 * @example
 * new torch.nn.MaxUnpool1d(2).forward(torch.tensor([[1.5, 2]]), torch.tensor([[1, 2]]))
 * // tensor([[0.0000, 1.5000, 2.0000, 0.0000]])
 */
export class MaxUnpool1d extends MaxUnpool {
  constructor(...args: UnpoolArguments) {
    super(new.target.name, 1, args);
  }
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape | null): Tensor {
    const { stride, padding } = this;
    return maxUnpool1d(x, indices, this.kernelSize, { stride, padding, outputSize });
  }
}
/**
 * Undoes MaxPool2d as far as that goes: [N, C, H, W] or [C, H, W] at the places that `indices` tell, zeros elsewhere.
 * Throws RangeError for places outside, ShapeError where sizes do not fit.
 * @example
 * new torch.nn.MaxUnpool2d(2) // MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))
 */
export class MaxUnpool2d extends MaxUnpool {
  constructor(...args: UnpoolArguments) {
    super(new.target.name, 2, args);
  }
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape | null): Tensor {
    const { stride, padding } = this;
    return maxUnpool2d(x, indices, this.kernelSize, { stride, padding, outputSize });
  }
}
/**
 * Undoes MaxPool3d as far as that goes: [N, C, D, H, W] or [C, D, H, W] at the places that `indices` tell.
 * Throws RangeError for places outside, ShapeError where sizes do not fit.
 * @example
 * new torch.nn.MaxUnpool3d(2).forward(torch.ones(1, 1, 1, 1), torch.tensor([[[[7]]]])).shape // torch.Size([1, 2, 2, 2])
 */
export class MaxUnpool3d extends MaxUnpool {
  constructor(...args: UnpoolArguments) {
    super(new.target.name, 3, args);
  }
  override forward(x: Tensor, indices: Tensor, outputSize?: Shape | null): Tensor {
    const { stride, padding } = this;
    return maxUnpool3d(x, indices, this.kernelSize, { stride, padding, outputSize });
  }
}

type LpArguments = Named<
  [normType: number, kernelSize: Sizes],
  ['normType', 'kernelSize'],
  [stride?: Sizes | null, ceilMode?: boolean],
  LpPoolOptions
>;
abstract class LPPool extends Module {
  readonly normType: number;
  readonly kernelSize: Sizes;
  readonly stride: Sizes | null;
  readonly ceilMode: boolean;
  constructor(...args: LpArguments) {
    super();
    const options = readArguments<LpPoolOptions & { normType: number; kernelSize: Sizes }>(new.target.name, args, [
      'normType',
      'kernelSize',
      'stride',
      'ceilMode',
    ]);
    const { normType, kernelSize, stride = null, ceilMode = false } = options;
    if (typeof normType !== 'number')
      throw new TypeError(`${new.target.name}: expected a number for normType but received ${describe(normType)}`);
    if (kernelSize === undefined) throw new TypeError(`${new.target.name}: missing kernelSize`);
    this.normType = normType;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.ceilMode = ceilMode;
  }
  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return `norm_type=${normType}, kernel_size=${intOrTuple(kernelSize)}, stride=${intOrTuple(stride)}, ceil_mode=${bool(ceilMode)}`;
  }
}
/**
 * The `normType`-norm of each window of [N, C, L] or [C, L]. Throws ShapeError where no window
 * fits.
 * @example
 * new torch.nn.LPPool1d(2, 2).forward(torch.tensor([[3, 4, 1.5, 2]])) // tensor([[5.0000, 2.5000]])
 */
export class LPPool1d extends LPPool {
  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
/**
 * The `normType`-norm of each window of [N, C, H, W] or [C, H, W]. Throws ShapeError where no window
 * fits.
 * @example
 * new torch.nn.LPPool2d(2, 3) // LPPool2d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)
 */
export class LPPool2d extends LPPool {
  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
/**
 * The `normType`-norm of each window of [N, C, D, H, W] or [C, D, H, W]. Throws ShapeError where no window
 * fits.
 * @example
 * new torch.nn.LPPool3d(1, 2).forward(torch.ones(1, 2, 2, 2)) // tensor([[[[8.]]]])
 */
export class LPPool3d extends LPPool {
  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

export type { FractionalMaxPoolOptions };
type Found<Indices extends boolean> = Indices extends true ? Pooled : Tensor;
abstract class FractionalMaxPool<Indices extends boolean> extends Module<[x: Tensor], Found<Indices>> {
  readonly kernelSize: Shape;
  readonly outputSize: Shape | null;
  readonly outputRatio: Shape | null;
  readonly returnIndices: boolean;
  declare readonly _randomSamples: Tensor | null;
  constructor(where: string, dims: number, args: FractionalArguments) {
    super();
    const options = readArguments<FractionalMaxPoolOptions & { kernelSize: Sizes }>(where, args, FRACTIONAL_NAMES);
    const { outputSize = null, outputRatio = null } = options;
    this.kernelSize = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    if (outputSize === null && outputRatio === null)
      throw new TypeError(`${where}: requires specifying either an outputSize or an outputRatio`);
    if (outputSize !== null && outputRatio !== null)
      throw new TypeError(`${where}: only one of outputSize and outputRatio may be specified`);
    this.outputSize = outputSize === null ? null : spatial(where, 'outputSize', outputSize, dims, 1);
    const ratios = typeof outputRatio === 'number' ? new Array<number>(dims).fill(outputRatio) : outputRatio;
    if (ratios !== null && !(Array.isArray(ratios) && ratios.every((r) => typeof r === 'number' && r > 0 && r < 1)))
      throw new RangeError(`${where}: outputRatio must be between 0 and 1 (got ${describe(outputRatio)})`);
    this.outputRatio = ratios;
    this.returnIndices = options.returnIndices ?? false;
    this.registerBuffer('_randomSamples', options._randomSamples ?? null);
  }
  protected override keyOf(field: string): string {
    return field === '_randomSamples' ? '_random_samples' : field;
  }
  protected found(f: typeof fractionalMaxPool2d, x: Tensor): Found<Indices> {
    const { outputSize, outputRatio, _randomSamples } = this;
    const pooled = f(x, this.kernelSize, { outputSize, outputRatio, _randomSamples, returnIndices: true });
    return (this.returnIndices ? pooled : pooled.output) as Found<Indices>;
  }
}
/**
 * Maxima over windows of [N, C, H, W] or [C, H, W] that are placed at random so that `outputSize`,
 * or `outputRatio` times the size, are left (https://arxiv.org/abs/1412.6071). Throws ShapeError where they do not fit.
 * @example
 * torch.manualSeed(0)
 * new torch.nn.FractionalMaxPool2d(2, { outputRatio: 0.5 }).forward(torch.ones(1, 6, 8)).shape // torch.Size([1, 3, 4])
 */
export class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPool<Indices> {
  constructor(...args: FractionalArguments) {
    super(new.target.name, 2, args);
  }
  override forward(x: Tensor): Found<Indices> {
    return this.found(fractionalMaxPool2d, x);
  }
}
/**
 * Maxima over windows of [N, C, D, H, W] or [C, D, H, W] that are placed at random so that `outputSize`,
 * or `outputRatio` times the size, are left (https://arxiv.org/abs/1412.6071). Throws ShapeError where they do not fit.
 * @example
 * new torch.nn.FractionalMaxPool3d(1, { outputSize: 2 }).forward(torch.ones(1, 3, 4, 5)).shape // torch.Size([1, 2, 2, 2])
 */
export class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPool<Indices> {
  constructor(...args: FractionalArguments) {
    super(new.target.name, 3, args);
  }
  override forward(x: Tensor): Found<Indices> {
    return this.found(fractionalMaxPool3d, x);
  }
}
