// The engine: walks the graph from the outputs back, undoes broadcasting on every edge, accumulates, and frees what it
// made as soon as nobody needs it. Used by Tensor.backward and torch.autograd.grad.
import { AutogradError, describe, DeviceError, ShapeError } from '../errors.ts';
import { FLOATING } from '../dtype.ts';
import { dispose, maker, type Storage } from '../memory.ts';
import { sameShape, show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { addInto, cast, clone, onesLike, sumTo } from '../ops/internal/engine-ops.ts';
import { applyHooks } from './hooks.ts';
import { watchedBackward } from './anomaly.ts';
import { anomaly, enter, mode } from './mode.ts';
import { AccumulateGrad, edgeOf, type Grad, type Node } from './node.ts';

let passes = 0;
let marks = 0;
let depth = 0; // passes that run inside each other, by hooks and custom functions
const atEnd: (() => void)[] = [];

/** Calls `f` when the outermost pass that is running has ended; not if it throws. Throws AutogradError outside of one. */
export function queueCallback(f: () => void): void {
  if (depth === 0) throw new AutogradError('queueCallback: final callbacks can only be installed during backward pass');
  atEnd.push(f);
}

/** Ready nodes, the latest operation first: a binary heap on `sequence`. */
class Ready {
  readonly #heap: Node[] = [];
  get size(): number {
    return this.#heap.length;
  }
  push(node: Node): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(node);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (heap[up]!.sequence >= node.sequence) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = node;
  }
  pop(): Node {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    const n = heap.length;
    if (n > 0) {
      let at = 0;
      for (let down = 1; down < n; down = 2 * at + 1) {
        if (down + 1 < n && heap[down + 1]!.sequence > heap[down]!.sequence) down++;
        if (heap[down]!.sequence <= last.sequence) break;
        heap[at] = heap[down]!;
        at = down;
      }
      heap[at] = last;
    }
    return top;
  }
}

let outermost = 0;
/** The number of the outermost pass that is running; 0 if there is none. */
export const currentPass = (): number => (depth === 0 ? 0 : outermost);

/** How a pass is to run. */
interface Pass {
  readonly retain: boolean;
  readonly create: boolean;
  /** For autograd.grad: where to stop and what to collect, instead of filling leaves. */
  readonly collect: Map<Node, Map<number, number>> | null;
  readonly results: Grad[];
  /** Only nodes from which a wanted input can be reached run, when collecting. */
  readonly useful: Set<Node> | null;
  readonly id: number;
}

/** One more pending use of a storage that this pass made. */
function hold(g: Tensor, pass: Pass): void {
  if (g.storage.maker === pass.id) g.storage.pending++;
}
/** One use less; the last one gives the memory back. */
function drop(g: Tensor, pass: Pass): void {
  const { storage } = g;
  if (storage.maker === pass.id && --storage.pending === 0) dispose(storage);
}
const owned = (storage: Storage, pass: Pass): boolean => storage.maker === pass.id && storage.pending === 1;

/** Adds a gradient to what has arrived for an output of `node`. */
function deliver(node: Node, nr: number, g: Tensor, pass: Pass): void {
  hold(g, pass);
  const { grads } = node;
  if (grads === null) {
    node.grads = node.outputs === 1 ? [g] : first(node.outputs, nr, g);
    return;
  }
  const there = grads[nr]!;
  if (there === null) {
    grads[nr] = g;
    return;
  }
  if (!pass.create && owned(there.storage, pass) && there.dense && there.storage !== g.storage) {
    addInto(there, g);
    drop(g, pass);
    return;
  }
  const sum = there.add(g);
  hold(sum, pass);
  grads[nr] = sum;
  drop(there, pass);
  drop(g, pass);
}

/** The gradients of several outputs when the first has arrived. */
function first(outputs: number, nr: number, g: Tensor): Grad[] {
  const grads = new Array<Grad>(outputs).fill(null);
  grads[nr] = g;
  return grads;
}

