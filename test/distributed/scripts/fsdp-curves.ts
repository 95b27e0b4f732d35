// Each process trains with fully sharded data parallel on its share of a batch; the curve must be that of one process with all
// of it. Started by fsdp.test.ts; prints what it measured.
import * as torch from '../../../lib/index.ts';
import { assert, Cnn, digitsBatch, distance, Gpt, gptBatch, mean, share, type Variant } from './fsdp-models.ts';

const { nn, optim, distributed: dist } = torch;
const { fsdp } = dist;
dist.initProcessGroup({ backend: 'mpi' });
const [rank, count] = [dist.getRank(), dist.getWorldSize()];
const STEPS = 50;

interface Way extends Variant {
  readonly reshardAfterForward?: boolean;
  /** Gradients of several backward passes are summed up before they are reduced. */
  readonly accumulate?: boolean;
  readonly clip?: boolean;
  /** Through the class FullyShardedDataParallel. */
  readonly wrapped?: boolean;
  /** Forward without gradients between the steps. */
  readonly evaluate?: boolean;
}

/** The GPT on all of the batch by itself, or sharded on a share of it. */
function gpt(way: Way, sharded: boolean): number[] {
  torch.manualSeed(5);
  const net = new Gpt(way);
  let model: torch.nn.Module = net;
  if (sharded) {
    const { reshardAfterForward = true } = way;
    if (way.wrapped) {
      model = new fsdp.FullyShardedDataParallel(net, {
        autoWrapPolicy: new Set([net.blocks[0]!.constructor]),
        syncModuleStates: true,
      });
    } else {
      for (const block of [...net.blocks, ...(net.spare ? [net.spare] : [])])
        fsdp.fullyShard(block, { reshardAfterForward });
      fsdp.fullyShard(net, { reshardAfterForward });
    }
  }
  const params = model.parameters().filter((p) => p.requiresGrad);
  const adam = new optim.AdamW(params, { lr: 0.01, eps: 1e-4 });
  const curve: number[] = [];
  const norms: number[] = [];
  const loss = (ids: torch.Tensor): torch.Tensor =>
    torch.F.crossEntropy(model.forward(ids).reshape(-1, 29), ids.roll(-1, 1).reshape(-1));
  for (let step = 0; step < STEPS; step++) {
    const ids = gptBatch(step);
    const own = sharded ? share(ids, rank, count) : ids;
    adam.zeroGrad();
    let value: number;
    if (way.accumulate) {
      const first = loss(own).mul(0.5);
      if (sharded) setSync(net, false);
      first.backward();
      if (sharded) setSync(net, true);
      const second = loss(own.roll(1, 1)).mul(0.5);
      second.backward();
      value = sharded ? mean(first.add(second)) : first.add(second).item();
    } else {
      const l = loss(own);
      l.backward();
      value = sharded ? mean(l) : l.item();
    }
    if (way.clip) {
      const norm = sharded ? fsdp.clipGradNorm_(model, 0.5) : nn.utils.clipGradNorm_(params, 0.5);
      norms.push(norm.item());
    }
    if (sharded)
      for (const p of params) assert(p.grad === null || p.grad.shape[0]! <= p.shape[0]!, 'a gradient is whole');
    adam.step();
    if (way.evaluate) {
      const l = torch.noGrad(() => loss(own));
      value += sharded ? mean(l) : l.item();
    }
    curve.push(value);
  }
  // the norms of all gradients, which clipping has gone by
  return [...curve, ...norms];
}
function setSync(model: torch.nn.Module<never, unknown>, on: boolean): void {
  assert('setRequiresGradientSync' in model, 'no unit');
  (model as typeof model & torch.distributed.fsdp.FSDPModule).setRequiresGradientSync(on);
}

/** The CNN; batch norm sees a share only, so one process goes through the shares one after the other. */
function cnn(sharded: boolean): number[] {
  torch.manualSeed(6);
  const net = new Cnn();
  if (sharded) {
    fsdp.fullyShard(net.body);
    fsdp.fullyShard(net);
  }
  const sgd = new optim.SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
  const curve: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const [images, labels] = digitsBatch(step);
    sgd.zeroGrad();
    let value = 0;
    for (let r = sharded ? rank : 0; r < (sharded ? rank + 1 : count); r++) {
      const loss = torch.F.crossEntropy(net.forward(share(images, r, count)), share(labels, r, count));
      loss.div(sharded ? 1 : count).backward();
      value += sharded ? mean(loss) : loss.item() / count;
    }
    sgd.step();
    curve.push(value);
  }
  return curve;
}

const ways: Record<string, Way> = {
  plain: {},
  kept: { reshardAfterForward: false, evaluate: true },
  inside: { again: 'inside', clip: true },
  outside: { again: 'outside', evaluate: true },
  frozen: { frozen: true },
  unused: { unused: true },
  accumulate: { accumulate: true },
  wrapped: { wrapped: true, clip: true },
};
const names = (process.env.WAYS ?? 'cnn').split(',');
for (const name of names) {
  const way = ways[name];
  const run = (sharded: boolean): number[] => (way === undefined ? cnn(sharded) : gpt(way, sharded));
  const start = performance.now();
  const curve = run(true);
  const far = distance(curve, run(false));
  assert(far < 1e-5, `${name}: rank ${rank} of ${count} is ${far} away from one process`);
  assert(curve[STEPS - 1]! < curve[0]!, `${name}: nothing is learned`);
  if (rank === 0)
    console.log(
      JSON.stringify({ name, count, far, first: curve[0], last: curve[STEPS - 1], ms: performance.now() - start }),
    );
}
dist.destroyProcessGroup();
