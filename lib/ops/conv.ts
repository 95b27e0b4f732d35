// Convolutions over one to three spatial dims, and transposed ones. The arithmetic is in internal/convolution.ts.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { FLOATING, REMEDY } from '../dtype.ts';
import { describe, DtypeError, ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { convolve, convolveInput } from './internal/convolution.ts';
import { convolveInputWhole, convolveWhole, requireNumbers } from './internal/whole-number.ts';
import { batched, checkRank, type Sizes, spatial } from './internal/spatial.ts';
import { pad } from './pad.ts';
import { operators } from './internal/register.ts';

/** What `padding` takes: numbers, `'valid'` for none, or `'same'` for a result of the input's size. */
export type ConvPadding = Sizes | 'same' | 'valid';
/** Options of {@link conv1d}, {@link conv2d} and {@link conv3d}. */
export interface ConvOptions {
  bias?: Tensor | null | undefined;
  stride?: Sizes | undefined;
  padding?: ConvPadding | undefined;
  dilation?: Sizes | undefined;
  groups?: number | undefined;
}
type ConvArguments = Call<
  [bias?: Tensor | null, stride?: Sizes, padding?: ConvPadding, dilation?: Sizes, groups?: number],
  ConvOptions
>;
const CONV_NAMES = ['bias', 'stride', 'padding', 'dilation', 'groups'] as const;

/** Options of {@link convTranspose1d}, {@link convTranspose2d} and {@link convTranspose3d}. */
export interface ConvTransposeOptions {
  bias?: Tensor | null | undefined;
  stride?: Sizes | undefined;
  padding?: Sizes | undefined;
  outputPadding?: Sizes | undefined;
  groups?: number | undefined;
  dilation?: Sizes | undefined;
}
type ConvTransposeArguments = Call<
  [bias?: Tensor | null, stride?: Sizes, padding?: Sizes, outputPadding?: Sizes, groups?: number, dilation?: Sizes],
  ConvTransposeOptions
>;
const TRANSPOSE_NAMES = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;

/** Input, weight and bias of fitting kinds; the output channels of the weight are `channels`. */
function checkOperands(where: string, x: Tensor, weight: Tensor, bias: Tensor | null, dims: number): void {
  checkTensor(where, x);
  checkTensor(where, weight, 'weight');
  if (bias !== null) checkTensor(where, bias, 'bias');
  requireNumbers(where, x.dt);
  commonDevice(where, [x, weight, bias]);
  for (const [name, other] of [
    ['weight', weight],
    ['bias', bias],
  ] as const) {
    if (other !== null && other.dt !== x.dt) {
      const remedy = x.dt.kind !== FLOATING && other.dt.kind === FLOATING ? `; ${REMEDY}` : '';
      throw new DtypeError(
        `${where}: input type (${x.dtype}) and ${name} type (${other.dtype}) should be the same${remedy}`,
      );
    }
  }
  checkRank(where, x, dims);
  if (weight.ndim !== dims + 2)
    throw new ShapeError(
      `${where}: expected a weight of ${dims + 2} dimensions, but got weight of size ${show(weight.sizes)}`,
    );
  for (let d = 2; d < weight.ndim; d++) {
    if (weight.sizes[d] === 0)
      throw new ShapeError(`${where}: the kernel must not be empty, but got weight of size ${show(weight.sizes)}`);
  }
}
function checkGroups(where: string, groups: number, weight: Tensor): void {
  if (!Number.isInteger(groups))
    throw new TypeError(`${where}: expected a whole number for groups but received ${describe(groups)}`);
  if (groups < 1) throw new RangeError(`${where}: non-positive groups is not supported, but got groups=${groups}`);
  if (weight.sizes[0]! < groups || weight.sizes[0]! % groups !== 0) {
    throw new ShapeError(
      `${where}: given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got weight of size ${show(weight.sizes)} instead`,
    );
  }
}
function checkBias(where: string, bias: Tensor | null, weight: Tensor, channels: number): void {
  if (bias !== null && (bias.ndim !== 1 || bias.sizes[0] !== channels)) {
    throw new ShapeError(
      `${where}: given weight of size ${show(weight.sizes)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${show(bias.sizes)} instead`,
    );
  }
}

function conv(dims: number, x: Tensor, weight: Tensor, args: readonly unknown[]): Tensor {
  const where = `conv${dims}d`;
  const options = readArguments<ConvOptions>(where, args, CONV_NAMES);
  const { bias = null, groups = 1 } = options;
  checkOperands(where, x, weight, bias, dims);
  checkGroups(where, groups, weight);
  checkBias(where, bias, weight, weight.sizes[0]!);
  const stride = spatial(where, 'stride', options.stride ?? 1, dims, 1);
  const dilation = spatial(where, 'dilation', options.dilation ?? 1, dims, 1);
  const kernel = weight.sizes.slice(2);
  return batched(where, x, dims, (input) => {
    if (input.sizes[1] !== weight.sizes[1]! * groups) {
      throw new ShapeError(
        `${where}: given groups=${groups}, weight of size ${show(weight.sizes)}, expected input${show(x.sizes)} to have ` +
          `${weight.sizes[1]! * groups} channels, but got ${input.sizes[1]} channels instead`,
      );
    }
    let padding = options.padding ?? 0;
    if (padding === 'valid') padding = 0;
    if (padding === 'same') {
      if (stride.some((s) => s !== 1))
        throw new ShapeError(`${where}: padding='same' is not supported for strided convolutions`);
      const total = kernel.map((k, d) => dilation[d]! * (k - 1));
      padding = total.map((t) => Math.floor(t / 2));
      // an odd total has its extra column at the end
      if (total.some((t) => t % 2 !== 0))
        input = pad(
          input,
          total
            .map((t) => t % 2)
            .reverse()
            .flatMap((odd) => [0, odd]),
        );
    } else if (typeof padding === 'string') {
      throw new TypeError(`${where}: invalid padding string: '${String(padding)}'`);
    }
    const pads = spatial(where, 'padding', padding, dims, 0);
    const padded = pads.map((p, d) => input.sizes[d + 2]! + 2 * p);
    const size = padded.map((n, d) => Math.floor((n - dilation[d]! * (kernel[d]! - 1) - 1) / stride[d]!) + 1);
    if (padded.some((n, d) => n < dilation[d]! * (kernel[d]! - 1) + 1)) {
      const reach = kernel.map((k, d) => dilation[d]! * (k - 1) + 1);
      throw new ShapeError(
        `${where}: calculated padded input size per channel: (${padded.join(' x ')}). Kernel size: (${reach.join(' x ')}). ` +
          "Kernel size can't be greater than actual input size",
      );
    }
    if (x.dt.kind !== FLOATING)
      return convolveWhole(input, weight, bias, groups, { kernel, stride, padding: pads, dilation, size });
    return convolve(input, weight, bias, [groups, ...stride, ...pads, ...dilation], size);
  });
}

function convTranspose(dims: number, x: Tensor, weight: Tensor, args: readonly unknown[]): Tensor {
  const where = `convTranspose${dims}d`;
  const options = readArguments<ConvTransposeOptions>(where, args, TRANSPOSE_NAMES);
  const { bias = null, groups = 1 } = options;
  checkOperands(where, x, weight, bias, dims);
  checkGroups(where, groups, weight);
  const channels = weight.sizes[1]! * groups;
  checkBias(where, bias, weight, channels);
  const stride = spatial(where, 'stride', options.stride ?? 1, dims, 1);
  const padding = spatial(where, 'padding', options.padding ?? 0, dims, 0);
  const extra = spatial(where, 'outputPadding', options.outputPadding ?? 0, dims, 0);
  const dilation = spatial(where, 'dilation', options.dilation ?? 1, dims, 1);
  if (extra.some((e, d) => e >= Math.max(stride[d]!, dilation[d]!))) {
    throw new ShapeError(
      `${where}: output padding must be smaller than either stride or dilation, but got outputPadding=${show(extra)}, ` +
        `stride=${show(stride)} and dilation=${show(dilation)}`,
    );
  }
  return batched(where, x, dims, (input) => {
    if (input.sizes[1] !== weight.sizes[0]) {
      throw new ShapeError(
        `${where}: given transposed=1, weight of size ${show(weight.sizes)}, expected input${show(x.sizes)} to have ` +
          `${weight.sizes[0]} channels, but got ${input.sizes[1]} channels instead`,
      );
    }
    const size = stride.map(
      (s, d) =>
        (input.sizes[d + 2]! - 1) * s - 2 * padding[d]! + dilation[d]! * (weight.sizes[d + 2]! - 1) + extra[d]! + 1,
    );
    if (size.some((n) => n <= 0)) {
      throw new ShapeError(
        `${where}: given input size per channel: (${input.sizes.slice(2).join(' x ')}). Calculated output size per channel: (${size.join(' x ')}). Output size is too small`,
      );
    }
    if (x.dt.kind !== FLOATING) {
      const layout = { kernel: weight.sizes.slice(2), stride, padding, dilation, size };
      return convolveInputWhole(input, weight, bias, groups, layout);
    }
    // so much extra output that a convolution of it would have more positions than the input: zeros take their place
    const more = extra.map((e, d) => Math.floor(e / stride[d]!));
    if (more.some((m) => m > 0))
      input = pad(
        input,
        more.reverse().flatMap((m) => [0, m]),
      );
    return convolveInput(input, weight, bias, [groups, ...stride, ...padding, ...dilation], size, channels);
  });
}

/**
 * Convolution over one dim: x [N, C, L] or [C, L], weight [O, C / groups, K], bias [O], giving [N, O, L'] or [O, L'].
 * Throws ShapeError or DtypeError where they do not fit together.
 * @example
 * torch.conv1d(torch.tensor([[1, 2, 4.5]]), torch.tensor([[[1, -1.0]]]).float()) // tensor([[-1.0000, -2.5000]])
 */
export function conv1d(x: Tensor, weight: Tensor, ...args: ConvArguments): Tensor {
  if (casting.on) return castCall('conv1d', conv1d, [x, weight, ...args]);
  return conv(1, x, weight, args);
}

/**
 * Convolution over two dims: x [N, C, H, W] or [C, H, W], weight [O, C / groups, KH, KW], bias [O], giving
 * [N, O, H', W'] or [O, H', W']. Throws ShapeError or DtypeError where they do not fit together.
 * @example
 * torch.conv2d(torch.ones([1, 1, 3, 3]), torch.ones([2, 1, 3, 3]), { padding: 1, stride: 2 }).shape // torch.Size([1, 2, 2, 2])
 */
export function conv2d(x: Tensor, weight: Tensor, ...args: ConvArguments): Tensor {
  if (casting.on) return castCall('conv2d', conv2d, [x, weight, ...args]);
  return conv(2, x, weight, args);
}

/**
 * Convolution over three dims: x [N, C, D, H, W] or [C, D, H, W], weight [O, C / groups, KD, KH, KW], bias [O]. Throws
 * ShapeError or DtypeError where they do not fit together.
 * @example
 * torch.conv3d(torch.ones([1, 3, 4, 4]), torch.ones([2, 1, 3, 3, 3])).shape // torch.Size([2, 1, 2, 2])
 */
export function conv3d(x: Tensor, weight: Tensor, ...args: ConvArguments): Tensor {
  if (casting.on) return castCall('conv3d', conv3d, [x, weight, ...args]);
  return conv(3, x, weight, args);
}

/**
 * The adjoint of {@link conv1d}: x [N, C, L] or [C, L], weight [C, O / groups, K], bias [O]. Throws ShapeError or DtypeError
 * where they do not fit together.
 * @example
 * torch.convTranspose1d(torch.ones([1, 2]), torch.ones([1, 1, 2])) // tensor([[1., 2., 1.]])
 */
export function convTranspose1d(x: Tensor, weight: Tensor, ...args: ConvTransposeArguments): Tensor {
  if (casting.on) return castCall('convTranspose1d', convTranspose1d, [x, weight, ...args]);
  return convTranspose(1, x, weight, args);
}

/**
 * The adjoint of {@link conv2d}: x [N, C, H, W] or [C, H, W], weight [C, O / groups, KH, KW], bias [O]. Throws ShapeError
 * or DtypeError where they do not fit together.
 * @example
 * torch.convTranspose2d(torch.ones([1, 1, 2, 2]), torch.ones([1, 3, 2, 2]), { stride: 2 }).shape // torch.Size([1, 3, 4, 4])
 */
export function convTranspose2d(x: Tensor, weight: Tensor, ...args: ConvTransposeArguments): Tensor {
  if (casting.on) return castCall('convTranspose2d', convTranspose2d, [x, weight, ...args]);
  return convTranspose(2, x, weight, args);
}

/**
 * The adjoint of {@link conv3d}: x [N, C, D, H, W] or [C, D, H, W], weight [C, O / groups, KD, KH, KW], bias [O]. Throws
 * ShapeError or DtypeError where they do not fit together.
 * @example
 * torch.convTranspose3d(torch.ones([1, 1, 2, 2]), torch.ones([1, 3, 2, 2, 2])).shape // torch.Size([3, 2, 3, 3])
 */
export function convTranspose3d(x: Tensor, weight: Tensor, ...args: ConvTransposeArguments): Tensor {
  if (casting.on) return castCall('convTranspose3d', convTranspose3d, [x, weight, ...args]);
  return convTranspose(3, x, weight, args);
}

operators({
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
});
