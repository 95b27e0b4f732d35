// Cases of fully sharded data parallel that are no curves. Started by fsdp.test.ts; prints ok.
import * as torch from '../../../lib/index.ts';
import { assert, Block } from './fsdp-models.ts';

const { nn, distributed: dist } = torch;
const { fsdp } = dist;
dist.initProcessGroup({ backend: 'mpi' });
const [rank, count] = [dist.getRank(), dist.getWorldSize()];

function refused(f: () => unknown, message: string): void {
  try {
    f();
  } catch (error) {
    assert(String(error).includes(message), `${String(error)}, not ${message}`);
    return;
  }
  assert(false, `not refused: ${message}`);
}

// rows are cut as torch.chunk cuts them; small parameters leave some without any
{
  const plain = new nn.Linear(2, 4);
  plain.weight.detach().copy_(torch.arange(8).view(4, 2));
  const keys = Object.keys(plain.stateDict()).join();
  const layer = fsdp.fullyShard(plain);
  const rows = torch.arange(8).view(4, 2).to('float32').chunk(count, 0)[rank];
  assert(rows === undefined ? layer.weight.count === 0 : layer.weight.detach().equal(rows), `rows ${layer.weight}`);
  assert(Object.keys(layer.stateDict()).join() === keys, 'keys');
  const whole = layer.forward(torch.ones(1, 2));
  assert(whole.shape[1] === 4, 'not whole');
  // by hand
  const handle = layer.unshard({ asyncOp: true });
  assert(layer.weight.size(0) < 4, 'whole before it is waited for');
  handle!.wait();
  assert(layer.weight.detach().equal(torch.arange(8).view(4, 2).to('float32')), 'unshard');
  layer.reshard();
  assert(layer.weight.size(0) < 4, 'reshard');
}

// a parameter of two units, scalars, units made twice
{
  const [a, b] = [new nn.Linear(3, 3), new nn.Linear(3, 3)];
  b.weight = a.weight;
  const both = new nn.Sequential(a, b);
  fsdp.fullyShard(a);
  refused(() => fsdp.fullyShard(b), 'TypeError: fullyShard: weight belongs to another unit already');
  refused(() => fsdp.fullyShard(both), 'TypeError: fullyShard: 1.weight belongs to another unit already');
  refused(() => fsdp.fullyShard(a), 'TypeError: fullyShard: the Linear is a unit already');
  class Scalar extends nn.Module {
    readonly factor = new nn.Parameter(torch.tensor(2.5));
    override forward(x: torch.Tensor): torch.Tensor {
      return x.mul(this.factor);
    }
  }
  refused(() => fsdp.fullyShard(new Scalar()), 'ShapeError: fullyShard: factor is a scalar, which cannot be sharded');
}

// lists and named lists of parameters, arrays of them, and parameters that are left out
{
  class Holders extends nn.Module {
    readonly list = new nn.ParameterList([torch.ones(4), torch.ones(5).mul(2)]);
    readonly named = new nn.ParameterDict({ a: torch.ones(3).mul(3) });
    readonly array = [new nn.Parameter(torch.ones(2).mul(4))];
    readonly own = new nn.Parameter(torch.ones(6));
    override forward(x: torch.Tensor): torch.Tensor {
      const parts = [this.list.get(0), this.list.get(1), this.named.get('a'), this.array[0]!, this.own];
      return parts.reduce((y, p) => y.add(p.sum()), x);
    }
  }
  const holders = new Holders();
  fsdp.fullyShard(holders, { ignoredParams: [holders.own] });
  assert(holders.own.count === 6, 'an ignored parameter is sharded');
  assert(holders.forward(torch.zeros(1)).item() === 4 + 10 + 9 + 8 + 6, 'a parameter is not whole');
  const sum = holders.parameters().reduce((n, p) => n + p.count, 0) - 6;
  const all = torch.tensor([sum]);
  dist.allReduce(all);
  assert(all.item() === 14, `${all.item()} elements`);
}

// between forward and backward the whole parameters are gone, and after an error too
{
  const layers = [0, 1, 2].map(() => new nn.Linear(256, 256, { bias: false }));
  for (const layer of layers) fsdp.fullyShard(layer);
  const net = fsdp.fullyShard(new nn.Sequential(...layers));
  torch.emptyCache();
  const live = torch.memoryStats().live;
  const bytes = 256 * 256 * 4;
  const out = net.forward(torch.randn(2, 256));
  torch.emptyCache();
  assert(torch.memoryStats().live - live < bytes / 2, 'parameters are kept after forward');
  out.sum().backward();
  torch.emptyCache();
  // a third of the gradients each
  assert(torch.memoryStats().live - live < 1.3 * bytes, 'parameters or gradients are kept after backward');
  refused(() => net.forward(torch.randn(2, 255)), 'cannot multiply [2, 255]');
  torch.emptyCache();
  assert(torch.memoryStats().live - live < 1.3 * bytes, 'parameters are kept after an error');
  // a graph whose values have changed since is refused
  const stale = net.forward(torch.randn(2, 256));
  torch.noGrad(() => net.parameters().forEach((p) => p.add_(1)));
  refused(() => stale.sum().backward(), 'has been modified by an inplace operation');
  // and the next step is well
  for (const p of net.parameters()) p.grad = null;
  net.forward(torch.randn(2, 256)).sum().backward();
  assert(
    net.parameters().every((p) => p.grad !== null && p.grad.size(0) === p.size(0)),
    'a gradient is missing',
  );
  // a graph that is kept gives its gradients twice
  const x = torch.ones(2, 256);
  for (const p of net.parameters()) p.grad = null;
  const kept = net.forward(x).sum();
  kept.backward({ retainGraph: true });
  const once = net.parameters().map((p) => p.grad!.clone());
  kept.backward();
  net.parameters().forEach((p, i) => assert(p.grad!.allclose(once[i]!.mul(2)), 'the second pass'));
}

