// Element-wise arithmetic of two tensors, or a tensor and a number: a row each. Broadcasting, promotion, in-place forms
// and the undoing of broadcasting in backward are the family's (define.ts) and the engine's.
import { checkOptions } from '../arguments.ts';
import {
  binary,
  type Binary,
  type BinaryOfNumbers,
  type BinaryOfTensors,
  type BinaryGrad,
  type BinaryRule,
  inPlaceForms,
  needs,
  row,
} from '../define.ts';
import { called } from '../history.ts';
import { asks, PLAIN, special } from '../calls.ts';
import { checkOperand, checkTensor, resultType, type Scalar } from '../dispatch.ts';
import { BOOL, bool, fitting, FLOATING, float32, float64, scalarKind } from '../dtype.ts';
import { AutogradError, DtypeError, inNameOf } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { zerosOf } from './internal/reducing.ts';

/** Options of add and sub. */
export interface AlphaOptions {
  /** Multiplies the second operand first. */
  alpha?: number | undefined;
}

/** The second operand as a tensor: a number as one without dims, of the dtype of the first. */
const tensorLike = (x: Tensor | Scalar, like: Tensor): Tensor =>
  x instanceof Tensor ? x : zerosOf([], like.dt, like.device).fill_(x);
/** The gradient of a step: zero, also where `g` is infinite. */
const flat = needs('', (g) => zerosOf(g.sizes, g.dt, g.device));
/** Of what PyTorch has no derivative of: an error when it is asked for. */
const unknownGrads = (name: string): [BinaryGrad, BinaryGrad] => {
  const refuse = needs('', () => {
    throw new AutogradError(`${name}: the derivative is not implemented`);
  });
  return [refuse, refuse];
};

const plainAdd: BinaryOfNumbers = binary('add', 'promote', {
  numbers: 'both',
  grads: [needs('', (g) => g), needs('', (g) => g)],
});
/** Neither operand of a difference may be bool. */
function refuseBool(where: string, ...operands: readonly (Tensor | Scalar)[]): void {
  if (operands.some((x) => (x instanceof Tensor ? x.dt.kind === BOOL : typeof x === 'boolean')))
    throw new DtypeError(
      `${where}: subtraction of a bool tensor is not supported; use logicalXor() or logicalNot() instead`,
    );
}
const plainSub: BinaryOfNumbers = binary('sub', 'promote', {
  numbers: 'both',
  grads: [needs('', (g) => g), needs('', (g) => g.neg())],
  check: refuseBool,
});

/** `alpha` times the second operand. */
function scaled(
  where: string,
  a: Tensor | Scalar,
  b: Tensor | Scalar,
  options: AlphaOptions | undefined,
): Tensor | Scalar {
  checkOptions(where, options, ['alpha']);
  const alpha = options?.alpha ?? 1;
  if (alpha === 1) return b;
  checkOperand(where, alpha, 'alpha');
  checkOperand(where, a, 'input');
  checkOperand(where, b);
  const kind = Math.max(
    a instanceof Tensor ? a.dt.kind : scalarKind(a),
    b instanceof Tensor ? b.dt.kind : scalarKind(b),
  );
  if (scalarKind(alpha) === FLOATING && kind !== FLOATING) {
    throw new DtypeError(
      `${where}: for integral input tensors, argument alpha must not be a floating point number (${alpha})`,
    );
  }
  if (!(b instanceof Tensor)) return Number(b) * alpha;
  // in the dtype of the result, which may hold more than the operand's own
  const { name } = resultType(a, b);
  return (b.dtype === name ? b : b.to(name)).mul(alpha);
}

/**
 * `a + alpha * b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.add(torch.tensor([1, 2]), torch.tensor([10, 20]), { alpha: 2 }) // tensor([21, 42])
 */
