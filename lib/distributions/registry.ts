// Registries of transforms that reach constrained values from unconstrained ones: bijectTo and transformTo.
import { checkFunction, describe } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { classOfMaker, Constraint, type ConstraintClass } from './constraint.ts';
import type { Cat, IndependentConstraint, Stack } from './constraints-of-many.ts';
import * as constraints from './constraints.ts';
import type { Transform } from './transform.ts';
import {
  AffineTransform,
  ComposeTransform,
  ExpTransform,
  identityTransform,
  SigmoidTransform,
  SoftmaxTransform,
  StickBreakingTransform,
} from './transforms.ts';
import { CorrCholeskyTransform, LowerCholeskyTransform, PositiveDefiniteTransform } from './transforms-of-matrices.ts';
import { CatTransform, IndependentTransform, StackTransform } from './transforms-of-parts.ts';

/** A constraint whose class is meant, the class itself, or the function that makes such constraints. */
export type ConstraintKind = Constraint | ConstraintClass | ((...args: never[]) => Constraint);
/** Gives a transform for a constraint, and can learn new ones. */
export interface ConstraintRegistry {
  (constraint: Constraint): Transform;
  /** Says which transform belongs to a class of constraints; a later entry wins over an earlier one. */
  register<C extends Constraint>(constraint: ConstraintKind, factory: (constraint: C) => Transform): void;
}
type Factory = (constraint: never) => Transform;

/** The class that is meant. */
function classOf(kind: unknown): unknown {
  if (kind instanceof Constraint) return kind.constructor;
  if (typeof kind === 'function' && kind.prototype instanceof Constraint) return kind;
  const made = classOfMaker.get(kind);
  if (made) return made;
  throw new TypeError(
    `register: Expected constraint to be either a Constraint subclass or instance, but got ${describe(kind)}`,
  );
}
function makeRegistry(where: string): ConstraintRegistry {
  const known = new Map<unknown, Factory>();
  const find = (constraint: Constraint): Transform => {
    const given: unknown = constraint;
    if (!(given instanceof Constraint))
      throw new TypeError(`${where}: expected a Constraint but received ${describe(given)}`);
    const factory = known.get(given.constructor);
    if (!factory) throw new TypeError(`${where}: Cannot transform ${given.constructor.name} constraints`);
    return factory(constraint as never);
  };
  const register = (kind: ConstraintKind, factory: Factory): void => {
    const type = classOf(kind);
    checkFunction('register', factory);
    known.set(type, factory);
  };
  return Object.assign(find, { register });
}

/**
 * A bijection from unconstrained numbers to what a constraint allows, as Hamiltonian Monte Carlo needs it. Throws TypeError
 * for constraints that nobody {@link ConstraintRegistry.register}ed.
 * @example
 * torch.distributions.bijectTo(torch.distributions.constraints.unitInterval) // SigmoidTransform()
 */
export const bijectTo: ConstraintRegistry = makeRegistry('bijectTo');
/**
 * A transform, not always a bijection, from unconstrained numbers to what a constraint allows, as optimization needs it.
 * Throws TypeError for constraints that nobody {@link ConstraintRegistry.register}ed.
 * @example
 * torch.distributions.transformTo(torch.distributions.constraints.simplex) // SoftmaxTransform()
 */
export const transformTo: ConstraintRegistry = makeRegistry('transformTo');

type Bound = constraints.Bound;
const minus = (a: Bound, b: Bound): Bound =>
  typeof a === 'number' ? (typeof b === 'number' ? a - b : b.neg().add(a)) : a.sub(b);
const after = (t: Transform, loc: Bound, scale: number | Tensor): Transform =>
  new ComposeTransform([t, new AffineTransform(loc, scale)]);

for (const registry of [bijectTo, transformTo]) {
  registry.register(constraints.real, () => identityTransform);
  registry.register<IndependentConstraint>(
    constraints.independent,
    (c) => new IndependentTransform(registry(c.baseConstraint), c.reinterpretedBatchNdims),
  );
  for (const kind of [constraints.greaterThan, constraints.greaterThanEq])
    registry.register<Constraint & { lowerBound: Bound }>(kind, (c) => after(new ExpTransform(), c.lowerBound, 1));
  registry.register<Constraint & { upperBound: Bound }>(constraints.lessThan, (c) =>
    after(new ExpTransform(), c.upperBound, -1),
  );
  for (const kind of [constraints.interval, constraints.halfOpenInterval])
    registry.register<Constraint & { lowerBound: Bound; upperBound: Bound }>(kind, (c) =>
      c.lowerBound === 0 && c.upperBound === 1
        ? new SigmoidTransform()
        : after(new SigmoidTransform(), c.lowerBound, minus(c.upperBound, c.lowerBound)),
    );
  registry.register(constraints.corrCholesky, () => new CorrCholeskyTransform());
  registry.register<Cat>(constraints.cat, (c) => new CatTransform(c.cseq.map(registry), c.dim, c.lengths));
  registry.register<Stack>(constraints.stack, (c) => new StackTransform(c.cseq.map(registry), c.dim));
}
bijectTo.register(constraints.simplex, () => new StickBreakingTransform());
transformTo.register(constraints.simplex, () => new SoftmaxTransform());
transformTo.register(constraints.lowerCholesky, () => new LowerCholeskyTransform());
transformTo.register(constraints.positiveDefinite, () => new PositiveDefiniteTransform());
transformTo.register(constraints.positiveSemidefinite, () => new PositiveDefiniteTransform());
