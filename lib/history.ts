// How operators enter autograd's graph: the nodes of new tensors, and what writing in place does to the history of a tensor, of its
// base and of its views. Called by define.ts and by operators that are no row of a family.
import {
  attach,
  FunctionNode,
  type Grad,
  Node,
  recording,
  RuleNode,
  setViewNodeMaker,
  tracked,
} from './autograd/node.ts';
import { mode } from './autograd/mode.ts';
import { checkInference, checkTensor, checkWritable } from './dispatch.ts';
import { FLOATING } from './dtype.ts';
import { AutogradError } from './errors.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

const pascal = (name: string): string =>
  (name.charAt(0).toUpperCase() + name.slice(1)).replace(/\d[a-z]/g, (c) => c.toUpperCase());
/** Operators whose nodes PyTorch names otherwise; the rest follows from the operator's name. */
const NODES: Readonly<Record<string, string>> = {
  entr: 'special_entr',
  erfcx: 'special_erfcx',
  floorDiv: 'div#2',
  i0e: 'special_i0e',
  i1: 'special_i1',
  i1e: 'special_i1e',
  logNdtr: 'special_log_ndtr',
  narrow: 'slice',
  ndtri: 'special_ndtri',
  norm: 'linalg_vector_norm',
  square: 'pow',
  truncDiv: 'div#2',
  xlog1py: 'special_xlog1py',
  zeta: 'special_zeta',
};
const nodeNames = new Map<string, string>();
/** PyTorch's name of the node of an operator: `MulBackward0`; of the overload that it numbers 1: `sum#1`. */
export function nodeName(name: string): string {
  let known = nodeNames.get(name);
  if (known === undefined) {
    const [operator = '', number = '0'] = (NODES[name] ?? name).split('#');
    known = `${operator.split('_').map(pascal).join('')}Backward${number}`;
    nodeNames.set(name, known);
  }
  return known;
}
/** Gives the last node of an operator that is made of others PyTorch's name of the whole. */
export function called(name: string, y: Tensor): Tensor {
  if (y.node !== null) y.node.name = nodeName(name);
  return y;
}

/** Gradients of the inputs from that of the output; `n` gives what was saved, and whether an input wants any. */
export type Backward = (g: Tensor, n: Node) => readonly Grad[];

/** Records an operation with one output, if anybody wants its gradient. */
export function record(
  name: string,
  out: Tensor,
  inputs: readonly (Tensor | null)[],
  saved: readonly (Tensor | null)[],
  f: Backward,
): Tensor {
  if (!recording(inputs) || out.dt.kind !== FLOATING) return out;
  return attach(out, new RuleNode(nodeName(name), f).connect(inputs).save(saved));
}

/** Records an operation with several outputs; `f` gets null for outputs whose gradient is zero. */
export function recordMany(
  name: string,
  outs: readonly Tensor[],
  inputs: readonly (Tensor | null)[],
  saved: readonly (Tensor | null)[],
  f: (grads: readonly Grad[], n: FunctionNode) => readonly Grad[],
): void {
  if (!recording(inputs)) return;
  const node = new FunctionNode(nodeName(name), f).connect(inputs).save(saved);
  node.outputs = outs.length;
  outs.forEach((out, i) => {
    if (out.dt.kind === FLOATING) attach(out, node, i);
  });
}

// ---- in place -------------------------------------------------------------------------------------------------------

/** Refuses what autograd could not follow, in PyTorch's words. */
export function checkInPlace(where: string, x: Tensor): void {
  checkHistory(where, x);
  checkWritable(where, x);
}

/** The same for what changes the layout alone. */
export function checkHistory(where: string, x: Tensor): void {
  checkTensor(where, x);
  checkInference(where, x);
  if (mode.grad && tracked(x)) {
    if (x.node === null) {
      throw new AutogradError(`${where}: a leaf Variable that requires grad is being used in an in-place operation.`);
    }
    if (x.base !== null) {
      if (x.base.node === null) {
        throw new AutogradError(
          `${where}: a view of a leaf Variable that requires grad is being used in an in-place operation.`,
        );
      }
      if (x.viewKind === 'multi') {
        throw new AutogradError(
          `${where}: this view is an output of a function that returns multiple views. Such functions do not allow the output ` +
            'views to be modified inplace. You should replace the inplace operation by an out-of-place one.',
        );
      }
      if (x.viewKind === 'noGrad') {
        throw new AutogradError(
          `${where}: a view was created in noGrad mode and is being modified inplace with grad mode enabled. Modify the base, or make the view in grad mode.`,
        );
      }
    }
  }
}

