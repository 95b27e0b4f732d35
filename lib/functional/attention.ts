// Multi-head attention of nn.functional, with PyTorch's arguments there; nn/attention.ts calls it with either order of dims.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { BOOL, FLOATING } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { softmax } from '../ops/activation.ts';
import { scaledDotProductAttention } from '../ops/attention.ts';
import { dropout } from '../ops/dropout.ts';
import { cat } from '../ops/join.ts';
import { linear } from '../ops/matmul.ts';
import { pad } from '../ops/pad.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';

type Maybe = Tensor | null | undefined;

/** Options of {@link multiHeadAttentionForward}, and what else it is made of. */
export interface MultiHeadOptions {
  training?: boolean | undefined;
  keyPaddingMask?: Maybe;
  needWeights?: boolean | undefined;
  attnMask?: Maybe;
  useSeparateProjWeight?: boolean | undefined;
  qProjWeight?: Maybe;
  kProjWeight?: Maybe;
  vProjWeight?: Maybe;
  staticK?: Maybe;
  staticV?: Maybe;
  averageAttnWeights?: boolean | undefined;
  isCausal?: boolean | undefined;
}

/** The projections, and what is put behind keys and values. */
export interface MultiHeadParts {
  readonly embedDim: number;
  readonly numHeads: number;
  readonly inProjWeight: Maybe;
  readonly inProjBias: Maybe;
  readonly biasK: Maybe;
  readonly biasV: Maybe;
  readonly addZeroAttn: boolean;
  readonly dropoutP: number;
  readonly outProjWeight: Tensor;
  readonly outProjBias: Maybe;
}

/** A mask as what is added to the scores: booleans stand for minus infinity. */
export function additiveMask(where: string, name: string, mask: Maybe, like: Tensor): Tensor | null {
  if (mask === null || mask === undefined) return null;
  checkTensor(where, mask, name);
  if (mask.dt.kind === FLOATING) return mask;
  if (mask.dt.kind !== BOOL)
    throw new DtypeError(`${where}: only bool and floating types of ${name} are supported, not ${mask.dtype}`);
  return emptyTensor(mask.sizes, like.dt, like.device).fill_(0).maskedFill(mask, Number.NEGATIVE_INFINITY);
}

function checkShapes(where: string, q: Tensor, k: Tensor, v: Tensor, padding: Maybe, mask: Maybe): void {
  for (const [name, x] of [
    ['query', q],
    ['key', k],
    ['value', v],
  ] as const)
    checkTensor(where, x, name);
  const n = q.ndim;
  if (n !== 2 && n !== 3)
    throw new ShapeError(`${where}: query should be unbatched 2D or batched 3D, but received ${show(q.sizes)}`);
  if (k.ndim !== n || v.ndim !== n) {
    throw new ShapeError(
      `${where}: for a ${n}-D query ${show(q.sizes)}, expected key and value to be ${n}-D but found ${show(k.sizes)} and ${show(v.sizes)}`,
    );
  }
  if (padding && padding.ndim !== n - 1)
    throw new ShapeError(`${where}: expected keyPaddingMask to be ${n - 1}-D but found ${show(padding.sizes)}`);
  if (mask && mask.ndim !== 2 && mask.ndim !== 3)
    throw new ShapeError(`${where}: expected attnMask to be 2-D or 3-D but found ${show(mask.sizes)}`);
}

/** Query, key and value times their weights, which may be one matrix: what is one tensor is multiplied once. */
function project(where: string, q: Tensor, k: Tensor, v: Tensor, p: MultiHeadParts, o: MultiHeadOptions): Tensor[] {
  const { embedDim: e, inProjBias: bias } = p;
  const part = (from: number, to: number): Tensor | null => bias?.slice(0, from * e, to * e) ?? null;
  if (o.useSeparateProjWeight) {
    const weights = [o.qProjWeight, o.kProjWeight, o.vProjWeight].map((w, i) => {
      if (w) return w;
      throw new TypeError(`${where}: useSeparateProjWeight is true but ${'qkv'[i]}ProjWeight is null`);
    });
    return [q, k, v].map((x, i) => linear(x, weights[i]!, part(i, i + 1)));
  }
  const w = p.inProjWeight;
  if (!w) throw new TypeError(`${where}: useSeparateProjWeight is false but inProjWeight is null`);
  if (k === v && q === k) return linear(q, w, bias).chunk(3, -1);
  if (k === v) {
    const [both, rest] = w.split([e, 2 * e]) as [Tensor, Tensor];
    return [linear(q, both, part(0, 1)), ...linear(k, rest, part(1, 3)).chunk(2, -1)];
  }
  return [q, k, v].map((x, i) => linear(x, w.slice(0, i * e, (i + 1) * e), part(i, i + 1)));
}

