// Negative log-likelihoods of normal and Poisson distributions, and of sequences (ctcLoss). nn.functional and the modules
// of nn/margin-loss.ts call them.
import { cpu } from '../device.ts';
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, runStruct } from '../dispatch.ts';
import { AutogradError, checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { float32, float64, INTEGER, int64 } from '../dtype.ts';
import { kernel } from '../native.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { MEAN } from './internal/loss-grad.ts';
import {
  type Reduction,
  reduced,
  reductionCode,
  type LegacyReduction,
  POISSON_LOSS,
  readLoss,
} from './internal/reduction.ts';
import { operators } from './internal/register.ts';
import { choose } from './internal/where.ts';

/** Options of {@link gaussianNllLoss}. */
export interface GaussianNllLossOptions {
  /** Adds the constant ln(2π) / 2. */
  full?: boolean | undefined;
  /** What variances are at least taken for. */
  eps?: number | undefined;
  reduction?: Reduction | undefined;
}
/** The variances, in a shape that broadcasts to `x` as PyTorch allows. */
function variances(where: string, x: Tensor, variance: Tensor | number): Tensor {
  if (typeof variance === 'number') {
    if (variance < 0) throw new RangeError(`${where}: var has negative entry/entries`);
    return emptyTensor(x.sizes, x.dt, x.device).fill_(variance);
  }
  if (variance.lt(0).any().item()) throw new RangeError(`${where}: var has negative entry/entries`);
  const [a, b] = [x.sizes, variance.sizes];
  if (sameShape(a, b)) return variance;
  if (sameShape(a.slice(0, -1), b)) return variance.unsqueeze(-1);
  // PyTorch adds up the sizes where they differ and wants 1
  if (a.length === b.length && b.reduce((sum, n, d) => sum + (n === a[d] ? 0 : n), 0) === 1) return variance;
  throw new ShapeError(`${where}: var is of incorrect size: ${show(b)} for input of size ${show(a)}`);
}
/**
 * `(ln(var) + (x - target)² / var) / 2`, and the mean by default; `var` has the shape of x, or one value per row. Throws
 * RangeError if a variance is negative, ShapeError for other shapes.
 * @example
 * torch.gaussianNllLoss(torch.tensor([1.5, 2]), torch.tensor([1, 2]), torch.tensor([0.5, 1])) // tensor(-0.0483)
 */
export function gaussianNllLoss(
  x: Tensor,
  target: Tensor,
  variance: Tensor | number,
  ...args: Call<[full?: boolean, eps?: number, reduction?: Reduction], GaussianNllLossOptions>
): Tensor {
  const where = 'gaussianNllLoss';
  return inNameOf(where, () => {
    const names = ['full', 'eps', 'reduction'];
    const options = readArguments<GaussianNllLossOptions>(where, args, names);
    const { full = false, eps = 1e-6, reduction = 'mean' } = options;
    checkTensor(where, x);
    checkTensor(where, target, 'target');
    if (typeof variance !== 'number') checkTensor(where, variance, 'var');
    checkNumber(where, 'eps', eps);
    commonDevice(where, [x, target, variance]);
    const given = variances(where, x, variance);
    const code = reductionCode(where, reduction);
    // the gradient passes a variance that was too small, as if it had not been
    const small = given.detach().lt(eps);
    const safe = given.add(choose(small, given.detach().neg().add(eps), 0));
    const losses = safe.log().add(x.sub(target).square().div(safe)).mul(0.5);
    return reduced(full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, code);
  });
}

/** Options of {@link poissonNllLoss}. */
export interface PoissonNllLossOptions extends LegacyReduction {
  /** Whether x is the logarithm of the rate (true). */
  logInput?: boolean | undefined;
  /** Adds Stirling's approximation of ln(target!). */
  full?: boolean | undefined;
  /** What is added to a rate before its logarithm is taken. */
  eps?: number | undefined;
  reduction?: Reduction | undefined;
}
/**
 * `exp(x) - target x` for logarithms x of rates, or `x - target ln(x + eps)` for rates, and the mean by default. Throws
 * ShapeError where the shapes do not broadcast.
 * @example
 * torch.poissonNllLoss(torch.tensor([0.5, 1]), torch.tensor([1, 2])) // tensor(0.9335)
 */
export function poissonNllLoss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[logInput?: boolean, full?: boolean, eps?: number, reduction?: Reduction], PoissonNllLossOptions>
): Tensor {
  if (casting.on) return castCall('poissonNllLoss', poissonNllLoss, [x, target, ...args]);
  const where = 'poissonNllLoss';
  return inNameOf(where, () => {
    const options = readLoss<PoissonNllLossOptions>(where, args, POISSON_LOSS);
    const { logInput = true, full = false, eps = 1e-8, reduction = 'mean' } = options;
    const code = reductionCode(where, reduction);
    checkTensor(where, x);
    checkTensor(where, target, 'target');
    checkNumber(where, 'eps', eps);
    commonDevice(where, [x, target]);
    const losses = logInput ? x.exp().sub(target.mul(x)) : x.sub(target.mul(x.add(eps).log()));
    if (!full) return reduced(losses, code);
    const stirling = target
      .mul(target.log())
      .sub(target)
      .add(
        target
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      );
    return reduced(losses.add(choose(target.le(1), 0, stirling)), code);
  });
}