/**
 * Writes to `x` and brings the graph up to date: `make` gives the node while the old values still stand (its first input
 * is `x`), `write` changes them, `save` keeps what backward needs of the new ones.
 */
export function writeInPlace<X extends Tensor>(
  x: X,
  inputs: readonly (Tensor | null)[],
  make: (() => Node) | null,
  write: () => void,
  save?: (node: Node) => void,
): X {
  const node = make !== null && x.dt.kind === FLOATING && recording(inputs) ? make().connect(inputs) : null;
  write();
  x.storage.version++;
  if (node !== null) {
    save?.(node);
    rebase(x, node);
  }
  return x;
}

/** Makes `node` the history of `x`; where `x` is a view, of its base too. */
function rebase(x: Tensor, node: Node): void {
  const { base } = x;
  if (base === null || base.storage !== x.storage) {
    attach(x, node);
    return;
  }
  attach(base, new CopySlices(base, x, node));
  x.viewVersion = -1; // out of date: it will read its gradient out of the base's
}

/** Where a tensor lies in memory. */
export interface Geometry {
  readonly sizes: Shape;
  readonly strides: Shape;
  readonly offset: number;
}
const geometry = ({ sizes, strides, offset }: Geometry): Geometry => ({ sizes, strides, offset });

/** What ops/strided.ts provides: asStrided and its adjoint, both differentiable. */
export interface Strided {
  asStrided(x: Tensor, to: Geometry): Tensor;
  embed(g: Tensor, base: Geometry, view: Geometry): Tensor;
  cloneStrided(g: Tensor, base: Geometry): Tensor;
}
let strided: Strided;
export function setStrided(s: Strided): void {
  strided = s;
  setViewNodeMaker((base, view) => {
    const [b, v] = [geometry(base), geometry(view)];
    return new RuleNode('AsStridedBackward0', (g) => [strided.embed(g, b, v)]);
  });
}

/** History of a base one of whose views was written by `inner`: outside the view nothing changed. */
class CopySlices extends Node {
  readonly #base: Geometry;
  readonly #view: Geometry;
  readonly #inner: Node;
  constructor(base: Tensor, view: Tensor, inner: Node) {
    super('CopySlices');
    this.#base = geometry(base);
    this.#view = geometry(view);
    this.#inner = inner;
    this.connect([base]);
    this.next = [this.next[0]!, ...inner.next.slice(1)];
    this.shapes = [base.sizes, ...inner.shapes.slice(1)];
    this.dtypes = [base.dt, ...inner.dtypes.slice(1)];
    this.device = base.device;
    if (inner.devices !== null || inner.device !== base.device)
      this.devices = inner.next.map((_, i) => (i > 0 ? (inner.devices?.[i] ?? inner.device) : null) ?? base.device);
    if (inner.nextOutputs || this.nextOutputs) {
      this.nextOutputs = [
        this.nextOutputs?.[0] ?? 0,
        ...inner.next.slice(1).map((_, i) => inner.nextOutputs?.[i + 1] ?? 0),
      ];
    }
  }
  override backward(grads: readonly Grad[]): readonly Grad[] {
    const result = strided.cloneStrided(grads[0]!, this.#base);
    const { sizes, strides, offset } = this.#view;
    const slice = strided.asStrided(result, { sizes, strides, offset: result.offset + offset - this.#base.offset });
    const inner = this.#inner.backward([slice.clone()]);
    const own = inner[0];
    if (own) slice.copy_(own);
    else slice.zero_();
    return [this.next[0] ? result : null, ...inner.slice(1)];
  }
  override release(): void {
    super.release();
    this.#inner.release();
  }
}
