// torch.utils.checkpoint: forward leaves no intermediate results behind, backward computes them again.
import { grad, outside } from '../autograd/engine.ts';
import { enableGrad, mode } from '../autograd/mode.ts';
import { attach, FunctionNode, type Grad, type Node } from '../autograd/node.ts';
import { casting } from '../autocast.ts';
import { cpu, type Device } from '../device.ts';
import { type DType, FLOATING } from '../dtype.ts';
import { AutogradError, checkFunction, describe } from '../errors.ts';
import type { AnyModule, Module } from '../nn/module.ts';
import { type Generator, generatorOf } from '../random.ts';
import type { Shape } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  /** PyTorch's older way, or (false) the newer. Here they differ in the name of the graph's node only. */
  useReentrant?: boolean | undefined;
  /** Whether random numbers are drawn again as in forward, such as those of dropout. Default: true. */
  preserveRngState?: boolean | undefined;
  /** Accepted for PyTorch's sake. */
  determinismCheck?: string | undefined;
  /** Accepted for PyTorch's sake. */
  debug?: boolean | undefined;
  /** Accepted for PyTorch's sake. */
  earlyStop?: boolean | undefined;
}
const NAMES = ['useReentrant', 'preserveRngState', 'determinismCheck', 'debug', 'earlyStop'];

/** Takes the options of checkpoint off the end of the arguments; others stay for the function. */
function split(args: readonly unknown[]): [rest: unknown[], options: CheckpointOptions] {
  const last = args.at(-1);
  if (typeof last !== 'object' || last === null || Object.getPrototypeOf(last) !== Object.prototype)
    return [[...args], {}];
  const entries = Object.entries(last);
  const others = entries.filter(([name]) => !NAMES.includes(name));
  const rest = args.slice(0, -1);
  if (others.length > 0 || entries.length === 0) rest.push(Object.fromEntries(others));
  return [rest, Object.fromEntries(entries.filter(([name]) => NAMES.includes(name)))];
}

const tensorsOf = (values: readonly unknown[]): Tensor[] => values.filter((v): v is Tensor => v instanceof Tensor);

/** What forward found and backward needs to find again: random numbers, autocasting. */
function stateOf(args: readonly unknown[], random: boolean): <R>(f: () => R) => R {
  const devices = new Set<Device>([cpu, ...tensorsOf(args).map((x) => x.device)]);
  const generators: Generator[] = random ? [...devices].map((at) => generatorOf(at)) : [];
  const states = generators.map((g) => g.getState());
  const casts = { ...casting };
  return (f) => {
    const now = generators.map((g) => g.getState());
    const castsNow = { ...casting };
    generators.forEach((g, i) => g.setState(states[i]!));
    Object.assign(casting, casts);
    try {
      return f();
    } finally {
      generators.forEach((g, i) => g.setState(now[i]!));
      Object.assign(casting, castsNow);
    }
  };
}

/** What edges lead to that lead out of a graph: leaves, and what was there before it. The graph itself is not kept. */
class Border {
  readonly nodes: Node[] = [];
  readonly numbers: number[] = [];
  readonly shapes: Shape[] = [];
  readonly dtypes: DType[] = [];
  readonly devices: Device[] = [];
  readonly #places = new Map<Node, Map<number, number>>();

  /** Where an output of a node has its place, or -1. */
  placeOf(node: Node, nr: number): number {
    return this.#places.get(node)?.get(nr) ?? -1;
  }
  /** Adds what input `i` of a node leads to. */
  add(from: Node, i: number, to: Node): void {
    const nr = from.nextOutputs?.[i] ?? 0;
    if (this.placeOf(to, nr) >= 0) return;
    const numbers = this.#places.get(to) ?? new Map<number, number>();
    this.#places.set(to, numbers.set(nr, this.nodes.length));
    this.nodes.push(to);
    this.numbers.push(nr);
    this.shapes.push(from.shapes[i]!);
    this.dtypes.push(from.dtypes[i]!);
    this.devices.push((from.devices?.[i] ?? from.device)!);
  }
  /** Has a node lead to these places. */
  link(node: Node, places: readonly number[]): void {
    node.next = places.map((p) => this.nodes[p]!);
    node.nextOutputs = places.map((p) => this.numbers[p]!);
    node.shapes = places.map((p) => this.shapes[p]!);
    node.dtypes = places.map((p) => this.dtypes[p]!);
    node.devices = places.map((p) => this.devices[p]!);
    node.device = node.devices[0] ?? null;
  }
}

/** Calls `leave` with every edge that leads to a leaf, or to a node that is not newer than `start`. */
function walk(outs: readonly Tensor[], start: number, leave: (from: Node, input: number, to: Node) => void): void {
  const stack = outs.map((out) => out.node!);
  const seen = new Set(stack);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    node.next.forEach((to, i) => {
      if (to === null) return;
      if (to.sequence <= start || to.name === 'AccumulateGrad') leave(node, i, to);
      else if (!seen.has(to)) {
        seen.add(to);
        stack.push(to);
      }
    });
  }
}

/** The results that operations of the function itself have made. */
const made = (outs: readonly unknown[], start: number): Tensor[] =>
  tensorsOf(outs).filter((x) => x.dt.kind === FLOATING && x.node !== null && x.node.sequence > start);
const listOf = (result: unknown): readonly unknown[] => (Array.isArray(result) ? result : [result]);

