// The base of all optimizers: groups of parameters, their state, and state dicts in PyTorch's format.
import { enableGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../define.ts';
import { runList } from '../dispatch.ts';
import { FLOATING } from '../dtype.ts';
import { AutogradError, describe, DtypeError } from '../errors.ts';
import { scalarTensor, zerosLike } from '../create.ts';
import { emptyLasting, Tensor } from '../tensor.ts';

/** Values of one parameter's state, by PyTorch's names. */
export type ParameterState = Record<string, Tensor | number | null>;
/** Parameters that share options. */
export type ParamGroup<O> = O & { params: Tensor[]; initialLr?: number };
/** What is optimized: tensors, or groups of them with options of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<{ params: Tensor | Iterable<Tensor> } & Partial<O>>;
/** PyTorch's format, which its `load_state_dict` reads too. */
export interface OptimizerStateDict {
  state: Record<string, Record<string, unknown>>;
  param_groups: Record<string, unknown>[];
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());

/** A parameter with what its updates need, found once. */
export interface Slot {
  readonly p: Tensor;
  state: ParameterState | null;
  /** What the kernel takes: parameter, gradient, state. The gradient is put in at each step. */
  readonly tuple: Tensor[];
}

/** Options that every optimizer has. */
export interface BaseOptions {
  lr: number;
}

/**
 * The base class of optimizers: `step()` after `backward()`, `zeroGrad()` before it. Subclasses give defaults and one
 * update of a group. Throws RangeError without parameters, AutogradError for parameters that are no leaves.
 * @example
 * const w = torch.tensor([1.5], { requiresGrad: true })
 * const optimizer: torch.optim.Optimizer = new torch.optim.SGD([w], { lr: 0.1 })
 * w.mul(w).sum().backward()
 * optimizer.step()
 * w.detach() // tensor([1.2000])
 */
export abstract class Optimizer<O extends BaseOptions = BaseOptions> {
  /** Groups of parameters; their options may be changed between steps. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** State by parameter, with PyTorch's names. */
  readonly state: Map<Tensor, ParameterState> = new Map();
  readonly defaults: O;
  readonly #slots: Slot[][] = [];
  /** Options of PyTorch's that make no difference here, for its state dicts. */
  protected readonly constants: Readonly<Record<string, unknown>>;

  constructor(params: Params<O>, defaults: O, constants: Readonly<Record<string, unknown>>) {
    this.defaults = defaults;
    this.constants = constants;
    const where = new.target.name;
    if (params instanceof Tensor || typeof params !== 'object' || params === null || !(Symbol.iterator in params)) {
      throw new TypeError(
        `${where}: params argument given to the optimizer should be an iterable of Tensors or groups, but got ${describe(params)}`,
      );
    }
    const list: readonly unknown[] = [...(params as Iterable<unknown>)];
    if (list.length === 0) throw new RangeError(`${where}: optimizer got an empty parameter list`);
    const isGroup = (x: unknown): x is { params: Tensor | Iterable<Tensor> } & Partial<O> =>
      typeof x === 'object' && x !== null && !(x instanceof Tensor) && 'params' in x;
    if (isGroup(list[0])) {
      for (const group of list) {
        if (!isGroup(group))
          throw new TypeError(`${where}: expected groups of parameters but one of them is ${describe(group)}`);
        this.addParamGroup(group);
      }
    } else this.#add({ params: list as readonly Tensor[] }, {});
  }

  /** Checks options. Throws RangeError or TypeError in PyTorch's words. */
  protected abstract check(where: string, options: O): void;
  /** Makes a parameter's state at its first update; null if there is none. */
  protected abstract start(slot: Slot, group: ParamGroup<O>): void;
  /** Updates the parameters of one group, all of which have a gradient. */
  protected abstract update(slots: readonly Slot[], group: ParamGroup<O>): void;

  /** Adds parameters with options of their own. Throws TypeError or AutogradError for what cannot be optimized. */
  addParamGroup(given: { params: Tensor | Iterable<Tensor> } & Partial<O>): void {
    this.#add(given, given);
  }
  #add(given: { params: Tensor | Iterable<Tensor> }, wanted: Partial<O>): void {
    const where = this.constructor.name;
    const params = given.params instanceof Tensor ? [given.params] : [...given.params];
    const taken = new Set(this.paramGroups.flatMap((g) => g.params));
    for (const p of params) {
      if (!(p instanceof Tensor))
        throw new TypeError(`${where}: optimizer can only optimize Tensors, but one of the params is ${describe(p)}`);
      if (!p.isLeaf) throw new AutogradError(`${where}: can't optimize a non-leaf Tensor`);
      if (p.dt.kind !== FLOATING)
        throw new DtypeError(`${where}: can only optimize floating-point tensors, but one of the params is ${p.dtype}`);
      if (taken.has(p)) throw new TypeError(`${where}: some parameters appear in more than one parameter group`);
    }
    const unique = [...new Set(params)];
    if (unique.length < params.length) {
      throw new TypeError(`${where}: optimizer contains a parameter group with duplicate parameters`);
    }
    for (const name of Object.keys(wanted)) {
      if (name !== 'params' && name !== 'initialLr' && !(name in this.defaults))
        throw new TypeError(`${where}: unknown option '${name}'; expected ${Object.keys(this.defaults).join(', ')}`);
    }
    const options = Object.fromEntries(Object.entries(wanted).filter(([, v]) => v !== undefined));
    const group = { ...this.defaults, ...options, params: unique } as ParamGroup<O>;
    this.check(where, group);
    this.paramGroups.push(group);
    this.#slots.push(unique.map((p) => ({ p, state: null, tuple: [p, p] })));
  }

  /** Updates all parameters that have a gradient. `closure` computes the loss anew, which is given back. */
  step(): null;
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R): R | null {
    const loss = closure === undefined ? null : enableGrad(closure);
    const { paramGroups } = this;
    for (let i = 0; i < paramGroups.length; i++) {
      const group = paramGroups[i]!;
      const slots = this.#slots[i]!;
      let ready: Slot[] = slots;
      for (let j = 0; j < slots.length; j++) {
        const slot = slots[j]!;
        const g = slot.p.grad;
        if (g === null) {
          // from here on only some of them
          if (ready === slots) ready = slots.slice(0, j);
          continue;
        }
        slot.tuple[1] = g.dense ? g : g.contiguous();
        if (slot.state === null) this.start(slot, group);
        if (ready !== slots) ready.push(slot);
      }
      if (ready.length > 0) this.update(ready, group);
      // the gradients belong to whoever made them: nothing may keep them here
      for (let j = 0; j < ready.length; j++) ready[j]!.tuple[1] = ready[j]!.p;
    }
    return loss;
  }

  /** Forgets the gradients, or fills them with zeros. */
  zeroGrad(...args: Call<[setToNone?: boolean], { setToNone?: boolean | undefined }>): void {
    const { setToNone = true } = readArguments<{ setToNone: boolean }>('zeroGrad', args, ['setToNone']);
    for (const group of this.paramGroups) {
      for (const p of group.params) {
        if (setToNone) p.grad = null;
        else if (p.grad !== null) p.grad = zerosLike(p.grad);
      }
    }
  }

  /** Zeros of the shape of a slot's parameter, as one of its states and the next operand of its kernel. */
  protected zeros(slot: Slot, name: string): Tensor {
    const out = emptyLasting(slot.p.sizes, slot.p.dt).zero_();
    this.keep(slot, name, out);
    slot.tuple.push(out);
    return out;
  }
  /** Stores a part of a slot's state. */
  protected keep(slot: Slot, name: string, value: Tensor | number): void {
    if (slot.state === null) {
      slot.state = this.state.get(slot.p) ?? {};
      this.state.set(slot.p, slot.state);
    }
    slot.state[name] = value;
  }

  /** Runs a list kernel over the slots' tuples; parameters that have gaps in memory go through a copy. */
  protected run(k: number, slots: readonly Slot[], params: readonly number[]): void {
    const tuples = new Array<readonly Tensor[]>(slots.length);
    let copies: [Tensor, Tensor][] | null = null;
    for (let i = 0; i < slots.length; i++) {
      const { p, tuple } = slots[i]!;
      if (p.dense) tuples[i] = tuple;
      else {
        const copy = p.detach().contiguous();
        tuples[i] = [copy, ...tuple.slice(1)];
        (copies ??= []).push([p, copy]);
      }
    }
    runList(k, tuples, params);
    if (copies !== null) for (const [p, copy] of copies) p.detach().copy_(copy);
    for (let i = 0; i < slots.length; i++) slots[i]!.p.storage.version++;
  }

  // ---- state dicts --------------------------------------------------------------------------------------------------

  /** Options and state in PyTorch's format; tensors share memory with the optimizer. */
  stateDict(): OptimizerStateDict {
    const numbers = new Map<Tensor, number>();
    const groups = this.paramGroups.map(({ params, ...options }) => {
      const named = Object.entries({ ...options, ...this.constants }).map(([k, v]): [string, unknown] => [snake(k), v]);
      return {
        ...Object.fromEntries(named),
        params: params.map((p) => {
          if (!numbers.has(p)) numbers.set(p, numbers.size);
          return numbers.get(p)!;
        }),
      };
    });
    const state: Record<string, Record<string, unknown>> = {};
    for (const [p, n] of numbers) {
      const values = this.state.get(p);
      if (!values) continue;
      const entry: Record<string, unknown> = {};
      // PyTorch counts steps in a float32 tensor
      for (const [k, v] of Object.entries(values))
        entry[k] = typeof v === 'number' ? scalarTensor(v, { dtype: 'float32' }) : v;
      state[n] = entry;
    }
    return { state, param_groups: groups };
  }

  /** Takes over options and state. Throws RangeError if the groups are others. */
  loadStateDict(dict: OptimizerStateDict): void {
    const where = `${this.constructor.name}.loadStateDict`;
    const groups = dict?.param_groups;
    if (!Array.isArray(groups))
      throw new TypeError(`${where}: expected a state dict with param_groups but received ${describe(dict)}`);
    if (groups.length !== this.paramGroups.length)
      throw new RangeError(`${where}: loaded state dict has a different number of parameter groups`);
    const byNumber = new Map<string, Tensor>();
    groups.forEach((saved, i) => {
      const numbers: readonly unknown[] = [...(saved.params as Iterable<unknown>)];
      const { params } = this.paramGroups[i]!;
      if (numbers.length !== params.length) {
        throw new RangeError(
          `${where}: loaded state dict contains a parameter group that doesn't match the size of optimizer's group`,
        );
      }
      numbers.forEach((n, j) => byNumber.set(String(n), params[j]!));
    });
    groups.forEach((saved, i) => {
      const target = this.paramGroups[i]!;
      for (const [key, value] of Object.entries(saved)) {
        const name = camel(key);
        if (name === 'params' || name in this.constants) continue;
        if (name in this.defaults || name === 'initialLr') Reflect.set(target, name, value);
      }
    });
    this.state.clear();
    const entries: Iterable<[unknown, Record<string, unknown>]> =
      dict.state instanceof Map ? dict.state : Object.entries(dict.state ?? {});
    for (const [n, values] of entries) {
      const p = byNumber.get(String(n));
      if (!p) continue;
      const state: ParameterState = {};
      for (const [name, value] of Object.entries(values)) {
        if (name === 'step') state[name] = value instanceof Tensor ? value.item() : Number(value);
        else if (value instanceof Tensor) state[name] = emptyLasting(value.sizes, p.dt).copy_(value);
        else if (typeof value === 'number' || value === null) state[name] = value;
      }
      this.state.set(p, state);
    }
    this.#slots.forEach((slots, i) => {
      slots.forEach((slot) => {
        slot.tuple.length = 2;
        slot.state = this.state.get(slot.p) ?? null;
        if (slot.state !== null) this.resume(slot, this.paramGroups[i]!);
      });
    });
  }
  /** Completes a slot whose state was loaded: puts its tensors into the tuple. */
  protected abstract resume(slot: Slot, group: ParamGroup<O>): void;

  /** PyTorch's text. */
  toString(): string {
    const text = (v: unknown): string =>
      v === null
        ? 'None'
        : v === true
          ? 'True'
          : v === false
            ? 'False'
            : Array.isArray(v)
              ? `(${v.map(text).join(', ')})`
              : typeof v === 'number'
                ? python(v)
                : String(v);
    const lines = this.paramGroups.map(({ params: _, ...options }, i) => {
      const named = Object.entries({ ...options, ...this.constants }).map(([k, v]): [string, unknown] => [snake(k), v]);
      named.sort(([a], [b]) => (a < b ? -1 : 1));
      return `Parameter Group ${i}\n${named.map(([k, v]) => `    ${k}: ${text(v)}\n`).join('')}`;
    });
    return `${this.constructor.name} (\n${lines.join('\n')})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** A number as Python prints it. */
const python = (n: number): string =>
  n !== 0 && Math.abs(n) < 1e-4 ? n.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(n);

/** Refuses what is not a number of at least 0. */
export function notNegative(where: string, what: string, value: unknown): void {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number as ${what} but received ${describe(value)}`);
  if (!(value >= 0)) throw new RangeError(`${where}: Invalid ${what}: ${value}`);
}
