// Choosing element by element. The function takes the condition first, the method second: both end here.
import { record } from '../../history.ts';
import {
  checkOperand,
  checkTensor,
  commonDevice,
  type Operand,
  resultLike,
  resultType,
  runMap,
  type Scalar,
  scalarOperand,
  deviceOf,
} from '../../dispatch.ts';
import { bool, fitting, uint8 } from '../../dtype.ts';
import { DtypeError } from '../../errors.ts';
import { kernel } from '../../native.ts';
import { broadcastShapes, type Shape } from '../../shape.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';

const whereKernel = kernel('where');

/** `condition ? a : b`, broadcast and promoted. */
export function choose(condition: Tensor, a: Tensor | Scalar, b: Tensor | Scalar, where = 'where'): Tensor {
  checkTensor(where, condition, 'condition');
  checkOperand(where, a, 'input');
  checkOperand(where, b, 'other');
  if (condition.dt !== bool && condition.dt !== uint8) {
    throw new DtypeError(
      `${where}: expected condition to be a boolean tensor, but got a tensor with dtype ${condition.dt.name}`,
    );
  }
  commonDevice(where, [condition, a, b]);
  const dt = resultType(a, b);
  const mask = condition.dt === bool ? condition : condition.to('bool');
  const operand = (x: Tensor | Scalar): Operand => {
    const y = x instanceof Tensor ? x : scalarOperand(where, fitting(where, x, dt, false));
    return y instanceof Tensor && y.dt !== dt ? y.detach().to(dt.name) : y;
  };
  const [p, q] = [operand(a), operand(b)];
  let sizes: Shape = mask.sizes;
  for (const x of [p, q]) if (x instanceof Tensor) sizes = broadcastShapes(where, sizes, x.sizes);
  const out =
    where === 'maskedFill' ? emptyTensor(sizes, dt, deviceOf([mask, p, q])) : resultLike(sizes, dt, [mask, p, q]);
  runMap(whereKernel, sizes, [out, mask, p, q], dt);
  return record(where, out, [a instanceof Tensor ? a : null, b instanceof Tensor ? b : null], [mask], (g, n) => [
    n.needs(0) ? choose(n.unpack(0), g, 0) : null,
    n.needs(1) ? choose(n.unpack(0), 0, g) : null,
  ]);
}

/** `x.where(condition, other)`; a bool tensor in front of what is none is the condition, as in the function. */
export function whereMethod(x: Tensor, condition?: Tensor | Scalar, other?: Tensor | Scalar): Tensor | Tensor[] {
  if (condition === undefined) return x.nonzero({ asTuple: true });
  const isMask = (t: unknown): t is Tensor => t instanceof Tensor && (t.dt === bool || t.dt === uint8);
  if (!isMask(condition) && isMask(x)) return choose(x, condition, other!);
  checkTensor('where', condition, 'condition');
  return choose(condition, x, other!);
}
