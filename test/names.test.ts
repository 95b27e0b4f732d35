// What the functions and classes of the built library call themselves: stack traces, consoles and printed modules show it. The
// bundler renames what collides and calls many just `f`; scripts/namespaces.mjs gives them their names.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { namesIn } from './public-names.mjs';

const library: object = createRequire(import.meta.url)('../dist/index.cjs');
const found = namesIn(library);

test('each is named as it is exported, or as it is exported elsewhere', () => {
  expect(found.length).toBeGreaterThan(1400);
  const names = new Map<unknown, string[]>();
  for (const { key, value } of found) names.set(value, [...(names.get(value) ?? []), key]);
  const wrong = found.filter(({ name, value }) => !names.get(value)?.includes(name));
  assert.deepEqual(
    wrong.map(({ path, name }) => `${path} is ${name}`),
    [],
  );
});
test('names that the bundler changed are back', () => {
  const of = (path: string): string | undefined => found.find((one) => one.path === path)?.name;
  for (const path of [
    'F.maxPool1d',
    'maxPool1d',
    'abs',
    'autograd.grad',
    'distributions.Multinomial',
    'nn.init.normal',
  ])
    expect(of(path)).toBe(path.split('.').at(-1));
});
