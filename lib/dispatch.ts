// The only road to a kernel: devices, scalars, broadcasting, merging of dims, empty tensors, overlap, and the writing of
// the plan (native/reader.cc reads it). Rows call it through define.ts and never see a plan.
import { mode } from './autograd/mode.ts';
import { cpu, type Device } from './device.ts';
import { BOOL, type DType, FLOATING, getDefault, int64, ofKind, promoteTypes, scalarKind } from './dtype.ts';
import { AutogradError, describe, DeviceError, DtypeError, OutOfMemoryError, ShapeError } from './errors.ts';
import { kernelName, native, withWords, words } from './native.ts';
import { contiguousStrides, sameShape, type Shape, show, sizeOf } from './shape.ts';
import { emptyTensor, Tensor } from './tensor.ts';

/** A JavaScript number as an operand: it never widens a tensor's dtype within its kind. */
export type Scalar = number | bigint | boolean;
/** What a kernel takes: a tensor, a scalar, or nothing where an operand is optional. */
export type Operand = Tensor | number | null;

const SCALAR = -1;
const ABSENT = -2;

// a call of a constant is cheaper than one of a property
const { run, runList: runListPlan } = native;

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
  const out = emptyTensor([], int64, cpu);
  native.write(out.storage.handle, out.storage.byteOffset, BigInt64Array.of(x));
  return out;
}

/** The device of a result: that of the first tensor which is no 0-d tensor of the CPU, for these go with any. */
export function deviceOf(operands: readonly unknown[]): Device {
  for (const x of operands) {
    if (x instanceof Tensor && (x.sizes.length > 0 || x.storage.device !== cpu)) return x.storage.device;
  }
  return cpu;
}

/** All tensors on one device; 0-d CPU tensors go with any. */
export function commonDevice(where: string, operands: readonly unknown[]): void {
  let first: Tensor | null = null;
  for (const x of operands) {
    if (!(x instanceof Tensor)) continue;
    if (first === null || (first.sizes.length === 0 && first.device === cpu)) first = x;
    else if (x.device !== first.device && !(x.sizes.length === 0 && x.device === cpu)) {
      throw new DeviceError(
        `${where}: expected all tensors to be on the same device, but found at least two devices, ${first.device} and ${x.device}`,
      );
    }
  }
}

// ---- running --------------------------------------------------------------------------------------------------------

/** Gives a native error the class and the words of the public API. */
export function translate(error: unknown, k: number): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: string };
  const message = `${kernelName(k)}: ${error.message}`;
  switch (code) {
    case 'FLAMBEAU_INDEX':
      return new RangeError(message);
    case 'FLAMBEAU_VALUE':
      return new RangeError(message);
    case 'FLAMBEAU_DEVICE':
    case 'FLAMBEAU_CUDA':
      return new DeviceError(message);
    case 'FLAMBEAU_MEMORY':
      return new OutOfMemoryError(message);
    case 'FLAMBEAU_ASYNC':
      return new Error(message);
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
    run();
  } catch (error) {
    throw translate(error, k);
  }
}

const NO_PARAMS: readonly number[] = [];

/** The head of a plan; its first `reserved` parameters are the caller's to write, from word 4 on. */
function header(k: number, structured: 0 | 1, operands: number, params: readonly number[], reserved = 0): number {
  words[0] = k;
  words[1] = structured;
  words[2] = operands;
  words[3] = reserved + params.length;
  let at = 4 + reserved;
  for (let i = 0; i < params.length; i++) words[at++] = params[i]!;
  return at;
}

/** Where a tensor's elements begin. The handle of one that was disposed is none of those above: native refuses it. */
function place(at: number, { storage, dt, offset }: Tensor, to: Float64Array = words): number {
  to[at] = storage.handle;
  to[at + 1] = dt.code;
  to[at + 2] = storage.byteOffset + offset * dt.size;
  return at + 3;
}

/** An operand that is no tensor. */
function constant(at: number, x: number | null, dt: DType): number {
  if (x === null) {
    words[at] = ABSENT;
    return at + 1;
  }
  words[at] = SCALAR;
  words[at + 1] = dt.code;
  words[at + 2] = x;
  return at + 3;
}

/** An operand of a one-dimensional plan. */
function flat(at: number, x: Operand, dt: DType, step = 1): number {
  if (x === null || typeof x === 'number') return constant(at, x, dt);
  at = place(at, x);
  words[at] = step;
  return at + 1;
}

