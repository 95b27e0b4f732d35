// Four workers loop over big tensors and are terminated in the middle; the main thread works on. Run by memory.test.ts.
import { Worker } from 'node:worker_threads';
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

start();
const made: Promise<Worker>[] = [];
for (let i = 0; i < 4; i++) {
  made.push(
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { kind: 'steps' } });
      worker.on('error', reject);
      worker.once('message', () => resolve(worker));
    }),
  );
}
const workers = await Promise.all(made);
await new Promise((resolve) => setTimeout(resolve, 1500));
const before = torch.memoryStats().reserved / 2 ** 20;
await Promise.all(workers.map((worker) => worker.terminate()));
const ended = torch.memoryStats();
const x = torch.full([512, 512], 2, { dtype: 'float32', requiresGrad: true });
for (let i = 0; i < 20; i++) {
  x.grad = null;
  x.mul(x).sum().backward();
}
report({
  before,
  cachedAtEnd: ended.cached / 2 ** 20,
  reservedAtEnd: ended.reserved / 2 ** 20,
  gradient: x.grad?.mean().item(),
});
