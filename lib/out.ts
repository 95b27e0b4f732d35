// The option `out`: a result goes to a tensor that is there already. Called by calls.ts for every function that takes it.
import { mode, noGrad } from './autograd/mode.ts';
import { tracked } from './autograd/node.ts';
import { isPlain } from './calls.ts';
import { checkCast, inPlaceForms, outForms, rows } from './define.ts';
import { checkInPlace } from './history.ts';
import { checkTensor, checkWritable, nonOverlappingAndDense } from './dispatch.ts';
import { FLOATING } from './dtype.ts';
import { AutogradError, describe, DeviceError, DtypeError, inNameOf, ShapeError } from './errors.ts';
import { sameShape, show } from './shape.ts';
import { Tensor } from './tensor.ts';

/**
 * Which dtypes `out` may have, as PyTorch has it for each function:
 * - `same`: that of the result;
 * - `cast`: any that the result can be cast to without losing its kind;
 * - `any`: all;
 * - `sums`: all, and that is what the function computes in; `runs`: the same, but no bool;
 * - `mask`: bool or uint8;
 * - `make`: all, and it is that of the result: functions that make tensors.
 */
export type OutRule = 'same' | 'cast' | 'any' | 'sums' | 'runs' | 'mask' | 'make';
type Fn = (...args: readonly unknown[]) => unknown;

/** Functions that PyTorch makes of others and of a copy to `out`, which is recorded: the result keeps its history. */
const RECORDED: ReadonlySet<string> = new Set([
  'inner',
  'linalg.cond',
  'linalg.matrixNorm',
  'linalg.norm',
  'linalg.tensorinv',
  'linalg.tensorsolve',
  'nanquantile',
  'ndtr',
  'quantile',
  'tensordot',
]);

/** Every tensor of the arguments: none lies deeper than in a list of lists. */
function tensorsIn(x: unknown, found: Tensor[] = [], depth = 0): Tensor[] {
  if (x instanceof Tensor) found.push(x);
  else if (depth > 3) return found;
  else if (Array.isArray(x)) for (const item of x) tensorsIn(item, found, depth + 1);
  else if (isPlain(x)) tensorsIn(Object.values(x), found, depth + 1);
  return found;
}

/** PyTorch's words for `out` where a gradient is wanted. */
const refuseGradient = (where: string): AutogradError =>
  new AutogradError(
    `${where}: functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.`,
  );

/** The first and the last byte, or null where they do not tell all of the layout. */
function span({ storage, offset, sizes, strides, dt, count }: Tensor): [number, number] | null {
  if (count === 0 || !nonOverlappingAndDense(sizes, strides)) return null;
  const start = storage.byteOffset + offset * dt.size;
  return [start, start + count * dt.size];
}
/** Refuses an `out` that shares some elements with an input, and not all in their places. */
function checkOverlap(where: string, out: Tensor, input: Tensor): void {
  if (out === input || out.storage.handle !== input.storage.handle) return;
  const [a, b] = [span(out), span(input)];
  if (a === null || b === null) return;
  if (a[0] === b[0] && a[1] === b[1] && (out.dense || sameShape(out.strides, input.strides))) return;
  if (a[0] < b[1] && b[0] < a[1]) {
    throw new AutogradError(
      `${where}: unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory ` +
        'location. Please clone() the tensor before performing the operation.',
    );
  }
}

function checkDtype(where: string, rule: OutRule, out: Tensor, y: Tensor): void {
  if (out.dt === y.dt || rule === 'any' || rule === 'sums' || rule === 'runs' || rule === 'make') return;
  if (rule === 'cast') checkCast(where, y.dt, out.dt);
  else if (rule === 'mask') {
    if (out.dt.name !== 'uint8')
      throw new DtypeError(`${where}: only supports bool tensor for result, got: ${out.dt.name}`);
  } else
    throw new DtypeError(`${where}: Expected out tensor to have dtype ${y.dt.name}, but got ${out.dt.name} instead`);
}

type Form = (x: Tensor, ...args: unknown[]) => Tensor;
const formOf = (name: string): Form => inPlaceForms.get(name) as Form;

