// A process of a job on several hosts, which hosts.test.ts starts: collectives, a data-parallel step, or steps without end in which
// the test makes something go wrong.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import * as torch from '../../../lib/index.ts';

const { distributed: dist, nn, optim } = torch;
dist.initProcessGroup({ backend: 'mpi', timeout: 6 });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];

function collectives(): void {
  for (const count of [1, 1000, 300_000]) {
    const x = torch.arange(count, { dtype: 'float32' }).add(rank);
    dist.allReduce(x);
    const wanted = torch
      .arange(count, { dtype: 'float32' })
      .mul(size)
      .add((size * (size - 1)) / 2);
    assert.ok(torch.equal(x, wanted), `allReduce of ${count}`);
    const y = torch.full([count], rank, { dtype: 'float32' });
    dist.broadcast(y, size - 1);
    assert.ok(torch.equal(y, torch.full([count], size - 1, { dtype: 'float32' })), `broadcast of ${count}`);
    const out = torch.zeros([size * count]);
    dist.allGatherIntoTensor(out, torch.full([count], rank, { dtype: 'float32' }));
    for (let r = 0; r < size; r++) assert.equal(out.index(r * count).item(), r);
  }
  const hosts: unknown[] = Array.from({ length: size }, () => null);
  dist.allGatherObject(hosts, `${hostname()}:${process.env.LOCAL_RANK}`);
  if (rank === 0) console.log(`ok ${hosts.join(' ')}`);
}

const network = (): torch.nn.Sequential => {
  torch.manualSeed(3);
  return new nn.Sequential(new nn.Linear(8, 256), new nn.Tanh(), new nn.Linear(256, 2));
};
/** A step on each process's share of a batch ends where a step on the whole batch does. */
function step(): void {
  const [net, whole] = [network(), network()];
  const model = new nn.parallel.DistributedDataParallel(net);
  const x = torch.randn([4 * size, 8]);
  const share = x.narrow(0, 4 * rank, 4);
  for (const [of, input] of [[model, share] as const, [whole, x] as const]) {
    const optimizer = new optim.SGD(of.parameters(), { lr: 0.1 });
    of.forward(input).pow(2).mean().backward();
    optimizer.step();
  }
  net
    .parameters()
    .forEach((p, i) => assert.ok(torch.allclose(p, whole.parameters()[i]!, { atol: 1e-6 }), `parameter ${i}`));
  if (rank === 0) console.log('ok step');
}
function endless(): void {
  const model = new nn.parallel.DistributedDataParallel(network());
  for (let i = 0; ; i++) {
    model
      .forward(torch.ones([4, 8]))
      .sum()
      .backward();
    if (i === 2) console.log(`rank ${rank} is process ${process.pid}`);
  }
}

({ collectives, step, endless })[process.argv[2] as 'step']();
dist.destroyProcessGroup();
