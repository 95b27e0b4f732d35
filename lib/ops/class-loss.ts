// Losses over classes. nn.functional and the modules of nn/loss.ts call them.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, runMap, runStruct } from '../dispatch.ts';
import { mode } from '../autograd/mode.ts';
import { DtypeError, describe, inNameOf, ShapeError } from '../errors.ts';
import { FLOATING, int64, requireFloating, uint8 } from '../dtype.ts';
import { kernel } from '../native.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { logSoftmaxGrad } from './internal/activation-grad-params.ts';
import { type ClassTargets, emptyLoss, MEAN, NONE, nll } from './internal/loss-grad.ts';
import { chunkedLoss, LinearCrossEntropyOptions as ChunkedOptions } from './internal/linear-cross-entropy.ts';
import {
  type Reduction,
  reduced,
  reductionCode,
  type LegacyReduction,
  CLASS_LOSS,
  readLoss,
  SMOOTHED_CLASS_LOSS,
} from './internal/reduction.ts';
import { operators } from './internal/register.ts';
import { linear } from './matmul.ts';

const crossEntropyKernel = kernel('crossEntropy');
const crossEntropyBackwardKernel = kernel('crossEntropyBackward');
const fillKernel = kernel('fill');

/** Options of {@link nllLoss}. */
export interface NllLossOptions extends LegacyReduction {
  weight?: Tensor | null | undefined;
  ignoreIndex?: number | undefined;
  reduction?: Reduction | undefined;
}
/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllLossOptions {
  labelSmoothing?: number | undefined;
}

/** Checks x [C], [N, C] or [N, C, *] against class indices, and brings both to the kernels' form. */
function classTargets(
  where: string,
  x: Tensor,
  target: Tensor,
  options: NllLossOptions,
  reduction: number,
): [Tensor, ClassTargets] {
  const { weight = null, ignoreIndex = -100 } = options;
  if (x.ndim < 1) throw new ShapeError(`${where}: expected 1 or more dimensions (got ${x.ndim})`);
  if (!Number.isSafeInteger(ignoreIndex))
    throw new TypeError(`${where}: expected a whole number for ignoreIndex but received ${describe(ignoreIndex)}`);
  if (target.dt !== int64 && target.dt !== uint8) {
    throw new DtypeError(`${where}: expected target dtype to be int64 or uint8, but got ${target.dtype}`);
  }
  const expected = x.ndim === 1 ? [] : [x.sizes[0]!, ...x.sizes.slice(2)];
  if (!sameShape(target.sizes, expected)) {
    const batch = x.ndim > 1 && target.ndim > 0 && target.sizes[0] !== x.sizes[0];
    throw new ShapeError(
      batch
        ? `${where}: expected input batch_size (${x.sizes[0]}) to match target batch_size (${target.sizes[0]})`
        : `${where}: expected target size ${show(expected)} for an input of size ${show(x.sizes)}, got ${show(target.sizes)}`,
    );
  }
  const classes = x.ndim === 1 ? x.sizes[0]! : x.sizes[1]!;
  if (weight !== null) {
    checkTensor(where, weight, 'weight');
    if (weight.ndim !== 1 || weight.sizes[0] !== classes) {
      throw new ShapeError(
        `${where}: weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${show(weight.sizes)}`,
      );
    }
    if (weight.dt !== x.dt)
      throw new DtypeError(`${where}: expected weight to be ${x.dt.name} as the input is, but found ${weight.dt.name}`);
  }
  commonDevice(where, [x, target, weight]);
  const indices = target.dt === int64 ? target : target.to('int64');
  return x.ndim === 1
    ? [x.unsqueeze(0), { target: indices.unsqueeze(0), weight, reduction, ignoreIndex }]
    : [x, { target: indices, weight, reduction, ignoreIndex }];
}

/** PyTorch's name of the node: losses over images have their own. */
const nllName = (x: Tensor): string => (x.ndim > 2 ? 'nllLoss2D' : 'nllLoss');

