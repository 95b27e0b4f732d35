// Functions that make tensors: from data, filled, counted, drawn. Called by users through the namespace.
import { readArguments } from './define.ts';
import { checkTensor, resultLike, runMap, type Scalar, scalarOperand } from './dispatch.ts';
import { deviceOption, type DeviceLike } from './device.ts';
import {
  bool,
  type DType,
  type DTypeName,
  dtypes,
  FLOATING,
  float64,
  getDefault,
  int64,
  ofKind,
  scalarKind,
  toDType,
  float32,
  int16,
  int32,
  int8,
  uint8,
} from './dtype.ts';
import { describe, DtypeError, ShapeError } from './errors.ts';
import { adopt } from './memory.ts';
import { kernel, native } from './native.ts';
import { draw, generatorId } from './random.ts';
import { checkShape, type Shape, show, sizeOf, sizesOf } from './shape.ts';
import { emptyTensor, Tensor, type TypedArray, typedArray } from './tensor.ts';
import type { GeneratorOption } from './methods.ts';
import { fromNpy } from './save.ts';

/** Options of every function that makes a tensor. */
export interface TensorOptions {
  dtype?: DTypeName | null | undefined;
  device?: DeviceLike | null | undefined;
  requiresGrad?: boolean | undefined;
  /** Accepted for PyTorch's sake: it matters for copies to a GPU only. */
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

const COMMON = ['dtype', 'device', 'requiresGrad', 'pinMemory', 'layout'];
const fillKernel = kernel('fill');
const arangeKernel = kernel('arange');
const linspaceKernel = kernel('linspace');

/** Checks the common options and gives the dtype asked for. */
function dtypeOption(where: string, options: TensorOptions, otherwise: DType | null): DType | null {
  deviceOption(where, options.device);
  if (options.layout !== undefined && options.layout !== 'torch.strided')
    throw new TypeError(`${where}: layout ${options.layout} is not supported`);
  return options.dtype === undefined || options.dtype === null ? otherwise : toDType(options.dtype, where);
}
function finish(x: Tensor, options: TensorOptions): Tensor {
  if (options.requiresGrad) x.requiresGrad = true;
  return x;
}
const isOptions = (x: unknown): x is TensorOptions =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !(x instanceof Tensor) && !ArrayBuffer.isView(x);
/** `f(2, 3, options)`, `f([2, 3], options)`. */
function readSizes<O extends TensorOptions>(
  where: string,
  args: readonly unknown[],
  names: readonly string[] = [],
): [Shape, O] {
  const last = args[args.length - 1];
  const named = isOptions(last);
  const options = readArguments<O & { size?: Shape }>(where, named ? [last] : [], [], [...COMMON, ...names, 'size']);
  const positions = (named ? args.slice(0, -1) : args) as (number | Shape)[];
  const sizes = positions.length === 0 && options.size !== undefined ? options.size : sizesOf(positions);
  return [checkShape(where, sizes).slice(), options as unknown as O];
}
const filled = (sizes: Shape, dt: DType, value: number | Tensor): Tensor => put(emptyTensor(sizes, dt), value);

// ---- from data ------------------------------------------------------------------------------------------------------

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
function converted(where: string, data: ArrayBufferView, dt: DType): Tensor | null {
  if (!(data instanceof Uint16Array || data instanceof Uint32Array || data instanceof BigUint64Array)) return null;
  if (data instanceof Uint16Array && dt.kind === FLOATING && dt.size === 2) {
    const out = emptyTensor([data.length], dt);
    if (out.count > 0) native.write(out.storage.handle, out.storage.byteOffset, bytesOf(data));
    return out;
  }
  return store(where, Array.from<number | bigint>(data), [data.length], dt);
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
      // what int64 cannot hold was meant as a float
      kind = Math.max(kind, Math.abs(value) < 2 ** 63 ? scalarKind(value) : FLOATING);
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
function store(where: string, leaves: readonly (Scalar | Tensor)[], sizes: Shape, dt: DType): Tensor {
  if (dt.kind === FLOATING && dt !== float32 && dt !== float64) return store(where, leaves, sizes, float32).to(dt.name);
  const out = emptyTensor(sizes, dt);
  const data = typedArray(dt, leaves.length) as Numbers;
  for (let i = 0; i < leaves.length; i++) {
    const v = valueOf(leaves[i]!);
    if (data instanceof BigInt64Array) {
      const whole = typeof v === 'bigint' ? v : wholeOf(where, v, dt);
      if (BigInt.asIntN(64, whole) !== whole)
        throw new RangeError(`${where}: value ${v} cannot be converted to int64 without overflow`);
      data[i] = whole;
    } else if (dt === bool) {
      data[i] = v ? 1 : 0;
    } else if (dt.kind === FLOATING) {
      data[i] = Number(v);
    } else {
      const whole = Number(typeof v === 'bigint' ? v : wholeOf(where, v, dt));
      data[i] = whole;
      if (data[i] !== whole)
        throw new RangeError(`${where}: value ${v} cannot be converted to ${dt.name} without overflow`);
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
  if (data instanceof Tensor) return asked && asked !== data.dt ? data.detach().to(asked.name) : data.detach().clone();
  if (ArrayBuffer.isView(data)) {
    const foreign = asked === null ? null : converted(where, data, asked);
    if (foreign !== null) return foreign;
    const dt = arrayDtype(where, data);
    const out = emptyTensor([(data as Float32Array).length], dt);
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
  return store(where, leaves, isList ? sizes : [], asked ?? natural);
}

/**
 * The data as a tensor: a tensor stays itself where neither dtype nor device change.
 * @example
 * torch.asTensor([1.5, 2]) // tensor([1.5000, 2.0000])
 */
export function asTensor(data: TensorData, options: TensorOptions = {}): Tensor {
  if (data instanceof Tensor) return options.dtype ? data.to(options.dtype) : data;
  return tensor(data, options);
}
/**
 * A 0-d tensor of the default dtype.
 * @example
 * torch.scalarTensor(2) // tensor(2.)
 */
export function scalarTensor(value: Scalar, options: TensorOptions = {}): Tensor {
  return full([], value, { ...options, dtype: options.dtype ?? getDefault().name });
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

// ---- filled ---------------------------------------------------------------------------------------------------------

/**
 * A tensor of zeros.
 * @example
 * torch.zeros(2, 3)
 * // tensor([[0., 0., 0.],
 * //         [0., 0., 0.]])
 */
export function zeros(...args: SizeArgs<TensorOptions>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('zeros', args);
  return finish(filled(sizes, dtypeOption('zeros', options, getDefault())!, 0), options);
}
/**
 * A tensor of ones.
 * @example
 * torch.ones(2, { dtype: 'int64' }) // tensor([1, 1])
 */
export function ones(...args: SizeArgs<TensorOptions>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('ones', args);
  return finish(filled(sizes, dtypeOption('ones', options, getDefault())!, 1), options);
}
/**
 * A tensor with whatever its memory holds.
 * @example
 * torch.empty(2, 3).shape // torch.Size([2, 3])
 */
export function empty(...args: SizeArgs<TensorOptions & { memoryFormat?: string | undefined }>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('empty', args, ['memoryFormat']);
  return finish(emptyTensor(sizes, dtypeOption('empty', options, getDefault())!), options);
}
/**
 * A tensor of the given strides with whatever its memory holds.
 * @example
 * torch.emptyStrided([2, 3], [1, 2]).stride() // [ 1, 2 ]
 */
export function emptyStrided(size: Shape, stride: Shape, options: TensorOptions = {}): Tensor {
  const sizes = checkShape('emptyStrided', size).slice();
  if (!Array.isArray(stride) || stride.length !== sizes.length || stride.some((s) => !Number.isInteger(s) || s < 0)) {
    throw new ShapeError(`emptyStrided: expected ${sizes.length} strides >= 0 but received ${describe(stride)}`);
  }
  const dt = dtypeOption(
    'emptyStrided',
    readArguments<TensorOptions>('emptyStrided', [options], [], COMMON),
    getDefault(),
  )!;
  const span = sizeOf(sizes) === 0 ? 0 : 1 + sizes.reduce((n, s, d) => n + (s - 1) * stride[d]!, 0);
  const memory = emptyTensor(checkShape('emptyStrided', [span]), dt);
  return finish(new Tensor(memory.storage, dt, sizes, stride.slice(), 0), options);
}
/**
 * A tensor in which every element is `fillValue`; its dtype follows from that unless given.
 * @example
 * torch.full([2], 7) // tensor([7, 7])
 */
export function full(size: Shape | number, fillValue: Scalar | Tensor, options: TensorOptions = {}): Tensor {
  const sizes = checkShape('full', typeof size === 'number' ? [size] : size).slice();
  const checked = readArguments<TensorOptions>('full', [options], [], COMMON);
  if (!(fillValue instanceof Tensor) && !['number', 'boolean', 'bigint'].includes(typeof fillValue)) {
    throw new TypeError(`full: expected a number for fillValue but received ${describe(fillValue)}`);
  }
  if (fillValue instanceof Tensor && fillValue.count !== 1)
    throw new ShapeError(`full: fillValue must have one element, not ${show(fillValue.sizes)}`);
  const natural = fillValue instanceof Tensor ? fillValue.dt : ofKind(scalarKind(fillValue));
  const dt = dtypeOption('full', checked, natural)!;
  const value = fillValue instanceof Tensor ? fillValue.detach().reshape([]) : scalarFor('full', fillValue, dt);
  return finish(filled(sizes, dt, value), checked);
}
/** A number that is to be stored as `dt`; refuses what the dtype cannot hold, where PyTorch does. */
function scalarFor(where: string, value: Scalar, dt: DType): number | Tensor {
  const n = Number(value);
  const overflow = (): RangeError =>
    new RangeError(`${where}: value ${value} cannot be converted to type ${dt.name} without overflow`);
  if (dt.kind === FLOATING) {
    const largest = dt.name === 'float16' ? 65504 : dt.name === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
    if (Number.isFinite(n) && Math.abs(n) > largest) throw overflow();
  } else if (dt !== bool) {
    const bits = 8 * dt.size;
    const [low, high] = dt === uint8 ? [0, 255] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - (bits < 64 ? 1 : 0)];
    if (!(Math.trunc(n) >= low && Math.trunc(n) <= high) || (bits === 64 && n === high)) throw overflow();
  }
  return scalarOperand(where, value);
}

/** Options of the `…Like` functions. */
export interface LikeOptions extends RandomOptions {
  memoryFormat?: string | undefined;
}
/** A fresh tensor in the order of dims of `x` (PyTorch's preserve_format), for `fill` to write. */
function like(
  where: string,
  x: Tensor,
  options: LikeOptions,
  fill: (out: Tensor, generator: number) => Tensor,
): Tensor {
  checkTensor(where, x);
  const checked = readArguments<LikeOptions>(where, [options], [], [...COMMON, 'memoryFormat', 'generator']);
  const dt = dtypeOption(where, checked, x.dt)!;
  const { memoryFormat = 'preserve' } = checked;
  if (memoryFormat !== 'preserve' && memoryFormat !== 'contiguous') {
    throw new TypeError(
      `${where}: expected 'preserve' or 'contiguous' for memoryFormat but received ${describe(memoryFormat)}`,
    );
  }
  const out = memoryFormat === 'preserve' ? resultLike(x.sizes, dt, [x]) : emptyTensor(x.sizes, dt);
  return finish(fill(out, generatorId(where, checked.generator)), checked);
}
const put = (out: Tensor, value: number | Tensor): Tensor => {
  if (value instanceof Tensor) runMap(kernel('copy'), out.sizes, [out, value], out.dt);
  else runMap(fillKernel, out.sizes, [out, value], out.dt);
  return out;
};
/**
 * Zeros in the shape and dtype of `x`.
 * @example
 * torch.zerosLike(torch.tensor([1, 2])) // tensor([0, 0])
 */
export function zerosLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('zerosLike', x, options, (out) => put(out, 0));
}
/**
 * Ones in the shape and dtype of `x`.
 * @example
 * torch.onesLike(torch.tensor([1.5, 2])) // tensor([1., 1.])
 */
export function onesLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('onesLike', x, options, (out) => put(out, 1));
}
/**
 * `fillValue` in the shape and dtype of `x`.
 * @example
 * torch.fullLike(torch.tensor([1, 2]), 7) // tensor([7, 7])
 */
export function fullLike(x: Tensor, fillValue: Scalar, options: LikeOptions = {}): Tensor {
  return like('fullLike', x, options, (out) => put(out, scalarFor('fullLike', fillValue, out.dt)));
}
/**
 * Whatever memory holds, in the shape and dtype of `x`.
 * @example
 * torch.emptyLike(torch.tensor([1, 2])).shape // torch.Size([2])
 */
export function emptyLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('emptyLike', x, options, (out) => out);
}
const uniform = (where: string, out: Tensor, id: number): Tensor => (
  floating(where, out.dt), draw(kernel('uniform'), out, [id, 0, 1])
);
const standardNormal = (where: string, out: Tensor, id: number): Tensor => (
  floating(where, out.dt), draw(kernel('normal'), out, [id, 0, 1])
);
function floating(where: string, dt: DType): DType {
  if (dt.kind !== FLOATING)
    throw new DtypeError(`${where}: not implemented for ${dt.name}: expected a floating-point dtype`);
  return dt;
}
/**
 * Uniform random numbers in the shape and dtype of `x`; see {@link rand}.
 * @example
 * torch.randLike(torch.zeros(2)).lt(1) // tensor([True, True])
 */
export function randLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('randLike', x, options, (out, id) => uniform('randLike', out, id));
}
/**
 * Normal random numbers in the shape and dtype of `x`; see {@link randn}.
 * @example
 * torch.randnLike(torch.zeros(2)).shape // torch.Size([2])
 */
export function randnLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('randnLike', x, options, (out, id) => standardNormal('randnLike', out, id));
}
/**
 * Random whole numbers in the shape and dtype of `x`; see {@link randint}.
 * @example
 * torch.randintLike(torch.zeros(2), 1) // tensor([0., 0.])
 */
