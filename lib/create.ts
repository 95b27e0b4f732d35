// Functions that make tensors: filled, counted, drawn. Called by users through the namespace.
import { readArguments } from './arguments.ts';
import { record } from './history.ts';
import { checkOperand, checkTensor, resultLike, runMap, type Scalar, scalarOperand } from './dispatch.ts';
import { bool, type DType, fitting, FLOATING, getDefault, int64, ofKind, scalarKind } from './dtype.ts';
import { type Device, deviceOption } from './device.ts';
import { describe, DtypeError, ShapeError, checkNumber, inNameOf } from './errors.ts';
import { kernel } from './native.ts';
import { draw, generatorId } from './random.ts';
import { checkShape, type Shape, show, sizeOf } from './shape.ts';
import { emptyTensor, Tensor } from './tensor.ts';
import {
  COMMON,
  dtypeOption,
  finish,
  isOptions,
  type RandomOptions,
  readSizes,
  type SizeArgs,
  type TensorOptions,
} from './tensor-options.ts';

const fillKernel = kernel('fill');
const arangeKernel = kernel('arange');
const linspaceKernel = kernel('linspace');

const filled = (sizes: Shape, dt: DType, value: number | Tensor, at: Device): Tensor =>
  put(emptyTensor(sizes, dt, at), value);
const placeOf = (where: string, options: TensorOptions): Device => deviceOption(where, options.device);

// ---- filled ---------------------------------------------------------------------------------------------------------

/**
 * A 0-d tensor of the default dtype.
 * @example
 * torch.scalarTensor(2) // tensor(2.)
 */
export function scalarTensor(value: Scalar, options: TensorOptions = {}): Tensor {
  return inNameOf('scalarTensor', () => full([], value, { ...options, dtype: options?.dtype ?? getDefault().name }));
}

/**
 * A tensor of zeros. Throws ShapeError for negative sizes.
 * @example
 * torch.zeros(2, 3)
 * // tensor([[0., 0., 0.],
 * //         [0., 0., 0.]])
 */
export function zeros(...args: SizeArgs<TensorOptions>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('zeros', args);
  return finish(filled(sizes, dtypeOption('zeros', options, getDefault())!, 0, placeOf('zeros', options)), options);
}
/**
 * A tensor of ones. Throws ShapeError for negative sizes.
 * @example
 * torch.ones(2, { dtype: 'int64' }) // tensor([1, 1])
 */
export function ones(...args: SizeArgs<TensorOptions>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('ones', args);
  return finish(filled(sizes, dtypeOption('ones', options, getDefault())!, 1, placeOf('ones', options)), options);
}
/**
 * A tensor with whatever its memory holds. Throws ShapeError for negative sizes.
 * @example
 * torch.empty(2, 3).shape // torch.Size([2, 3])
 */
export function empty(...args: SizeArgs<TensorOptions & { memoryFormat?: string | undefined }>): Tensor {
  const [sizes, options] = readSizes<TensorOptions>('empty', args, ['memoryFormat']);
  return finish(emptyTensor(sizes, dtypeOption('empty', options, getDefault())!, placeOf('empty', options)), options);
}
/**
 * A tensor of the given strides with whatever its memory holds. Throws ShapeError for negative sizes.
 * @example
 * torch.emptyStrided([2, 3], [1, 2]).stride() // [ 1, 2 ]
 */
export function emptyStrided(size: Shape, stride: Shape, options: TensorOptions = {}): Tensor {
  const sizes = checkShape('emptyStrided', size).slice();
  if (!Array.isArray(stride) || stride.length !== sizes.length || stride.some((s) => !Number.isInteger(s) || s < 0)) {
    throw new ShapeError(`emptyStrided: expected ${sizes.length} strides >= 0 but received ${describe(stride)}`);
  }
  const dt = dtypeOption(
    'emptyStrided',
    readArguments<TensorOptions>('emptyStrided', [options], [], COMMON),
    getDefault(),
  )!;
  const span = sizeOf(sizes) === 0 ? 0 : 1 + sizes.reduce((n, s, d) => n + (s - 1) * stride[d]!, 0);
  const memory = emptyTensor(checkShape('emptyStrided', [span]), dt, placeOf('emptyStrided', options));
  return finish(new Tensor(memory.storage, dt, sizes, stride.slice(), 0), options);
}
/**
 * A tensor in which every element is `fillValue`; its dtype follows from that unless given. Throws ShapeError for
 * negative sizes.
 * @example
 * torch.full([2], 7) // tensor([7, 7])
 */
