// Embedding: rows of a table, picked by index.
import { type Call, type Named, readArguments } from '../define.ts';
import { noGrad } from '../autograd/mode.ts';
import { ShapeError } from '../errors.ts';
import { embedding } from '../functional.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { normal_ } from './init.ts';
import { FACTORY, type FactoryOptions, factoryDtype, whole } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, Parameter } from './parameter.ts';

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends FactoryOptions {
  /** A row that stays zero: it gets no gradient. */
  paddingIdx?: number | null | undefined;
}
/**
 * A table of vectors: indices [*] give [*, embeddingDim]. Throws RangeError for an index that is not there, DtypeError
 * if they are no integers.
 * @example
 * new torch.nn.Embedding(3, 4) // Embedding(3, 4)
 */
export class Embedding extends Module<[index: Tensor]> {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  /** [numEmbeddings, embeddingDim] */
  weight: Parameter;
  constructor(
    ...args: Named<
      [numEmbeddings: number, embeddingDim: number],
      ['numEmbeddings', 'embeddingDim'],
      [paddingIdx?: number | null],
      EmbeddingOptions
    >
  ) {
    super();
    const options = readArguments<EmbeddingOptions & { numEmbeddings: number; embeddingDim: number }>(
      'Embedding',
      args,
      ['numEmbeddings', 'embeddingDim', 'paddingIdx', ...FACTORY],
    );
    const numEmbeddings = whole('Embedding', 'numEmbeddings', options.numEmbeddings);
    const embeddingDim = whole('Embedding', 'embeddingDim', options.embeddingDim);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    const padding = options.paddingIdx ?? null;
    if (padding !== null && whole('Embedding', 'paddingIdx', padding, -numEmbeddings) >= numEmbeddings) {
      throw new RangeError(
        `Embedding: padding_idx must be within num_embeddings, but got ${padding} for ${numEmbeddings}`,
      );
    }
    this.paddingIdx = padding !== null && padding < 0 ? padding + numEmbeddings : padding;
    this.weight = emptyParameter([numEmbeddings, embeddingDim], factoryDtype('Embedding', options));
    this.resetParameters();
  }
  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }
  /** An embedding of given vectors [numEmbeddings, embeddingDim], not trained unless `freeze` is false. */
  static fromPretrained(
    embeddings: Tensor,
    ...args: Call<
      [freeze?: boolean, paddingIdx?: number | null],
      { freeze?: boolean | undefined; paddingIdx?: number | null | undefined }
    >
  ): Embedding {
    const names = ['freeze', 'paddingIdx'];
    const options = readArguments<{ freeze: boolean; paddingIdx: number | null }>('fromPretrained', args, names);
    const { freeze = true, paddingIdx = null } = options;
    if (!(embeddings instanceof Tensor) || embeddings.ndim !== 2) {
      throw new ShapeError(
        `Embedding.fromPretrained: embeddings parameter is expected to be 2-dimensional, not ${embeddings instanceof Tensor ? show(embeddings.sizes) : String(embeddings)}`,
      );
    }
    const [rows, cols] = embeddings.sizes as readonly [number, number];
    const out = new Embedding(0, 0);
    return Object.assign(out, {
      numEmbeddings: rows,
      embeddingDim: cols,
      paddingIdx,
      weight: new Parameter(embeddings, !freeze),
    });
  }
  override forward(index: Tensor): Tensor {
    return embedding(index, this.weight, { paddingIdx: this.paddingIdx });
  }
  override extraRepr(): string {
    return `${this.numEmbeddings}, ${this.embeddingDim}${this.paddingIdx === null ? '' : `, padding_idx=${this.paddingIdx}`}`;
  }
}
