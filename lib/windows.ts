// The window functions of signal processing. Called by users through the namespace.
import { deviceOption } from './device.ts';
import { readArguments } from './arguments.ts';
import { checkNumber, DtypeError, inNameOf } from './errors.ts';
import { type DType, FLOATING, float64, getDefault, int32, int64 } from './dtype.ts';
import { arange, ones } from './create.ts';
import { COMMON, dtypeOption, finish, type TensorOptions } from './tensor-options.ts';
import { emptyTensor, type Tensor } from './tensor.ts';
import { wholeNumber } from './ops/internal/checks.ts';
import { flag } from './ops/internal/reducing.ts';

/** Options of the window functions. */
export interface WindowOptions extends TensorOptions {
  /** For use with Fourier transforms (the default): one step longer, the last element left out. */
  periodic?: boolean | undefined;
}
/** `periodic` and options. */
export type WindowArgs<O = WindowOptions> = [options?: O] | [periodic: boolean, options?: O];

/**
 * `f` of the places 0, 1, … and of how many steps they are, in the window's dtype: what PyTorch rounds is rounded. Further
 * numbers come by position or by name.
 */
function windowed(
  where: string,
  windowLength: number,
  args: readonly unknown[],
  names: readonly string[],
  f: (place: Tensor, steps: number, numbers: readonly (number | undefined)[]) => Tensor,
): Tensor {
  return inNameOf(where, () => {
    const n = wholeNumber(where, 'windowLength', windowLength, 0);
    const options = readArguments<WindowOptions & Record<string, unknown>>(where, args, ['periodic', ...names], COMMON);
    const dt = dtypeOption(where, options, getDefault())!;
    const device = deviceOption(where, options.device);
    if (dt.kind !== FLOATING) throw new DtypeError(`${where}: expects floating point dtypes, got ${dt.name}`);
    const periodic = flag(where, 'periodic', options.periodic, true);
    const numbers = names.map((name) => {
      const value = options[name];
      if (value !== undefined && value !== null) checkNumber(where, name, value);
      return value as number | undefined;
    });
    if (n === 0) return finish(emptyTensor([0], dt, device), options);
    if (n === 1) return finish(ones([1], { dtype: dt.name, device }), options);
    const steps = periodic ? n : n - 1;
    return finish(f(arange(n, { dtype: dt.name, device }), steps, numbers), options);
  });
}
/** The cosine, right to the last bit: float32's own may be off by one, and so may PyTorch's, elsewhere. */
const cosine = (x: Tensor): Tensor => x.double().cos().to(x.dtype);
const wave = (place: Tensor, steps: number, alpha: number, beta: number): Tensor =>
  cosine(place.mul((2 * Math.PI) / steps))
    .mul(-beta)
    .add(alpha);

/**
 * The Hann window of `windowLength` elements, `(1 - cos 2πt) / 2`. Throws RangeError for a negative length.
 * @example
 * torch.hannWindow(4) // tensor([0.0000, 0.5000, 1.0000, 0.5000])
 */
export function hannWindow(windowLength: number, ...args: WindowArgs): Tensor {
  return windowed('hannWindow', windowLength, args, [], (i, steps) => wave(i, steps, 0.5, 0.5));
}
/** Options of {@link hammingWindow}. */
export interface HammingOptions extends WindowOptions {
  alpha?: number | undefined;
  beta?: number | undefined;
}
/**
 * The Hamming window of `windowLength` elements, `alpha - beta cos 2πt` (0.54 and 0.46). Throws RangeError for a negative
 * length.
 * @example
 * torch.hammingWindow(4) // tensor([0.0800, 0.5400, 1.0000, 0.5400])
 */
export function hammingWindow(
  windowLength: number,
  ...args:
    | WindowArgs<HammingOptions>
    | [periodic: boolean, alpha: number, options?: HammingOptions]
    | [periodic: boolean, alpha: number, beta: number, options?: HammingOptions]
): Tensor {
  return windowed('hammingWindow', windowLength, args, ['alpha', 'beta'], (i, steps, [alpha = 0.54, beta = 0.46]) =>
    wave(i, steps, alpha, beta),
  );
}
/**
 * The Blackman window of `windowLength` elements, `0.42 - 0.5 cos 2πt + 0.08 cos 4πt`. Throws RangeError for a negative
 * length.
 * @example
 * torch.blackmanWindow(4, { periodic: false }) // tensor([-2.9802e-08,  6.3000e-01,  6.3000e-01, -2.9802e-08])
 */
