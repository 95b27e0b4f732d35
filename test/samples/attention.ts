// biome-ignore-all format: a table, one row a line
// The samples of scaled dot product attention. See index.ts.
import { mask, of, still, t, typed } from '../helpers.ts';
import { F, inf, type Samples } from './sample.ts';

const qkv = [t([1, 2, 3, 2]), t([1, 2, 4, 2]), t([1, 2, 4, 3])] as const;
/** Several tiles of queries and keys. */
const large = [t([2, 130, 4]), t([2, 200, 4]), t([2, 200, 3])] as const;
/** The second query may look at nothing. */
const blind = { ...of([1, 0, 1, 0, 0, 0], [2, 3]), dtype: 'bool', grad: false } as const;

export const attention = {
  scaledDotProductAttention: {
    cases: [
      [...qkv], [...qkv, { isCausal: true }], [...qkv, still([3, 4])], [...qkv, still([2, 1, 4])], [...qkv, mask(3, 4)], [...qkv, mask(1, 1, 3, 1)], [...qkv, t([3, 4])], [...qkv, t([1, 4]), 0, false, { scale: 0.3 }],
      [t([3, 2]), t([4, 2]), t([4, 1])], [t([2, 3, 2]), t([2, 2, 2]), t([2, 2, 2]), null, 0, true], [t([2, 1, 2, 2, 2]), t([2, 3, 2]), t([1, 3, 2])], [t([2, 1, 2, 3, 2]), t([2, 3, 2]), t([1, 3, 2]), mask(2, 1, 1, 3, 3)],
      [t([1, 4, 2, 2]), t([1, 2, 3, 2]), t([1, 2, 3, 2]), { enableGqa: true }], [t([1, 4, 2, 2]), t([1, 2, 2, 2]), t([1, 2, 2, 2]), { enableGqa: true, isCausal: true }], [t([1, 4, 2, 2]), t([1, 2, 3, 2]), t([1, 1, 3, 2]), { enableGqa: true }], [t([1, 4, 2, 2]), t([1, 1, 3, 2]), t([1, 1, 3, 2])], [t([2, 4, 2, 2]), t([2, 2, 3, 2]), t([2, 2, 3, 2]), mask(4, 2, 3), 0, false, { enableGqa: true }],
      [of([1, 2, 3, 4], [2, 2]), of([1, 0, 0, 1, 1, 1], [3, 2]), of([1, 2, 3, 4, 5, 6], [3, 2]), blind], [of([1, 2, 3, 4], [2, 2]), of([1, 0, 0, 1, 1, 1], [3, 2]), of([1, 2, 3], [3, 1]), { ...of([0, -inf, 1, -inf, -inf, -inf], [2, 3]), grad: false }], [of([1, 2, 3, 4], [2, 2]), of([1, 0, 0, 1, 1, 1], [3, 2]), of([1, 2, 3], [3, 1]), { isCausal: true }], [of([100, 200, -300, 0], [2, 2]), of([1, 0, 0, 1, 1, 1], [3, 2]), of([1, 2, 3], [3, 1]), { scale: 2 }], [of([1, 2, 3, 4], [2, 2]), of([1, 2], [1, 2]), of([3], [1, 1]), { isCausal: true }],
      [...large], [...large, { isCausal: true }], [...large, mask(130, 200)], [...large, still([2, 130, 1])], [t([1, 3, 200, 2]), t([1, 3, 130, 2]), t([1, 3, 130, 2]), { isCausal: true }], [t([1, 4, 70, 4]), t([1, 2, 70, 4]), t([1, 2, 70, 4]), { isCausal: true, enableGqa: true }],
      [t([2, 0, 2]), t([2, 3, 2]), t([2, 3, 2])], [t([2, 2, 2]), t([2, 0, 2]), t([2, 0, 3])], [t([0, 2, 2]), t([0, 3, 2]), t([0, 3, 2])], [t([2, 2, 0]), t([2, 3, 0]), t([2, 3, 2])], [t([2, 2, 2]), t([2, 3, 2]), t([2, 3, 0])], [...qkv, { scale: 0 }], [...qkv, { scale: -1.5 }],
    ],
    ...F('scaled_dot_product_attention'),
    tolerance: 2,
    bad: [
      [[t([2]), t([3, 2]), t([3, 2])], /\[2\]/], [[t([2, 2]), t([3, 4]), t([3, 2])], /\[2, 2\].*\[3, 4\]/], [[t([2, 2]), t([3, 2]), t([4, 2])]], [[t([2, 2]), 1, t([3, 2])], /key/], [[t([2, 2]), t([3, 2]), typed('float64', [3, 2])], /float64/],
      [[typed('int64', [2, 2]), typed('int64', [2, 2]), typed('int64', [2, 2])]], [[t([2, 2]), t([3, 2]), t([3, 2]), mask(2, 3), 0, true], /isCausal/], [[t([2, 2]), t([3, 2]), t([3, 2]), mask(2, 2)], /\[2, 2\].*\[2, 3\]/], [[t([2, 2]), t([3, 2]), t([3, 2]), typed('int64', [2, 3])], /int64/], [[t([2, 2]), t([3, 2]), t([3, 2]), mask(5, 2, 3)]], [[t([2, 2]), t([3, 2]), t([3, 2]), t([3])], /\[3\]/],
      [[t([2, 2]), t([3, 2]), t([3, 2]), null, 2], /2/], [[t([2, 2]), t([3, 2]), t([3, 2]), { scale: 'x' }]], [[t([2, 2]), t([3, 2]), t([3, 2]), { causal: true }], /causal/], [[t([2, 2, 2]), t([3, 2, 2]), t([3, 2, 2])]], [[t([3, 2, 2]), t([2, 2, 2]), t([2, 2, 2]), { enableGqa: true }], /divide/],
    ],
  },
} satisfies Samples;
