// Losses of pairs of elements. nn.functional and the modules of nn/loss.ts call them.
import { recording } from '../autograd/node.ts';
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, resultType } from '../dispatch.ts';
import { ShapeError, checkNumber, inNameOf } from '../errors.ts';
import { FLOATING, requireFloating } from '../dtype.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { MEAN, NONE, SUM } from './internal/loss-grad.ts';
import { mapOf } from './internal/mapping.ts';
import {
  KL_LOSS,
  type LegacyReduction,
  LOGITS_LOSS,
  order,
  readLoss,
  reduced,
  type Reduction,
  reductionCode,
  SMOOTH_LOSS,
  WEIGHTED_LOSS,
} from './internal/reduction.ts';
import { operators } from './internal/register.ts';

export type { Reduction } from './internal/reduction.ts';

/** Losses take two tensors of one shape; others broadcast, which is mostly a mistake, so it is said. */
function checkPair(where: string, x: Tensor, target: Tensor, floats = true): void {
  checkTensor(where, x);
  checkTensor(where, target, 'target');
  commonDevice(where, [x, target]);
  if (floats && x.dt.kind !== FLOATING && target.dt.kind !== FLOATING) requireFloating(where, x.dt);
  if (!sameShape(x.sizes, target.sizes)) {
    process.emitWarning(
      `${where}: using a target size (${show(target.sizes)}) that is different to the input size (${show(x.sizes)}). ` +
        'This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.',
    );
    broadcastShapes(where, x.sizes, target.sizes);
  }
}

type Pointwise = (x: Tensor, target: Tensor) => Tensor;

/** A kernel of both, which are not recorded. */
function inOnePass(name: string): (x: Tensor, target: Tensor, ...params: number[]) => Tensor {
  const k = kernel(name);
  return (a, b, ...params) => mapOf(name, k, resultType(a, b), [a, b], params);
}
const squaredDifference = inOnePass('squaredDifference');
const absoluteDifference = inOnePass('absoluteDifference');
const smoothL1 = inOnePass('smoothL1');
const huber = inOnePass('huber');
const clipped = inOnePass('clippedDifference');
/** `(x - target) / by` within the limits: the derivative of smoothL1Loss and huberLoss. */
const clippedDifference =
  (by: number, limit: number): Pointwise =>
  (a, b) =>
    recording([a, b]) ? a.sub(b).div(by).clamp(-limit, limit) : clipped(a, b, by, limit);

/** A loss `value(x, target)`, reduced, whose derivative by x is `slope`, and by the target `targetSlope` or its opposite. */
function pointwise(
  name: string,
  x: Tensor,
  target: Tensor,
  reduction: number,
  value: Pointwise,
  slope: Pointwise,
  targetSlope: Pointwise | null = null,
  factor = 1,
): Tensor {
  const losses = value(x.detach(), target.detach());
  const { count } = losses;
  return record(name, reduced(losses, reduction), [x, target], [x, target], (g, n) => {
    const [a, b] = [n.unpack(0), n.unpack(1)];
    // constants go into the 0-d gradient first: one pass less over the elements
    const scale = (by: number): Tensor => (reduction === MEAN ? g.mul(by / count) : by === 1 ? g : g.mul(by));
    return [
      n.needs(0) ? slope(a, b).mul(scale(factor)) : null,
      n.needs(1) ? (targetSlope ? targetSlope(a, b).mul(scale(1)) : slope(a, b).mul(scale(-factor))) : null,
    ];
  });
}

const PAIR_LOSS = order('sizeAverage reduce reduction', ['weight']);
/** Options of {@link mseLoss} and {@link l1Loss}. */
export interface LossOptions extends LegacyReduction {
  reduction?: Reduction | undefined;
  /** Multiplies the losses of the elements; broadcasts. */
  weight?: Tensor | null | undefined;
}
type LossArguments = Call<[reduction?: Reduction], LossOptions>;

