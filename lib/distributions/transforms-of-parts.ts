// Transforms of parts and of shapes: cat, stack, reshape and independent ones, and the one by a distribution's cdf.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { cat as catTensors, stack as stackTensors } from '../ops/join.ts';
import { sizeOf as elements, sameShape, type Shape, type Size } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { Distribution, type Param, shapeOf, sizeOf, sumRightmost } from './distribution.ts';
import { type CacheArgs, checkCache, checkDims, readCache, Transform, type TransformOptions } from './transform.ts';

function checkTransform(where: string, t: unknown): asserts t is Transform {
  if (!(t instanceof Transform)) throw new TypeError(`${where}: expected a Transform but received ${describe(t)}`);
}
function checkList(where: string, list: unknown): asserts list is readonly Transform[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new TypeError(`${where}: expected a list of Transforms but received ${describe(list)}`);
  for (const t of list) checkTransform(where, t);
}
function checkDim(where: string, dim: unknown): number {
  if (!Number.isInteger(dim)) throw new TypeError(`${where}: expected a dim but received ${describe(dim)}`);
  return dim as number;
}
const cached = (list: readonly Transform[], size: number): readonly Transform[] =>
  size === 0 ? [...list] : list.map((t) => t.withCache(size));

/**
 * A transform whose last `reinterpretedBatchNdims` dims belong to one value: its Jacobian's logarithms are summed over them.
 * @example
 * const { ExpTransform, IndependentTransform } = torch.distributions
 * const t = new IndependentTransform(new ExpTransform(), 1)
 * t.logAbsDetJacobian(torch.tensor([0.5, 1]), torch.tensor([0.5, 1]).exp()) // tensor(1.5000)
 */
export class IndependentTransform extends Transform {
  readonly baseTransform: Transform;
  readonly reinterpretedBatchNdims: number;
  override readonly bijective: boolean;
  constructor(baseTransform: Transform, reinterpretedBatchNdims: number, ...args: CacheArgs) {
    const where = 'IndependentTransform';
    const cacheSize = readCache(where, args);
    super({ cacheSize });
    checkTransform(where, baseTransform);
    if (!Number.isInteger(reinterpretedBatchNdims) || reinterpretedBatchNdims < 0)
      throw new TypeError(`${where}: expected a number of dims but received ${describe(reinterpretedBatchNdims)}`);
    this.baseTransform = baseTransform.withCache(cacheSize);
    this.reinterpretedBatchNdims = reinterpretedBatchNdims;
    this.bijective = baseTransform.bijective;
  }
  protected override remade(cacheSize: number): Transform {
    return new IndependentTransform(this.baseTransform, this.reinterpretedBatchNdims, { cacheSize });
  }
  override get domain(): constraints.Constraint {
    return constraints.independent(this.baseTransform.domain, this.reinterpretedBatchNdims);
  }
  override get codomain(): constraints.Constraint {
    return constraints.independent(this.baseTransform.codomain, this.reinterpretedBatchNdims);
  }
  override get sign(): Param {
    return this.baseTransform.sign;
  }
  override forward(x: Tensor): Tensor {
    checkDims('forward', x.sizes, this.domain.eventDim);
    return this.baseTransform.forward(x);
  }
  override inverse(y: Tensor): Tensor {
    checkDims('inverse', y.sizes, this.codomain.eventDim);
    return this.baseTransform.inverse(y);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return sumRightmost(this.baseTransform.logAbsDetJacobian(x, y), this.reinterpretedBatchNdims);
  }
  override forwardShape(shape: Shape): Shape {
    return this.baseTransform.forwardShape(shape);
  }
  override inverseShape(shape: Shape): Shape {
    return this.baseTransform.inverseShape(shape);
  }
  override toString(): string {
    return `IndependentTransform(${this.baseTransform}, ${this.reinterpretedBatchNdims})`;
  }
}

/**
 * Values of `inShape` to values of `outShape`, with the same elements. Throws ShapeError if their numbers differ.
 * @example
 * new torch.distributions.ReshapeTransform([4], [2, 2]).forward(torch.ones(3, 4)).shape // torch.Size([3, 2, 2])
 */