// ---- sequences ------------------------------------------------------------------------------------------------------

const ctcKernel = kernel('ctcLoss');
const ctcBackwardKernel = kernel('ctcLossBackward');

/** Options of {@link ctcLoss}. */
export interface CtcLossOptions {
  /** The class that stands for no label (0). */
  blank?: number | undefined;
  reduction?: Reduction | undefined;
  /** Takes an infinite loss, of a target that its input is too short for, for zero. */
  zeroInfinity?: boolean | undefined;
}
/** Lengths, one for each of `batch` sequences, within [0, most]. */
function lengths(where: string, name: string, given: unknown, batch: number, most: number): Tensor {
  let x: Tensor;
  if (given instanceof Tensor) {
    if (given.dt.kind !== INTEGER) throw new DtypeError(`${where}: ${name} must be integral`);
    x = (given.ndim === 0 ? given.unsqueeze(0) : given).to('int64').contiguous();
  } else {
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    x = emptyTensor([list.length], int64, cpu);
    list.forEach((n, i) => {
      if (typeof n !== 'number' || !Number.isSafeInteger(n))
        throw new TypeError(`${where}: expected whole numbers for ${name} but received ${describe(n)}`);
      x.select(0, i).fill_(n);
    });
  }
  if (x.ndim !== 1 || x.count !== batch) throw new ShapeError(`${where}: ${name} must be of size batch_size`);
  if (batch > 0 && x.min().item() < 0) {
    throw new RangeError(`${where}: Expected ${name} to have value at least 0, but got value ${x.min().item()}`);
  }
  if (batch > 0 && x.max().item() > most) {
    throw new RangeError(`${where}: Expected ${name} to have value at most ${most}, but got value ${x.max().item()}`);
  }
  return x;
}

