// One step of a recurrent layer as a module: RNNCell, LSTMCell, GRUCell.
import { type Call, readArguments } from '../define.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import { type Cell, GATES, recurrentLayer } from '../ops/internal/rnn.ts';
import type { Tensor } from '../tensor.ts';
import { bool, FACTORY, type FactoryOptions, factoryDtype } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';
import { nonlinearityOf, pair } from './rnn.ts';
import { drawRecurrent, flag, positive, snake } from './rnn-base.ts';

/** Options of {@link LSTMCell} and {@link GRUCell}. */
export interface CellOptions extends FactoryOptions {
  bias?: boolean | undefined;
}
/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  nonlinearity?: 'tanh' | 'relu' | undefined;
}

/**
 * The base class of {@link RNNCell}, {@link LSTMCell} and {@link GRUCell}.
 * @example
 * new torch.nn.GRUCell(2, 3) instanceof torch.nn.RNNCellBase // true
 */
export abstract class RNNCellBase<State> extends Module<[x: Tensor, state?: State | null], State> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** [gates * hiddenSize, inputSize] */
  weightIh: Parameter;
  /** [gates * hiddenSize, hiddenSize] */
  weightHh: Parameter;
  /** [gates * hiddenSize] */
  biasIh: Parameter | null;
  /** [gates * hiddenSize] */
  biasHh: Parameter | null;
  readonly #cell: Cell;
  readonly #where: string;
  protected constructor(where: string, cell: Cell, inputSize: number, hiddenSize: number, options: CellOptions) {
    super();
    if (new.target === RNNCellBase)
      throw new TypeError('RNNCellBase: is the base of RNNCell, LSTMCell and GRUCell, and not made by itself');
    const { bias = true, ...factory } = options;
    this.#where = where;
    this.#cell = cell;
    this.inputSize = positive(where, 'inputSize', inputSize);
    this.hiddenSize = positive(where, 'hiddenSize', hiddenSize);
    this.bias = flag(where, 'bias', bias);
    const dt = factoryDtype(where, factory);
    const rows = GATES[cell] * hiddenSize;
    this.weightIh = emptyParameter([rows, inputSize], dt);
    this.weightHh = emptyParameter([rows, hiddenSize], dt);
    this.biasIh = bias ? emptyParameter([rows], dt) : null;
    this.biasHh = bias ? emptyParameter([rows], dt) : null;
    this.resetParameters();
  }
  protected override keyOf(field: string): string {
    return snake(field);
  }
  /** Draws all parameters anew. */
  resetParameters(): void {
    drawRecurrent(this.parameters(), this.hiddenSize);
  }
  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? '' : `, bias=${bool(this.bias)}`}`;
  }

  /** One step from `states`, hidden and (the LSTM's) cells. */
  protected run(x: Tensor, states: readonly unknown[] | null): Tensor[] {
    const where = this.#where;
    checkTensor(where, x);
    if (x.ndim !== 1 && x.ndim !== 2)
      throw new ShapeError(`${where}: Expected input to be 1D or 2D, got ${x.ndim}D instead`);
    const batched = x.ndim === 2;
    const rows = batched ? x : x.unsqueeze(0);
    if (rows.sizes[1] !== this.inputSize) {
      throw new ShapeError(
        `${where}: input has inconsistent inputSize: got ${rows.sizes[1]} expected ${this.inputSize}`,
      );
    }
    if (x.dt !== this.weightIh.dt) {
      throw new DtypeError(
        `${where}: expected input and weights to have the same dtype, but got ${x.dtype} and ${this.weightIh.dtype}`,
      );
    }
    commonDevice(where, [x, this.weightIh]);
    const batch = rows.sizes[0]!;
    const [h, c] = (states ?? []).map((s, i) => this.#checkState(x, s, i, batch, batched));
    const out = recurrentLayer({
      cell: this.#cell,
      x: rows,
      h: h ?? null,
      c: c ?? null,
      weights: [{ ih: this.weightIh, hh: this.weightHh, bih: this.biasIh, bhh: this.biasHh, hr: null }],
      layout: { steps: 1, batch, batchMajor: false, sizes: null },
      flat: true,
    });
    const results = out.c === null ? [out.y] : [out.y, out.c];
    return batched ? results : results.map((r) => r.squeeze(0));
  }
  #checkState(x: Tensor, s: unknown, i: number, batch: number, batched: boolean): Tensor {
    const where = this.#where;
    const name = this.#cell === 'lstm' ? `hx[${i}]` : 'hidden';
    checkTensor(where, s, name);
    if (s.ndim !== 1 && s.ndim !== 2)
      throw new ShapeError(`${where}: Expected ${name} to be 1D or 2D, got ${s.ndim}D instead`);
    const state = batched || s.ndim === 2 ? s : s.unsqueeze(0);
    if (state.ndim !== 2 || state.sizes[0] !== batch) {
      throw new ShapeError(
        `${where}: Input batch size ${batch} doesn't match hidden${i} batch size ${state.ndim === 2 ? state.sizes[0] : 'of an unbatched state'}`,
      );
    }
    if (state.sizes[1] !== this.hiddenSize) {
      throw new ShapeError(
        `${where}: hidden${i} has inconsistent hiddenSize: got ${state.sizes[1]}, expected ${this.hiddenSize}`,
      );
    }
    commonDevice(where, [x, state]);
    if (state.dt !== x.dt) {
      throw new DtypeError(
        `${where}: expected input and ${name} to have the same dtype, but got ${x.dtype} and ${state.dtype}`,
      );
    }
    return state;
  }
}

