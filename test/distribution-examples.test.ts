// Distributions with the parameters that PyTorch tests its own with, in float32: scalars, batches, broadcasting, extremes.
// Answers in test/oracle/distribution-examples.json, by scripts/oracle-distribution-examples.py.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { build, type Data, expectData, type Tree, tensor } from './distribution-trees.ts';

type Maybe = Data | null;
interface Answers {
  repr: string;
  support: string;
  constraints: Record<string, string>;
  shapes: [number[], number[]];
  has: [boolean, boolean];
  sample: Data;
  next: Data;
  logProb: Maybe;
  /** 0 where it is too long. */
  values: Maybe | 0;
  mean: Maybe;
  mode: Maybe;
  variance: Maybe;
  stddev: Maybe;
  entropy: Maybe;
  perplexity: Maybe;
  cdf?: Maybe;
  icdf: Maybe;
}
const stored = JSON.parse(readFileSync(new URL('./oracle/distribution-examples.json', import.meta.url), 'utf8')) as [
  Tree,
  Answers,
][];

describe("PyTorch's own examples", () => {
  test.each(stored.map(([tree, answers], i) => [`${tree[0]} ${i}`, tree, answers] as const))(
    '%s',
    (_, tree, answers) => {
      const d = build(tree) as torch.distributions.Distribution;
      assert.equal(String(d), answers.repr);
      assert.equal(String(d.support), answers.support);
      const checks = Object.entries(d.argConstraints).map(([k, c]) => [k, String(c)]);
      assert.deepEqual(Object.fromEntries(checks), answers.constraints);
      assert.deepEqual([[...d.batchShape], [...d.eventShape]], answers.shapes);
      assert.deepEqual([d.hasRsample, d.hasEnumerateSupport], answers.has);
      torch.manualSeed(9);
      const x = d.sample([3]);
      expectData(x, answers.sample, 'sample', 2e-5);
      expectData(torch.rand(2), answers.next, 'as many draws', 1e-7);
      const p = torch.tensor([0, 0.25, 1]).reshape([3, ...d.batchShape.map(() => 1)]);
      const given = tensor(answers.sample);
      const asked: [Maybe | 0 | undefined, string, () => torch.Tensor][] = [
        [answers.logProb, 'logProb', () => d.logProb(given)],
        [answers.values, 'enumerateSupport', () => d.enumerateSupport(false)],
        [answers.mean, 'mean', () => d.mean],
        [answers.mode, 'mode', () => d.mode],
        [answers.variance, 'variance', () => d.variance],
        [answers.stddev, 'stddev', () => d.stddev],
        [answers.entropy, 'entropy', () => d.entropy()],
        [answers.perplexity, 'perplexity', () => d.perplexity()],
        [answers.cdf, 'cdf', () => d.cdf(given)],
        [answers.icdf, 'icdf', () => d.icdf(p)],
      ];
      // PyTorch cannot see a number of degrees of freedom as a batch of matrices
      const all = tree[0] !== 'Wishart';
      for (const [wanted, what, f] of asked) {
        if (wanted) expectData(f(), wanted, what, 5e-5);
        else if (wanted === null && all && what !== 'logProb' && what !== 'icdf')
          assert.throws(f, { name: 'TypeError' }, what);
      }
    },
  );
});
