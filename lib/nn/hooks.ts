// What registerForwardHook and its kin put in front of a module's forward. Called by Module.
import { type HookHandle, register } from '../autograd/hooks.ts';
import { attach, FunctionNode, type Grad, recording } from '../autograd/node.ts';
import { FLOATING } from '../dtype.ts';
import { Tensor } from '../tensor.ts';
import type { AnyModule } from './module.ts';

/** Sees a module's result, and may give another. */
export type ForwardHook<Args extends readonly unknown[], Out> = (
  module: AnyModule,
  args: Args,
  output: Out,
) => Out | undefined | void;
/** Sees a module's arguments, and may give others: a list of them, or the only one. */
export type ForwardPreHook<Args extends readonly unknown[]> = (
  module: AnyModule,
  args: Args,
) => Args | Args[number] | undefined | void;
export type AnyForwardHook = (module: AnyModule, args: never, output: never) => unknown;
export type AnyPreHook = (module: AnyModule, args: never) => unknown;
/** Sees the gradients of a module's inputs and outputs, and may give others for the inputs. */
export type BackwardHook = (
  module: AnyModule,
  gradInput: readonly Grad[],
  gradOutput: readonly Grad[],
) => readonly Grad[] | Grad | undefined | void;

/** Sees the gradients of a module's outputs before they go on, and may give others. */
export type BackwardPreHook = (
  module: AnyModule,
  gradOutput: readonly Grad[],
) => readonly Grad[] | Grad | undefined | void;

/** Options of the hooks of modules. */
export interface HookOptions {
  /** Call it before those that are there already. */
  prepend?: boolean | undefined;
}
/** Options of hooks after forward. */
export interface ForwardHookOptions extends HookOptions {
  /** Call it also where forward, or another hook, throws: with undefined for an output that there is not. */
  alwaysCall?: boolean | undefined;
}

/** Tensors without a change, as the outputs of one node through which their gradients pass. */
export function through(
  name: string,
  tensors: readonly Tensor[],
  f: (grads: readonly Grad[]) => readonly Grad[],
): Tensor[] {
  const node = new FunctionNode(name, f).connect(tensors);
  node.outputs = tensors.length;
  return tensors.map((x, i) => (x.dt.kind === FLOATING && x.requiresGrad ? attach(x.detach(), node, i) : x));
}

/** A list without its tensors replaced by those of `tensors`, in order. */
function replace(values: readonly unknown[], tensors: readonly Tensor[]): unknown[] {
  let at = 0;
  return values.map((v) => (v instanceof Tensor ? tensors[at++] : v));
}
const tensorsOf = (values: readonly unknown[]): Tensor[] => values.filter((v): v is Tensor => v instanceof Tensor);
/** What hooks see of gradients: one per value, null for what is no tensor. An object of options at the end is no value. */
function perValue(values: readonly unknown[], grads: readonly Grad[]): Grad[] {
  const last = values.at(-1);
  const options = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  let at = 0;
  return (options ? values.slice(0, -1) : values).map((v) => (v instanceof Tensor ? (grads[at++] ?? null) : null));
}
/** The way back: the gradients of the tensors among the values. */
const perTensor = (values: readonly unknown[], grads: readonly Grad[]): Grad[] =>
  grads.filter((_, i) => values[i] instanceof Tensor);

