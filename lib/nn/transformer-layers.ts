// The layers of the Transformer of "Attention Is All You Need" (https://arxiv.org/abs/1706.03762). transformer.ts stacks
// them.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { checkNumber, describe, inNameOf } from '../errors.ts';
import { gelu, relu } from '../functional/activation.ts';
import type { Tensor } from '../tensor.ts';
import { GELU, ReLU } from './activation.ts';
import { MultiheadAttention } from './attention.ts';
import { Dropout } from './dropout.ts';
import { FACTORY, type FactoryOptions, factoryOf, probability, whole } from './internal.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { LayerNorm } from './normalization.ts';

/** A tensor that may be absent. */
export type Maybe = Tensor | null | undefined;
/** What stands between the two linear layers: by name, as a function, or as a module. */
export type TransformerActivation = 'relu' | 'gelu' | ((x: Tensor) => Tensor) | Module;

/** Options of {@link TransformerEncoderLayer} and {@link TransformerDecoderLayer}. */
export interface TransformerLayerOptions extends FactoryOptions {
  dimFeedforward?: number | undefined;
  dropout?: number | undefined;
  activation?: TransformerActivation | undefined;
  layerNormEps?: number | undefined;
  batchFirst?: boolean | undefined;
  /** Whether layers normalize before attention and feed-forward, not behind them. */
  normFirst?: boolean | undefined;
  bias?: boolean | undefined;
}
type LayerArguments = Named<
  [dModel: number, nhead: number],
  typeof REQUIRED,
  [
    dimFeedforward?: number,
    dropout?: number,
    activation?: TransformerActivation,
    layerNormEps?: number,
    batchFirst?: boolean,
    normFirst?: boolean,
    bias?: boolean,
  ],
  TransformerLayerOptions
>;
const REQUIRED = ['dModel', 'nhead'] as const;
/** The names of what a layer may be given, in PyTorch's order. */
export const LAYER = [
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
] as const;

function activationOf(where: string, given: TransformerActivation): ((x: Tensor) => Tensor) | Module {
  if (given === 'relu') return relu;
  if (given === 'gelu') return gelu;
  if (typeof given === 'function' || given instanceof Module) return given;
  throw new TypeError(`${where}: activation should be relu/gelu, a function or a Module, not ${describe(given)}`);
}

const KEYS: Readonly<Record<string, string>> = { selfAttn: 'self_attn', multiheadAttn: 'multihead_attn' };

/** What the layers of encoder and decoder share. */
abstract class Layer<Args extends readonly unknown[]> extends Module<Args> {
  readonly selfAttn: MultiheadAttention;
  protected override keyOf(field: string): string {
    return KEYS[field] ?? field;
  }
  abstract readonly linear1: Linear;
  abstract readonly dropout: Dropout;
  abstract readonly linear2: Linear;
  abstract readonly dropout1: Dropout;
  abstract readonly activation: ((x: Tensor) => Tensor) | Module;
  constructor(dModel: number, nhead: number, parts: ReturnType<typeof readLayer>['attention']) {
    super();
    this.selfAttn = new MultiheadAttention(dModel, nhead, parts);
  }
  protected attendSelf(x: Tensor, attnMask: Maybe, keyPaddingMask: Maybe, isCausal: boolean): Tensor {
    const [y] = this.selfAttn.forward(x, x, x, { attnMask, keyPaddingMask, isCausal, needWeights: false });
    return this.dropout1.forward(y);
  }
  protected feed(x: Tensor, last: Dropout): Tensor {
    const { activation } = this;
    const hidden = this.linear1.forward(x);
    const y = activation instanceof Module ? activation.forward(hidden) : activation(hidden);
    return last.forward(this.linear2.forward(this.dropout.forward(y)));
  }
}

