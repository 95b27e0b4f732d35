// Bessel, Airy and incomplete gamma functions to all digits, where PyTorch's own have fewer: against values computed with
// thirty digits (mpmath). PyTorch's are in ops.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import './helpers.ts'; // the device
import * as torch from '../lib/index.ts';

const { special } = torch;
const f64 = { dtype: 'float64' } as const;
const PLACES = [0.1, 1, 2.5, 8.5, 24.5, 25.5, 60];
const near = (got: unknown, wanted: number, relative: number, what: string): void =>
  assert.ok(Math.abs(Number(got) - wanted) <= relative * Math.abs(wanted), `${what} is ${String(got)}, not ${wanted}`);

const TABLE: Readonly<Record<string, readonly [f: (x: torch.Tensor) => torch.Tensor, values: readonly number[]]>> = {
  J0: [
    special.besselJ0,
    [
      0.99750156206604, 0.7651976865579666, -0.048383776468198, 0.041939251842934504, 0.0236974337340679,
      0.14406215754684787, -0.09147180408906187,
    ],
  ],
  J1: [
    special.besselJ1,
    [
      0.049937526036242, 0.4400505857449335, 0.49709410246427405, 0.2731219636740537, -0.1589784118193281,
      -0.062048536491484105, 0.046598383758166315,
    ],
  ],
  Y0: [
    special.besselY0,
    [
      -1.5342386513503667, 0.08825696421567696, 0.4980703596152319, 0.27020510536578746, -0.15942871774975043,
      -0.06485976549878349, 0.0473589522094494,
    ],
  ],
  Y1: [
    special.besselY1,
    [
      -6.4589510947020266, -0.7812128213002887, 0.1459181379667858, -0.02616867939853747, -0.026954655331885412,
      -0.1453610587230494, 0.09186960936986689,
    ],
  ],
  K0: [
    special.modifiedBesselK0,
    [
      2.4270690247020164, 0.42102443824070834, 0.06234755320036619, 8.625756634932507e-5, 5.768856182529219e-12,
      2.080615357164279e-12, 1.4138978405591078e-27,
    ],
  ],
  K1: [
    special.modifiedBesselK1,
    [
      9.853844780870606, 0.6019072301972346, 0.07389081634774707, 9.119724775006898e-5, 5.885432744756932e-12,
      2.1210265673146657e-12, 1.4256320265171043e-27,
    ],
  ],
  Ai: [
    special.airyAi,
    [
      0.3292031299435381, 0.13529241631288141, 0.01572592338047049, 1.0997009755195506e-8, 9.813303797462995e-37,
      6.547220618442566e-39, 2.7831487094969354e-136,
    ],
  ],
  'Ai of -x': [
    (x) => special.airyAi(x.neg()),
    [
      0.3808486681201215, 0.5355608832923521, -0.11232506769296609, -0.33029023763020887, -0.012926044703241093,
      -0.24407246181912132, 0.07778782447711559,
    ],
  ],
};
describe('all digits', () => {
  test.each(Object.entries(TABLE))('%s', (name, [f, values]) => {
    const got = f(torch.tensor(PLACES, f64)).tolist() as number[];
    values.forEach((v, i) => near(got[i], v, 5e-13, `${name}(${PLACES[i]})`));
  });

  // a, x, and the parts below and above
  test.each([
    [0.01, 1e-5, 0.8963367982671973, 0.1036632017328028],
    [0.5, 0.9, 0.8202875051210001, 0.17971249487899985],
    [5, 0.1, 7.66780168618931e-8, 0.9999999233219832],
    [5, 40, 0.999999999999498, 5.020464318829134e-13],
    [1000, 900, 0.0005499022657117829, 0.9994500977342882],
    [1000, 1100, 0.99894067674607, 0.0010593232539299773],
    [1e6, 1002000, 0.9771959041012301, 0.022804095898769864],
    [1e6, 998000, 0.022696114006736802, 0.9773038859932632],
    [2e5, 199000, 0.012576006291331173, 0.9874239937086688],
    [1e-8, 0.5, 0.9999999944022641, 5.597735977099587e-9],
  ])('igamma and igammac of %d at %d', (a, x, below, above) => {
    near(torch.igamma(torch.tensor(a, f64), torch.tensor(x, f64)).item(), below, 1e-12, 'igamma');
    near(torch.igammac(torch.tensor(a, f64), torch.tensor(x, f64)).item(), above, 1e-12, 'igammac');
  });
});

test('no order is an endless loop', () => {
  const x = torch.tensor([0.5, 1.0000001, -3], f64);
  for (const f of [
    special.chebyshevPolynomialT,
    special.shiftedChebyshevPolynomialW,
    special.laguerrePolynomialL,
    special.legendrePolynomialP,
    special.hermitePolynomialH,
  ]) {
    assert.equal(f(x, 1e18).numel(), 3);
    assert.equal(f(x, Number.POSITIVE_INFINITY).numel(), 3);
    assert.equal(f(x, Number.NaN).numel(), 3);
  }
});
test('the derivative of igamma by its first argument is refused', () => {
  const a = torch.tensor([2], { dtype: 'float32', requiresGrad: true });
  assert.throws(() => torch.igamma(a, torch.ones(1)).sum().backward(), torch.AutogradError);
});
