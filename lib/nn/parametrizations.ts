// Ready-made parametrizations: weight and spectral normalization, and orthogonal matrices. Exported by utils.ts.
import { type Call, readArguments } from '../arguments.ts';
import { eye } from '../create.ts';
import { describe, inNameOf, ShapeError } from '../errors.ts';
import { normalize } from '../functional/layers.ts';
import { qr } from '../linalg/factor.ts';
import { matrixExp } from '../linalg/products.ts';
import { solve } from '../linalg/solve.ts';
import { cat } from '../ops/join.ts';
import { sameShape, show, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type AnyModule, Module } from './module.ts';
import {
  asMatrix,
  checkIterations,
  drawUnit,
  iterate,
  keptDim,
  normExceptDim,
  outputDim,
  sigmaOf,
  weighted,
  weightOf,
} from './norms-of-weights.ts';
import { type Parametrized, registerParametrization } from './parametrize.ts';
import type { SpectralNormOptions } from './reparametrize.ts';

class WeightNorm extends Module<[g: Tensor, v: Tensor]> {
  static override readonly name = '_WeightNorm';
  readonly dim: number | null;
  constructor(dim: number | null) {
    super();
    this.dim = dim;
  }
  override forward(g: Tensor, v: Tensor): Tensor {
    return weighted(v, g, this.dim);
  }
  rightInverse(weight: Tensor): readonly Tensor[] {
    return [normExceptDim(weight, this.dim), weight];
  }
}

/**
 * Splits a parameter into its length, `original0`, and its direction, `original1` (https://arxiv.org/abs/1602.07868), with
 * norms along `dim`, or one norm of all for null. State dicts of {@link torch.nn.utils.weightNorm} load. Throws TypeError if
 * there is no such parameter.
 * @example
 * const layer = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(2, 3))
 * layer.parametrizations.get('weight').originals()[0].shape // torch.Size([3, 1])
 */
export function weightNorm<M extends AnyModule>(
  module: M,
  ...args: Call<[name?: string, dim?: number | null], { name?: string | undefined; dim?: number | null | undefined }>
): M & Parametrized {
  return inNameOf('weightNorm', () => {
    const options = readArguments<{ name: string; dim: number | null }>('weightNorm', args, ['name', 'dim']);
    const { name = 'weight', dim = 0 } = options;
    const kept = keptDim('weightNorm', weightOf('weightNorm', module, name), dim);
    const out = registerParametrization(module, name, new WeightNorm(kept), { unsafe: true });
    (module as Module).registerLoadStateDictPreHook((_, stateDict, prefix) => {
      const [g, v] = [`${prefix}${name}_g`, `${prefix}${name}_v`];
      if (!(g in stateDict && v in stateDict)) return;
      stateDict[`${prefix}parametrizations.${name}.original0`] = stateDict[g]!;
      stateDict[`${prefix}parametrizations.${name}.original1`] = stateDict[v]!;
      delete stateDict[g];
      delete stateDict[v];
    });
    return out;
  });
}

