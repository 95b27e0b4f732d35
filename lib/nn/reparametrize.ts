// Weight and spectral normalization by hooks, as PyTorch's older functions do it. Exported by utils.ts.
import type { HookHandle } from '../autograd/hooks.ts';
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe, inNameOf } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { AnyModule, Module } from './module.ts';
import {
  asMatrix,
  checkIterations,
  drawUnit,
  iterate,
  keptDim,
  normExceptDim,
  outputDim,
  sigmaOf,
  weighted,
  weightOf,
} from './norms-of-weights.ts';
import { Parameter } from './parameter.ts';
import { wrapDim } from '../shape.ts';

/** A field that is computed before each forward. */
interface Computed {
  readonly handle: HookHandle;
  /** The value to leave behind, and the fields to take away. */
  readonly finish: () => readonly [Tensor, readonly string[]];
}
const computed = {
  weightNorm: new WeakMap<object, Map<string, Computed>>(),
  spectralNorm: new WeakMap<object, Map<string, Computed>>(),
};
type Kind = keyof typeof computed;
const REMOVERS = { weightNorm: 'removeWeightNorm', spectralNorm: 'removeSpectralNorm' } as const;

function refuseTwice(kind: Kind, module: AnyModule, name: string): void {
  if (computed[kind].get(module)?.has(name))
    throw new TypeError(`${kind}: Cannot register two ${kind} hooks on the same parameter ${name}`);
}
const get = (module: AnyModule, name: string): Tensor => Reflect.get(module, name) as Tensor;

/** Makes `name` a value that is no parameter, no buffer and not saved, computed before each forward. */
function compute(
  kind: Kind,
  module: AnyModule,
  name: string,
  value: (module: AnyModule) => Tensor,
  first: Tensor,
  finish: Computed['finish'],
): void {
  const define = (m: AnyModule, x: Tensor): void => {
    Object.defineProperty(m, name, { configurable: true, writable: true, enumerable: false, value: x });
  };
  define(module, first);
  // copies of the module take the hook along
  const handle = (module as Module).registerForwardPreHook((m) => define(m, value(m)));
  const byName = computed[kind].get(module) ?? new Map<string, Computed>();
  computed[kind].set(module, byName.set(name, { handle, finish }));
}
function remove<M extends AnyModule>(kind: Kind, module: M, name: string): M {
  const found = computed[kind].get(module)?.get(name);
  if (!found) throw new TypeError(`${REMOVERS[kind]}: ${kind} of ${describe(name)} not found in ${describe(module)}`);
  const [value, fields] = noGrad(found.finish);
  found.handle.remove();
  computed[kind].get(module)!.delete(name);
  for (const field of [name, ...fields]) Reflect.deleteProperty(module, field);
  Reflect.set(module, name, new Parameter(value.detach()));
  return module;
}

/**
 * Splits a parameter into its length and its direction (https://arxiv.org/abs/1602.07868): `weight` becomes `weight_g`, the
 * norms along `dim`, and `weight_v`; `dim` null is for one norm of all. PyTorch prefers parametrizations.weightNorm. Throws
 * TypeError if there is no such parameter.
 * @example
 * const layer = torch.nn.utils.weightNorm(new torch.nn.Linear(2, 3))
 * layer.namedParameters().map(([name]) => name) // [ 'bias', 'weight_g', 'weight_v' ]
 */
