// How the functions of torch.distributed read their arguments: by position, the optional ones also by name in one plain object
// at the end. Used by all of lib/distributed/.
import { isPlain } from '../calls.ts';
import { describe } from '../errors.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/**
 * The arguments in their places. `names` are those of all, the first `required` of which come by position alone. An unknown
 * name, or one given twice, throws TypeError.
 */
export function placedArguments(
  where: string,
  names: readonly string[],
  required: number,
  given: readonly unknown[],
): readonly unknown[] {
  const last = given.at(-1);
  if (given.length <= required || !isPlain(last)) {
    if (given.length > names.length)
      throw new TypeError(`${where}: expected at most ${names.length} arguments but received ${given.length}`);
    return given;
  }
  const out: unknown[] = given.slice(0, -1);
  for (const [name, value] of Object.entries(last)) {
    const at = names.indexOf(name);
    if (at < 0) throw new TypeError(`${where}: unknown option '${name}'`);
    if (at < given.length - 1 && given[at] !== undefined && value !== undefined)
      throw new TypeError(`${where}: '${name}' was given by position and by name`);
    if (value !== undefined) out[at] = value;
  }
  return out;
}

/** Refuses what is no tensor. */
export function checkTensorOf(where: string, name: string, x: unknown): Tensor {
  if (!(x instanceof Tensor))
    throw new TypeError(`${where}: expected ${name} to be a Tensor but received ${describe(x)}`);
  return x;
}
/** Refuses what is no list of tensors. */
export function checkTensors(where: string, name: string, list: unknown): readonly Tensor[] {
  if (!Array.isArray(list))
    throw new TypeError(`${where}: expected ${name} to be a list of tensors but received ${describe(list)}`);
  for (const x of list as unknown[])
    if (!(x instanceof Tensor))
      throw new TypeError(`${where}: expected ${name} to be a list of tensors, but one is ${describe(x)}`);
  return list as Tensor[];
}
/** Refuses what is neither absent nor a whole number from `least` on. */
export function optionalWhole(where: string, name: string, value: unknown, least = 0): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 0x7fffffff)
    throw new TypeError(
      `${where}: expected ${name} to be a whole number from ${least} on but received ${describe(value)}`,
    );
  return value;
}
/** Refuses what is neither absent nor a boolean. */
export function flag(where: string, name: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean')
    throw new TypeError(`${where}: expected ${name} to be a boolean but received ${describe(value)}`);
  return value;
}
/** `float32 [2, 3]`, for messages. */
export const kindOf = (x: Tensor): string => `${x.dtype} ${show(x.sizes)}`;
