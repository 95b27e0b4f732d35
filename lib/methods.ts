// Operators as methods: their types, derived from the functions of ops/, and the attaching of them to the prototype.
import { isPlain, placed } from './calls.ts';
import type { Call } from './arguments.ts';
import { renamed } from './errors.ts';
import { enterSpan, leaveSpan, recording } from './recording.ts';
import type { MethodByName } from './public/publish.ts';
import type { Scalar } from './dispatch.ts';
import type { Generator } from './random.ts';
import type { TensorData } from './tensor-options.ts';
import type { Tensor } from './tensor.ts';

/** Where the random numbers come from; PyTorch's default generator if absent. */
export interface GeneratorOption {
  generator?: Generator | null | undefined;
}

/** The arguments of a draw in place: from any of them on by name, too. */
type Draw<P extends readonly unknown[], O> = Call<P, O & GeneratorOption>;

/**
 * `(self, ...rest) => R` seen as a method: `(...rest) => R`.
 * No `as` filter and no mention of Tensor here, or Tensor would be its own base type (TS2310).
 */
export type Methods<T> = {
  [K in keyof T]: T[K] extends (self: infer _Self, ...args: infer A) => infer R
    ? (...args: A | MethodByName<K, A>) => R
    : never;
};

/** The in-place form of each operator: `add_` of `add`. */
export type InPlace<T> = {
  [K in keyof T & string as `${K}_`]: T[K] extends (self: infer _Self, ...args: infer A) => unknown
    ? (...args: A | MethodByName<K, A>) => Tensor
    : never;
};

/** Attributes that are operators without arguments, and in-place forms that no operator corresponds to. */
export interface HandMethods {
  /**
   * Stores the values of `source`, broadcast and converted to this dtype. Throws ShapeError where it does not
   * broadcast.
   * @example
   * torch.zeros(2, 2).copy_(torch.tensor([1, 2]))
   * // tensor([[1., 2.],
   * //         [1., 2.]])
   */
  copy_(source: Tensor | Scalar, nonBlocking?: boolean): Tensor;
  /**
   * Stores `value` everywhere.
   * @example
   * torch.zeros(2).fill_(7) // tensor([7., 7.])
   */
  fill_(value: Tensor | Scalar): Tensor;
  /**
   * Another shape: the elements in memory stay where they are, and where there are not enough of them, they move to new
   * memory (which views of the old do not see) with whatever it holds behind them. Throws AutogradError where a gradient
   * is required.
   * @example
   * torch.tensor([1, 2, 3, 4]).resize_(3) // tensor([1, 2, 3])
   */
  resize_(...sizes: (number | readonly number[])[]): Tensor;
  /**
   * As resize_, with the shape of another tensor.
   * @example
   * torch.tensor([1, 2, 3, 4]).resizeAs_(torch.ones(2, 2))
   * // tensor([[1, 2],
   * //         [3, 4]])
   */
  resizeAs_(other: Tensor): Tensor;
  /**
   * Stores `fillValue` along the main diagonal; with `wrap`, in tall matrices again from the left below. Throws
   * ShapeError for less than 2 dims, or more that differ in size.
   * @example
   * torch.zeros(2, 2).fillDiagonal_(5)
   * // tensor([[5., 0.],
   * //         [0., 5.]])
   */
  fillDiagonal_(
    fillValue: Scalar,
    ...args: [options?: { wrap?: boolean | undefined }] | [wrap: boolean, options?: object]
  ): Tensor;
  /**
   * Stores zeros.
   * @example
   * torch.ones(2).zero_() // tensor([0., 0.])
   */
  zero_(): Tensor;
  /**
   * Draws from the uniform distribution between `from` and `to` (0 and 1). Throws RangeError if `from` is the larger
   * one.
   * @example
   * torch.manualSeed(0)
   * torch.empty(2).uniform_(0, 10) // tensor([4.9626, 7.6822])
   */
  uniform_(...args: Draw<[from?: number, to?: number], { from?: number | undefined; to?: number | undefined }>): Tensor;
  /**
   * Draws from the normal distribution of this mean and standard deviation (0 and 1). Throws RangeError if `std` is
   * negative.
   * @example
   * torch.manualSeed(0)
   * torch.empty(2).normal_() // tensor([ 1.5410, -0.2934])
   */
  normal_(
    ...args: Draw<[mean?: number, std?: number], { mean?: number | undefined; std?: number | undefined }>
  ): Tensor;
  /**
   * Draws whole numbers from `from` up to `to` (not included), or over the dtype's range.
   * @example
   * torch.manualSeed(0)
   * torch.empty(4, { dtype: 'int64' }).random_(0, 10) // tensor([4, 9, 3, 0])
   */
  random_(
    ...args: Draw<[from?: number, to?: number | null], { from?: number | undefined; to?: number | null | undefined }>
  ): Tensor;
  /**
   * Draws ones with probability `p` (0.5), else zeros. Throws RangeError for other probabilities.
   * @example
   * torch.manualSeed(0)
   * torch.empty(4).bernoulli_(0.5) // tensor([0., 0., 1., 0.])
   */
  bernoulli_(...args: Draw<[p?: number | Tensor], { p?: number | Tensor | undefined }>): Tensor;
  /**
   * Ones with the probabilities that this tensor holds, or with probability `p`, else zeros. Throws RangeError for other
   * probabilities.
   * @example
   * torch.manualSeed(0)
   * torch.tensor([0, 1, 0.5]).bernoulli() // tensor([0., 1., 1.])
   */
  bernoulli(...args: Draw<[p?: number], { p?: number | undefined }>): Tensor;
  /**
   * `numSamples` indices of each row of weights [n] or [rows, n]; see torch.multinomial.
   * @example
   * torch.tensor([0, 1.5]).multinomial(1) // tensor([1])
   */
  multinomial(
    numSamples: number,
    ...args: Draw<[replacement?: boolean], { replacement?: boolean | undefined }>
  ): Tensor;
  /**
   * Draws from the exponential distribution of this rate (1). Throws RangeError if it is not positive.
   * @example
   * torch.manualSeed(0)
   * torch.empty(2).exponential_() // tensor([3.5083, 1.2304])
   */
  exponential_(...args: Draw<[lambd?: number], { lambd?: number | undefined }>): Tensor;

