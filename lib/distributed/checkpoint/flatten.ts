// State dicts taken apart to their leaves, each with its way from the top, and put together again. Called by save.ts, load.ts
// and format-utils.ts.
import { isPlain } from '../../calls.ts';
import { Tensor } from '../../tensor.ts';

/** One step of a way: a name in an object, an index in a list, or `[key]` of a Map. */
export type Step = string | number | readonly [string | number];
/** A leaf: its flat name as PyTorch writes it, its way, its value, and how to put another in its place. */
export interface Leaf {
  readonly key: string;
  readonly path: readonly Step[];
  readonly value: unknown;
  readonly set: (value: unknown) => void;
}
/** What modules, optimizers and schedules are: a state dict stands for them in a checkpoint. */
export interface Stateful {
  stateDict(): unknown;
  loadStateDict(state: never): unknown;
}
export const isStateful = (x: unknown): x is Stateful =>
  typeof x === 'object' &&
  x !== null &&
  typeof Reflect.get(x, 'stateDict') === 'function' &&
  typeof Reflect.get(x, 'loadStateDict') === 'function';

const stepName = (step: Step): string => String(typeof step === 'object' ? step[0] : step);

/** All leaves, in order. Throws TypeError where two have one flat name. */
export function flatten(where: string, dict: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  const keys = new Set<string>();
  const walk = (value: unknown, path: readonly Step[], set: (value: unknown) => void): void => {
    if (value === undefined) return;
    if (Array.isArray(value) && value.length > 0) {
      const list: unknown[] = value;
      list.forEach((v, i) => walk(v, [...path, i], (x) => (list[i] = x)));
    } else if (value instanceof Map && value.size > 0) {
      for (const [k, v] of value as Map<unknown, unknown>) {
        if (typeof k !== 'string' && typeof k !== 'number')
          throw new TypeError(`${where}: the keys of a Map must be strings or numbers, not ${typeof k}`);
        walk(v, [...path, [k]], (x) => value.set(k, x));
      }
    } else if (isPlain(value) && Object.keys(value).length > 0) {
      for (const [k, v] of Object.entries(value)) walk(v, [...path, k], (x) => (value[k] = x));
    } else {
      const key = path.map(stepName).join('.');
      if (keys.has(key)) throw new TypeError(`${where}: two entries of the state dict are called '${key}'`);
      keys.add(key);
      leaves.push({ key, path, value, set });
    }
  };
  walk(dict, [], () => {});
  return leaves;
}

/** The nest that these leaves were in. Throws through `fail` for ways that contradict each other. */
export function unflatten(
  leaves: Iterable<{ readonly path: readonly Step[]; readonly value: unknown }>,
  fail: (message: string) => never,
): unknown {
  type Nest = unknown[] | Map<string | number, unknown> | Record<string, unknown>;
  const fresh = (step: Step): Nest =>
    typeof step === 'number'
      ? []
      : typeof step === 'object'
        ? new Map()
        : (Object.create(null) as Record<string, unknown>);
  const read = (nest: Nest, step: Step): unknown =>
    typeof step === 'object'
      ? (nest as Map<unknown, unknown>).get(step[0])
      : Object.hasOwn(nest, step)
        ? Reflect.get(nest, step)
        : undefined;
  const write = (nest: Nest, step: Step, value: unknown): void => {
    const fits =
      typeof step === 'object'
        ? nest instanceof Map
        : typeof step === 'number'
          ? Array.isArray(nest)
          : !Array.isArray(nest) && !(nest instanceof Map);
    if (!fits) fail(`its entries contradict each other at '${stepName(step)}'`);
    if (typeof step === 'number' && step > (nest as unknown[]).length)
      fail(`a list lacks entry ${(nest as unknown[]).length}`);
    if (typeof step === 'object') (nest as Map<unknown, unknown>).set(step[0], value);
    else Object.defineProperty(nest, step, { configurable: true, enumerable: true, writable: true, value });
  };
  const top: { nest: Nest | null } = { nest: null };
  for (const { path, value } of leaves) {
    const [first] = path;
    if (first === undefined) fail('an entry has no name');
    let nest = (top.nest ??= fresh(first));
    path.slice(0, -1).forEach((step, i) => {
      let next = read(nest, step);
      if (next === undefined) write(nest, step, (next = fresh(path[i + 1]!)));
      if (typeof next !== 'object' || next === null || next instanceof Tensor)
        fail(`its entries contradict each other at '${stepName(step)}'`);
      nest = next as Nest;
    });
    write(nest, path.at(-1)!, value);
  }
  return top.nest ?? {};
}
