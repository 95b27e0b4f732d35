// The in-place form of an operator that has no kernel of its own for it. Used by ../inplace.ts, and by the activations with
// an option `inplace`.
import { attach, edgeOf, recording, tracked } from '../../autograd/node.ts';
import { checkCast, checkInPlace } from '../../define.ts';
import { checkInPlaceShape } from '../../dispatch.ts';
import { inNameOf } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';

/** An operator whose in-place form it becomes. */
export type ComputeFn = (x: Tensor, ...args: never[]) => Tensor;

/**
 * Computes the result and stores it in `x`, whose history becomes the result's. What the operator keeps of `x` for
 * backward is a copy, as in PyTorch; another operand that is `x` too is not, so that backward finds it changed.
 */
export function computeThenCopy(name: string, f: ComputeFn): (x: Tensor, ...args: unknown[]) => Tensor {
  const call = f as (x: Tensor, ...args: unknown[]) => Tensor;
  const where = `${name}_`;
  return (x, ...args) => {
    checkInPlace(where, x);
    let self = x;
    if (recording([x, ...args.filter((a) => a instanceof Tensor)])) {
      self = x.detach().clone();
      if (tracked(x)) attach(self, edgeOf(x), x.outputNr);
    }
    const y = inNameOf(where, () => call(self, ...args));
    checkCast(where, y.dt, x.dt);
    checkInPlaceShape(where, x, y.sizes);
    if (y.node === null || y === self || y.dt !== x.dt || x.base !== null) return x.copy_(y);
    x.detach().copy_(y.detach());
    return attach(x, y.node, y.outputNr);
  };
}
