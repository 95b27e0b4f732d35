// Copies and conversions: clone, contiguous, to and its short forms; copy_, fill_ and zero_, which write in place.
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { inPlaceForms, row } from '../define.ts';
import { checkInPlace, record, writeInPlace } from '../history.ts';
import { type Node, RuleNode } from '../autograd/node.ts';
import {
  checkOperand,
  checkTensor,
  nonOverlappingAndDense,
  runMap,
  type Scalar,
  scalarOperand,
  undisturbed,
} from '../dispatch.ts';
import {
  bfloat16,
  bool,
  type DType,
  type DTypeName,
  fitting,
  float16,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  toDType,
  uint8,
} from '../dtype.ts';
import { deviceOption, available, device as toDevice, Device, type DeviceLike } from '../device.ts';
import { describe } from '../errors.ts';
import { spread } from '../methods.ts';
import { channelsLastOrder, type MemoryFormat, rankOf } from '../memory-format.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, contiguousStrides, sameShape, type Shape, show } from '../shape.ts';
import { ShapeError } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { copied, send } from './internal/moving.ts';
import { isPinnedMemory, pinnedCopy } from './internal/pinning.ts';
import { zerosOf } from './internal/reducing.ts';

const copyKernel = kernel('copy');
const fillKernel = kernel('fill');

/** Strides of a copy of `x`. */
function layout(where: string, x: Tensor, format: MemoryFormat): Shape {
  switch (format) {
    case 'contiguous':
      return contiguousStrides(x.sizes);
    case 'preserve':
      return nonOverlappingAndDense(x.sizes, x.strides) ? x.strides : contiguousStrides(x.sizes);
    case 'channelsLast':
    case 'channelsLast3d': {
      const rank = rankOf(format)!;
      if (x.sizes.length !== rank)
        throw new ShapeError(`${where}: required rank ${rank} tensor to use ${format} format, not ${show(x.sizes)}`);
      const order = channelsLastOrder(rank);
      const strides = new Array<number>(rank);
      for (let i = rank - 1, n = 1; i >= 0; i--) {
        strides[order[i]!] = n;
        n *= x.sizes[order[i]!]! || 1;
      }
      return strides;
    }
    default:
      throw new TypeError(
        `${where}: expected memoryFormat 'contiguous', 'preserve', 'channelsLast' or 'channelsLast3d' but received ${describe(format)}`,
      );
  }
}

/** A copy as another dtype, in another order of dims, on another device. */
function copyAs(
  name: string,
  x: Tensor,
  dt: DType,
  strides: Shape,
  device: Device = x.device,
  nonBlocking = false,
): Tensor {
  const out = copied(x, dt, strides, device, nonBlocking);
  const from = x.device;
  return record(name, out, [x], [], (g) => [g.device === from ? g : g.to(from, { nonBlocking })]);
}

/** Options of clone. */
export interface CloneOptions {
  memoryFormat?: MemoryFormat | undefined;
}
/**
 * A copy, in the same order of dims. Gradients flow through.
 * @example
 * torch.clone(torch.tensor([1, 2])) // tensor([1, 2])
 */
export function clone(x: Tensor, options?: CloneOptions): Tensor {
  checkTensor('clone', x);
  checkOptions('clone', options, ['memoryFormat']);
  return copyAs('clone', x, x.dt, layout('clone', x, options?.memoryFormat ?? 'preserve'));
}
row('clone', clone);

/**
 * `x` itself if its elements lie in row-major order without gaps, else a copy that does.
 * @example
 * torch.zeros(2, 3).t().contiguous().isContiguous() // true
 */
export function contiguous(x: Tensor, options?: CloneOptions): Tensor {
  checkTensor('contiguous', x);
  checkOptions('contiguous', options, ['memoryFormat']);
  const format = options?.memoryFormat ?? 'contiguous';
  if (format === 'contiguous') return x.dense ? x : copyAs('clone', x, x.dt, contiguousStrides(x.sizes));
  const strides = layout('contiguous', x, format);
  return sameShape(strides, x.strides) ? x : copyAs('clone', x, x.dt, strides);
}
row('contiguous', contiguous);