export function add(a: Tensor | Scalar, b: Tensor | Scalar, options?: AlphaOptions): Tensor {
  if (options === undefined) return plainAdd(a, b);
  const made = special('add', [a, b, options]);
  return made === PLAIN ? plainAdd(a, scaled('add', a, b, options)) : (made as Tensor);
}
asks(add);
/**
 * `a - alpha * b`. Throws ShapeError where the shapes do not broadcast, DtypeError on bool.
 * @example
 * torch.sub(torch.tensor([1, 2]), 5) // tensor([-4, -3])
 */
export function sub(a: Tensor | Scalar, b: Tensor | Scalar, options?: AlphaOptions): Tensor {
  if (typeof a === 'boolean') refuseBool('sub', a);
  if (options === undefined) return plainSub(a, b);
  const made = special('sub', [a, b, options]);
  return made === PLAIN ? plainSub(a, scaled('sub', a, b, options)) : (made as Tensor);
}
asks(sub);
/**
 * Another name of {@link sub}. Throws ShapeError where the shapes do not broadcast, DtypeError on bool.
 * @example
 * torch.subtract(torch.tensor([1, 2]), 5) // tensor([-4, -3])
 */
export function subtract(a: Tensor | Scalar, b: Tensor | Scalar, options?: AlphaOptions): Tensor {
  return inNameOf('subtract', () => sub(a, b, options));
}
/**
 * `b - alpha * a`. Throws ShapeError where the shapes do not broadcast, DtypeError on bool.
 * @example
 * torch.rsub(torch.tensor([1, 2]), 5) // tensor([4, 3])
 */
export function rsub(a: Tensor, b: Tensor | Scalar, options?: AlphaOptions): Tensor {
  return inNameOf('rsub', () => {
    checkTensor('rsub', a);
    checkOperand('rsub', b);
    return called(b instanceof Tensor ? 'rsub' : 'rsub#1', sub(b, a, options));
  });
}
row('rsub', rsub);
/**
 * `a * b`, element by element. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.mul(torch.tensor([1, 2]), torch.tensor([[3], [5]]))
 * // tensor([[ 3,  6],
 * //         [ 5, 10]])
 */
export const mul: BinaryOfNumbers = binary('mul', 'promote', {
  numbers: 'both',
  grads: [needs('b', (g, { b }) => g.mul(b)), needs('a', (g, { a }) => g.mul(a))],
});
/**
 * Another name of {@link mul}. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.multiply(torch.tensor([1, 2]), 3) // tensor([3, 6])
 */
export function multiply(a: Tensor | Scalar, b: Tensor | Scalar): Tensor {
  return inNameOf('multiply', () => mul(a, b));
}

/** Options of div. */
export interface DivOptions {
  /** `'trunc'` rounds towards zero, `'floor'` down; null gives the exact quotient. */
  roundingMode?: 'trunc' | 'floor' | null | undefined;
}

const trueDiv: BinaryOfNumbers = binary('div', 'float', {
  numbers: 'both',
  grads: [needs('b', (g, { b }) => g.div(b)), needs('ab', (g, { a, b }) => g.neg().mul(a.div(b).div(b)))],
});
/**
 * The quotient rounded down, as Python's `//`. Throws RangeError on an integer division by zero.
 * @example
 * torch.floorDivide(torch.tensor([7, -7]), 2) // tensor([ 3, -4])
 */
export const floorDivide: BinaryOfNumbers = binary('floorDivide', 'number', {
  numbers: 'both',
  grads: unknownGrads('floorDivide'),
});
const floorDiv: BinaryOfNumbers = binary('floorDiv', 'number', {
  numbers: 'both',
  kernel: 'floorDivide',
  grads: [flat, flat],
});
const truncDiv: BinaryOfNumbers = binary('truncDiv', 'number', {
  numbers: 'both',
  kernel: 'truncDivide',
  grads: [flat, flat],
});

/**
 * `a / b`: floating point also for integers, unless `roundingMode` is given. Throws ShapeError where the shapes do not
 * broadcast.
 * @example
 * torch.div(torch.tensor([7, -7]), 2) // tensor([ 3.5000, -3.5000])
 * @example
 * torch.div(torch.tensor([7, -7]), 2, { roundingMode: 'floor' }) // tensor([ 3, -4])
 */
