// Scaled dot product attention. nn.functional and MultiheadAttention call it; native/cpu/attention.cc computes it.
import { castCall, casting } from '../autocast.ts';
import { mode } from '../autograd/mode.ts';
import { type Grad, recording } from '../autograd/node.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, runStruct } from '../dispatch.ts';
import { BOOL, FLOATING, requireFloating } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, sameShape, type Shape, show, sizeOf } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { dropout } from './dropout.ts';
import { operators } from './internal/register.ts';

const forwardKernel = kernel('attention');
const backwardKernel = kernel('attentionBackward');
const WHERE = 'scaledDotProductAttention';

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** [*, L, S]: of bool, true where a query may look at a key; else added to the scores. */
  attnMask?: Tensor | null | undefined;
  /** The probability with which a weight is dropped, in evaluation too. */
  dropoutP?: number | undefined;
  /** Query i looks at keys 0 to i only. */
  isCausal?: boolean | undefined;
  /** What the scores are multiplied with; by default 1 / √E. */
  scale?: number | null | undefined;
  /** Keys and values have fewer heads, each shared by neighbouring heads of queries. */
  enableGqa?: boolean | undefined;
}

/** What is computed, after all checks: q [*, H, L, E], k [*, G, S, E], v [*, G, S, V], and the batch dims of the result. */
interface Problem {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask: Tensor | null;
  readonly causal: boolean;
  readonly scale: number;
  readonly batch: Shape;
  readonly grouped: boolean;
}

/** x [*, G, S, E] as [*, heads, S, E]: each head `heads / G` times in a row. */
function repeated(x: Tensor, heads: number): Tensor {
  const n = x.ndim;
  if (n < 3 || x.sizes[n - 3] === heads) return x;
  const groups = x.sizes[n - 3]!;
  const wide = [...x.sizes.slice(0, -2), heads / groups, ...x.sizes.slice(-2)];
  return x.unsqueeze(-3).expand(wide).flatten(-4, -3);
}

/** The attention weights [*, H, L, S]; rows that may look at nothing are zero. */
function weights(q: Tensor, k: Tensor, mask: Tensor | null, causal: boolean, scale: number): Tensor {
  let scores = q.mul(scale).matmul(k.transpose(-2, -1));
  const [rows, cols] = scores.sizes.slice(-2) as [number, number];
  if (causal) {
    const hidden = emptyTensor([rows, cols], q.dt, q.device).fill_(1).triu(1).bool();
    scores = scores.maskedFill(hidden, Number.NEGATIVE_INFINITY);
  }
  if (mask === null) return scores.softmax(-1);
  scores = mask.dt.kind === BOOL ? scores.maskedFill(mask.logicalNot(), Number.NEGATIVE_INFINITY) : scores.add(mask);
  if (cols === 0) return scores;
  const blind = scores.detach().eq(Number.NEGATIVE_INFINITY).all(-1, true);
  return scores.maskedFill(blind, 0).softmax(-1).maskedFill(blind, 0);
}

/** In differentiable operators. */
function composed({ q, k, v, mask, causal, scale }: Problem, dropoutP: number): Tensor {
  const heads = q.ndim < 3 ? 1 : q.sizes[q.ndim - 3]!;
  const w = weights(q, repeated(k, heads), mask, causal, scale);
  return (dropoutP > 0 ? dropout(w, dropoutP) : w).matmul(repeated(v, heads));
}

/** The gradients in differentiable operators; all have four dims. */
function gradients(g: Tensor, { q, k, v, mask, causal, scale }: Problem): Tensor[] {
  const [batch, heads] = q.sizes as readonly [number, number];
  const [wideK, wideV] = [repeated(k, heads), repeated(v, heads)];
  const w = weights(q, wideK, mask, causal, scale);
  const gw = g.matmul(wideV.transpose(-2, -1));
  const gs = w.mul(gw.sub(gw.mul(w).sum(-1, true))).mul(scale);
  const folded = (x: Tensor, like: Tensor): Tensor =>
    sameShape(x.sizes, like.sizes)
      ? x
      : x.view([batch, like.sizes[1]!, heads / like.sizes[1]!, ...like.sizes.slice(2)]).sum(2);
  return [gs.matmul(wideK), folded(gs.transpose(-2, -1).matmul(q), k), folded(w.transpose(-2, -1).matmul(g), v)];
}

