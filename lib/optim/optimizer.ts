// The base of all optimizers: groups of parameters, their state, the step and its hooks.
import { type HookHandle, register } from '../autograd/hooks.ts';
import { enableGrad } from '../autograd/mode.ts';
import { zerosLike } from '../create.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkInference, runList } from '../dispatch.ts';
import { FLOATING } from '../dtype.ts';
import { AutogradError, describe, DeviceError, DtypeError } from '../errors.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import { type Ways, ways } from './checks.ts';
import {
  camel,
  matchGroups,
  type OptimizerStateDict,
  packState,
  type ParameterState,
  python,
  snake,
  type StateValue,
  unpackState,
} from './state-dict.ts';

/** What schedules and averaging keep in a group beside its options. */
export interface GroupNotes {
  /** The learning rate at the start of a schedule. */
  initialLr?: number;
  maxLr?: number;
  minLr?: number;
  baseMomentum?: number;
  maxMomentum?: number;
  swaLr?: number;
  /** The parameters' names, where they were given with names. */
  paramNames?: string[];
}
const NOTES: readonly string[] = ['initialLr', 'maxLr', 'minLr', 'baseMomentum', 'maxMomentum', 'swaLr', 'paramNames'];
/** Parameters that share options. */
export type ParamGroup<O> = O & GroupNotes & { params: Tensor[] };
/** Options as they are given: the learning rate may be a tensor with one element. */
export type Taken<O> = { [K in keyof O]: K extends 'lr' ? number | Tensor : O[K] };
/** Parameters, alone or with their names, as `namedParameters()` gives them. */
export type Parameters = Iterable<Tensor> | Iterable<readonly [name: string, parameter: Tensor]>;
/** A group as it is given: what it does not say is the optimizer's default. */
export type GivenGroup<O> = { params: Tensor | Parameters } & Partial<Taken<O>> & GroupNotes;
/** What is optimized: tensors, with names or without, or groups of them with options of their own. */
export type Params<O> = Parameters | Iterable<GivenGroup<O>>;

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

/** Called before a step with its arguments; may give others in their place. */
export type StepPreHook = (
  optimizer: Optimizer,
  args: readonly unknown[],
) => readonly unknown[] | null | undefined | void;
/** Called after a step with its arguments. */
export type StepPostHook = (optimizer: Optimizer, args: readonly unknown[]) => void;
/** Called before a state dict is made, or after one was loaded. */
export type OptimizerHook = (optimizer: Optimizer) => void;
/** Called with a state dict that was made, or is to be loaded; may give another in its place. */
export type StateDictHook = (
  optimizer: Optimizer,
  dict: OptimizerStateDict,
) => OptimizerStateDict | null | undefined | void;
type PrependArguments = Call<[prepend?: boolean], { prepend?: boolean | undefined }>;

