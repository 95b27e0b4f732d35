// torch.linalg where stored answers do not reach: matrices of all sizes by what defines a decomposition, singular and
// damaged ones, named results, derivatives of what is determined up to signs. The rest is in test/samples/linalg.ts.
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { linalg } = torch;
type T = torch.Tensor;

/** The largest difference, against the largest magnitude. */
function far(a: T, b: T): number {
  assert.deepEqual([...a.shape], [...b.shape]);
  if (a.numel() === 0) return 0;
  return Number(a.sub(b).abs().amax().item()) / Math.max(1, Number(b.abs().amax().item()));
}
const near = (a: T, b: T, what: string): void => {
  const limit = a.dtype === 'float64' ? 1e-12 : 2e-5;
  const d = far(a, b);
  assert.ok(d < limit, `${what}: ${d} apart`);
};
const eye = (n: number, dtype: 'float32' | 'float64'): T => torch.eye(n, { dtype });
const orthonormal = (q: T, what: string): void =>
  near(q.mT.matmul(q), eye(q.size(-1), q.dtype as 'float64').expand(q.mT.matmul(q).shape), what);
const scaled = (u: T, s: T): T => u.mul(s.unsqueeze(-2));

describe.each(['float32', 'float64'] as const)('decompositions of %s give their matrix back', (dtype) => {
  // around the sizes of blocks, tiles and strips
  test.each([1, 2, 9, 16, 17, 24, 25, 32, 33, 49, 65, 97, 130])('%i', (n) => {
    torch.manualSeed(n);
    for (const batch of n > 40 ? [[]] : [[], [3]]) {
      const a = torch.randn([...batch, n, n], { dtype });
      const good = a.add(eye(n, dtype).mul(2 * n));
      near(good.matmul(linalg.inv(good)), eye(n, dtype).expand(a.shape), 'inv');
      const b = torch.randn([...batch, n, 5], { dtype });
      near(good.matmul(linalg.solve(good, b)), b, 'solve');
      near(good.triu().matmul(linalg.solveTriangular(good, b, { upper: true })), b, 'triangular');
      const { P, L, U } = linalg.lu(a);
      near(P.matmul(L).matmul(U), a, 'lu');
      expect(Number(L.abs().amax().item())).toBeLessThanOrEqual(1);
      const definite = a.matmul(a.mT).add(eye(n, dtype));
      const c = linalg.cholesky(definite);
      near(c.matmul(c.mT), definite, 'cholesky');
      const symmetric = a.add(a.mT);
      const { eigenvalues, eigenvectors } = linalg.eigh(symmetric);
      near(scaled(eigenvectors, eigenvalues).matmul(eigenvectors.mT), symmetric, 'eigh');
      orthonormal(eigenvectors, 'eigenvectors');
      near(linalg.eigvalsh(symmetric), eigenvalues, 'eigvalsh');
      for (const [rows, cols] of [
        [n, n],
        [n + 1, n],
        [2 * n, n],
        [n, 2 * n],
        [n, n + 3],
      ] as const) {
        const x = torch.randn([...batch, rows, cols], { dtype });
        const k = Math.min(rows, cols);
        for (const full of [true, false]) {
          const { U: u, S, Vh } = linalg.svd(x, full);
          near(scaled(u.narrow(-1, 0, k), S).matmul(Vh.narrow(-2, 0, k)), x, `svd ${rows}x${cols}`);
          orthonormal(u, 'U');
          orthonormal(Vh.mT, 'V');
          near(linalg.svdvals(x), S, 'svdvals');
        }
        for (const mode of ['reduced', 'complete'] as const) {
          const { Q, R } = linalg.qr(x, mode);
          near(Q.matmul(R), x, `qr ${rows}x${cols}`);
          orthonormal(Q, 'Q');
          near(R.triu(), R, 'R');
          near(linalg.qr(x, 'r').R, R.narrow(-2, 0, k), 'r');
        }
      }
    }
  });

  test('of awkward matrices', () => {
    const n = 40;
    torch.manualSeed(1);
    const u = torch.randn([n, 3], { dtype });
    const awkward: Record<string, T> = {
      zeros: torch.zeros([n, n], { dtype }),
      ones: torch.ones([n, n], { dtype }),
      identity: eye(n, dtype),
      'of rank 3': u.matmul(u.mT),
      huge: u.matmul(u.mT).mul(1e30),
      tiny: u.matmul(u.mT).mul(1e-30),
      graded: torch
        .arange(n)
        .to(dtype)
        .neg()
        .exp()
        .mul(eye(n, dtype))
        .add(torch.ones([n, n], { dtype }).mul(1e-6)),
    };
    for (const [what, a] of Object.entries(awkward)) {
      const size = Math.max(Number(a.abs().amax().item()), Number.MIN_VALUE);
      const relative = (x: T): T => x.to('float64').div(size).to(dtype);
      const { eigenvalues, eigenvectors } = linalg.eigh(a);
      near(scaled(eigenvectors, relative(eigenvalues)).matmul(eigenvectors.mT), relative(a), `eigh of ${what}`);
      orthonormal(eigenvectors, what);
      const { U, S, Vh } = linalg.svd(a);
      near(scaled(U, relative(S)).matmul(Vh), relative(a), `svd of ${what}`);
      orthonormal(U, what);
      orthonormal(Vh.mT, what);
    }
  });
});

