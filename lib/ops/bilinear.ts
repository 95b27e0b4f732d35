// The product of two vectors through a matrix for each output: nn.functional's bilinear, and the module of nn/linear.ts.
import { castCall, casting } from '../autocast.ts';
import { checkTensor, commonDevice } from '../dispatch.ts';
import { inNameOf, ShapeError } from '../errors.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';

/**
 * `x1 A x2 + bias` with a matrix A for each output: x1 [*, in1], x2 [*, in2] and weight [out, in1, in2] give [*, out].
 * Throws ShapeError for other sizes.
 * @example
 * torch.bilinear(torch.tensor([1.5, 2]), torch.ones(3), torch.ones(1, 2, 3)) // tensor([10.5000])
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  if (casting.on) return castCall('bilinear', bilinear, [x1, x2, weight, bias]);
  return inNameOf('bilinear', () => {
    for (const [name, x] of Object.entries({ input1: x1, input2: x2, weight })) checkTensor('bilinear', x, name);
    if (bias !== null) checkTensor('bilinear', bias, 'bias');
    commonDevice('bilinear', [x1, x2, weight, bias]);
    if (x1.ndim < 1 || weight.ndim !== 3 || !sameShape(x1.sizes.slice(0, -1), x2.sizes.slice(0, -1))) {
      throw new ShapeError(
        `bilinear: expected inputs [*, in1] and [*, in2] with the same leading sizes and a weight [out, in1, in2], but got ${show(x1.sizes)}, ${show(x2.sizes)} and ${show(weight.sizes)}`,
      );
    }
    const [o, i, j] = weight.sizes as readonly [number, number, number];
    if (x1.sizes.at(-1) !== i || x2.sizes.at(-1) !== j) {
      throw new ShapeError(
        `bilinear: the inputs ${show(x1.sizes)} and ${show(x2.sizes)} do not fit the weight ${show(weight.sizes)}`,
      );
    }
    if (bias !== null && !(bias.ndim === 1 && bias.sizes[0] === o))
      throw new ShapeError(`bilinear: expected a bias of ${o} elements, not ${show(bias.sizes)}`);
    const left = x1.matmul(weight.permute(1, 0, 2).reshape([i, o * j])).unflatten(-1, [o, j]); // [*, out, in2]
    const y = left.matmul(x2.unsqueeze(-1)).squeeze(-1);
    return bias === null ? y : y.add(bias);
  });
}

operators({ bilinear });
