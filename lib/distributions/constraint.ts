// The base class of constraints, and what they share. constraints.ts has those of elements, constraints-of-many.ts those of
// vectors, matrices and parts.
import { describe } from '../errors.ts';
import { float } from '../nn/internal.ts';
import { Tensor } from '../tensor.ts';

/**
 * The base class of constraints: a set of values.
 * @example
 * torch.distributions.constraints.positive instanceof torch.distributions.constraints.Constraint // true
 */
export abstract class Constraint {
  /** Which elements, or vectors or matrices of the last `eventDim` dims, belong to the set. */
  abstract check(value: Tensor): Tensor;
  /** How many dims one value has. */
  get eventDim(): number {
    return 0;
  }
  /** Whether there are gaps between the values. */
  get isDiscrete(): boolean {
    return false;
  }
  /** PyTorch's text. */
  toString(): string {
    return `${this.constructor.name}()`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
/** A class of constraints. */
export type ConstraintClass = abstract new (...args: never[]) => Constraint;
/** The class behind each function that makes constraints: {@link Constraint} instances of it share their transforms. */
export const classOfMaker = new Map<unknown, ConstraintClass>();

/** A bound: a number, or one for each element. */
export type Bound = number | Tensor;
/** A bound as Python prints it: numbers as floats, unless they are `whole`. */
export const show = (x: Bound, whole = false): string => {
  const value = x instanceof Tensor && x.ndim === 0 ? Number(x.item()) : x;
  if (value instanceof Tensor) return String(value);
  return whole && !(x instanceof Tensor) ? String(value) : float(value as number);
};
export function checkBound(where: string, ...bounds: readonly unknown[]): void {
  for (const b of bounds) {
    if (typeof b !== 'number' && !(b instanceof Tensor))
      throw new TypeError(`${where}: expected a number or a Tensor as bound but received ${describe(b)}`);
  }
}
export function checkConstraint(where: string, c: unknown): asserts c is Constraint {
  if (!(c instanceof Constraint)) throw new TypeError(`${where}: expected a Constraint but received ${describe(c)}`);
}
export const isWhole = (x: Tensor): Tensor => x.remainder(1).eq(0);

/** With a bound below, which prints as an integer where PyTorch has one. */
abstract class Above extends Constraint {
  readonly lowerBound: Bound;
  readonly #whole: boolean;
  constructor(lower: Bound, whole = false) {
    super();
    this.lowerBound = lower;
    this.#whole = whole;
  }
  override toString(): string {
    return `${this.constructor.name}(lower_bound=${show(this.lowerBound, this.#whole)})`;
  }
}
export class GreaterThan extends Above {
  override check(x: Tensor): Tensor {
    return x.gt(this.lowerBound);
  }
}
export class GreaterThanEq extends Above {
  override check(x: Tensor): Tensor {
    return x.ge(this.lowerBound);
  }
}
/** Numbers above a whole one, or from it on: PyTorch prints no point. */
export const wholeBound = (lower: number, inclusive: boolean): Constraint =>
  inclusive ? new GreaterThanEq(lower, true) : new GreaterThan(lower, true);
