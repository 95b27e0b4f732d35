// Trains nets in several processes, each with its part of a global batch, and in one process with all of it: prints both
// curves. Started by ddp.test.ts, which compares them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as torch from '../../lib/index.ts';

const { distributed: dist, nn, optim } = torch;
const F = nn.functional;
const STEPS = 50;

/** The CNN of examples/digits, its statistics those of a process's own images. */
class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3);
  norm1 = new nn.BatchNorm2d(16);
  conv2 = new nn.Conv2d(16, 32, 3);
  norm2 = new nn.BatchNorm2d(32);
  conv3 = new nn.Conv2d(32, 64, 3);
  norm3 = new nn.BatchNorm2d(64);
  head = new nn.Linear(64 * 3 * 3, 10);
  override forward(images: torch.Tensor): torch.Tensor {
    let x = F.maxPool2d(this.conv1.forward(images.view(-1, 1, 28, 28)), 2);
    x = F.relu(this.norm1.forward(x));
    x = F.maxPool2d(this.conv2.forward(x), 2);
    x = F.relu(this.norm2.forward(x));
    x = F.relu(this.norm3.forward(this.conv3.forward(x)));
    return this.head.forward(x.flatten(1));
  }
}

/** The first images of each digit, 32 each. */
function digits(): torch.Tensor {
  const folder = dirname(createRequire(import.meta.url).resolve('mnist'));
  const parts = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(join(folder, 'digits', `${digit}.json`), 'utf8')) as { data: number[] };
    return torch.fromNumpy(Float32Array.from(data.slice(0, 32 * 784))).view(32, 784);
  });
  return torch.cat(parts);
}

/** A GPT of two layers whose embedding and head share a weight. */
class GPT extends nn.Module {
  wte = new nn.Embedding(31, 32);
  wpe = new nn.Embedding(16, 32);
  blocks = new nn.ModuleList(
    [0, 1].map(() => new nn.TransformerEncoderLayer(32, 4, 64, { dropout: 0, batchFirst: true, normFirst: true })),
  );
  ln = new nn.LayerNorm(32);
  head = new nn.Linear(32, 31, { bias: false });
  constructor() {
    super();
    this.wte.weight = this.head.weight;
    nn.init.normal_(this.head.weight, 0, 0.02);
  }
  override forward(index: torch.Tensor): torch.Tensor {
    const t = index.size(1);
    const mask = nn.Transformer.generateSquareSubsequentMask(t);
    let x = this.wte.forward(index).add(this.wpe.forward(torch.arange(t)));
    for (const block of this.blocks) x = block.forward(x, mask);
    return this.head.forward(this.ln.forward(x)).flatten(0, 1);
  }
}

interface Task {
  readonly lr: number;
  readonly model: () => torch.nn.Module;
  readonly inputs: torch.Tensor;
  readonly targets: torch.Tensor;
  readonly batch: number;
}
const generator = new torch.Generator().manualSeed(3);
const order = torch.randperm(320, { generator });
// text that can be learnt: each character is the next but two
const text = torch.randint(0, 31, [160, 1], { generator }).add(torch.arange(17).mul(3)).remainder(31);
const TASKS: Record<string, Task> = {
  cnn: {
    model: () => new ConvNet(),
    inputs: digits().index(order),
    targets: order.floorDivide(32),
    batch: 32,
    lr: 3e-3,
  },
  gpt: { model: () => new GPT(), inputs: text.narrow(1, 0, 16), targets: text.narrow(1, 1, 16), batch: 16, lr: 1e-2 },
};

dist.initProcessGroup({ backend: 'mpi' });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];

type Step = (parts: readonly (readonly [torch.Tensor, torch.Tensor])[]) => number;
/** The losses of all steps; what is trained gets each step's global batch, in the parts of the processes. */
function curve({ inputs, targets, batch }: Task, step: Step): number[] {
  const count = inputs.size(0);
  return Array.from({ length: STEPS }, (_, i) => {
    const at = (i * batch) % count;
    const [xs, ys] = [inputs.narrow(0, at, batch), targets.narrow(0, at, batch)];
    return step(xs.chunk(size).map((x, r) => [x, ys.chunk(size)[r]!] as const));
  });
}
const lossOf = (out: torch.Tensor, target: torch.Tensor): torch.Tensor => F.crossEntropy(out, target.flatten());

/** One process: with batch normalization each part has statistics of its own, as in processes of their own. */
function alone(task: Task): number[] {
  torch.manualSeed(0);
  const model = task.model();
  const optimizer = new optim.AdamW(model.parameters(), { lr: task.lr });
  return curve(task, (parts) => {
    optimizer.zeroGrad();
    const losses = parts.map(([x, y]) => lossOf(model.forward(x), y).div(parts.length));
    const loss = losses.reduce((a, b) => a.add(b));
    loss.backward();
    optimizer.step();
    return loss.item() as number;
  });
}
/** This process of several: the loss is the mean over all. */
function together(task: Task, zero: boolean): { losses: number[]; state: number } {
  torch.manualSeed(rank);
  const model = new nn.parallel.DistributedDataParallel(task.model(), { broadcastBuffers: false });
  // the others begin with rank 0's weights, whatever theirs were
  const optimizer = zero
    ? new dist.optim.ZeroRedundancyOptimizer(model.parameters(), optim.AdamW, { lr: task.lr })
    : new optim.AdamW(model.parameters(), { lr: task.lr });
  const losses = curve(task, (parts) => {
    optimizer.zeroGrad();
    const [x, y] = parts[rank]!;
    const loss = lossOf(model.forward(x), y);
    loss.backward();
    optimizer.step();
    const mean = loss.detach().clone();
    dist.allReduce(mean, { op: dist.ReduceOp.AVG });
    return mean.item() as number;
  });
  const own = optimizer instanceof dist.optim.ZeroRedundancyOptimizer ? optimizer.optim : optimizer;
  let state = 0;
  for (const values of own.state.values())
    for (const value of Object.values(values)) if (value instanceof torch.Tensor) state += value.nbytes;
  return { losses, state };
}

const found = Object.entries(TASKS).map(([name, task]) => {
  const one = rank === 0 ? alone(task) : [];
  return [name, { one, ddp: together(task, false), zero: together(task, true) }] as const;
});
console.log(`found ${JSON.stringify(Object.fromEntries(found))}`);
dist.destroyProcessGroup();
