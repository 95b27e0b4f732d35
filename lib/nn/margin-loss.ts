// Losses with margins, negative log-likelihoods and ctcLoss as modules.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { checkFunction, checkNumber } from '../errors.ts';
import {
  MARGIN_LOSS,
  MULTI_MARGIN_LOSS,
  PLAIN_LOSS,
  POISSON_LOSS,
  readLoss,
  type Reduction,
  TRIPLET_LOSS,
  WEIGHTED_LOSS,
} from '../ops/internal/reduction.ts';
import * as nll from '../ops/likelihood-loss.ts';
import * as ops from '../ops/margin-loss.ts';
import type { Tensor } from '../tensor.ts';
import { Loss } from './loss-base.ts';

type Two = [x1: Tensor, x2: Tensor, target: Tensor];
type Triplet = [anchor: Tensor, positive: Tensor, negative: Tensor];
type MarginArguments = Call<[margin?: number, reduction?: Reduction], ops.MarginLossOptions>;
const readMargin = (where: string, args: readonly unknown[]): Partial<ops.MarginLossOptions> =>
  readLoss<ops.MarginLossOptions>(where, args, MARGIN_LOSS);
type ReducedArguments = Call<[reduction?: Reduction], ops.ReducedLossOptions>;
const readReduced = (where: string, args: readonly unknown[]): Reduction | undefined =>
  readLoss<ops.ReducedLossOptions>(where, args, PLAIN_LOSS).reduction;
/**
 * The mean of `1 - cos(x1, x2)` where `target` is 1 and of `max(0, cos(x1, x2) - margin)` where it is -1: x1, x2 [N, D],
 * target [N]. Throws ShapeError for other shapes.
 * @example
 * const [a, b] = [torch.tensor([[1.5, 2]]), torch.tensor([[2, 1.5]])]
 * new torch.nn.CosineEmbeddingLoss().forward(a, b, torch.tensor([1])) // tensor(0.0400)
 */
export class CosineEmbeddingLoss extends Loss<Two> {
  readonly margin: number;
  constructor(...args: MarginArguments) {
    const options = readMargin('CosineEmbeddingLoss', args);
    super(options.reduction);
    this.margin = options.margin ?? 0;
  }
  override forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor {
    return ops.cosineEmbeddingLoss(x1, x2, target, { margin: this.margin, reduction: this.reduction });
  }
}
/**
 * The mean of `max(0, -target (x1 - x2) + margin)`: target 1 wants x1 to be the larger, -1 x2. Throws ShapeError if the
 * numbers of dims differ.
 * @example
 * new torch.nn.MarginRankingLoss().forward(torch.tensor([1.5]), torch.tensor([2]), torch.tensor([1])) // tensor(0.5000)
 */
export class MarginRankingLoss extends Loss<Two> {
  readonly margin: number;
  constructor(...args: MarginArguments) {
    const options = readMargin('MarginRankingLoss', args);
    super(options.reduction);
    this.margin = options.margin ?? 0;
  }
  override forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor {
    return ops.marginRankingLoss(x1, x2, target, { margin: this.margin, reduction: this.reduction });
  }
}
/**
 * The mean of `x` where `target` is 1 and of `max(0, margin - x)` where it is -1. Throws ShapeError where the shapes do
 * not broadcast.
 * @example
 * new torch.nn.HingeEmbeddingLoss().forward(torch.tensor([0.25, 0.5]), torch.tensor([1, -1])) // tensor(0.3750)
 */
export class HingeEmbeddingLoss extends Loss {
  readonly margin: number;
  constructor(...args: MarginArguments) {
    const options = readMargin('HingeEmbeddingLoss', args);
    super(options.reduction);
    this.margin = options.margin ?? 1;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return ops.hingeEmbeddingLoss(x, target, { margin: this.margin, reduction: this.reduction });
  }
}
/**
 * The mean of `ln(1 + exp(-target x))` for targets 1 and -1. Throws ShapeError where the shapes do not broadcast.
 * @example
 * new torch.nn.SoftMarginLoss().forward(torch.tensor([0.5, 1.5]), torch.tensor([1, -1])) // tensor(1.0877)
 */
export class SoftMarginLoss extends Loss {
  constructor(...args: ReducedArguments) {
    super(readReduced('SoftMarginLoss', args));
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return ops.softMarginLoss(x, target, { reduction: this.reduction });
  }
}
/**
 * The mean of {@link torch.multilabelMarginLoss} over rows of logits [N, C] and class indices [N, C], which end at -1.
 * Throws ShapeError where sizes differ.
 * @example
 * const x = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
 * new torch.nn.MultiLabelMarginLoss().forward(x, torch.tensor([[3, 0, -1, 1]])) // tensor(0.8500)
 */
