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

/** These operators of a file. */
const only = <T extends object, K extends keyof T & string>(from: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
/** All operators of a file but these, of which PyTorch has no in-place form. */
const but = <T extends object, K extends keyof T & string>(from: T, names: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name as K))) as Omit<T, K>;

/** Every operator that has an in-place form with the same arguments. */
export const inPlace = {
  ...but(unary, ['isfinite', 'isinf', 'isnan', 'isneginf', 'isposinf', 'signbit']),
  ...but(binary, ['fmax', 'fmin', 'logaddexp', 'logaddexp2', 'maximum', 'minimum', 'rsub']),
  ...but(compare, ['allclose', 'equal', 'isclose']),
  ...only(ternary, ['clamp', 'clip', 'clampMin', 'clampMax', 'lerp', 'addcmul', 'addcdiv', 'round', 'nanToNum']),
  ...only(matmul, ['addmm', 'addmv', 'baddbmm', 'addbmm', 'addr']),
  ...only(scan, ['cumsum', 'cumprod']),
  ...only(gather, ['scatter', 'scatterAdd', 'scatterReduce', 'indexAdd', 'indexCopy', 'indexFill']),
  ...only(masking, ['maskedFill', 'maskedScatter']),
  ...only(arrange, ['tril', 'triu']),
  ...only(indexing, ['indexPut']),
  ...only(activation, ['leakyRelu', 'elu', 'selu', 'celu', 'hardtanh', 'threshold']),
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