export function div(a: Tensor | Scalar, b: Tensor | Scalar, options?: DivOptions): Tensor {
  if (options === undefined) return trueDiv(a, b);
  const made = special('div', [a, b, options]);
  return made === PLAIN ? divided('div', trueDiv, truncDiv, floorDiv, a, b, options) : (made as Tensor);
}
asks(div);
/** Chooses the division that a rounding mode asks for. */
function divided<A>(
  where: string,
  exact: (a: A, b: Tensor | Scalar) => Tensor,
  trunc: (a: A, b: Tensor | Scalar) => Tensor,
  floor: (a: A, b: Tensor | Scalar) => Tensor,
  a: A,
  b: Tensor | Scalar,
  options: DivOptions,
): Tensor {
  checkOptions(where, options, ['roundingMode']);
  const mode = options?.roundingMode ?? null;
  if (mode === null) return exact(a, b);
  if (mode === 'trunc') return trunc(a, b);
  if (mode === 'floor') return floor(a, b);
  throw new TypeError(
    `${where}: expected roundingMode to be one of null, 'trunc' or 'floor' but received ${String(mode)}`,
  );
}
type InPlace = (x: Tensor, b: Tensor | Scalar, options?: object) => Tensor;
const formOf = (name: string): InPlace => inPlaceForms.get(name) as InPlace;
// in place, add, sub and div take the same options
for (const name of ['add', 'sub']) {
  const plain = formOf(name);
  inPlaceForms.set(name, (x: Tensor, b: Tensor | Scalar, options?: AlphaOptions) =>
    plain(x, options === undefined ? b : scaled(`${name}_`, x, b, options)),
  );
}
const [exactForm, truncForm, floorForm] = [formOf('div'), formOf('truncDiv'), formOf('floorDiv')];
inPlaceForms.set('div', (x: Tensor, b: Tensor | Scalar, options?: DivOptions) =>
  options === undefined ? exactForm(x, b) : divided('div_', exactForm, truncForm, floorForm, x, b, options),
);
// no operators of their own
inPlaceForms.delete('truncDiv');
inPlaceForms.delete('floorDiv');

/**
 * Another name of {@link div}. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.divide(torch.tensor([7, -7]), 2) // tensor([ 3.5000, -3.5000])
 */
export function divide(a: Tensor | Scalar, b: Tensor | Scalar, options?: DivOptions): Tensor {
  return inNameOf('divide', () => div(a, b, options));
}
/**
 * `a / b`, floating point also for integers. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.trueDivide(torch.tensor([7, -7]), 2) // tensor([ 3.5000, -3.5000])
 */
export function trueDivide(a: Tensor | Scalar, b: Tensor | Scalar): Tensor {
  return inNameOf('trueDivide', () => trueDiv(a, b));
}
/**
 * The remainder with the sign of `b`, as Python's `%`. Throws RangeError on an integer modulo zero.
 * @example
 * torch.remainder(torch.tensor([7, -7]), 4) // tensor([3, 1])
 */
export const remainder: BinaryOfNumbers = binary('remainder', 'number', {
  nodes: [1, 0],
  numbers: 'either',
  grads: [needs('', (g) => g), needs('ab', (g, { a, b }) => g.neg().mul(a.div(b, { roundingMode: 'floor' })))],
});
/**
 * The remainder with the sign of `a`, as C's `fmod`. Throws ShapeError where the shapes do not broadcast, DtypeError on
 * bool.
 * @example
 * torch.fmod(torch.tensor([7, -7]), 4) // tensor([ 3, -3])
 */
export const fmod: Binary = binary('fmod', 'number', {
  nodes: [1, 0],
  grads: [needs('', (g) => g), needs('ab', (g, { a, b }) => g.neg().mul(a.div(b, { roundingMode: 'trunc' })))],
});
/**
 * `a` to the power `b`. Throws RangeError on integers to negative powers.
 * @example
 * torch.pow(torch.tensor([1.5, 2]), 2) // tensor([2.2500, 4.0000])
 */
