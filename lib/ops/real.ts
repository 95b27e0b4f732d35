// What complex numbers need and real ones have too: angles, conjugates and questions about them. All tensors here are
// real, so most give their tensor back. The attributes `x.real`, `x.H` and `x.mH` are in index.ts.
import { record } from '../history.ts';
import { checkTensor } from '../dispatch.ts';
import { toFloating } from '../dtype.ts';
import { inNameOf, ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { zerosOf } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/**
 * The angle of each number in the complex plane: π below zero, else 0, NaN of NaN. Its gradient is zero.
 * @example
 * torch.angle(torch.tensor([1.5, -2])) // tensor([0.0000, 3.1416])
 */
export function angle(x: Tensor): Tensor {
  checkTensor('angle', x);
  const dt = toFloating(x.dt);
  const v = x.detach();
  const y = v.lt(0).to(dt.name).mul(Math.PI);
  const out = x.dt === dt ? y.maskedFill(v.isnan(), Number.NaN) : y;
  return record('angle', out, [x], [], (g) => [zerosOf(g.sizes, g.dt, g.device)]);
}

const same = (where: string, x: Tensor): Tensor => {
  checkTensor(where, x);
  return x;
};
/**
 * The conjugate: `x` itself, which is real.
 * @example
 * torch.conj(torch.tensor([1.5])) // tensor([1.5000])
 */
export function conj(x: Tensor): Tensor {
  return same('conj', x);
}
/**
 * The conjugate as a tensor of its own: `x` itself, which is real.
 * @example
 * torch.conjPhysical(torch.tensor([1.5])) // tensor([1.5000])
 */
export function conjPhysical(x: Tensor): Tensor {
  return same('conjPhysical', x);
}
/**
 * `x` itself: conjugates here are never put off.
 * @example
 * torch.resolveConj(torch.tensor([1.5])) // tensor([1.5000])
 */
export function resolveConj(x: Tensor): Tensor {
  return same('resolveConj', x);
}
/**
 * `x` itself: signs here are never put off.
 * @example
 * torch.resolveNeg(torch.tensor([1.5])) // tensor([1.5000])
 */
export function resolveNeg(x: Tensor): Tensor {
  return same('resolveNeg', x);
}
/**
 * The conjugate transpose of matrices: of real ones, the last two dims exchanged. Throws ShapeError for less than 2 dims.
 * @example
 * torch.adjoint(torch.ones(4, 2, 3)).shape // torch.Size([4, 3, 2])
 */
export function adjoint(x: Tensor): Tensor {
  checkTensor('adjoint', x);
  return inNameOf('adjoint', () => {
    if (x.sizes.length === 1)
      throw new ShapeError(
        `adjoint: only supported on matrices or batches of matrices, but got shape ${show(x.sizes)}`,
      );
    return x.sizes.length === 0 ? x : x.transpose(-2, -1);
  });
}
const never = (where: string, x: Tensor): false => {
  checkTensor(where, x);
  return false;
};
/**
 * Whether the dtype is a complex one: never.
 * @example
 * torch.isComplex(torch.ones(2)) // false
 */
export function isComplex(x: Tensor): boolean {
  return never('isComplex', x);
}
/**
 * Whether a conjugate is still to be computed: never.
 * @example
 * torch.isConj(torch.ones(2)) // false
 */
export function isConj(x: Tensor): boolean {
  return never('isConj', x);
}
/**
 * Whether a sign is still to be changed: never.
 * @example
 * torch.isNeg(torch.ones(2)) // false
 */
export function isNeg(x: Tensor): boolean {
  return never('isNeg', x);
}

operators({ angle, conj, conjPhysical, resolveConj, resolveNeg });
operators({ adjoint }, { kind: 'view' });
operators({ isComplex, isConj, isNeg }, { differentiable: false });
