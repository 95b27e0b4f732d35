// Pooling over one to three spatial dims: maxima, averages, and both with a given output size.
import { castCall, casting } from '../autocast.ts';
import { type Named, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { FLOATING, int64, requireFloating } from '../dtype.ts';
import { describe, DtypeError, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { pair, type Pair } from './internal/named.ts';
import { operators } from './internal/register.ts';
import { checkRank, type Sizes, spatial } from './internal/spatial.ts';
import { avgPoolWhole, maxPoolWhole, requireNumbers } from './internal/whole-number.ts';

const maxKernel = kernel('maxPool');
const maxBackwardKernel = kernel('maxPoolBackward');
const avgKernel = kernel('avgPool');
const avgBackwardKernel = kernel('avgPoolBackward');
const adaptiveAvgKernel = kernel('adaptiveAvgPool');
const adaptiveAvgBackwardKernel = kernel('adaptiveAvgPoolBackward');
const adaptiveMaxKernel = kernel('adaptiveMaxPool');

/** Values, and where in each flattened plane they were found. */
export type Pooled = Pair<'output', 'indices'>;

/** Options of {@link maxPool1d}, {@link maxPool2d} and {@link maxPool3d}. */
export interface MaxPoolOptions {
  stride?: Sizes | null | undefined;
  padding?: Sizes | undefined;
  dilation?: Sizes | undefined;
  ceilMode?: boolean | undefined;
}
type MaxPoolArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [stride?: Sizes | null, padding?: Sizes, dilation?: Sizes, ceilMode?: boolean],
  MaxPoolOptions
>;
const MAX_NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode'] as const;

/** Options of {@link avgPool1d}, {@link avgPool2d} and {@link avgPool3d}. */
export interface AvgPoolOptions {
  stride?: Sizes | null | undefined;
  padding?: Sizes | undefined;
  ceilMode?: boolean | undefined;
  countIncludePad?: boolean | undefined;
  divisorOverride?: number | null | undefined;
}
type AvgPoolArguments = Named<
  [kernelSize: Sizes],
  ['kernelSize'],
  [
    stride?: Sizes | null,
    padding?: Sizes,
    ceilMode?: boolean,
    countIncludePad?: boolean,
    divisorOverride?: number | null,
  ],
  AvgPoolOptions
>;
const AVG_NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'] as const;

/** The windows of a pooling: where they are, and how many fit. */
interface Windows {
  readonly kernel: Shape;
  readonly stride: Shape;
  readonly padding: Shape;
  readonly dilation: Shape;
  readonly size: Shape;
}

function windows(
  where: string,
  x: Tensor,
  dims: number,
  kernelSize: Sizes,
  { stride, padding = 0, dilation = 1, ceilMode = false }: MaxPoolOptions,
): Windows {
  checkTensor(where, x);
  requireNumbers(where, x.dt);
  checkRank(where, x, dims);
  if (x.sizes.slice(-dims - 1).includes(0))
    throw new ShapeError(
      `${where}: expected input's non-batch dimensions to have positive length, but input has shape ${show(x.sizes)}`,
    );
  const window = spatial(where, 'kernelSize', kernelSize, dims, 1);
  const steps =
    stride === null || stride === undefined || (Array.isArray(stride) && stride.length === 0)
      ? window
      : spatial(where, 'stride', stride, dims, 1);
  const pads = spatial(where, 'padding', padding, dims, 0);
  const gaps = spatial(where, 'dilation', dilation, dims, 1);
  const first = x.ndim - dims;
  const size = window.map((k, d) => {
    const reach = gaps[d]! * (k - 1) + 1;
    const pad = pads[d]!;
    if (pad > Math.floor(reach / 2)) {
      throw new RangeError(
        `${where}: pad should be at most half of effective kernel size, but got pad=${pad}, kernel_size=${k} and dilation=${gaps[d]}`,
      );
    }
    const n = x.sizes[first + d]!;
    const room = n + 2 * pad - reach;
    let count = (ceilMode ? Math.ceil(room / steps[d]!) : Math.floor(room / steps[d]!)) + 1;
    // the last window of ceil mode must begin inside the input or its left padding
    if (ceilMode && (count - 1) * steps[d]! >= n + pad) count--;
    return count;
  });
  const plane = x.sizes.slice(first);
  if (size.some((n) => n < 1)) {
    const channels = x.sizes[first - 1];
    throw new ShapeError(
      `${where}: given input size: (${[channels, ...plane].join('x')}). Calculated output size: (${[channels, ...size].join('x')}). Output size is too small`,
    );
  }
  return { kernel: window, stride: steps, padding: pads, dilation: gaps, size };
}

/** [N, C, *] of [N, C, *] or [C, *]. */
const asBatch = (x: Tensor, dims: number): Tensor => (x.ndim === dims + 2 ? x : x.unsqueeze(0));
const shapeOf = (x: Tensor, size: Shape): Shape => [x.sizes[0]!, x.sizes[1]!, ...size];

/** Brings gradients to the positions that the maxima came from. */
function scatterMax(g: Tensor, indices: Tensor, sizes: Shape): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  if (out.count > 0) runStruct(maxBackwardKernel, [out, g, indices]);
  return record('maxPoolBackward', out, [g], [indices], (gg, n) => {
    const at = n.unpack(0);
    return [gg.flatten(2).gather(2, at.flatten(2)).view(at.sizes)];
  });
}

/** Runs a kernel that gives maxima and indices. */
function maxima(
  name: string,
  x: Tensor,
  dims: number,
  k: number,
  size: Shape,
  params: readonly number[],
): [Tensor, Tensor] {
  const input = asBatch(x, dims);
  const values = emptyTensor(shapeOf(input, size), x.dt, x.device);
  const indices = emptyTensor(values.sizes, int64, x.device);
  if (values.count > 0) runStruct(k, [values, indices, input], params);
  const { sizes } = input;
  const out = record(name, values, [input], [indices], (g, n) => [scatterMax(g, n.unpack(0), sizes)]);
  return input === x ? [out, indices] : [out.squeeze(0), indices.squeeze(0)];
}

function maxPool(dims: number, x: Tensor, args: readonly unknown[], where: string): [Tensor, Tensor] {
  const { kernelSize, ...options } = readArguments<MaxPoolOptions & { kernelSize: Sizes }>(where, args, MAX_NAMES);
  const w = windows(where, x, dims, kernelSize!, options);
  if (x.dt.kind !== FLOATING) {
    const [values, indices] = maxPoolWhole(asBatch(x, dims), w);
    return x.ndim === dims + 2 ? [values, indices] : [values.squeeze(0), indices.squeeze(0)];
  }
  return maxima(`maxPool${dims}DWithIndices`, x, dims, maxKernel, w.size, [
    ...w.kernel,
    ...w.stride,
    ...w.padding,
    ...w.dilation,
  ]);
}
const named = (where: string, [output, indices]: [Tensor, Tensor]): Pooled =>
  pair(where, 'output', output, 'indices', indices);

/** Means over windows: the adjoint of {@link spreadMeans}. */
function means(x: Tensor, size: Shape, params: readonly number[]): Tensor {
  const out = emptyTensor(shapeOf(x, size), x.dt, x.device);
  if (out.count > 0) runStruct(avgKernel, [out, x], params);
  const { sizes } = x;
  return record(`avgPool${size.length}D`, out, [x], [], (g) => [spreadMeans(g, sizes, params)]);
}
/** Brings gradients of means to what they were taken of. */
function spreadMeans(g: Tensor, sizes: Shape, params: readonly number[]): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  if (out.count > 0) runStruct(avgBackwardKernel, [out, g], params);
  const size = g.sizes.slice(2);
  return record('avgPoolBackward', out, [g], [], (gg) => [means(gg, size, params)]);
}