export class ReshapeTransform extends Transform {
  readonly inShape: Size;
  readonly outShape: Size;
  constructor(
    ...args: Named<[inShape: Shape, outShape: Shape], ['inShape', 'outShape'], [cacheSize?: number], TransformOptions>
  ) {
    const where = 'ReshapeTransform';
    const options = readArguments<TransformOptions & { inShape: Shape; outShape: Shape }>(where, args, [
      'inShape',
      'outShape',
      'cacheSize',
    ]);
    super({ cacheSize: checkCache(where, options.cacheSize ?? 0) });
    this.inShape = sizeOf(shapeOf(where, options.inShape));
    this.outShape = sizeOf(shapeOf(where, options.outShape));
    if (elements(this.inShape) !== elements(this.outShape)) {
      throw new ShapeError(
        `${where}: in_shape ${this.inShape} and out_shape ${this.outShape} have different numbers of elements`,
      );
    }
  }
  protected override remade(cacheSize: number): Transform {
    return new ReshapeTransform(this.inShape, this.outShape, { cacheSize });
  }
  override get domain(): constraints.Constraint {
    return constraints.independent(constraints.real, this.inShape.length);
  }
  override get codomain(): constraints.Constraint {
    return constraints.independent(constraints.real, this.outShape.length);
  }
  override forward(x: Tensor): Tensor {
    return x.reshape(this.forwardShape(x.sizes));
  }
  override inverse(y: Tensor): Tensor {
    return y.reshape(this.inverseShape(y.sizes));
  }
  override logAbsDetJacobian(x: Tensor, _y: Tensor): Tensor {
    return x.detach().newZeros(x.sizes.slice(0, x.ndim - this.inShape.length));
  }
  override forwardShape(shape: Shape): Shape {
    return reshaped('forwardShape', shape, this.inShape, this.outShape);
  }
  override inverseShape(shape: Shape): Shape {
    return reshaped('inverseShape', shape, this.outShape, this.inShape);
  }
}
function reshaped(where: string, shape: Shape, from: Shape, to: Shape): Shape {
  checkDims(where, shape, from.length);
  const cut = shape.length - from.length;
  if (!sameShape(shape.slice(cut), from)) {
    throw new ShapeError(`${where}: Shape mismatch: expected ${sizeOf(from)} but got ${sizeOf(shape.slice(cut))}`);
  }
  return [...shape.slice(0, cut), ...to];
}

/** Options of {@link CatTransform}. */
export interface CatTransformOptions extends TransformOptions {
  dim?: number | undefined;
  lengths?: readonly number[] | null | undefined;
}
/**
 * Transforms of the parts of `lengths` (1 each) along `dim` (0), one after the other.
 * @example
 * const { CatTransform, ExpTransform, identityTransform } = torch.distributions
 * new CatTransform([new ExpTransform(), identityTransform], 0, [1, 2]).forward(torch.zeros(3)) // tensor([1., 0., 0.])
 */
export class CatTransform extends Transform {
  readonly transforms: readonly Transform[];
  readonly dim: number;
  readonly lengths: readonly number[];
  override readonly bijective: boolean;
  constructor(
    tseq: readonly Transform[],
    ...args: Call<[dim?: number, lengths?: readonly number[] | null, cacheSize?: number], CatTransformOptions>
  ) {
    const where = 'CatTransform';
    const options = readArguments<CatTransformOptions>(where, args, ['dim', 'lengths', 'cacheSize']);
    const cacheSize = checkCache(where, options.cacheSize ?? 0);
    super({ cacheSize });
    checkList(where, tseq);
    this.transforms = cached(tseq, cacheSize);
    this.dim = checkDim(where, options.dim ?? 0);
    const lengths: unknown = options.lengths ?? tseq.map(() => 1);
    if (!Array.isArray(lengths) || !lengths.every((n) => Number.isSafeInteger(n) && n >= 0))
      throw new TypeError(`${where}: expected a list of lengths but received ${describe(lengths)}`);
    if (lengths.length !== tseq.length)
      throw new ShapeError(`${where}: lengths (${lengths.length}) must match transforms (${tseq.length})`);
    this.lengths = [...(lengths as readonly number[])];
    this.bijective = tseq.every((t) => t.bijective);
  }
  protected override remade(cacheSize: number): Transform {
    return new CatTransform(this.transforms, { dim: this.dim, lengths: this.lengths, cacheSize });
  }
  override get eventDim(): number {
    return Math.max(...this.transforms.map((t) => t.eventDim));
  }
  /** The length of all parts. */
  get length(): number {
    return this.lengths.reduce((a, b) => a + b, 0);
  }
  override get domain(): constraints.Constraint {
    return constraints.cat(
      this.transforms.map((t) => t.domain),
      this.dim,
      this.lengths,
    );
  }
  override get codomain(): constraints.Constraint {
    return constraints.cat(
      this.transforms.map((t) => t.codomain),
      this.dim,
      this.lengths,
    );
  }
  #parts(where: string, x: Tensor): Tensor[] {
    checkLength(where, x, this.dim, this.length);
    return x.splitWithSizes([...this.lengths], this.dim);
  }
  override forward(x: Tensor): Tensor {
    const parts = this.#parts('forward', x);
    return catTensors(
      this.transforms.map((t, i) => t.forward(parts[i]!)),
      this.dim,
    );
  }
  override inverse(y: Tensor): Tensor {
    const parts = this.#parts('inverse', y);
    return catTensors(
      this.transforms.map((t, i) => t.inverse(parts[i]!)),
      this.dim,
    );
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    const [xs, ys] = [this.#parts('logAbsDetJacobian', x), this.#parts('logAbsDetJacobian', y)];
    const dims = this.eventDim;
    const each = this.transforms.map((t, i) =>
      sumRightmost(t.logAbsDetJacobian(xs[i]!, ys[i]!), Math.max(0, dims - t.eventDim)),
    );
    const dim = (this.dim >= 0 ? this.dim - x.ndim : this.dim) + dims;
    return dim < 0 ? catTensors(each, dim) : each.reduce((a, b) => a.add(b));
  }
}
function checkLength(where: string, x: Tensor, dim: number, length: number): void {
  if (dim < -x.ndim || dim >= x.ndim)
    throw new RangeError(`${where}: dim ${dim} out of range for tensor with ${x.ndim} dimensions`);
  const n = x.sizes.at(dim)!;
  if (n !== length) throw new ShapeError(`${where}: size ${n} of dim ${dim} must equal length ${length}`);
}