/** Reads the arguments of a layer. */
function readLayer(where: string, args: readonly unknown[]) {
  const o = readArguments<TransformerLayerOptions & { dModel: number; nhead: number }>(where, args, [
    ...REQUIRED,
    ...LAYER,
    ...FACTORY,
  ]);
  const { bias = true, batchFirst = false, dropout = 0.1, layerNormEps: eps = 1e-5 } = o;
  const [{ name: dtype }, device] = factoryOf(where, o);
  const dModel = whole(where, 'dModel', o.dModel, 1);
  const nhead = whole(where, 'nhead', o.nhead, 1);
  if (dModel % nhead !== 0)
    throw new RangeError(`${where}: dModel must be divisible by nhead, but got dModel ${dModel} and nhead ${nhead}`);
  probability(where, 'dropout', dropout);
  checkNumber(where, 'layerNormEps', eps);
  const linear = { bias, dtype, device };
  return {
    dModel,
    nhead,
    hidden: whole(where, 'dimFeedforward', o.dimFeedforward ?? 2048),
    p: dropout,
    attention: { dropout, bias, batchFirst, dtype, device },
    linear,
    norm: () => new LayerNorm(dModel, { eps, bias, dtype, device }),
    activation: activationOf(where, o.activation ?? relu),
    normFirst: o.normFirst ?? false,
  };
}

/** Options of the forward of {@link TransformerEncoderLayer}. */
export interface EncoderLayerForwardOptions {
  srcMask?: Maybe;
  srcKeyPaddingMask?: Maybe;
  isCausal?: boolean | undefined;
}
type EncoderLayerArguments = Call<
  [srcMask?: Tensor | null, srcKeyPaddingMask?: Tensor | null, isCausal?: boolean],
  EncoderLayerForwardOptions
>;
/**
 * Self-attention and a feed-forward network, each with a residual connection and layer normalization: src [S, N, dModel]
 * ([N, S, dModel] with `batchFirst`, or [S, dModel]) gives the same shape. Throws RangeError if the heads do not divide
 * `dModel`.
 * @example
 * new torch.nn.TransformerEncoderLayer(4, 2, 8).forward(torch.ones(3, 1, 4)).shape // torch.Size([3, 1, 4])
 */
export class TransformerEncoderLayer extends Layer<[src: Tensor, ...args: EncoderLayerArguments]> {
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly normFirst: boolean;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly activation: ((x: Tensor) => Tensor) | Module;
  constructor(...args: LayerArguments) {
    const o = readLayer('TransformerEncoderLayer', args);
    super(o.dModel, o.nhead, o.attention);
    this.linear1 = new Linear(o.dModel, o.hidden, o.linear);
    this.dropout = new Dropout(o.p);
    this.linear2 = new Linear(o.hidden, o.dModel, o.linear);
    this.normFirst = o.normFirst;
    this.norm1 = o.norm();
    this.norm2 = o.norm();
    this.dropout1 = new Dropout(o.p);
    this.dropout2 = new Dropout(o.p);
    this.activation = o.activation;
  }
  override forward(src: Tensor, ...args: EncoderLayerArguments): Tensor {
    const where = 'TransformerEncoderLayer';
    const names = ['srcMask', 'srcKeyPaddingMask', 'isCausal'];
    const {
      srcMask,
      srcKeyPaddingMask,
      isCausal = false,
    } = readArguments<EncoderLayerForwardOptions>(where, args, names);
    return inNameOf(where, () => {
      checkTensor(where, src);
      const attended = (x: Tensor): Tensor => this.attendSelf(x, srcMask, srcKeyPaddingMask, isCausal);
      if (this.normFirst) {
        const x = src.add(attended(this.norm1.forward(src)));
        return x.add(this.feed(this.norm2.forward(x), this.dropout2));
      }
      const x = this.norm1.forward(src.add(attended(src)));
      return this.norm2.forward(x.add(this.feed(x, this.dropout2)));
    });
  }
}
/** Whether PyTorch's own inference kernels would take this layer: they compute without the padding. */
export function padsWithZeros({ selfAttn, activation, norm1, norm2 }: TransformerEncoderLayer): boolean {
  const simple = activation === relu || activation === gelu || activation instanceof ReLU || activation instanceof GELU;
  return (
    selfAttn.batchFirst &&
    selfAttn.inProjWeight !== null &&
    selfAttn.inProjBias !== null &&
    selfAttn.numHeads % 2 === 0 &&
    simple &&
    norm1.eps === norm2.eps
  );
}

