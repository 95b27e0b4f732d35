// biome-ignore-all format: a table, one row a line
// The samples of the operators beyond core.ts: sets, grids, counting, diagonals, products, quantiles, special functions. See index.ts.
import { at, index, mask, of, still, t, typed } from '../helpers.ts';
import { FLOATS, flatly, inf, method, moves, nan, positive, type Samples, unary } from './sample.ts';

const REAL = ['float32', 'float64'] as const;

export const operators = {
  // sets and searching
  unique: {
    cases: [
      [of([3, 1, 3, 2, 1])], [of([3, 1, 3, 0, 1, 1], [2, 3]), { returnInverse: true, returnCounts: true }], [of([2, 1]), false], [of([3, 1, 3]), true, true], [of([3, 1, 3]), true, false, true],
      [of([nan, 1, nan, -0, 0])], [of([5], [])], [of([5], []), true, true, true], [t([0]), true, true, true], [t([2, 0]), { returnInverse: true }], [index([100], 7), true, true, true],
      [of([1, 2, 1, 0, 5, 0, 1, 2, 1], [3, 3]), { dim: 0 }], [of([1, 2, 1, 0, 5, 0, 1, 2, 1], [3, 3]), { dim: 1, returnInverse: true, returnCounts: true }], [index([2, 9, 3], 2), { dim: 1, returnInverse: true, returnCounts: true }], [index([40, 5], 2), true, true, true, 0],
      [of([2, 1, 2]), { dim: -1, returnCounts: true }], [t([0, 3]), { dim: 0 }], [t([2, 0]), { dim: 0 }], [mask(2, 3), true, true, true],
    ],
    ...flatly, bad: [[[t([2]), { dim: 1 }], /range/], [[t([2]), { inverse: true }], /inverse/], [[t([2]), 1]]],
  },
  uniqueConsecutive: {
    cases: [
      [of([1, 1, 2, 2, 1, 3])], [of([1, 1, 2, 2, 1, 3], [2, 3]), true, true], [of([1, 1, 2]), { returnCounts: true }], [of([5], [])], [t([0]), true, true], [of([nan, nan, 1])],
      [of([1, 2, 1, 2, 0, 0], [3, 2]), { dim: 0, returnInverse: true, returnCounts: true }], [of([1, 1, 2, 2], [2, 2]), true, true, 1], [t([0, 2]), { dim: 0 }],
    ],
    ...flatly, bad: [[[t([2]), { dim: 1 }]], [[t([2]), { sorted: true }]]],
  },
  isin: {
    cases: [[of([1, 2, 3, 4], [2, 2]), of([3, 1])], [t([2, 3]), t([4])], [of([1, 2]), 2], [2, of([1, 2])], [of([1, 2]), of([2]), { invert: true }], [of([1, 2, 3]), of([3, 3]), { assumeUnique: true }], [of([nan, 1]), of([nan])], [of([1, 2]), t([0])], [t([0]), of([1])], [index([50], 9), at([1, 5])], [at([1, 2]), 1.5]],
    ...flatly, bad: [[[t([2]), 'x']], [[t([2]), t([2]), { unique: true }]], [[1, 2]]],
  },
  searchsorted: {
    cases: [
      [of([1, 3, 5, 7]), of([0, 3, 8, 4])], [of([1, 3, 3, 7]), of([3, 1, 7, 2], [2, 2]), { right: true }], [of([1, 3, 3, 7]), of([3]), { side: 'right', outInt32: true }], [of([1, 3, 5]), 3], [at([1, 3, 5]), 3.5], [at([1, 3, 5]), 3, { right: true }],
      [of([1, 3, 5, 2, 4, 6], [2, 3]), of([3, 5, 3, 5], [2, 2])], [of([5, 1, 3]), of([2, 4]), { sorter: at([1, 2, 0]) }], [t([0]), of([1, 2])], [of([1, 2]), t([0])], [of([1, nan]), of([nan, 3])], [of([1, 3]), of([2], [])],
    ],
    ...flatly, bad: [[[t([2, 3]), t([3, 2])], /\[2, 3\]/], [[t([3]), typed('int64', [2])], /dtype/], [[t(), t([2])]], [[t([3]), t([2]), { right: true, side: 'left' }], /side/], [[t([3]), t([2]), { side: 'up' }]], [[t([3]), t([2]), { sorter: at([0, 1]) }]]],
  },
  bucketize: {
    cases: [[of([0, 3, 9, 5], [2, 2]), of([1, 3, 5])], [of([0, 3, 9]), of([1, 3, 5]), { right: true }], [of([3]), of([1, 3]), { outInt32: true }], [3, of([1, 3, 5])], [t([0]), of([1])], [t([40]), of([-1, 0, 1])]],
    ...flatly, bad: [[[t([2]), t([2, 2])]], [[t([2]), typed('int64', [2])]], [[t([2]), t([2]), { side: 'left' }]]],
  },

  // repeating, grids, blocks
  repeatInterleave: {
    cases: [[t([2, 3]), 2], [t([2, 3]), 3, 0], [t([2, 3]), 2, { dim: -1 }], [t([3]), at([2, 0, 1])], [t([2, 3]), at([1, 2]), 0], [t([2, 3]), at([2]), 1], [t([2, 3]), at([2], []), 0], [at([2, 0, 1])], [t(), 3], [t([0, 2]), 2, 0], [t([2]), 0], [t([3]), at([2, 0, 1]), { dim: 0, outputSize: 3 }], [typed('int32', [3], [0, 3])]],
    bad: [[[t([2]), -1]], [[t([3]), at([1, 2])]], [[t([2]), 1.5]], [[t([2]), at([1, -1])]], [[t([2]), 2, 1]], [[t([2]), 2, { outputSize: 5 }]], [[t([2]), t([2])], /whole/]],
  },
  meshgrid: { ...moves([[t([2]), t([3]), { indexing: 'ij' }], [t([2]), t([3])], [t([2]), t([3]), t([2]), { indexing: 'xy' }], [t(), t([2])], [t([3])], [t([3]), { indexing: 'xy' }], [t([0]), t([2])]], [[[t([2, 2])]], [[t([2]), typed('int64', [2])]], [[t([2]), t([2]), { indexing: 'yx' }], /indexing/], [[t([2]), { index: 'ij' }]]]) },
  cartesianProd: { cases: [[t([2]), t([3])], [t([2]), t([3]), t([2])], [t([3])], [t([0]), t([2])]], bad: [[[t([2, 2]), t([2])]], [[t([2]), 3]], [[t(), t([2])]]] },
  combinations: { cases: [[t([4])], [t([4]), 3], [t([3]), 2, true], [t([3]), { r: 3, withReplacement: true }], [t([4]), 1], [t([2]), 3], [t([3]), 0], [t([0])]], bad: [[[t([2, 2])]], [[t([3]), -1]], [[t([3]), 1.5]]] },
  broadcastTensors: moves([[t([3]), t([2, 1])], [t([2, 3])], [t(), t([2]), t([1, 1])]], [[[t([2]), t([3])], /\[2\]/], [[t([2]), 1]]], {}),
  blockDiag: { cases: [[t([2, 2]), t([1, 3])], [t([2]), t(), t([3, 1])], [t([0, 2]), t([2])], [t([2, 2])]], bad: [[[t([2, 2, 2])]], [[t([2]), 3]]] },
  columnStack: { cases: [[[t([3]), t([3])]], [[t([2, 2]), t([2])]], [[t(), t()]]], bad: [[[[t([2]), t([3])]]], [[[]]]], says: ['columnStack', 'cat'] },
  dstack: { cases: [[[t([3]), t([3])]], [[t([2, 3]), t([2, 3])]], [[t(), t()]], [[t([2, 3, 1]), t([2, 3, 2])]]], bad: [[[[t([2]), t([3])]]], [[[]]]] },
  rowStack: { cases: [[[t([3]), t([3])]], [[t([2, 3]), t([1, 3])]]], torch: 'torch.vstack', bad: [[[[t([2]), t([3])]]]] },
  atleast1d: moves([[t([2, 3])], [t()], [t(), t([2])]], [[[t([2]), 3]]], { torch: 'torch.atleast_1d' }), atleast2d: moves([[t([2])], [t()], [t([2, 3, 4])], [t(), t([2])]], [[[t([2]), 3]]], { torch: 'torch.atleast_2d' }), atleast3d: moves([[t([2, 3])], [t([2])], [t()], [t([2, 3, 4, 1])]], [[[t([2]), 3]]], { torch: 'torch.atleast_3d' }),
  hsplit: moves([[t([2, 4]), 2], [t([4]), 2], [t([2, 5]), [1, 3]]], [[[t([2, 5]), 2], /divisible/], [[t(), 1]], [[t([2, 4]), 0]]], {}), vsplit: moves([[t([4, 2]), 2], [t([5, 2]), [1, 3]]], [[[t([4]), 2]], [[t([3, 2]), 2]]], {}), dsplit: moves([[t([1, 2, 4]), 2], [t([1, 2, 5]), [1, 3]]], [[[t([4, 4]), 2]], [[t([1, 2, 3]), 2]]], {}),

  // counting
  bincount: { cases: [[at([1, 3, 1, 0])], [at([1, 3]), of([0.5, 2])], [at([1, 3]), { minlength: 6 }], [at([]), { minlength: 2 }], [typed('uint8', [9], [0, 5])], [typed('int32', [30], [0, 5]), { weights: still([30]) }], [at([1, 1]), at([2, 3])]], ...flatly, bad: [[[t([2])], /whole/], [[at([-1, 2])], /-1/], [[at([1, 2], [1, 2])]], [[at([1]), t([2])]], [[at([1]), { minlength: -1 }]]] },
  histc: { cases: [[t([20])], [t([20]), 4], [t([20]), 5, -1, 1], [t([2, 10]), { bins: 3, min: 0, max: 2 }], [of([1, 1, 1]), 3], [of([0, 1, 2, 3, 4]), 4, 0, 4], [t([0]), 3]], dtypes: REAL, ...flatly, bad: [[[t([3]), 0]], [[t([3]), 4, 2, 1], /max/], [[of([nan, 1])], /finite/], [[typed('int64', [3]), 2]], [[t([3]), { bin: 2 }]]] },
  histogram: { cases: [[t([20]), 4], [t([20]), 5, { range: [-1, 1] }], [t([2, 10]), of([-1, 0, 0.5, 1])], [of([0, 1, 2, 3, 4]), 4, { range: [0, 4] }], [t([20]), 4, { density: true }], [t([20]), 4, { weight: still([20], positive) }], [of([1, 1]), 2]], dtypes: REAL, ...flatly, bad: [[[t([3]), 0]], [[t([3]), t([2, 2])]], [[typed('int64', [3]), 2]], [[t([3]), 2, { range: 3 }]]] },

  // diagonals
  diag: { cases: [[t([3])], [t([3, 4])], [t([3]), 1], [t([3, 4]), -1], [t([3, 4]), { diagonal: 2 }], [t([0])], [t([2, 0])], [t([2, 3]), 3]], bad: [[[t([2, 2, 2])]], [[t()]], [[t([2]), 0.5]]] },
  diagEmbed: { cases: [[t([3])], [t([2, 3])], [t([2, 3]), 1], [t([2, 3]), { offset: -1, dim1: 0, dim2: 2 }], [t([2, 2]), 0, 2, 0]], bad: [[[t([2]), 0, 1, 1]], [[t()]], [[t([2]), 0, 2, 0]]] },
  diagflat: { cases: [[t([3])], [t([2, 2])], [t([2]), 1], [t(), { offset: -1 }]], bad: [[[t([2]), 'x']]] },
  trace: { cases: [[t([3, 3])], [t([2, 4])], [t([0, 3])]], bad: [[[t([3])]], [[t([2, 2, 2])]]] },
  diagonalScatter: { cases: [[t([3, 3]), t([3])], [t([3, 4]), t([3]), 1], [t([2, 3, 2]), t([3, 2]), { dim1: 0, dim2: 2 }]], bad: [[[t([3, 3]), t([2])]], [[t([3]), t([3])]]] },
  selectScatter: { cases: [[t([3, 3]), t([3]), 0, 1], [t([2, 3]), t([2]), 1, -1]], bad: [[[t([3, 3]), t([2]), 0, 0]], [[t([3, 3]), t([3]), 0, 3]]] },
  sliceScatter: { cases: [[t([4, 2]), t([2, 2]), 0, 1, 3], [t([5]), t([2]), { start: 0, end: 4, step: 2 }], [t([2, 4]), t([2, 2]), { dim: 1, start: -2 }]], bad: [[[t([4]), t([3]), 0, 1, 3]], [[t([4]), t([4]), { stop: 3 }]]] },

  // products and distances
  tensordot: { cases: [[t([2, 3]), t([3, 4]), 1], [t([2, 3, 4]), t([3, 4, 2])], [t([2, 3]), t([4, 2]), [[0], [1]]], [t([2]), t([3]), 0], [t([2, 3, 4]), t([4, 3]), { dims: [[1, 2], [1, 0]] }], [t([2, 0]), t([0, 3]), 1], [t([2, 3]), t([2, 3])]], tolerance: 4, torch: 'lambda a, b, dims=2: torch.tensordot(a, b, dims)', bad: [[[t([2, 3]), t([4, 2]), 1], /3.*4/], [[t([2]), t([2]), -1]], [[t([2]), t([2]), 2]], [[t([2]), t([2]), [[0], []]]], [[t([2]), typed('int64', [2]), 1]]] },
  kron: { cases: [[t([2, 2]), t([2, 3])], [t([2]), t([3, 2])], [t(), t([2])], [t([0]), t([2])], [t([2, 1, 2]), t([3])]], bad: [[[t([2]), 3]]] },
  cross: { cases: [[t([3]), t([3])], [t([2, 3]), t([2, 3])], [t([3, 2]), t([3, 2]), 0], [t([2, 3]), t([1, 3]), { dim: -1 }], [t([0, 3]), t([0, 3]), 1]], bad: [[[t([2]), t([2])]], [[t([3]), t([2, 3])]], [[t([3]), t([3]), 1]]] },
  vander: { cases: [[t([3])], [t([3]), 2], [t([3]), 4, true], [t([2]), { N: 0 }], [t([0])]], bad: [[[t([2, 2])]], [[t([2]), -1]]] },
  dist: { cases: [[t([3]), t([3])], [t([2, 3]), t([3]), 1], [t([3]), t([3]), { p: inf }], [t([3]), t([3]), 0], [of([1, 2]), of([1, 2])]], dtypes: FLOATS, tolerance: 2, bad: [[[t([2]), t([3])]], [[t([2]), t([2]), 'x']]] },
  cdist: { cases: [[t([3, 2]), t([4, 2])], [t([2, 3, 2]), t([4, 2]), 1], [t([3, 2]), t([4, 2]), { p: inf }], [t([3, 2]), t([4, 2]), 3], [t([30, 3]), t([4, 3])], [t([3, 2]), t([2, 2]), { p: 0 }], [t([0, 2]), t([3, 2])], [t([2, 0]), t([3, 0])], [of([1, 2, 3, 4], [2, 2]), of([1, 2], [1, 2])], [t([3, 2]), t([4, 2]), 2, 'use_mm_for_euclid_dist']], dtypes: REAL, tolerance: 30, bad: [[[t([2, 3]), t([2, 2])], /3.*2/], [[t([2]), t([2, 2])]], [[t([2, 2]), t([2, 2]), -1]], [[typed('int64', [2, 2]), typed('int64', [2, 2])]], [[t([2, 2]), t([2, 2]), { computeMode: 'x' }]]] },
  renorm: { cases: [[t([3, 4]), 2, 0, 1], [t([3, 4]), 1, 1, 2], [t([2, 3, 2]), 2, -1, 0.5], [t([2, 3]), 3, 0, 100]], dtypes: FLOATS, tolerance: 2, bad: [[[t([3]), 2, 0, 1]], [[t([2, 2]), 0, 0, 1]], [[t([2, 2]), 2, 2, 1]], [[t([2, 2]), 2, 0, -1]], [[typed('int64', [2, 2]), 2, 0, 1]]] },

  // statistics
  quantile: { cases: [[t([5]), 0.5], [t([2, 5]), 0.3], [t([2, 5]), of([0.1, 0.5, 1]), 1], [t([2, 5]), 0.25, 0, true], [t([2, 3, 4]), of([0.2, 0.9]), { dim: 1, keepdim: true }], [t([6]), 0.4, { interpolation: 'lower' }], [t([6]), 0.4, { interpolation: 'higher' }], [t([6]), 0.4, { interpolation: 'midpoint' }], [t([6]), 0.5, { interpolation: 'nearest' }], [of([1, nan, 3]), 0.5], [of([1, nan, 3, 4], [2, 2]), 0.5, 1], [t(), 0.5], [of([1, 1, 2]), 0.25], [t([3]), { ...still([]), values: [0.5] }], [t([2, 2]), 0.5, { keepdim: true }]], dtypes: REAL, tolerance: 2, bad: [[[t([3]), 1.5], /1.5/], [[t([3]), of([2])]], [[typed('int64', [3]), 0.5]], [[t([0]), 0.5]], [[t([3]), 0.5, 1]], [[t([3]), 0.5, { interpolation: 'x' }]]] },
  nanquantile: { cases: [[of([1, nan, 3, 4]), 0.5], [of([nan, nan, 3, 4], [2, 2]), 0.5, 1], [t([2, 5]), 0.3, 1], [t([5]), of([0, 1])], [of([nan, 1, 2, nan, nan, 5], [2, 3]), of([0.5, 0.9]), { dim: 1, keepdim: true }]], dtypes: REAL, tolerance: 2, bad: [[[t([3]), -1]]] },
  cov: { cases: [[t([3, 5])], [t([4])], [t([3, 5]), { correction: 0 }], [t([2, 4]), { fweights: at([1, 2, 1, 3]) }], [t([2, 4]), { aweights: still([4], positive) }], [t([2, 4]), { fweights: at([1, 2, 1, 3]), aweights: still([4], positive), correction: 0 }], [still()]], dtypes: FLOATS, tolerance: 20, bad: [[[t([2, 2, 2])]], [[t([2, 3]), { fweights: t([3]) }]], [[t([2, 3]), { fweights: at([1, 2]) }]], [[t([2, 3]), { ddof: 1 }]]] },
  corrcoef: { cases: [[t([3, 5])], [t([4])], [t([2, 9])]], dtypes: FLOATS, tolerance: 20, bad: [[[t([2, 2, 2])]]], says: ['corrcoef', 'cov'] },

  // calculus
  trapezoid: { cases: [[t([5])], [t([2, 5])], [t([2, 5]), t([5])], [t([2, 5]), { dx: 0.5, dim: 0 }], [t([2, 5]), t([2, 5]), { dim: 1 }], [t([3, 2]), t([3]), { dim: 0 }], [t([0])], [t([2, 1])]], dtypes: FLOATS, tolerance: 2, bad: [[[t()]], [[t([3]), t([2])]], [[t([3]), { dim: 1 }]]] },
  trapz: { cases: [[t([5])], [t([2, 5]), t([5])], [t([2, 5]), { dx: 0.5, dim: 0 }]], dtypes: FLOATS, tolerance: 2 },
  cumulativeTrapezoid: { cases: [[t([5])], [t([2, 5]), t([5])], [t([3, 2]), { dx: 0.5, dim: 0 }], [t([2, 1])]], dtypes: FLOATS, tolerance: 2, bad: [[[t()]], [[t([3]), t([2])]]] },
  gradient: { cases: [[t([5])], [t([3, 4])], [t([5]), { spacing: 0.5 }], [t([3, 4]), { spacing: [2, 0.5] }], [t([3, 4]), { dim: 1, edgeOrder: 2 }], [t([5]), { spacing: [of([0, 1, 3, 4, 8])] }], [t([5]), { spacing: [of([0, 1, 3, 4, 8])], edgeOrder: 2 }], [t([3, 4]), { dim: [1, 0], spacing: [2, 3] }], [t([2])]], dtypes: REAL, tolerance: 4, torch: 'lambda x, **k: torch.gradient(x, **{q: (tuple(v) if isinstance(v, list) else v) for q, v in k.items()})', bad: [[[t([1])]], [[t([2]), { edgeOrder: 2 }]], [[t([3]), { edgeOrder: 3 }]], [[t([3]), { spacing: [1, 2] }]], [[t([3]), { dim: 1 }]]] },

  // element-wise
  deg2rad: unary([-200, 200]), rad2deg: unary(), positive: unary(), sinc: unary([-2, 2], { tolerance: 2 }, of([nan, 0, 0.5, -1, 2, 1e-3])),
  logit: { cases: [...unary([0.1, 0.9]).cases.slice(0, 5), [of([0, 1, 0.5, nan, -1, 2])], [of([0, 1, 0.5, 0.05, -1]), 0.1], [t([2, 3], [0.2, 0.8]), { eps: 0.1 }], [of([0, 1, 0.5, -0.5]), { eps: 0 }]], tolerance: 4, bad: [[[t([2]), 'x']], [[t([2]), { epsilon: 1 }]]] },
  floatPower: { cases: [[t([2, 3], positive), t([3])], [t([2, 3], positive), 2], [2, t([3])], [typed('int64', [3]), 2], [t([2, 3], positive), 0.5]], tolerance: 4, bad: [[[1, 2]], [[t([2]), 'x']]] },
  ldexp: { cases: [[t([2, 3]), at([1, 2, 3])], [t([2, 3]), t([3])], [t([2]), at([-3], [])]], bad: [[[t([2]), 3]], [[t([2]), at([1, 2, 3])]]] },
  frexp: { cases: [[t([2, 3])], [of([0, -0, 1, 0.5, 8, -3, 1e-8, 1e6])], [of([inf, -inf])], [t([0])], [of([2 ** -140, 2 ** 120, 2 ** -1074])]], dtypes: FLOATS, bad: [[[typed('int64', [2])], /float/]] },
  mvlgamma: { cases: [[t([2, 3], [2.1, 5]), 2], [t([3], [2.1, 5]), 1], [t([3], [2.1, 5]), 4], [t([0]), 2]], dtypes: FLOATS, tolerance: 8, bad: [[[t([2]), 0]], [[t([2]), 1.5]]] },
  polygamma: { cases: [[1, t([2, 3], positive)], [0, t([3], positive)], [2, t([3], positive)], [3, t([3], positive)], [1, typed('int64', [3], [1, 5])]], dtypes: FLOATS, tolerance: 8, bad: [[[-1, t([2])]], [[0.5, t([2])]], [[1, 2]]] },
  absolute: unary(), arccos: unary([-0.9, 0.9]), arccosh: unary([1.1, 4]), arcsin: unary([-0.9, 0.9]), arcsinh: unary(), arctan: unary(), arctanh: unary([-0.9, 0.9]), fix: unary(), negative: unary(),
  arctan2: { cases: [[t([2, 3]), t([3])]], bad: [[[t([2]), 1]]] }, ger: { cases: [[t([2]), t([3])]], bad: [[[t([2, 2]), t([3])]]] },

  rot90: { cases: [[t([2, 3])], [t([2, 3]), 2], [t([2, 3]), -1], [t([2, 3, 2]), 1, [0, 2]], [t([2, 3, 2]), { k: 3, dims: [-1, 1] }], [t([2, 3]), 4], [t([0, 2])]], bad: [[[t([3])]], [[t([2, 3]), 1, [0]]], [[t([2, 3]), 1, [0, 0]]], [[t([2, 3]), 0.5]], [[t([2, 3]), 1, [0, 2]]]] },

  // positions
  isreal: { cases: [[t([2, 3])], [t()], [t([0])]], ...flatly },
  argwhere: { cases: [[of([0, 1, 0, 2, 3, 0], [2, 3])], [mask(2, 3)], [t()], [t([0, 2])]], ...flatly },
  put: { cases: [[t([2, 3]), at([1, -1]), t([2])], [t([2, 3]), at([0, 5, 2, 1], [2, 2]), t([2, 2])], [t([2, 3]), at([1, 1, 4]), t([3]), true], [t([3]), at([]), t([0])], [t(), at([0]), t([1])]], ...method('put'), bad: [[[t([3]), at([3]), t([1])], /3/], [[t([3]), at([1, 2]), t([1])]], [[t([3]), t([1]), t([1])]], [[t([3]), at([1]), typed('int64', [1])]]] },
  indexReduce: { cases: [[t([3, 2]), 0, at([2, 0, 2]), t([3, 2]), 'prod'], [t([3, 2]), 1, at([1, 1]), t([3, 2]), 'amax'], [t([3, 2]), 0, at([2, 0, 2]), t([3, 2]), 'mean', { includeSelf: false }], [t([3]), 0, at([1, 1]), t([2]), 'amin', { includeSelf: false }], [t([3]), 0, at([2]), t([1]), 'mean']], ...method('index_reduce'), dtypes: REAL, bad: [[[t([3]), 0, at([3]), t([1]), 'prod']], [[t([3]), 0, at([1]), t([2]), 'prod']], [[t([3]), 0, at([1]), t([1]), 'sum'], /sum/], [[t([3]), 1, at([1]), t([1]), 'prod']]] },
  unravelIndex: { cases: [[at([4, 2, 5]), [2, 3]], [at([[3, 1]].flat()), 7], [at([11], []), [2, 3, 2]], [typed('int32', [2, 2], [0, 5]), [3, 2]]], torch: 'lambda x, s: torch.unravel_index(x, tuple(s) if isinstance(s, list) else s)', ...flatly, bad: [[[t([2]), [2, 3]]], [[at([1]), [-1]]], [[at([1]), 'x']]] },
  isNonzero: { cases: [[of([0])], [of([2], [1, 1])], [t()]], ...flatly, bad: [[[t([2])]], [[t([0])]]] }, isSameSize: { cases: [[t([2, 3]), still([2, 3])], [t([2]), still([1, 2])]], torch: 'lambda a, b: torch.ops.aten.is_same_size(a, b)', ...flatly, bad: [[[t([2]), 2]]] }, isSigned: { cases: [[t([2])], [typed('uint8', [2])]], ...flatly },
} satisfies Samples;
