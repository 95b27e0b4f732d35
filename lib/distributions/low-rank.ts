// The normal distribution of vectors whose covariance is a diagonal plus a matrix of low rank.
import { type Named, readArguments } from '../arguments.ts';
import { eye } from '../create.ts';
import { describe, ShapeError } from '../errors.ts';
import { broadcastShapes, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { Distribution, sizeOf, type ValidateOptions } from './distribution.ts';
import { factorOf, halfLogDet, mahalanobis, solveLower } from './triangular.ts';

interface Parts {
  loc: Tensor;
  covFactor: Tensor;
  covDiag: Tensor;
}
const NAMES = ['loc', 'covFactor', 'covDiag'] as const;

/**
 * The normal distribution of vectors with mean `loc` [*, n] and covariance `covFactor covFactorᵀ + diag(covDiag)`, for
 * `covFactor` [*, n, m] and `covDiag` [*, n]: only matrices [m, m] are factored. Samples are PyTorch's for the same seed.
 * @example
 * const { LowRankMultivariateNormal } = torch.distributions
 * const normal = new LowRankMultivariateNormal(torch.zeros(2), torch.tensor([[1], [0.5]]), torch.ones(2))
 * normal.covarianceMatrix.tolist() // [ [ 2, 0.5 ], [ 0.5, 1.25 ] ]
 */
export class LowRankMultivariateNormal extends Distribution {
  override hasRsample = true;
  readonly loc: Tensor;
  readonly covFactor: Tensor;
  readonly covDiag: Tensor;
  /** As given, without the dims that other parameters have. */
  readonly #factor: Tensor;
  readonly #diag: Tensor;
  readonly #capacitance: Tensor;
  constructor(
    ...args: Named<
      [loc: Tensor, covFactor: Tensor, covDiag: Tensor],
      ['loc', 'covFactor', 'covDiag'],
      [validateArgs?: boolean | null],
      ValidateOptions
    >
  ) {
    super();
    const where = 'LowRankMultivariateNormal';
    const options = readArguments<ValidateOptions & Parts>(where, args, [...NAMES, 'validateArgs']);
    for (const name of NAMES) {
      const given: unknown = options[name];
      if (!(given instanceof Tensor))
        throw new TypeError(`${where}: expected a Tensor for ${name} but received ${describe(given)}`);
    }
    const { loc, covFactor, covDiag, validateArgs } = options as ValidateOptions & Parts;
    if (loc.ndim < 1) throw new ShapeError(`${where}: loc must be at least one-dimensional.`);
    const n = loc.sizes.at(-1)!;
    if (covFactor.ndim < 2) {
      throw new ShapeError(
        `${where}: covFactor must be at least two-dimensional, with optional leading batch dimensions`,
      );
    }
    if (covFactor.sizes.at(-2) !== n)
      throw new ShapeError(`${where}: covFactor must be a batch of matrices with shape ${n} x m`);
    if (covDiag.sizes.at(-1) !== n)
      throw new ShapeError(`${where}: covDiag must be a batch of vectors with shape ${sizeOf([n])}`);
    const outer = [loc.sizes.slice(0, -1), covFactor.sizes.slice(0, -2), covDiag.sizes.slice(0, -1)];
    const batch = outer.reduce<Shape>((a, b) => broadcastShapes(where, a, b), []);
    this.loc = loc.expand([...batch, n]);
    this.covFactor = covFactor.expand([...batch, n, covFactor.sizes.at(-1)!]);
    this.covDiag = covDiag.expand([...batch, n]);
    this.#factor = covFactor;
    this.#diag = covDiag;
    this.init(batch, [n], validateArgs);
    const m = covFactor.sizes.at(-1)!;
    const k = covFactor.mT.div(covDiag.unsqueeze(-2)).matmul(covFactor);
    this.#capacitance = factorOf(where, k.add(eye(m, { dtype: k.dtype, device: k.device })));
  }
  override get argConstraints(): Readonly<Record<string, constraints.Constraint>> {
    return {
      loc: constraints.realVector,
      covFactor: constraints.independent(constraints.real, 2),
      covDiag: constraints.independent(constraints.positive, 1),
    };
  }
  override get support(): constraints.Constraint {
    return constraints.realVector;
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
      .add(this.#diag)
      .expand([...this.batchShape, ...this.eventShape]);
  }
  #full(matrix: Tensor): Tensor {
    return matrix.expand([...this.batchShape, ...this.eventShape, ...this.eventShape]);
  }
  /** The lower Cholesky factor of the covariance. */
  get scaleTril(): Tensor {
    const root = this.#diag.sqrt().unsqueeze(-1);
    const scaled = this.#factor.div(root);
    const n = this.eventShape[0]!;
    const k = scaled.matmul(scaled.mT).add(eye(n, { dtype: scaled.dtype, device: scaled.device }));
    return this.#full(root.mul(factorOf('scaleTril', k)));
  }
  /** The covariance. */
  get covarianceMatrix(): Tensor {
    return this.#full(this.#factor.matmul(this.#factor.mT).add(this.#diag.diagEmbed()));
  }
  /** The inverse of the covariance, by Woodbury's identity. */
  get precisionMatrix(): Tensor {
    const a = solveLower(this.#capacitance, this.scaled);
    return this.#full(this.#diag.reciprocal().diagEmbed().sub(a.mT.matmul(a)));
  }
  /** `Wᵀ D⁻¹`. For divergences, as the next ones. */
  get scaled(): Tensor {
    return this.#factor.mT.div(this.#diag.unsqueeze(-2));
  }
  /** Parameters as they were given, and the factor of `I + Wᵀ D⁻¹ W`. */
  get parts(): { factor: Tensor; diag: Tensor; capacitance: Tensor } {
    return { factor: this.#factor, diag: this.#diag, capacitance: this.#capacitance };
  }
  /** The logarithm of the covariance's determinant. */
  get logDet(): Tensor {
    return halfLogDet(this.#capacitance).mul(2).add(this.#diag.log().sum(-1));
  }
  /** `xᵀ Σ⁻¹ x`. */
  mahalanobis(x: Tensor): Tensor {
    const inner = this.scaled.matmul(x.unsqueeze(-1)).squeeze(-1);
    return x.square().div(this.#diag).sum(-1).sub(mahalanobis(this.#capacitance, inner));
  }
  override expand(batchShape: Shape): LowRankMultivariateNormal {
    const loc = this.loc.expand([...batchShape, ...this.eventShape]);
    const made = new LowRankMultivariateNormal(loc, this.#factor, this.#diag, { validateArgs: false });
    return this.like(made);
  }
  override rsample(sampleShape: Shape | number = []): Tensor {
    const shape = this.extended('rsample', sampleShape);
    const inner = [...shape.slice(0, -1), this.#factor.sizes.at(-1)!];
    const plain = this.loc.detach();
    const [w, d] = [plain.newEmpty(inner).normal_(), plain.newEmpty(shape).normal_()];
    return this.loc.add(this.#factor.matmul(w.unsqueeze(-1)).squeeze(-1)).add(this.#diag.sqrt().mul(d));
  }
  override logProb(value: Tensor): Tensor {
    this.validate('logProb', value);
    return this.mahalanobis(value.sub(this.loc))
      .add(this.eventShape[0]! * Math.log(2 * Math.PI))
      .add(this.logDet)
      .mul(-0.5);
  }
  override entropy(): Tensor {
    return this.logDet
      .add(this.eventShape[0]! * (1 + Math.log(2 * Math.PI)))
      .mul(0.5)
      .expand([...this.batchShape]);
  }
}
