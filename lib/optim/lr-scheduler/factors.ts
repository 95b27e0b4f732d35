// Schedules that multiply the learning rates: by functions, by steps, along lines and powers.
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { type Arguments, checkOptimizer, type EpochOptions, given, LRScheduler, type Schedulable } from './base.ts';

type Lambda = (epoch: number) => number;
type LambdaArguments = Arguments<'lrLambda', Lambda | readonly Lambda[], EpochOptions, []>;

/** A function for each group. */
function readLambdas(
  where: string,
  optimizer: Schedulable,
  args: LambdaArguments,
): { lambdas: readonly Lambda[]; lastEpoch: number } {
  const names = ['lrLambda', 'lastEpoch'];
  const options = readArguments<EpochOptions & { lrLambda: Lambda | readonly Lambda[] }>(where, args, names);
  const { lrLambda, lastEpoch = -1 } = options;
  checkOptimizer(where, optimizer);
  const list: unknown = typeof lrLambda === 'function' ? optimizer.paramGroups.map(() => lrLambda) : lrLambda;
  if (!Array.isArray(list) || !list.every((f) => typeof f === 'function'))
    throw new TypeError(`${where}: expected a function or a list of them but received ${describe(lrLambda)}`);
  if (list.length !== optimizer.paramGroups.length)
    throw new RangeError(`${where}: Expected ${optimizer.paramGroups.length} lr_lambdas, but got ${list.length}`);
  return { lambdas: list as readonly Lambda[], lastEpoch };
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
  readonly lrLambdas: readonly Lambda[];
  constructor(optimizer: Schedulable, ...args: LambdaArguments) {
    const { lambdas, lastEpoch } = readLambdas('LambdaLR', optimizer, args);
    super(optimizer, lastEpoch);
    this.lrLambdas = lambdas;
    this.begin();
  }
  override getLr(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch));
  }
  // functions are not kept, as in PyTorch
  override stateDict(): Record<string, unknown> {
    return { ...super.stateDict(), lr_lambdas: this.lrLambdas.map(() => null) };
  }
}

/**
 * Multiplies the rates by a function of the epoch, or by one for each group. Throws RangeError if there are not as many
 * functions as groups.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.MultiplicativeLR(optimizer, (epoch) => 1 / epoch)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 1, 0.5, 0.16666666666666666 ]
 */
export class MultiplicativeLR extends LRScheduler {
  readonly lrLambdas: readonly Lambda[];
  constructor(optimizer: Schedulable, ...args: LambdaArguments) {
    const { lambdas, lastEpoch } = readLambdas('MultiplicativeLR', optimizer, args);
    super(optimizer, lastEpoch);
    this.lrLambdas = lambdas;
    this.begin();
  }
  override getLr(): number[] {
    return this.isInitial ? this.rates() : this.rates().map((lr, i) => lr * this.lrLambdas[i]!(this.lastEpoch));
  }
  override stateDict(): Record<string, unknown> {
    return { ...super.stateDict(), lr_lambdas: this.lrLambdas.map(() => null) };
  }
}

