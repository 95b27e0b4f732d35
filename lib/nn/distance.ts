// Distances and similarities of vectors as modules.
import { type Call, readArguments } from '../arguments.ts';
import {
  cosineSimilarity,
  type CosineSimilarityOptions,
  pairwiseDistance,
  type PairwiseDistanceOptions,
} from '../ops/distance.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

/**
 * The cosine of the angle between `x1` and `x2` along `dim` (1). Throws as {@link torch.cosineSimilarity}.
 * @example
 * new torch.nn.CosineSimilarity().forward(torch.tensor([[1.5, 2]]), torch.tensor([[3.5, 4]])) // tensor([0.9972])
 */
export class CosineSimilarity extends Module<[x1: Tensor, x2: Tensor]> {
  readonly dim: number;
  readonly eps: number;
  constructor(...args: Call<[dim?: number, eps?: number], CosineSimilarityOptions>) {
    super();
    const { dim = 1, eps = 1e-8 } = readArguments<CosineSimilarityOptions>('CosineSimilarity', args, ['dim', 'eps']);
    this.dim = dim;
    this.eps = eps;
  }
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps });
  }
}

/**
 * The `p`-norm (2) of `x1 - x2 + eps` along the last dim. Throws ShapeError where the shapes do not broadcast.
 * @example
 * new torch.nn.PairwiseDistance().forward(torch.tensor([[1.5, 2]]), torch.tensor([[4.5, 6]])) // tensor([5.0000])
 */
export class PairwiseDistance extends Module<[x1: Tensor, x2: Tensor]> {
  readonly norm: number;
  readonly eps: number;
  readonly keepdim: boolean;
  constructor(...args: Call<[p?: number, eps?: number, keepdim?: boolean], PairwiseDistanceOptions>) {
    super();
    const names = ['p', 'eps', 'keepdim'];
    const {
      p = 2,
      eps = 1e-6,
      keepdim = false,
    } = readArguments<PairwiseDistanceOptions>('PairwiseDistance', args, names);
    this.norm = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, { p: this.norm, eps: this.eps, keepdim: this.keepdim });
  }
}
