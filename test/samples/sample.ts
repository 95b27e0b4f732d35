// biome-ignore-all format: a table, one row a line
// What a sample of an operator says, and the calls that whole families share. Used by the tables of this folder.
import type { DTypeName } from '../../lib/dtype.ts';
import type * as linalg from '../../lib/linalg/index.ts';
import type * as ops from '../../lib/ops/index.ts';
import type * as special from '../../lib/special.ts';
import { type Arg, of, show, type Spec, specsOf, still, t, typed } from '../helpers.ts';

type Linalg = Exclude<keyof typeof linalg, 'LinAlgError'>;
/** An operator, or a function of torch.special or torch.linalg. */
export type RowName = keyof typeof ops | keyof typeof special | `linalg.${Linalg}`;
/** Part of the list: the samples of some operators. */
export type Samples = { readonly [K in RowName]?: Sample };
export type Args = readonly Arg[];

/** What the suite does with an operator. */
export interface Sample {
  /** The arguments of each call, tensors as specs. */
  readonly cases: readonly Args[];
  /** The same in Python: an expression that gives a function. By default `torch.` and the name in snake_case. */
  readonly torch?: string;
  /** What is compared in place of the function, and given by `torch` too: for results that are determined up to signs, and
   * for arguments that must be regular. */
  readonly through?: (f: (...args: readonly unknown[]) => unknown) => (...args: readonly unknown[]) => unknown;
  /** Dtypes of the tensors that have none of their own. */
  readonly dtypes?: readonly DTypeName[];
  /** Factor on the tolerances of helpers.ts. */
  readonly tolerance?: number;
  /** False: gradients are zero or not there. 'first': only the first derivative is checked. 'refused': asking is an error. */
  readonly gradient?: boolean | 'first' | 'refused';
  /** False where the layout in memory is the point of the operator, or part of its result. */
  readonly layouts?: boolean;
  /** Calls that must be refused, each with what the message must say. */
  readonly bad?: readonly (readonly [args: Args, message?: RegExp])[];
  /** The names that may begin its messages, where they are another's: of aliases, and of what it is made of. */
  readonly says?: string | readonly string[];
  /** Where it is tested instead, and why not here. */
  readonly elsewhere?: string;
}

export const FLOATS = ['float32', 'float64', 'float16', 'bfloat16'] as const;
export const ALL = ['float32', 'float64', 'int64', 'bool', 'float16', 'bfloat16', 'int32', 'uint8'] as const;
export const FULL: readonly DTypeName[] = ['float32', 'float64'];
export const WIDE = 2; // how many calls of a row are made in the other dtypes too

/** All calls of a sample. */
export function callsOf(sample: Sample): { args: Args; dtype: DTypeName; key: string }[] {
  return sample.cases.flatMap((args, i) => {
    const free = specsOf(args).filter((s) => s.dtype === null);
    const special = free.some((s) => s.values?.some((v) => !Number.isInteger(v) || v < 0 || v > 255));
    const dtypes = free.length === 0 ? FULL.slice(0, 1) : (sample.dtypes ?? ALL);
    return dtypes
      .filter((d) => FULL.includes(d) || (i < WIDE && !special))
      .map((dtype) => ({ args, dtype, key: `${i} ${args.map((a) => show(a, dtype)).join(', ')}` }));
  });
}
export const torchOf = (name: string, sample: Sample, snake: string): string => sample.torch ?? `torch.${name === '' ? '' : snake}`;

export const MAP = [-2, 2] as const;
// ---- families -------------------------------------------------------------------------------------------------------

