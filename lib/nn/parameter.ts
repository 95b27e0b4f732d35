// Parameter: a tensor that modules count among their own. Made by modules, and by whoever writes one.
import { inNameOf } from '../errors.ts';
import { type Call, readArguments } from '../define.ts';
import { checkTensor } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import type { Shape } from '../shape.ts';
import { emptyLasting, Tensor } from '../tensor.ts';

/**
 * A tensor that is trained: as a field of a {@link Module} it is one of its `parameters()`. It shares the memory of `data`.
 * Throws DtypeError if it requires gradients and is not floating point.
 * @example
 * new torch.nn.Parameter(torch.ones([2]))
 * // Parameter containing:
 * // tensor([1., 1.], requires_grad=True)
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, ...args: Call<[requiresGrad?: boolean], { requiresGrad?: boolean | undefined }>) {
    checkTensor('Parameter', data, 'data');
    super(data.storage, data.dt, data.sizes, data.dense ? null : data.strides, data.offset, data.count);
    const { requiresGrad = true } = readArguments<{ requiresGrad: boolean }>('Parameter', args, ['requiresGrad']);
    inNameOf('Parameter', () => (this.requiresGrad = requiresGrad));
  }
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}

/** A parameter with memory of its own, uninitialised. */
export const emptyParameter = (sizes: Shape, dt: DType): Parameter => new Parameter(emptyLasting(sizes, dt));