export const pow: BinaryOfNumbers = binary('pow', 'number', {
  nodes: [1, 0],
  numbers: 'either',
  check: (where, a, b) => {
    if (!(b instanceof Tensor) && Number(b) < 0 && a.dt.kind !== FLOATING && scalarKind(b) !== FLOATING) {
      throw new RangeError(`${where}: integers to negative integer powers are not allowed`);
    }
    if (!(b instanceof Tensor) && a.dt !== float32 && a.dt !== float64 && scalarKind(b) <= a.dt.kind)
      fitting(where, b, a.dt);
  },
  grads: [
    needs('ab', (g, { a, b }) => {
      if (b instanceof Tensor) return g.mul(b.mul(a.pow(b.sub(1)))).where(b.ne(0), 0);
      const n = Number(b);
      return n === 0 ? zerosOf(g.sizes, g.dt, g.device) : g.mul(n === 1 ? 1 : n === 2 ? a.mul(2) : a.pow(n - 1).mul(n));
    }),
    // 0^b is 0 for every b > 0: no slope there
    needs('aby', (g, { a, b, y }) => {
      return g.mul(y.mul(a.log()).where(a.ne(0).logicalOr(tensorLike(b, a).lt(0)), 0));
    }),
  ],
});
/**
 * The larger of both, element by element; NaN wins. Where they are equal each gets half of the gradient. Throws
 * ShapeError where the shapes do not broadcast.
 * @example
 * torch.maximum(torch.tensor([1, 4]), torch.tensor([3, 2])) // tensor([3, 4])
 */
export const maximum: BinaryOfTensors = binary('maximum', 'promote', {
  numbers: 'none',
  grads: [
    needs('ab', (g, { a, b }) => shareTies(g, a, b, a.lt(b))),
    needs('ab', (g, { a, b }) => shareTies(g, a, b, a.gt(b))),
  ],
});
/**
 * The smaller of both, element by element; NaN wins. Where they are equal each gets half of the gradient. Throws
 * ShapeError where the shapes do not broadcast.
 * @example
 * torch.minimum(torch.tensor([1, 4]), torch.tensor([3, 2])) // tensor([1, 2])
 */
export const minimum: BinaryOfTensors = binary('minimum', 'promote', {
  numbers: 'none',
  grads: [
    needs('ab', (g, { a, b }) => shareTies(g, a, b, a.gt(b))),
    needs('ab', (g, { a, b }) => shareTies(g, a, b, a.lt(b))),
  ],
});
/** The gradient unless the operand loses, half of it where they are equal; NaN takes it too. */
function shareTies(g: Tensor, a: Tensor, b: Tensor | Scalar, loses: Tensor): Tensor {
  return g.mul(0.5).where(a.eq(b), g.maskedFill(loses, 0));
}
/**
 * The larger of both, element by element, ignoring NaN. Throws ShapeError where the shapes do not broadcast, DtypeError
 * on bool.
 * @example
 * torch.fmax(torch.tensor([NaN, 4]), torch.tensor([3, 2])) // tensor([3., 4.])
 */
export const fmax: BinaryOfTensors = binary('fmax', 'promote', {
  numbers: 'none',
  grads: [
    needs('ab', (g, { a, b }) => g.where(a.ge(b).logicalOr(tensorLike(b, a).isnan()), 0)),
    needs('ab', (g, { a, b }) => g.maskedFill(a.ge(b).logicalOr(tensorLike(b, a).isnan()), 0)),
  ],
});
/**
 * The smaller of both, element by element, ignoring NaN. Throws ShapeError where the shapes do not broadcast,
 * DtypeError on bool.
 * @example
 * torch.fmin(torch.tensor([NaN, 4]), torch.tensor([3, 2])) // tensor([3., 2.])
 */
