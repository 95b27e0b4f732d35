// How often each number occurs: bincount, histc, unique and repeatInterleave call it.
import { int64 } from '../../dtype.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { zerosOf } from './reducing.ts';

/** How often each of 0 … n - 1 occurs among the int64 elements of a vector, all of which must lie there. */
export function countsOf(x: Tensor, n: number): Tensor {
  const one = emptyTensor([1], int64, x.device).fill_(1).expand(x.count);
  return zerosOf([n], int64, x.device).scatterAdd_(0, x, one);
}
