// Element-wise functions with bounds, weights or a third operand: clamp, lerp, addcmul, round, nanToNum, gelu.
import { castCall, castsThere } from '../autocast.ts';
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { row } from '../define.ts';
import { called, record } from '../history.ts';
import { checkOperand, checkTensor, resultLike, resultType, runMap, type Scalar, scalarOperand } from '../dispatch.ts';
import { BOOL, type DType, fitting, FLOATING, requireFloating, toFloating } from '../dtype.ts';
import { checkNumber, DtypeError, describe, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { Tensor } from '../tensor.ts';
import { clampGrad } from './internal/activation-grad-params.ts';
import { as, mapOf } from './internal/mapping.ts';
import { zerosOf } from './internal/reducing.ts';

const clampKernel = kernel('clamp');
type Bound = Tensor | Scalar | null;
/** Bounds of clamp; at least one must be given. */
export interface ClampOptions {
  min?: Bound | undefined;
  max?: Bound | undefined;
}
/**
 * Elements cut to the range from `min` to `max`; NaN stays NaN. Throws TypeError if neither bound is given.
 * @example
 * torch.clamp(torch.tensor([-1.5, 0.5, 3]), 0, 1) // tensor([0.0000, 0.5000, 1.0000])
 */
export function clamp(x: Tensor, ...args: Call<[min?: Bound, max?: Bound], ClampOptions>): Tensor {
  return inNameOf('clamp', () => {
    checkTensor('clamp', x);
    const { min = null, max = null } = readArguments<ClampOptions>('clamp', args, ['min', 'max']);
    if (min === null && max === null) throw new TypeError("clamp: at least one of 'min' or 'max' must not be null");
    if (min instanceof Tensor || max instanceof Tensor) return clampBetween(x, min, max);
    for (const b of [min, max]) if (b !== null) checkOperand('clamp', b, 'a bound');
    const dt = [min, max].reduce<DType>(
      (d, b) => (b === null ? d : resultType(x, b).kind > d.kind ? resultType(x, b) : d),
      x.dt,
    );
    if (dt.kind === BOOL) throw new DtypeError('clamp: not implemented for bool');
    const stored = (b: Scalar | null): Tensor | number | null =>
      b === null ? null : scalarOperand('clamp', fitting('clamp', b, dt));
    const [low, high] = [stored(min), stored(max)];
    if (low instanceof Tensor || high instanceof Tensor) return clamp(x, low, high); // beyond a double's whole numbers
    const source = as(x, dt);
    const out = resultLike(x.sizes, dt, [source]);
    runMap(clampKernel, x.sizes, [out, source], dt, [min === null ? 0 : 1, low ?? 0, max === null ? 0 : 1, high ?? 0]);
    return record('clamp#1', out, [x], [x], (g, n) => [
      clampGrad(g, as(n.unpack(0), g.dt), low ?? -Infinity, high ?? Infinity),
    ]);
  });
}
row('clamp', clamp);
const clampTensorKernel = kernel('clampTensor');
const maximumKernel = kernel('maximum');
const minimumKernel = kernel('minimum');
/** Bounds of which one is a tensor at least: gradients go where they are the result, and to `max` where they cross. */
function clampBetween(x: Tensor, min: Bound, max: Bound): Tensor {
  const bounds = [min, max].filter((b) => b !== null);
  for (const b of bounds) checkOperand('clamp', b, 'a bound');
  const dt = resultType(x, ...bounds);
  if (dt.kind === BOOL && bounds.length === 2) throw new DtypeError('clamp: not implemented for bool');
  const k = min === null ? minimumKernel : max === null ? maximumKernel : clampTensorKernel;
  const [low, high] = [min, max].map((b) => (b instanceof Tensor ? b : null)) as [Tensor | null, Tensor | null];
  const operands = bounds.map((b) => (b instanceof Tensor ? b : fitting('clamp', b, dt)));
  const out = mapOf('clamp', k, dt, [x, ...operands]);
  return record('clamp', out, [x, low, high], [x, low, high], (g, n) => {
    const v = n.unpack(0);
    const least = low ? n.unpack(1) : (min as Scalar | null);
    const most = high ? n.unpack(2) : (max as Scalar | null);
    const both = (a: Tensor | null, b: Tensor | null): Tensor => (a && b ? a.logicalAnd(b) : (a ?? b)!);
    const crossed = low && most !== null ? low.gt(most) : high && least !== null ? high.lt(least) : null;
    const above = most === null ? null : v.gt(most);
    return [
      n.needs(0) ? g.where(both(least === null ? null : v.ge(least), most === null ? null : v.le(most)), 0) : null,
      low && n.needs(1) ? g.where(both(v.lt(low), most === null ? null : low.lt(most)), 0) : null,
      high && n.needs(2) ? g.where(crossed ? above!.logicalOr(crossed) : above!, 0) : null,
    ];
  });
}
/**
 * Another name of {@link clamp}.
 * @example
 * torch.clip(torch.tensor([-1.5, 0.5, 3]), 0, 1) // tensor([0.0000, 0.5000, 1.0000])
 */
export function clip(x: Tensor, ...args: Call<[min?: Bound, max?: Bound], ClampOptions>): Tensor {
  return inNameOf('clip', () => clamp(x, ...args));
}
/**
 * Elements of at least `min`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.clampMin(torch.tensor([-1.5, 0.5]), 0) // tensor([0.0000, 0.5000])
 */
export function clampMin(x: Tensor, min: Tensor | number): Tensor {
  return inNameOf('clampMin', () => called(min instanceof Tensor ? 'clampMin#1' : 'clampMin', clamp(x, min)));
}
row('clampMin', clampMin);
/**
 * Elements of at most `max`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.clampMax(torch.tensor([0.5, 3]), 1) // tensor([0.5000, 1.0000])
 */
export function clampMax(x: Tensor, max: Tensor | number): Tensor {
  return inNameOf('clampMax', () => called(max instanceof Tensor ? 'clampMax#1' : 'clampMax', clamp(x, null, max)));
}
row('clampMax', clampMax);

const lerpKernel = kernel('lerp');
/**
 * `x + weight * (end - x)`, exact at both ends. Throws ShapeError where the shapes do not broadcast, DtypeError for
 * integers.
 * @example
 * torch.lerp(torch.tensor([1.5, 2]), torch.tensor([3.5, 6]), 0.5) // tensor([2.5000, 4.0000])
 */
export function lerp(x: Tensor, end: Tensor, weight: Tensor | number): Tensor {
  checkTensor('lerp', x);
  checkTensor('lerp', end, 'end');
  checkOperand('lerp', weight, 'weight');
  requireFloating('lerp', x.dt);
  if (end.dt !== x.dt) throw new DtypeError(`lerp: expected dtype ${x.dt.name} for end but got dtype ${end.dt.name}`);
  const out = mapOf('lerp', lerpKernel, x.dt, [x, end, weight]);
  const w = weight instanceof Tensor ? weight : null;
  return record(w ? 'lerp#1' : 'lerp', out, [x, end, w], [w && x, w && end, w], (g, n) => {
    const by = w ? n.unpack(2) : (weight as number);
    return [
      n.needs(0) ? g.mul(by instanceof Tensor ? by.neg().add(1) : 1 - by) : null,
      n.needs(1) ? g.mul(by) : null,
      w && n.needs(2) ? g.mul(n.unpack(1).sub(n.unpack(0))) : null,
    ];
  });
}
row('lerp', lerp);

/** Options of addcmul and addcdiv. */
export interface ValueOptions {
  /** Multiplies the product or quotient. */
  value?: number | undefined;
}
/** `x + value * op(a, b)` in one pass. */
function fused(
  name: 'addcmul' | 'addcdiv',
  x: Tensor,
  a: Tensor,
  b: Tensor,
  options: ValueOptions | undefined,
): Tensor {
  checkTensor(name, x);
  checkTensor(name, a, 'tensor1');
  checkTensor(name, b, 'tensor2');
  checkOptions(name, options, ['value']);
  const value = options?.value ?? 1;
  const dt = resultType(x, a, b);
  if (name === 'addcdiv' && dt.kind !== FLOATING) {
    throw new DtypeError('addcdiv: integer division with addcdiv is no longer supported; use floating-point tensors');
  }
  const out = mapOf(name, kernel(name), dt, [x, a, b], [value]);
  return record(name, out, [x, a, b], [a, b], (g, n) => {
    const [p, q] = [n.unpack(0), n.unpack(1)];
    const byA = name === 'addcmul' ? () => g.mul(q).mul(value) : () => g.mul(value).div(q);
    const byB = name === 'addcmul' ? () => g.mul(p).mul(value) : () => g.mul(-value).mul(p).div(q).div(q);
    return [g, n.needs(1) ? byA() : null, n.needs(2) ? byB() : null];
  });
}
/**
 * `x + value * a * b`. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.addcmul(torch.tensor([1.5]), torch.tensor([2.5]), torch.tensor([4.5]), { value: 2 }) // tensor([24.])
 */
export function addcmul(x: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  if (castsThere(x)) return castCall('addcmul', addcmul, [x, tensor1, tensor2, options]);
  return fused('addcmul', x, tensor1, tensor2, options);
}
row('addcmul', addcmul);
/**
 * `x + value * a / b`. Throws ShapeError where the shapes do not broadcast, DtypeError for integers only.
 * @example
 * torch.addcdiv(torch.tensor([1.5]), torch.tensor([4.5]), torch.tensor([2.5])) // tensor([3.3000])
 */
export function addcdiv(x: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  if (castsThere(x)) return castCall('addcdiv', addcdiv, [x, tensor1, tensor2, options]);
  return fused('addcdiv', x, tensor1, tensor2, options);
}
row('addcdiv', addcdiv);

const roundKernel = kernel('round');
/** Options of round. */
export interface RoundOptions {
  /** Digits after the point; negative ones round to tens and so on. */
  decimals?: number | undefined;
}
/**
 * The nearest whole number, to even where two are as near.
 * @example
 * torch.round(torch.tensor([0.5, 1.5, -2.7])) // tensor([ 0.,  2., -3.])
 */
export function round(x: Tensor, options?: RoundOptions): Tensor {
  checkTensor('round', x);
  checkOptions('round', options, ['decimals']);
  const decimals = options?.decimals ?? 0;
  if (!Number.isInteger(decimals))
    throw new TypeError(`round: expected a whole number for decimals but received ${decimals}`);
  if (x.dt.kind === BOOL) throw new DtypeError('round: not implemented for bool');
  if (x.dt.kind !== FLOATING) {
    if (options?.decimals !== undefined) throw new DtypeError(`round: not implemented for ${x.dt.name} with decimals`);
    return x.clone();
  }
  if (decimals !== 0) {
    const scale = 10 ** Math.abs(decimals);
    const v = x.detach();
    const out = decimals > 0 ? round(v.mul(scale)).div(scale) : round(v.div(scale)).mul(scale);
    return record('round', out, [x], [], (g) => [zerosOf(g.sizes, g.dt, g.device)]);
  }
  const out = resultLike(x.sizes, x.dt, [x]);
  runMap(roundKernel, x.sizes, [out, x], x.dt);
  return record('round', out, [x], [], (g) => [zerosOf(g.sizes, g.dt, g.device)]);
}
row('round', round);

/** What nanToNum puts in place. */
export interface NanToNumOptions {
  nan?: number | null | undefined;
  posinf?: number | null | undefined;
  neginf?: number | null | undefined;
}
const nanToNumKernel = kernel('nanToNum');
const LARGEST: Readonly<Record<string, number>> = {
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
};
/**
 * NaN and infinities replaced: by zero and by the dtype's largest and smallest numbers unless given.
 * @example
 * torch.nanToNum(torch.tensor([NaN, 1.5])) // tensor([0.0000, 1.5000])
 */
export function nanToNum(
  x: Tensor,
  ...args: Call<[nan?: number | null, posinf?: number | null, neginf?: number | null], NanToNumOptions>
): Tensor {
  return inNameOf('nanToNum', () => {
    checkTensor('nanToNum', x);
    const { nan, posinf, neginf } = readArguments<NanToNumOptions>('nanToNum', args, ['nan', 'posinf', 'neginf']);
    for (const [name, v] of Object.entries({ nan, posinf, neginf }))
      if (v !== undefined && v !== null) checkNumber('nanToNum', name, v);
    if (x.dt.kind !== FLOATING) return x.clone();
    const largest = LARGEST[x.dt.name]!;
    const out = resultLike(x.sizes, x.dt, [x]);
    runMap(nanToNumKernel, x.sizes, [out, x], x.dt, [nan ?? 0, posinf ?? largest, neginf ?? -largest]);
    return record('nanToNum', out, [x], [x], (g, n) => [g.where(n.unpack(0).isfinite(), 0)]);
  });
}
row('nanToNum', nanToNum);

/** Options of gelu. */
export interface GeluOptions {
  /** `'tanh'` for the approximation of the paper. */
  approximate?: 'none' | 'tanh' | undefined;
}
const geluKernel = kernel('gelu');
const geluTanhKernel = kernel('geluTanh');
const INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);
/**
 * `x Φ(x)`, the Gaussian error linear unit (https://arxiv.org/abs/1606.08415). Throws DtypeError for integers.
 * @example
 * torch.gelu(torch.tensor([0, 1.5])) // tensor([0.0000, 1.3998])
 */
