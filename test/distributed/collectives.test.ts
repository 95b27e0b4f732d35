// Collectives and messages on 1 to 4 ranks: the cases are in scripts/, many in one start of the processes.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { launch } from './launch.ts';

const PARTS =
  'allReduce broadcast reduce allGather gather scatter reduceScatter allToAll uneven long gradients objects'.split(' ');
const passed = (text: string): string[] => [...text.matchAll(/^ok (.*)$/gm)].map((match) => match[1]!);

describe('collectives against the plain computation', () => {
  for (const processes of [1, 2, 3, 4])
    test(`${processes} ranks`, { timeout: 180_000 }, async () => {
      const { code, ranks, output } = await launch('test/distributed/scripts/collectives.ts', {
        processes,
        timeout: 170,
      });
      assert.equal(code, 0, output);
      for (const text of ranks) assert.deepEqual(passed(text), PARTS, output);
    });
});

describe('messages', () => {
  const names = [
    'ring',
    'send and recv',
    'beside collectives',
    'a message during a collective',
    'groups',
    'disposed',
    'the end',
  ];
  for (const processes of [1, 3])
    test(`${processes} ranks`, { timeout: 120_000 }, async () => {
      const { code, ranks, output } = await launch('test/distributed/scripts/messages.ts', { processes, timeout: 110 });
      assert.equal(code, 0, output);
      for (const text of ranks) assert.deepEqual(passed(text), names, output);
    });
});

test('refusals, and the debug mode', { timeout: 120_000 }, async () => {
  const { code, ranks, output } = await launch('test/distributed/scripts/refusals.ts', { timeout: 110 });
  assert.equal(code, 0, output);
  for (const text of ranks) assert.deepEqual(passed(text), ['refusals', 'waits', 'barriers', 'debug'], output);
});