class SpectralNorm extends Module {
  static override readonly name = '_SpectralNorm';
  readonly dim: number;
  readonly eps: number;
  readonly nPowerIterations: number;
  constructor(weight: Tensor, nPowerIterations: number, dim: number, eps: number) {
    super();
    this.dim = wrapDim('spectralNorm', dim, weight.ndim);
    this.eps = eps;
    this.nPowerIterations = nPowerIterations;
    if (weight.ndim <= 1) return;
    const matrix = asMatrix(weight.detach(), this.dim);
    const u = drawUnit(matrix, matrix.sizes[0]!, eps);
    const v = drawUnit(matrix, matrix.sizes[1]!, eps);
    Reflect.set(this, 'u', u);
    Reflect.set(this, 'v', v);
    iterate(matrix, u, v, 15, eps, 'u');
  }
  protected override keyOf(field: string): string {
    return field === 'u' || field === 'v' ? `_${field}` : field;
  }
  override forward(weight: Tensor): Tensor {
    if (weight.ndim <= 1) return normalize(weight, { dim: 0, eps: this.eps });
    const matrix = asMatrix(weight, this.dim);
    const [u, v] = [Reflect.get(this, 'u') as Tensor, Reflect.get(this, 'v') as Tensor];
    if (this.training) iterate(matrix, u, v, this.nPowerIterations, this.eps, 'u');
    return weight.div(sigmaOf(matrix, u, v));
  }
  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

/**
 * Divides a parameter by its largest singular value, which each reading in training approximates better
 * (https://arxiv.org/abs/1802.05957). Throws TypeError if there is no such parameter, RangeError for less than one iteration.
 * @example
 * const layer = torch.nn.utils.parametrizations.spectralNorm(new torch.nn.Linear(2, 3))
 * layer.parametrizations.get('weight').length // 1
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  ...args: Call<[name?: string, nPowerIterations?: number, eps?: number, dim?: number | null], SpectralNormOptions>
): M & Parametrized {
  const where = 'spectralNorm';
  return inNameOf(where, () => {
    const names = ['name', 'nPowerIterations', 'eps', 'dim'];
    const {
      name = 'weight',
      nPowerIterations = 1,
      eps = 1e-12,
      dim,
    } = readArguments<SpectralNormOptions>(where, args, names);
    const weight = weightOf(where, module, name);
    checkIterations(where, nPowerIterations);
    const norm = new SpectralNorm(weight, nPowerIterations, dim ?? outputDim(module), eps);
    return registerParametrization(module, name, norm);
  });
}

/** How an orthogonal matrix is made of a free one. */
export type OrthogonalMap = 'matrix_exp' | 'cayley' | 'householder';
const MAPS: readonly string[] = ['matrix_exp', 'cayley', 'householder'];

/** Q of A = Q R with a positive diagonal of R, for matrices that are not wide. */
function orthonormal(a: Tensor): Tensor {
  const { Q, R } = qr(a);
  return Q.mul(R.diagonal({ dim1: -2, dim2: -1 }).sign().unsqueeze(-2));
}
/** The first columns of the product of the reflections at the columns of `a` [*, n, k], of which the diagonal counts as 1. */
function reflections(a: Tensor): Tensor {
  const [n, k] = [a.sizes.at(-2)!, a.sizes.at(-1)!];
  const ones = eye(n, { dtype: a.dtype, device: a.device }).narrow(1, 0, k);
  const below = a.tril(-1);
  const tau = below.square().sum(-2, true).add(1).reciprocal().mul(2);
  const vectors = below.add(ones);
  let q = ones.expand([...a.sizes]);
  for (let i = k - 1; i >= 0; i--) {
    const v = vectors.narrow(-1, i, 1);
    q = q.sub(v.mul(tau.narrow(-1, i, 1)).matmul(v.mT.matmul(q)));
  }
  return q;
}

class Orthogonal extends Module {
  static override readonly name = '_Orthogonal';
  readonly map: string;
  readonly shape: readonly number[];
  readonly trivial: boolean;
  private assigned = false;
  base: Tensor | null = null;
  constructor(weight: Tensor, map: string, trivial: boolean) {
    super();
    this.map = map;
    this.shape = [...weight.sizes];
    this.trivial = trivial;
  }
  override forward(given: Tensor): Tensor {
    const wide = given.sizes.at(-2)! < given.sizes.at(-1)!;
    const x = wide ? given.mT : given;
    const [n, k] = [x.sizes.at(-2)!, x.sizes.at(-1)!];
    let q: Tensor;
    if (this.map === 'householder') {
      q = reflections(x).mul(x.diagonal({ dim1: -2, dim2: -1 }).detach().trunc().unsqueeze(-2));
    } else {
      const lower = x.tril();
      const square = n === k ? lower : cat([lower, lower.newZeros([...lower.sizes.slice(0, -1), n - k])], -1);
      const a = square.sub(square.mT);
      const one = eye(n, { dtype: a.dtype, device: a.device });
      const whole = this.map === 'matrix_exp' ? matrixExp(a) : solve(one.sub(a.mul(0.5)), one.add(a.mul(0.5)));
      q = n === k ? whole : whole.narrow(-1, 0, k);
    }
    if (this.base !== null) q = this.base.matmul(q);
    return wide ? q.mT : q;
  }
  rightInverse(value: Tensor): Tensor {
    if (!sameShape(value.sizes, this.shape)) {
      throw new ShapeError(
        `rightInverse: Expected a matrix or batch of matrices of shape ${show(this.shape)}. Got a tensor of shape ${show(value.sizes)}.`,
      );
    }
    if (!this.trivial) {
      // at registration PyTorch goes on with the value as it is
      if (!this.assigned) {
        this.assigned = true;
        return value;
      }
      throw new TypeError(
        'rightInverse: It is not possible to assign to the matrix exponential or the Cayley parametrizations when useTrivialization is false.',
      );
    }
    const wide = value.sizes.at(-2)! < value.sizes.at(-1)!;
    const x = wide ? value.mT : value;
    const [n, k] = [x.sizes.at(-2)!, x.sizes.at(-1)!];
    if (n === k) {
      const eps = 10 * n * (x.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
      const off = x.mT
        .matmul(x)
        .sub(eye(k, { dtype: x.dtype, device: x.device }))
        .abs();
      const isOrthogonal = off
        .le(eye(k, { dtype: x.dtype, device: x.device }).mul(1e-5).add(eps))
        .all()
        .item();
      this.base = isOrthogonal ? x.clone() : orthonormal(x);
    } else {
      const more = x.newEmpty([...x.sizes.slice(0, -1), n - k]).normal_();
      this.base = orthonormal(cat([x, more], -1));
    }
    const minus = eye(n, { dtype: x.dtype, device: x.device })
      .narrow(1, 0, k)
      .neg()
      .expand([...x.sizes]);
    return (wide ? minus.mT : minus).contiguous();
  }
}

/** Options of {@link orthogonal}. */
export interface OrthogonalOptions {
  name?: string | undefined;
  orthogonalMap?: OrthogonalMap | 'matrixExp' | null | undefined;
  /** Keeps the value at the start as a base that the free matrix turns (true). */
  useTrivialization?: boolean | undefined;
}
/**
 * Keeps a parameter [*, m, n] orthogonal: with orthonormal columns, or rows if there are less of them. The map from the free
 * matrix is `'matrix_exp'` for square matrices and `'householder'` for others, or `'cayley'`. Throws TypeError if there is no
 * such parameter or map, ShapeError for less than 2 dims.
 * @example
 * const layer = torch.nn.utils.parametrizations.orthogonal(new torch.nn.Linear(4, 2))
 * layer.weight.matmul(layer.weight.mT).sub(torch.eye(2)).abs().max().item() < 1e-5 // true
 */
export function orthogonal<M extends AnyModule>(
  module: M,
  ...args: Call<[name?: string, orthogonalMap?: OrthogonalMap | 'matrixExp' | null], OrthogonalOptions>
): M & Parametrized {
  const where = 'orthogonal';
  return inNameOf(where, () => {
    const options = readArguments<OrthogonalOptions>(where, args, ['name', 'orthogonalMap'], ['useTrivialization']);
    const { name = 'weight', orthogonalMap = null, useTrivialization = true } = options;
    const weight = weightOf(where, module, name);
    if (weight.ndim < 2) {
      throw new ShapeError(
        `${where}: Expected a matrix or batch of matrices. Got a tensor of ${weight.ndim} dimensions.`,
      );
    }
    const square = weight.sizes.at(-1) === weight.sizes.at(-2);
    const map =
      orthogonalMap === 'matrixExp' ? 'matrix_exp' : (orthogonalMap ?? (square ? 'matrix_exp' : 'householder'));
    if (!MAPS.includes(map)) {
      throw new TypeError(
        `${where}: orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: ${describe(map)}`,
      );
    }
    if (map === 'householder' && !useTrivialization)
      throw new TypeError(`${where}: 'householder' without trivialization is not implemented; use 'cayley'`);
    return registerParametrization(module, name, new Orthogonal(weight, map, useTrivialization), { unsafe: true });
  });
}
