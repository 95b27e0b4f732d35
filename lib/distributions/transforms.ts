// Transforms of random values, with the logarithms of their Jacobians. torch.distributions.transforms.
import { type Named, readArguments } from '../arguments.ts';
import { cat } from '../ops/join.ts';
import { describe } from '../errors.ts';
import { softplus } from '../ops/activation.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { finfo, type Param, sumRightmost } from './distribution.ts';
import {
  type CacheArgs,
  checkCache,
  checkDims,
  Plain,
  readCache,
  Transform,
  type TransformOptions,
} from './transform.ts';

const { real, positive, unitInterval, simplex, realVector } = constraints;

/**
 * `exp(x)`.
 * @example
 * new torch.distributions.ExpTransform().forward(torch.tensor([0.5])) // tensor([1.6487])
 */
export class ExpTransform extends Plain {
  override get domain(): constraints.Constraint {
    return real;
  }
  override get codomain(): constraints.Constraint {
    return positive;
  }
  override get sign(): Param {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return x.exp();
  }
  override inverse(y: Tensor): Tensor {
    return y.log();
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return x;
  }
}
function checkParam(where: string, name: string, value: unknown): asserts value is Param {
  if (typeof value !== 'number' && !(value instanceof Tensor))
    throw new TypeError(`${where}: expected a number or a Tensor for ${name} but received ${describe(value)}`);
}
const shapeOfParam = (x: Param): Shape => (x instanceof Tensor ? x.sizes : []);
const same = (a: Param, b: Param): boolean =>
  a instanceof Tensor || b instanceof Tensor
    ? a instanceof Tensor && b instanceof Tensor && Boolean(a.eq(b).all().item())
    : a === b;
/**
 * `x^exponent` of positive numbers.
 * @example
 * new torch.distributions.PowerTransform(2).forward(torch.tensor([1.5])) // tensor([2.2500])
 */
export class PowerTransform extends Transform {
  readonly exponent: Param;
  constructor(exponent: Param, ...args: CacheArgs) {
    super({ cacheSize: readCache('PowerTransform', args) });
    checkParam('PowerTransform', 'exponent', exponent);
    this.exponent = exponent;
  }
  protected override remade(cacheSize: number): Transform {
    return new PowerTransform(this.exponent, { cacheSize });
  }
  override get domain(): constraints.Constraint {
    return positive;
  }
  override get codomain(): constraints.Constraint {
    return positive;
  }
  override get sign(): Param {
    return this.exponent instanceof Tensor ? this.exponent.sign() : Math.sign(this.exponent);
  }
  override forward(x: Tensor): Tensor {
    return x.pow(this.exponent);
  }
  override inverse(y: Tensor): Tensor {
    return y.pow(this.exponent instanceof Tensor ? this.exponent.reciprocal() : 1 / this.exponent);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return y.mul(this.exponent).div(x).abs().log();
  }
  override forwardShape(shape: Shape): Shape {
    return broadcastShapes('PowerTransform', shape, shapeOfParam(this.exponent));
  }
  override inverseShape(shape: Shape): Shape {
    return this.forwardShape(shape);
  }
  protected override sameAs(other: Transform): boolean {
    return other instanceof PowerTransform && same(this.exponent, other.exponent);
  }
}
const clippedSigmoid = (x: Tensor): Tensor => x.sigmoid().clamp(finfo(x).tiny, 1 - finfo(x).eps);
/**
 * `1 / (1 + exp(-x))`, away from 0 and 1.
 * @example
 * new torch.distributions.SigmoidTransform().inverse(torch.tensor([0.75])) // tensor([1.0986])
 */
export class SigmoidTransform extends Plain {
  override get domain(): constraints.Constraint {
    return real;
  }
  override get codomain(): constraints.Constraint {
    return unitInterval;
  }
  override get sign(): Param {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return clippedSigmoid(x);
  }
  override inverse(y: Tensor): Tensor {
    const inside = y.clamp(finfo(y).tiny, 1 - finfo(y).eps);
    return inside.log().sub(inside.neg().log1p());
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return softplus(x.neg()).neg().sub(softplus(x));
  }
}
/**
 * `ln(1 + exp(x))`.
 * @example
 * new torch.distributions.SoftplusTransform().forward(torch.tensor([0.5])) // tensor([0.9741])
 */