/** Options of {@link StepLR} and {@link MultiStepLR}. */
export interface GammaOptions extends EpochOptions {
  gamma?: number | undefined;
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
    const names = ['stepSize', 'gamma', 'lastEpoch'];
    const options = readArguments<GammaOptions & { stepSize: number }>('StepLR', args, names);
    const { lastEpoch = -1 } = options;
    const gamma = given('StepLR', 'gamma', options.gamma ?? 0.1);
    const stepSize = given('StepLR', 'stepSize', options.stepSize);
    super(optimizer, lastEpoch, ['stepSize', 'gamma']);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.begin();
  }
  override getLr(): number[] {
    const due = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0;
    return due ? this.rates().map((lr) => lr * this.gamma) : this.rates();
  }
  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.gamma ** Math.floor(this.lastEpoch / this.stepSize));
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
  milestones: readonly number[];
  readonly gamma: number;
  constructor(
    optimizer: Schedulable,
    ...args: Arguments<'milestones', readonly number[], GammaOptions, [gamma?: number]>
  ) {
    const names = ['milestones', 'gamma', 'lastEpoch'];
    const options = readArguments<GammaOptions & { milestones: readonly number[] }>('MultiStepLR', args, names);
    const { milestones, lastEpoch = -1 } = options;
    const gamma = given('MultiStepLR', 'gamma', options.gamma ?? 0.1);
    if (!Array.isArray(milestones))
      throw new TypeError(`MultiStepLR: expected a list of epochs for milestones but received ${describe(milestones)}`);
    super(optimizer, lastEpoch, ['gamma']);
    this.milestones = milestones;
    this.gamma = gamma;
    this.begin();
  }
  override getLr(): number[] {
    const times = this.milestones.filter((m) => m === this.lastEpoch).length;
    return times === 0 ? this.rates() : this.rates().map((lr) => lr * this.gamma ** times);
  }
  protected override closedForm(): number[] {
    const passed = this.milestones.filter((m) => m <= this.lastEpoch).length;
    return this.baseLrs.map((lr) => lr * this.gamma ** passed);
  }
  /** The schedule's state, by PyTorch's names: `milestones` says how often each epoch was named. */
  override stateDict(): Record<string, unknown> {
    const counts = new Map<number, number>();
    for (const m of this.milestones) counts.set(m, (counts.get(m) ?? 0) + 1);
    return { milestones: counts, ...super.stateDict() };
  }
  override loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    super.loadStateDict(dict);
    const { milestones } = dict;
    if (typeof milestones !== 'object' || milestones === null) return;
    const counts = milestones instanceof Map ? [...milestones] : Object.entries(milestones);
    this.milestones = counts.flatMap(([m, n]) => {
      const times = Number(n);
      if (!(times >= 0 && times <= 2 ** 20))
        throw new RangeError(`loadStateDict: milestone ${m} is there ${times} times`);
      return new Array<number>(times).fill(Number(m));
    });
  }
}

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions extends EpochOptions {
  factor?: number | undefined;
  totalIters?: number | undefined;
}
/**
 * Multiplies the learning rates by `factor` for the first `totalIters` epochs. Throws RangeError unless `factor` is from
 * 0 to 1.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.ConstantLR(optimizer, 0.5, 2)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 0.5, 0.5, 1, 1 ]
 */
