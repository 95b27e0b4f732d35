// Losses with a margin: of pairs, triplets and classes. nn.functional and the modules of nn/margin-loss.ts call them.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { INTEGER, int64, requireFloating } from '../dtype.ts';
import { checkFunction, checkNumber, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { pairwiseDistance } from './distance.ts';
import { NONE } from './internal/loss-grad.ts';
import { zerosOf } from './internal/reducing.ts';
import {
  type Reduction,
  reduced,
  reductionCode,
  type LegacyReduction,
  MARGIN_LOSS,
  MULTI_MARGIN_LOSS,
  PLAIN_LOSS,
  readLoss,
  TRIPLET_LOSS,
  WEIGHTED_LOSS,
} from './internal/reduction.ts';
import { operators } from './internal/register.ts';
import { choose } from './internal/where.ts';

/** Options of the losses with a margin and no more. */
export interface MarginLossOptions extends LegacyReduction {
  margin?: number | undefined;
  reduction?: Reduction | undefined;
}
type MarginArguments = Call<[margin?: number, reduction?: Reduction], MarginLossOptions>;

/** Checks tensors by name, all on one device. */
function checkAll(where: string, tensors: Readonly<Record<string, unknown>>): void {
  for (const [name, x] of Object.entries(tensors)) checkTensor(where, x, name);
  commonDevice(where, Object.values(tensors));
}
function readMargin(where: string, args: readonly unknown[], fallback: number): { margin: number; code: number } {
  const { margin = fallback, reduction = 'mean' } = readLoss<MarginLossOptions>(where, args, MARGIN_LOSS);
  checkNumber(where, 'margin', margin);
  return { margin, code: reductionCode(where, reduction) };
}
const from = (n: number, x: Tensor): Tensor => x.neg().add(n);
/** `x` where `target` is not `value`, else 0. */
const unless = (target: Tensor, value: number, x: Tensor): Tensor => choose(target.ne(value), x, 0);

/**
 * `1 - cos(x1, x2)` where `target` is 1, `max(0, cos(x1, x2) - margin)` where it is -1, and the mean by default: x1, x2
 * [N, D] with target [N], or [D] with []. Throws ShapeError for other shapes.
 * @example
 * const [a, b] = [torch.tensor([[1.5, 2]]), torch.tensor([[2, 1.5]])]
 * torch.cosineEmbeddingLoss(a, b, torch.tensor([-1])) // tensor(0.9600)
 */
export function cosineEmbeddingLoss(x1: Tensor, x2: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (casting.on) return castCall('cosineEmbeddingLoss', cosineEmbeddingLoss, [x1, x2, target, ...args]);
  const where = 'cosineEmbeddingLoss';
  return inNameOf(where, () => {
    const { margin, code } = readMargin(where, args, 0);
    checkAll(where, { input1: x1, input2: x2, target });
    const rank = target.ndim;
    if (rank > 1) throw new ShapeError(`${where}: 0D or 1D target tensor expected, multi-target not supported`);
    if (x1.ndim !== rank + 1 || x2.ndim !== rank + 1) {
      throw new ShapeError(
        `${where}: ${rank}D target tensor expects ${rank + 1}D input tensors, but found inputs with sizes ${show(x1.sizes)} and ${show(x2.sizes)}`,
      );
    }
    const square = (x: Tensor): Tensor => x.mul(x).sum(rank).add(Math.fround(1e-12)); // a float in PyTorch too
    const cos = x1
      .mul(x2)
      .sum(rank)
      .div(square(x1).mul(square(x2)).sqrt());
    const alike = choose(target.eq(1), from(1, cos), 0);
    const different = choose(target.eq(-1), cos.sub(margin).clampMin(0), 0);
    return reduced(alike.add(different), code);
  });
}

/**
 * `max(0, -target (x1 - x2) + margin)`, and the mean by default: `target` 1 wants x1 to be the larger, -1 x2. Throws
 * ShapeError if the numbers of dims differ or the shapes do not broadcast.
 * @example
 * torch.marginRankingLoss(torch.tensor([1.5]), torch.tensor([2]), torch.tensor([1])) // tensor(0.5000)
 */
export function marginRankingLoss(x1: Tensor, x2: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (casting.on) return castCall('marginRankingLoss', marginRankingLoss, [x1, x2, target, ...args]);
  const where = 'marginRankingLoss';
  return inNameOf(where, () => {
    const { margin, code } = readMargin(where, args, 0);
    checkAll(where, { input1: x1, input2: x2, target });
    if (x1.ndim !== x2.ndim || x1.ndim !== target.ndim) {
      throw new ShapeError(
        `${where}: All input tensors should have same dimension but got sizes: input1: ${show(x1.sizes)}, input2: ${show(x2.sizes)}, target: ${show(target.sizes)}`,
      );
    }
    return reduced(target.neg().mul(x1.sub(x2)).add(margin).clampMin(0), code);
  });
}

/**
 * `x` where `target` is 1, `max(0, margin - x)` where it is -1, and the mean by default. Throws ShapeError where the shapes
 * do not broadcast.
 * @example
 * torch.hingeEmbeddingLoss(torch.tensor([0.25, 0.5]), torch.tensor([1, -1])) // tensor(0.3750)
 */
export function hingeEmbeddingLoss(x: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (casting.on) return castCall('hingeEmbeddingLoss', hingeEmbeddingLoss, [x, target, ...args]);
  const where = 'hingeEmbeddingLoss';
  return inNameOf(where, () => {
    const { margin, code } = readMargin(where, args, 1);
    checkAll(where, { input: x, target });
    const losses = unless(target, 1, from(margin, x).clampMin(0)).add(unless(target, -1, x));
    return reduced(losses, code);
  });
}

/** Options of {@link softMarginLoss} and {@link multilabelMarginLoss}. */
export interface ReducedLossOptions extends LegacyReduction {
  reduction?: Reduction | undefined;
}
type ReducedArguments = Call<[reduction?: Reduction], ReducedLossOptions>;
const readCode = (where: string, args: readonly unknown[]): number =>
  reductionCode(where, readLoss<ReducedLossOptions>(where, args, PLAIN_LOSS).reduction ?? 'mean');

/**
 * `ln(1 + exp(-target x))` for targets 1 and -1, and the mean by default. Throws ShapeError where the shapes do not
 * broadcast.
 * @example
 * torch.softMarginLoss(torch.tensor([0.5, 1.5]), torch.tensor([1, -1])) // tensor(1.0877)
 */
export function softMarginLoss(x: Tensor, target: Tensor, ...args: ReducedArguments): Tensor {
  if (casting.on) return castCall('softMarginLoss', softMarginLoss, [x, target, ...args]);
  return inNameOf('softMarginLoss', () => {
    const code = readCode('softMarginLoss', args);
    checkAll('softMarginLoss', { input: x, target });
    requireFloating('softMarginLoss', x.dt);
    return reduced(x.neg().mul(target).exp().log1p(), code);
  });
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginLossOptions extends MarginLossOptions {
  p?: number | undefined;
  eps?: number | undefined;
  /** Uses the distance of the negative from the positive where that is smaller. */
  swap?: boolean | undefined;
}
/** The dims and margin of triplets, as PyTorch refuses them. */
function checkTriplet(where: string, a: Tensor, p: Tensor, n: Tensor, margin: number): void {
  checkAll(where, { anchor: a, positive: p, negative: n });
  checkNumber(where, 'margin', margin);
  if (margin <= 0) throw new RangeError(`${where}: margin must be greater than 0, got ${margin}`);
  if (a.ndim !== p.ndim || p.ndim !== n.ndim) {
    throw new ShapeError(
      `${where}: The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor ${a.ndim}D, positive ${p.ndim}D, and negative ${n.ndim}D inputs`,
    );
  }
}
function triplet(
  [a, p, n]: readonly [Tensor, Tensor, Tensor],
  distance: (x: Tensor, y: Tensor) => Tensor,
  margin: number,
  swap: boolean,
  code: number,
): Tensor {
  const near = distance(a, p);
  const far = distance(a, n);
  const other = swap ? far.minimum(distance(p, n)) : far;
  return reduced(near.add(margin).sub(other).clampMin(0), code);
}
/**
 * `max(0, margin + |anchor - positive| - |anchor - negative|)` with `p`-norms along the last dim, and the mean by default.
 * Throws RangeError if `margin` is not positive, ShapeError if the numbers of dims differ.
 * @example
 * const [a, p, n] = [[[0.5, 1]], [[0.5, 1.5]], [[2.5, 1]]].map((x) => torch.tensor(x))
 * torch.tripletMarginLoss(a, p, n, { margin: 2 }) // tensor(0.5000)
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  ...args: Call<
    [margin?: number, p?: number, eps?: number, swap?: boolean, reduction?: Reduction],
    TripletMarginLossOptions
  >
): Tensor {
  if (casting.on) return castCall('tripletMarginLoss', tripletMarginLoss, [anchor, positive, negative, ...args]);
  const where = 'tripletMarginLoss';
  return inNameOf(where, () => {
    const options = readLoss<TripletMarginLossOptions>(where, args, TRIPLET_LOSS);
    const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction = 'mean' } = options;
    checkTriplet(where, anchor, positive, negative, margin);
    const code = reductionCode(where, reduction);
    return triplet([anchor, positive, negative], (x, y) => pairwiseDistance(x, y, p, eps), margin, swap, code);
  });
}

/** Options of {@link tripletMarginWithDistanceLoss}. */
export interface TripletMarginWithDistanceLossOptions extends MarginLossOptions {
  /** Distances of the vectors of two tensors; by default {@link pairwiseDistance}. */
  distanceFunction?: ((x: Tensor, y: Tensor) => Tensor) | null | undefined;
  swap?: boolean | undefined;
}
/**
 * As {@link tripletMarginLoss}, with distances of one's own.
 * @example
 * const [a, p, n] = [[[0.5, 1]], [[0.5, 1.5]], [[2.5, 1]]].map((x) => torch.tensor(x))
 * const distanceFunction = (x, y) => x.sub(y).abs().amax(-1)
 * torch.tripletMarginWithDistanceLoss(a, p, n, { distanceFunction, margin: 2 }) // tensor(0.5000)
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginWithDistanceLossOptions = {},
): Tensor {
  const where = 'tripletMarginWithDistanceLoss';
  return inNameOf(where, () => {
    const names = ['distanceFunction', 'margin', 'swap', 'reduction'];
    const given = readArguments<TripletMarginWithDistanceLossOptions>(where, [options], [], names);
    const { distanceFunction = null, margin = 1, swap = false, reduction = 'mean' } = given;
    const code = reductionCode(where, reduction);
    checkTriplet(where, anchor, positive, negative, margin);
    if (distanceFunction !== null) checkFunction(where, distanceFunction);
    const distance = distanceFunction ?? ((x: Tensor, y: Tensor): Tensor => pairwiseDistance(x, y));
    return triplet([anchor, positive, negative], distance, margin, swap, code);
  });
}

/** Options of {@link multiMarginLoss}. */
export interface MultiMarginLossOptions extends MarginLossOptions {
  /** 1 or 2. */
  p?: number | undefined;
  /** [C] */
  weight?: Tensor | null | undefined;
}
/** Refuses what is no [C] or [N, C] of at least one class, and integers; with `scalar`, [] is one class. */
function checkClasses(where: string, x: Tensor, scalar = false): number {
  requireFloating(where, x.dt);
  if (!((x.ndim === 1 || x.ndim === 2) && x.sizes.at(-1)! > 0) && !(scalar && x.ndim === 0)) {
    throw new ShapeError(
      `${where}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: ${show(x.sizes)}`,
    );
  }
  return x.sizes.at(-1) ?? 1;
}
/**
 * The sum over the other classes of `max(0, margin - x[class] + x)^p`, over the number of classes, times the class's
 * `weight`, and the mean by default: x [N, C] or [C], `target` [N] or []. Throws RangeError for a class that is not there
 * and a `p` other than 1 and 2, ShapeError where sizes do not fit.
 * @example
 * torch.multiMarginLoss(torch.tensor([[0.5, 1, 0.25]]), torch.tensor([1])) // tensor(0.2500)
 */
export function multiMarginLoss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[p?: number, margin?: number, weight?: Tensor | null, reduction?: Reduction], MultiMarginLossOptions>
): Tensor {
  if (casting.on) return castCall('multiMarginLoss', multiMarginLoss, [x, target, ...args]);
  const where = 'multiMarginLoss';
  return inNameOf(where, () => {
    const options = readLoss<MultiMarginLossOptions>(where, args, MULTI_MARGIN_LOSS);
    const { p = 1, margin = 1, weight = null, reduction = 'mean' } = options;
    const code = reductionCode(where, reduction);
    checkNumber(where, 'margin', margin);
    checkAll(where, { input: x, target });
    if (p !== 1 && p !== 2) throw new RangeError(`${where}: only p == 1 and p == 2 supported`);
    const classes = checkClasses(where, x, true);
    if (target.dt !== int64) throw new DtypeError(`${where}: expected int64 for target but received ${target.dtype}`);
    const rows = x.ndim === 2 ? x : x.reshape([1, -1]);
    if (target.count !== rows.sizes[0] || target.ndim > 1) {
      throw new ShapeError(
        `${where}: inconsistent target size, expected ${show([rows.sizes[0]!])} but got ${show(target.sizes)}`,
      );
    }
    if (weight !== null) {
      checkTensor(where, weight, 'weight');
      if (weight.ndim !== 1) throw new ShapeError(`${where}: weight must be one-dimensional`);
      if (weight.count !== classes) {
        throw new ShapeError(`${where}: inconsistent weight size, expected ${classes} but got ${show(weight.sizes)}`);
      }
      if (weight.dt !== x.dt)
        throw new DtypeError(
          `${where}: expected weight to be ${x.dt.name} as the input is, but found ${weight.dt.name}`,
        );
    }
    const labels = target.reshape([-1, 1]);
    const over = rows.sub(rows.gather(1, labels)).add(margin).relu();
    const powered = p === 2 ? over.square() : over;
    const others = powered.scatter(1, labels, 0).sum(1).div(classes);
    const each = weight === null ? others : others.mul(weight.indexSelect(0, labels.squeeze(1)));
    return reduced(code === NONE && target.ndim === 0 ? each.squeeze(0) : each, code);
  });
}

/**
 * The sum over pairs of a class in `target` and another of `max(0, 1 - x[class] + x[other])`, over the number of
 * classes, and the mean by default: x and int64 target [N, C] or [C]; a row of targets ends at its first -1. Throws
 * ShapeError where sizes differ, RangeError for a class that is not there.
 * @example
 * torch.multilabelMarginLoss(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]])) // tensor(0.8500)
 */
export function multilabelMarginLoss(x: Tensor, target: Tensor, ...args: ReducedArguments): Tensor {
  if (casting.on) return castCall('multilabelMarginLoss', multilabelMarginLoss, [x, target, ...args]);
  const where = 'multilabelMarginLoss';
  return inNameOf(where, () => {
    const code = readCode(where, args);
    checkAll(where, { input: x, target });
    if (x.ndim === 0) {
      requireFloating(where, x.dt);
      return reduced(multilabelMarginLoss(x.reshape([1]), target.reshape([-1]), 'none').reshape([]), code);
    }
    const classes = checkClasses(where, x);
    if (target.dt.kind !== INTEGER)
      throw new DtypeError(`${where}: expected integers for target but received ${target.dtype}`);
    if (!sameShape(target.sizes, x.sizes)) {
      throw new ShapeError(
        `${where}: inconsistent target size: ${show(target.sizes)} for input of size: ${show(x.sizes)}`,
      );
    }
    const [rows, labels] = x.ndim === 1 ? [x.unsqueeze(0), target.unsqueeze(0)] : [x, target];
    const counted = labels.lt(0).cumsum(1).eq(0);
    const positions = labels.clampMin(0).to('int64');
    const wanted = zerosOf(rows.sizes, rows.dt, rows.device).scatterAdd_(1, positions, counted.to(rows.dt.name)).gt(0);
    // [N, label, other]
    const margins = from(1, rows.gather(1, positions)).unsqueeze(2).add(rows.unsqueeze(1)).relu();
    const pairs = counted.unsqueeze(2).logicalAnd(wanted.logicalNot().unsqueeze(1));
    const each = choose(pairs, margins, 0).sum([1, 2]).div(classes);
    return reduced(code === NONE && x.ndim === 1 ? each.squeeze(0) : each, code);
  });
}

/** Options of {@link multilabelSoftMarginLoss}. */
export interface MultilabelSoftMarginLossOptions extends ReducedLossOptions {
  weight?: Tensor | null | undefined;
}
/**
 * The mean over the last dim of `-(t ln(sigmoid(x)) + (1 - t) ln(sigmoid(-x)))`, each times `weight`, and the mean of
 * all by default. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.multilabelSoftMarginLoss(torch.tensor([[0.5, -1]]), torch.tensor([[1, 0]])) // tensor(0.3937)
 */
export function multilabelSoftMarginLoss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[weight?: Tensor | null, reduction?: Reduction], MultilabelSoftMarginLossOptions>
): Tensor {
  const where = 'multilabelSoftMarginLoss';
  return inNameOf(where, () => {
    const { weight = null, reduction = 'mean' } = readLoss<MultilabelSoftMarginLossOptions>(where, args, WEIGHTED_LOSS);
    const code = reductionCode(where, reduction);
    checkAll(where, { input: x, target });
    if (x.ndim === 0) throw new RangeError(`${where}: expected at least 1 dimension for input`);
    const losses = target.mul(x.logsigmoid()).add(from(1, target).mul(x.neg().logsigmoid())).neg();
    if (weight !== null) checkTensor(where, weight, 'weight');
    const all = weight === null ? losses : losses.mul(weight);
    return reduced(all.sum(x.ndim - 1).div(x.sizes.at(-1)!), code);
  });
}

operators({
  cosineEmbeddingLoss,
  marginRankingLoss,
  hingeEmbeddingLoss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
  multiMarginLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
});
