// torch.signal.windows: window functions of M points, symmetric unless `sym` is false.
import { arange, linspace, ones } from '../create.ts';
import { readArguments } from '../arguments.ts';
import { deviceOption } from '../device.ts';
import { type DType, float32, float64, getDefault } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf } from '../errors.ts';
import { wholeNumber } from '../ops/internal/checks.ts';
import { flag } from '../ops/internal/reducing.ts';
import { COMMON, dtypeOption, finish, type TensorOptions } from '../tensor-options.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';

/** Options of all windows. */
export interface WindowOptions extends TensorOptions {
  /** True for filters: the ends are alike; false for spectra: one step longer, the last point left out. */
  sym?: boolean | undefined;
}

/** What a window is made of: its points between two places, the steps that a whole one has, numbers by name. */
interface Shape {
  points(start: number, end: number): Tensor;
  readonly M: number;
  readonly sym: boolean;
  readonly dt: DType;
  readonly options: Readonly<Record<string, unknown>>;
}
function windowed(
  where: string,
  M: number,
  given: WindowOptions | undefined,
  names: readonly string[],
  one: boolean,
  f: (shape: Shape) => Tensor,
): Tensor {
  return inNameOf(where, () => {
    wholeNumber(where, 'M', M, 0);
    const options = readArguments<WindowOptions & Record<string, unknown>>(
      where,
      [given],
      [],
      ['sym', ...names, ...COMMON],
    );
    const dt = dtypeOption(where, options, getDefault())!;
    const device = deviceOption(where, options.device);
    if (dt !== float32 && dt !== float64)
      throw new DtypeError(`${where}: expected dtype float32 or float64, but got ${dt.name}`);
    const sym = flag(where, 'sym', options.sym, true);
    const points = (start: number, end: number): Tensor => linspace(start, end, M, { dtype: dt.name, device });
    if (M === 1 && one) return finish(ones([1], { dtype: dt.name, device }), options);
    const y = f({ points, M, sym, dt, options });
    return finish(M === 0 ? emptyTensor([0], dt, device) : y, options);
  });
}
function numberOf(where: string, { options }: Shape, name: string, fallback: number): number {
  const value = options[name] ?? fallback;
  checkNumber(where, name, value);
  return value;
}

/** Options of {@link exponential}. */
export interface ExponentialOptions extends WindowOptions {
  /** Where the window is 1, for windows that are not symmetric; the middle by default. */
  center?: number | null | undefined;
  /** How slowly it decays (1). */
  tau?: number | undefined;
}
/**
 * `exp(-|n - center| / tau)`. Throws RangeError for a `tau` that is not positive, and for a center of symmetric windows.
 * @example
 * torch.signal.windows.exponential(5) // tensor([0.1353, 0.3679, 1.0000, 0.3679, 0.1353])
 */
export function exponential(M: number, options?: ExponentialOptions): Tensor {
  const where = 'exponential';
  return windowed(where, M, options, ['center', 'tau'], false, (shape) => {
    const tau = numberOf(where, shape, 'tau', 1);
    if (!(tau > 0)) throw new RangeError(`${where}: tau must be positive, got: ${tau} instead.`);
    const { sym } = shape;
    if (sym && (shape.options.center ?? null) !== null)
      throw new RangeError(`${where}: center must be null for symmetric windows`);
    const center = numberOf(where, shape, 'center', (!sym && M > 1 ? M : M - 1) / 2);
    const by = 1 / tau;
    return shape
      .points(-center * by, (-center + (M - 1)) * by)
      .abs()
      .neg()
      .exp();
  });
}
/**
 * `sin(π (n + 1/2) / M)`.
 * @example
 * torch.signal.windows.cosine(4) // tensor([0.3827, 0.9239, 0.9239, 0.3827])
 */
export function cosine(M: number, options?: WindowOptions): Tensor {
  return windowed('cosine', M, options, [], false, ({ points, sym }) => {
    const by = Math.PI / (!sym && M > 1 ? M + 1 : M);
    return points(0.5 * by, (0.5 + (M - 1)) * by).sin();
  });
}
/** Options of {@link gaussian}. */
export interface GaussianOptions extends WindowOptions {
  /** The standard deviation (1), in points. */
  std?: number | undefined;
}
/**
 * `exp(-(n / std)² / 2)`, n counted from the middle. Throws RangeError for a `std` that is not positive.
 * @example
 * torch.signal.windows.gaussian(3) // tensor([0.6065, 1.0000, 0.6065])
 */
export function gaussian(M: number, options?: GaussianOptions): Tensor {
  const where = 'gaussian';
  return windowed(where, M, options, ['std'], false, (shape) => {
    const std = numberOf(where, shape, 'std', 1);
    if (!(std > 0)) throw new RangeError(`${where}: standard deviation must be positive, got: ${std} instead.`);
    const start = -(!shape.sym && M > 1 ? M : M - 1) / 2;
    const by = 1 / (std * Math.SQRT2);
    return shape
      .points(start * by, (start + (M - 1)) * by)
      .square()
      .neg()
      .exp();
  });
}
/** Options of {@link kaiser}. */
export interface KaiserOptions extends WindowOptions {
  /** The shape (12). */
  beta?: number | undefined;
}
/**
 * The Kaiser window, by the Bessel function i0. Throws RangeError for a negative `beta`.
 * @example
 * torch.signal.windows.kaiser(3, { beta: 2 }) // tensor([0.4387, 1.0000, 0.4387])
 */
