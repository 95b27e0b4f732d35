// The base of the schedules of learning rates: epochs, the rates so far, and state dicts in PyTorch's format.
import type { Call } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { type BaseOptions, type GroupNotes, Optimizer } from '../optimizer.ts';
import { snake } from '../state-dict.ts';

/** A group as schedules see it. */
export type ScheduledGroup = BaseOptions & GroupNotes;
/** Any optimizer: schedules touch nothing but `lr`, and momentum where they cycle it. */
export interface Schedulable {
  readonly paramGroups: readonly ScheduledGroup[];
}
/** Options of every schedule but ReduceLROnPlateau. */
export interface EpochOptions {
  /** Epochs so far, when a schedule is resumed: groups must have `initialLr` then. */
  lastEpoch?: number | undefined;
}
/** What is needed comes first or by name; the rest by position, by name, or not at all. */
export type Arguments<K extends string, V, O, P extends readonly unknown[]> =
  | [needed: V, ...rest: Call<[...P, lastEpoch?: number], O>]
  | [options: O & Record<K, V>];

/** Refuses what is no number. */
export function given(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
  return value;
}
/** Refuses what is no Optimizer. */
export function checkOptimizer(where: string, optimizer: unknown): asserts optimizer is Optimizer {
  if (!(optimizer instanceof Optimizer)) throw new TypeError(`${where}: ${describe(optimizer)} is not an Optimizer`);
}
/** One number for each group. */
export function perGroup(where: string, name: string, optimizer: Schedulable, value: unknown): number[] {
  const { length } = optimizer.paramGroups;
  if (!Array.isArray(value)) return new Array<number>(length).fill(given(where, name, value));
  if (value.length !== length) {
    throw new RangeError(
      `${where}: ${name} must have the same length as optimizer.paramGroups. ${name} has ${value.length} values, paramGroups has ${length}.`,
    );
  }
  return value.map((v: unknown) => given(where, name, v));
}

/** Names in PyTorch's state dicts that do not follow from the fields' names. */
const PYTHON: Readonly<Record<string, string>> = {
  tMax: 'T_max',
  t0: 'T_0',
  tI: 'T_i',
  tMult: 'T_mult',
  tCur: 'T_cur',
  schedulePhases: '_schedule_phases',
  annealFuncType: '_anneal_func_type',
  annealStrategy: '_anneal_strategy',
  milestonesInOrder: '_milestones',
  lastLrs: '_last_lr',
  stepCount: '_step_count',
};
/** Puts fields under PyTorch's names. */
export function pack(from: object, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((f) => [PYTHON[f] ?? snake(f), Reflect.get(from, f) as unknown]));
}
/** Takes fields over from under PyTorch's names. */
export function unpack(to: object, fields: readonly string[], dict: Readonly<Record<string, unknown>>): void {
  for (const f of fields) {
    const value = dict[PYTHON[f] ?? snake(f)];
    if (value !== undefined) Reflect.set(to, f, Array.isArray(value) ? [...(value as unknown[])] : value);
  }
}

/**
 * The base of the schedules: `step()` after each epoch sets the next learning rates. A subclass gives them in `getLr()`,
 * and calls `begin()` when its own fields stand. Throws TypeError for what is no Optimizer.
 * @example
 * class Halving extends torch.optim.lrScheduler.LRScheduler {
 *   constructor(optimizer: torch.optim.SGD) {
 *     super(optimizer)
 *     this.begin()
 *   }
 *   override getLr(): number[] {
 *     return this.isInitial ? this.rates() : this.rates().map((lr) => lr / 2)
 *   }
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
  /** Whether the rates of the very start are asked for. */
  protected isInitial = false;
  /** Fields that a state dict has beside those of every schedule. */
  protected readonly saved: readonly string[];

  constructor(optimizer: Schedulable, lastEpoch = -1, saved: readonly string[] = []) {
    checkOptimizer(new.target.name, optimizer);
    given(new.target.name, 'lastEpoch', lastEpoch);
    this.optimizer = optimizer;
    this.saved = saved;
    const groups: readonly ScheduledGroup[] = optimizer.paramGroups;
    groups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) {
        throw new TypeError(
          `${new.target.name}: param 'initialLr' is not specified in paramGroups[${i}] when resuming scheduler with lastEpoch >= 0`,
        );
      }
    });
    this.baseLrs = groups.map((g) => g.initialLr!);
    this.lastEpoch = lastEpoch;
  }
  /** The rates of the epoch `lastEpoch`, from those before. To see the rates now, ask {@link getLastLr}. */
  abstract getLr(): number[];
  /** The rates of the epoch `lastEpoch`, from those of the start, where there is such a formula. */
  protected closedForm?(): number[];
  /** Sets the rates of the start; called by the constructors of subclasses. */
  begin(): void {
    this.stepCount = 0;
    this.isInitial = true;
    try {
      this.step();
    } finally {
      this.isInitial = false;
    }
  }
  /** The rates as they stand in the optimizer. */
  protected rates(): number[] {
    return this.optimizer.paramGroups.map((g) => g.lr);
  }
  /** Ends an epoch; or, as PyTorch once did, goes to the given one. */
  step(epoch?: number): void {
    this.stepCount++;
    this.updateLr(epoch);
  }
  /** Sets the rates of the next epoch, or of a given one: `step` without its count. */
  updateLr(epoch?: number): void {
    if (epoch === undefined || epoch === null) {
      this.lastEpoch++;
      this.set(this.getLr());
    } else {
      this.lastEpoch = given(this.constructor.name, 'epoch', epoch);
      this.set(this.closedForm ? this.closedForm() : this.getLr());
    }
  }
  protected set(rates: readonly number[]): void {
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
    return {
      ...pack(this, [...this.saved, 'baseLrs', 'lastEpoch', 'stepCount']),
      _is_initial: false,
      _get_lr_called_within_step: false,
      _last_lr: this.lastLrs,
    };
  }
  /** Takes over what {@link stateDict} gave, here or in PyTorch. */
  loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    if (typeof dict !== 'object' || dict === null)
      throw new TypeError(`${this.constructor.name}: expected a state dict but received ${describe(dict)}`);
    unpack(this, [...this.saved, 'baseLrs', 'lastEpoch', 'stepCount', 'lastLrs'], dict);
  }
}

/**
 * {@link LRScheduler} under the name that older scripts extend.
 * @example
 * class Constant extends torch.optim.lrScheduler._LRScheduler {
 *   override getLr(): number[] { return this.baseLrs }
 * }
 * const scheduler = new Constant(new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 0.5 }))
 * scheduler.step()
 * scheduler.getLastLr() // [ 0.5 ]
 */
export abstract class _LRScheduler extends LRScheduler {}

/** A metric as a number. */
export const metricOf = (where: string, metric: unknown): number =>
  metric instanceof Tensor ? metric.item() : given(where, 'metrics', metric);