describe('matrices that a decomposition cannot take', () => {
  const singular = torch
    .tensor([
      [1, 2],
      [2, 4],
    ])
    .double();
  test('singular ones', () => {
    for (const f of [() => linalg.inv(singular), () => linalg.solve(singular, singular), () => singular.inverse()])
      expect(f).toThrow(linalg.LinAlgError);
    expect(() => linalg.inv(torch.stack([torch.eye(2), torch.zeros(2, 2)]))).toThrow(
      'inv: (Batch element 1): The diagonal element 1 is zero, the inversion could not be completed because the input matrix is singular.',
    );
    expect(singular.det().item()).toBeCloseTo(0);
    expect(String(linalg.slogdet(singular).logabsdet)).toBe('tensor(-inf, dtype=torch.float64)');
  });

  test('NaN and infinities', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const n of [1, 3, 40]) {
        const a = torch.eye(n);
        a.diagonal().fill_(bad);
        const all: ((a: torch.Tensor) => unknown)[] = [linalg.eigh, linalg.eigvalsh, linalg.svd, linalg.svdvals];
        for (const f of [...all, linalg.pinv, linalg.matrixRank]) expect(() => f(a)).toThrow(linalg.LinAlgError);
        expect(linalg.qr(a).R.isfinite().all().item()).toBe(false);
        expect(linalg.invEx(a).inverse.shape[0]).toBe(n);
        expect(linalg.matrixExp(a).isnan().any().item()).toBe(true);
      }
      expect(() => linalg.cholesky(torch.eye(40).mul(Number.NaN))).toThrow(/order 1 is not positive-definite/);
    }
  });

  test('empty ones have empty results', () => {
    const none = torch.zeros(0, 0);
    expect(none.det().item()).toBe(1);
    expect(linalg.eigh(none).eigenvectors.shape).toEqual(none.shape);
    expect([...linalg.svd(torch.zeros(2, 0)).U.shape]).toEqual([2, 2]);
    expect([...linalg.inv(torch.zeros(0, 3, 3)).shape]).toEqual([0, 3, 3]);
    expect([...linalg.qr(torch.zeros(3, 0), 'complete').Q.shape]).toEqual([3, 3]);
  });
});