/** `out` and two operands of the same dense layout: the case that small scripts consist of. */
export function runDense(k: number, out: Tensor, a: Tensor, b: Tensor | number, dt: DType): void {
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
  // an empty plan goes to native too: a kernel that lacks the dtype refuses it
  let dense = true;
  for (let i = 0; i < operands.length && dense && count > 0; i++) {
    const x = operands[i]!;
    dense =
      x === null ||
      typeof x === 'number' ||
      (x.dense && x.count === count && (x.sizes.length === sizes.length || sameTail(x.sizes, sizes)));
  }
  let at = header(k, 0, operands.length, params);
  if (dense) {
    words[at++] = 1;
    words[at++] = count;
    for (let i = 0; i < operands.length; i++) at = flat(at, operands[i]!, dt);
  } else {
    walkByStride(sizes, operands);
    merge(sizes.length, operands.length, 0);
    writeMap(at, operands, dt);
  }
  execute(k);
}

/** Same sizes but for leading ones. */
function sameTail(a: Shape, b: Shape): boolean {
  const [long, short] = a.length > b.length ? [a, b] : [b, a];
  const extra = long.length - short.length;
  for (let d = 0; d < long.length; d++) if (long[d] !== (d < extra ? 1 : short[d - extra])) return false;
  return true;
}

// ---- iteration spaces -----------------------------------------------------------------------------------------------

// The iteration space of the plan in the making, in arrays that every plan uses anew: its sizes, which dims of the
// operands they are, and each operand's steps along them (0 for what is no tensor).
const space: number[] = [];
const dims: number[] = [];
const steps: readonly number[][] = Array.from({ length: 16 }, () => []);
let rank = 0;

/** Sets dim `at` of the space to dim `d` of `sizes`, to which all operands broadcast. */
function setDim(at: number, d: number, sizes: Shape, operands: readonly Operand[]): void {
  const n = sizes[d]!;
  space[at] = n;
  dims[at] = d;
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i]!;
    let step = 0;
    if (x !== null && typeof x !== 'number') {
      const own = d - sizes.length + x.sizes.length;
      if (own >= 0 && (n === 1 || x.sizes[own] !== 1)) step = x.strides[own]!;
    }
    steps[i]![at] = step;
  }
}

function swapDims(a: number, b: number, operands: number): void {
  [space[a], space[b]] = [space[b]!, space[a]!];
  [dims[a], dims[b]] = [dims[b]!, dims[a]!];
  for (let i = 0; i < operands; i++) {
    const s = steps[i]!;
    [s[a], s[b]] = [s[b]!, s[a]!];
  }
}

/** Whether dim `a` of the space belongs behind `b`, by the first operand from `first` on whose steps tell. */
function behind(a: number, b: number, first: number, operands: number): boolean {
  for (let i = first; i < operands; i++) {
    const [x, y] = [steps[i]![a]!, steps[i]![b]!];
    if (x !== 0 && y !== 0 && x !== y) return y > x;
  }
  return dims[a]! > dims[b]!;
}

/** Sorts the dims from `from` on, from the largest step to the smallest. */
function sortDims(from: number, to: number, first: number, operands: number): void {
  // insertion sort: the relation is not transitive, but near the given order it does what is wanted
  for (let i = from + 1; i < to; i++) {
    for (let j = i; j > from && behind(j - 1, j, first, operands); j--) swapDims(j - 1, j, operands);
  }
}

/** The space of all elements of `sizes`, dims from the largest stride to the smallest (TensorIterator's order). */
function walkByStride(sizes: Shape, operands: readonly Operand[]): void {
  for (let d = 0; d < sizes.length; d++) setDim(d, d, sizes, operands);
  sortDims(0, sizes.length, 0, operands.length);
}

/**
 * Joins the first `count` dims where every operand steps through them as one, and drops those of size 1. Dims before
 * `split` and from it on are not joined with each other; gives where they meet now.
 */
function merge(count: number, operands: number, split: number): number {
  let n = 0;
  let meet = 0;
  for (let d = 0; d < count; d++) {
    if (d === split) meet = n;
    const size = space[d]!;
    if (size === 1) continue;
    let joins = n > 0 && !(d >= split && n === meet);
    for (let i = 0; i < operands && joins; i++) joins = steps[i]![n - 1] === steps[i]![d]! * size;
    if (joins) space[n - 1]! *= size;
    else space[n++] = size;
    for (let i = 0; i < operands; i++) steps[i]![n - 1] = steps[i]![d]!;
  }
  rank = n;
  return split >= count ? n : meet;
}

/** Writes the space and the operands. */
function writeMap(start: number, operands: readonly Operand[], dt: DType): void {
  let at = start;
  words[at++] = rank;
  for (let d = 0; d < rank; d++) words[at++] = space[d]!;
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i]!;
    if (x === null || typeof x === 'number') {
      at = constant(at, x, dt);
      continue;
    }
    at = place(at, x);
    const s = steps[i]!;
    for (let d = 0; d < rank; d++) words[at++] = s[d]!;
  }
}

