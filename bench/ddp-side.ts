// One process of bench/ddp.ts: GPT steps on one thread, under DistributedDataParallel where there are several; the first
// prints the samples that a process computes in a second, block by block.
import { distributed as dist, manualSeed, nn, randint, setNumThreads, type Tensor } from 'flambeau';
import { GPT, lossOf, optimizerOf } from './workloads/gpt.ts';

const [batch, blocks, steps] = process.argv.slice(2).map(Number) as [number, number, number];
setNumThreads(1);
const several = process.env.OMPI_COMM_WORLD_SIZE !== undefined;
if (several) dist.initProcessGroup({ backend: 'mpi' });
const rank = several ? dist.getRank() : 0;
manualSeed(rank);
const gpt = new GPT();
const model: nn.Module<[index: Tensor], Tensor> = several ? new nn.parallel.DistributedDataParallel(gpt) : gpt;
const params = model.parameters();
const optimizer = optimizerOf(params);
const batches = Array.from({ length: 8 }, () => [randint(65, [batch, 64]), randint(65, [batch, 64])] as const);

let at = 0;
function step(): void {
  const [x, y] = batches[at++ % batches.length]!;
  optimizer.zeroGrad();
  lossOf(model.forward(x), y).backward();
  nn.utils.clipGradNorm_(params, 1);
  optimizer.step();
}
for (let i = 0; i < 12; i++) step();
const found: number[] = [];
for (let block = 0; block < blocks; block++) {
  if (several) dist.barrier();
  const start = performance.now();
  for (let i = 0; i < steps; i++) step();
  found.push((batch * steps * 1000) / (performance.now() - start));
}
if (rank === 0) console.log(JSON.stringify(found));
if (several) dist.destroyProcessGroup();
