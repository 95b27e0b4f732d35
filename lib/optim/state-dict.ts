// State dicts of optimizers in PyTorch's format: options and state by its names, parameters by number. Called by Optimizer.
import { scalarTensor } from '../create.ts';
import { float64, getDefault } from '../dtype.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import { describe } from '../errors.ts';

/** One value of a parameter's state. */
export type StateValue = Tensor | number | null | readonly StateValue[];
/** Values of one parameter's state, by PyTorch's names. */
export type ParameterState = Record<string, StateValue>;
/** PyTorch's format, which its `load_state_dict` reads too. */
export interface OptimizerStateDict {
  state: Record<string, Record<string, unknown>>;
  param_groups: Record<string, unknown>[];
}

export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());

/** State that is a number here and a tensor without dims in PyTorch. */
const AS_TENSOR: ReadonlySet<string> = new Set(['step', 'mu_product', 'eta', 'mu']);

/** The state of parameters under their numbers. */
export function packState(
  numbers: ReadonlyMap<Tensor, number>,
  state: ReadonlyMap<Tensor, ParameterState>,
): Record<string, Record<string, unknown>> {
  const out: Record<string, Record<string, unknown>> = {};
  const dtype = getDefault() === float64 ? 'float64' : 'float32';
  for (const [p, n] of numbers) {
    const values = state.get(p);
    if (!values) continue;
    const entry: Record<string, unknown> = {};
    for (const [k, v] of Object.entries(values))
      entry[k] = typeof v === 'number' && AS_TENSOR.has(k) ? scalarTensor(v, { dtype, device: 'cpu' }) : v;
    out[n] = entry;
  }
  return out;
}

/** A copy of one loaded value, in the dtype of its parameter. */
function copied(p: Tensor, name: string, value: unknown): StateValue | undefined {
  if (AS_TENSOR.has(name)) return value instanceof Tensor ? value.item() : Number(value);
  if (value instanceof Tensor) return emptyLasting(value.sizes, p.dt, p.device).copy_(value);
  if (Array.isArray(value)) return value.map((v: unknown) => copied(p, '', v) ?? null);
  return typeof value === 'number' || value === null ? value : undefined;
}

/** Reads the state of a dict: copies under their parameters. */
export function unpackState(
  byNumber: ReadonlyMap<string, Tensor>,
  state: unknown,
  into: Map<Tensor, ParameterState>,
): void {
  into.clear();
  const entries: Iterable<[unknown, Record<string, unknown>]> =
    state instanceof Map ? state : Object.entries((state ?? {}) as Record<string, Record<string, unknown>>);
  for (const [n, values] of entries) {
    const p = byNumber.get(String(n));
    if (!p) continue;
    const own: ParameterState = {};
    for (const [name, value] of Object.entries(values)) {
      const copy = copied(p, name, value);
      if (copy !== undefined) own[name] = copy;
    }
    into.set(p, own);
  }
}

/** Checks that the groups of a dict are those of an optimizer; gives the parameters by number. */
export function matchGroups(
  where: string,
  dict: OptimizerStateDict,
  groups: readonly { readonly params: readonly Tensor[] }[],
): Map<string, Tensor> {
  const saved: unknown = dict?.param_groups;
  if (!Array.isArray(saved))
    throw new TypeError(`${where}: expected a state dict with param_groups but received ${describe(dict)}`);
  if (saved.length !== groups.length)
    throw new RangeError(`${where}: loaded state dict has a different number of parameter groups`);
  const byNumber = new Map<string, Tensor>();
  (saved as readonly Record<string, unknown>[]).forEach(({ params: given }, i) => {
    const numbers: readonly unknown[] = [...(given as Iterable<unknown>)];
    const { params } = groups[i]!;
    if (numbers.length !== params.length) {
      throw new RangeError(
        `${where}: loaded state dict contains a parameter group that doesn't match the size of optimizer's group`,
      );
    }
    numbers.forEach((n, j) => byNumber.set(String(n), params[j]!));
  });
  return byNumber;
}

/** A value as Python prints it. */
export function python(v: unknown): string {
  if (v === null) return 'None';
  if (typeof v === 'boolean') return v ? 'True' : 'False';
  if (Array.isArray(v)) return `(${v.map(python).join(', ')})`;
  if (typeof v !== 'number') return String(v);
  return v !== 0 && Math.abs(v) < 1e-4 ? v.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(v);
}
