// Schedules made of others: one after the other, or all at once.
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { checkOptimizer, LRScheduler, pack, type Schedulable, unpack } from './base.ts';
import { ReduceLROnPlateau } from './plateau.ts';

/** Refuses what are not schedules of one optimizer. */
function checkSchedulers(where: string, none: string, optimizer: unknown, schedulers: unknown): void {
  if (!Array.isArray(schedulers))
    throw new TypeError(`${where}: expected a list of schedulers but received ${describe(schedulers)}`);
  if (schedulers.length < 1)
    throw new RangeError(`${where}: ${where} expects at least one scheduler${none}, but got no scheduler.`);
  schedulers.forEach((s: unknown, i) => {
    if (s instanceof ReduceLROnPlateau) {
      throw new RangeError(
        `${where}: ${where} does not support \`ReduceLROnPlateau\` scheduler as it requires additional kwargs to be specified when calling \`step\`, but got one at index ${i} in the given schedulers sequence.`,
      );
    }
    if (!(s instanceof LRScheduler))
      throw new TypeError(`${where}: ${where} at index ${i} should be a scheduler but is ${describe(s)}`);
    if (optimizer !== undefined && s.optimizer !== optimizer) {
      throw new RangeError(
        `${where}: ${where} expects all schedulers to belong to the same optimizer, but got scheduler ${s.constructor.name} at index ${i} of another`,
      );
    }
  });
}
/** State of the parts, in a state dict of the whole. */
function loadParts(schedulers: readonly LRScheduler[], dict: Readonly<Record<string, unknown>>): void {
  const parts = dict._schedulers;
  if (Array.isArray(parts))
    parts.forEach((part, i) => schedulers[i]?.loadStateDict(part as Readonly<Record<string, unknown>>));
}

/** Takes back the step that a schedule made when it was made. */
function undo(s: LRScheduler): void {
  if (s instanceof SequentialLR || s instanceof ChainedScheduler) s.schedulers.forEach(undo);
  else s.lastEpoch--;
}

/**
 * Runs schedules one after the other: each from its milestone on, as if the epochs began there. Throws RangeError for
 * schedules of different optimizers, and unless there is one milestone between any two.
 * @example
 * const { LinearLR, ExponentialLR, SequentialLR } = torch.optim.lrScheduler
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const warmup = new LinearLR(optimizer, 0.5, { totalIters: 2 })
 * const scheduler = new SequentialLR(optimizer, [warmup, new ExponentialLR(optimizer, 0.5)], [2])
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 0.5, 0.75, 1, 0.5 ]
 */
export class SequentialLR extends LRScheduler {
  readonly schedulers: readonly LRScheduler[];
  protected readonly milestonesInOrder: readonly number[];
  constructor(
    optimizer: Schedulable,
    ...args:
      | [
          schedulers: readonly LRScheduler[],
          milestones: readonly number[],
          ...rest: Call<[lastEpoch?: number], { lastEpoch?: number | undefined }>,
        ]
      | [schedulers: readonly LRScheduler[], options: { milestones: readonly number[]; lastEpoch?: number }]
      | [options: { schedulers: readonly LRScheduler[]; milestones: readonly number[]; lastEpoch?: number }]
  ) {
    const where = 'SequentialLR';
    const names = ['schedulers', 'milestones', 'lastEpoch'];
    const o = readArguments<{ schedulers: readonly LRScheduler[]; milestones: readonly number[]; lastEpoch: number }>(
      where,
      args,
      names,
    );
    const { schedulers, milestones, lastEpoch = -1 } = o;
    checkOptimizer(where, optimizer);
    checkSchedulers(where, '', optimizer, schedulers);
    if (!Array.isArray(milestones))
      throw new TypeError(`${where}: expected a list of epochs for milestones but received ${describe(milestones)}`);
    if (milestones.length !== schedulers!.length - 1) {
      throw new RangeError(
        `${where}: Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${schedulers!.length} and the number of milestones to be equal to ${milestones.length}`,
      );
    }
    super(optimizer, lastEpoch);
    this.schedulers = schedulers!;
    this.milestonesInOrder = milestones;
    this.lastEpoch = lastEpoch + 1;
    for (const group of optimizer.paramGroups) group.lr = group.initialLr!;
    this.schedulers.forEach(undo);
    const first = this.schedulers[this.#indexAt(0)]!;
    first.begin();
    this.lastLrs = first.getLastLr();
  }
  #indexAt(epoch: number): number {
    return this.milestonesInOrder.filter((m) => m <= epoch).length;
  }
  override getLr(): number[] {
    return this.rates();
  }
  override step(): void {
    this.lastEpoch++;
    const i = this.#indexAt(this.lastEpoch);
    const scheduler = this.schedulers[i]!;
    if (i > 0 && this.milestonesInOrder[i - 1] === this.lastEpoch) scheduler.updateLr(0);
    else scheduler.step();
    this.lastLrs = scheduler.getLastLr();
  }
  override stateDict(): Record<string, unknown> {
    const own = pack(this, ['milestonesInOrder', 'lastEpoch', 'lastLrs']);
    return { ...own, _schedulers: this.schedulers.map((s) => s.stateDict()) };
  }
  override loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    unpack(this, ['milestonesInOrder', 'lastEpoch', 'lastLrs'], dict);
    loadParts(this.schedulers, dict);
  }
}

/**
 * Lets schedules of one optimizer act all at once: each step is a step of all. Throws RangeError for schedules of
 * different optimizers.
 * @example
 * const { ConstantLR, ExponentialLR, ChainedScheduler } = torch.optim.lrScheduler
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const parts = [new ConstantLR(optimizer, 0.5, 2), new ExponentialLR(optimizer, 0.5)]
 * const scheduler = new ChainedScheduler(parts)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 0.5, 0.25, 0.25, 0.125 ]
 */
export class ChainedScheduler extends LRScheduler {
  readonly schedulers: readonly LRScheduler[];
  constructor(
    schedulers: readonly LRScheduler[],
    ...args: Call<[optimizer?: Schedulable], { optimizer?: Schedulable }>
  ) {
    const where = 'ChainedScheduler';
    // an optimizer is no plain object of options
    const [first] = args;
    const { optimizer: wanted } = readArguments<{ optimizer: Schedulable }>(where, first === undefined ? [] : [first], [
      'optimizer',
    ]);
    checkSchedulers(where, ' to be chained', wanted, schedulers);
    const optimizer = wanted ?? schedulers[0]!.optimizer;
    checkSchedulers(where, ' to be chained', optimizer, schedulers);
    super(optimizer);
    this.schedulers = schedulers;
    this.lastLrs = this.rates();
  }
  override getLr(): number[] {
    return this.rates();
  }
  override step(): void {
    for (const s of this.schedulers) s.step();
    this.lastLrs = this.rates();
  }
  override stateDict(): Record<string, unknown> {
    return { _last_lr: this.lastLrs, _schedulers: this.schedulers.map((s) => s.stateDict()) };
  }
  override loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    unpack(this, ['lastLrs'], dict);
    loadParts(this.schedulers, dict);
  }
}