export class MultiLabelMarginLoss extends Loss {
  constructor(...args: ReducedArguments) {
    super(readReduced('MultiLabelMarginLoss', args));
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return ops.multilabelMarginLoss(x, target, { reduction: this.reduction });
  }
}
/**
 * The mean of `max(0, margin + |anchor - positive| - |anchor - negative|)`, `p`-norms along the last dim. Throws
 * RangeError if `margin` is not positive.
 * @example
 * const [a, p, n] = [[[0.5, 1]], [[0.5, 1.5]], [[2.5, 1]]].map((x) => torch.tensor(x))
 * new torch.nn.TripletMarginLoss({ margin: 2 }).forward(a, p, n) // tensor(0.5000)
 */
export class TripletMarginLoss extends Loss<Triplet> {
  readonly margin: number;
  readonly p: number;
  readonly eps: number;
  readonly swap: boolean;
  constructor(
    ...args: Call<
      [margin?: number, p?: number, eps?: number, swap?: boolean, reduction?: Reduction],
      ops.TripletMarginLossOptions
    >
  ) {
    const options = readLoss<ops.TripletMarginLossOptions>('TripletMarginLoss', args, TRIPLET_LOSS);
    super(options.reduction);
    this.margin = options.margin ?? 1;
    checkNumber('TripletMarginLoss', 'margin', this.margin);
    if (this.margin <= 0) {
      throw new RangeError(`TripletMarginLoss: expected margin to be greater than 0, got ${this.margin} instead`);
    }
    this.p = options.p ?? 2;
    this.eps = options.eps ?? 1e-6;
    this.swap = options.swap ?? false;
  }
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return ops.tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}
/**
 * As {@link TripletMarginLoss}, with distances of one's own.
 * @example
 * const [a, p, n] = [[[0.5, 1]], [[0.5, 1.5]], [[2.5, 1]]].map((x) => torch.tensor(x))
 * const distanceFunction = (x, y) => x.sub(y).abs().amax(-1)
 * new torch.nn.TripletMarginWithDistanceLoss({ distanceFunction, margin: 2 }).forward(a, p, n) // tensor(0.5000)
 */
export class TripletMarginWithDistanceLoss extends Loss<Triplet> {
  readonly distanceFunction: ((x: Tensor, y: Tensor) => Tensor) | null;
  readonly margin: number;
  readonly swap: boolean;
  constructor(options: ops.TripletMarginWithDistanceLossOptions = {}) {
    const where = 'TripletMarginWithDistanceLoss';
    const names = ['distanceFunction', 'margin', 'swap', 'reduction'];
    const given = readArguments<ops.TripletMarginWithDistanceLossOptions>(where, [options], [], names);
    const { distanceFunction = null, margin = 1, swap = false, reduction } = given;
    super(reduction);
    if (distanceFunction !== null) checkFunction(where, distanceFunction);
    checkNumber(where, 'margin', margin);
    if (margin <= 0) throw new RangeError(`${where}: expected margin to be greater than 0, got ${margin} instead`);
    this.distanceFunction = distanceFunction;
    this.margin = margin;
    this.swap = swap;
  }
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this;
    return ops.tripletMarginWithDistanceLoss(anchor, positive, negative, { distanceFunction, margin, swap, reduction });
  }
}
/**
 * The mean of {@link torch.multiMarginLoss} of logits [N, C] and classes [N], weighted by the class's `weight`. Throws
 * RangeError for a `p` other than 1 and 2.
 * @example
 * new torch.nn.MultiMarginLoss().forward(torch.tensor([[0.5, 1, 0.25]]), torch.tensor([1])) // tensor(0.2500)
 */
