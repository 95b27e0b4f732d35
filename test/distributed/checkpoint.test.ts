// Checkpoints of several processes: a model goes on on another number of them, and a save that is cut short leaves the one before.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { launch } from './launch.ts';

const SCRIPT = 'test/distributed/scripts/fsdp-checkpoint.ts';
const tmp = mkdtempSync(join(tmpdir(), 'flambeau-dcp-'));
afterAll(() => rmSync(tmp, { recursive: true }));
const folder = join(tmp, 'step');
const run = (phase: string, processes: number) =>
  launch(SCRIPT, { processes, env: { PHASE: phase, FOLDER: folder }, timeout: 120 });
let wanted: number[] = [];

async function resumed(processes: number): Promise<void> {
  const { code, ranks, output } = await run('resume', processes);
  assert.equal(code, 0, output);
  const { curve } = JSON.parse(ranks[0]!) as { curve: number[] };
  curve.forEach((loss, i) =>
    assert(Math.abs(loss - wanted[i]!) < 1e-5, `${processes} processes, step ${i}: ${loss} not ${wanted[i]}`),
  );
}

test('saved on four processes, with the keys of the plain model, whole or in shards', async () => {
  const { code, ranks, output } = await run('save', 4);
  assert.equal(code, 0, output);
  wanted = (JSON.parse(ranks[0]!) as { curve: number[] }).curve;
});

test('it goes on on two, three and one', async () => {
  for (const processes of [2, 3, 1]) await resumed(processes);
});

test('a process that is killed while it saves leaves the checkpoint before as it was', async () => {
  const { code, output } = await run('kill', 3);
  assert.notEqual(code, 0, output);
  assert(!output.includes('survived'), output);
  assert(existsSync(`${folder}.tmp`), 'nothing was cut short');
  await resumed(2);
  // the next one clears away what is left
  const next = await run('save', 4);
  assert.equal(next.code, 0, next.output);
});

test('where one process cannot write, all throw and say which', async () => {
  const { code, ranks, output } = await run('fail', 3);
  assert.equal(code, 0, output);
  assert.deepEqual(
    ranks.map((text) => text.trim()),
    [
      'DistError: save: rank 2: no space left on device',
      'DistError: save: rank 2: no space left on device',
      'Error: no space left on device',
    ],
  );
  assert(!existsSync(`${folder}.tmp`), 'something is left behind');
  await resumed(3);
});