/** [B, H, rows, cols], in memory with the heads of a row side by side where `like` has them so: no copies when they are joined. */
function stacked(sizes: Shape, like: Tensor): Tensor {
  const [batch, heads, rows, cols] = sizes as readonly [number, number, number, number];
  if (like.strides[1]! >= like.strides[2]!) return emptyTensor(sizes, like.dt, like.device);
  const out = emptyTensor([batch, rows, heads, cols], like.dt, like.device);
  return new Tensor(out.storage, out.dt, sizes, [rows * heads * cols, cols, heads * cols, 1], out.offset, out.count);
}

/** By the kernels: four dims, float32 or float64. */
function fused(p: Problem, joined: boolean): Tensor {
  const { q, k, v, mask, causal, scale } = p;
  const [batch, heads, rows] = q.sizes as readonly [number, number, number];
  const sizes = [batch, heads, rows, v.sizes[3]!];
  const y = joined ? stacked(sizes, q) : emptyTensor(sizes, q.dt, q.device);
  const inputs = [q, k, v];
  const wanted = recording(inputs);
  const lse = wanted ? emptyTensor([batch, heads, rows], q.dt, q.device) : null;
  const params = [causal ? 1 : 0, scale];
  runStruct(forwardKernel, [y, lse, q, k, v, mask], params);
  if (!wanted) return y;
  return record('scaledDotProductFlashAttentionForCpu', y, inputs, [q, k, v, mask, y, lse], (g, n): readonly Grad[] => {
    const [a, b, c] = [n.unpack(0), n.unpack(1), n.unpack(2)];
    const m = mask === null ? null : n.unpack(3);
    if (mode.grad) return gradients(g, { ...p, q: a, k: b, v: c, mask: m });
    const outs = [a, b, c].map((x, i) => (n.needs(i) ? stacked(x.sizes, x) : null));
    runStruct(backwardKernel, [...outs, g, n.unpack(4), n.unpack(5), a, b, c, m], params);
    return outs;
  });
}

/** Broadcast to the batch dims, and with four dims. */
function four(x: Tensor, batch: Shape): Tensor {
  const sizes = [...batch, ...x.sizes.slice(-2)];
  const wide = sameShape(x.sizes, sizes) ? x : x.expand(sizes);
  if (wide.ndim === 4) return wide;
  return wide.reshape([sizeOf(batch.slice(0, -1)), batch.at(-1) ?? 1, ...x.sizes.slice(-2)]);
}

function checkInputs(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null): void {
  for (const [name, x] of [
    ['query', q],
    ['key', k],
    ['value', v],
  ] as const) {
    checkTensor(WHERE, x, name);
    requireFloating(WHERE, x.dt);
    if (x.ndim < 2)
      throw new ShapeError(`${WHERE}: expected ${name} to have at least 2 dims, but got ${show(x.sizes)}`);
  }
  commonDevice(WHERE, [q, k, v, mask]);
  if (q.dt !== k.dt || q.dt !== v.dt) {
    throw new DtypeError(
      `${WHERE}: expected query, key, and value to have the same dtype, but got query: ${q.dtype}, key: ${k.dtype} and value: ${v.dtype}`,
    );
  }
  if (q.sizes.at(-1) !== k.sizes.at(-1) || k.sizes.at(-2) !== v.sizes.at(-2)) {
    throw new ShapeError(
      `${WHERE}: expected query [*, L, E], key [*, S, E] and value [*, S, V], but got ${show(q.sizes)}, ${show(k.sizes)} and ${show(v.sizes)}`,
    );
  }
}

/** The heads of keys and values where each is shared by several heads of queries. */
function checkGroups(q: Tensor, k: Tensor, v: Tensor): void {
  const heads = [q, k, v].map((x) => x.sizes.at(-3) ?? 0) as [number, number, number];
  if (heads.includes(0) || heads[0] % heads[1] !== 0 || heads[0] % heads[2] !== 0) {
    throw new ShapeError(
      `${WHERE}: number of heads in key and value must divide the number of heads in query, but got ${show(q.sizes)}, ${show(k.sizes)} and ${show(v.sizes)}`,
    );
  }
}

function checkMask(mask: Tensor, sizes: Shape, q: Tensor): void {
  checkTensor(WHERE, mask, 'attnMask');
  if (mask.dt.kind !== BOOL && mask.dt !== q.dt && mask.dtype !== 'float32') {
    throw new DtypeError(
      `${WHERE}: expected attnMask dtype to be bool or float or to match query dtype, but got attnMask.dtype: ${mask.dtype} and query.dtype: ${q.dtype}`,
    );
  }
  if (mask.ndim < 2 || !sameShape(broadcastShapes(WHERE, mask.sizes, sizes), sizes))
    throw new ShapeError(`${WHERE}: attnMask ${show(mask.sizes)} does not broadcast to the scores ${show(sizes)}`);
}