export class MultiMarginLoss extends Loss {
  readonly p: number;
  readonly margin: number;
  readonly weight: Tensor | null;
  constructor(
    ...args: Call<
      [p?: number, margin?: number, weight?: Tensor | null, reduction?: Reduction],
      ops.MultiMarginLossOptions
    >
  ) {
    const options = readLoss<ops.MultiMarginLossOptions>('MultiMarginLoss', args, MULTI_MARGIN_LOSS);
    super(options.reduction);
    this.p = options.p ?? 1;
    this.margin = options.margin ?? 1;
    this.weight = options.weight ?? null;
    if (this.p !== 1 && this.p !== 2) throw new RangeError('MultiMarginLoss: only p == 1 and p == 2 supported');
    if (this.weight !== null) checkTensor('MultiMarginLoss', this.weight, 'weight');
    if (this.weight !== null && this.weight.ndim !== 1)
      throw new RangeError('MultiMarginLoss: expected weight to be None or 1D tensor');
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this;
    return ops.multiMarginLoss(x, target, { p, margin, weight, reduction });
  }
}
/**
 * The mean of the binary cross entropies of `sigmoid(x)` with targets 0 and 1 over the last dim, each times `weight`.
 * Throws ShapeError where the shapes do not broadcast.
 * @example
 * new torch.nn.MultiLabelSoftMarginLoss().forward(torch.tensor([[0.5, -1]]), torch.tensor([[1, 0]])) // tensor(0.3937)
 */
export class MultiLabelSoftMarginLoss extends Loss {
  readonly weight: Tensor | null;
  constructor(...args: Call<[weight?: Tensor | null, reduction?: Reduction], ops.MultilabelSoftMarginLossOptions>) {
    const options = readLoss<ops.MultilabelSoftMarginLossOptions>('MultiLabelSoftMarginLoss', args, WEIGHTED_LOSS);
    super(options.reduction);
    this.weight = options.weight ?? null;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    return ops.multilabelSoftMarginLoss(x, target, { weight: this.weight, reduction: this.reduction });
  }
}
/**
 * The mean of `(ln(var) + (x - target)² / var) / 2`. Throws RangeError if a variance is negative.
 * @example
 * const loss = new torch.nn.GaussianNLLLoss()
 * loss.forward(torch.tensor([1.5, 2]), torch.tensor([1, 2]), torch.tensor([0.5, 1])) // tensor(-0.0483)
 */
export class GaussianNLLLoss extends Loss<[x: Tensor, target: Tensor, variance: Tensor | number]> {
  readonly full: boolean;
  readonly eps: number;
  constructor(options: nll.GaussianNllLossOptions = {}) {
    const names = ['full', 'eps', 'reduction'];
    const given = readArguments<nll.GaussianNllLossOptions>('GaussianNLLLoss', [options], [], names);
    super(given.reduction);
    this.full = given.full ?? false;
    this.eps = given.eps ?? 1e-6;
  }
  override forward(x: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { full, eps, reduction } = this;
    return nll.gaussianNllLoss(x, target, variance, { full, eps, reduction });
  }
}
/**
 * The mean of `exp(x) - target x`, or without `logInput` of `x - target ln(x + eps)`. Throws ShapeError where the shapes
 * do not broadcast.
 * @example
 * new torch.nn.PoissonNLLLoss().forward(torch.tensor([0.5, 1]), torch.tensor([1, 2])) // tensor(0.9335)
 */
export class PoissonNLLLoss extends Loss {
  readonly logInput: boolean;
  readonly full: boolean;
  readonly eps: number;
  constructor(
    ...args: Call<[logInput?: boolean, full?: boolean, eps?: number, reduction?: Reduction], nll.PoissonNllLossOptions>
  ) {
    const options = readLoss<nll.PoissonNllLossOptions>('PoissonNLLLoss', args, POISSON_LOSS);
    super(options.reduction);
    this.logInput = options.logInput ?? true;
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-8;
  }
  override forward(x: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return nll.poissonNllLoss(x, target, { logInput, full, eps, reduction });
  }
}
type Lengths = Tensor | readonly number[] | number;
/**
 * {@link torch.ctcLoss} of log-probabilities [T, N, C] and targets [N, S] or [sum of the lengths], with the lengths of
 * both. Throws ShapeError and RangeError for what does not fit.
 * @example
 * const x = torch.tensor([[[0.5, 0.25, 0.25]], [[0.25, 0.5, 0.25]]]).log()
 * new torch.nn.CTCLoss().forward(x, torch.tensor([[1]]), [2], [1]) // tensor(0.8267)
 */
export class CTCLoss extends Loss<[logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths]> {
  readonly blank: number;
  readonly zeroInfinity: boolean;
  constructor(...args: Call<[blank?: number, reduction?: Reduction, zeroInfinity?: boolean], nll.CtcLossOptions>) {
    const names = ['blank', 'reduction', 'zeroInfinity'];
    const options = readArguments<nll.CtcLossOptions>('CTCLoss', args, names);
    super(options.reduction);
    this.blank = options.blank ?? 0;
    this.zeroInfinity = options.zeroInfinity ?? false;
  }
  override forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    const { blank, reduction, zeroInfinity } = this;
    return nll.ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, reduction, zeroInfinity });
  }
}