export function full(size: Shape | number, fillValue: Scalar | Tensor, options: TensorOptions = {}): Tensor {
  const sizes = checkShape('full', typeof size === 'number' ? [size] : size).slice();
  const checked = readArguments<TensorOptions>('full', [options], [], COMMON);
  if (!(fillValue instanceof Tensor) && !['number', 'boolean', 'bigint'].includes(typeof fillValue)) {
    throw new TypeError(`full: expected a number for fillValue but received ${describe(fillValue)}`);
  }
  if (fillValue instanceof Tensor && fillValue.count !== 1)
    throw new ShapeError(`full: fillValue must have one element, not ${show(fillValue.sizes)}`);
  const natural = fillValue instanceof Tensor ? fillValue.dt : ofKind(scalarKind(fillValue));
  const dt = dtypeOption('full', checked, natural)!;
  const value =
    fillValue instanceof Tensor
      ? fillValue.detach().reshape([])
      : scalarOperand('full', fitting('full', fillValue, dt, false));
  return finish(filled(sizes, dt, value, placeOf('full', checked)), checked);
}
/** Options of the `…Like` functions. */
export interface LikeOptions extends RandomOptions {
  memoryFormat?: string | undefined;
}
/** A fresh tensor in the order of dims of `x` (PyTorch's preserve_format), for `fill` to write. */
function like(
  where: string,
  x: Tensor,
  options: LikeOptions,
  fill: (out: Tensor, generator: number) => Tensor,
): Tensor {
  checkTensor(where, x);
  const checked = readArguments<LikeOptions>(where, [options], [], [...COMMON, 'memoryFormat', 'generator']);
  const dt = dtypeOption(where, checked, x.dt)!;
  const { memoryFormat = 'preserve' } = checked;
  if (memoryFormat !== 'preserve' && memoryFormat !== 'contiguous') {
    throw new TypeError(
      `${where}: expected 'preserve' or 'contiguous' for memoryFormat but received ${describe(memoryFormat)}`,
    );
  }
  const at = checked.device === undefined || checked.device === null ? x.device : placeOf(where, checked);
  const out = memoryFormat === 'preserve' ? resultLike(x.sizes, dt, [x], at) : emptyTensor(x.sizes, dt, at);
  return finish(fill(out, generatorId(where, checked.generator, at)), checked);
}
const put = (out: Tensor, value: number | Tensor): Tensor => {
  if (value instanceof Tensor) runMap(kernel('copy'), out.sizes, [out, value], out.dt);
  else runMap(fillKernel, out.sizes, [out, value], out.dt);
  return out;
};
/**
 * Zeros in the shape and dtype of `x`.
 * @example
 * torch.zerosLike(torch.tensor([1, 2])) // tensor([0, 0])
 */
export function zerosLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('zerosLike', x, options, (out) => put(out, 0));
}
/**
 * Ones in the shape and dtype of `x`.
 * @example
 * torch.onesLike(torch.tensor([1.5, 2])) // tensor([1., 1.])
 */
export function onesLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('onesLike', x, options, (out) => put(out, 1));
}
/**
 * `fillValue` in the shape and dtype of `x`.
 * @example
 * torch.fullLike(torch.tensor([1, 2]), 7) // tensor([7, 7])
 */
export function fullLike(x: Tensor, fillValue: Scalar, options: LikeOptions = {}): Tensor {
  return inNameOf('fullLike', () => {
    if ((fillValue as unknown) instanceof Tensor)
      throw new TypeError('fullLike: expected a number for fillValue but received a Tensor');
    checkOperand('fullLike', fillValue, 'fillValue');
    return like('fullLike', x, options, (out) =>
      put(out, scalarOperand('fullLike', fitting('fullLike', fillValue, out.dt, false))),
    );
  });
}
/**
 * Whatever memory holds, in the shape and dtype of `x`.
 * @example
 * torch.emptyLike(torch.tensor([1, 2])).shape // torch.Size([2])
 */
export function emptyLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('emptyLike', x, options, (out) => out);
}
const uniform = (where: string, out: Tensor, id: number): Tensor => {
  floating(where, out.dt);
  return draw(kernel('uniform'), out, [id, 0, 1]);
};
const standardNormal = (where: string, out: Tensor, id: number): Tensor => {
  floating(where, out.dt);
  return draw(kernel('normal'), out, [id, 0, 1]);
};
function floating(where: string, dt: DType): DType {
  if (dt.kind !== FLOATING)
    throw new DtypeError(`${where}: not implemented for ${dt.name}: expected a floating-point dtype`);
  return dt;
}
/**
 * Uniform random numbers in the shape and dtype of `x`; see {@link rand}. Throws DtypeError for integers.
 * @example
 * torch.randLike(torch.zeros(2)).lt(1) // tensor([True, True])
 */
