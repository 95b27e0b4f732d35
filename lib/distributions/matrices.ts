// Distributions of matrices: Wishart's, and that of Lewandowski, Kurowicka and Joe over Cholesky factors of correlations.
import { type Named, readArguments } from '../arguments.ts';
import { arange, eye, scalarTensor } from '../create.ts';
import { noGrad } from '../autograd/mode.ts';
import { describe, ShapeError } from '../errors.ts';
import { slogdet } from '../linalg/solve.ts';
import { cat } from '../ops/join.ts';
import { mvlgamma } from '../ops/composed.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { wholeBound } from './constraint.ts';
import * as constraints from './constraints.ts';
import {
  broadcastAll,
  Distribution,
  finfo,
  formatted,
  lazily,
  type Param,
  shapeOf,
  type ValidateOptions,
} from './distribution.ts';
import { ExponentialFamily } from './exponential-family.ts';
import { Beta, Chi2 } from './gamma.ts';
import { factorFromPrecision, factorOf, halfLogDet, solveFactored } from './triangular.ts';
import { givenMatrix, MATRICES, type Matrix, repeatedMatrices } from './multivariate-normal.ts';

/** Options of {@link LKJCholesky}. */
export interface LKJCholeskyOptions extends ValidateOptions {
  concentration?: Param | undefined;
}
/**
 * Lower Cholesky factors of correlation matrices [dim, dim], with a density that falls (above 1) or rises with their
 * correlations by `concentration` (1). Samples are PyTorch's for the same seed. Throws RangeError for a `dim` below 2.
 * @example
 * new torch.distributions.LKJCholesky(3, 0.5).eventShape // torch.Size([3, 3])
 */
export class LKJCholesky extends Distribution {
  readonly dim: number;
  readonly concentration: Tensor;
  readonly #beta: Beta;
  constructor(
    ...args: Named<[dim: number], ['dim'], [concentration?: Param, validateArgs?: boolean | null], LKJCholeskyOptions>
  ) {
    super();
    const names = ['dim', 'concentration', 'validateArgs'];
    const options = readArguments<LKJCholeskyOptions & { dim: number }>('LKJCholesky', args, names);
    const { dim, validateArgs } = options;
    if (!Number.isInteger(dim))
      throw new TypeError(`LKJCholesky: expected a whole number for dim but received ${describe(dim)}`);
    if (dim! < 2) {
      throw new RangeError(`LKJCholesky: Expected dim to be an integer greater than or equal to 2. Found dim=${dim}.`);
    }
    this.dim = dim!;
    this.concentration = broadcastAll('LKJCholesky', { concentration: options.concentration ?? 1 }).concentration;
    const { dtype, device } = this.concentration;
    const steps = arange(this.dim - 1, { dtype, device });
    const offset = cat([steps.newZeros([1]), steps]);
    const marginal = this.concentration.add(0.5 * (this.dim - 2)).unsqueeze(-1);
    this.#beta = new Beta(offset.add(0.5), marginal.sub(offset.mul(0.5)), { validateArgs: false });
    this.init(this.concentration.sizes, [this.dim, this.dim], validateArgs);
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return { concentration: constraints.positive };
  }
  override get support(): constraints.Constraint {
    return constraints.corrCholesky;
  }
  override expand(batchShape: Shape): LKJCholesky {
    return this.like(new LKJCholesky(this.dim, this.concentration.expand(batchShape), { validateArgs: false }));
  }
  /** By the onion method. */
  override sample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('sample', sampleShape);
    return noGrad(() => {
      const y = this.#beta.sample(sampleShape).unsqueeze(-1);
      const normal = y.newEmpty(shape).normal_().tril(-1);
      const norm = normal.norm({ dim: -1, keepdim: true });
      // the first row has nothing left of the diagonal
      const w = y.sqrt().mul(normal.div(norm).where(norm.gt(0), 0));
      const diagonal = w.square().sum(-1).neg().add(1).clampMin(finfo(w).tiny).sqrt();
      return w.add(diagonal.diagEmbed());
    });
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const diagonal = value.diagonal({ dim1: -1, dim2: -2 }).narrow(-1, 1, this.dim - 1);
    const { concentration: c, dim } = this;
    const steps = arange(2, dim + 1, { dtype: c.dtype, device: c.device });
    const powers = c.sub(1).mul(2).unsqueeze(-1).add(dim).sub(steps);
    const n = dim - 1;
    const alpha = c.add(0.5 * n);
    const normalization = mvlgamma(alpha.sub(0.5), n)
      .add(0.5 * n * Math.log(Math.PI))
      .sub(alpha.lgamma().mul(n));
    return powers.mul(diagonal.log()).sum(-1).sub(normalization);
  }
}