/** The mask of all scores [N, H, L, S], in a shape that broadcasts to it; `extra` keys at the end are never masked. */
function joinMasks(
  where: string,
  mask: Tensor | null,
  padding: Tensor | null,
  [batch, heads, rows, cols]: readonly [number, number, number, number],
  extra: number,
): Tensor | null {
  let out = mask;
  if (out !== null) {
    const wanted = out.ndim === 2 ? [rows, cols - extra] : [batch * heads, rows, cols - extra];
    if (show(out.sizes) !== show(wanted)) {
      throw new ShapeError(
        `${where}: the shape of the ${out.ndim}D attnMask is ${show(out.sizes)}, but should be ${show(wanted)}`,
      );
    }
    if (extra > 0) out = pad(out, [0, extra]);
    if (out.ndim === 3) out = out.view([batch, heads, rows, cols]);
  }
  if (padding === null) return out;
  let hidden = padding;
  if (show(hidden.sizes) !== show([batch, cols - extra])) {
    throw new ShapeError(
      `${where}: expected keyPaddingMask to be of shape ${show([batch, cols - extra])}, but got ${show(hidden.sizes)}`,
    );
  }
  if (extra > 0) hidden = pad(hidden, [0, extra]);
  hidden = hidden.view([batch, 1, 1, cols]);
  return out === null ? hidden : out.add(hidden);
}

/** A row that stands behind the keys or values of all in the batch. */
function behind(x: Tensor, bias: Tensor, seq: 0 | 1): Tensor {
  const row = bias.view([1, 1, bias.count]);
  const sizes: Shape = seq === 0 ? [1, x.sizes[1]!, bias.count] : [x.sizes[0]!, 1, bias.count];
  return cat([x, row.expand(sizes)], seq);
}

/**
 * Multi-head attention for sequences in dim `seq` of query, key and value: 0 for [L, N, E], 1 for [N, L, E]. Nothing is
 * transposed in memory: heads are strides.
 */
export function attend(
  where: string,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  parts: MultiHeadParts,
  options: MultiHeadOptions,
  seqDim: 0 | 1,
): [Tensor, Tensor | null] {
  const { numHeads: heads, embedDim } = parts;
  const { training = true, needWeights = true, averageAttnWeights = true } = options;
  checkShapes(where, query, key, value, options.keyPaddingMask, options.attnMask);
  const batched = query.ndim === 3;
  const seq = batched ? seqDim : 0;
  const same = key === value;
  let [q, k, v] = [query, key, value];
  let padding = additiveMask(where, 'keyPaddingMask', options.keyPaddingMask, query);
  if (!batched) {
    q = query.unsqueeze(1);
    k = key === query ? q : key.unsqueeze(1);
    v = same ? k : value.unsqueeze(1);
    padding = padding?.unsqueeze(0) ?? null;
  }
  let causal = options.isCausal ?? false;
  if (causal && !options.attnMask) {
    throw new TypeError(
      `${where}: need attnMask if specifying the isCausal hint; Transformer.generateSquareSubsequentMask makes one`,
    );
  }
  const hinted = causal && padding === null && !needWeights;
  const mask = hinted ? null : additiveMask(where, 'attnMask', options.attnMask, query);
  if (!hinted) causal = false;

  const [rows, batch] = [q.sizes[seq]!, q.sizes[1 - seq]!];
  if (q.sizes[2] !== embedDim)
    throw new ShapeError(`${where}: was expecting embedding dimension of ${embedDim}, but got ${q.sizes[2]}`);
  const width = Math.floor(embedDim / heads);
  if (width * heads !== embedDim)
    throw new ShapeError(`${where}: embedDim ${embedDim} not divisible by numHeads ${heads}`);
  const lead = options.useSeparateProjWeight ? 2 : 3;
  if (show(k.sizes.slice(0, lead)) !== show(v.sizes.slice(0, lead)) || k.sizes[1 - seq] !== batch)
    throw new ShapeError(
      `${where}: query ${show(query.sizes)}, key ${show(key.sizes)} and value ${show(value.sizes)} do not match`,
    );
  let [qp, kp, vp] = project(where, q, k, v, parts, options) as [Tensor, Tensor, Tensor];
  let extra = 0;
  const { biasK, biasV } = parts;
  if (biasK && biasV) {
    if (options.staticK || options.staticV)
      throw new TypeError(`${where}: biasK and biasV cannot be added to static key and value`);
    kp = behind(kp, biasK, seq);
    vp = behind(vp, biasV, seq);
    extra++;
  } else if (biasK || biasV) throw new TypeError(`${where}: biasK and biasV must be given together`);
  const split = (x: Tensor): Tensor => {
    const all = x.view([x.sizes[0]!, x.sizes[1]!, heads, width]);
    return seq === 0 ? all.permute(1, 2, 0, 3) : all.transpose(1, 2);
  };
  const fixed = (name: string, x: Maybe, or: Tensor): Tensor => {
    if (!x) return split(or);
    checkTensor(where, x, name);
    if (x.ndim !== 3 || x.sizes[0] !== batch * heads || x.sizes[2] !== width)
      throw new ShapeError(
        `${where}: expecting ${name} of shape [${batch * heads}, S, ${width}], but got ${show(x.sizes)}`,
      );
    return x.view([batch, heads, x.sizes[1]!, width]);
  };
  qp = split(qp);
  kp = fixed('staticK', options.staticK, kp);
  vp = fixed('staticV', options.staticV, vp);
  if (parts.addZeroAttn) {
    const zeros = emptyTensor([batch, heads, 1, width], kp.dt, kp.device).fill_(0);
    kp = cat([kp, zeros], 2);
    vp = cat([vp, zeros], 2);
    extra++;
  }
  const added = joinMasks(where, mask, padding, [batch, heads, rows, kp.sizes[2]!], extra);
  const p = training ? parts.dropoutP : 0;
  let weights: Tensor | null = null;
  let y: Tensor;
  if (needWeights) {
    const scores = qp.mul(Math.sqrt(1 / width)).matmul(kp.transpose(-2, -1));
    weights = softmax(added === null ? scores : scores.add(added), -1);
    if (p > 0) weights = dropout(weights, p);
    y = weights.matmul(vp);
    if (averageAttnWeights) weights = weights.mean(1);
    if (!batched) weights = weights.squeeze(0);
  } else y = scaledDotProductAttention(qp, kp, vp, added, p, causal);
  // In training PyTorch's result lies in memory as [L, N, E] whatever the order of dims, and dropout draws in the order of
  // memory: the same seed gives the same numbers only if ours lies so too.
  const rowsFirst = seq === 0 || training;
  const joined = rowsFirst
    ? y.permute(2, 0, 1, 3).reshape([rows, batch, embedDim])
    : y.transpose(1, 2).reshape([batch, rows, embedDim]);
  const out = linear(joined, parts.outProjWeight, parts.outProjBias);
  if (!batched) return [out.squeeze(1), weights];
  return [rowsFirst && seq === 1 ? out.transpose(0, 1) : out, weights];
}

