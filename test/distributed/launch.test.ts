// Processes start, find each other and end.
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { launch } from './launch.ts';

test('three ranks of one job', async () => {
  const { code, ranks, output } = await launch('test/distributed/scripts/hello.ts', { processes: 3 });
  assert.equal(code, 0, output);
  assert.deepEqual(
    ranks.map((text) => text.trim()),
    [0, 1, 2].map((rank) => `rank ${rank} of 3: 6,6,6`),
  );
});
