// Scripts that train on cuda:0 to the losses that they have on the CPU, which are PyTorch's (test/oracle/curves.json).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Losses, Settings } from '../../examples/scripts/data.ts';
import * as torch from '../../lib/index.ts';

type Curves = Readonly<Record<string, readonly number[]>>;
const stored = JSON.parse(readFileSync(new URL('../oracle/curves.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Curves>
>;
/** Steps that are compared. What draws on the device (dropout) goes other ways from its first draw. */
const STEPS: Readonly<Record<string, number>> = { 'mnist-cnn': 1, nanogpt: 3, bert: 3 };
const there = torch.cuda.isAvailable();

describe.runIf(there)('training on cuda:0', () => {
  test.each(Object.entries(STEPS))('%s', { timeout: 120_000 }, async (name, steps) => {
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
        ).toBeLessThan(1e-3);
      }
    }
  });
});

describe.runIf(!there)('without a GPU', () => {
  test('the curves are there', () => expect(Object.keys(stored)).toEqual(expect.arrayContaining(Object.keys(STEPS))));
});
