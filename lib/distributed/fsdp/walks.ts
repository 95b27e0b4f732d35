// Walks through what units have and see: where modules hold their parameters, so that others can be put there for a while, and
// the tensors in what modules take and give. Called by unit.ts and fully-shard.ts.
import { isPlain } from '../../calls.ts';
import { isContainer, ModuleTree } from '../../nn/module-tree.ts';
import type { AnyModule } from '../../nn/module.ts';
import { Parameter } from '../../nn/parameter.ts';
import { exchangeField, members } from '../../nn/registered.ts';
import { Tensor } from '../../tensor.ts';

/** Puts a tensor where a parameter was found. */
export type Place = (x: Parameter) => void;

/** The parameters of a module itself, not of those inside, with their names and where each is held: shared ones often. */
export function heldBy(module: AnyModule): [name: string, parameter: Parameter, place: Place][] {
  const found: [string, Parameter, Place][] = [];
  const seen = new Set<object>();
  const walk = (holder: object, prefix: string): void => {
    if (seen.has(holder)) return;
    seen.add(holder);
    for (const [key, value] of Object.entries(holder) as [string, unknown][]) {
      if (value instanceof Parameter) found.push([prefix + key, value, (x) => exchangeField(holder, key, x)]);
      else if (typeof value !== 'object' || value === null || value instanceof Tensor) continue;
      else if (!(value instanceof ModuleTree) && isContainer(value)) walk(value, `${prefix}${key}.`);
    }
  };
  walk(module, '');
  const hidden: unknown = Reflect.get(module, members);
  if (Array.isArray(hidden)) walk(hidden, '');
  else if (hidden instanceof Map) {
    for (const [key, value] of hidden as Map<string, Parameter>)
      found.push([key, value, (x) => void hidden.set(key, x)]);
  }
  return found;
}

/** The same value with other tensors; what is neither a list nor a plain object stays as it is. */
export function mapTensors(x: unknown, f: (x: Tensor) => Tensor): unknown {
  if (x instanceof Tensor) return f(x);
  if (Array.isArray(x) && Object.getPrototypeOf(x) === Array.prototype)
    return (x as unknown[]).map((value) => mapTensors(value, f));
  if (!isPlain(x)) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, mapTensors(value, f)]));
}

/** All tensors in a value. */
export function tensorsIn(x: unknown): Tensor[] {
  const found = new Set<Tensor>();
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (value instanceof Tensor) found.add(value);
    if (typeof value !== 'object' || value === null || value instanceof Tensor || seen.has(value)) return;
    if (ArrayBuffer.isView(value)) return;
    seen.add(value);
    if (value instanceof Map || value instanceof Set) value.forEach(walk);
    else Object.values(value).forEach(walk);
  };
  walk(x);
  return [...found];
}
