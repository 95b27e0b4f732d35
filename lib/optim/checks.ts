// Checks of options that several optimizers share, in PyTorch's words. Called by the optimizers.
import { AutogradError, describe } from '../errors.ts';

/** Refuses what is not a number. */
export function number(where: string, what: string, value: unknown): asserts value is number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number as ${what} but received ${describe(value)}`);
}
/** Refuses what is not a number of at least 0. */
export function notNegative(where: string, what: string, value: unknown): void {
  number(where, what, value);
  if (!(value >= 0)) throw new RangeError(`${where}: Invalid ${what}: ${value}`);
}
/** The same in the words of the younger optimizers. */
export function atLeastZero(where: string, what: string, value: unknown): void {
  number(where, what, value);
  if (!(value >= 0)) throw new RangeError(`${where}: ${what} should be >= 0 but is: ${value}`);
}
/** A list of `length` numbers. */
export function numbers(where: string, what: string, value: unknown, length = 2): asserts value is readonly number[] {
  if (!Array.isArray(value) || value.length !== length || !value.every((x) => typeof x === 'number'))
    throw new TypeError(`${where}: expected ${what} to be ${length} numbers but received ${describe(value)}`);
}
export function betas(where: string, value: unknown): void {
  numbers(where, 'betas', value);
  value.forEach((beta, i) => {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`${where}: Invalid beta parameter at index ${i}: ${beta}`);
  });
}

/** Options that say how PyTorch computes a step. */
export interface Ways {
  foreach?: unknown;
  fused?: unknown;
  capturable?: unknown;
  differentiable?: unknown;
}
/** `foreach` and `fused` are about speed, and ignored; what cannot be had is refused. */
export function ways(where: string, { foreach, fused, differentiable }: Ways): void {
  if (differentiable) {
    if (fused) throw new RangeError(`${where}: \`fused\` does not support \`differentiable\``);
    throw new AutogradError(`${where}: differentiable steps are not supported: a step is not recorded by autograd`);
  }
  if (fused && foreach) throw new RangeError(`${where}: \`fused\` and \`foreach\` cannot be \`True\` together.`);
}
