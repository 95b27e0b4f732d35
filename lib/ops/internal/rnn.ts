// A recurrent layer, in one or two directions, as one recorded operation: called by nn's RNN, LSTM, GRU and their cells.
// The products with the input and those for the weights are one product each over all steps; the loop over time is a
// kernel (native/cpu/rnn.cc). Half precision and second derivatives go by rnn-composed.ts.
import { castDtype, casting } from '../../autocast.ts';
import { mode } from '../../autograd/mode.ts';
import { attach, FunctionNode, type Grad, recording } from '../../autograd/node.ts';
import { nodeName } from '../../history.ts';
import { runMap, runStruct } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import type { Shape } from '../../shape.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';
import { composedGradients, composedLayer } from './rnn-composed.ts';

const rnnKernel = kernel('rnn');
const rnnBackwardKernel = kernel('rnnBackward');
const matmulKernel = kernel('matmul');
const copyKernel = kernel('copy');
const fillKernel = kernel('fill');

/** The cells, in the kernel's numbering. */
export const CELLS = ['tanh', 'relu', 'lstm', 'gru'] as const;
export type Cell = (typeof CELLS)[number];
/** How many gates a cell has: rows of its weights per hidden unit. */
export const GATES: Readonly<Record<Cell, number>> = { tanh: 1, relu: 1, lstm: 4, gru: 3 };

/** How the rows of all steps lie: those of a step side by side, or (batch-major) those of a sequence. */
export interface Layout {
  readonly steps: number;
  readonly batch: number;
  readonly batchMajor: boolean;
  /** The batch of each step where sequences differ in length: numbers, and the same as an int64 tensor. */
  readonly sizes: { readonly list: readonly number[]; readonly tensor: Tensor } | null;
}

/** The parameters of one direction, and what they are called in lists: ih [G, I], hh [G, P], biases [G], hr [P, H]. */
export interface Weights {
  readonly ih: Tensor;
  readonly hh: Tensor;
  readonly bih: Tensor | null;
  readonly bhh: Tensor | null;
  readonly hr: Tensor | null;
}
const PER_DIRECTION = 5;
const listed = (w: Weights): readonly (Tensor | null)[] => [w.ih, w.hh, w.bih, w.bhh, w.hr];

/** What a layer is made of; x [*, I] has rows in the order of the layout, h [D, B, P] and c [D, B, H] (D may be left out). */
export interface LayerInput {
  readonly cell: Cell;
  readonly x: Tensor;
  readonly h: Tensor | null;
  readonly c: Tensor | null;
  readonly weights: readonly Weights[];
  readonly layout: Layout;
  /** A cell's step: the states have no dim of directions. */
  readonly flat: boolean;
}
export interface LayerOutput {
  /** [*, D * P] */
  readonly y: Tensor;
  readonly h: Tensor;
  readonly c: Tensor | null;
}

// ---- memory without history -----------------------------------------------------------------------------------------

/** A dense tensor as one of another shape. */
function shaped(x: Tensor, sizes: Shape): Tensor {
  const dense = x.dense ? x : x.detach().contiguous();
  return new Tensor(dense.storage, dense.dt, sizes, null, dense.offset, dense.count);
}
/** Part `d` of `of` equal ones along dim 0, as a matrix. */
const part = (x: Tensor, d: number, rows: number, cols: number): Tensor =>
  new Tensor(x.storage, x.dt, [rows, cols], null, x.offset + d * rows * cols, rows * cols);
/** Columns `d * cols` to `(d + 1) * cols`. */
const columns = (x: Tensor, d: number, rows: number, cols: number, step: number): Tensor =>
  new Tensor(x.storage, x.dt, [rows, cols], step === cols ? null : [step, 1], x.offset + d * cols, rows * cols);
const transposed = (x: Tensor): Tensor =>
  new Tensor(x.storage, x.dt, [x.sizes[1]!, x.sizes[0]!], [x.strides[1]!, x.strides[0]!], x.offset, x.count);
/** A state to begin with: a copy of `from`, or zeros. */
function begun(sizes: Shape, like: Tensor, from: Tensor | null): Tensor {
  const out = emptyTensor(sizes, like.dt, like.device);
  if (from === null) runMap(fillKernel, sizes, [out, 0], out.dt);
  else runMap(copyKernel, sizes, [out, shaped(from, sizes)], out.dt);
  return out;
}
/** `to = a b + beta to`, and a bias on every row. */
function multiply(to: Tensor, a: Tensor, b: Tensor, beta = 0, bias: Tensor | null = null): Tensor {
  runStruct(matmulKernel, [to, a, b, bias], [1, beta]);
  return to;
}