  /**
   * Draws from the Cauchy distribution of this median (0) and half width (1). Throws RangeError if `sigma` is not positive.
   * @example
   * torch.manualSeed(0)
   * torch.empty(2).cauchy_() // tensor([10.5977,  0.7648])
   */
  cauchy_(
    ...args: Draw<[median?: number, sigma?: number], { median?: number | undefined; sigma?: number | undefined }>
  ): Tensor;
  /**
   * Draws how many trials it takes until one succeeds with probability `p`. Throws RangeError unless that lies between 0
   * and 1.
   * @example
   * torch.manualSeed(0)
   * torch.empty(4).geometric_(0.3) // tensor([1., 1., 3., 1.])
   */
  geometric_(p: number, options?: GeneratorOption): Tensor;
  /**
   * Draws numbers whose logarithms are normal with this mean (1) and standard deviation (2). Throws RangeError if `std` is
   * not positive.
   * @example
   * torch.manualSeed(0)
   * torch.empty(2).logNormal_() // tensor([59.2634,  1.5116])
   */
  logNormal_(mean?: number, std?: number, options?: GeneratorOption): Tensor;
  /**
   * PyTorch's legacy constructor: of data, or of sizes and uninitialised, in this dtype. Throws as `torch.tensor`.
   * @example
   * torch.tensor([1.5]).new([1, 2]) // tensor([1., 2.])
   */
  'new'(data?: TensorData, ...sizes: number[]): Tensor;

  /**
   * The transpose of a matrix; all dims reversed otherwise.
   * @example
   * torch.ones(2, 3).T.shape // torch.Size([3, 2])
   */
  readonly T: Tensor;
  /**
   * A view with the last two dims swapped. Throws ShapeError for less than 2 dims.
   * @example
   * torch.ones(4, 2, 3).mT.shape // torch.Size([4, 3, 2])
   */
  readonly mT: Tensor;
  /**
   * The conjugate transpose of a matrix: of a real one, its transpose. Throws ShapeError unless there are 2 dims, or none.
   * @example
   * torch.ones(2, 3).H.shape // torch.Size([3, 2])
   */
  readonly H: Tensor;
  /**
   * As {@link H}, of the last two dims. Throws ShapeError for one dim.
   * @example
   * torch.ones(4, 2, 3).mH.shape // torch.Size([4, 3, 2])
   */
  readonly mH: Tensor;
  /**
   * The real part: the tensor itself.
   * @example
   * torch.tensor([1.5]).real // tensor([1.5000])
   */
  readonly real: Tensor;
}

type Fn = (...args: never[]) => unknown;

/** Functions that take any number of sizes or dims keep them; the others get a wrapper of fixed arity, which is faster. */
const variadic = new WeakSet<Fn>();
/** Marks a function whose method must pass on all its arguments. */
export function spread<F extends Fn>(f: F): F {
  variadic.add(f);
  return f;
}

/** Functions that read their arguments by names of their own: `normal_` has others than `torch.normal`. */
const reading = new WeakSet<Fn>();
/** Marks such a function. */
export function reads<F extends Fn>(f: F): F {
  reading.add(f);
  return f;
}

export function attachMethods(prototype: object, functions: Readonly<Record<string, unknown>>, suffix = ''): void {
  for (const [name, f] of Object.entries(functions)) {
    if (typeof f !== 'function') continue;
    const call = f as (...args: unknown[]) => unknown;
    const full = name + suffix;
    const key = reading.has(f as Fn) ? full : name;
    // a function's length does not count parameters with defaults: pass six always, absent ones as undefined
    const value = variadic.has(f as Fn)
      ? function (this: unknown, ...args: unknown[]): unknown {
          const outermost = recording.on && enterSpan(full);
          try {
            return isPlain(args[args.length - 1]) ? call(...placed(key, [this, ...args])) : call(this, ...args);
          } catch (error) {
            throw renamed(full, error);
          } finally {
            if (outermost) leaveSpan();
          }
        }
      : function (
          this: unknown,
          a?: unknown,
          b?: unknown,
          c?: unknown,
          d?: unknown,
          e?: unknown,
          g?: unknown,
        ): unknown {
          const outermost = recording.on && enterSpan(full);
          try {
            // required arguments by name
            if (isPlain(a) || (b !== undefined && (isPlain(b) || isPlain(c) || isPlain(d) || isPlain(e))))
              return call(...placed(key, [this, a, b, c, d, e, g]));
            return call(this, a, b, c, d, e, g);
          } catch (error) {
            throw renamed(full, error);
          } finally {
            if (outermost) leaveSpan();
          }
        };
    Object.defineProperty(value, 'name', { value: full });
    Object.defineProperty(prototype, full, { configurable: true, writable: true, value });
  }
}