export class SoftplusTransform extends Plain {
  override get domain(): constraints.Constraint {
    return real;
  }
  override get codomain(): constraints.Constraint {
    return positive;
  }
  override get sign(): Param {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return softplus(x);
  }
  override inverse(y: Tensor): Tensor {
    return y.neg().expm1().neg().log().add(y);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return softplus(x.neg()).neg();
  }
}
/**
 * `tanh(x)`.
 * @example
 * new torch.distributions.TanhTransform().forward(torch.tensor([0.5])) // tensor([0.4621])
 */
export class TanhTransform extends Plain {
  override get domain(): constraints.Constraint {
    return real;
  }
  override get codomain(): constraints.Constraint {
    return constraints.interval(-1, 1);
  }
  override get sign(): Param {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
  override inverse(y: Tensor): Tensor {
    return y.atanh();
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return x
      .neg()
      .add(Math.LN2)
      .sub(softplus(x.mul(-2)))
      .mul(2);
  }
}
/**
 * `|x|`; its inverse is taken to be positive.
 * @example
 * new torch.distributions.AbsTransform().forward(torch.tensor([-0.5])) // tensor([0.5000])
 */
export class AbsTransform extends Plain {
  override readonly bijective: boolean = false;
  override get domain(): constraints.Constraint {
    return real;
  }
  override get codomain(): constraints.Constraint {
    return positive;
  }
  override forward(x: Tensor): Tensor {
    return x.abs();
  }
  override inverse(y: Tensor): Tensor {
    return y;
  }
}
/** Options of {@link AffineTransform}. */
export interface AffineTransformOptions extends TransformOptions {
  eventDim?: number | undefined;
}
/**
 * `loc + scale x`, of numbers, or of values of `eventDim` dims.
 * @example
 * new torch.distributions.AffineTransform(1, 2).forward(torch.tensor([0.5])) // tensor([2.])
 */
export class AffineTransform extends Transform {
  readonly loc: Param;
  readonly scale: Param;
  readonly #eventDim: number;
  constructor(
    ...args: Named<
      [loc: Param, scale: Param],
      ['loc', 'scale'],
      [eventDim?: number, cacheSize?: number],
      AffineTransformOptions
    >
  ) {
    const names = ['loc', 'scale', 'eventDim', 'cacheSize'];
    const options = readArguments<AffineTransformOptions & { loc: Param; scale: Param }>(
      'AffineTransform',
      args,
      names,
    );
    const { loc, scale, eventDim = 0, cacheSize = 0 } = options;
    super({ cacheSize: checkCache('AffineTransform', cacheSize) });
    checkParam('AffineTransform', 'loc', loc);
    checkParam('AffineTransform', 'scale', scale);
    if (!Number.isInteger(eventDim) || eventDim < 0)
      throw new TypeError(`AffineTransform: expected a number of dims but received ${describe(eventDim)}`);
    this.loc = loc;
    this.scale = scale;
    this.#eventDim = eventDim;
  }
  protected override remade(cacheSize: number): Transform {
    return new AffineTransform(this.loc, this.scale, { eventDim: this.#eventDim, cacheSize });
  }
  override get eventDim(): number {
    return this.#eventDim;
  }
  override get domain(): constraints.Constraint {
    return this.eventDim === 0 ? real : constraints.independent(real, this.eventDim);
  }
  override get codomain(): constraints.Constraint {
    return this.domain;
  }
  override get sign(): Param {
    return this.scale instanceof Tensor ? this.scale.sign() : Math.sign(this.scale);
  }
  override forward(x: Tensor): Tensor {
    return x.mul(this.scale).add(this.loc);
  }
  override inverse(y: Tensor): Tensor {
    return y.sub(this.loc).div(this.scale);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    const { scale } = this;
    const each =
      scale instanceof Tensor
        ? scale.abs().log().expand(x.sizes)
        : x.detach().newFull(x.sizes, Math.log(Math.abs(scale)));
    return sumRightmost(each, this.eventDim);
  }
  override forwardShape(shape: Shape): Shape {
    const both = broadcastShapes('AffineTransform', shapeOfParam(this.loc), shapeOfParam(this.scale));
    return broadcastShapes('AffineTransform', shape, both);
  }
  override inverseShape(shape: Shape): Shape {
    return this.forwardShape(shape);
  }
  protected override sameAs(other: Transform): boolean {
    return other instanceof AffineTransform && same(this.loc, other.loc) && same(this.scale, other.scale);
  }
}
/**
 * Vectors to probabilities; not a bijection: the sum of the logarithms is lost.
 * @example
 * new torch.distributions.SoftmaxTransform().forward(torch.tensor([0.5, 1.5])) // tensor([0.2689, 0.7311])
 */
export class SoftmaxTransform extends Plain {
  override readonly bijective: boolean = false;
  override get domain(): constraints.Constraint {
    return realVector;
  }
  override get codomain(): constraints.Constraint {
    return simplex;
  }
  override forward(x: Tensor): Tensor {
    return x.softmax(-1);
  }
  override inverse(y: Tensor): Tensor {
    return y.log();
  }
  override forwardShape(shape: Shape): Shape {
    checkDims('forwardShape', shape, 1);
    return shape;
  }
  override inverseShape(shape: Shape): Shape {
    checkDims('inverseShape', shape, 1);
    return shape;
  }
}
/**
 * Vectors of K - 1 numbers to K probabilities, by breaking parts off a stick.
 * @example
 * new torch.distributions.StickBreakingTransform().forward(torch.tensor([0.5, 1])).sum() // tensor(1.)
 */
export class StickBreakingTransform extends Plain {
  override get domain(): constraints.Constraint {
    return realVector;
  }
  override get codomain(): constraints.Constraint {
    return simplex;
  }
  /** How many parts the rest of the stick is meant for. */
  #parts(x: Tensor, n: number): Tensor {
    return x
      .detach()
      .newOnes([n])
      .cumsum(-1)
      .neg()
      .add(n + 1);
  }
  override forward(x: Tensor): Tensor {
    const z = clippedSigmoid(x.sub(this.#parts(x, x.sizes.at(-1)!).log()));
    const rest = z.neg().add(1).cumprod(-1);
    const one = z.detach().newOnes([...z.sizes.slice(0, -1), 1]);
    return cat([z, one], -1).mul(cat([one, rest], -1));
  }
  override inverse(y: Tensor): Tensor {
    const n = y.sizes.at(-1)! - 1;
    const crop = y.narrow(-1, 0, n);
    const rest = crop.cumsum(-1).neg().add(1).clampMin(finfo(y).tiny);
    return crop.log().sub(rest.log()).add(this.#parts(y, n).log());
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    const n = x.sizes.at(-1)!;
    const moved = x.sub(this.#parts(x, n).log());
    return moved
      .neg()
      .add(moved.logsigmoid())
      .add(y.narrow(-1, 0, n).log())
      .sum(-1);
  }
  override forwardShape(shape: Shape): Shape {
    checkDims('forwardShape', shape, 1);
    return [...shape.slice(0, -1), shape.at(-1)! + 1];
  }
  override inverseShape(shape: Shape): Shape {
    checkDims('inverseShape', shape, 1);
    return [...shape.slice(0, -1), shape.at(-1)! - 1];
  }
}
/**
 * Transforms one after the other.
 * @example
 * const { ComposeTransform, AffineTransform, ExpTransform } = torch.distributions
 * const t = new ComposeTransform([new AffineTransform(0, 2), new ExpTransform()])
 * t.forward(torch.tensor([0.5])) // tensor([2.7183])
 */
export class ComposeTransform extends Transform {
  readonly parts: readonly Transform[];
  readonly #caches: number;
  override readonly bijective: boolean;
  #composed: Transform | null = null;
  constructor(parts: readonly Transform[], ...args: CacheArgs) {
    const cacheSize = readCache('ComposeTransform', args);
    super();
    if (!Array.isArray(parts) || !parts.every((t) => t instanceof Transform))
      throw new TypeError(`ComposeTransform: expected a list of Transforms but received ${describe(parts)}`);
    // each part remembers for itself
    this.parts = (parts as readonly Transform[]).map((t) => (cacheSize === 0 ? t : t.withCache(cacheSize)));
    this.#caches = cacheSize;
    this.bijective = this.parts.every((t) => t.bijective);
  }
  override get cacheSize(): number {
    return this.#caches;
  }
  override withCache(cacheSize = 1): Transform {
    return cacheSize === this.#caches ? this : new ComposeTransform(this.parts, { cacheSize });
  }
  override get inv(): Transform {
    if (this.#composed === null) {
      const inverse = new ComposeTransform([...this.parts].reverse().map((t) => t.inv));
      inverse.#composed = this;
      this.#composed = inverse;
    }
    return this.#composed;
  }
  override get domain(): constraints.Constraint {
    const [first] = this.parts;
    if (!first) return real;
    let dims = this.parts.at(-1)!.codomain.eventDim;
    for (const t of [...this.parts].reverse())
      dims = Math.max(t.domain.eventDim, dims + t.domain.eventDim - t.codomain.eventDim);
    const { domain } = first;
    return dims > domain.eventDim ? constraints.independent(domain, dims - domain.eventDim) : domain;
  }
  override get codomain(): constraints.Constraint {
    const last = this.parts.at(-1);
    if (!last) return real;
    let dims = this.parts[0]!.domain.eventDim;
    for (const t of this.parts) dims = Math.max(t.codomain.eventDim, dims + t.codomain.eventDim - t.domain.eventDim);
    const { codomain } = last;
    return dims > codomain.eventDim ? constraints.independent(codomain, dims - codomain.eventDim) : codomain;
  }
  override get sign(): Param {
    return this.parts.reduce<Param>(
      (s, t) => (s instanceof Tensor ? s.mul(t.sign) : t.sign instanceof Tensor ? t.sign.mul(s) : s * t.sign),
      1,
    );
  }
  override forward(x: Tensor): Tensor {
    return this.parts.reduce((v, t) => t.forward(v), x);
  }
  override inverse(y: Tensor): Tensor {
    return this.parts.reduceRight((v, t) => t.inverse(v), y);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    let dims = this.domain.eventDim;
    let at = x;
    let total: Tensor | null = null;
    for (const [i, t] of this.parts.entries()) {
      const next = i === this.parts.length - 1 ? y : t.forward(at);
      const term = sumRightmost(t.logAbsDetJacobian(at, next), dims - t.domain.eventDim);
      total = total === null ? term : total.add(term);
      dims += t.codomain.eventDim - t.domain.eventDim;
      at = next;
    }
    return total ?? x.mul(0);
  }
  override toString(): string {
    return `ComposeTransform(\n    ${this.parts.join(',\n    ')}\n)`;
  }
  override forwardShape(shape: Shape): Shape {
    return this.parts.reduce((s, t) => t.forwardShape(s), shape);
  }
  override inverseShape(shape: Shape): Shape {
    return this.parts.reduceRight((s, t) => t.inverseShape(s), shape);
  }
  protected override sameAs(other: Transform): boolean {
    return (
      other instanceof ComposeTransform &&
      other.parts.length === this.parts.length &&
      other.parts.every((t, i) => this.parts[i]!.equals(t))
    );
  }
}
/**
 * The transform that changes nothing.
 * @example
 * torch.distributions.identityTransform.forward(torch.tensor([1.5])) // tensor([1.5000])
 */
export const identityTransform: Transform = new ComposeTransform([]);
