// The solvers behind torch.linalg: LU, inverses, triangular and general systems, recorded; checked by who calls them.
import { record } from '../../history.ts';
import { runStruct } from '../../dispatch.ts';
import { int32 } from '../../dtype.ts';
import { kernel } from '../../native.ts';
import { cat } from '../../ops/join.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { asBatch, asRows, batchOf, colsOf, commonBatch, copyOf, eyes, rowsOf } from './matrices.ts';

const luKernel = kernel('linalgLu');
const triangularKernel = kernel('linalgTriangular');
const choleskyKernel = kernel('linalgCholesky');

/** LU factors in one matrix, LAPACK's pivots, and which matrices have a zero pivot. */
export interface Factors {
  readonly lu: Tensor;
  readonly pivots: Tensor;
  readonly info: Tensor;
}
/** Factors `a`, fresh and dense, where it is; `x`, so too, becomes the solution. */
function factorInPlace(a: Tensor, x: Tensor | null): Factors {
  const batch = batchOf(a);
  const pivots = emptyTensor([...batch, Math.min(rowsOf(a), colsOf(a))], int32, a.device);
  const info = emptyTensor(batch, int32, a.device);
  runStruct(luKernel, [asBatch(a), asRows(pivots), asRows(info, 0), x === null ? null : asBatch(x)]);
  return { lu: a, pivots, info };
}
/** Unrecorded. */
export const factorLu = (a: Tensor): Factors => factorInPlace(copyOf(a), null);

/** A^-1 and codes; recorded. */
export function inverseOf(a: Tensor): { inverse: Tensor; info: Tensor } {
  const inverse = eyes(batchOf(a), rowsOf(a), rowsOf(a), a);
  const { info } = factorInPlace(copyOf(a), inverse);
  record('linalgInvEx', inverse, [a], [inverse], (g, n) => {
    const y = n.unpack(0).mT;
    return [y.matmul(g).matmul(y).neg()];
  });
  return { inverse, info };
}

/** A^-1 B for matrices A and B that broadcast, and codes; recorded. */
export function solution(where: string, a: Tensor, b: Tensor): { result: Tensor; info: Tensor } {
  const batch = commonBatch(where, a, b);
  const result = copyOf(b, batch);
  const { info } = factorInPlace(copyOf(a, batch), result);
  record('linalgSolveEx', result, [a, b], [a, result], (g, n) => {
    const gb = solution(where, n.unpack(0).mT, g).result;
    return [n.needs(0) ? gb.matmul(n.unpack(1).mT).neg() : null, gb];
  });
  return { result, info };
}

/** A^-1 B for a triangular A; or B A^-1. Recorded. */
export function triangularSolution(
  where: string,
  a: Tensor,
  b: Tensor,
  upper: boolean,
  left: boolean,
  unit: boolean,
): Tensor {
  if (!left) return triangularSolution(where, a.mT, b.mT, !upper, true, unit).mT;
  const batch = commonBatch(where, a, b);
  const x = copyOf(b, batch);
  const n = rowsOf(a);
  const wide = a.detach().expand([...batch, n, n]);
  runStruct(
    triangularKernel,
    [asBatch(x), batch.length === 1 ? wide : wide.reshape(asBatch(x).sizes[0]!, n, n)],
    [upper ? 1 : 0, unit ? 1 : 0],
  );
  return record('linalgSolveTriangular', x, [a, b], [a, x], (g, node) => {
    const gb = triangularSolution(where, node.unpack(0).mT, g, !upper, true, unit);
    if (!node.needs(0)) return [null, gb];
    const ga = gb.matmul(node.unpack(1).mT).neg();
    return [upper ? ga.triu(unit ? 1 : 0) : ga.tril(unit ? -1 : 0), gb];
  });
}

/** L with L Lᵀ = A, from the lower half of A, and codes; recorded. */
export function choleskyFactor(a: Tensor): { L: Tensor; info: Tensor } {
  const L = copyOf(a);
  const info = emptyTensor(batchOf(a), int32, a.device);
  runStruct(choleskyKernel, [asBatch(L), asRows(info, 0)]);
  record('linalgCholeskyEx', L, [a], [L], (g, n) => {
    const factor = n.unpack(0);
    // symmetric: what L has once, A has in both halves
    const half = factor.mT.matmul(g).tril();
    const phi = half.add(half.tril(-1).mT).mul(0.5);
    const inner = triangularSolution('cholesky', factor.mT, phi, true, true, false);
    return [triangularSolution('cholesky', factor, inner, false, false, false)];
  });
  return { L, info };
}

/** The gradient of A = P L U by the gradients of L and U. */
export function luBack(gl: Tensor | null, gu: Tensor | null, p: Tensor, l: Tensor, u: Tensor): Tensor {
  const [m, n] = [rowsOf(l), colsOf(u)];
  const k = Math.min(m, n);
  const l1 = m > k ? l.narrow(-2, 0, k) : l;
  const u1 = n > k ? u.narrow(-1, 0, k) : u;
  const back = (x: Tensor, left: boolean): Tensor =>
    left
      ? triangularSolution('lu', l1.mT, x, true, true, true)
      : triangularSolution('lu', u1.mT, x, false, false, false);
  let gl1 = gl && m > k ? gl.narrow(-2, 0, k) : gl;
  let gu1 = gu && n > k ? gu.narrow(-1, 0, k) : gu;
  let below: Tensor | null = null;
  let beside: Tensor | null = null;
  if (n > k && gu) {
    beside = back(gu.narrow(-1, k, n - k), true);
    const rest = beside.matmul(u.narrow(-1, k, n - k).mT);
    gl1 = gl1 ? gl1.sub(rest) : rest.neg();
  }
  if (m > k && gl) {
    below = back(gl.narrow(-2, k, m - k), false);
    const rest = l.narrow(-2, k, m - k).mT.matmul(below);
    gu1 = gu1 ? gu1.sub(rest) : rest.neg();
  }
  const lower = gl1 ? l1.mT.matmul(gl1.tril(-1)).tril(-1) : null;
  const upper = gu1 ? gu1.triu().matmul(u1.mT).triu() : null;
  const phi = lower && upper ? lower.add(upper) : (lower ?? upper!);
  let out = back(back(phi, true), false);
  if (m > k) out = join(out, below, m - k, -2);
  if (n > k) out = join(out, beside, n - k, -1);
  return p.matmul(out);
}
/** `a` with `b`, or zeros, behind it. */
function join(a: Tensor, b: Tensor | null, count: number, dim: -1 | -2): Tensor {
  if (b !== null) return cat([a, b], dim);
  const sizes = [...a.sizes];
  sizes[sizes.length + dim] = count;
  const zeros = emptyTensor(sizes, a.dt, a.device);
  zeros.zero_();
  return cat([a, zeros], dim);
}