/** Gives `out` the shape of the result; says so where it held something. */
function fit(where: string, out: Tensor, y: Tensor, inputs: readonly Tensor[], rule: OutRule): void {
  if (sameShape(out.sizes, y.sizes)) {
    checkWritable(where, out);
    return;
  }
  if (rule === 'cast' && inputs.includes(out)) {
    throw new ShapeError(
      `${where}: output with shape ${show(out.sizes)} doesn't match the broadcast shape ${show(y.sizes)}`,
    );
  }
  if (out.count > 0) {
    process.emitWarning(
      `${where}: An output with one or more elements was resized since it had shape ${show(out.sizes)}, which does not match ` +
        `the required output shape ${show(y.sizes)}. This behavior is deprecated, and in a future PyTorch release outputs ` +
        'will not be resized unless they have zero elements. You can explicitly reuse an out tensor t by resizing it, ' +
        'inplace, to zero elements with t.resize_(0).',
    );
  }
  inNameOf(where, () => formOf('resize')(out, [...y.sizes]));
  if (!y.dense && nonOverlappingAndDense(y.sizes, y.strides)) {
    out.strides = y.strides.slice();
    out.dense = false;
  }
}

/** Calls `f` and stores what it gives in `out`, a tensor or several; gives `out`. */
export function writeTo(
  where: string,
  key: string,
  rule: OutRule,
  f: Fn,
  args: readonly unknown[],
  out: unknown,
): unknown {
  const outs: readonly unknown[] = Array.isArray(out) ? out : [out];
  for (const o of outs) {
    if (!(o instanceof Tensor))
      throw new TypeError(`${where}: argument 'out' must be a Tensor, or a list of them, but received ${describe(o)}`);
    checkTensor(where, o, 'out');
  }
  const targets = outs as readonly Tensor[];
  const inputs = tensorsIn(args);
  const recorded = RECORDED.has(key);
  const run = recorded ? <R>(g: () => R): R => g() : noGrad;
  let wanted = false;
  if (mode.grad && !recorded) {
    if (rule === 'make') for (const o of targets) checkInPlace(where, o);
    else if (targets.some(tracked)) throw refuseGradient(where);
    wanted = rule !== 'make' && rows.get(key)?.differentiable !== false && inputs.some(tracked);
  }
  const direct = outForms.get(key);
  if (direct !== undefined && !wanted && !recorded && targets.length === 1 && !Array.isArray(out)) {
    const [target] = targets as [Tensor];
    for (const x of inputs) checkOverlap(where, target, x);
    checkWritable(where, target);
    if (direct(target, args)) {
      target.storage.version++;
      return target;
    }
  }
  let call = args;
  let asksGrad = false;
  if (rule === 'make' || rule === 'sums' || rule === 'runs') {
    const last = args.at(-1);
    const { requiresGrad, dtype, ...options } = isPlain(last) ? last : {};
    const { name } = targets[0]!.dt;
    if (rule === 'runs' && name === 'bool') throw new DtypeError(`${where}: not implemented for bool`);
    const named = dtype ?? name;
    if (named !== name)
      throw new DtypeError(`${where}: dtype ${describe(named)} does not match dtype of out parameter (${name})`);
    asksGrad = requiresGrad === true;
    call = [...(isPlain(last) ? args.slice(0, -1) : args), { ...options, dtype: name }];
  }
  const y = run(() => f(...call));
  if (y instanceof Tensor ? Array.isArray(out) : !Array.isArray(y) || !Array.isArray(out) || y.length !== out.length) {
    const shape = y instanceof Tensor ? 'a Tensor' : Array.isArray(y) ? `a list of ${y.length} tensors` : 'absent';
    throw new TypeError(
      `${where}: argument 'out' must be ${shape}, but received ${Array.isArray(out) ? `a list of ${out.length}` : describe(out)}`,
    );
  }
  const results = (y instanceof Tensor ? [y] : y) as Tensor[];
  if (wanted && results.some((part) => part.dt.kind === FLOATING)) throw refuseGradient(where);
  results.forEach((part, i) => {
    const target = targets[i]!;
    if (target.device !== part.device)
      throw new DeviceError(`${where}: Expected out tensor to be on ${part.device}, but got ${target.device} instead`);
    checkDtype(where, rule, target, part);
    for (const x of inputs) checkOverlap(where, target, x);
  });
  results.forEach((part, i) => {
    const target = targets[i]!;
    fit(where, target, part, inputs, rule);
    run(() => inNameOf(where, () => formOf('copy')(target, part)));
  });
  if (asksGrad) targets[0]!.requiresGrad = true;
  if (y instanceof Tensor) return out;
  // the parts have names, too
  for (const name of Object.getOwnPropertyNames(results)) {
    const at = results.indexOf(Reflect.get(results, name) as Tensor);
    if (/^\d+$/.test(name) || at < 0) continue;
    Object.defineProperty(results, name, { value: targets[at] });
  }
  targets.forEach((target, i) => {
    results[i] = target;
  });
  return results;
}
