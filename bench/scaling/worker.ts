// A process of the measurements of measure.ts, which starts it by `flambeau run`: all-reduce of some sizes, a step of a perceptron
// alone, and that step by DistributedDataParallel. Rank 0 prints a line of JSON.
import * as torch from 'flambeau';
import type { Measured } from './fit.ts';

const { distributed: dist, nn, optim } = torch;
/** The perceptron: as many layers, as wide, on as many rows. Its gradients take long beside its arithmetic. */
const [LAYERS, WIDTH, BATCH] = [12, 512, 256] as const;
/** From half a kilobyte to 16 MB, which also is a bucket's size here. */
const SIZES = Array.from({ length: 11 }, (_, i) => 512 * 2.8284 ** i).map((bytes) => 4 * Math.round(bytes / 4));

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
  return { bytes, seconds: quickest(bytes < 1e6 ? 200 : 40, () => dist.allReduce(x)) };
});

torch.manualSeed(0);
const layers = Array.from({ length: LAYERS }, () => new nn.Linear(WIDTH, WIDTH, { bias: false }));
const net = new nn.Sequential(...layers.flatMap((layer) => [layer, new nn.Tanh()]));
const model = processes > 1 ? new nn.parallel.DistributedDataParallel(net) : net;
const optimizer = new optim.AdamW(net.parameters(), { lr: 1e-3 });
const x = torch.randn([BATCH, WIDTH]);
const parts = { forward: 0, backward: 0, optimizer: 0 };
let best = Number.POSITIVE_INFINITY;
for (let i = 0; i < 60; i++) {
  optimizer.zeroGrad();
  dist.barrier();
  const begin = performance.now();
  const loss = model.forward(x).pow(2).mean();
  const forward = performance.now();
  loss.backward();
  const backward = performance.now();
  optimizer.step();
  const end = performance.now();
  if (end - begin >= best) continue;
  best = end - begin;
  Object.assign(parts, {
    forward: (forward - begin) / 1e3,
    backward: (backward - forward) / 1e3,
    optimizer: (end - backward) / 1e3,
  });
}
const found: Measured['runs'][number] = {
  processes,
  allReduce,
  step: { tensors: layers.map(() => 4 * WIDTH * WIDTH), ...parts },
};
if (dist.getRank() === 0) console.log(`measured ${JSON.stringify(found)}`);
dist.destroyProcessGroup();