export function randintLike(
  x: Tensor,
  ...args: [high: number, options?: LikeOptions] | [low: number, high: number, options?: LikeOptions]
): Tensor {
  const numbers = args.filter((a): a is number => typeof a === 'number');
  const options = (args.find((a) => typeof a === 'object') ?? {}) as LikeOptions;
  const [low, high] = numbers.length > 1 ? [numbers[0]!, numbers[1]!] : [0, numbers[0]!];
  checkRange('randintLike', low, high);
  return like('randintLike', x, options, (out, id) => draw(kernel('randint'), out, [id, low, high]));
}

// ---- counted --------------------------------------------------------------------------------------------------------

/**
 * Numbers from `start` (0) up to `end`, not included, in steps. Throws RangeError for a step of 0 or of the wrong sign.
 * @example
 * torch.arange(0, 10, 2) // tensor([0, 2, 4, 6, 8])
 */
export function arange(
  ...args:
    | [end: number, options?: TensorOptions]
    | [start: number, end: number, options?: TensorOptions]
    | [start: number, end: number, step: number, options?: TensorOptions]
    | [options: TensorOptions & { start?: number; end: number; step?: number }]
): Tensor {
  const last = args[args.length - 1];
  const named = readArguments<TensorOptions & { start: number; end: number; step: number }>(
    'arange',
    isOptions(last) ? [last] : [],
    [],
    [...COMMON, 'start', 'end', 'step'],
  );
  const numbers = args.filter((a) => !isOptions(a)) as number[];
  const [first, second, third] = numbers;
  const start =
    numbers.length > 1 ? first! : (named.start ?? (named.end !== undefined && first !== undefined ? first : 0));
  const end = numbers.length > 1 ? second! : (named.end ?? first);
  const step = third ?? named.step ?? 1;
  for (const v of [start, end, step]) {
    if (typeof v !== 'number') throw new TypeError(`arange: expected numbers but received ${describe(v)}`);
    if (!Number.isFinite(v)) throw new RangeError(`arange: unsupported range: ${start} -> ${end} by ${step}`);
  }
  if (step === 0) throw new RangeError('arange: step must be nonzero');
  if ((step > 0 && start > end!) || (step < 0 && start < end!))
    throw new RangeError(
      `arange: upper bound and lower bound inconsistent with step sign: ${start} to ${end} by ${step}`,
    );
  const natural = [start, end!, step].every((v) => Number.isInteger(v)) ? int64 : getDefault();
  const dt = dtypeOption('arange', named, natural)!;
  if (dt === bool) throw new DtypeError('arange: not implemented for bool');
  const count = Math.max(0, Math.ceil((end! - start) / step));
  const out = emptyTensor(checkShape('arange', [count]).slice(), dt);
  runMap(
    arangeKernel,
    [count],
    [out],
    dt,
    dt.kind === FLOATING ? [start, step] : [Math.trunc(start), Math.trunc(step)],
  );
  return finish(out, named);
}
/**
 * `steps` numbers from `start` to `end`, both included, at equal distances.
 * @example
 * torch.linspace(0, 1, 5) // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
 */
