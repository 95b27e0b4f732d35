// class Tensor: a typed, strided view of a storage, with its place in the autograd graph. Its operators are the functions
// of ops/, attached by methods.ts; what is here is what they need: fields, attributes, and reading values out.
/// <reference lib="esnext.disposable" preserve="true" />
import { type AccumulateGrad, edgeOf, type Node, refreshView, watch } from './autograd/node.ts';
import { bool, type DType, type DTypeName, float16, bfloat16, FLOATING, getDefault, int64, REMEDY } from './dtype.ts';
import { ask, cudaError, waiting } from './cuda/native.ts';
import type { Stream } from './cuda/streams.ts';
import type { Device } from './device.ts';
import { AutogradError, DeviceError, DtypeError, describe, inNameOf } from './errors.ts';
import { formatTensor } from './format.ts';
import { type Hook, type HookHandle, register } from './autograd/hooks.ts';
import { alias, allocate, allocateOwn, dispose, type Storage, untrack } from './memory.ts';
import type { HandMethods, InPlace, Methods } from './methods.ts';
import { mode } from './autograd/mode.ts';
import { native } from './native.ts';
import type * as ops from './ops/index.ts';
import type { Overloads } from './ops/internal/overloads.ts';
import type { inPlace } from './ops/inplace.ts';
import { channelsLastOrder, type MemoryFormat, rankOf } from './memory-format.ts';
import { checkShape, contiguousStrides, isContiguous, type Shape, Size, sizeOf, show } from './shape.ts';
import { moveToShared, sharedBuffer } from './shared-memory.ts';

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

