// Embedding and EmbeddingBag: rows of a table, picked by index.
import { noGrad } from '../autograd/mode.ts';
import { type Call, type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { type BagMode, embedding, embeddingBag, paddingRow, refuseSparse } from '../functional/embedding.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { normal_ } from './init.ts';
import { bool, FACTORY, type FactoryOptions, factoryOf, float, whole } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, Parameter } from './parameter.ts';

/** What both kinds of tables take. */
interface TableOptions extends FactoryOptions {
  /** A row that stays zero: it gets no gradient. */
  paddingIdx?: number | null | undefined;
  /** Rows that are looked up are first scaled down, in place, to at most this norm. */
  maxNorm?: number | null | undefined;
  /** Which norm; 2 by default. */
  normType?: number | undefined;
  /** Gradients of a row are divided by how often it was looked up. */
  scaleGradByFreq?: boolean | undefined;
  /** Sparse gradients: there are none here. */
  sparse?: boolean | undefined;
}
type Sizes = readonly ['numEmbeddings', 'embeddingDim'];
const SIZES: Sizes = ['numEmbeddings', 'embeddingDim'];
type Rows = { numEmbeddings: number; embeddingDim: number };

/** A table of vectors. */
abstract class Table<Args extends readonly unknown[]> extends Module<Args> {
  numEmbeddings: number;
  embeddingDim: number;
  paddingIdx: number | null;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  /** [numEmbeddings, embeddingDim] */
  weight: Parameter;
  constructor(where: string, options: Partial<TableOptions & Rows>) {
    super();
    this.numEmbeddings = whole(where, 'numEmbeddings', options.numEmbeddings);
    this.embeddingDim = whole(where, 'embeddingDim', options.embeddingDim);
    this.paddingIdx = paddingRow(where, options.paddingIdx ?? null, this.numEmbeddings);
    refuseSparse(where, options.sparse);
    const { maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
    for (const [name, value] of Object.entries({ maxNorm: maxNorm ?? 1, normType })) {
      if (typeof value !== 'number')
        throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
    }
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.weight = emptyParameter([this.numEmbeddings, this.embeddingDim], ...factoryOf(where, options));
    this.resetParameters();
  }
  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }
  protected norms(): string {
    const max = this.maxNorm === null ? '' : `, max_norm=${float(this.maxNorm)}`;
    const type = this.normType === 2 ? '' : `, norm_type=${float(this.normType)}`;
    return `${max}${type}${this.scaleGradByFreq ? `, scale_grad_by_freq=${bool(true)}` : ''}`;
  }
  protected padding(): string {
    return this.paddingIdx === null ? '' : `, padding_idx=${this.paddingIdx}`;
  }
}

