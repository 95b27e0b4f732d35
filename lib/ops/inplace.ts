// In-place forms: those that the families made, those that change the shape, and for every other operator "compute, then
// copy".
import { attach } from '../autograd/node.ts';
import { mode } from '../autograd/mode.ts';
import { inPlaceForms, rows } from '../define.ts';
import { checkHistory } from '../history.ts';
import { checkTensor } from '../dispatch.ts';
import { float64 } from '../dtype.ts';
import { DtypeError, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import type { Tensor } from '../tensor.ts';
import { type ComputeFn, computeThenCopy } from './internal/compute-then-copy.ts';
import * as binary from './binary.ts';
import * as cdist from './cdist.ts';
import * as compare from './compare.ts';
import * as composed from './composed.ts';
import * as aliases from './aliases.ts';
import * as activation from './activation.ts';
import * as arrange from './arrange.ts';
import * as gather from './gather.ts';
import * as igamma from './igamma.ts';
import * as indexing from './indexing.ts';
import * as masking from './masking.ts';
import * as matmul from './matmul.ts';
import * as scan from './scan.ts';
import * as real from './real.ts';
import * as strided from './strided.ts';
import * as ternary from './ternary.ts';
import * as unary from './unary.ts';
import * as view from './view.ts';
import * as positions from './positions.ts';
import './resize.ts';
import * as permute from './permute.ts';

/** These operators of a file. */
const only = <T extends object, K extends keyof T & string>(from: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
/** All operators of a file but these, of which PyTorch has no in-place form. */
const but = <T extends object, K extends keyof T & string>(from: T, names: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name as K))) as Omit<T, K>;

const views = {
  ...only(view, ['squeeze', 'unsqueeze']),
  ...only(permute, ['swapaxes', 'swapdims', 't', 'transpose']),
  ...only(strided, ['asStrided']),
};
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
  ...but(aliases, ['ger']),
  ...but(composed, ['frexp', 'positive']),
  ...igamma,
  ...only(real, ['conjPhysical']),
  ...only(positions, ['put', 'indexReduce']),
  ...only(cdist, ['renorm']),
  ...views,
  ...only(activation, ['leakyRelu', 'elu', 'selu', 'celu', 'hardtanh', 'threshold']),
};

type View = (x: Tensor, ...args: never[]) => Tensor;
/** `x` itself becomes the view: its memory stays, its shape and strides change, which counts as a write. */
function becomeView(name: string, f: View): (x: Tensor, ...args: unknown[]) => Tensor {
  const call = f as (x: Tensor, ...args: unknown[]) => Tensor;
  const where = `${name}_`;
  return (x, ...args) => {
    checkHistory(where, x);
    const y = inNameOf(where, () => call(x, ...args));
    const { node } = x;
    x.sizes = y.sizes;
    x.strides = y.strides;
    x.count = y.count;
    x.dense = y.dense;
    x.offset = y.offset;
    x.shown = null;
    x.storage.version++;
    if (mode.grad && y.node !== null && y.node !== node) {
      // PyTorch numbers the nodes of the forms in place behind the others
      y.node.name = y.node.name.replace(/0$/, '1');
      attach(x, y.node, y.outputNr);
    }
    if (x.base !== null) x.viewVersion = x.storage.version;
    return x;
  };
}
/** The powers are float64, and no other dtype may hold them. */
const floatPower_ = computeThenCopy('floatPower', composed.floatPower as ComputeFn);
inPlaceForms.set('floatPower', (x: Tensor, ...args: unknown[]) => {
  checkTensor('floatPower_', x);
  if (x.dt !== float64)
    throw new DtypeError(`floatPower_: the base has dtype ${x.dt.name} but the result requires dtype float64`);
  return floatPower_(x, ...args);
});

for (const [name, f] of Object.entries(views)) inPlaceForms.set(name, becomeView(name, f as View));

/** The functions behind the `…_` methods, by the operator's name. */
export function inPlaceFunctions(): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, f] of Object.entries(inPlace)) {
    out[name] = inPlaceForms.get(name) ?? spread(computeThenCopy(name, f as ComputeFn));
  }
  // forms without an operator of the same arguments: copy_, fill_, uniform_, …; a family's row has one only if listed
  for (const [name, f] of inPlaceForms) {
    const kind = rows.get(name)?.kind;
    if (kind !== 'unary' && kind !== 'binary') out[name] ??= f;
  }
  return out;
}
