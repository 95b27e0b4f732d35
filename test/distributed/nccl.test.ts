// torch.distributed on NCCL: several ranks, each with a GPU of the emulator, where that is built (npm run build:cuda).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';
import { launch, type Launched } from './launch.ts';

const emulated = existsSync(new URL('../../build/Release/flambeau_cuda_emulated.node', import.meta.url));
const env = { FLAMBEAU_CUDA: 'emulate', FLAMBEAU_EMULATOR_DEVICES: '2' };
const script = (name: string): string => `test/distributed/scripts/nccl-${name}.ts`;
/** All ranks have passed the same cases. */
function passed({ code, ranks, output }: Launched, cases: readonly string[]): void {
  assert.equal(code, 0, output);
  const wanted = cases.map((name) => `ok ${name}`);
  for (const text of ranks) assert.deepEqual(text.trim().split('\n'), wanted, output);
}

describe.runIf(emulated)('NCCL on the emulator', () => {
  test('every collective in every dtype, messages, groups, refusals', async () => {
    passed(await launch(script('values'), { processes: 3, env }), [
      'dtypes',
      'sizes',
      'messages',
      'groups',
      'refusals',
    ]);
  });
  const STREAMS = ['overlap', 'memory', 'streams', 'futures', 'groups', 'end'];
  test('works beside kernels, streams and tensors that end', async () => {
    passed(await launch(script('streams'), { env }), STREAMS);
  });
  test('the same with queues that run as late as they may', async () => {
    passed(await launch(script('streams'), { env: { ...env, FLAMBEAU_EMULATOR_LAZY: '1' } }), STREAMS);
  });
  test('DistributedDataParallel', async () => {
    passed(await launch(script('ddp'), { env }), ['ddp']);
  });
  test('a rank that does not come', async () => {
    passed(await launch(script('late'), { env }), ['late']);
  });
  test('ranks that call differently', async () => {
    const { code, output } = await launch(script('mismatch'), { env });
    assert.notEqual(code, 0);
    assert.match(
      output,
      /NCCL: the ranks call differently: rank [01] ncclAllReduce of [34] elements .*; rank [01] nccl/,
    );
    assert.match(
      output,
      /allReduce of [34] elements of float32 by NCCL .* has failed: invalid usage; the communicator/,
    );
    // and where calls are compared, before they begin
    const detail = { ...env, FLAMBEAU_DISTRIBUTED_DEBUG: 'detail' };
    const compared = await launch(script('mismatch'), { env: detail });
    assert.notEqual(compared.code, 0);
    assert.match(compared.output, /allReduce: .*\[3\].*\[4\]/s);
  });
});
