// Instance, root-mean-square and local response normalization: made of other operators.
import { castCall, castsThere } from '../autocast.ts';
import { noGrad } from '../autograd/mode.ts';
import { type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { float32, requireFloating } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { checkShape, sameShape, type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { batchNorm } from './norm.ts';
import { pad } from './pad.ts';
import { avgPool2d, avgPool3d } from './pool.ts';

/**
 * Normalization of each channel of each sample of x [N, C, *] by its own statistics if `useInputStats` (then
 * `runningMean` and `runningVar`, [C], move towards their means by `momentum`), else by the running ones
 * (https://arxiv.org/abs/1607.08022). Throws ShapeError where sizes do not fit.
 * @example
 * torch.instanceNorm(torch.tensor([[[1, 2.5], [3, 3]]]), null, null, null, null, true, 0.1, 1e-5)
 * // tensor([[[-1.0000,  1.0000],
 * //          [ 0.0000,  0.0000]]])
 */
export function instanceNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  useInputStats: boolean,
  momentum: number,
  eps: number,
): Tensor {
  const where = 'instanceNorm';
  return inNameOf(where, () => {
    checkTensor(where, x);
    requireFloating(where, x.dt);
    const own = flag(where, 'useInputStats', useInputStats, true);
    if (x.ndim < 2) throw new ShapeError(`${where}: expected an input of at least 2 dims, but got ${show(x.sizes)}`);
    if (!own && ((runningMean ?? null) === null || (runningVar ?? null) === null))
      throw new TypeError(`${where}: expected runningMean and runningVar to be defined when useInputStats is false`);
    const [n, c] = x.sizes as readonly [number, number];
    const parts: (Tensor | null)[] = [];
    for (const [name, v] of Object.entries({ weight, bias, runningMean, runningVar })) {
      if (v === null || v === undefined) {
        parts.push(null);
        continue;
      }
      checkTensor(where, v, name);
      if (v.ndim !== 1 || v.sizes[0] !== c)
        throw new ShapeError(`${where}: ${name} should contain ${c} elements, but got ${show(v.sizes)}`);
      parts.push(v.repeat(n));
    }
    const [w, b, mean, variance] = parts as [Tensor | null, Tensor | null, Tensor | null, Tensor | null];
    const y = batchNorm(
      x.reshape([1, n * c, ...x.sizes.slice(2)]),
      w,
      b,
      mean?.detach() ?? null,
      variance?.detach() ?? null,
      own,
      momentum,
      eps,
    );
    noGrad(() => {
      for (const [kept, moved] of [
        [runningMean, mean],
        [runningVar, variance],
      ] as const)
        if (own && kept && moved && n > 0) kept.copy_(moved.view([n, c]).mean(0));
    });
    return y.view(x.sizes);
  });
}

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions {
  weight?: Tensor | null | undefined;
  eps?: number | null | undefined;
}
/** The distance from 1 to the next number. */
const EPSILON: Readonly<Record<string, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};
/**
 * `x / sqrt(mean(x²) + eps) * weight` over the last dims of x, whose sizes are `normalizedShape`; `eps` is the dtype's
 * precision by default (https://arxiv.org/abs/1910.07467). Throws ShapeError where sizes do not fit.
 * @example
 * torch.rmsNorm(torch.tensor([[3, 4.5]]), [2]) // tensor([[0.7845, 1.1767]])
 */
