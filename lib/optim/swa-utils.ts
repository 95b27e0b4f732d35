// torch.optim.swaUtils: averages of a model's parameters over training, and what goes with them.
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { checkFunction, describe, inNameOf } from '../errors.ts';
import { zeros } from '../create.ts';
import { type DeviceLike, deviceOption } from '../device.ts';
import { type AnyModule, Module } from '../nn/module.ts';
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from '../nn/normalization.ts';
import type { Tensor } from '../tensor.ts';
import {
  type EpochOptions,
  given,
  LRScheduler,
  perGroup,
  type Schedulable,
  type ScheduledGroup,
} from './lr-scheduler/base.ts';

/** Gives a new average from the one so far, the model's present value, and how many values were averaged. */
export type AverageFunction = (averaged: Tensor, current: Tensor, numAveraged: Tensor | number) => Tensor;
/** Brings many averages up to date in place. */
export type MultiAverageFunction = (
  averaged: readonly Tensor[],
  current: readonly Tensor[],
  numAveraged: Tensor | number,
) => void;

function checkDecay(where: string, decay: unknown): number {
  const value = given(where, 'decay', decay);
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`${where}: Invalid decay value ${value} provided. Please provide a value in [0,1] range.`);
  }
  return value;
}
const count = (n: Tensor | number): number => (typeof n === 'number' ? n : n.item());
function checkPair(where: string, averaged: unknown, current: unknown): void {
  checkTensor(where, averaged, 'averaged');
  checkTensor(where, current, 'current');
}

/**
 * The exponential moving average: `decay` of what was averaged, the rest of what is new. Throws RangeError for a `decay`
 * out of 0 to 1.
 * @example
 * const average = torch.optim.swaUtils.getEmaAvgFn(0.75)
 * average(torch.tensor([1.5]), torch.tensor([3.5]), 1) // tensor([2.])
 */
export function getEmaAvgFn(decay = 0.999): AverageFunction {
  const kept = checkDecay('getEmaAvgFn', decay);
  return (averaged, current) => {
    checkPair('getEmaAvgFn', averaged, current);
    return noGrad(() => averaged.mul(kept).add(current.mul(1 - kept)));
  };
}
/**
 * The mean of all values: each counts the same.
 * @example
 * const average = torch.optim.swaUtils.getSwaAvgFn()
 * average(torch.tensor([1.5]), torch.tensor([3]), 2) // tensor([2.])
 */
export function getSwaAvgFn(): AverageFunction {
  return (averaged, current, n) => {
    checkPair('getSwaAvgFn', averaged, current);
    return noGrad(() => averaged.add(current.sub(averaged).div(count(n) + 1)));
  };
}
function checkLists(where: string, averaged: unknown, current: unknown): void {
  if (!Array.isArray(averaged) || !Array.isArray(current) || averaged.length !== current.length)
    throw new TypeError(`${where}: expected two lists of as many tensors but received ${describe(averaged)}`);
  averaged.forEach((x: unknown, i) => checkPair(where, x, current[i]));
}
/**
 * {@link getEmaAvgFn} for many tensors, in place. Throws RangeError for a `decay` out of 0 to 1.
 * @example
 * const averaged = [torch.tensor([1.5])]
 * torch.optim.swaUtils.getEmaMultiAvgFn(0.75)(averaged, [torch.tensor([3.5])], 1)
 * averaged[0] // tensor([2.])
 */
export function getEmaMultiAvgFn(decay = 0.999): MultiAverageFunction {
  const kept = checkDecay('getEmaMultiAvgFn', decay);
  return (averaged, current) => {
    checkLists('getEmaMultiAvgFn', averaged, current);
    noGrad(() =>
      averaged.forEach((x, i) => {
        if (x.isFloatingPoint()) x.lerp_(current[i]!, 1 - kept);
        else x.copy_(x.mul(kept).add(current[i]!.mul(1 - kept)));
      }),
    );
  };
}
/**
 * {@link getSwaAvgFn} for many tensors, in place.
 * @example
 * const averaged = [torch.tensor([1.5])]
 * torch.optim.swaUtils.getSwaMultiAvgFn()(averaged, [torch.tensor([3.5])], 1)
 * averaged[0] // tensor([2.5000])
 */
export function getSwaMultiAvgFn(): MultiAverageFunction {
  return (averaged, current, n) => {
    checkLists('getSwaMultiAvgFn', averaged, current);
    const weight = 1 / (count(n) + 1);
    noGrad(() =>
      averaged.forEach((x, i) => {
        if (x.isFloatingPoint()) x.lerp_(current[i]!, weight);
        else x.copy_(x.add(current[i]!.sub(x).mul(weight)));
      }),
    );
  };
}

