// Further functions that make tensors: torch.range, emptyPermuted, asarray, and the legacy x.new(…). Called by users
// through the namespace.
import { readArguments } from './arguments.ts';
import type { DeviceLike } from './device.ts';
import { arange, empty } from './create.ts';
import { type DTypeName, getDefault } from './dtype.ts';
import { describe, DtypeError, inNameOf, ShapeError } from './errors.ts';
import { asTensor, tensor } from './from-data.ts';
import { checkShape, type Shape, show } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { COMMON, dtypeOption, finish, isOptions, type TensorData, type TensorOptions } from './tensor-options.ts';

type Numbers =
  | [start: number, end: number, options?: TensorOptions]
  | [start: number, end: number, step: number, options?: TensorOptions]
  | [options: TensorOptions & { start?: number; end: number; step?: number }];
/**
 * Numbers from `start` (0) to `end`, which is included, in steps of `step` (1); of the default dtype unless given. `arange`
 * leaves the end out. Throws RangeError for a step of zero or in the wrong direction.
 * @example
 * torch.range(1, 2, 0.5) // tensor([1.0000, 1.5000, 2.0000])
 */
export function range(...args: Numbers): Tensor {
  const where = 'range';
  return inNameOf(where, () => {
    const last = args[args.length - 1];
    const named = readArguments<TensorOptions & { start: number; end: number; step: number }>(
      where,
      isOptions(last) ? [last] : [],
      [],
      [...COMMON, 'start', 'end', 'step'],
    );
    const numbers = args.filter((a) => !isOptions(a)) as number[];
    if (numbers.length > 3)
      throw new TypeError(`${where}: expected at most 3 arguments but received ${numbers.length}`);
    const [first, second, third] = numbers;
    const start = first ?? named.start ?? 0;
    const end = second ?? named.end;
    const step = third ?? named.step ?? 1;
    for (const v of [start, end, step]) {
      if (typeof v !== 'number') throw new TypeError(`${where}: expected numbers but received ${describe(v)}`);
      if (!Number.isFinite(v)) throw new RangeError(`${where}: unsupported range: ${start} -> ${end} by ${step}`);
    }
    if (step === 0) throw new RangeError(`${where}: step must be nonzero`);
    const span = (end! - start) / step;
    if (span < 0)
      throw new RangeError(
        `${where}: upper bound and lower bound inconsistent with step sign: ${start} to ${end} by ${step}`,
      );
    const dt = dtypeOption(where, named, getDefault())!;
    const count = Math.floor(span) + 1;
    checkShape(where, [count]);
    const positions = arange(count, { dtype: 'float64', device: named.device });
    return finish(positions.mul(step).add(start).to(dt.name), named);
  });
}

/**
 * Uninitialised memory for `size`, laid out with the dims in the order of `physicalLayout`, from the outermost to the
 * innermost. Throws RangeError unless that is an order of the dims.
 * @example
 * torch.emptyPermuted([2, 3, 5], [0, 2, 1]).stride() // [ 15, 1, 3 ]
 */
export function emptyPermuted(size: Shape, physicalLayout: Shape, options: TensorOptions = {}): Tensor {
  const where = 'emptyPermuted';
  return inNameOf(where, () => {
    const sizes = checkShape(where, size);
    if (!Array.isArray(physicalLayout))
      throw new TypeError(
        `${where}: expected a list of dims as physicalLayout but received ${describe(physicalLayout)}`,
      );
    const order = physicalLayout as Shape;
    if (order.length !== sizes.length)
      throw new ShapeError(
        `${where}: number of dimensions in size does not match the length of the physicalLayout: ${show(sizes)} and ${show(order)}`,
      );
    const back = sizes.map((_, d) => order.indexOf(d));
    if (back.includes(-1)) throw new RangeError(`${where}: ${show(order)} is no order of ${sizes.length} dims`);
    return empty(
      order.map((d) => sizes[d]!),
      options,
    ).permute(back);
  });
}

/** Options of asarray. */
export interface AsarrayOptions {
  dtype?: DTypeName | null | undefined;
  device?: DeviceLike | null | undefined;
  /** True copies in any case, false never; null (the default) where it must. */
  copy?: boolean | null | undefined;
  requiresGrad?: boolean | undefined;
}
/**
 * The data as a tensor: a tensor stays itself unless dtype, device or `copy` ask for another. Throws TypeError where
 * `copy` is false and a copy is needed.
 * @example
 * torch.asarray([1.5, 2]) // tensor([1.5000, 2.0000])
 */
export function asarray(obj: TensorData, options: AsarrayOptions = {}): Tensor {
  const where = 'asarray';
  return inNameOf(where, () => {
    const {
      dtype,
      device,
      copy = null,
      requiresGrad = false,
    } = readArguments<AsarrayOptions>(where, [options], [], ['dtype', 'device', 'copy', 'requiresGrad']);
    if (copy !== null && typeof copy !== 'boolean')
      throw new TypeError(`${where}: expected a boolean for copy but received ${describe(copy)}`);
    const made = asTensor(obj, { dtype, device });
    if (copy === false && made !== obj)
      throw new TypeError(`${where}: can't alias ${describe(obj)} as ${made.dtype}: pass copy: null or true`);
    // what is not differentiated is cut off from its history, as in PyTorch
    if (!requiresGrad)
      return made !== obj ? made.detach() : copy ? made.detach().clone() : made.requiresGrad ? made.detach() : made;
    if (!made.isFloatingPoint())
      throw new DtypeError(`${where}: only tensors of floating point dtype can require gradients, not ${made.dtype}`);
    const out = made === obj && copy ? made.clone() : made;
    return out.requiresGrad ? out : finish(out, { requiresGrad: true });
  });
}

/**
 * PyTorch's legacy `x.new(…)`: of data, or of sizes and uninitialised, in the dtype of `x`. Throws as {@link tensor}.
 * @example
 * torch.tensor([1.5]).new([1, 2]) // tensor([1., 2.])
 */
export function newOf(x: Tensor, data: TensorData = [], ...sizes: number[]): Tensor {
  return inNameOf('new', () =>
    typeof data === 'number'
      ? empty([data, ...sizes], { dtype: x.dtype, device: x.device })
      : tensor(data, { dtype: x.dtype, device: x.device }),
  );
}
