// Distances and similarities between vectors.
import { inNameOf } from '../errors.ts';
import { type Call, readArguments } from '../define.ts';
import { checkTensor } from '../dispatch.ts';
import { requireFloating } from '../dtype.ts';
import { broadcastShapes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  dim?: number | undefined;
  eps?: number | undefined;
}
/**
 * The cosine of the angle between `x1` and `x2` along `dim`, `x1 · x2 / (max(|x1|, eps) max(|x2|, eps))`. Throws
 * DtypeError if they are not floating point, ShapeError where the shapes do not broadcast, RangeError if there is no
 * such dim.
 * @example
 * torch.cosineSimilarity(torch.tensor([[1.5, 2]]), torch.tensor([[3, 4.0]]).float()) // tensor([1.])
 */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  ...args: Call<[dim?: number, eps?: number], CosineSimilarityOptions>
): Tensor {
  return inNameOf('cosineSimilarity', () => {
    const { dim = 1, eps = 1e-8 } = readArguments<CosineSimilarityOptions>('cosineSimilarity', args, ['dim', 'eps']);
    for (const [x, name] of [
      [x1, 'x1'],
      [x2, 'x2'],
    ] as const) {
      checkTensor('cosineSimilarity', x, name);
      requireFloating('cosineSimilarity', x.dt);
    }
    const shape = broadcastShapes('cosineSimilarity', x1.sizes, x2.sizes);
    const unit = (x: Tensor): Tensor => x.div(x.norm(2, dim, true).clampMin(eps));
    return unit(x1.expand(shape))
      .mul(unit(x2.expand(shape)))
      .sum(dim);
  });
}

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  p?: number | undefined;
  eps?: number | undefined;
  keepdim?: boolean | undefined;
}
/**
 * The `p`-norm of `x1 - x2 + eps` along the last dim. Throws ShapeError where the shapes do not broadcast.
 * @example
 * torch.pairwiseDistance(torch.tensor([[1.5, 2]]), torch.tensor([[4.5, 6]])) // tensor([5.0000])
 */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  ...args: Call<[p?: number, eps?: number, keepdim?: boolean], PairwiseDistanceOptions>
): Tensor {
  return inNameOf('pairwiseDistance', () => {
    const {
      p = 2,
      eps = 1e-6,
      keepdim = false,
    } = readArguments<PairwiseDistanceOptions>('pairwiseDistance', args, ['p', 'eps', 'keepdim']);
    checkTensor('pairwiseDistance', x1, 'x1');
    checkTensor('pairwiseDistance', x2, 'x2');
    return x1.sub(x2).add(eps).norm(p, -1, keepdim);
  });
}

operators({ cosineSimilarity, pairwiseDistance });
