// Losses as modules.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { describe, ShapeError } from '../errors.ts';
import { crossEntropy, linearCrossEntropy, nllLoss } from '../ops/class-loss.ts';
import { LinearCrossEntropyOptions } from '../ops/internal/linear-cross-entropy.ts';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  type Reduction,
  smoothL1Loss,
} from '../ops/loss.ts';
import {
  CLASS_LOSS,
  KL_LOSS,
  type LegacyReduction,
  LOGITS_LOSS,
  PLAIN_LOSS,
  readLoss,
  SMOOTH_LOSS,
  SMOOTHED_CLASS_LOSS,
  WEIGHTED_LOSS,
} from '../ops/internal/reduction.ts';
import type { Tensor } from '../tensor.ts';
import { bool, FACTORY, type FactoryOptions, float, tuple, whole } from './internal.ts';
import { Linear } from './linear.ts';
import { Loss, type Pair } from './loss-base.ts';
import { Module } from './module.ts';

/** Options of every loss. */
export interface ReductionOptions extends LegacyReduction {
  reduction?: Reduction | undefined;
}
export { LinearCrossEntropyOptions };
type ReductionArguments = Call<[reduction?: Reduction], ReductionOptions>;
/** Options of the losses over classes. */
export interface ClassLossOptions extends ReductionOptions {
  weight?: Tensor | null | undefined;
  ignoreIndex?: number | undefined;
}

/**
 * The mean of squared differences; with `reduction` `'sum'` their sum, with `'none'` each of them.
 * @example
 * new torch.nn.MSELoss().forward(torch.tensor([1.5, 2]), torch.tensor([0.5, 4])) // tensor(2.5000)
 */
export class MSELoss extends Loss {
  constructor(...args: ReductionArguments) {
    super(readLoss<ReductionOptions>('MSELoss', args, PLAIN_LOSS).reduction);
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return mseLoss(x, target, { reduction: this.reduction });
  }
}
/**
 * The mean of absolute differences; with `reduction` `'sum'` their sum, with `'none'` each of them.
 * @example
 * new torch.nn.L1Loss().forward(torch.tensor([1.5, 2]), torch.tensor([0.5, 4])) // tensor(1.5000)
 */
export class L1Loss extends Loss {
  constructor(...args: ReductionArguments) {
    super(readLoss<ReductionOptions>('L1Loss', args, PLAIN_LOSS).reduction);
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return l1Loss(x, target, { reduction: this.reduction });
  }
}
/**
 * The mean of `d² / (2 beta)` where the absolute difference `d` is below `beta` (1), of `d - beta / 2` elsewhere
 * (https://arxiv.org/abs/1504.08083). Throws RangeError if `beta` is negative.
 * @example
 * new torch.nn.SmoothL1Loss().forward(torch.tensor([1.5, 2]), torch.tensor([1, 5])) // tensor(1.3125)
 */
export class SmoothL1Loss extends Loss {
  readonly beta: number;
  constructor(...args: Call<[reduction?: Reduction, beta?: number], ReductionOptions & { beta?: number | undefined }>) {
    const options = readLoss<ReductionOptions & { beta: number }>('SmoothL1Loss', args, SMOOTH_LOSS);
    super(options.reduction);
    this.beta = options.beta ?? 1;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(x, target, { reduction: this.reduction, beta: this.beta });
  }
}
/**
 * The mean of `d² / 2` where the absolute difference `d` is below `delta` (1), of `delta (d - delta / 2)` elsewhere.
 * Throws RangeError if `delta` is not positive.
 * @example
 * new torch.nn.HuberLoss({ delta: 2 }).forward(torch.tensor([1.5, 2]), torch.tensor([1, 5])) // tensor(2.0625)
 */
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
/**
 * The mean of `-(t ln(x) + (1 - t) ln(1 - x))` over probabilities `x` and targets `t` of one shape, each times
 * `weight`. Throws RangeError for `x` outside [0, 1], ShapeError for different shapes.
 * @example
 * new torch.nn.BCELoss().forward(torch.tensor([0.5, 0.8]), torch.tensor([0, 1.0], { dtype: 'float32' }))
 * // tensor(0.4581)
 */