/**
 * Minus the log-probability x [C], [N, C] or [N, C, *] of the class `target` [], [N] or [N, *], times that class's
 * `weight` [C]; targets equal to `ignoreIndex` count nothing. The default mean is over the weights. Throws ShapeError where
 * sizes do not fit, RangeError for a class that is not there.
 * @example
 * torch.nllLoss(torch.tensor([[-0.5, -1.5]]), torch.tensor([1])) // tensor(1.5000)
 */
export function nllLoss(
  x: Tensor,
  target: Tensor,
  ...args: Call<[weight?: Tensor | null, ignoreIndex?: number, reduction?: Reduction], NllLossOptions>
): Tensor {
  if (casting.on) return castCall('nllLoss', nllLoss, [x, target, ...args]);
  const where = 'nllLoss';
  const options = readLoss<NllLossOptions>(where, args, CLASS_LOSS);
  checkTensor(where, x);
  checkTensor(where, target, 'target');
  requireFloating(where, x.dt);
  const code = reductionCode(where, options.reduction ?? 'mean');
  const [input, t] = classTargets(where, x, target, options, code);
  const loss = nll(nllName(x), input, t);
  return code === NONE && x.ndim === 1 ? loss.squeeze(0) : loss;
}

/** Per row and class what its log-probability is charged with; rows to be ignored charge nothing. */
function charges(x: Tensor, t: ClassTargets, smoothing: number): Tensor {
  const [rows, classes] = x.sizes as readonly [number, number];
  const q = emptyTensor([rows, classes], x.dt, x.device);
  runMap(fillKernel, q.sizes, [q, 0], q.dt);
  const counted = t.target.ne(t.ignoreIndex);
  const safe = t.target.mul(counted).unsqueeze(1);
  let out = q.scatter(1, safe, 1 - smoothing).add(smoothing / classes);
  if (t.weight !== null) out = out.mul(t.weight.detach());
  return out.mul(counted.unsqueeze(1));
}

/** logSoftmax and nllLoss of x [N, C] in one pass. */
function fusedCrossEntropy(x: Tensor, t: ClassTargets, smoothing: number): Tensor {
  const input = x.ndim === 2 && (x.strides[1] === 1 || x.sizes[1]! <= 1) ? x : x.contiguous();
  const loss = emptyTensor(t.reduction === NONE ? t.target.sizes : [], x.dt, x.device);
  const total = emptyTensor([], x.dt, x.device);
  const logp = emptyTensor(input.sizes, x.dt, x.device);
  const params = [t.reduction, t.ignoreIndex, smoothing];
  if (input.count === 0) emptyLoss(loss, total, t.reduction);
  else runStruct(crossEntropyKernel, [loss, total, logp, input, t.target, t.weight], params);
  const saved = [logp, t.target, t.weight, total, input];
  return record(smoothing > 0 ? 'add' : 'nllLoss', loss, [input], saved, (g, n) => {
    const p = n.unpack(0);
    const target = n.unpack(1);
    const weight = t.weight === null ? null : n.unpack(2);
    if (mode.grad) {
      // plain operators, so that this can be differentiated; the charges are constants
      const q = charges(p.detach(), { ...t, target, weight }, smoothing);
      const scale = t.reduction === NONE ? g.unsqueeze(1) : t.reduction === MEAN ? g.div(n.unpack(3)) : g;
      return [logSoftmaxGrad(q.mul(scale).neg(), n.unpack(4).logSoftmax(1), 1)];
    }
    const out = emptyTensor(p.sizes, p.dt, p.device);
    if (out.count > 0) runStruct(crossEntropyBackwardKernel, [out, g, p, target, weight, n.unpack(3)], params);
    return [out];
  });
}

/** Cross entropy with a probability for each class. */
function softCrossEntropy(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  reduction: number,
  smoothing: number,
): Tensor {
  const where = 'crossEntropy';
  const dim = x.ndim === 1 ? 0 : 1;
  const classes = x.sizes[dim]!;
  let t = target;
  if (smoothing > 0) t = t.mul(1 - smoothing).add(smoothing / classes);
  let losses = x.logSoftmax(dim).mul(t);
  if (weight !== null) {
    checkTensor(where, weight, 'weight');
    if (weight.ndim !== 1 || weight.sizes[0] !== classes) {
      throw new ShapeError(
        `${where}: weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${show(weight.sizes)}`,
      );
    }
    losses = losses.mul(weight.view(x.sizes.map((_, d) => (d === dim ? classes : 1))));
  }
  const each = losses.sum(dim).neg();
  return reduction === MEAN ? each.sum().div(x.count / classes) : reduced(each, reduction);
}

