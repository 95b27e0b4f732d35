// In-place forms: those that the families made, and for every other operator "compute, then copy".
import { checkCast, checkInPlace, inPlaceForms } from '../define.ts';
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

const {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sqrt,
  rsqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  sigmoid,
  relu,
  neg,
  abs,
  sign,
  sgn,
  square,
  reciprocal,
  ceil,
  floor,
  trunc,
  frac,
  bitwiseNot,
  logicalNot,
  silu,
  i0,
} = unary;
const {
  add,
  sub,
  subtract,
  mul,
  multiply,
  div,
  divide,
  trueDivide,
  floorDivide,
  remainder,
  fmod,
  pow,
  atan2,
  hypot,
  copysign,
  nextafter,
  xlogy,
  heaviside,
  gcd,
  lcm,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  bitwiseLeftShift,
  bitwiseRightShift,
} = binary;
const { eq, ne, lt, le, gt, ge, logicalAnd, logicalOr, logicalXor } = compare;
const { clamp, clip, clampMin, clampMax, lerp, addcmul, addcdiv, round, nanToNum } = ternary;
const { addmm, addmv, baddbmm, addbmm, addr } = matmul;
const { cumsum, cumprod } = scan;
const { scatter, scatterAdd, scatterReduce, indexAdd, indexCopy, indexFill } = gather;
const { maskedFill, maskedScatter } = masking;
const { tril, triu } = arrange;
const { indexPut } = indexing;
const { leakyRelu, elu, selu, celu, hardtanh, threshold } = activation;

/** Every operator that has an in-place form with the same arguments. */
export const inPlace = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sqrt,
  rsqrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  sigmoid,
  relu,
  neg,
  abs,
  sign,
  sgn,
  square,
  reciprocal,
  ceil,
  floor,
  trunc,
  frac,
  bitwiseNot,
  logicalNot,
  silu,
  i0,
  add,
  sub,
  subtract,
  mul,
  multiply,
  div,
  divide,
  trueDivide,
  floorDivide,
  remainder,
  fmod,
  pow,
  atan2,
  hypot,
  copysign,
  nextafter,
  xlogy,
  heaviside,
  gcd,
  lcm,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  bitwiseLeftShift,
  bitwiseRightShift,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  logicalAnd,
  logicalOr,
  logicalXor,
  clamp,
  clip,
  clampMin,
  clampMax,
  lerp,
  addcmul,
  addcdiv,
  round,
  nanToNum,
  addmm,
  addmv,
  baddbmm,
  addbmm,
  addr,
  cumsum,
  cumprod,
  scatter,
  scatterAdd,
  scatterReduce,
  indexAdd,
  indexCopy,
  indexFill,
  maskedFill,
  maskedScatter,
  tril,
  triu,
  indexPut,
  leakyRelu,
  elu,
  selu,
  celu,
  hardtanh,
  threshold,
} as const;

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
  // forms without an operator of the same arguments: copy_, fill_, uniform_, …
  for (const [name, f] of inPlaceForms) out[name] ??= f;
  return out;
}