describe('derivatives', () => {
  const { gradcheck } = torch.autograd;
  test('of a singular determinant are the cofactors', () => {
    const a = torch
      .tensor([
        [1, 2],
        [2, 4],
      ])
      .double()
      .requiresGrad_();
    const [g] = torch.autograd.grad(a.det(), a);
    near(
      g!,
      torch
        .tensor([
          [4, -2],
          [-2, 1],
        ])
        .double(),
      'cofactors',
    );
  });

  test('of functions of a matrix through its vectors', () => {
    torch.manualSeed(3);
    const a = torch.randn([4, 4], { dtype: 'float64', requiresGrad: true });
    gradcheck(
      (x: T) => {
        const { eigenvalues, eigenvectors } = linalg.eigh(x.add(x.mT));
        return scaled(eigenvectors, eigenvalues.sin()).matmul(eigenvectors.mT);
      },
      [a],
    );
    gradcheck(
      (x: T) => {
        const { U, S, Vh } = linalg.svd(x.narrow(1, 0, 3));
        return scaled(U.narrow(1, 0, 3), S.square()).matmul(Vh);
      },
      [a],
    );
  });

  test('that are not there', () => {
    const a = torch.randn([4, 3]).requiresGrad_();
    expect(() => linalg.qr(a, 'r').R.sum().backward()).toThrow(torch.AutogradError);
    expect(() => linalg.qr(a, 'complete').R.sum().backward()).toThrow(torch.AutogradError);
  });

  test('have their names in the graph', () => {
    const a = torch.eye(2).requiresGrad_();
    expect(String(linalg.inv(a))).toContain('grad_fn=<LinalgInvExBackward0>');
    expect(linalg.cholesky(a).gradFn?.name).toBe('LinalgCholeskyExBackward0');
  });
});

test('results have names', () => {
  const a = torch
    .tensor([
      [2, 0],
      [0, 1],
    ])
    .float();
  const [U, S, Vh] = linalg.svd(a);
  expect(S.tolist()).toEqual([2, 1]);
  expect(String(linalg.svd(a))).toBe(
    `torch.return_types.linalg_svd(\nU=${String(U)},\nS=tensor([2., 1.]),\nVh=${String(Vh)})`,
  );
  expect(linalg.lstsq(a, a).rank.item()).toBe(2);
  expect(a.slogdet().sign.item()).toBe(1);
  expect(String(torch.eye(2).slogdet())).toBe('torch.return_types.slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))');
  expect(linalg.eigh(a, { UPLO: 'u' }).eigenvalues.tolist()).toEqual([1, 2]);
});

test('batches are decomposed as their matrices are', () => {
  torch.manualSeed(5);
  const a = torch.randn([50, 12, 12], { dtype: 'float64' });
  const [values] = linalg.eigh(a);
  const [, S] = linalg.svd(a);
  const whole = linalg.inv(a);
  for (const i of [0, 17, 49]) {
    near(linalg.eigh(a.index(i)).eigenvalues, values.index(i), 'eigh');
    near(linalg.svdvals(a.index(i)), S.index(i), 'svd');
    near(linalg.inv(a.index(i)), whole.index(i), 'inv');
  }
});

describe('what PyTorch has no derivative of says so', () => {
  const symmetric = (): torch.Tensor =>
    torch.tensor(
      [
        [4, 2],
        [2, 5],
      ],
      { dtype: 'float64', requiresGrad: true },
    );
  test.each([
    ['geqrf', () => torch.geqrf(symmetric()).a],
    ['ldlFactor', () => torch.linalg.ldlFactor(symmetric()).LD],
    ['ldlFactorEx', () => torch.linalg.ldlFactorEx(symmetric()).LD],
    [
      'ldlSolve',
      () =>
        torch.linalg.ldlSolve(
          symmetric(),
          torch.tensor([1, 2], { dtype: 'int32' }),
          torch.ones(2, 1, { dtype: 'float64' }),
        ),
    ],
  ])('%s', (name, f) => {
    assert.throws(
      () => f().sum().backward(),
      (e: unknown) => e instanceof torch.AutogradError && e.message.includes(`derivative of ${name} `),
    );
  });
  test('pivots of no decomposition are refused', () => {
    const solve = (pivots: number[]): torch.Tensor =>
      torch.linalg.ldlSolve(torch.eye(2), torch.tensor(pivots, { dtype: 'int32' }), torch.ones(2, 1));
    for (const pivots of [
      [0, 1],
      [3, 1],
      [1, -2],
      [-1, -2],
    ])
      assert.throws(() => solve(pivots), RangeError);
  });
});