/** Brings a gradient to the shape and dtype of the input it belongs to: the one place where broadcasting is undone. */
function fit(node: Node, i: number, g: Tensor): Tensor {
  const shape = node.shapes[i]!;
  let out = g;
  if (!sameShape(out.sizes, shape)) {
    if (out.sizes.length < shape.length) {
      throw new ShapeError(
        `${node.name}: returned a gradient of shape ${show(g.sizes)} for an input of shape ${show(shape)}`,
      );
    }
    out = sumTo(node.name, out, shape);
  }
  const dt = node.dtypes[i]!;
  if (out.dt !== dt) out = cast(out, dt);
  const device = node.devices === null ? node.device! : node.devices[i]!;
  if (out.storage.device === device) return out;
  // a 0-d tensor of the CPU goes with those of a GPU, and its gradient comes back
  if (shape.length === 0) return out.to(device);
  throw new DeviceError(
    `${node.name}: returned a gradient on '${out.storage.device}' for an input of shape ${show(shape)} on '${device}'`,
  );
}

/** Adds to a leaf's `grad`: in place where nobody can notice, else as a new tensor. */
function accumulate(leaf: Tensor, g: Tensor, pass: Pass): void {
  const { grad } = leaf;
  if (grad !== null) {
    if (pass.create) leaf.grad = grad.add(g);
    else {
      addInto(grad, g);
      drop(g, pass);
    }
    return;
  }
  if (pass.create) {
    leaf.grad = g;
  } else if (owned(g.storage, pass) && g.dense && g.storage.nbytes === g.count * g.dt.size) {
    g.storage.maker = 0;
    g.storage.pending = 0;
    leaf.grad = g.node === null && g.base === null ? g : g.detach();
  } else {
    leaf.grad = clone(g);
    drop(g, pass);
  }
}

/** A node's notes of the pass around this one. */
interface Notes {
  readonly node: Node;
  readonly mark: number;
  readonly waiting: number;
  readonly grads: Grad[] | null;
}

/** Counts how many edges lead to each reachable node; gives the notes of a surrounding pass that this overwrites. */
function count(roots: readonly Node[], mark: number, nested: boolean): Notes[] | null {
  const notes: Notes[] | null = nested ? [] : null;
  const reached: Node[] = [];
  for (const root of roots) if (root.mark !== mark) begin(root, mark, reached, notes);
  for (let at = 0; at < reached.length; at++) {
    const { next } = reached[at]!;
    for (let i = 0; i < next.length; i++) {
      const to = next[i]!;
      if (to === null) continue;
      if (to.mark !== mark) begin(to, mark, reached, notes);
      to.waiting++;
    }
  }
  return notes;
}
function begin(node: Node, mark: number, reached: Node[], notes: Notes[] | null): void {
  notes?.push({ node, mark: node.mark, waiting: node.waiting, grads: node.grads });
  node.mark = mark;
  node.waiting = 0;
  node.grads = null;
  reached.push(node);
}

/** Runs the user's code in the middle of a pass: what it makes is its own. */
export function outside<R>(f: () => R): R {
  const before = maker.current;
  maker.current = 0;
  try {
    return f();
  } finally {
    maker.current = before;
  }
}

function runNode(node: Node, ready: Ready, pass: Pass): void {
  let grads = node.grads;
  node.grads = null;
  if (node.watches !== null && grads !== null) grads = watched(node, grads, pass);
  const wanted = pass.collect?.get(node);
  if (wanted) {
    for (const [nr, slot] of wanted) {
      const g = grads?.[nr] ?? null;
      if (g !== null) g.storage.maker = 0;
      pass.results[slot] = g;
    }
  }
  if (node instanceof AccumulateGrad) {
    const g = grads?.[0] ?? null;
    if (g !== null && pass.collect === null) {
      accumulate(node.variable, g, pass);
      if (node.after.size > 0) outside(() => node.after.forEach((hook) => hook(node.variable)));
    }
    return;
  }
  const { next } = node;
  const { useful } = pass;
  const runs = grads !== null && (useful === null || next.some((n) => n !== null && useful.has(n)));
  const results = !runs ? null : anomaly.on ? watchedBackward(node, grads!) : node.backward(grads!);
  for (let i = 0; i < next.length; i++) {
    const to = next[i];
    if (!to) continue;
    const g = results?.[i];
    if (g && (useful === null || useful.has(to))) {
      deliver(to, node.nextOutputs?.[i] ?? 0, fit(node, i, g), pass);
    }
    if (--to.waiting === 0) {
      if (to instanceof AccumulateGrad) runNode(to, ready, pass);
      else ready.push(to);
    }
  }
  if (grads !== null) {
    for (let i = 0; i < grads.length; i++) {
      const g = grads[i]!;
      if (g !== null) drop(g, pass);
    }
  }
  if (runs && !pass.retain) node.release();
}

