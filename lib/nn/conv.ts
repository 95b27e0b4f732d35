// Convolution layers.
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import {
  conv1d,
  conv2d,
  conv3d,
  type ConvPadding,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from '../ops/conv.ts';
import { type Sizes, spatial } from '../ops/internal/spatial.ts';
import { pad, type PadMode } from '../ops/pad.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { kaimingUniform_ } from './init.ts';
import { FACTORY, type FactoryOptions, factoryOf, tuple, whole } from './internal.ts';
import { resetBias } from './linear.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/** How the border of a convolution is made. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';
/** Options of {@link Conv1d}, {@link Conv2d} and {@link Conv3d}. */
export interface ConvModuleOptions extends FactoryOptions {
  stride?: Sizes | undefined;
  padding?: ConvPadding | undefined;
  dilation?: Sizes | undefined;
  groups?: number | undefined;
  bias?: boolean | undefined;
  paddingMode?: PaddingMode | undefined;
}
const CHANNELS = ['inChannels', 'outChannels', 'kernelSize'] as const;
type Channels = [inChannels: number, outChannels: number, kernelSize: Sizes];
/** What a convolution may be given behind its channels and kernel, in PyTorch's order. */
export type ConvOptional = [
  stride?: Sizes,
  padding?: ConvPadding,
  dilation?: Sizes,
  groups?: number,
  bias?: boolean,
  paddingMode?: PaddingMode,
];
type ConvModuleArguments = Named<Channels, typeof CHANNELS, ConvOptional, ConvModuleOptions>;
/** Options of {@link ConvTranspose1d}, {@link ConvTranspose2d} and {@link ConvTranspose3d}. */
export interface ConvTransposeModuleOptions extends FactoryOptions {
  stride?: Sizes | undefined;
  padding?: Sizes | undefined;
  outputPadding?: Sizes | undefined;
  groups?: number | undefined;
  bias?: boolean | undefined;
  dilation?: Sizes | undefined;
  paddingMode?: 'zeros' | undefined;
}
/** The same of a transposed convolution. */
export type ConvTransposeOptional = [
  stride?: Sizes,
  padding?: Sizes,
  outputPadding?: Sizes,
  groups?: number,
  bias?: boolean,
  dilation?: Sizes,
  paddingMode?: 'zeros',
];
type ConvTransposeModuleArguments = Named<Channels, typeof CHANNELS, ConvTransposeOptional, ConvTransposeModuleOptions>;

export const CONV_NAMES = [
  ...CHANNELS,
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
  ...FACTORY,
] as const;
export const TRANSPOSE_NAMES = [
  ...CHANNELS,
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
  ...FACTORY,
] as const;

interface NamedChannels {
  inChannels: number;
  outChannels: number;
  kernelSize: Sizes;
}
/** What all convolution layers have. */
abstract class ConvBase<Args extends readonly unknown[]> extends Module<Args> {
  inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Shape;
  readonly stride: Shape;
  readonly padding: Shape | 'same' | 'valid';
  readonly dilation: Shape;
  readonly outputPadding: Shape;
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  weight: Parameter;
  bias: Parameter | null;
  constructor(where: string, dims: number, transposed: boolean, args: readonly unknown[]) {
    super();
    const options = readArguments<ConvModuleOptions & NamedChannels & { outputPadding: Sizes }>(
      where,
      args,
      transposed ? TRANSPOSE_NAMES : CONV_NAMES,
    );
    const { padding = 0, groups = 1, paddingMode = 'zeros' } = options;
    const inChannels = whole(where, 'inChannels', options.inChannels);
    const outChannels = whole(where, 'outChannels', options.outChannels);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.groups = groups;
    if (whole(where, 'groups', groups) < 1)
      throw new RangeError(`${where}: groups must be a positive integer, not ${groups}`);
    if (inChannels % groups !== 0)
      throw new ShapeError(`${where}: in_channels must be divisible by groups, but got ${inChannels} and ${groups}`);
    if (outChannels % groups !== 0)
      throw new ShapeError(`${where}: out_channels must be divisible by groups, but got ${outChannels} and ${groups}`);
    this.kernelSize = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    this.stride = spatial(where, 'stride', options.stride ?? 1, dims, 1);
    this.dilation = spatial(where, 'dilation', options.dilation ?? 1, dims, 1);
    this.outputPadding = spatial(where, 'outputPadding', options.outputPadding ?? 0, dims, 0);
    if (padding === 'same' || padding === 'valid') {
      if (padding === 'same' && this.stride.some((s) => s !== 1))
        throw new ShapeError(`${where}: padding='same' is not supported for strided convolutions`);
      this.padding = padding;
    } else if (typeof padding === 'string') {
      throw new TypeError(`${where}: invalid padding string ${describe(padding)}, should be one of 'valid', 'same'`);
    } else {
      this.padding = spatial(where, 'padding', padding, dims, 0);
    }
    const modes = transposed ? ['zeros'] : ['zeros', 'reflect', 'replicate', 'circular'];
    if (!modes.includes(paddingMode)) {
      throw new TypeError(
        `${where}: padding_mode must be one of ${modes.join(', ')}, but got padding_mode=${describe(paddingMode)}`,
      );
    }
    this.paddingMode = paddingMode;
    const [dt, device] = factoryOf(where, options);
    const shape = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = emptyParameter([...shape, ...this.kernelSize], dt, device);
    this.bias = (options.bias ?? true) ? emptyParameter([outChannels], dt, device) : null;
    this.resetParameters();
  }
  /** Whether it is a transposed convolution. */
  get transposed(): boolean {
    return false;
  }
  /** Draws weight and bias anew. */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    resetBias(this.bias, this.weight);
  }
  override extraRepr(): string {
    const { padding } = this;
    let text = `${this.inChannels}, ${this.outChannels}, kernel_size=${tuple(this.kernelSize)}, stride=${tuple(this.stride)}`;
    if (typeof padding === 'string') text += `, padding=${padding}`;
    else if (padding.some((p) => p !== 0)) text += `, padding=${tuple(padding)}`;
    if (this.dilation.some((d) => d !== 1)) text += `, dilation=${tuple(this.dilation)}`;
    if (this.outputPadding.some((p) => p !== 0)) text += `, output_padding=${tuple(this.outputPadding)}`;
    if (this.groups !== 1) text += `, groups=${this.groups}`;
    if (this.bias === null) text += ', bias=False';
    if (this.paddingMode !== 'zeros') text += `, padding_mode=${this.paddingMode}`;
    return text;
  }
}

