// Random draws of many sizes, dtypes and layouts are PyTorch's for the same seed (test/oracle/draw-sizes.json, by
// scripts/oracle-draw-sizes.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { sampleDirichlet, standardGamma } from '../lib/random-distributions.ts';
import { expectClose, flat } from './helpers.ts';

type Row = [seed: number, n: number, dtype: DTypeName, layout: string, name: string, values: number[], next: number];
const rows = JSON.parse(readFileSync(new URL('./oracle/draw-sizes.json', import.meta.url), 'utf8')) as Row[];
const F = torch.nn.functional;

function input(n: number, dtype: DTypeName, layout: string): torch.Tensor {
  const values = Float64Array.from({ length: n }, (_, i) => (((i * 37) % 101) + 1) / 20);
  const x = torch.tensor(values).to(dtype);
  if (layout === 'transposed') return x.reshape([n % 5 === 0 ? 5 : n % 4 === 0 ? 4 : 1, -1]).t();
  return layout === 'stepped' ? torch.stack([x, x], -1).select(-1, 0) : x;
}
const calls: Record<string, (x: torch.Tensor) => torch.Tensor> = {
  poisson: (x) => torch.poisson(x.mul(4)),
  binomial: (x) => torch.binomial(x.mul(10).floor(), x.div(6)),
  standardGamma,
  dirichlet: sampleDirichlet,
  gumbelSoftmax: (x) => F.gumbelSoftmax(x, { tau: 0.7 }),
  'gumbelSoftmax, hard': (x) => F.gumbelSoftmax(x, { tau: 0.7, hard: true, dim: 0 }),
  'multinomial, one': (x) => torch.multinomial(x, 1),
  'multinomial, all different': (x) => torch.multinomial(x, Math.min(5, x.sizes.at(-1)!)),
  'multinomial, with replacement': (x) => torch.multinomial(x, 20, true),
  bernoulli: (x) => torch.bernoulli(x.div(6)),
  'bernoulli_ of a tensor': (x) => torch.emptyLike(x).bernoulli_(x.div(6)),
  'bernoulli_ of a number': (x) => torch.emptyLike(x).bernoulli_(0.3),
  exponential_: (x) => torch.emptyLike(x).exponential_(2),
  normal_: (x) => torch.emptyLike(x).normal_(),
  uniform_: (x) => torch.emptyLike(x).uniform_(),
  normal: (x) => torch.normal(x, x),
  randnLike: (x) => torch.randnLike(x),
  dropout: (x) => F.dropout(x, 0.3),
};

describe("draws are PyTorch's for the same seed", () => {
  test.each(Object.keys(calls))('%s', (name) => {
    const mine = rows.filter((row) => row[4] === name);
    assert.ok(mine.length > 20);
    for (const [seed, n, dtype, layout, , values, next] of mine) {
      const x = input(n, dtype, layout);
      torch.manualSeed(seed);
      const y = calls[name]!(x);
      const what = `${name} of ${n} ${dtype} ${layout}, seed ${seed}`;
      assert.ok(Math.abs((torch.rand(1).item() as number) - next) < 1e-7, `${what}: the number of draws`);
      const got = flat(y.double());
      const sum = got.reduce((total, v, i) => total + v * ((i % 97) + 1), 0);
      const tolerance = dtype === 'bfloat16' ? 2e-2 : 1e-4;
      expectClose([got[0]!, got[1] ?? values[1]!, got.at(-1)!, sum], wanted(values, got.length), tolerance, what);
    }
  });
});
/** Of one value PyTorch's first two and last ones are the same number, told once. */
const wanted = (values: readonly number[], n: number): number[] =>
  n === 1 ? [values[0]!, values[1]!, values[1]!, values.at(-1)!] : [...values];