/**
 * The cross entropy between logits x [C], [N, C] or [N, C, *] and `target`: class indices [], [N] or [N, *], or
 * probabilities of the shape of x. `weight` [C] weighs classes, indices equal to `ignoreIndex` count nothing,
 * `labelSmoothing` mixes in the uniform distribution (https://arxiv.org/abs/1512.00567). Throws ShapeError where sizes do
 * not fit, RangeError for a class that is not there.
 * @example
 * torch.crossEntropy(torch.tensor([[0.5, 1.5]]), torch.tensor([1])) // tensor(0.3133)
 */
export function crossEntropy(
  x: Tensor,
  target: Tensor,
  ...args: Call<
    [weight?: Tensor | null, ignoreIndex?: number, reduction?: Reduction, labelSmoothing?: number],
    CrossEntropyOptions
  >
): Tensor {
  if (casting.on) return castCall('crossEntropy', crossEntropy, [x, target, ...args]);
  const where = 'crossEntropy';
  const options = readLoss<CrossEntropyOptions>(where, args, SMOOTHED_CLASS_LOSS);
  const { labelSmoothing = 0, weight = null } = options;
  checkTensor(where, x);
  checkTensor(where, target, 'target');
  requireFloating(where, x.dt);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new RangeError(`${where}: label_smoothing must be between 0.0 and 1.0. Got: ${labelSmoothing}`);
  }
  const code = reductionCode(where, options.reduction ?? 'mean');
  if (target.dt.kind === FLOATING && sameShape(target.sizes, x.sizes) && x.ndim > 0) {
    if (options.ignoreIndex !== undefined && options.ignoreIndex >= 0) {
      throw new TypeError(`${where}: ignore_index is not supported for floating point target`);
    }
    return softCrossEntropy(x, target, weight, code, labelSmoothing);
  }
  const [input, t] = classTargets(where, x, target, options, code);
  if (input.ndim === 2) {
    const loss = fusedCrossEntropy(input, t, labelSmoothing);
    return code === NONE && x.ndim === 1 ? loss.squeeze(0) : loss;
  }
  if (labelSmoothing === 0) return nll(nllName(x), input.logSoftmax(1), t);
  const rows = input.movedim(1, -1).reshape([t.target.count, x.sizes[1]!]);
  const loss = fusedCrossEntropy(rows, { ...t, target: t.target.reshape([t.target.count]) }, labelSmoothing);
  return code === NONE ? loss.view(t.target.sizes) : loss;
}

/** Options of {@link linearCrossEntropy}. */
export interface LinearCrossEntropyOptions {
  linearBias?: Tensor | null | undefined;
  weight?: Tensor | null | undefined;
  reduction?: Reduction | undefined;
  ignoreIndex?: number | null | undefined;
  labelSmoothing?: number | undefined;
  /** Computes piece by piece, without the logits of the whole batch; without second derivatives. */
  options?: ChunkedOptions | null | undefined;
}
/**
 * {@link crossEntropy} of `x linearWeightᵀ + linearBias`: x [N, in] or [in] and linearWeight [C, in], or [C, *, in] for
 * logits [N, C, *]. Throws ShapeError where sizes do not fit.
 * @example
 * const [x, weight] = [torch.ones(1, 2), torch.tensor([[0.5, 0], [1, 0.5]])]
 * torch.linearCrossEntropy(x, weight, torch.tensor([1])) // tensor(0.3133)
 */
