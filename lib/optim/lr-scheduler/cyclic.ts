// Schedules that go up and down, and momentum against them.
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import {
  checkOptimizer,
  type EpochOptions,
  given,
  LRScheduler,
  perGroup,
  type Schedulable,
  type ScheduledGroup,
} from './base.ts';

type Rate = number | readonly number[];
/** A group with momentum of either kind. */
type MomentumGroup = ScheduledGroup & { momentum?: number; betas?: readonly [number, number] };

/** Where the momentum of an optimizer is. Throws RangeError if it has none. */
function usesBeta1(where: string, optimizer: Schedulable): boolean {
  const { defaults } = optimizer as Schedulable & { defaults: object };
  if (!('momentum' in defaults) && !('betas' in defaults)) {
    throw new RangeError(`${where}: optimizer must support momentum or beta1 with \`cycleMomentum\` option enabled`);
  }
  return 'betas' in defaults;
}
function setMomentum(group: MomentumGroup, beta1: boolean, momentum: number): void {
  if (beta1) group.betas = [momentum, group.betas![1]];
  else group.momentum = momentum;
}
/** Starts the cycling of momentum. */
function beginMomentum(
  where: string,
  optimizer: Schedulable,
  base: unknown,
  max: unknown,
  fresh: boolean,
): { beta1: boolean; bases: number[]; maxes: number[] } {
  const beta1 = usesBeta1(where, optimizer);
  const maxes = perGroup(where, 'maxMomentum', optimizer, max);
  const bases = perGroup(where, 'baseMomentum', optimizer, base);
  if (fresh) {
    optimizer.paramGroups.forEach((group, i) => {
      setMomentum(group, beta1, maxes[i]!);
      group.maxMomentum = maxes[i]!;
      group.baseMomentum = bases[i]!;
    });
  }
  return { beta1, bases, maxes };
}

const CYCLIC_NAMES = [
  'baseLr',
  'maxLr',
  'stepSizeUp',
  'stepSizeDown',
  'mode',
  'gamma',
  'scaleFn',
  'scaleMode',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'lastEpoch',
];
/** Options of {@link CyclicLR}. */
export interface CyclicLROptions extends EpochOptions {
  /** Steps of a cycle's rising half. */
  stepSizeUp?: number | undefined;
  /** Steps of its falling half; as many if null. */
  stepSizeDown?: number | null | undefined;
  /** Cycles of one height, of half the height of the one before, or of a height that falls by `gamma` each step. */
  mode?: 'triangular' | 'triangular2' | 'exp_range' | 'expRange' | undefined;
  gamma?: number | undefined;
  /** The height of a cycle, by its number or by the step; in place of `mode`. */
  scaleFn?: ((x: number) => number) | null | undefined;
  /** What `scaleFn` gets. */
  scaleMode?: 'cycle' | 'iterations' | undefined;
  /** Lets momentum fall where the rates rise. */
  cycleMomentum?: boolean | undefined;
  baseMomentum?: Rate | undefined;
  maxMomentum?: Rate | undefined;
}
/**
 * Lets the learning rates rise and fall between two bounds, step by step (https://arxiv.org/abs/1506.01186); `step` after
 * each batch. Throws RangeError for unknown modes and for an optimizer without momentum whose momentum is to be cycled.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { momentum: 0.9 })
 * const scheduler = new torch.optim.lrScheduler.CyclicLR(optimizer, 0, 1, { stepSizeUp: 2 })
 * const rates: number[] = []
 * for (let step = 0; step < 5; step++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 0, 0.5, 1, 0.5, 0 ]
 */
