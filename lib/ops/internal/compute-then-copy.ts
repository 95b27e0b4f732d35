// The in-place form of an operator that has no kernel of its own for it. Used by ../inplace.ts, and by the activations with
// an option `inplace`.
import { attach, edgeOf, recording, tracked } from '../../autograd/node.ts';
import { checkCast } from '../../define.ts';
import { checkInPlace } from '../../history.ts';
import { checkInPlaceShape } from '../../dispatch.ts';
import { inNameOf } from '../../errors.ts';
import { sameShape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';

/** An operator whose in-place form it becomes. */
export type ComputeFn = (x: Tensor, ...args: never[]) => Tensor;

/** Of a call in place of an operator that writes into a copy of its input: the input, which it may write into instead. */
let place: Tensor | null = null;
/**
 * What an operator writes into that begins as a copy of `x`: the memory of `x` itself where it is called in place, unless
 * another operand lies there too.
 */
export function copyToWrite(x: Tensor, others: readonly Tensor[]): Tensor {
  const own = place;
  place = null;
  const inPlace =
    own !== null &&
    x.storage === own.storage &&
    x.offset === own.offset &&
    (sameShape(x.strides, own.strides) || own.sizes.length === 0) &&
    others.every((t) => t.storage !== x.storage);
  if (!inPlace) return x.detach().clone({ memoryFormat: 'contiguous' });
  x.storage.version++;
  return x.detach();
}
/** The operators that call {@link copyToWrite}, and whether they keep something of their input for backward. */
const WRITERS: ReadonlyMap<string, boolean> = new Map([
  ['scatter', true], // it may be asked to multiply
  ['scatterAdd', false],
  ['indexAdd', false],
  ['indexCopy', false],
]);

/**
 * Computes the result and stores it in `x`, whose history becomes the result's. What the operator keeps of `x` for
 * backward is a copy, as in PyTorch; another operand that is `x` too is not, so that backward finds it changed.
 */
export function computeThenCopy(name: string, f: ComputeFn): (x: Tensor, ...args: unknown[]) => Tensor {
  const call = f as (x: Tensor, ...args: unknown[]) => Tensor;
  const where = `${name}_`;
  const keeps = WRITERS.get(name);
  return (x, ...args) => {
    checkInPlace(where, x);
    const recorded = recording([x, ...args.filter((a) => a instanceof Tensor)]);
    const direct = keeps !== undefined && (!recorded || (!keeps && x.base === null));
    let self = x;
    if (recorded) {
      self = direct ? x.detach() : x.detach().clone();
      if (tracked(x)) attach(self, edgeOf(x), x.outputNr);
    }
    place = direct ? self : null;
    let y: Tensor;
    try {
      y = inNameOf(where, () => call(self, ...args));
    } finally {
      place = null;
    }
    checkCast(where, y.dt, x.dt);
    checkInPlaceShape(where, x, y.sizes);
    if (direct && y.storage === x.storage && y !== self)
      return recorded && y.node !== null ? attach(x, y.node, y.outputNr) : x;
    if (y.node === null || y === self || y.dt !== x.dt || x.base !== null) return x.copy_(y);
    x.detach().copy_(y.detach());
    return attach(x, y.node, y.outputNr);
  };
}
