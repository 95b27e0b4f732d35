// Eigen- and singular value decompositions, recorded; checked by who calls them.
import { record, recordMany } from '../../history.ts';
import { runStruct } from '../../dispatch.ts';
import { int32 } from '../../dtype.ts';
import { kernel } from '../../native.ts';
import { tracked } from '../../autograd/node.ts';
import { mode } from '../../autograd/mode.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import {
  asBatch,
  asRows,
  batchOf,
  colsOf,
  copyOf,
  diagonals,
  DIVERGED,
  eyes,
  failOn,
  offDiagonal,
  rowsOf,
} from './matrices.ts';

const eighKernel = kernel('linalgEigh');
const svdKernel = kernel('linalgSvd');

/** 1 / (vⱼ - vᵢ) as a divisor: infinite on the diagonal, where the quotient is to be zero. */
function differences(v: Tensor): Tensor {
  const n = v.sizes[v.sizes.length - 1]!;
  return v
    .unsqueeze(-2)
    .sub(v.unsqueeze(-1))
    .maskedFill(offDiagonal(n, n, v.device).logicalNot(), Number.POSITIVE_INFINITY);
}

/** Eigenvalues, and eigenvectors as columns, of symmetric matrices of which the named half is read; recorded. */
export function eighOf(where: string, a: Tensor, upper: boolean): { values: Tensor; vectors: Tensor } {
  const vectors = copyOf(upper ? a.detach().mT : a);
  const values = emptyTensor(a.sizes.slice(0, -1), a.dt, a.device);
  const info = emptyTensor(batchOf(a), int32, a.device);
  runStruct(eighKernel, [asBatch(vectors), asRows(values), asRows(info, 0)], [1]);
  failOn(where, info, DIVERGED);
  recordMany('linalgEigh', [values, vectors], [a], [values, vectors], ([gl, gv], n) => {
    const [l, v] = [n.unpack(0), n.unpack(1)];
    const along = gl ? diagonals(gl) : null;
    const across = gv ? v.mT.matmul(gv).div(differences(l)) : null;
    const inner = along && across ? along.add(across) : (along ?? across!);
    return [v.matmul(inner).matmul(v.mT)];
  });
  return { values, vectors };
}
/** Eigenvalues alone; recorded. */
export function eigvalshOf(where: string, a: Tensor, upper: boolean): Tensor {
  if (mode.grad && tracked(a)) return eighOf(where, a, upper).values;
  const copy = copyOf(upper ? a.mT : a);
  const values = emptyTensor(a.sizes.slice(0, -1), a.dt, a.device);
  const info = emptyTensor(batchOf(a), int32, a.device);
  runStruct(eighKernel, [asBatch(copy), asRows(values), asRows(info, 0)], [0]);
  failOn(where, info, DIVERGED);
  return values;
}

interface Svd {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly Vh: Tensor;
}
/** Recorded. */
export function svdOf(where: string, a: Tensor, full: boolean): Svd {
  const [batch, m, n] = [batchOf(a), rowsOf(a), colsOf(a)];
  const k = Math.min(m, n);
  const S = emptyTensor([...batch, k], a.dt, a.device);
  if (k === 0) {
    const [rows, cols] = full ? [m, n] : [0, 0];
    const empty = { U: eyes(batch, m, rows, a), S, Vh: eyes(batch, cols, n, a) };
    recordMany('linalgSvd', [empty.U, S, empty.Vh], [a], [], () => [eyes(batch, m, n, a)]);
    return empty;
  }
  const info = emptyTensor(batch, int32, a.device);
  const U = emptyTensor([...batch, m, full ? m : k], a.dt, a.device);
  const Vh = emptyTensor([...batch, full ? n : k, n], a.dt, a.device);
  runStruct(svdKernel, [asBatch(copyOf(a)), asRows(S), asRows(info, 0), asBatch(U), asBatch(Vh)]);
  failOn(where, info, DIVERGED);
  recordMany('linalgSvd', [U, S, Vh], [a], [U, S, Vh], ([gu, gs, gv], node) => {
    const thin = (x: Tensor | null | undefined, dim: -1 | -2): Tensor | null => x?.narrow(dim, 0, k) ?? null;
    const [u, s, vh] = [thin(node.unpack(0), -1)!, node.unpack(1), thin(node.unpack(2), -2)!];
    return [svdBack(thin(gu, -1), gs ?? null, thin(gv, -2), u, s, vh)];
  });
  return { U, S, Vh };
}
const skew = (x: Tensor): Tensor => x.sub(x.mT);
const sum = (a: Tensor | null, b: Tensor): Tensor => (a === null ? b : a.add(b));