/** Options of {@link Wishart}: exactly one of the matrices. */
export interface WishartOptions extends ValidateOptions {
  covarianceMatrix?: Tensor | null | undefined;
  precisionMatrix?: Tensor | null | undefined;
  /** The lower triangular factor of the covariance. */
  scaleTril?: Tensor | null | undefined;
}

/**
 * The distribution of the scatter matrices [n, n] of `df` normal vectors with a covariance, a precision, or the covariance's
 * lower Cholesky factor [*, n, n]. Samples are PyTorch's for the same seed. Throws RangeError unless `df > n - 1`.
 * @example
 * new torch.distributions.Wishart(3, torch.eye(2)).mean.tolist() // [ [ 3, 0 ], [ 0, 3 ] ]
 */
export class Wishart extends ExponentialFamily {
  override hasRsample = true;
  readonly df: Tensor;
  /** Without the dims that the degrees of freedom alone have. */
  readonly #factor: Tensor;
  readonly #by: Matrix;
  /** What was given, and what was computed since. */
  #known: Partial<Record<Matrix, Tensor>>;
  readonly #chi2: Chi2;
  constructor(
    ...args: Named<
      [df: Param],
      ['df'],
      [
        covarianceMatrix?: Tensor | null,
        precisionMatrix?: Tensor | null,
        scaleTril?: Tensor | null,
        validateArgs?: boolean | null,
      ],
      WishartOptions
    >
  ) {
    super();
    const where = 'Wishart';
    const names = ['df', ...MATRICES, 'validateArgs'];
    const options = readArguments<WishartOptions & { df: Param }>(where, args, names);
    const [by, matrix] = givenMatrix(where, options);
    this.#by = by;
    const n = matrix.sizes.at(-1)!;
    if (matrix.sizes.at(-2) !== n) throw new ShapeError(`${where}: ${this.#by} ${matrix.shape} is not square`);
    const df: unknown = options.df;
    if (typeof df !== 'number' && !(df instanceof Tensor))
      throw new TypeError(`${where}: expected a number or a Tensor for df but received ${describe(df)}`);
    const outer = matrix.sizes.slice(0, -2);
    const batch = typeof df === 'number' ? outer : broadcastShapes(where, outer, df.sizes);
    this.df =
      typeof df === 'number' ? scalarTensor(df, { dtype: matrix.dtype, device: matrix.device }) : df.expand(batch);
    if (
      this.df
        .detach()
        .le(n - 1)
        .any()
        .item()
    ) {
      throw new RangeError(
        `${where}: Value of df=${df instanceof Tensor ? formatted(df) : df} expected to be greater than ndim - 1 = ${n - 1}.`,
      );
    }
    this.#known = { [by]: matrix.expand([...batch, n, n]) };
    this.#factor = matrix;
    if (this.df.detach().lt(n).any().item()) {
      process.emitWarning(
        `${where}: Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.`,
      );
    }
    this.init(batch, [n, n], options.validateArgs);
    if (this.#by === 'covarianceMatrix') this.#factor = factorOf(where, matrix);
    else if (this.#by === 'precisionMatrix') this.#factor = factorFromPrecision(where, matrix);
    const steps = arange(n, { dtype: this.df.dtype, device: this.df.device });
    this.#chi2 = new Chi2(this.df.expand(batch).unsqueeze(-1).sub(steps), { validateArgs: false });
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {
      covarianceMatrix: constraints.positiveDefinite,
      precisionMatrix: constraints.positiveDefinite,
      scaleTril: constraints.lowerCholesky,
      df: wholeBound(this.eventShape[0]! - 1, false),
    };
  }
  protected override given(name: string): unknown {
    return name === 'df' ? this.df : this.#known[name as Matrix];
  }
  override get support(): constraints.Constraint {
    return constraints.positiveDefinite;
  }
  get #n(): number {
    return this.eventShape[0]!;
  }
  #full(matrix: Tensor): Tensor {
    return matrix.expand([...this.batchShape, ...this.eventShape]);
  }
  /** The lower Cholesky factor of the covariance. */
  get scaleTril(): Tensor {
    return (this.#known.scaleTril ??= lazily(() => this.#full(this.#factor)));
  }
  /** The covariance. */
  get covarianceMatrix(): Tensor {
    return (this.#known.covarianceMatrix ??= lazily(() => this.#full(this.#factor.matmul(this.#factor.mT))));
  }
  /** The inverse of the covariance. */
  get precisionMatrix(): Tensor {
    const { dtype, device } = this.#factor;
    return (this.#known.precisionMatrix ??= lazily(() =>
      this.#full(solveFactored(this.#factor, eye(this.#n, { dtype, device }))),
    ));
  }
  #scaled(factor: Tensor, matrix: Tensor): Tensor {
    return factor.expand(this.batchShape).unsqueeze(-1).unsqueeze(-1).mul(matrix);
  }
  override get mean(): Tensor {
    return this.#scaled(this.df, this.covarianceMatrix);
  }
  override get mode(): Tensor {
    const factor = this.df.sub(this.#n + 1);
    return this.#scaled(factor.maskedFill(factor.le(0), Number.NaN), this.covarianceMatrix);
  }
  override get variance(): Tensor {
    const v = this.covarianceMatrix;
    const d = v.diagonal({ dim1: -2, dim2: -1 });
    return this.#scaled(this.df, v.square().add(d.unsqueeze(-1).mul(d.unsqueeze(-2))));
  }
  override expand(batchShape: Shape): Wishart {
    const matrices = repeatedMatrices(this.#known, batchShape);
    const options = { [this.#by]: matrices[this.#by], validateArgs: false };
    const made = new Wishart(this.df.expand(batchShape), options);
    made.#known = matrices;
    return this.like(made);
  }
  /** By Bartlett's decomposition. */
  #bartlett(shape: Shape): Tensor {
    const n = this.#n;
    const diagonal = this.#chi2.rsample(shape).sqrt();
    const diagonalMatrix = diagonal.clampMin(finfo(diagonal).eps).diagEmbed();
    const below = (n * (n - 1)) / 2;
    const normal = diagonal
      .detach()
      .newEmpty([...shape, ...this.batchShape, below])
      .normal_();
    const chol = this.#factor.matmul(diagonalMatrix.add(lowerOf(normal, n)));
    return chol.matmul(chol.mT);
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const shape = shapeOf('rsample', sampleShape);
    const count = (mask: Tensor): number => Number(mask.sum().item());
    /** For each sample: whether a matrix of its batch is such a one. */
    const some = (mask: Tensor, outer: number): Tensor =>
      this.batchShape.length === 0 ? mask : mask.flatten(outer).any(-1);
    const valid = (x: Tensor): Tensor => constraints.positiveDefinite.check(x.detach());
    let sample = this.#bartlett(shape);
    // PyTorch first draws again where matrices are valid, in place of where they are not: its numbers are ours
    let again = some(valid(sample), shape.length);
    for (let tries = 0; tries < 10; tries++) {
      const n = count(again);
      if (n === 0) break;
      const fresh = this.#bartlett([n]);
      const singular = some(valid(fresh).logicalNot(), 1);
      const all = n === again.numel();
      sample = all ? fresh.reshape(sample.sizes) : sample.indexPut([again], fresh);
      again = all ? singular.reshape(again.sizes) : again.indexPut([again], singular);
    }
    return sample;
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const [nu, n, l] = [this.df, this.#n, this.#factor];
    const trace = solveFactored(l, value).diagonal({ dim1: -2, dim2: -1 }).sum(-1);
    return nu
      .neg()
      .mul(halfLogDet(l).add((n * Math.LN2) / 2))
      .sub(mvlgamma(nu.div(2), n))
      .add(
        nu
          .sub(n + 1)
          .div(2)
          .mul(slogdet(value).logabsdet),
      )
      .sub(trace.div(2));
  }
  override entropy(): Tensor {
    const [nu, n] = [this.df, this.#n];
    const half = nu.div(2);
    const steps = arange(n, { dtype: nu.dtype, device: nu.device }).div(2);
    const digammas = half.unsqueeze(-1).sub(steps).digamma().sum(-1);
    return halfLogDet(this.#factor)
      .add((n * Math.LN2) / 2)
      .mul(n + 1)
      .add(mvlgamma(half, n))
      .sub(
        nu
          .sub(n + 1)
          .div(2)
          .mul(digammas),
      )
      .add(nu.mul(n / 2));
  }
  override get naturalParams(): readonly Tensor[] {
    return [this.precisionMatrix.div(-2), this.df.sub(this.#n + 1).div(2)];
  }
  override logNormalizer(x: Tensor, y: Tensor): Tensor {
    const n = this.#n;
    const half = y.add((n + 1) / 2);
    return half
      .mul(
        slogdet(x.mul(-2))
          .logabsdet.neg()
          .add(n * Math.LN2),
      )
      .add(mvlgamma(half, n));
  }
  override get meanCarrierMeasure(): number {
    return 0;
  }
}

/** The strictly lower triangle [..., n, n] of values in row order. */
export function lowerOf(values: Tensor, n: number): Tensor {
  const at: number[] = [];
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) at.push(i * n + j);
  const outer = values.sizes.slice(0, -1);
  const flat = values.detach().newZeros([...outer, n * n]);
  if (at.length === 0) return flat.reshape([...outer, n, n]);
  const index = values.detach().newTensor(at, { dtype: 'int64' }).expand(values.sizes);
  return flat.scatter(-1, index, values).reshape([...outer, n, n]);
}
