// Tensors from data: nested arrays, TypedArrays, buffers; PyTorch's old constructors. Called by users through the namespace.
import { type Call, readArguments } from './arguments.ts';
import { cpu, type Device, type DeviceLike, deviceOption } from './device.ts';
import type { Scalar } from './dispatch.ts';
import {
  bool,
  type DType,
  type DTypeName,
  dtypes,
  fitting,
  FLOATING,
  float32,
  float64,
  getDefault,
  int16,
  int32,
  int64,
  int8,
  ofKind,
  scalarKind,
  toDType,
  uint8,
} from './dtype.ts';
import { describe, ShapeError, inNameOf } from './errors.ts';
import { adopt } from './memory.ts';
import { native } from './native.ts';
import { fromNpy } from './save.ts';
import { checkShape, type Shape, show, sizeOf } from './shape.ts';
import { emptyTensor, Tensor, type TypedArray, typedArray } from './tensor.ts';
import { COMMON, dtypeOption, finish, type TensorData, type TensorOptions } from './tensor-options.ts';

/** The dtype of a TypedArray's values. */
function arrayDtype(where: string, data: ArrayBufferView): DType {
  if (data instanceof Float32Array) return float32;
  if (data instanceof Float64Array) return float64;
  if (data instanceof BigInt64Array) return int64;
  if (data instanceof Int32Array) return int32;
  if (data instanceof Int16Array) return int16;
  if (data instanceof Int8Array) return int8;
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return uint8;
  throw new TypeError(`${where}: a ${data.constructor.name} has no dtype here; pass a plain array with { dtype }`);
}
/** Arrays of a type that tensors lack, where a dtype is asked for; 16 bits for a half are its bits, as toTypedArray gives them. */
function converted(where: string, data: ArrayBufferView, dt: DType, device: Device): Tensor | null {
  if (!(data instanceof Uint16Array || data instanceof Uint32Array || data instanceof BigUint64Array)) return null;
  if (data instanceof Uint16Array && dt.kind === FLOATING && dt.size === 2) {
    const out = emptyTensor([data.length], dt, device);
    if (out.count > 0) native.write(out.storage.handle, out.storage.byteOffset, bytesOf(data));
    return out;
  }
  return store(where, Array.from<number | bigint>(data), [data.length], dt, device);
}
type Numbers = Exclude<TypedArray, Uint16Array>;
const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

/** Walks nested arrays once: shape, kind, and the leaves in order. */
function gather(
  where: string,
  data: readonly unknown[],
): { sizes: number[]; leaves: (Scalar | Tensor)[]; kind: number; found: DType | null } {
  const sizes: number[] = [];
  const leaves: (Scalar | Tensor)[] = [];
  let kind = 0;
  let found: DType | null = null;
  let depth = -1;
  const at: number[] = [];
  const path = (): string => at.map((i) => `[${i}]`).join('');
  const walk = (value: unknown, level: number): void => {
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
      const list = value as ArrayLike<unknown>;
      if (level > 64) throw new ShapeError(`${where}: nested deeper than 64 levels`);
      if (depth >= 0 && level >= depth)
        throw new ShapeError(
          `${where}: expected a number at ${path()} but found a list: the lists are nested unevenly`,
        );
      if (sizes.length === level) sizes.push(list.length);
      else if (sizes[level] !== list.length) {
        throw new ShapeError(
          `${where}: expected sequence of length ${sizes[level]} at dim ${level} (got ${list.length}), at ${path()}`,
        );
      }
      if (list.length === 0) depth = Math.max(depth, level + 1);
      for (let i = 0; i < list.length; i++) {
        at[level] = i;
        walk(list[i], level + 1);
      }
      at.length = level;
      return;
    }
    if (depth < 0) depth = level;
    if (level !== depth)
      throw new ShapeError(
        `${where}: expected a list at ${path()} but found ${describe(value)}: the lists are nested unevenly`,
      );
    if (typeof value === 'number') {
      kind = Math.max(kind, scalarKind(value));
    } else if (value instanceof Tensor) {
      if (value.count !== 1)
        throw new TypeError(
          `${where}: only tensors with one element may stand in lists, but ${path()} has shape ${show(value.sizes)}; use torch.stack`,
        );
      kind = Math.max(kind, value.dt.kind);
      found = value.dt;
    } else if (typeof value === 'boolean' || typeof value === 'bigint') {
      kind = Math.max(kind, scalarKind(value));
    } else {
      throw new TypeError(`${where}: expected a number at ${path()} but received ${describe(value)}`);
    }
    leaves.push(value);
  };
  walk(data, 0);
  return { sizes, leaves, kind, found };
}

