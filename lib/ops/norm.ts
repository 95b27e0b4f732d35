// Batch, layer and group normalization.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { called, record } from '../history.ts';
import { checkTensor, commonDevice, runStruct } from '../dispatch.ts';
import { mode } from '../autograd/mode.ts';
import type { Grad } from '../autograd/node.ts';
import { type DType, float32, FLOATING, requireFloating } from '../dtype.ts';
import { describe, DtypeError, ShapeError, checkNumber } from '../errors.ts';
import { kernel } from '../native.ts';
import { sameShape, type Shape, show, sizeOf, checkShape } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';

const batchKernel = kernel('batchNorm');
const batchBackwardKernel = kernel('batchNormBackward');
const layerKernel = kernel('layerNorm');
const layerBackwardKernel = kernel('layerNormBackward');

/** Statistics of half-precision tensors are kept in float32. */
const statisticsDtype = (x: Tensor): DType => (x.dt.size < 4 ? float32 : x.dt);
/** [C] as [1, C, 1, …]. */
const perChannel = (v: Tensor, rank: number): Tensor =>
  v.view(Array.from({ length: rank }, (_, d) => (d === 1 ? v.numel() : 1)));

/** Optional tensors of shape [channels]. */
function checkChannels(where: string, x: Tensor, others: Readonly<Record<string, Tensor | null>>): void {
  const channels = x.sizes[1]!;
  for (const [name, v] of Object.entries(others)) {
    if (v === null) continue;
    checkTensor(where, v, name);
    if (v.ndim !== 1 || v.sizes[0] !== channels) {
      throw new ShapeError(
        `${where}: ${name} should contain ${channels} elements not ${v.numel()}, for an input of shape ${show(x.sizes)}`,
      );
    }
    if (v.dt.kind !== FLOATING)
      throw new DtypeError(`${where}: expected a floating-point ${name} but received ${v.dtype}`);
  }
}

/** The gradients of batch normalization in plain operators, for double backward; statistics are computed again. */
function batchGradients(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
  training: boolean,
  eps: number,
): [Tensor, Tensor, Tensor] {
  const dims = x.sizes.map((_, d) => d).filter((d) => d !== 1);
  const count = x.count / x.sizes[1]!;
  let centred = x.sub(perChannel(mean, x.ndim));
  let scale = perChannel(invstd, x.ndim);
  if (training) {
    centred = x.sub(x.mean(dims, true));
    scale = centred.square().mean(dims, true).add(eps).rsqrt();
  }
  const normal = centred.mul(scale);
  const gb = g.sum(dims);
  const gw = g.mul(normal).sum(dims);
  const by = weight === null ? scale : scale.mul(perChannel(weight, x.ndim));
  const rest = training
    ? g.sub(perChannel(gb, x.ndim).div(count)).sub(normal.mul(perChannel(gw, x.ndim)).div(count))
    : g;
  return [rest.mul(by), gw, gb];
}

/**
 * `(x - mean) / sqrt(var + eps) * weight + bias` for each channel of x [N, C, *], with the batch's own statistics when
 * `training` (then `runningMean` and `runningVar`, [C], move towards them by `momentum`), else with the running ones
 * (https://arxiv.org/abs/1502.03167). Throws ShapeError where sizes do not fit.
 * @example
 * torch.batchNorm(torch.tensor([[1.0, 2], [3.5, 2]]), null, null, null, null, true, 0.1, 1e-5)
 * // tensor([[-1.0000,  0.0000],
 * //         [ 1.0000,  0.0000]])
 */
