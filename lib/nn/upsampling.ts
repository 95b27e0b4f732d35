// Layers that change the size of images: upsampling, shuffling of pixels and channels, sliding blocks.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { fold, type FoldOptions, unfold } from '../functional/vision.ts';
import { interpolate, type InterpolateMode } from '../ops/interpolate.ts';
import type { Sizes } from '../ops/internal/spatial.ts';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../ops/shuffle.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { float, intOrTuple, whole } from './internal.ts';
import { Module } from './module.ts';

/** Options of {@link UpsamplingNearest2d} and {@link UpsamplingBilinear2d}. */
export interface UpsamplingOptions {
  size?: number | Shape | null | undefined;
  scaleFactor?: number | Shape | null | undefined;
}
/** Options of {@link Upsample}. */
export interface UpsampleModuleOptions extends UpsamplingOptions {
  mode?: InterpolateMode | undefined;
  alignCorners?: boolean | null | undefined;
  recomputeScaleFactor?: boolean | null | undefined;
}
const floats = (value: number | Shape): string =>
  typeof value === 'number' ? float(value) : `(${value.map(float).join(', ')}${value.length === 1 ? ',' : ''})`;

abstract class UpsampleBase extends Module {
  readonly size: number | Shape | null;
  readonly scaleFactor: number | Shape | null;
  readonly mode: InterpolateMode;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;
  constructor(options: UpsampleModuleOptions) {
    super();
    this.size = options.size ?? null;
    this.scaleFactor = options.scaleFactor ?? null;
    this.mode = options.mode ?? 'nearest';
    this.alignCorners = options.alignCorners ?? null;
    this.recomputeScaleFactor = options.recomputeScaleFactor ?? null;
  }
  override forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(x, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }
  override extraRepr(): string {
    const size =
      this.scaleFactor === null ? `size=${intOrTuple(this.size)}` : `scale_factor=${floats(this.scaleFactor)}`;
    return `${size}, mode='${this.mode}'`;
  }
}
/**
 * [N, C, *] in another size: see nn.functional's interpolate. Throws ShapeError where sizes do not fit.
 * @example
 * new torch.nn.Upsample({ scaleFactor: 2, mode: 'nearest' }).forward(torch.tensor([[[1, 2.5]]]))
 * // tensor([[[1.0000, 1.0000, 2.5000, 2.5000]]])
 * @example
 * new torch.nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }) // Upsample(scale_factor=2.0, mode='bilinear')
 */
export class Upsample extends UpsampleBase {
  constructor(
    ...args: Call<
      [
        size?: number | Shape | null,
        scaleFactor?: number | Shape | null,
        mode?: InterpolateMode,
        alignCorners?: boolean | null,
        recomputeScaleFactor?: boolean | null,
      ],
      UpsampleModuleOptions
    >
  ) {
    const names = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'];
    super(readArguments<UpsampleModuleOptions>(new.target.name, args, names));
  }
}
type UpsamplingArguments = Call<[size?: number | Shape | null, scaleFactor?: number | Shape | null], UpsamplingOptions>;
const UPSAMPLING = ['size', 'scaleFactor'] as const;
/**
 * Images [N, C, H, W] in another size, each pixel that of the nearest. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.UpsamplingNearest2d({ scaleFactor: 2 }) // UpsamplingNearest2d(scale_factor=2.0, mode='nearest')
 */
export class UpsamplingNearest2d extends UpsampleBase {
  constructor(...args: UpsamplingArguments) {
    super({ ...readArguments<UpsamplingOptions>(new.target.name, args, UPSAMPLING), mode: 'nearest' });
  }
}
/**
 * Images [N, C, H, W] in another size, bilinear, with the corners aligned. Throws ShapeError for other shapes.
 * @example
 * new torch.nn.UpsamplingBilinear2d([1, 3]).forward(torch.tensor([[[[1, 2.5]]]])) // tensor([[[[1.0000, 1.7500, 2.5000]]]])
 */
export class UpsamplingBilinear2d extends UpsampleBase {
  constructor(...args: UpsamplingArguments) {
    const options = readArguments<UpsamplingOptions>(new.target.name, args, UPSAMPLING);
    super({ ...options, mode: 'bilinear', alignCorners: true });
  }
}

/** A required whole number, by position or name. */
const factor = (where: string, name: string, args: readonly unknown[]): number =>
  whole(where, name, readArguments<Record<string, unknown>>(where, args, [name])[name]);