export class CyclicLR extends LRScheduler {
  readonly maxLrs: number[];
  readonly totalSize: number;
  readonly stepRatio: number;
  readonly mode: string;
  readonly gamma: number;
  scaleMode: string;
  readonly cycleMomentum: boolean;
  protected readonly useBeta1: boolean = false;
  protected readonly baseMomentums: number[] = [];
  protected readonly maxMomentums: number[] = [];
  readonly #scale: (x: number) => number;
  constructor(
    optimizer: Schedulable,
    ...args:
      | [
          baseLr: Rate,
          maxLr: Rate,
          ...rest: Call<
            [
              stepSizeUp?: number,
              stepSizeDown?: number | null,
              mode?: CyclicLROptions['mode'],
              gamma?: number,
              scaleFn?: ((x: number) => number) | null,
              scaleMode?: 'cycle' | 'iterations',
              cycleMomentum?: boolean,
              baseMomentum?: Rate,
              maxMomentum?: Rate,
              lastEpoch?: number,
            ],
            CyclicLROptions
          >,
        ]
      | [baseLr: Rate, options: CyclicLROptions & { maxLr: Rate }]
      | [options: CyclicLROptions & { baseLr: Rate; maxLr: Rate }]
  ) {
    const where = 'CyclicLR';
    const o = readArguments<CyclicLROptions & { baseLr: Rate; maxLr: Rate }>(where, args, CYCLIC_NAMES);
    const { cycleMomentum = true, scaleFn = null, scaleMode = 'cycle', lastEpoch = -1 } = o;
    const mode = o.mode === 'expRange' ? 'exp_range' : (o.mode ?? 'triangular');
    checkOptimizer(where, optimizer);
    const baseLrs = perGroup(where, 'baseLr', optimizer, o.baseLr);
    const maxLrs = perGroup(where, 'maxLr', optimizer, o.maxLr);
    const up = given(where, 'stepSizeUp', o.stepSizeUp ?? 2000);
    const down = given(where, 'stepSizeDown', o.stepSizeDown ?? up);
    const gamma = given(where, 'gamma', o.gamma ?? 1);
    if (scaleFn !== null && typeof scaleFn !== 'function')
      throw new TypeError(`${where}: expected a function for scaleFn but received ${describe(scaleFn)}`);
    if (scaleFn === null && !['triangular', 'triangular2', 'exp_range'].includes(mode))
      throw new RangeError(`${where}: mode is invalid and scale_fn is None: ${describe(mode)}`);
    const momentum = cycleMomentum
      ? beginMomentum(where, optimizer, o.baseMomentum ?? 0.8, o.maxMomentum ?? 0.9, lastEpoch === -1)
      : null;
    if (lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = baseLrs[i]!;
      });
    }
    const fields = ['maxLrs', 'totalSize', 'stepRatio', 'mode', 'gamma', 'scaleMode', 'cycleMomentum'];
    super(optimizer, lastEpoch, [...fields, ...(momentum ? ['useBeta1', 'baseMomentums', 'maxMomentums'] : [])]);
    this.maxLrs = maxLrs;
    this.totalSize = up + down;
    this.stepRatio = up / this.totalSize;
    this.mode = mode;
    this.gamma = gamma;
    this.scaleMode = scaleFn ? scaleMode : mode === 'exp_range' ? 'iterations' : 'cycle';
    this.cycleMomentum = cycleMomentum;
    this.#scale = scaleFn ?? ((x) => (mode === 'triangular' ? 1 : mode === 'triangular2' ? 2 ** (1 - x) : gamma ** x));
    if (momentum) {
      this.useBeta1 = momentum.beta1;
      this.baseMomentums = momentum.bases;
      this.maxMomentums = momentum.maxes;
    }
    this.begin();
    this.baseLrs = baseLrs;
  }
  override getLr(): number[] {
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const factor = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    const scale = this.#scale(this.scaleMode === 'cycle' ? cycle : lastEpoch);
    if (this.cycleMomentum) {
      this.optimizer.paramGroups.forEach((group, i) => {
        const [base, max] = [this.baseMomentums[i]!, this.maxMomentums[i]!];
        setMomentum(group, this.useBeta1, max - (max - base) * factor * scale);
      });
    }
    return this.baseLrs.map((base, i) => base + (this.maxLrs[i]! - base) * factor * scale);
  }
  override stateDict(): Record<string, unknown> {
    return { ...super.stateDict(), _scale_fn_custom: null };
  }
}

