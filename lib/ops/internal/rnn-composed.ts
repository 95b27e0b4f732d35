// A recurrent layer as a composition of differentiable operators, step by step: for second derivatives and half precision.
// Called by rnn.ts.
import { grad } from '../../autograd/engine.ts';
import { type Grad, tracked } from '../../autograd/node.ts';
import type { Tensor } from '../../tensor.ts';
import { cat, stack } from '../join.ts';
import { linear } from '../matmul.ts';
import type { Cell, LayerInput, LayerOutput, Layout, Weights } from './rnn.ts';

/** The states after a step. */
interface State {
  readonly h: Tensor;
  readonly c: Tensor | null;
}

/** One step: `products` are those with the input, first bias included. */
function step(cell: Cell, products: Tensor, { h, c }: State, w: Weights): State {
  const recurrent = linear(h, w.hh, w.bhh);
  if (cell === 'gru') {
    const [ir, iz, ifresh] = products.chunk(3, 1) as [Tensor, Tensor, Tensor];
    const [hr, hz, hfresh] = recurrent.chunk(3, 1) as [Tensor, Tensor, Tensor];
    const z = iz.add(hz).sigmoid();
    const fresh = ifresh.add(hfresh.mul(ir.add(hr).sigmoid())).tanh();
    return { h: h.sub(fresh).mul(z).add(fresh), c };
  }
  const gates = products.add(recurrent);
  if (cell === 'tanh') return { h: gates.tanh(), c };
  if (cell === 'relu') return { h: gates.relu(), c };
  const [i, f, g, o] = gates.chunk(4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const cells = f.sigmoid().mul(c!).add(i.sigmoid().mul(g.tanh()));
  const y = o.sigmoid().mul(cells.tanh());
  return { h: w.hr === null ? y : linear(y, w.hr), c: cells };
}

const rowsOf = (x: Tensor | null, from: number, to: number): Tensor | null => x?.narrow(0, from, to - from) ?? null;
const joined = (parts: readonly (Tensor | null)[]): Tensor | null =>
  parts[0] ? (parts.length === 1 ? parts[0] : cat(parts as readonly Tensor[])) : null;

/** One direction: x [rows, I], first states [B, *]. Gives the states of all rows, and the last ones. */
function direction(cell: Cell, x: Tensor, first: State, w: Weights, layout: Layout, reverse: boolean): [Tensor, State] {
  const { steps, batch, batchMajor, sizes } = layout;
  const products = linear(x, w.ih, w.bih);
  const shaped = sizes ? products : products.view([...(batchMajor ? [batch, steps] : [steps, batch]), w.ih.sizes[0]!]);
  const starts = [0];
  for (const [t, n] of (sizes?.list ?? []).entries()) starts.push(starts[t]! + n);
  const outs = new Array<Tensor>(steps);
  // sequences that ended before this step, shortest last
  const ended: State[] = [];
  let state: State = first;
  let size = reverse && sizes ? 0 : batch;
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    const now = sizes ? sizes.list[t]! : batch;
    if (sizes && reverse && now > size) {
      const more = { h: rowsOf(first.h, size, now), c: rowsOf(first.c, size, now) };
      state =
        size === 0
          ? { h: more.h!, c: more.c }
          : { h: joined([state.h, more.h])!, c: state.c && joined([state.c, more.c]) };
    } else if (now < size) {
      ended.unshift({ h: rowsOf(state.h, now, size)!, c: rowsOf(state.c, now, size) });
      state = { h: rowsOf(state.h, 0, now)!, c: rowsOf(state.c, 0, now) };
    }
    size = now;
    const own = sizes ? shaped.narrow(0, starts[t]!, now) : shaped.select(batchMajor ? 1 : 0, t);
    state = step(cell, own, state, w);
    outs[t] = state.h;
  }
  const y = sizes ? cat(outs) : stack(outs, batchMajor ? 1 : 0).view([steps * batch, w.hh.sizes[1]!]);
  const parts = [state, ...ended];
  return [y, { h: joined(parts.map((p) => p.h))!, c: joined(parts.map((p) => p.c)) }];
}

/** The layer, recorded operator by operator. */
export function composedLayer({ cell, x, h, c, weights, layout, flat }: LayerInput): LayerOutput {
  const { batch } = layout;
  const [gates, out] = weights[0]!.hh.sizes as readonly [number, number];
  const hidden = gates / 4; // the LSTM's
  const rows = x.reshape([x.count / x.sizes.at(-1)!, x.sizes.at(-1)!]);
  const start = (s: Tensor | null, d: number, size: number): Tensor =>
    s === null ? x.newZeros([batch, size]) : flat ? s : s.select(0, d);
  const runs = weights.map((w, d) => {
    const first = { h: start(h, d, out), c: cell === 'lstm' ? start(c, d, hidden) : null };
    return direction(cell, rows, first, w, layout, d === 1);
  });
  const ys = runs.map(([y]) => y);
  const y = (ys.length === 1 ? ys[0]! : cat(ys, 1)).view([...x.sizes.slice(0, -1), out * ys.length]);
  const last = (states: readonly Tensor[]): Tensor => (flat ? states[0]! : stack(states));
  const cells = runs.map(([, s]) => s.c);
  return {
    y,
    h: last(runs.map(([, s]) => s.h)),
    c: cells[0] ? last(cells as readonly Tensor[]) : null,
  };
}

/** The gradients of all inputs as differentiable functions of them and of `grads`. */
export function composedGradients(
  input: LayerInput,
  grads: readonly Grad[],
  needs: (i: number) => boolean,
): readonly Grad[] {
  // through aliases, or the gradient of one input would flow on into what another was made from
  const aliases: (Tensor | null)[] = [];
  const alias = (x: Tensor | null): Tensor | null => {
    const own = x && tracked(x) && needs(aliases.length) ? x.view(x.sizes) : null;
    aliases.push(own);
    return own ?? x;
  };
  const [x, h, c] = [alias(input.x)!, alias(input.h), alias(input.c)];
  const weights = input.weights.map((w): Weights => {
    const [ih, hh, bih, bhh, hr] = [alias(w.ih)!, alias(w.hh)!, alias(w.bih), alias(w.bhh), alias(w.hr)];
    return { ih, hh, bih, bhh, hr };
  });
  const { y, h: hn, c: cn } = composedLayer({ ...input, x, h, c, weights });
  const outs = [y, hn, cn].map((out, i): [Tensor | null, Grad] => [out, grads[i] ?? null]);
  const wanted = outs.filter((o): o is [Tensor, Tensor] => o[0] !== null && o[1] !== null);
  const inputs = aliases.filter((a) => a !== null);
  const found = grad(
    'backward',
    wanted.map(([out]) => out),
    inputs,
    wanted.map(([, g]) => g),
    { createGraph: true, allowUnused: true },
  );
  let at = 0;
  return aliases.map((a) => (a === null ? null : found[at++]!));
}
