// Recurrent layers: RNN, LSTM and GRU.
import type { Named } from '../arguments.ts';
import { describe } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { PackedSequence } from './packed-sequence.ts';
import {
  readRecurrent,
  type RecurrentOptions,
  RNNBase,
  type SequenceInput,
  type SIZES,
  type Sizes,
} from './rnn-base.ts';

export { type RecurrentOptions, RNNBase } from './rnn-base.ts';

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** The activation; tanh if absent. */
  nonlinearity?: 'tanh' | 'relu' | undefined;
}
/** The activation of an {@link RNN}, refused unless it is tanh or relu. */
export function nonlinearityOf(where: string, nonlinearity: unknown): 'tanh' | 'relu' {
  if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') {
    throw new RangeError(
      `${where}: Unknown nonlinearity ${typeof nonlinearity === 'string' ? `'${nonlinearity}'` : describe(nonlinearity)}. Select from 'tanh' or 'relu'.`,
    );
  }
  return nonlinearity;
}

/**
 * Elman's recurrent layers, `h = tanh(W_ih x + b_ih + W_hh h + b_hh)` at each step of x [T, B, inputSize] (or unbatched, or
 * a {@link PackedSequence}): gives [T, B, D * hiddenSize] and the last states [D * numLayers, B, hiddenSize], D = 2 if
 * bidirectional. Throws ShapeError or DtypeError where input, state and weights do not fit.
 * @example
 * new torch.nn.RNN(10, 20, 2, { nonlinearity: 'relu' }) // RNN(10, 20, num_layers=2)
 * @example
 * const [y, h] = new torch.nn.RNN(10, 20).forward(torch.ones(5, 3, 10))
 * y.shape // torch.Size([5, 3, 20])
 */
export class RNN extends RNNBase<Tensor> {
  readonly nonlinearity: 'tanh' | 'relu';
  constructor(
    ...args: Named<
      Sizes,
      typeof SIZES,
      [
        numLayers?: number,
        nonlinearity?: 'tanh' | 'relu',
        bias?: boolean,
        batchFirst?: boolean,
        dropout?: number,
        bidirectional?: boolean,
      ],
      RNNOptions
    >
  ) {
    const names = ['numLayers', 'nonlinearity', 'bias', 'batchFirst', 'dropout', 'bidirectional'];
    const options = readRecurrent('RNN', args, names);
    const nonlinearity = nonlinearityOf('RNN', options.nonlinearity ?? 'tanh');
    super('RNN', nonlinearity, options);
    this.nonlinearity = nonlinearity;
  }
  override forward(x: Tensor, state?: Tensor | null): [output: Tensor, state: Tensor];
  override forward(x: PackedSequence, state?: Tensor | null): [output: PackedSequence, state: Tensor];
  override forward(x: SequenceInput, state: Tensor | null = null): [output: never, state: Tensor] {
    const [y, [h]] = this.run(x, state === null ? null : [state]);
    return [y as never, h!];
  }
}

const GATED = ['numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional'];
type GatedArguments<O, Rest extends readonly unknown[]> = Named<
  Sizes,
  typeof SIZES,
  [numLayers?: number, bias?: boolean, batchFirst?: boolean, dropout?: number, bidirectional?: boolean, ...rest: Rest],
  O
>;

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** The size that states are projected to; not projected if 0 or absent. */
  projSize?: number | undefined;
}
/** The states of an {@link LSTM}: hidden [D * numLayers, B, out] and cells [D * numLayers, B, hiddenSize]. */
export type LSTMState = readonly [h: Tensor, c: Tensor];

/**
 * Long short-term memory (https://doi.org/10.1162/neco.1997.9.8.1735) on x [T, B, inputSize] (or unbatched, or a
 * {@link PackedSequence}): gives [T, B, D * out] and the last states and cells, out being `projSize` or else `hiddenSize`,
 * D = 2 if bidirectional. Throws ShapeError or DtypeError where input, states and weights do not fit.
 * @example
 * new torch.nn.LSTM(10, 20, { numLayers: 2, batchFirst: true }) // LSTM(10, 20, num_layers=2, batch_first=True)
 * @example
 * const [y, [h, c]] = new torch.nn.LSTM(10, 20).forward(torch.ones(5, 3, 10))
 * c.shape // torch.Size([1, 3, 20])
 */
export class LSTM extends RNNBase<LSTMState> {
  constructor(...args: GatedArguments<LSTMOptions, [projSize?: number]>) {
    super('LSTM', 'lstm', readRecurrent('LSTM', args, [...GATED, 'projSize']));
  }
  override forward(x: Tensor, state?: LSTMState | null): [output: Tensor, state: [h: Tensor, c: Tensor]];
  override forward(
    x: PackedSequence,
    state?: LSTMState | null,
  ): [output: PackedSequence, state: [h: Tensor, c: Tensor]];
  override forward(x: SequenceInput, state: LSTMState | null = null): [output: never, state: [h: Tensor, c: Tensor]] {
    const [y, [h, c]] = this.run(x, state === null ? null : pair('LSTM', state));
    return [y as never, [h!, c!]];
  }
}

/** Two states, and nothing else. */
export function pair(where: string, state: unknown): readonly unknown[] {
  if (!Array.isArray(state) || state.length !== 2) {
    throw new TypeError(
      `${where}: expected the states as [h, c] but received ${Array.isArray(state) ? `a list of ${state.length}` : describe(state)}`,
    );
  }
  return state;
}

/**
 * Gated recurrent units (https://arxiv.org/abs/1406.1078) on x [T, B, inputSize] (or unbatched, or a
 * {@link PackedSequence}): gives [T, B, D * hiddenSize] and the last states [D * numLayers, B, hiddenSize], D = 2 if
 * bidirectional. Throws ShapeError or DtypeError where input, state and weights do not fit.
 * @example
 * new torch.nn.GRU(10, 20, { bidirectional: true }) // GRU(10, 20, bidirectional=True)
 * @example
 * const [y, h] = new torch.nn.GRU(10, 20, { bidirectional: true }).forward(torch.ones(5, 10))
 * y.shape // torch.Size([5, 40])
 */
export class GRU extends RNNBase<Tensor> {
  constructor(...args: GatedArguments<RecurrentOptions, []>) {
    super('GRU', 'gru', readRecurrent('GRU', args, GATED));
  }
  override forward(x: Tensor, state?: Tensor | null): [output: Tensor, state: Tensor];
  override forward(x: PackedSequence, state?: Tensor | null): [output: PackedSequence, state: Tensor];
  override forward(x: SequenceInput, state: Tensor | null = null): [output: never, state: Tensor] {
    const [y, [h]] = this.run(x, state === null ? null : [state]);
    return [y as never, h!];
  }
}
