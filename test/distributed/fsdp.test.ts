// Fully sharded data parallel on several processes: the curves of one process, memory that falls with their number, refusals.
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { launch } from './launch.ts';

async function run(script: string, processes: number, env: Record<string, string> = {}): Promise<string[]> {
  const { code, ranks, output } = await launch(`test/distributed/scripts/${script}.ts`, {
    processes,
    env,
    timeout: 240,
  });
  assert.equal(code, 0, output);
  return ranks[0]!.trim().split('\n');
}

for (const processes of [2, 3, 4]) {
  test(`${processes} processes follow the curve of one: a CNN with batch norm, a small GPT`, async () => {
    const lines = await run('fsdp-curves', processes, { WAYS: 'cnn,plain' });
    assert.equal(lines.length, 2);
  });
}
test('so they do with parameters kept after forward, activations computed again, and evaluation between', async () => {
  const lines = await run('fsdp-curves', 2, { WAYS: 'kept,inside,outside' });
  assert.equal(lines.length, 3);
});
test('so they do with frozen parameters, units that are not used, gradients summed up, and the class around', async () => {
  const lines = await run('fsdp-curves', 3, { WAYS: 'frozen,unused,accumulate,wrapped' });
  assert.equal(lines.length, 4);
});

test('parameters, gradients and optimizer state take 1/n of the memory', async () => {
  const live: number[] = [];
  for (const processes of [1, 2, 4]) {
    const [line] = await run('fsdp-memory', processes);
    live.push((JSON.parse(line!) as { live: number }).live);
  }
  const [one, two, four] = live as [number, number, number];
  assert(Math.abs(two / one - 1 / 2) < 0.02, `${live}`);
  assert(Math.abs(four / one - 1 / 4) < 0.02, `${live}`);
});

test('what is refused, which memory is freed when, other dtypes, and parameters by hand', async () => {
  const lines = await run('fsdp-cases', 3);
  assert.deepEqual(lines, ['ok']);
});