/** Options of to. */
export interface ToOptions {
  device?: DeviceLike | null | undefined;
  dtype?: DTypeName | null | undefined;
  /** Lets the host go on while a device copies. */
  nonBlocking?: boolean | undefined;
  /** Copies even where nothing changes. */
  copy?: boolean | undefined;
  memoryFormat?: MemoryFormat | undefined;
}
type ToTarget = DTypeName | DeviceLike | Tensor;

/**
 * `x` as another dtype or on another device; `x` itself where nothing changes.
 * Throws DeviceError if the device is not there.
 * @example
 * torch.tensor([1, 2]).to('float32') // tensor([1., 2.])
 */
export function to(
  x: Tensor,
  ...args: Call<[target: ToTarget, dtype?: DTypeName | boolean, nonBlocking?: boolean, copy?: boolean], ToOptions>
): Tensor {
  checkTensor('to', x);
  if (args.length === 0) throw new TypeError('to: expected a dtype, a device or a tensor');
  const first: unknown = args[0];
  let dt = x.dt;
  let where: Device = x.device;
  let rest: readonly unknown[] = args;
  if (first instanceof Tensor) {
    dt = first.dt;
    where = first.device;
    // to(other, nonBlocking, copy)
    rest = [undefined, ...(typeof args[1] === 'boolean' ? [undefined] : []), ...args.slice(1)];
  } else if (first instanceof Device || (typeof first === 'string' && /^(cpu|cuda)/.test(first))) {
    where = toDevice(first);
    rest = [undefined, ...args.slice(1)];
  } else if (typeof first === 'string') {
    dt = toDType(first, 'to');
    rest = [undefined, undefined, ...args.slice(1)];
  }
  const options = readArguments<ToOptions & { target: unknown }>(
    'to',
    rest,
    ['target', 'dtype', 'nonBlocking', 'copy'],
    ['device', 'memoryFormat'],
  );
  if (options.target !== undefined)
    throw new TypeError(`to: expected a dtype, a device or a tensor but received ${describe(options.target)}`);
  if (options.device !== undefined && options.device !== null) where = toDevice(options.device);
  if (options.dtype !== undefined && options.dtype !== null) dt = toDType(options.dtype, 'to');
  where = available('to', where);
  const format = options.memoryFormat ?? 'preserve';
  const strides = layout('to', x, format);
  if (dt === x.dt && where === x.device && !options.copy && (format === 'preserve' || sameShape(strides, x.strides)))
    return x;
  return copyAs('toCopy', x, dt, strides, where, options.nonBlocking ?? false);
}
spread(to);
row('to', to);

const cast = (where: string, x: Tensor, dt: DType, options?: CloneOptions): Tensor => {
  checkTensor(where, x);
  if (options === undefined) return x.dt === dt ? x : copyAs('toCopy', x, dt, layout('to', x, 'preserve'));
  checkOptions(where, options, ['memoryFormat']);
  const format = options?.memoryFormat ?? 'preserve';
  const strides = layout(where, x, format);
  return x.dt === dt && (format === 'preserve' || sameShape(strides, x.strides)) ? x : copyAs('toCopy', x, dt, strides);
};
/**
 * As `to('float32')`.
 * @example
 * torch.tensor([1, 2]).float() // tensor([1., 2.])
 */
export function float(x: Tensor, options?: CloneOptions): Tensor {
  return cast('float', x, float32, options);
}
/**
 * As `to('float64')`.
 * @example
 * torch.tensor([1, 2]).double().dtype // float64
 */
export function double(x: Tensor, options?: CloneOptions): Tensor {
  return cast('double', x, float64, options);
}
/**
 * As `to('float16')`.
 * @example
 * torch.tensor([1, 2]).half().dtype // float16
 */
export function half(x: Tensor, options?: CloneOptions): Tensor {
  return cast('half', x, float16, options);
}
/**
 * As `to('bfloat16')`.
 * @example
 * torch.tensor([1, 2]).bfloat16().dtype // bfloat16
 */