function avgPool(dims: number, x: Tensor, args: readonly unknown[]): Tensor {
  const where = `avgPool${dims}d`;
  const options = readArguments<AvgPoolOptions & { kernelSize: Sizes }>(where, args, AVG_NAMES);
  const { countIncludePad = true, divisorOverride = null } = options;
  const { stride, padding, ceilMode } = options;
  const w = windows(where, x, dims, options.kernelSize!, { stride, padding, ceilMode });
  if (divisorOverride !== null && (!Number.isInteger(divisorOverride) || divisorOverride === 0)) {
    throw new RangeError(
      `${where}: divisor must be a whole number and not zero, but received ${describe(divisorOverride)}`,
    );
  }
  const params = [...w.kernel, ...w.stride, ...w.padding, countIncludePad ? 1 : 0, divisorOverride ?? 0];
  if (x.dt.kind !== FLOATING && x.dt !== int64) throw new DtypeError(`${where}: not implemented for ${x.dt.name}`);
  const input = asBatch(x, dims);
  const out = x.dt === int64 ? avgPoolWhole(input, w, countIncludePad, divisorOverride) : means(input, w.size, params);
  return input === x ? out : out.squeeze(0);
}

/** A size for each dim; null keeps the input's. */
export type OutputSize = number | null | readonly (number | null)[];
function outputSize(where: string, x: Tensor, wanted: OutputSize, dims: number): Shape {
  checkTensor(where, x);
  requireFloating(where, x.dt);
  checkRank(where, x, dims);
  const list = Array.isArray(wanted)
    ? (wanted as readonly (number | null)[])
    : new Array<number | null>(dims).fill(wanted as number | null);
  const first = x.ndim - dims;
  const size = list.map((n, d) => n ?? x.sizes[first + d]!);
  for (let d = first; d < x.ndim; d++) {
    if (x.sizes[d] === 0)
      throw new ShapeError(
        `${where}: expected input to have non-zero size for non-batch dimensions, but input has sizes ${show(x.sizes)}`,
      );
  }
  return spatial(where, 'outputSize', size, dims, 0);
}