export function linspace(
  start: number,
  end: number,
  steps: number | ({ steps: number } & TensorOptions),
  options: TensorOptions = {},
): Tensor {
  const given = typeof steps === 'object' ? steps : { ...options, steps };
  const checked = readArguments<TensorOptions & { steps: number }>('linspace', [given], [], [...COMMON, 'steps']);
  const n = checked.steps!;
  if (typeof start !== 'number' || typeof end !== 'number')
    throw new TypeError(`linspace: expected numbers but received ${describe(start)} and ${describe(end)}`);
  if (!Number.isInteger(n) || n < 0)
    throw new RangeError(`linspace: number of steps must be non-negative, not ${describe(n)}`);
  const dt = dtypeOption('linspace', checked, getDefault())!;
  const out = emptyTensor(checkShape('linspace', [n]).slice(), dt);
  if (n === 1) out.fill_(start);
  else runMap(linspaceKernel, [n], [out], dt, [start, end]);
  return finish(out, checked);
}
/**
 * `base` to the powers of {@link linspace}.
 * @example
 * torch.logspace(0, 2, 3) // tensor([  1.,  10., 100.])
 */
export function logspace(
  start: number,
  end: number,
  steps: number,
  ...rest: [base?: number, options?: TensorOptions] | [options: TensorOptions & { base?: number }]
): Tensor {
  const options = readArguments<TensorOptions & { base: number }>('logspace', rest, ['base'], COMMON);
  const dt = dtypeOption('logspace', options, getDefault())!;
  const powers = linspace(start, end, steps, { dtype: 'float64' });
  const out = full([], options.base ?? 10, { dtype: 'float64' }).pow(powers);
  return finish(out.to(dt.name), options);
}
/**
 * Ones on the diagonal of an [n, m] matrix of zeros.
 * @example
 * torch.eye(2)
 * // tensor([[1., 0.],
 * //         [0., 1.]])
 */