/** Computes again, and differentiates what that gives: the gradients at the border. */
function again(f: () => unknown, border: Border, grads: readonly Grad[]): Grad[] {
  const create = mode.grad;
  const start = new FunctionNode('Checkpoint', () => []).sequence;
  const outs = made(listOf(enableGrad(f)), start);
  const differs = (): AutogradError =>
    new AutogradError('checkpoint: the function computed something else in backward than in forward');
  if (outs.length !== grads.length) throw differs();
  // nothing beyond the border may run: nodes that lead nowhere take its place
  const fences: (FunctionNode | null)[] = border.nodes.map(() => null);
  walk(outs, start, (from, input, to) => {
    const place = border.placeOf(to, from.nextOutputs?.[input] ?? 0);
    if (place < 0) throw differs();
    const fence = (fences[place] ??= new FunctionNode('Checkpoint', (given) => given));
    from.next = from.next.with(input, fence);
    if (from.nextOutputs !== null) from.nextOutputs = from.nextOutputs.with(input, 0);
  });
  const wanted = fences.flatMap((fence, place) => (fence === null ? [] : [place]));
  const ends = wanted.map((p) => attach(emptyTensor([], border.dtypes[p]!, border.devices[p]!), fences[p]!));
  const used = outs.flatMap((_, i) => (grads[i] ? [i] : []));
  const found = grad(
    'checkpoint',
    used.map((i) => outs[i]!),
    ends,
    used.map((i) => grads[i]!),
    { createGraph: create, allowUnused: true },
  );
  const results = border.nodes.map((): Grad => null);
  wanted.forEach((place, i) => {
    results[place] = found[i]!;
    if (create) border.link(fences[place]!, [place]);
  });
  return results;
}

/** Runs the function, and puts the node in the place of its graph. Apart from the node's rule, which would keep all this. */
function forward<R>(f: () => R, node: FunctionNode, border: Border, itsName: boolean): R {
  const result = f();
  if (result instanceof Promise) throw new TypeError('checkpoint: expected a function that is not async');
  const values = listOf(result);
  const outs = made(values, node.sequence);
  if (outs.length === 0) return result;
  walk(outs, node.sequence, (from, i, to) => border.add(from, i, to));
  border.link(node, [...border.nodes.keys()]);
  node.outputs = outs.length;
  if (itsName) node.name = outs[0]!.node!.name;
  const linked = values.map((value) => {
    const nr = value instanceof Tensor ? outs.indexOf(value) : -1;
    return nr < 0 ? value : attach(outs[nr]!.detach(), node, nr);
  });
  return (Array.isArray(result) ? linked : linked[0]) as R;
}

/**
 * Calls `f`, and keeps its arguments only: what backward needs besides is computed again then, which takes time and
 * saves memory. `f` may use parameters of modules and other tensors from outside. Options come behind its arguments.
 * Throws AutogradError in backward where `f` does not do the same again.
 * @example
 * const layer = torch.nn.functional.relu
 * const x = torch.tensor([-1.5, 2], { requiresGrad: true })
 * torch.utils.checkpoint.checkpoint(layer, x, { useReentrant: false }).sum().backward()
 * x.grad // tensor([0., 1.])
 */
export function checkpoint<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...args: readonly [...A] | readonly [...A, options: CheckpointOptions]
): R {
  checkFunction('checkpoint', f);
  const [rest, { useReentrant, preserveRngState = true }] = split(args);
  if (useReentrant === undefined) {
    process.emitWarning(
      'checkpoint: the useReentrant option should be passed explicitly; useReentrant: false is recommended',
    );
  }
  const call = f as (...args: readonly unknown[]) => R;
  if (!mode.grad) return call(...rest);
  const within = stateOf(rest, preserveRngState);
  const node = new FunctionNode('CheckpointFunctionBackward', (grads, n) => {
    let kept = 0;
    const given = rest.map((x) => (x instanceof Tensor ? n.unpack(kept++) : x));
    return outside(() => again(() => within(() => call(...given)), border, grads));
  }).save(tensorsOf(rest));
  const border = new Border();
  return forward(() => call(...rest), node, border, useReentrant === false);
}

/** A module, or a function of one tensor. */
type Step = ((x: Tensor) => Tensor) | AnyModule;
/**
 * Calls modules or functions one after the other, in `segments` of which all but the last are checkpoints.
 * @example
 * const net = new torch.nn.Sequential(new torch.nn.ReLU(), new torch.nn.Tanh())
 * torch.utils.checkpoint.checkpointSequential(net, 2, torch.zeros(1), { useReentrant: false }) // tensor([0.])
 */
export function checkpointSequential(
  functions: Iterable<Step>,
  segments: number,
  input: Tensor,
  options: CheckpointOptions = {},
): Tensor {
  const steps = [...functions];
  if (!Number.isInteger(segments) || segments < 1 || segments > steps.length)
    throw new RangeError(
      `checkpointSequential: expected 1 to ${steps.length} segments but received ${describe(segments)}`,
    );
  const run = (from: number, to: number) => (x: Tensor) =>
    steps.slice(from, to).reduce((y, step) => (typeof step === 'function' ? step(y) : (step as Module).forward(y)), x);
  const size = Math.floor(steps.length / segments);
  let x = input;
  let at = 0;
  for (; at < size * (segments - 1); at += size) x = checkpoint(run(at, at + size), x, { ...options });
  return run(at, steps.length)(x);
}