export function linearCrossEntropy(
  x: Tensor,
  linearWeight: Tensor,
  target: Tensor,
  options: LinearCrossEntropyOptions = {},
): Tensor {
  const where = 'linearCrossEntropy';
  return inNameOf(where, () => {
    const names = ['linearBias', 'weight', 'reduction', 'ignoreIndex', 'labelSmoothing', 'options'];
    const given = readArguments<LinearCrossEntropyOptions>(where, [options], [], names);
    const { linearBias = null, ignoreIndex, weight, reduction, labelSmoothing } = given;
    checkTensor(where, x);
    checkTensor(where, linearWeight, 'linearWeight');
    checkTensor(where, target, 'target');
    const { sizes } = linearWeight;
    if (x.ndim < 1 || x.ndim > 2)
      throw new ShapeError(`${where}: expected input with dimensionality 1 or 2, got ${x.ndim}`);
    if (sizes.length < 2)
      throw new ShapeError(`${where}: expected linear_weight with dimensionality at least 2, got ${sizes.length}`);
    if (x.sizes.at(-1) !== sizes.at(-1)) {
      throw new ShapeError(
        `${where}: expected equal input and linear_weight last dimensions (in_features), got ${x.sizes.at(-1)} and ${sizes.at(-1)}, respectively`,
      );
    }
    const outer = sizes.slice(0, -1);
    if (linearBias !== null) {
      checkTensor(where, linearBias, 'linearBias');
      if (!sameShape(linearBias.sizes, outer))
        throw new ShapeError(`${where}: expected linear_bias shape ${show(outer)}, got ${show(linearBias.sizes)}`);
    }
    if (outer.length > 1 && x.ndim === 1) {
      throw new ShapeError(
        `${where}: K-dimensional loss defined by linear_weight shape ${show(sizes)} requires batched input, got unbatched input with shape ${show(x.sizes)}`,
      );
    }
    const shape = [...x.sizes.slice(0, -1), ...outer];
    if (sameShape(target.sizes, shape) && ignoreIndex !== undefined && ignoreIndex !== null)
      throw new TypeError(`${where}: ignore_index cannot be specified when target contains probabilities`);
    const chunks = given.options ?? null;
    if (chunks !== null && !(chunks instanceof ChunkedOptions))
      throw new TypeError(`${where}: expected LinearCrossEntropyOptions for options but received ${describe(chunks)}`);
    if (chunks !== null && outer.length === 1 && (labelSmoothing ?? 0) === 0 && target.dt === int64) {
      const row = x.ndim === 1;
      const [input, classes] = row ? [x.unsqueeze(0), target.unsqueeze(0)] : [x, target];
      const kind = reduction ?? 'mean';
      reductionCode(where, kind);
      const index = ignoreIndex ?? undefined;
      if (!sameShape(classes.sizes, [input.sizes[0]!]) || classes.count === 0)
        return crossEntropy(linear(x, linearWeight, linearBias), target, { weight, reduction, ignoreIndex: index });
      const loss = chunkedLoss(
        { x: input, weight: linearWeight, bias: linearBias, target: classes },
        chunks,
        (logits, t, r) => {
          const w = weight && weight.dt !== logits.dt ? weight.to(logits.dtype) : weight;
          return crossEntropy(logits, t, { weight: w, ignoreIndex: index, reduction: r });
        },
        kind,
        () => {
          const counted = classes.ne(index ?? -100);
          return weight ? weight.detach().index(classes.mul(counted)).mul(counted).sum() : counted.sum();
        },
      );
      return row && kind === 'none' ? loss.squeeze(0) : loss;
    }
    if (chunks !== null) {
      process.emitWarning(
        `${where}: \`options\` ignored; pieces need labelSmoothing 0, an int64 target and linearWeight of 2 dims, not ` +
          `labelSmoothing ${labelSmoothing ?? 0}, a ${target.dtype} target and ${show(sizes)}`,
      );
    }
    const rows = linearWeight.reshape([-1, sizes.at(-1)!]);
    const logits = linear(x, rows, linearBias === null ? null : linearBias.reshape([-1])).reshape(shape);
    return crossEntropy(logits, target, { weight, reduction, labelSmoothing, ignoreIndex: ignoreIndex ?? undefined });
  });
}

operators({ nllLoss, crossEntropy, linearCrossEntropy });
