// Module: the base class of all layers and models. Its parameters, buffers and children are its own fields.
import { type Call, checkOptions, readArguments } from '../define.ts';
import { zerosLike } from '../create.ts';
import { type Device, type DeviceLike, device as toDevice } from '../device.ts';
import { type DType, type DTypeName, FLOATING, toDType } from '../dtype.ts';
import { describe } from '../errors.ts';
import type { HookHandle } from '../autograd/hooks.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import {
  type AnyForwardHook,
  type AnyPreHook,
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardPreHook,
  Hooks,
} from './hooks.ts';
import { blankOf, type Copy, deepcopy, setCopying } from './copy.ts';
import { formatModule } from './format.ts';
import { Buffer, isLazy, Parameter } from './parameter.ts';
import {
  type LoadStateDictPostHook,
  type LoadStateDictPreHook,
  type StateDictPostHook,
  type StateDictPreHook,
  StateHooks,
} from './state-hooks.ts';
import { type IncompatibleKeys, load, type Saved, type StateDict } from './state-dict.ts';

/** Any module, whatever it takes and gives. */
export type AnyModule = Module<never, unknown>;
/** What hooks are typed by: taken from `this`, because parameters of class types would keep modules from being alike. */
interface Forward<A extends readonly unknown[], O> {
  forward(...args: A): O;
}
/** An array or a plain object: its tensors and modules belong to the module that has it as a field. */
const isContainer = (x: object): x is Record<string, unknown> => {
  if (Array.isArray(x)) return x.length > 0 && (x[0] === null || typeof x[0] === 'object');
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

interface RecurseOptions {
  recurse?: boolean | undefined;
}
type RecurseArguments = Call<[recurse?: boolean], RecurseOptions>;
interface NamedOptions extends RecurseOptions {
  prefix?: string | undefined;
  removeDuplicate?: boolean | undefined;
}
type NamedArguments = Call<[prefix?: string, recurse?: boolean, removeDuplicate?: boolean], NamedOptions>;
interface LoadOptions {
  strict?: boolean | undefined;
  assign?: boolean | undefined;
}

/** What a module has of its own, by name. Fields of arrays and plain objects have names such as `layers.0`. */
interface Own {
  readonly parameters: [string, Parameter][];
  /** With whether it is saved. */
  readonly buffers: [string, Tensor, boolean][];
  readonly children: [string, AnyModule][];
}

/**
 * The base class of models: fields that are a {@link Parameter} are trained, saved and moved; other tensors are buffers,
 * saved and moved, or only moved if their name begins with `_` and nothing else was said (see {@link registerBuffer}); modules, arrays and plain objects of them are children.
 * Private `#fields` are invisible, so tensors and modules must not be kept there. Callers write `model.forward(x)`.
 * @example
 * class Scale extends torch.nn.Module {
 *   factor = new torch.nn.Parameter(torch.ones([1]))
 *   forward(x) { return x.mul(this.factor) }
 * }
 * new Scale().parameters().length // 1
 */
export abstract class Module<Args extends readonly unknown[] = [x: Tensor], Out = Tensor> {
  /** Whether it is being trained: see {@link train}. */
  training = true;
  #hooks: Hooks | null = null;
  #stateHooks: StateHooks | null = null;
  /** Whether buffers are saved, by what was said when they were registered. */
  #persistence: Map<string, boolean> | null = null;

  /** What the module computes. */
  abstract forward(...args: Args): Out;

  // ---- what it is made of -------------------------------------------------------------------------------------------

  /** The fields, by name. Containers, which keep their members elsewhere, override it. */
  protected fields(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }
  /** PyTorch's name of a field in state dicts, where it is not the field's own. */
  protected keyOf(field: string): string {
    return field;
  }
  /** Whether a state dict may lack this field. */
  protected optional(_field: string): boolean {
    return false;
  }
  #own(): Own {
    const own: Own = { parameters: [], buffers: [], children: [] };
    const nested: [string, Record<string, unknown>, boolean][] = [];
    const seen = new Set<object>();
    const take = (name: string, value: unknown, saved: boolean): void => {
      if (typeof value !== 'object' || value === null) return;
      if (value instanceof Parameter) own.parameters.push([name, value]);
      else if (value instanceof Buffer) own.buffers.push([name, value, value.persistent]);
      else if (value instanceof Tensor) own.buffers.push([name, value, saved]);
      else if (value instanceof Module) own.children.push([name, value as AnyModule]);
      else if (isContainer(value) && !seen.has(value)) {
        seen.add(value);
        nested.push([name, value, saved]);
        for (const [key, member] of Object.entries(value)) {
          if (member instanceof Module) own.children.push([`${name}.${key}`, member as AnyModule]);
        }
      }
    };
    for (const [field, value] of this.fields()) {
      take(this.keyOf(field), value, this.#persistence?.get(field) ?? !field.startsWith('_'));
    }
    // tensors of containers come after the module's own, as those of a ParameterList do
    for (let i = 0; i < nested.length; i++) {
      const [name, container, saved] = nested[i]!;
      for (const [key, member] of Object.entries(container)) {
        if (!(member instanceof Module)) take(`${name}.${key}`, member, saved);
      }
    }
    return own;
  }

  /** The parameters, each once; of this module alone with `recurse` false. */
  parameters(...args: RecurseArguments): Parameter[] {
    const { recurse = true } = readArguments<RecurseOptions>('parameters', args, ['recurse']);
    const found = new Set<Parameter>();
    this.#collect(found, new Set(), recurse);
    return [...found];
  }
  /** The way to the parameters that is short enough to go at every step. */
  #collect(found: Set<Parameter>, seen: Set<AnyModule>, recurse: boolean): void {
    const module = this.#any();
    if (seen.has(module)) return;
    seen.add(module);
    let children: AnyModule[] | null = null;
    for (const [, value] of this.fields()) {
      if (typeof value !== 'object' || value === null) continue;
      if (value instanceof Parameter) found.add(value);
      else if (value instanceof Module) (children ??= []).push(value as AnyModule);
      else if (!(value instanceof Tensor) && isContainer(value)) {
        // members of arrays and objects: no short way
        const own = this.#own();
        for (const [, p] of own.parameters) found.add(p);
        children = own.children.map(([, child]) => child);
        break;
      }
    }
    if (recurse && children !== null) for (const child of children) child.#collect(found, seen, true);
  }
  /** As {@link parameters}, with names such as `layers.0.weight`. */
  namedParameters(...args: NamedArguments): [string, Parameter][] {
    return this.#named('namedParameters', args, (own) => own.parameters);
  }
  /** The buffers, each once. */
  buffers(...args: RecurseArguments): Tensor[] {
    const { recurse } = readArguments<RecurseOptions>('buffers', args, ['recurse']);
    return this.namedBuffers({ recurse }).map(([, b]) => b);
  }
  /** As {@link buffers}, with names. */
  namedBuffers(...args: NamedArguments): [string, Tensor][] {
    return this.#named('namedBuffers', args, (own) => own.buffers.map(([name, b]): [string, Tensor] => [name, b]));
  }
  #named<T>(where: string, args: readonly unknown[], members: (own: Own) => readonly [string, T][]): [string, T][] {
    const names = ['prefix', 'recurse', 'removeDuplicate'];
    const { prefix = '', recurse = true, removeDuplicate = true } = readArguments<NamedOptions>(where, args, names);
    const out: [string, T][] = [];
    const seen = new Set<T>();
    const modules = recurse
      ? this.namedModules(prefix, removeDuplicate)
      : [[prefix, this.#any()] as [string, AnyModule]];
    for (const [path, module] of modules) {
      for (const [name, value] of members(module.#own())) {
        if (removeDuplicate && seen.has(value)) continue;
        seen.add(value);
        out.push([path === '' ? name : `${path}.${name}`, value]);
      }
    }
    return out;
  }
  #any(): AnyModule {
    return this as AnyModule;
  }
  /** The modules directly in this one, each once. */
  children(): AnyModule[] {
    return this.namedChildren().map(([, child]) => child);
  }
  /** As {@link children}, with names. */
  namedChildren(): [string, AnyModule][] {
    const seen = new Set<AnyModule>();
    return this.#own().children.filter(([, child]) => !seen.has(child) && seen.add(child));
  }
  /** This module and all below it, each once. */
  modules(): AnyModule[] {
    return this.namedModules().map(([, m]) => m);
  }
  /** As {@link modules}, with names; this module's is empty. */
  namedModules(
    ...args: Call<[prefix?: string, removeDuplicate?: boolean], Omit<NamedOptions, 'recurse'>>
  ): [string, AnyModule][] {
    const names = ['prefix', 'removeDuplicate'];
    const { prefix = '', removeDuplicate = true } = readArguments<NamedOptions>('namedModules', args, names);
    const out: [string, AnyModule][] = [];
    const seen = new Set<AnyModule>();
    const walk = (path: string, module: AnyModule): void => {
      if (removeDuplicate && seen.has(module)) return;
      seen.add(module);
      out.push([path, module]);
      for (const [name, child] of module.#own().children) walk(path === '' ? name : `${path}.${name}`, child);
    };
    walk(prefix, this.#any());
    return out;
  }
  /** The module at a path such as `layers.0`. Throws TypeError if there is none. */
  getSubmodule(target: string): AnyModule {
    let at = this.#any();
    let rest = target;
    while (rest !== '') {
      // names may contain dots themselves: those of modules in arrays do
      const found = at.#own().children.find(([name]) => rest === name || rest.startsWith(`${name}.`));
      if (!found) throw new TypeError(`getSubmodule: ${at.#name()} has no attribute \`${rest.split('.')[0]}\``);
      at = found[1];
      rest = rest.slice(found[0].length + 1);
    }
    return at;
  }
  /**
   * Puts a module at a path such as `layers.0`, whose parent must be there; with `strict` there must be one already.
   * Throws TypeError otherwise.
   */
  setSubmodule(
    target: string,
    module: AnyModule,
    ...args: Call<[strict?: boolean], { strict?: boolean | undefined }>
  ): void {
    const { strict = false } = readArguments<{ strict: boolean }>('setSubmodule', args, ['strict']);
    if (typeof target !== 'string' || target === '')
      throw new TypeError('setSubmodule: cannot set the submodule without a target name');
    if (!(module instanceof Module))
      throw new TypeError(`setSubmodule: expected a Module but received ${describe(module)}`);
    const found = this.namedModules('', false).find(([name]) => name === target);
    if (!found && strict) throw new TypeError(`setSubmodule: ${this.#name()} has no attribute \`${target}\``);
    const at = target.lastIndexOf('.');
    let parent: unknown = this.#any();
    for (const part of at < 0 ? [] : target.slice(0, at).split('.')) {
      const next: unknown = parent instanceof Module ? parent.#child(part) : Reflect.get(parent as object, part);
      if (typeof next !== 'object' || next === null)
        throw new TypeError(`setSubmodule: ${this.#name()} has no attribute \`${part}\``);
      parent = next;
    }
    const name = target.slice(at + 1);
    if (parent instanceof Module) parent.place(name, module);
    else Reflect.set(parent as object, name, module);
  }
  /** The field of this name, or what a container holds under it. */
  #child(name: string): unknown {
    for (const [field, value] of this.fields()) if (field === name) return value;
    return undefined;
  }
  /** Puts a module in the place of a field. Containers override it. */
  protected place(name: string, module: AnyModule): void {
    Reflect.set(this, name, module);
  }
  /** The parameter at a path such as `layers.0.weight`. Throws TypeError if there is none. */
  getParameter(target: string): Parameter {
    return this.#find('getParameter', target, this.namedParameters('', true, false));
  }
  /** The buffer at a path. Throws TypeError if there is none. */
  getBuffer(target: string): Tensor {
    return this.#find('getBuffer', target, this.namedBuffers('', true, false));
  }
  #find<T>(where: string, target: string, all: readonly [string, T][]): T {
    const found = all.find(([name]) => name === target);
    if (!found) throw new TypeError(`${where}: ${this.#name()} has no attribute \`${target}\``);
    return found[1];
  }

  // ---- registering, for names that are not known when the class is written ------------------------------------------

  #register(where: string, name: string, value: unknown): void {
    if (typeof name !== 'string')
      throw new TypeError(`${where}: expected a string as name but received ${describe(name)}`);
    if (name === '') throw new TypeError(`${where}: the name can't be empty string ""`);
    if (name.includes('.')) throw new TypeError(`${where}: the name can't contain "."`);
    if (
      name in this &&
      Reflect.get(this, name) !== undefined &&
      !(Reflect.get(this, name) instanceof Object && this.#has(name))
    ) {
      throw new TypeError(`${where}: attribute '${name}' already exists`);
    }
    Reflect.set(this, name, value);
  }
  #has(name: string): boolean {
    const value: unknown = Reflect.get(this, name);
    return value instanceof Tensor || value instanceof Module;
  }
  /** Sets a field to a buffer; it is not saved if `persistent` is false. */
  registerBuffer(
    name: string,
    tensor: Tensor | null,
    ...args: Call<[persistent?: boolean], { persistent?: boolean | undefined }>
  ): void {
    const { persistent = true } = readArguments<{ persistent: boolean }>('registerBuffer', args, ['persistent']);
    if (tensor !== null && !(tensor instanceof Tensor))
      throw new TypeError(`registerBuffer: expected a Tensor or null but received ${describe(tensor)}`);
    this.#register('registerBuffer', name, tensor);
    (this.#persistence ??= new Map()).set(name, persistent);
  }
  /** Sets a field to a parameter. */
  registerParameter(name: string, parameter: Parameter | null): void {
    if (parameter !== null && !(parameter instanceof Parameter)) {
      throw new TypeError(`registerParameter: expected a Parameter or null but received ${describe(parameter)}`);
    }
    this.#register('registerParameter', name, parameter);
  }
  /** Sets a field to a module. */
  registerModule(name: string, module: AnyModule | null): void {
    if (module !== null && !(module instanceof Module))
      throw new TypeError(`registerModule: expected a Module or null but received ${describe(module)}`);
    this.#register('registerModule', name, module);
  }
  /** As {@link registerModule}. */
  addModule(name: string, module: AnyModule | null): void {
    this.registerModule(name, module);
  }

  // ---- changing all of it -------------------------------------------------------------------------------------------

  /** Calls `f` with every module below this one and with this one, innermost first. */
  apply(f: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(f);
    f(this.#any());
    return this;
  }
  /** Says that the modules are being trained, or not: dropout and batch normalization differ. */
  train(mode = true): this {
    if (typeof mode !== 'boolean') throw new TypeError('train: training mode is expected to be boolean');
    for (const module of this.modules()) module.training = mode;
    return this;
  }
  /** As `train(false)`. */
  eval(): this {
    return this.train(false);
  }
  /** Sets `requiresGrad` of all parameters. */
  requiresGrad_(requiresGrad = true): this {
    for (const p of this.parameters()) p.requiresGrad = requiresGrad;
    return this;
  }
  /** Forgets the gradients of all parameters, or fills them with zeros. */
  zeroGrad(...args: Call<[setToNone?: boolean], { setToNone?: boolean | undefined }>): void {
    const { setToNone = true } = readArguments<{ setToNone: boolean }>('zeroGrad', args, ['setToNone']);
    for (const p of this.parameters()) {
      if (setToNone) p.grad = null;
      else if (p.grad !== null) p.grad = zerosLike(p.grad);
    }
  }
  /** Brings parameters and buffers to another dtype (those that are floating point) or device, in place. */
  to(
    target:
      | DTypeName
      | DeviceLike
      | Tensor
      | { device?: DeviceLike | null | undefined; dtype?: DTypeName | null | undefined },
  ): this {
    let dt: DType | null = null;
    let device: Device | null = null;
    if (target instanceof Tensor) [dt, device] = [target.dt, target.device];
    else if (typeof target === 'string') {
      if (/^(cpu|cuda)/.test(target)) device = toDevice(target);
      else dt = toDType(target, 'to');
    } else if ('type' in target) device = target;
    else {
      checkOptions('to', target, ['device', 'dtype']);
      if (target.dtype) dt = toDType(target.dtype, 'to');
      if (target.device) device = toDevice(target.device);
    }
    if (dt !== null && dt.kind !== FLOATING) {
      throw new TypeError(`to: only accepts floating point dtypes, but got desired dtype=${dt.name}`);
    }
    const move = (x: Tensor): Tensor =>
      x.detach().to({ dtype: dt !== null && x.dt.kind === FLOATING ? dt.name : null, device });
    const tensors = new Set<Tensor>([...this.parameters(), ...this.buffers()]);
    for (const x of tensors) {
      const moved = move(x);
      const { grad } = x;
      if (moved.storage === x.storage) continue;
      if (grad !== null) x.grad = null;
      x.data = moved;
      if (grad !== null) x.grad = move(grad);
    }
    return this;
  }
  /** Brings all parameters and buffers to a dtype, in place; whole numbers too, unlike {@link to}. */
  type(dtype: DTypeName): this {
    const { name } = toDType(dtype, 'type');
    for (const x of new Set<Tensor>([...this.parameters(), ...this.buffers()])) {
      const { grad } = x;
      if (grad !== null) x.grad = null;
      x.data = x.detach().to(name);
      if (grad !== null) x.grad = grad.to(name);
    }
    return this;
  }
  /** Gives all parameters and buffers new memory on a device, without values. */
  toEmpty(options: { device: DeviceLike; recurse?: boolean | undefined }): this {
    checkOptions('toEmpty', options, ['device', 'recurse']);
    const { device, recurse = true } = options ?? {};
    if (device === undefined || device === null) throw new TypeError('toEmpty: expected a device');
    toDevice(device);
    for (const x of new Set<Tensor>([...this.parameters(recurse), ...this.buffers(recurse)])) {
      x.grad = null;
      x.data = emptyLasting(x.sizes, x.dt);
    }
    return this;
  }
  /** Does nothing, and gives the module back: for scripts that come from PyTorch. */
  shareMemory(): this {
    return this;
  }
  /** As `to('cpu')`. */
  cpu(): this {
    return this.to('cpu');
  }
  /** As `to('cuda')`. Throws DeviceError if there is none. */
  cuda(index?: number): this {
    return this.to(index === undefined ? 'cuda' : `cuda:${index}`);
  }
  /** As `to('float32')`. */
  float(): this {
    return this.to('float32');
  }
  /** As `to('float64')`. */
  double(): this {
    return this.to('float64');
  }
  /** As `to('float16')`. */
  half(): this {
    return this.to('float16');
  }
  /** As `to('bfloat16')`. */
  bfloat16(): this {
    return this.to('bfloat16');
  }

  // ---- saving and loading -------------------------------------------------------------------------------------------

  /** What a state dict holds of this module and of all below it. */
  #tensors(): Saved[] {
    return this.namedModules('', false).flatMap(([path, module]) => {
      const { parameters, buffers } = module.#own();
      const saved = [...parameters, ...buffers.filter(([, , isSaved]) => isSaved)];
      const keyed = (name: string): string => (path === '' ? name : `${path}.${name}`);
      const list = saved.map(
        ([name, tensor]): Saved => ({ key: keyed(name), tensor, optional: module.optional(name) }),
      );
      const { getExtraState, setExtraState } = Module.prototype;
      const gives = module.getExtraState !== getExtraState;
      const takes = module.setExtraState !== setExtraState;
      if (gives || takes) {
        const get = gives ? (): unknown => module.getExtraState() : null;
        const set = takes ? (state: unknown): void => module.setExtraState(state) : null;
        list.push({ key: keyed('_extra_state'), get, set });
      }
      return list;
    });
  }
  /**
   * What a state dict holds of this module beside parameters and buffers, under the key `_extra_state`. Overridden, with
   * {@link setExtraState}, by modules that have such state: a tensor, or anything that what writes the file can write.
   */
  getExtraState(): unknown {
    throw new TypeError(
      `getExtraState: ${this.#name()} has no extra state; override getExtraState and setExtraState to have some`,
    );
  }
  /** Takes over what {@link getExtraState} once gave, when a state dict is loaded. */
  setExtraState(_state: unknown): void {
    throw new TypeError(
      `setExtraState: ${this.#name()} takes no extra state; override getExtraState and setExtraState to have some`,
    );
  }
  /** Parameters and buffers by PyTorch's names, sharing memory with the module. */
  stateDict(options: { prefix?: string | undefined; keepVars?: boolean | undefined } = {}): StateDict {
    checkOptions('stateDict', options, ['prefix', 'keepVars']);
    const { prefix = '', keepVars = false } = options;
    const hooked = this.namedModules('', false).filter(([, m]) => m.#stateHooks !== null);
    const prefixed = (path: string): string => (path === '' ? prefix : `${prefix}${path}.`);
    for (const [path, m] of hooked)
      for (const hook of m.#stateHooks!.beforeSave.values()) hook(m, prefixed(path), keepVars);
    const out = Object.create(null) as StateDict;
    for (const entry of this.#tensors()) {
      const key = prefix + entry.key;
      if ('tensor' in entry) out[key] = keepVars || isLazy(entry.tensor) ? entry.tensor : entry.tensor.detach();
      else if (entry.get !== null) out[key] = entry.get() as Tensor; // or whatever it is
    }
    // innermost first, as the parts are finished
    for (const [path, m] of hooked.reverse())
      for (const hook of m.#stateHooks!.afterSave.values()) hook(m, out, prefixed(path), {});
    return out;
  }
  /**
   * Copies the values of a state dict into parameters and buffers, which stay the same objects; with `assign`, makes them
   * share its memory instead. Throws an Error that names missing and unexpected keys (if `strict`) and sizes that differ.
   */
  loadStateDict(
    stateDict: StateDict | ReadonlyMap<string, Tensor>,
    ...args: Call<[strict?: boolean, assign?: boolean], LoadOptions>
  ): IncompatibleKeys {
    const { strict = true, assign = false } = readArguments<LoadOptions>('loadStateDict', args, ['strict', 'assign']);
    const hooked = this.namedModules('', false).filter(([, m]) => m.#stateHooks !== null);
    if (hooked.length === 0 || typeof stateDict !== 'object' || stateDict === null)
      return load(this.#name(), this.#tensors(), stateDict, strict, assign);
    const entries = stateDict instanceof Map ? stateDict : Object.entries(stateDict as StateDict);
    const copy = Object.assign(Object.create(null), Object.fromEntries(entries)) as StateDict;
    const reported = { missing: [], unexpected: [], problems: [] };
    for (const [path, m] of hooked) {
      for (const hook of m.#stateHooks!.beforeLoad.values()) {
        const { missing, unexpected, problems } = reported;
        hook(m, copy, path === '' ? '' : `${path}.`, {}, strict, missing, unexpected, problems);
      }
    }
    const after = (keys: IncompatibleKeys): void => {
      for (const [, m] of hooked.reverse()) for (const hook of m.#stateHooks!.afterLoad.values()) hook(m, keys);
    };
    return load(this.#name(), this.#tensors(), copy, strict, assign, after, reported);
  }
  #stateHooked(where: string, hook: unknown): StateHooks {
    if (typeof hook !== 'function') throw new TypeError(`${where}: expected a function but received ${describe(hook)}`);
    return (this.#stateHooks ??= new StateHooks());
  }
  /**
   * Calls `hook(module, stateDict, prefix, localMetadata, strict, missingKeys, unexpectedKeys, errorMsgs)` before a state
   * dict is loaded into the module; it may change the dict, which is a copy.
   */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook): HookHandle {
    const hooks = this.#stateHooked('registerLoadStateDictPreHook', hook);
    return hooks.add(hooks.beforeLoad, hook);
  }
  /** Calls `hook(module, incompatibleKeys)` after a state dict was loaded; what it removes there is no error. */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook): HookHandle {
    const hooks = this.#stateHooked('registerLoadStateDictPostHook', hook);
    return hooks.add(hooks.afterLoad, hook);
  }
  /** Calls `hook(module, prefix, keepVars)` before a state dict is made. */
  registerStateDictPreHook(hook: StateDictPreHook): HookHandle {
    const hooks = this.#stateHooked('registerStateDictPreHook', hook);
    return hooks.add(hooks.beforeSave, hook);
  }
  /** Calls `hook(module, stateDict, prefix, localMetadata)` after the module's part of a state dict was made. */
  registerStateDictPostHook(hook: StateDictPostHook): HookHandle {
    const hooks = this.#stateHooked('registerStateDictPostHook', hook);
    return hooks.add(hooks.afterSave, hook);
  }

  // ---- hooks --------------------------------------------------------------------------------------------------------

  #hooked(): Hooks {
    // modules without hooks pay nothing: the first one puts a wrapper in front of this instance's forward
    if (this.#hooks === null) {
      const hooks = (this.#hooks = new Hooks(this.#any()));
      const forward = this.forward as (...args: readonly unknown[]) => unknown;
      const value = (...args: readonly unknown[]): unknown =>
        hooks.run((...a) => Reflect.apply(forward, this, a), args);
      Object.defineProperty(this, 'forward', { configurable: true, writable: true, enumerable: false, value });
    }
    return this.#hooks;
  }
  /** Calls `hook(module, args, output)` after each forward; what it returns takes the output's place. */
  registerForwardHook<A extends readonly unknown[], O>(this: Forward<A, O>, hook: ForwardHook<A, O>): HookHandle {
    return (this as Forward<never, unknown> as AnyModule).#hooked().after(hook as AnyForwardHook);
  }
  /** Calls `hook(module, args)` before each forward; arguments that it returns take the place of those given. */
  registerForwardPreHook<A extends readonly unknown[]>(this: Forward<A, unknown>, hook: ForwardPreHook<A>): HookHandle {
    return (this as Forward<never, unknown> as AnyModule).#hooked().before(hook as AnyPreHook);
  }
  /** Calls `hook(module, gradInputs, gradOutputs)` in backward; gradients that it returns take the inputs' place. */
  registerFullBackwardHook(hook: BackwardHook): HookHandle {
    return this.#hooked().backward(hook);
  }

  /**
   * PyTorch's old hook: calls `hook(module, gradInputs, gradOutputs)` with the gradients of the last operation of forward
   * alone. Throws TypeError where there are full hooks; {@link registerFullBackwardHook} does what one expects.
   */
  registerBackwardHook(hook: BackwardHook): HookHandle {
    return this.#hooked().backwardOfLast(hook);
  }
  /** Calls `hook(module, gradOutputs)` in backward before the module's part; gradients that it returns take their place. */
  registerFullBackwardPreHook(hook: BackwardPreHook): HookHandle {
    return this.#hooked().beforeBackward(hook);
  }

  // ---- copying ------------------------------------------------------------------------------------------------------

  /**
   * A copy with parameters, buffers and modules of its own, equal to these: what Python's `copy.deepcopy` gives. What is
   * shared within the module is shared within the copy; functions, and objects of other classes, are not copied. A class
   * with `#private` fields of its own must override {@link bareCopy}. Throws AutogradError for a tensor that was computed.
   */
  deepcopy(): this {
    return deepcopy(this as Module<Args, Out>) as this;
  }
  /**
   * A module of this class that has nothing yet, for {@link deepcopy}: made without the class's constructor, but with the
   * private fields of the class that this method is of.
   */
  protected bareCopy(): Module<never, unknown> {
    return blankOf(Module, this);
  }
  /** Fills a blank copy: `copy` copies a value. Containers, which keep their members elsewhere, add these. */
  protected fillCopy(target: AnyModule, copy: Copy): void {
    for (const [field, value] of Object.entries(this)) Reflect.set(target, field, copy(value));
    if (this.#persistence !== null) target.#persistence = new Map(this.#persistence);
    if (this.#hooks !== null) target.#hooked().takeFrom(this.#hooks);
    if (this.#stateHooks !== null) (target.#stateHooks = new StateHooks()).takeFrom(this.#stateHooks);
  }
  static {
    setCopying(
      (module) => module.bareCopy(),
      (module, target, copy) => module.fillCopy(target, copy),
    );
  }

  // ---- printing -----------------------------------------------------------------------------------------------------

  #name(): string {
    return this.constructor.name;
  }
  /** What is printed between the parentheses. */
  extraRepr(): string {
    return '';
  }
  /** PyTorch's text: the class with what `extraRepr` tells, and the children. */
  toString(): string {
    const children: [string, string][] = [];
    for (const [field, value] of this.fields()) {
      if (value instanceof Module) children.push([this.keyOf(field), String(value)]);
      else if (typeof value === 'object' && value !== null && !(value instanceof Tensor) && isContainer(value)) {
        const members = Object.entries(value).filter(([, m]) => m instanceof Module);
        if (members.length === 0) continue;
        const list = Array.isArray(value);
        children.push([
          field,
          formatModule(
            list ? 'ModuleList' : 'ModuleDict',
            '',
            members.map(([k, m]): [string, string] => [k, String(m)]),
            list,
          ),
        ]);
      }
    }
    return formatModule(this.#name(), this.extraRepr(), children, this.isList());
  }
  /** Whether equal neighbours are printed as one. */
  protected isList(): boolean {
    return false;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