export function gelu(x: Tensor, options?: GeluOptions): Tensor {
  checkTensor('gelu', x);
  checkOptions('gelu', options, ['approximate']);
  const approximate = options?.approximate ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh')
    throw new TypeError(`gelu: approximate must be either 'none' or 'tanh', not ${describe(approximate)}`);
  requireFloating('gelu', x.dt);
  const out = resultLike(x.sizes, toFloating(x.dt), [x]);
  const tanh = approximate === 'tanh';
  runMap(tanh ? geluTanhKernel : geluKernel, x.sizes, [out, x], x.dt);
  return record('gelu', out, [x], [x], (g, n) => [geluGrad(g, n.unpack(0), tanh)]);
}
row('gelu', gelu);
const geluBackwardKernel = kernel('geluBackward');
const geluTanhBackwardKernel = kernel('geluTanhBackward');
/** The derivative in one pass; its own derivative in plain operators. */
function geluGrad(g: Tensor, x: Tensor, tanh: boolean): Tensor {
  const out = resultLike(x.sizes, x.dt, [g, x]);
  runMap(tanh ? geluTanhBackwardKernel : geluBackwardKernel, x.sizes, [out, as(g, x.dt), x], x.dt);
  return record('geluBackward', out, [g, x], [g, x], (gg, n) => {
    const v = n.unpack(1);
    return [
      n.needs(0) ? geluGrad(gg, v, tanh) : null,
      n.needs(1) ? gg.mul(n.unpack(0)).mul(tanh ? curveTanh(v) : curve(v)) : null,
    ];
  });
}
/** The second derivative of `x Φ(x)`: `φ(x) (2 - x²)`. */
const curve = (x: Tensor): Tensor => x.mul(x).mul(-0.5).exp().mul(INV_SQRT_2PI).mul(x.mul(x).neg().add(2));
/** The second derivative of `x (1 + tanh u) / 2` with `u = k (x + c x³)`. */
function curveTanh(x: Tensor): Tensor {
  const k = Math.sqrt(2 / Math.PI);
  const c = 0.044715;
  const x2 = x.mul(x);
  const t = x.add(x2.mul(x).mul(c)).mul(k).tanh();
  const s = t.mul(t).neg().add(1);
  const u1 = x2
    .mul(3 * c)
    .add(1)
    .mul(k);
  const u2 = x.mul(6 * c * k);
  return s.mul(u1).add(
    x
      .mul(0.5)
      .mul(s)
      .mul(u2.sub(t.mul(2).mul(u1).mul(u1))),
  );
}