export const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
export const SPECIAL = of([nan, inf, -inf, 0, -0, 1, -1, 0.5, -0.5, 2, -2.5, 30, -30, 1e-8, 1e6, -1e6]);
/** Element-wise of one tensor, in a domain; the special values only where PyTorch and C agree on them. */
export const unary = (domain: readonly [number, number] = [-2, 2], more: Partial<Sample> = {}, special: Spec | null = SPECIAL): Sample => ({
  cases: [[t([2, 3], domain)], [t([37], domain)], [t([], domain)], [t([0, 3], domain)], [t([2, 1, 3], domain)], ...(special ? [[special]] : [])],
  ...more,
});
export const F = (name: string): Partial<Sample> => ({ torch: `F.${name}`, dtypes: FLOATS });
export const flatly = { gradient: false } as const;
/** Element-wise of two tensors, or a tensor and a number. */
export const binary = (a: readonly [number, number] = [-2, 2], b: readonly [number, number] = a, more: Partial<Sample> = {}, numbers: readonly number[] = [2, 1.5]): Sample => ({
  cases: [
    [t([2, 3], a), t([2, 3], b)],
    [t([2, 3], a), t([3], b)],
    [t([2, 1], a), t([1, 3], b)],
    [t([], a), t([3], b)],
    [t([], a), t([], b)],
    [t([37], a), t([37], b)],
    [t([0, 3], a), t([3], b)],
    ...numbers.map((n): Args => [t([2, 3], a), n]),
    [t([2, 3], a), typed('int64', [3], [Math.max(1, b[0]), Math.max(2, b[1])])],
    [of([nan, inf, -inf, 0, 1, -1.5]), of([1, inf, -inf, 2, nan, 2])],
  ],
  bad: [
    [[t([2, 3], a), t([2, 4], b)], /\[2, 3\].*\[2, 4\]/],
    [[t([2, 3], a), 'one']],
    [[t([2, 3], a), null]],
  ],
  ...more,
});
/** The same of an operator whose first operand may be a number too. */
export const either = (a?: readonly [number, number], b?: readonly [number, number], more: Partial<Sample> = {}): Sample => {
  const sample = binary(a, b, more);
  return { ...sample, cases: [...sample.cases, [2, t([3], b ?? a ?? MAP)]] };
};
export const INTS = ['int64', 'int32', 'uint8', 'bool'] as const;
export const integers = (numbers: readonly number[] = [3], more: Partial<Sample> = {}): Sample => ({
  cases: [[t([2, 3], [0, 6]), t([2, 3], [0, 6])], [t([2, 1], [0, 6]), t([3], [0, 6])], ...numbers.flatMap((n): Args[] => [[t([2, 3], [0, 6]), n], [n, t([3], [0, 2])]])],
  dtypes: ['float32', 'float64', ...INTS],
  gradient: false,
  bad: [[[t([2]), 'x']], [[typed('int64', [2]), typed('int64', [3])]]],
  ...more,
});
export const REDUCED: readonly Args[] = [
  [t([2, 3])], [t([3, 4]), 1], [t([3, 4]), 0], [t([3, 4]), -1, true], [t([2, 3, 4]), { dim: [0, 2] }], [t([2, 3, 4]), { dim: [-1, 1], keepdim: true }],
  [t()], [t(), 0], [t([0])], [t([2, 0, 3]), 1], [t([2, 0, 3]), 0], [t([40, 3]), 0], [t([3, 40]), 1], [t([200])],
];
export const NO_LISTS = REDUCED.filter(([, o]) => typeof o !== 'object');
export const BAD_DIM: NonNullable<Sample['bad']> = [
  [[t([2, 3]), 2], /out of range.*2/], [[t([2, 3]), -3]], [[t([2, 3]), 1.5]], [[t([2, 3]), { dims: 1 }], /unknown option 'dims'/],
];
export const reduce = (more: Partial<Sample> = {}): Sample => ({ cases: REDUCED, bad: BAD_DIM, ...more });
/** Along one dim. */
export const along = (more: Partial<Sample> = {}): Sample => ({
  cases: [[t([2, 3]), 1], [t([2, 3]), 0], [t([2, 3, 4]), -2], [t([5]), 0], [t(), 0], [t([2, 0]), 1], [t([3, 40]), 1]],
  bad: [[[t([2, 3]), 2]], [[t([2, 3]), 'x']]],
  ...more,
});
/** Views and other operators that only move elements: as methods in PyTorch. */
export const moves = (cases: readonly Args[], bad: NonNullable<Sample['bad']> = [], more: Partial<Sample> = {}): Sample => ({
  cases, bad, layouts: true, ...more,
});
export const method = (name: string): { torch: string } => ({ torch: `torch.Tensor.${name}` });
export const casts = (dtype: string, says: string): Sample => ({
  cases: [[t([2, 3])], [t()], [t([0, 2])]],
  torch: `lambda x: x.to(torch.${dtype})`, gradient: dtype === 'float64', says,
});
export const COMPARED: Partial<Sample> = flatly;
export const PAIR: readonly Args[] = [[t([2, 3]), still([2, 3])], [t([2, 3]), still([2, 3]), { reduction: 'none' }], [t([2, 3]), still([2, 3]), { reduction: 'sum' }], [t([]), t([])], [t([0]), t([0])]];
export const loss = (f: string, more: readonly Args[] = [], rest: Partial<Sample> = {}): Sample => ({
  cases: [...PAIR, [t([4]), t([4])], ...more], ...F(f), bad: [[[t([2]), t([2]), { reduction: 'max' }], /max/], [[t([2]), 3]]], ...rest,
});
export const pools = (n: 1 | 2 | 3, name: string, more: (s: readonly number[]) => readonly Args[], indices = false): Sample => {
  const [small, large] = [[1, 2, ...[4, 3, 3].slice(0, n)], [2, ...[7, 6, 5].slice(0, n)]];
  return {
    cases: [[t([1, 1, ...[3, 3, 3].slice(0, n)]), 2], [t(small), 2], [t(large), 3, { stride: 2 }], [t(small), 2, { stride: 1 }], [t(large), 2, { ceilMode: true }], ...more(large)],
    torch: `lambda x, *a, **k: F.${name}(x, *a, ${indices ? 'return_indices=True, ' : ''}**k)`, dtypes: ['float32', 'float64'], tolerance: 2,
    bad: [[[t(small), 9]], [[t([3]), 2]], [[t(small), 2, { padding: 4 }]], [[t(small), 'x']]],
  };
};
export const maxPools = (n: 1 | 2 | 3, indices = false): Sample =>
  pools(n, `max_pool${n}d`, (s) => [[t(s), 3, { stride: 2, padding: 1 }], [t(s), 2, { dilation: 2, stride: 1 }]], indices);
