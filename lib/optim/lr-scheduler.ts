// torch.optim.lrScheduler: learning rates that change from epoch to epoch.
import { type Call, readArguments } from '../define.ts';
import { describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { type BaseOptions, Optimizer, type ParamGroup } from './optimizer.ts';

/** Any optimizer: schedules touch nothing but `lr`. */
export interface Schedulable {
  readonly paramGroups: readonly (BaseOptions & { initialLr?: number })[];
}
const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Options of every schedule but the last. */
export interface EpochOptions {
  /** Epochs so far, when a schedule is resumed: groups must have `initialLr` then. */
  lastEpoch?: number | undefined;
}
/** Options of {@link StepLR} and {@link MultiStepLR}. */
export interface GammaOptions extends EpochOptions {
  gamma?: number | undefined;
}
/** What is needed comes first or by name; the rest by position, by name, or not at all. */
type Arguments<K extends string, V, O, P extends readonly unknown[]> =
  | [needed: V, ...rest: Call<[...P, lastEpoch?: number], O>]
  | [options: O & Record<K, V>];
type Lambda = (epoch: number) => number;
function given(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
  return value;
}

/**
 * The base of the schedules: `step()` after each epoch sets the next learning rates; subclasses give `next()`. Throws
 * TypeError for what is no Optimizer.
 * @example
 * class Halving extends torch.optim.lrScheduler.LRScheduler {
 *   constructor(optimizer: torch.optim.SGD) {
 *     super(optimizer, -1, [])
 *     this.begin()
 *   }
 *   protected override next(): number[] { return this.rates().map((lr) => lr / 2) }
 * }
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new Halving(optimizer)
 * scheduler.step()
 * optimizer.paramGroups[0].lr // 0.5
 */
export abstract class LRScheduler {
  readonly optimizer: Schedulable;
  /** The learning rates at the start. */
  baseLrs: number[];
  /** Epochs so far. */
  lastEpoch: number;
  protected stepCount = 0;
  protected lastLrs: number[] = [];
  /** Fields that a state dict has, by PyTorch's names. */
  protected readonly saved: readonly string[];

  protected constructor(optimizer: Schedulable, lastEpoch: number, saved: readonly string[]) {
    if (!(optimizer instanceof Optimizer))
      throw new TypeError(`${new.target.name}: ${describe(optimizer)} is not an Optimizer`);
    this.optimizer = optimizer;
    this.saved = saved;
    for (const group of optimizer.paramGroups as ParamGroup<BaseOptions>[]) {
      if (lastEpoch === -1) group.initialLr = group.lr;
      else if (group.initialLr === undefined) {
        throw new TypeError(
          `${new.target.name}: param 'initialLr' is not specified in param_groups when resuming an optimizer`,
        );
      }
    }
    this.baseLrs = optimizer.paramGroups.map((g) => g.initialLr!);
    this.lastEpoch = lastEpoch;
  }
  /** The rates of the epoch `lastEpoch`, from those before. */
  protected abstract next(): number[];
  /** Sets the rates at the start; subclasses call it when their own fields stand. */
  protected begin(): void {
    this.lastEpoch++;
    this.stepCount = 1;
    // at the very start PyTorch leaves the rates alone, but for schedules that begin with a factor
    this.#set(this.lastEpoch === 0 ? this.initial() : this.next());
  }
  protected initial(): number[] {
    return this.rates();
  }
  protected rates(): number[] {
    return this.optimizer.paramGroups.map((g) => g.lr);
  }
  /** Ends an epoch. */
  step(): void {
    this.stepCount++;
    this.lastEpoch++;
    this.#set(this.next());
  }
  #set(rates: readonly number[]): void {
    this.optimizer.paramGroups.forEach((g, i) => {
      g.lr = rates[i]!;
    });
    this.lastLrs = this.rates();
  }
  /** The learning rates now. */
  getLastLr(): number[] {
    return this.lastLrs;
  }
  /** The schedule's state, by PyTorch's names. */
  stateDict(): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const name of this.saved) out[snake(name)] = Reflect.get(this, name);
    return {
      ...out,
      base_lrs: this.baseLrs,
      last_epoch: this.lastEpoch,
      _step_count: this.stepCount,
      _last_lr: this.lastLrs,
    };
  }
  /** Takes over what {@link stateDict} gave. */
  loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    for (const name of this.saved) {
      const value = dict[snake(name)];
      if (value !== undefined) Reflect.set(this, name, value);
    }
    this.baseLrs = [...(dict.base_lrs as readonly number[])];
    this.lastEpoch = Number(dict.last_epoch);
    this.stepCount = Number(dict._step_count);
    this.lastLrs = [...(dict._last_lr as readonly number[])];
  }
}