export function kaiser(M: number, options?: KaiserOptions): Tensor {
  const where = 'kaiser';
  return windowed(where, M, options, ['beta'], true, (shape) => {
    const { dt, sym } = shape;
    const round = dt === float32 ? Math.fround : (v: number): number => v;
    const beta = round(numberOf(where, shape, 'beta', 12));
    if (!(beta >= 0)) throw new RangeError(`${where}: beta must be non-negative, got: ${beta} instead.`);
    const by = round(round(2 * beta) / (sym ? M - 1 : M));
    const k = shape.points(-beta, Math.min(beta, round(-beta + round((M - 1) * by))));
    const inside = k
      .square()
      .neg()
      .add(round(beta * beta))
      .sqrt();
    return inside.i0().div(emptyTensor([], dt, k.device).fill_(beta).i0());
  });
}
/** `a[0] - a[1] cos 2πn/N + a[2] cos 4πn/N - …`. */
function cosines({ points, M, sym, dt }: Shape, a: readonly number[]): Tensor {
  const by = (2 * Math.PI) / (sym ? M - 1 : M);
  const k = points(0, (M - 1) * by);
  const i = arange(a.length, { dtype: dt.name, device: k.device });
  const signed = emptyTensor([a.length], dt, k.device);
  a.forEach((w, n) => signed.select(0, n).fill_(n % 2 === 0 ? w : -w));
  // right to the last bit: the ends should be what they are in PyTorch, mostly 0
  return signed.unsqueeze(-1).mul(i.unsqueeze(-1).mul(k).double().cos().to(dt.name)).sum(0);
}
const sumOf = (where: string, M: number, options: WindowOptions | undefined, a: readonly number[]): Tensor =>
  windowed(where, M, options, [], true, (shape) => cosines(shape, a));
/**
 * The Hamming window: {@link generalHamming} of 0.54.
 * @example
 * torch.signal.windows.hamming(4, { sym: false }) // tensor([0.0800, 0.5400, 1.0000, 0.5400])
 */
export function hamming(M: number, options?: WindowOptions): Tensor {
  return sumOf('hamming', M, options, [0.54, 1 - 0.54]);
}
/**
 * The Hann window: {@link generalHamming} of 0.5.
 * @example
 * torch.signal.windows.hann(5) // tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
 */
export function hann(M: number, options?: WindowOptions): Tensor {
  return sumOf('hann', M, options, [0.5, 0.5]);
}
/**
 * The Blackman window: {@link generalCosine} of 0.42, 0.5 and 0.08.
 * @example
 * torch.signal.windows.blackman(5).narrow(0, 1, 3) // tensor([0.3400, 1.0000, 0.3400])
 */
export function blackman(M: number, options?: WindowOptions): Tensor {
  return sumOf('blackman', M, options, [0.42, 0.5, 0.08]);
}
/**
 * Nuttall's window: {@link generalCosine} of 0.3635819, 0.4891775, 0.1365995 and 0.0106411.
 * @example
 * torch.signal.windows.nuttall(5).narrow(0, 1, 3) // tensor([0.2270, 1.0000, 0.2270])
 */
export function nuttall(M: number, options?: WindowOptions): Tensor {
  return sumOf('nuttall', M, options, [0.3635819, 0.4891775, 0.1365995, 0.0106411]);
}
/**
 * The triangular window.
 * @example
 * torch.signal.windows.bartlett(5) // tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
 */
export function bartlett(M: number, options?: WindowOptions): Tensor {
  return windowed('bartlett', M, options, [], true, ({ points, sym }) =>
    points(-1, -1 + (M - 1) * (2 / (sym ? M - 1 : M)))
      .abs()
      .neg()
      .add(1),
  );
}
/** Options of {@link generalCosine}. */
export interface GeneralCosineOptions extends WindowOptions {
  /** The weights of the cosines. */
  a: readonly number[];
}
/**
 * `a[0] - a[1] cos 2πn/N + a[2] cos 4πn/N - …`. Throws TypeError for coefficients that are no list, or an empty one.
 * @example
 * torch.signal.windows.generalCosine(5, { a: [0.5, 0.5] }) // tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
 */
export function generalCosine(M: number, options: GeneralCosineOptions): Tensor {
  const where = 'generalCosine';
  const a: unknown = options?.a;
  const list = (): readonly number[] => {
    if (!Array.isArray(a)) throw new TypeError(`${where}: coefficients must be a list but are ${describe(a)}`);
    if (a.length === 0) throw new TypeError(`${where}: coefficients cannot be empty`);
    for (const w of a as unknown[]) checkNumber(where, 'a', w);
    return a as number[];
  };
  return windowed(where, M, options, ['a'], true, (shape) => cosines(shape, list()));
}
/** Options of {@link generalHamming}. */
export interface GeneralHammingOptions extends WindowOptions {
  /** The mean (0.54). */
  alpha?: number | undefined;
}
/**
 * `alpha - (1 - alpha) cos 2πn/N`.
 * @example
 * torch.signal.windows.generalHamming(5, { alpha: 0.5 }) // tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
 */
export function generalHamming(M: number, options?: GeneralHammingOptions): Tensor {
  const where = 'generalHamming';
  return windowed(where, M, options, ['alpha'], true, (shape) => {
    const alpha = numberOf(where, shape, 'alpha', 0.54);
    return cosines(shape, [alpha, 1 - alpha]);
  });
}
