// Data-parallel training on emulated GPUs: test/distributed/nccl.test.ts starts it on two ranks. Each has a half of the batch, and
// gets the weights of one process with all of it.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';

const { distributed: dist, nn, optim } = torch;
const device = 'cuda:0';
dist.initProcessGroup({ backend: 'cpu:mpi,cuda:nccl', timeout: 40, deviceId: 0 });
const rank = dist.getRank();
const make = (): torch.nn.Sequential => new nn.Sequential(new nn.Linear(6, 8), new nn.ReLU(), new nn.Linear(8, 4));

torch.manualSeed(1);
const alone = make();
torch.manualSeed(1 + rank);
const model = make().to(device);
const parallel = new nn.parallel.DistributedDataParallel(model, { deviceIds: [0], bucketCapMb: 0.0003 });
const optimizers = [alone, model].map((net) => new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 }));
const generator = new torch.Generator().manualSeed(9);
for (let step = 0; step < 3; step++) {
  const x = torch.rand(4, 6, { generator });
  const target = torch.rand(4, 4, { generator });
  const half = (t: torch.Tensor): torch.Tensor => t.narrow(0, 2 * rank, 2).to(device);
  nn.functional.mseLoss(alone.forward(x), target).backward();
  nn.functional.mseLoss(parallel.forward(half(x)), half(target)).backward();
  for (const optimizer of optimizers) {
    optimizer.step();
    optimizer.zeroGrad();
  }
}
const [wanted, found] = [alone, model].map((net) => [...net.parameters()].map((p) => p.detach().cpu()));
wanted!.forEach((p, i) => assert.ok(p.allclose(found![i]!, { rtol: 1e-5, atol: 1e-6 }), `parameter ${i}`));
dist.destroyProcessGroup();
console.log('ok ddp');