/**
 * Multiplies the learning rates by `gamma` every `stepSize` epochs.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones([1], { requiresGrad: true })], { lr: 0.5 })
 * const scheduler = new torch.optim.lrScheduler.StepLR(optimizer, 1, 0.5)
 * scheduler.step()
 * scheduler.getLastLr() // [ 0.25 ]
 */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;
  constructor(optimizer: Schedulable, ...args: Arguments<'stepSize', number, GammaOptions, [gamma?: number]>) {
    const options = readArguments<GammaOptions & { stepSize: number }>('StepLR', args, [
      'stepSize',
      'gamma',
      'lastEpoch',
    ]);
    const { gamma = 0.1, lastEpoch = -1 } = options;
    const stepSize = given('StepLR', 'stepSize', options.stepSize);
    super(optimizer, lastEpoch, ['stepSize', 'gamma']);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.begin();
  }
  protected override next(): number[] {
    const due = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0;
    return due ? this.rates().map((lr) => lr * this.gamma) : this.rates();
  }
}

/**
 * Multiplies the learning rates by `gamma` at each of the epochs `milestones`.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.MultiStepLR(optimizer, [1, 3], 0.5)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.5, 0.5, 0.25 ]
 */
export class MultiStepLR extends LRScheduler {
  readonly milestones: readonly number[];
  readonly gamma: number;
  constructor(
    optimizer: Schedulable,
    ...args: Arguments<'milestones', readonly number[], GammaOptions, [gamma?: number]>
  ) {
    const names = ['milestones', 'gamma', 'lastEpoch'];
    const options = readArguments<GammaOptions & { milestones: readonly number[] }>('MultiStepLR', args, names);
    const { milestones, gamma = 0.1, lastEpoch = -1 } = options;
    if (!Array.isArray(milestones))
      throw new TypeError(`MultiStepLR: expected a list of epochs for milestones but received ${describe(milestones)}`);
    super(optimizer, lastEpoch, ['gamma']);
    this.milestones = milestones;
    this.gamma = gamma;
    this.begin();
  }
  protected override next(): number[] {
    const times = this.milestones.filter((m) => m === this.lastEpoch).length;
    return times === 0 ? this.rates() : this.rates().map((lr) => lr * this.gamma ** times);
  }
}

/**
 * Multiplies the learning rates by `gamma` every epoch.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.ExponentialLR(optimizer, 0.5)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.5, 0.25, 0.125 ]
 */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;
  constructor(optimizer: Schedulable, ...args: Arguments<'gamma', number, EpochOptions, []>) {
    const options = readArguments<EpochOptions & { gamma: number }>('ExponentialLR', args, ['gamma', 'lastEpoch']);
    const { lastEpoch = -1 } = options;
    const gamma = given('ExponentialLR', 'gamma', options.gamma);
    super(optimizer, lastEpoch, ['gamma']);
    this.gamma = gamma;
    this.begin();
  }
  protected override next(): number[] {
    return this.rates().map((lr) => lr * this.gamma);
  }
}

/**
 * Lets the learning rates fall along half a cosine to `etaMin` within `tMax` epochs
 * (https://arxiv.org/abs/1608.03983).
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.CosineAnnealingLR(optimizer, 2)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 3; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.5, 0 ]
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly tMax: number;
  readonly etaMin: number;
  constructor(
    optimizer: Schedulable,
    ...args: Arguments<'tMax', number, EpochOptions & { etaMin?: number | undefined }, [etaMin?: number]>
  ) {
    const names = ['tMax', 'etaMin', 'lastEpoch'];
    const options = readArguments<{ tMax: number; etaMin: number; lastEpoch: number }>(
      'CosineAnnealingLR',
      args,
      names,
    );
    const { etaMin = 0, lastEpoch = -1 } = options;
    const tMax = given('CosineAnnealingLR', 'tMax', options.tMax);
    super(optimizer, lastEpoch, ['etaMin']);
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.begin();
  }
  protected override next(): number[] {
    const { lastEpoch, tMax, etaMin } = this;
    const angle = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / tMax);
    if (this.stepCount === 1 && lastEpoch > 0)
      return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * angle(lastEpoch)) / 2);
    // the formula below divides by zero where the cosine turns
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0) {
      return this.rates().map((lr, i) => lr + ((this.baseLrs[i]! - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
    }
    return this.rates().map((lr) => (angle(lastEpoch) / angle(lastEpoch - 1)) * (lr - etaMin) + etaMin);
  }
  override stateDict(): Record<string, unknown> {
    return { T_max: this.tMax, ...super.stateDict() };
  }
}

/**
 * Multiplies the rates of the start by a function of the epoch, or by one for each group. Throws RangeError if there
 * are not as many functions as groups.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.LambdaLR(optimizer, (epoch) => 1 / (1 + epoch))
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.5, 0.3333333333333333, 0.25 ]
 */
