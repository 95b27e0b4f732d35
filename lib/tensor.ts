// class Tensor: a typed, strided view of a storage, with its place in the autograd graph. Its operators are the functions
// of ops/, attached by methods.ts; what is here is what they need: fields, attributes, and reading values out.
import { type AccumulateGrad, edgeOf, type Node, refreshView, watch } from './autograd/node.ts';
import { bool, type DType, type DTypeName, float16, bfloat16, FLOATING, getDefault, int64, REMEDY } from './dtype.ts';
import { getDefaultDevice, type Device } from './device.ts';
import { AutogradError, DtypeError } from './errors.ts';
import { formatTensor } from './format.ts';
import { type Hook, type HookHandle, register } from './autograd/hooks.ts';
import { alias, allocate, allocateOwn, dispose, type Storage, untrack } from './memory.ts';
import type { HandMethods, InPlace, Methods } from './methods.ts';
import { mode } from './autograd/mode.ts';
import { native } from './native.ts';
import type * as ops from './ops/index.ts';
import type { Overloads } from './ops/internal/overloads.ts';
import type { inPlace } from './ops/inplace.ts';
import { checkShape, contiguousStrides, isContiguous, type Shape, Size, sizeOf, show } from './shape.ts';

/** The TypedArray that holds a dtype's values; halves come as their bits. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** What `tolist()` gives: a number (bigint, boolean) for a 0-d tensor, nested arrays otherwise. */
export type NestedList = number | bigint | boolean | NestedList[];

/** Why a tensor that shares another's storage must not be written in place by autograd, if so. */
export type ViewKind = 'ordinary' | 'multi' | 'noGrad';

/** A multi-dimensional array of one dtype on one device. */
export class Tensor {
  /** Internal: the bytes. */
  storage: Storage;
  /** Internal: elements between the storage's start and the first one. */
  offset: number;
  /** Internal: what `shape` shows. */
  sizes: Shape;
  /** Internal: elements to skip per step along each dim. */
  strides: Shape;
  /** Internal: what `dtype` shows. */
  dt: DType;
  /** Internal: number of elements. */
  count: number;
  /** Internal: row-major without gaps. */
  dense: boolean;
  /** Internal: requires_grad of a leaf. */
  leafGrad = false;
  /** Internal: how it was computed; null for a leaf. See gradFn. */
  node: Node | null = null;
  /** Internal: which output of `node` it is. */
  outputNr = 0;
  /** Internal: the leaf's end of the graph, made when first needed. */
  accumulator: AccumulateGrad | null = null;
  /** Internal: the tensor this one is a view of (never itself a view), with the view's kind and the version of `node`. */
  base: Tensor | null = null;
  viewKind: ViewKind = 'ordinary';
  viewVersion = 0;
  /** Internal: the user-visible shape, made when asked for. */
  shown: Size | null = null;
  #grad: Tensor | null = null;

  constructor(
    storage: Storage,
    dt: DType,
    sizes: Shape,
    strides: Shape | null,
    offset: number,
    count: number = sizeOf(sizes),
  ) {
    this.storage = storage;
    this.dt = dt;
    this.sizes = sizes;
    this.strides = strides ?? contiguousStrides(sizes);
    this.offset = offset;
    this.count = count;
    this.dense = strides === null || isContiguous(sizes, strides);
  }

  // ---- attributes ---------------------------------------------------------------------------------------------------

