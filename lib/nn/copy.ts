// Deep copies of modules, as Python's copy.deepcopy makes them. Module.deepcopy calls it, and through it whoever needs
// layers with equal weights, or an averaged model.
import { noGrad } from '../autograd/mode.ts';
import { AutogradError } from '../errors.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import type { AnyModule } from './module.ts';
import { Buffer, Parameter, UninitializedBuffer, UninitializedParameter } from './parameter.ts';

/** Copies a value, the same one to the same copy. */
export type Copy = <T>(value: T) => T;

/**
 * An object of the class of `like`, made by the constructor of `base`, which must do without arguments: the constructors
 * between the two do not run. The private fields of `base` and above are there.
 */
export function blankOf(base: abstract new () => unknown, like: object): AnyModule {
  return Reflect.construct(base, [], like.constructor) as AnyModule;
}

// what module.ts provides: its two protected methods
let blank: (module: AnyModule) => AnyModule;
let fill: (module: AnyModule, target: AnyModule, copy: Copy) => void;
export function setCopying(makeBlank: typeof blank, fillBlank: typeof fill): void {
  blank = makeBlank;
  fill = fillBlank;
}

/** With memory of its own, and no history. */
function copyTensor(x: Tensor): Tensor {
  if (x.node !== null) {
    throw new AutogradError(
      'deepcopy: only tensors created explicitly by the user (graph leaves) support deepcopy; detach what was computed',
    );
  }
  const { requiresGrad, dtype, device } = x;
  if (x instanceof UninitializedParameter) return new UninitializedParameter({ requiresGrad, dtype, device });
  if (x instanceof UninitializedBuffer) return new UninitializedBuffer({ requiresGrad, dtype, device });
  const values = emptyLasting(x.sizes, x.dt, x.device);
  noGrad(() => values.copy_(x.detach()));
  if (x instanceof Parameter) return new Parameter(values, x.requiresGrad);
  if (x instanceof Buffer) {
    if (x.requiresGrad) values.requiresGrad = true;
    return new Buffer(values, { persistent: x.persistent });
  }
  if (x.requiresGrad) values.requiresGrad = true;
  if (x.grad !== null) values.grad = x.grad.detach().clone();
  return values;
}

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};
/** Modules, told by what only they have: the class itself imports this file. */
const isModule = (x: object): x is AnyModule => 'stateDict' in x && 'namedModules' in x;

/** A copy of a module, or of lists, maps and plain objects of modules and tensors. */
export function deepcopy<T>(value: T): T {
  const known = new Map<object, object>();
  const copy = <V>(x: V): V => {
    if (typeof x !== 'object' || x === null) return x;
    const before = known.get(x);
    if (before !== undefined) return before as V;
    const fresh = make(x);
    return fresh as V;
  };
  const remember = <O extends object>(x: object, out: O): O => {
    known.set(x, out);
    return out;
  };
  const make = (x: object): object => {
    if (x instanceof Tensor) return remember(x, copyTensor(x));
    if (isModule(x)) {
      const out = remember(x, blank(x));
      fill(x, out, copy);
      return out;
    }
    if (Array.isArray(x)) {
      const out: unknown[] = remember(x, []);
      for (const member of x as unknown[]) out.push(copy(member));
      return Object.isFrozen(x) ? Object.freeze(out) : out;
    }
    if (x instanceof Map) {
      const out = remember(x, new Map<unknown, unknown>());
      for (const [key, member] of x as Map<unknown, unknown>) out.set(copy(key), copy(member));
      return out;
    }
    if (x instanceof Set) {
      const out = remember(x, new Set<unknown>());
      for (const member of x as Set<unknown>) out.add(copy(member));
      return out;
    }
    if (!isPlain(x)) return x;
    const out = remember(x, Object.create(Object.getPrototypeOf(x) as object | null) as Record<string, unknown>);
    for (const [key, member] of Object.entries(x)) out[key] = copy(member as unknown);
    return out;
  };
  return copy(value);
}
