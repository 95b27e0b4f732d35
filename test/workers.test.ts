// Tensors in worker threads: each has its own storages and default generator, all share the kernels' threads and the pool.
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const start = (workerData: { kind: 'steps' | 'compute' | 'async'; seed?: number }): Worker =>
  new Worker(new URL('./memory/worker.mjs', import.meta.url), { workerData, execArgv: [] });
const message = <T>(worker: Worker): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });

interface Result {
  first: number;
  threads: number;
  gradient: number;
}

describe('worker threads', () => {
  test('four at once compute what one computes, from generators of their own', async () => {
    const threads = torch.getNumThreads();
    torch.setNumThreads(2);
    try {
      const seeds = [0, 1, 2, 0];
      const results = await Promise.all(seeds.map((seed) => message<Result>(start({ kind: 'compute', seed }))));
      for (const [i, seed] of seeds.entries()) {
        torch.manualSeed(seed);
        const a = torch.rand(64, 64, { requiresGrad: true });
        expect(results[i]!.first).toBe(a.detach().index(0, 0).item());
        a.matmul(a).relu().sum().backward();
        const expected = a.grad!.sum().item() * 100;
        expect(Math.abs(results[i]!.gradient / expected - 1)).toBeLessThan(1e-4);
        expect(results[i]!.threads).toBe(2);
      }
      expect(results[0]).toEqual(results[3]);
      expect(results[0]!.first).not.toBe(results[1]!.first);
    } finally {
      torch.setNumThreads(threads);
    }
  });

  /** Ends workers at ever later moments; the pool's threads must still serve this one. */
  async function terminated(kind: 'steps' | 'async', times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const worker = start({ kind });
      await message(worker);
      await new Promise((resolve) => setTimeout(resolve, 10 * i));
      expect(await worker.terminate()).toBe(1);
      expect(torch.ones(512, 512).sum().item()).toBe(512 * 512);
    }
  }
  test('terminated in the middle of a loop, ten times', { timeout: 120_000 }, () => terminated('steps', 10));
  test('terminated while runAsync computes', { timeout: 120_000 }, () => terminated('async', 5));
});
