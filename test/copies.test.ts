// Two copies of the library in one process, as bundlers and test runners that load modules anew make them: each computes
// as if it were alone, whether they share the loaded addon or not.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type * as flambeau from '../lib/index.ts';

const require = createRequire(import.meta.url);
const path = fileURLToPath(new URL('../dist/index.cjs', import.meta.url));
const load = (anew: readonly string[]): typeof flambeau => {
  for (const file of anew) delete require.cache[file];
  return require(path) as typeof flambeau;
};

test('copies with one addon, and with an addon each', () => {
  const first = load([]);
  const made = first.arange(3);
  const second = load([path]);
  const third = load(Object.keys(require.cache));
  expect(new Set([first, second, third]).size).toBe(3);
  // the list of so many parameters is longer than the plans' array
  const steps = [first, second, third].map((torch) => {
    const params = Array.from({ length: 600 }, () => torch.ones(4, { requiresGrad: true }));
    const optimizer = new torch.optim.Adam(params, { lr: 0.5 });
    return () => {
      optimizer.zeroGrad();
      torch.stack(params).sum().backward();
      optimizer.step();
      return params[599]!.sum().item();
    };
  });
  for (let i = 0; i < 3; i++) {
    [first, second, third].forEach((torch, k) => {
      expect(torch.ones(2).add(k).tolist()).toEqual([1 + k, 1 + k]);
      expect(torch.randn(300, 300).mul(0).sum().item()).toBe(0);
    });
    const [a, b, c] = steps.map((step) => step());
    expect([b, c]).toEqual([a, a]);
  }
  expect(made.add(1).tolist()).toEqual([1, 2, 3]);
});