const NAMES = [
  'training',
  'keyPaddingMask',
  'needWeights',
  'attnMask',
  'useSeparateProjWeight',
  'qProjWeight',
  'kProjWeight',
  'vProjWeight',
  'staticK',
  'staticV',
  'averageAttnWeights',
  'isCausal',
] as const;

/**
 * Multi-head attention with given projections: query [L, N, E] or [L, E], key and value [S, N, E] or [S, E] give the
 * output, of the query's shape, and the weights [N, L, S] or null; see {@link MultiheadAttention}. Throws ShapeError where
 * tensors do not fit together.
 * @example
 * const [x, w] = [torch.tensor([[1, 0], [0.5, 1]]), torch.eye(2)]
 * const [y] = torch.nn.functional.multiHeadAttentionForward(
 *   x, x, x, 2, 1, w.repeat(3, 1), null, null, null, false, 0, w, null)
 * y
 * // tensor([[0.7937, 0.4125],
 * //         [0.6852, 0.6296]])
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  embedDimToCheck: number,
  numHeads: number,
  inProjWeight: Tensor | null,
  inProjBias: Tensor | null,
  biasK: Tensor | null,
  biasV: Tensor | null,
  addZeroAttn: boolean,
  dropoutP: number,
  outProjWeight: Tensor,
  outProjBias: Tensor | null,
  ...args: Call<
    [
      training?: boolean,
      keyPaddingMask?: Tensor | null,
      needWeights?: boolean,
      attnMask?: Tensor | null,
      useSeparateProjWeight?: boolean,
      qProjWeight?: Tensor | null,
      kProjWeight?: Tensor | null,
      vProjWeight?: Tensor | null,
      staticK?: Tensor | null,
      staticV?: Tensor | null,
      averageAttnWeights?: boolean,
      isCausal?: boolean,
    ],
    MultiHeadOptions
  >
): [output: Tensor, weights: Tensor | null] {
  const where = 'multiHeadAttentionForward';
  const options = readArguments<MultiHeadOptions>(where, args, NAMES);
  return inNameOf(where, () => {
    checkTensor(where, query);
    checkTensor(where, outProjWeight, 'outProjWeight');
    for (const [name, x] of Object.entries({ inProjWeight, inProjBias, biasK, biasV, outProjBias })) {
      if (x !== null && x !== undefined) checkTensor(where, x, name);
    }
    for (const name of NAMES) {
      const x = options[name];
      if (x === null || x === undefined) continue;
      if (/Mask$|Weight$|^static/.test(name) && name !== 'useSeparateProjWeight') checkTensor(where, x, name);
      else if (typeof x !== 'boolean')
        throw new TypeError(`${where}: expected a boolean for ${name} but received ${describe(x)}`);
    }
    checkNumber(where, 'dropoutP', dropoutP);
    if (!Number.isInteger(numHeads) || numHeads < 1)
      throw new RangeError(`${where}: numHeads must be a positive whole number, not ${describe(numHeads)}`);
    const embedDim = embedDimToCheck;
    const parts = {
      embedDim,
      numHeads,
      inProjWeight,
      inProjBias,
      biasK,
      biasV,
      addZeroAttn,
      dropoutP,
      outProjWeight,
      outProjBias,
    };
    return attend(where, query, key, value, parts, options, 0);
  });
}
