// The normal distribution of vectors.
import { type Named, readArguments } from '../arguments.ts';
import { eye } from '../create.ts';
import { describe, ShapeError } from '../errors.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { Distribution, lazily, type ValidateOptions } from './distribution.ts';
import { factorFromPrecision, factorOf, halfLogDet, mahalanobis, solveLower } from './triangular.ts';

/** Options of {@link MultivariateNormal}: exactly one of the matrices. */
export interface MultivariateNormalOptions extends ValidateOptions {
  covarianceMatrix?: Tensor | null | undefined;
  precisionMatrix?: Tensor | null | undefined;
  /** The lower triangular factor of the covariance. */
  scaleTril?: Tensor | null | undefined;
}
export const MATRICES = ['covarianceMatrix', 'precisionMatrix', 'scaleTril'] as const;
export type Matrix = (typeof MATRICES)[number];
/** The one matrix of these that is given. */
export function givenMatrix(where: string, options: Readonly<Partial<Record<Matrix, unknown>>>): [Matrix, Tensor] {
  const given = MATRICES.filter((name) => (options[name] ?? null) !== null);
  if (given.length !== 1) {
    throw new TypeError(`${where}: Exactly one of covarianceMatrix or precisionMatrix or scaleTril may be specified.`);
  }
  const by = given[0]!;
  const matrix = options[by];
  if (!(matrix instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor for ${by} but received ${describe(matrix)}`);
  if (matrix.ndim < 2) {
    throw new ShapeError(`${where}: ${by} must be at least two-dimensional, with optional leading batch dimensions`);
  }
  return [by, matrix];
}

/** Matrices repeated to a batch shape. */
export function repeatedMatrices(
  matrices: Readonly<Partial<Record<Matrix, Tensor>>>,
  batchShape: Shape,
): Partial<Record<Matrix, Tensor>> {
  const repeated = Object.entries(matrices).map(([name, x]) => [name, x.expand([...batchShape, ...x.sizes.slice(-2)])]);
  return Object.fromEntries(repeated) as Partial<Record<Matrix, Tensor>>;
}

/**
 * The normal distribution of vectors with mean `loc` [*, n] and a covariance, a precision, or the covariance's lower
 * Cholesky factor, [*, n, n]. Samples are PyTorch's for the same seed.
 * @example
 * const normal = new torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
 * normal.logProb(torch.tensor([0.5, 1])) // tensor(-2.4629)
 */
export class MultivariateNormal extends Distribution {
  override hasRsample = true;
  readonly loc: Tensor;
  /** Without the dims that the location alone has. */
  readonly #factor: Tensor;
  /** What was given, and what was computed since. */
  #known: Partial<Record<Matrix, Tensor>>;
  constructor(
    ...args: Named<
      [loc: Tensor],
      ['loc'],
      [
        covarianceMatrix?: Tensor | null,
        precisionMatrix?: Tensor | null,
        scaleTril?: Tensor | null,
        validateArgs?: boolean | null,
      ],
      MultivariateNormalOptions
    >
  ) {
    super();
    const where = 'MultivariateNormal';
    const names = ['loc', ...MATRICES, 'validateArgs'];
    const options = readArguments<MultivariateNormalOptions & { loc: Tensor }>(where, args, names);
    const loc: unknown = options.loc;
    if (!(loc instanceof Tensor))
      throw new TypeError(`${where}: expected a Tensor for loc but received ${describe(loc)}`);
    if (loc.ndim < 1) throw new ShapeError(`${where}: loc must be at least one-dimensional.`);
    const [by, matrix] = givenMatrix(where, options);
    const n = loc.sizes.at(-1)!;
    if (matrix.sizes.at(-1) !== n || matrix.sizes.at(-2) !== n)
      throw new ShapeError(`${where}: ${by} ${matrix.shape} does not fit loc ${loc.shape}`);
    const batch = broadcastShapes(where, matrix.sizes.slice(0, -2), loc.sizes.slice(0, -1));
    this.loc = loc.expand([...batch, n]);
    this.#known = { [by]: matrix.expand([...batch, n, n]) };
    this.#factor = matrix;
    this.init(batch, [n], options.validateArgs);
    if (by === 'covarianceMatrix') this.#factor = factorOf(where, matrix);
    else if (by === 'precisionMatrix') this.#factor = factorFromPrecision(where, matrix);
  }
  /** For divergences: the factor in the shape that it was given in. */
  get factor(): Tensor {
    return this.#factor;
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {
      loc: constraints.realVector,
      covarianceMatrix: constraints.positiveDefinite,
      precisionMatrix: constraints.positiveDefinite,
      scaleTril: constraints.lowerCholesky,
    };
  }
  protected override given(name: string): unknown {
    return name === 'loc' ? this.loc : this.#known[name as Matrix];
  }
  override get support(): constraints.Constraint {
    return constraints.realVector;
  }
  #full(matrix: Tensor): Tensor {
    const n = this.eventShape[0]!;
    return matrix.expand([...this.batchShape, n, n]);
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
    const { dtype, device } = this.loc;
    return (this.#known.precisionMatrix ??= lazily(() => {
      const inverse = solveLower(this.#factor, eye(this.eventShape[0]!, { dtype, device }));
      return this.#full(inverse.mT.matmul(inverse));
    }));
  }
  override get mean(): Tensor {
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get variance(): Tensor {
    return this.#factor
      .square()
      .sum(-1)
      .expand([...this.batchShape, ...this.eventShape]);
  }
  override expand(batchShape: Shape): MultivariateNormal {
    const n = this.eventShape[0]!;
    const loc = this.loc.expand([...batchShape, n]);
    const made = new MultivariateNormal(loc, { scaleTril: this.#factor, validateArgs: false });
    made.#known = repeatedMatrices(this.#known, batchShape);
    return this.like(made);
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const eps = this.loc.detach().newEmpty(this.extended('rsample', sampleShape)).normal_();
    return this.loc.add(this.#factor.matmul(eps.unsqueeze(-1)).squeeze(-1));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    const m = mahalanobis(this.#factor, value.sub(this.loc));
    return m
      .add(this.eventShape[0]! * Math.log(2 * Math.PI))
      .mul(-0.5)
      .sub(halfLogDet(this.#factor));
  }
  override entropy(): Tensor {
    const h = halfLogDet(this.#factor).add(0.5 * this.eventShape[0]! * (1 + Math.log(2 * Math.PI)));
    return h.expand([...this.batchShape]);
  }
}