export const avgPools = (n: 1 | 2 | 3): Sample =>
  pools(n, `avg_pool${n}d`, (s) => [[t(s), 3, { stride: 2, padding: 1 }], [t(s), 3, { stride: 2, padding: 1, countIncludePad: false }], [t(s), 3, { padding: 1, ceilMode: true }]]);
export const adaptive = (n: 1 | 2 | 3, name: string, indices = false): Sample => {
  const s = [2, ...[7, 6, 5].slice(0, n)];
  return {
    cases: [[t([1, 1, ...[4, 3, 3].slice(0, n)]), 2], [t([1, 2, ...[4, 3, 3].slice(0, n)]), 2], [t(s), 3], [t(s), 1], [t(s), [4, 2, 3].slice(0, n)]],
    torch: `lambda x, *a: F.${name}(x, *a${indices ? ', return_indices=True' : ''})`, dtypes: ['float32', 'float64'], bad: [[[t([3]), 2]], [[t(s), 'x']]],
  };
};
export const convs = (n: 1 | 2 | 3): Sample => {
  const k = (m: number): number[] => new Array<number>(n).fill(m);
  const x = t([1, 2, ...[4, 3, 2].slice(0, n)]);
  return {
    cases: [
      [x, t([3, 2, ...k(2)])], [x, t([3, 2, ...k(2)]), t([3]), 2, 1], [x, t([2, 1, ...k(2)]), { groups: 2, padding: 1 }],
      [t([2, 4, ...[7, 6, 5].slice(0, n)]), t([3, 4, ...k(3)]), { padding: 2, dilation: 2 }], [t([2, 4, ...[7, 6, 5].slice(0, n)]), t([3, 4, ...k(3)]), { padding: 'same' }],
      [t([2, ...[4, 5, 3].slice(0, n)]), t([3, 2, ...k(1)])], [t([2, 16, ...[9, 9, 3].slice(0, n)]), t([16, 16, ...k(3)]), t([16]), { padding: 1 }],
    ],
    torch: `F.conv${n}d`, dtypes: ['float32', 'float64'], tolerance: 30,
    bad: [[[x, t([3, 4, ...k(2)])]], [[x, t([3, 2, ...k(9)])]], [[x, t([2])]], [[x, 3]], [[x, t([3, 2, ...k(2)]), { stride: 0 }]]],
  };
};
export const transposedConvs = (n: 1 | 2 | 3): Sample => {
  const k = (m: number): number[] => new Array<number>(n).fill(m);
  const x = t([1, 2, ...[3, 3, 2].slice(0, n)]);
  return {
    cases: [
      [t([1, 1, ...[2, 2, 2].slice(0, n)]), t([1, 2, ...k(2)])], [x, t([2, 3, ...k(2)])], [x, t([2, 3, ...k(2)]), t([3]), 2], [x, t([2, 2, ...k(2)]), { groups: 2, stride: 2, padding: 1, outputPadding: 1 }],
      [t([2, 4, ...[5, 4, 3].slice(0, n)]), t([4, 3, ...k(3)]), { padding: 1, dilation: 2 }],
    ],
    torch: `F.conv_transpose${n}d`, dtypes: ['float32', 'float64'], tolerance: 6,
    bad: [[[x, t([3, 4, ...k(2)])]], [[x, t([2])]], [[x, t([2, 3, ...k(2)]), { stride: 0 }]]],
  };
};
export const picks = (more: Partial<Sample> = {}): Sample => ({
  cases: [
    [t([7])], [t([2, 3])], [t([3, 4]), 1], [t([3, 4]), 0, true], [t([2, 3, 4]), { dim: -2 }], [t(), 0], [t([2, 0, 3]), 0], [t([2, 0, 3]), 1], [t([0])], [t([3, 40]), 1], [of([1, nan, 3, 2])], [of([1, nan, 3, 2]), 0],
  ],
  bad: [[[t([2, 3]), 2]], [[t([2, 3]), -3]]],
  ...more,
});
export const positive = [0.1, 3] as const;
