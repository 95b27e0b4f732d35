// Parameter: a tensor that modules count among their own. Made by modules, and by whoever writes one.
import { type Device, deviceOption, type DeviceLike } from '../device.ts';
import { describe, inNameOf } from '../errors.ts';
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { type DType, type DTypeName, getDefault, toDType } from '../dtype.ts';
import { checkShape, type Shape } from '../shape.ts';
import { emptyLasting, Tensor } from '../tensor.ts';

/**
 * A tensor that is trained: as a field of a {@link Module} it is one of its `parameters()`. It shares the memory of `data`.
 * Throws DtypeError if it requires gradients and is not floating point.
 * @example
 * new torch.nn.Parameter(torch.ones([2]))
 * // Parameter containing:
 * // tensor([1., 1.], requires_grad=True)
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, ...args: Call<[requiresGrad?: boolean], { requiresGrad?: boolean | undefined }>) {
    checkTensor('Parameter', data, 'data');
    super(data.storage, data.dt, data.sizes, data.dense ? null : data.strides, data.offset, data.count);
    const { requiresGrad = true } = readArguments<{ requiresGrad: boolean }>('Parameter', args, ['requiresGrad']);
    inNameOf('Parameter', () => (this.requiresGrad = requiresGrad));
  }
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}

/**
 * A tensor that is a buffer: as a field of a {@link Module} it is saved and moved with it, saved only if `persistent`,
 * whatever the field's name. It shares the memory of `data`, and requires gradients if that does. (Any tensor that is no
 * Parameter is a buffer here.)
 * @example
 * new torch.nn.Buffer(torch.tensor([1.5, 2]), { persistent: false }).persistent // false
 */
export class Buffer extends Tensor {
  /** Whether it is in state dicts. */
  persistent: boolean;
  constructor(data: Tensor, options: { persistent?: boolean | undefined } = {}) {
    checkTensor('Buffer', data, 'data');
    super(data.storage, data.dt, data.sizes, data.dense ? null : data.strides, data.offset, data.count);
    checkOptions('Buffer', options, ['persistent']);
    const { persistent = true } = options ?? {};
    if (typeof persistent !== 'boolean')
      throw new TypeError(`Buffer: expected a boolean for persistent but received ${describe(persistent)}`);
    this.persistent = persistent;
    if (data.requiresGrad) this.requiresGrad = true;
  }
}

/** A parameter with memory of its own, uninitialised. */
export const emptyParameter = (sizes: Shape, dt: DType, device: Device): Parameter =>
  new Parameter(emptyLasting(sizes, dt, device));

/** Options of {@link UninitializedParameter} and {@link UninitializedBuffer}. */
export interface UninitializedOptions {
  requiresGrad?: boolean | undefined;
  device?: DeviceLike | null | undefined;
  dtype?: DTypeName | null | undefined;
}
const NAMES = ['requiresGrad', 'device', 'dtype'] as const;
function nothing(where: string, { requiresGrad, device, dtype }: UninitializedOptions): Tensor {
  if (requiresGrad !== undefined && typeof requiresGrad !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for requiresGrad but received ${describe(requiresGrad)}`);
  const dt = dtype === undefined || dtype === null ? getDefault() : toDType(dtype, where);
  return emptyLasting([0], dt, deviceOption(where, device));
}
/** Gives memory to what had none, which becomes an ordinary parameter or tensor. */
function materialize(x: Tensor, shape: Shape, kind: object): void {
  x.data = emptyLasting(checkShape('materialize', shape), x.dt, x.device);
  Object.setPrototypeOf(x, kind);
}
const shapeless = (): never => {
  throw new TypeError(
    "shape: can't access the shape of an uninitialized parameter or buffer. Call `forward` to initialize the parameters " +
      'before accessing their attributes.',
  );
};

/**
 * A parameter whose shape is not known yet: those of lazy modules before they first see an input. It becomes a
 * {@link Parameter} once it is known. Asking for its shape is a TypeError.
 * @example
 * new torch.nn.UninitializedParameter() // <UninitializedParameter>
 */
export class UninitializedParameter extends Parameter {
  constructor(
    ...args: Call<[requiresGrad?: boolean, device?: DeviceLike | null, dtype?: DTypeName | null], UninitializedOptions>
  ) {
    const options = readArguments<UninitializedOptions>('UninitializedParameter', args, NAMES);
    super(nothing('UninitializedParameter', options), { requiresGrad: options.requiresGrad });
  }
  /** Takes this shape, with values that are not set. */
  materialize(shape: Shape): void {
    materialize(this, shape, Parameter.prototype);
  }
  override get shape(): readonly number[] {
    return shapeless();
  }
  override toString(): string {
    return '<UninitializedParameter>';
  }
}
/**
 * As {@link UninitializedParameter}, of buffers.
 * @example
 * const buffer = new torch.nn.UninitializedBuffer()
 * buffer.materialize([2, 3])
 * buffer.shape // torch.Size([2, 3])
 */
export class UninitializedBuffer extends Tensor {
  constructor(
    ...args: Call<[requiresGrad?: boolean, device?: DeviceLike | null, dtype?: DTypeName | null], UninitializedOptions>
  ) {
    const options = readArguments<UninitializedOptions>('UninitializedBuffer', args, NAMES);
    const data = nothing('UninitializedBuffer', options);
    super(data.storage, data.dt, data.sizes, null, data.offset);
    inNameOf('UninitializedBuffer', () => (this.requiresGrad = options.requiresGrad ?? false));
  }
  /** Takes this shape, with values that are not set. */
  materialize(shape: Shape): void {
    materialize(this, shape, Tensor.prototype);
  }
  override get shape(): readonly number[] {
    return shapeless();
  }
  override toString(): string {
    return '<UninitializedBuffer>';
  }
}
/** Whether a parameter or buffer waits for its shape. */
export const isLazy = (x: unknown): x is UninitializedParameter | UninitializedBuffer =>
  x instanceof UninitializedParameter || x instanceof UninitializedBuffer;
