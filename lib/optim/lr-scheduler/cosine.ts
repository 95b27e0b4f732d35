// Schedules along cosines.
import { type Call, readArguments } from '../../arguments.ts';
import { type Arguments, type EpochOptions, given, LRScheduler, type Schedulable } from './base.ts';

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
    const where = 'CosineAnnealingLR';
    const names = ['tMax', 'etaMin', 'lastEpoch'];
    const options = readArguments<{ tMax: number; etaMin: number; lastEpoch: number }>(where, args, names);
    const { etaMin = 0, lastEpoch = -1 } = options;
    const tMax = given(where, 'tMax', options.tMax);
    super(optimizer, lastEpoch, ['tMax', 'etaMin']);
    this.tMax = tMax;
    this.etaMin = given(where, 'etaMin', etaMin);
    this.begin();
  }
  override getLr(): number[] {
    const { lastEpoch, tMax, etaMin } = this;
    if (this.isInitial) return this.rates();
    if (this.stepCount === 1 && lastEpoch > 0) return this.closedForm();
    // the formula below divides by zero where the cosine turns
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0) {
      return this.rates().map((lr, i) => lr + ((this.baseLrs[i]! - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
    }
    const ratio = this.#angle(lastEpoch) / this.#angle(lastEpoch - 1);
    return this.rates().map((lr) => ratio * (lr - etaMin) + etaMin);
  }
  protected override closedForm(): number[] {
    const { lastEpoch, etaMin } = this;
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * this.#angle(lastEpoch)) / 2);
  }
  #angle(epoch: number): number {
    return 1 + Math.cos((Math.PI * epoch) / this.tMax);
  }
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface WarmRestartsOptions extends EpochOptions {
  /** What each period is longer than the one before, a whole number. */
  tMult?: number | undefined;
  /** The lowest learning rate. */
  etaMin?: number | undefined;
}
/**
 * Lets the learning rates fall along half a cosine to `etaMin` within `t0` epochs, and start again, each time for `tMult`
 * times as long (https://arxiv.org/abs/1608.03983). `step` takes fractions of epochs too. Throws RangeError for periods
 * that are no positive whole numbers.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.lrScheduler.CosineAnnealingWarmRestarts(optimizer, 2)
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.5, 1, 0.5 ]
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly t0: number;
  readonly tMult: number;
  readonly etaMin: number;
  protected tI: number;
  protected tCur: number;
  constructor(
    optimizer: Schedulable,
    ...args:
      | [t0: number, ...rest: Call<[tMult?: number, etaMin?: number, lastEpoch?: number], WarmRestartsOptions>]
      | [options: WarmRestartsOptions & { t0: number }]
  ) {
    const where = 'CosineAnnealingWarmRestarts';
    const names = ['t0', 'tMult', 'etaMin', 'lastEpoch'];
    const options = readArguments<WarmRestartsOptions & { t0: number }>(where, args, names);
    const t0 = given(where, 't0', options.t0);
    const tMult = given(where, 'tMult', options.tMult ?? 1);
    const etaMin = given(where, 'etaMin', options.etaMin ?? 0);
    if (!(Number.isInteger(t0) && t0 > 0))
      throw new RangeError(`${where}: Expected positive integer T_0, but got ${t0}`);
    if (!(Number.isInteger(tMult) && tMult >= 1))
      throw new RangeError(`${where}: Expected integer T_mult >= 1, but got ${tMult}`);
    super(optimizer, options.lastEpoch ?? -1, ['t0', 'tI', 'tMult', 'etaMin', 'tCur']);
    this.t0 = t0;
    this.tI = t0;
    this.tMult = tMult;
    this.etaMin = etaMin;
    this.tCur = this.lastEpoch;
    this.begin();
  }
  override getLr(): number[] {
    const { etaMin, tCur, tI } = this;
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * (1 + Math.cos((Math.PI * tCur) / tI))) / 2);
  }
  // PyTorch counts no steps here
  override step(epoch?: number): void {
    this.updateLr(epoch);
  }
  override updateLr(epoch?: number): void {
    const where = 'CosineAnnealingWarmRestarts';
    const { t0, tMult } = this;
    let to = epoch ?? (this.lastEpoch < 0 ? 0 : null);
    if (to === null) {
      to = this.lastEpoch + 1;
      this.tCur++;
      if (this.tCur >= this.tI) {
        this.tCur %= this.tI;
        this.tI *= tMult;
      }
    } else {
      if (!(given(where, 'epoch', to) >= 0))
        throw new RangeError(`${where}: Expected non-negative epoch, but got ${to}`);
      if (to < t0) {
        this.tI = t0;
        this.tCur = to;
      } else if (tMult === 1) this.tCur = to % t0;
      else {
        const n = Math.trunc(Math.log((to / t0) * (tMult - 1) + 1) / Math.log(tMult));
        this.tCur = to - (t0 * (tMult ** n - 1)) / (tMult - 1);
        this.tI = t0 * tMult ** n;
      }
    }
    this.lastEpoch = Math.floor(to);
    this.set(this.getLr());
  }
}