// ---- the operation --------------------------------------------------------------------------------------------------

interface Sizes {
  readonly rows: number;
  readonly hidden: number;
  readonly out: number;
  readonly gates: number;
  readonly directions: number;
}
function sizesOf({ cell, x, weights }: LayerInput): Sizes {
  const { hh } = weights[0]!;
  const [gates, out] = hh.sizes as readonly [number, number];
  const rows = x.sizes.slice(0, -1).reduce((n, s) => n * s, 1);
  return { rows, gates, out, hidden: gates / GATES[cell], directions: weights.length };
}
const kernelParams = (cell: Cell, d: number, { steps, batchMajor }: Layout): number[] => [
  CELLS.indexOf(cell),
  d,
  steps,
  batchMajor ? 1 : 0,
];

/** Both biases as one, but for the second of the GRU's new gate, which the kernel adds inside. */
function inputBias(cell: Cell, { bih, bhh }: Weights, hidden: number): Tensor | null {
  if (bih === null || bhh === null) return null;
  if (cell !== 'gru') return bih.detach().add(bhh.detach());
  const out = bih.detach().clone();
  out.narrow(0, 0, 2 * hidden).add_(bhh.detach().narrow(0, 0, 2 * hidden));
  return out;
}

/**
 * What a layer computes with under autocasting. PyTorch has one operator for an LSTM's layer, all of whose operands are
 * cast; of the others, and of cells, the products are, each by itself.
 */
function castLayer(input: LayerInput): LayerInput {
  const { cell, x, h, c, weights, flat } = input;
  if (cell !== 'lstm' || flat || weights[0]!.hr !== null) return input;
  const name = castDtype(x)?.name ?? x.dtype;
  const cast = (t: Tensor | null): Tensor | null => (t === null || t.dtype === name ? t : t.to(name));
  const each = weights.map(({ ih, hh, bih, bhh }) => ({
    ih: cast(ih)!,
    hh: cast(hh)!,
    bih: cast(bih),
    bhh: cast(bhh),
    hr: null,
  }));
  return { ...input, x: cast(x)!, h: cast(h), c: cast(c), weights: each };
}

/** Runs a layer. */
export function recurrentLayer(input: LayerInput): LayerOutput {
  const { cell, x, weights, layout, flat } = input;
  if (casting.on && x.dt.size < 8) return composedLayer(castLayer(input));
  if (x.dt.size < 4) return composedLayer(input);
  const s = sizesOf(input);
  const { rows, hidden, out, directions: count } = s;
  const states = flat ? [] : [count];
  const inputs = [x, input.h, input.c, ...weights.flatMap(listed)];
  const keep = recording(inputs);
  const y = emptyTensor([...x.sizes.slice(0, -1), count * out], x.dt, x.device);
  const h = begun([...states, layout.batch, out], x, input.h);
  const c = cell === 'lstm' ? begun([...states, layout.batch, hidden], x, input.c) : null;
  const flatX = shaped(x, [rows, x.sizes.at(-1)!]);
  const saved: (Tensor | null)[] = [x, y, input.h, input.c];
  for (const [d, w] of weights.entries()) {
    const bias = inputBias(cell, w, hidden);
    const gates = multiply(emptyTensor([rows, s.gates], x.dt, x.device), flatX, transposed(w.ih), 0, bias);
    const extra = keep && (cell === 'lstm' || cell === 'gru') ? emptyTensor([rows, hidden], x.dt, x.device) : null;
    runStruct(
      rnnKernel,
      [
        columns(y, d, rows, out, count * out),
        gates,
        extra,
        part(h, d, layout.batch, out),
        c && part(c, d, layout.batch, hidden),
        w.hh,
        cell === 'gru' && w.bhh !== null ? w.bhh.detach().narrow(0, 2 * hidden, hidden) : null,
        w.hr,
        layout.sizes?.tensor ?? null,
      ],
      kernelParams(cell, d, layout),
    );
    saved.push(gates, extra, ...listed(w));
    if (!keep) gates.dispose();
  }
  if (keep) {
    const node = new LayerNode(nodeName(NODES[cell]), (grads, n) =>
      mode.grad
        ? composedGradients(restored(n, input), grads, (i) => n.needs(i))
        : gradients(restored(n, input), s, grads, n),
    );
    node.connect(inputs).save(saved);
    node.outputs = c === null ? 2 : 3;
    for (const [i, out] of [y, h, c].entries()) if (out !== null) attach(out, node, i);
  }
  return { y, h, c };
}
/** Gives back the memory of what nobody else has seen as soon as backward is done with it. */
class LayerNode extends FunctionNode {
  override release(): void {
    for (let at = FIRST; at < this.saved.length; at += SAVED) {
      this.saved[at]!.dispose();
      this.saved[at + 1]?.dispose();
    }
    super.release();
  }
}
const NODES: Readonly<Record<Cell, string>> = { tanh: 'stack', relu: 'stack', lstm: 'mkldnnRnnLayer', gru: 'stack' };
const FIRST = 4; // of the directions' tensors among the saved ones
const SAVED = 2 + PER_DIRECTION;