export const fmin: BinaryOfTensors = binary('fmin', 'promote', {
  numbers: 'none',
  grads: [
    needs('ab', (g, { a, b }) => g.where(a.le(b).logicalOr(tensorLike(b, a).isnan()), 0)),
    needs('ab', (g, { a, b }) => g.maskedFill(a.le(b).logicalOr(tensorLike(b, a).isnan()), 0)),
  ],
});
/**
 * The angle of the point (b, a), in radians. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.atan2(torch.tensor([1, -1.5]), torch.tensor([2, -2])) // tensor([ 0.4636, -2.4981])
 */
export const atan2: BinaryOfTensors = binary('atan2', 'float', {
  numbers: 'none',
  grads: [
    needs('ab', (g, { a, b }) => g.mul(tensorLike(b, a).div(a.mul(a).add(tensorLike(b, a).mul(b))))),
    needs('ab', (g, { a, b }) => g.mul(a.neg().div(a.mul(a).add(tensorLike(b, a).mul(b))))),
  ],
});
/**
 * `sqrt(a² + b²)` without overflow. Throws ShapeError where the shapes do not broadcast, DtypeError for integers.
 * @example
 * torch.hypot(torch.tensor([3, 1.5]), torch.tensor([4, 2])) // tensor([5.0000, 2.5000])
 */
export const hypot: BinaryOfTensors = binary('hypot', 'promote', {
  numbers: 'none',
  grads: [needs('ay', (g, { a, y }) => g.mul(a.div(y))), needs('by', (g, { b, y }) => g.mul((b as Tensor).div(y)))],
});
/**
 * The size of `a` with the sign of `b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.copysign(torch.tensor([1.5, -2]), -1) // tensor([-1.5000, -2.0000])
 */
export const copysign: Binary = binary('copysign', 'float', {
  nodes: [0, 1],
  grads: [needs('ay', (g, { a, y }) => g.mul(y.div(a).where(a.ne(0), 0))), flat],
});
/**
 * The next floating-point number after `a` towards `b`. Throws ShapeError where the shapes do not broadcast, DtypeError
 * for integers.
 * @example
 * torch.nextafter(torch.tensor([1.5]), torch.tensor([2.5])).gt(1.5) // tensor([True])
 */
export const nextafter: BinaryOfTensors = binary('nextafter', 'number', {
  numbers: 'none',
  grads: [needs('ab', (g, { a, b }) => g.maskedFill(a.eq(b), 0)), flat],
});
/**
 * `ln(e^a + e^b)` without overflow. Throws ShapeError where the shapes do not broadcast, DtypeError for integers.
 * @example
 * torch.logaddexp(torch.tensor([0, 1000.5]), torch.tensor([0, 1000])) // tensor([6.9315e-01, 1.0010e+03])
 */
export const logaddexp: Binary = binary('logaddexp', 'number', {
  grads: [
    needs('ay', (g, { a, y }) => g.mul(a.sub(y).exp())),
    needs('by', (g, { b, y }) => g.mul((b as Tensor).sub(y).exp())),
  ],
});
/**
 * `log2(2^a + 2^b)` without overflow. Throws ShapeError where the shapes do not broadcast, DtypeError for integers.
 * @example
 * torch.logaddexp2(torch.tensor([0, 1.5]), torch.tensor([0, 1.5])) // tensor([1.0000, 2.5000])
 */
export const logaddexp2: Binary = binary('logaddexp2', 'number', {
  grads: [
    needs('ay', (g, { a, y }) => g.mul(a.sub(y).exp2())),
    needs('by', (g, { b, y }) => g.mul((b as Tensor).sub(y).exp2())),
  ],
});
/**
 * `a ln(b)`, and 0 where a is 0. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.xlogy(torch.tensor([0, 1.5]), torch.tensor([0, 2])) // tensor([0.0000, 1.0397])
 */
