// Tensor.backward, as an operator so that it becomes a method.
import { backward as run, type BackwardOptions } from '../autograd/engine.ts';
import { type Call, readArguments } from '../arguments.ts';
import { spread } from '../methods.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Accumulates the gradient of `x` into the leaves it was computed from. Throws AutogradError if `x` has no history, is no
 * scalar and no `gradient` is given, or the graph was freed by an earlier pass.
 * @example
 * const x = torch.tensor([1, 2], { requiresGrad: true })
 * x.pow(2).sum().backward()
 * x.grad // tensor([2., 4.])
 */
export function backward(
  x: Tensor,
  ...args: Call<[gradient?: Tensor | null, retainGraph?: boolean | null, createGraph?: boolean], BackwardOptions>
): void {
  const options = readArguments<BackwardOptions>('backward', args, [
    'gradient',
    'retainGraph',
    'createGraph',
    'inputs',
  ]);
  run('backward', [x], [options.gradient], options);
}
spread(backward);
