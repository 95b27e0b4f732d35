// The Transformer of "Attention Is All You Need" (https://arxiv.org/abs/1706.03762): encoder, decoder, and both.
import { mode } from '../autograd/mode.ts';
import { tracked } from '../autograd/node.ts';
import { type Call, type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { type Device, type DeviceLike, deviceOption } from '../device.ts';
import { type DType, type DTypeName, getDefault, toDType } from '../dtype.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { additiveMask } from '../functional/attention.ts';
import { recording } from '../recording.ts';
import { show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { ModuleList } from './containers.ts';
import { xavierUniform_ } from './init.ts';
import { FACTORY, whole } from './internal.ts';
import { Module } from './module.ts';
import { LayerNorm } from './normalization.ts';
import {
  DECODER,
  type DecoderArguments,
  type DecoderForwardOptions,
  LAYER,
  type Maybe,
  padsWithZeros,
  type TransformerActivation,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from './transformer-layers.ts';

// ---- stacks ---------------------------------------------------------------------------------------------------------

const clones = <L extends Module<never, unknown>>(layer: L, count: number): ModuleList<L> =>
  new ModuleList(Array.from({ length: count }, () => layer.deepcopy()));

/** [sz, sz]: minus infinity above the diagonal, zero elsewhere. */
function squareMask(sz: number, dt: DType, device: Device): Tensor {
  return emptyTensor([sz, sz], dt, device)
    .fill_(dt.name === 'bool' ? true : Number.NEGATIVE_INFINITY)
    .triu(1);
}
/** Whether a mask is the causal one, unless that is said. */
function detectCausal(mask: Maybe, isCausal: boolean | null | undefined, x: Tensor, batchFirst: boolean): boolean {
  if (isCausal !== null && isCausal !== undefined) return isCausal;
  const size = x.sizes[x.ndim === 2 || !batchFirst ? 0 : 1]!;
  // it makes attention faster, no more: not worth the values, which are not to be had while calls are recorded
  if (recording.on) return false;
  if (mask?.ndim !== 2 || mask.sizes[0] !== size || mask.sizes[1] !== size) return false;
  return mask.equal(squareMask(size, mask.dt, mask.device));
}

/** Options of {@link TransformerEncoder}. */
export interface TransformerEncoderOptions {
  norm?: Module | null | undefined;
  /** Whether padding gives zeros in evaluation, as it does where PyTorch uses nested tensors. */
  enableNestedTensor?: boolean | undefined;
  maskCheck?: boolean | undefined;
}
/** Options of the forward of {@link TransformerEncoder}. */
export interface EncoderForwardOptions {
  mask?: Maybe;
  srcKeyPaddingMask?: Maybe;
  /** Says that `mask` is the causal one; found out by default. */
  isCausal?: boolean | null | undefined;
}
type EncoderArguments = Call<
  [mask?: Tensor | null, srcKeyPaddingMask?: Tensor | null, isCausal?: boolean | null],
  EncoderForwardOptions
>;
/**
 * A stack of `numLayers` copies of a {@link TransformerEncoderLayer}, and a last normalization. The copies begin with
 * equal weights. Throws TypeError for what is no such layer.
 * @example
 * const layer = new torch.nn.TransformerEncoderLayer(4, 2, 8)
 * new torch.nn.TransformerEncoder(layer, 2).forward(torch.ones(3, 1, 4)).shape // torch.Size([3, 1, 4])
 */
export class TransformerEncoder extends Module<[src: Tensor, ...args: EncoderArguments]> {
  readonly layers: ModuleList<TransformerEncoderLayer>;
  readonly numLayers: number;
  readonly norm: Module | null;
  readonly enableNestedTensor: boolean;
  readonly maskCheck: boolean;
  constructor(
    ...args: Named<
      [encoderLayer: TransformerEncoderLayer, numLayers: number],
      ['encoderLayer', 'numLayers'],
      [norm?: Module | null, enableNestedTensor?: boolean, maskCheck?: boolean],
      TransformerEncoderOptions
    >
  ) {
    super();
    const where = 'TransformerEncoder';
    const names = ['encoderLayer', 'numLayers', 'norm', 'enableNestedTensor', 'maskCheck'];
    const o = readArguments<TransformerEncoderOptions & { encoderLayer: TransformerEncoderLayer; numLayers: number }>(
      where,
      args,
      names,
    );
    if (!(o.encoderLayer instanceof TransformerEncoderLayer))
      throw new TypeError(`${where}: expected a TransformerEncoderLayer but received ${describe(o.encoderLayer)}`);
    this.numLayers = whole(where, 'numLayers', o.numLayers);
    this.layers = clones(o.encoderLayer, this.numLayers);
    this.norm = normOf(where, o.norm);
    this.enableNestedTensor = o.enableNestedTensor ?? true;
    this.maskCheck = o.maskCheck ?? true;
  }
  override forward(src: Tensor, ...args: EncoderArguments): Tensor {
    const where = 'TransformerEncoder';
    const names = ['mask', 'srcKeyPaddingMask', 'isCausal'];
    const o = readArguments<EncoderForwardOptions>(where, args, names);
    return inNameOf(where, () => {
      checkTensor(where, src, 'src');
      const srcKeyPaddingMask = additiveMask(where, 'srcKeyPaddingMask', o.srcKeyPaddingMask, src);
      const srcMask = additiveMask(where, 'mask', o.mask, src);
      if (this.numLayers === 0) return this.norm === null ? src : this.norm.forward(src);
      const isCausal = detectCausal(srcMask, o.isCausal, src, this.layers.at(0).selfAttn.batchFirst);
      let x = src;
      for (const layer of this.layers) x = layer.forward(x, { srcMask, srcKeyPaddingMask, isCausal });
      if (srcMask === null && srcKeyPaddingMask !== null && this.#nests(src, srcKeyPaddingMask))
        x = x.maskedFill(trailing(srcKeyPaddingMask.ne(0)).unsqueeze(-1), 0);
      return this.norm === null ? x : this.norm.forward(x);
    });
  }
  /** Whether PyTorch would compute without the padding, and fill it with zeros behind the layers. */
  #nests(src: Tensor, padding: Tensor): boolean {
    const first = this.layers.at(0);
    if (!this.enableNestedTensor || first.training || src.ndim !== 3 || padding.ndim !== 2) return false;
    if (!padsWithZeros(first)) return false;
    return !(mode.grad && [src, ...first.parameters()].some(tracked));
  }
}
/** What is hidden if padding comes last in each row, as nested tensors want it; nothing if not. Without reading a value. */
function trailing(hidden: Tensor): Tensor {
  const n = hidden.sizes[1]!;
  if (n < 2) return hidden;
  const gaps = hidden.narrow(1, 0, n - 1).logicalAnd(hidden.narrow(1, 1, n - 1).logicalNot());
  return hidden.logicalAnd(gaps.any().logicalNot());
}
function normOf(where: string, norm: Module | null | undefined): Module | null {
  if (norm === null || norm === undefined) return null;
  if (!(norm instanceof Module))
    throw new TypeError(`${where}: expected a Module for norm but received ${describe(norm)}`);
  return norm;
}

/** Options of {@link TransformerDecoder}. */
export interface TransformerDecoderOptions {
  norm?: Module | null | undefined;
}
/**
 * A stack of `numLayers` copies of a {@link TransformerDecoderLayer}, and a last normalization. The copies begin with
 * equal weights. Throws TypeError for what is no such layer.
 * @example
 * const layer = new torch.nn.TransformerDecoderLayer(4, 2, 8)
 * new torch.nn.TransformerDecoder(layer, 2).forward(torch.ones(2, 1, 4), torch.ones(3, 1, 4)).shape
 * // torch.Size([2, 1, 4])
 */
export class TransformerDecoder extends Module<[tgt: Tensor, memory: Tensor, ...args: DecoderArguments]> {
  readonly layers: ModuleList<TransformerDecoderLayer>;
  readonly numLayers: number;
  readonly norm: Module | null;
  constructor(
    ...args: Named<
      [decoderLayer: TransformerDecoderLayer, numLayers: number],
      ['decoderLayer', 'numLayers'],
      [norm?: Module | null],
      TransformerDecoderOptions
    >
  ) {
    super();
    const where = 'TransformerDecoder';
    const o = readArguments<TransformerDecoderOptions & { decoderLayer: TransformerDecoderLayer; numLayers: number }>(
      where,
      args,
      ['decoderLayer', 'numLayers', 'norm'],
    );
    if (!(o.decoderLayer instanceof TransformerDecoderLayer))
      throw new TypeError(`${where}: expected a TransformerDecoderLayer but received ${describe(o.decoderLayer)}`);
    this.numLayers = whole(where, 'numLayers', o.numLayers);
    this.layers = clones(o.decoderLayer, this.numLayers);
    this.norm = normOf(where, o.norm);
  }
  override forward(tgt: Tensor, memory: Tensor, ...args: DecoderArguments): Tensor {
    const where = 'TransformerDecoder';
    const o = readArguments<DecoderForwardOptions>(where, args, DECODER);
    return inNameOf(where, () => {
      checkTensor(where, tgt, 'tgt');
      let x = tgt;
      if (this.numLayers > 0) {
        const tgtIsCausal = detectCausal(o.tgtMask, o.tgtIsCausal, tgt, this.layers.at(0).selfAttn.batchFirst);
        for (const layer of this.layers) x = layer.forward(x, memory, { ...o, tgtIsCausal });
      }
      return this.norm === null ? x : this.norm.forward(x);
    });
  }
}

// ---- the whole ------------------------------------------------------------------------------------------------------

/** What takes the encoder's place in a {@link Transformer}. */
type Encoder = Module<[src: Tensor, options?: EncoderForwardOptions]>;
/** What takes the decoder's place in a {@link Transformer}. */
type Decoder = Module<[tgt: Tensor, memory: Tensor, options?: DecoderForwardOptions]>;
/** Options of {@link Transformer}. */
export interface TransformerOptions extends TransformerLayerOptions {
  dModel?: number | undefined;
  nhead?: number | undefined;
  numEncoderLayers?: number | undefined;
  numDecoderLayers?: number | undefined;
  customEncoder?: Encoder | null | undefined;
  customDecoder?: Decoder | null | undefined;
}
/** Options of the forward of {@link Transformer}. */
export interface TransformerForwardOptions extends DecoderForwardOptions {
  srcMask?: Maybe;
  srcKeyPaddingMask?: Maybe;
  srcIsCausal?: boolean | null | undefined;
}
const FORWARD = [
  'srcMask',
  'tgtMask',
  'memoryMask',
  'srcKeyPaddingMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'srcIsCausal',
  'tgtIsCausal',
  'memoryIsCausal',
] as const;
type TransformerArguments = Call<
  [
    srcMask?: Tensor | null,
    tgtMask?: Tensor | null,
    memoryMask?: Tensor | null,
    srcKeyPaddingMask?: Tensor | null,
    tgtKeyPaddingMask?: Tensor | null,
    memoryKeyPaddingMask?: Tensor | null,
    srcIsCausal?: boolean | null,
    tgtIsCausal?: boolean | null,
    memoryIsCausal?: boolean,
  ],
  TransformerForwardOptions
>;

/**
 * Encoder and decoder: src [S, N, dModel] and tgt [T, N, dModel] (batch first with `batchFirst`) give the shape of tgt.
 * Throws ShapeError where batches or features differ.
 * @example
 * const model = new torch.nn.Transformer(4, 2, 1, 1, 8)
 * model.forward(torch.ones(3, 1, 4), torch.ones(2, 1, 4)).shape // torch.Size([2, 1, 4])
 */
export class Transformer extends Module<[src: Tensor, tgt: Tensor, ...args: TransformerArguments]> {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;
  constructor(
    ...args: Call<
      [
        dModel?: number,
        nhead?: number,
        numEncoderLayers?: number,
        numDecoderLayers?: number,
        dimFeedforward?: number,
        dropout?: number,
        activation?: TransformerActivation,
        customEncoder?: Encoder | null,
        customDecoder?: Decoder | null,
        layerNormEps?: number,
        batchFirst?: boolean,
        normFirst?: boolean,
        bias?: boolean,
      ],
      TransformerOptions
    >
  ) {
    super();
    const where = 'Transformer';
    const o = readArguments<TransformerOptions>(where, args, [
      'dModel',
      'nhead',
      'numEncoderLayers',
      'numDecoderLayers',
      'dimFeedforward',
      'dropout',
      'activation',
      'customEncoder',
      'customDecoder',
      'layerNormEps',
      'batchFirst',
      'normFirst',
      'bias',
      ...FACTORY,
    ]);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6 } = o;
    const { customEncoder = null, customDecoder = null, layerNormEps: eps = 1e-5, bias = true } = o;
    const layer = Object.fromEntries([...LAYER, ...FACTORY].map((name) => [name, o[name]]));
    [this.encoder, this.decoder] = inNameOf(where, () => {
      const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype: o.dtype, device: o.device });
      // the order of the draws is PyTorch's
      const encoder =
        customEncoder ??
        new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, layer), numEncoderLayers, norm());
      const decoder =
        customDecoder ??
        new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, layer), numDecoderLayers, norm());
      return [encoder, decoder];
    });
    for (const part of [this.encoder, this.decoder]) {
      if (!(part instanceof Module)) throw new TypeError(`${where}: expected a Module but received ${describe(part)}`);
    }
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = o.batchFirst ?? false;
  }
  /** The causal mask [sz, sz]: minus infinity where a query may not look, zero elsewhere. */
  static generateSquareSubsequentMask(
    sz: number,
    ...args: Call<
      [device?: DeviceLike | null, dtype?: DTypeName | null],
      { device?: DeviceLike | null | undefined; dtype?: DTypeName | null | undefined }
    >
  ): Tensor {
    const where = 'generateSquareSubsequentMask';
    const { device, dtype } = readArguments<{ device: DeviceLike; dtype: DTypeName }>(where, args, ['device', 'dtype']);
    const at = deviceOption(where, device);
    return squareMask(whole(where, 'sz', sz), dtype ? toDType(dtype, where) : getDefault(), at);
  }
  override forward(src: Tensor, tgt: Tensor, ...args: TransformerArguments): Tensor {
    const where = 'Transformer';
    const o = readArguments<TransformerForwardOptions>(where, args, FORWARD);
    return inNameOf(where, () => {
      checkTensor(where, src, 'src');
      checkTensor(where, tgt, 'tgt');
      const batch = this.batchFirst ? 0 : 1;
      if (src.ndim === 3 && src.sizes[batch] !== tgt.sizes[batch]) {
        throw new ShapeError(
          `${where}: the batch number of src and tgt must be equal, but got ${show(src.sizes)} and ${show(tgt.sizes)}`,
        );
      }
      if (src.sizes.at(-1) !== this.dModel || tgt.sizes.at(-1) !== this.dModel) {
        throw new ShapeError(
          `${where}: the feature number of src and tgt must be equal to dModel ${this.dModel}, but got ${show(src.sizes)} and ${show(tgt.sizes)}`,
        );
      }
      const { srcMask, srcKeyPaddingMask, srcIsCausal, ...rest } = o;
      const memory = this.encoder.forward(src, { mask: srcMask, srcKeyPaddingMask, isCausal: srcIsCausal });
      return this.decoder.forward(tgt, memory, rest);
    });
  }
}