export function batchNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
): Tensor {
  const where = 'batchNorm';
  checkTensor(where, x);
  requireFloating(where, x.dt);
  if (x.ndim < 2) throw new ShapeError(`${where}: expected an input of at least 2 dims, but got ${show(x.sizes)}`);
  for (const [name, value] of [
    ['momentum', momentum],
    ['eps', eps],
  ] as const) {
    if (typeof value !== 'number')
      throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
  }
  checkChannels(where, x, { weight, bias, runningMean, runningVar });
  commonDevice(where, [x, weight, bias, runningMean, runningVar]);
  if (!training && (runningMean === null || runningVar === null)) {
    throw new TypeError(`${where}: expected runningMean and runningVar to be tensors when training is false`);
  }
  if ((runningMean === null) !== (runningVar === null))
    throw new TypeError(`${where}: runningMean and runningVar must be given together`);
  if (training && x.count > 0 && x.count === x.sizes[1]) {
    throw new ShapeError(
      `${where}: expected more than 1 value per channel when training, got input size ${show(x.sizes)}`,
    );
  }
  const input = x.detach().contiguous();
  const y = emptyTensor(x.sizes, x.dt, x.device);
  const channels = [x.sizes[1]!];
  const mean = emptyTensor(channels, statisticsDtype(x), x.device);
  const invstd = emptyTensor(channels, mean.dt, mean.device);
  const train = training ? 1 : 0;
  if (x.count > 0) {
    runStruct(batchKernel, [y, mean, invstd, input, weight, bias, runningMean, runningVar], [train, momentum, eps]);
    if (training && runningMean !== null && runningVar !== null) {
      runningMean.storage.version++;
      runningVar.storage.version++;
    }
  }
  return record('nativeBatchNorm', y, [x, weight, bias], [x, weight, mean, invstd], (g, n) => {
    const z = n.unpack(0);
    const w = weight === null ? null : n.unpack(1);
    if (mode.grad) return batchGradients(g, z, w, n.unpack(2), n.unpack(3), training, eps);
    const gx = n.needs(0) ? emptyTensor(z.sizes, z.dt, z.device) : null;
    const gw = weight !== null && n.needs(1) ? emptyTensor(channels, weight.dt, weight.device) : null;
    const gb = bias !== null && n.needs(2) ? emptyTensor(channels, bias.dt, bias.device) : null;
    runStruct(batchBackwardKernel, [gx, gw, gb, g.contiguous(), z.contiguous(), w, n.unpack(2), n.unpack(3)], [train]);
    return [gx, gw, gb];
  });
}

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  weight?: Tensor | null | undefined;
  bias?: Tensor | null | undefined;
  eps?: number | undefined;
}

/** The gradients of layer normalization in plain operators: x is [rows, cols], and so is everything else. */
function layerGradients(g: Tensor, x: Tensor, weight: Tensor | null, eps: number): [Tensor, Tensor, Tensor] {
  const centred = x.sub(x.mean(1, true));
  const scale = centred.square().mean(1, true).add(eps).rsqrt();
  const normal = centred.mul(scale);
  const h = weight === null ? g : g.mul(weight);
  const gx = h
    .sub(h.mean(1, true))
    .sub(normal.mul(h.mul(normal).mean(1, true)))
    .mul(scale);
  return [gx, g.mul(normal).sum(0), g.sum(0)];
}

/** A dense tensor as a matrix, without history. */
const matrix = (x: Tensor, rows: number, cols: number): Tensor => {
  const dense = x.detach().contiguous();
  return new Tensor(dense.storage, dense.dt, [rows, cols], null, dense.offset, dense.count);
};
const vector = (v: Tensor | null): Tensor | null => v?.detach().reshape([v.count]) ?? null;

/** Layer normalization of x seen as [rows, cols]; weight and bias have cols elements. */
function normalizeRows(
  x: Tensor,
  rows: number,
  cols: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const y = emptyTensor(x.sizes, x.dt, x.device);
  const mean = emptyTensor([rows], statisticsDtype(x), x.device);
  const rstd = emptyTensor([rows], mean.dt, mean.device);
  if (x.count > 0)
    runStruct(
      layerKernel,
      [matrix(y, rows, cols), mean, rstd, matrix(x, rows, cols), vector(weight), vector(bias)],
      [eps],
    );
  return record('nativeLayerNorm', y, [x, weight, bias], [x, weight, mean, rstd], (g, n): readonly Grad[] => {
    const z = n.unpack(0);
    const w = weight === null ? null : n.unpack(1);
    if (mode.grad || z.count === 0) {
      const shape = [rows, cols];
      const [gx, gw, gb] = layerGradients(g.reshape(shape), z.reshape(shape), w?.reshape([cols]) ?? null, eps);
      return [gx.view(z.sizes), weight && gw.view(weight.sizes), bias && gb.view(bias.sizes)];
    }
    const gx = n.needs(0) ? emptyTensor(z.sizes, z.dt, z.device) : null;
    const gw = weight !== null && n.needs(1) ? emptyTensor(weight.sizes, weight.dt, weight.device) : null;
    const gb = bias !== null && n.needs(2) ? emptyTensor(bias.sizes, bias.dt, bias.device) : null;
    const operands = [matrix(g, rows, cols), matrix(z, rows, cols), vector(w), n.unpack(2), n.unpack(3)];
    runStruct(layerBackwardKernel, [gx && matrix(gx, rows, cols), vector(gw), vector(gb), ...operands]);
    return [gx, gw, gb];
  });
}

