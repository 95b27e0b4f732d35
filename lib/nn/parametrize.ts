// Parametrizations: tensors of modules that are computed from others by modules. Exported by utils.ts.
import { noGrad } from '../autograd/mode.ts';
import { checkOptions } from '../arguments.ts';
import { checkFunction, describe, inNameOf } from '../errors.ts';
import { leaving } from '../scope.ts';
import { sameShape, show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { ModuleDict, ModuleList } from './containers.ts';
import { type AnyModule, Module } from './module.ts';
import { weightOf } from './norms-of-weights.ts';
import { Parameter } from './parameter.ts';

/** What computes a tensor from one or several others; `rightInverse` finds those that give a wanted value. */
export type Parametrization = Module<never, Tensor> & {
  rightInverse?: (value: Tensor) => Tensor | readonly Tensor[];
};
const apply = (p: Parametrization, args: readonly Tensor[]): unknown =>
  Reflect.apply(p.forward as (...args: readonly Tensor[]) => unknown, p, args);

/** Refuses what makes no list of parametrizations of a tensor. */
function modulesOf(modules: unknown, original: unknown): Parametrization[] {
  const where = 'ParametrizationList';
  if (typeof modules !== 'object' || modules === null || !(Symbol.iterator in modules))
    throw new TypeError(`${where}: expected a list of modules but received ${describe(modules)}`);
  const list = [...(modules as Iterable<unknown>)];
  for (const m of list) if (!(m instanceof Module)) throw new TypeError(`${where}: ${describe(m)} is not a Module`);
  if (list.length === 0) throw new TypeError(`${where}: ParametrizationList requires one or more modules.`);
  if (!(original instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor for original but received ${describe(original)}`);
  return list as Parametrization[];
}
/** Takes over a value, and the memory of what gave it. */
const take = (to: Tensor, value: Tensor): void => {
  if (to !== value && to.storage !== value.storage) to.data = value.detach();
};

/**
 * The parametrizations of one tensor, with the tensors that they start from: `original`, or `original0`, `original1`, …
 * Made by {@link registerParametrization}. Throws TypeError for parametrizations that give no tensor, or another dtype or
 * shape unless `unsafe`.
 * @example
 * class Symmetric extends torch.nn.Module {
 *   forward(x) { return x.triu().add(x.triu(1).T) }
 * }
 * const { registerParametrization } = torch.nn.utils.parametrize
 * const layer = registerParametrization(new torch.nn.Linear(2, 2), 'weight', new Symmetric())
 * layer.parametrizations.get('weight').length // 1
 */
export class ParametrizationList extends ModuleList<Parametrization> {
  readonly isTensor: boolean;
  readonly ntensors: number;
  unsafe: boolean;
  constructor(modules: Iterable<Parametrization>, original: Tensor, unsafe = false) {
    super(modulesOf(modules, original));
    const where = 'ParametrizationList';
    this.unsafe = unsafe;
    const { dtype, sizes } = original;
    let start: Tensor | readonly Tensor[] = original.detach();
    for (const p of [...this].reverse()) {
      if (p.rightInverse) start = noGrad(() => p.rightInverse!(start as Tensor));
    }
    this.isTensor = start instanceof Tensor;
    if (start instanceof Tensor) {
      this.ntensors = 1;
      if (start.dtype !== dtype) {
        throw new TypeError(
          `${where}: When \`rightInverse\` outputs one tensor, it may not change the dtype: ${dtype} and ${start.dtype}`,
        );
      }
      take(original, start);
      Reflect.set(this, 'original', original);
    } else {
      if (!Array.isArray(start) || !start.every((x) => x instanceof Tensor)) {
        throw new TypeError(
          `${where}: 'rightInverse' must return a Tensor or a list of tensors. Got ${describe(start)}`,
        );
      }
      this.ntensors = start.length;
      start.forEach((x: Tensor, i) => {
        const { requiresGrad } = original;
        const own = original instanceof Parameter ? new Parameter(x.detach(), requiresGrad) : x.detach();
        Reflect.set(this, `original${i}`, own);
      });
    }
    if (!unsafe) {
      const value = this.compute();
      if (value.dtype !== dtype) {
        throw new TypeError(
          `${where}: Registering a parametrization may not change the dtype of the tensor, unless \`unsafe\` flag is enabled: ${dtype} and ${value.dtype}`,
        );
      }
      if (!sameShape(value.sizes, sizes)) {
        throw new TypeError(
          `${where}: Registering a parametrization may not change the shape of the tensor, unless \`unsafe\` flag is enabled: ${show(sizes)} and ${show(value.sizes)}`,
        );
      }
    }
  }
  /** The tensors that the first parametrization takes. */
  originals(): Tensor[] {
    if (this.isTensor) return [Reflect.get(this, 'original') as Tensor];
    return Array.from({ length: this.ntensors }, (_, i) => Reflect.get(this, `original${i}`) as Tensor);
  }
  /** The parametrized tensor. */
  compute(): Tensor {
    let args: readonly Tensor[] = this.originals();
    for (const p of this) {
      const value = apply(p, args);
      if (!(value instanceof Tensor)) {
        throw new TypeError(`registerParametrization: A parametrization must return a tensor. Got ${describe(value)}.`);
      }
      args = [value];
    }
    return args[0]!;
  }
  /** Gives the originals values for which the parametrized tensor is `value`. Throws TypeError if none can be found. */
  rightInverse(value: Tensor): void {
    const where = 'rightInverse';
    let result: Tensor | readonly Tensor[] = value;
    for (const p of [...this].reverse()) {
      if (!p.rightInverse)
        throw new TypeError(`${where}: parametrization ${p.constructor.name} does not implement rightInverse.`);
      result = noGrad(() => p.rightInverse!(result as Tensor));
    }
    const list = result instanceof Tensor ? [result] : result;
    const originals = this.originals();
    if (!Array.isArray(list) || list.length !== originals.length)
      throw new TypeError(`${where}: \`rightInverse\` should return ${originals.length} tensors`);
    originals.forEach((x, i) => {
      const wanted: unknown = list[i];
      if (!(wanted instanceof Tensor) || wanted.dtype !== x.dtype)
        throw new TypeError(`${where}: \`rightInverse\` should return a tensor of dtype ${x.dtype}`);
      take(x, wanted);
    });
  }
}

