// A rank that dies, throws, hangs or makes another call: the job ends everywhere in time, and says which rank and why.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { launch, type Launched } from './launch.ts';

/** Far less than would be waited for. */
const SOON = 45;
const fault = (name: string, env: Record<string, string> = {}): Promise<Launched> =>
  launch('test/distributed/scripts/faults.ts', { args: [name], timeout: SOON, env });
function failed({ code, timedOut, output }: Launched, ...said: RegExp[]): void {
  assert.ok(!timedOut && code !== 0, output);
  for (const pattern of said) assert.match(output, pattern);
}

describe('the end of a job', { timeout: 60_000 }, () => {
  test('one rank is killed', async () => failed(await fault('kill'), /rank 1 .*(signal 9|Killed)/s));
  test('one rank throws', async () =>
    failed(await fault('throw'), /flambeau: rank 1 of 2: it ends by RangeError: the loss is not finite\n {4}at /));
  test('one rank rejects', async () =>
    failed(await fault('reject'), /flambeau: rank 1 of 2: it ends by RangeError: the loss is not finite/));
  test('one rank exits', async () => failed(await fault('exit'), /flambeau: rank 1 of 2: it exits with code 3/));
  test('one rank hangs in a collective of the others', async () =>
    failed(
      await fault('hang'),
      /flambeau: rank 0 of 2: allReduce of 1000 elements of float32 in the group of all 2 ranks \(call 3 of that group\) has not ended within 3 s/,
      /FLAMBEAU_DISTRIBUTED_DEBUG=detail/,
    ));
  test('one rank does not send', async () =>
    failed(
      await fault('hangRecv'),
      /flambeau: rank 0 of 2: recv of 1000 elements of float32 from rank 1 in the group/,
    ));
  test('one rank ends while another has begun something', async () =>
    failed(await fault('begun'), /flambeau: rank 0 of 2: allReduce .* has not ended within 3 s/));
  test('sizes differ', async () => {
    const plain = await fault('sizes');
    failed(plain, /FLAMBEAU_DISTRIBUTED_DEBUG=detail/);
    failed(
      await fault('sizes', { TORCH_DISTRIBUTED_DEBUG: 'DETAIL' }),
      /rank 0: allReduce\(\[1000\] float32, .*\n.*rank 1: allReduce\(\[2000\] float32/,
    );
  });
  test('without the addon the error says what to build', async () => {
    const { code, output } = await launch('test/distributed/scripts/hello.ts', {
      processes: 1,
      env: { FLAMBEAU_MPI_ADDON: '/nowhere.node' },
      timeout: SOON,
    });
    assert.notEqual(code, 0);
    assert.match(
      output,
      /Error: initProcessGroup: backend 'mpi' cannot be used: \/nowhere.node: there is no such file. .*npm run build:mpi/,
    );
  });
  test('what is under way at a good end is waited for, or given up', async () => {
    const { code, output } = await fault('quiet');
    assert.equal(code, 0, output);
  });
});
