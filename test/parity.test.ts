// docs/parity.md says what there is of PyTorch's names: it must be up to date, and so must its claims about most of them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parityPage } from '../scripts/parity.ts';

test('the page is what `npm run parity` writes', () => {
  expect(readFileSync(new URL('../docs/parity.md', import.meta.url), 'utf8')).toBe(parityPage());
});

test.each([
  ['torch', 90],
  ['Tensor', 90],
  ['nn', 95],
  ['optim', 100],
  ['optim.lr_scheduler', 100],
])('%s has at least %i %% of the names in scope', (namespace, least) => {
  const line = parityPage()
    .split('\n')
    .find((l) => l.startsWith(`| \`${namespace}\` |`))!;
  expect(Number(/(\d+) %/.exec(line)![1])).toBeGreaterThanOrEqual(least);
});
