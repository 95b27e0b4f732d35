// The cases of scripts/oracle-ddp.py, as one process of two: prints what it found as JSON. Started by ddp.test.ts.
import * as torch from '../../lib/index.ts';

const { distributed: dist, nn, optim } = torch;
type Out = { y: torch.Tensor; more: torch.Tensor[] };

class Net extends nn.Module<[x: torch.Tensor, side: boolean], Out> {
  fc1 = new nn.Linear(6, 8);
  bn = new nn.BatchNorm1d(8);
  fc2 = new nn.Linear(8, 4);
  side = new nn.Linear(8, 4);
  override forward(x: torch.Tensor, side: boolean): Out {
    const h = this.bn.forward(this.fc1.forward(x)).relu();
    return { y: this.fc2.forward(h), more: side ? [this.side.forward(h)] : [] };
  }
}

function lossOf(out: Out, target: torch.Tensor): torch.Tensor {
  const loss = out.y.sub(target).square().mean();
  const [more] = out.more;
  return more ? loss.add(more.mean()) : loss;
}

interface Case extends torch.nn.parallel.DistributedDataParallelOptions {
  side?: (rank: number, step: number) => boolean;
  steps?: (rank: number) => number;
  accumulate?: number;
  hook?: torch.nn.parallel.CommHook<null>;
  zero?: boolean;
  join?: boolean;
}

function run(rank: number, given: Case): { losses: number[]; state: Record<string, unknown> } {
  const { side = () => true, steps = () => 5, accumulate = 1, hook, zero, join, ...options } = given;
  torch.manualSeed(rank);
  const model = new nn.parallel.DistributedDataParallel(new Net(), options);
  if (hook) model.registerCommHook(null, hook);
  const optimizer = zero
    ? new dist.optim.ZeroRedundancyOptimizer(model.parameters(), optim.Adam, { lr: 0.01, eps: 1e-3 })
    : new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  const generator = new torch.Generator().manualSeed(100 + rank);
  const losses: number[] = [];
  const train = (): void => {
    for (let step = 0; step < steps(rank); step++) {
      const [x, target] = [torch.rand(3, 6, { generator }), torch.rand(3, 4, { generator })];
      const pass = (): void => {
        const loss = lossOf(model.forward(x, side(rank, step)), target);
        loss.backward();
        losses.push(loss.item() as number);
      };
      if (step % accumulate !== accumulate - 1) model.noSync(pass);
      else {
        pass();
        optimizer.step();
        optimizer.zeroGrad();
      }
    }
  };
  if (join === undefined) train();
  else model.join(train, { divideByInitialWorldSize: join });
  const state = Object.entries(model.stateDict()).map(([name, x]) => [name, x.tolist()] as const);
  return { losses, state: Object.fromEntries(state) };
}

const { fp16CompressHook } = dist.algorithms.ddpCommHooks.defaultHooks;
const CASES: Record<string, Case> = {
  plain: {},
  view: { gradientAsBucketView: true },
  'local buffers': { broadcastBuffers: false },
  'small buckets': { bucketCapMb: 0.0001 },
  unused: { findUnusedParameters: true, side: (rank, step) => step === 1 || (step === 3 && rank === 1) },
  static: { staticGraph: true, side: () => false },
  'no sync': { accumulate: 2, steps: () => 6 },
  fp16: { hook: fp16CompressHook },
  zero: { zero: true },
  join: { join: true, steps: (rank) => 3 + 2 * rank },
  'join, those left': { join: false, steps: (rank) => 5 - 2 * rank },
};

dist.initProcessGroup({ backend: 'mpi' });
const rank = dist.getRank();
const found = Object.fromEntries(Object.entries(CASES).map(([name, given]) => [name, run(rank, given)]));
console.log(`found ${JSON.stringify(found)}`);
dist.destroyProcessGroup();