/** Options of {@link SWALR}. */
export interface SWALROptions extends EpochOptions {
  /** Epochs until the rates are reached. */
  annealEpochs?: number | undefined;
  annealStrategy?: 'cos' | 'linear' | undefined;
}
/**
 * Brings the learning rates to `swaLr`, one for all groups or one for each, and leaves them there. Throws RangeError for
 * a negative number of epochs or an unknown strategy.
 * @example
 * const optimizer = new torch.optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 1 })
 * const scheduler = new torch.optim.swaUtils.SWALR(optimizer, 0.5, { annealEpochs: 2, annealStrategy: 'linear' })
 * const rates: number[] = []
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(scheduler.getLastLr()[0])
 *   scheduler.step()
 * }
 * rates // [ 1, 0.75, 0.5, 0.5 ]
 */
export class SWALR extends LRScheduler {
  readonly annealEpochs: number;
  protected annealStrategy: string;
  constructor(
    optimizer: Schedulable,
    ...args:
      | [
          swaLr: number | readonly number[],
          ...rest: Call<[annealEpochs?: number, annealStrategy?: 'cos' | 'linear', lastEpoch?: number], SWALROptions>,
        ]
      | [options: SWALROptions & { swaLr: number | readonly number[] }]
  ) {
    const names = ['swaLr', 'annealEpochs', 'annealStrategy', 'lastEpoch'];
    const o = readArguments<SWALROptions & { swaLr: number | readonly number[] }>('SWALR', args, names);
    const { annealEpochs = 10, annealStrategy = 'cos', lastEpoch = -1 } = o;
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new RangeError(
        `SWALR: anneal_strategy must be one of 'cos' or 'linear', instead got ${describe(annealStrategy)}`,
      );
    }
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0)
      throw new RangeError(`SWALR: anneal_epochs must be equal or greater than 0, got ${describe(annealEpochs)}`);
    super(optimizer, lastEpoch, ['annealEpochs', 'annealStrategy']);
    const rates = perGroup('SWALR', 'swaLr', optimizer, o.swaLr);
    (optimizer.paramGroups as readonly ScheduledGroup[]).forEach((group, i) => {
      group.swaLr = rates[i]!;
    });
    this.annealEpochs = annealEpochs;
    this.annealStrategy = annealStrategy;
    this.begin();
  }
  #way(step: number): number {
    const t = Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs)));
    return this.annealStrategy === 'cos' ? (1 - Math.cos(Math.PI * t)) / 2 : t;
  }
  override getLr(): number[] {
    const step = this.annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1;
    const [before, now] = [this.#way(step - 1), this.#way(step)];
    return this.optimizer.paramGroups.map((group) => {
      const swa = group.swaLr!;
      // what the rate would be without the way made so far
      const own = before === 1 ? swa : (group.lr - before * swa) / (1 - before);
      return swa * now + own * (1 - now);
    });
  }
}

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  device?: DeviceLike | null | undefined;
  /** How one parameter is averaged; {@link getSwaAvgFn} if neither is given. */
  avgFn?: AverageFunction | null | undefined;
  /** How all are averaged at once. */
  multiAvgFn?: MultiAverageFunction | null | undefined;
  /** Averages buffers too, instead of copying them. */
  useBuffers?: boolean | undefined;
}
/**
 * A copy of a model, `module`, whose parameters are averages of the model's over time: `updateParameters(model)` takes in
 * its present ones. The copy is what `forward` runs. Throws RangeError where both functions are given.
 * @example
 * const model = new torch.nn.Linear(2, 1, { bias: false })
 * torch.nn.init.constant_(model.weight, 1)
 * const averaged = new torch.optim.swaUtils.AveragedModel(model)
 * averaged.updateParameters(model)
 * torch.nn.init.constant_(model.weight, 4)
 * averaged.updateParameters(model)
 * averaged.forward(torch.ones(1, 2)).item() // 5
 */