export const xlogy: BinaryOfNumbers = binary('xlogy', 'float', {
  numbers: 'either',
  grads: [
    needs('ab', (g, { a, b }) => g.mul(tensorLike(b, a).log()).where(a.ne(0).logicalOr(tensorLike(b, a).gt(0)), 0)),
    needs('ab', (g, { a, b }) => g.mul(a.div(b))),
  ],
});
/**
 * 0 below zero, 1 above, and `b` at zero. Throws ShapeError where the shapes do not broadcast, DtypeError on bool.
 * @example
 * torch.heaviside(torch.tensor([-1.5, 0, 2]), torch.tensor([0.5])) // tensor([0.0000, 0.5000, 1.0000])
 */
export const heaviside: BinaryOfTensors = binary('heaviside', 'promote', {
  numbers: 'none',
  grads: unknownGrads('heaviside'),
  check: (where, a, b) => {
    if (b instanceof Tensor && b.dt !== a.dt)
      throw new DtypeError(
        `${where}: not implemented for tensors with different dtypes, ${a.dt.name} and ${b.dt.name}`,
      );
  },
});
/**
 * The greatest common divisor of integers. Throws DtypeError for other dtypes than integers, ShapeError where the
 * shapes do not broadcast.
 * @example
 * torch.gcd(torch.tensor([12, 7]), torch.tensor(8)) // tensor([4, 1])
 */
export const gcd: BinaryOfTensors = binary('gcd', 'integer', { numbers: 'none' });
/**
 * The least common multiple of integers. Throws DtypeError for other dtypes than integers, ShapeError where the shapes
 * do not broadcast.
 * @example
 * torch.lcm(torch.tensor([12, 7]), torch.tensor(8)) // tensor([24, 56])
 */
export const lcm: BinaryOfTensors = binary('lcm', 'integer', { numbers: 'none' });
/**
 * Bitwise and; of bools, logical. Throws DtypeError for floating point, ShapeError where the shapes do not broadcast.
 * @example
 * torch.bitwiseAnd(torch.tensor([12, 7]), 5) // tensor([4, 5])
 */
export const bitwiseAnd: BinaryOfNumbers = binary('bitwiseAnd', 'integer', { numbers: 'either' });
/**
 * Bitwise or; of bools, logical. Throws DtypeError for floating point, ShapeError where the shapes do not broadcast.
 * @example
 * torch.bitwiseOr(torch.tensor([12, 7]), 5) // tensor([13,  7])
 */
export const bitwiseOr: BinaryOfNumbers = binary('bitwiseOr', 'integer', { numbers: 'either' });
/**
 * Bitwise exclusive or; of bools, logical. Throws DtypeError for floating point, ShapeError where the shapes do not
 * broadcast.
 * @example
 * torch.bitwiseXor(torch.tensor([12, 7]), 5) // tensor([9, 2])
 */
export const bitwiseXor: BinaryOfNumbers = binary('bitwiseXor', 'integer', { numbers: 'either' });
const onlyIntegers: NonNullable<BinaryRule['check']> = (where, a, b) => {
  const dt = resultType(a, b);
  if (dt === bool || dt.kind === FLOATING) throw new DtypeError(`${where}: not implemented for ${dt.name}`);
};
/**
 * Shifts bits to the left. Throws DtypeError for other dtypes than integers, ShapeError where the shapes do not
 * broadcast.
 * @example
 * torch.bitwiseLeftShift(torch.tensor([1, 3]), 2) // tensor([ 4, 12])
 */
export const bitwiseLeftShift: BinaryOfNumbers = binary('bitwiseLeftShift', 'integer', {
  numbers: 'either',
  kernel: 'leftShift',
  check: onlyIntegers,
});
/**
 * Shifts bits to the right, keeping the sign. Throws DtypeError for other dtypes than integers, ShapeError where the
 * shapes do not broadcast.
 * @example
 * torch.bitwiseRightShift(torch.tensor([4, -12]), 2) // tensor([ 1, -3])
 */
export const bitwiseRightShift: BinaryOfNumbers = binary('bitwiseRightShift', 'integer', {
  numbers: 'either',
  kernel: 'rightShift',
  check: onlyIntegers,
});