export function weightNorm<M extends AnyModule>(
  module: M,
  ...args: Call<[name?: string, dim?: number | null], { name?: string | undefined; dim?: number | null | undefined }>
): M {
  return inNameOf('weightNorm', () => {
    const options = readArguments<{ name: string; dim: number | null }>('weightNorm', args, ['name', 'dim']);
    const { name = 'weight', dim = 0 } = options;
    const weight = weightOf('weightNorm', module, name);
    refuseTwice('weightNorm', module, name);
    const kept = keptDim('weightNorm', weight, dim);
    const [g, v] = [`${name}_g`, `${name}_v`];
    Reflect.deleteProperty(module, name);
    Reflect.set(module, g, new Parameter(noGrad(() => normExceptDim(weight.detach(), kept))));
    Reflect.set(module, v, new Parameter(weight.detach()));
    const value = (m: AnyModule): Tensor => weighted(get(m, v), get(m, g), kept);
    compute('weightNorm', module, name, value, value(module), () => [value(module), [g, v]]);
    return module;
  });
}
/**
 * Makes the parameter that {@link weightNorm} split whole again. Throws TypeError if it did not.
 * @example
 * const layer = torch.nn.utils.weightNorm(new torch.nn.Linear(2, 3))
 * torch.nn.utils.removeWeightNorm(layer).namedParameters().map(([name]) => name) // [ 'bias', 'weight' ]
 */
export function removeWeightNorm<M extends AnyModule>(module: M, name = 'weight'): M {
  return remove('weightNorm', module, name);
}

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  name?: string | undefined;
  nPowerIterations?: number | undefined;
  eps?: number | undefined;
  /** Which dim counts outputs: 0, or 1 for transposed convolutions. */
  dim?: number | null | undefined;
}
/**
 * Divides a parameter by its largest singular value, which each forward in training approximates better
 * (https://arxiv.org/abs/1802.05957). PyTorch prefers parametrizations.spectralNorm. Throws TypeError if there is no such
 * parameter, RangeError for less than one iteration.
 * @example
 * const layer = torch.nn.utils.spectralNorm(new torch.nn.Linear(2, 3))
 * Object.keys(layer.stateDict()) // [ 'bias', 'weight_orig', 'weight_u', 'weight_v' ]
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  ...args: Call<[name?: string, nPowerIterations?: number, eps?: number, dim?: number | null], SpectralNormOptions>
): M {
  const where = 'spectralNorm';
  return inNameOf(where, () => {
    const names = ['name', 'nPowerIterations', 'eps', 'dim'];
    const {
      name = 'weight',
      nPowerIterations = 1,
      eps = 1e-12,
      dim,
    } = readArguments<SpectralNormOptions>(where, args, names);
    const weight = weightOf(where, module, name);
    refuseTwice(where, module, name);
    checkIterations(where, nPowerIterations);
    const first = wrapDim(where, dim ?? outputDim(module), weight.ndim);
    const [h, w] = asMatrix(weight.detach(), first).sizes as readonly [number, number];
    const [orig, u, v] = [`${name}_orig`, `${name}_u`, `${name}_v`];
    const [left, right] = noGrad(() => [drawUnit(weight, h, eps), drawUnit(weight, w, eps)]) as [Tensor, Tensor];
    Reflect.deleteProperty(module, name);
    Reflect.set(module, orig, weight);
    (module as Module).registerBuffer(u, left);
    (module as Module).registerBuffer(v, right);
    const value = (m: AnyModule, training: boolean): Tensor => {
      const whole = get(m, orig);
      const matrix = asMatrix(whole, first);
      if (training) iterate(matrix, get(m, u), get(m, v), nPowerIterations, eps, 'v');
      return whole.div(sigmaOf(matrix, get(m, u), get(m, v)));
    };
    const before = weight.detach();
    compute(
      where,
      module,
      name,
      (m) => value(m, m.training),
      before,
      () => [value(module, false), [orig, u, v]],
    );
    return module;
  });
}
/**
 * Takes {@link spectralNorm} away again; the parameter keeps its last value. Throws TypeError if it was not there.
 * @example
 * const layer = torch.nn.utils.spectralNorm(new torch.nn.Linear(2, 3))
 * Object.keys(torch.nn.utils.removeSpectralNorm(layer).stateDict()) // [ 'bias', 'weight' ]
 */
export function removeSpectralNorm<M extends AnyModule>(module: M, name = 'weight'): M {
  return remove('spectralNorm', module, name);
}
