// What the modules share: reading of `dtype` and `device` options, and numbers as Python prints them.
import { inPlaceForms, rows } from '../define.ts';
import { type Device, deviceOption, type DeviceLike } from '../device.ts';
import { type DType, type DTypeName, getDefault, toDType } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { computeThenCopy } from '../ops/internal/compute-then-copy.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of every module that has parameters. */
export interface FactoryOptions {
  device?: DeviceLike | null | undefined;
  dtype?: DTypeName | null | undefined;
}
/** Their names. */
export const FACTORY = ['device', 'dtype'] as const;

/** The dtype and device of new parameters. Throws DeviceError if the device is not there. */
export function factoryOf(where: string, { device, dtype }: FactoryOptions): [dt: DType, device: Device] {
  const at = deviceOption(where, device);
  return [dtype === undefined || dtype === null ? getDefault() : toDType(dtype, where), at];
}

/** A whole number of at least `least`. */
export function whole(where: string, name: string, value: unknown, least = 0): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new TypeError(`${where}: expected a whole number for ${name} but received ${describe(value)}`);
  }
  if (value < least) throw new RangeError(`${where}: ${name} must be at least ${least}, not ${value}`);
  return value;
}

/** A probability. */
export function probability(where: string, name: string, value: unknown): number {
  checkNumber(where, name, value);
  if (!(value >= 0 && value <= 1))
    throw new RangeError(`${where}: ${name} probability has to be between 0 and 1, but got ${value}`);
  return value;
}

/** Refuses an eps that batch normalization cannot divide by. */
export function checkBatchEps(training: boolean, eps: number): void {
  checkNumber('batchNorm', 'eps', eps);
  if (training && eps <= 0)
    throw new RangeError(`batchNorm: batch_norm eps must be positive during training, but got ${eps}`);
  if (eps < 0) throw new RangeError(`batchNorm: batch_norm eps must be non-negative, but got ${eps}`);
}

/** A number as Python prints an int. */
export const int = (n: number): string => String(n);
/** A number as Python prints a float: `1.0`, `1e-05`. */
export function float(n: number | null): string {
  if (n === null) return 'None';
  if (Number.isNaN(n)) return 'nan';
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  const size = Math.abs(n);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return n.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(n) ? `${n}.0` : String(n);
}
export const bool = (b: boolean): string => (b ? 'True' : 'False');
/** A list as Python prints a tuple. */
export const tuple = (list: readonly (number | null)[]): string =>
  list.length === 1 ? `(${item(list[0]!)},)` : `(${list.map(item).join(', ')})`;
const item = (n: number | null): string => (n === null ? 'None' : String(n));
/** A number, or a list of them. */
export const intOrTuple = (value: number | null | readonly (number | null)[]): string =>
  typeof value === 'number' || value === null ? item(value) : tuple(value);

/** `f(x)`, stored in `x` if asked to; `name` is the operator's, whose own in-place form is taken where it has one. */
export function placed(name: string, x: Tensor, f: (x: Tensor) => Tensor, inplace: boolean): Tensor {
  if (!inplace) return f(x);
  const form = rows.get(name)?.kind === 'unary' ? inPlaceForms.get(name) : undefined;
  return inNameOf(name, () => ((form as typeof f | undefined) ?? computeThenCopy(name, f))(x));
}
/** The dim of softmax where none is given: PyTorch's choice. */
export const defaultSoftmaxDim = (rank: number): number => (rank === 0 || rank === 1 || rank === 3 ? 0 : 1);

/** How many inputs and outputs an element of a weight [out, in, *] connects. Throws ShapeError for less than 2 dims. */
export function fans(where: string, x: Tensor): { fanIn: number; fanOut: number } {
  if (x.ndim < 2) {
    throw new ShapeError(
      `${where}: fan in and fan out can not be computed for tensor with fewer than 2 dimensions: ${show(x.sizes)}`,
    );
  }
  const field = x.sizes.slice(2).reduce((n, s) => n * s, 1);
  return { fanIn: x.sizes[1]! * field, fanOut: x.sizes[0]! * field };
}

/** Whether the functions of nn.init leave tensors as they are: while skipInit makes a module. */
export const initialisation = { skipped: false };
