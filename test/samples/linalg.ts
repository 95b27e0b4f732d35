// biome-ignore-all format: a table, one row a line
// The samples of torch.linalg, and of what torch and Tensor have of it. Arguments are made regular, and results that are
// determined up to signs are made comparable, by the same expressions on both sides. See index.ts.
import * as torch from '../../lib/index.ts';
import { at, type Arg, of, type Spec, still, t, typed } from '../helpers.ts';
import { type Args, FULL, inf, nan, type Sample, type Samples } from './sample.ts';

type Through = NonNullable<Sample['through']>;
type T = torch.Tensor;
const { eye } = torch;
/** The first argument, changed before the call; and the same in Python, of x. */
const given = (change: (x: T) => T, python: string, name: string): Pick<Sample, 'through' | 'torch'> => ({
  through: (f) => (x, ...rest) => f(change(x as T), ...rest),
  torch: `lambda x, *a, **k: ${name}(${python}, *a, **k)`,
});
/** Both: the argument changed, and the results. */
const around = (change: (x: T) => T, python: string, name: string, result: (r: T[]) => unknown, pythonResult: string): Pick<Sample, 'through' | 'torch'> => ({
  through: (f) => (x, ...rest) => result(f(change(x as T), ...rest) as T[]),
  torch: `lambda x, *a, **k: (lambda r: ${pythonResult})(${name}(${python}, *a, **k))`,
});
const eyeOf = (x: T): T => eye(x.size(-1), { dtype: x.dtype });
const EYE = 'torch.eye(x.shape[-1], dtype=x.dtype)';
/** Values by hand, whose gradient PyTorch lacks or has wrong. */
const fixed = (values: number[], shape: number[]): Spec => ({ ...of(values, shape), grad: false });
/** Far from singular. */
const regular = [(x: T): T => x.add(eyeOf(x).mul(5)), `x + 5 * ${EYE}`] as const;
const positive = [(x: T): T => x.matmul(x.mT).add(eyeOf(x)), `x @ x.mT + ${EYE}`] as const;
const symmetric = [(x: T): T => x.add(x.mT), 'x + x.mT'] as const;
const same = [(x: T): T => x, 'x'] as const;
const square: readonly Args[] = [[t([3, 3])], [t([2, 4, 4])], [t([1, 1])], [t([0, 0])], [t([0, 3, 3])], [t([2, 1, 2, 2])], [t([7, 7])]];
const NOT_SQUARE: NonNullable<Sample['bad']> = [[[t([2, 3])], /2 by 3/], [[t([3])], /at least 2/], [[typed('int64', [2, 2])], /int64/], [[typed('float16', [2, 2])], /float16/]];
const NOT_MATRICES = NOT_SQUARE.slice(1);
const options: NonNullable<Sample['bad']> = [[[t([2, 2]), { nonsense: 1 }], /nonsense/]];
const full = { dtypes: FULL, tolerance: 30 } as const;
const shapes: readonly Args[] = [[t([3, 3])], [t([4, 3])], [t([3, 4])], [t([2, 5, 2])], [t([2, 2, 5])], [t([1, 1])], [t([0, 3])], [t([3, 0])], [t([0, 2, 3])], [t([7, 6])], [t([15, 9])], [t([9, 16])]];
/** PyTorch has no derivative of the complete QR of these. */
const isTall = ({ shape }: Spec): boolean => shape.at(-2)! > shape.at(-1)!;
const withOption = (list: readonly Args[], option: Arg): Args[] => list.map((args) => [...args, option]);

/** U and Vh up to signs, and without the columns that are any. */
const svdResult = (r: T[]): T[] => {
  const k = r[1]!.size(-1);
  return [r[0]!.narrow(-1, 0, k).abs(), r[1]!, r[2]!.narrow(-2, 0, k).abs()];
};
const SVD = '(r[0][..., :r[1].shape[-1]].abs(), r[1], r[2][..., :r[1].shape[-1], :].abs())';
const oldSvdResult = (r: T[]): T[] => {
  const k = r[1]!.size(-1);
  return [r[0]!.narrow(-1, 0, k).abs(), r[1]!, r[2]!.narrow(-1, 0, k).abs()];
};
const OLD_SVD = '(r[0][..., :r[1].shape[-1]].abs(), r[1], r[2][..., :r[1].shape[-1]].abs())';
/** The orders of matrices in every way. */
const ords: readonly Arg[] = ['fro', 'nuc', 1, -1, 2, -2, inf, -inf];