/** Options of the forward of {@link TransformerDecoderLayer} and {@link TransformerDecoder}. */
export interface DecoderForwardOptions {
  tgtMask?: Maybe;
  memoryMask?: Maybe;
  tgtKeyPaddingMask?: Maybe;
  memoryKeyPaddingMask?: Maybe;
  tgtIsCausal?: boolean | null | undefined;
  memoryIsCausal?: boolean | undefined;
}
/** What a decoder's forward takes behind its two tensors. */
export type DecoderArguments = Call<
  [
    tgtMask?: Tensor | null,
    memoryMask?: Tensor | null,
    tgtKeyPaddingMask?: Tensor | null,
    memoryKeyPaddingMask?: Tensor | null,
    tgtIsCausal?: boolean | null,
    memoryIsCausal?: boolean,
  ],
  DecoderForwardOptions
>;
/** Its names. */
export const DECODER = [
  'tgtMask',
  'memoryMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'tgtIsCausal',
  'memoryIsCausal',
] as const;
/**
 * Self-attention, attention to the encoder's output `memory`, and a feed-forward network: tgt [T, N, dModel] and memory
 * [S, N, dModel] (batch first with `batchFirst`) give the shape of tgt. Throws RangeError if the heads do not divide
 * `dModel`.
 * @example
 * const layer = new torch.nn.TransformerDecoderLayer(4, 2, 8)
 * layer.forward(torch.ones(2, 1, 4), torch.ones(3, 1, 4)).shape // torch.Size([2, 1, 4])
 */
export class TransformerDecoderLayer extends Layer<[tgt: Tensor, memory: Tensor, ...args: DecoderArguments]> {
  readonly multiheadAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly normFirst: boolean;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly activation: ((x: Tensor) => Tensor) | Module;
  constructor(...args: LayerArguments) {
    const o = readLayer('TransformerDecoderLayer', args);
    super(o.dModel, o.nhead, o.attention);
    this.multiheadAttn = new MultiheadAttention(o.dModel, o.nhead, o.attention);
    this.linear1 = new Linear(o.dModel, o.hidden, o.linear);
    this.dropout = new Dropout(o.p);
    this.linear2 = new Linear(o.hidden, o.dModel, o.linear);
    this.normFirst = o.normFirst;
    this.norm1 = o.norm();
    this.norm2 = o.norm();
    this.norm3 = o.norm();
    this.dropout1 = new Dropout(o.p);
    this.dropout2 = new Dropout(o.p);
    this.dropout3 = new Dropout(o.p);
    this.activation = o.activation;
  }
  override forward(tgt: Tensor, memory: Tensor, ...args: DecoderArguments): Tensor {
    const where = 'TransformerDecoderLayer';
    const o = readArguments<DecoderForwardOptions>(where, args, DECODER);
    return inNameOf(where, () => {
      checkTensor(where, tgt, 'tgt');
      checkTensor(where, memory, 'memory');
      const self = (x: Tensor): Tensor => this.attendSelf(x, o.tgtMask, o.tgtKeyPaddingMask, o.tgtIsCausal ?? false);
      const cross = (x: Tensor): Tensor => {
        const { memoryMask: attnMask, memoryKeyPaddingMask: keyPaddingMask, memoryIsCausal: isCausal } = o;
        const options = { attnMask, keyPaddingMask, isCausal, needWeights: false };
        return this.dropout2.forward(this.multiheadAttn.forward(x, memory, memory, options)[0]);
      };
      if (this.normFirst) {
        let x = tgt.add(self(this.norm1.forward(tgt)));
        x = x.add(cross(this.norm2.forward(x)));
        return x.add(this.feed(this.norm3.forward(x), this.dropout3));
      }
      let x = this.norm1.forward(tgt.add(self(tgt)));
      x = this.norm2.forward(x.add(cross(x)));
      return this.norm3.forward(x.add(this.feed(x, this.dropout3)));
    });
  }
}
