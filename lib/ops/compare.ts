// Comparisons and logic: rows whose result is bool, and the two that give a JavaScript boolean.
import { checkOptions } from '../arguments.ts';
import { type Binary, type BinaryOfTensors, compare, row } from '../define.ts';
import { checkOperand, checkTensor, commonDevice, resultLike, runMap } from '../dispatch.ts';
import { bool } from '../dtype.ts';
import { DtypeError, checkNumber, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Where `a` equals `b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.eq(torch.tensor([1, 2]), torch.tensor([1, 3])) // tensor([ True, False])
 */
export const eq: Binary = compare('eq');
/**
 * Where `a` differs from `b`; NaN differs from everything. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.ne(torch.tensor([1, 2]), 2) // tensor([ True, False])
 */
export const ne: Binary = compare('ne');
/**
 * Where `a` is less than `b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.lt(torch.tensor([1, 2]), 2) // tensor([ True, False])
 */
export const lt: Binary = compare('lt');
/**
 * Where `a` is less than `b` or equal. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.le(torch.tensor([1, 2]), 1) // tensor([ True, False])
 */
export const le: Binary = compare('le');
/**
 * Where `a` is greater than `b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.gt(torch.tensor([1, 2]), 1) // tensor([False,  True])
 */
export const gt: Binary = compare('gt');
/**
 * Where `a` is greater than `b` or equal. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.ge(torch.tensor([1, 2]), 2) // tensor([False,  True])
 */
export const ge: Binary = compare('ge');
/**
 * Another name of {@link ne}.
 * @example
 * torch.notEqual(torch.tensor([1, 2]), 2) // tensor([ True, False])
 */
export function notEqual(a: Tensor, b: Tensor | number): Tensor {
  return inNameOf('notEqual', () => ne(a, b));
}
/**
 * Another name of {@link lt}.
 * @example
 * torch.less(torch.tensor([1, 2]), 2) // tensor([ True, False])
 */
export function less(a: Tensor, b: Tensor | number): Tensor {
  return inNameOf('less', () => lt(a, b));
}
/**
 * Another name of {@link le}.
 * @example
 * torch.lessEqual(torch.tensor([1, 2]), 1) // tensor([ True, False])
 */
export function lessEqual(a: Tensor, b: Tensor | number): Tensor {
  return inNameOf('lessEqual', () => le(a, b));
}
/**
 * Another name of {@link gt}.
 * @example
 * torch.greater(torch.tensor([1, 2]), 1) // tensor([False,  True])
 */
export function greater(a: Tensor, b: Tensor | number): Tensor {
  return inNameOf('greater', () => gt(a, b));
}
/**
 * Another name of {@link ge}.
 * @example
 * torch.greaterEqual(torch.tensor([1, 2]), 2) // tensor([False,  True])
 */
export function greaterEqual(a: Tensor, b: Tensor | number): Tensor {
  return inNameOf('greaterEqual', () => ge(a, b));
}
/**
 * Where both are nonzero. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.logicalAnd(torch.tensor([0, 2]), torch.tensor([1, 1])) // tensor([False,  True])
 */
export const logicalAnd: BinaryOfTensors = compare('logicalAnd', { numbers: false });
/**
 * Where at least one is nonzero. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.logicalOr(torch.tensor([0, 2]), torch.tensor([0, 1])) // tensor([False,  True])
 */
export const logicalOr: BinaryOfTensors = compare('logicalOr', { numbers: false });
/**
 * Where exactly one is nonzero. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.logicalXor(torch.tensor([0, 2]), torch.tensor([1, 1])) // tensor([ True, False])
 */
export const logicalXor: BinaryOfTensors = compare('logicalXor', { numbers: false });

/** Options of isclose and allclose. */
export interface CloseOptions {
  /** Relative tolerance, 1e-5 by default. */
  rtol?: number | undefined;
  /** Absolute tolerance, 1e-8 by default. */
  atol?: number | undefined;
  /** Whether two NaN are close. */
  equalNan?: boolean | undefined;
}

const iscloseKernel = kernel('isclose');

interface Tolerances {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}
/** Reads tolerances given by position or by name. */
function tolerances(
  where: string,
  rtol: number | CloseOptions | undefined,
  atol: number | undefined,
  equalNan: boolean | undefined,
): Tolerances {
  if (typeof rtol === 'object' && rtol !== null) {
    checkOptions(where, rtol, ['rtol', 'atol', 'equalNan']);
    return { rtol: rtol.rtol ?? 1e-5, atol: rtol.atol ?? 1e-8, equalNan: rtol.equalNan ?? false };
  }
  return { rtol: rtol ?? 1e-5, atol: atol ?? 1e-8, equalNan: equalNan ?? false };
}

/**
 * Where `|a - b| <= atol + rtol * |b|`. Throws DtypeError if the dtypes differ, ShapeError where the shapes do not
 * broadcast.
 * @example
 * torch.isclose(torch.tensor([1, 2.5]), torch.tensor([1.000001, 2.6])) // tensor([ True, False])
 */
export function isclose(a: Tensor, b: Tensor, rtol?: number | CloseOptions, atol?: number, equalNan?: boolean): Tensor {
  return close('isclose', a, b, tolerances('isclose', rtol, atol, equalNan));
}
function close(where: string, a: Tensor, b: Tensor, t: Tolerances): Tensor {
  checkTensor(where, a);
  checkTensor(where, b, 'other');
  checkNumber(where, 'rtol', t.rtol);
  checkNumber(where, 'atol', t.atol);
  if (!(t.rtol >= 0) || !(t.atol >= 0))
    throw new RangeError(`${where}: rtol and atol must not be negative, but are ${t.rtol} and ${t.atol}`);
  commonDevice(where, [a, b]);
  if (a.dt !== b.dt) throw new DtypeError(`${where}: the dtypes differ: ${a.dtype} did not match ${b.dtype}`);
  const sizes = broadcastShapes(where, a.sizes, b.sizes);
  const out = resultLike(sizes, bool, [a, b]);
  runMap(iscloseKernel, sizes, [out, a, b], a.dt, [t.rtol, t.atol, t.equalNan ? 1 : 0]);
  return out;
}
row('isclose', isclose, { differentiable: false });

/**
 * Whether all elements are close; see {@link isclose}. Throws as that does.
 * @example
 * torch.allclose(torch.tensor([1, 2.5]), torch.tensor([1.000001, 2.5])) // true
 */
export function allclose(
  a: Tensor,
  b: Tensor,
  rtol?: number | CloseOptions,
  atol?: number,
  equalNan?: boolean,
): boolean {
  return Boolean(
    close('allclose', a, b, tolerances('allclose', rtol, atol, equalNan))
      .all()
      .item(),
  );
}
row('allclose', allclose, { differentiable: false });

/**
 * Whether both have the same shape and the same elements; NaN equals nothing.
 * @example
 * torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2])) // true
 */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensor('equal', a);
  checkOperand('equal', b);
  checkTensor('equal', b, 'other');
  commonDevice('equal', [a, b]);
  return sameShape(a.sizes, b.sizes) && Boolean(eq(a, b).all().item());
}
row('equal', equal, { differentiable: false });
