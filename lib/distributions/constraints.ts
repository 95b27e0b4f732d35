// Constraints: what values parameters and samples of distributions may have. torch.distributions.constraints.
import { describe } from '../errors.ts';
import { float } from '../nn/internal.ts';
import { Tensor } from '../tensor.ts';
import { isPositiveDefinite } from './triangular.ts';

/** A set of values. */
export interface Constraint {
  /** Which elements, or vectors or matrices of the last `eventDim` dims, belong to the set. */
  check(value: Tensor): Tensor;
  /** How many dims one value has. */
  readonly eventDim: number;
  readonly isDiscrete: boolean;
  toString(): string;
}
/** A bound: a number, or one for each element. */
export type Bound = number | Tensor;

const make = (
  text: string | (() => string),
  check: (x: Tensor) => Tensor,
  { eventDim = 0, isDiscrete = false } = {},
): Constraint => ({ check, eventDim, isDiscrete, toString: () => (typeof text === 'string' ? text : text()) });
const show = (x: Bound, whole = false): string => {
  const value = x instanceof Tensor && x.ndim === 0 ? Number(x.item()) : x;
  if (value instanceof Tensor) return String(value);
  return whole && !(x instanceof Tensor) ? String(value) : float(value as number);
};
const isWhole = (x: Tensor): Tensor => x.remainder(1).eq(0);
const and = (a: Tensor, b: Tensor): Tensor => a.logicalAnd(b);
function checkBound(where: string, ...bounds: readonly unknown[]): void {
  for (const b of bounds) {
    if (typeof b !== 'number' && !(b instanceof Tensor))
      throw new TypeError(`${where}: expected a number or a Tensor as bound but received ${describe(b)}`);
  }
}

/**
 * Zero or one.
 * @example
 * torch.distributions.constraints.boolean.check(torch.tensor([0, 1, 2])) // tensor([ True,  True, False])
 */
export const boolean: Constraint = make('Boolean()', (x) => x.eq(0).logicalOr(x.eq(1)), { isDiscrete: true });
/**
 * Vectors of zeros with a single one.
 * @example
 * torch.distributions.constraints.oneHot.check(torch.tensor([[0, 1], [1, 1]])) // tensor([ True, False])
 */
export const oneHot: Constraint = make('OneHot()', (x) => and(boolean.check(x).all(-1), x.sum(-1).eq(1)), {
  isDiscrete: true,
  eventDim: 1,
});
/**
 * Whole numbers from `lower` to `upper`.
 * @example
 * torch.distributions.constraints.integerInterval(0, 2).check(torch.tensor([1.5, 2])) // tensor([False,  True])
 */
export function integerInterval(lower: Bound, upper: Bound): Constraint {
  checkBound('integerInterval', lower, upper);
  return make(
    () => `IntegerInterval(lower_bound=${show(lower, true)}, upper_bound=${show(upper, true)})`,
    (x) => and(isWhole(x), and(x.ge(lower), x.le(upper))),
    { isDiscrete: true },
  );
}
const atLeast = (lower: number): Constraint =>
  make(`IntegerGreaterThan(lower_bound=${lower})`, (x) => and(isWhole(x), x.ge(lower)), { isDiscrete: true });
/**
 * Whole numbers from 0 on.
 * @example
 * torch.distributions.constraints.nonnegativeInteger.check(torch.tensor([0.5, 2])) // tensor([False,  True])
 */
export const nonnegativeInteger: Constraint = atLeast(0);
/**
 * Whole numbers from 1 on.
 * @example
 * torch.distributions.constraints.positiveInteger.check(torch.tensor([0, 2])) // tensor([False,  True])
 */
export const positiveInteger: Constraint = atLeast(1);
/**
 * All numbers but NaN.
 * @example
 * torch.distributions.constraints.real.check(torch.tensor([NaN, 2])) // tensor([False,  True])
 */
export const real: Constraint = make('Real()', (x) => x.eq(x));
/**
 * Numbers above a bound.
 * @example
 * String(torch.distributions.constraints.greaterThan(1)) // GreaterThan(lower_bound=1.0)
 */
export function greaterThan(lower: Bound): Constraint {
  checkBound('greaterThan', lower);
  return make(
    () => `GreaterThan(lower_bound=${show(lower)})`,
    (x) => x.gt(lower),
  );
}
/**
 * Numbers from a bound on.
 * @example
 * String(torch.distributions.constraints.greaterThanEq(1)) // GreaterThanEq(lower_bound=1.0)
 */
export function greaterThanEq(lower: Bound): Constraint {
  checkBound('greaterThanEq', lower);
  return make(
    () => `GreaterThanEq(lower_bound=${show(lower)})`,
    (x) => x.ge(lower),
  );
}
/**
 * Numbers below a bound.
 * @example
 * String(torch.distributions.constraints.lessThan(1)) // LessThan(upper_bound=1.0)
 */