function weighted(
  where: string,
  x: Tensor,
  target: Tensor,
  args: readonly unknown[],
  value: Pointwise,
  slope: Pointwise,
  factor = 1,
): Tensor {
  const { reduction = 'mean', weight = null } = readLoss<LossOptions>(where, args, PAIR_LOSS);
  const code = reductionCode(where, reduction);
  checkPair(where, x, target, where !== 'l1Loss' || code === MEAN);
  // PyTorch composes the absolute loss of other operators, and its node is theirs
  const name = where === 'mseLoss' ? where : code === NONE ? 'abs' : reduction;
  if (weight === null) return pointwise(name, x, target, code, value, slope, null, factor);
  return weigh(where, pointwise(name, x, target, NONE, value, slope, null, factor), weight, code);
}
/** Losses times weights, reduced; the mean is weighted too. */
function weigh(where: string, losses: Tensor, weight: Tensor, code: number): Tensor {
  checkTensor(where, weight, 'weight');
  const all = inNameOf(where, () => losses.mul(weight));
  return code === MEAN ? all.sum().div(weight.expand(all.sizes).sum()) : reduced(all, code);
}

/**
 * The squared differences of `x` and `target`, and their mean by default. Throws DtypeError for integers, ShapeError
 * where the shapes do not broadcast.
 * @example
 * torch.mseLoss(torch.tensor([1.5, 2]), torch.tensor([0.5, 4])) // tensor(2.5000)
 */
export function mseLoss(x: Tensor, target: Tensor, ...args: LossArguments): Tensor {
  if (casting.on) return castCall('mseLoss', mseLoss, [x, target, ...args]);
  return weighted('mseLoss', x, target, args, squaredDifference, (a, b) => a.sub(b), 2);
}

/**
 * The absolute differences of `x` and `target`, and their mean by default. Throws DtypeError for the mean of integers,
 * ShapeError where the shapes do not broadcast.
 * @example
 * torch.l1Loss(torch.tensor([1.5, 2]), torch.tensor([0.5, 4])) // tensor(1.5000)
 */
