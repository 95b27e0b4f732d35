// Transforms whose values are Cholesky factors, correlations or positive definite matrices.
import { eye } from '../create.ts';
import { ShapeError } from '../errors.ts';
import { softplus } from '../ops/activation.ts';
import { cat } from '../ops/join.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import * as constraints from './constraints.ts';
import { finfo } from './numbers.ts';
import { lowerOf } from './matrices.ts';
import { checkDims, Plain, type Transform } from './transform.ts';
import { factorOf } from './triangular.ts';

/** The elements [..., m] of matrices [..., n, n] on and below a diagonal, in row order. */
function belowDiagonal(x: Tensor, diagonal: number): Tensor {
  const n = x.sizes.at(-1)!;
  const at: number[] = [];
  for (let i = 0; i < n; i++) for (let j = 0; j <= i + diagonal; j++) at.push(i * n + j);
  const flat = x.flatten(-2);
  return at.length === 0 ? flat.narrow(-1, 0, 0) : flat.indexSelect(-1, x.detach().newTensor(at, { dtype: 'int64' }));
}
/** Along the last dim: a one, and all but the last. */
const shifted = (x: Tensor): Tensor => {
  const n = x.sizes.at(-1)!;
  return cat([x.detach().newOnes([...x.sizes.slice(0, -1), 1]), x.narrow(-1, 0, n - 1)], -1);
};

/**
 * Vectors of n (n - 1) / 2 numbers to the lower Cholesky factors [n, n] of correlation matrices.
 * @example
 * new torch.distributions.CorrCholeskyTransform().forward(torch.tensor([0.5])).tolist()[0] // [ 1, 0 ]
 */
export class CorrCholeskyTransform extends Plain {
  override get domain(): constraints.Constraint {
    return constraints.realVector;
  }
  override get codomain(): constraints.Constraint {
    return constraints.corrCholesky;
  }
  protected override sameAs(_other: Transform): boolean {
    return false;
  }
  override forward(x: Tensor): Tensor {
    const n = this.forwardShape(x.sizes).at(-1)!;
    const { eps } = finfo(x);
    const r = lowerOf(x.tanh().clamp(eps - 1, 1 - eps), n);
    const rest = r.square().neg().add(1).sqrt().cumprod(-1);
    return r.add(eye(n, { dtype: r.dtype, device: r.device })).mul(shifted(rest));
  }
  override inverse(y: Tensor): Tensor {
    this.inverseShape(y.sizes);
    const rest = y.square().cumsum(-1).neg().add(1);
    const t = belowDiagonal(y, -1).div(belowDiagonal(shifted(rest), -1).sqrt());
    return t.log1p().sub(t.neg().log1p()).div(2);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    const rest = y.square().cumsum(-1).neg().add(1);
    const sticks = belowDiagonal(rest, -2).log().sum(-1).mul(0.5);
    const squashed = x
      .add(softplus(x.mul(-2)))
      .sub(Math.LN2)
      .sum(-1)
      .mul(-2);
    return sticks.add(squashed);
  }
  override forwardShape(shape: Shape): Shape {
    checkDims('forwardShape', shape, 1);
    const count = shape.at(-1)!;
    const n = Math.round(Math.sqrt(0.25 + 2 * count) + 0.5);
    if ((n * (n - 1)) / 2 !== count) {
      throw new ShapeError(`forwardShape: Input is not a flattened lower-diagonal number: ${count} elements`);
    }
    return [...shape.slice(0, -1), n, n];
  }
  override inverseShape(shape: Shape): Shape {
    checkDims('inverseShape', shape, 2);
    const n = shape.at(-1)!;
    if (shape.at(-2) !== n) throw new ShapeError(`inverseShape: Input is not square: ${shape.at(-2)} by ${n}`);
    return [...shape.slice(0, -2), (n * (n - 1)) / 2];
  }
}

const unbounded = constraints.independent(constraints.real, 2);
const exponents = (x: Tensor): Tensor => x.tril(-1).add(x.diagonal({ dim1: -2, dim2: -1 }).exp().diagEmbed());
const logarithms = (y: Tensor): Tensor => y.tril(-1).add(y.diagonal({ dim1: -2, dim2: -1 }).log().diagEmbed());

/**
 * Matrices to lower triangular ones with a positive diagonal.
 * @example
 * new torch.distributions.LowerCholeskyTransform().forward(torch.zeros(2, 2)).tolist() // [ [ 1, 0 ], [ 0, 1 ] ]
 */
export class LowerCholeskyTransform extends Plain {
  override readonly bijective: boolean = false;
  override get domain(): constraints.Constraint {
    return unbounded;
  }
  override get codomain(): constraints.Constraint {
    return constraints.lowerCholesky;
  }
  override forward(x: Tensor): Tensor {
    return exponents(x);
  }
  override inverse(y: Tensor): Tensor {
    return logarithms(y);
  }
}

/**
 * Matrices to positive definite ones, by their Cholesky factors. Throws RangeError where an inverse has none.
 * @example
 * new torch.distributions.PositiveDefiniteTransform().forward(torch.zeros(2, 2)).tolist() // [ [ 1, 0 ], [ 0, 1 ] ]
 */
export class PositiveDefiniteTransform extends Plain {
  override readonly bijective: boolean = false;
  override get domain(): constraints.Constraint {
    return unbounded;
  }
  override get codomain(): constraints.Constraint {
    return constraints.positiveDefinite;
  }
  override forward(x: Tensor): Tensor {
    const l = exponents(x);
    return l.matmul(l.mT);
  }
  override inverse(y: Tensor): Tensor {
    return logarithms(factorOf('inverse', y));
  }
}
