// MultiheadAttention. The layers of transformer.ts are made of it.
import { type Named, readArguments, type Call } from '../arguments.ts';
import { inNameOf } from '../errors.ts';
import { attend } from '../functional/attention.ts';
import type { Tensor } from '../tensor.ts';
import { constant_, xavierNormal_, xavierUniform_ } from './init.ts';
import { FACTORY, type FactoryOptions, factoryOf, probability, whole } from './internal.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/** PyTorch's name of the output projection, which printing shows. */
class NonDynamicallyQuantizableLinear extends Linear {}

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends FactoryOptions {
  /** The probability with which a weight is dropped while training. */
  dropout?: number | undefined;
  bias?: boolean | undefined;
  /** A learnt key and value behind those of the sequence. */
  addBiasKv?: boolean | undefined;
  /** A key and value of zeros behind those of the sequence. */
  addZeroAttn?: boolean | undefined;
  /** The features of keys, where they are not `embedDim`. */
  kdim?: number | null | undefined;
  /** The features of values, where they are not `embedDim`. */
  vdim?: number | null | undefined;
  /** Sequences are [N, L, E], not [L, N, E]. */
  batchFirst?: boolean | undefined;
}
/** Options of the forward of {@link MultiheadAttention}. */
export interface MultiheadForwardOptions {
  /** [N, S] or [S]: true (or minus infinity) where a key is to be ignored. */
  keyPaddingMask?: Tensor | null | undefined;
  /** Whether the attention weights are given too: slower. */
  needWeights?: boolean | undefined;
  /** [L, S] or [N * numHeads, L, S]: true (or minus infinity) where a query may not look at a key. */
  attnMask?: Tensor | null | undefined;
  /** Whether the weights are averaged over the heads. */
  averageAttnWeights?: boolean | undefined;
  /** Says that `attnMask` is the causal one. */
  isCausal?: boolean | undefined;
}
type ForwardArguments = Call<
  [
    keyPaddingMask?: Tensor | null,
    needWeights?: boolean,
    attnMask?: Tensor | null,
    averageAttnWeights?: boolean,
    isCausal?: boolean,
  ],
  MultiheadForwardOptions
>;

const KEYS: Readonly<Record<string, string>> = {
  inProjWeight: 'in_proj_weight',
  qProjWeight: 'q_proj_weight',
  kProjWeight: 'k_proj_weight',
  vProjWeight: 'v_proj_weight',
  inProjBias: 'in_proj_bias',
  outProj: 'out_proj',
  biasK: 'bias_k',
  biasV: 'bias_v',
};
const REQUIRED = ['embedDim', 'numHeads'] as const;
const NAMES = ['dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst', ...FACTORY] as const;
const FORWARD = ['keyPaddingMask', 'needWeights', 'attnMask', 'averageAttnWeights', 'isCausal'] as const;