export function randLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('randLike', x, options, (out, id) => uniform('randLike', out, id));
}
/**
 * Normal random numbers in the shape and dtype of `x`; see {@link randn}. Throws DtypeError for integers.
 * @example
 * torch.randnLike(torch.zeros(2)).shape // torch.Size([2])
 */
export function randnLike(x: Tensor, options: LikeOptions = {}): Tensor {
  return like('randnLike', x, options, (out, id) => standardNormal('randnLike', out, id));
}
/**
 * Random whole numbers in the shape and dtype of `x`; see {@link randint}. Throws RangeError if there is none.
 * @example
 * torch.randintLike(torch.zeros(2), 1) // tensor([0., 0.])
 */
export function randintLike(
  x: Tensor,
  ...args: [high: number, options?: LikeOptions] | [low: number, high: number, options?: LikeOptions]
): Tensor {
  const numbers = args.filter((a): a is number => typeof a === 'number');
  const options = (args.find((a) => typeof a === 'object') ?? {}) as LikeOptions;
  const [low, high] = numbers.length > 1 ? [numbers[0]!, numbers[1]!] : [0, numbers[0]!];
  checkRange('randintLike', low, high);
  return like('randintLike', x, options, (out, id) => draw(kernel('randint'), out, [id, low, high]));
}

// ---- counted --------------------------------------------------------------------------------------------------------

/**
 * Numbers from `start` (0) up to `end`, not included, in steps. Throws RangeError for a step of 0 or of the wrong sign.
 * @example
 * torch.arange(0, 10, 2) // tensor([0, 2, 4, 6, 8])
 */
export function arange(
  ...args:
    | [end: number, options?: TensorOptions]
    | [start: number, end: number, options?: TensorOptions]
    | [start: number, end: number, step: number, options?: TensorOptions]
    | [options: TensorOptions & { start?: number; end: number; step?: number }]
): Tensor {
  const last = args[args.length - 1];
  const named = readArguments<TensorOptions & { start: number; end: number; step: number }>(
    'arange',
    isOptions(last) ? [last] : [],
    [],
    [...COMMON, 'start', 'end', 'step'],
  );
  const numbers = args.filter((a) => !isOptions(a)) as number[];
  const [first, second, third] = numbers;
  const start =
    numbers.length > 1 ? first! : (named.start ?? (named.end !== undefined && first !== undefined ? first : 0));
  const end = numbers.length > 1 ? second! : (named.end ?? first);
  const step = third ?? named.step ?? 1;
  for (const v of [start, end, step]) {
    if (typeof v !== 'number') throw new TypeError(`arange: expected numbers but received ${describe(v)}`);
    if (!Number.isFinite(v)) throw new RangeError(`arange: unsupported range: ${start} -> ${end} by ${step}`);
  }
  if (step === 0) throw new RangeError('arange: step must be nonzero');
  if ((step > 0 && start > end!) || (step < 0 && start < end!))
    throw new RangeError(
      `arange: upper bound and lower bound inconsistent with step sign: ${start} to ${end} by ${step}`,
    );
  const natural = [start, end!, step].every((v) => Number.isInteger(v)) ? int64 : getDefault();
  const dt = dtypeOption('arange', named, natural)!;
  if (dt === bool) throw new DtypeError('arange: not implemented for bool');
  // PyTorch counts in the dtype's own arithmetic, but only of int64
  const [a, b, by] = dt === int64 ? [start, end!, step].map(Math.trunc) : [start, end!, step];
  if (by === 0) throw new RangeError(`arange: step must be nonzero, but ${step} is zero as int64`);
  const count = Math.max(0, Math.ceil((b! - a!) / by!));
  const out = emptyTensor(checkShape('arange', [count]).slice(), dt, placeOf('arange', named));
  runMap(
    arangeKernel,
    [count],
    [out],
    dt,
    dt.kind === FLOATING ? [start, step] : [Math.trunc(start), Math.trunc(step)],
  );
  return finish(out, named);
}
/**
 * `steps` numbers from `start` to `end`, both included, at equal distances. Throws RangeError for a negative number of
 * steps.
 * @example
 * torch.linspace(0, 1, 5) // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
 */