// ---- caching --------------------------------------------------------------------------------------------------------

let caching = 0;
let cache = new Map<object, Map<string, Tensor>>();
/**
 * Runs `f` with every parametrized tensor computed once only, when it is first asked for.
 * @example
 * const { cached, registerParametrization } = torch.nn.utils.parametrize
 * const layer = registerParametrization(new torch.nn.Linear(2, 2), 'weight', new torch.nn.Tanh())
 * cached(() => layer.weight === layer.weight) // true
 */
export function cached<R>(f: () => R): R {
  checkFunction('cached', f);
  const leave = (): void => {
    if (--caching === 0) cache = new Map();
  };
  caching++;
  return leaving(f, leave);
}
function current(module: object, name: string, list: ParametrizationList): Tensor {
  if (caching === 0) return list.compute();
  const byName = cache.get(module) ?? new Map<string, Tensor>();
  cache.set(module, byName);
  const value = byName.get(name) ?? list.compute();
  byName.set(name, value);
  return value;
}

// ---- registering ----------------------------------------------------------------------------------------------------

const listsOf = (module: AnyModule): ModuleDict<ParametrizationList> | null => {
  const lists: unknown = Reflect.get(module, 'parametrizations');
  return lists instanceof ModuleDict ? (lists as ModuleDict<ParametrizationList>) : null;
};
/** A module with parametrized tensors. */
export interface Parametrized {
  readonly parametrizations: ModuleDict<ParametrizationList>;
}

/** Puts a prototype of its own behind a module, for the properties and the name `ParametrizedLinear`. */
function ownPrototype(module: AnyModule): void {
  const base: object = Object.getPrototypeOf(module);
  const own = class {};
  Object.defineProperty(own, 'name', { value: `Parametrized${module.constructor.name}` });
  Object.setPrototypeOf(own.prototype, base);
  Object.setPrototypeOf(module, own.prototype);
}