/**
 * A reduction over `reduced` (sorted): `outs` are dense, with the other dims of `x`. The kernel gets the kept dims first,
 * then the reduced ones, and how many are kept as its first parameter.
 */
export function runReduce(
  k: number,
  outs: readonly Tensor[],
  x: Tensor,
  reduced: readonly number[],
  params: readonly number[] = NO_PARAMS,
  ordered = false,
): void {
  if (outs[0]!.count === 0) return;
  const { sizes } = x;
  const operands = [...outs, x];
  let at = header(k, 0, operands.length, params, 1);
  if (x.dense && reduced.length === sizes.length) {
    words[at++] = 1;
    words[at++] = x.count;
    for (let i = 0; i < outs.length; i++) at = flat(at, outs[i]!, x.dt, 0);
    flat(at, x, x.dt);
    words[4] = 0;
  } else {
    const kept = sizes.length - reduced.length;
    for (let d = 0, a = 0, b = 0; d < sizes.length; d++) {
      if (d === reduced[b]) setDim(kept + b++, d, sizes, operands);
      else setDim(a++, d, sizes, operands);
    }
    for (let d = sizes.length - 1, step = 1; d >= 0; d--) {
      for (let i = 0; i < outs.length; i++) steps[i]![d] = d < kept ? step : 0;
      if (d < kept) step *= space[d]!;
    }
    if (!ordered) sortDims(kept, sizes.length, outs.length, operands.length);
    words[4] = merge(sizes.length, operands.length, kept);
    writeMap(at, operands, x.dt);
  }
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
  for (let i = 0; i < operands.length; i++) {
    const x = operands[i]!;
    if (x === null || typeof x === 'number') {
      at = constant(at, x, dt ?? getDefault());
      continue;
    }
    const { sizes, strides } = x;
    at = place(at, x);
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
  const { device } = groups[0]![0]!.storage;
  if (groups.some((group) => group[0]!.storage.device !== device)) {
    // one plan is for one device
    for (const at of new Set(groups.map((group) => group[0]!.device)))
      runList(
        k,
        groups.filter((group) => group[0]!.device === at),
        params,
      );
    return;
  }
  const width = groups[0]!.length;
  withWords(8 + params.length + groups.length * width * 4, (list) => {
    list[0] = k;
    list[1] = width;
    list[2] = groups.length;
    list[3] = params.length;
    let at = 4;
    for (const p of params) list[at++] = p;
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      for (let j = 0; j < width; j++) {
        at = place(at, group[j]!, list);
        list[at++] = group[j]!.count;
      }
    }
    try {
      runListPlan();
    } catch (error) {
      throw translate(error, k);
    }
  });
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
export function resultLike(sizes: Shape, dt: DType, operands: readonly unknown[], device = deviceOf(operands)): Tensor {
  const out = emptyTensor(sizes, dt, device);
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
  walkByStride(sizes, tensors);
  const strides = new Array<number>(sizes.length);
  for (let i = sizes.length - 1, n = 1; i >= 0; i--) {
    strides[dims[i]!] = n;
    n *= space[i]!;
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
  if (x.storage.inference) checkInference(where, x);
  for (let d = 0; d < x.sizes.length; d++) {
    if (x.strides[d] === 0 && x.sizes[d]! > 1) {
      throw new AutogradError(
        `${where}: unsupported operation: more than one element of the written-to tensor refers to a single memory location. ` +
          'Please clone() the tensor before performing the operation.',
      );
    }
  }
}

/** Refuses inference tensors outside inference mode. */
export function checkInference(where: string, x: Tensor): void {
  if (!x.storage.inference || mode.inference) return;
  throw new AutogradError(
    `${where}: inplace update to inference tensor outside inferenceMode is not allowed. You can make a clone to get a normal ` +
      'tensor before doing inplace update.',
  );
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

/** Refuses operands that lie elsewhere than what they are to change. */
export function checkInPlaceDevice(where: string, x: Tensor, operands: readonly unknown[]): void {
  commonDevice(where, [x, ...operands]);
  const found = deviceOf([x, ...operands]);
  if (found !== x.device)
    throw new DeviceError(
      `${where}: expected all tensors to be on the same device, but found at least two devices, ${found} and ${x.device}`,
    );
}

/** The shape an in-place operation must not change. */
export function checkInPlaceShape(where: string, x: Tensor, result: Shape): void {
  if (!sameShape(x.sizes, result)) {
    throw new ShapeError(
      `${where}: output with shape ${show(x.sizes)} doesn't match the broadcast shape ${show(result)}`,
    );
  }
}
