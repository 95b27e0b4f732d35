// x.newZeros and its kin: tensors of the dtype and device of another.
import { inNameOf } from '../errors.ts';
import { empty, emptyStrided, full, ones, zeros } from '../create.ts';
import { checkTensor, type Scalar } from '../dispatch.ts';
import { tensor } from '../from-data.ts';
import { spread } from '../methods.ts';
import type { TensorData, TensorOptions } from '../tensor-options.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

type Sizes = (number | Shape | TensorOptions)[];
/** Splits sizes from the options behind them, which default to those of `x`. */
function read(where: string, x: Tensor, args: Sizes): [Shape, TensorOptions] {
  checkTensor(where, x);
  const last = args[args.length - 1];
  const named = typeof last === 'object' && !Array.isArray(last);
  const options = { dtype: x.dtype, device: x.device, ...(named ? (last as TensorOptions) : {}) };
  const sizes = (named ? args.slice(0, -1) : args) as (number | Shape)[];
  return [(Array.isArray(sizes[0]) ? sizes[0] : sizes) as Shape, options];
}

/**
 * Zeros of the dtype of `x`. Throws ShapeError for negative sizes.
 * @example
 * torch.tensor([1, 2]).newZeros(2) // tensor([0, 0])
 */
export function newZeros(x: Tensor, ...size: Sizes): Tensor {
  return inNameOf('newZeros', () => zeros(...read('newZeros', x, size)));
}
/**
 * Ones of the dtype of `x`. Throws ShapeError for negative sizes.
 * @example
 * torch.tensor([1, 2]).newOnes(2) // tensor([1, 1])
 */
export function newOnes(x: Tensor, ...size: Sizes): Tensor {
  return inNameOf('newOnes', () => ones(...read('newOnes', x, size)));
}
/**
 * Uninitialised, of the dtype of `x`. Throws ShapeError for negative sizes.
 * @example
 * torch.tensor([1, 2]).newEmpty(2, 3).shape // torch.Size([2, 3])
 */
export function newEmpty(x: Tensor, ...size: Sizes): Tensor {
  return inNameOf('newEmpty', () => empty(...read('newEmpty', x, size)));
}
/**
 * Filled with `fillValue`, of the dtype of `x`. Throws ShapeError for negative sizes.
 * @example
 * torch.tensor([1, 2]).newFull([2], 7) // tensor([7, 7])
 */
export function newFull(x: Tensor, size: Shape, fillValue: Scalar | Tensor, options: TensorOptions = {}): Tensor {
  return inNameOf('newFull', () => {
    checkTensor('newFull', x);
    return full(size, fillValue, { dtype: x.dtype, device: x.device, ...options });
  });
}
/**
 * The data as a tensor of the dtype of `x`. Throws as `tensor` does.
 * @example
 * torch.tensor([1.5]).newTensor([1, 2]) // tensor([1., 2.])
 */
export function newTensor(x: Tensor, data: TensorData, options: TensorOptions = {}): Tensor {
  return inNameOf('newTensor', () => {
    checkTensor('newTensor', x);
    return tensor(data, { dtype: x.dtype, device: x.device, ...options });
  });
}
/**
 * Uninitialised, with these strides, of the dtype of `x`. Throws ShapeError for negative sizes or strides.
 * @example
 * torch.tensor([1, 2]).newEmptyStrided([2, 3], [1, 2]).stride() // [ 1, 2 ]
 */
export function newEmptyStrided(x: Tensor, size: Shape, stride: Shape, options: TensorOptions = {}): Tensor {
  return inNameOf('newEmptyStrided', () => {
    checkTensor('newEmptyStrided', x);
    return emptyStrided(size, stride, { dtype: x.dtype, device: x.device, ...options });
  });
}
for (const f of [newZeros, newOnes, newEmpty]) spread(f);
