// PyTorch's other names of operators, those of NumPy.
import { row, type Unary } from '../define.ts';
import { inNameOf } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { atan2 } from './binary.ts';
import { outer } from './matmul.ts';
import { abs, acos, acosh, asin, asinh, atan, atanh, neg, trunc } from './unary.ts';

type OneTensor = (x: Tensor, extra?: unknown) => Tensor;
/** The same function, whose errors say `name`. */
const alias = (name: string, f: Unary): Unary =>
  row(name, (x: Tensor, extra?: unknown) => inNameOf(name, () => (f as OneTensor)(x, extra)));

/**
 * Another name of abs.
 * @example
 * torch.absolute(torch.tensor([-1.5, 2])) // tensor([1.5000, 2.0000])
 */
export const absolute: Unary = alias('absolute', abs);
/**
 * Another name of acos.
 * @example
 * torch.arccos(torch.tensor([0.5, 1])) // tensor([1.0472, 0.0000])
 */
export const arccos: Unary = alias('arccos', acos);
/**
 * Another name of acosh.
 * @example
 * torch.arccosh(torch.tensor([1.5, 2])) // tensor([0.9624, 1.3170])
 */
export const arccosh: Unary = alias('arccosh', acosh);
/**
 * Another name of asin.
 * @example
 * torch.arcsin(torch.tensor([0.5, 1])) // tensor([0.5236, 1.5708])
 */
export const arcsin: Unary = alias('arcsin', asin);
/**
 * Another name of asinh.
 * @example
 * torch.arcsinh(torch.tensor([0.5, 1])) // tensor([0.4812, 0.8814])
 */
export const arcsinh: Unary = alias('arcsinh', asinh);
/**
 * Another name of atan.
 * @example
 * torch.arctan(torch.tensor([0.5, 1])) // tensor([0.4636, 0.7854])
 */
export const arctan: Unary = alias('arctan', atan);
/**
 * Another name of atanh.
 * @example
 * torch.arctanh(torch.tensor([0.5, 0])) // tensor([0.5493, 0.0000])
 */
export const arctanh: Unary = alias('arctanh', atanh);
/**
 * Another name of trunc.
 * @example
 * torch.fix(torch.tensor([-1.5, 2.5])) // tensor([-1.,  2.])
 */
export const fix: Unary = alias('fix', trunc);
/**
 * Another name of neg.
 * @example
 * torch.negative(torch.tensor([-1.5, 2])) // tensor([ 1.5000, -2.0000])
 */
export const negative: Unary = alias('negative', neg);
/**
 * Another name of atan2.
 * @example
 * torch.arctan2(torch.tensor([1.5]), torch.tensor([1.5])) // tensor([0.7854])
 */
export function arctan2(a: Tensor, b: Tensor): Tensor {
  return inNameOf('arctan2', () => atan2(a, b));
}
row('arctan2', arctan2);
/**
 * Another name of outer.
 * @example
 * torch.ger(torch.tensor([1, 2]), torch.tensor([3, 4]))
 * // tensor([[3, 4],
 * //         [6, 8]])
 */
export function ger(a: Tensor, b: Tensor): Tensor {
  return inNameOf('ger', () => outer(a, b));
}
row('ger', ger);
