// The base class of distributions, and what they share: broadcasting of parameters, and their check.
import { enableGrad } from '../autograd/mode.ts';
import { type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { FLOATING, getDefault } from '../dtype.ts';
import { float, tuple } from '../nn/internal.ts';
import { broadcastShapes, sameShape, type Shape, Size } from '../shape.ts';
import { scalarTensor } from '../create.ts';
import { Tensor } from '../tensor.ts';
import type { Constraint } from './constraint.ts';
import * as constraints from './constraints.ts';
import { finfo } from './numbers.ts';

export { finfo } from './numbers.ts';

/** A parameter of a distribution. */
export type Param = Tensor | number;
/** Options of every distribution. */
export interface ValidateOptions {
  /** Whether parameters and values are checked; true unless {@link Distribution.setDefaultValidateArgs} says otherwise. */
  validateArgs?: boolean | null | undefined;
}
let validateByDefault = true;

/** Parameters as tensors of one shape; numbers take the dtype of the first tensor. Throws TypeError for anything else. */
export function broadcastAll<N extends string>(where: string, values: Readonly<Record<N, Param>>): Record<N, Tensor> {
  const list = Object.entries(values) as [N, Param][];
  let dtype = getDefault().name;
  for (const [name, v] of list) {
    if (typeof v !== 'number' && !(v instanceof Tensor))
      throw new TypeError(`${where}: expected a number or a Tensor for ${name} but received ${describe(v)}`);
  }
  const first = list.find(([, v]) => v instanceof Tensor)?.[1] as Tensor | undefined;
  if (first) dtype = first.dtype;
  const tensors = list.map(([, v]) => (v instanceof Tensor ? v : scalarTensor(v, { dtype, device: first?.device })));
  const shape = tensors.reduce<Shape>((s, x) => broadcastShapes(where, s, x.sizes), []);
  return Object.fromEntries(
    list.map(([name], i) => [name, sameShape(tensors[i]!.sizes, shape) ? tensors[i]! : tensors[i]!.expand(shape)]),
  ) as Record<N, Tensor>;
}
/** A shape from outside. */
export function shapeOf(where: string, shape: unknown): Shape {
  const list = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(list) || !list.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new TypeError(`${where}: expected a shape but received ${describe(shape)}`);
  return list as Shape;
}
const size = (shape: Shape): Size => Object.assign(new Size(), { length: 0 }, shape, { length: shape.length });
export const sizeOf = size;
/** A tensor as Python formats it: a number where it has no dims. */
export const formatted = (x: Tensor): string => {
  if (x.ndim > 0) return String(x);
  return x.dt.kind === FLOATING ? float(Number(x.item())) : String(x.item());
};
const python = (x: Tensor): string => (x.count === 1 ? formatted(x) : String(size(x.sizes)));

/** A location and a scale, which broadcast. */
export type LocScale = Named<
  [loc: Param, scale: Param],
  ['loc', 'scale'],
  [validateArgs?: boolean | null],
  ValidateOptions
>;
export const LOC_SCALE: Readonly<Record<string, Constraint>> = { loc: constraints.real, scale: constraints.positive };
export function readLocScale(
  where: string,
  args: readonly unknown[],
): { loc: Tensor; scale: Tensor; validateArgs: boolean | null | undefined } {
  const { loc, scale, validateArgs } = readParams(where, args, ['loc', 'scale']);
  return { loc: loc!, scale: scale!, validateArgs };
}
/** Reads required parameters, which broadcast, and `validateArgs`. */
export function readParams<N extends string>(
  where: string,
  args: readonly unknown[],
  names: readonly N[],
): Record<N, Tensor> & { validateArgs: boolean | null | undefined } {
  const options = readArguments<ValidateOptions & Record<N, Param>>(where, args, [...names, 'validateArgs']);
  const given = Object.fromEntries(names.map((name) => [name, options[name] as Param])) as Record<N, Param>;
  return { ...broadcastAll(where, given), validateArgs: options.validateArgs };
}

/** The sum over the last `dims` dims. */
export const sumRightmost = (x: Tensor, dims: number): Tensor => (dims === 0 ? x : x.flatten(x.ndim - dims).sum(-1));
/** Probabilities away from 0 and 1. */
export const clampProbs = (p: Tensor): Tensor => p.clamp(finfo(p).eps, 1 - finfo(p).eps);
export const probsToLogits = (p: Tensor, binary: boolean): Tensor => {
  const q = clampProbs(p);
  return binary ? q.log().sub(q.neg().log1p()) : q.log();
};
export const logitsToProbs = (logits: Tensor, binary: boolean): Tensor =>
  binary ? logits.sigmoid() : logits.softmax(-1);
/** What a property computes when it is first read, and keeps: recorded even where that is without gradients, as by `sample`. */
export const lazily = (compute: () => Tensor): Tensor => enableGrad(compute);
/** Exactly one of the two ways to say probabilities. */
export function checkEither(where: string, probs: unknown, logits: unknown): void {
  if ((probs ?? null) === null ? (logits ?? null) === null : (logits ?? null) !== null)
    throw new TypeError(`${where}: Either \`probs\` or \`logits\` must be specified, but not both.`);
}

/**
 * The base class of distributions: of one for each element of `batchShape`, with values of `eventShape`. What a
 * distribution lacks throws TypeError; parameters and values that it does not allow throw RangeError.
 * @example
 * new torch.distributions.Normal(torch.zeros(3), 1) instanceof torch.distributions.Distribution // true
 */
export abstract class Distribution {
  /** Whether {@link rsample} gives samples through which gradients reach the parameters. */
  hasRsample = false;
  /** Whether {@link enumerateSupport} is there. */
  hasEnumerateSupport = false;
  #batch: Size = size([]);
  #event: Size = size([]);
  protected validates = validateByDefault;

  /** Says whether distributions check their parameters and values where they are not told. */
  static setDefaultValidateArgs(value: boolean): void {
    if (typeof value !== 'boolean')
      throw new TypeError(`setDefaultValidateArgs: expected true or false but received ${describe(value)}`);
    validateByDefault = value;
  }

  /** Sets the shapes and checks the parameters. Constructors end with it. */
  protected init(batchShape: Shape, eventShape: Shape, validateArgs: boolean | null | undefined): void {
    this.#batch = size(batchShape);
    this.#event = size(eventShape);
    this.validates = validateArgs ?? validateByDefault;
    if (!this.validates) return;
    for (const [name, constraint] of Object.entries(this.argConstraints)) {
      const value: unknown = this.given(name);
      if (!(value instanceof Tensor) || constraints.isDependent(constraint)) continue;
      if (constraint.check(value.detach()).all().item()) continue;
      throw new RangeError(
        `${this.constructor.name}: Expected parameter ${name} (${value.constructor.name} of shape ${tuple(value.sizes)}) of distribution ${this} to satisfy the constraint ${constraint}, but found invalid values:\n${formatted(value)}`,
      );
    }
  }
  /** A parameter that was given, or computed since: what PyTorch's text shows. */
  protected given(name: string): unknown {
    return Reflect.get(this, name);
  }
  /** Makes a new distribution check values as this one does. */
  protected like<D extends Distribution>(made: D): D {
    made.validates = this.validates;
    return made;
  }
  /** What says that something is missing. */
  protected lacks(what: string): TypeError {
    return new TypeError(`${what}: not implemented by ${this.constructor.name}`);
  }

  /** The shape of the parameters: one distribution for each element. */
  get batchShape(): Size {
    return this.#batch;
  }
  /** The shape of one value. */
  get eventShape(): Size {
    return this.#event;
  }
  /** What the parameters must satisfy. */
  abstract get argConstraints(): Readonly<Record<string, Constraint>>;
  /** What samples satisfy. */
  get support(): Constraint {
    throw this.lacks('support');
  }
  /** The mean. */
  get mean(): Tensor {
    throw this.lacks('mean');
  }
  /** The most probable value. */
  get mode(): Tensor {
    throw this.lacks('mode');
  }
  /** The variance. */
  get variance(): Tensor {
    throw this.lacks('variance');
  }
  /** The standard deviation. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }
  /** Samples [...sampleShape, ...batchShape, ...eventShape], through which no gradients flow. */
  sample(sampleShape: Shape | number = []): Tensor {
    return this.rsample(sampleShape).detach();
  }
  /** Samples with gradients by the parameters. */
  rsample(_sampleShape: Shape | number = []): Tensor {
    throw this.lacks('rsample');
  }
  /** The logarithm of the density, or of the probability, of values. */
  logProb(_value: Tensor): Tensor {
    throw this.lacks('logProb');
  }
  /** The probability of a value at most this. */
  cdf(_value: Tensor): Tensor {
    throw this.lacks('cdf');
  }
  /** The value up to which the probability is this. */
  icdf(_value: Tensor): Tensor {
    throw this.lacks('icdf');
  }
  /** All values, along the first dim; repeated for each distribution of the batch with `expand`. */
  enumerateSupport(_expand = true): Tensor {
    throw this.lacks('enumerateSupport');
  }
  /** The entropy in nats. */
  entropy(): Tensor {
    throw this.lacks('entropy');
  }
  /** `exp(entropy)`. */
  perplexity(): Tensor {
    return this.entropy().exp();
  }
  /** The same distribution with its parameters repeated to a batch shape. */
  expand(_batchShape: Shape): Distribution {
    throw this.lacks('expand');
  }

  /** The shape of samples. */
  protected extended(where: string, sampleShape: unknown): number[] {
    return [...shapeOf(where, sampleShape), ...this.#batch, ...this.#event];
  }
  /** Values along a new first dim, repeated for the batch if wanted. */
  protected enumerated(values: Tensor, expand: boolean): Tensor {
    const n = values.sizes[0]!;
    const out = values.view(n, ...this.#batch.map(() => 1));
    return expand ? out.expand([n, ...this.#batch]) : out;
  }
  /** Refuses what is no tensor. */
  protected expectTensor(where: string, value: Tensor): void {
    if (!(value instanceof Tensor))
      throw new TypeError(`${where}: The value argument must be a Tensor, but received ${describe(value)}`);
  }
  /** Refuses values of another shape or outside the support. */
  protected validate(where: string, value: Tensor): void {
    this.expectTensor(where, value);
    if (!this.validates) return;
    const actual = value.sizes;
    const wanted = [...this.#batch, ...this.#event];
    const event = actual.slice(Math.max(0, actual.length - this.#event.length));
    if (event.length !== this.#event.length || event.some((n, d) => n !== this.#event[d])) {
      throw new ShapeError(
        `${where}: The right-most size of value must match event_shape: ${size(actual)} vs ${this.#event}.`,
      );
    }
    for (let d = 1; d <= Math.min(actual.length, wanted.length); d++) {
      const [i, j] = [actual.at(-d)!, wanted.at(-d)!];
      if (i !== 1 && j !== 1 && i !== j) {
        throw new ShapeError(
          `${where}: Value is not broadcastable with batch_shape+event_shape: ${size(actual)} vs ${size(wanted)}.`,
        );
      }
    }
    const { support } = this;
    if (support.check(value.detach()).all().item()) return;
    throw new RangeError(
      `${where}: Expected value argument (${value.constructor.name} of shape ${tuple(actual)}) to be within the support (${support}) of the distribution ${this}, but found invalid values:\n${formatted(value)}`,
    );
  }
  /** Whether PyTorch's text shows the parameters: not where another distribution holds them. */
  protected get shown(): boolean {
    return true;
  }
  /** PyTorch's text: the class, and its parameters or their shapes. */
  toString(): string {
    const parts = Object.keys(this.shown ? this.argConstraints : {}).flatMap((name) => {
      const value: unknown = this.given(name);
      const snake = name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
      return value instanceof Tensor ? [`${snake}: ${python(value)}`] : [];
    });
    return `${this.constructor.name}(${parts.join(', ')})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
