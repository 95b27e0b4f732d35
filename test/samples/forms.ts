// biome-ignore-all format: a table, one row a line
// The samples of views that copy, of what complex numbers would need, and of PyTorch's lower operators. See index.ts.
import { mask, of, still, t, typed } from '../helpers.ts';
import { type Args, FLOATS, flatly, inf, method, nan, type Sample, type Samples } from './sample.ts';

/** A view that copies. */
const copied = (torch: string, cases: readonly Args[], bad: NonNullable<Sample['bad']> = []): Sample => ({ cases, torch, bad: [...bad, [[3, ...(cases[0] ?? []).slice(1)]]] });
const same = (torch: string): Sample => ({ cases: [[t([2, 3])], [t([])], [t([0])]], torch, bad: [[[3]]] });
const never = (torch: string): Sample => ({ cases: [[t([2, 3])], [t([])]], torch, ...flatly, bad: [[[3]]] });
const REAL = ['float32', 'float64'] as const;

export const forms = {
  aliasCopy: copied('torch.alias_copy', [[t([2, 3])], [t([])]]), detachCopy: { ...copied('torch.detach_copy', [[t([2, 3])]]), gradient: false },
  asStridedCopy: { ...copied('torch.as_strided_copy', [[t([6]), [2, 2], [1, 2]], [t([6]), [2, 2], [1, 1], 1]], [[[t([3]), [4], [1]]]]), layouts: false },
  diagonalCopy: copied('torch.diagonal_copy', [[t([3, 3])], [t([3, 4]), 1], [t([2, 3, 2]), { dim1: 0, dim2: 2 }]], [[[t([3])]]]),
  expandCopy: copied('lambda x, *s: torch.expand_copy(x, s)', [[t([2, 1]), 2, 3], [t([3]), 2, -1]], [[[t([2]), 3]]]),
  narrowCopy: copied('torch.narrow_copy', [[t([5]), 0, 1, 3], [t([2, 4]), 1, 2, 2]], [[[t([3]), 0, 2, 2]]]),
  permuteCopy: copied('lambda x, *d: torch.permute_copy(x, d)', [[t([2, 3, 4]), 2, 0, 1], [t([2, 3]), -1, 0]], [[[t([2, 3]), 0, 0]]]),
  selectCopy: copied('torch.select_copy', [[t([2, 3]), 1, -1]], [[[t([2, 3]), 0, 2]]]),
  sliceCopy: copied('torch.slice_copy', [[t([6]), 0, 1, 6, 2], [t([2, 4]), { dim: 1, start: -2 }], [t([3])]]),
  splitCopy: copied('torch.split_copy', [[t([5]), 2], [t([2, 4]), 3, { dim: 1 }]]),
  splitWithSizesCopy: copied('torch.split_with_sizes_copy', [[t([5]), [2, 3]], [t([2, 4]), [1, 3], 1]], [[[t([5]), [2, 2]]]]),
  squeezeCopy: copied('torch.squeeze_copy', [[t([2, 1, 3, 1])], [t([2, 1, 3, 1]), 1]]), tCopy: copied('torch.t_copy', [[t([2, 3])], [t([3])], [t([])]], [[[t([2, 2, 2])]]]),
  transposeCopy: copied('torch.transpose_copy', [[t([2, 3, 4]), 0, 2]], [[[t([2, 3]), 0, 2]]]), unbindCopy: copied('torch.unbind_copy', [[t([2, 3])], [t([2, 3]), 1]], [[[t([])]]]),
  unfoldCopy: copied('torch.unfold_copy', [[t([6]), 0, 3, 2], [t([2, 4]), 1, 2, 1]], [[[t([3]), 0, 4, 1]]]), unsqueezeCopy: copied('torch.unsqueeze_copy', [[t([2, 3]), 1], [t([2]), -1]], [[[t([2]), 3]]]),
  viewCopy: { ...copied('lambda x, *s: torch.view_copy(x, s)', [[t([2, 3]), 3, 2], [t([2, 3]), -1]], [[[t([2, 3]), 4]]]), layouts: false },

  angle: { cases: [[t([2, 3])], [of([nan, inf, -inf, 0, -0, -1])], [t([])], [t([0])]], dtypes: [...FLOATS, 'int64', 'bool', 'uint8'], bad: [[[3]]] },
  conj: same('torch.conj'), conjPhysical: same('torch.conj_physical'), resolveConj: same('torch.resolve_conj'), resolveNeg: same('torch.resolve_neg'),
  adjoint: { cases: [[t([2, 3])], [t([2, 3, 4])]], torch: 'torch.adjoint', bad: [[[t([2])]]] },
  isComplex: never('torch.is_complex'), isConj: never('torch.is_conj'), isNeg: never('torch.is_neg'),

  asStridedScatter: { cases: [[t([6]), t([2, 2]), [2, 2], [1, 2]], [t([2, 3]), t([2]), [2], [2], 1], [t([4]), t([]), [], []]], layouts: false, bad: [[[t([4]), t([3]), [2], [1]]], [[t([2]), t([4]), [4], [1]]]] },
  nonzeroStatic: { cases: [[of([1, 0, 3, 4], [2, 2]), { size: 5 }], [of([1, 0, 3, 4], [2, 2]), { size: 2 }], [mask(2, 3), { size: 4, fillValue: 7 }], [t([0]), { size: 2 }], [t([3]), { size: 0 }]], ...flatly, bad: [[[t([3]), { size: -1 }]], [[t([3])]], [[t([3]), { size: 1, fill: 2 }]]] },
  dimOrder: { cases: [[t([2, 3, 4])], [t([3])], [t([])], [t([2, 3]), { ambiguityCheck: true }], [t([1, 3]), { ambiguityCheck: true }]], ...method('dim_order'), ...flatly, layouts: false, bad: [[[3]], [[t([2]), { check: true }]]] },
  histogramdd: {
    cases: [[t([20, 2]), [3, 4]], [t([20, 2]), 3], [t([5, 4, 3]), [2, 2, 2], { range: [-1, 1, -2, 2, 0, 2] }], [t([20, 2]), [of([-1, 0, 1]), of([-2, 0.5, 2])]], [t([20, 2]), [3, 2], { density: true }], [t([20, 2]), [3, 2], { weight: still([20], [0.1, 2]) }], [t([10, 1]), [4]], [of([1, 1, 1, 1], [2, 2]), 2]],
    dtypes: REAL, tolerance: 4, ...flatly, bad: [[[t([3]), 2]], [[t([3, 2]), [2]]], [[t([3, 2]), 0]], [[t([3, 2]), 2, { range: [0, 1] }]], [[typed('int64', [3, 2]), 2]], [[t([3, 2]), 2, { weight: t([2]) }]]],
  },

  nativeLayerNorm: { cases: [[t([2, 4]), [4], t([4]), t([4]), 1e-5], [t([2, 3, 4]), [3, 4], null, null, 0.1], [t([2, 4]), [4], t([4]), null, 1e-3]], dtypes: FLOATS, tolerance: 20, torch: 'torch.native_layer_norm', bad: [[[t([2, 4]), [3], null, null, 1e-5]], [[typed('int64', [2, 4]), [4], null, null, 1e-5]]], says: ['nativeLayerNorm', 'layerNorm'] },
  nativeGroupNorm: { cases: [[t([2, 4, 3]), t([4]), t([4]), 2, 4, 3, 2, 1e-5], [t([2, 4, 3, 2]), null, null, 2, 4, 6, 1, 0.1]], dtypes: REAL, tolerance: 20, torch: 'torch.native_group_norm', bad: [[[t([2, 4, 3]), null, null, 2, 4, 2, 2, 1e-5]], [[t([2, 4, 3]), null, null, 2, 4, 3, 3, 1e-5]]] },
  nativeBatchNorm: { cases: [[t([3, 2]), t([2]), t([2]), null, null, true, 0.1, 1e-5], [t([2, 3, 4]), null, null, null, null, true, 0.1, 0.1], [t([2, 3, 4]), null, null, still([3]), still([3], [0.5, 2]), false, 0.1, 1e-5]], dtypes: REAL, tolerance: 20, torch: 'torch.native_batch_norm', bad: [[[t([3, 2]), t([3]), null, null, null, true, 0.1, 1e-5]], [[t([3]), null, null, null, null, true, 0.1, 1e-5]]] },
  constantPadNd: { cases: [[t([2, 3]), [1, 2]], [t([2, 3]), [1, 0, -1, 2], 7], [t([3]), [0, 0], { value: 1 }]], torch: 'lambda x, p, v=0, value=None: torch.constant_pad_nd(x, p, v if value is None else value)', bad: [[[t([2]), [1]]], [[t([2]), [1, 1], 'x']]] },
  nativeChannelShuffle: { cases: [[t([1, 4, 2]), 2], [t([2, 6, 2, 2]), 3]], torch: 'torch.native_channel_shuffle', dtypes: FLOATS, bad: [[[t([1, 4, 2]), 3]]] },
  unsafeSplit: { cases: [[t([5]), 2], [t([2, 4]), 3, { dim: 1 }]], bad: [[[t([]), 2]], [[t([2]), -1]]] }, unsafeSplitWithSizes: { cases: [[t([5]), [2, 3]], [t([2, 4]), [1, 3], 1]], torch: 'torch.unsafe_split_with_sizes', bad: [[[t([5]), [2, 2]]]] },
  unsafeChunk: { cases: [[t([5]), 2], [t([2, 4]), 3, 1]], bad: [[[t([5]), 0]]] },
  newEmptyStrided: { cases: [[t([2]), [0, 3], [3, 1]]], torch: 'lambda x, s, t: x.new_empty_strided(s, t)', ...flatly, bad: [[[t([2]), [2], [1, 1]]], [[t([2]), [-1], [1]]]] },
} satisfies Samples;