export function l1Loss(x: Tensor, target: Tensor, ...args: LossArguments): Tensor {
  if (casting.on) return castCall('l1Loss', l1Loss, [x, target, ...args]);
  return weighted('l1Loss', x, target, args, absoluteDifference, (a, b) => a.sub(b).sign());
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends LegacyReduction {
  reduction?: Reduction | undefined;
  beta?: number | undefined;
}
/**
 * `d² / (2 beta)` for differences d below `beta`, `d - beta / 2` above (https://arxiv.org/abs/1504.08083), and the mean
 * by default. Throws RangeError if `beta` is negative, ShapeError where the shapes do not broadcast.
 * @example
 * torch.smoothL1Loss(torch.tensor([1.5, 2]), torch.tensor([1, 4])) // tensor(0.8125)
 */
export function smoothL1Loss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[reduction?: Reduction, beta?: number], SmoothL1LossOptions>
): Tensor {
  if (casting.on) return castCall('smoothL1Loss', smoothL1Loss, [x, target, ...args]);
  return inNameOf('smoothL1Loss', () => {
    const where = 'smoothL1Loss';
    const { reduction = 'mean', beta = 1 } = readLoss<SmoothL1LossOptions>(where, args, SMOOTH_LOSS);
    checkNumber(where, 'beta', beta);
    if (!(beta >= 0))
      throw new RangeError(`${where}: smooth_l1_loss does not support negative values for beta, but got ${beta}`);
    if (beta === 0) return l1Loss(x, target, { reduction });
    checkPair(where, x, target);
    return pointwise(
      'smoothL1Loss',
      x,
      target,
      reductionCode(where, reduction),
      (a, b) => smoothL1(a, b, beta),
      clippedDifference(beta, 1),
    );
  });
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions {
  reduction?: Reduction | undefined;
  delta?: number | undefined;
  /** Multiplies the losses of the elements; broadcasts. */
  weight?: Tensor | null | undefined;
}
/**
 * `d² / 2` for differences d below `delta`, `delta (d - delta / 2)` above, and the mean by default. Throws RangeError
 * if `delta` is not positive, ShapeError where the shapes do not broadcast.
 * @example
 * torch.huberLoss(torch.tensor([1.5, 2]), torch.tensor([1, 4])) // tensor(0.8125)
 */
export function huberLoss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[reduction?: Reduction, delta?: number, weight?: Tensor | null], HuberLossOptions>
): Tensor {
  if (casting.on) return castCall('huberLoss', huberLoss, [x, target, ...args]);
  return inNameOf('huberLoss', () => {
    const where = 'huberLoss';
    const names = ['reduction', 'delta', 'weight'];
    const { reduction = 'mean', delta = 1, weight = null } = readArguments<HuberLossOptions>(where, args, names);
    const code = reductionCode(where, reduction);
    checkNumber(where, 'delta', delta);
    if (!(delta > 0))
      throw new RangeError(`${where}: huber_loss does not support non-positive values for delta, but got ${delta}`);
    checkPair(where, x, target);
    const losses = pointwise(
      'huberLoss',
      x,
      target,
      weight === null ? code : NONE,
      (a, b) => huber(a, b, delta),
      clippedDifference(1, delta),
    );
    if (weight === null) return losses;
    checkTensor(where, weight, 'weight');
    if (!sameShape(weight.sizes, x.sizes))
      throw new ShapeError(
        `${where}: Weights and input must have the same size: ${show(weight.sizes)} and ${show(x.sizes)}`,
      );
    return reduced(losses.mul(weight), code); // unlike that of mseLoss, the mean is a plain one
  });
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends LegacyReduction {
  weight?: Tensor | null | undefined;
  reduction?: Reduction | undefined;
}
function sameSizes(where: string, x: Tensor, target: Tensor): void {
  checkTensor(where, x);
  checkTensor(where, target, 'target');
  requireFloating(where, x.dt);
  requireFloating(where, target.dt);
  commonDevice(where, [x, target]);
  if (!sameShape(x.sizes, target.sizes)) {
    throw new ShapeError(
      `${where}: target size (${show(target.sizes)}) must be the same as input size (${show(x.sizes)})`,
    );
  }
}
/**
 * `-(target ln(x) + (1 - target) ln(1 - x))` for probabilities x, times `weight`, and the mean by default. Logarithms
 * are at least -100. Throws RangeError for an x outside [0, 1], ShapeError if the sizes differ.
 * @example
 * torch.binaryCrossEntropy(torch.tensor([0.5, 0.9]), torch.tensor([0, 1.0]).float()) // tensor(0.3993)
 */
export function binaryCrossEntropy(
  x: Tensor,
  target: Tensor,
  ...args: Call<[weight?: Tensor | null, reduction?: Reduction], BinaryCrossEntropyOptions>
): Tensor {
  if (casting.on) return castCall('binaryCrossEntropy', binaryCrossEntropy, [x, target, ...args]);
  const where = 'binaryCrossEntropy';
  const { weight = null, reduction = 'mean' } = readLoss<BinaryCrossEntropyOptions>(where, args, WEIGHTED_LOSS);
  const code = reductionCode(where, reduction);
  sameSizes(where, x, target);
  const d = x.detach();
  if (d.clamp(0, 1).ne(d).any().item())
    throw new RangeError(`${where}: all elements of input should be between 0 and 1`);
  const log = (p: Tensor): Tensor => p.log().clamp({ min: -100 });
  const rest = (p: Tensor): Tensor => p.neg().log1p().clamp({ min: -100 });
  const value: Pointwise = (p, t) =>
    t
      .sub(1)
      .mul(rest(p))
      .sub(t.mul(log(p)));
  const slope: Pointwise = (p, t) => p.sub(t).div(p.neg().add(1).mul(p).clamp({ min: 1e-12 }));
  const losses = pointwise('binaryCrossEntropy', x, target, weight === null ? code : NONE, value, slope, (p) =>
    rest(p).sub(log(p)),
  );
  if (weight === null) return losses;
  checkTensor(where, weight, 'weight');
  return reduced(losses.mul(weight), code);
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  posWeight?: Tensor | null | undefined;
}
/**
 * {@link binaryCrossEntropy} of `sigmoid(x)`, computed without losing small probabilities; `posWeight` multiplies the loss
 * of positive targets. Throws ShapeError if the sizes differ.
 * @example
 * torch.binaryCrossEntropyWithLogits(torch.tensor([0, 1.5]), torch.tensor([0, 1.0]).float()) // tensor(0.4473)
 */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  target: Tensor,
  ...args: Call<
    [weight?: Tensor | null, reduction?: Reduction, posWeight?: Tensor | null],
    BinaryCrossEntropyWithLogitsOptions
  >
): Tensor {
  if (casting.on) return castCall('binaryCrossEntropyWithLogits', binaryCrossEntropyWithLogits, [x, target, ...args]);
  const where = 'binaryCrossEntropyWithLogits';
  const {
    weight = null,
    reduction = 'mean',
    posWeight = null,
  } = readLoss<BinaryCrossEntropyWithLogitsOptions>(where, args, LOGITS_LOSS);
  const code = reductionCode(where, reduction);
  sameSizes(where, x, target);
  if (posWeight !== null) checkTensor(where, posWeight, 'posWeight');
  // (1 - t) x + (1 + (posWeight - 1) t) softplus(-x)
  const value: Pointwise = (a, t) => {
    const soft = a.neg().logaddexp(0);
    return t
      .neg()
      .add(1)
      .mul(a)
      .add(posWeight === null ? soft : t.mul(posWeight.sub(1)).add(1).mul(soft));
  };
  const slope: Pointwise = (a, t) => {
    if (posWeight === null) return a.sigmoid().sub(t);
    const p = t.mul(posWeight);
    return p.add(1).sub(t).mul(a.sigmoid()).sub(p);
  };
  const targetSlope: Pointwise = (a) =>
    posWeight === null ? a.neg() : posWeight.mul(a.neg().logaddexp(0)).sub(a.logaddexp(0));
  const inner = weight === null ? code : NONE;
  const losses = pointwise('binaryCrossEntropyWithLogits', x, target, inner, value, slope, targetSlope);
  if (weight === null) return losses;
  checkTensor(where, weight, 'weight');
  return reduced(losses.mul(weight), code);
}