// systems: the second argument of these is regular
const systems: readonly Args[] = [[t([3, 3]), t([3, 2])], [t([3, 3]), t([3])], [t([2, 3, 3]), t([2, 3, 1])], [t([2, 3, 3]), t([2, 3])], [t([2, 3, 3]), t([3, 2])], [t([3, 3]), t([2, 3, 2])], [t([2, 1, 3, 3]), t([4, 3, 2])], [t([0, 0]), t([0, 2])], [t([3, 3]), t([3, 0])], [t([0, 3, 3]), t([0, 3, 1])], [t([1, 1]), t([1, 1])], [t([18, 18]), t([18, 3])]];
const second = (change: (x: T) => T): Through => (f) => (b, x, ...rest) => f(b, change(x as T), ...rest);

export const linalg = {
  // inverses, determinants, systems
  'linalg.inv': { cases: square, ...given(...regular, 'torch.linalg.inv'), ...full, bad: [...NOT_SQUARE, [[of([1, 2, 2, 4], [2, 2])], /element 2 is zero.*singular/], [[of([1, 0, 0, 1, 0, 0, 0, 0], [2, 2, 2])], /Batch element 1/]] },
  'linalg.invEx': { cases: square, ...around(...regular, 'torch.linalg.inv_ex', (r) => r, 'tuple(r)'), ...full, bad: [...NOT_SQUARE, ...options, [[t([2, 2]), { checkErrors: 1 }]], [[of([0], [1, 1]), { checkErrors: true }], /singular/]] },
  inverse: { cases: square, ...given(...regular, 'torch.inverse'), ...full, bad: [...NOT_SQUARE, [[of([0, 0, 0, 0], [2, 2])], /singular/]] },
  'linalg.det': { cases: [...square, [fixed([1, 2, 2, 4], [2, 2])], [of([1, 2, 3, 4, 5, 6, 7, 8, 10], [3, 3])], [of([0, 0, 0, 0], [2, 2])], [fixed([0], [1, 1])]], ...full, layouts: true, bad: NOT_SQUARE },
  det: { cases: [...square, [fixed([1, 2, 2, 4], [2, 2])]], ...full, bad: NOT_SQUARE },
  'linalg.slogdet': { cases: [...square, [of([0, 1, 1, 0], [2, 2])]], ...full, bad: NOT_SQUARE },
  slogdet: { cases: square, ...full, bad: NOT_SQUARE },
  logdet: { cases: [...square, [of([0, 1, 1, 0], [2, 2])]], ...given((x) => x.matmul(x.mT).add(eyeOf(x)), `x @ x.mT + ${EYE}`, 'torch.logdet'), ...full, bad: NOT_SQUARE },
  'linalg.solve': { cases: [...systems, [t([3, 3]), t([2, 3]), { left: false }], [t([2, 3, 3]), t([4, 3]), { left: false }]], ...given(...regular, 'torch.linalg.solve'), ...full, layouts: true, bad: [[[t([2, 3]), t([2])]], [[t([3, 3]), t([2])], /incompatible/], [[t([3, 3]), typed('float64', [3])], /float32 and float64/], [[of([0, 0, 0, 0], [2, 2]), t([2])], /singular/], [[t([3, 3]), t([3]), { left: false }]], [[t([3, 3])]], [[t([3, 3]), t([])]], [[t([2, 2]), t([2]), { right: true }], /right/]] },
  'linalg.solveEx': { cases: systems.slice(0, 4), ...around(...regular, 'torch.linalg.solve_ex', (r) => r, 'tuple(r)'), ...full, bad: [[[t([2, 3]), t([2])]], [[of([0, 0, 0, 0], [2, 2]), t([2]), { checkErrors: true }], /singular/]] },
  'linalg.solveTriangular': { cases: [[t([3, 3]), t([3, 2]), { upper: true }], [t([3, 3]), t([3, 2]), { upper: false }], [t([3, 3]), t([2, 3]), { upper: true, left: false }], [t([3, 3]), t([2, 3]), { upper: false, left: false, unitriangular: true }], [t([3, 3], [-1, 1]), t([3, 2]), { upper: true, unitriangular: true }], [t([2, 3, 3]), t([3, 2]), { upper: true }], [t([3, 3]), t([2, 3, 1]), { upper: false }], [t([0, 0]), t([0, 2]), { upper: true }], [t([40, 40], [-0.2, 0.2]), t([40, 3]), { upper: true }], [t([60, 60], [-0.2, 0.2]), t([60, 1]), { upper: false }]], ...given(...regular, 'torch.linalg.solve_triangular'), ...full, bad: [[[t([3, 3]), t([3, 2])], /upper/], [[t([3, 3]), t([2, 2]), { upper: true }]], [[t([3, 3]), t([3]), { upper: true }]], [[t([3, 2]), t([3, 2]), { upper: true }]], [[t([3, 3]), typed('float64', [3, 2]), { upper: true }]]] },
  'linalg.tensorinv': { cases: [[t([2, 2, 4])], [t([4, 2, 2]), 1], [t([2, 3, 6]), { ind: 2 }]], ...full, tolerance: 300, layouts: false, bad: [[[t([2, 3, 4])], /6 and 4/], [[t([2, 2, 4]), 0]], [[t([2, 2, 4]), 'x']]] },
  'linalg.tensorsolve': { cases: [[t([2, 3, 6]), t([2, 3])], [t([4, 2, 2]), t([4])], [t([2, 6, 3]), t([2, 3]), { dims: [1] }]], ...full, tolerance: 300, layouts: false, bad: [[[t([2, 3, 4]), t([2, 3])]], [[t([2, 3, 6]), typed('float64', [2, 3])]], [[t([2, 3, 6]), t([2, 3]), 'x']]] },

  // Cholesky
  'linalg.cholesky': { cases: [...square, [t([3, 3]), { upper: true }], [t([2, 4, 4]), { upper: true }]], ...given(...positive, 'torch.linalg.cholesky'), ...full, bad: [...NOT_SQUARE, ...options, [[of([1, 2, 2, 1], [2, 2])], /order 2 is not positive-definite/], [[of([1, 0, 0, 1, -1, 0, 0, 1], [2, 2, 2])], /Batch element 1.*order 1/], [[of([nan], [1, 1])], /positive-definite/]] },
  'linalg.choleskyEx': { cases: [...square.slice(0, 3), [t([3, 3]), { upper: true }]], ...around(...positive, 'torch.linalg.cholesky_ex', (r) => r, 'tuple(r)'), ...full, bad: [...NOT_SQUARE, ...options, [[of([-1], [1, 1]), { checkErrors: true }]]] },
  cholesky: { cases: [...square.slice(0, 4), [t([3, 3]), true], [t([2, 3, 3]), { upper: true }]], ...given(...positive, 'torch.cholesky'), ...full, bad: [...NOT_SQUARE, [[of([-1], [1, 1])], /positive-definite/]] },
  choleskySolve: { cases: [[t([3, 2]), t([3, 3])], [t([2, 3, 2]), t([2, 3, 3])], [t([3, 2]), t([2, 3, 3])], [t([3, 2]), t([3, 3]), true], [t([0, 2]), t([0, 0])]], through: second((x) => x.tril().add(eyeOf(x).mul(5))), torch: 'lambda b, x, upper=False: torch.cholesky_solve(b, x.tril() + 5 * torch.eye(x.shape[-1], dtype=x.dtype), upper)', ...full, bad: [[[t([3]), t([3, 3])]], [[t([2, 1]), t([3, 3])]], [[t([3, 1]), t([3, 2])]], [[t([3, 1]), typed('float64', [3, 3])]]] },
  choleskyInverse: { cases: [[t([3, 3])], [t([2, 3, 3])], [t([3, 3]), true], [t([0, 0])]], ...given((x) => x.tril().add(eyeOf(x).mul(5)), 'x.tril() + 5 * torch.eye(x.shape[-1], dtype=x.dtype)', 'torch.cholesky_inverse'), ...full, bad: NOT_SQUARE },

  // LU
  'linalg.lu': { cases: shapes, ...around(...same, 'torch.linalg.lu', (r) => r, 'tuple(r)'), ...full, tolerance: 100, bad: [...NOT_MATRICES, [[t([2, 2]), { pivot: false }], /pivot/]] },
  'linalg.luFactor': { cases: shapes, ...around(...same, 'torch.linalg.lu_factor', (r) => r, 'tuple(r)'), ...full, tolerance: 100, layouts: false, bad: [...NOT_MATRICES, [[t([2, 2]), { pivot: false }]], [[of([0, 0, 0, 0], [2, 2])], /U\[1,1\]/]] },
  'linalg.luFactorEx': { cases: [...shapes.slice(0, 4), [of([0, 0, 0, 1], [2, 2])]], ...around(...same, 'torch.linalg.lu_factor_ex', (r) => r, 'tuple(r)'), ...full, tolerance: 100, gradient: false, bad: [...NOT_MATRICES, [[t([2, 2]), { pivot: 1 }]]] },
  lu: { cases: [[t([3, 3])], [t([4, 3])], [t([2, 3, 4]), true, true], [t([3, 3]), { getInfos: true }]], torch: 'torch.lu', ...full, layouts: false, bad: [...NOT_MATRICES, [[t([2, 2]), false]], [[of([0, 0, 0, 0], [2, 2])]]] },
  'linalg.luSolve': { cases: [[t([3, 3]), at([3, 2, 3]), t([3, 2])], [t([3, 3]), at([1, 3, 3]), t([3, 2]), { adjoint: true }], [t([3, 3]), at([1, 3, 3]), t([2, 3]), { left: false }], [t([3, 3]), at([2, 2, 3]), t([2, 3]), { left: false, adjoint: true }], [t([2, 3, 3]), at([3, 2, 3, 1, 2, 3], [2, 3]), t([3, 2])]], through: (f) => (x, p, ...rest) => f(regular[0](x as T), (p as T).to('int32'), ...rest), torch: `lambda x, p, b, **k: torch.linalg.lu_solve(x + 5 * ${EYE}, p.int(), b, **k)`, ...full, layouts: true, bad: [[[t([3, 3]), at([1, 2, 3]), t([3, 2])], /int32/], [[t([3, 3]), typed('int32', [3], [9, 9]), t([3, 2])], /between 1 and 3/], [[t([3, 3]), typed('int32', [2], [1, 1]), t([3, 2])]], [[t([3, 2]), typed('int32', [2], [1, 1]), t([3, 2])]], [[t([3, 3]), typed('int32', [3], [1, 1]), t([2, 2])]]] },
  luSolve: { cases: [[t([3, 2]), t([3, 3]), at([3, 2, 3])]], through: (f) => (b, x, p) => f(b, regular[0](x as T), (p as T).to('int32')), torch: `lambda b, x, p: torch.lu_solve(b, x + 5 * ${EYE}, p.int())`, ...full, bad: [[[t([3, 2]), t([3, 3]), at([1, 2, 3])]]] },
  luUnpack: { cases: [[t([3, 3]), at([3, 2, 3])], [t([4, 3]), at([3, 4, 3])], [t([3, 4]), at([3, 2, 3])], [t([3, 3]), at([3, 2, 3]), { unpackPivots: false }], [t([3, 3]), at([3, 2, 3]), false]], through: (f) => (x, p, ...rest) => f(x, (p as T).to('int32'), ...rest), torch: 'lambda x, p, *a, **k: tuple(torch.lu_unpack(x, p.int(), *a, **k))', ...full, bad: [[[t([3, 3]), at([1, 2, 3])]]] },

  // QR
  'linalg.qr': { cases: [...shapes, ...withOption(shapes.map(([x]) => [{ ...(x as Spec), grad: !isTall(x as Spec) }]), 'complete'), [t([3, 3]), { mode: 'reduced' }]], ...full, tolerance: 100, layouts: true, bad: [...NOT_MATRICES, [[t([2, 2]), 'full'], /full/]] },
  qr: { cases: [[t([3, 3])], [t([4, 3])], [t([3, 4])], [t([3, 4]), false], [t([3, 3]), { some: true }]], torch: 'torch.qr', ...full, bad: [...NOT_MATRICES, [[t([2, 2]), 'x']]] },

  // spectral
  'linalg.eigh': { cases: [...square, [t([3, 3]), 'U'], [t([2, 3, 3]), 'l']], ...around(...symmetric, 'torch.linalg.eigh', (r) => [r[0]!, r[1]!.abs()], '(r[0], r[1].abs())'), ...full, tolerance: 100, bad: [...NOT_SQUARE, [[t([2, 2]), 'Q'], /Q/], [[of([nan, 1, 1, 1], [2, 2])], /converge/], [[of([1, inf, inf, 1], [2, 2])], /converge/]] },
  'linalg.eigvalsh': { cases: [...square, [t([3, 3]), 'U']], ...given(...symmetric, 'torch.linalg.eigvalsh'), ...full, tolerance: 100, bad: [...NOT_SQUARE, [[t([2, 2]), 'Q'], /Q/], [[of([nan], [1, 1])], /converge/]] },
  'linalg.svd': { cases: [...withOption(shapes, false), [t([3, 3])], [t([4, 3])], [t([3, 4]), { fullMatrices: true }]], ...around(...same, 'torch.linalg.svd', svdResult, SVD), ...full, tolerance: 100, bad: [...NOT_MATRICES, ...options, [[t([2, 2]), { driver: 'gesvd' }], /CUDA/], [[of([nan, 1, 1, 1], [2, 2])], /non-finite/]] },
  svd: { cases: [[t([3, 3])], [t([4, 3])], [t([3, 4])], [t([2, 4, 3]), false]], ...around(...same, 'torch.svd', oldSvdResult, OLD_SVD), ...full, tolerance: 100, bad: [...NOT_MATRICES, [[t([2, 2]), { someting: true }], /someting/]] },
  'linalg.svdvals': { cases: shapes, ...full, tolerance: 100, bad: [...NOT_MATRICES, [[of([nan], [1, 1])], /non-finite/]] },
  'linalg.matrixRank': { cases: [[t([3, 3])], [t([2, 4, 3])], [of([1, 2, 2, 4], [2, 2])], [of([1, 2, 2, 4], [2, 2]), { hermitian: true }], [t([3, 3]), { atol: 2 }], [t([3, 3]), { rtol: 0.5 }], [t([3, 3]), { atol: 1, rtol: 0.5 }], [t([3, 3]), 1.5], [t([2, 3, 3]), { atol: still([2], [1, 2]) }], [t([2, 3, 3]), { rtol: still([2], [0, 1]) }], [t([0, 3])], [t([0, 3, 3])]], ...full, gradient: false, bad: [...NOT_MATRICES, [[t([2, 3]), { hermitian: true }]], [[t([2, 2]), { atol: 'x' }]], [[t([2, 3, 3]), { atol: still([3]) }]]] },
  'linalg.pinv': { cases: [...shapes, [still([3, 3]), 0.5], [still([3, 3]), { atol: 1.5 }], [still([2, 3, 4]), { rtol: 0.3 }], [of([1, 2, 2, 4], [2, 2]), { hermitian: true }], [still([2, 3, 3]), { atol: still([2], [0, 1]) }]], ...full, tolerance: 300, bad: [...NOT_MATRICES, [[t([2, 3]), { hermitian: true }]], [[t([2, 2]), { rtol: 'x' }]]] },
  pinverse: { cases: [[t([3, 3])], [t([4, 3])], [t([2, 2, 3])], [still([3, 3]), 0.5]], ...full, tolerance: 300, bad: NOT_MATRICES },
  'linalg.lstsq': {
    cases: [[t([4, 2]), t([4, 3])], [t([2, 4]), t([2, 3])], [t([3, 3]), t([3, 1])], [t([2, 4, 2]), t([2, 4, 1])], [t([2, 4, 2]), t([2, 4])], [t([4, 2]), t([4, 3]), { driver: 'gels' }], [still([4, 2]), still([4, 3]), { driver: 'gelsd' }], [still([2, 4, 2]), still([2, 4, 1]), { driver: 'gelss' }], [still([2, 4]), still([2, 3]), { driver: 'gelsd' }], [fixed([1, 2, 2, 4, 3, 6], [3, 2]), still([3, 1]), { driver: 'gelsd' }], [fixed([1, 2, 2, 4, 3, 6], [3, 2]), still([3, 1])], [still([4, 3]), still([4, 1]), 0.5], [t([0, 2]), t([0, 1])], [t([0, 3, 2]), t([0, 3, 1])]],
    torch: 'lambda *a, **k: tuple(torch.linalg.lstsq(*a, **k))', ...full, tolerance: 300, layouts: false,
    bad: [[[t([3, 2]), t([2, 1])]], [[t([3, 2]), typed('float64', [3, 1])]], [[t([3, 2]), t([3, 1]), { driver: 'qr' }], /qr/], [[of([1, 2, 2, 4, 3, 6], [3, 2]), t([3, 1]), { driver: 'gels' }], /full rank/], [[t([3]), t([3])]], [[t([3, 2]), t([3, 1]), 'x']]],
  },
  'linalg.cond': { cases: [[t([3, 3])], [t([2, 4, 3])], ...ords.map((p): Args => [t([2, 3, 3]), p]), [fixed([1, 2, 2, 4], [2, 2]), 1], [t([0, 0])]], ...full, tolerance: 300, layouts: false, bad: [...NOT_MATRICES, [[t([2, 3]), 1]], [[t([2, 2]), 3]], [[t([2, 2]), 'x'], /x/]] },

  // norms
  'linalg.vectorNorm': { cases: [[t([3, 4])], ...[0, 1, 2, 3, 0.5, -1, -2, inf, -inf].map((p): Args => [t([3, 4]), p, 1]), [t([2, 3, 4]), 2, [0, 2], true], [t([2, 3]), { dim: 0, ord: 1 }], [t()], [t([0])], [t([2, 3]), { dtype: 'float64' }], [of([3, nan, 4])], [of([0, 0])]], dtypes: ['float32', 'float64', 'float16', 'bfloat16'], tolerance: 3, bad: [[[typed('int64', [2])], /int64/], [[t([2]), 'fro']], [[t([2]), 2, 1]], [[t([0]), inf]], [[t([2]), { dtype: 'int64' }]]] },
  'linalg.matrixNorm': { cases: [...ords.map((p): Args => [t([3, 4]), p]), ...ords.map((p): Args => [t([2, 3, 4]), p, [0, 2], true]), [t([2, 3, 4])], [t([3, 3]), { ord: 1, keepdim: true }], [t([3, 3]), { dtype: 'float64' }], [t([0, 3]), 2], [t([0, 3]), 1], [t([3, 0]), 1]], ...full, bad: [[[t([3])]], [[typed('int64', [2, 2])]], [[t([2, 2]), 3]], [[t([2, 2]), 'x'], /x/], [[t([2, 2, 2]), 1, [0]]], [[t([2, 2, 2]), 1, [0, 0]]], [[t([2, 2, 2]), 1, [0, 5]]]] },
  'linalg.norm': { cases: [[t([3, 4])], [t([4])], [t([2, 3, 4])], [t([4]), 1], [t([4]), inf], ...ords.map((p): Args => [t([3, 4]), p]), [t([2, 3, 4]), 2, [0, 1]], [t([2, 3, 4]), 'nuc', [0, 1], true], [t([2, 3]), 3, 1], [t([2, 3]), null, 1], [t([2, 3, 4]), { dim: [0, 1] }], [t()]], ...full, bad: [[[t([2, 2, 2]), 2]], [[t([3]), 'fro']], [[t([3, 3]), 'x']], [[typed('int64', [3])]], [[t([3, 3]), 1, 2]]] },

  // products
  'linalg.matmul': { cases: [[t([2, 3]), t([3, 2])]], says: 'matmul', bad: [[[t([2, 3]), t([2])]]] },
  'linalg.diagonal': { cases: [[t([3, 4])], [t([2, 3, 3])], [t([2, 3, 4]), { offset: 1 }], [t([2, 3, 4]), { dim1: 0, dim2: 1 }]], bad: [[[t([2])]], [[t([2, 2]), 1]], [[t([2, 2]), { dim1: 0, dim2: 0 }]]] },
  'linalg.matrixPower': { cases: [[t([3, 3]), 2], [t([3, 3]), 0], [t([3, 3]), 1], [t([2, 3, 3]), 5], [t([0, 0]), 3], [t([3, 3]), -1], [t([2, 3, 3]), -2]], ...given((x) => x.add(eyeOf(x).mul(3)), `x + 3 * ${EYE}`, 'torch.linalg.matrix_power'), ...full, tolerance: 100, bad: [[[t([2, 3]), 2]], [[t([2, 2]), 0.5], /0\.5/], [[t([2, 2])]], [[of([0, 0, 0, 0], [2, 2]), -1], /singular/]] },
  matrixPower: { cases: [[t([3, 3]), 3], [typed('int64', [3, 3]), 4], [t([2, 3, 3]), 0], [t([2, 2]), { n: 2 }]], ...full, bad: [[[t([2, 3]), 2]], [[t([2, 2]), 'x']]] },
  'linalg.matrixExp': { cases: [...square, [t([3, 3], [-20, 20])], [of([0, 1, 0, 0], [2, 2])], [of([nan, 1, 1, 1], [2, 2])]], ...full, tolerance: 300, bad: NOT_SQUARE },
  matrixExp: { cases: square.slice(0, 4), ...full, tolerance: 100, bad: NOT_SQUARE },
  'linalg.multiDot': { cases: [[[t([2, 3]), t([3, 4])]], [[t([2, 3]), t([3, 4]), t([4, 1])]], [[t([3]), t([3, 4]), t([4])]], [[t([3]), t([3, 4]), t([4, 2])]], [[t([5, 2]), t([2, 6]), t([6, 3]), t([3, 4])]], [[t([3]), t([3])]]], ...full, bad: [[[[t([2, 2])]], /at least 2/], [[t([2, 2])]], [[[t([2, 3]), t([2, 3])]], /2, 3/], [[[t([2, 2]), t([2, 2, 2])]]], [[[t([2]), 3]]]] },
  chainMatmul: { cases: [[t([2, 3]), t([3, 4])], [t([5, 2]), t([2, 6]), t([6, 3])], [t([2, 3])]], ...full, bad: [[[t([2, 3]), t([2, 3])]], [[t([2])]]] },
  'linalg.vecdot': { cases: [[t([2, 3]), t([2, 3])], [t([2, 3]), t([3])], [t([2, 3]), t([2, 3]), { dim: 0 }], [t([0]), t([0])]], dtypes: ['float32', 'float64', 'bfloat16'], tolerance: 3, bad: [[[t([3]), t([2])]], [[t([3]), typed('float64', [3])]], [[typed('int64', [3]), typed('int64', [3])]], [[t([3]), t([3]), { dim: 1 }]]] },
  'linalg.cross': { cases: [[t([3]), t([3])], [t([2, 3]), t([2, 3])], [t([2, 3]), t([1, 3])], [t([3, 2]), t([3, 2]), { dim: 0 }]], dtypes: ['float32', 'float64', 'int64', 'bfloat16'], bad: [[[t([2]), t([2])], /length 3/], [[t([3]), t([2, 3])]], [[t([3]), t([3]), { dim: 1 }]]] },
  'linalg.vander': { cases: [[t([3])], [t([2, 3])], [t([3]), { N: 5 }], [t([3]), 2], [typed('int32', [3]), { N: 3 }]], dtypes: ['float32', 'float64', 'int64'], torch: 'lambda x, *a, _n=None: torch.linalg.vander(x, N=a[0] if a else _n)', tolerance: 3, bad: [[[t([])]], [[t([3]), 1]], [[t([3]), 'x']], [[typed('bool', [3])], /bool/]] },
} satisfies Samples;