/** Means over as many windows as are asked for. */
function adaptiveMeans(x: Tensor, size: Shape): Tensor {
  const out = emptyTensor(shapeOf(x, size), x.dt, x.device);
  if (out.count > 0) runStruct(adaptiveAvgKernel, [out, x]);
  const { sizes } = x;
  return record(`adaptiveAvgPool${size.length}D`, out, [x], [], (g) => [spreadAdaptive(g, sizes)]);
}
function spreadAdaptive(g: Tensor, sizes: Shape): Tensor {
  const out = emptyTensor(sizes, g.dt, g.device);
  if (out.count > 0) runStruct(adaptiveAvgBackwardKernel, [out, g]);
  const size = g.sizes.slice(2);
  return record('adaptiveAvgPoolBackward', out, [g], [], (gg) => [adaptiveMeans(gg, size)]);
}
function adaptiveAvgPool(dims: number, x: Tensor, wanted: OutputSize): Tensor {
  const size = outputSize(`adaptiveAvgPool${dims}d`, x, wanted, dims);
  const input = asBatch(x, dims);
  // to one value each: PyTorch, too, takes the mean
  if (x.dt.kind === FLOATING && size.every((n) => n === 1) && !x.sizes.includes(0))
    return x.mean(
      size.map((_, i) => i - dims),
      true,
    );
  const out = adaptiveMeans(input, size);
  return input === x ? out : out.squeeze(0);
}
function adaptiveMaxPool(dims: number, x: Tensor, wanted: OutputSize): Pooled {
  const where = `adaptiveMaxPool${dims}d`;
  return named(
    where,
    maxima(`adaptiveMaxPool${dims}D`, x, dims, adaptiveMaxKernel, outputSize(where, x, wanted, dims), []),
  );
}

/**
 * Maxima over windows of one dim: x [N, C, L] or [C, L]. `stride` is `kernelSize` if absent. Throws ShapeError where no
 * window fits, RangeError for windows that make no sense.
 * @example
 * torch.maxPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2) // tensor([[3.5000, 2.0000]])
 */
export function maxPool1d(x: Tensor, ...args: MaxPoolArguments): Tensor {
  return maxPool(1, x, args, 'maxPool1d')[0];
}
/**
 * As {@link maxPool1d}, with the positions of the maxima.
 * @example
 * torch.maxPool1dWithIndices(torch.tensor([[1, 3.5, 2, 0]]), 2).indices // tensor([[1, 2]])
 */
export function maxPool1dWithIndices(x: Tensor, ...args: MaxPoolArguments): Pooled {
  return named('maxPool1d', maxPool(1, x, args, 'maxPool1dWithIndices'));
}
/**
 * Maxima over windows of two dims: x [N, C, H, W] or [C, H, W]. `stride` is `kernelSize` if absent. Throws ShapeError where
 * no window fits, RangeError for windows that make no sense.
 * @example
 * torch.maxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), 2) // tensor([[[3.5000]]])
 */
export function maxPool2d(x: Tensor, ...args: MaxPoolArguments): Tensor {
  return maxPool(2, x, args, 'maxPool2d')[0];
}
/**
 * As {@link maxPool2d}, with the positions of the maxima in each flattened plane.
 * @example
 * torch.maxPool2dWithIndices(torch.tensor([[[1, 3.5], [2, 0]]]), 2).indices // tensor([[[1]]])
 */
export function maxPool2dWithIndices(x: Tensor, ...args: MaxPoolArguments): Pooled {
  return named('maxPool2d', maxPool(2, x, args, 'maxPool2dWithIndices'));
}
/**
 * Maxima over windows of three dims: x [N, C, D, H, W] or [C, D, H, W]. `stride` is `kernelSize` if absent. Throws
 * ShapeError where no window fits, RangeError for windows that make no sense.
 * @example
 * torch.maxPool3d(torch.ones([1, 2, 4, 4]), 2).shape // torch.Size([1, 1, 2, 2])
 */
export function maxPool3d(x: Tensor, ...args: MaxPoolArguments): Tensor {
  if (casting.on) return castCall('maxPool3d', maxPool3d, [x, ...args]);
  return maxPool(3, x, args, 'maxPool3d')[0];
}
/**
 * As {@link maxPool3d}, with the positions of the maxima in each flattened volume.
 * @example
 * torch.maxPool3dWithIndices(torch.ones([1, 2, 2, 2]), 2).indices // tensor([[[[0]]]])
 */