/**
 * Makes a tensor of a module the result of another module: reading `module[name]` computes it, assigning to it goes
 * through `rightInverse`. The old tensor is `module.parametrizations.get(name).original`. More than one are applied in
 * order. Throws TypeError if there is no such tensor, or the result has another dtype or shape and `unsafe` is false.
 * @example
 * const { registerParametrization } = torch.nn.utils.parametrize
 * const layer = registerParametrization(new torch.nn.Linear(2, 2), 'weight', new torch.nn.Tanh())
 * Object.keys(layer.stateDict()) // [ 'bias', 'parametrizations.weight.original' ]
 */
export function registerParametrization<M extends AnyModule>(
  module: M,
  tensorName: string,
  parametrization: Parametrization,
  options: { unsafe?: boolean | undefined } = {},
): M & Parametrized {
  const where = 'registerParametrization';
  return inNameOf(where, () => {
    checkOptions(where, options, ['unsafe']);
    const { unsafe = false } = options ?? {};
    const weight = weightOf(where, module, tensorName);
    if (!(parametrization instanceof Module))
      throw new TypeError(`${where}: expected a Module for parametrization but received ${describe(parametrization)}`);
    parametrization.train(module.training);
    const list = listsOf(module)?.has(tensorName) ? listsOf(module)!.get(tensorName) : null;
    if (list !== null) {
      if (!unsafe) {
        const value = apply(parametrization, [weight]);
        if (!(value instanceof Tensor) || value.dtype !== weight.dtype || !sameShape(value.sizes, weight.sizes)) {
          throw new TypeError(
            `${where}: A parametrization must return a tensor of the same dtype and shape, unless the \`unsafe\` flag is enabled.`,
          );
        }
      }
      list.append(parametrization);
      list.unsafe ||= unsafe;
      return module as M & Parametrized;
    }
    if (!Object.hasOwn(module, tensorName))
      throw new TypeError(`${where}: '${tensorName}' is no field of ${module.constructor.name}`);
    const made = new ParametrizationList([parametrization], weight, unsafe);
    Reflect.deleteProperty(module, tensorName);
    if (listsOf(module) === null) {
      ownPrototype(module);
      Reflect.set(module, 'parametrizations', new ModuleDict<ParametrizationList>());
    }
    Object.defineProperty(Object.getPrototypeOf(module), tensorName, {
      configurable: true,
      // by way of `this`: copies of the module share its prototype
      get(this: AnyModule) {
        return current(this, tensorName, listsOf(this)!.get(tensorName));
      },
      set(this: AnyModule, value: Tensor) {
        listsOf(this)!.get(tensorName).rightInverse(value);
      },
    });
    listsOf(module)!.set(tensorName, made);
    return module as M & Parametrized;
  });
}

/**
 * Whether a module, or its tensor of this name, is parametrized.
 * @example
 * torch.nn.utils.parametrize.isParametrized(new torch.nn.Linear(2, 2), 'weight') // false
 */
export function isParametrized(module: AnyModule, tensorName: string | null = null): boolean {
  if (!(module instanceof Module))
    throw new TypeError(`isParametrized: expected a Module but received ${describe(module)}`);
  const lists = listsOf(module);
  if (lists === null) return false;
  return tensorName === null ? lists.length > 0 : lists.has(tensorName);
}

/** Options of {@link removeParametrizations}. */
export interface RemoveParametrizationsOptions {
  /** Keeps the computed value (true), or goes back to the original. */
  leaveParametrized?: boolean | undefined;
}
/**
 * Makes a tensor plain again, with its last value or, without `leaveParametrized`, the original's. Throws TypeError if
 * it is not parametrized.
 * @example
 * const { registerParametrization, removeParametrizations } = torch.nn.utils.parametrize
 * const layer = registerParametrization(new torch.nn.Linear(2, 2), 'weight', new torch.nn.Tanh())
 * removeParametrizations(layer, 'weight') // Linear(in_features=2, out_features=2, bias=True)
 */