/** Options of {@link klDiv}. */
export interface KlDivOptions extends LegacyReduction {
  reduction?: Reduction | 'batchmean' | undefined;
  logTarget?: boolean | undefined;
}
/**
 * The Kullback-Leibler divergence `target (ln(target) - x)` of log-probabilities x from probabilities (or, with
 * `logTarget`, log-probabilities) `target`; `'batchmean'` divides the sum by the size of the first dim. Throws
 * ShapeError where the shapes do not broadcast.
 * @example
 * torch.klDiv(torch.tensor([-0.5, -1]), torch.tensor([0.5, 0.5])) // tensor(0.0284)
 */
export function klDiv(
  x: Tensor,
  target: Tensor,
  ...args: Call<[reduction?: Reduction | 'batchmean', logTarget?: boolean], KlDivOptions>
): Tensor {
  if (casting.on) return castCall('klDiv', klDiv, [x, target, ...args]);
  const { reduction = 'mean', logTarget = false } = readLoss<KlDivOptions>('klDiv', args, KL_LOSS);
  checkTensor('klDiv', x);
  checkTensor('klDiv', target, 'target');
  commonDevice('klDiv', [x, target]);
  broadcastShapes('klDiv', x.sizes, target.sizes);
  const code = reduction === 'batchmean' ? SUM : reductionCode('klDiv', reduction);
  const losses = logTarget ? target.exp().mul(target.sub(x)) : target.xlogy(target).sub(target.mul(x));
  const total = reduced(losses, code);
  return reduction === 'batchmean' && x.ndim > 0 ? total.div(x.sizes[0]!) : total;
}

operators({ mseLoss, l1Loss, smoothL1Loss, huberLoss, binaryCrossEntropy, binaryCrossEntropyWithLogits, klDiv });