export function eye(
  n: number,
  ...rest: [m?: number, options?: TensorOptions] | [options: TensorOptions & { m?: number }]
): Tensor {
  const options = readArguments<TensorOptions & { m: number }>('eye', rest, ['m'], COMMON);
  const m = options.m ?? n;
  if (!Number.isInteger(n) || n < 0 || !Number.isInteger(m) || m < 0)
    throw new RangeError(`eye: n and m must be whole numbers >= 0, got ${describe(n)} and ${describe(m)}`);
  const out = filled(checkShape('eye', [n, m]).slice(), dtypeOption('eye', options, getDefault())!, 0);
  if (out.count > 0) out.detach().diagonal().fill_(1);
  return finish(out, options);
}

// ---- drawn ----------------------------------------------------------------------------------------------------------

/**
 * Random numbers, uniform between 0 and 1 (not included): PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * torch.rand(2) // tensor([0.4963, 0.7682])
 */
export function rand(...args: SizeArgs<RandomOptions>): Tensor {
  const [sizes, options] = readSizes<RandomOptions>('rand', args, ['generator']);
  return finish(
    uniform(
      'rand',
      emptyTensor(sizes, dtypeOption('rand', options, getDefault())!),
      generatorId('rand', options.generator),
    ),
    options,
  );
}
/**
 * Random numbers of the standard normal distribution: PyTorch's for the same seed.
 * @example
 * torch.manualSeed(0)
 * torch.randn(2) // tensor([ 1.5410, -0.2934])
 */
