// Sampling at the points of a grid, and the grids of affine maps. nn.functional's gridSample and affineGrid.
import { mode as gradMode } from '../autograd/mode.ts';
import { castCall, casting } from '../autocast.ts';
import { linspace, ones, zeros } from '../create.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, runStruct } from '../dispatch.ts';
import { FLOATING, requireFloating } from '../dtype.ts';
import { AutogradError, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { checkShape, type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';
import { stack } from './join.ts';

const sampleKernel = kernel('gridSample');
const sampleBackwardKernel = kernel('gridSampleBackward');

/** How values between pixels are found. */
export type GridMode = 'bilinear' | 'nearest' | 'bicubic';
/** What lies outside. */
export type GridPadding = 'zeros' | 'border' | 'reflection';
const MODES: readonly GridMode[] = ['bilinear', 'nearest', 'bicubic'];
const PADDINGS: readonly GridPadding[] = ['zeros', 'border', 'reflection'];
/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  mode?: GridMode | undefined;
  paddingMode?: GridPadding | undefined;
  alignCorners?: boolean | null | undefined;
}

/** Checks a sampling of `dims` spatial dims, 0 for as many as there are, and runs it. */
function sampled(
  where: string,
  dims: number,
  x: Tensor,
  grid: Tensor,
  mode: number,
  padding: number,
  align: boolean,
): Tensor {
  checkTensor(where, x);
  checkTensor(where, grid, 'grid');
  commonDevice(where, [x, grid]);
  requireFloating(where, x.dt);
  if (x.dt !== grid.dt)
    throw new DtypeError(
      `${where}: expected input and grid to have same dtype, but input has ${x.dtype} and grid has ${grid.dtype}`,
    );
  const both = `input of ${show(x.sizes)} and grid of ${show(grid.sizes)}`;
  const spatial = x.ndim - 2;
  if (x.ndim !== grid.ndim || (dims === 0 ? spatial !== 2 && spatial !== 3 : spatial !== dims)) {
    const wanted = dims === 0 ? '4D or 5D' : `${dims + 2}D`;
    throw new ShapeError(`${where}: expected ${wanted} input and grid with same number of dimensions, but got ${both}`);
  }
  if (x.sizes[0] !== grid.sizes[0])
    throw new ShapeError(`${where}: expected grid and input to have same batch size, but got ${both}`);
  if (grid.sizes[grid.ndim - 1] !== spatial)
    throw new ShapeError(`${where}: expected grid to have size ${spatial} in last dimension, but got ${both}`);
  if (x.sizes.slice(2).includes(0))
    throw new ShapeError(`${where}: expected input to have non-empty spatial dimensions, but got ${both}`);
  if (mode === 2 && spatial !== 2)
    throw new ShapeError(`${where}: bicubic interpolation only supports 4D input, but got ${both}`);
  const out = emptyTensor([x.sizes[0]!, x.sizes[1]!, ...grid.sizes.slice(1, -1)], x.dt, x.device);
  const params = [mode, padding, align ? 1 : 0];
  if (out.count > 0) runStruct(sampleKernel, [out, x, grid], params);
  return record(`gridSampler${spatial}D`, out, [x, grid], [x, grid], (g, n) => {
    const [image, points] = [n.unpack(0), n.unpack(1)];
    const gx = n.needs(0) ? emptyTensor(image.sizes, image.dt, image.device) : null;
    const gg = n.needs(1) ? emptyTensor(points.sizes, points.dt, points.device) : null;
    if (g.count > 0) runStruct(sampleBackwardKernel, [gx, gg, g, image, points], params);
    else for (const z of [gx, gg]) z?.zero_();
    if (!gradMode.grad) return [gx, gg];
    // PyTorch has no second derivative either, and refuses it where it is asked for
    const refuse = (z: Tensor | null): Tensor | null =>
      z &&
      record('gridSamplerBackward', z, [g, image, points], [], () => {
        throw new AutogradError(`${where}: the derivative of its backward is not implemented`);
      });
    return [refuse(gx), refuse(gg)];
  });
}

/** A mode by its number, as torch.gridSampler takes it. */
function code(where: string, name: string, value: unknown): number {
  if (value === 0 || value === 1 || value === 2) return value;
  throw typeof value === 'number'
    ? new RangeError(`${where}: ${name} must be 0, 1 or 2, not ${value}`)
    : new TypeError(`${where}: expected 0, 1 or 2 for ${name} but received ${describe(value)}`);
}
function sampler(
  where: string,
  dims: number,
  x: Tensor,
  grid: Tensor,
  mode: number,
  padding: number,
  align: boolean,
): Tensor {
  const [m, p] = [code(where, 'interpolationMode', mode), code(where, 'paddingMode', padding)];
  if (typeof align !== 'boolean')
    throw new TypeError(`${where}: expected true or false for alignCorners but received ${describe(align)}`);
  return sampled(where, dims, x, grid, m, p, align);
}

/**
 * `x` [N, C, H, W] or [N, C, D, H, W] at the points of `grid` [N, *, 2] or [N, *, 3], which counts from -1 to 1 over
 * the image, x first. `interpolationMode` is 0 for bilinear, 1 for nearest, 2 for bicubic, `paddingMode` 0 for zeros, 1
 * for border, 2 for reflection. Throws ShapeError where sizes do not fit.
 * @example
 * torch.gridSampler(torch.tensor([[[[1.5, 2.5]]]]), torch.zeros(1, 1, 1, 2), 0, 0, true) // tensor([[[[2.]]]])
 */
export function gridSampler(
  x: Tensor,
  grid: Tensor,
  interpolationMode: number,
  paddingMode: number,
  alignCorners: boolean,
): Tensor {
  if (casting.on) {
    return castCall('gridSampler', gridSampler, [x, grid, interpolationMode, paddingMode, alignCorners]);
  }
  return sampler('gridSampler', 0, x, grid, interpolationMode, paddingMode, alignCorners);
}
/**
 * As {@link gridSampler}, for images alone.
 * @example
 * torch.gridSampler2d(torch.tensor([[[[1.5, 2.5]]]]), torch.zeros(1, 1, 1, 2), 1, 0, true) // tensor([[[[1.5000]]]])
 */
export function gridSampler2d(
  x: Tensor,
  grid: Tensor,
  interpolationMode: number,
  paddingMode: number,
  alignCorners: boolean,
): Tensor {
  return sampler('gridSampler2d', 2, x, grid, interpolationMode, paddingMode, alignCorners);
}
/**
 * As {@link gridSampler}, for volumes alone.
 * @example
 * torch.gridSampler3d(torch.ones(1, 1, 2, 2, 2), torch.zeros(1, 1, 1, 1, 3), 0, 0, true) // tensor([[[[[1.]]]]])
 */
export function gridSampler3d(
  x: Tensor,
  grid: Tensor,
  interpolationMode: number,
  paddingMode: number,
  alignCorners: boolean,
): Tensor {
  return sampler('gridSampler3d', 3, x, grid, interpolationMode, paddingMode, alignCorners);
}

/**
 * `x` [N, C, H, W] or [N, C, D, H, W] at the points of `grid` [N, *, 2] or [N, *, 3], which counts from -1 to 1 over
 * the image, x first (https://arxiv.org/abs/1506.02025). With `alignCorners` (false), -1 and 1 are the centres of the
 * first and last pixels, else their outer edges. Throws ShapeError where sizes do not fit.
 * @example
 * torch.nn.functional.gridSample(torch.tensor([[[[1.5, 2.5]]]]), torch.zeros(1, 1, 1, 2)) // tensor([[[[2.]]]])
 */
export function gridSample(
  x: Tensor,
  grid: Tensor,
  ...args: Call<[mode?: GridMode, paddingMode?: GridPadding, alignCorners?: boolean | null], GridSampleOptions>
): Tensor {
  if (casting.on) return castCall('gridSample', gridSample, [x, grid, ...args]);
  const where = 'gridSample';
  const names = ['mode', 'paddingMode', 'alignCorners'];
  const options = readArguments<GridSampleOptions>(where, args, names);
  const { mode = 'bilinear', paddingMode = 'zeros' } = options;
  if (!MODES.includes(mode))
    throw new TypeError(`${where}: expected mode to be ${MODES.join(', ')}, but received ${describe(mode)}`);
  if (!PADDINGS.includes(paddingMode)) {
    throw new TypeError(
      `${where}: expected paddingMode to be ${PADDINGS.join(', ')}, but received ${describe(paddingMode)}`,
    );
  }
  const align = flag(where, 'alignCorners', options.alignCorners ?? false, false);
  return sampled(where, 0, x, grid, MODES.indexOf(mode), PADDINGS.indexOf(paddingMode), align);
}

/** Positions from -1 to 1, rounded as PyTorch rounds them: the ends themselves if aligned, else the centres of pieces. */
function positions(n: number, align: boolean, { dtype, device }: Tensor): Tensor {
  if (n === 1) return zeros([1], { dtype, device });
  const ends = linspace(-1, 1, n, { dtype, device });
  return align ? ends : ends.mul(n - 1).div(n);
}

/**
 * The grid for {@link gridSample} that an affine map `theta` [N, 2, 3] (or [N, 3, 4]) makes of an output of `size`
 * [N, C, H, W] (or [N, C, D, H, W]): [N, H, W, 2] (or [N, D, H, W, 3]). Throws ShapeError where sizes do not fit.
 * @example
 * torch.nn.functional.affineGrid(torch.tensor([[[1, 0, 0.5], [0, 1, 0]]]), [1, 1, 1, 2])
 * // tensor([[[[0., 0.],
 * //           [1., 0.]]]])
 */
export function affineGrid(
  theta: Tensor,
  size: Shape,
  ...args: Call<[alignCorners?: boolean | null], { alignCorners?: boolean | null | undefined }>
): Tensor {
  const where = 'affineGrid';
  const options = readArguments<{ alignCorners: boolean | null }>(where, args, ['alignCorners']);
  const align = flag(where, 'alignCorners', options.alignCorners ?? false, false);
  return inNameOf(where, () => gridOf(where, theta, size, align));
}
function gridOf(where: string, theta: Tensor, size: Shape, align: boolean): Tensor {
  checkTensor(where, theta, 'theta');
  if (theta.dt.kind !== FLOATING)
    throw new DtypeError(`${where}: expected theta to have floating point type, but got ${theta.dtype}`);
  const sizes = checkShape(where, size);
  const dims = sizes.length - 2;
  if (dims !== 2 && dims !== 3)
    throw new ShapeError(`${where}: expected a size of 4 or 5 dims, of images or volumes, but got ${show(sizes)}`);
  if (theta.ndim !== 3 || theta.sizes[1] !== dims || theta.sizes[2] !== dims + 1) {
    throw new ShapeError(
      `${where}: expected a batch of ${dims}D affine matrices of shape Nx${dims}x${dims + 1} for size ${show(sizes)}, but got ${show(theta.sizes)}`,
    );
  }
  if (sizes.includes(0))
    throw new ShapeError(`${where}: expected non-zero, positive output size, but got ${show(sizes)}`);
  if (sizes[0] !== theta.sizes[0]) {
    throw new ShapeError(
      `${where}: expected as many matrices as samples, but got ${show(theta.sizes)} for size ${show(sizes)}`,
    );
  }
  const space = sizes.slice(2);
  const count = space.reduce((n, m) => n * m, 1);
  if (count * (dims + 1) > 2 ** 31) throw new RangeError(`${where}: size ${show(sizes)} is too large`);
  const axes = space.map((n, d) => {
    const along = positions(n, align, theta).view(space.map((_, e) => (e === d ? n : 1)));
    return along.expand(space);
  });
  // x, then y, then z, then one
  const base = stack([...axes.reverse(), ones(space, { dtype: theta.dtype, device: theta.device })], -1);
  const points = base.view(count, dims + 1);
  return points.matmul(theta.transpose(1, 2)).view([theta.sizes[0]!, ...space, dims]);
}
/**
 * As {@link affineGrid}, with `alignCorners` always given.
 * @example
 * torch.affineGridGenerator(torch.tensor([[[1, 0, 0.5], [0, 1, 0]]]), [1, 1, 1, 2], true)
 * // tensor([[[[-0.5000,  0.0000],
 * //           [ 1.5000,  0.0000]]]])
 */
export function affineGridGenerator(theta: Tensor, size: Shape, alignCorners: boolean): Tensor {
  return inNameOf('affineGridGenerator', () => {
    const align = flag('affineGridGenerator', 'alignCorners', alignCorners, false);
    return gridOf('affineGridGenerator', theta, size, align);
  });
}

operators({ gridSampler, gridSampler2d, gridSampler3d, gridSample, affineGrid, affineGridGenerator });
