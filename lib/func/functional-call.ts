// functionalCall: modules called with other parameters than their own. Exported by index.ts.
import { type Call, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { isContainer } from '../nn/module-tree.ts';
import type { Module } from '../nn/module.ts';
import { exchangeField } from '../nn/registered.ts';
import { Tensor } from '../tensor.ts';

/** Tensors by the names that they have in a state dict. */
type Named = Readonly<Record<string, Tensor>>;
interface FunctionalCallOptions {
  /** Refuse names that the module does not have, and names that are missing. */
  strict?: boolean | undefined;
}

/** Puts tensors in the place of others in a module's own fields, lists and objects among them; gives what undoes it. */
function exchange(fields: object, by: ReadonlyMap<unknown, Tensor>, found: Set<unknown>): () => void {
  const undo: (() => void)[] = [];
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const other = by.get(value);
    if (other !== undefined) {
      found.add(value);
      exchangeField(fields, name, other);
      undo.push(() => exchangeField(fields, name, value));
    } else if (typeof value === 'object' && value !== null && !(value instanceof Tensor) && isContainer(value)) {
      undo.push(exchange(value, by, found));
    }
  }
  return () => {
    for (const f of undo) f();
  };
}

/**
 * Calls a module with these parameters and buffers instead of its own, which stay as they are: gradients reach the tensors
 * given. Weights that are shared are replaced everywhere. Several sets of names may come in a list. Throws TypeError with
 * `strict` where names are missing or unknown.
 * @example
 * const layer = new torch.nn.Linear(1, 1)
 * const given = { weight: torch.tensor([[2.5]]), bias: torch.zeros(1) }
 * torch.func.functionalCall(layer, given, torch.ones(1)) // tensor([2.5000])
 */
export function functionalCall<A extends readonly unknown[], R>(
  module: Module<A, R>,
  parametersAndBuffers: Named | readonly Named[],
  args: A | A[0],
  ...options: Call<[], FunctionalCallOptions>
): R {
  const { strict = false } = readArguments<FunctionalCallOptions>('functionalCall', options, [], ['strict']);
  const given = new Map<string, Tensor>();
  for (const names of Array.isArray(parametersAndBuffers)
    ? (parametersAndBuffers as Named[])
    : [parametersAndBuffers]) {
    for (const [name, x] of Object.entries(names as Named)) {
      if (!(x instanceof Tensor))
        throw new TypeError(`functionalCall: expected a Tensor for ${name} but received ${describe(x)}`);
      if (given.has(name)) throw new TypeError(`functionalCall: ${name} appears in several of the dictionaries`);
      given.set(name, x);
    }
  }
  const all = { removeDuplicate: false };
  const own = new Map<string, Tensor>([...module.namedParameters(all), ...module.namedBuffers(all)]);
  const by = new Map<unknown, Tensor>();
  for (const [name, x] of given) {
    const old = own.get(name);
    if (old !== undefined) by.set(old, x);
    else if (strict) throw new TypeError(`functionalCall: Unexpected key(s): ${name}`);
  }
  const missing = strict ? [...own].filter(([, x]) => !by.has(x)).map(([name]) => name) : [];
  if (missing.length > 0) throw new TypeError(`functionalCall: Missing key(s): ${missing.join(', ')}`);
  const found = new Set<unknown>();
  const undo: (() => void)[] = [];
  try {
    for (const part of module.modules()) undo.push(exchange(part, by, found));
    const lost = [...given.keys()].find((name) => own.has(name) && !found.has(own.get(name)));
    if (lost !== undefined) throw new TypeError(`functionalCall: ${lost} is no field that can be replaced`);
    return module.forward(...((Array.isArray(args) ? args : [args]) as readonly unknown[] as A));
  } finally {
    for (const f of undo.reverse()) f();
  }
}