export class LambdaLR extends LRScheduler {
  readonly lambdas: readonly Lambda[];
  constructor(optimizer: Schedulable, ...args: Arguments<'lrLambda', Lambda | readonly Lambda[], EpochOptions, []>) {
    const names = ['lrLambda', 'lastEpoch'];
    const options = readArguments<EpochOptions & { lrLambda: Lambda | readonly Lambda[] }>('LambdaLR', args, names);
    const { lrLambda, lastEpoch = -1 } = options;
    if (typeof lrLambda !== 'function' && !Array.isArray(lrLambda))
      throw new TypeError(`LambdaLR: expected a function or a list of them but received ${describe(lrLambda)}`);
    super(optimizer, lastEpoch, []);
    this.lambdas = typeof lrLambda === 'function' ? this.baseLrs.map(() => lrLambda) : lrLambda;
    if (this.lambdas.length !== this.baseLrs.length)
      throw new RangeError(`LambdaLR: expected ${this.baseLrs.length} lr_lambdas, but got ${this.lambdas.length}`);
    this.begin();
  }
  protected override initial(): number[] {
    return this.next();
  }
  protected override next(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.lambdas[i]!(this.lastEpoch));
  }
}

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
  readonly #options: Required<{ [K in keyof ReduceLROnPlateauOptions]: NonNullable<ReduceLROnPlateauOptions[K]> }>;
  #lastLrs: number[];
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
    if (!(optimizer instanceof Optimizer))
      throw new TypeError(`ReduceLROnPlateau: ${describe(optimizer)} is not an Optimizer`);
    const {
      mode = 'min',
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = 'rel',
      cooldown = 0,
      minLr = 0,
      eps = 1e-8,
    } = options;
    if (!(factor < 1)) throw new RangeError(`ReduceLROnPlateau: Factor should be < 1.0, not ${factor}`);
    if (mode !== 'min' && mode !== 'max') throw new TypeError(`ReduceLROnPlateau: mode ${describe(mode)} is unknown!`);
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs')
      throw new TypeError(`ReduceLROnPlateau: threshold mode ${describe(thresholdMode)} is unknown!`);
    if (typeof minLr !== 'number' && minLr.length !== optimizer.paramGroups.length) {
      throw new RangeError(`ReduceLROnPlateau: expected ${optimizer.paramGroups.length} min_lrs, got ${minLr.length}`);
    }
    this.optimizer = optimizer;
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps };
    this.best = mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.#lastLrs = optimizer.paramGroups.map((g) => g.lr);
  }
  #better(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === 'min' ? -1 : 1;
    const limit = thresholdMode === 'rel' ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === 'min' ? value < limit : value > limit;
  }
  /** Ends an epoch with its metric. */
  step(metric: number | Tensor): void {
    const { factor, patience, cooldown, minLr, eps } = this.#options;
    const value = metric instanceof Tensor ? metric.item() : metric;
    this.lastEpoch++;
    if (this.#better(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > patience) {
      this.optimizer.paramGroups.forEach((g, i) => {
        const lr = Math.max(g.lr * factor, typeof minLr === 'number' ? minLr : minLr[i]!);
        if (g.lr - lr > eps) g.lr = lr;
      });
      this.cooldownCounter = cooldown;
      this.numBadEpochs = 0;
    }
    this.#lastLrs = this.optimizer.paramGroups.map((g) => g.lr);
  }
  /** The learning rates now. */
  getLastLr(): number[] {
    return this.#lastLrs;
  }
}
