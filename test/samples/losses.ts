// biome-ignore-all format: a table, one row a line
// Losses with margins and of distributions, ctcLoss, distances, bilinear: see core.ts.
import { at, index, of, still, t, typed } from '../helpers.ts';
import { type Args, F, flatly, inf, nan, positive, type Samples } from './sample.ts';

const signs = (...values: number[]): ReturnType<typeof at> => at(values);
const reductions = (...args: Args): Args[] => [args, [...args, { reduction: 'none' }], [...args, { reduction: 'sum' }]];
const TRIPLET = [t([2, 3]), t([2, 3]), t([2, 3])] as const;
const badReduction = (...args: Args): [Args, RegExp] => [[...args, { reduction: 'max' }], /max/];
/** Log-probabilities [T, N, C] need not be normal for the values. */
const ctc = (...shape: number[]): ReturnType<typeof t> => t(shape, [-3, 0]);

export const losses = {
  cosineEmbeddingLoss: { cases: [...reductions(t([3, 4]), t([3, 4]), signs(1, -1, 1)), [t([4]), t([4]), at([-1], []), { margin: -0.5 }], [t([3, 2]), t([3, 2]), signs(-1, -1, 0), { margin: 0.25, reduction: 'none' }], [t([1, 4]), t([3, 4]), signs(1, 1, -1)], [t([0, 4]), t([0, 4]), at([])], [of([0, 0, 1, 0], [2, 2]), of([1, 2, 0, 1], [2, 2]), signs(1, -1)]], ...F('cosine_embedding_loss'), tolerance: 4, bad: [[[t([3, 4]), t([3, 4]), at([1, 1, 1], [1, 3])], /multi-target/], [[t([3]), t([3]), signs(1)], /1D target tensor expects 2D/], [[t([3, 4]), t([3, 5]), signs(1, 1, 1)]], badReduction(t([1, 2]), t([1, 2]), signs(1))] },
  marginRankingLoss: { cases: [...reductions(t([4]), t([4]), signs(1, -1, -1, 1)), [t([2, 3]), t([2, 3]), typed('int64', [2, 3], [-1, 1]), 0.5], [t([2, 1]), t([2, 3]), still([2, 3])], [of([1, 2, 2, nan]), of([2, 2, 1, 1]), signs(1, 1, -1, 1), { reduction: 'none' }]], ...F('margin_ranking_loss'), bad: [[[t([3]), t([3, 1]), signs(1, 1, 1)], /same dimension/], badReduction(t([1]), t([1]), signs(1))] },
  hingeEmbeddingLoss: { cases: [...reductions(t([4]), signs(1, -1, -1, 1)), [t([2, 3]), typed('int64', [2, 3], [-1, 1]), 0.5], [t([2, 3]), signs(1, -1, 1), { margin: 2, reduction: 'none' }], [of([1, 0, 2, nan, inf, 1]), signs(-1, -1, 1, -1, -1, 0), { reduction: 'none' }]], ...F('hinge_embedding_loss'), bad: [[[t([3]), at([1, 1])]], badReduction(t([1]), signs(1))] },
  softMarginLoss: { cases: [...reductions(t([4]), signs(1, -1, -1, 1)), [t([2, 3]), still([2, 3])], [t([0]), at([])], [of([100, -100, 0, inf]), signs(-1, 1, 1, 1), { reduction: 'none' }]], ...F('soft_margin_loss'), bad: [[[t([3]), at([1, 1])]], badReduction(t([1]), signs(1))] },
  tripletMarginLoss: { cases: [...reductions(...TRIPLET), [...TRIPLET, { p: 1, margin: 3 }], [...TRIPLET, 2, 3, 0.1, true], [...TRIPLET, { p: inf, swap: true, reduction: 'none' }], [t([3]), t([3]), t([3])], [t([2, 3]), t([1, 3]), t([2, 3])], [of([1, 1], [1, 2]), of([1, 1], [1, 2]), of([1, 1], [1, 2]), { eps: 0 }]], ...F('triplet_margin_loss'), tolerance: 4, bad: [[[...TRIPLET, { margin: 0 }], /greater than 0/], [[t([2, 3]), t([3]), t([2, 3])], /same number of dimensions/], badReduction(...TRIPLET)] },
  tripletMarginWithDistanceLoss: { cases: [...reductions(...TRIPLET), [...TRIPLET, { margin: 3, swap: true }], [t([3]), t([3]), t([3])]], ...F('triplet_margin_with_distance_loss'), tolerance: 4, bad: [[[...TRIPLET, { margin: -1 }], /greater than 0/], [[...TRIPLET, { distanceFunction: 3 }]], badReduction(...TRIPLET)] },
  multiMarginLoss: {
    cases: [...reductions(t([3, 4]), at([0, 2, 3])), [t([4]), at([1], [])], [t([4]), at([1], []), { reduction: 'none' }], [t([4]), at([1])], [t([3, 4]), at([0, 2, 3]), { p: 2 }], [t([3, 4]), at([0, 2, 3]), 1, 0.5, still([4], positive)], [t([3, 4]), at([1, 1, 1]), { p: 2, margin: 2, weight: still([4], positive), reduction: 'none' }], [of([0, 1, 2, 1, 0, 0], [2, 3]), at([1, 0])]],
    ...F('multi_margin_loss'), tolerance: 2, bad: [[[t([2, 3]), at([0, 3])], /3/], [[t([2, 3]), at([0])], /inconsistent target size/], [[t([2, 3]), at([0, 1]), { p: 3 }], /p == 1 and p == 2/], [[t([2, 3]), at([0, 1]), { weight: t([2]) }]], [[t([2, 3]), at([0, 1]), { weight: t([3, 1]) }], /one-dimensional/], [[t([2, 0]), at([0, 1])]], badReduction(t([1, 2]), at([0]))],
  },
  multilabelMarginLoss: { cases: [...reductions(t([2, 4]), at([3, 0, -1, 1, 1, 2, 0, -1], [2, 4])), [t([4]), at([3, 0, -1, 1])], [t([3]), at([-1, 0, 1])], [t([3]), at([0, 0, -1]), { reduction: 'none' }], [t([]), at([0], [])], [of([0, 1, 2, 1, 0, 0], [2, 3]), at([1, -1, 0, 0, 2, -1], [2, 3])]], ...F('multilabel_margin_loss'), tolerance: 2, bad: [[[t([3]), at([0, 3, -1])], /3/], [[t([3]), at([0, -1])], /inconsistent target size/], [[t([3]), t([3])]], badReduction(t([1]), at([0]))] },
  multilabelSoftMarginLoss: { cases: [...reductions(t([2, 3]), still([2, 3], [0, 1])), [t([2, 3]), still([2, 3], [0, 1]), still([3], positive)], [t([2, 2, 3]), still([2, 2, 3], [0, 1]), { reduction: 'none' }], [t([3]), still([3], [0, 1])], [of([100, -100, 0]), of([0, 1, 1])]], ...F('multilabel_soft_margin_loss'), tolerance: 2, bad: [[[t([2, 3]), t([2, 2])]], [[t([]), t([])]], badReduction(t([1]), t([1]))] },
  gaussianNllLoss: {
    cases: [...reductions(t([2, 3]), t([2, 3]), t([2, 3], positive)), [t([2, 3]), t([2, 3]), t([2], positive)], [t([2, 3]), t([2, 3]), t([2, 1], positive), { full: true }], [t([2, 3]), t([2, 3]), 0.5], [t([3]), t([3]), still([3], [0, 0.1]), { eps: 1, reduction: 'none' }], [of([1, 2]), of([1, 1]), of([0, 1e-9]), { reduction: 'none' }]],
    ...F('gaussian_nll_loss'), tolerance: 4, bad: [[[t([2]), t([2]), t([2], [-2, -1])], /negative/], [[t([2]), t([2]), -0.5], /negative/], [[t([2, 3]), t([2, 3]), t([3], positive)], /incorrect size/], badReduction(t([1]), t([1]), t([1], positive))],
  },
  poissonNllLoss: { cases: [...reductions(t([2, 3]), still([2, 3], [0, 5])), [t([2, 3], positive), still([2, 3], [0, 5]), false], [t([2, 3]), still([2, 3], [0, 5]), { full: true }], [t([3], positive), still([3], [0, 1]), { logInput: false, full: true, eps: 0.5, reduction: 'none' }], [t([4]), at([0, 1, 2, 5]), { full: true }], [of([0, 1, -1]), of([0, 1, 2]), { logInput: false, reduction: 'none' }]], ...F('poisson_nll_loss'), tolerance: 4, bad: [[[t([2]), t([3])]], badReduction(t([1]), t([1]))] },
  // its gradient is not that of its values: test/losses.test.ts
  ctcLoss: {
    cases: [
      [ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), at([5, 5]), at([2, 2])], [ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), at([5, 3]), at([2, 1]), { reduction: 'none' }], [ctc(5, 2, 4), at([1, 1, 3]), [5, 4], [2, 1], { reduction: 'sum' }],
      [ctc(5, 3, 4), at([1, 1, 3]), [5, 4, 2], [2, 1, 0], { reduction: 'none' }], [ctc(3, 2, 4), at([1, 1, 1, 2, 1, 3], [2, 3]), [3, 3], [3, 3], { reduction: 'none' }], [ctc(3, 2, 4), at([1, 1, 1, 2, 1, 3], [2, 3]), [3, 3], [3, 3], { zeroInfinity: true }],
      [ctc(6, 4), at([1, 2, 2]), at([6], []), at([3], [])], [ctc(6, 4), at([1, 2, 2]), [6], [3], { reduction: 'none' }], [ctc(6, 4), at([0, 2, 1]), [5], [3], 3], [ctc(3, 2, 4), at([1, 1, 1, 2], [2, 2]), [0, 0], [0, 1], { reduction: 'none' }], [ctc(4, 2, 3), at([], [2, 0]), [4, 2], [0, 0]],
    ],
    torch: 'F.ctc_loss', dtypes: ['float32', 'float64'], tolerance: 4, ...flatly,
    bad: [[[ctc(5, 2, 4), at([1, 4, 3, 1], [2, 2]), [5, 5], [2, 2]], /Target 4 is out of bounds/], [[ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), [6, 5], [2, 2]], /at most 5/], [[ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), [5], [2, 2]], /batch_size/], [[ctc(5, 2, 4), at([1, 2, 3]), [5, 5], [2, 2]]], [[ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), [5, 5], [2, -1]], /at least 0/], [[ctc(5, 2, 4), at([1, 2, 3, 1], [2, 2]), [5, 5], [2, 2], 4], /blank/], [[ctc(5, 0, 4), at([], [0, 2]), [], []], /empty/], [[ctc(5, 2, 4), t([2, 2]), [5, 5], [2, 2]]], badReduction(ctc(5, 4), index([2], 3), [5], [2])],
  },
  pdist: { cases: [[t([4, 3])], [t([3, 2]), 1], [t([3, 2]), { p: 3 }], [t([3, 4]), inf], [t([3, 2]), 0.5], [t([1, 3])], [t([0, 3])], [t([3, 0])], [of([0, 0, 0, 0, 1, 2], [3, 2])]], ...F('pdist'), dtypes: ['float32', 'float64'], tolerance: 4, bad: [[[t([3])], /2D/], [[t([2, 2]), -1], /non-negative/]] },
  bilinear: { cases: [[t([2, 3]), t([2, 4]), t([2, 3, 4])], [t([2, 3]), t([2, 4]), t([2, 3, 4]), t([2])], [t([3]), t([4]), t([2, 3, 4]), t([2])], [t([2, 2, 1]), t([2, 2, 2]), t([1, 1, 2]), null]], ...F('bilinear'), dtypes: ['float32', 'float64'], tolerance: 4, bad: [[[t([2, 3]), t([3, 4]), t([2, 3, 4])]], [[t([2, 3]), t([2, 4]), t([2, 4, 3])]], [[t([2, 3]), t([2, 4]), t([2, 3, 4]), t([3])]]] },
} satisfies Samples;