export function linspace(
  start: number | Tensor,
  end: number | Tensor,
  steps: number | ({ steps: number } & TensorOptions),
  options: TensorOptions = {},
): Tensor {
  const given = typeof steps === 'object' ? steps : { ...options, steps };
  const checked = readArguments<TensorOptions & { steps: number }>('linspace', [given], [], [...COMMON, 'steps']);
  const n = checked.steps!;
  const [first, last] = [start, end].map((x) => (x instanceof Tensor && x.ndim === 0 ? Number(x.item()) : x));
  if (typeof first !== 'number' || typeof last !== 'number')
    throw new TypeError(
      `linspace: expected numbers, or tensors without dims, but received ${describe(start)} and ${describe(end)}`,
    );
  if (!Number.isInteger(n) || n < 0)
    throw new RangeError(`linspace: number of steps must be non-negative, not ${describe(n)}`);
  const dt = dtypeOption('linspace', checked, getDefault())!;
  const out = emptyTensor(checkShape('linspace', [n]).slice(), dt, placeOf('linspace', checked));
  if (n === 1) out.fill_(first);
  else runMap(linspaceKernel, [n], [out], dt, [first, last]);
  return finish(out, checked);
}
/**
 * `base` to the powers of {@link linspace}. Throws RangeError for a negative number of steps.
 * @example
 * torch.logspace(0, 2, 3) // tensor([  1.,  10., 100.])
 */
export function logspace(
  start: number | Tensor,
  end: number | Tensor,
  steps: number,
  ...rest: [base?: number, options?: TensorOptions] | [options: TensorOptions & { base?: number }]
): Tensor {
  return inNameOf('logspace', () => {
    const options = readArguments<TensorOptions & { base: number }>('logspace', rest, ['base'], COMMON);
    const dt = dtypeOption('logspace', options, getDefault())!;
    const made = { dtype: 'float64', device: options.device } as const;
    const out = full([], options.base ?? 10, made).pow(linspace(start, end, steps, made));
    return finish(out.to(dt.name), options);
  });
}
/**
 * Ones on the diagonal of an [n, m] matrix of zeros. Throws RangeError for negative sizes.
 * @example
 * torch.eye(2)
 * // tensor([[1., 0.],
 * //         [0., 1.]])
 */
export function eye(
  n: number,
  ...rest: [m?: number, options?: TensorOptions] | [options: TensorOptions & { m?: number }]
): Tensor {
  const options = readArguments<TensorOptions & { m: number }>('eye', rest, ['m'], COMMON);
  const m = options.m ?? n;
  if (!Number.isInteger(n) || n < 0 || !Number.isInteger(m) || m < 0)
    throw new RangeError(`eye: n and m must be whole numbers >= 0, got ${describe(n)} and ${describe(m)}`);
  const out = filled(
    checkShape('eye', [n, m]).slice(),
    dtypeOption('eye', options, getDefault())!,
    0,
    placeOf('eye', options),
  );
  if (out.count > 0) out.detach().diagonal().fill_(1);
  return finish(out, options);
}

// ---- drawn ----------------------------------------------------------------------------------------------------------

/**
 * Random numbers, uniform between 0 and 1 (not included): PyTorch's for the same seed. Throws DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.rand(2) // tensor([0.4963, 0.7682])
 */
export function rand(...args: SizeArgs<RandomOptions>): Tensor {
  const [sizes, options] = readSizes<RandomOptions>('rand', args, ['generator']);
  return finish(
    uniform(
      'rand',
      emptyTensor(sizes, dtypeOption('rand', options, getDefault())!, placeOf('rand', options)),
      generatorId('rand', options.generator, placeOf('rand', options)),
    ),
    options,
  );
}
/**
 * Random numbers of the standard normal distribution: PyTorch's for the same seed. Throws DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.randn(2) // tensor([ 1.5410, -0.2934])
 */
export function randn(...args: SizeArgs<RandomOptions>): Tensor {
  const [sizes, options] = readSizes<RandomOptions>('randn', args, ['generator']);
  return finish(
    standardNormal(
      'randn',
      emptyTensor(sizes, dtypeOption('randn', options, getDefault())!, placeOf('randn', options)),
      generatorId('randn', options.generator, placeOf('randn', options)),
    ),
    options,
  );
}
function checkRange(where: string, low: number, high: number): void {
  if (!Number.isInteger(low) || !Number.isInteger(high))
    throw new TypeError(`${where}: expected whole numbers but received ${low} and ${high}`);
  if (low < -(2 ** 63) || high > 2 ** 63)
    throw new RangeError(`${where}: expected bounds that int64 has but received ${low} and ${high}`);
  if (low >= high)
    throw new RangeError(`${where}: expects 'low' to be less than 'high', but got low=${low} >= high=${high}`);
}
/**
 * Random whole numbers from `low` (0) up to `high`, not included. Throws RangeError if there is none.
 * @example
 * torch.manualSeed(0)
 * torch.randint(10, [3]) // tensor([4, 9, 3])
 */
