// Checks of arguments that several files of operators share.
import { checkTensor, commonDevice } from '../../dispatch.ts';
import { INTEGER } from '../../dtype.ts';
import { describe, DtypeError, ShapeError } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';

/** A whole number of at least `least`. */
export function wholeNumber(where: string, name: string, value: unknown, least = Number.MIN_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new TypeError(`${where}: expected a whole number for ${name} but received ${describe(value)}`);
  if (value < least) throw new RangeError(`${where}: expected ${name} to be at least ${least}, but got ${value}`);
  return value;
}

/** `f(a, b)` and `f([a, b])` alike: the tensors. */
export function tensorList(where: string, args: readonly unknown[], least = 1): Tensor[] {
  const list = args.length === 1 && !(args[0] instanceof Tensor) ? args[0] : args;
  if (!Array.isArray(list))
    throw new TypeError(`${where}: expected tensors or a list of them but received ${describe(list)}`);
  if (list.length < least) throw new ShapeError(`${where}: expected a non-empty list of tensors`);
  const tensors = list.map((x: unknown, i): Tensor => {
    checkTensor(where, x, `tensors[${i}]`);
    return x;
  });
  commonDevice(where, tensors);
  return tensors;
}

/** Refuses floating-point and bool tensors. */
export function requireInteger(where: string, x: Tensor, name: string): void {
  if (x.dt.kind !== INTEGER)
    throw new DtypeError(`${where}: expected a tensor of whole numbers for ${name} but received ${x.dt.name}`);
}

/** One of a list of words. */
export function oneOf<W extends string>(where: string, name: string, value: unknown, words: readonly W[]): W {
  if (!words.includes(value as W)) {
    const list = words.map((w) => `'${w}'`).join(', ');
    throw new TypeError(`${where}: expected ${name} to be one of ${list}, but got ${describe(value)}`);
  }
  return value as W;
}
