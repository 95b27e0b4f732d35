// The only road to a kernel: devices, scalars, broadcasting, merging of dims, empty tensors, overlap, and the writing of
// the plan (native/reader.cc reads it). Rows call it through define.ts and never see a plan.
import { BOOL, type DType, FLOATING, getDefault, int64, ofKind, promoteTypes, scalarKind } from './dtype.ts';
import { AutogradError, describe, DeviceError, DtypeError, OutOfMemoryError, ShapeError } from './errors.ts';
import { kernel, kernelName, native, reserveWords, words as initialWords } from './native.ts';
import { contiguousStrides, expandStrides, sameShape, type Shape, show, sizeOf } from './shape.ts';
import { emptyTensor, Tensor } from './tensor.ts';

/** A JavaScript number as an operand: it never widens a tensor's dtype within its kind. */
export type Scalar = number | bigint | boolean;
/** What a kernel takes: a tensor, a scalar, or nothing where an operand is optional. */
export type Operand = Tensor | number | null;

const SCALAR = -1;
const ABSENT = -2;

const copyKernel = kernel('copy');
let words = initialWords;

// ---- operands -------------------------------------------------------------------------------------------------------

/** Checks that a value is a tensor of this library that still has its memory. */
export function checkTensor(where: string, x: unknown, name = 'input'): asserts x is Tensor {
  if (!(x instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor for ${name} but received ${describe(x)}`);
}

/** A tensor or a scalar; anything else is refused by name. */
export function checkOperand(where: string, x: unknown, name = 'other'): asserts x is Tensor | Scalar {
  if (x instanceof Tensor || typeof x === 'number' || typeof x === 'boolean' || typeof x === 'bigint') return;
  throw new TypeError(`${where}: expected a Tensor or a number for ${name} but received ${describe(x)}`);
}

/** PyTorch's result type: dims count more than 0-d tensors, and these more than scalars, unless the kind is higher. */
export function resultType(...operands: readonly (Tensor | Scalar)[]): DType {
  let dims: DType | null = null;
  let zeros: DType | null = null;
  let scalars: DType | null = null;
  for (const x of operands) {
    if (x instanceof Tensor) {
      if (x.sizes.length > 0) dims = dims === null ? x.dt : promoteTypes(dims, x.dt);
      else zeros = zeros === null ? x.dt : promoteTypes(zeros, x.dt);
    } else {
      const dt = ofKind(scalarKind(x));
      scalars = scalars === null ? dt : promoteTypes(scalars, dt);
    }
  }
  const combine = (higher: DType | null, lower: DType | null): DType | null => {
    if (higher === null || lower === null) return higher ?? lower;
    if (higher.kind === FLOATING) return higher;
    return higher.kind === BOOL || lower.kind === FLOATING ? promoteTypes(higher, lower) : higher;
  };
  return combine(dims, combine(zeros, scalars)) ?? getDefault();
}

/** A scalar as the number that goes into a plan. A bigint that a double cannot hold becomes a tensor. */
export function scalarOperand(where: string, x: Scalar): Tensor | number {
  if (typeof x === 'number') return x;
  if (typeof x === 'boolean') return x ? 1 : 0;
  const n = Number(x);
  if (Number.isSafeInteger(n)) return n;
  if (BigInt.asIntN(64, x) !== x) throw new RangeError(`${where}: ${x} does not fit int64`);
  const out = emptyTensor([], int64);
  native.write(out.storage.handle, out.storage.byteOffset, BigInt64Array.of(x));
  return out;
}

/** All tensors on one device; 0-d CPU tensors go with any. */
export function commonDevice(where: string, operands: readonly unknown[]): void {
  let first: Tensor | null = null;
  for (const x of operands) {
    if (!(x instanceof Tensor)) continue;
    if (first === null || (first.sizes.length === 0 && first.device.type === 'cpu')) first = x;
    else if (x.device !== first.device && !(x.sizes.length === 0 && x.device.type === 'cpu')) {
      throw new DeviceError(
        `${where}: expected all tensors to be on the same device, but found at least two devices, ${first.device} and ${x.device}`,
      );
    }
  }
}

// ---- running --------------------------------------------------------------------------------------------------------

/** Gives a native error the class and the words of the public API. */
function translate(error: unknown, k: number): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: string };
  const message = `${kernelName(k)}: ${error.message}`;
  switch (code) {
    case 'FLAMBEAU_INDEX':
      return new RangeError(message);
    case 'FLAMBEAU_VALUE':
      return new RangeError(message);
    case 'FLAMBEAU_MEMORY':
      return new OutOfMemoryError(message);
    case 'FLAMBEAU_PLAN':
      if (error.message.includes('does not have this dtype'))
        return new DtypeError(`${kernelName(k)}: not implemented for this dtype`);
      return error.message.includes('is gone')
        ? new TypeError(`${kernelName(k)}: a tensor was disposed, or its ArrayBuffer detached`)
        : new Error(message);
    default:
      return error;
  }
}

function execute(k: number): void {
  try {
    native.run();
  } catch (error) {
    throw translate(error, k);
  }
}

const NO_PARAMS: readonly number[] = [];
const ZERO: readonly number[] = [0];

function header(k: number, structured: 0 | 1, operands: number, params: readonly number[]): number {
  words[0] = k;
  words[1] = structured;
  words[2] = operands;
  words[3] = params.length;
  let at = 4;
  for (let i = 0; i < params.length; i++) words[at++] = params[i]!;
  return at;
}

/** An operand of a one-dimensional dense plan. */
function flat(at: number, x: Operand, dt: DType): number {
  if (x === null) {
    words[at++] = ABSENT;
  } else if (typeof x === 'number') {
    words[at++] = SCALAR;
    words[at++] = dt.code;
    words[at++] = x;
  } else {
    const { storage } = x;
    words[at++] = storage.handle < 0 ? 2 ** 53 : storage.handle;
    words[at++] = x.dt.code;
    words[at++] = storage.byteOffset + x.offset * x.dt.size;
    words[at++] = 1;
  }
  return at;
}

/** `out` and two operands of the same dense layout: the case that small scripts consist of. */
export function runDense(k: number, out: Tensor, a: Operand, b: Operand, dt: DType): void {
  if (out.count === 0) return;
  words[0] = k;
  words[1] = 0;
  words[2] = 3;
  words[3] = 0;
  words[4] = 1;
  words[5] = out.count;
  flat(flat(flat(6, out, dt), a, dt), b, dt);
  execute(k);
}

/**
 * A kernel that visits every element: all operands are read as if they had `sizes`. Outputs first. Scalars take `dt`.
 */
export function runMap(
  k: number,
  sizes: Shape,
  operands: readonly Operand[],
  dt: DType,
  params: readonly number[] = NO_PARAMS,
): void {
  const count = sizeOf(sizes);
  if (count === 0) return;
  let dense = true;
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i]!;
    if (
      x !== null &&
      typeof x !== 'number' &&
      !(x.dense && x.count === count && (x.sizes.length === sizes.length || sameTail(x.sizes, sizes)))
    ) {
      dense = false;
      break;
    }
  }
  let at = header(k, 0, operands.length, params);
  if (dense) {
    words[at++] = 1;
    words[at++] = count;
    for (let i = 0; i < operands.length; i++) at = flat(at, operands[i]!, dt);
    execute(k);
    return;
  }
  const strides = operands.map((x) => (x instanceof Tensor ? expandStrides(x.sizes, x.strides, sizes) : null));
  const order = byStride(strides, sizes.length);
  writeMap(
    at,
    merge(
      order.map((d) => sizes[d]!),
      strides.map((s) => s && order.map((d) => s[d]!)),
      0,
    ),
    operands,
    dt,
  );
  execute(k);
}

/** Same sizes but for leading ones. */
function sameTail(a: Shape, b: Shape): boolean {
  const [long, short] = a.length > b.length ? [a, b] : [b, a];
  const extra = long.length - short.length;
  for (let d = 0; d < long.length; d++) if (long[d] !== (d < extra ? 1 : short[d - extra])) return false;
  return true;
}

/** The dims from the largest stride to the smallest, by the first operand that tells (TensorIterator's order). */
function byStride(strides: readonly (Shape | null)[], rank: number): number[] {
  const order = Array.from({ length: rank }, (_, d) => d);
  const before = (a: number, b: number): number => {
    for (const s of strides) {
      if (s === null || s[a] === 0 || s[b] === 0) continue;
      if (s[a] !== s[b]) return s[b]! - s[a]!;
    }
    return a - b;
  };
  // insertion sort: the relation is not transitive, but near the given order it does what is wanted
  for (let i = 1; i < rank; i++) {
    for (let j = i; j > 0 && before(order[j - 1]!, order[j]!) > 0; j--) {
      [order[j - 1], order[j]] = [order[j]!, order[j - 1]!];
    }
  }
  return order;
}

interface Merged {
  readonly sizes: number[];
  readonly strides: readonly (number[] | null)[];
  /** Dims before `split` and from it on are not merged with each other. */
  readonly split: number;
}

/** Joins dims that every operand steps through as one, and drops those of size 1. */
function merge(sizes: readonly number[], strides: readonly (readonly number[] | null)[], split: number): Merged {
  const outSizes: number[] = [];
  const outStrides = strides.map((s) => (s === null ? null : ([] as number[])));
  let outSplit = 0;
  for (let d = 0; d < sizes.length; d++) {
    if (d === split) outSplit = outSizes.length;
    const n = sizes[d]!;
    if (n === 1) continue;
    const last = outSizes.length - 1;
    const joins =
      last >= 0 &&
      !(d >= split && last < outSplit) &&
      strides.every((s, i) => s === null || outStrides[i]![last] === s[d]! * n);
    if (joins) outSizes[last]! *= n;
    else outSizes.push(n);
    for (let i = 0; i < strides.length; i++) {
      const s = strides[i];
      if (!s) continue;
      if (joins) outStrides[i]![last] = s[d]!;
      else outStrides[i]!.push(s[d]!);
    }
  }
  if (split >= sizes.length) outSplit = outSizes.length;
  return { sizes: outSizes, strides: outStrides, split: outSplit };
}

function writeMap(start: number, { sizes, strides }: Merged, operands: readonly Operand[], dt: DType): void {
  const rank = sizes.length;
  let at = start;
  words[at++] = rank;
  for (let d = 0; d < rank; d++) words[at++] = sizes[d]!;
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i]!;
    if (x === null || typeof x === 'number') {
      at = flat(at, x, dt);
      continue;
    }
    const { storage } = x;
    words[at++] = storage.handle < 0 ? 2 ** 53 : storage.handle;
    words[at++] = x.dt.code;
    words[at++] = storage.byteOffset + x.offset * x.dt.size;
    const s = strides[i]!;
    for (let d = 0; d < rank; d++) words[at++] = s[d]!;
  }
}

/**
 * A reduction over `dims` (sorted): `outs` have the shape of `x` with these dims of size 1. The kernel gets the kept dims
 * first, then the reduced ones, and how many are kept as its first parameter.
 */
export function runReduce(
  k: number,
  outs: readonly Tensor[],
  x: Tensor,
  dims: readonly number[],
  params: readonly number[] = NO_PARAMS,
  ordered = false,
): void {
  const { count } = outs[0]!;
  if (count === 0) return;
  if (x.count === 0 && count > 1) {
    // the reductions of nothing are all the same: one is computed, and spread
    const nothing = new Tensor(x.storage, x.dt, [0], null, x.offset);
    const ones = outs.map((o) => emptyTensor([1], o.dt));
    runReduce(k, ones, nothing, [0], params, ordered);
    outs.forEach((o, i) => runMap(copyKernel, o.sizes, [o, ones[i]!], o.dt));
    return;
  }
  const rank = x.sizes.length;
  if (x.dense && dims.length === rank) {
    let at = header(k, 0, outs.length + 1, params.length === 0 ? ZERO : [0, ...params]);
    words[at++] = 1;
    words[at++] = x.count;
    for (const out of outs) {
      at = flat(at, out, x.dt);
      words[at - 1] = 0;
    }
    flat(at, x, x.dt);
    execute(k);
    return;
  }
  const reduced = new Set(dims);
  const kept: number[] = [];
  for (let d = 0; d < rank; d++) if (!reduced.has(d)) kept.push(d);
  let inner = dims;
  if (!ordered && dims.length > 1) inner = dims.slice().sort((a, b) => x.strides[b]! - x.strides[a]! || a - b);
  const order = [...kept, ...inner];
  const strides = [
    ...outs.map((o) => order.map((d) => (reduced.has(d) ? 0 : o.strides[d]!))),
    order.map((d) => x.strides[d]!),
  ];
  const merged = merge(
    order.map((d) => x.sizes[d]!),
    strides,
    kept.length,
  );
  const at = header(k, 0, outs.length + 1, [merged.split, ...params]);
  writeMap(at, merged, [...outs, x], x.dt);
  execute(k);
}

/** A kernel whose operands each have their own shape. Outputs first. */
export function runStruct(
  k: number,
  operands: readonly Operand[],
  params: readonly number[] = NO_PARAMS,
  dt?: DType,
): void {
  let at = header(k, 1, operands.length, params);
  for (const x of operands) {
    if (x === null || typeof x === 'number') {
      at = flat(at, x, dt ?? getDefault());
      continue;
    }
    const { storage, sizes, strides } = x;
    words[at++] = storage.handle < 0 ? 2 ** 53 : storage.handle;
    words[at++] = x.dt.code;
    words[at++] = storage.byteOffset + x.offset * x.dt.size;
    words[at++] = sizes.length;
    for (let d = 0; d < sizes.length; d++) words[at++] = sizes[d]!;
    for (let d = 0; d < sizes.length; d++) words[at++] = strides[d]!;
  }
  execute(k);
}

/** A kernel over many dense tensors: `groups` tuples. */
export function runList(
  k: number,
  groups: readonly (readonly Tensor[])[],
  params: readonly number[] = NO_PARAMS,
): void {
  if (groups.length === 0) return;
  const width = groups[0]!.length;
  words = reserveWords(8 + params.length + groups.length * width * 4);
  words[0] = k;
  words[1] = width;
  words[2] = groups.length;
  words[3] = params.length;
  let at = 4;
  for (const p of params) words[at++] = p;
  for (const group of groups) {
    for (const x of group) {
      const { storage } = x;
      words[at++] = storage.handle < 0 ? 2 ** 53 : storage.handle;
      words[at++] = x.dt.code;
      words[at++] = storage.byteOffset + x.offset * x.dt.size;
      words[at++] = x.count;
    }
  }
  try {
    native.runList();
  } catch (error) {
    throw translate(error, k);
  }
}

// ---- results --------------------------------------------------------------------------------------------------------

/** Whether a layout fills its memory without gaps or overlap, in whatever order of dims. */
export function nonOverlappingAndDense(sizes: Shape, strides: Shape): boolean {
  const dims = sizes
    .map((_, d) => d)
    .filter((d) => sizes[d] !== 1)
    .sort((a, b) => strides[a]! - strides[b]!);
  let expected = 1;
  for (const d of dims) {
    if (strides[d] !== expected) return false;
    expected *= sizes[d]!;
  }
  return true;
}

/** The result of an element-wise operation: it keeps the operands' order of dims, as TensorIterator's results do. */
export function resultLike(sizes: Shape, dt: DType, operands: readonly unknown[]): Tensor {
  const out = emptyTensor(sizes, dt);
  if (sizes.length < 2 || out.count === 0) return out;
  const tensors: Tensor[] = [];
  for (const x of operands) if (x instanceof Tensor) tensors.push(x);
  if (tensors.every((x) => x.dense)) return out;
  const full = tensors.filter((x) => sameShape(x.sizes, sizes));
  const first = full[0];
  // the common case: all in the same order without gaps
  if (
    first &&
    full.every((x) => x === first || sameShape(x.strides, first.strides)) &&
    nonOverlappingAndDense(sizes, first.strides)
  ) {
    return restride(out, first.strides);
  }
  const order = byStride(
    tensors.map((x) => expandStrides(x.sizes, x.strides, sizes)),
    sizes.length,
  );
  const strides = new Array<number>(sizes.length);
  for (let i = order.length - 1, n = 1; i >= 0; i--) {
    strides[order[i]!] = n;
    n *= sizes[order[i]!]!;
  }
  return restride(out, strides);
}

function restride(out: Tensor, strides: Shape): Tensor {
  const same = sameShape(strides, contiguousStrides(out.sizes));
  return same ? out : new Tensor(out.storage, out.dt, out.sizes, strides, 0, out.count);
}

// ---- writing in place -----------------------------------------------------------------------------------------------

/** Refuses to write where one element of memory is several of the tensor. */
export function checkWritable(where: string, x: Tensor): void {
  for (let d = 0; d < x.sizes.length; d++) {
    if (x.strides[d] === 0 && x.sizes[d]! > 1) {
      throw new AutogradError(
        `${where}: unsupported operation: more than one element of the written-to tensor refers to a single memory location. ` +
          'Please clone() the tensor before performing the operation.',
      );
    }
  }
}

/** `source` itself if writing to `target` cannot disturb the reading of it, else a copy. */
export function undisturbed(target: Tensor, source: Tensor): Tensor {
  if (
    source.storage !== target.storage &&
    !(source.storage.handle === target.storage.handle && source.storage.byteOffset === target.storage.byteOffset)
  ) {
    return source;
  }
  if (
    source.offset === target.offset &&
    source.dt === target.dt &&
    sameShape(source.sizes, target.sizes) &&
    sameShape(source.strides, target.strides)
  ) {
    return source;
  }
  return overlaps(target, source) ? source.detach().clone() : source;
}

/** Whether the memory between the first and the last element of both meets. */
function overlaps(a: Tensor, b: Tensor): boolean {
  const end = (x: Tensor): number => x.offset + x.sizes.reduce((n, s, d) => n + (s - 1) * x.strides[d]!, 0);
  if (a.count === 0 || b.count === 0) return false;
  return a.offset * a.dt.size <= end(b) * b.dt.size && b.offset * b.dt.size <= end(a) * a.dt.size;
}

/** The shape an in-place operation must not change. */
export function checkInPlaceShape(where: string, x: Tensor, result: Shape): void {
  if (!sameShape(x.sizes, result)) {
    throw new ShapeError(
      `${where}: output with shape ${show(x.sizes)} doesn't match the broadcast shape ${show(result)}`,
    );
  }
}
