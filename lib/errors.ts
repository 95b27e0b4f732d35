// The error classes of the public API. Messages read `function: what is wrong`, with the shapes, dtypes or values seen.
import { enterSpan, leaveSpan, recording } from './recording.ts';

/**
 * Thrown for shapes that do not fit an operation.
 * @example
 * try {
 *   torch.ones(2, 3).matmul(torch.ones(4, 5))
 * } catch (error) {
 *   console.log(String(error))
 * }
 * // ShapeError: matmul: cannot multiply [2, 3] by [4, 5]: the inner sizes 3 and 4 differ
 */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/**
 * Thrown for a dtype that an operation does not take.
 * @example
 * try {
 *   torch.mean(torch.tensor([1, 2]))
 * } catch (error) {
 *   console.log(error instanceof torch.DtypeError)
 * }
 * // true
 */
export class DtypeError extends Error {
  override name = 'DtypeError';
}

/**
 * Thrown for a device that is not there, and for operands on different ones.
 * @example
 * try {
 *   torch.ones(2, { device: 'cuda:99' })
 * } catch (error) {
 *   console.log(error.name)
 * }
 * // DeviceError
 */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/**
 * Thrown where a rule of automatic differentiation is broken.
 * @example
 * try {
 *   torch.ones(2).sum().backward()
 * } catch (error) {
 *   console.log(String(error))
 * }
 * // AutogradError: backward: element 0 of tensors does not require grad and does not have a gradFn
 */
export class AutogradError extends Error {
  override name = 'AutogradError';
}

/**
 * Thrown for memory that could not be had, after everything unused was given back. The script can go on.
 * @example
 * try {
 *   torch.empty(2 ** 45)
 * } catch (error) {
 *   console.log(error instanceof torch.OutOfMemoryError)
 * }
 * // true
 */
export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError';
}

/**
 * Thrown for matrices that a decomposition cannot take: singular ones, ones that are not positive-definite, ones that do
 * not converge. It is `torch.linalg.LinAlgError`.
 * @example
 * try {
 *   torch.linalg.inv(torch.zeros(2, 2))
 * } catch (error) {
 *   console.log(error instanceof torch.linalg.LinAlgError)
 * }
 * // true
 */
export class LinAlgError extends Error {
  override name = 'LinAlgError';
}

/** Refuses what is no number. */
export function checkNumber(where: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
}
/** Refuses what is no function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${where}: expected a function but received ${describe(value)}`);
}

/** Runs the functions that `where` is made of: what they refuse is said in its name. */
export function inNameOf<R>(where: string, f: () => R): R {
  const outermost = recording.on && enterSpan(where);
  try {
    return f();
  } catch (error) {
    throw renamed(where, error);
  } finally {
    if (outermost) leaveSpan();
  }
}
/** An error of this library, as if `where` had thrown it; those of the system (ENOENT: …) keep their words. */
export function renamed(where: string | undefined, error: unknown): unknown {
  if (where === undefined) return error;
  if (!(error instanceof Error) || 'syscall' in error) return error;
  if (!/^\w+: /.test(error.message) || error.message.startsWith(`${where}: `)) return error;
  const { message, stack } = error;
  error.message = message.replace(/^\w+/, where);
  // the stack was written with the old message
  if (stack) error.stack = stack.replace(message, error.message);
  return error;
}

/** How a value of unknown kind reads in a message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'object') {
    const name = (value.constructor as { name?: string } | undefined)?.name;
    return name && name !== 'Object' ? `a ${name}` : 'an object';
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  return String(value);
}