/**
 * `(x - mean) / sqrt(var + eps) * weight + bias` with the statistics of the last dims of x, whose sizes are
 * `normalizedShape`; weight and bias have that shape (https://arxiv.org/abs/1607.06450). Throws ShapeError where sizes do
 * not fit.
 * @example
 * torch.layerNorm(torch.tensor([[1, 2.5]]), [2]) // tensor([[-1.0000,  1.0000]])
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: Shape,
  ...args: Call<[weight?: Tensor | null, bias?: Tensor | null, eps?: number], LayerNormOptions>
): Tensor {
  if (casting.on) return castCall('layerNorm', layerNorm, [x, normalizedShape, ...args]);
  const where = 'layerNorm';
  const {
    weight = null,
    bias = null,
    eps = 1e-5,
  } = readArguments<LayerNormOptions>(where, args, ['weight', 'bias', 'eps']);
  checkNumber(where, 'eps', eps);
  checkTensor(where, x);
  requireFloating(where, x.dt);
  if (!Array.isArray(normalizedShape) || normalizedShape.length === 0) {
    throw new TypeError(
      `${where}: expected normalizedShape to be at least 1-dimensional but received ${describe(normalizedShape)}`,
    );
  }
  const shape = checkShape(where, normalizedShape);
  for (const [name, v] of [
    ['weight', weight],
    ['bias', bias],
  ] as const) {
    if (v === null) continue;
    checkTensor(where, v, name);
    if (!sameShape(v.sizes, shape)) {
      throw new ShapeError(
        `${where}: expected ${name} to be of same shape as normalizedShape, but got ${name} of shape ${show(v.sizes)} and normalizedShape = ${show(shape)}`,
      );
    }
    if (v.dt.kind !== FLOATING)
      throw new DtypeError(`${where}: expected a floating-point ${name} but received ${v.dtype}`);
  }
  const first = x.ndim - shape.length;
  if (first < 0 || !sameShape(x.sizes.slice(first), shape)) {
    throw new ShapeError(
      `${where}: given normalizedShape=${show(shape)}, expected input with shape [*, ${shape.join(', ')}], but got input of size ${show(x.sizes)}`,
    );
  }
  commonDevice(where, [x, weight, bias]);
  const cols = sizeOf(shape);
  const rows = cols === 0 ? 0 : x.count / cols;
  return normalizeRows(x, rows, cols, weight, bias, eps);
}

/** Options of {@link groupNorm}. */
export type GroupNormOptions = LayerNormOptions;
/**
 * Normalization of each of `numGroups` groups of channels of x [N, C, *], then weight and bias, [C]
 * (https://arxiv.org/abs/1803.08494). Throws ShapeError where sizes do not fit.
 * @example
 * torch.groupNorm(torch.tensor([[1, 2.5]]), 1) // tensor([[-1.0000,  1.0000]])
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  ...args: Call<[weight?: Tensor | null, bias?: Tensor | null, eps?: number], GroupNormOptions>
): Tensor {
  if (casting.on) return castCall('groupNorm', groupNorm, [x, numGroups, ...args]);
  const where = 'groupNorm';
  const {
    weight = null,
    bias = null,
    eps = 1e-5,
  } = readArguments<GroupNormOptions>(where, args, ['weight', 'bias', 'eps']);
  checkNumber(where, 'eps', eps);
  checkTensor(where, x);
  requireFloating(where, x.dt);
  if (x.ndim < 2)
    throw new ShapeError(`${where}: expected at least 2 dimensions for input tensor but received ${x.ndim}`);
  if (!Number.isInteger(numGroups) || numGroups < 1 || x.sizes[1]! % numGroups !== 0) {
    throw new ShapeError(
      `${where}: expected number of channels in input to be divisible by numGroups, but got input of shape ${show(x.sizes)} and numGroups=${describe(numGroups)}`,
    );
  }
  checkChannels(where, x, { weight, bias });
  const groups = x.sizes[0]! * numGroups;
  let y = normalizeRows(x, groups, groups === 0 ? 0 : x.count / groups, null, null, eps);
  if (weight !== null) y = y.mul(perChannel(weight, x.ndim));
  return called('nativeGroupNorm', bias === null ? y : y.add(perChannel(bias, x.ndim)));
}

operators({ batchNorm, layerNorm, groupNorm });
