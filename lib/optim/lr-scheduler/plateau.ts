// The schedule that watches a metric.
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { checkOptimizer, given, metricOf, pack, perGroup, type Schedulable, unpack } from './base.ts';

const PLATEAU_NAMES = ['mode', 'factor', 'patience', 'threshold', 'thresholdMode', 'cooldown', 'minLr', 'eps'];
/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric is to fall or to rise. */
  mode?: 'min' | 'max' | undefined;
  factor?: number | undefined;
  /** Epochs without improvement that are borne. */
  patience?: number | undefined;
  threshold?: number | undefined;
  thresholdMode?: 'rel' | 'abs' | undefined;
  /** Epochs after a reduction in which nothing counts. */
  cooldown?: number | undefined;
  minLr?: number | readonly number[] | undefined;
  eps?: number | undefined;
}
/**
 * Multiplies the learning rates by `factor` when a metric has stopped improving. Throws RangeError unless `factor` is
 * below 1.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 1 })
 * for (const loss of [3, 2, 2, 2]) scheduler.step(loss)
 * scheduler.getLastLr() // [ 0.1 ]
 */
export class ReduceLROnPlateau {
  readonly optimizer: Schedulable;
  lastEpoch = 0;
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  factor: number;
  patience: number;
  cooldown: number;
  eps: number;
  mode: 'min' | 'max';
  threshold: number;
  thresholdMode: 'rel' | 'abs';
  /** The least rate of each group. */
  minLrs: number[];
  protected defaultMinLr: number | null;
  protected lastLrs: number[];
  constructor(
    optimizer: Schedulable,
    ...args: Call<
      [
        mode?: 'min' | 'max',
        factor?: number,
        patience?: number,
        threshold?: number,
        thresholdMode?: 'rel' | 'abs',
        cooldown?: number,
        minLr?: number | readonly number[],
        eps?: number,
      ],
      ReduceLROnPlateauOptions
    >
  ) {
    const options = readArguments<ReduceLROnPlateauOptions>('ReduceLROnPlateau', args, PLATEAU_NAMES);
    const where = 'ReduceLROnPlateau';
    const { mode = 'min', thresholdMode = 'rel', minLr = 0 } = options;
    this.factor = given(where, 'factor', options.factor ?? 0.1);
    if (!(this.factor < 1)) throw new RangeError(`${where}: Factor should be < 1.0, not ${this.factor}`);
    checkOptimizer(where, optimizer);
    if (mode !== 'min' && mode !== 'max') throw new RangeError(`${where}: mode ${describe(mode)} is unknown!`);
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs')
      throw new RangeError(`${where}: threshold mode ${describe(thresholdMode)} is unknown!`);
    const { length } = optimizer.paramGroups;
    if (Array.isArray(minLr) && minLr.length !== length)
      throw new RangeError(`${where}: expected ${length} min_lrs, got ${minLr.length}`);
    this.optimizer = optimizer;
    this.minLrs = perGroup(where, 'minLr', optimizer, minLr);
    this.defaultMinLr = typeof minLr === 'number' ? minLr : null;
    this.patience = given(where, 'patience', options.patience ?? 10);
    this.threshold = given(where, 'threshold', options.threshold ?? 1e-4);
    this.cooldown = given(where, 'cooldown', options.cooldown ?? 0);
    this.eps = given(where, 'eps', options.eps ?? 1e-8);
    this.mode = mode;
    this.thresholdMode = thresholdMode;
    this.best = this.#worst();
    this.lastLrs = optimizer.paramGroups.map((g) => g.lr);
  }
  #worst(): number {
    return this.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
  #better(value: number): boolean {
    const sign = this.mode === 'min' ? -1 : 1;
    const limit =
      this.thresholdMode === 'rel' ? this.best * (1 + sign * this.threshold) : this.best + sign * this.threshold;
    return this.mode === 'min' ? value < limit : value > limit;
  }
  /** Whether the epochs after a reduction last, in which nothing counts. */
  get inCooldown(): boolean {
    return this.cooldownCounter > 0;
  }
  /** Ends an epoch with its metric; or, as PyTorch once did, the given epoch. */
  step(metrics: number | Tensor, epoch?: number): void {
    const value = metricOf('ReduceLROnPlateau', metrics);
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    if (this.#better(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.inCooldown) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.patience) {
      this.#reduce();
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this.lastLrs = this.optimizer.paramGroups.map((g) => g.lr);
  }
  #reduce(): void {
    const { paramGroups } = this.optimizer;
    if (paramGroups.length !== this.minLrs.length) {
      if (this.defaultMinLr === null) {
        throw new RangeError(
          `ReduceLROnPlateau: The number of param groups in the optimizer (${paramGroups.length}) differs from when ReduceLROnPlateau was initialized (${this.minLrs.length}): modify minLrs to match`,
        );
      }
      this.minLrs = new Array<number>(paramGroups.length).fill(this.defaultMinLr);
    }
    paramGroups.forEach((g, i) => {
      const lr = Math.max(g.lr * this.factor, this.minLrs[i]!);
      if (g.lr - lr > this.eps) g.lr = lr;
    });
  }
  /** The learning rates now. */
  getLastLr(): number[] {
    return this.lastLrs;
  }
  /** The schedule's state, by PyTorch's names. */
  stateDict(): Record<string, unknown> {
    return { ...pack(this, FIELDS), mode_worse: this.#worst() };
  }
  /** Takes over what {@link stateDict} gave, here or in PyTorch. */
  loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    if (typeof dict !== 'object' || dict === null)
      throw new TypeError(`ReduceLROnPlateau: expected a state dict but received ${describe(dict)}`);
    unpack(this, FIELDS, dict);
  }
}
const FIELDS = [
  'factor',
  'defaultMinLr',
  'minLrs',
  'patience',
  'cooldown',
  'eps',
  'lastEpoch',
  'lastLrs',
  'mode',
  'threshold',
  'thresholdMode',
  'best',
  'cooldownCounter',
  'numBadEpochs',
];
