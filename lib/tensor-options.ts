// Options of the functions that make tensors, and the reading of them. Used by create.ts and from-data.ts.
import { readArguments } from './arguments.ts';
import type { DeviceLike } from './device.ts';
import { type DType, type DTypeName, toDType } from './dtype.ts';
import type { GeneratorOption } from './methods.ts';
import { canPin, pinnedCopy } from './ops/internal/pinning.ts';
import { checkShape, type Shape, sizesOf } from './shape.ts';
import { Tensor, type TypedArray } from './tensor.ts';
import type { Scalar } from './dispatch.ts';

/** Options of every function that makes a tensor. */
export interface TensorOptions {
  dtype?: DTypeName | null | undefined;
  device?: DeviceLike | null | undefined;
  requiresGrad?: boolean | undefined;
  /** Whether a GPU is to read its memory directly; without a GPU it changes nothing. */
  pinMemory?: boolean | undefined;
  /** Only `'torch.strided'` exists. */
  layout?: string | undefined;
}
/** As TensorOptions, for random numbers. */
export interface RandomOptions extends TensorOptions, GeneratorOption {}
/** What `tensor` takes: a number, nested arrays of them, or a TypedArray. */
export type TensorData =
  | Scalar
  | TypedArray
  | Uint8ClampedArray
  | Uint32Array
  | BigUint64Array
  | Tensor
  | readonly TensorData[];
/** Sizes, with options at the end. */
export type SizeArgs<O> = [...sizes: number[]] | [...sizes: number[], options: O] | [size: Shape, options?: O];

/** The names that all take. */
export const COMMON: readonly string[] = ['dtype', 'device', 'requiresGrad', 'pinMemory', 'layout'];

/** Checks the common options and gives the dtype asked for; the device is deviceOption's. */
export function dtypeOption(where: string, options: TensorOptions, otherwise: DType | null): DType | null {
  if (options.layout !== undefined && options.layout !== 'torch.strided')
    throw new TypeError(`${where}: layout ${options.layout} is not supported`);
  return options.dtype === undefined || options.dtype === null ? otherwise : toDType(options.dtype, where);
}
/** Applies pinMemory and requiresGrad. */
export function finish(x: Tensor, options: TensorOptions): Tensor {
  const out = options.pinMemory && canPin() ? pinnedCopy('pinMemory', x) : x;
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}
/** Whether a value is an object of options. */
export const isOptions = (x: unknown): x is TensorOptions =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !(x instanceof Tensor) && !ArrayBuffer.isView(x);
/** `f(2, 3, options)`, `f([2, 3], options)`. */
export function readSizes<O extends TensorOptions>(
  where: string,
  args: readonly unknown[],
  names: readonly string[] = [],
): [Shape, O] {
  const last = args[args.length - 1];
  const named = isOptions(last);
  const options = readArguments<O & { size?: Shape }>(where, named ? [last] : [], [], [...COMMON, ...names, 'size']);
  const positions = (named ? args.slice(0, -1) : args) as (number | Shape)[];
  const sizes = positions.length === 0 && options.size !== undefined ? options.size : sizesOf(positions);
  const read: unknown = options;
  return [checkShape(where, sizes).slice(), read as O];
}
