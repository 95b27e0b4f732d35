// Householder reflectors as LAPACK packs them: torch.geqrf, orgqr and ormqr, and torch.linalg.householderProduct.
import { recording } from '../autograd/node.ts';
import { record } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { AutogradError, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { pair } from '../ops/internal/named.ts';
import { cat } from '../ops/join.ts';
import { sameShape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import {
  asBatch,
  asRows,
  batchOf,
  checkMatrices,
  checkSame,
  colsOf,
  copyOf,
  eyes,
  rowsOf,
} from './internal/matrices.ts';

const geqrfKernel = kernel('linalgGeqrf');
const reflectKernel = kernel('linalgReflect');

/** R with the reflectors below its diagonal, and their factors; PyTorch has no derivative of it. */
export function geqrfOf(where: string, a: Tensor): ReturnType<typeof pair<'a', 'tau'>> {
  checkMatrices(where, a, 'input');
  const packed = copyOf(a);
  const tau = emptyTensor([...batchOf(a), Math.min(rowsOf(a), colsOf(a))], a.dt, a.device);
  runStruct(geqrfKernel, [asBatch(packed), asRows(tau)]);
  for (const out of [packed, tau]) {
    record('geqrf', out, [a], [], () => {
      throw new AutogradError(`${where}: the derivative of ${where} is not implemented, as in PyTorch`);
    });
  }
  return pair('geqrf', 'a', packed, 'tau', tau);
}

/** Checks reflectors [*, m, n] with factors [*, k]; gives k. */
function checkReflectors(where: string, a: Tensor, tau: Tensor): number {
  checkMatrices(where, a, 'input');
  checkTensor(where, tau, 'tau');
  checkSame(where, a, tau, 'input', 'tau');
  if (tau.sizes.length !== a.sizes.length - 1 || !sameShape(tau.sizes.slice(0, -1), batchOf(a)))
    throw new ShapeError(
      `${where}: expected tau to have one dimension less than input and the same batch, but got ${show(tau.sizes)} and ${show(a.sizes)}`,
    );
  const k = tau.sizes.at(-1)!;
  if (k > Math.min(rowsOf(a), colsOf(a)))
    throw new ShapeError(
      `${where}: input of shape ${show(a.sizes)} holds at most ${Math.min(rowsOf(a), colsOf(a))} reflectors, but tau has ${k}`,
    );
  return k;
}
/** H₀ H₁ … applied to C, or its transpose: by a kernel, or by differentiable operators where somebody wants gradients. */
function applied(a: Tensor, tau: Tensor, k: number, c: Tensor, transpose: boolean): Tensor {
  if (!recording([a, tau, c])) {
    const whole = copyOf(c);
    const factors = tau.detach().contiguous();
    if (whole.count > 0 && k > 0)
      runStruct(reflectKernel, [asBatch(whole), asBatch(copyOf(a)), asRows(factors)], [transpose ? 1 : 0]);
    return whole;
  }
  let out = c;
  const m = rowsOf(a);
  for (let step = 0; step < k; step++) {
    const i = transpose ? step : k - 1 - step;
    // the reflector: zeros, a one, and what lies below the diagonal; it changes the rows from i on only
    const one = eyes(batchOf(a), 1, 1, a);
    const below = a.narrow(-2, i + 1, m - i - 1).narrow(-1, i, 1);
    const v = i + 1 < m ? catRows(one, below) : one;
    const rest = i > 0 ? out.narrow(-2, i, m - i) : out;
    const changed = rest.sub(v.mul(tau.narrow(-1, i, 1).unsqueeze(-1)).matmul(v.mT.matmul(rest)));
    out = i > 0 ? catRows(out.narrow(-2, 0, i), changed) : changed;
  }
  return out;
}
const catRows = (a: Tensor, b: Tensor): Tensor => {
  const batch = batchOf(a).length > batchOf(b).length ? batchOf(a) : batchOf(b);
  return cat([a.expand([...batch, rowsOf(a), colsOf(a)]), b.expand([...batch, rowsOf(b), colsOf(b)])], -2);
};

/** The first columns of H₀ H₁ …, as many as `a` has. */
export function productOf(where: string, a: Tensor, tau: Tensor): Tensor {
  const k = checkReflectors(where, a, tau);
  const [m, n] = [rowsOf(a), colsOf(a)];
  if (m < n)
    throw new ShapeError(`${where}: input must have at least as many rows as columns, but got ${show(a.sizes)}`);
  return applied(a, tau, k, eyes(batchOf(a), m, n, a), false);
}

/** Q C, Qᵀ C, C Q or C Qᵀ with the whole Q of the reflectors. */
export function multipliedOf(
  where: string,
  a: Tensor,
  tau: Tensor,
  other: Tensor,
  left: boolean,
  transpose: boolean,
): Tensor {
  const k = checkReflectors(where, a, tau);
  checkMatrices(where, other, 'other');
  checkSame(where, a, other, 'input', 'other');
  const rows = left ? rowsOf(other) : colsOf(other);
  if (rows !== rowsOf(a) || !sameShape(batchOf(other), batchOf(a)))
    throw new ShapeError(
      `${where}: other.shape[${left ? -2 : -1}] must be equal to input.shape[-2] and the batches the same, but got ${show(other.sizes)} and ${show(a.sizes)}`,
    );
  return left ? applied(a, tau, k, other, transpose) : applied(a, tau, k, other.mT, !transpose).mT;
}

/**
 * The first n columns of the product of k Householder reflectors I - τ v vᵀ, whose vectors are packed below the diagonal of
 * A [*, m, n] and whose factors are tau [*, k]: Q of {@link qr} from what `torch.geqrf` gives. Throws ShapeError where sizes
 * do not fit, DtypeError for other dtypes than float32 and float64.
 * @example
 * const { a, tau } = torch.geqrf(torch.tensor([[3.0, 1], [4, 3]]).float())
 * torch.linalg.householderProduct(a, tau)
 * // tensor([[-0.6000, -0.8000],
 * //         [-0.8000,  0.6000]])
 */
export function householderProduct(A: Tensor, tau: Tensor): Tensor {
  return inNameOf('householderProduct', () => productOf('householderProduct', A, tau));
}