abstract class Conv extends ConvBase<[x: Tensor]> {
  protected convolve(f: typeof conv2d, x: Tensor): Tensor {
    const { stride, dilation, groups, bias, paddingMode } = this;
    if (paddingMode === 'zeros') return f(x, this.weight, { bias, stride, padding: this.padding, dilation, groups });
    return f(pad(x, this.#widths(), paddingMode satisfies PadMode), this.weight, { bias, stride, dilation, groups });
  }
  /** The border as {@link pad} takes it: last dim first. */
  #widths(): number[] {
    const { padding } = this;
    const pairs = this.kernelSize.map((k, d) => {
      if (padding === 'valid') return [0, 0];
      if (padding !== 'same') return [padding[d]!, padding[d]!];
      const total = this.dilation[d]! * (k - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    return pairs.reverse().flat();
  }
}

/**
 * Convolution over [N, inChannels, L]. Throws ShapeError for other shapes, and for channels that `groups` does not
 * divide.
 * @example
 * new torch.nn.Conv1d(3, 6, 3, { padding: 1 }) // Conv1d(3, 6, kernel_size=(3,), stride=(1,), padding=(1,))
 */
export class Conv1d extends Conv {
  constructor(...args: ConvModuleArguments) {
    super(new.target.name, 1, false, args);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(conv1d, x);
  }
}
/**
 * Convolution over [N, inChannels, H, W]. Throws ShapeError for other shapes, and for channels that `groups` does not
 * divide.
 * @example
 * new torch.nn.Conv2d(3, 6, 3) // Conv2d(3, 6, kernel_size=(3, 3), stride=(1, 1))
 */
export class Conv2d extends Conv {
  constructor(...args: ConvModuleArguments) {
    super(new.target.name, 2, false, args);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(conv2d, x);
  }
}
/**
 * Convolution over [N, inChannels, D, H, W]. Throws ShapeError for other shapes, and for channels that `groups` does
 * not divide.
 * @example
 * new torch.nn.Conv3d(1, 2, 3).weight.shape // torch.Size([2, 1, 3, 3, 3])
 */
export class Conv3d extends Conv {
  constructor(...args: ConvModuleArguments) {
    super(new.target.name, 3, false, args);
  }
  override forward(x: Tensor): Tensor {
    return this.convolve(conv3d, x);
  }
}

type TransposeInput = [x: Tensor, outputSize?: Shape | null];
abstract class ConvTranspose extends ConvBase<TransposeInput> {
  override get transposed(): boolean {
    return true;
  }
  protected convolve(f: typeof convTranspose2d, x: Tensor, outputSize: Shape | null | undefined): Tensor {
    const { stride, dilation, groups, bias, padding } = this;
    const outputPadding = outputSize ? this.#extra(x, outputSize) : this.outputPadding;
    return f(x, this.weight, { bias, stride, padding: padding as Shape, outputPadding, groups, dilation });
  }
  /** The output padding that leads to a wanted size. Throws ShapeError if none does. */
  #extra(x: Tensor, wanted: Shape): Shape {
    const dims = this.kernelSize.length;
    const first = x.ndim - dims;
    const size = wanted.length === first + dims ? wanted.slice(first) : wanted;
    const least = this.kernelSize.map(
      (k, d) =>
        (x.sizes[first + d]! - 1) * this.stride[d]! - 2 * (this.padding as Shape)[d]! + this.dilation[d]! * (k - 1) + 1,
    );
    if (size.length !== dims || size.some((n, d) => n < least[d]! || n > least[d]! + this.stride[d]! - 1)) {
      const most = least.map((n, d) => n + this.stride[d]! - 1);
      throw new ShapeError(
        `${this.constructor.name}: requested an output size of ${show(wanted)}, but valid sizes range from ${show(least)} to ${show(most)} (for an input of ${show(x.sizes.slice(first))})`,
      );
    }
    return size.map((n, d) => n - least[d]!);
  }
}

/**
 * Transposed convolution over [N, inChannels, L]. Throws ShapeError for other shapes, and for channels that `groups`
 * does not divide.
 * @example
 * new torch.nn.ConvTranspose1d(3, 6, 2).weight.shape // torch.Size([3, 6, 2])
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(...args: ConvTransposeModuleArguments) {
    super(new.target.name, 1, true, args);
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    return this.convolve(convTranspose1d, x, outputSize);
  }
}
/**
 * Transposed convolution over [N, inChannels, H, W]. Throws ShapeError for other shapes, and for channels that `groups`
 * does not divide.
 * @example
 * new torch.nn.ConvTranspose2d(3, 6, 2, { stride: 2 })
 * // ConvTranspose2d(3, 6, kernel_size=(2, 2), stride=(2, 2))
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(...args: ConvTransposeModuleArguments) {
    super(new.target.name, 2, true, args);
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    return this.convolve(convTranspose2d, x, outputSize);
  }
}
/**
 * Transposed convolution over [N, inChannels, D, H, W]. Throws ShapeError for other shapes, and for channels that
 * `groups` does not divide.
 * @example
 * new torch.nn.ConvTranspose3d(1, 2, 3).weight.shape // torch.Size([1, 2, 3, 3, 3])
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(...args: ConvTransposeModuleArguments) {
    super(new.target.name, 3, true, args);
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    return this.convolve(convTranspose3d, x, outputSize);
  }
}
