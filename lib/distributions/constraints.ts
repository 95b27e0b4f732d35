// Constraints of single elements, and all others: what values parameters and samples of distributions may have.
// torch.distributions.constraints.
import type { Tensor } from '../tensor.ts';
import {
  type Bound,
  checkBound,
  classOfMaker,
  Constraint,
  GreaterThan,
  GreaterThanEq,
  isWhole,
  show,
} from './constraint.ts';
import { independent } from './constraints-of-many.ts';

export { type Bound, Constraint } from './constraint.ts';
export {
  cat,
  corrCholesky,
  independent,
  lowerCholesky,
  lowerTriangular,
  MixtureSameFamilyConstraint,
  multinomial,
  oneHot,
  positiveDefinite,
  positiveSemidefinite,
  simplex,
  square,
  stack,
  symmetric,
} from './constraints-of-many.ts';

class Dependent extends Constraint {
  override check(): Tensor {
    throw new TypeError('check: Cannot determine validity of dependent constraint');
  }
}
/**
 * A constraint that depends on other parameters: it is not checked.
 * @example
 * String(torch.distributions.constraints.dependent) // Dependent()
 */
export const dependent: Constraint = new Dependent();
/**
 * Whether a constraint is {@link dependent}.
 * @example
 * torch.distributions.constraints.isDependent(torch.distributions.constraints.real) // false
 */
export const isDependent = (constraint: unknown): boolean => constraint instanceof Dependent;

class Boolean extends Constraint {
  override get isDiscrete(): boolean {
    return true;
  }
  override check(x: Tensor): Tensor {
    return x.eq(0).logicalOr(x.eq(1));
  }
}
/**
 * Zero or one.
 * @example
 * torch.distributions.constraints.boolean.check(torch.tensor([0, 1, 2])) // tensor([ True,  True, False])
 */
export const boolean: Constraint = new Boolean();

class Real extends Constraint {
  override check(x: Tensor): Tensor {
    return x.eq(x);
  }
}
/**
 * All numbers but NaN.
 * @example
 * torch.distributions.constraints.real.check(torch.tensor([NaN, 2])) // tensor([False,  True])
 */
export const real: Constraint = new Real();
/**
 * Vectors of numbers that are not NaN.
 * @example
 * torch.distributions.constraints.realVector.check(torch.tensor([1, NaN])) // tensor(False)
 */
export const realVector: Constraint = independent(real, 1);

class IntegerInterval extends Constraint {
  readonly lowerBound: Bound;
  readonly upperBound: Bound;
  constructor(lower: Bound, upper: Bound) {
    super();
    this.lowerBound = lower;
    this.upperBound = upper;
  }
  override get isDiscrete(): boolean {
    return true;
  }
  override check(x: Tensor): Tensor {
    return isWhole(x).logicalAnd(x.ge(this.lowerBound)).logicalAnd(x.le(this.upperBound));
  }
  override toString(): string {
    return `IntegerInterval(lower_bound=${show(this.lowerBound, true)}, upper_bound=${show(this.upperBound, true)})`;
  }
}
/**
 * Whole numbers from `lower` to `upper`.
 * @example
 * torch.distributions.constraints.integerInterval(0, 2).check(torch.tensor([1.5, 2])) // tensor([False,  True])
 */
export function integerInterval(lower: Bound, upper: Bound): Constraint {
  checkBound('integerInterval', lower, upper);
  return new IntegerInterval(lower, upper);
}
class IntegerGreaterThan extends Constraint {
  readonly lowerBound: number;
  constructor(lower: number) {
    super();
    this.lowerBound = lower;
  }
  override get isDiscrete(): boolean {
    return true;
  }
  override check(x: Tensor): Tensor {
    return isWhole(x).logicalAnd(x.ge(this.lowerBound));
  }
  override toString(): string {
    return `IntegerGreaterThan(lower_bound=${this.lowerBound})`;
  }
}
/**
 * Whole numbers from 0 on.
 * @example
 * torch.distributions.constraints.nonnegativeInteger.check(torch.tensor([0.5, 2])) // tensor([False,  True])
 */
export const nonnegativeInteger: Constraint = new IntegerGreaterThan(0);
/**
 * Whole numbers from 1 on.
 * @example
 * torch.distributions.constraints.positiveInteger.check(torch.tensor([0, 2])) // tensor([False,  True])
 */
export const positiveInteger: Constraint = new IntegerGreaterThan(1);

/**
 * Numbers above a bound.
 * @example
 * String(torch.distributions.constraints.greaterThan(1)) // GreaterThan(lower_bound=1.0)
 */
export function greaterThan(lower: Bound): Constraint {
  checkBound('greaterThan', lower);
  return new GreaterThan(lower);
}
/**
 * Numbers from a bound on.
 * @example
 * String(torch.distributions.constraints.greaterThanEq(1)) // GreaterThanEq(lower_bound=1.0)
 */
export function greaterThanEq(lower: Bound): Constraint {
  checkBound('greaterThanEq', lower);
  return new GreaterThanEq(lower);
}
class LessThan extends Constraint {
  readonly upperBound: Bound;
  constructor(upper: Bound) {
    super();
    this.upperBound = upper;
  }
  override check(x: Tensor): Tensor {
    return x.lt(this.upperBound);
  }
  override toString(): string {
    return `LessThan(upper_bound=${show(this.upperBound)})`;
  }
}
/**
 * Numbers below a bound.
 * @example
 * String(torch.distributions.constraints.lessThan(1)) // LessThan(upper_bound=1.0)
 */
export function lessThan(upper: Bound): Constraint {
  checkBound('lessThan', upper);
  return new LessThan(upper);
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

/** Between two bounds. */
abstract class Between extends Constraint {
  readonly lowerBound: Bound;
  readonly upperBound: Bound;
  constructor(lower: Bound, upper: Bound) {
    super();
    this.lowerBound = lower;
    this.upperBound = upper;
  }
  override toString(): string {
    return `${this.constructor.name}(lower_bound=${show(this.lowerBound)}, upper_bound=${show(this.upperBound)})`;
  }
}
class Interval extends Between {
  override check(x: Tensor): Tensor {
    return x.ge(this.lowerBound).logicalAnd(x.le(this.upperBound));
  }
}
class HalfOpenInterval extends Between {
  override check(x: Tensor): Tensor {
    return x.ge(this.lowerBound).logicalAnd(x.lt(this.upperBound));
  }
}
/**
 * Numbers from `lower` to `upper`.
 * @example
 * String(torch.distributions.constraints.interval(-1, 1)) // Interval(lower_bound=-1.0, upper_bound=1.0)
 */
export function interval(lower: Bound, upper: Bound): Constraint {
  checkBound('interval', lower, upper);
  return new Interval(lower, upper);
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
  return new HalfOpenInterval(lower, upper);
}
classOfMaker.set(integerInterval, IntegerInterval);
classOfMaker.set(greaterThan, GreaterThan);
classOfMaker.set(greaterThanEq, GreaterThanEq);
classOfMaker.set(lessThan, LessThan);
classOfMaker.set(interval, Interval);
classOfMaker.set(halfOpenInterval, HalfOpenInterval);