const valueOf = (x: Scalar | Tensor): Scalar => (x instanceof Tensor ? (x.element(x.offset) as Scalar) : x);

/** Writes scalars as `dt`. Integers are checked against its range, halves are rounded by a kernel. */
function store(where: string, leaves: readonly (Scalar | Tensor)[], sizes: Shape, dt: DType, device: Device): Tensor {
  if (dt.kind === FLOATING && dt !== float32 && dt !== float64)
    return store(where, leaves, sizes, float32, device).to(dt.name);
  const out = emptyTensor(sizes, dt, device);
  const data = typedArray(dt, leaves.length) as Numbers;
  for (let i = 0; i < leaves.length; i++) {
    const v = valueOf(leaves[i]!);
    if (data instanceof BigInt64Array) {
      const whole = typeof v === 'bigint' ? v : wholeOf(where, v, dt);
      if (BigInt.asIntN(64, whole) !== whole)
        throw new RangeError(`${where}: value ${v} cannot be converted to int64 without overflow`);
      data[i] = whole;
    } else if (dt === bool) {
      data[i] = v || Number.isNaN(v) ? 1 : 0;
    } else if (dt.kind === FLOATING) {
      data[i] = Number(v);
    } else {
      data[i] = Number(
        typeof v === 'bigint' ? fitting(where, v, dt) : fitting(where, Number(wholeOf(where, v, dt)), dt),
      );
    }
  }
  if (data.length > 0) native.write(out.storage.handle, out.storage.byteOffset, data);
  return out;
}
function wholeOf(where: string, v: number | boolean, dt: DType): bigint {
  const n = Math.trunc(Number(v));
  if (!Number.isFinite(n)) throw new RangeError(`${where}: cannot convert ${v} to ${dt.name}`);
  return BigInt(n);
}

/**
 * A tensor with a copy of the data: a number, nested arrays of one shape, or a TypedArray, whose dtype it keeps.
 * Whole numbers are int64, unless a dtype or `requiresGrad` is given; fractions the default dtype. Throws ShapeError for
 * ragged arrays and TypeError for what is no number.
 * @example
 * torch.tensor([[1, 2], [3, 4]])
 * // tensor([[1, 2],
 * //         [3, 4]])
 * @example
 * torch.tensor([1, 2], { requiresGrad: true }) // tensor([1., 2.], requires_grad=True)
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  const checked = readArguments<TensorOptions>('tensor', [options], [], COMMON);
  return finish(fromData('tensor', data, checked), checked);
}
function fromData(where: string, data: TensorData, options: TensorOptions): Tensor {
  const asked = dtypeOption(where, options, null);
  if (data instanceof Tensor) {
    const target = options.device === undefined || options.device === null ? data.device : options.device;
    return data.detach().to({ dtype: (asked ?? data.dt).name, device: target, copy: true });
  }
  const device = deviceOption(where, options.device);
  if (ArrayBuffer.isView(data)) {
    const foreign = asked === null ? null : converted(where, data, asked, device);
    if (foreign !== null) return foreign;
    const dt = arrayDtype(where, data);
    const out = emptyTensor([(data as Float32Array).length], dt, device);
    if (out.count > 0) native.write(out.storage.handle, out.storage.byteOffset, bytesOf(data));
    return asked === null || asked === dt ? out : out.to(asked.name);
  }
  const isList = Array.isArray(data);
  const { sizes, leaves, kind, found } = isList ? gather(where, data) : gather(where, [data]);
  const natural =
    leaves.length === 0 || options.requiresGrad
      ? getDefault()
      : found && found.kind === kind && leaves.every((v) => v instanceof Tensor)
        ? found
        : ofKind(kind as 0 | 1 | 2);
  return store(where, leaves, isList ? sizes : [], asked ?? natural, device);
}

/**
 * The data as a tensor: a tensor stays itself where neither dtype nor device change. Throws as {@link tensor}.
 * @example
 * torch.asTensor([1.5, 2]) // tensor([1.5000, 2.0000])
 */