export function blackmanWindow(windowLength: number, ...args: WindowArgs): Tensor {
  return windowed('blackmanWindow', windowLength, args, [], (i, steps) => {
    const half = i.mul(Math.PI / steps);
    return cosine(half.mul(4))
      .mul(0.08)
      .sub(cosine(half.mul(2)).mul(0.5))
      .add(0.42);
  });
}
/**
 * The triangular window of `windowLength` elements. Throws RangeError for a negative length.
 * @example
 * torch.bartlettWindow(4) // tensor([0.0000, 0.5000, 1.0000, 0.5000])
 */
export function bartlettWindow(windowLength: number, ...args: WindowArgs): Tensor {
  return windowed('bartlettWindow', windowLength, args, [], (i, steps) => {
    const rising = i.mul(2 / steps);
    const top = (steps >> 1) + 1;
    if (top < rising.numel())
      rising
        .narrow(0, top, rising.numel() - top)
        .mul_(-1)
        .add_(2);
    return rising;
  });
}
/** Options of {@link kaiserWindow}. */
export interface KaiserOptions extends WindowOptions {
  beta?: number | undefined;
}
/**
 * The Kaiser window of `windowLength` elements and shape `beta` (12). Throws RangeError for a negative length.
 * @example
 * torch.kaiserWindow(4, true, 2) // tensor([0.4387, 0.8348, 1.0000, 0.8348])
 */
export function kaiserWindow(
  windowLength: number,
  ...args: WindowArgs<KaiserOptions> | [periodic: boolean, beta: number, options?: KaiserOptions]
): Tensor {
  return windowed('kaiserWindow', windowLength, args, ['beta'], (i, steps, [beta = 12]) => {
    // in float64: rounding what i0 is taken of would be felt tenfold, and PyTorch's own bits would not come of it
    const inside = i
      .double()
      .mul(2 / steps)
      .sub(1)
      .square()
      .neg()
      .add(1)
      .clampMin(0)
      .sqrt();
    const whole = emptyTensor([], float64, i.device).fill_(beta).i0();
    return inside.mul(beta).i0().div(whole).to(i.dtype);
  });
}

/** Options of {@link trilIndices} and {@link triuIndices}. */
export interface TriangleOptions extends TensorOptions {
  offset?: number | undefined;
}
function triangle(where: 'trilIndices' | 'triuIndices', row: number, col: number, args: readonly unknown[]): Tensor {
  return inNameOf(where, () => {
    wholeNumber(where, 'row', row, 0);
    wholeNumber(where, 'col', col, 0);
    const options = readArguments<TriangleOptions>(where, args, ['offset'], COMMON);
    const offset = wholeNumber(where, 'offset', options.offset ?? 0);
    const dt: DType = dtypeOption(where, options, int64)!;
    if (dt !== int64 && dt !== int32) throw new DtypeError(`${where}: not implemented for ${dt.name}`);
    const all = ones([row, col], { dtype: 'bool', device: options.device });
    const chosen = where === 'trilIndices' ? all.tril(offset) : all.triu(offset);
    return chosen.nonzero().t().contiguous().to(dt.name);
  });
}
type TriangleArgs = [options?: TriangleOptions] | [offset: number, options?: TriangleOptions];
/**
 * The positions of the lower triangle of a `row` by `col` matrix: rows and columns, [2, n]. Throws RangeError for
 * negative sizes.
 * @example
 * torch.trilIndices(2, 2)
 * // tensor([[0, 1, 1],
 * //         [0, 0, 1]])
 */
export function trilIndices(row: number, col: number, ...args: TriangleArgs): Tensor {
  return triangle('trilIndices', row, col, args);
}
/**
 * The positions of the upper triangle of a `row` by `col` matrix: rows and columns, [2, n]. Throws RangeError for
 * negative sizes.
 * @example
 * torch.triuIndices(2, 2)
 * // tensor([[0, 0, 1],
 * //         [0, 1, 1]])
 */
export function triuIndices(row: number, col: number, ...args: TriangleArgs): Tensor {
  return triangle('triuIndices', row, col, args);
}