/**
 * A multi-dimensional array of one dtype on one device. {@link tensor} and its kin make them; every operator is a
 * method.
 * @example
 * const x = torch.tensor([[1, 2], [3, 4]])
 * x.matmul(x).add(1)
 * // tensor([[ 8, 11],
 * //         [16, 23]])
 */
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
  /** Internal: the kind of view. */
  viewKind: ViewKind = 'ordinary';
  /** Internal: the version of `node` that it has. */
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

  /**
   * The sizes, as an array that prints as `torch.Size([2, 2])`.
   * @example
   * torch.ones(2, 3).shape // torch.Size([2, 3])
   */
  get shape(): readonly number[] {
    return (this.shown ??= Size.from(this.sizes) as Size);
  }
  /**
   * The sizes, or the size of one dim. Throws RangeError if there is no such dim.
   * @example
   * torch.ones(2, 3).size(-1) // 3
   */
  size(): readonly number[];
  size(dim: number): number;
  size(dim?: number): number | readonly number[] {
    if (dim === undefined) return this.shape;
    const rank = this.sizes.length;
    if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
      throw new RangeError(
        `size: dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${describe(dim)})`,
      );
    }
    return this.sizes[dim < 0 ? dim + rank : dim]!;
  }
  /**
   * Elements to skip per step along each dim, or along one. Throws RangeError if there is no such dim.
   * @example
   * torch.ones(2, 3).t().stride() // [ 1, 3 ]
   */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): number | readonly number[] {
    if (dim === undefined) return this.strides;
    const rank = this.sizes.length;
    if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
      throw new RangeError(
        `stride: dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${describe(dim)})`,
      );
    }
    return this.strides[dim < 0 ? dim + rank : dim]!;
  }
  /**
   * The number of dimensions.
   * @example
   * torch.ones(2, 3).dim() // 2
   */
  dim(): number {
    return this.sizes.length;
  }
  /**
   * The number of dimensions.
   * @example
   * torch.ones(2, 3).ndim // 2
   */
  get ndim(): number {
    return this.sizes.length;
  }
  /**
   * The number of dimensions.
   * @example
   * torch.ones(2, 3).ndimension() // 2
   */
  ndimension(): number {
    return this.sizes.length;
  }
  /**
   * The number of elements.
   * @example
   * torch.ones(2, 3).numel() // 6
   */
  numel(): number {
    return this.count;
  }
  /**
   * The number of elements.
   * @example
   * torch.ones(2, 3).nelement() // 6
   */
  nelement(): number {
    return this.count;
  }
  /**
   * The element type's name.
   * @example
   * torch.tensor([1, 2]).dtype // int64
   */
  get dtype(): DTypeName {
    return this.dt.name;
  }
  /**
   * Where the bytes are.
   * @example
   * torch.ones(2, { device: 'cpu' }).device // cpu
   */
  get device(): Device {
    return this.storage.device;
  }
  /**
   * Whether the bytes are on a CUDA device.
   * @example
   * torch.ones(2, { device: 'cpu' }).isCuda // false
   */
  get isCuda(): boolean {
    return this.storage.device.type === 'cuda';
  }
  /**
   * Whether the bytes are in the main memory.
   * @example
   * torch.ones(2, { device: 'cpu' }).isCpu // true
   */
  get isCpu(): boolean {
    return this.storage.device.type === 'cpu';
  }
  /**
   * How the values lie: always `torch.strided`.
   * @example
   * torch.ones(2).layout // torch.strided
   */
  get layout(): string {
    return 'torch.strided';
  }
  /**
   * Bytes per element.
   * @example
   * torch.ones(2, 3).itemsize // 4
   */
  get itemsize(): number {
    return this.dt.size;
  }
  /**
   * Bytes per element.
   * @example
   * torch.ones(2, { dtype: 'float64' }).elementSize() // 8
   */
  elementSize(): number {
    return this.dt.size;
  }
  /**
   * Bytes of all elements.
   * @example
   * torch.ones(2, 3).nbytes // 24
   */
  get nbytes(): number {
    return this.count * this.dt.size;
  }
  /**
   * Whether the dtype is floating point.
   * @example
   * torch.tensor([1, 2]).isFloatingPoint() // false
   */
  isFloatingPoint(): boolean {
    return this.dt.kind === FLOATING;
  }
  /**
   * Whether it was made in {@link inferenceMode}, or is a view of what was.
   * @example
   * torch.inferenceMode(() => torch.ones(2)).isInference() // true
   */
  isInference(): boolean {
    return this.storage.inference;
  }
  /**
   * Whether the elements lie without gaps in row-major order, or in that of `memoryFormat`.
   * @example
   * torch.ones(2, 3).t().isContiguous() // false
   */
  isContiguous(options?: { memoryFormat?: MemoryFormat | undefined }): boolean {
    if (options === undefined) return this.dense;
    const { memoryFormat: format = 'contiguous', ...others } = typeof options === 'object' ? (options ?? {}) : {};
    if (typeof options !== 'object' || options === null || Object.keys(others).length > 0)
      throw new TypeError(`isContiguous: expected options { memoryFormat } but received ${describe(options)}`);
    if (format === 'contiguous' || format === 'preserve') return this.dense;
    const rank = rankOf(format);
    if (rank === null) throw new TypeError(`isContiguous: expected a memoryFormat but received ${describe(format)}`);
    const moved = (list: Shape): Shape => channelsLastOrder(rank).map((d) => list[d]!);
    return this.sizes.length === rank && isContiguous(moved(this.sizes), moved(this.strides));
  }
  /**
   * Elements between the storage's start and the first one.
   * @example
   * torch.arange(6).narrow(0, 2, 3).storageOffset() // 2
   */
  storageOffset(): number {
    return this.offset;
  }
  /**
   * A number that is equal for two tensors exactly if their first elements are the same memory.
   * @example
   * const x = torch.ones(2, 3)
   * x.view(6).dataPtr() === x.dataPtr() // true
   */
  dataPtr(): number {
    return this.count === 0 ? 0 : this.storage.handle * 65536 + this.storage.byteOffset + this.offset * this.dt.size;
  }
  /**
   * How often this tensor, or any that shares its memory, was written to. Throws AutogradError for inference tensors.
   * @example
   * torch.ones(2).add_(1).mul_(2).version // 2
   */
  get version(): number {
    if (this.storage.inference) throw new AutogradError('version: inference tensors do not track their version');
    return this.storage.version;
  }

  // ---- autograd -----------------------------------------------------------------------------------------------------

  /**
   * Whether operations on it are recorded; settable on leaves. Throws AutogradError or DtypeError where it cannot be.
   * @example
   * const x = torch.ones(2)
   * x.requiresGrad = true
   * x.mul(2).requiresGrad // true
   */
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
    if (value && this.storage.inference && !mode.inference)
      throw new AutogradError(
        'requiresGrad: setting requiresGrad to true on inference tensor outside inferenceMode is not allowed; make a clone',
      );
    this.leafGrad = value;
  }
  /**
   * Whether it was made by the user, not by a recorded operation.
   * @example
   * torch.ones(2, { requiresGrad: true }).mul(2).isLeaf // false
   */
  get isLeaf(): boolean {
    return !this.requiresGrad || this.node === null;
  }
  /**
   * The gradient that backward() accumulated here, or null. Throws AutogradError when set to another shape or dtype.
   * @example
   * const x = torch.tensor([1.5, 2], { requiresGrad: true })
   * x.pow(2).sum().backward()
   * x.grad // tensor([3., 4.])
   */
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
      if (value.storage.device !== this.storage.device)
        throw new DeviceError(
          `grad: assigned grad is on '${value.device}', but the tensor of shape ${show(this.sizes)} is on '${this.device}'`,
        );
      // what the user holds, the engine never frees
      value.storage.maker = 0;
      untrack(value.storage);
    }
    this.#grad = value;
  }
  /**
   * The function that computed it, with a `name` such as `MulBackward0`; null for a leaf.
   * @example
   * torch.ones(2, { requiresGrad: true }).mul(2).gradFn?.name // MulBackward0
   */
  get gradFn(): Node | null {
    if (this.base !== null) refreshView(this);
    return this.node;
  }
  /**
   * Sets `requiresGrad` and gives the tensor back. Throws as {@link requiresGrad}.
   * @example
   * torch.ones(2).requiresGrad_() // tensor([1., 1.], requires_grad=True)
   */
  requiresGrad_(value = true): this {
    inNameOf('requiresGrad_', () => (this.requiresGrad = value));
    return this;
  }
  /**
   * Asks that `grad` be kept although this is no leaf. Throws AutogradError if no gradient is required.
   * @example
   * const y = torch.ones(2, { requiresGrad: true }).mul(2)
   * y.retainGrad()
   * y.sum().backward()
   * y.grad // tensor([1., 1.])
   */
  retainGrad(): void {
    if (!this.requiresGrad)
      throw new AutogradError("retainGrad: can't retain grad on a tensor that does not require grad");
    if (!this.isLeaf) watch(this).keep = this;
  }
  /**
   * Whether {@link retainGrad} was called on this non-leaf.
   * @example
   * torch.ones(2, { requiresGrad: true }).mul(2).retainsGrad // false
   */
  get retainsGrad(): boolean {
    return this.node !== null && watch(this).keep === this;
  }
  /**
   * Calls `hook` with the gradient whenever it is computed; what it returns takes its place. Throws AutogradError if
   * no gradient is required.
   * @example
   * const x = torch.ones(2, { requiresGrad: true })
   * const handle = x.registerHook((g) => g.mul(10))
   * x.sum().backward()
   * handle.remove()
   * x.grad // tensor([10., 10.])
   */
  registerHook(hook: Hook): HookHandle {
    if (!this.requiresGrad) {
      throw new AutogradError("registerHook: cannot register a hook on a tensor that doesn't require gradient");
    }
    return register(watch(this).hooks, hook);
  }
  /**
   * Calls `hook` with this leaf after its gradient has been accumulated. Throws AutogradError for what is no leaf.
   * @example
   * const w = torch.ones(2, { requiresGrad: true })
   * w.registerPostAccumulateGradHook((p) => torch.noGrad(() => p.sub_(p.grad!)))
   * w.mul(0.5).sum().backward()
   * w.detach() // tensor([0.5000, 0.5000])
   */
  registerPostAccumulateGradHook(hook: (leaf: Tensor) => void): HookHandle {
    if (!this.requiresGrad || !this.isLeaf) {
      throw new AutogradError(
        'registerPostAccumulateGradHook: post accumulate grad hooks cannot be registered on non-leaf tensors',
      );
    }
    return register((edgeOf(this) as AccumulateGrad).after, hook);
  }
  /**
   * The same memory without history. Writes to it count as writes to this.
   * @example
   * const x = torch.ones(2, { requiresGrad: true })
   * x.detach() // tensor([1., 1.])
   */
  detach(): Tensor {
    return new Tensor(this.storage, this.dt, this.sizes, this.dense ? null : this.strides, this.offset, this.count);
  }
  /**
   * Cuts this tensor from its history. Throws AutogradError for views.
   * @example
   * torch.ones(2, { requiresGrad: true }).mul(2).detach_() // tensor([2., 2.])
   */
  detach_(): this {
    if (this.base !== null) {
      throw new AutogradError("detach_: can't detach views in-place; use detach() instead");
    }
    this.node = null;
    this.leafGrad = false;
    this.outputNr = 0;
    return this;
  }
  /**
   * The same memory without history and without being counted as written. Assigning replaces what this tensor holds.
   * @example
   * const x = torch.ones(2, { requiresGrad: true })
   * x.data.mul_(3)
   * x // tensor([3., 3.], requires_grad=True)
   */
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
    const { inference } = this.storage;
    this.storage = alias(value.storage);
    this.storage.inference = inference;
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

  /**
   * The only element. int64 comes as a bigint where a number would not be exact. Throws TypeError if there is not
   * exactly one.
   * @example
   * torch.tensor([1, 2, 3]).sum().item() // 6
   */
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
    try {
      return native.item(storage.handle, storage.byteOffset + offset * this.dt.size, this.dt.code);
    } catch (error) {
      throw cudaError('item', error);
    }
  }
  /**
   * A copy of the values in row-major order. int64 gives a BigInt64Array, bool a Uint8Array, halves their bits.
   * @example
   * torch.tensor([[1, 2.5], [3, 4]]).t().toTypedArray() // Float32Array(4) [ 1, 3, 2.5, 4 ]
   */
  toTypedArray(): TypedArray {
    const source = this.dense ? this : (this as Tensor).detach().contiguous();
    const out = typedArray(this.dt, this.count);
    const { storage } = source;
    if (storage.handle < 0) throw new TypeError('toTypedArray: the tensor was disposed');
    // a view of nothing may begin behind its storage's end
    const at = storage.byteOffset + source.offset * this.dt.size;
    if (this.count > 0) waiting('toTypedArray', () => native.read(storage.handle, at, out));
    return out;
  }
  /**
   * As toTypedArray(), without blocking the event loop while a device works.
   * @example
   * await torch.tensor([1, 2.5]).toTypedArrayAsync() // Float32Array(2) [ 1, 2.5 ]
   */
  async toTypedArrayAsync(): Promise<TypedArray> {
    if (!this.isCuda || this.count === 0) return this.toTypedArray();
    const where = 'toTypedArrayAsync';
    const source = this.dense ? this : (this as Tensor).detach().contiguous();
    const { storage, dt } = source;
    if (storage.handle < 0) throw new TypeError(`${where}: the tensor was disposed`);
    const at = storage.byteOffset + source.offset * dt.size;
    try {
      const bytes = await ask(where, (addon) => addon.readAsync(storage.handle, at, this.count * dt.size));
      const Kind = typedArray(dt, 0).constructor as new (buffer: ArrayBuffer) => TypedArray;
      return new Kind(bytes);
    } catch (error) {
      throw cudaError(where, error);
    }
  }
  /**
   * Tells the allocator of a GPU that another stream uses the memory: it is reused when what that stream has queued is
   * done. Throws DeviceError for a tensor of the CPU.
   * @example
   * const x = torch.ones(2)
   * if (x.isCuda) x.recordStream(torch.cuda.currentStream())
   * x // tensor([1., 1.])
   */
  recordStream(stream: Stream): void {
    if (!this.isCuda)
      throw new DeviceError(`recordStream: expected a tensor on a CUDA device, not on '${this.device}'`);
    const { handle } = this.storage;
    if (handle < 0) throw new TypeError('recordStream: the tensor was disposed');
    if (typeof stream?.id !== 'number')
      throw new TypeError(`recordStream: expected a Stream but received ${describe(stream)}`);
    ask('recordStream', (addon) => addon.recordStream(handle, stream.id));
  }
  /**
   * The values as nested arrays; a 0-d tensor gives its value.
   * @example
   * torch.tensor([[1, 2], [3, 4]]).tolist() // [ [ 1, 2 ], [ 3, 4 ] ]
   */
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
  /**
   * A plain copy as a TypedArray, what NumPy is to PyTorch. Throws AutogradError where gradients are recorded.
   * @example
   * torch.tensor([1, 2]).numpy() // BigInt64Array(2) [ 1n, 2n ]
   */
  numpy(): TypedArray {
    if (this.requiresGrad && mode.grad) {
      throw new AutogradError(
        "numpy: can't call numpy() on a tensor that requires grad. Use tensor.detach().numpy() instead.",
      );
    }
    if (this.isCuda) {
      throw new DeviceError(
        `numpy: can't convert ${this.device} device type tensor to numpy. Use tensor.cpu() to copy the tensor to host memory first.`,
      );
    }
    return this.toTypedArray();
  }
  /**
   * Moves the memory, with all tensors of this thread that share it, to where other threads can have it without copying:
   * `torch.multiprocessing.pack` sends it. Does nothing where it is there. What JavaScript knows the old memory by (an
   * ArrayBuffer, a mapped file) keeps it. Throws DeviceError for a tensor of a GPU.
   * @example
   * torch.ones(2).shareMemory_().isShared() // true
   */
  shareMemory_(): this {
    moveToShared('shareMemory_', this.storage);
    return this;
  }
  /**
   * Whether the memory is where other threads can have it: that of a GPU is, to PyTorch.
   * @example
   * torch.ones(2).isShared() // false
   */
  isShared(): boolean {
    return this.isCuda || sharedBuffer(this.storage) !== null;
  }
  /**
   * Frees the memory now, of all tensors that share it: memory that other threads have, too, is let go. Using them afterwards
   * is an error.
   * @example
   * const x = torch.ones(1024, 1024)
   * const total = x.sum().item()
   * x.dispose()
   * total // 1048576
   */
  dispose(): void {
    dispose(this.storage);
  }
  /** What `using x = …` calls at the end of the block: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
  /**
   * PyTorch's text, byte for byte.
   * @example
   * String(torch.tensor([0.5, 1])) // tensor([0.5000, 1.0000])
   */
  toString(): string {
    // one copy is cheaper than a wait for each element
    const x = this.isCuda && this.count <= 65536 ? (this as Tensor).detach().cpu() : this;
    return formatTensor({
      sizes: this.sizes,
      dtype: this.dt.name,
      device: String(this.device),
      isDefaultDevice: this.isCpu,
      defaultDtype: getDefault().name,
      requiresGrad: this.requiresGrad,
      gradFnName: this.gradFn?.name ?? null,
      read: (flat) => {
        let offset = x.offset;
        for (let d = this.sizes.length - 1, rest = flat; d >= 0; d--) {
          const n = this.sizes[d]!;
          offset += (rest % n) * x.strides[d]!;
          rest = Math.floor(rest / n);
        }
        return x.element(offset);
      },
    });
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
  /**
   * What `JSON.stringify` writes: the values, as {@link tolist} gives them.
   * @example
   * JSON.stringify({ loss: torch.tensor([1.5, 2]) }) // {"loss":[1.5,2]}
   */
  toJSON(): NestedList {
    return this.tolist();
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

/** An array for values of a dtype. */
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
export function emptyTensor(sizes: Shape, dt: DType, device: Device): Tensor {
  const count = sizeOf(sizes);
  return new Tensor(allocate(count * dt.size, device), dt, sizes, null, 0, count);
}

/** As emptyTensor, for what is made to last: it owns its memory alone. */
export function emptyLasting(sizes: Shape, dt: DType, device: Device): Tensor {
  checkShape('Parameter', sizes);
  const count = sizeOf(sizes);
  return new Tensor(allocateOwn(count * dt.size, device), dt, sizes, null, 0, count);
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
