// Convolutions and poolings of whole numbers, made of views of windows: exact, without derivatives. Called by conv.ts and
// pool.ts, whose kernels are for floating point.
import { DtypeError } from '../../errors.ts';
import { BOOL, type DType, int64 } from '../../dtype.ts';
import { iinfo } from '../../limits.ts';
import { contiguousStrides, type Shape, sizeOf } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { pad } from '../pad.ts';
import { slice } from '../pieces.ts';
import { asStrided } from '../strided.ts';
import { zerosOf } from './reducing.ts';

/** Refuses bools, of which there are neither sums nor maxima of windows. */
export function requireNumbers(where: string, dt: DType): void {
  if (dt.kind === BOOL) throw new DtypeError(`${where}: not implemented for bool`);
}

/** Where windows lie along each dim. */
export interface Layout {
  readonly kernel: Shape;
  readonly stride: Shape;
  readonly padding: Shape;
  readonly dilation: Shape;
  readonly size: Shape;
}
/** Widths for pad, which counts from the last dim on. */
const widths = (before: Shape, after: Shape): number[] =>
  before
    .map((b, d) => [b, after[d]!] as const)
    .reverse()
    .flat();
/** How far the windows reach beyond a dim of `n` elements and its left padding. */
const beyond = ({ kernel, stride, dilation, padding, size }: Layout, d: number, n: number): number =>
  (size[d]! - 1) * stride[d]! + dilation[d]! * (kernel[d]! - 1) + 1 - padding[d]! - n;

/** x [N, C, *] as its windows [N, C, *size, kernel]; `fill` stands where they hang over. */
function windowsOf(x: Tensor, w: Layout, fill: number): Tensor {
  const plane = x.sizes.slice(2);
  const after = plane.map((n, d) => beyond(w, d, n));
  const padded = pad(x.detach(), widths(w.padding, after), 'constant', fill).contiguous();
  const strides = contiguousStrides(padded.sizes);
  const spatial = strides.slice(2);
  const view = asStrided(
    padded,
    [...x.sizes.slice(0, 2), ...w.size, ...w.kernel],
    [...strides.slice(0, 2), ...spatial.map((s, d) => s * w.stride[d]!), ...spatial.map((s, d) => s * w.dilation[d]!)],
    padded.offset,
  );
  return view.reshape([...x.sizes.slice(0, 2), ...w.size, sizeOf(w.kernel)]);
}

/** `[N, O, *size]` from x [N, C, *], w [O, C / groups, *] and bias [O]. */
export function convolveWhole(x: Tensor, w: Tensor, bias: Tensor | null, groups: number, layout: Layout): Tensor {
  const [n, c, o] = [x.sizes[0]!, x.sizes[1]!, w.sizes[0]!];
  const { size, kernel } = layout;
  const taps = (c / groups) * sizeOf(kernel);
  const places = sizeOf(size);
  const columns = windowsOf(x, layout, 0)
    .reshape([n, groups, c / groups, places, sizeOf(kernel)])
    .permute(0, 1, 3, 2, 4)
    .reshape([n, groups, places, taps]);
  const rows = w
    .detach()
    .reshape([groups, o / groups, taps])
    .transpose(1, 2);
  const out = columns
    .matmul(rows)
    .permute(0, 1, 3, 2)
    .reshape([n, o, ...size]);
  return bias === null ? out : out.add(bias.detach().reshape([o, ...size.map(() => 1)]));
}

/** `[N, channels, *size]` from x [N, O, *] and w [O, channels / groups, *]: the transposed convolution. */
export function convolveInputWhole(
  x: Tensor,
  w: Tensor,
  bias: Tensor | null,
  groups: number,
  { kernel, stride, padding, dilation, size }: Layout,
): Tensor {
  const plane = x.sizes.slice(2);
  // the input with zeros between its elements
  const apart = plane.map((n, d) => (n - 1) * stride[d]! + 1);
  const spread = zerosOf([x.sizes[0]!, x.sizes[1]!, ...apart], x.dt, x.device);
  let holes = spread;
  stride.forEach((step, d) => (holes = slice(holes, { dim: d + 2, step })));
  holes.copy_(x.detach());
  const before = kernel.map((k, d) => dilation[d]! * (k - 1) - padding[d]!);
  const after = kernel.map((k, d) => size[d]! + dilation[d]! * (k - 1) - before[d]! - apart[d]!);
  const [o, per] = [w.sizes[0]!, w.sizes[1]!];
  const turned = w
    .detach()
    .reshape([groups, o / groups, per, ...kernel])
    .transpose(1, 2)
    .reshape([groups * per, o / groups, ...kernel])
    .flip(kernel.map((_, d) => d + 2));
  const ones = kernel.map(() => 1);
  const none = kernel.map(() => 0);
  return convolveWhole(pad(spread, widths(before, after)), turned, bias, groups, {
    kernel,
    stride: ones,
    padding: none,
    dilation,
    size,
  });
}

/** Maxima of windows, and their places in the flattened plane. */
export function maxPoolWhole(x: Tensor, w: Layout): [values: Tensor, indices: Tensor] {
  const plane = x.sizes.slice(2);
  const { values, indices } = windowsOf(x, w, Number(iinfo(x.dtype).min)).max(-1);
  const places = emptyTensor([sizeOf(plane)], int64, x.device)
    .fill_(1)
    .cumsum(0)
    .sub(1)
    .view([1, 1, ...plane]);
  const all = windowsOf(places, w, -1).expand([...x.sizes.slice(0, 2), ...w.size, sizeOf(w.kernel)]);
  const found = all.gather(-1, indices.unsqueeze(-1)).squeeze(-1);
  // of windows of the least number only: their first element, not the padding before it
  const first = windowsOf(places, w, Number.MAX_SAFE_INTEGER).amin(-1);
  return [values, found.where(found.ge(0), first)];
}

/** Means of windows, cut off to whole numbers. */
export function avgPoolWhole(x: Tensor, w: Layout, countIncludePad: boolean, divisor: number | null): Tensor {
  const sums = windowsOf(x, w, 0).sum(-1);
  if (divisor !== null) return sums.div(divisor, { roundingMode: 'trunc' }).to(x.dtype);
  const ones = emptyTensor([1, 1, ...x.sizes.slice(2)], int64, x.device).fill_(1);
  // padding counts, what hangs over it does not
  const counted = countIncludePad ? pad(ones, widths(w.padding, w.padding), 'constant', 1) : ones;
  const counts = windowsOf(counted, countIncludePad ? { ...w, padding: w.padding.map(() => 0) } : w, 0).sum(-1);
  return sums.div(counts, { roundingMode: 'trunc' }).to(x.dtype);
}