/** The gradient of A = U S Vh, all thin. */
function svdBack(gu: Tensor | null, gs: Tensor | null, gv: Tensor | null, u: Tensor, s: Tensor, vh: Tensor): Tensor {
  const [m, k, n] = [rowsOf(u), colsOf(u), colsOf(vh)];
  if (gu === null && gv === null) return u.mul(gs!.unsqueeze(-2)).matmul(vh);
  const e = differences(s.square());
  let inner: Tensor | null = gs && diagonals(gs);
  if (gu) inner = sum(inner, skew(u.mT.matmul(gu)).div(e).mul(s.unsqueeze(-2)));
  if (gv) inner = sum(inner, skew(vh.matmul(gv.mT)).div(e).mul(s.unsqueeze(-1)));
  let left = u.matmul(inner!);
  if (m > k && gu) {
    const scaled = gu.div(s.unsqueeze(-2));
    left = left.add(scaled).sub(u.matmul(u.mT.matmul(scaled)));
  }
  let out = left.matmul(vh);
  if (n > k && gv) {
    const scaled = gv.div(s.unsqueeze(-1));
    out = out.add(u.matmul(scaled.sub(scaled.matmul(vh.mT).matmul(vh))));
  }
  return out;
}

/** Singular values alone, in descending order; recorded. */
export function svdvalsOf(where: string, a: Tensor): Tensor {
  if (mode.grad && tracked(a)) return svdOf(where, a, false).S;
  const S = emptyTensor([...batchOf(a), Math.min(rowsOf(a), colsOf(a))], a.dt, a.device);
  if (S.count === 0) return S;
  const info = emptyTensor(batchOf(a), int32, a.device);
  runStruct(svdKernel, [asBatch(copyOf(a)), asRows(S), asRows(info, 0), null, null]);
  failOn(where, info, DIVERGED);
  return S;
}

/** How many values of S [*, k], magnitudes, exceed the larger of the tolerances, [*]. */
export const countAbove = (s: Tensor, tolerance: Tensor): Tensor => s.gt(tolerance.unsqueeze(-1)).sum(-1);
/** The largest of the last dim, 0 where that is empty. */
export const largestOf = (s: Tensor): Tensor => (s.sizes[s.sizes.length - 1] === 0 ? s.sum(-1) : s.amax(-1));
/** The gradient of pinv, by its result. */
export function pinvBack(g: Tensor, p: Tensor, a: Tensor): Tensor {
  const [pt, gt] = [p.mT, g.mT];
  if (rowsOf(a) <= colsOf(a)) {
    const k = gt.matmul(p);
    const kp = k.matmul(pt);
    return p
      .matmul(k)
      .mT.neg()
      .add(kp)
      .sub(a.matmul(p).matmul(kp))
      .add(pt.matmul(p).matmul(gt.sub(k.matmul(a))));
  }
  const k = p.matmul(gt);
  const pk = pt.matmul(k);
  return k
    .matmul(p)
    .mT.neg()
    .add(gt.sub(a.matmul(k)).matmul(p).matmul(pt))
    .add(pk)
    .sub(pk.matmul(p).matmul(a));
}
/** A matrix's pseudo-inverse from singular values above a tolerance [*]; recorded. */
export function pinvOf(where: string, a: Tensor, hermitian: boolean, tolerance: (largest: Tensor) => Tensor): Tensor {
  const source = a.detach();
  let left: Tensor;
  let right: Tensor;
  let s: Tensor;
  if (hermitian) {
    const { values, vectors } = eighOf(where, source, false);
    [left, right, s] = [vectors, vectors.mT, values];
  } else {
    const { U, S, Vh } = svdOf(where, source, false);
    [left, right, s] = [Vh.mT, U.mT, S];
  }
  const size = s.abs();
  const keep = size.gt(tolerance(largestOf(size)).unsqueeze(-1));
  const inverse = s.reciprocal().maskedFill(keep.logicalNot(), 0);
  const out = left.mul(inverse.unsqueeze(-2)).matmul(right);
  return record('linalgPinv', out, [a], [a, out], (g, n) => [pinvBack(g, n.unpack(1), n.unpack(0))]);
}
