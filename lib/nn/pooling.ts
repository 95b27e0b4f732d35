// Pooling layers.
import { type Named, readArguments } from '../arguments.ts';
import type { Sizes } from '../ops/internal/spatial.ts';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type AvgPoolOptions,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
  type OutputSize,
  type Pooled,
} from '../ops/pool.ts';
import type { MaxPoolOptions } from '../functional/layers.ts';
import type { Tensor } from '../tensor.ts';
import { bool, intOrTuple, tuple } from './internal.ts';
import { Module } from './module.ts';

type MaxArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [stride?: Sizes | null, padding?: Sizes, dilation?: Sizes, returnIndices?: boolean, ceilMode?: boolean],
  MaxPoolOptions
>;
/** What a layer gives that finds maxima: with `returnIndices`, which its type says too (`MaxPool2d<true>`), a pair. */
type Found<Indices extends boolean> = Indices extends true ? Pooled : Tensor;
/** The one argument that must be there. */
function windows(where: string, kernelSize: Sizes | undefined): Sizes {
  if (kernelSize === undefined) throw new TypeError(`${where}: missing kernelSize`);
  return kernelSize;
}
abstract class MaxPool<Indices extends boolean> extends Module<[x: Tensor], Found<Indices>> {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly padding: Sizes;
  readonly dilation: Sizes;
  readonly returnIndices: boolean;
  readonly ceilMode: boolean;
  constructor(...args: MaxArguments) {
    super();
    const options = readArguments<MaxPoolOptions & { kernelSize: Sizes }>(new.target.name, args, [
      'kernelSize',
      'stride',
      'padding',
      'dilation',
      'returnIndices',
      'ceilMode',
    ]);
    this.kernelSize = windows(new.target.name, options.kernelSize);
    this.stride = options.stride ?? this.kernelSize;
    this.padding = options.padding ?? 0;
    this.dilation = options.dilation ?? 1;
    this.returnIndices = options.returnIndices ?? false;
    this.ceilMode = options.ceilMode ?? false;
  }
  protected found(f: typeof maxPool2dWithIndices, x: Tensor): Found<Indices> {
    const pooled = f(x, this.kernelSize, this.stride, this.padding, this.dilation, this.ceilMode);
    return (this.returnIndices ? pooled : pooled.output) as Found<Indices>;
  }
  override extraRepr(): string {
    return (
      `kernel_size=${intOrTuple(this.kernelSize)}, stride=${intOrTuple(this.stride)}, padding=${intOrTuple(this.padding)}, ` +
      `dilation=${intOrTuple(this.dilation)}, ceil_mode=${bool(this.ceilMode)}`
    );
  }
}
/**
 * Maxima over windows of [N, C, L] or [C, L]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.MaxPool1d(2).forward(torch.tensor([[1, 3.5, 2, 0]])) // tensor([[3.5000, 2.0000]])
 */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(maxPool1dWithIndices, x);
  }
}
/**
 * Maxima over windows of [N, C, H, W] or [C, H, W]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.MaxPool2d(2).forward(torch.tensor([[[1, 3.5], [2, 0]]])) // tensor([[[3.5000]]])
 * @example
 * new torch.nn.MaxPool2d(2, { returnIndices: true }).forward(torch.tensor([[[1, 3.5], [2, 0]]])).indices // tensor([[[1]]])
 * @example
 * new torch.nn.MaxPool2d(2) // MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(maxPool2dWithIndices, x);
  }
}
/**
 * Maxima over windows of [N, C, D, H, W] or [C, D, H, W]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.MaxPool3d(2).forward(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2)).item() // 7
 */
export class MaxPool3d<Indices extends boolean = false> extends MaxPool<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(maxPool3dWithIndices, x);
  }
}

type AvgArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [
    stride?: Sizes | null,
    padding?: Sizes,
    ceilMode?: boolean,
    countIncludePad?: boolean,
    divisorOverride?: number | null,
  ],
  AvgPoolOptions
>;
abstract class AvgPool extends Module {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly padding: Sizes;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
  constructor(...args: AvgArguments) {
    super();
    const options = readArguments<AvgPoolOptions & { kernelSize: Sizes }>(new.target.name, args, [
      'kernelSize',
      'stride',
      'padding',
      'ceilMode',
      'countIncludePad',
      'divisorOverride',
    ]);
    this.kernelSize = windows(new.target.name, options.kernelSize);
    this.stride = options.stride ?? this.kernelSize;
    this.padding = options.padding ?? 0;
    this.ceilMode = options.ceilMode ?? false;
    this.countIncludePad = options.countIncludePad ?? true;
    this.divisorOverride = options.divisorOverride ?? null;
  }
  protected options(): AvgPoolOptions {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return { stride, padding, ceilMode, countIncludePad, divisorOverride };
  }
  override extraRepr(): string {
    return `kernel_size=${intOrTuple(this.kernelSize)}, stride=${intOrTuple(this.stride)}, padding=${intOrTuple(this.padding)}`;
  }
}
const list = (value: Sizes): string => tuple(typeof value === 'number' ? [value] : value);
/**
 * Means over windows of [N, C, L] or [C, L]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.AvgPool1d(2).forward(torch.tensor([[1, 3.5, 2, 0]])) // tensor([[2.2500, 1.0000]])
 */
