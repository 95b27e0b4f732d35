// Custom functions: an operation whose derivative the user writes.
import type { Device } from '../device.ts';
import { FunctionNode, type Grad, attach, recording, tracked } from './node.ts';
import { AutogradError, checkFunction, describe } from '../errors.ts';
import { FLOATING } from '../dtype.ts';
import { Tensor } from '../tensor.ts';
import { outside } from './engine.ts';
import { noGrad } from './mode.ts';

/**
 * What forward() leaves for backward(). Any property may be set on it.
 * @example
 * class Scale extends torch.autograd.Function {
 *   static forward(ctx: torch.autograd.FunctionContext, x: torch.Tensor, factor: number) {
 *     ctx.factor = factor
 *     return x.mul(factor)
 *   }
 *   static backward(ctx: torch.autograd.FunctionContext, g: torch.Tensor) {
 *     return [g.mul(ctx.factor as number), null]
 *   }
 * }
 * const x = torch.ones([2], { requiresGrad: true })
 * Scale.apply(x, 3).sum().backward()
 * x.grad // tensor([3., 3.])
 */
export class FunctionContext {
  [key: string]: unknown;
  #saved: readonly (Tensor | null)[] = [];
  #node: FunctionNode | null = null;
  #dirty: readonly Tensor[] = [];
  #still: ReadonlySet<Tensor> = new Set();
  #materialize = true;
  /** Per input of apply(), whether its gradient is wanted. */
  needsInputGrad: readonly boolean[] = [];
  /** Keeps inputs or results for backward(). */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    this.#saved = tensors;
  }
  /** What saveForBackward() kept. Throws AutogradError if it was changed in place or freed since. */
  get savedTensors(): readonly Tensor[] {
    const node = this.#node;
    return node
      ? this.#saved.map((x, i) => (x === null ? x : node.unpack(i)) as Tensor)
      : (this.#saved as readonly Tensor[]);
  }
  /** Says that forward() changed these inputs in place. */
  markDirty(...tensors: readonly Tensor[]): void {
    this.#dirty = tensors;
  }
  /** Says that these results have no gradient. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    this.#still = new Set(tensors);
  }
  /** Whether backward() gets zeros (as by default) or null for results that nothing used. */
  setMaterializeGrads(value: boolean): void {
    this.#materialize = value;
  }
  /** Internal: links the context to its node. */
  finish(node: FunctionNode, records: boolean): { dirty: readonly Tensor[]; still: ReadonlySet<Tensor> } {
    if (records) {
      this.#node = node;
      node.save(this.#saved);
    }
    return { dirty: this.#dirty, still: this.#still };
  }
  /** Internal: what setMaterializeGrads() was told. */
  get materializes(): boolean {
    return this.#materialize;
  }
}

/** What the two kinds of custom functions share. */
interface Definition {
  /** For the name of the graph's node. */
  readonly name?: string;
  /** The gradients of the inputs, null for what is no tensor, from those of the results. */
  backward(
    ctx: FunctionContext,
    ...grads: Tensor[]
  ): Tensor | null | undefined | readonly (Tensor | null | undefined)[];
}
/** A custom function: two static-like methods in one object. `In` are the arguments of apply(). */
export interface FunctionDefinition<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>
  extends Definition {
  /** Computes the result; operations inside are not recorded. Of a list, what is no tensor is handed on as it is. */
  forward(ctx: FunctionContext, ...inputs: In): Out;
}
/** A custom function whose forward() knows no context: setupContext() keeps what backward() needs. */
export interface SetupDefinition<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>
  extends Definition {
  /** Computes the result; operations inside are not recorded. */
  forward(...inputs: In): Out;
  /** Called after forward(), with its arguments and what it gave. */
  setupContext(ctx: FunctionContext, inputs: In, output: Out): void;
}

/**
 * Base class of custom functions: subclass it with static `forward` and `backward`, and call `apply`.
 * @example
 * class Double extends torch.autograd.Function {
 *   static forward(ctx: torch.autograd.FunctionContext, x: torch.Tensor) { return x.mul(2) }
 *   static backward(ctx: torch.autograd.FunctionContext, g: torch.Tensor) { return g.mul(2) }
 * }
 * const x = torch.ones([2], { requiresGrad: true })
 * Double.apply(x) // tensor([2., 2.], grad_fn=<DoubleBackward>)
 */
export class Function {
  /** Runs a subclass's forward, and records its backward. Throws AutogradError where backward() gives the wrong number of gradients. */
  static apply<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>(
    this: SetupDefinition<In, Out>,
    ...inputs: In
  ): Out;
  static apply<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>(
    this: FunctionDefinition<In, Out>,
    ...inputs: In
  ): Out;
  static apply<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>(
    this: FunctionDefinition<In, Out> | SetupDefinition<In, Out>,
    ...inputs: In
  ): Out {
    return applyFunction(this, inputs);
  }
}

/**
 * Marks a `backward` that cannot itself be differentiated: it is run without recording, and differentiating what it gives
 * is an AutogradError.
 * @example
 * class Double extends torch.autograd.Function {
 *   static forward(ctx: torch.autograd.FunctionContext, x: torch.Tensor) { return x.mul(2) }
 *   static backward = torch.autograd.function.onceDifferentiable((ctx, g: torch.Tensor) => g.mul(2))
 * }
 * const x = torch.ones([2], { requiresGrad: true })
 * torch.autograd.grad(Double.apply(x).sum(), x) // [ tensor([2., 2.]) ]
 */
export function onceDifferentiable<A extends readonly Tensor[], R>(
  backward: (ctx: FunctionContext, ...grads: A) => R,
): (ctx: FunctionContext, ...grads: A) => R {
  checkFunction('onceDifferentiable', backward);
  return (ctx, ...grads) => {
    const result = noGrad(() => backward(ctx, ...grads));
    if (!recording(grads)) return result;
    const node = new FunctionNode('Error', () => {
      throw new AutogradError(
        'onceDifferentiable: trying to differentiate twice a function that was marked with onceDifferentiable',
      );
    }).connect(grads);
    const list: readonly unknown[] = Array.isArray(result) ? result : [result];
    node.outputs = list.length;
    const marked = list.map((x, i) =>
      x instanceof Tensor && x.dt.kind === FLOATING ? attach(x.detach(), node, i) : x,
    );
    return (Array.isArray(result) ? marked : marked[0]) as R;
  };
}

/** Runs forward(), and setupContext() where there is one. */
function run<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>(
  definition: FunctionDefinition<In, Out> | SetupDefinition<In, Out>,
  ctx: FunctionContext,
  inputs: In,
): Out {
  if (!('setupContext' in definition)) return definition.forward(ctx, ...inputs);
  const result = definition.forward(...inputs);
  definition.setupContext(ctx, inputs, result);
  return result;
}

function applyFunction<In extends readonly unknown[], Out extends Tensor | readonly unknown[]>(
  definition: FunctionDefinition<In, Out> | SetupDefinition<In, Out>,
  inputs: In,
): Out {
  const name = definition.name || 'Function';
  const ctx = new FunctionContext();
  const tensors = inputs.map((x) => (x instanceof Tensor ? x : null));
  ctx.needsInputGrad = tensors.map((x) => x !== null && tracked(x));
  const records = recording(tensors);
  const node = new FunctionNode(`${name}Backward`, (grads, n) => {
    const full = grads.map((g, i) => g ?? (ctx.materializes && metas[i] ? zeros(metas[i]) : g)) as Tensor[];
    // the user may keep what passes through his hands
    for (const g of full) if (g) g.storage.maker = 0;
    const given = outside(() => definition.backward(ctx, ...full));
    const list = Array.isArray(given)
      ? [...(given as readonly (Tensor | null | undefined)[])]
      : [given as Tensor | null | undefined];
    while (list.length > inputs.length && (list.at(-1) ?? null) === null) list.pop();
    if (list.length !== inputs.length) {
      throw new AutogradError(
        `${name}: backward returned an incorrect number of gradients (expected ${inputs.length}, got ${list.length})`,
      );
    }
    return list.map((g, i): Grad => {
      if (g === null || g === undefined) return null;
      if (!(g instanceof Tensor))
        throw new TypeError(`${name}: backward returned ${describe(g)} as gradient ${i}; expected a Tensor or null`);
      return n.next[i] ? g : null;
    });
  }).connect(tensors);
  const result = noGrad(() => run(definition, ctx, inputs));
  const outs: unknown = result instanceof Tensor ? [result] : result;
  if (!Array.isArray(outs) || !outs.some((o) => o instanceof Tensor)) {
    throw new TypeError(`${name}: forward must return a Tensor or a list of them, but returned ${describe(result)}`);
  }
  const metas = outs.map((o: unknown) =>
    o instanceof Tensor ? { sizes: o.sizes, like: o.dt.name, device: o.device } : null,
  );
  const { dirty, still } = ctx.finish(node, records);
  if (!records) return result;
  if (dirty.some((x) => x.requiresGrad && x.node === null))
    throw new AutogradError(`${name}: a leaf Variable that requires grad has been used in an in-place operation.`);
  node.outputs = outs.length;
  const linked = outs.map((out: unknown, i) => {
    if (!(out instanceof Tensor) || still.has(out) || out.dt.kind !== FLOATING) return out;
    // an input that is returned as it is must stay what it is: its result is a view of it
    const own = tensors.includes(out) && !dirty.includes(out) ? out.detach() : out;
    return attach(own, node, i);
  });
  return (result instanceof Tensor ? linked[0] : linked) as Out;
}
let zerosOf: ((sizes: readonly number[], dtype: string, device: Device) => Tensor) | null = null;
/** Internal: how zeros are made; set by lib/index.ts to avoid an import cycle. */
export function setZeros(f: (sizes: readonly number[], dtype: string, device: Device) => Tensor): void {
  zerosOf = f;
}
const zeros = (meta: { sizes: readonly number[]; like: string; device: Device }): Tensor =>
  zerosOf!(meta.sizes, meta.like, meta.device);
