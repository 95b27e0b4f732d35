// Constraints of vectors, of matrices, and of parts: simplex, one-hot, Cholesky factors, cat, stack and their kin. Exported
// by constraints.ts.
import { describe, ShapeError } from '../errors.ts';
import { cat as catTensors, stack as stackTensors } from '../ops/join.ts';
import type { Tensor } from '../tensor.ts';
import { type Bound, checkBound, checkConstraint, classOfMaker, Constraint } from './constraint.ts';
import { finfo } from './numbers.ts';
import { isPositiveDefinite, isPositiveSemidefinite, isSquare, isSymmetric } from './triangular.ts';

class OneHot extends Constraint {
  override get eventDim(): number {
    return 1;
  }
  override get isDiscrete(): boolean {
    return true;
  }
  override check(x: Tensor): Tensor {
    return x.eq(0).logicalOr(x.eq(1)).all(-1).logicalAnd(x.sum(-1).eq(1));
  }
}
/**
 * Vectors of zeros with a single one.
 * @example
 * torch.distributions.constraints.oneHot.check(torch.tensor([[0, 1], [1, 1]])) // tensor([ True, False])
 */
export const oneHot: Constraint = new OneHot();

class Simplex extends Constraint {
  override get eventDim(): number {
    return 1;
  }
  override check(x: Tensor): Tensor {
    return x.ge(0).all(-1).logicalAnd(x.sum(-1).sub(1).abs().lt(1e-6));
  }
}
/**
 * Vectors of numbers from 0 on whose sum is 1.
 * @example
 * torch.distributions.constraints.simplex.check(torch.tensor([[0.5, 0.5], [0.5, 1]])) // tensor([ True, False])
 */
export const simplex: Constraint = new Simplex();

class Multinomial extends Constraint {
  readonly upperBound: Bound;
  constructor(upper: Bound) {
    super();
    this.upperBound = upper;
  }
  override get eventDim(): number {
    return 1;
  }
  override get isDiscrete(): boolean {
    return true;
  }
  override check(x: Tensor): Tensor {
    return x.ge(0).all(-1).logicalAnd(x.sum(-1).le(this.upperBound));
  }
}
/**
 * Vectors of counts, `upper` together at most.
 * @example
 * torch.distributions.constraints.multinomial(2).check(torch.tensor([[1, 1], [2, 1]])) // tensor([ True, False])
 */
export function multinomial(upper: Bound): Constraint {
  checkBound('multinomial', upper);
  return new Multinomial(upper);
}

/** Matrices. */
abstract class OfMatrices extends Constraint {
  override get eventDim(): number {
    return 2;
  }
}
const isLower = (x: Tensor): Tensor => x.tril().eq(x).flatten(-2).all(-1);
class LowerTriangular extends OfMatrices {
  override check(x: Tensor): Tensor {
    return isLower(x);
  }
}
/**
 * Lower triangular matrices.
 * @example
 * torch.distributions.constraints.lowerTriangular.check(torch.ones(2, 2)) // tensor(False)
 */
export const lowerTriangular: Constraint = new LowerTriangular();
class LowerCholesky extends OfMatrices {
  override check(x: Tensor): Tensor {
    return isLower(x).logicalAnd(x.diagonal({ dim1: -2, dim2: -1 }).gt(0).all(-1));
  }
}
/**
 * Lower triangular matrices with a positive diagonal.
 * @example
 * torch.distributions.constraints.lowerCholesky.check(torch.eye(2)) // tensor(True)
 */
export const lowerCholesky: Constraint = new LowerCholesky();
class CorrCholesky extends OfMatrices {
  override check(x: Tensor): Tensor {
    const tolerance = finfo(x).eps * x.sizes.at(-1)! * 10;
    const norms = x.detach().square().sum(-1).sqrt();
    return lowerCholesky.check(x).logicalAnd(norms.sub(1).abs().le(tolerance).all(-1));
  }
}
/**
 * Lower triangular matrices with a positive diagonal and rows of length 1: factors of correlation matrices.
 * @example
 * torch.distributions.constraints.corrCholesky.check(torch.tensor([[1, 0], [0.6, 0.8]])) // tensor(True)
 */