export function maxPool3dWithIndices(x: Tensor, ...args: MaxPoolArguments): Pooled {
  if (casting.on) return castCall('maxPool3dWithIndices', maxPool3dWithIndices, [x, ...args]);
  return named('maxPool3d', maxPool(3, x, args, 'maxPool3dWithIndices'));
}
/**
 * Means over windows of one dim: x [N, C, L] or [C, L]. `stride` is `kernelSize` if absent. Throws ShapeError where no
 * window fits, RangeError for windows that make no sense.
 * @example
 * torch.avgPool1d(torch.tensor([[1, 3.5, 2, 0]]), 2) // tensor([[2.2500, 1.0000]])
 */
export function avgPool1d(x: Tensor, ...args: AvgPoolArguments): Tensor {
  return avgPool(1, x, args);
}
/**
 * Means over windows of two dims: x [N, C, H, W] or [C, H, W]. `stride` is `kernelSize` if absent. Throws ShapeError where
 * no window fits, RangeError for windows that make no sense.
 * @example
 * torch.avgPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), 2) // tensor([[[1.6250]]])
 */
export function avgPool2d(x: Tensor, ...args: AvgPoolArguments): Tensor {
  return avgPool(2, x, args);
}
/**
 * Means over windows of three dims: x [N, C, D, H, W] or [C, D, H, W]. `stride` is `kernelSize` if absent. Throws
 * ShapeError where no window fits, RangeError for windows that make no sense.
 * @example
 * torch.avgPool3d(torch.ones([1, 2, 4, 4]), 2).shape // torch.Size([1, 1, 2, 2])
 */
export function avgPool3d(x: Tensor, ...args: AvgPoolArguments): Tensor {
  if (casting.on) return castCall('avgPool3d', avgPool3d, [x, ...args]);
  return avgPool(3, x, args);
}
/**
 * Means over `outputSize` windows that cover x [N, C, L] or [C, L]. Throws ShapeError if x has other dims.
 * @example
 * torch.adaptiveAvgPool1d(torch.tensor([[1, 3.5, 2]]), 2) // tensor([[2.2500, 2.7500]])
 */
export function adaptiveAvgPool1d(x: Tensor, outputSize: OutputSize): Tensor {
  return adaptiveAvgPool(1, x, outputSize);
}
/**
 * Means over `outputSize` windows that cover x [N, C, H, W] or [C, H, W]; null keeps a size. Throws ShapeError if x has
 * other dims.
 * @example
 * torch.adaptiveAvgPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), [1, null]) // tensor([[[1.5000, 1.7500]]])
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: OutputSize): Tensor {
  return adaptiveAvgPool(2, x, outputSize);
}
/**
 * Means over `outputSize` windows that cover x [N, C, D, H, W] or [C, D, H, W]; null keeps a size. Throws ShapeError if x
 * has other dims.
 * @example
 * torch.adaptiveAvgPool3d(torch.ones([1, 2, 4, 4]), 1) // tensor([[[[1.]]]])
 */
export function adaptiveAvgPool3d(x: Tensor, outputSize: OutputSize): Tensor {
  if (casting.on) return castCall('adaptiveAvgPool3d', adaptiveAvgPool3d, [x, outputSize]);
  return adaptiveAvgPool(3, x, outputSize);
}
/**
 * Maxima over `outputSize` windows that cover x [N, C, L] or [C, L], with their positions. Throws ShapeError if x has
 * other dims.
 * @example
 * torch.adaptiveMaxPool1d(torch.tensor([[1, 3.5, 2]]), 1).output // tensor([[3.5000]])
 */
export function adaptiveMaxPool1d(x: Tensor, outputSize: OutputSize): Pooled {
  return adaptiveMaxPool(1, x, outputSize);
}
/**
 * Maxima over `outputSize` windows that cover x [N, C, H, W] or [C, H, W], with their positions. Throws ShapeError if x has
 * other dims.
 * @example
 * torch.adaptiveMaxPool2d(torch.tensor([[[1, 3.5], [2, 0]]]), 1).indices // tensor([[[1]]])
 */
export function adaptiveMaxPool2d(x: Tensor, outputSize: OutputSize): Pooled {
  return adaptiveMaxPool(2, x, outputSize);
}
/**
 * Maxima over `outputSize` windows that cover x [N, C, D, H, W] or [C, D, H, W], with their positions. Throws ShapeError if
 * x has other dims.
 * @example
 * torch.adaptiveMaxPool3d(torch.ones([1, 2, 2, 2]), 1).output // tensor([[[[1.]]]])
 */
export function adaptiveMaxPool3d(x: Tensor, outputSize: OutputSize): Pooled {
  if (casting.on) return castCall('adaptiveMaxPool3d', adaptiveMaxPool3d, [x, outputSize]);
  return adaptiveMaxPool(3, x, outputSize);
}

operators({
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
});