/** Adds a hook, before all others if wanted. */
function add<F>(where: string, hooks: Map<number, F>, hook: F, args: PrependArguments): HookHandle {
  if (typeof hook !== 'function') throw new TypeError(`${where}: expected a function but received ${describe(hook)}`);
  const { prepend = false } = readArguments<{ prepend: boolean }>(where, args, ['prepend']);
  const others = prepend ? [...hooks] : [];
  if (prepend) hooks.clear();
  const handle = register(hooks, hook);
  for (const [id, other] of others) hooks.set(id, other);
  return handle;
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
  /** State by parameter, with PyTorch's names; what are tensors without dims there are numbers here. */
  readonly state: Map<Tensor, ParameterState> = new Map();
  readonly defaults: Taken<O>;
  readonly #slots: Slot[][] = [];
  /** Learning rates that are tensors: their groups show the number. */
  readonly #rates = new WeakMap<ParamGroup<O>, Tensor>();
  readonly #hooks = {
    stepPre: new Map<number, StepPreHook>(),
    stepPost: new Map<number, StepPostHook>(),
    statePre: new Map<number, OptimizerHook>(),
    statePost: new Map<number, StateDictHook>(),
    loadPre: new Map<number, StateDictHook>(),
    loadPost: new Map<number, OptimizerHook>(),
  };

  constructor(params: Params<O>, defaults: Taken<O>) {
    this.defaults = defaults;
    const where = new.target.name;
    if (params instanceof Tensor || typeof params !== 'object' || params === null || !(Symbol.iterator in params)) {
      throw new TypeError(
        `${where}: params argument given to the optimizer should be an iterable of Tensors or groups, but got ${describe(params)}`,
      );
    }
    const list: readonly unknown[] = [...(params as Iterable<unknown>)];
    if (list.length === 0) throw new RangeError(`${where}: optimizer got an empty parameter list`);
    const isGroup = (x: unknown): x is GivenGroup<O> =>
      typeof x === 'object' && x !== null && !(x instanceof Tensor) && 'params' in x;
    if (isGroup(list[0])) {
      for (const group of list) {
        if (!isGroup(group))
          throw new TypeError(`${where}: expected groups of parameters but one of them is ${describe(group)}`);
        this.addParamGroup(group);
      }
    } else this.addParamGroup({ params: list as readonly Tensor[] } as GivenGroup<O>);
  }

  /** Checks options. Throws RangeError or TypeError in PyTorch's words. */
  protected abstract check(where: string, options: O): void;
  /** Makes a parameter's state at its first update; null if there is none. */
  protected abstract start(slot: Slot, group: ParamGroup<O>): void;
  /** Updates the parameters of one group, all of which have a gradient. */
  protected abstract update(slots: readonly Slot[], group: ParamGroup<O>): void;

  /** Adds parameters with options of their own. Throws TypeError or AutogradError for what cannot be optimized. */
  addParamGroup(given: GivenGroup<O>): void {
    const where = this.constructor.name;
    if (typeof given !== 'object' || given === null || Array.isArray(given) || given instanceof Tensor)
      throw new TypeError(`${where}: param_group must be an object but received ${describe(given)}`);
    const source: unknown = given.params;
    if (source instanceof Set) {
      throw new TypeError(
        `${where}: optimizer parameters need to be organized in ordered collections. Please use a list instead.`,
      );
    }
    if (typeof source !== 'object' || source === null || !(source instanceof Tensor || Symbol.iterator in source))
      throw new TypeError(`${where}: expected an iterable of Tensors for params but received ${describe(source)}`);
    const names: string[] = [];
    const list: readonly unknown[] = source instanceof Tensor ? [source] : [...(source as Iterable<unknown>)];
    const found = list.map((item): unknown => {
      if (!Array.isArray(item) || item.length !== 2) return item;
      names.push(String(item[0]));
      return item[1] as unknown;
    });
    const params = this.#checked(where, found, names.length);

    const options: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      if (name === 'params' || value === undefined) continue;
      if (!(name in this.defaults) && !NOTES.includes(name))
        throw new TypeError(`${where}: unknown option '${name}'; expected ${Object.keys(this.defaults).join(', ')}`);
      options[name] = value;
    }
    // in PyTorch's order: what was given comes first
    const named = names.length > 0 ? { paramNames: names } : {};
    const group = { ...named, ...options, ...this.defaults, ...options, params } as ParamGroup<O>;
    this.#takeRate(where, group, group.lr);
    this.check(where, group);
    ways(where, group as Ways);
    this.paramGroups.push(group);
    this.#slots.push(params.map((p) => ({ p, state: null, tuple: [p, p] })));
  }
  #checked(where: string, params: readonly unknown[], names: number): Tensor[] {
    if (names > 0 && names < params.length) {
      throw new RangeError(`${where}: all optimizer params should be with/without names. Some param names are missing`);
    }
    const taken = new Set(this.paramGroups.flatMap((g) => g.params));
    for (const p of params) {
      if (!(p instanceof Tensor))
        throw new TypeError(`${where}: optimizer can only optimize Tensors, but one of the params is ${describe(p)}`);
      if (!p.isLeaf) throw new AutogradError(`${where}: can't optimize a non-leaf Tensor`);
      if (p.dt.kind !== FLOATING)
        throw new DtypeError(`${where}: can only optimize floating-point tensors, but one of the params is ${p.dtype}`);
      if (taken.has(p)) throw new TypeError(`${where}: some parameters appear in more than one parameter group`);
    }
    if (new Set(params).size < params.length)
      throw new TypeError(`${where}: optimizer contains a parameter group with duplicate parameters`);
    if (this.paramGroups.some((g) => names > 0 !== (g.paramNames !== undefined))) {
      throw new RangeError(
        `${where}: all optimizer param groups should be with/without names. cannot add param group ${
          names > 0 ? 'with' : 'without'
        } names to the optimizer`,
      );
    }
    return params as Tensor[];
  }
  /** Lets a group read its learning rate out of a tensor, if it is one. */
  #takeRate(where: string, group: ParamGroup<O>, lr: unknown): void {
    if (!(lr instanceof Tensor)) return;
    if (lr.count !== 1) throw new RangeError(`${where}: Tensor lr must be 1-element`);
    this.#rates.set(group, lr);
    Object.defineProperty(group, 'lr', {
      configurable: true,
      enumerable: true,
      get: () => lr.item(),
      set: (value: number) => lr.detach().fill_(value),
    });
  }

  /** Updates all parameters that have a gradient. `closure` computes the loss anew, which is given back. */
  step(): null;
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R): R | null {
    const { stepPre, stepPost } = this.#hooks;
    if (stepPre.size === 0 && stepPost.size === 0) return this.advanceAll(closure);
    let args: readonly unknown[] = closure === undefined ? [] : [closure];
    for (const hook of stepPre.values()) {
      const next = hook(this, args);
      if (next === undefined || next === null) continue;
      if (!Array.isArray(next))
        throw new TypeError(`${this.constructor.name}: a step hook must give nothing or a list of arguments`);
      args = next;
    }
    const loss = this.advanceAll(args[0] as (() => R) | undefined);
    for (const hook of stepPost.values()) hook(this, args);
    return loss;
  }
  /** The step between its hooks. */
  protected advanceAll<R>(closure?: () => R): R | null {
    if (closure !== undefined && typeof closure !== 'function')
      throw new TypeError(`${this.constructor.name}: expected a function as closure but received ${describe(closure)}`);
    const loss = closure === undefined ? null : enableGrad(closure);
    const { paramGroups } = this;
    for (let i = 0; i < paramGroups.length; i++) {
      const group = paramGroups[i]!;
      const slots = this.#slots[i]!;
      if ((group as Ways).capturable) this.#refuseCapture();
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
  #refuseCapture(): never {
    throw new DeviceError(
      `${this.constructor.name}: If capturable=True, params and state_steps must be on supported devices: CUDA's, not cpu`,
    );
  }
  /** Makes the state of all parameters before the first step. */
  protected startAll(): void {
    this.#slots.forEach((slots, i) => {
      for (const slot of slots) this.start(slot, this.paramGroups[i]!);
    });
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

  /** A tensor of the shape of a slot's parameter, as one of its states and the next operand of its kernel. */
  protected filled(slot: Slot, name: string, value: number): Tensor {
    const out = emptyLasting(slot.p.sizes, slot.p.dt, slot.p.device);
    if (value === 0) out.zero_();
    else out.fill_(value);
    this.keep(slot, name, out);
    slot.tuple.push(out);
    return out;
  }
  protected zeros(slot: Slot, name: string): Tensor {
    return this.filled(slot, name, 0);
  }
  /** Stores a part of a slot's state. */
  protected keep(slot: Slot, name: string, value: StateValue): void {
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
      checkInference('step', p);
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

  // ---- hooks --------------------------------------------------------------------------------------------------------

  /** Calls `hook` before each step, with the step's arguments; it may give others. */
  registerStepPreHook(hook: StepPreHook): HookHandle {
    return add('registerStepPreHook', this.#hooks.stepPre, hook, []);
  }
  /** Calls `hook` after each step. */
  registerStepPostHook(hook: StepPostHook): HookHandle {
    return add('registerStepPostHook', this.#hooks.stepPost, hook, []);
  }
  /** Calls `hook` before each state dict is made. */
  registerStateDictPreHook(hook: OptimizerHook, ...args: PrependArguments): HookHandle {
    return add('registerStateDictPreHook', this.#hooks.statePre, hook, args);
  }
  /** Calls `hook` with each state dict that was made; it may give another. */
  registerStateDictPostHook(hook: StateDictHook, ...args: PrependArguments): HookHandle {
    return add('registerStateDictPostHook', this.#hooks.statePost, hook, args);
  }
  /** Calls `hook` with each state dict that is to be loaded; it may give another. */
  registerLoadStateDictPreHook(hook: StateDictHook, ...args: PrependArguments): HookHandle {
    return add('registerLoadStateDictPreHook', this.#hooks.loadPre, hook, args);
  }
  /** Calls `hook` after each state dict was loaded. */
  registerLoadStateDictPostHook(hook: OptimizerHook, ...args: PrependArguments): HookHandle {
    return add('registerLoadStateDictPostHook', this.#hooks.loadPost, hook, args);
  }

  // ---- state dicts --------------------------------------------------------------------------------------------------

  /** A group's options, by PyTorch's names. */
  #options(group: ParamGroup<O>): [string, unknown][] {
    const rate = this.#rates.get(group);
    return Object.entries(group).flatMap(([k, v]): [string, unknown][] =>
      k === 'params' ? [] : [[snake(k), k === 'lr' && rate ? rate : v]],
    );
  }
  /** Options and state in PyTorch's format; tensors share memory with the optimizer. */
  stateDict(): OptimizerStateDict {
    for (const hook of this.#hooks.statePre.values()) hook(this);
    const numbers = new Map<Tensor, number>();
    const param_groups = this.paramGroups.map((group) => ({
      ...Object.fromEntries(this.#options(group)),
      params: group.params.map((p) => {
        numbers.set(p, numbers.size);
        return numbers.get(p)!;
      }),
    }));
    let dict: OptimizerStateDict = { state: packState(numbers, this.state), param_groups };
    for (const hook of this.#hooks.statePost.values()) dict = hook(this, dict) ?? dict;
    return dict;
  }

  /** Takes over options and state. Throws RangeError if the groups are others. */
  loadStateDict(given: OptimizerStateDict): void {
    const where = `${this.constructor.name}.loadStateDict`;
    let dict = given;
    for (const hook of this.#hooks.loadPre.values()) dict = hook(this, { ...dict }) ?? dict;
    const byNumber = matchGroups(where, dict, this.paramGroups);
    dict.param_groups.forEach((saved, i) => {
      const target = this.paramGroups[i]!;
      for (const [key, value] of Object.entries(saved)) {
        const name = camel(key);
        if (name === 'lr' && value instanceof Tensor) this.#takeRate(where, target, value.clone());
        else if (name in this.defaults || NOTES.includes(name)) Reflect.set(target, name, value);
      }
    });
    unpackState(byNumber, dict.state, this.state);
    this.#slots.forEach((slots, i) => {
      slots.forEach((slot) => {
        slot.tuple.length = 2;
        slot.state = this.state.get(slot.p) ?? null;
        if (slot.state !== null) this.resume(slot, this.paramGroups[i]!);
      });
    });
    for (const hook of this.#hooks.loadPost.values()) hook(this);
  }
  /** Completes a slot whose state was loaded: puts its tensors into the tuple. */
  protected abstract resume(slot: Slot, group: ParamGroup<O>): void;

  /** PyTorch's text. */
  toString(): string {
    const lines = this.paramGroups.map((group, i) => {
      const named = this.#options(group).sort(([a], [b]) => (a < b ? -1 : 1));
      const text = (k: string, v: unknown): string =>
        v instanceof Tensor && v.ndim === 0
          ? python(v.item())
          : k === 'param_names'
            ? `[${(v as string[]).map((name) => `'${name}'`).join(', ')}]`
            : python(v);
      const shown = named.map(([k, v]) => `    ${k}: ${text(k, v)}\n`);
      return `Parameter Group ${i}\n${shown.join('')}`;
    });
    return `${this.constructor.name} (\n${lines.join('\n')})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
