// interpolate: images and volumes in another size. nn.Upsample and the namespace functional call it.
import { castCall, castsThere } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { requireFloating, uint8 } from '../dtype.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';
import { type AntialiasFilter, type Axis, type Filter, pick, resample } from './internal/resampling.ts';
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from './pool.ts';

/** How values between elements are found. */
export type InterpolateMode =
  | 'nearest'
  | 'nearest-exact'
  | 'linear'
  | 'bilinear'
  | 'bicubic'
  | 'trilinear'
  | 'area'
  | 'lanczos';
/** Options of {@link interpolate}. */
export interface InterpolateOptions {
  size?: number | Shape | null | undefined;
  scaleFactor?: number | Shape | null | undefined;
  mode?: InterpolateMode | undefined;
  alignCorners?: boolean | null | undefined;
  recomputeScaleFactor?: boolean | null | undefined;
  antialias?: boolean | undefined;
}
const NAMES = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor', 'antialias'] as const;
/** Each mode with how many spatial dims it takes, and the name of its node. */
const MODES: Readonly<Record<InterpolateMode, readonly [dims: readonly number[], node: string]>> = {
  nearest: [[1, 2, 3], 'upsampleNearest'],
  'nearest-exact': [[1, 2, 3], 'upsampleNearestExact'],
  linear: [[1], 'upsampleLinear'],
  bilinear: [[2], 'upsampleBilinear'],
  bicubic: [[2], 'upsampleBicubic'],
  trilinear: [[3], 'upsampleTrilinear'],
  area: [[1, 2, 3], ''],
  lanczos: [[2], 'upsampleLanczos'],
};
const FILTERS: Readonly<Partial<Record<InterpolateMode, Filter | AntialiasFilter>>> = {
  nearest: 'near',
  'nearest-exact': 'exact',
  bicubic: 'cubic',
  lanczos: 'lanczos',
};
const WHERE = 'interpolate';

/** A number for each spatial dim. */
function perDim(name: string, value: number | Shape, x: Tensor, whole: boolean): Shape {
  const dims = x.ndim - 2;
  const list: readonly unknown[] = Array.isArray(value) ? value : new Array<unknown>(dims).fill(value);
  if (list.length !== dims) {
    throw new ShapeError(
      `${WHERE}: ${name} must have one number for each of the spatial dims ${show(x.sizes.slice(2))}, but received ${list.length}`,
    );
  }
  for (const n of list) {
    if (typeof n !== 'number' || (whole && !Number.isInteger(n)))
      throw new TypeError(`${WHERE}: expected ${whole ? 'whole ' : ''}numbers for ${name} but received ${describe(n)}`);
  }
  return list as Shape;
}

/**
 * `x` [N, C, *] with its one to three spatial dims in the given `size`, or larger by `scaleFactor`. Bilinear, bicubic
 * and Lanczos with `antialias` average over all that an output stands for. Throws ShapeError where sizes do not fit,
 * TypeError for options that do not go together.
 * @example
 * torch.nn.functional.interpolate(torch.tensor([[[1, 2.5]]]), { scaleFactor: 2 })
 * // tensor([[[1.0000, 1.0000, 2.5000, 2.5000]]])
 * @example
 * torch.nn.functional.interpolate(torch.tensor([[[1, 2.5]]]), { size: 3, mode: 'linear', alignCorners: true })
 * // tensor([[[1.0000, 1.7500, 2.5000]]])
 */
export function interpolate(
  x: Tensor,
  ...args: Call<
    [
      size?: number | Shape | null,
      scaleFactor?: number | Shape | null,
      mode?: InterpolateMode,
      alignCorners?: boolean | null,
      recomputeScaleFactor?: boolean | null,
      antialias?: boolean,
    ],
    InterpolateOptions
  >
): Tensor {
  if (castsThere(x)) return castCall('interpolate', interpolate, [x, ...args]);
  const options = readArguments<InterpolateOptions>(WHERE, args, NAMES);
  const { mode = 'nearest', antialias = false } = options;
  const [size, scaleFactor] = [options.size ?? null, options.scaleFactor ?? null];
  checkTensor(WHERE, x);
  if (typeof mode !== 'string' || !Object.hasOwn(MODES, mode))
    throw new TypeError(`${WHERE}: mode must be one of ${Object.keys(MODES).join(', ')}, not ${describe(mode)}`);
  for (const name of ['alignCorners', 'recomputeScaleFactor', 'antialias'] as const) {
    const value: unknown = options[name] ?? false;
    if (typeof value !== 'boolean')
      throw new TypeError(`${WHERE}: expected true or false for ${name} but received ${describe(value)}`);
  }
  const plain = mode === 'nearest' || mode === 'nearest-exact' || mode === 'area';
  const align = options.alignCorners ?? false;
  if (plain && (options.alignCorners ?? null) !== null) {
    throw new TypeError(
      `${WHERE}: alignCorners can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear`,
    );
  }
  const dims = x.ndim - 2;
  const [allowed, node] = MODES[mode];
  if (!allowed.includes(dims)) {
    throw new ShapeError(
      `${WHERE}: mode '${mode}' takes inputs of ${allowed.map((d) => d + 2).join(', ')} dims, but got ${show(x.sizes)}`,
    );
  }
  if (size !== null && scaleFactor !== null)
    throw new TypeError(`${WHERE}: only one of size or scaleFactor should be defined`);
  if (size === null && scaleFactor === null)
    throw new TypeError(`${WHERE}: either size or scaleFactor should be defined`);
  if (options.recomputeScaleFactor && size !== null)
    throw new TypeError(`${WHERE}: recomputeScaleFactor is not meaningful with an explicit size`);
  if (antialias && !(mode === 'bilinear' || mode === 'bicubic' || mode === 'lanczos'))
    throw new TypeError(`${WHERE}: antialias is restricted to the modes bilinear, bicubic and lanczos of 4-D inputs`);
  if (mode === 'lanczos' && !antialias) throw new TypeError(`${WHERE}: mode 'lanczos' requires antialias: true`);
  const before = x.sizes.slice(2);
  const factors = scaleFactor === null ? null : perDim('scaleFactor', scaleFactor, x, false);
  const after = factors
    ? before.map((n, d) => Math.trunc(n * factors[d]!))
    : perDim('size', size as number | Shape, x, true);
  if ([...before, ...after].some((n) => !(n > 0 && n < 2 ** 31))) {
    throw new ShapeError(
      `${WHERE}: input and output sizes should be greater than 0, but got input ${show(before)} and output ${show(after)}`,
    );
  }
  if (mode === 'area') {
    const pool = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d][dims - 1]!;
    return inNameOf(WHERE, () => pool(x, after));
  }
  const kept = options.recomputeScaleFactor ? null : factors;
  const axes = after.map((to, d): Axis => ({ from: before[d]!, to, scale: kept ? kept[d]! : null }));
  const filter = FILTERS[mode] ?? 'linear';
  if (x.dt === uint8 && plain) return pick(x, axes, filter as Filter);
  requireFloating(WHERE, x.dt);
  return resample(`${node}${dims}D${antialias ? 'Aa' : ''}`, x, axes, filter, align, antialias);
}

operators({ interpolate });
