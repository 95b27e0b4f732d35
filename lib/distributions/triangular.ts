// Cholesky factors and triangular systems of small matrices, made of differentiable operators: what MultivariateNormal and
// its constraints need.
import { noGrad } from '../autograd/mode.ts';
import { cat, stack } from '../ops/join.ts';
import type { Tensor } from '../tensor.ts';

/** The lower factor L of A = L Lᵀ [..., n, n], and which matrices have one. */
export function cholesky(a: Tensor): { factor: Tensor; valid: Tensor } {
  const n = a.sizes.at(-1)!;
  // both triangles count, so that gradients are symmetric, as PyTorch's are
  const s = a.add(a.mT).mul(0.5);
  const columns: Tensor[] = [];
  let valid: Tensor | null = null;
  for (let j = 0; j < n; j++) {
    let column = s.select(-1, j).narrow(-1, j, n - j);
    if (j > 0) {
      const before = stack(columns, -1);
      const row = before.select(-2, j).unsqueeze(-1);
      column = column.sub(
        before
          .narrow(-2, j, n - j)
          .matmul(row)
          .squeeze(-1),
      );
    }
    const diagonal = column.narrow(-1, 0, 1);
    const ok = diagonal.detach().gt(0).squeeze(-1);
    valid = valid === null ? ok : valid.logicalAnd(ok);
    const scaled = column.div(diagonal.sqrt());
    columns.push(j === 0 ? scaled : cat([scaled.newZeros([...scaled.sizes.slice(0, -1), j]), scaled], -1));
  }
  return n === 0
    ? { factor: s, valid: s.newOnes(s.sizes.slice(0, -2), { dtype: 'bool' }) }
    : { factor: stack(columns, -1), valid: valid! };
}

/** X of L X = B, for a lower triangular L [..., n, n] and B [..., n, k]. */
export function solveLower(l: Tensor, b: Tensor): Tensor {
  const n = l.sizes.at(-1)!;
  const rows: Tensor[] = [];
  for (let i = 0; i < n; i++) {
    let rest = b.narrow(-2, i, 1);
    if (i > 0) rest = rest.sub(l.narrow(-2, i, 1).narrow(-1, 0, i).matmul(cat(rows, -2)));
    rows.push(rest.div(l.narrow(-2, i, 1).narrow(-1, i, 1)));
  }
  return n === 0 ? b : cat(rows, -2);
}

/** Which matrices [..., n, n] are symmetric and positive definite. */
export function isPositiveDefinite(x: Tensor): Tensor {
  return noGrad(() => {
    const { sizes } = x;
    if (sizes.length < 2 || sizes.at(-1) !== sizes.at(-2)) return x.newZeros(sizes.slice(0, -2), { dtype: 'bool' });
    const symmetric = x.sub(x.mT).abs().le(x.mT.abs().mul(1e-5).add(1e-6)).flatten(-2).all(-1);
    return symmetric.logicalAnd(cholesky(x).valid);
  });
}
