// Sliding blocks of images as columns, and their sum back into images. nn.functional's unfold and fold.
import { record } from '../history.ts';
import { checkTensor, runMap } from '../dispatch.ts';
import { BOOL } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { contiguousStrides, type Shape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';
import { type Sizes, spatial } from './internal/spatial.ts';

const fillKernel = kernel('fill');
const copyKernel = kernel('copy');
const addKernel = kernel('add');

/** The blocks of an image [N, C, H, W]. */
interface Blocks {
  readonly kernel: Shape;
  readonly dilation: Shape;
  readonly padding: Shape;
  readonly stride: Shape;
  /** How many fit. */
  readonly count: Shape;
}

function blocks(
  where: string,
  image: Shape,
  kernelSize: Sizes,
  dilation: Sizes,
  padding: Sizes,
  stride: Sizes,
): Blocks {
  const window = spatial(where, 'kernelSize', kernelSize, 2, 1);
  const gaps = spatial(where, 'dilation', dilation, 2, 1);
  const pads = spatial(where, 'padding', padding, 2, 0);
  const steps = spatial(where, 'stride', stride, 2, 1);
  const count = window.map((k, d) => Math.floor((image[d]! + 2 * pads[d]! - gaps[d]! * (k - 1) - 1) / steps[d]!) + 1);
  if (count.some((n) => n < 1)) {
    throw new ShapeError(
      `${where}: given an image of ${show(image)}, kernelSize=${show(window)}, dilation=${show(gaps)}, padding=${show(pads)}, ` +
        `stride=${show(steps)}, the array of sliding blocks would be ${show(count)}, which is too small`,
    );
  }
  return { kernel: window, dilation: gaps, padding: pads, stride: steps, count };
}

/** A dense image of zeros with its border. */
function padded(x: Pick<Tensor, 'sizes' | 'dt' | 'device'>, { padding }: Blocks): Tensor {
  const [n, c, h, w] = x.sizes as readonly [number, number, number, number];
  const out = emptyTensor([n, c, h + 2 * padding[0]!, w + 2 * padding[1]!], x.dt, x.device);
  runMap(fillKernel, out.sizes, [out, 0], x.dt);
  return out;
}
/** The image inside its border. */
const interior = (x: Tensor, sizes: Shape, { padding }: Blocks): Tensor =>
  new Tensor(x.storage, x.dt, sizes, x.strides, x.offset + padding[0]! * x.strides[2]! + padding[1]! * x.strides[3]!);

/** x [N, C, H, W] as [N, C kh kw, L]. */
function columns(x: Tensor, b: Blocks): Tensor {
  let image = x;
  if (b.padding.some((p) => p > 0)) {
    image = padded(x, b);
    runMap(copyKernel, x.sizes, [interior(image, x.sizes, b), x], x.dt);
  }
  const [n, c] = x.sizes as readonly [number, number];
  const [sn, sc, sh, sw] = image.strides as readonly [number, number, number, number];
  const sizes = [n, c, ...b.kernel, ...b.count];
  const strides = [sn, sc, sh * b.dilation[0]!, sw * b.dilation[1]!, sh * b.stride[0]!, sw * b.stride[1]!];
  const flat = emptyTensor([n, c * b.kernel[0]! * b.kernel[1]!, b.count[0]! * b.count[1]!], x.dt, x.device);
  const out = new Tensor(flat.storage, x.dt, sizes, null, flat.offset, flat.count);
  runMap(copyKernel, sizes, [out, new Tensor(image.storage, x.dt, sizes, strides, image.offset)], x.dt);
  const shape = x.sizes;
  return record('im2Col', flat, [x], [], (g) => [image_(g, shape, b)]);
}
/** The adjoint of {@link columns}: blocks add up where they meet. */
function image_(g: Tensor, sizes: Shape, b: Blocks): Tensor {
  const [n, c] = sizes as readonly [number, number];
  const whole = padded({ sizes, dt: g.dt, device: g.device }, b);
  const shape = [n, c, ...b.kernel, ...b.count];
  const dense = g.dense ? g : g.detach().contiguous();
  const strides = contiguousStrides(shape);
  const [sn, sc, sh, sw] = whole.strides as readonly [number, number, number, number];
  const part = [n, c, ...b.count];
  const to = [sn, sc, sh * b.stride[0]!, sw * b.stride[1]!];
  const from = [strides[0]!, strides[1]!, strides[4]!, strides[5]!];
  for (let i = 0; i < b.kernel[0]!; i++) {
    for (let j = 0; j < b.kernel[1]!; j++) {
      const at = whole.offset + i * b.dilation[0]! * sh + j * b.dilation[1]! * sw;
      const target = new Tensor(whole.storage, g.dt, part, to, at);
      const offset = dense.offset + i * strides[2]! + j * strides[3]!;
      runMap(addKernel, part, [target, target, new Tensor(dense.storage, g.dt, part, from, offset)], g.dt);
    }
  }
  let out = whole;
  if (b.padding.some((p) => p > 0)) {
    out = emptyTensor(sizes, g.dt, g.device);
    runMap(copyKernel, sizes, [out, interior(whole, sizes, b)], g.dt);
  }
  return record('col2Im', out, [g], [], (gg) => [columns(gg, b)]);
}

/**
 * The blocks of `kernelSize` that slide over images x [N, C, H, W] or [C, H, W], each a column: [N, C kh kw, L]. What
 * nn.functional calls unfold. Throws ShapeError where no block fits.
 * @example
 * torch.im2col(torch.tensor([[[1, 2.5], [3, 4]]]), [1, 2], 1, 0, 1)
 * // tensor([[1.0000, 3.0000],
 * //         [2.5000, 4.0000]])
 */
export function im2col(x: Tensor, kernelSize: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes): Tensor {
  const where = 'im2col';
  checkTensor(where, x);
  if ((x.ndim !== 3 && x.ndim !== 4) || x.sizes.slice(-3).includes(0)) {
    throw new ShapeError(
      `${where}: expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${show(x.sizes)}`,
    );
  }
  const b = blocks(where, x.sizes.slice(-2), kernelSize, dilation, padding, stride);
  return x.ndim === 4 ? columns(x, b) : columns(x.unsqueeze(0), b).squeeze(0);
}

/**
 * The sum of blocks x [N, C kh kw, L] or [C kh kw, L] at their places in images of `outputSize`: [N, C, H, W]. What
 * nn.functional calls fold. Throws ShapeError where sizes do not fit.
 * @example
 * torch.col2im(torch.tensor([[1, 2.5], [3, 4]]), [1, 3], [1, 2], 1, 0, 1) // tensor([[[1.0000, 5.5000, 4.0000]]])
 */
export function col2im(
  x: Tensor,
  outputSize: Sizes,
  kernelSize: Sizes,
  dilation: Sizes,
  padding: Sizes,
  stride: Sizes,
): Tensor {
  const where = 'col2im';
  checkTensor(where, x);
  if (x.dt.kind === BOOL) throw new DtypeError(`${where}: not implemented for bool`);
  if ((x.ndim !== 2 && x.ndim !== 3) || x.sizes.slice(-2).includes(0)) {
    throw new ShapeError(
      `${where}: expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions, but got: ${show(x.sizes)}`,
    );
  }
  const image = spatial(where, 'outputSize', outputSize, 2, 1);
  const b = blocks(where, image, kernelSize, dilation, padding, stride);
  const [rows, length] = [x.sizes.at(-2)!, x.sizes.at(-1)!];
  const area = b.kernel[0]! * b.kernel[1]!;
  if (rows % area !== 0) {
    throw new ShapeError(
      `${where}: expected size of input's dimension 1 to be divisible by the product of kernelSize, but got ${rows} and kernelSize=${show(b.kernel)}`,
    );
  }
  if (length !== b.count[0]! * b.count[1]!) {
    throw new ShapeError(
      `${where}: given outputSize=${show(image)}, kernelSize=${show(b.kernel)}, dilation=${show(b.dilation)}, padding=${show(b.padding)}, ` +
        `stride=${show(b.stride)}, expected size of input's dimension 2 to match the number of sliding blocks ` +
        `${b.count[0]} * ${b.count[1]} = ${b.count[0]! * b.count[1]!}, but got ${length}`,
    );
  }
  const sizes = [x.ndim === 3 ? x.sizes[0]! : 1, rows / area, ...image];
  return x.ndim === 3 ? image_(x, sizes, b) : image_(x.unsqueeze(0), sizes, b).squeeze(0);
}

operators({ im2col, col2im });