const ONE_CYCLE_NAMES = [
  'maxLr',
  'totalSteps',
  'epochs',
  'stepsPerEpoch',
  'pctStart',
  'annealStrategy',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'divFactor',
  'finalDivFactor',
  'threePhase',
  'lastEpoch',
];
/** Options of {@link OneCycleLR}. */
export interface OneCycleLROptions extends EpochOptions {
  /** Steps of the whole cycle; else `epochs` times `stepsPerEpoch`. */
  totalSteps?: number | null | undefined;
  epochs?: number | null | undefined;
  stepsPerEpoch?: number | null | undefined;
  /** The part of the cycle in which the rates rise. */
  pctStart?: number | undefined;
  annealStrategy?: 'cos' | 'linear' | undefined;
  /** Lets momentum fall where the rates rise. */
  cycleMomentum?: boolean | undefined;
  baseMomentum?: Rate | undefined;
  maxMomentum?: Rate | undefined;
  /** What the highest rate is divided by at the start. */
  divFactor?: number | undefined;
  /** What the first rate is divided by at the end. */
  finalDivFactor?: number | undefined;
  /** Lets the rates fall as slowly as they rose, and only then to the end. */
  threePhase?: boolean | undefined;
}
interface Phase {
  readonly end_step: number;
  readonly start_lr: string;
  readonly end_lr: string;
  readonly start_momentum: string;
  readonly end_momentum: string;
}
const phase = (end: number, lrs: [string, string], momentums: [string, string]): Phase => ({
  end_step: end,
  start_lr: lrs[0],
  end_lr: lrs[1],
  start_momentum: momentums[0],
  end_momentum: momentums[1],
});
/** What a phase names, in a group. */
const read = (group: ScheduledGroup, name: string): number =>
  (
    ({
      initial_lr: group.initialLr,
      max_lr: group.maxLr,
      min_lr: group.minLr,
      base_momentum: group.baseMomentum,
      max_momentum: group.maxMomentum,
    }) as Record<string, number | undefined>
  )[name]!;

/**
 * One cycle of learning rates, up to `maxLr` and down to almost nothing (https://arxiv.org/abs/1708.07120); `step` after
 * each batch. Throws RangeError where the number of steps is not given, for options out of range, and for more steps than
 * were named.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { momentum: 0.9 })
 * const scheduler = new torch.optim.lrScheduler.OneCycleLR(optimizer, 1, { totalSteps: 5, pctStart: 0.6 })
 * const rates: number[] = []
 * for (let step = 0; step < 5; step++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates.map((lr) => lr.toFixed(3)) // [ '0.040', '0.520', '1.000', '0.500', '0.000' ]
 */
