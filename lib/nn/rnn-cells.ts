// One step of a recurrent layer as a module: RNNCell, LSTMCell, GRUCell.
import { casting } from '../autocast.ts';
import { type Named, readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import { type Cell, GATES, recurrentLayer } from '../ops/internal/rnn.ts';
import type { Tensor } from '../tensor.ts';
import { bool, FACTORY, type FactoryOptions, factoryOf } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';
import { nonlinearityOf, pair } from './rnn.ts';
import { drawRecurrent, flag, positive, SIZES, type Sizes, snake } from './rnn-base.ts';

/** Options of {@link LSTMCell} and {@link GRUCell}. */
export interface CellOptions extends FactoryOptions {
  bias?: boolean | undefined;
}
/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  nonlinearity?: 'tanh' | 'relu' | undefined;
}
interface AllOptions extends RNNCellOptions {
  inputSize?: number | undefined;
  hiddenSize?: number | undefined;
}
const read = (where: string, args: readonly unknown[], ...more: string[]): AllOptions =>
  readArguments<AllOptions>(where, args, [...SIZES, 'bias', ...more], FACTORY);
type CellArguments<O, Rest extends readonly unknown[]> = Named<Sizes, typeof SIZES, [bias?: boolean, ...rest: Rest], O>;

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
  private readonly cellKind: Cell;
  protected constructor(where: string, cell: Cell, options: AllOptions) {
    super();
    if (new.target === RNNCellBase)
      throw new TypeError('RNNCellBase: is the base of RNNCell, LSTMCell and GRUCell, and not made by itself');
    const { bias = true } = options;
    this.cellKind = cell;
    const inputSize = positive(where, 'inputSize', options.inputSize);
    const hiddenSize = positive(where, 'hiddenSize', options.hiddenSize);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.bias = flag(where, 'bias', bias);
    const [dt, device] = factoryOf(where, options);
    const rows = GATES[cell] * hiddenSize;
    this.weightIh = emptyParameter([rows, inputSize], dt, device);
    this.weightHh = emptyParameter([rows, hiddenSize], dt, device);
    this.biasIh = bias ? emptyParameter([rows], dt, device) : null;
    this.biasHh = bias ? emptyParameter([rows], dt, device) : null;
    this.resetParameters();
  }
  private get shownName(): string {
    return `${this.cellKind === 'lstm' || this.cellKind === 'gru' ? this.cellKind.toUpperCase() : 'RNN'}Cell`;
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
    const where = this.shownName;
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
    if (x.dt !== this.weightIh.dt && !casting.on) {
      throw new DtypeError(
        `${where}: expected input and weights to have the same dtype, but got ${x.dtype} and ${this.weightIh.dtype}`,
      );
    }
    commonDevice(where, [x, this.weightIh]);
    const batch = rows.sizes[0]!;
    const [h, c] = (states ?? []).map((s, i) => this.checkState(x, s, i, batch, batched));
    const out = recurrentLayer({
      cell: this.cellKind,
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
  private checkState(x: Tensor, s: unknown, i: number, batch: number, batched: boolean): Tensor {
    const where = this.shownName;
    const name = this.cellKind === 'lstm' ? `hx[${i}]` : 'hidden';
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
    if (state.dt !== x.dt && !casting.on) {
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
  constructor(...args: CellArguments<RNNCellOptions, [nonlinearity?: 'tanh' | 'relu']>) {
    const options = read('RNNCell', args, 'nonlinearity');
    const nonlinearity = nonlinearityOf('RNNCell', options.nonlinearity ?? 'tanh');
    super('RNNCell', nonlinearity, options);
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
  constructor(...args: CellArguments<CellOptions, []>) {
    super('LSTMCell', 'lstm', read('LSTMCell', args));
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
  constructor(...args: CellArguments<CellOptions, []>) {
    super('GRUCell', 'gru', read('GRUCell', args));
  }
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.run(x, state === null ? null : [state])[0]!;
  }
}