// computed and reduced in other dtypes; shards and gradients keep theirs
{
  const { MixedPrecisionPolicy } = fsdp;
  const seen: string[] = [];
  class Looks extends nn.Module {
    readonly inner = new nn.Linear(8, 8);
    override forward(x: torch.Tensor): torch.Tensor {
      seen.push(x.dtype, this.inner.weight.dtype);
      return this.inner.forward(x);
    }
  }
  const model = new Looks();
  const mpPolicy = new MixedPrecisionPolicy({ paramDtype: 'bfloat16', reduceDtype: 'float32', outputDtype: 'float32' });
  fsdp.fullyShard(model, { mpPolicy });
  const out = model.forward(torch.ones(2, 8));
  assert(seen.join() === 'bfloat16,bfloat16', seen.join());
  assert(out.dtype === 'float32', 'outputDtype');
  out.sum().backward();
  const { weight } = model.inner;
  assert(weight.dtype === 'float32' && weight.grad!.dtype === 'float32', 'the shard');
  assert(weight.count === 0 || weight.grad!.sub(2).abs().max().item() === 0, `${weight.grad}`);
}

// a block by itself, before its root; and the same block twice in one forward
{
  const block = new Block(false);
  fsdp.fullyShard(block);
  block
    .forward(torch.ones(1, 4, 24))
    .sum()
    .backward();
  class Twice extends nn.Module {
    readonly block = block;
    readonly last = new nn.Linear(24, 1);
    override forward(x: torch.Tensor): torch.Tensor {
      return this.last.forward(this.block.forward(this.block.forward(x)));
    }
  }
  const twice = fsdp.fullyShard(new Twice());
  for (const p of twice.parameters()) p.grad = null;
  twice
    .forward(torch.ones(1, 4, 24))
    .sum()
    .backward();
  assert(
    twice.parameters().every((p) => p.grad !== null),
    'twice',
  );
  refused(() => fsdp.clipGradNorm_(twice, 1, 0), 'RangeError: clipGradNorm_');
  assert(fsdp.clipGradNorm_(twice, 1e9, Infinity).item() > 0, 'the greatest gradient');
}
// processes of a group of their own; and a module that is cast afterwards
{
  const group = dist.newGroup([0, 1]);
  const folder = `${process.env.FLAMBEAU_TEST_OUTPUT!}/group`;
  if (rank < 2) {
    const layer = fsdp.fullyShard(new nn.Linear(4, 4), { mesh: group });
    assert(layer.weight.size(0) === 2, 'half of it');
    layer.forward(torch.ones(1, 4)).sum().backward();
    assert(layer.weight.grad!.equal(torch.ones(2, 4)), 'the gradient');
    dist.checkpoint.save({ layer }, { checkpointId: folder, processGroup: group });
    const before = layer.weight.detach().clone();
    torch.noGrad(() => layer.weight.zero_());
    dist.checkpoint.load({ layer }, { checkpointId: folder, processGroup: group });
    assert(layer.weight.detach().equal(before), 'loaded');
    layer.double();
    refused(() => layer.forward(torch.ones(1, 4)), 'weight was made float64');
    layer.float();
    assert(
      dist.checkpoint.stateDict.getModelStateDict(layer, { options: { fullStateDict: true } }).weight!.size(0) === 4,
      'still a shard',
    );
  } else refused(() => fsdp.fullyShard(new nn.Linear(4, 4), { mesh: group }), 'not a member');
}
// the class: keys of the module inside, whole parameters for a while, gradients summed up, all alike at the start
{
  torch.manualSeed(rank);
  const net = new nn.Sequential(new nn.Linear(4, 6), new nn.ReLU(), new nn.Linear(6, 2));
  const keys = Object.keys(net.stateDict()).join();
  const { FullyShardedDataParallel } = fsdp;
  const model = new FullyShardedDataParallel(net, { autoWrapPolicy: new Set([nn.Linear]), syncModuleStates: true });
  const sharded = model.stateDict();
  assert(Object.keys(sharded).join() === keys, Object.keys(sharded).join());
  assert(Object.keys(dist.checkpoint.stateDict.getModelStateDict(model)).join() === keys, 'keys by name');
  assert(String(model.loadStateDict(sharded)) === '<All keys matched successfully>', 'its own shards');
  const sums: number[] = [];
  FullyShardedDataParallel.summonFullParams(model, () => {
    for (const p of model.parameters()) sums.push(p.sum().item());
    assert(net.get(0).parameters()[0]!.size(0) === 6, 'not whole');
  });
  const everybody = new Array<number[]>(count).fill([]);
  dist.allGatherObject(everybody, sums);
  assert(
    everybody.every((s) => s.join() === sums.join()),
    'processes differ at the start',
  );
  const grads = (): (torch.Tensor | null)[] => model.parameters().map((p) => p.grad);
  model.noSync(() => model.forward(torch.ones(1, 4)).sum().backward());
  assert(
    grads().every((g) => g === null),
    'reduced inside noSync',
  );
  model.forward(torch.ones(1, 4)).sum().backward();
  const twice = grads().map((g) => g!.clone());
  for (const p of model.parameters()) p.grad = null;
  model.forward(torch.ones(1, 4)).sum().backward();
  grads().forEach((g, i) => assert(twice[i]!.allclose(g!.mul(2)), 'the sum of two passes'));
  assert(model.clipGradNorm_(1e9).item() > 0, 'no norm');
}
dist.barrier();
if (rank === 0) console.log('ok');
dist.destroyProcessGroup();