export class OneCycleLR extends LRScheduler {
  readonly totalSteps: number;
  readonly cycleMomentum: boolean;
  protected readonly useBeta1: boolean = false;
  protected readonly schedulePhases: readonly Phase[];
  protected readonly annealFuncType: string;
  constructor(
    optimizer: Schedulable,
    ...args:
      | [
          maxLr: Rate,
          ...rest: Call<
            [
              totalSteps?: number | null,
              epochs?: number | null,
              stepsPerEpoch?: number | null,
              pctStart?: number,
              annealStrategy?: 'cos' | 'linear',
              cycleMomentum?: boolean,
              baseMomentum?: Rate,
              maxMomentum?: Rate,
              divFactor?: number,
              finalDivFactor?: number,
              threePhase?: boolean,
              lastEpoch?: number,
            ],
            OneCycleLROptions
          >,
        ]
      | [options: OneCycleLROptions & { maxLr: Rate }]
  ) {
    const where = 'OneCycleLR';
    const o = readArguments<OneCycleLROptions & { maxLr: Rate }>(where, args, ONE_CYCLE_NAMES);
    const { annealStrategy = 'cos', cycleMomentum = true, threePhase = false, lastEpoch = -1 } = o;
    checkOptimizer(where, optimizer);
    const whole = (name: string, value: unknown): number => {
      if (!(typeof value === 'number' && Number.isInteger(value) && value > 0))
        throw new RangeError(`${where}: Expected positive integer ${name}, but got ${describe(value)}`);
      return value;
    };
    let total: number;
    if (o.totalSteps !== undefined && o.totalSteps !== null) total = whole('total_steps', o.totalSteps);
    else if (typeof (o.epochs ?? undefined) !== 'undefined' && typeof (o.stepsPerEpoch ?? undefined) !== 'undefined')
      total = whole('epochs', o.epochs) * whole('steps_per_epoch', o.stepsPerEpoch);
    else throw new RangeError(`${where}: You must define either total_steps OR (epochs AND steps_per_epoch)`);
    const pct = given(where, 'pctStart', o.pctStart ?? 0.3);
    if (!(pct >= 0 && pct <= 1))
      throw new RangeError(`${where}: Expected float between 0 and 1 pct_start, but got ${pct}`);
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new RangeError(
        `${where}: anneal_strategy must be one of 'cos' or 'linear', instead got ${describe(annealStrategy)}`,
      );
    }
    const maxLrs = perGroup(where, 'maxLr', optimizer, o.maxLr);
    const div = given(where, 'divFactor', o.divFactor ?? 25);
    const finalDiv = given(where, 'finalDivFactor', o.finalDivFactor ?? 1e4);
    const beta1 = cycleMomentum
      ? beginMomentum(where, optimizer, o.baseMomentum ?? 0.85, o.maxMomentum ?? 0.95, lastEpoch === -1).beta1
      : false;
    if (lastEpoch === -1) {
      (optimizer.paramGroups as readonly ScheduledGroup[]).forEach((group, i) => {
        const initial = maxLrs[i]! / div;
        group.initialLr = initial;
        group.maxLr = maxLrs[i]!;
        group.minLr = initial / finalDiv;
      });
    }
    super(optimizer, lastEpoch, [
      'totalSteps',
      'schedulePhases',
      'annealFuncType',
      'cycleMomentum',
      ...(cycleMomentum ? ['useBeta1'] : []),
    ]);
    this.totalSteps = total;
    this.annealFuncType = annealStrategy;
    this.cycleMomentum = cycleMomentum;
    this.useBeta1 = beta1;
    const down: [string, string] = ['max_momentum', 'base_momentum'];
    const up: [string, string] = ['base_momentum', 'max_momentum'];
    const rise = phase(pct * total - 1, ['initial_lr', 'max_lr'], down);
    this.schedulePhases = threePhase
      ? [
          rise,
          phase(2 * pct * total - 2, ['max_lr', 'initial_lr'], up),
          phase(total - 1, ['initial_lr', 'min_lr'], ['max_momentum', 'max_momentum']),
        ]
      : [rise, phase(total - 1, ['max_lr', 'min_lr'], up)];
    this.begin();
  }
  override getLr(): number[] {
    const step = this.lastEpoch;
    if (step > this.totalSteps) {
      throw new RangeError(
        `OneCycleLR: Tried to step ${step} times. The specified number of total steps is ${this.totalSteps}`,
      );
    }
    const phases = this.schedulePhases;
    let i = 0;
    while (i < phases.length - 1 && step > phases[i]!.end_step) i++;
    const now = phases[i]!;
    const start = i === 0 ? 0 : phases[i - 1]!.end_step;
    const pct = (step - start) / (now.end_step - start);
    const anneal = (from: number, to: number): number =>
      this.annealFuncType === 'cos' ? to + ((from - to) / 2) * (Math.cos(Math.PI * pct) + 1) : (to - from) * pct + from;
    return this.optimizer.paramGroups.map((group) => {
      if (this.cycleMomentum)
        setMomentum(group, this.useBeta1, anneal(read(group, now.start_momentum), read(group, now.end_momentum)));
      return anneal(read(group, now.start_lr), read(group, now.end_lr));
    });
  }
}
