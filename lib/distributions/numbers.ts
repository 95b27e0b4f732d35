// Limits of floating dtypes, for distributions, transforms and constraints.
import type { Tensor } from '../tensor.ts';

/** The smallest positive number, and the distance from 1 to the next one, of a floating dtype. */
export function finfo(x: Tensor): { tiny: number; eps: number } {
  switch (x.dtype) {
    case 'float64':
      return { tiny: 2 ** -1022, eps: 2 ** -52 };
    case 'float16':
      return { tiny: 2 ** -14, eps: 2 ** -10 };
    case 'bfloat16':
      return { tiny: 2 ** -126, eps: 2 ** -7 };
    default:
      return { tiny: 2 ** -126, eps: 2 ** -23 };
  }
}