export function removeParametrizations<M extends AnyModule>(
  module: M,
  tensorName: string,
  options: boolean | RemoveParametrizationsOptions = {},
): M {
  const where = 'removeParametrizations';
  if (!inNameOf(where, () => isParametrized(module, tensorName)))
    throw new TypeError(
      `${where}: Module ${module.constructor.name} does not have a parametrization on ${typeof tensorName === 'string' ? tensorName : describe(tensorName)}`,
    );
  if (typeof options !== 'boolean') checkOptions(where, options, ['leaveParametrized']);
  const leave = typeof options === 'boolean' ? options : (options?.leaveParametrized ?? true);
  const lists = listsOf(module)!;
  const list = lists.get(tensorName);
  let original = list.originals()[0]!;
  if (list.isTensor) {
    if (leave) {
      const value = noGrad(() => list.compute());
      take(original, value);
    }
  } else if (leave) {
    const value = list.compute();
    original = value.requiresGrad ? new Parameter(value.detach()) : value;
  } else {
    throw new TypeError(
      `${where}: Cannot leave unparametrized (\`leaveParametrized: false\`) a tensor that is parametrized in terms of a sequence of tensors.`,
    );
  }
  const own: object = Object.getPrototypeOf(module);
  Reflect.deleteProperty(own, tensorName);
  lists.delete(tensorName);
  if (lists.length === 0) {
    Reflect.deleteProperty(module, 'parametrizations');
    Object.setPrototypeOf(module, Object.getPrototypeOf(own));
  }
  Reflect.set(module, tensorName, original);
  return module;
}

/**
 * Parametrizes tensors of `toModule` as those of `fromModule` are, all of them or the one of this name, with the same
 * parametrizations and the same originals; tensors that it lacks are made. Gives `toModule` back. Throws TypeError if
 * there is no parametrization of this name.
 * @example
 * const { registerParametrization, transferParametrizationsAndParams } = torch.nn.utils.parametrize
 * const layer = registerParametrization(new torch.nn.Linear(2, 2), 'weight', new torch.nn.Tanh())
 * const other = transferParametrizationsAndParams(layer, new torch.nn.Linear(2, 2))
 * other.weight.equal(layer.weight) // true
 */
export function transferParametrizationsAndParams<M extends AnyModule>(
  fromModule: AnyModule,
  toModule: M,
  tensorName: string | null = null,
): M {
  const where = 'transferParametrizationsAndParams';
  return inNameOf(where, () => {
    if (!isParametrized(fromModule)) return toModule;
    if (!(toModule instanceof Module))
      throw new TypeError(`${where}: expected a Module but received ${describe(toModule)}`);
    const lists = listsOf(fromModule)!;
    if (tensorName !== null && !isParametrized(fromModule, tensorName)) {
      throw new TypeError(
        `${where}: Module ${fromModule.constructor.name} does not have a parametrization on ${describe(tensorName)}`,
      );
    }
    for (const name of tensorName === null ? [...lists.keys()] : [tensorName]) {
      const list = lists.get(name);
      if (!(name in toModule)) Reflect.set(toModule, name, new Parameter(list.compute().detach()));
      for (const p of list) registerParametrization(toModule, name, p);
      const target = listsOf(toModule)!.get(name);
      for (const field of list.isTensor ? ['original'] : list.originals().map((_, i) => `original${i}`))
        Reflect.set(target, field, Reflect.get(list, field));
    }
    return toModule;
  });
}

/**
 * The class that a module had before its tensors were parametrized.
 * @example
 * torch.nn.utils.parametrize.typeBeforeParametrizations(new torch.nn.Linear(2, 2)) === torch.nn.Linear // true
 */
export function typeBeforeParametrizations(module: AnyModule): unknown {
  const parametrized = inNameOf('typeBeforeParametrizations', () => isParametrized(module));
  const prototype: object = Object.getPrototypeOf(module);
  return (parametrized ? (Object.getPrototypeOf(prototype) as object) : prototype).constructor;
}