export class ConstantLR extends LRScheduler {
  readonly factor: number;
  readonly totalIters: number;
  constructor(
    optimizer: Schedulable,
    ...args: Call<[factor?: number, totalIters?: number, lastEpoch?: number], ConstantLROptions>
  ) {
    const options = readArguments<ConstantLROptions>('ConstantLR', args, ['factor', 'totalIters', 'lastEpoch']);
    const factor = given('ConstantLR', 'factor', options.factor ?? 1 / 3);
    const totalIters = given('ConstantLR', 'totalIters', options.totalIters ?? 5);
    if (!(factor >= 0 && factor <= 1))
      throw new RangeError('ConstantLR: Constant multiplicative factor expected to be between 0 and 1.');
    super(optimizer, options.lastEpoch ?? -1, ['factor', 'totalIters']);
    this.factor = factor;
    this.totalIters = totalIters;
    this.begin();
  }
  override getLr(): number[] {
    if (this.lastEpoch === 0) return this.rates().map((lr) => lr * this.factor);
    return this.lastEpoch === this.totalIters ? this.rates().map((lr) => lr * (1 / this.factor)) : this.rates();
  }
  protected override closedForm(): number[] {
    const factor = this.factor + (this.lastEpoch >= this.totalIters ? 1 - this.factor : 0);
    return this.baseLrs.map((lr) => lr * factor);
  }
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions extends EpochOptions {
  startFactor?: number | undefined;
  endFactor?: number | undefined;
  totalIters?: number | undefined;
}
/**
 * Multiplies the learning rates by a factor that goes from `startFactor` to `endFactor` in `totalIters` epochs, in equal
 * steps. Throws RangeError for factors that are not from 0 to 1.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.LinearLR(optimizer, 0.5, { totalIters: 2 })
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 0.5, 0.75, 1, 1 ]
 */
export class LinearLR extends LRScheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;
  constructor(
    optimizer: Schedulable,
    ...args: Call<[startFactor?: number, endFactor?: number, totalIters?: number, lastEpoch?: number], LinearLROptions>
  ) {
    const names = ['startFactor', 'endFactor', 'totalIters', 'lastEpoch'];
    const options = readArguments<LinearLROptions>('LinearLR', args, names);
    const startFactor = given('LinearLR', 'startFactor', options.startFactor ?? 1 / 3);
    const endFactor = given('LinearLR', 'endFactor', options.endFactor ?? 1);
    if (!(startFactor > 0 && startFactor <= 1)) {
      throw new RangeError(
        'LinearLR: Starting multiplicative factor expected to be greater than 0 and less or equal to 1.',
      );
    }
    if (!(endFactor >= 0 && endFactor <= 1))
      throw new RangeError('LinearLR: Ending multiplicative factor expected to be between 0 and 1.');
    super(optimizer, options.lastEpoch ?? -1, ['startFactor', 'endFactor', 'totalIters']);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = given('LinearLR', 'totalIters', options.totalIters ?? 5);
    this.begin();
  }
  override getLr(): number[] {
    const { lastEpoch, totalIters, startFactor, endFactor } = this;
    if (lastEpoch === 0) return this.rates().map((lr) => lr * startFactor);
    if (this.isInitial || lastEpoch > totalIters) return this.rates();
    const rise = endFactor - startFactor;
    return this.rates().map((lr) => lr * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise)));
  }
  protected override closedForm(): number[] {
    const { lastEpoch, totalIters, startFactor, endFactor } = this;
    const factor = startFactor + ((endFactor - startFactor) * Math.min(totalIters, lastEpoch)) / totalIters;
    return this.baseLrs.map((lr) => lr * factor);
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
    const gamma = given('ExponentialLR', 'gamma', options.gamma);
    super(optimizer, options.lastEpoch ?? -1, ['gamma']);
    this.gamma = gamma;
    this.begin();
  }
  override getLr(): number[] {
    return this.isInitial ? this.rates() : this.rates().map((lr) => lr * this.gamma);
  }
  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.gamma ** this.lastEpoch);
  }
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions extends EpochOptions {
  totalIters?: number | undefined;
  power?: number | undefined;
}
/**
 * Lets the learning rates fall to zero within `totalIters` epochs, along a power.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.PolynomialLR(optimizer, 2, 2)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.25, 0, 0 ]
 */
export class PolynomialLR extends LRScheduler {
  readonly totalIters: number;
  readonly power: number;
  constructor(
    optimizer: Schedulable,
    ...args: Call<[totalIters?: number, power?: number, lastEpoch?: number], PolynomialLROptions>
  ) {
    const options = readArguments<PolynomialLROptions>('PolynomialLR', args, ['totalIters', 'power', 'lastEpoch']);
    super(optimizer, options.lastEpoch ?? -1, ['totalIters', 'power']);
    this.totalIters = given('PolynomialLR', 'totalIters', options.totalIters ?? 5);
    this.power = given('PolynomialLR', 'power', options.power ?? 1);
    this.begin();
  }
  override getLr(): number[] {
    const { lastEpoch, totalIters, power } = this;
    if (this.isInitial || lastEpoch > totalIters) return this.rates();
    const factor = ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
    return this.rates().map((lr) => lr * factor);
  }
  protected override closedForm(): number[] {
    const factor = (1 - Math.min(this.totalIters, this.lastEpoch) / this.totalIters) ** this.power;
    return this.baseLrs.map((lr) => lr * factor);
  }
}
