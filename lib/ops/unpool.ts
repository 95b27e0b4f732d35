// Unpooling, power-average pooling and fractional max pooling: made of other operators. nn.functional has them.
import { type Named, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { bfloat16, float32, float64, int64, requireFloating, toFloating, type DType } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { draw, generatorId } from '../random.ts';
import { sameShape, type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { pair } from './internal/named.ts';
import { fromTyped, zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { checkRank, type Sizes, spatial } from './internal/spatial.ts';
import { avgPool1d, avgPool2d, avgPool3d, maxPool1d, maxPool2d, maxPool3d, type Pooled } from './pool.ts';

const uniformKernel = kernel('uniform');

// ---- unpooling ------------------------------------------------------------------------------------------------------

/** Options of {@link maxUnpool1d}, {@link maxUnpool2d} and {@link maxUnpool3d}. */
export interface MaxUnpoolOptions {
  stride?: Sizes | null | undefined;
  padding?: Sizes | undefined;
  outputSize?: Shape | null | undefined;
}
type MaxUnpoolArguments = Named<
  [indices: Tensor, kernelSize: Sizes],
  ['indices', 'kernelSize'],
  [stride?: Sizes | null, padding?: Sizes, outputSize?: Shape | null],
  MaxUnpoolOptions
>;

/** The size that pooling came from: the given one if it is possible, else the smallest usual one. */
function unpooledSize(
  where: string,
  x: Tensor,
  window: Shape,
  stride: Shape,
  padding: Shape,
  wanted: Shape | null,
): Shape {
  const dims = window.length;
  const least = window.map((k, d) => (x.sizes[x.ndim - dims + d]! - 1) * stride[d]! + k - 2 * padding[d]!);
  let size: Shape = least;
  if (wanted !== null) {
    if (!Array.isArray(wanted))
      throw new TypeError(`${where}: expected a list for outputSize but received ${describe(wanted)}`);
    size = wanted.length === dims + 2 ? wanted.slice(2) : wanted;
    if (size.length !== dims) {
      throw new ShapeError(
        `${where}: outputSize should be a sequence containing ${dims} or ${dims + 2} elements, but it has a length of ${wanted.length}`,
      );
    }
    for (const [d, n] of size.entries()) {
      const [low, high] = [least[d]! - stride[d]!, least[d]! + stride[d]!];
      if (!Number.isInteger(n) || n <= low || n >= high)
        throw new RangeError(
          `${where}: invalid outputSize ${show(size)} (dim ${d} must be between ${low} and ${high})`,
        );
    }
  }
  if (size.some((n) => n < 0)) throw new ShapeError(`${where}: the output size ${show(size)} must not be negative`);
  return size;
}

function unpool(dims: number, x: Tensor, args: readonly unknown[]): Tensor {
  const where = `maxUnpool${dims}d`;
  return inNameOf(where, () => {
    const options = readArguments<MaxUnpoolOptions & { indices: Tensor; kernelSize: Sizes }>(where, args, [
      'indices',
      'kernelSize',
      'stride',
      'padding',
      'outputSize',
    ]);
    const { indices, stride, padding = 0, outputSize = null } = options;
    checkTensor(where, x);
    checkTensor(where, indices, 'indices');
    checkRank(where, x, dims);
    if (indices.dt !== int64)
      throw new DtypeError(`${where}: elements in indices should be type int64 but got: ${indices.dtype}`);
    if (!sameShape(x.sizes, indices.sizes)) {
      throw new ShapeError(
        `${where}: expected shape of indices to be same as that of the input tensor (${show(x.sizes)}) but got indices tensor with shape: ${show(indices.sizes)}`,
      );
    }
    const window = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    const steps = stride === undefined || stride === null ? window : spatial(where, 'stride', stride, dims, 1);
    const pads = spatial(where, 'padding', padding, dims, 0);
    const first = x.ndim - dims;
    if (x.sizes.slice(first - 1).includes(0)) {
      throw new ShapeError(
        `${where}: expected input to have non-zero size for non-batch dimensions, but got ${show(x.sizes)}`,
      );
    }
    const size = unpooledSize(where, x, window, steps, pads, outputSize);
    const rest = x.sizes.slice(0, first);
    const area = size.reduce((n, m) => n * m, 1);
    const zeros = zerosOf([...rest, area], x.dt, x.device);
    return zeros.scatter(first, indices.flatten(first), x.flatten(first)).view([...rest, ...size]);
  });
}
/**
 * The inverse of maxPool1d as far as there is one: `x` [N, C, L] at the places that `indices` tell, zeros elsewhere.
 * Throws RangeError for places outside, ShapeError where sizes do not fit.
 * @example
 * torch.maxUnpool1d(torch.tensor([[1.5, 2]]), torch.tensor([[1, 2]]), 2) // tensor([[0.0000, 1.5000, 2.0000, 0.0000]])
 */
export function maxUnpool1d(x: Tensor, ...args: MaxUnpoolArguments): Tensor {
  return unpool(1, x, args);
}
/**
 * As {@link maxUnpool1d}, of [N, C, H, W] or [C, H, W].
 * @example
 * torch.maxUnpool2d(torch.tensor([[[1.5]]]), torch.tensor([[[3]]]), 2)
 * // tensor([[[0.0000, 0.0000],
 * //          [0.0000, 1.5000]]])
 */
export function maxUnpool2d(x: Tensor, ...args: MaxUnpoolArguments): Tensor {
  return unpool(2, x, args);
}
/**
 * As {@link maxUnpool1d}, of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.maxUnpool3d(torch.ones(1, 1, 1, 1), torch.tensor([[[[7]]]]), 2).flatten() // tensor([0., 0., 0., 0., 0., 0., 0., 1.])
 */
export function maxUnpool3d(x: Tensor, ...args: MaxUnpoolArguments): Tensor {
  return unpool(3, x, args);
}

// ---- power averages -------------------------------------------------------------------------------------------------

/** Options of {@link lpPool1d}, {@link lpPool2d} and {@link lpPool3d}. */
export interface LpPoolOptions {
  stride?: Sizes | null | undefined;
  ceilMode?: boolean | undefined;
}
type LpPoolArguments = Named<
  [normType: number, kernelSize: Sizes],
  ['normType', 'kernelSize'],
  [stride?: Sizes | null, ceilMode?: boolean],
  LpPoolOptions
>;

function lpPool(dims: 1 | 2 | 3, x: Tensor, args: readonly unknown[]): Tensor {
  const where = `lpPool${dims}d`;
  return inNameOf(where, () => {
    const options = readArguments<LpPoolOptions & { normType: number; kernelSize: Sizes }>(where, args, [
      'normType',
      'kernelSize',
      'stride',
      'ceilMode',
    ]);
    const { normType, stride = null, ceilMode = false } = options;
    checkTensor(where, x);
    checkNumber(where, 'normType', normType);
    const window = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    const [average, maximum] = (
      [
        [avgPool1d, maxPool1d],
        [avgPool2d, maxPool2d],
        [avgPool3d, maxPool3d],
      ] as const
    )[dims - 1]!;
    if (normType === Number.POSITIVE_INFINITY) return maximum(x.abs(), window, stride, 0, 1, ceilMode);
    if (normType === Number.NEGATIVE_INFINITY) return maximum(x.abs().neg(), window, stride, 0, 1, ceilMode).neg();
    const mean = average(x.pow(normType), window, stride, 0, ceilMode);
    const area = window.reduce((n, k) => n * k, 1);
    return mean
      .to(toFloating(mean.dt).name)
      .sign()
      .mul(mean.abs().relu())
      .mul(area)
      .pow(1 / normType);
  });
}
/**
 * The `normType`-norm of each window of x [N, C, L] or [C, L]: 1 gives sums, Infinity maxima of absolute values. Throws
 * ShapeError where no window fits.
 * @example
 * torch.lpPool1d(torch.tensor([[3, 4, 1.5, 2]]), 2, 2) // tensor([[5.0000, 2.5000]])
 */
export function lpPool1d(x: Tensor, ...args: LpPoolArguments): Tensor {
  return lpPool(1, x, args);
}
/**
 * As {@link lpPool1d}, of [N, C, H, W] or [C, H, W].
 * @example
 * torch.lpPool2d(torch.tensor([[[3, 4], [0, 0.5]]]), 1, 2) // tensor([[[7.5000]]])
 */
export function lpPool2d(x: Tensor, ...args: LpPoolArguments): Tensor {
  return lpPool(2, x, args);
}
/**
 * As {@link lpPool1d}, of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.lpPool3d(torch.ones(1, 2, 2, 2), 1, 2) // tensor([[[[8.]]]])
 */
export function lpPool3d(x: Tensor, ...args: LpPoolArguments): Tensor {
  return lpPool(3, x, args);
}

// ---- fractional max pooling -----------------------------------------------------------------------------------------

/** Options of {@link fractionalMaxPool2dWithIndices} and {@link fractionalMaxPool3dWithIndices}. */
export interface FractionalOptions {
  outputSize?: Sizes | null | undefined;
  outputRatio?: number | Shape | null | undefined;
  /** [N, C, dims] of numbers from 0 to 1, that say where windows lie; drawn if absent. */
  randomSamples?: Tensor | null | undefined;
}
type FractionalArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [outputSize?: Sizes | null, outputRatio?: number | Shape | null, randomSamples?: Tensor | null],
  FractionalOptions
>;

/** Rounds as arithmetic in a dtype does. */
function rounding(dt: DType): (x: number) => number {
  if (dt === float64) return (x) => x;
  if (dt === float32) return Math.fround;
  const digits = dt === bfloat16 ? 8 : 11;
  return (x) => {
    if (x === 0) return 0;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - digits + 1);
    const steps = Math.fround(x) / unit;
    const nearest = Math.round(steps);
    return (nearest - steps === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest) * unit;
  };
}
/** Where windows begin: `out` of size `window` over `n` elements, as `sample` has it. */
function starts(n: number, out: number, window: number, sample: number, round: (x: number) => number): number[] {
  if (out === 1) return [n - window];
  const alpha = round(round(n - window) / round(out - 1));
  const first = Math.trunc(round(sample * alpha));
  return Array.from({ length: out }, (_, i) =>
    i === out - 1 ? n - window : Math.trunc(round(round(i + sample) * alpha)) - first,
  );
}

function fractional(dims: number, x: Tensor, args: readonly unknown[]): Pooled {
  const where = `fractionalMaxPool${dims}dWithIndices`;
  return inNameOf(where, () => {
    const options = readArguments<FractionalOptions & { kernelSize: Sizes }>(where, args, [
      'kernelSize',
      'outputSize',
      'outputRatio',
      'randomSamples',
    ]);
    const { outputSize = null, outputRatio = null, randomSamples } = options;
    checkTensor(where, x);
    requireFloating(where, x.dt);
    checkRank(where, x, dims);
    const window = spatial(where, 'kernelSize', options.kernelSize!, dims, 1);
    const first = x.ndim - dims;
    const space = x.sizes.slice(first);
    let size: Shape;
    if (outputSize !== null) size = spatial(where, 'outputSize', outputSize, dims, 1);
    else {
      if (outputRatio === null)
        throw new TypeError(`${where}: requires specifying either an outputSize or an outputRatio`);
      const ratios: readonly unknown[] = Array.isArray(outputRatio)
        ? outputRatio
        : new Array<unknown>(dims).fill(outputRatio);
      if (ratios.length !== dims)
        throw new ShapeError(`${where}: expected ${dims} numbers for outputRatio, but received ${ratios.length}`);
      size = space.map((n, d) => {
        const ratio = ratios[d];
        if (typeof ratio !== 'number' || !(ratio > 0 && ratio < 1))
          throw new RangeError(`${where}: outputRatio must be between 0 and 1 (got ${describe(ratio)})`);
        return Math.trunc(n * ratio);
      });
    }
    // PyTorch is stricter with volumes
    const spare = dims === 3 ? 1 : 0;
    if (size.some((n, d) => n < 1 || n + window[d]! - 1 + spare > space[d]!) || x.sizes[first - 1] === 0) {
      throw new ShapeError(
        `${where}: windows of ${show(window)} and an output of ${show(size)} do not fit an input of ${show(x.sizes)}`,
      );
    }
    const [n, c] = first === 2 ? [x.sizes[0]!, x.sizes[1]!] : [1, x.sizes[0]!];
    let samples = randomSamples ?? null;
    if (samples === null)
      samples = draw(uniformKernel, emptyTensor([n, c, dims], x.dt, x.device), [
        generatorId(where, null, x.device),
        0,
        1,
      ]);
    checkTensor(where, samples, 'randomSamples');
    const [batches = -1, ...rest] = samples.sizes;
    if (samples.dt !== x.dt || batches < n || !sameShape(rest, [c, dims])) {
      throw new ShapeError(
        `${where}: expected randomSamples of ${x.dtype} and shape ${show([n, c, dims])}, but got ${samples.dtype} and ${show(samples.sizes)}`,
      );
    }
    // there may be samples of more images than there are
    const at = places(samples.narrow(0, 0, n), space, size, window, rounding(x.dt));
    const planes = x.flatten(first).reshape([n * c, -1]);
    const candidates = planes
      .detach()
      .gather(1, at)
      .view([n * c, -1, window.reduce((k, m) => k * m, 1)]);
    const best = candidates.argmax(2, true);
    const indices = at.view(candidates.sizes).gather(2, best).squeeze(2);
    const shape = [...x.sizes.slice(0, first), ...size];
    return pair(where, 'output', planes.gather(1, indices).view(shape), 'indices', indices.view(shape));
  });
}
/** Positions in each plane of all elements of all windows: [planes, windows · window]. */
function places(samples: Tensor, space: Shape, size: Shape, window: Shape, round: (x: number) => number): Tensor {
  const dims = space.length;
  const planes = samples.count / dims;
  const values = samples.detach().values().map(Number);
  const per = size.reduce((n, m, d) => n * m * window[d]!, 1);
  const out = new BigInt64Array(planes * per);
  let k = 0;
  for (let p = 0; p < planes; p++) {
    const begin = space.map((n, d) =>
      starts(n, size[d]!, window[d]!, values[p * dims + (dims === 2 ? 1 - d : d)]!, round),
    );
    const walk = (d: number, base: number, o: number[]): void => {
      if (d === 2 * dims) out[k++] = BigInt(base);
      else if (d < dims) for (let i = 0; i < size[d]!; i++) walk(d + 1, base, [...o, begin[d]![i]!]);
      else {
        const e = d - dims;
        for (let i = 0; i < window[e]!; i++) walk(d + 1, base * space[e]! + o[e]! + i, o);
      }
    };
    walk(0, 0, []);
  }
  return fromTyped(out, [planes, per], int64, samples.device);
}
/**
 * Maxima over windows of x [N, C, H, W] or [C, H, W] that are placed at random so that `outputSize`, or `outputRatio`
 * times the size, are left (https://arxiv.org/abs/1412.6071), with their positions. Throws ShapeError where they do not
 * fit.
 * @example
 * torch.fractionalMaxPool2dWithIndices(torch.tensor([[[1, 3.5], [2, 0]]]), 2, { outputSize: 1 }).output
 * // tensor([[[3.5000]]])
 */
export function fractionalMaxPool2dWithIndices(x: Tensor, ...args: FractionalArguments): Pooled {
  return fractional(2, x, args);
}
/**
 * As {@link fractionalMaxPool2dWithIndices}, of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.fractionalMaxPool3dWithIndices(torch.ones(1, 3, 3, 3), 2, { outputSize: 1 }).indices // tensor([[[[13]]]])
 */
export function fractionalMaxPool3dWithIndices(x: Tensor, ...args: FractionalArguments): Pooled {
  return fractional(3, x, args);
}

operators({
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  fractionalMaxPool2dWithIndices,
  fractionalMaxPool3dWithIndices,
});
