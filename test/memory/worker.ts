// What the workers of workers.ts and workers.test.ts do, by workerData.kind. They take the built library, which each loads in a
// tenth of the time that the sources take.
import { parentPort, workerData } from 'node:worker_threads';
import * as torch from 'flambeau';

interface Work {
  kind: 'steps' | 'compute' | 'async' | 'exchange';
  seed?: number;
  weights?: torch.multiprocessing.Packed<torch.nn.StateDict>;
}
const { kind, seed = 0, weights } = workerData as Work;
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
} else if (kind === 'exchange') {
  // a model over the weights of the thread that started this one; each message is an input, which is overwritten with ones
  const model = new torch.nn.Linear(64, 64);
  if (weights) model.loadStateDict(torch.multiprocessing.unpack(weights), { assign: true });
  parentPort?.on('message', (message: torch.multiprocessing.Packed<torch.Tensor>) => {
    const x = torch.multiprocessing.unpack(message);
    const y = torch.noGrad(() => model.forward(x));
    x.fill_(1);
    parentPort?.postMessage(torch.multiprocessing.pack({ y, rows: [y.index(1), y.t()] }));
  });
} else {
  torch.manualSeed(seed);
  const a = torch.rand(64, 64, { requiresGrad: true });
  const first = a.detach().index(0, 0).item();
  for (let i = 0; i < 100; i++) a.matmul(a).relu().sum().backward();
  parentPort?.postMessage({ first, threads: torch.getNumThreads(), gradient: a.grad?.sum().item() });
}
