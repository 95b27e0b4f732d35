// The graph: one node per recorded operation. Families subclass Node (define.ts); the engine walks them.
import type { Device } from '../device.ts';
import type { DType } from '../dtype.ts';
import { AutogradError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Hook } from './hooks.ts';
import { anomaly, mode } from './mode.ts';

export type Grad = Tensor | null;

/** What is attached to one output of a node: hooks, and the tensor whose `grad` is to be kept. */
export interface Watch {
  readonly hooks: Map<number, Hook>;
  keep: Tensor | null;
}

let sequence = 0;
/** The number of the last node that was made. */
export const lastSequence = (): number => sequence;
const NONE: readonly (Tensor | null)[] = [];
const NO_VERSIONS: readonly number[] = [];

/** Where nodes were made, while anomaly detection is on. */
const traces = new WeakMap<Node, Error>();
function noteTrace(node: Node): void {
  const { stackTraceLimit } = Error;
  // the library's own frames come first
  Error.stackTraceLimit = 50;
  traces.set(node, new Error(`forward call of ${node.name}`));
  Error.stackTraceLimit = stackTraceLimit;
}
/** Where a node was made, if anomaly detection was on then. */
export const traceOf = (node: Node): Error | null => traces.get(node) ?? null;

/** One recorded operation: where its inputs' gradients go, and what it needs to compute them. */
export abstract class Node {
  /** Such as `MulBackward0`. */
  name: string;
  /** Per input, the node that made it; null where no gradient is wanted. */
  next: readonly (Node | null)[] = [];
  /** Per input, which output of `next` it is; null if all are the first. */
  nextOutputs: readonly number[] | null = null;
  /** Per input, the shape and dtype that its gradient must have. */
  shapes: readonly Shape[] = [];
  dtypes: readonly DType[] = [];
  /** The device of the gradients; per input where the inputs are on several. */
  device: Device | null = null;
  devices: readonly Device[] | null = null;
  /** Later operations have higher numbers. */
  readonly sequence: number = ++sequence;
  /** How many results the operation had. */
  outputs = 1;
  /** Tensors kept for backward, and the versions they had. */
  saved: readonly (Tensor | null)[] = NONE;
  versions: readonly number[] = NO_VERSIONS;
  released = false;
  watches: (Watch | undefined)[] | null = null;

  // the engine's notes while it runs
  mark = 0;
  waiting = 0;
  grads: Grad[] | null = null;

  constructor(name: string) {
    this.name = name;
    if (anomaly.on) noteTrace(this);
  }
  /** The gradients of the inputs, given those of the outputs (null: zero). */
  abstract backward(grads: readonly Grad[]): readonly Grad[];

  /** Where each input's gradient goes, as PyTorch shows it. */
  get nextFunctions(): readonly (readonly [Node | null, number])[] {
    return this.next.map((n, i) => [n, this.nextOutputs?.[i] ?? 0] as const);
  }
  toString(): string {
    return `<${this.name}>`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
  /** Links the node to its inputs. */
  connect(inputs: readonly (Tensor | null)[]): this {
    const next = new Array<Node | null>(inputs.length);
    const shapes = new Array<Shape>(inputs.length);
    const dtypes = new Array<DType>(inputs.length);
    let numbers: number[] | null = null;
    let device: Device | null = null;
    let devices: Device[] | null = null;
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i]!;
      if (x === null || !tracked(x)) {
        next[i] = null;
        continue;
      }
      next[i] = edgeOf(x);
      shapes[i] = x.sizes;
      dtypes[i] = x.dt;
      const at = x.storage.device;
      if (device === null) device = at;
      else if (at !== device || devices !== null) {
        devices ??= new Array<Device>(inputs.length).fill(device);
        devices[i] = at;
      }
      if (x.outputNr !== 0 && x.node !== null) {
        numbers ??= new Array<number>(inputs.length).fill(0);
        numbers[i] = x.outputNr;
      }
    }
    this.next = next;
    this.nextOutputs = numbers;
    this.shapes = shapes;
    this.dtypes = dtypes;
    this.device = device;
    this.devices = devices;
    return this;
  }
  /** Keeps tensors for backward. */
  save(tensors: readonly (Tensor | null)[]): this {
    this.saved = tensors;
    const versions = new Array<number>(tensors.length);
    for (let i = 0; i < tensors.length; i++) {
      const x = tensors[i];
      if (x?.storage.inference) this.#refuse(x);
      versions[i] = x?.storage.version ?? 0;
    }
    this.versions = versions;
    return this;
  }
  #refuse(x: Tensor): void {
    throw new AutogradError(
      `${this.name.replace(/Backward\d*$/, '').replace(/^\w/, (c) => c.toLowerCase())}: inference tensors cannot be saved for ` +
        `backward, but one of shape [${x.sizes.join(', ')}] would be. Please do not use tensors created in inference mode in ` +
        'computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd.',
    );
  }
  /** A kept tensor, if it is still what it was. */
  unpack(i: number): Tensor {
    if (this.released) {
      throw new AutogradError(
        `${this.name}: trying to backward through the graph a second time (or directly access saved tensors after they have ` +
          'already been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). ' +
          'Specify retainGraph: true if you need to backward through the graph a second time.',
      );
    }
    const x = this.saved[i];
    if (!x) throw new AutogradError(`${this.name}: nothing was saved at ${i}`);
    if (x.storage.handle < 0)
      throw new AutogradError(`${this.name}: a tensor needed for gradient computation was disposed`);
    if (x.storage.version !== this.versions[i]) {
      throw new AutogradError(
        `one of the variables needed for gradient computation has been modified by an inplace operation: ` +
          `[${x.dt.name} [${x.sizes.join(', ')}]]${x.node ? `, which is output ${x.outputNr} of ${x.node.name},` : ''} is at version ` +
          `${x.storage.version}; expected version ${this.versions[i]} instead. The backward pass of ${this.name} needs it.`,
      );
    }
    return x;
  }
  /** Whether input `i` wants a gradient. */
  needs(i: number): boolean {
    return this.next[i] !== null;
  }
  /** Lets go of what was kept. */
  release(): void {
    if (this.saved.length === 0) return;
    this.saved = NONE;
    this.versions = NO_VERSIONS;
    this.released = true;
  }
}