export function asTensor(
  data: TensorData,
  ...args: Call<[dtype?: DTypeName | null, device?: DeviceLike | null], Pick<TensorOptions, 'dtype' | 'device'>>
): Tensor {
  return inNameOf('asTensor', () => {
    const { dtype, device } = readArguments<Pick<TensorOptions, 'dtype' | 'device'>>('asTensor', args, [
      'dtype',
      'device',
    ]);
    return data instanceof Tensor ? data.to({ dtype, device }) : tensor(data, { dtype, device });
  });
}

/**
 * A tensor over the memory of a TypedArray, shared with it; or, from the bytes of a `.npy` file, one with its values.
 * Throws FileFormatError for damaged `.npy` bytes, TypeError where the dtype has no tensor.
 * @example
 * const array = new Float32Array([1, 2])
 * const x = torch.fromNumpy(array)
 * x.mul_(2)
 * array[1] // 4
 */
export function fromNumpy(array: TypedArray | { readonly data: TypedArray; readonly shape: Shape }): Tensor {
  if (ArrayBuffer.isView(array)) {
    if (
      array instanceof Uint8Array &&
      array.length >= 6 &&
      array[0] === 0x93 &&
      String.fromCharCode(...array.subarray(1, 6)) === 'NUMPY'
    )
      return fromNpy(array);
    return overView('fromNumpy', array, [array.length]);
  }
  if (typeof array === 'object' && array !== null && ArrayBuffer.isView(array.data)) {
    const shape = checkShape('fromNumpy', array.shape).slice();
    if (sizeOf(shape) !== array.data.length)
      throw new ShapeError(`fromNumpy: shape ${show(shape)} is invalid for ${array.data.length} values`);
    return overView('fromNumpy', array.data, shape);
  }
  throw new TypeError(
    `fromNumpy: expected a TypedArray, the bytes of a .npy file or { data, shape } but received ${describe(array)}`,
  );
}
function overView(where: string, array: TypedArray, sizes: Shape): Tensor {
  const dt = arrayDtype(where, array);
  if (!(array.buffer instanceof ArrayBuffer)) {
    throw new TypeError(`${where}: a SharedArrayBuffer cannot be shared with a tensor; use torch.tensor, which copies`);
  }
  return new Tensor(adopt(where, array.buffer), dt, sizes, null, array.byteOffset / dt.size);
}

/** Options of frombuffer. */
export interface FrombufferOptions {
  dtype: DTypeName;
  /** Elements; all that are there for -1. */
  count?: number | undefined;
  /** Bytes to skip. */
  offset?: number | undefined;
  requiresGrad?: boolean | undefined;
}
/**
 * A 1-d tensor over the memory of an ArrayBuffer, shared with it. Throws RangeError where count or offset leave it.
 * @example
 * torch.frombuffer(new Float32Array([1, 2, 3]).buffer, { dtype: 'float32', offset: 4 }) // tensor([2., 3.])
 */
export function frombuffer(buffer: ArrayBuffer | ArrayBufferView, options: FrombufferOptions): Tensor {
  const {
    dtype,
    count = -1,
    offset = 0,
    requiresGrad = false,
  } = readArguments<FrombufferOptions>('frombuffer', [options], [], ['dtype', 'count', 'offset', 'requiresGrad']);
  const dt = toDType(dtype, 'frombuffer');
  const memory = ArrayBuffer.isView(buffer) ? buffer.buffer : buffer;
  if (!(memory instanceof ArrayBuffer))
    throw new TypeError(`frombuffer: expected an ArrayBuffer but received ${describe(buffer)}`);
  const start = ArrayBuffer.isView(buffer) ? buffer.byteOffset : 0;
  const length = buffer.byteLength;
  if (length === 0) throw new RangeError('frombuffer: both buffer length (0) and count must not be 0');
  if (!Number.isInteger(offset) || offset < 0 || offset >= length)
    throw new RangeError(
      `frombuffer: offset (${offset} bytes) must be non-negative and no greater than buffer length (${length} bytes) - 1`,
    );
  if (!Number.isInteger(count) || count === 0 || count < -1)
    throw new RangeError(`frombuffer: count must be positive or -1, not ${count}`);
  if (count === -1 && (length - offset) % dt.size !== 0)
    throw new RangeError(
      `frombuffer: buffer length (${length - offset} bytes) after offset (${offset} bytes) must be a multiple of element size (${dt.size})`,
    );
  const n = count === -1 ? (length - offset) / dt.size : count;
  if (offset + n * dt.size > length)
    throw new RangeError(
      `frombuffer: requested buffer length (${n} * ${dt.size} bytes) after offset (${offset} bytes) must not be greater than actual buffer length (${length} bytes)`,
    );
  if ((start + offset) % dt.size !== 0) {
    // memory that is not aligned cannot be shared
    const bytes = new Uint8Array(memory, start + offset, n * dt.size).slice();
    return finish(new Tensor(adopt('frombuffer', bytes.buffer), dt, [n], null, 0), { requiresGrad });
  }
  return finish(new Tensor(adopt('frombuffer', memory), dt, [n], null, (start + offset) / dt.size), { requiresGrad });
}

