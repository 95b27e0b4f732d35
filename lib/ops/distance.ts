// Distances and similarities between vectors.
import { checkNumber, inNameOf, ShapeError } from '../errors.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { bool, requireFloating } from '../dtype.ts';
import { broadcastShapes } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
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

/**
 * The `p`-norms of the differences of all pairs of rows of x [N, M], N (N - 1) / 2 of them: of rows 0 and 1, 0 and 2, ….
 * Throws ShapeError for other than 2 dims, DtypeError for integers, RangeError for a negative `p`.
 * @example
 * torch.pdist(torch.tensor([[0.5, 0], [0.5, 1], [4.5, 4]])) // tensor([1.0000, 5.6569, 5.0000])
 */
export function pdist(x: Tensor, ...args: Call<[p?: number], { p?: number | undefined }>): Tensor {
  return inNameOf('pdist', () => {
    const { p = 2 } = readArguments<{ p: number }>('pdist', args, ['p']);
    checkNumber('pdist', 'p', p);
    checkTensor('pdist', x);
    if (x.ndim !== 2) throw new ShapeError(`pdist: only supports 2D tensors, got: ${x.ndim}D`);
    requireFloating('pdist', x.dt);
    if (!(p >= 0)) throw new RangeError('pdist: only supports non-negative p values');
    const n = x.sizes[0]!;
    const [i, j] = emptyTensor([n, n], bool, x.device).fill_(true).triu(1).nonzero({ asTuple: true }) as [
      Tensor,
      Tensor,
    ];
    return x.indexSelect(0, i).sub(x.indexSelect(0, j)).norm(p, 1);
  });
}

operators({ cosineSimilarity, pairwiseDistance, pdist });