export function lessThan(upper: Bound): Constraint {
  checkBound('lessThan', upper);
  return make(
    () => `LessThan(upper_bound=${show(upper)})`,
    (x) => x.lt(upper),
  );
}
/**
 * Numbers above 0.
 * @example
 * torch.distributions.constraints.positive.check(torch.tensor([0, 0.5])) // tensor([False,  True])
 */
export const positive: Constraint = greaterThan(0);
/**
 * Numbers from 0 on.
 * @example
 * torch.distributions.constraints.nonnegative.check(torch.tensor([0, -0.5])) // tensor([ True, False])
 */
export const nonnegative: Constraint = greaterThanEq(0);
/**
 * Numbers from `lower` to `upper`.
 * @example
 * String(torch.distributions.constraints.interval(-1, 1)) // Interval(lower_bound=-1.0, upper_bound=1.0)
 */
export function interval(lower: Bound, upper: Bound): Constraint {
  checkBound('interval', lower, upper);
  return make(
    () => `Interval(lower_bound=${show(lower)}, upper_bound=${show(upper)})`,
    (x) => and(x.ge(lower), x.le(upper)),
  );
}
/**
 * Numbers from 0 to 1.
 * @example
 * torch.distributions.constraints.unitInterval.check(torch.tensor([1, 1.5])) // tensor([ True, False])
 */
export const unitInterval: Constraint = interval(0, 1);
/**
 * Numbers from `lower` up to, but not, `upper`.
 * @example
 * torch.distributions.constraints.halfOpenInterval(0, 1).check(torch.tensor([0, 1])) // tensor([ True, False])
 */
export function halfOpenInterval(lower: Bound, upper: Bound): Constraint {
  checkBound('halfOpenInterval', lower, upper);
  return make(
    () => `HalfOpenInterval(lower_bound=${show(lower)}, upper_bound=${show(upper)})`,
    (x) => and(x.ge(lower), x.lt(upper)),
  );
}
/**
 * Vectors of numbers from 0 on whose sum is 1.
 * @example
 * torch.distributions.constraints.simplex.check(torch.tensor([[0.5, 0.5], [0.5, 1]])) // tensor([ True, False])
 */
export const simplex: Constraint = make('Simplex()', (x) => and(x.ge(0).all(-1), x.sum(-1).sub(1).abs().lt(1e-6)), {
  eventDim: 1,
});
/**
 * Vectors of counts, `upper` together at most.
 * @example
 * torch.distributions.constraints.multinomial(2).check(torch.tensor([[1, 1], [2, 1]])) // tensor([ True, False])
 */
export function multinomial(upper: Bound): Constraint {
  checkBound('multinomial', upper);
  return make('Multinomial()', (x) => and(x.ge(0).all(-1), x.sum(-1).le(upper)), { isDiscrete: true, eventDim: 1 });
}
/**
 * Lower triangular matrices with a positive diagonal.
 * @example
 * torch.distributions.constraints.lowerCholesky.check(torch.eye(2)) // tensor(True)
 */
export const lowerCholesky: Constraint = make(
  'LowerCholesky()',
  (x) => and(x.tril().eq(x).flatten(-2).all(-1), x.diagonal({ dim1: -2, dim2: -1 }).gt(0).all(-1)),
  { eventDim: 2 },
);
/**
 * Symmetric matrices whose eigenvalues are positive.
 * @example
 * torch.distributions.constraints.positiveDefinite.check(torch.eye(2).neg()) // tensor(False)
 */
export const positiveDefinite: Constraint = make('PositiveDefinite()', isPositiveDefinite, { eventDim: 2 });
/**
 * A constraint of the last `ndims` dims as a whole.
 * @example
 * const { independent, real } = torch.distributions.constraints
 * independent(real, 1).check(torch.tensor([[1, NaN], [1, 2]])) // tensor([False,  True])
 */
export function independent(base: Constraint, ndims: number): Constraint {
  if (typeof base?.check !== 'function')
    throw new TypeError(`independent: expected a constraint but received ${describe(base)}`);
  if (!Number.isInteger(ndims) || ndims < 0)
    throw new TypeError(`independent: expected a number of dims but received ${describe(ndims)}`);
  return make(
    () => `IndependentConstraint(${base}, ${ndims})`,
    (x) => {
      const result = base.check(x);
      return ndims === 0 ? result : result.flatten(result.ndim - ndims).all(-1);
    },
    { eventDim: base.eventDim + ndims, isDiscrete: base.isDiscrete },
  );
}
/**
 * Vectors of numbers that are not NaN.
 * @example
 * torch.distributions.constraints.realVector.check(torch.tensor([1, NaN])) // tensor(False)
 */
export const realVector: Constraint = independent(real, 1);