export function randn(...args: SizeArgs<RandomOptions>): Tensor {
  const [sizes, options] = readSizes<RandomOptions>('randn', args, ['generator']);
  return finish(
    standardNormal(
      'randn',
      emptyTensor(sizes, dtypeOption('randn', options, getDefault())!),
      generatorId('randn', options.generator),
    ),
    options,
  );
}
function checkRange(where: string, low: number, high: number): void {
  if (!Number.isInteger(low) || !Number.isInteger(high))
    throw new TypeError(`${where}: expected whole numbers but received ${low} and ${high}`);
  if (low >= high)
    throw new RangeError(`${where}: expects 'low' to be less than 'high', but got low=${low} >= high=${high}`);
}
/**
 * Random whole numbers from `low` (0) up to `high`, not included.
 * @example
 * torch.manualSeed(0)
 * torch.randint(10, [3]) // tensor([4, 9, 3])
 */
export function randint(
  ...args:
    | [high: number, size: Shape, options?: RandomOptions]
    | [low: number, high: number, size: Shape, options?: RandomOptions]
    | [options: RandomOptions & { low?: number; high: number; size: Shape }]
): Tensor {
  const last = args[args.length - 1];
  const named = readArguments<RandomOptions & { low: number; high: number; size: Shape }>(
    'randint',
    isOptions(last) ? [last] : [],
    [],
    [...COMMON, 'generator', 'low', 'high', 'size'],
  );
  const numbers = (args as readonly unknown[]).filter((a): a is number => typeof a === 'number');
  const size = (args as readonly unknown[]).find((a): a is Shape => Array.isArray(a)) ?? named.size;
  const low =
    numbers.length > 1
      ? numbers[0]!
      : (named.low ?? (numbers.length === 1 && named.high !== undefined ? numbers[0]! : 0));
  const high = numbers.length > 1 ? numbers[1] : (named.high ?? numbers[0]);
  if (high === undefined || size === undefined)
    throw new TypeError('randint: expected (high, size) or (low, high, size)');
  checkRange('randint', low, high);
  const out = emptyTensor(checkShape('randint', size).slice(), dtypeOption('randint', named, int64)!);
  return finish(draw(kernel('randint'), out, [generatorId('randint', named.generator), low, high]), named);
}
/**
 * The numbers from 0 to `n - 1` in random order.
 * @example
 * torch.manualSeed(0)
 * torch.randperm(4) // tensor([0, 1, 3, 2])
 */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const checked = readArguments<RandomOptions>('randperm', [options], [], [...COMMON, 'generator']);
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`randperm: n must be non-negative, got ${describe(n)}`);
  if (options.dtype === 'bool') throw new DtypeError('randperm: not implemented for bool');
  const out = emptyTensor(checkShape('randperm', [n]).slice(), dtypeOption('randperm', checked, int64)!);
  return finish(draw(kernel('randperm'), out, [generatorId('randperm', checked.generator)]), checked);
}
/**
 * Normal random numbers of the given means and standard deviations: tensors, or numbers with a size.
 * @example
 * torch.normal(0, 1, [2]).shape // torch.Size([2])
 */
