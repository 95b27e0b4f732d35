// The incomplete gamma functions; torch.special's gammainc and gammaincc are they.
import { binary, type BinaryOfTensors, needs } from '../define.ts';
import { resultType, type Scalar } from '../dispatch.ts';
import { FLOATING } from '../dtype.ts';
import { AutogradError, DtypeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** The density of the gamma distribution, by which both change. */
const density = (a: Tensor, x: Tensor): Tensor => x.log().mul(a.sub(1)).sub(x).sub(a.lgamma()).exp();
const refused = (name: string): ReturnType<typeof needs> =>
  needs('', () => {
    throw new AutogradError(
      `${name}: the derivative of ${name} by its first argument is not implemented, as in PyTorch`,
    );
  });
/** Whole numbers alone are refused, as in PyTorch. */
function check(where: string, a: Tensor, b: Tensor | Scalar): void {
  const dt = resultType(a, b);
  if (dt.kind !== FLOATING) throw new DtypeError(`${where}: not implemented for ${dt.name}`);
}

/**
 * Element-wise, the part of the gamma function of `a` that lies below `x`, from 0 to 1. It has a derivative by `x` only.
 * @example
 * torch.igamma(torch.tensor([4.0, 0.5]), torch.tensor([3, 5.5])) // tensor([0.3528, 0.9991])
 */
export const igamma: BinaryOfTensors = binary('igamma', 'float', {
  numbers: 'none',
  check,
  grads: [refused('igamma'), needs('ab', (g, { a, b }) => g.mul(density(a, b as Tensor)))],
});
/**
 * Element-wise, the part of the gamma function of `a` that lies above `x`: `1 - igamma(a, x)`, also where that is tiny.
 * It has a derivative by `x` only.
 * @example
 * torch.igammac(torch.tensor([4.0, 0.5]), torch.tensor([3, 5.5])) // tensor([0.6472, 0.0009])
 */
export const igammac: BinaryOfTensors = binary('igammac', 'float', {
  numbers: 'none',
  check,
  grads: [refused('igammac'), needs('ab', (g, { a, b }) => g.mul(density(a, b as Tensor)).neg())],
});
