// biome-ignore-all format: a table, one row a line
// The samples of what resizes, samples, folds, shuffles and normalizes images. See index.ts.
import { at, of, still, t, typed } from '../helpers.ts';
import { type Args, F, FLOATS, FULL, inf, nan, positive, type Sample, type Samples } from './sample.ts';

const grids = (mode: string, padding: string, align: boolean): Args[] => [
  [t([2, 2, 4, 5]), t([2, 3, 2, 2], [-1.4, 1.4]), { mode, paddingMode: padding, alignCorners: align }],
  ...(mode === 'bicubic' ? [] : [[t([1, 2, 3, 4, 3]), t([1, 2, 2, 2, 3], [-1.4, 1.4]), { mode, paddingMode: padding, alignCorners: align }]]),
];
const EVERY_GRID = ['bilinear', 'nearest', 'bicubic'].flatMap((mode) => ['zeros', 'border', 'reflection'].flatMap((padding) => [false, true].flatMap((align) => grids(mode, padding, align))));
/** Points far outside, on edges and nowhere; PyTorch's own backward crashes on the last ones. */
const ODD = { ...of([-1, -1, 1, 1, 0, 0, -1, 1, 5, -7, -3.5, 2.25, nan, 0, inf, 0, -inf, 0.5], [1, 3, 3, 2]), grad: false };
const IMAGE = { ...of([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]), grad: false };
const sampler = (name: string, cases: readonly Args[]): Sample => ({
  cases, torch: `torch.${name}`, dtypes: FULL, tolerance: 4, gradient: 'first', bad: [[[t([1, 1, 2, 2]), t([1, 1, 1, 2]), 3, 0, true], /interpolationMode/], [[t([1, 1, 2, 2]), t([1, 1, 1, 2]), 0, 'zeros', true], /paddingMode/], [[t([2, 2]), t([1, 1, 1, 2]), 0, 0, true]]],
});
const lp = (n: 1 | 2 | 3): Sample => {
  const [small, large] = [[1, 2, ...[4, 3, 2].slice(0, n)], [2, ...[7, 6, 5].slice(0, n)]];
  return { cases: [[t(small, positive), 2, 2], [t(large, positive), 3, 2, 1], [t(small), 2, 2, { stride: 1 }], [t(large), 1, 3, { stride: 2, ceilMode: true }], [t(small), inf, 2], [t(small), -inf, 2]], ...F(`lp_pool${n}d`), dtypes: FULL, tolerance: 8, bad: [[[t(small), 2, 9]], [[t([3]), 2, 2]], [[t(small), 'x', 2], /normType/], [[t(small), 2, 2, { ceil: true }], /ceil/]] };
};
const unpools = (n: 1 | 2 | 3): Sample => {
  const k = [2, 2, 2].slice(0, n);
  const places = [[1, 2], [0, 3, 9, 14], [0, 3, 9, 14, 20, 31, 50, 63]][n - 1]!;
  const size = places.length;
  return {
    cases: [[t([1, ...k]), at(places, [1, ...k]), 2], [t([2, 1, ...k]), at([...places, ...places.toReversed()], [2, 1, ...k]), 2, { stride: 2 }], [t([1, ...k]), at(places, [1, ...k]), 3, 1, { outputSize: [4, 4, 4].slice(0, n) }], [t([1, ...k]), at(places, [1, ...k]), 2, { outputSize: [1, 1, 5, 5, 5].slice(0, n + 2) }]],
    torch: `F.max_unpool${n}d`, dtypes: [...FULL, 'int64'], bad: [[[t([1, ...k]), at(places.map(() => 99), [1, ...k]), 2], /99/], [[t([1, ...k]), at(new Array(size).fill(-1), [1, ...k]), 2]], [[t([1, ...k]), t([1, ...k]), 2], /int64/], [[t([1, ...k]), at(places, [1, ...k]), 2, { outputSize: [9, 9, 9].slice(0, n) }], /9/], [[t([2]), at([0, 1]), 2]]],
  };
};
const fractional = (n: 2 | 3): Sample => {
  const x = [1, 2, ...[5, 6, 5].slice(0, n)];
  const samples = typed('float32', [1, 2, n], [0.05, 0.95]);
  const exact = still([1, 2, n], [0.05, 0.95]);
  return { cases: [[t(x), 2, { outputSize: 3, randomSamples: exact }], [t(x.slice(1)), 2, { outputRatio: [0.5, 0.5, 0.4].slice(0, n), randomSamples: exact }], [t(x), [2, 3, 2].slice(0, n), [1, 2, 2].slice(0, n), { randomSamples: exact }], [t(x), 1, { outputSize: [5, 6, 5].slice(0, n), randomSamples: exact }], [t([1, 1, ...[3, 4, 4].slice(0, n)]), [2, 2, 1].slice(0, n), { outputSize: [1, 2, 2].slice(0, n), randomSamples: still([1, 1, n], [0.05, 0.95]) }]],
    torch: `lambda x, k, s=None, output_size=None, output_ratio=None, random_samples=None: F.fractional_max_pool${n}d(x, k, s or output_size, output_ratio, True, random_samples)`, dtypes: FULL, bad: [[[t(x), 2], /outputSize/], [[t(x), 2, { outputSize: 9 }]], [[t(x), 2, { outputRatio: 2 }], /2/], [[t(x), 2, { outputSize: 2, randomSamples: t([1, 2]) }]], [[t(x), 2, { outputSize: 2, randomSamples: samples, x: 1 }], /x/]] };
};

