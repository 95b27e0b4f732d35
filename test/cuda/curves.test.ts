// Scripts that train on cuda:0 to the losses that they have on the CPU, which are PyTorch's (test/oracle/curves.json).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Losses, Settings } from '../../examples/scripts/data.ts';
import * as torch from '../../lib/index.ts';

type Curves = Readonly<Record<string, readonly number[]>>;
const stored = JSON.parse(readFileSync(new URL('../oracle/curves.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Curves>
>;
/** Steps that are compared, and how far apart they may be: dropout draws other numbers on a GPU, as in PyTorch. */
const SCRIPTS: Readonly<Record<string, readonly [steps: number, tolerance: number]>> = {
  'wgan-gp': [4, 1e-4],
  'mnist-cnn': [1, 0.06],
  nanogpt: [2, 0.06],
  bert: [2, 0.06],
};
const there = torch.cuda.isAvailable();

describe.runIf(there)('training on cuda:0', () => {
  test.each(Object.entries(SCRIPTS))('%s', { timeout: 120_000 }, async (name, [steps, tolerance]) => {
    const script = (await import(`../../examples/scripts/${name}.ts`)) as {
      train(settings: Settings): Generator<Losses, string>;
    };
    const training = script.train({ steps, seed: 1, device: 'cuda:0' });
    for (let i = 0; i < steps; i++) {
      const { value } = training.next() as { value: Losses };
      for (const [key, curve] of Object.entries(stored[name]!)) {
        expect(
          Math.abs(value[key]! - curve[i]!) / Math.max(1, Math.abs(curve[i]!)),
          `${key} of step ${i}`,
        ).toBeLessThan(tolerance);
      }
    }
  });
});

describe.runIf(!there)('without a GPU', () => {
  test('the curves are there', () => expect(Object.keys(stored)).toEqual(expect.arrayContaining(Object.keys(SCRIPTS))));
});
