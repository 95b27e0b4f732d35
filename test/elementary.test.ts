// float64 versions of elementary functions to nearly all digits, against values computed with forty (mpmath): near the
// places where their formulas change, and far out. In vectors and, by a single element, beside them.
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import './helpers.ts'; // the device
import * as torch from '../lib/index.ts';

const f64 = { dtype: 'float64' } as const;
type Row = readonly [f: (x: torch.Tensor) => torch.Tensor, places: readonly number[], values: readonly number[]];
const TABLE: Readonly<Record<string, Row>> = {
  asin: [
    torch.asin,
    [1e-9, 0.1, 0.49, 0.51, 0.9, -0.999],
    [1e-9, 0.1001674211615598, 0.5120897529341477, 0.5351847902755998, 1.1197695149986342, -1.526071239626163],
  ],
  acos: [
    torch.acos,
    [1e-9, 0.1, -0.49, 0.51, -0.9, 0.999],
    [
      1.5707963257948967, 1.4706289056333368, 2.0828860797290445, 1.0356115365192968, 2.6905658417935308,
      0.044725087168733454,
    ],
  ],
  atan: [
    torch.atan,
    [1e-9, 0.4, 0.42, -1, 2.5, 1000000000.0],
    [1e-9, 0.3805063771123649, 0.3976279915221293, -0.7853981633974483, 1.1902899496825317, 1.5707963257948967],
  ],
  tan: [
    torch.tan,
    [1e-9, 0.78, -0.79, 1.57, 3.15, 98765.4],
    [1e-9, 0.989261536876605, -1.0092462883827549, 1255.7655915007897, 0.0084075445026236, 0.01015679331252305],
  ],
  sinh: [
    torch.sinh,
    [1e-9, 0.5, -0.99, 1.01, 20, -710],
    [1e-9, 0.5210953054937474, -1.1598288906636083, 1.1906910177226966, 242582597.70489514, -1.1169973830808555e308],
  ],
  cosh: [
    torch.cosh,
    [1e-9, 0.5, -1.5, 5, 20, 710],
    [1.0, 1.1276259652063807, 2.352409615243247, 74.20994852478785, 242582597.70489514, 1.1169973830808555e308],
  ],
  asinh: [
    torch.asinh,
    [1e-9, 0.01, -0.5, 3, 100000000.0, 1e300],
    [1e-9, 0.009999833340832888, -0.48121182505960347, 1.8184464592320668, 19.11382792451231, 691.4686750787737],
  ],
  acosh: [
    torch.acosh,
    [1.000001, 1.01, 1.5, 3, 100000000.0, 1e300],
    [
      0.00141421344446382, 0.14130376948564863, 0.9624236501192069, 1.762747174039086, 19.11382792451231,
      691.4686750787737,
    ],
  ],
  atanh: [
    torch.atanh,
    [1e-9, 0.01, -0.49, 0.51, 0.9, 0.999999],
    [1e-9, 0.010000333353334763, -0.5360603366105666, 0.5627297693521489, 1.4722194895832204, 7.254328619247669],
  ],
  erf: [
    torch.erf,
    [1e-9, 0.5, -0.99, 1.01, 3, 5],
    [
      1.1283791670955127e-9, 0.5204998778130465, -0.8385080695553698, 0.8468104962282768, 0.9999779095030014,
      0.9999999999984626,
    ],
  ],
  erfc: [
    torch.erfc,
    [1e-9, 0.3, -0.74, 0.76, 5, 26],
    [
      0.9999999988716208, 0.6713732405408726, 1.7046780778547457, 0.28246324719440913, 1.537459794428035e-12,
      5.663192408856143e-296,
    ],
  ],
  erfinv: [
    torch.erfinv,
    [1e-9, 0.3, 0.7, -0.72, 0.99, 0.9999999999999999],
    [
      8.86226925452758e-10, 0.2724627147267543, 0.7328690779592167, -0.7639011317372364, 1.8213863677184494,
      5.8635847487551676,
    ],
  ],
};

test.each(Object.entries(TABLE))('%s of float64', (name, [f, places, values]) => {
  for (const times of [1, 7]) {
    const x = torch.tensor(Array.from({ length: times }, () => places).flat(), f64);
    const got = f(x).tolist() as number[];
    got.forEach((y, i) => {
      const wanted = values[i % values.length] ?? Number.NaN;
      assert.ok(Math.abs(y - wanted) <= 1e-15 * Math.abs(wanted), `${name}(${places[i % places.length]}) is ${y}`);
    });
  }
});

test('atan2 of float64 in every octant and at its borders', () => {
  const inf = Number.POSITIVE_INFINITY;
  const sides = [0, -0, 1, -1, 0.4, -2.5, 1e-310, -1e308, 5e-324, inf, -inf, Number.NaN];
  const y = torch.tensor(sides, f64).unsqueeze(1);
  const got = torch.atan2(y, torch.tensor(sides, f64)).tolist() as number[][];
  sides.forEach((a, i) => {
    sides.forEach((b, j) => {
      const angle = got[i]?.[j];
      const wanted = Math.atan2(a, b);
      if (Number.isNaN(wanted) || wanted === 0) expect(angle).toBe(wanted);
      else assert.ok(Math.abs(Number(angle) - wanted) <= 1e-15 * Math.abs(wanted), `atan2(${a}, ${b}) is ${angle}`);
    });
  });
});

test('special places of float64 functions', () => {
  const inf = Number.POSITIVE_INFINITY;
  const nan = Number.NaN;
  const x = torch.tensor([0, -0, inf, -inf, nan, 1, -1, 2, 1e-310], f64);
  expect(torch.asin(x).slice(0, 0, 5).tolist()).toEqual([0, -0, nan, nan, nan]);
  expect(torch.acos(x).slice(0, 5, 8).tolist()).toEqual([0, Math.PI, nan]);
  expect(torch.atan(x).slice(0, 0, 5).tolist()).toEqual([0, -0, Math.PI / 2, -Math.PI / 2, nan]);
  expect(torch.tan(x).slice(0, 0, 5).tolist()).toEqual([0, -0, nan, nan, nan]);
  expect(torch.sinh(x).slice(0, 0, 5).tolist()).toEqual([0, -0, inf, -inf, nan]);
  expect(torch.cosh(x).slice(0, 0, 5).tolist()).toEqual([1, 1, inf, inf, nan]);
  expect(torch.asinh(x).slice(0, 0, 5).tolist()).toEqual([0, -0, inf, -inf, nan]);
  expect(torch.acosh(x).tolist()).toEqual([nan, nan, inf, nan, nan, 0, nan, Math.acosh(2), nan]);
  expect(torch.atanh(x).slice(0, 0, 8).tolist()).toEqual([0, -0, nan, nan, nan, inf, -inf, nan]);
  expect(torch.erf(x).slice(0, 0, 5).tolist()).toEqual([0, -0, 1, -1, nan]);
  expect(torch.erfc(x).slice(0, 0, 5).tolist()).toEqual([1, 1, 0, 2, nan]);
  expect(torch.erfinv(x).slice(0, 0, 8).tolist()).toEqual([0, -0, nan, nan, nan, inf, -inf, nan]);
  for (const f of [torch.asin, torch.atan, torch.tan, torch.sinh, torch.asinh, torch.atanh])
    expect(f(x).slice(0, 8).item()).toBe(1e-310);
});