// ---- PyTorch's old constructors -------------------------------------------------------------------------------------

/** `FloatTensor([1, 2])` holds data, `FloatTensor(2, 3)` is that large and uninitialised; `new` may be written or not. */
export interface LegacyConstructor {
  (data?: TensorData, ...sizes: number[]): Tensor;
  new (data?: TensorData, ...sizes: number[]): Tensor;
}
function legacy(name: string, dt: () => DType): LegacyConstructor {
  // no arrow function: `new` refuses those
  function make(data: TensorData = [], ...sizes: number[]): Tensor {
    if (typeof data === 'number') return emptyTensor(checkShape(name, [data, ...sizes]).slice(), dt(), cpu);
    return fromData(name, data, { dtype: dt().name, device: cpu });
  }
  Object.defineProperty(make, 'name', { value: name });
  return make as LegacyConstructor;
}
const byName = (name: DTypeName): DType => dtypes.find((d) => d.name === name)!;
/**
 * A float32 tensor of the data, or an uninitialised one of the sizes, as PyTorch's legacy constructors make it. Throws
 * as {@link tensor}.
 * @example
 * torch.FloatTensor([1, 2]) // tensor([1., 2.])
 * @example
 * new torch.FloatTensor(2, 3).shape // torch.Size([2, 3])
 */
export const FloatTensor: LegacyConstructor = legacy('FloatTensor', () => float32);
/**
 * As {@link FloatTensor}, in float64.
 * @example
 * torch.DoubleTensor([1, 2]) // tensor([1., 2.], dtype=torch.float64)
 */
export const DoubleTensor: LegacyConstructor = legacy('DoubleTensor', () => float64);
/**
 * As {@link FloatTensor}, in float16.
 * @example
 * torch.HalfTensor([1, 2]) // tensor([1., 2.], dtype=torch.float16)
 */
export const HalfTensor: LegacyConstructor = legacy('HalfTensor', () => byName('float16'));
/**
 * As {@link FloatTensor}, in bfloat16.
 * @example
 * torch.BFloat16Tensor([1, 2]) // tensor([1., 2.], dtype=torch.bfloat16)
 */
export const BFloat16Tensor: LegacyConstructor = legacy('BFloat16Tensor', () => byName('bfloat16'));
/**
 * As {@link FloatTensor}, in int64: fractions are cut off.
 * @example
 * torch.LongTensor([1.7, -1.7]) // tensor([ 1, -1])
 */
export const LongTensor: LegacyConstructor = legacy('LongTensor', () => int64);
/**
 * As {@link FloatTensor}, in int32.
 * @example
 * torch.IntTensor([1, 2]) // tensor([1, 2], dtype=torch.int32)
 */
export const IntTensor: LegacyConstructor = legacy('IntTensor', () => int32);
/**
 * As {@link FloatTensor}, in int16.
 * @example
 * torch.ShortTensor([1, 2]) // tensor([1, 2], dtype=torch.int16)
 */
export const ShortTensor: LegacyConstructor = legacy('ShortTensor', () => int16);
/**
 * As {@link FloatTensor}, in int8.
 * @example
 * torch.CharTensor([1, 2]) // tensor([1, 2], dtype=torch.int8)
 */
export const CharTensor: LegacyConstructor = legacy('CharTensor', () => int8);
/**
 * As {@link FloatTensor}, in uint8.
 * @example
 * torch.ByteTensor([1, 2]) // tensor([1, 2], dtype=torch.uint8)
 */
export const ByteTensor: LegacyConstructor = legacy('ByteTensor', () => uint8);
/**
 * As {@link FloatTensor}, in bool.
 * @example
 * torch.BoolTensor([0, 1]) // tensor([False,  True])
 */
export const BoolTensor: LegacyConstructor = legacy('BoolTensor', () => bool);