export function normal(
  mean: number | Tensor,
  std: number | Tensor = 1,
  ...rest: [size?: Shape, options?: RandomOptions] | [options: RandomOptions & { size?: Shape }]
): Tensor {
  const options = readArguments<RandomOptions & { size: Shape }>('normal', rest, ['size'], [...COMMON, 'generator']);
  const like =
    mean instanceof Tensor ? (std instanceof Tensor ? mean.add(std) : mean) : std instanceof Tensor ? std : null;
  const sizes = like ? like.sizes : checkShape('normal', options.size ?? []).slice();
  const dt = like ? like.dt : dtypeOption('normal', options, getDefault())!;
  const id = generatorId('normal', options.generator);
  if (typeof std === 'number' ? !(std >= 0) : std.count > 0 && !std.detach().ge(0).all().item()) {
    throw new RangeError(
      `normal: expects all elements of std >= 0.0, but found ${typeof std === 'number' ? std : std.amin()}`,
    );
  }
  if (!like)
    return finish(
      emptyTensor(sizes, dt).normal_(mean as number, std as number, { generator: options.generator }),
      options,
    );
  return standardNormal('normal', emptyTensor(sizes, dt), id).mul(std).add(mean);
}

// ---- PyTorch's old constructors -------------------------------------------------------------------------------------