/** The end of the graph at a leaf: adds the gradient to the leaf's `grad`. Run by the engine, not through backward(). */
export class AccumulateGrad extends Node {
  readonly variable: Tensor;
  readonly after: Map<number, (leaf: Tensor) => void> = new Map();
  constructor(variable: Tensor) {
    super('AccumulateGrad');
    this.variable = variable;
  }
  override backward(): readonly Grad[] {
    return [];
  }
}

/** A view whose base was written in place: reads its gradient out of the base's. See history.ts. */
export type ViewNodeMaker = (base: Tensor, view: Tensor) => Node;
let makeViewNode: ViewNodeMaker | null = null;
export function setViewNodeMaker(f: ViewNodeMaker): void {
  makeViewNode = f;
}

/** Brings a view's place in the graph up to date after its memory was written through another tensor. */
export function refreshView(x: Tensor): void {
  const { base, storage } = x;
  if (base === null || x.viewVersion === storage.version) return;
  x.viewVersion = storage.version;
  if (base.node === null || base.storage !== storage) return;
  const node = makeViewNode!(base, x).connect([base]);
  x.node = node;
  x.outputNr = 0;
}

/** Whether operations on `x` are to be recorded (in grad mode). */
export function tracked(x: Tensor): boolean {
  if (x.base !== null) refreshView(x);
  return x.node !== null || x.leafGrad;
}

/** The node that `x`'s gradient goes to. */
export function edgeOf(x: Tensor): Node {
  if (x.base !== null) refreshView(x);
  return x.node ?? (x.accumulator ??= new AccumulateGrad(x));
}

/** Whether an operation on these is recorded now. */
export function recording(inputs: readonly (Tensor | null)[]): boolean {
  if (!mode.grad) return false;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (x && tracked(x)) return true;
  }
  return false;
}

/** What is attached to the output that `x` is. */
export function watch(x: Tensor): Watch {
  const node = edgeOf(x);
  const nr = x.node === null ? 0 : x.outputNr;
  node.watches ??= [];
  return (node.watches[nr] ??= { hooks: new Map(), keep: null });
}

/** Makes `out` the result of `node`. */
export function attach(out: Tensor, node: Node, nr = 0): Tensor {
  out.node = node;
  out.outputNr = nr;
  return out;
}

/** A recorded operation with one output: a function from its gradient to those of the inputs. */
export class RuleNode extends Node {
  readonly #rule: (g: Tensor, node: Node) => readonly Grad[];
  constructor(name: string, rule: (g: Tensor, node: Node) => readonly Grad[]) {
    super(name);
    this.#rule = rule;
  }
  override backward(grads: readonly Grad[]): readonly Grad[] {
    return this.#rule(grads[0]!, this);
  }
}

/** The general recorded operation: a function from output gradients to input gradients. */
export class FunctionNode extends Node {
  readonly #f: (grads: readonly Grad[], node: FunctionNode) => readonly Grad[];
  constructor(name: string, f: (grads: readonly Grad[], node: FunctionNode) => readonly Grad[]) {
    super(name);
    this.#f = f;
  }
  override backward(grads: readonly Grad[]): readonly Grad[] {
    return this.#f(grads, this);
  }
}
