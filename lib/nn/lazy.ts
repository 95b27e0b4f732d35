// Lazy layers: they learn how many features their input has when they first see one, and become the ordinary layers.
import { type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { ShapeError } from '../errors.ts';
import type { Sizes } from '../ops/internal/spatial.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  CONV_NAMES,
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvModuleOptions,
  type ConvOptional,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeModuleOptions,
  type ConvTransposeOptional,
  TRANSPOSE_NAMES,
} from './conv.ts';
import { FACTORY, type FactoryOptions, whole } from './internal.ts';
import { become, materialized, waiting } from './lazy-base.ts';
import { Linear, type LinearOptions } from './linear.ts';
import type { Parameter } from './parameter.ts';

/**
 * A {@link Linear} layer whose `inFeatures` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyLinear(4)
 * layer.forward(torch.ones(2, 3))
 * layer // Linear(in_features=3, out_features=4, bias=True)
 */
export class LazyLinear extends Linear {
  constructor(...args: Named<[outFeatures: number], ['outFeatures'], [bias?: boolean], LinearOptions>) {
    const where = new.target.name;
    const options = readArguments<LinearOptions & { outFeatures: number }>(where, args, [
      'outFeatures',
      'bias',
      ...FACTORY,
    ]);
    const { outFeatures, bias = true, ...factory } = options;
    super(0, 0, { ...factory, bias: false });
    this.outFeatures = whole(where, 'outFeatures', outFeatures);
    this.weight = waiting(factory);
    this.bias = bias ? waiting(factory) : null;
  }
  override resetParameters(): void {
    if (this.inFeatures !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    checkTensor('LazyLinear', x);
    if (this.inFeatures === 0) {
      const features = x.sizes[x.ndim - 1] ?? 0;
      const { outFeatures, weight, bias } = this;
      const made = materialized([
        [weight, [outFeatures, features]],
        [bias, [outFeatures]],
      ]);
      if (weight.sizes[1] !== features) {
        throw new ShapeError(
          `LazyLinear: the input has ${features} features, but the weight that was loaded is ${show(weight.sizes)}`,
        );
      }
      this.inFeatures = features;
      if (made) this.resetParameters();
    }
    become(this, Linear);
    return super.forward(x);
  }
}

/** What convolutions have that lazy ones set. */
interface LazyConv {
  inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Shape;
  readonly groups: number;
  readonly transposed: boolean;
  weight: Parameter;
  bias: Parameter | null;
  resetParameters(): void;
}
interface ConvRequired {
  outChannels: number;
  kernelSize: Sizes;
}
type Lazily<Optional extends readonly unknown[], Options> = Named<
  [outChannels: number, kernelSize: Sizes],
  ['outChannels', 'kernelSize'],
  Optional,
  Options
>;
type ConvArguments = Lazily<ConvOptional, ConvModuleOptions>;
type TransposeArguments = Lazily<ConvTransposeOptional, ConvTransposeModuleOptions>;
/** The options of the ordinary layer, without weights of its own; and whether there is to be a bias. */
function convOptions<O extends ConvModuleOptions | ConvTransposeModuleOptions>(
  where: string,
  args: readonly unknown[],
  names: readonly string[],
): { options: O & ConvRequired & { inChannels: number }; bias: boolean } {
  const given = readArguments<O & ConvRequired>(where, args, names.slice(1)) as O & ConvRequired;
  return { options: Object.assign({}, given, { inChannels: 0, bias: false }), bias: given.bias ?? true };
}
function wait(module: LazyConv, factory: FactoryOptions, bias: boolean): void {
  module.weight = waiting(factory);
  module.bias = bias ? waiting(factory) : null;
}
/** Sets what a convolution learns from its input. */
function prepare(
  module: LazyConv & object,
  kind: { readonly prototype: object; readonly name: string },
  x: Tensor,
): void {
  const where = `Lazy${kind.name}`;
  checkTensor(where, x);
  const dims = module.kernelSize.length;
  if (x.ndim !== dims + 1 && x.ndim !== dims + 2) {
    throw new ShapeError(
      `${where}: expected ${dims + 1}D (unbatched) or ${dims + 2}D (batched) input, but got input of size: ${show(x.sizes)}`,
    );
  }
  if (module.inChannels === 0) {
    const channels = x.sizes[x.ndim - dims - 1]!;
    const { outChannels, groups, kernelSize, transposed, weight, bias } = module;
    if (channels % groups !== 0)
      throw new ShapeError(`${where}: in_channels must be divisible by groups, but got ${channels} and ${groups}`);
    const shape = transposed ? [channels, outChannels / groups] : [outChannels, channels / groups];
    const made = materialized([
      [weight, [...shape, ...kernelSize]],
      [bias, [outChannels]],
    ]);
    module.inChannels = channels;
    if (made) module.resetParameters();
  }
  become(module, kind);
}
/**
 * A {@link Conv1d} layer over [N, C, L] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConv1d(8, 2)
 * layer.forward(torch.ones(1, 3, 4))
 * layer.weight.shape // torch.Size([8, 3, 2])
 */
export class LazyConv1d extends Conv1d {
  constructor(...args: ConvArguments) {
    const { options, bias } = convOptions<ConvModuleOptions>(new.target.name, args, CONV_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepare(this, Conv1d, x);
    return super.forward(x);
  }
}
/**
 * A {@link Conv2d} layer over [N, C, H, W] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConv2d(8, 2)
 * layer.forward(torch.ones(1, 3, 4, 4))
 * layer.weight.shape // torch.Size([8, 3, 2, 2])
 */
export class LazyConv2d extends Conv2d {
  constructor(...args: ConvArguments) {
    const { options, bias } = convOptions<ConvModuleOptions>(new.target.name, args, CONV_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepare(this, Conv2d, x);
    return super.forward(x);
  }
}
/**
 * A {@link Conv3d} layer over [N, C, D, H, W] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConv3d(8, 2)
 * layer.forward(torch.ones(1, 3, 4, 4, 4))
 * layer.weight.shape // torch.Size([8, 3, 2, 2, 2])
 */
export class LazyConv3d extends Conv3d {
  constructor(...args: ConvArguments) {
    const { options, bias } = convOptions<ConvModuleOptions>(new.target.name, args, CONV_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor): Tensor {
    prepare(this, Conv3d, x);
    return super.forward(x);
  }
}
/**
 * A {@link ConvTranspose1d} layer over [N, C, L] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConvTranspose1d(8, 2)
 * layer.forward(torch.ones(1, 3, 4))
 * layer.weight.shape // torch.Size([3, 8, 2])
 */
export class LazyConvTranspose1d extends ConvTranspose1d {
  constructor(...args: TransposeArguments) {
    const { options, bias } = convOptions<ConvTransposeModuleOptions>(new.target.name, args, TRANSPOSE_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    prepare(this, ConvTranspose1d, x);
    return super.forward(x, outputSize);
  }
}
/**
 * A {@link ConvTranspose2d} layer over [N, C, H, W] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConvTranspose2d(8, 2)
 * layer.forward(torch.ones(1, 3, 4, 4))
 * layer.weight.shape // torch.Size([3, 8, 2, 2])
 */
export class LazyConvTranspose2d extends ConvTranspose2d {
  constructor(...args: TransposeArguments) {
    const { options, bias } = convOptions<ConvTransposeModuleOptions>(new.target.name, args, TRANSPOSE_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    prepare(this, ConvTranspose2d, x);
    return super.forward(x, outputSize);
  }
}
/**
 * A {@link ConvTranspose3d} layer over [N, C, D, H, W] whose `inChannels` are those of its first input. Throws as that.
 * @example
 * const layer = new torch.nn.LazyConvTranspose3d(8, 2)
 * layer.forward(torch.ones(1, 3, 4, 4, 4))
 * layer.weight.shape // torch.Size([3, 8, 2, 2, 2])
 */
export class LazyConvTranspose3d extends ConvTranspose3d {
  constructor(...args: TransposeArguments) {
    const { options, bias } = convOptions<ConvTransposeModuleOptions>(new.target.name, args, TRANSPOSE_NAMES);
    super(options);
    wait(this, options, bias);
  }
  override resetParameters(): void {
    if (this.inChannels !== 0) super.resetParameters();
  }
  override forward(x: Tensor, outputSize?: Shape | null): Tensor {
    prepare(this, ConvTranspose3d, x);
    return super.forward(x, outputSize);
  }
}
