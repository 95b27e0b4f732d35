// In-place forms: those that the families made, and for every other operator "compute, then copy".
import { checkCast, checkInPlace, inPlaceForms, rows } from '../define.ts';
import { checkInPlaceShape } from '../dispatch.ts';
import { spread } from '../methods.ts';
import type { Tensor } from '../tensor.ts';
import * as binary from './binary.ts';
import * as compare from './compare.ts';
import * as activation from './activation.ts';
import * as arrange from './arrange.ts';
import * as gather from './gather.ts';
import * as indexing from './indexing.ts';
import * as masking from './masking.ts';
import * as matmul from './matmul.ts';
import * as scan from './scan.ts';
import * as ternary from './ternary.ts';
import * as unary from './unary.ts';

/** The named operators of one file. */
const pick = <T extends object, K extends keyof T & string>(from: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;

/** Every operator that has an in-place form with the same arguments. */
export const inPlace = {
  ...pick(unary, [
    'exp',
    'exp2',
    'expm1',
    'log',
    'log2',
    'log10',
    'log1p',
    'sqrt',
    'rsqrt',
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
    'erf',
    'erfc',
    'erfinv',
    'lgamma',
    'digamma',
    'sigmoid',
    'relu',
    'neg',
    'abs',
    'sign',
    'sgn',
    'square',
    'reciprocal',
    'ceil',
    'floor',
    'trunc',
    'frac',
    'bitwiseNot',
    'logicalNot',
    'silu',
    'i0',
  ]),
  ...pick(binary, [
    'add',
    'sub',
    'subtract',
    'mul',
    'multiply',
    'div',
    'divide',
    'trueDivide',
    'floorDivide',
    'remainder',
    'fmod',
    'pow',
    'atan2',
    'hypot',
    'copysign',
    'nextafter',
    'xlogy',
    'heaviside',
    'gcd',
    'lcm',
    'bitwiseAnd',
    'bitwiseOr',
    'bitwiseXor',
    'bitwiseLeftShift',
    'bitwiseRightShift',
  ]),
  ...pick(compare, ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'logicalAnd', 'logicalOr', 'logicalXor']),
  ...pick(ternary, ['clamp', 'clip', 'clampMin', 'clampMax', 'lerp', 'addcmul', 'addcdiv', 'round', 'nanToNum']),
  ...pick(matmul, ['addmm', 'addmv', 'baddbmm', 'addbmm', 'addr']),
  ...pick(scan, ['cumsum', 'cumprod']),
  ...pick(gather, ['scatter', 'scatterAdd', 'scatterReduce', 'indexAdd', 'indexCopy', 'indexFill']),
  ...pick(masking, ['maskedFill', 'maskedScatter']),
  ...pick(arrange, ['tril', 'triu']),
  ...pick(indexing, ['indexPut']),
  ...pick(activation, ['leakyRelu', 'elu', 'selu', 'celu', 'hardtanh', 'threshold']),
};

type AnyOp = (x: Tensor, ...args: never[]) => Tensor;

/** Computes the result and stores it in `x`, whose history becomes the result's. */
function computeThenCopy(name: string, f: AnyOp): (x: Tensor, ...args: unknown[]) => Tensor {
  const call = f as (x: Tensor, ...args: unknown[]) => Tensor;
  return (x, ...args) => {
    checkInPlace(`${name}_`, x);
    const y = call(x, ...args);
    checkCast(`${name}_`, y.dt, x.dt);
    checkInPlaceShape(`${name}_`, x, y.sizes);
    return x.copy_(y);
  };
}

/** The functions behind the `…_` methods, by the operator's name. */
export function inPlaceFunctions(): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, f] of Object.entries(inPlace)) {
    out[name] = inPlaceForms.get(name) ?? spread(computeThenCopy(name, f as AnyOp));
  }
  // forms without an operator of the same arguments: copy_, fill_, uniform_, …; a family's row has one only if listed
  for (const [name, f] of inPlaceForms) {
    const kind = rows.get(name)?.kind;
    if (kind !== 'unary' && kind !== 'binary') out[name] ??= f;
  }
  return out;
}