export const corrCholesky: Constraint = new CorrCholesky();
class Square extends OfMatrices {
  override check(x: Tensor): Tensor {
    return isSquare(x);
  }
}
/**
 * Square matrices.
 * @example
 * torch.distributions.constraints.square.check(torch.ones(2, 3)) // tensor(False)
 */
export const square: Constraint = new Square();
class Symmetric extends Square {
  override check(x: Tensor): Tensor {
    return isSymmetric(x);
  }
}
/**
 * Symmetric matrices.
 * @example
 * torch.distributions.constraints.symmetric.check(torch.tensor([[1, 2], [2, 3]])) // tensor(True)
 */
export const symmetric: Constraint = new Symmetric();
class PositiveSemidefinite extends Symmetric {
  override check(x: Tensor): Tensor {
    return isPositiveSemidefinite(x);
  }
}
/**
 * Symmetric matrices without negative eigenvalues.
 * @example
 * torch.distributions.constraints.positiveSemidefinite.check(torch.ones(2, 2).neg()) // tensor(False)
 */
export const positiveSemidefinite: Constraint = new PositiveSemidefinite();
class PositiveDefinite extends Symmetric {
  override check(x: Tensor): Tensor {
    return isPositiveDefinite(x);
  }
}
/**
 * Symmetric matrices whose eigenvalues are positive.
 * @example
 * torch.distributions.constraints.positiveDefinite.check(torch.eye(2).neg()) // tensor(False)
 */
export const positiveDefinite: Constraint = new PositiveDefinite();

export class IndependentConstraint extends Constraint {
  readonly baseConstraint: Constraint;
  readonly reinterpretedBatchNdims: number;
  constructor(base: Constraint, ndims: number) {
    super();
    this.baseConstraint = base;
    this.reinterpretedBatchNdims = ndims;
  }
  override get eventDim(): number {
    return this.baseConstraint.eventDim + this.reinterpretedBatchNdims;
  }
  override get isDiscrete(): boolean {
    return this.baseConstraint.isDiscrete;
  }
  override check(x: Tensor): Tensor {
    const result = this.baseConstraint.check(x);
    const dims = this.reinterpretedBatchNdims;
    if (result.ndim < dims) throw new ShapeError(`check: Expected value.dim() >= ${this.eventDim} but got ${x.ndim}`);
    return dims === 0 ? result : result.flatten(result.ndim - dims).all(-1);
  }
  override toString(): string {
    return `IndependentConstraint(${this.baseConstraint}, ${this.reinterpretedBatchNdims})`;
  }
}
/**
 * A constraint of the last `ndims` dims as a whole.
 * @example
 * const { independent, real } = torch.distributions.constraints
 * independent(real, 1).check(torch.tensor([[1, NaN], [1, 2]])) // tensor([False,  True])
 */
export function independent(base: Constraint, ndims: number): Constraint {
  checkConstraint('independent', base);
  if (!Number.isInteger(ndims) || ndims < 0)
    throw new TypeError(`independent: expected a number of dims but received ${describe(ndims)}`);
  return new IndependentConstraint(base, ndims);
}
/**
 * What every component of a mixture allows.
 * @example
 * const { MixtureSameFamilyConstraint, positive } = torch.distributions.constraints
 * new MixtureSameFamilyConstraint(positive) // MixtureSameFamilyConstraint(GreaterThan(lower_bound=0.0))
 */
export class MixtureSameFamilyConstraint extends Constraint {
  readonly baseConstraint: Constraint;
  constructor(baseConstraint: Constraint) {
    super();
    checkConstraint('MixtureSameFamilyConstraint', baseConstraint);
    this.baseConstraint = baseConstraint;
  }
  override get eventDim(): number {
    return this.baseConstraint.eventDim;
  }
  override get isDiscrete(): boolean {
    return this.baseConstraint.isDiscrete;
  }
  override check(x: Tensor): Tensor {
    const n = this.eventDim;
    if (x.ndim < n) throw new ShapeError(`check: Expected value.dim() >= ${n} but got ${x.ndim}`);
    const result = this.baseConstraint.check(x.unsqueeze(-1 - n));
    const kept = x.ndim - n;
    return kept === result.ndim ? result : result.reshape([...result.sizes.slice(0, kept), -1]).all(-1);
  }
  override toString(): string {
    return `MixtureSameFamilyConstraint(${this.baseConstraint})`;
  }
}

