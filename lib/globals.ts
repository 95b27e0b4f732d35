// Settings and questions of the namespace: dtypes by name, default dtype, threads, promotion, constants, tidy.
import { type DTypeName, FLOATING, getDefault, promoteTypes as promote, setDefault, toDType } from './dtype.ts';
import { describe, checkFunction } from './errors.ts';
import { native } from './native.ts';
import { checkOperand, checkTensor, resultType as resultOf, type Scalar } from './dispatch.ts';
import { broadcastShapes as broadcast, checkShape, type Shape, Size } from './shape.ts';
import { Tensor } from './tensor.ts';
import { dispose, track } from './memory.ts';

/**
 * π, the ratio of a circle's circumference to its diameter.
 * @example
 * torch.pi // 3.141592653589793
 */
export const pi: number = Math.PI;
/**
 * Euler's number, the base of the natural logarithm.
 * @example
 * torch.e // 2.718281828459045
 */
export const e: number = Math.E;
/**
 * Infinity.
 * @example
 * torch.tensor([1, 2]).div(0).eq(torch.inf) // tensor([True, True])
 */
export const inf: number = Number.POSITIVE_INFINITY;
/**
 * Not a number.
 * @example
 * torch.tensor([torch.nan, 1]).isnan() // tensor([ True, False])
 */
export const nan: number = Number.NaN;

/**
 * What floating-point tensors are made of when no dtype is given.
 * @example
 * torch.getDefaultDtype() // float32
 */
export function getDefaultDtype(): DTypeName {
  return getDefault().name;
}
/**
 * Sets the floating dtype of new tensors. Throws TypeError for other dtypes.
 * @example
 * torch.setDefaultDtype('float64')
 * torch.tensor([1.5]).dtype // float64
 */
export function setDefaultDtype(dtype: DTypeName): void {
  setDefault(toDType(dtype, 'setDefaultDtype'));
}
/**
 * How many threads kernels use: at first as many as the process has cores (`mpirun` gives each of its own some), or as
 * FLAMBEAU_NUM_THREADS says.
 * @example
 * torch.setNumThreads(2)
 * torch.getNumThreads() // 2
 */
export function getNumThreads(): number {
  return native.getNumThreads();
}
/**
 * Sets how many threads kernels use, 1 to 1024. Throws RangeError for other numbers.
 * @example
 * torch.setNumThreads(1)
 * torch.getNumThreads() // 1
 */
export function setNumThreads(n: number): void {
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > 1024) {
    throw new RangeError(`setNumThreads: expected a whole number from 1 to 1024 but received ${describe(n)}`);
  }
  native.setNumThreads(n);
}
/**
 * The dtype that holds both. Throws TypeError for unknown dtypes.
 * @example
 * torch.promoteTypes('int32', 'float32') // float32
 */
export function promoteTypes(a: DTypeName, b: DTypeName): DTypeName {
  return promote(toDType(a, 'promoteTypes'), toDType(b, 'promoteTypes')).name;
}
/**
 * The dtype of arithmetic between two tensors or numbers. Throws TypeError for anything else.
 * @example
 * torch.resultType(torch.tensor([1, 2]), 1.5) // float32
 */
export function resultType(a: Tensor | Scalar, b: Tensor | Scalar): DTypeName {
  checkOperand('resultType', a);
  checkOperand('resultType', b);
  return resultOf(a, b).name;
}
/**
 * Whether values of one dtype may be stored as another without losing their kind. Throws TypeError for unknown dtypes.
 * @example
 * torch.canCast('float32', 'int64') // false
 */
export function canCast(from: DTypeName, to: DTypeName): boolean {
  return toDType(from, 'canCast').kind <= toDType(to, 'canCast').kind;
}
/**
 * The shape that all of these broadcast to; a number counts as one size. Throws ShapeError where there is none.
 * @example
 * torch.broadcastShapes([2, 1], [3], 1) // torch.Size([2, 3])
 */
export function broadcastShapes(...shapes: (Shape | number)[]): readonly number[] {
  const where = 'broadcastShapes';
  const checked = shapes.map((s) => checkShape(where, typeof s === 'number' ? [s] : s));
  return Size.from(checked.reduce<Shape>((a, b) => broadcast(where, a, b), []));
}
/**
 * Whether a value is a tensor.
 * @example
 * torch.isTensor([1, 2]) // false
 */
export function isTensor(x: unknown): x is Tensor {
  return x instanceof Tensor;
}
/**
 * Whether a tensor's dtype is floating point.
 * @example
 * torch.isFloatingPoint(torch.tensor([1, 2])) // false
 */
export function isFloatingPoint(x: Tensor): boolean {
  checkTensor('isFloatingPoint', x);
  return x.dt.kind === FLOATING;
}
/**
 * Whether a tensor was made in {@link inferenceMode}, or is a view of what was.
 * @example
 * torch.isInference(torch.inferenceMode(() => torch.ones(2))) // true
 */
export function isInference(x: Tensor): boolean {
  checkTensor('isInference', x);
  return x.storage.inference;
}
/**
 * The number of elements.
 * @example
 * torch.numel(torch.ones(2, 3)) // 6
 */
export function numel(x: Tensor): number {
  checkTensor('numel', x);
  return x.count;
}

/**
 * Runs `f` and frees at once the memory of the large tensors it made, but for what it returns and for gradients of leaves.
 * What it stored elsewhere must be returned too: it would be freed. Nothing is freed if `f` throws. Throws TypeError if
 * it is async.
 * @example
 * torch.tidy(() => torch.ones(2).mul(2).add(1)) // tensor([3., 3.])
 */
export function tidy<R>(f: () => R): R {
  checkFunction('tidy', f);
  const made = track();
  let result: R;
  try {
    result = f();
  } catch (error) {
    made.stop();
    throw error;
  }
  if (result instanceof Promise) {
    made.stop();
    throw new TypeError('tidy: expected a function that is not async; use `using` or dispose() across awaits');
  }
  const kept = new Set<object>();
  const seen = new Set<unknown>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Tensor) {
      kept.add(value.storage.block);
      if (value.grad) kept.add(value.grad.storage.block);
      return;
    }
    for (const item of value instanceof Map ? value.values() : Object.values(value)) walk(item);
  };
  walk(result);
  for (const storage of made.stop()) if (!kept.has(storage.block)) dispose(storage);
  return result;
}

/**
 * The real part of each number: `x` itself, for there are no complex ones.
 * @example
 * torch.real(torch.tensor([1.5])) // tensor([1.5000])
 */
export function real(x: Tensor): Tensor {
  checkTensor('real', x);
  return x;
}