  /** The sizes, as an array that prints as `torch.Size([2, 2])`. */
  get shape(): readonly number[] {
    return (this.shown ??= Size.from(this.sizes) as Size);
  }
  /** The sizes, or the size of one dim. Throws RangeError if there is no such dim. */
  size(): readonly number[];
  size(dim: number): number;
  size(dim?: number): number | readonly number[] {
    if (dim === undefined) return this.shape;
    const rank = this.sizes.length;
    if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
      throw new RangeError(
        `size: dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${dim})`,
      );
    }
    return this.sizes[dim < 0 ? dim + rank : dim]!;
  }
  /** Elements to skip per step along each dim, or along one. */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): number | readonly number[] {
    if (dim === undefined) return this.strides;
    const rank = this.sizes.length;
    if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
      throw new RangeError(
        `stride: dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${dim})`,
      );
    }
    return this.strides[dim < 0 ? dim + rank : dim]!;
  }
  /** The number of dimensions. */
  dim(): number {
    return this.sizes.length;
  }
  /** The number of dimensions. */
  get ndim(): number {
    return this.sizes.length;
  }
  ndimension(): number {
    return this.sizes.length;
  }
  /** The number of elements. */
  numel(): number {
    return this.count;
  }
  nelement(): number {
    return this.count;
  }
  /** The element type's name. */
  get dtype(): DTypeName {
    return this.dt.name;
  }
  get device(): Device {
    return this.storage.device;
  }
  get isCuda(): boolean {
    return this.storage.device.type === 'cuda';
  }
  get isCpu(): boolean {
    return this.storage.device.type === 'cpu';
  }
  get layout(): string {
    return 'torch.strided';
  }
  /** Bytes per element. */
  get itemsize(): number {
    return this.dt.size;
  }
  elementSize(): number {
    return this.dt.size;
  }
  get nbytes(): number {
    return this.count * this.dt.size;
  }
  isFloatingPoint(): boolean {
    return this.dt.kind === FLOATING;
  }
  isContiguous(): boolean {
    return this.dense;
  }
  /** Elements between the storage's start and the first one. */
  storageOffset(): number {
    return this.offset;
  }
  /** A number that is equal for two tensors exactly if their first elements are the same memory. */
  dataPtr(): number {
    return this.count === 0 ? 0 : this.storage.handle * 65536 + this.storage.byteOffset + this.offset * this.dt.size;
  }
  /** Writes to this tensor or to any that shares its memory. */
  get version(): number {
    return this.storage.version;
  }

  // ---- autograd -----------------------------------------------------------------------------------------------------

  /** Whether operations on it are recorded; settable on leaves. Throws AutogradError or DtypeError where it cannot be. */
  get requiresGrad(): boolean {
    if (this.base !== null) refreshView(this);
    return this.leafGrad || this.node !== null;
  }
  set requiresGrad(value: boolean) {
    if (typeof value !== 'boolean') throw new TypeError('requiresGrad: expected a boolean');
    if (value && this.dt.kind !== FLOATING) {
      throw new DtypeError(
        `requiresGrad: only tensors of floating point dtype can require gradients, not ${this.dt.name}; ${REMEDY}`,
      );
    }
    if (this.node !== null) {
      if (value) return;
      throw new AutogradError(
        'requiresGrad: you can only change requiresGrad flags of leaf variables. If you want to use a computed variable in ' +
          'a subgraph that does not require differentiation use varNoGrad = var.detach().',
      );
    }
    this.leafGrad = value;
  }
  /** Made by the user, not by a recorded operation. */
  get isLeaf(): boolean {
    return !this.requiresGrad || this.node === null;
  }
  /** The gradient that backward() accumulated here, or null. */
  get grad(): Tensor | null {
    return this.#grad;
  }
  set grad(value: Tensor | null) {
    if (value === undefined) value = null;
    if (value !== null) {
      if (!(value instanceof Tensor)) throw new TypeError('grad: expected a Tensor or null');
      if (value === this) throw new AutogradError("grad: can't assign a tensor as its own grad");
      if (
        value.dt !== this.dt ||
        value.sizes.length !== this.sizes.length ||
        value.sizes.some((n, d) => n !== this.sizes[d])
      ) {
        throw new AutogradError(
          `grad: assigned grad has ${value.dt.name} ${show(value.sizes)}, but the tensor is ${this.dt.name} ${show(this.sizes)}`,
        );
      }
      // what the user holds, the engine never frees
      value.storage.maker = 0;
      untrack(value.storage);
    }
    this.#grad = value;
  }
  /** The function that computed it, with a `name` such as `MulBackward0`; null for a leaf. */
  get gradFn(): Node | null {
    if (this.base !== null) refreshView(this);
    return this.node;
  }
  /** Sets `requiresGrad` and gives the tensor back. */
  requiresGrad_(value = true): this {
    this.requiresGrad = value;
    return this;
  }
  /** Asks that `grad` be kept although this is no leaf. */
  retainGrad(): void {
    if (!this.requiresGrad)
      throw new AutogradError("retainGrad: can't retain grad on a tensor that does not require grad");
    if (!this.isLeaf) watch(this).keep = this;
  }
  get retainsGrad(): boolean {
    return this.node !== null && watch(this).keep === this;
  }
  /** Calls `hook` with the gradient whenever it is computed; what it returns takes its place. */
  registerHook(hook: Hook): HookHandle {
    if (!this.requiresGrad) {
      throw new AutogradError("registerHook: cannot register a hook on a tensor that doesn't require gradient");
    }
    return register(watch(this).hooks, hook);
  }
  /** Calls `hook` with this leaf after its gradient has been accumulated. */
  registerPostAccumulateGradHook(hook: (leaf: Tensor) => void): HookHandle {
    if (!this.requiresGrad || !this.isLeaf) {
      throw new AutogradError(
        'registerPostAccumulateGradHook: post accumulate grad hooks cannot be registered on non-leaf tensors',
      );
    }
    return register((edgeOf(this) as AccumulateGrad).after, hook);
  }
  /** The same memory without history. Writes to it count as writes to this. */
  detach(): Tensor {
    return new Tensor(this.storage, this.dt, this.sizes, this.dense ? null : this.strides, this.offset, this.count);
  }
  /** Cuts this tensor from its history. */
  detach_(): this {
    if (this.base !== null) {
      throw new AutogradError("detach_: can't detach views in-place; use detach() instead");
    }
    this.node = null;
    this.leafGrad = false;
    this.outputNr = 0;
    return this;
  }
  /** The same memory without history and without being counted as written. Assigning replaces what this tensor holds. */
  get data(): Tensor {
    return new Tensor(
      alias(this.storage),
      this.dt,
      this.sizes,
      this.dense ? null : this.strides,
      this.offset,
      this.count,
    );
  }
  set data(value: Tensor) {
    if (!(value instanceof Tensor)) throw new TypeError('data: expected a Tensor');
    this.storage = alias(value.storage);
    this.offset = value.offset;
    this.sizes = value.sizes;
    this.strides = value.strides;
    this.dt = value.dt;
    this.count = value.count;
    this.dense = value.dense;
    this.shown = null;
    this.accumulator = null;
  }

  // ---- values -------------------------------------------------------------------------------------------------------

  /** The only element. int64 comes as a bigint where a number would not be exact. Throws if there is not exactly one. */
  item(): number {
    if (this.count !== 1) {
      throw new TypeError(`item: a tensor with ${this.count} elements cannot be converted to a scalar`);
    }
    // declared as number, which it is for all but bool and huge int64: scripts do arithmetic on it
    return this.element(this.offset) as number;
  }
  /** Internal: the element at an offset within the storage. */
  element(offset: number): number | bigint | boolean {
    const { storage } = this;
    if (storage.handle < 0) throw new TypeError('item: the tensor was disposed');
    return native.item(storage.handle, storage.byteOffset + offset * this.dt.size, this.dt.code);
  }
  /** A copy of the values in row-major order. int64 gives a BigInt64Array, bool a Uint8Array, halves their bits. */
  toTypedArray(): TypedArray {
    const source = this.dense ? this : (this as Tensor).detach().contiguous();
    const out = typedArray(this.dt, this.count);
    const { storage } = source;
    if (storage.handle < 0) throw new TypeError('toTypedArray: the tensor was disposed');
    // a view of nothing may begin behind its storage's end
    if (this.count > 0) native.read(storage.handle, storage.byteOffset + source.offset * this.dt.size, out);
    return out;
  }
  /** As toTypedArray(), without blocking the event loop while a device works. */
  async toTypedArrayAsync(): Promise<TypedArray> {
    return this.toTypedArray();
  }
  /** The values as nested arrays; a 0-d tensor gives its value. */
  tolist(): NestedList {
    if (this.sizes.length === 0) return this.element(this.offset);
    const values = this.values();
    let at = 0;
    const nest = (d: number): NestedList[] => {
      const n = this.sizes[d]!;
      const out = new Array<NestedList>(n);
      for (let i = 0; i < n; i++) out[i] = d === this.sizes.length - 1 ? values[at++]! : nest(d + 1);
      return out;
    };
    return nest(0);
  }
  /** Internal: all values in row-major order, as item() gives them. */
  values(): (number | bigint | boolean)[] {
    const wide = this.dt === float16 || this.dt === bfloat16 ? this.detach().to('float32') : this;
    const data = wide.toTypedArray();
    if (data instanceof BigInt64Array) {
      return Array.from(data, (v) => (v >= Number.MIN_SAFE_INTEGER && v <= Number.MAX_SAFE_INTEGER ? Number(v) : v));
    }
    if (this.dt === bool) return Array.from(data as Uint8Array, (v) => v !== 0);
    return Array.from(data);
  }
  /** A plain copy as a TypedArray, what NumPy is to PyTorch. Throws AutogradError where gradients are recorded. */
  numpy(): TypedArray {
    if (this.requiresGrad && mode.grad) {
      throw new AutogradError(
        "numpy: can't call numpy() on a tensor that requires grad. Use tensor.detach().numpy() instead.",
      );
    }
    return this.toTypedArray();
  }
  /** Frees the memory now, of all tensors that share it. Using them afterwards is an error. */
  dispose(): void {
    dispose(this.storage);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
  /** PyTorch's text, byte for byte. */
  toString(): string {
    return formatTensor({
      sizes: this.sizes,
      dtype: this.dt.name,
      device: String(this.device),
      isDefaultDevice: this.device === getDefaultDevice(),
      defaultDtype: getDefault().name,
      requiresGrad: this.requiresGrad,
      gradFnName: this.gradFn?.name ?? null,
      read: (flat) => {
        let offset = this.offset;
        for (let d = this.sizes.length - 1, rest = flat; d >= 0; d--) {
          const n = this.sizes[d]!;
          offset += (rest % n) * this.strides[d]!;
          rest = Math.floor(rest / n);
        }
        return this.element(offset);
      },
    });
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
  /** What arithmetic, comparison and template strings of JavaScript see: the value of a tensor with one element. */
  [Symbol.toPrimitive](hint: 'number' | 'string' | 'default'): string | number | bigint | boolean {
    if (hint === 'string') return this.toString();
    if (this.count !== 1) {
      throw new TypeError(
        `JavaScript has no operators for tensors of ${this.count} elements: write a.add(b), a.mul(b), a.lt(b), … instead`,
      );
    }
    return this.element(this.offset);
  }
  /** `for (const row of x)` walks the first dim. Throws TypeError on a 0-d tensor. */
  *[Symbol.iterator](): IterableIterator<Tensor> {
    if (this.sizes.length === 0) throw new TypeError('iteration over a 0-d tensor');
    yield* (this as Tensor).unbind(0);
  }
}

/** Every operator of ops/ is a method too, its first argument bound to `this`; so is every in-place form. */
export interface Tensor
  extends Omit<Methods<typeof ops>, keyof Overloads>,
    InPlace<typeof inPlace>,
    HandMethods,
    Overloads {}

export function typedArray(dt: DType, length: number): TypedArray {
  switch (dt.name) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    default:
      return new Uint16Array(length);
  }
}

/** A fresh tensor, uninitialised and row-major. */
export function emptyTensor(sizes: Shape, dt: DType): Tensor {
  const count = sizeOf(sizes);
  return new Tensor(allocate(count * dt.size), dt, sizes, null, 0, count);
}

/** As emptyTensor, for what is made to last: it owns its memory alone. */
export function emptyLasting(sizes: Shape, dt: DType): Tensor {
  checkShape('Parameter', sizes);
  const count = sizeOf(sizes);
  return new Tensor(allocateOwn(count * dt.size), dt, sizes, null, 0, count);
}

/** A view: another window on the same storage. Its place in the graph is the caller's business. */
export function viewOf(x: Tensor, sizes: Shape, strides: Shape | null, offset: number): Tensor {
  const out = new Tensor(x.storage, x.dt, sizes, strides, offset);
  out.base = x.base ?? x;
  out.viewVersion = x.storage.version;
  return out;
}

/** The dtype of indices. */
export const INDEX: DType = int64;