/** Runs the hooks on a node's outputs and keeps the gradients that were asked for. */
function watched(node: Node, grads: Grad[], pass: Pass): Grad[] {
  const out = grads.slice();
  node.watches!.forEach((watch, nr) => {
    const g = out[nr];
    if (!watch || !g) return;
    const next = watch.hooks.size > 0 ? outside(() => applyHooks(watch.hooks, g)) : g;
    if (next !== g) hold(next, pass);
    if (watch.keep !== null) {
      next.storage.maker = 0;
      watch.keep.grad = watch.keep.grad === null ? (pass.create ? next : next.detach()) : watch.keep.grad.add(next);
    }
    out[nr] = next;
  });
  return out;
}

/** The gradient to start from: given, or one for a scalar. */
function seed(where: string, root: Tensor, given: Tensor | null | undefined): Tensor {
  if (given === null || given === undefined) {
    if (root.count !== 1) {
      throw new AutogradError(
        `${where}: grad can be implicitly created only for scalar outputs, not for shape ${show(root.sizes)}`,
      );
    }
    if (root.dt.kind !== FLOATING) {
      throw new AutogradError(`${where}: grad can be computed only for real scalar outputs but got ${root.dt.name}`);
    }
    return onesLike(root);
  }
  if (!(given instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor as gradient but received ${describe(given)}`);
  if (!sameShape(given.sizes, root.sizes)) {
    throw new ShapeError(
      `${where}: mismatch in shape: the gradient has shape ${show(given.sizes)} and the output ${show(root.sizes)}`,
    );
  }
  if (given.device !== root.device)
    throw new DeviceError(
      `${where}: the gradient is on '${given.device}' but the output of shape ${show(root.sizes)} is on '${root.device}'`,
    );
  return given.dt === root.dt ? given : cast(given, root.dt);
}

function checkRoot(where: string, root: Tensor, i: number): void {
  if (!(root instanceof Tensor)) throw new TypeError(`${where}: expected a Tensor but received ${describe(root)}`);
  if (!root.requiresGrad) {
    throw new AutogradError(`${where}: element ${i} of tensors does not require grad and does not have a gradFn`);
  }
}

function run(roots: readonly Tensor[], seeds: readonly (Tensor | null | undefined)[], where: string, pass: Pass): void {
  const leave = enter(pass.create, mode.inference);
  const outer = maker.current;
  // with createGraph the results have a history that outlives the pass: nothing may be freed
  maker.current = pass.create ? 0 : pass.id;
  let notes: Notes[] | null = null;
  let last: (() => void)[] = [];
  depth++;
  try {
    const nodes = roots.map((r) => edgeOf(r));
    const started = nodes.length === 1 ? nodes : [...new Set(nodes)];
    if (depth === 1) outermost = pass.id;
    notes = count(started, ++marks, depth > 1);
    roots.forEach((root, i) => {
      deliver(nodes[i]!, root.node === null ? 0 : root.outputNr, seed(where, root, seeds[i]), pass);
    });
    const ready = new Ready();
    for (const node of started) if (node.waiting === 0) ready.push(node);
    while (ready.size > 0) runNode(ready.pop(), ready, pass);
    if (depth === 1 && atEnd.length > 0) last = atEnd.splice(0);
  } finally {
    if (--depth === 0) atEnd.length = 0;
    for (const { node, mark, waiting, grads } of notes ?? []) {
      node.mark = mark;
      node.waiting = waiting;
      node.grads = grads;
    }
    leave();
    maker.current = outer;
  }
  for (let i = 0; i < last.length; i++) last[i]!();
}

/** Options of backward. */
export interface BackwardOptions {
  /** What to start from; ones of the output's shape by default. */
  gradient?: Tensor | null | undefined;
  /** Keep the graph for another pass. Default: what createGraph is. */
  retainGraph?: boolean | null | undefined;
  /** Record the pass itself, for derivatives of derivatives. */
  createGraph?: boolean | undefined;
  /** Accumulate into these leaves only. */
  inputs?: Tensor | readonly Tensor[] | null | undefined;
}

/** Tensor.backward and torch.autograd.backward. */
export function backward(
  where: string,
  roots: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[],
  options: BackwardOptions = {},
): void {
  roots.forEach((r, i) => checkRoot(where, r, i));
  if (options.inputs) {
    const inputs = options.inputs instanceof Tensor ? [options.inputs] : options.inputs;
    if (inputs.length === 0) throw new AutogradError(`${where}: inputs argument to backward cannot be empty`);
    const grads = grad(where, roots, inputs, seeds, { ...options, allowUnused: true });
    inputs.forEach((x, i) => {
      const g = grads[i];
      if (g) x.grad = x.grad === null ? g : x.grad.add(g);
    });
    return;
  }
  const create = options.createGraph ?? false;
  run(roots, seeds, where, {
    retain: options.retainGraph ?? create,
    create,
    collect: null,
    results: [],
    useful: null,
    id: ++passes,
  });
}

/** Options of torch.autograd.grad. */
export interface GradOptions {
  retainGraph?: boolean | null | undefined;
  createGraph?: boolean | undefined;
  /** Give null for inputs that the outputs do not depend on, instead of an error. */
  allowUnused?: boolean | undefined;
  /** As allowUnused, but zeros. */
  materializeGrads?: boolean | undefined;
}

/** torch.autograd.grad. */
export function grad(
  where: string,
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[],
  options: GradOptions = {},
): Grad[] {
  outputs.forEach((r, i) => checkRoot(where, r, i));
  const collect = new Map<Node, Map<number, number>>();
  const results = new Array<Grad>(inputs.length).fill(null);
  const twins: [number, number][] = [];
  inputs.forEach((x, slot) => {
    if (!(x instanceof Tensor)) throw new TypeError(`${where}: expected a Tensor but received ${describe(x)}`);
    if (!x.requiresGrad) throw new AutogradError(`${where}: one of the differentiated tensors does not require grad`);
    const node = edgeOf(x);
    const nr = x.node === null ? 0 : x.outputNr;
    let slots = collect.get(node);
    if (!slots) collect.set(node, (slots = new Map()));
    const twin = slots.get(nr);
    if (twin === undefined) slots.set(nr, slot);
    else twins.push([slot, twin]);
  });
  const create = options.createGraph ?? false;
  const useful = reaching(
    outputs.map((r) => edgeOf(r)),
    collect,
  );
  run(outputs, seeds, where, { retain: options.retainGraph ?? create, create, collect, results, useful, id: ++passes });
  for (const [slot, twin] of twins) results[slot] = results[twin]!;
  return results.map((g, i) => {
    if (g !== null) return g;
    if (options.materializeGrads) return onesLike(inputs[i]!.detach()).mul(0);
    if (options.allowUnused) return null;
    throw new AutogradError(
      `${where}: one of the differentiated tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.`,
    );
  });
}

/** The nodes from which one of the wanted ones can be reached, themselves included. */
function reaching(roots: readonly Node[], wanted: ReadonlyMap<Node, unknown>): Set<Node> {
  const useful = new Set<Node>();
  const seen = new Set<Node>();
  const stack: [Node, boolean][] = roots.map((r) => [r, false]);
  while (stack.length > 0) {
    const [node, done] = stack.pop()!;
    if (done) {
      if (wanted.has(node) || node.next.some((n) => n !== null && useful.has(n))) useful.add(node);
      continue;
    }
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push([node, true]);
    for (const next of node.next) if (next !== null && !seen.has(next)) stack.push([next, false]);
  }
  return useful;
}
