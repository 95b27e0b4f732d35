// What the workers of workers.ts and workers.test.ts do, by workerData.kind.
import { parentPort, workerData } from 'node:worker_threads';
import * as torch from '../../lib/index.ts';

const { kind, seed = 0 } = workerData as { kind: 'steps' | 'compute' | 'async'; seed?: number };
if (kind === 'steps') {
  const weight = torch.full([512, 512], 0.5, { requiresGrad: true });
  parentPort?.postMessage('started');
  for (;;) {
    let x: torch.Tensor = weight;
    for (let i = 0; i < 25; i++) x = x.mul(weight).add(1);
    x.mean().backward();
    weight.grad = null;
  }
} else if (kind === 'async') {
  const weight = torch.full([1024, 1024], 0.5);
  for (let i = 0; i < 3; i++) {
    void torch.runAsync(() => {
      let x = weight;
      for (let k = 0; k < 200; k++) x = x.matmul(weight).mul(1e-3);
      return x;
    });
  }
  parentPort?.postMessage('started');
} else {
  torch.manualSeed(seed);
  const a = torch.rand(64, 64, { requiresGrad: true });
  const first = a.detach().index(0, 0).item();
  for (let i = 0; i < 100; i++) a.matmul(a).relu().sum().backward();
  parentPort?.postMessage({ first, threads: torch.getNumThreads(), gradient: a.grad?.sum().item() });
}