/** What the layer was made of, as it was saved. */
function restored(n: FunctionNode, { cell, layout, flat, weights }: LayerInput): LayerInput {
  const get = (i: number): Tensor | null => (n.saved[i] === null ? null : n.unpack(i));
  return {
    cell,
    layout,
    flat,
    x: n.unpack(0),
    h: get(2),
    c: get(3),
    weights: weights.map((_, d) => {
      const at = FIRST + d * SAVED + 2;
      return { ih: n.unpack(at), hh: n.unpack(at + 1), bih: get(at + 2), bhh: get(at + 3), hr: get(at + 4) };
    }),
  };
}

/** The gradients of all inputs, by the kernel. */
function gradients(input: LayerInput, s: Sizes, grads: readonly Grad[], n: FunctionNode): Grad[] {
  const { cell, x, layout, weights } = input;
  const { rows, hidden, out, directions: count } = s;
  const { batch } = layout;
  const [gy, gh, gc] = grads;
  const y = n.unpack(1);
  const empty = (sizes: Shape): Tensor => emptyTensor(sizes, x.dt, x.device);
  const flatX = shaped(x, [rows, x.sizes.at(-1)!]);
  const given = gy ? shaped(gy, [rows, count * out]) : null;
  const dx = n.needs(0) ? empty(x.sizes) : null;
  const dh = begun([count, batch, out], x, gh ?? null);
  const dc = cell === 'lstm' ? begun([count, batch, hidden], x, gc ?? null) : null;
  const results: Grad[] = [
    dx,
    input.h && n.needs(1) ? shaped(dh, input.h.sizes) : null,
    input.c && n.needs(2) ? shaped(dc!, input.c.sizes) : null,
  ];
  for (const [d, w] of weights.entries()) {
    const at = FIRST + d * SAVED;
    const wants = (i: number): boolean => n.needs(3 + d * PER_DIRECTION + i);
    const dgates = empty([rows, s.gates]);
    const dproducts = cell === 'gru' ? empty([rows, s.gates]) : null;
    const before = wants(1) ? empty([rows, out]) : null;
    const [dtotal, unprojected] = w.hr && wants(4) ? [empty([rows, out]), empty([rows, hidden])] : [null, null];
    runStruct(
      rnnBackwardKernel,
      [
        dgates,
        dproducts,
        before,
        part(dh, d, batch, out),
        dc && part(dc, d, batch, hidden),
        dtotal,
        unprojected,
        given && columns(given, d, rows, out, count * out),
        columns(y, d, rows, out, count * out),
        n.unpack(at),
        n.saved[at + 1] ? n.unpack(at + 1) : null,
        input.h && part(shaped(input.h, [count, batch, out]), d, batch, out),
        input.c && part(shaped(input.c, [count, batch, hidden]), d, batch, hidden),
        w.hh,
        w.hr,
        layout.sizes?.tensor ?? null,
      ],
      kernelParams(cell, d, layout),
    );
    if (dx) multiply(shaped(dx, flatX.sizes), dgates, w.ih, d === 0 ? 0 : 1);
    const bias = w.bih && (wants(2) || wants(3)) ? dgates.sum(0) : null;
    results.push(
      wants(0) ? multiply(empty(w.ih.sizes), transposed(dgates), flatX) : null,
      before && multiply(empty(w.hh.sizes), transposed(dproducts ?? dgates), before),
      bias,
      // a tensor of its own for each: the engine gives back the memory of what it has delivered
      dproducts && w.bhh && wants(3) ? dproducts.sum(0) : (bias?.clone() ?? null),
      dtotal && multiply(empty(w.hr!.sizes), transposed(dtotal), unprojected!),
    );
    for (const temporary of [dgates, dproducts, before, dtotal, unprojected]) temporary?.dispose();
  }
  return results;
}
