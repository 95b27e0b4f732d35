// Module: the base class of all layers and models. Its parameters, buffers and children are its own fields.
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { zerosLike } from '../create.ts';
import { runAsync } from '../async.ts';
import { available, type Device, type DeviceLike, device as toDevice } from '../device.ts';
import { type DType, type DTypeName, FLOATING, toDType } from '../dtype.ts';
import { describe } from '../errors.ts';
import type { HookHandle } from '../autograd/hooks.ts';
import { type MemoryFormat, rankOf } from '../memory-format.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import {
  type AnyForwardHook,
  type AnyPreHook,
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardHookOptions,
  type ForwardPreHook,
  type HookOptions,
  Hooks,
} from './hooks.ts';
import { blankOf, type Copy, deepcopy, setCopying } from './copy.ts';
import { formatModule } from './format.ts';
import { copyField, copyPersistence, isContainer, ModuleTree, ownOf } from './module-tree.ts';
import { isLazy } from './parameter.ts';
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
/** What a module's `forward` takes. */
export type ArgumentsOf<M> = M extends { forward(...args: infer A extends readonly unknown[]): unknown } ? A : never;
/** What a module's `forward` gives. */
export type OutputOf<M> = M extends { forward(...args: never): infer O } ? O : never;
/** What hooks are typed by: taken from `this`, because parameters of class types would keep modules from being alike. */
interface Forward<A extends readonly unknown[], O> {
  forward(...args: A): O;
}
interface LoadOptions {
  strict?: boolean | undefined;
  assign?: boolean | undefined;
}

/** Options of {@link Module.to}. */
export interface MoveOptions {
  device?: DeviceLike | null | undefined;
  dtype?: DTypeName | null | undefined;
  /** Lets the host go on while a device copies. */
  nonBlocking?: boolean | undefined;
  memoryFormat?: MemoryFormat | undefined;
}

/**
 * The base class of models: fields that are a {@link Parameter} are trained, saved and moved; other tensors are buffers,
 * saved and moved, or only moved if their name begins with `_` and nothing else was said (see {@link registerBuffer});
 * modules, arrays and plain objects of them are children. Private `#fields` are invisible, so tensors and modules must
 * not be kept there. Callers write `model.forward(x)`.
 * @example
 * class Scale extends torch.nn.Module {
 *   factor = new torch.nn.Parameter(torch.ones([1]))
 *   forward(x) { return x.mul(this.factor) }
 * }
 * new Scale().parameters().length // 1
 */
export abstract class Module<Args extends readonly unknown[] = [x: Tensor], Out = Tensor> extends ModuleTree {
  /** Whether it is being trained: see {@link train}. */
  training = true;
  #hooks: Hooks | null = null;
  #stateHooks: StateHooks | null = null;

  /** What the module computes. */
  abstract forward(...args: Args): Out;
  /**
   * What {@link forward} gives, without gradients and without blocking the event loop: see `torch.runAsync`. For modules
   * whose forward asks for shapes only, not for values, and draws no random numbers: call {@link eval} first.
   */
  forwardAsync(...args: Args): Promise<Out> {
    return runAsync(() => this.forward(...args));
  }

  // ---- changing all of it -------------------------------------------------------------------------------------------

