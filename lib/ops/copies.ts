// Views that come as copies of their own: PyTorch's `..._copy` operators, for those who must not share memory.
import { checkTensor } from '../dispatch.ts';
import { inNameOf } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';
import { expand, permute, t, transpose } from './permute.ts';
import { diagonal, narrow, select, slice, split, splitWithSizes, unbind, unfold } from './pieces.ts';
import { asStrided } from './strided.ts';
import { squeeze, unsqueeze, view } from './view.ts';

/** What a view shows, in memory of its own, in row-major order. */
function copied<A extends readonly unknown[], R extends Tensor | Tensor[]>(
  name: string,
  f: (x: Tensor, ...args: A) => R,
): (x: Tensor, ...args: A) => R {
  const whole = (x: Tensor): Tensor => x.clone({ memoryFormat: 'contiguous' });
  return (x, ...args) =>
    inNameOf(name, () => {
      checkTensor(name, x);
      const y: Tensor | Tensor[] = f(x, ...args);
      return (Array.isArray(y) ? y.map(whole) : whole(y)) as R;
    });
}

/**
 * A copy of `x`, as {@link clone} makes one.
 * @example
 * torch.aliasCopy(torch.tensor([1, 2])) // tensor([1, 2])
 */
export const aliasCopy: (x: Tensor) => Tensor = copied('aliasCopy', (x: Tensor) => x);
/**
 * A copy of `x` without its history.
 * @example
 * torch.detachCopy(torch.tensor([1.5], { requiresGrad: true })) // tensor([1.5000])
 */
export const detachCopy: (x: Tensor) => Tensor = copied('detachCopy', (x: Tensor) => x.detach());
/**
 * As {@link asStrided}, but a copy: any sizes, strides and offset. Throws as that does.
 * @example
 * torch.asStridedCopy(torch.arange(4), [2], [2]) // tensor([0, 2])
 */
export const asStridedCopy: typeof asStrided = copied('asStridedCopy', asStrided);
/**
 * As {@link diagonal}, but a copy: the diagonal. Throws as that does.
 * @example
 * torch.diagonalCopy(torch.tensor([[1, 2], [3, 4]])) // tensor([1, 4])
 */
export const diagonalCopy: typeof diagonal = copied('diagonalCopy', diagonal);
/**
 * As {@link expand}, but a copy: repeated along dims of size 1. Throws as that does.
 * @example
 * torch.expandCopy(torch.tensor([1, 2]), 2, 2)
 * // tensor([[1, 2],
 * //         [1, 2]])
 */
export const expandCopy: typeof expand = copied('expandCopy', expand);
/**
 * As {@link narrow}, but a copy: `length` elements from `start` along `dim`. Throws as that does.
 * @example
 * torch.narrowCopy(torch.arange(5), 0, 1, 3) // tensor([1, 2, 3])
 */
export const narrowCopy: typeof narrow = copied('narrowCopy', narrow);
/**
 * As {@link permute}, but a copy: dims in another order. Throws as that does.
 * @example
 * torch.permuteCopy(torch.ones(2, 3), 1, 0).shape // torch.Size([3, 2])
 */
export const permuteCopy: typeof permute = copied('permuteCopy', permute);
/**
 * As {@link select}, but a copy: one index along `dim`. Throws as that does.
 * @example
 * torch.selectCopy(torch.tensor([[1, 2], [3, 4]]), 0, 1) // tensor([3, 4])
 */
export const selectCopy: typeof select = copied('selectCopy', select);
/**
 * As {@link slice}, but a copy: the elements from `start` to `end` along `dim`. Throws as that does.
 * @example
 * torch.sliceCopy(torch.arange(6), 0, 1, 6, 2) // tensor([1, 3, 5])
 */
export const sliceCopy: typeof slice = copied('sliceCopy', slice);
/**
 * As {@link split}, but copies: pieces of a given size. Throws as that does.
 * @example
 * torch.splitCopy(torch.arange(5), 2).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3])', 'tensor([4])' ]
 */
export const splitCopy: typeof split = copied('splitCopy', split);
/**
 * As {@link splitWithSizes}, but copies: pieces of given sizes. Throws as that does.
 * @example
 * torch.splitWithSizesCopy(torch.arange(5), [2, 3]).map(String) // [ 'tensor([0, 1])', 'tensor([2, 3, 4])' ]
 */
export const splitWithSizesCopy: typeof splitWithSizes = copied('splitWithSizesCopy', splitWithSizes);
/**
 * As {@link squeeze}, but a copy: without dims of size 1. Throws as that does.
 * @example
 * torch.squeezeCopy(torch.ones(1, 2)) // tensor([1., 1.])
 */
export const squeezeCopy: typeof squeeze = copied('squeezeCopy', squeeze);
/**
 * As {@link t}, but a copy: the transpose of a matrix. Throws as that does.
 * @example
 * torch.tCopy(torch.ones(2, 3)).shape // torch.Size([3, 2])
 */
export const tCopy: typeof t = copied('tCopy', t);
/**
 * As {@link transpose}, but a copy: two dims exchanged. Throws as that does.
 * @example
 * torch.transposeCopy(torch.ones(2, 3), 0, 1).shape // torch.Size([3, 2])
 */
export const transposeCopy: typeof transpose = copied('transposeCopy', transpose);
/**
 * As {@link unbind}, but copies: all slices along `dim`. Throws as that does.
 * @example
 * torch.unbindCopy(torch.tensor([[1, 2], [3, 4]])).map(String) // [ 'tensor([1, 2])', 'tensor([3, 4])' ]
 */
export const unbindCopy: typeof unbind = copied('unbindCopy', unbind);
/**
 * As {@link unfold}, but a copy: windows along `dimension`. Throws as that does.
 * @example
 * torch.unfoldCopy(torch.arange(4), 0, 2, 1)
 * // tensor([[0, 1],
 * //         [1, 2],
 * //         [2, 3]])
 */
export const unfoldCopy: typeof unfold = copied('unfoldCopy', unfold);
/**
 * As {@link unsqueeze}, but a copy: with a dim of size 1 more. Throws as that does.
 * @example
 * torch.unsqueezeCopy(torch.tensor([1, 2]), 0) // tensor([[1, 2]])
 */
export const unsqueezeCopy: typeof unsqueeze = copied('unsqueezeCopy', unsqueeze);
/**
 * As {@link view}, but a copy: in another shape. Throws as that does.
 * @example
 * torch.viewCopy(torch.arange(4), 2, 2)
 * // tensor([[0, 1],
 * //         [2, 3]])
 */
export const viewCopy: typeof view = copied('viewCopy', view);

operators({
  aliasCopy,
  detachCopy,
  asStridedCopy,
  diagonalCopy,
  expandCopy,
  narrowCopy,
  permuteCopy,
  selectCopy,
  sliceCopy,
  splitCopy,
  splitWithSizesCopy,
  squeezeCopy,
  tCopy,
  transposeCopy,
  unbindCopy,
  unfoldCopy,
  unsqueezeCopy,
  viewCopy,
});
