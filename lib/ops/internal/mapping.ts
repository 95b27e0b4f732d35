// Element-wise kernels over operands that broadcast and come in several dtypes. ops/ternary.ts and ops/loss.ts call it.
import { commonDevice, type Operand, resultLike, runMap, type Scalar, scalarOperand } from '../../dispatch.ts';
import type { DType } from '../../dtype.ts';
import { broadcastShapes, type Shape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';

/** `x` in another dtype, unrecorded. */
export const as = (x: Tensor, dt: DType): Tensor => (x.dt === dt ? x : x.detach().to(dt.name));

/** Runs an element-wise kernel over broadcast operands, all in one dtype. */
export function mapOf(
  name: string,
  k: number,
  dt: DType,
  operands: readonly (Tensor | Scalar)[],
  params: readonly number[] = [],
): Tensor {
  commonDevice(name, operands);
  let sizes: Shape = [];
  for (const x of operands) if (x instanceof Tensor) sizes = broadcastShapes(name, sizes, x.sizes);
  const inputs: Operand[] = operands.map((x) => {
    // a whole number beyond a double's is a tensor
    const operand = x instanceof Tensor ? x : scalarOperand(name, x);
    return operand instanceof Tensor ? as(operand, dt) : operand;
  });
  const out = resultLike(sizes, dt, inputs);
  runMap(k, sizes, [out, ...inputs], dt, params);
  return out;
}