export const vision = {
  interpolate: {
    cases: [
      [t([1, 2, 4]), 7], [t([1, 1, 3, 2]), { scaleFactor: 2 }], [t([2, 1, 2, 3, 2]), { size: [3, 2, 5] }], [t([1, 2, 7]), { scaleFactor: 0.6, mode: 'nearest' }], [t([1, 1, 5, 9]), { size: [3, 4], mode: 'nearest-exact' }], [t([1, 1, 5]), { scaleFactor: 1.7, mode: 'nearest-exact' }], [t([1, 1, 2, 2, 3]), { scaleFactor: [1.5, 2, 1], mode: 'nearest-exact' }],
      [t([1, 2, 4]), { size: 9, mode: 'linear' }], [t([1, 2, 4]), { size: 3, mode: 'linear', alignCorners: true }], [t([1, 2, 4]), { size: 1, mode: 'linear', alignCorners: true }], [t([1, 2, 3]), { scaleFactor: 2.3, mode: 'linear' }], [t([1, 2, 3]), { scaleFactor: 2.3, mode: 'linear', recomputeScaleFactor: true }],
      [t([1, 2, 3, 4]), { scaleFactor: 2, mode: 'bilinear' }], [t([2, 1, 3, 4]), { size: [5, 2], mode: 'bilinear', alignCorners: true }], [t([1, 1, 4, 4]), { size: 4, mode: 'bilinear' }], [t([1, 1, 5, 3]), { scaleFactor: [0.5, 1.5], mode: 'bilinear', alignCorners: false }], [t([1, 2, 9, 8]), { size: [3, 5], mode: 'bilinear', antialias: true }], [t([1, 2, 4, 4]), { size: [7, 2], mode: 'bilinear', antialias: true, alignCorners: true }],
      [t([1, 2, 3, 4]), { scaleFactor: 2, mode: 'bicubic' }], [t([1, 1, 5, 4]), { size: [3, 7], mode: 'bicubic', alignCorners: true }], [t([1, 1, 8, 7]), { size: [3, 9], mode: 'bicubic', antialias: true }], [t([1, 1, 6, 5]), { scaleFactor: 0.5, mode: 'bicubic', antialias: true }], [t([1, 1, 8, 7]), { size: [3, 9], mode: 'lanczos', antialias: true }],
      [t([1, 1, 2, 3, 2]), { scaleFactor: 2, mode: 'trilinear' }], [t([1, 2, 3, 2, 4]), { size: [2, 4, 3], mode: 'trilinear', alignCorners: true }],
      [t([1, 2, 7]), { size: 3, mode: 'area' }], [t([1, 1, 5, 4]), { scaleFactor: 0.5, mode: 'area' }], [t([1, 1, 2, 3, 2]), { size: 2, mode: 'area' }], [typed('uint8', [1, 1, 3, 4], [0, 200]), { scaleFactor: 1.6 }], [typed('uint8', [1, 1, 3, 4], [0, 200]), { size: 5, mode: 'nearest-exact' }], [t([0, 2, 3, 3]), { scaleFactor: 2, mode: 'bilinear' }], [t([1, 1, 31, 33]), { size: [10, 100] }], [t([1, 1, 31, 33]), { size: [100, 10], mode: 'nearest-exact' }],
    ],
    ...F('interpolate'), tolerance: 6,
    bad: [
      [[t([1, 1, 4])], /size or scaleFactor/], [[t([1, 1, 4]), 2, 2], /only one/], [[t([1, 1, 4]), { size: [2, 2] }]], [[t([1, 1, 4]), { size: 2, mode: 'bilinear' }], /bilinear/], [[t([1, 1, 4]), { size: 2, mode: 'cubic' }], /cubic/], [[t([1, 1, 4]), { size: 2, alignCorners: true }], /alignCorners/], [[t([1, 4]), { size: 2 }]], [[t([1, 1, 4]), { size: 0 }], /greater than 0/],
      [[t([1, 1, 4]), { size: 1.5 }]], [[t([1, 1, 4]), { size: 2, antialias: true }], /antialias/], [[t([1, 1, 4]), { size: 2, recomputeScaleFactor: true }]], [[typed('int64', [1, 1, 4]), { size: 2 }], /int64/], [[t([1, 1, 4, 4]), { size: 2, mode: 'lanczos' }], /antialias/],
    ],
  },
  gridSample: {
    cases: [...EVERY_GRID, [IMAGE, ODD, { alignCorners: false }], ...['border', 'reflection'].map((paddingMode): Args => [IMAGE, ODD, { paddingMode, alignCorners: false }]), ...['nearest', 'bicubic'].map((mode): Args => [IMAGE, ODD, { mode, alignCorners: false }]), [t([0, 1, 2, 2]), t([0, 1, 1, 2])], [t([1, 1, 1, 1]), t([1, 2, 2, 2]), { paddingMode: 'reflection', alignCorners: true }]],
    ...F('grid_sample'), dtypes: FULL, tolerance: 8, gradient: 'first',
    bad: [[[t([1, 1, 2, 2]), t([2, 1, 1, 2])], /batch/], [[t([1, 1, 2, 2]), t([1, 1, 1, 3])]], [[t([1, 1, 2]), t([1, 1, 1])]], [[t([1, 1, 2, 2, 2]), t([1, 1, 1, 1, 3]), { mode: 'bicubic' }], /bicubic/], [[t([1, 1, 2, 2]), t([1, 1, 1, 2]), 'cubic'], /cubic/], [[t([1, 1, 2, 2]), typed('float64', [1, 1, 1, 2])], /dtype/], [[t([1, 1, 0, 2]), t([1, 1, 1, 2])], /empty/]],
  },
  gridSampler: sampler('grid_sampler', [[t([1, 2, 3, 3]), t([1, 2, 2, 2], [-1, 1]), 0, 1, true], [t([1, 1, 2, 3, 2]), t([1, 1, 2, 1, 3], [-1, 1]), 1, 2, false]]),
  gridSampler2d: sampler('grid_sampler_2d', [[t([1, 2, 3, 3]), t([1, 2, 2, 2], [-1, 1]), 2, 0, true]]),
  gridSampler3d: { ...sampler('grid_sampler_3d', [[t([1, 1, 2, 3, 2]), t([1, 1, 2, 1, 3], [-1, 1]), 0, 0, false]]), bad: [[[t([1, 1, 2, 2]), t([1, 1, 1, 2]), 0, 0, true], /5D/]] },
  affineGrid: { cases: [[t([2, 2, 3]), [2, 1, 3, 4]], [t([1, 3, 4]), [1, 2, 2, 3, 2], { alignCorners: true }], [t([1, 2, 3]), [1, 1, 1, 2], false]], ...F('affine_grid'), dtypes: FULL, tolerance: 4, bad: [[[t([1, 2, 3]), [1, 1, 2]]], [[t([1, 3, 3]), [1, 1, 2, 2]]], [[typed('int64', [1, 2, 3]), [1, 1, 2, 2]], /int64/], [[t([1, 2, 3]), [1, 1, 0, 2]]], [[t([1, 2, 3]), [2, 1, 2, 2]]], [[t([1, 2, 3]), 'x']]] },
  affineGridGenerator: { cases: [[t([2, 2, 3]), [2, 1, 3, 4], false], [t([1, 3, 4]), [1, 2, 2, 3, 2], true]], dtypes: FULL, tolerance: 4, bad: [[[t([1, 2, 3]), [1, 1, 2, 2], 3]]] },

  im2col: { cases: [[t([1, 2, 3, 4]), 2, 1, 0, 1], [t([2, 5, 6]), [2, 3], 1, [1, 2], 2], [t([2, 1, 5, 5]), 2, 2, 1, [1, 2]], [t([0, 1, 3, 3]), 2, 1, 0, 1]], torch: 'F.unfold', bad: [[[t([1, 1, 2, 2]), 3, 1, 0, 1], /too small/], [[t([2, 2]), 2, 1, 0, 1]], [[t([1, 1, 2, 2]), 'x', 1, 0, 1]], [[t([1, 1, 2, 2]), 2, 0, 0, 1]], [[t([1, 0, 2, 2]), 2, 1, 0, 1]]] },
  col2im: { cases: [[t([1, 8, 6]), [3, 4], 2, 1, 0, 1], [t([12, 6]), [5, 6], [2, 3], 1, [0, 0], [1, 3]], [t([2, 4, 15]), [5, 5], 2, 2, 1, [1, 2]], [t([0, 4, 4]), 3, 2, 1, 0, 1]], torch: 'F.fold', dtypes: FLOATS, tolerance: 2, bad: [[[t([1, 8, 5]), [3, 4], 2, 1, 0, 1], /match/], [[t([1, 7, 6]), [3, 4], 2, 1, 0, 1], /divisible/], [[t([6]), [3, 4], 2, 1, 0, 1]], [[typed('bool', [1, 4, 1]), 2, 2, 1, 0, 1]]] },
  pixelShuffle: { cases: [[t([1, 4, 2, 3]), 2], [t([9, 1, 2]), 3], [t([2, 3, 4, 2, 2]), 2], [t([1, 4, 0, 3]), 2]], dtypes: [...FULL, 'int64'], bad: [[[t([3, 2, 2]), 2], /divisible/], [[t([4, 2]), 2]], [[t([4, 2, 2]), 0]], [[t([4, 2, 2]), 1.5]]] },
  pixelUnshuffle: { cases: [[t([1, 1, 4, 6]), 2], [t([1, 3, 6]), 3], [t([2, 1, 2, 2, 2]), 2]], dtypes: [...FULL, 'int64'], bad: [[[t([1, 3, 2]), 2], /divisible/], [[t([4, 2]), 2]], [[t([4, 2, 2]), -1]]] },
  channelShuffle: { cases: [[t([1, 4, 2, 3]), 2], [t([2, 6, 2]), 3], [t([1, 4, 1, 2, 2]), 4]], dtypes: FULL, bad: [[[t([1, 3, 2]), 2], /divisible/], [[t([4, 2]), 2]], [[t([1, 4, 2]), 0]]] },

  maxUnpool1d: unpools(1), maxUnpool2d: unpools(2), maxUnpool3d: unpools(3), lpPool1d: lp(1), lpPool2d: lp(2), lpPool3d: lp(3),
  fractionalMaxPool2dWithIndices: fractional(2), fractionalMaxPool3dWithIndices: fractional(3),

  instanceNorm: { cases: [[t([2, 3, 4]), t([3]), t([3]), null, null, true, 0.1, 1e-5], [t([1, 2, 2, 3]), null, null, still([2]), still([2], positive), true, 0.3, 1e-3], [t([2, 2, 3]), t([2]), t([2]), still([2]), still([2], positive), false, 0.1, 1e-5]], torch: 'lambda x, w, b, m, v, own, momentum, eps: torch.instance_norm(x, w, b, m, v, own, momentum, eps, True)', dtypes: FULL, tolerance: 8, bad: [[[t([2, 3, 4]), t([2]), null, null, null, true, 0.1, 1e-5], /weight/], [[t([2, 3, 4]), null, null, null, null, false, 0.1, 1e-5], /running/], [[t([3]), null, null, null, null, true, 0.1, 1e-5]], [[typed('int64', [1, 1, 2]), null, null, null, null, true, 0.1, 1e-5], /int64/]] },
  rmsNorm: { cases: [[t([2, 3]), [3]], [t([2, 3]), [3], t([3])], [t([2, 3, 2]), [3, 2], { eps: 0.1 }], [t([2, 3, 2]), [3, 2], t([3, 2]), 1e-6], [t([0, 3]), [3]], [of([0, 0, 0], [1, 3]), [3]]], ...F('rms_norm'), tolerance: 4, bad: [[[t([2, 3]), [2]], /2/], [[t([2, 3]), []]], [[t([2, 3]), [3], t([2])]], [[typed('int64', [2, 3]), [3]], /int64/], [[t([2, 3]), [3], { eps: 'x' }]]] },
  localResponseNorm: { cases: [[t([2, 4, 3]), 2], [t([1, 5, 2, 2]), 3, { alpha: 0.5, beta: 0.6, k: 2 }], [t([1, 3, 2, 1, 2]), 5, 1], [t([0, 3, 2]), 2]], ...F('local_response_norm'), dtypes: FULL, tolerance: 4, bad: [[[t([2, 4]), 2]], [[t([2, 4, 3]), 0]], [[t([2, 4, 3]), 1.5]], [[t([2, 4, 3]), 2, { gamma: 1 }], /gamma/]] },

  alphaDropout: { cases: [[t([2, 3]), 0.5, false], [t([2, 3]), 0, true], [t([2, 3]), 1, true], [t([0]), 0.5, true]], bad: [[[t([2]), 2], /2/], [[t([2]), 'x']], [[t([2]), { q: 1 }], /q/]] },
  featureAlphaDropout: { cases: [[t([2, 3]), 0.5, false], [t([2, 3]), 0, true], [t([2, 3, 2]), 1, true]], bad: [[[t([2]), 0.5, true], /2 dimensions/], [[t([2]), -1]]] },
  rrelu: { cases: [[t([2, 3])], [t([2, 3]), 0.1, 0.5], [t([37]), { lower: 0.2, upper: 0.2 }], [t([2, 3]), 0.25, 0.25, true], [t([0, 2]), { training: true }]], ...F('rrelu'), bad: [[[t([2]), 0.5, 0.1], /0.5/], [[typed('int64', [2])], /int64/], [[t([2]), { slope: 1 }], /slope/]] },
} satisfies Samples;
