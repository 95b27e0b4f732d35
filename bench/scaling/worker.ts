// A process of the measurements of measure.ts, which starts it by `flambeau run`: all-reduce of some sizes, a step of a perceptron
// in each process by itself, and that step by DistributedDataParallel. Rank 0 prints a line of JSON.
import * as torch from 'flambeau';
import type { Measured } from './fit.ts';

const { distributed: dist, nn, optim } = torch;
/** The perceptron: as many layers, as wide, on as many rows. Its gradients take long beside its arithmetic. */
const [LAYERS, WIDTH, BATCH] = [12, 512, 256] as const;
/**
 * Short messages, and those that no cache holds: in between, memory that both processes have in their cache is quicker than any
 * single bandwidth says.
 */
const SIZES = [1, 2, 4, 8, 16, 32, 3072, 4096, 6144, 8192, 12288, 16384].map((kilobytes) => 1024 * kilobytes);

/** Seconds of the quickest of some calls, all processes beginning each together. */
function quickest(calls: number, f: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls; i++) {
    dist.barrier();
    const begin = performance.now();
    f();
    best = Math.min(best, (performance.now() - begin) / 1e3);
  }
  return best;
}

dist.initProcessGroup({ backend: 'mpi', timeout: 300 });
const processes = dist.getWorldSize();
const allReduce = SIZES.map((bytes) => {
  const x = torch.zeros([bytes / 4]);
  return { bytes, seconds: quickest(bytes < 1e6 ? 200 : 30, () => dist.allReduce(x)) };
});

/** The quickest step until all processes are through with it, and how long its parts took here. */
function steps(parallel: boolean): Measured['runs'][number]['alone'] {
  torch.manualSeed(0);
  const layers = Array.from({ length: LAYERS }, () => new nn.Linear(WIDTH, WIDTH, { bias: false }));
  const net = new nn.Sequential(...layers.flatMap((layer) => [layer, new nn.Tanh()]));
  const model = parallel ? new nn.parallel.DistributedDataParallel(net) : net;
  const optimizer = new optim.AdamW(net.parameters(), { lr: 1e-3 });
  const x = torch.randn([BATCH, WIDTH]);
  let best = { seconds: Number.POSITIVE_INFINITY, forward: 0, backward: 0, optimizer: 0 };
  for (let i = 0; i < 20; i++) {
    optimizer.zeroGrad();
    dist.barrier();
    const begin = performance.now();
    const loss = model.forward(x).pow(2).mean();
    const forward = performance.now();
    loss.backward();
    const backward = performance.now();
    optimizer.step();
    const end = performance.now();
    dist.barrier();
    const seconds = (performance.now() - begin) / 1e3;
    if (seconds < best.seconds)
      best = {
        seconds,
        forward: (forward - begin) / 1e3,
        backward: (backward - forward) / 1e3,
        optimizer: (end - backward) / 1e3,
      };
  }
  return best;
}
const found: Measured['runs'][number] = {
  processes,
  allReduce,
  tensors: Array.from({ length: LAYERS }, () => 4 * WIDTH * WIDTH),
  alone: steps(false),
  parallel: steps(true).seconds,
};
if (dist.getRank() === 0) console.log(`measured ${JSON.stringify(found)}`);
dist.destroyProcessGroup();