export function randint(
  ...args:
    | [high: number, size: Shape, options?: RandomOptions]
    | [low: number, high: number, size: Shape, options?: RandomOptions]
    | [options: RandomOptions & { low?: number; high: number; size: Shape }]
): Tensor {
  const last = args[args.length - 1];
  const named = readArguments<RandomOptions & { low: number; high: number; size: Shape }>(
    'randint',
    isOptions(last) ? [last] : [],
    [],
    [...COMMON, 'generator', 'low', 'high', 'size'],
  );
  const numbers = (args as readonly unknown[]).filter((a): a is number => typeof a === 'number');
  const size = (args as readonly unknown[]).find((a): a is Shape => Array.isArray(a)) ?? named.size;
  const low =
    numbers.length > 1
      ? numbers[0]!
      : (named.low ?? (numbers.length === 1 && named.high !== undefined ? numbers[0]! : 0));
  const high = numbers.length > 1 ? numbers[1] : (named.high ?? numbers[0]);
  // all but the options, one at least of them for the size, and nothing that is neither
  const given = args.filter((a) => a !== undefined).length - (isOptions(last) ? 1 : 0) - numbers.length;
  if (high === undefined || size === undefined || numbers.length > 2 || given > (named.size === undefined ? 1 : 0))
    throw new TypeError('randint: expected (high, size) or (low, high, size)');
  checkRange('randint', low, high);
  const out = emptyTensor(
    checkShape('randint', size).slice(),
    dtypeOption('randint', named, int64)!,
    placeOf('randint', named),
  );
  return finish(draw(kernel('randint'), out, [generatorId('randint', named.generator, out.device), low, high]), named);
}
/**
 * The numbers from 0 to `n - 1` in random order. Throws RangeError if `n` is negative.
 * @example
 * torch.manualSeed(0)
 * torch.randperm(4) // tensor([0, 1, 3, 2])
 */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const checked = readArguments<RandomOptions>('randperm', [options], [], [...COMMON, 'generator']);
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`randperm: n must be non-negative, got ${describe(n)}`);
  if (options.dtype === 'bool') throw new DtypeError('randperm: not implemented for bool');
  const out = emptyTensor(
    checkShape('randperm', [n]).slice(),
    dtypeOption('randperm', checked, int64)!,
    placeOf('randperm', checked),
  );
  return finish(draw(kernel('randperm'), out, [generatorId('randperm', checked.generator, out.device)]), checked);
}
/**
 * Normal random numbers of the given means and standard deviations: tensors, or numbers with a size. Throws RangeError
 * for a negative standard deviation.
 * @example
 * torch.normal(0, 1, [2]).shape // torch.Size([2])
 */
export function normal(
  mean: number | Tensor,
  std: number | Tensor = 1,
  ...rest: [size?: Shape, options?: RandomOptions] | [options: RandomOptions & { size?: Shape }]
): Tensor {
  return inNameOf('normal', () => {
    const options = readArguments<RandomOptions & { size: Shape }>('normal', rest, ['size'], [...COMMON, 'generator']);
    const like =
      mean instanceof Tensor ? (std instanceof Tensor ? mean.add(std) : mean) : std instanceof Tensor ? std : null;
    const sizes = like ? like.sizes : checkShape('normal', options.size ?? []).slice();
    const dt = like ? like.dt : dtypeOption('normal', options, getDefault())!;
    const at = like ? like.device : placeOf('normal', options);
    const id = generatorId('normal', options.generator, at);
    if (!(mean instanceof Tensor)) checkNumber('normal', 'mean', mean);
    if (!(std instanceof Tensor)) checkNumber('normal', 'std', std);
    if (typeof std === 'number' ? !(std >= 0) : std.count > 0 && !std.detach().ge(0).all().item()) {
      throw new RangeError(
        `normal: expects all elements of std >= 0.0, but found ${typeof std === 'number' ? std : std.amin()}`,
      );
    }
    if (!like)
      return finish(
        emptyTensor(sizes, dt, at).normal_(mean as number, std as number, { generator: options.generator }),
        options,
      );
    const constant = (x: number | Tensor): number | Tensor => (x instanceof Tensor ? x.detach() : x);
    const out = standardNormal('normal', emptyTensor(sizes, dt, at), id)
      .mul(constant(std))
      .add(constant(mean));
    // PyTorch's derivatives of a draw are zero
    const inputs = [mean, std].filter((x) => x instanceof Tensor);
    return record('normal', out, inputs, [], () => inputs.map((x) => zerosLike(x, { memoryFormat: 'contiguous' })));
  });
}
