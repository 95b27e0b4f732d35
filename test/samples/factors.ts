// biome-ignore-all format: a table, one row a line
// The samples of reflectors, LDLᵀ, triangular systems and decompositions of low rank. See index.ts.
import * as torch from '../../lib/index.ts';
import { of, still, t, typed } from '../helpers.ts';
import { FULL, flatly, type Sample, type Samples } from './sample.ts';

type T = torch.Tensor;
const full = { dtypes: FULL, tolerance: 60 } as const;
/** Symmetric: only one half is read. */
const symmetric = (name: string): Pick<Sample, 'through' | 'torch'> => ({
  through: (f) => (x, ...rest) => f((x as T).add((x as T).mT), ...rest), torch: `lambda x, *a, **k: ${name}(x + x.mT, *a, **k)`,
});
const factored = { through: ((f) => (x, b) => { const { LD, pivots } = torch.linalg.ldlFactor((x as T).add((x as T).mT)); return f(LD, pivots, b); }) as NonNullable<Sample['through']>, torch: 'lambda x, b: torch.linalg.ldl_solve(*torch.linalg.ldl_factor(x + x.mT), b)' };
const bads: NonNullable<Sample['bad']> = [[[t([3])], /at least 2/], [[typed('int64', [2, 2])], /int64/], [[typed('float16', [2, 2])], /float16/]];
/** Up to signs, from the same random numbers. */
const sampled = (name: string): Pick<Sample, 'through' | 'torch'> => ({
  through: (f) => (...a) => { torch.manualSeed(0); const r = f(...a) as T[]; return [r[0]!.abs(), r[1], r[2]!.abs()]; },
  torch: `lambda *a, **k: (torch.manual_seed(0), (lambda r: (r[0].abs(), r[1], r[2].abs()))(${name}(*a, **k)))[1]`,
});

export const factors = {
  geqrf: { cases: [[t([3, 3])], [t([4, 3])], [t([3, 5])], [t([2, 4, 2])], [t([1, 1])], [t([0, 2])], [t([3, 0])], [t([40, 35])]], ...full, gradient: 'refused', bad: bads },
  'linalg.householderProduct': { cases: [[t([3, 3]), t([3])], [t([4, 3]), t([2])], [t([2, 4, 2]), t([2, 2])], [t([3, 2]), t([0])], [t([1, 1]), t([1])], [t([0, 0]), t([0])]], torch: 'torch.linalg.householder_product', ...full, bad: [...bads.map(([args]): [typeof args] => [[...args, t([2])]]), [[t([2, 3]), t([2])]], [[t([3, 2]), t([3])]], [[t([2, 3, 2]), t([1])]]] },
  orgqr: { cases: [[t([4, 3]), t([3])], [t([2, 3, 2]), t([2, 1])]], ...full, bad: [[[t([2, 3]), t([2])]]] },
  ormqr: { cases: [[t([3, 2]), t([2]), t([3, 4])], [t([3, 3]), t([3]), t([3, 2]), true, true], [t([3, 2]), t([2]), t([4, 3]), false], [t([3, 2]), t([2]), t([4, 3]), { left: false, transpose: true }], [t([2, 3, 2]), t([2, 2]), t([2, 3, 1])]], ...full, bad: [[[t([3, 2]), t([2]), t([2, 3])]], [[t([3, 2]), t([3]), t([3, 2])]], [[t([3, 2]), t([2]), t([3, 2]), 1]]] },
  triangularSolve: { cases: [[t([3, 2]), t([3, 3], [1, 3])], [t([3, 2]), t([3, 3], [1, 3]), false], [t([3, 2]), t([3, 3], [1, 3]), true, true], [t([3, 2]), t([3, 3], [1, 3]), { upper: false, unitriangular: true, transpose: true }], [t([2, 3, 1]), t([2, 3, 3], [1, 3])], [t([3, 1]), t([2, 3, 3], [1, 3])]], ...full, bad: [[[t([3, 2]), t([2, 2])]], [[t([3]), t([3, 3])]], [[t([2, 2]), t([2, 3])]]] },
  'linalg.ldlFactor': { cases: [[t([2, 2])], [t([3, 3])], [t([2, 4, 4])], [t([1, 1], [1, 2])], [t([0, 0])], [t([9, 9])], [t([2, 1, 2, 2])], [t([70, 70])], [of([0.5, 2, 3, 0, 0, 4, 0, 0, 0], [3, 3])], [t([3, 3]), { hermitian: true }]], ...symmetric('torch.linalg.ldl_factor'), ...full, gradient: 'refused', bad: [[[t([2, 3])], /2 by 3/], [[of([0, 0, 0, 0], [2, 2])], /zero/], [[t([2, 2]), { upper: true }]]] },
  'linalg.ldlFactorEx': { cases: [[t([2, 2])], [t([3, 3])], [of([0, 0, 0, 0], [2, 2])], [of([0, 0, 0, 0, 1, 2, 2, 1], [2, 2, 2])]], ...symmetric('torch.linalg.ldl_factor_ex'), ...full, gradient: 'refused', bad: [[[of([0, 0, 0, 0], [2, 2]), { checkErrors: true }], /zero/]] },
  'linalg.ldlSolve': { cases: [[t([2, 2]), t([2, 2])], [t([3, 3]), t([3, 2])], [t([2, 4, 4]), t([2, 4, 1])], [t([9, 9]), t([9, 3])], [t([2, 3, 3]), t([3, 2])], [of([0.5, 2, 3, 0, 0, 4, 0, 0, 0], [3, 3]), of([1, 2, 3], [3, 1])], [t([0, 0]), t([0, 2])]], ...factored, ...full, gradient: 'refused', bad: [] },
  svdLowrank: { cases: [[t([8, 7]), { q: 3 }], [t([4, 9]), 4, 1], [t([2, 6, 5]), { q: 5, niter: 0 }], [t([7, 6]), { q: 2, M: still([7, 6]) }], [t([3, 3])]], ...sampled('torch.svd_lowrank'), dtypes: ['float64'], tolerance: 1e4, gradient: false, bad: [[[t([3])]], [[t([3, 3]), -1]], [[t([3, 3]), { niter: -1 }]]] },
  pcaLowrank: { cases: [[t([8, 7])], [t([8, 7]), { q: 3 }], [t([4, 9]), 2, false], [t([2, 6, 5]), 5, true, 1]], ...sampled('torch.pca_lowrank'), dtypes: ['float64'], tolerance: 1e4, ...flatly, bad: [[[t([3])]], [[t([3, 3]), 4]], [[t([3, 3]), { niter: -1 }]]] },
} satisfies Samples;
