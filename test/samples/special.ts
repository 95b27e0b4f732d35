// biome-ignore-all format: a table, one row a line
// The samples of torch.special's own functions. See index.ts.
import { of, still, t, typed } from '../helpers.ts';
import { either, inf, nan, positive, type Sample, type Samples, unary } from './sample.ts';

const S = (name: string, more: Partial<Sample> = {}): Partial<Sample> => ({ torch: `torch.special.${name}`, tolerance: 4, ...more });

export const special = {
  entr: unary([0.1, 3], S('entr'), of([nan, inf, -inf, 0, -1, 1, 0.5])), erfcx: unary([-2, 2], S('erfcx'), of([nan, inf, -inf, -30, -3, 2.9, 3, 5, 30, 1e9])),
  expit: unary([-2, 2], S('expit')), gammaln: unary(positive, S('gammaln'), of([nan, inf, 0.5, 1, 2, 30])), psi: { ...unary(positive, S('psi'), { ...of([nan, inf, 0.5, 1, 2, 30]), grad: false }) },
  multigammaln: { cases: [[t([2, 3], [2.1, 5]), 2], [t([3], [2.1, 5]), 3]], ...S('multigammaln'), dtypes: ['float32', 'float64'], bad: [[[t([2]), 0]]] },
  i1: unary([-2, 2], S('i1'), of([0, 19, 21, -25, 3])), i0e: unary([-2, 2], S('i0e'), of([nan, 0, 19, 21, -25, 1000])), i1e: unary([-2, 2], S('i1e'), of([nan, 0, 19, 21, -25, 1000])),
  ndtr: unary([-2, 2], S('ndtr'), of([nan, inf, -inf, 0, -5, 5, -10])), logNdtr: unary([-2, 2], S('log_ndtr'), of([nan, inf, 0, -1, -5, 5, -40])), ndtri: unary([0.05, 0.95], S('ndtri'), of([nan, 0, 1, -1, 2, 0.5, 1e-8, 1e-30, 0.999])),
  xlog1py: { ...either([-2, 2], [-0.9, 2], S('xlog1py')), cases: [...either([-2, 2], [-0.9, 2]).cases.slice(0, 9), [of([0, 0, 0, 1, nan, 0]), of([-1, nan, inf, -1, 1, -2])], [2, t([3], positive)]] },
  zeta: { cases: [[still([2, 3], [1.5, 4]), t([2, 3], positive)], [still([3], [1.5, 4]), t([2, 1], positive)], [2, t([3], positive)], [still([3], [1.5, 4]), 1], [{ ...of([1, 0.5, 2, 2, 2, 2.5, nan, 2, 2]), grad: false }, { ...of([1, 1, 0, -1, inf, -0.5, 1, nan, -1.5]), grad: false }], [typed('int64', [3], [2, 4]), 1]], ...S('zeta'), bad: [[[t([2]), 'x']], [[t([2]), t([3])]]] },
} satisfies Samples;