/** A list of constraints. */
function checkList(where: string, list: unknown): asserts list is readonly Constraint[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new TypeError(`${where}: expected a list of Constraints but received ${describe(list)}`);
  for (const c of list) checkConstraint(where, c);
}
function checkDim(where: string, dim: unknown): asserts dim is number {
  if (!Number.isInteger(dim)) throw new TypeError(`${where}: expected a dim but received ${describe(dim)}`);
}
function checkWithin(dim: number, x: Tensor): void {
  if (dim < -x.ndim || dim >= x.ndim)
    throw new RangeError(`check: dim ${dim} out of range for value with ${x.ndim} dimensions`);
}
export class Cat extends Constraint {
  readonly cseq: readonly Constraint[];
  readonly dim: number;
  readonly lengths: readonly number[];
  constructor(cseq: readonly Constraint[], dim: number, lengths: readonly number[]) {
    super();
    this.cseq = cseq;
    this.dim = dim;
    this.lengths = lengths;
  }
  override get eventDim(): number {
    return Math.max(...this.cseq.map((c) => c.eventDim));
  }
  override get isDiscrete(): boolean {
    return this.cseq.some((c) => c.isDiscrete);
  }
  override check(x: Tensor): Tensor {
    checkWithin(this.dim, x);
    let start = 0;
    const parts = this.cseq.map((c, i) => {
      const part = c.check(x.narrow(this.dim, start, this.lengths[i]!));
      start += this.lengths[i]!;
      return part;
    });
    return catTensors(parts, this.dim);
  }
}
/**
 * Parts along `dim`, of `lengths` (1 each), each with its own constraint.
 * @example
 * const { cat, positive, real } = torch.distributions.constraints
 * cat([positive, real], 0, [2, 1]).check(torch.tensor([1, -1, -1])) // tensor([ True, False,  True])
 */
export function cat(cseq: readonly Constraint[], dim = 0, lengths: readonly number[] | null = null): Constraint {
  checkList('cat', cseq);
  checkDim('cat', dim);
  const parts = lengths ?? cseq.map(() => 1);
  if (!Array.isArray(parts) || !parts.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new TypeError(`cat: expected a list of lengths but received ${describe(lengths)}`);
  if (parts.length !== cseq.length)
    throw new TypeError(`cat: lengths (${parts.length}) must match cseq (${cseq.length})`);
  return new Cat([...cseq], dim, [...parts]);
}
export class Stack extends Constraint {
  readonly cseq: readonly Constraint[];
  readonly dim: number;
  constructor(cseq: readonly Constraint[], dim: number) {
    super();
    this.cseq = cseq;
    this.dim = dim;
  }
  override get eventDim(): number {
    const dims = Math.max(...this.cseq.map((c) => c.eventDim));
    return this.dim + dims < 0 ? dims + 1 : dims;
  }
  override get isDiscrete(): boolean {
    return this.cseq.some((c) => c.isDiscrete);
  }
  override check(x: Tensor): Tensor {
    checkWithin(this.dim, x);
    if (x.sizes.at(this.dim)! > this.cseq.length)
      throw new ShapeError(`check: dim ${this.dim} of ${x.shape} is longer than the ${this.cseq.length} constraints`);
    return stackTensors(
      x.unbind(this.dim).map((part, i) => this.cseq[i]!.check(part)),
      this.dim,
    );
  }
}
/**
 * Slices along `dim`, each with its own constraint.
 * @example
 * const { stack, positive, real } = torch.distributions.constraints
 * stack([positive, real]).check(torch.tensor([[1, -1], [-1, -1]])).tolist() // [ [ true, false ], [ true, true ] ]
 */
export function stack(cseq: readonly Constraint[], dim = 0): Constraint {
  checkList('stack', cseq);
  checkDim('stack', dim);
  return new Stack([...cseq], dim);
}
classOfMaker.set(independent, IndependentConstraint);
classOfMaker.set(multinomial, Multinomial);
classOfMaker.set(cat, Cat);
classOfMaker.set(stack, Stack);