function bfloat16_(x: Tensor, options?: CloneOptions): Tensor {
  return cast('bfloat16', x, bfloat16, options);
}
export { bfloat16_ as bfloat16 };
/**
 * As `to('int64')`: fractions are cut off.
 * @example
 * torch.tensor([1.7, -2.7]).long() // tensor([ 1, -2])
 */
export function long(x: Tensor, options?: CloneOptions): Tensor {
  return cast('long', x, int64, options);
}
/**
 * As `to('int32')`.
 * @example
 * torch.tensor([1.7]).int().dtype // int32
 */
export function int(x: Tensor, options?: CloneOptions): Tensor {
  return cast('int', x, int32, options);
}
/**
 * As `to('int16')`.
 * @example
 * torch.tensor([1.7]).short().dtype // int16
 */
export function short(x: Tensor, options?: CloneOptions): Tensor {
  return cast('short', x, int16, options);
}
/**
 * As `to('int8')`.
 * @example
 * torch.tensor([1.7]).char().dtype // int8
 */
export function char(x: Tensor, options?: CloneOptions): Tensor {
  return cast('char', x, int8, options);
}
/**
 * As `to('uint8')`.
 * @example
 * torch.tensor([1.7]).byte().dtype // uint8
 */
export function byte(x: Tensor, options?: CloneOptions): Tensor {
  return cast('byte', x, uint8, options);
}
/**
 * As `to('bool')`: whether elements are nonzero.
 * @example
 * torch.tensor([1.7, 0]).bool() // tensor([ True, False])
 */
function bool_(x: Tensor, options?: CloneOptions): Tensor {
  return cast('bool', x, bool, options);
}
export { bool_ as bool };
const TENSOR_TYPES: Readonly<Record<DTypeName, string>> = {
  float32: 'torch.FloatTensor',
  float64: 'torch.DoubleTensor',
  float16: 'torch.HalfTensor',
  bfloat16: 'torch.BFloat16Tensor',
  int64: 'torch.LongTensor',
  int32: 'torch.IntTensor',
  int16: 'torch.ShortTensor',
  int8: 'torch.CharTensor',
  uint8: 'torch.ByteTensor',
  bool: 'torch.BoolTensor',
};
/**
 * `x` as another dtype, given by its name or by PyTorch's name of such tensors; without one, that name.
 * @example
 * torch.tensor([1, 2]).type('float32') // tensor([1., 2.])
 * @example
 * torch.tensor([1, 2]).type() // torch.LongTensor
 */
export function type(x: Tensor): string;
export function type(x: Tensor, dtype: DTypeName | `torch.${string}Tensor`): Tensor;
export function type(x: Tensor, dtype?: string): Tensor | string {
  checkTensor('type', x);
  if (dtype === undefined || dtype === null)
    return x.isCuda ? TENSOR_TYPES[x.dt.name].replace('torch.', 'torch.cuda.') : TENSOR_TYPES[x.dt.name];
  const known = Object.entries(TENSOR_TYPES).find(([, name]) => name === dtype)?.[0] ?? dtype;
  return cast('type', x, toDType(known as DTypeName, 'type'));
}
/**
 * `x` as the dtype of `other`, and where that is.
 * @example
 * torch.tensor([1, 2]).typeAs(torch.zeros(1)) // tensor([1., 2.])
 */
export function typeAs(x: Tensor, other: Tensor): Tensor {
  checkTensor('typeAs', other, 'other');
  checkTensor('typeAs', x);
  return to(x, other);
}
/**
 * `x` on the CPU: itself if it is there.
 * @example
 * torch.tensor([1, 2]).cpu() // tensor([1, 2])
 */
export function cpu(x: Tensor): Tensor {
  checkTensor('cpu', x);
  return to(x, 'cpu');
}
/**
 * `x` on a GPU, the current one if no index is given. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.zeros(1).cuda().isCuda : true // true
 */
export function cuda(x: Tensor, index?: number | DeviceLike | null): Tensor {
  checkTensor('cuda', x);
  return to(
    x,
    typeof index === 'number' || index === undefined || index === null
      ? toDevice('cuda', index ?? undefined)
      : toDevice(index),
  );
}

