// What RNN, LSTM and GRU share: parameters, their names and drawing, the checks of forward, and the stacking of layers.
import { casting } from '../autocast.ts';
import { readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { describe, DtypeError, ShapeError } from '../errors.ts';
import { dropout as drop } from '../ops/dropout.ts';
import { type Cell, GATES, type Layout, recurrentLayer, type Weights } from '../ops/internal/rnn.ts';
import { cat } from '../ops/join.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { uniform_ } from './init.ts';
import { bool, FACTORY, float, type FactoryOptions, factoryOf } from './internal.ts';
import { Module } from './module.ts';
import { batchSizesOf, PackedSequence } from './packed-sequence.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/** Options that all recurrent layers have. */
export interface RecurrentOptions extends FactoryOptions {
  /** How many layers, each on the output of the one before; 1 if absent. */
  numLayers?: number | undefined;
  /** Whether there are biases; true if absent. */
  bias?: boolean | undefined;
  /** Whether input and output are [B, T, *] instead of [T, B, *]. */
  batchFirst?: boolean | undefined;
  /** Probability of dropout behind each layer but the last. */
  dropout?: number | undefined;
  bidirectional?: boolean | undefined;
}
interface AllOptions extends RecurrentOptions {
  inputSize?: number | undefined;
  hiddenSize?: number | undefined;
  projSize?: number | undefined;
  nonlinearity?: string | undefined;
}

/** `weightIhL0Reverse` as a state dict has it. */
export const snake = (field: string): string => field.replace(/(?<=.)(?=[A-Z])/g, '_').toLowerCase();

/** Refuses all but whole numbers above zero, in PyTorch's words. */
export function positive(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new TypeError(`${where}: ${name} should be a whole number, but got ${describe(value)}`);
  if (value <= 0) throw new RangeError(`${where}: ${name} must be greater than zero, but got ${value}`);
  return value;
}
export function flag(where: string, name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${where}: ${name} should be a boolean, but got ${describe(value)}`);
  return value;
}
/** Draws parameters in PyTorch's order: all of them uniform within one over the root of the hidden size. */
export function drawRecurrent(parameters: readonly Parameter[], hiddenSize: number): void {
  const bound = 1 / Math.sqrt(hiddenSize);
  for (const p of parameters) uniform_(p, -bound, bound);
}

/** What `forward` takes before the states are told apart. */
export type SequenceInput = Tensor | PackedSequence;

/**
 * The base class of {@link RNN}, {@link LSTM} and {@link GRU}. The parameters of layer k are the fields weightIhL*k*,
 * weightHhL*k*, biasIhL*k*, biasHhL*k* (and weightHrL*k* with projections), followed by `Reverse` for the other direction;
 * state dicts have PyTorch's names, `weight_ih_l0_reverse`.
 * @example
 * new torch.nn.GRU(2, 3) instanceof torch.nn.RNNBase // true
 */
export abstract class RNNBase<State> extends Module<[x: Tensor, state?: State | null], [Tensor, State]> {
  [name: `${'weight' | 'bias'}${'Ih' | 'Hh' | 'Hr'}L${number}`]: Parameter;
  [name: `${'weight' | 'bias'}${'Ih' | 'Hh' | 'Hr'}L${number}Reverse`]: Parameter;
  /** PyTorch's name of what it computes: `LSTM`, `GRU`, `RNN_TANH`, `RNN_RELU`. */
  readonly mode: string;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;

  protected constructor(where: string, cell: Cell, options: AllOptions) {
    super();
    if (new.target === RNNBase)
      throw new TypeError('RNNBase: is the base of RNN, LSTM and GRU, and not made by itself');
    const {
      numLayers = 1,
      bias = true,
      batchFirst = false,
      dropout = 0,
      bidirectional = false,
      projSize = 0,
    } = options;
    if (typeof dropout !== 'number' || !(dropout >= 0 && dropout <= 1)) {
      throw new RangeError(
        `${where}: dropout should be a number in range [0, 1] representing the probability of an element being zeroed, but got ${describe(dropout)}`,
      );
    }
    this.mode = cell === 'lstm' || cell === 'gru' ? cell.toUpperCase() : `RNN_${cell.toUpperCase()}`;
    this.bias = flag(where, 'bias', bias);
    this.batchFirst = flag(where, 'batchFirst', batchFirst);
    this.bidirectional = flag(where, 'bidirectional', bidirectional);
    const inputSize = positive(where, 'inputSize', options.inputSize);
    const hiddenSize = positive(where, 'hiddenSize', options.hiddenSize);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = positive(where, 'numLayers', numLayers);
    if (typeof projSize !== 'number' || !Number.isInteger(projSize) || projSize < 0) {
      throw new RangeError(
        `${where}: projSize should be a positive integer or zero to disable projections, but got ${describe(projSize)}`,
      );
    }
    if (projSize >= hiddenSize)
      throw new RangeError(
        `${where}: projSize has to be smaller than hiddenSize, but got ${projSize} and ${hiddenSize}`,
      );
    this.dropout = dropout;
    this.projSize = projSize;
    if (dropout > 0 && numLayers === 1) {
      process.emitWarning(
        `${where}: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects ` +
          `numLayers greater than 1, but got dropout=${dropout} and numLayers=${numLayers}`,
      );
    }
    const [dt, device] = factoryOf(where, options);
    const rows = GATES[cell] * hiddenSize;
    for (let layer = 0; layer < numLayers; layer++) {
      for (const reverse of this.eachDirection()) {
        const columns = layer === 0 ? inputSize : this.outputSize * this.eachDirection().length;
        this.putWeight('weightIh', layer, reverse, emptyParameter([rows, columns], dt, device));
        this.putWeight('weightHh', layer, reverse, emptyParameter([rows, this.outputSize], dt, device));
        if (bias) {
          this.putWeight('biasIh', layer, reverse, emptyParameter([rows], dt, device));
          this.putWeight('biasHh', layer, reverse, emptyParameter([rows], dt, device));
        }
        if (projSize > 0)
          this.putWeight('weightHr', layer, reverse, emptyParameter([projSize, hiddenSize], dt, device));
      }
    }
    this.resetParameters();
  }
  // no #private members, which a copy made without the constructor would lack
  private get cellKind(): Cell {
    return this.mode.split('_').at(-1)!.toLowerCase() as Cell;
  }
  private get shownName(): string {
    return this.mode.split('_')[0]!;
  }
  private get outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }
  private eachDirection(): readonly boolean[] {
    return this.bidirectional ? [false, true] : [false];
  }
  private putWeight(
    name: 'weightIh' | 'weightHh' | 'weightHr' | 'biasIh' | 'biasHh',
    layer: number,
    reverse: boolean,
    p: Parameter,
  ): void {
    if (reverse) this[`${name}L${layer}Reverse`] = p;
    else this[`${name}L${layer}`] = p;
  }
  private layerWeights(layer: number, reverse: boolean): Weights {
    const get = (name: 'weightIh' | 'weightHh' | 'weightHr' | 'biasIh' | 'biasHh'): Tensor | null =>
      (reverse ? this[`${name}L${layer}Reverse`] : this[`${name}L${layer}`]) ?? null;
    return {
      ih: get('weightIh')!,
      hh: get('weightHh')!,
      bih: this.bias ? get('biasIh') : null,
      bhh: this.bias ? get('biasHh') : null,
      hr: this.projSize > 0 ? get('weightHr') : null,
    };
  }
  protected override keyOf(field: string): string {
    return snake(field);
  }
  /** The parameters of each layer and direction, in PyTorch's order. */
  get allWeights(): Parameter[][] {
    return Array.from({ length: this.numLayers }, (_, layer) =>
      this.eachDirection().map((reverse) => {
        const { ih, hh, bih, bhh, hr } = this.layerWeights(layer, reverse);
        return [ih, hh, bih, bhh, hr].filter((p) => p !== null) as Parameter[];
      }),
    ).flat();
  }
  /** Draws all parameters anew. */
  resetParameters(): void {
    drawRecurrent(this.parameters(), this.hiddenSize);
  }
  /** Does nothing: PyTorch arranges the memory for a GPU's library here, and scripts call it. */
  flattenParameters(): void {}

  /** Runs all layers; `states` are the first ones, hidden and (the LSTM's) cells. */
  protected run(input: SequenceInput, states: readonly unknown[] | null): [SequenceInput, Tensor[]] {
    return input instanceof PackedSequence ? this.runPacked(input, states) : this.runTensor(input, states);
  }
  private runPacked(input: PackedSequence, states: readonly unknown[] | null): [PackedSequence, Tensor[]] {
    const { data, batchSizes, sortedIndices, unsortedIndices } = input;
    this.checkInput(data, 2);
    const list = batchSizesOf(this.shownName, input);
    const permuted = (order: Tensor | null, x: Tensor): Tensor => (order === null ? x : x.indexSelect(1, order));
    const first = this.checkStates(data, states, list[0]!, true);
    const layout: Layout = {
      steps: list.length,
      batch: list[0]!,
      batchMajor: false,
      sizes: { list, tensor: batchSizes.to(data.device) },
    };
    const [y, last] = this.runLayers(data, first?.map((s) => permuted(sortedIndices, s)) ?? null, layout);
    const packed = new PackedSequence(y, batchSizes, sortedIndices, unsortedIndices);
    return [packed, last.map((s) => permuted(unsortedIndices, s))];
  }
  private runTensor(input: Tensor, states: readonly unknown[] | null): [Tensor, Tensor[]] {
    const where = this.shownName;
    checkTensor(where, input);
    if (input.ndim !== 2 && input.ndim !== 3)
      throw new ShapeError(`${where}: Expected input to be 2D or 3D, got ${input.ndim}D instead`);
    const batched = input.ndim === 3;
    const dim = this.batchFirst ? 0 : 1;
    let x = batched ? input : input.unsqueeze(dim);
    this.checkInput(x, 3);
    const batch = x.sizes[dim]!;
    const steps = x.sizes[1 - dim]!;
    if (steps === 0) throw new ShapeError(`${where}: Expected sequence length to be larger than 0 in RNN`);
    const first = this.checkStates(x, states, batch, batched);
    // PyTorch draws dropout step by step
    const turned = this.batchFirst && this.training && this.dropout > 0 && this.numLayers > 1;
    if (turned) x = x.transpose(0, 1);
    const layout: Layout = { steps, batch, batchMajor: this.batchFirst && !turned, sizes: null };
    let [y, last] = this.runLayers(x, first, layout);
    if (turned) y = y.transpose(0, 1);
    if (!batched) {
      y = y.squeeze(dim);
      last = last.map((s) => s.squeeze(1));
    }
    return [y, last];
  }
  private runLayers(input: Tensor, first: readonly Tensor[] | null, layout: Layout): [Tensor, Tensor[]] {
    const count = this.eachDirection().length;
    const of = (s: Tensor | undefined, layer: number): Tensor | null =>
      s === undefined ? null : this.numLayers === 1 ? s : s.narrow(0, layer * count, count);
    const hidden: Tensor[] = [];
    const cells: Tensor[] = [];
    let x = input;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const { y, h, c } = recurrentLayer({
        cell: this.cellKind,
        x,
        h: of(first?.[0], layer),
        c: of(first?.[1], layer),
        weights: this.eachDirection().map((reverse) => this.layerWeights(layer, reverse)),
        layout,
        flat: false,
      });
      hidden.push(h);
      if (c !== null) cells.push(c);
      x = layer < this.numLayers - 1 ? drop(y, this.dropout, this.training) : y;
    }
    const joined = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : cat(parts));
    return [x, cells.length > 0 ? [joined(hidden), joined(cells)] : [joined(hidden)]];
  }

  private checkInput(x: Tensor, rank: number): void {
    const where = this.shownName;
    const weight = this.layerWeights(0, false).ih;
    if (x.dt !== weight.dt && !casting.on) {
      throw new DtypeError(
        `${where}: RNN input dtype (${x.dtype}) does not match weight dtype (${weight.dtype}). Convert input: ` +
          `input.to('${weight.dtype}'), or convert model: model.to('${x.dtype}')`,
      );
    }
    commonDevice(where, [x, weight]);
    if (x.ndim !== rank) throw new ShapeError(`${where}: input must have ${rank} dimensions, got ${x.ndim}`);
    if (x.sizes[rank - 1] !== this.inputSize) {
      throw new ShapeError(
        `${where}: input.size(-1) must be equal to inputSize. Expected ${this.inputSize}, got ${x.sizes[rank - 1]}`,
      );
    }
  }
  private checkStates(x: Tensor, states: readonly unknown[] | null, batch: number, batched: boolean): Tensor[] | null {
    if (states === null) return null;
    const where = this.shownName;
    const rank = batched ? 3 : 2;
    const layers = this.numLayers * this.eachDirection().length;
    return states.map((s, i) => {
      const name = this.cellKind === 'lstm' ? `hidden[${i}]` : 'hidden';
      checkTensor(where, s, name);
      if (s.ndim !== rank) {
        throw new ShapeError(
          `${where}: For ${batched ? 'batched 3-D' : 'unbatched 2-D'} input, hx${this.cellKind === 'lstm' ? ' and cx' : ''} should also be ${rank}-D but got ${s.ndim}-D tensor`,
        );
      }
      const state = batched ? s : s.unsqueeze(1);
      const expected = [layers, batch, i === 0 ? this.outputSize : this.hiddenSize];
      if (show(state.sizes) !== show(expected)) {
        throw new ShapeError(
          `${where}: Expected ${name === 'hidden' ? 'hidden' : name} size (${expected.join(', ')}), got ${show(state.sizes)}`,
        );
      }
      commonDevice(where, [x, state]);
      if (state.dt !== x.dt && !casting.on) {
        throw new DtypeError(
          `${where}: Input and hidden tensors are not the same dtype, found input tensor with ${x.dtype} and hidden tensor with ${state.dtype}`,
        );
      }
      return state;
    });
  }
  override extraRepr(): string {
    let s = `${this.inputSize}, ${this.hiddenSize}`;
    if (this.projSize !== 0) s += `, proj_size=${this.projSize}`;
    if (this.numLayers !== 1) s += `, num_layers=${this.numLayers}`;
    if (!this.bias) s += `, bias=${bool(this.bias)}`;
    if (this.batchFirst) s += `, batch_first=${bool(this.batchFirst)}`;
    if (this.dropout !== 0) s += `, dropout=${float(this.dropout)}`;
    if (this.bidirectional) s += `, bidirectional=${bool(this.bidirectional)}`;
    return s;
  }
}

/** The arguments that come first, for which names will do too. */
export const SIZES = ['inputSize', 'hiddenSize'] as const;
export type Sizes = [inputSize: number, hiddenSize: number];
/** Reads the sizes and the options behind them; `names` are PyTorch's, in its order. */
export const readRecurrent = (where: string, args: readonly unknown[], names: readonly string[]): AllOptions =>
  readArguments<AllOptions>(where, args, [...SIZES, ...names], FACTORY);