/** The options of a table that is given its vectors [numEmbeddings, embeddingDim]; `make` makes an empty one. */
function pretrained<T extends Table<never>>(
  where: string,
  embeddings: Tensor,
  { freeze = true, paddingIdx = null }: { freeze?: boolean | undefined; paddingIdx?: number | null | undefined },
  make: () => T,
): T {
  if (!(embeddings instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor for embeddings but received ${describe(embeddings)}`);
  if (embeddings.ndim !== 2)
    throw new ShapeError(
      `${where}: embeddings parameter is expected to be 2-dimensional, not ${show(embeddings.sizes)}`,
    );
  const [rows, cols] = embeddings.sizes as readonly [number, number];
  return Object.assign(make(), {
    numEmbeddings: rows,
    embeddingDim: cols,
    paddingIdx: paddingRow(where, paddingIdx, rows),
    weight: new Parameter(embeddings, !freeze),
  });
}

/** Options of {@link Embedding}. */
export type EmbeddingOptions = TableOptions;
const EMBEDDING = ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'] as const;
/**
 * A table of vectors: indices [*] give [*, embeddingDim]. Throws RangeError for an index that is not there, DtypeError
 * if they are no integers.
 * @example
 * new torch.nn.Embedding(3, 4) // Embedding(3, 4)
 */
export class Embedding extends Table<[index: Tensor]> {
  constructor(
    ...args: Named<
      [numEmbeddings: number, embeddingDim: number],
      Sizes,
      [
        paddingIdx?: number | null,
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        sparse?: boolean,
      ],
      EmbeddingOptions
    >
  ) {
    super('Embedding', readArguments<EmbeddingOptions & Rows>('Embedding', args, [...SIZES, ...EMBEDDING], FACTORY));
  }
  /** An embedding of given vectors [numEmbeddings, embeddingDim], not trained unless `freeze` is false. */
  static fromPretrained(
    embeddings: Tensor,
    ...args: Call<
      [
        freeze?: boolean,
        paddingIdx?: number | null,
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        sparse?: boolean,
      ],
      Omit<EmbeddingOptions, keyof FactoryOptions> & { freeze?: boolean | undefined }
    >
  ): Embedding {
    const options = readArguments<EmbeddingOptions & { freeze: boolean }>('fromPretrained', args, [
      'freeze',
      ...EMBEDDING,
    ]);
    const { freeze, paddingIdx, ...rest } = options;
    return pretrained('fromPretrained', embeddings, { freeze, paddingIdx }, () => new Embedding(0, 0, rest));
  }
  override forward(index: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(index, this.weight, paddingIdx, maxNorm, normType, scaleGradByFreq);
  }
  override extraRepr(): string {
    return `${this.numEmbeddings}, ${this.embeddingDim}${this.padding()}${this.norms()}`;
  }
}

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagOptions extends TableOptions {
  mode?: BagMode | undefined;
  /** The last offset is where the last bag ends. */
  includeLastOffset?: boolean | undefined;
}
const BAG = ['maxNorm', 'normType', 'scaleGradByFreq', 'mode', 'sparse', 'includeLastOffset', 'paddingIdx'] as const;
type BagArguments = [
  maxNorm?: number | null,
  normType?: number,
  scaleGradByFreq?: boolean,
  mode?: BagMode,
  sparse?: boolean,
  includeLastOffset?: boolean,
  paddingIdx?: number | null,
];
/**
 * Means (or sums, or maxima) of bags of rows of a table: indices [B, N], or [N] with the offsets [B] of the bags, give
 * [B, embeddingDim]. Throws RangeError for an index that is not there, ShapeError for other shapes.
 * @example
 * new torch.nn.EmbeddingBag(10, 3, { mode: 'sum' }) // EmbeddingBag(10, 3, mode='sum')
 */
export class EmbeddingBag extends Table<
  [index: Tensor, ...args: Call<[offsets?: Tensor | null, perSampleWeights?: Tensor | null], BagInputs>]
> {
  readonly mode: BagMode;
  readonly includeLastOffset: boolean;
  constructor(...args: Named<[numEmbeddings: number, embeddingDim: number], Sizes, BagArguments, EmbeddingBagOptions>) {
    const options = readArguments<EmbeddingBagOptions & Rows>('EmbeddingBag', args, [...SIZES, ...BAG], FACTORY);
    super('EmbeddingBag', options);
    this.mode = options.mode ?? 'mean';
    if (!['sum', 'mean', 'max'].includes(this.mode))
      throw new TypeError(`EmbeddingBag: mode has to be one of sum, mean or max, not ${describe(this.mode)}`);
    this.includeLastOffset = options.includeLastOffset ?? false;
  }
  /** A table of given vectors [numEmbeddings, embeddingDim], not trained unless `freeze` is false. */
  static fromPretrained(
    embeddings: Tensor,
    ...args: Call<
      [freeze?: boolean, ...BagArguments],
      Omit<EmbeddingBagOptions, keyof FactoryOptions> & { freeze?: boolean | undefined }
    >
  ): EmbeddingBag {
    const options = readArguments<EmbeddingBagOptions & { freeze: boolean }>('fromPretrained', args, [
      'freeze',
      ...BAG,
    ]);
    const { freeze, paddingIdx, ...rest } = options;
    return pretrained('fromPretrained', embeddings, { freeze, paddingIdx }, () => new EmbeddingBag(0, 0, rest));
  }
  override forward(
    index: Tensor,
    ...args: Call<[offsets?: Tensor | null, perSampleWeights?: Tensor | null], BagInputs>
  ): Tensor {
    const { maxNorm, normType, scaleGradByFreq, mode, includeLastOffset, paddingIdx } = this;
    return embeddingBag(index, this.weight, {
      ...readArguments<BagInputs>('EmbeddingBag', args, ['offsets', 'perSampleWeights']),
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      includeLastOffset,
      paddingIdx,
    });
  }
  override extraRepr(): string {
    return `${this.numEmbeddings}, ${this.embeddingDim}${this.norms()}, mode='${this.mode}'${this.padding()}`;
  }
}
interface BagInputs {
  offsets?: Tensor | null | undefined;
  perSampleWeights?: Tensor | null | undefined;
}