const NAMES = ['attnMask', 'dropoutP', 'isCausal'] as const;
/**
 * Attention, `softmax(query keyᵀ scale + mask) value` (https://arxiv.org/abs/1706.03762), for query [*, L, E], key
 * [*, S, E] and value [*, S, V], whose leading dims broadcast. The matrix of scores is never made unless weights are
 * dropped; queries that may look at nothing get zeros. Throws ShapeError or DtypeError where tensors do not fit together.
 * @example
 * const [q, k] = [torch.tensor([[1, 2.5]]), torch.tensor([[1, 0], [0.5, 1]])]
 * torch.nn.functional.scaledDotProductAttention(q, k, torch.tensor([[1.5], [3]])) // tensor([[2.7066]])
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...args: Call<[attnMask?: Tensor | null, dropoutP?: number, isCausal?: boolean], AttentionOptions>
): Tensor {
  if (casting.on) return castCall('scaledDotProductAttention', scaledDotProductAttention, [query, key, value, ...args]);
  const options = readArguments<AttentionOptions>(WHERE, args, NAMES, ['scale', 'enableGqa']);
  const { attnMask = null, dropoutP = 0, isCausal = false, scale = null, enableGqa = false } = options;
  return inNameOf(WHERE, () => {
    checkInputs(query, key, value, attnMask);
    for (const [name, flag] of [
      ['isCausal', isCausal],
      ['enableGqa', enableGqa],
    ] as const) {
      if (typeof flag !== 'boolean')
        throw new TypeError(`${WHERE}: expected a boolean for ${name} but received ${describe(flag)}`);
    }
    checkNumber(WHERE, 'dropoutP', dropoutP);
    if (!(dropoutP >= 0 && dropoutP <= 1))
      throw new RangeError(`${WHERE}: dropout probability has to be between 0 and 1, but got ${dropoutP}`);
    if (scale !== null) checkNumber(WHERE, 'scale', scale);
    if (enableGqa) checkGroups(query, key, value);
    if (isCausal && attnMask !== null)
      throw new TypeError(`${WHERE}: explicit attnMask should not be set when isCausal is true`);
    const lead = (x: Tensor): Shape => x.sizes.slice(0, -2);
    const heads = query.sizes.at(-3)!;
    const asQuery = (x: Tensor): Shape => (enableGqa ? [...x.sizes.slice(0, -3), heads] : lead(x));
    const batch = [asQuery(key), asQuery(value)].reduce((a, b) => broadcastShapes(WHERE, a, b), lead(query));
    const scores = [...batch, query.sizes.at(-2)!, key.sizes.at(-2)!];
    if (attnMask !== null) checkMask(attnMask, scores, query);
    const half = query.dt.size < 4;
    const full = (x: Tensor): Tensor => (half && x.dt.kind === FLOATING ? x.float() : x);
    const problem: Problem = {
      q: full(query),
      k: full(key),
      v: full(value),
      mask: attnMask === null || attnMask.dt.kind === BOOL ? attnMask : attnMask.to(half ? 'float32' : query.dtype),
      causal: isCausal,
      scale: scale ?? 1 / Math.sqrt(query.sizes.at(-1)!),
      batch,
      grouped: enableGqa,
    };
    const y = compute(problem, dropoutP);
    return half ? y.to(query.dtype) : y;
  });
}

function compute(p: Problem, dropoutP: number): Tensor {
  const { q, k, v, mask, batch, grouped } = p;
  const rest = (x: Tensor): Shape => (grouped ? [...batch.slice(0, -1), x.sizes.at(-3)!] : batch);
  if (
    dropoutP > 0 ||
    q.count === 0 ||
    k.count === 0 ||
    v.count === 0 ||
    (grouped && k.sizes.at(-3) !== v.sizes.at(-3)) ||
    (mask !== null && recording([mask]))
  ) {
    // an average over no keys is zero
    if (k.sizes.at(-2) === 0) p = { ...p, mask: null, causal: false };
    return composed(p, dropoutP);
  }
  const y = fused(
    {
      ...p,
      q: four(q, batch),
      k: four(k, rest(k)),
      v: four(v, rest(v)),
      mask: mask === null ? null : four4(mask.detach(), [...batch, q.sizes.at(-2)!, k.sizes.at(-2)!]),
    },
    batch.length === 2,
  );
  return batch.length === 2 ? y : y.view([...batch, q.sizes.at(-2)!, v.sizes.at(-1)!]);
}
/** A mask as one of all scores. */
const four4 = (mask: Tensor, scores: Shape): Tensor => four(mask.expand(scores), scores.slice(0, -2));

operators({ scaledDotProductAttention });
