// The emulator's NCCL and processes that die or do not come. What it computes is tested where there is MPI, by
// test/distributed/nccl.test.ts. Run with FLAMBEAU_CUDA=emulate.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { available } from './helpers.ts';

type Said = { id?: number[]; sum?: number[]; result?: number[] | null; error?: string };
const started: ChildProcess[] = [];
const script = fileURLToPath(new URL('./nccl-rank.ts', import.meta.url));
function start(rank: number, size: number, seconds: number): ChildProcess {
  const child = fork(script, [rank, size, seconds].map(String), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, FLAMBEAU_NUM_THREADS: '1', CUDA_LAUNCH_BLOCKING: '0' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  started.push(child);
  return child;
}
const said = async (child: ChildProcess): Promise<Said> => (await once(child, 'message'))[0] as Said;
/** What there is in shared memory under a name that a process has made. */
const left = (child: ChildProcess): string[] =>
  readdirSync('/dev/shm').filter((name) => name.startsWith(`flambeau-nccl-${child.pid}-`));

describe.runIf(available && process.env.FLAMBEAU_CUDA === 'emulate')('NCCL of two emulated ranks', () => {
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  test('a rank that dies is told to the others, and nothing is left of it', async () => {
    const [a, b] = [start(0, 2, 30), start(1, 2, 30)];
    const [{ id }] = await Promise.all([said(a), said(b)]);
    const sums = Promise.all([said(a), said(b)]);
    a.send(id!);
    b.send(id!);
    for (const { sum } of await sums) expect(sum).toEqual([3, 3, 3, 3]);
    expect(left(a)).toEqual([]);
    const end = said(a);
    b.kill('SIGKILL');
    expect((await end).error).toMatch(
      /^DeviceError: .*allReduce of 4 elements of float32 by NCCL \(rank 0 of 2, test, cuda:0\) has failed: remote process exited/,
    );
  });

  test('a rank that does not come', async () => {
    const child = start(0, 2, 1);
    const { id } = await said(child);
    const end = said(child);
    child.send(id!);
    expect((await end).error).toBe(
      'DeviceError: test: NCCL: not all ranks have come within 1 s (rank 0 of 2, test, cuda:0)',
    );
    // what it held open goes with it
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
    expect(left(child)).toEqual([]);
  });

  test('what a process has left that was killed before the others came goes with the next one', async () => {
    const child = start(0, 2, 30);
    child.send((await said(child)).id!);
    for (let i = 0; left(child).length === 0 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(left(child)).toHaveLength(1);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await said(start(0, 1, 30));
    expect(left(child)).toEqual([]);
  });
});