/**
 * One step of an {@link RNN}: x [B, inputSize] and the state [B, hiddenSize] (zeros if absent), or both without B, give the
 * next state. Throws ShapeError or DtypeError where they do not fit.
 * @example
 * new torch.nn.RNNCell(10, 20) // RNNCell(10, 20)
 */
export class RNNCell extends RNNCellBase<Tensor> {
  readonly nonlinearity: 'tanh' | 'relu';
  constructor(
    inputSize: number,
    hiddenSize: number,
    ...args: Call<[bias?: boolean, nonlinearity?: 'tanh' | 'relu'], RNNCellOptions>
  ) {
    const options = readArguments<RNNCellOptions>('RNNCell', args, ['bias', 'nonlinearity'], FACTORY);
    const nonlinearity = nonlinearityOf('RNNCell', options.nonlinearity ?? 'tanh');
    super('RNNCell', nonlinearity, inputSize, hiddenSize, options);
    this.nonlinearity = nonlinearity;
  }
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.run(x, state === null ? null : [state])[0]!;
  }
  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of an {@link LSTM}: x [B, inputSize] and the states [h, c], both [B, hiddenSize] (zeros if absent), or all
 * without B, give the next states. Throws ShapeError or DtypeError where they do not fit.
 * @example
 * const [h, c] = new torch.nn.LSTMCell(10, 20).forward(torch.ones(3, 10))
 * h.shape // torch.Size([3, 20])
 */
export class LSTMCell extends RNNCellBase<readonly [h: Tensor, c: Tensor]> {
  constructor(inputSize: number, hiddenSize: number, ...args: Call<[bias?: boolean], CellOptions>) {
    super('LSTMCell', 'lstm', inputSize, hiddenSize, readArguments<CellOptions>('LSTMCell', args, ['bias'], FACTORY));
  }
  override forward(x: Tensor, state: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    const [h, c] = this.run(x, state === null ? null : pair('LSTMCell', state));
    return [h!, c!];
  }
}

/**
 * One step of a {@link GRU}: x [B, inputSize] and the state [B, hiddenSize] (zeros if absent), or both without B, give the
 * next state. Throws ShapeError or DtypeError where they do not fit.
 * @example
 * new torch.nn.GRUCell(10, 20, { bias: false }) // GRUCell(10, 20, bias=False)
 */
export class GRUCell extends RNNCellBase<Tensor> {
  constructor(inputSize: number, hiddenSize: number, ...args: Call<[bias?: boolean], CellOptions>) {
    super('GRUCell', 'gru', inputSize, hiddenSize, readArguments<CellOptions>('GRUCell', args, ['bias'], FACTORY));
  }
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.run(x, state === null ? null : [state])[0]!;
  }
}
