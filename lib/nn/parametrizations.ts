// Ready-made parametrizations: weight and spectral normalization. Exported by utils.ts.
import { type Call, readArguments } from '../define.ts';
import { inNameOf } from '../errors.ts';
import { normalize } from '../functional/layers.ts';
import { wrapDim } from '../shape.ts';
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