export function rmsNorm(
  x: Tensor,
  ...args: Named<
    [normalizedShape: Shape],
    ['normalizedShape'],
    [weight?: Tensor | null, eps?: number | null],
    RmsNormOptions
  >
): Tensor {
  const where = 'rmsNorm';
  if (castsThere(x)) return castCall(where, rmsNorm, [x, ...args]);
  return inNameOf(where, () => {
    const options = readArguments<RmsNormOptions & { normalizedShape: Shape }>(where, args, [
      'normalizedShape',
      'weight',
      'eps',
    ]);
    const { normalizedShape, weight = null, eps = null } = options;
    checkTensor(where, x);
    requireFloating(where, x.dt);
    if (eps !== null) checkNumber(where, 'eps', eps);
    if (!Array.isArray(normalizedShape) || normalizedShape.length === 0) {
      throw new TypeError(
        `${where}: expected normalizedShape to be at least 1-dimensional but received ${describe(normalizedShape)}`,
      );
    }
    const shape = checkShape(where, normalizedShape);
    if (weight !== null) {
      checkTensor(where, weight, 'weight');
      if (!sameShape(weight.sizes, shape)) {
        throw new ShapeError(
          `${where}: expected weight to be of same shape as normalizedShape, but got weight of shape ${show(weight.sizes)} and normalizedShape = ${show(shape)}`,
        );
      }
    }
    const first = x.ndim - shape.length;
    if (first < 0 || !sameShape(x.sizes.slice(first), shape)) {
      throw new ShapeError(
        `${where}: given normalizedShape=${show(shape)}, expected input with shape [*, ${shape.join(', ')}], but got input of size ${show(x.sizes)}`,
      );
    }
    const wide = x.dt.size < 4 ? x.to(float32.name) : x;
    const dims = shape.map((_, d) => first + d);
    const scale = wide
      .square()
      .mean(dims, true)
      .add(eps ?? EPSILON[x.dtype]!)
      .rsqrt();
    const y = wide.mul(scale);
    if (weight === null) return y.dt === x.dt ? y : y.to(x.dtype);
    const scaled = y.mul(weight);
    return y.dt === x.dt ? scaled : scaled.to(x.dtype);
  });
}

/** Options of {@link localResponseNorm}. */
export interface LocalResponseNormOptions {
  alpha?: number | undefined;
  beta?: number | undefined;
  k?: number | undefined;
}
/**
 * `x / (k + alpha mean(x²))^beta`, the mean over `size` neighbouring channels of x [N, C, *]; of int64 it is cut off to
 * whole numbers, as in PyTorch. Throws ShapeError for less than 3 dims.
 * @example
 * torch.localResponseNorm(torch.tensor([[[3.5], [4]]]), 2, { alpha: 1, beta: 1 }).flatten() // tensor([0.4912, 0.2645])
 */
export function localResponseNorm(
  x: Tensor,
  ...args: Named<[size: number], ['size'], [alpha?: number, beta?: number, k?: number], LocalResponseNormOptions>
): Tensor {
  const where = 'localResponseNorm';
  return inNameOf(where, () => {
    const options = readArguments<LocalResponseNormOptions & { size: number }>(where, args, [
      'size',
      'alpha',
      'beta',
      'k',
    ]);
    const { size, alpha = 1e-4, beta = 0.75, k = 1 } = options;
    checkTensor(where, x);
    for (const [name, value] of Object.entries({ alpha, beta, k })) checkNumber(where, name, value);
    if (typeof size !== 'number' || !Number.isInteger(size))
      throw new TypeError(`${where}: expected a whole number for size but received ${describe(size)}`);
    if (size < 1 || size >= 2 ** 31) throw new RangeError(`${where}: size must be at least 1, not ${size}`);
    if (x.ndim < 3)
      throw new ShapeError(`${where}: expected 3D or higher dimensionality input (got ${x.ndim} dimensions)`);
    if (x.count === 0) return x;
    const [before, after] = [Math.floor(size / 2), Math.floor((size - 1) / 2)];
    const squares = x.mul(x);
    let means: Tensor;
    if (x.ndim === 3) {
      means = avgPool2d(pad(squares.unsqueeze(1), [0, 0, before, after]), [size, 1], { stride: 1 }).squeeze(1);
    } else {
      const flat = squares.reshape([x.sizes[0]!, 1, x.sizes[1]!, x.sizes[2]!, -1]);
      means = avgPool3d(pad(flat, [0, 0, 0, 0, before, after]), [size, 1, 1], { stride: 1 })
        .squeeze(1)
        .view(x.sizes);
    }
    return x.div(means.mul(alpha).add(k).pow(beta));
  });
}

operators({ instanceNorm, rmsNorm, localResponseNorm });