/** The hooks of one module. */
export class Hooks {
  readonly #module: AnyModule;
  readonly #before = new Map<number, AnyPreHook>();
  readonly #after = new Map<number, AnyForwardHook>();
  /** Those of the above that are called whatever happens. */
  readonly #always = new Set<AnyForwardHook>();
  readonly #backward = new Map<number, BackwardHook>();
  readonly #beforeBackward = new Map<number, BackwardPreHook>();
  /** Those that see only the last operation: see Module.registerBackwardHook. */
  readonly #last = new Map<number, BackwardHook>();
  constructor(module: AnyModule) {
    this.#module = module;
  }
  /** Has the hooks of another module called too. */
  takeFrom(other: Hooks): void {
    for (const hook of other.#before.values()) this.before(hook);
    for (const hook of other.#after.values()) this.after(hook, { alwaysCall: other.#always.has(hook) });
    for (const hook of other.#backward.values()) this.backward(hook);
    for (const hook of other.#beforeBackward.values()) this.beforeBackward(hook);
    for (const hook of other.#last.values()) this.backwardOfLast(hook);
  }
  before(hook: AnyPreHook, options?: HookOptions): HookHandle {
    return register(this.#before, hook, options?.prepend);
  }
  after(hook: AnyForwardHook, options?: ForwardHookOptions): HookHandle {
    if (options?.alwaysCall === true) this.#always.add(hook);
    return register(this.#after, hook, options?.prepend);
  }
  backward(hook: BackwardHook, options?: HookOptions): HookHandle {
    this.#refuseBoth('registerFullBackwardHook', this.#last);
    return register(this.#backward, hook, options?.prepend);
  }
  backwardOfLast(hook: BackwardHook): HookHandle {
    this.#refuseBoth('registerBackwardHook', this.#backward);
    return register(this.#last, hook);
  }
  #refuseBoth(where: string, others: ReadonlyMap<number, unknown>): void {
    if (others.size === 0) return;
    throw new TypeError(
      `${where}: Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them.`,
    );
  }
  beforeBackward(hook: BackwardPreHook, options?: HookOptions): HookHandle {
    return register(this.#beforeBackward, hook, options?.prepend);
  }

  /** Forward between its hooks. */
  run(forward: (...args: readonly unknown[]) => unknown, given: readonly unknown[]): unknown {
    if (this.#always.size === 0) return this.#run(forward, given, null);
    const called = new Set<AnyForwardHook>();
    let output: unknown;
    try {
      return this.#run((...args) => (output = forward(...args)), given, called);
    } catch (error) {
      for (const hook of this.#after.values()) {
        if (this.#always.has(hook) && !called.has(hook)) hook(this.#module, given as never, output as never);
      }
      throw error;
    }
  }
  #run(
    forward: (...args: readonly unknown[]) => unknown,
    given: readonly unknown[],
    called: Set<AnyForwardHook> | null,
  ): unknown {
    let args = given;
    for (const hook of this.#before.values()) {
      const next: unknown = hook(this.#module, args as never);
      if (next !== undefined && next !== null) args = Array.isArray(next) ? next : [next];
    }
    const observer =
      this.#backward.size + this.#beforeBackward.size > 0 &&
      recording(tensorsOf([...args, ...this.#module.parameters()]))
        ? this.#observe()
        : null;
    if (observer) args = observer.inputs(args);
    let output = forward(...args);
    for (const hook of this.#after.values()) {
      called?.add(hook);
      const next: unknown = hook(this.#module, args as never, output as never);
      if (next !== undefined && next !== null) output = next;
    }
    if (this.#last.size > 0) this.#watchLast(args, output);
    return observer ? observer.outputs(output) : output;
  }

  /** Has the hooks called with what the operation that gave the output does in backward. */
  #watchLast(args: readonly unknown[], output: unknown): void {
    let first = output;
    while (Array.isArray(first)) first = first[0] as unknown;
    const node = first instanceof Tensor && recording([first]) ? first.node : null;
    if (node === null) return;
    const inner = node.backward.bind(node);
    node.backward = (given) => {
      let grads = inner(given);
      for (const hook of this.#last.values()) {
        for (const g of [...grads, ...given]) if (g) g.storage.maker = 0;
        const next = hook(this.#module, grads, given);
        if (next !== undefined && next !== null) grads = next instanceof Tensor ? [next] : next;
      }
      return grads;
    };
    const before = new Set(tensorsOf(args).map((x) => x.node));
    if (node.next.every((n) => n !== null && before.has(n))) return;
    process.emitWarning(
      'registerBackwardHook: Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated ' +
        'and will be removed in future versions. This hook will be missing some gradInput. Please use ' +
        'registerFullBackwardHook to get the documented behavior.',
      'DeprecationWarning',
    );
  }

  /** Follows one call into backward: gradients of its outputs come first, then those of its inputs. */
  #observe(): { inputs(args: readonly unknown[]): readonly unknown[]; outputs(output: unknown): unknown } {
    let gradOutput: readonly Grad[] = [];
    let watched = false;
    let given: readonly unknown[] = [];
    const call = (ofTensors: readonly Grad[]): readonly Grad[] => {
      const gradInput = perValue(given, ofTensors);
      let grads: readonly Grad[] = gradInput;
      for (const hook of this.#backward.values()) {
        // the hook may keep what it sees: the engine must not free it
        for (const g of grads) if (g !== null) g.storage.maker = 0;
        const next = hook(this.#module, grads, gradOutput);
        if (next === undefined || next === null) continue;
        grads = next instanceof Tensor ? [next] : next;
        if (grads.length !== gradInput.length) {
          throw new TypeError(
            `registerFullBackwardHook: the hook returned ${grads.length} gradients for ${gradInput.length} inputs`,
          );
        }
      }
      return perTensor(given, grads);
    };
    return {
      inputs: (args) => {
        given = args;
        const tensors = tensorsOf(args);
        if (!recording(tensors)) return args;
        watched = true;
        return replace(args, through('BackwardHookFunctionBackward', tensors, call));
      },
      outputs: (output) => {
        const values: readonly unknown[] = Array.isArray(output) ? output : [output];
        const tensors = tensorsOf(values);
        if (!recording(tensors)) return output;
        const seen = through('BackwardHookFunctionBackward', tensors, (ofTensors) => {
          // they must last until the gradients of the inputs are there
          for (const g of ofTensors) if (g !== null) g.storage.maker = 0;
          const all = perValue(values, ofTensors);
          let grads: readonly Grad[] = all;
          for (const hook of this.#beforeBackward.values()) {
            const next = hook(this.#module, grads);
            if (next === undefined || next === null) continue;
            grads = next instanceof Tensor ? [next] : next;
            if (grads.length !== all.length) {
              throw new TypeError(
                `registerFullBackwardPreHook: the hook returned ${grads.length} gradients for ${all.length} outputs`,
              );
            }
          }
          gradOutput = grads;
          // without inputs that want gradients nothing further down would call the hooks
          if (!watched) call([]);
          return perTensor(values, grads);
        });
        const out = replace(values, seen);
        return Array.isArray(output) ? out : out[0];
      },
    };
  }
}