/** `FloatTensor([1, 2])` holds data, `FloatTensor(2, 3)` is that large and uninitialised; `new` may be written or not. */
export interface LegacyConstructor {
  (data?: TensorData, ...sizes: number[]): Tensor;
  new (data?: TensorData, ...sizes: number[]): Tensor;
}
function legacy(name: string, dt: () => DType): LegacyConstructor {
  const make = (data: TensorData = [], ...sizes: number[]): Tensor => {
    if (typeof data === 'number') return emptyTensor(checkShape(name, [data, ...sizes]).slice(), dt());
    return fromData(name, data, { dtype: dt().name });
  };
  Object.defineProperty(make, 'name', { value: name });
  return make as unknown as LegacyConstructor;
}
const byName = (name: DTypeName): DType => dtypes.find((d) => d.name === name)!;
/** A float32 tensor, as PyTorch's legacy constructors make it. */
export const FloatTensor: LegacyConstructor = legacy('FloatTensor', () => float32);
/** A float64 tensor. */
export const DoubleTensor: LegacyConstructor = legacy('DoubleTensor', () => float64);
/** A float16 tensor. */
export const HalfTensor: LegacyConstructor = legacy('HalfTensor', () => byName('float16'));
/** A bfloat16 tensor. */
export const BFloat16Tensor: LegacyConstructor = legacy('BFloat16Tensor', () => byName('bfloat16'));
/** An int64 tensor. */
export const LongTensor: LegacyConstructor = legacy('LongTensor', () => int64);
/** An int32 tensor. */
export const IntTensor: LegacyConstructor = legacy('IntTensor', () => int32);
/** An int16 tensor. */
export const ShortTensor: LegacyConstructor = legacy('ShortTensor', () => int16);
/** An int8 tensor. */
export const CharTensor: LegacyConstructor = legacy('CharTensor', () => int8);
/** A uint8 tensor. */
export const ByteTensor: LegacyConstructor = legacy('ByteTensor', () => uint8);
/** A bool tensor. */
export const BoolTensor: LegacyConstructor = legacy('BoolTensor', () => bool);