/** Options of {@link StackTransform}. */
export interface StackTransformOptions extends TransformOptions {
  dim?: number | undefined;
}
/**
 * Transforms of the slices along `dim` (0), one for each.
 * @example
 * const { StackTransform, ExpTransform, identityTransform } = torch.distributions
 * new StackTransform([new ExpTransform(), identityTransform], 0).forward(torch.zeros(2)) // tensor([1., 0.])
 */
export class StackTransform extends Transform {
  readonly transforms: readonly Transform[];
  readonly dim: number;
  override readonly bijective: boolean;
  constructor(tseq: readonly Transform[], ...args: Call<[dim?: number, cacheSize?: number], StackTransformOptions>) {
    const where = 'StackTransform';
    const options = readArguments<StackTransformOptions>(where, args, ['dim', 'cacheSize']);
    const cacheSize = checkCache(where, options.cacheSize ?? 0);
    super({ cacheSize });
    checkList(where, tseq);
    this.transforms = cached(tseq, cacheSize);
    this.dim = checkDim(where, options.dim ?? 0);
    this.bijective = tseq.every((t) => t.bijective);
  }
  protected override remade(cacheSize: number): Transform {
    return new StackTransform(this.transforms, { dim: this.dim, cacheSize });
  }
  override get domain(): constraints.Constraint {
    return constraints.stack(
      this.transforms.map((t) => t.domain),
      this.dim,
    );
  }
  override get codomain(): constraints.Constraint {
    return constraints.stack(
      this.transforms.map((t) => t.codomain),
      this.dim,
    );
  }
  #slices(where: string, x: Tensor): Tensor[] {
    checkLength(where, x, this.dim, this.transforms.length);
    return x.unbind(this.dim);
  }
  override forward(x: Tensor): Tensor {
    const parts = this.#slices('forward', x);
    return stackTensors(
      this.transforms.map((t, i) => t.forward(parts[i]!)),
      this.dim,
    );
  }
  override inverse(y: Tensor): Tensor {
    const parts = this.#slices('inverse', y);
    return stackTensors(
      this.transforms.map((t, i) => t.inverse(parts[i]!)),
      this.dim,
    );
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    const [xs, ys] = [this.#slices('logAbsDetJacobian', x), this.#slices('logAbsDetJacobian', y)];
    return stackTensors(
      this.transforms.map((t, i) => t.logAbsDetJacobian(xs[i]!, ys[i]!)),
      this.dim,
    );
  }
}

/**
 * Values of a distribution to probabilities, by its cdf.
 * @example
 * const { CumulativeDistributionTransform, Normal } = torch.distributions
 * new CumulativeDistributionTransform(new Normal(0, 1)).forward(torch.tensor([0, 1])) // tensor([0.5000, 0.8413])
 */
export class CumulativeDistributionTransform extends Transform {
  readonly distribution: Distribution;
  constructor(distribution: Distribution, ...args: CacheArgs) {
    const where = 'CumulativeDistributionTransform';
    super({ cacheSize: readCache(where, args) });
    const given: unknown = distribution;
    if (!(given instanceof Distribution))
      throw new TypeError(`${where}: expected a Distribution but received ${describe(given)}`);
    this.distribution = distribution;
  }
  protected override remade(cacheSize: number): Transform {
    return new CumulativeDistributionTransform(this.distribution, { cacheSize });
  }
  override get domain(): constraints.Constraint {
    return this.distribution.support;
  }
  override get codomain(): constraints.Constraint {
    return constraints.unitInterval;
  }
  override get sign(): Param {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return this.distribution.cdf(x);
  }
  override inverse(y: Tensor): Tensor {
    return this.distribution.icdf(y);
  }
  override logAbsDetJacobian(x: Tensor, _y: Tensor): Tensor {
    return this.distribution.logProb(x);
  }
}