export class AveragedModel<Args extends readonly unknown[] = [x: Tensor], Out = Tensor> extends Module<Args, Out> {
  readonly module: Module<Args, Out>;
  /** How many times parameters were taken in. */
  nAveraged: Tensor;
  avgFn: AverageFunction | null;
  multiAvgFn: MultiAverageFunction | null;
  useBuffers: boolean;
  constructor(
    model: Module<Args, Out>,
    ...args: Call<
      [
        device?: DeviceLike | null,
        avgFn?: AverageFunction | null,
        multiAvgFn?: MultiAverageFunction | null,
        useBuffers?: boolean,
      ],
      AveragedModelOptions
    >
  ) {
    super();
    const where = 'AveragedModel';
    const names = ['device', 'avgFn', 'multiAvgFn', 'useBuffers'];
    const {
      device,
      avgFn = null,
      multiAvgFn = null,
      useBuffers = false,
    } = readArguments<AveragedModelOptions>(where, args, names);
    if (!(model instanceof Module))
      throw new TypeError(`${where}: expected a Module for model but received ${describe(model)}`);
    const at = device === undefined || device === null ? null : deviceOption(where, device);
    for (const f of [avgFn, multiAvgFn]) if (f !== null) checkFunction(where, f);
    if (avgFn !== null && multiAvgFn !== null)
      throw new RangeError(`${where}: Only one of avg_fn and multi_avg_fn should be provided`);
    this.module = inNameOf(where, () => model.deepcopy());
    if (at !== null) this.module.to(at);
    this.nAveraged = zeros([], { dtype: 'int64', device: at ?? 'cpu' });
    this.avgFn = avgFn;
    this.multiAvgFn = multiAvgFn;
    this.useBuffers = useBuffers;
  }
  protected override keyOf(field: string): string {
    return field === 'nAveraged' ? 'n_averaged' : field;
  }
  override forward(...args: Args): Out {
    return this.module.forward(...args);
  }
  /** Takes the present parameters of `model` into the averages; the first time they are copied. */
  updateParameters(model: AnyModule): void {
    if (!(model instanceof Module))
      throw new TypeError(`AveragedModel: expected a Module to average but received ${describe(model)}`);
    const averaging = (m: AnyModule): Tensor[] =>
      [...m.parameters(), ...(this.useBuffers ? m.buffers() : [])].map((x) => x.detach());
    const own = averaging(this.module as AnyModule);
    const given = averaging(model);
    if (own.length !== given.length)
      throw new RangeError(`AveragedModel: expected a model with ${own.length} tensors, not ${given.length}`);
    const theirs = given.map((x, i) => x.to(own[i]!.device));
    const n = this.nAveraged.item();
    noGrad(() => {
      if (n === 0) own.forEach((x, i) => x.copy_(theirs[i]!));
      else if (this.multiAvgFn !== null) {
        // one call for each dtype, as PyTorch makes
        for (const dtype of new Set(own.map((x) => x.dtype))) {
          const at = own.flatMap((x, i) => (x.dtype === dtype ? [i] : []));
          this.multiAvgFn(
            at.map((i) => own[i]!),
            at.map((i) => theirs[i]!),
            this.nAveraged,
          );
        }
      } else {
        const average = this.avgFn ?? getSwaAvgFn();
        own.forEach((x, i) => x.copy_(average(x, theirs[i]!, this.nAveraged)));
      }
      if (!this.useBuffers) {
        const buffers = model.buffers();
        this.module.buffers().forEach((b, i) => b.copy_(buffers[i]!));
      }
      this.nAveraged.add_(1);
    });
  }
}

type BatchNorm = BatchNorm1d | BatchNorm2d | BatchNorm3d;
const isBatchNorm = (m: AnyModule): m is BatchNorm =>
  m instanceof BatchNorm1d || m instanceof BatchNorm2d || m instanceof BatchNorm3d;
/**
 * Computes the running statistics of a model's batch norms anew, over one pass of `loader`, whose batches may be lists that
 * begin with the input. What is async is awaited. Throws TypeError for what is no model or no loader.
 * @example
 * const net = new torch.nn.Sequential(new torch.nn.BatchNorm1d(1))
 * torch.optim.swaUtils.updateBn([torch.tensor([[1], [3.0], [5.5]])], net)
 * net.buffers()[0] // tensor([3.1667])
 */
export function updateBn(loader: Iterable<unknown>, model: AnyModule, device?: DeviceLike | null): void;
export function updateBn(loader: AsyncIterable<unknown>, model: AnyModule, device?: DeviceLike | null): Promise<void>;
export function updateBn(loader: unknown, model: AnyModule, device?: DeviceLike | null): void | Promise<void> {
  const where = 'updateBn';
  if (!(model instanceof Module)) throw new TypeError(`${where}: expected a Module but received ${describe(model)}`);
  if (typeof loader !== 'object' || loader === null || !(Symbol.iterator in loader || Symbol.asyncIterator in loader))
    throw new TypeError(`${where}: expected batches that can be iterated but received ${describe(loader)}`);
  const at = device === undefined || device === null ? null : deviceOption(where, device);
  const norms = model.modules().filter(isBatchNorm);
  if (norms.length === 0) return;
  const momenta = norms.map((m) => m.momentum);
  const { training } = model;
  for (const m of norms) {
    m.resetRunningStats();
    m.momentum = null;
  }
  model.train();
  const see = (batch: unknown): void => {
    const input: unknown = Array.isArray(batch) ? batch[0] : batch;
    checkTensor(where, input, 'the input of a batch');
    noGrad(() => (model as Module<[x: Tensor], unknown>).forward(at === null ? input : input.to(at)));
  };
  const restore = (): void => {
    norms.forEach((m, i) => {
      m.momentum = momenta[i]!;
    });
    model.train(training);
  };
  if (Symbol.iterator in loader) {
    try {
      for (const batch of loader as Iterable<unknown>) see(batch);
    } finally {
      restore();
    }
    return;
  }
  const all = async (): Promise<void> => {
    try {
      for await (const batch of loader as AsyncIterable<unknown>) see(batch);
    } finally {
      restore();
    }
  };
  return all();
}
