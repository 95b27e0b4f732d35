// The base class of transforms, and inverses. The transforms themselves are in transforms.ts and transforms-of-*.ts.
import { describe, ShapeError } from '../errors.ts';
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Constraint } from './constraint.ts';
import type { Param } from './distribution.ts';

/** Options of every transform. */
export interface TransformOptions {
  /** 1 keeps the last x and y, so that the inverse of a y that it made gives that very x; 0 (the default) keeps nothing. */
  cacheSize?: number | undefined;
}
export type CacheArgs = Call<[cacheSize?: number], TransformOptions>;
/** Reads `cacheSize`. */
export function readCache(where: string, args: readonly unknown[]): number {
  const { cacheSize = 0 } = readArguments<TransformOptions>(where, args, ['cacheSize']);
  return checkCache(where, cacheSize);
}
export function checkCache(where: string, size: unknown): number {
  if (size !== 0 && size !== 1) throw new RangeError(`${where}: cache_size must be 0 or 1, not ${describe(size)}`);
  return size;
}
/** Refuses shapes of too few dims. */
export function checkDims(where: string, shape: Shape, dims: number): void {
  if (shape.length < dims)
    throw new ShapeError(`${where}: Too few dimensions on input: ${shape.length} instead of ${dims}`);
}

/**
 * The base class of transforms: `forward` and `inverse`, and `ln |dy / dx|`.
 * @example
 * new torch.distributions.ExpTransform() instanceof torch.distributions.Transform // true
 */
export abstract class Transform {
  /** Whether each y comes from one x. */
  readonly bijective: boolean = true;
  readonly #cacheSize: number;
  #inverse: Transform | null = null;

  constructor(options: TransformOptions = {}) {
    checkOptions(new.target.name, options, ['cacheSize']);
    this.#cacheSize = checkCache(new.target.name, options?.cacheSize ?? 0);
    if (this.#cacheSize === 1) this.#remember();
  }
  /** Puts a memory of the last x and y before `forward` and `inverse`. */
  #remember(): void {
    let last: readonly [x: Tensor, y: Tensor] | null = null;
    const [forward, inverse] = [this.forward.bind(this), this.inverse.bind(this)];
    const define = (name: 'forward' | 'inverse', f: (value: Tensor) => Tensor): void => {
      Object.defineProperty(this, name, { value: f, configurable: true, enumerable: false });
    };
    define('forward', (x) => (last?.[0] === x ? last : (last = [x, forward(x)]))[1]);
    define('inverse', (y) => (last?.[1] === y ? last : (last = [inverse(y), y]))[0]);
  }
  /** How many pairs of x and y are kept: 0 or 1. */
  get cacheSize(): number {
    return this.#cacheSize;
  }
  /** This transform with a cache of the last value (1), or without (0). */
  withCache(cacheSize = 1): Transform {
    if (checkCache('withCache', cacheSize) === this.#cacheSize) return this;
    return this.remade(cacheSize);
  }
  /** A new transform with a cache. */
  protected remade(_cacheSize: number): Transform {
    throw new TypeError(`withCache: not implemented by ${this.constructor.name}`);
  }
  /** What x may be. */
  abstract get domain(): Constraint;
  /** What y may be. */
  abstract get codomain(): Constraint;
  /** How many dims one value has: TypeError where it is not the same before and after. */
  get eventDim(): number {
    const { eventDim } = this.domain;
    if (eventDim !== this.codomain.eventDim)
      throw new TypeError('eventDim: Please use either .domain.eventDim or .codomain.eventDim');
    return eventDim;
  }
  /** Whether it grows (1) or falls (-1), for each element. */
  get sign(): Param {
    throw new TypeError(`sign: not implemented by ${this.constructor.name}`);
  }
  /** y of x. */
  abstract forward(x: Tensor): Tensor;
  /** x of y. */
  abstract inverse(y: Tensor): Tensor;
  /** `ln |dy / dx|`, summed over the dims of one value. */
  logAbsDetJacobian(_x: Tensor, _y: Tensor): Tensor {
    throw new TypeError(`logAbsDetJacobian: not implemented by ${this.constructor.name}`);
  }
  /** The shape of y. */
  forwardShape(shape: Shape): Shape {
    return shape;
  }
  /** The shape of x. */
  inverseShape(shape: Shape): Shape {
    return shape;
  }
  /** The transform that undoes this one. */
  get inv(): Transform {
    return (this.#inverse ??= new InverseTransform(this));
  }
  /** Whether another transform is known to be the same one. */
  equals(other: Transform): boolean {
    return this === other || (other.constructor === this.constructor && this.sameAs(other));
  }
  protected sameAs(_other: Transform): boolean {
    return false;
  }
  /** The class's name, as in PyTorch. */
  toString(): string {
    return `${this.constructor.name}()`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
/** A transform without parameters, of which all are the same. */
export abstract class Plain extends Transform {
  constructor(...args: CacheArgs) {
    super({ cacheSize: readCache(new.target.name, args) });
  }
  protected override remade(cacheSize: number): Transform {
    return new (this.constructor as new (...args: CacheArgs) => Plain)({ cacheSize });
  }
  protected override sameAs(_other: Transform): boolean {
    return true;
  }
}

class InverseTransform extends Transform {
  readonly #of: Transform;
  override readonly bijective: boolean;
  constructor(of: Transform) {
    super();
    this.#of = of;
    this.bijective = of.bijective;
  }
  override get cacheSize(): number {
    return this.#of.cacheSize;
  }
  override withCache(cacheSize = 1): Transform {
    return this.#of.withCache(cacheSize).inv;
  }
  override get domain(): Constraint {
    return this.#of.codomain;
  }
  override get codomain(): Constraint {
    return this.#of.domain;
  }
  override get sign(): Param {
    return this.#of.sign;
  }
  override get inv(): Transform {
    return this.#of;
  }
  override forward(x: Tensor): Tensor {
    return this.#of.inverse(x);
  }
  override inverse(y: Tensor): Tensor {
    return this.#of.forward(y);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return this.#of.logAbsDetJacobian(y, x).neg();
  }
  override forwardShape(shape: Shape): Shape {
    return this.#of.inverseShape(shape);
  }
  override inverseShape(shape: Shape): Shape {
    return this.#of.forwardShape(shape);
  }
  protected override sameAs(other: Transform): boolean {
    return this.#of.equals(other.inv);
  }
  override toString(): string {
    return `_InverseTransform(${this.#of})`;
  }
}
