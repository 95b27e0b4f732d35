// Losses as modules.
import { type Call, readArguments } from '../define.ts';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  nllLoss,
  type Reduction,
  smoothL1Loss,
} from '../ops/loss.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

type Pair = [x: Tensor, target: Tensor];
/** Options of every loss. */
export interface ReductionOptions {
  reduction?: Reduction | undefined;
}
type ReductionArguments = Call<[reduction?: Reduction], ReductionOptions>;
/** Options of the losses over classes. */
export interface ClassLossOptions extends ReductionOptions {
  weight?: Tensor | null | undefined;
  ignoreIndex?: number | undefined;
}

abstract class Loss extends Module<Pair> {
  readonly reduction: Reduction;
  constructor(reduction: Reduction | undefined) {
    super();
    this.reduction = reduction ?? 'mean';
  }
}
/**
 * The mean of squared differences.
 * @example
 * new torch.nn.MSELoss().forward(torch.tensor([1.5]), torch.tensor([0.5])) // tensor(1.)
 */
export class MSELoss extends Loss {
  constructor(...args: ReductionArguments) {
    super(readArguments<ReductionOptions>('MSELoss', args, ['reduction']).reduction);
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return mseLoss(x, target, { reduction: this.reduction });
  }
}
/** The mean of absolute differences. */
export class L1Loss extends Loss {
  constructor(...args: ReductionArguments) {
    super(readArguments<ReductionOptions>('L1Loss', args, ['reduction']).reduction);
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return l1Loss(x, target, { reduction: this.reduction });
  }
}
/** Squared differences below `beta`, absolute ones above. */
export class SmoothL1Loss extends Loss {
  readonly beta: number;
  constructor(...args: Call<[reduction?: Reduction, beta?: number], ReductionOptions & { beta?: number | undefined }>) {
    const options = readArguments<ReductionOptions & { beta: number }>('SmoothL1Loss', args, ['reduction', 'beta']);
    super(options.reduction);
    this.beta = options.beta ?? 1;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(x, target, { reduction: this.reduction, beta: this.beta });
  }
}
/** Squared differences below `delta`, absolute ones times `delta` above. */
export class HuberLoss extends Loss {
  readonly delta: number;
  constructor(
    ...args: Call<[reduction?: Reduction, delta?: number], ReductionOptions & { delta?: number | undefined }>
  ) {
    const options = readArguments<ReductionOptions & { delta: number }>('HuberLoss', args, ['reduction', 'delta']);
    super(options.reduction);
    this.delta = options.delta ?? 1;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return huberLoss(x, target, { reduction: this.reduction, delta: this.delta });
  }
}
/** The binary cross entropy of probabilities. */
export class BCELoss extends Loss {
  readonly weight: Tensor | null;
  constructor(
    ...args: Call<
      [weight?: Tensor | null, reduction?: Reduction],
      ReductionOptions & { weight?: Tensor | null | undefined }
    >
  ) {
    const options = readArguments<ClassLossOptions>('BCELoss', args, ['weight', 'reduction']);
    super(options.reduction);
    this.weight = options.weight ?? null;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(x, target, { weight: this.weight, reduction: this.reduction });
  }
}
/** Options of {@link BCEWithLogitsLoss}. */
export interface BCEWithLogitsLossOptions extends ReductionOptions {
  weight?: Tensor | null | undefined;
  posWeight?: Tensor | null | undefined;
}
/** The binary cross entropy of logits. */
export class BCEWithLogitsLoss extends Loss {
  readonly weight: Tensor | null;
  readonly posWeight: Tensor | null;
  constructor(
    ...args: Call<[weight?: Tensor | null, reduction?: Reduction, posWeight?: Tensor | null], BCEWithLogitsLossOptions>
  ) {
    const options = readArguments<BCEWithLogitsLossOptions>('BCEWithLogitsLoss', args, [
      'weight',
      'reduction',
      'posWeight',
    ]);
    super(options.reduction);
    this.weight = options.weight ?? null;
    this.posWeight = options.posWeight ?? null;
  }
  protected override keyOf(field: string): string {
    return field === 'posWeight' ? 'pos_weight' : field;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(x, target, {
      weight: this.weight,
      reduction: this.reduction,
      posWeight: this.posWeight,
    });
  }
}
/** The Kullback-Leibler divergence of log-probabilities. */
export class KLDivLoss extends Module<Pair> {
  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;
  constructor(
    ...args: Call<
      [reduction?: Reduction | 'batchmean', logTarget?: boolean],
      { reduction?: Reduction | 'batchmean' | undefined; logTarget?: boolean | undefined }
    >
  ) {
    super();
    const options = readArguments<{ reduction: Reduction | 'batchmean'; logTarget: boolean }>('KLDivLoss', args, [
      'reduction',
      'logTarget',
    ]);
    this.reduction = options.reduction ?? 'mean';
    this.logTarget = options.logTarget ?? false;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return klDiv(x, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
/** The negative log-likelihood of classes. */
export class NLLLoss extends Loss {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  constructor(...args: Call<[weight?: Tensor | null, ignoreIndex?: number, reduction?: Reduction], ClassLossOptions>) {
    const options = readArguments<ClassLossOptions>('NLLLoss', args, ['weight', 'ignoreIndex', 'reduction']);
    super(options.reduction);
    this.weight = options.weight ?? null;
    this.ignoreIndex = options.ignoreIndex ?? -100;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return nllLoss(x, target, { weight: this.weight, ignoreIndex: this.ignoreIndex, reduction: this.reduction });
  }
}
/** Options of {@link CrossEntropyLoss}. */
export interface CrossEntropyLossOptions extends ClassLossOptions {
  labelSmoothing?: number | undefined;
}
/**
 * The cross entropy of logits and classes, or their probabilities.
 * @example
 * new torch.nn.CrossEntropyLoss().forward(torch.tensor([[0.5, 1.5]]), torch.tensor([1])) // tensor(0.3133)
 */
export class CrossEntropyLoss extends Loss {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  constructor(
    ...args: Call<
      [weight?: Tensor | null, ignoreIndex?: number, reduction?: Reduction, labelSmoothing?: number],
      CrossEntropyLossOptions
    >
  ) {
    const options = readArguments<CrossEntropyLossOptions>('CrossEntropyLoss', args, [
      'weight',
      'ignoreIndex',
      'reduction',
      'labelSmoothing',
    ]);
    super(options.reduction);
    this.weight = options.weight ?? null;
    this.ignoreIndex = options.ignoreIndex ?? -100;
    this.labelSmoothing = options.labelSmoothing ?? 0;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return crossEntropy(x, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}