export class AvgPool1d extends AvgPool {
  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options());
  }
  override extraRepr(): string {
    return `kernel_size=${list(this.kernelSize)}, stride=${list(this.stride)}, padding=${list(this.padding)}`;
  }
}
/**
 * Means over windows of [N, C, H, W] or [C, H, W]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.AvgPool2d(2).forward(torch.tensor([[[1, 3.5], [2, 0]]])) // tensor([[[1.6250]]])
 * @example
 * new torch.nn.AvgPool2d(2) // AvgPool2d(kernel_size=2, stride=2, padding=0)
 */
export class AvgPool2d extends AvgPool {
  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options());
  }
}
/**
 * Means over windows of [N, C, D, H, W] or [C, D, H, W]. Throws ShapeError for other shapes and where no window fits.
 * @example
 * new torch.nn.AvgPool3d(2).forward(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2)).item() // 3.5
 */
export class AvgPool3d extends AvgPool {
  override forward(x: Tensor): Tensor {
    return avgPool3d(x, this.kernelSize, this.options());
  }
}

abstract class Adaptive extends Module {
  readonly outputSize: OutputSize;
  constructor(...args: Named<[outputSize: OutputSize], ['outputSize'], [], object>) {
    super();
    const { outputSize } = readArguments<{ outputSize: OutputSize }>(new.target.name, args, ['outputSize']);
    if (outputSize === undefined) throw new TypeError(`${new.target.name}: missing outputSize`);
    this.outputSize = outputSize;
  }
  override extraRepr(): string {
    return `output_size=${intOrTuple(this.outputSize)}`;
  }
}
/**
 * Means over `outputSize` windows of [N, C, L] or [C, L]. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.AdaptiveAvgPool1d(2).forward(torch.tensor([[1, 3.5, 2, 0]])) // tensor([[2.2500, 1.0000]])
 */
export class AdaptiveAvgPool1d extends Adaptive {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}
/**
 * Means over `outputSize` windows of [N, C, H, W] or [C, H, W]; null keeps a size. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.AdaptiveAvgPool2d(1).forward(torch.tensor([[[1, 3.5], [2, 0]]])) // tensor([[[1.6250]]])
 * @example
 * new torch.nn.AdaptiveAvgPool2d([1, null]) // AdaptiveAvgPool2d(output_size=(1, None))
 */
export class AdaptiveAvgPool2d extends Adaptive {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
/**
 * Means over `outputSize` windows of [N, C, D, H, W] or [C, D, H, W]; null keeps a size. Throws ShapeError for other
 * shapes.
 * @example
 * new torch.nn.AdaptiveAvgPool3d(1).forward(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2)).item()
 * // 3.5
 */
export class AdaptiveAvgPool3d extends Adaptive {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize);
  }
}
abstract class AdaptiveMax<Indices extends boolean> extends Module<[x: Tensor], Found<Indices>> {
  readonly outputSize: OutputSize;
  readonly returnIndices: boolean;
  constructor(
    ...args: Named<
      [outputSize: OutputSize],
      ['outputSize'],
      [returnIndices?: boolean],
      { returnIndices?: boolean | undefined }
    >
  ) {
    super();
    const options = readArguments<{ outputSize: OutputSize; returnIndices: boolean }>(new.target.name, args, [
      'outputSize',
      'returnIndices',
    ]);
    if (options.outputSize === undefined) throw new TypeError(`${new.target.name}: missing outputSize`);
    this.outputSize = options.outputSize;
    this.returnIndices = options.returnIndices ?? false;
  }
  protected found(pooled: Pooled): Found<Indices> {
    return (this.returnIndices ? pooled : pooled.output) as Found<Indices>;
  }
  override extraRepr(): string {
    return `output_size=${intOrTuple(this.outputSize)}`;
  }
}
/**
 * Maxima over `outputSize` windows of [N, C, L] or [C, L]. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.AdaptiveMaxPool1d(2).forward(torch.tensor([[1, 3.5, 2, 0]])) // tensor([[3.5000, 2.0000]])
 */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMax<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(adaptiveMaxPool1d(x, this.outputSize));
  }
}
/**
 * Maxima over `outputSize` windows of [N, C, H, W] or [C, H, W]; null keeps a size. Throws ShapeError for other
 * shapes.
 * @example
 * new torch.nn.AdaptiveMaxPool2d([null, 1]).forward(torch.tensor([[[1, 3.5], [2, 0]]]))
 * // tensor([[[3.5000],
 * //          [2.0000]]])
 */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMax<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(adaptiveMaxPool2d(x, this.outputSize));
  }
}
/**
 * Maxima over `outputSize` windows of [N, C, D, H, W] or [C, D, H, W]; null keeps a size. Throws ShapeError for other
 * shapes.
 * @example
 * new torch.nn.AdaptiveMaxPool3d(1).forward(torch.arange(8, { dtype: 'float32' }).reshape(1, 2, 2, 2)).item() // 7
 */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMax<Indices> {
  override forward(x: Tensor): Found<Indices> {
    return this.found(adaptiveMaxPool3d(x, this.outputSize));
  }
}
