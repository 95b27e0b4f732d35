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

type Nest = unknown[] | Map<string | number, unknown> | Record<string, unknown>;
const fresh = (step: Step): Nest =>
  typeof step === 'number'
    ? []
    : typeof step === 'object'
      ? new Map()
      : (Object.create(null) as Record<string, unknown>);
function read(nest: Nest, step: Step): unknown {
  if (typeof step === 'object') return nest instanceof Map ? nest.get(step[0]) : undefined;
  return Object.hasOwn(nest, step) ? Reflect.get(nest, step) : undefined;
}
/** Whether a step leads into a nest of this kind. */
function fits(nest: Nest, step: Step): boolean {
  if (typeof step === 'object') return nest instanceof Map;
  return typeof step === 'number' ? Array.isArray(nest) : !Array.isArray(nest) && !(nest instanceof Map);
}

/** The nest that these leaves were in, which come in any order. Throws through `fail` where their ways contradict each other. */
export function unflatten(
  leaves: readonly { readonly path: readonly Step[]; readonly value: unknown }[],
  fail: (message: string) => never,
): unknown {
  const lists = new Set<unknown[]>();
  const make = (step: Step): Nest => {
    const nest = fresh(step);
    if (Array.isArray(nest)) lists.add(nest);
    return nest;
  };
  const write = (nest: Nest, step: Step, value: unknown): void => {
    // no list is longer than there are leaves: none is made large by a number in a file
    if (!fits(nest, step) || (typeof step === 'number' && step >= leaves.length))
      fail(`its entries contradict each other at '${stepName(step)}'`);
    if (nest instanceof Map) nest.set((step as readonly [string | number])[0], value);
    else Object.defineProperty(nest, step as string, { configurable: true, enumerable: true, writable: true, value });
  };
  let top: Nest | null = null;
  for (const { path, value } of leaves) {
    const [first] = path;
    if (first === undefined) return fail('an entry has no name');
    let nest: Nest = (top ??= make(first));
    path.slice(0, -1).forEach((step, i) => {
      let next = read(nest, step);
      if (next === undefined) write(nest, step, (next = make(path[i + 1]!)));
      if (typeof next !== 'object' || next === null || next instanceof Tensor)
        return fail(`its entries contradict each other at '${stepName(step)}'`);
      nest = next as Nest;
    });
    const last = path.at(-1)!;
    if (read(nest, last) !== undefined) fail(`it has '${stepName(last)}' twice`);
    write(nest, last, value);
  }
  for (const list of lists) if (Object.keys(list).length < list.length) fail('a list has gaps');
  return top ?? {};
}