export class BCELoss extends Loss {
  readonly weight: Tensor | null;
  constructor(
    ...args: Call<
      [weight?: Tensor | null, reduction?: Reduction],
      ReductionOptions & { weight?: Tensor | null | undefined }
    >
  ) {
    const options = readLoss<ClassLossOptions>('BCELoss', args, WEIGHTED_LOSS);
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
/**
 * As {@link BCELoss} of `sigmoid(x)`, computed without overflow; `posWeight` counts the positive targets more. Throws
 * ShapeError for different shapes.
 * @example
 * new torch.nn.BCEWithLogitsLoss().forward(torch.tensor([0.5, -1.5]), torch.tensor([1, 0], { dtype: 'float32' }))
 * // tensor(0.3377)
 */
export class BCEWithLogitsLoss extends Loss {
  readonly weight: Tensor | null;
  readonly posWeight: Tensor | null;
  constructor(
    ...args: Call<[weight?: Tensor | null, reduction?: Reduction, posWeight?: Tensor | null], BCEWithLogitsLossOptions>
  ) {
    const options = readLoss<BCEWithLogitsLossOptions>('BCEWithLogitsLoss', args, LOGITS_LOSS);
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
/**
 * The mean of `t (ln(t) - x)` over log-probabilities `x` and probabilities `t`, or log-probabilities with `logTarget`;
 * `'batchmean'` divides the sum by the batch's size, as the Kullback-Leibler divergence is defined.
 * @example
 * const [p, q] = [torch.tensor([[0.5, 0.5]]), torch.tensor([[0.2, 0.8]])]
 * new torch.nn.KLDivLoss({ reduction: 'batchmean' }).forward(p.log(), q) // tensor(0.1927)
 */
export class KLDivLoss extends Module<Pair> {
  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;
  constructor(
    ...args: Call<
      [reduction?: Reduction | 'batchmean', logTarget?: boolean],
      LegacyReduction & { reduction?: Reduction | 'batchmean' | undefined; logTarget?: boolean | undefined }
    >
  ) {
    super();
    const options = readLoss<{ reduction: Reduction | 'batchmean'; logTarget: boolean }>('KLDivLoss', args, KL_LOSS);
    this.reduction = options.reduction ?? 'mean';
    this.logTarget = options.logTarget ?? false;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return klDiv(x, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
/**
 * The mean of `-x[class]` over log-probabilities [N, C] or [N, C, *] and classes [N] or [N, *], weighted by the
 * class's `weight`; `ignoreIndex` (-100) counts not. Throws RangeError for classes that are not there, ShapeError
 * where shapes do not fit.
 * @example
 * const logProbabilities = torch.tensor([[0.2, 0.8]]).log()
 * new torch.nn.NLLLoss().forward(logProbabilities, torch.tensor([1])) // tensor(0.2231)
 */
export class NLLLoss extends Loss {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  constructor(...args: Call<[weight?: Tensor | null, ignoreIndex?: number, reduction?: Reduction], ClassLossOptions>) {
    const options = readLoss<ClassLossOptions>(new.target.name, args, CLASS_LOSS);
    super(options.reduction);
    this.weight = options.weight ?? null;
    this.ignoreIndex = options.ignoreIndex ?? -100;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return nllLoss(x, target, { weight: this.weight, ignoreIndex: this.ignoreIndex, reduction: this.reduction });
  }
}
/**
 * PyTorch's old name of {@link NLLLoss} for images [N, C, H, W].
 * @example
 * const logProbabilities = torch.tensor([[0.2], [0.8]]).log().reshape(1, 2, 1, 1)
 * new torch.nn.NLLLoss2d().forward(logProbabilities, torch.tensor([[[1]]])) // tensor(0.2231)
 */
export class NLLLoss2d extends NLLLoss {}
/** Options of {@link CrossEntropyLoss}. */
export interface CrossEntropyLossOptions extends ClassLossOptions {
  labelSmoothing?: number | undefined;
}
/**
 * The mean of `-ln(softmax(x)[class])` over logits [N, C] or [N, C, *] and classes [N] or [N, *], or their
 * probabilities, of the logits' shape. Throws as {@link NLLLoss}.
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
    const options = readLoss<CrossEntropyLossOptions>('CrossEntropyLoss', args, SMOOTHED_CLASS_LOSS);
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

/** Options of {@link LinearCrossEntropyLoss}. */
export interface LinearCrossEntropyLossOptions extends ReductionOptions, FactoryOptions {
  /** The dims behind the classes, of losses of more dims. */
  outFeatures?: readonly number[] | undefined;
  bias?: boolean | undefined;
  weight?: Tensor | null | undefined;
  ignoreIndex?: number | null | undefined;
  labelSmoothing?: number | undefined;
  /** Computes piece by piece. */
  options?: LinearCrossEntropyOptions | null | undefined;
}
/**
 * A linear layer to `numClasses` logits, without bias unless asked for, and their {@link CrossEntropyLoss} in one: x
 * [N, inFeatures] and classes [N].
 * Throws RangeError for a smoothing outside [0, 1].
 * @example
 * new torch.nn.LinearCrossEntropyLoss(2, 3).forward(torch.ones(4, 2), torch.tensor([0, 1, 2, 0])).shape // torch.Size([])
 */
export class LinearCrossEntropyLoss extends Loss {
  readonly numClasses: number;
  readonly outFeatures: readonly number[];
  readonly ignoreIndex: number | null;
  readonly labelSmoothing: number;
  readonly weight: Tensor | null;
  readonly linear: Linear;
  readonly options: LinearCrossEntropyOptions | null;
  constructor(inFeatures: number, numClasses: number, options: LinearCrossEntropyLossOptions = {}) {
    const where = 'LinearCrossEntropyLoss';
    const names = [
      'outFeatures',
      'bias',
      'reduction',
      'weight',
      'ignoreIndex',
      'labelSmoothing',
      'options',
      ...FACTORY,
    ];
    const given = readArguments<LinearCrossEntropyLossOptions>(where, [options], [], names);
    const { outFeatures = [], bias = false, weight = null, ignoreIndex = null, labelSmoothing = 0 } = given;
    super(given.reduction);
    whole(where, 'inFeatures', inFeatures);
    whole(where, 'numClasses', numClasses);
    if (!Array.isArray(outFeatures))
      throw new TypeError(`${where}: expected a list for outFeatures but received ${describe(outFeatures)}`);
    for (const n of outFeatures as readonly unknown[]) whole(where, 'outFeatures', n);
    if (weight !== null) {
      checkTensor(where, weight, 'weight');
      if (weight.ndim !== 1 || weight.sizes[0] !== numClasses)
        throw new ShapeError(`${where}: expected weight shape to be [${numClasses}], got ${weight.shape}`);
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
      throw new RangeError(`${where}: expected label_smoothing to be in range [0, 1], got ${labelSmoothing}`);
    this.numClasses = numClasses;
    this.outFeatures = [...(outFeatures as readonly number[])];
    this.ignoreIndex = ignoreIndex;
    this.labelSmoothing = labelSmoothing;
    this.weight = weight;
    this.options = given.options ?? null;
    const out = this.outFeatures.reduce((n, m) => n * m, numClasses);
    this.linear = new Linear(inFeatures, out, { bias, device: given.device, dtype: given.dtype });
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    const { linear, weight, reduction, ignoreIndex, labelSmoothing } = this;
    const shape = [this.numClasses, ...this.outFeatures];
    const linearBias = linear.bias === null ? null : linear.bias.reshape(shape);
    const linearWeight = linear.weight.reshape([...shape, linear.inFeatures]);
    return linearCrossEntropy(x, linearWeight, target, {
      linearBias,
      weight,
      reduction,
      ignoreIndex,
      labelSmoothing,
      options: this.options,
    });
  }
  override extraRepr(): string {
    const { linear, outFeatures, reduction, ignoreIndex } = this;
    return (
      `in_features=${linear.inFeatures}, num_classes=${this.numClasses}, out_features=${tuple(outFeatures)}, ` +
      `bias=${bool(linear.bias !== null)}, reduction=${reduction}, ignore_index=${ignoreIndex ?? 'None'}, ` +
      `label_smoothing=${float(this.labelSmoothing)}, options=${String(this.options ?? 'None')}`
    );
  }
}