/**
 * Attention in `numHeads` heads (https://arxiv.org/abs/1706.03762): query [L, N, E] and key and value [S, N, E] ([N, L, E]
 * and so on with `batchFirst`; [L, E] and [S, E] without a batch) give the output, of the query's shape, and the weights
 * [N, L, S], or null without `needWeights`. Throws RangeError if the heads do not divide `embedDim`, ShapeError where sizes
 * do not fit.
 * @example
 * const attention = new torch.nn.MultiheadAttention(4, 2, { batchFirst: true })
 * const x = torch.ones(1, 3, 4)
 * const [y, weights] = attention.forward(x, x, x)
 * weights.shape // torch.Size([1, 3, 3])
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, ...args: ForwardArguments],
  [output: Tensor, weights: Tensor | null]
> {
  readonly embedDim: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly numHeads: number;
  dropout: number;
  readonly batchFirst: boolean;
  readonly headDim: number;
  /** [3 embedDim, embedDim], or null where keys or values have other features. */
  inProjWeight: Parameter | null;
  qProjWeight: Parameter | null = null;
  kProjWeight: Parameter | null = null;
  vProjWeight: Parameter | null = null;
  /** [3 embedDim] */
  inProjBias: Parameter | null;
  biasK: Parameter | null;
  biasV: Parameter | null;
  readonly addZeroAttn: boolean;
  readonly outProj: Linear;
  constructor(
    ...args: Named<
      [embedDim: number, numHeads: number],
      typeof REQUIRED,
      [
        dropout?: number,
        bias?: boolean,
        addBiasKv?: boolean,
        addZeroAttn?: boolean,
        kdim?: number | null,
        vdim?: number | null,
        batchFirst?: boolean,
      ],
      MultiheadAttentionOptions
    >
  ) {
    super();
    const where = 'MultiheadAttention';
    const o = readArguments<MultiheadAttentionOptions & { embedDim: number; numHeads: number }>(where, args, [
      ...REQUIRED,
      ...NAMES,
    ]);
    const embedDim = whole(where, 'embedDim', o.embedDim, 1);
    this.embedDim = embedDim;
    this.numHeads = whole(where, 'numHeads', o.numHeads, 1);
    this.kdim = whole(where, 'kdim', o.kdim ?? embedDim);
    this.vdim = whole(where, 'vdim', o.vdim ?? embedDim);
    this.dropout = probability(where, 'dropout', o.dropout ?? 0);
    this.batchFirst = o.batchFirst ?? false;
    this.headDim = embedDim / this.numHeads;
    if (!Number.isInteger(this.headDim)) {
      throw new RangeError(
        `${where}: embedDim must be divisible by numHeads, but got embedDim ${embedDim} and numHeads ${this.numHeads}`,
      );
    }
    const [dt, device] = factoryOf(where, o);
    const same = this.kdim === embedDim && this.vdim === embedDim;
    this.inProjWeight = same ? emptyParameter([3 * embedDim, embedDim], dt, device) : null;
    if (!same) {
      this.qProjWeight = emptyParameter([embedDim, embedDim], dt, device);
      this.kProjWeight = emptyParameter([embedDim, this.kdim], dt, device);
      this.vProjWeight = emptyParameter([embedDim, this.vdim], dt, device);
    }
    const bias = o.bias ?? true;
    this.inProjBias = bias ? emptyParameter([3 * embedDim], dt, device) : null;
    this.outProj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype: dt.name, device });
    const kv = o.addBiasKv ?? false;
    this.biasK = kv ? emptyParameter([1, 1, embedDim], dt, device) : null;
    this.biasV = kv ? emptyParameter([1, 1, embedDim], dt, device) : null;
    this.addZeroAttn = o.addZeroAttn ?? false;
    this.resetParameters();
  }
  /** Draws the input projections and what is put behind keys and values anew; biases become zero. */
  resetParameters(): void {
    for (const w of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight]) {
      if (w !== null) xavierUniform_(w);
    }
    if (this.inProjBias !== null) {
      constant_(this.inProjBias, 0);
      if (this.outProj.bias !== null) constant_(this.outProj.bias, 0);
    }
    if (this.biasK !== null) xavierNormal_(this.biasK);
    if (this.biasV !== null) xavierNormal_(this.biasV);
  }
  protected override keyOf(field: string): string {
    return KEYS[field] ?? field;
  }
  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...args: ForwardArguments
  ): [output: Tensor, weights: Tensor | null] {
    const where = 'MultiheadAttention';
    const options = readArguments<MultiheadForwardOptions>(where, args, FORWARD);
    const { qProjWeight, kProjWeight, vProjWeight, outProj } = this;
    return inNameOf(where, () =>
      attend(
        where,
        query,
        key,
        value,
        {
          embedDim: this.embedDim,
          numHeads: this.numHeads,
          inProjWeight: this.inProjWeight,
          inProjBias: this.inProjBias,
          biasK: this.biasK,
          biasV: this.biasV,
          addZeroAttn: this.addZeroAttn,
          dropoutP: this.dropout,
          outProjWeight: outProj.weight,
          outProjBias: outProj.bias,
        },
        {
          ...options,
          training: this.training,
          useSeparateProjWeight: this.inProjWeight === null,
          qProjWeight,
          kProjWeight,
          vProjWeight,
        },
        this.batchFirst ? 1 : 0,
      ),
    );
  }
}