  /** Calls `f` with every module below this one and with this one, innermost first. */
  apply(f: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(f);
    f(this as AnyModule);
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
  /**
   * Brings parameters and buffers to another dtype (those that are floating point) or device, in place; with
   * `memoryFormat` those of 4 dims (`'channelsLast'`) or 5 (`'channelsLast3d'`) to another layout. Throws TypeError for
   * dtypes that are not floating point.
   */
  to(
    ...args: Call<[target: DTypeName | DeviceLike | Tensor, dtype?: DTypeName, nonBlocking?: boolean], MoveOptions>
  ): this {
    let dt: DType | null = null;
    let device: Device | null = null;
    const [target] = args;
    let rest: readonly unknown[] = args;
    if (target instanceof Tensor) [dt, device] = [target.dt, target.device];
    else if (typeof target === 'string' && !/^(cpu|cuda)/.test(target)) dt = toDType(target, 'to');
    else if (typeof target === 'string' || (target !== undefined && 'type' in target)) device = toDevice(target);
    if (dt !== null || device !== null) rest = [...(dt === null ? [] : [undefined]), ...args.slice(1)];
    const options = readArguments<MoveOptions>('to', rest, ['dtype', 'nonBlocking'], ['device', 'memoryFormat']);
    if (options.dtype) dt = toDType(options.dtype, 'to');
    if (options.device) device = toDevice(options.device);
    const { nonBlocking, memoryFormat = 'preserve' } = options;
    const rank = rankOf(memoryFormat);
    if (dt !== null && dt.kind !== FLOATING) {
      throw new TypeError(`to: only accepts floating point dtypes, but got desired dtype=${dt.name}`);
    }
    const move = (x: Tensor): Tensor =>
      x.detach().to({
        dtype: dt !== null && x.dt.kind === FLOATING ? dt.name : null,
        device,
        nonBlocking,
        memoryFormat: rank === null || x.sizes.length === rank ? memoryFormat : 'preserve',
      });
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
    const at = available('toEmpty', toDevice(device));
    for (const x of new Set<Tensor>([...this.parameters(recurse), ...this.buffers(recurse)])) {
      x.grad = null;
      x.data = emptyLasting(x.sizes, x.dt, at);
    }
    return this;
  }
  /** As `to('cpu')`. */
  cpu(): this {
    return this.to('cpu');
  }
  /**
   * Moves all parameters, their gradients and buffers into memory that other threads can have: see `Tensor.shareMemory_`.
   * `torch.multiprocessing.pack(model.stateDict())` sends it.
   */
  shareMemory(): this {
    for (const x of [...this.parameters(), ...this.buffers()]) {
      x.shareMemory_();
      x.grad?.shareMemory_();
    }
    return this;
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
      const { parameters, buffers } = ownOf(module);
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
      const hooks = (this.#hooks = new Hooks(this as AnyModule));
      const forward = this.forward as (...args: readonly unknown[]) => unknown;
      const value = (...args: readonly unknown[]): unknown =>
        hooks.run((...a) => Reflect.apply(forward, this, a), args);
      Object.defineProperty(this, 'forward', { configurable: true, writable: true, enumerable: false, value });
    }
    return this.#hooks;
  }
  /** Calls `hook(module, args, output)` after each forward; what it returns takes the output's place. */
  registerForwardHook<A extends readonly unknown[], O>(
    this: Forward<A, O>,
    hook: ForwardHook<A, O>,
    options?: ForwardHookOptions,
  ): HookHandle {
    checkOptions('registerForwardHook', options, ['prepend', 'alwaysCall']);
    return (this as Forward<never, unknown> as AnyModule).#hooked().after(hook as AnyForwardHook, options);
  }
  /** Calls `hook(module, args)` before each forward; arguments that it returns take the place of those given. */
  registerForwardPreHook<A extends readonly unknown[] | []>(
    this: Forward<A, unknown>,
    hook: ForwardPreHook<A>,
    options?: HookOptions,
  ): HookHandle {
    checkOptions('registerForwardPreHook', options, ['prepend']);
    return (this as Forward<never, unknown> as AnyModule).#hooked().before(hook as AnyPreHook, options);
  }
  /**
   * Calls `hook(module, gradInputs, gradOutputs)` in backward, with null for arguments that want no gradient; gradients
   * that it returns take the inputs' place.
   */
  registerFullBackwardHook(hook: BackwardHook, options?: HookOptions): HookHandle {
    checkOptions('registerFullBackwardHook', options, ['prepend']);
    return this.#hooked().backward(hook, options);
  }

  /**
   * PyTorch's old hook: calls `hook(module, gradInputs, gradOutputs)` with the gradients of the last operation of forward
   * alone. Throws TypeError where there are full hooks; {@link registerFullBackwardHook} does what one expects.
   */
  registerBackwardHook(hook: BackwardHook): HookHandle {
    return this.#hooked().backwardOfLast(hook);
  }
  /** Calls `hook(module, gradOutputs)` in backward before the module's part; gradients that it returns take their place. */
  registerFullBackwardPreHook(hook: BackwardPreHook, options?: HookOptions): HookHandle {
    checkOptions('registerFullBackwardPreHook', options, ['prepend']);
    return this.#hooked().beforeBackward(hook, options);
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
    for (const [field, value] of Object.entries(this)) copyField(this, target, field, copy(value));
    copyPersistence(this, target);
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
  override toString(): string {
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
