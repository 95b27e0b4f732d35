// biome-ignore-all format: a table, one row a line
// The samples of Bessel, Airy and incomplete gamma functions, and of orthogonal polynomials. See index.ts.
import { of, still, t, typed } from '../helpers.ts';
import { type Args, flatly, inf, nan, positive, type Sample, type Samples } from './sample.ts';

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const REAL = ['float32', 'float64', 'int64', 'bool'] as const;
/** A function of one number: near, at its special points, and far out. */
const one = (name: string, domain: readonly [number, number], special: readonly number[], tolerance = 8): Sample => ({
  cases: [[t([2, 3], domain)], [t([37], domain)], [t([])], [t([0, 3])], [of(special)]],
  torch: `torch.special.${snake(name)}`, dtypes: REAL, tolerance, ...flatly, bad: [[[t([2]), { out: 1 }]]],
});
// PyTorch's Bessel functions and Airy's are off by up to 1e-6 in float64; test/special.test.ts holds ours to all digits
const INEXACT = 10_000;
const POINTS = [nan, 0, -0, 1e-12, 1e-5, 0.25, 1, -1, 5, -5, 24.5, 25.5, -40];
/** A polynomial by its order, which may be a number, a tensor, a fraction. */
const polynomial = (name: string, more: Partial<Sample> = {}): Sample => {
  const x: Args = [t([2, 3], [-2, 2]), t([37], [-1, 1])];
  return {
    cases: [
      [x[0]!, 3], [x[1]!, 4], [x[1]!, 12], [x[0]!, typed('int64', [3], [0, 5])], [x[0]!, 0], [x[0]!, 1], [x[0]!, -1], [x[0]!, 2.7], [2, typed('int64', [3], [0, 6])],
      [t([2, 1]), t([3], [0, 4])], [of([1, -1, 0, 1, -1, 0]), of([9, 9, 7, 4, 4, 3])], [t([0]), 2], [t([]), 5],
    ],
    torch: `torch.special.${snake(name)}`, dtypes: REAL, tolerance: 80, ...flatly, bad: [[[t([2, 3]), t([2, 4])], /\[2, 3\].*\[2, 4\]/], [[1, 2]], [[t([2]), 'x']]], ...more,
  };
};

export const scientific = {
  igamma: { cases: [[still([2, 3], positive), t([2, 3], positive)], [still([3], [0.1, 30]), t([37, 3], [0.1, 30])], [still([2, 1], positive), t([3], positive)], [still([], positive), t([3], positive)], [{ ...of([0, 0, 2, -1, 2, inf, 2, inf, nan, 1e-10]), grad: false }, of([0, 1, 0, 1, -1, 2, inf, inf, 1, 0.5])], [{ ...of([100, 100, 1e4, 1e4, 3e5, 3e5, 0.5, 20]), grad: false }, of([90, 120, 9900, 10300, 299000, 301500, 30, 1e-3])], [still([3], positive), typed('int64', [3], [1, 5])], [t([0]), t([0])]], dtypes: ['float32', 'float64', 'int64', 'float16', 'bfloat16'], tolerance: 60, bad: [[[t([2]), 1]], [[1, t([2])]], [[t([2, 3]), t([2, 4])], /\[2, 3\].*\[2, 4\]/]] },
  igammac: { cases: [[still([2, 3], positive), t([2, 3], positive)], [still([3], [0.1, 30]), t([37, 3], [0.1, 30])], [{ ...of([0, 0, 2, -1, 2, inf, 2, inf, nan, 1e-10]), grad: false }, of([0, 1, 0, 1, -1, 2, inf, inf, 1, 0.5])], [{ ...of([100, 100, 1e4, 1e4, 3e5, 3e5, 0.5, 20]), grad: false }, of([90, 120, 9900, 10300, 299000, 301500, 30, 1e-3])]], dtypes: ['float32', 'float64', 'int64', 'float16', 'bfloat16'], tolerance: 60, bad: [[[t([2]), 1]]] },
  gammainc: { cases: [[still([2, 3], positive), t([2, 3], positive)]], torch: 'torch.special.gammainc', dtypes: ['float32', 'float64'], tolerance: 30, bad: [[[t([2]), 1]]] },
  gammaincc: { cases: [[still([2, 3], positive), t([2, 3], positive)]], torch: 'torch.special.gammaincc', dtypes: ['float32', 'float64'], tolerance: 30, bad: [[[t([2]), 1]]] },

  besselJ0: one('besselJ0', [-30, 30], [...POINTS, inf], INEXACT), besselJ1: one('besselJ1', [-30, 30], [...POINTS, inf], INEXACT), besselY0: one('besselY0', [0.1, 40], [...POINTS, inf, -inf], INEXACT), besselY1: one('besselY1', [0.1, 40], [...POINTS, inf, -inf], INEXACT),
  modifiedBesselI0: one('modifiedBesselI0', [-30, 30], [...POINTS, inf, 800]), modifiedBesselI1: one('modifiedBesselI1', [-30, 30], [...POINTS, inf, 800, -800]),
  modifiedBesselK0: one('modifiedBesselK0', [0.1, 40], [...POINTS, inf, -inf, 2, 3, 80]), modifiedBesselK1: one('modifiedBesselK1', [0.1, 40], [...POINTS, inf, -inf, 2, 3, 80]),
  scaledModifiedBesselK0: one('scaledModifiedBesselK0', [0.1, 40], [...POINTS, inf, -inf, 2, 3, 80, 1e4, 1e9]), scaledModifiedBesselK1: one('scaledModifiedBesselK1', [0.1, 40], [...POINTS, inf, -inf, 2, 3, 80, 1e4, 1e9]),
  sphericalBesselJ0: one('sphericalBesselJ0', [-30, 30], [...POINTS, inf, -inf, 0.4, 0.6]), airyAi: one('airyAi', [-20, 5], [...POINTS, inf, -inf, -9.5, -8.5, 1.4, 1.6, 60], INEXACT),

  chebyshevPolynomialT: polynomial('chebyshevPolynomialT'), chebyshevPolynomialU: polynomial('chebyshevPolynomialU'), chebyshevPolynomialV: polynomial('chebyshevPolynomialV'), chebyshevPolynomialW: polynomial('chebyshevPolynomialW'),
  shiftedChebyshevPolynomialT: polynomial('shiftedChebyshevPolynomialT'), shiftedChebyshevPolynomialU: polynomial('shiftedChebyshevPolynomialU'), shiftedChebyshevPolynomialV: polynomial('shiftedChebyshevPolynomialV'), shiftedChebyshevPolynomialW: polynomial('shiftedChebyshevPolynomialW'),
  hermitePolynomialH: polynomial('hermitePolynomialH'), hermitePolynomialHe: polynomial('hermitePolynomialHe'), laguerrePolynomialL: polynomial('laguerrePolynomialL'), legendrePolynomialP: polynomial('legendrePolynomialP'),
} satisfies Samples;