/**
 * [*, C r², H, W] as [*, C, H r, W r], r being `upscaleFactor` (https://arxiv.org/abs/1609.05158). Throws ShapeError
 * where the channels do not divide.
 * @example
 * new torch.nn.PixelShuffle(2) // PixelShuffle(upscale_factor=2)
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;
  constructor(...args: Named<[upscaleFactor: number], ['upscaleFactor'], [], object>) {
    super();
    this.upscaleFactor = factor('PixelShuffle', 'upscaleFactor', args);
  }
  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }
  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}
/**
 * [*, C, H r, W r] as [*, C r², H, W], r being `downscaleFactor`. Throws ShapeError where height or width do not divide.
 * @example
 * new torch.nn.PixelUnshuffle(2).forward(torch.ones(1, 4, 6)).shape // torch.Size([4, 2, 3])
 */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number;
  constructor(...args: Named<[downscaleFactor: number], ['downscaleFactor'], [], object>) {
    super();
    this.downscaleFactor = factor('PixelUnshuffle', 'downscaleFactor', args);
  }
  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }
  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}
/**
 * The channels of [N, C, *] mixed among `groups` (https://arxiv.org/abs/1707.01083). Throws ShapeError where they do
 * not divide.
 * @example
 * new torch.nn.ChannelShuffle(2).forward(torch.tensor([[[0], [1], [2], [3.5]]])).flatten()
 * // tensor([0.0000, 2.0000, 1.0000, 3.5000])
 */
export class ChannelShuffle extends Module {
  readonly groups: number;
  constructor(...args: Named<[groups: number], ['groups'], [], object>) {
    super();
    this.groups = factor('ChannelShuffle', 'groups', args);
  }
  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }
  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

type FoldOptional = [dilation?: Sizes, padding?: Sizes, stride?: Sizes];
interface FoldRequired extends FoldOptions {
  outputSize: Sizes;
  kernelSize: Sizes;
}
abstract class Blocks extends Module {
  readonly kernelSize: Sizes;
  readonly dilation: Sizes;
  readonly padding: Sizes;
  readonly stride: Sizes;
  constructor(where: string, { kernelSize, dilation = 1, padding = 0, stride = 1 }: Partial<FoldRequired>) {
    super();
    if (kernelSize === undefined) throw new TypeError(`${where}: missing kernelSize`);
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }
  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return `kernel_size=${intOrTuple(kernelSize)}, dilation=${intOrTuple(dilation)}, padding=${intOrTuple(padding)}, stride=${intOrTuple(stride)}`;
  }
}
/**
 * The blocks of `kernelSize` that slide over [N, C, H, W], each a column: [N, C kh kw, L]. Throws ShapeError where no
 * block fits.
 * @example
 * new torch.nn.Unfold(2).forward(torch.ones(1, 3, 4, 5)).shape // torch.Size([1, 12, 12])
 */
export class Unfold extends Blocks {
  constructor(...args: Named<[kernelSize: Sizes], ['kernelSize'], FoldOptional, FoldOptions>) {
    const names = ['kernelSize', 'dilation', 'padding', 'stride'];
    super(new.target.name, readArguments<FoldRequired>(new.target.name, args, names));
  }
  override forward(x: Tensor): Tensor {
    const { dilation, padding, stride } = this;
    return unfold(x, this.kernelSize, { dilation, padding, stride });
  }
}
/**
 * The sum of blocks [N, C kh kw, L] at their places in images of `outputSize`: [N, C, H, W]. Throws ShapeError where
 * sizes do not fit.
 * @example
 * new torch.nn.Fold([4, 5], 2) // Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=1)
 */
export class Fold extends Blocks {
  readonly outputSize: Sizes;
  constructor(
    ...args: Named<[outputSize: Sizes, kernelSize: Sizes], ['outputSize', 'kernelSize'], FoldOptional, FoldOptions>
  ) {
    const names = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'];
    const options = readArguments<FoldRequired>(new.target.name, args, names);
    super(new.target.name, options);
    if (options.outputSize === undefined) throw new TypeError(`${new.target.name}: missing outputSize`);
    this.outputSize = options.outputSize;
  }
  override forward(x: Tensor): Tensor {
    const { dilation, padding, stride } = this;
    return fold(x, this.outputSize, this.kernelSize, { dilation, padding, stride });
  }
  override extraRepr(): string {
    return `output_size=${intOrTuple(this.outputSize)}, ${super.extraRepr()}`;
  }
}
