// The digits network trained by several processes: `mpirun -n 4 node --import tsx examples/ddp/index.ts`, or
// `npx flambeau run --nproc 4 examples/ddp/index.ts`. The weights are written by the first process.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import * as torch from 'flambeau';
import { loadDigits } from '../digits/data.ts';
import { ConvNet } from '../digits/model.ts';

const { distributed: dist, nn, optim } = torch;
const { DataLoader, DistributedSampler, TensorDataset } = torch.utils.data;

const { values } = parseArgs({
  options: {
    epochs: { type: 'string', default: '3' },
    /** Of each process. */
    batch: { type: 'string', default: '40' },
    lr: { type: 'string', default: '0.004' },
    seed: { type: 'string', default: '0' },
    /** Spreads the optimizer's state over the processes. */
    zero: { type: 'boolean', default: false },
    output: { type: 'string', default: 'digits-output/ddp.safetensors' },
  },
});
const [epochs, batchSize, lr, seed] = [values.epochs, values.batch, values.lr, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];

dist.initProcessGroup({ backend: 'mpi' });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
/** Says something once, not in each process. */
const say = (text: string): void => void (rank === 0 && console.log(text));

torch.manualSeed(seed);
const { train, test } = loadDigits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const set = new TensorDataset(train.images, train.labels);
const sampler = new DistributedSampler(set, { seed });
const loader = new DataLoader(set, { batchSize, sampler, dropLast: true });

// statistics of batch normalization stay each process's own while it trains
const model = new nn.parallel.DistributedDataParallel(new ConvNet(), { broadcastBuffers: false });
const options = { lr: lr * Math.sqrt(size), weightDecay: 0.01 };
const optimizer = values.zero
  ? new dist.optim.ZeroRedundancyOptimizer(model.parameters(), optim.AdamW, options)
  : new optim.AdamW(model.parameters(), options);
const schedule = new optim.lrScheduler.CosineAnnealingLR(optimizer, epochs * loader.length);

/** The mean of a number over all processes. */
function mean(value: number): number {
  const x = torch.tensor([value], { dtype: 'float64' });
  dist.allReduce(x, dist.ReduceOp.AVG);
  return x.item() as number;
}

/** The share of the test images that is read rightly: each process looks at its part. */
function accuracy(): number {
  // the statistics of all processes are averaged before they are used
  for (const buffer of model.buffers()) if (buffer.isFloatingPoint()) dist.allReduce(buffer, dist.ReduceOp.AVG);
  model.eval();
  const [images, labels] = [test.images.chunk(size)[rank]!, test.labels.chunk(size)[rank]!];
  const right = torch.noGrad(() => model.module.forward(images).argmax(1).eq(labels).sum());
  model.train();
  return (mean(right.item() as number) * size) / test.labels.numel();
}

say(`${size} processes, ${batchSize} images each in a step`);
for (let epoch = 0; epoch < epochs; epoch++) {
  sampler.setEpoch(epoch); // another order in each epoch, the same in all processes
  const start = performance.now();
  const losses: number[] = [];
  for (const [images, labels] of loader) {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(images!), labels!);
    loss.backward(); // averages the gradients
    optimizer.step();
    schedule.step();
    losses.push(loss.item() as number);
  }
  const seconds = (performance.now() - start) / 1000;
  const loss = mean(losses.reduce((a, b) => a + b, 0) / losses.length);
  const right = (100 * accuracy()).toFixed(2);
  say(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}, ${right} % of the test images right, ${seconds.toFixed(1)} s`);
}

if (rank === 0) {
  mkdirSync(dirname(values.output), { recursive: true });
  torch.saveSafetensors(model.module.stateDict(), values.output);
  console.log(`weights: ${values.output}`);
}
dist.destroyProcessGroup();