/**
 * The connectionist temporal classification loss (Graves et al., 2006) of log-probabilities [T, N, C] or [T, C] and
 * targets [N, S], or all one after the other in [sum of the lengths], with the lengths of inputs and targets [N]; the
 * default mean divides each loss by its target's length first. Throws ShapeError and RangeError for what does not fit.
 * @example
 * const x = torch.tensor([[[0.5, 0.25, 0.25]], [[0.25, 0.5, 0.25]]]).log()
 * torch.ctcLoss(x, torch.tensor([[1]]), [2], [1]) // tensor(0.8267)
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: Tensor | readonly number[] | number,
  targetLengths: Tensor | readonly number[] | number,
  ...args: Call<[blank?: number, reduction?: Reduction, zeroInfinity?: boolean], CtcLossOptions>
): Tensor {
  if (casting.on) return castCall('ctcLoss', ctcLoss, [logProbs, targets, inputLengths, targetLengths, ...args]);
  const where = 'ctcLoss';
  return inNameOf(where, () => {
    const names = ['blank', 'reduction', 'zeroInfinity'];
    const options = readArguments<CtcLossOptions>(where, args, names);
    const { blank = 0, reduction = 'mean', zeroInfinity = false } = options;
    const code = reductionCode(where, reduction);
    checkTensor(where, logProbs, 'logProbs');
    checkTensor(where, targets, 'targets');
    if (logProbs.dt !== float32 && logProbs.dt !== float64)
      throw new DtypeError(`${where}: not implemented for ${logProbs.dtype}`);
    if (targets.dt.kind !== INTEGER)
      throw new DtypeError(`${where}: expected integers for targets but received ${targets.dtype}`);
    if (logProbs.ndim !== 2 && logProbs.ndim !== 3) {
      throw new ShapeError(`${where}: expected log-probabilities [T, N, C] or [T, C], not ${show(logProbs.sizes)}`);
    }
    const single = logProbs.ndim === 2;
    const x = single ? logProbs.unsqueeze(1) : logProbs;
    if (x.count === 0) throw new ShapeError(`${where}: log_probs tensor must not be empty`);
    const [times, batch, classes] = x.sizes as readonly [number, number, number];
    if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
      throw new RangeError(`${where}: blank must be in label range`);
    if (targets.ndim < 1 || targets.ndim > 2 || (targets.ndim === 2 && targets.sizes[0] !== batch)) {
      throw new ShapeError(`${where}: expected targets [${batch}, S] or of one dim, not ${show(targets.sizes)}`);
    }
    const given = lengths(where, 'input_lengths', inputLengths, batch, times);
    const wanted = lengths(
      where,
      'target_lengths',
      targetLengths,
      batch,
      targets.ndim === 2 ? targets.sizes[1]! : targets.count,
    );
    if (targets.ndim === 1 && Number(wanted.sum().item()) !== targets.count) {
      throw new ShapeError(
        `${where}: Expected tensor to have size ${wanted.sum().item()} at dimension 0, but got size ${targets.count}`,
      );
    }
    const labels = targets.to({ dtype: 'int64', device: x.device });
    const lengthsThere = wanted.to(x.device);
    const loss = ctc(x, labels, given.to(x.device), lengthsThere, blank, zeroInfinity);
    const finite = zeroInfinity ? choose(loss.isinf(), 0, loss) : loss;
    if (code === MEAN) return finite.div(lengthsThere.clampMin(1).to(finite.dt.name)).mean();
    const all = reduced(finite, code);
    return single && all.ndim > 0 ? all.squeeze(0) : all;
  });
}

/** The losses [N]. */
function ctc(x: Tensor, labels: Tensor, given: Tensor, wanted: Tensor, blank: number, zeroInfinity: boolean): Tensor {
  const [times, batch] = x.sizes as readonly [number, number];
  const loss = emptyTensor([batch], x.dt, x.device);
  const alpha = emptyTensor([batch, times, 2 * Number(wanted.max().item()) + 1], x.dt, x.device);
  runStruct(ctcKernel, [loss, alpha, x, labels, given, wanted], [blank]);
  return record('ctcLoss', loss, [x], [x, labels, given, wanted, loss, alpha], (g, n) => {
    const saved = [0, 1, 2, 3, 4, 5].map((i) => n.unpack(i));
    const out = emptyTensor(saved[0]!.sizes, g.dt, g.device);
    runStruct(ctcBackwardKernel, [out, g, ...saved], [blank, zeroInfinity ? 1 : 0]);
    return [
      record('ctcLossBackward', out, [g, saved[0]!], [], () => {
        throw new AutogradError("backward: the derivative of ctcLoss's backward is not implemented, as in PyTorch");
      }),
    ];
  });
}

operators({ gaussianNllLoss, poissonNllLoss, ctcLoss });