/**
 * `x` in memory that a GPU reads directly. Throws DeviceError where there is none, as PyTorch does.
 * @example
 * torch.cuda.isAvailable() ? torch.zeros(1).pinMemory().isPinned() : true // true
 */
export function pinMemory(x: Tensor): Tensor {
  checkTensor('pinMemory', x);
  deviceOption('pinMemory', 'cuda');
  const out = pinnedCopy('pinMemory', x);
  return out === x ? x : record('pinMemory', out, [x], [], (g) => [g]);
}
/**
 * Whether `x` lies in memory that a GPU reads directly: never without one.
 * @example
 * torch.zeros(1).isPinned() // false
 */
export function isPinned(x: Tensor): boolean {
  checkTensor('isPinned', x);
  return isPinnedMemory(x);
}
/**
 * The number of the GPU that `x` is on, -1 on the CPU.
 * @example
 * torch.zeros(1).getDevice() // -1
 */
export function getDevice(x: Tensor): number {
  checkTensor('getDevice', x);
  return x.isCuda ? (x.device.index ?? 0) : -1;
}

// ---- writing --------------------------------------------------------------------------------------------------------

const grads = (f: (g: Tensor, n: Node) => readonly (Tensor | null)[], name: string) => (): Node =>
  new RuleNode(name, f);

/** `x.copy_(source)`: the values of `source`, broadcast and converted. */
inPlaceForms.set('copy', (x: Tensor, source: Tensor | Scalar, ...args: readonly unknown[]): Tensor => {
  checkInPlace('copy_', x);
  checkOperand('copy_', source, 'source');
  const { nonBlocking = false } = readArguments<{ nonBlocking: boolean }>('copy_', args, ['nonBlocking']);
  if (!(source instanceof Tensor)) return fillWith('copy_', x, source);
  if (!sameShape(broadcastShapes('copy_', x.sizes, source.sizes), x.sizes)) {
    throw new ShapeError(`copy_: the source of shape ${show(source.sizes)} does not broadcast to ${show(x.sizes)}`);
  }
  const from = source.device;
  return writeInPlace(
    x,
    [x, source],
    grads((g) => [zerosOf(g.sizes, g.dt, g.device), g.device === from ? g : g.to(from)], 'CopyBackwards'),
    () => {
      if (x.device !== source.device) send(x, source, nonBlocking);
      else runMap(copyKernel, x.sizes, [x, undisturbed(x, source)], x.dt);
    },
  );
});

function fillWith(where: string, x: Tensor, value: Tensor | Scalar): Tensor {
  checkInPlace(where, x);
  checkOperand(where, value, 'value');
  if (value instanceof Tensor && value.sizes.length > 0) {
    throw new ShapeError(
      `${where}: only supports a 0-dimensional value tensor but got one with ${value.sizes.length} dimensions`,
    );
  }
  const operand = value instanceof Tensor ? value : scalarOperand(where, fitting(where, value, x.dt, false));
  const inputs = value instanceof Tensor ? [x, value] : [x];
  return writeInPlace(
    x,
    inputs,
    grads((g) => [zerosOf(g.sizes, g.dt, g.device), ...(inputs.length > 1 ? [g.sum()] : [])], 'FillBackward0'),
    () => {
      if (operand instanceof Tensor && operand.device !== x.device) send(x, operand);
      else if (operand instanceof Tensor) runMap(copyKernel, x.sizes, [x, undisturbed(x, operand)], x.dt);
      else runMap(fillKernel, x.sizes, [x, operand], x.dt);
    },
  );
}
/** `x.fill_(value)` */
inPlaceForms.set('fill', (x: Tensor, value: Tensor | Scalar): Tensor => fillWith('fill_', x, value));
/** `x.zero_()` */
inPlaceForms.set('zero', (x: Tensor): Tensor => fillWith('zero_', x, 0));

/**
 * A tensor like `x` in which every element is `value`.
 * @example
 * torch.fill(torch.zeros(2), 1.5) // tensor([1.5000, 1.5000])
 */
export function fill(x: Tensor, value: Tensor | Scalar): Tensor {
  checkTensor('fill', x);
  return fillWith('fill', x.clone(), value);
}
row('fill', fill);
