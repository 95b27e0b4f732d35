// What DistributedDataParallel and ZeroRedundancyOptimizer promise, in two processes or more: prints `ok NAME` for each that
// holds. Started by ddp.test.ts.
import assert from 'node:assert/strict';
import * as torch from '../../lib/index.ts';

const { distributed: dist, nn, optim } = torch;
const { DistributedDataParallel } = nn.parallel;
const { ZeroRedundancyOptimizer } = dist.optim;

dist.initProcessGroup({ backend: 'mpi' });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
const mean = (size - 1) / 2; // of the ranks

function same(x: torch.Tensor, what: string): void {
  const all = Array.from({ length: size }, () => torch.zerosLike(x));
  dist.allGather(all, x.detach());
  for (const other of all) assert.ok(torch.equal(all[0]!, other), `${what} differs between processes`);
}
const near = (x: torch.Tensor | null, value: number, what: string): void => {
  assert.ok(x !== null, what);
  const worst = x.detach().to('float64').sub(value).abs().max().item() as number;
  assert.ok(worst < 1e-2 * Math.max(1, Math.abs(value)), `${what}: ${x} is not ${value}`);
};

class Two extends nn.Module<[x: torch.Tensor, which?: number], torch.Tensor> {
  a = new nn.Parameter(torch.ones([3]));
  b = new nn.Parameter(torch.ones([2]));
  override forward(x: torch.Tensor, which = 2): torch.Tensor {
    const [a, b] = [this.a.mul(x).sum(), this.b.mul(x).sum()];
    return which === 0 ? a : which === 1 ? b : a.add(b);
  }
}
const own = torch.tensor(rank).to('float32');

const RULES: Record<string, () => void> = {
  'what is wrong with a model is said in all processes'() {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, rank === 0 ? 1 : 2));
    const text = /parameter '1.weight', float32 \[1, 3\] and rank 1 has parameter '1.weight', float32 \[2, 3\] \(rank/;
    assert.throws(() => new DistributedDataParallel(net), text);
    assert.throws(() => new DistributedDataParallel(new nn.ReLU()), /any parameter that requires a gradient/);
    assert.throws(() => new DistributedDataParallel(new Two(), { deviceIds: [0] }), /only work with single-device GPU/);
    const more: [number, { surprise: boolean }] = [1, { surprise: true }];
    assert.throws(() => Reflect.construct(DistributedDataParallel, [new Two(), ...more]), /unknown option 'surprise'/);
  },
  'gradients are means, of all dtypes at once'() {
    class Mixed extends nn.Module<[x: number], torch.Tensor> {
      list = (['float32', 'float64', 'float16', 'bfloat16', 'float32'] as const).map(
        (dtype) => new nn.Parameter(torch.ones([4, 3], { dtype })),
      );
      override forward(x: number): torch.Tensor {
        return this.list.map((p) => p.mul(x).sum().to('float64')).reduce((a, b) => a.add(b));
      }
    }
    for (const options of [{}, { gradientAsBucketView: true }, { bucketCapMb: 1e-6 }]) {
      const model = new DistributedDataParallel(new Mixed(), options);
      for (let step = 1; step < 4; step++) {
        model.zeroGrad();
        model.forward((rank + 1) * step).backward();
        for (const p of model.parameters()) near(p.grad, (mean + 1) * step, `${p.dtype} in step ${step}`);
      }
    }
  },
  'frozen parameters stay out, shared ones come once'() {
    const shared = new nn.Linear(2, 2);
    const net = new nn.Sequential(shared, new nn.Linear(2, 2).requiresGrad_(false), shared);
    const model = new DistributedDataParallel(net);
    torch.manualSeed(5 + rank);
    model.forward(torch.rand(3, 2)).sum().backward();
    same(shared.weight.grad!, 'the gradient of a shared weight');
    assert.equal(net.parameters()[2]!.grad, null);
    assert.equal(Object.keys(model.stateDict())[0], 'module.0.weight');
    assert.equal(model.parameters().length, 4);
  },
  'checkpoints have the names of the model itself'() {
    const { stateDict } = dist.checkpoint;
    const make = (): torch.nn.Sequential => new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
    const wrapped = new DistributedDataParallel(make());
    const around = new nn.Sequential(wrapped, new nn.Linear(1, 1));
    assert.equal(
      Object.keys(stateDict.getModelStateDict(around)).join(),
      Object.keys(new nn.Sequential(make(), new nn.Linear(1, 1)).stateDict()).join(),
    );
    const adam = new torch.optim.Adam(wrapped.parameters());
    wrapped.forward(own.expand(1, 2)).sum().backward();
    adam.step();
    const [modelStateDict, optimStateDict] = stateDict.getStateDict(wrapped, adam, {
      options: { fullStateDict: true },
    });
    const plain = make();
    assert.equal(Object.keys(modelStateDict).join(), Object.keys(plain.stateDict()).join());
    const other = new torch.optim.Adam(plain.parameters());
    stateDict.setStateDict(plain, other, { modelStateDict, optimStateDict });
    assert.ok(torch.equal(plain.parameters().at(-1)!, wrapped.parameters().at(-1)!));
    // and back into a wrapped one
    assert.deepEqual(
      stateDict.setModelStateDict(new DistributedDataParallel(make()), plain.stateDict()).missingKeys,
      [],
    );
  },
  'an unused parameter is found, or its name is said'() {
    const model = new DistributedDataParallel(new Two());
    model.forward(own, 0).backward();
    assert.throws(
      () => model.forward(own),
      /Expected to have finished reduction in the prior iteration .* for rank \d: 1 \('b'\)/,
    );
    const finds = new DistributedDataParallel(new Two(), { findUnusedParameters: true });
    finds.forward(own, rank === 0 ? 0 : 2).backward();
    near(finds.module.a.grad, mean, 'used by all');
    near(finds.module.b.grad, mean, 'used by all but rank 0');
    finds.zeroGrad();
    finds.forward(own, 0).backward();
    assert.equal(finds.module.b.grad, null, 'used by none');
  },
  'outputs may be nested'() {
    class Nested extends nn.Module<[x: torch.Tensor], { deep: [Map<string, torch.Tensor>, Set<torch.Tensor>] }> {
      two = new Two();
      unused = new nn.Linear(1, 1);
      override forward(x: torch.Tensor): { deep: [Map<string, torch.Tensor>, Set<torch.Tensor>] } {
        return { deep: [new Map([['a', this.two.forward(x, 0)]]), new Set([this.two.forward(x, 1)])] };
      }
    }
    const model = new DistributedDataParallel(new Nested(), { findUnusedParameters: true });
    for (let step = 0; step < 2; step++) {
      model.zeroGrad();
      const { deep } = model.forward(own);
      deep[0]
        .get('a')!
        .add([...deep[1]][0]!)
        .backward();
      near(model.module.two.a.grad, mean, 'a');
      near(model.module.two.b.grad, mean, 'b');
    }
  },
  'noSync gathers, also over several backwards'() {
    const model = new DistributedDataParallel(new Two());
    const value = model.noSync(() => {
      model.forward(own).backward();
      model.forward(own).backward();
      return 7;
    });
    assert.equal(value, 7);
    near(model.module.a.grad, 2 * rank, 'not yet averaged');
    model.forward(own).backward();
    near(model.module.a.grad, 3 * mean, 'averaged at last');
    assert.ok(model.requireBackwardGradSync);
    model.zeroGrad();
    const out = model.forward(own);
    out.backward({ retainGraph: true });
    out.backward();
    near(model.module.b.grad, 2 * mean, 'two backwards of one forward');
    // two forwards of one backward, as in a GAN
    model.zeroGrad();
    model.forward(own).add(model.forward(own)).backward();
    near(model.module.b.grad, 2 * mean, 'two forwards of one backward');
    // the module alone is a process's own business
    model.zeroGrad();
    model.module.forward(own).backward();
    near(model.module.a.grad, rank, 'of the module alone');
    assert.throws(
      () => model.forward(own.add(1)).square().backward({ createGraph: true }),
      /the gradient of '\w' has a history \(createGraph: true\)/,
    );
  },
  'a static graph is learnt in the first step'() {
    const model = new DistributedDataParallel(new Two(), { staticGraph: true });
    for (let step = 0; step < 3; step++) {
      model.zeroGrad();
      model.forward(own, 1).backward();
      near(model.module.b.grad, mean, `step ${step}`);
      assert.equal(model.module.a.grad, null);
    }
  },
  'buffers are those of rank 0, or local'() {
    for (const broadcastBuffers of [true, false]) {
      torch.manualSeed(rank);
      const model = new DistributedDataParallel(new nn.Sequential(new nn.BatchNorm1d(2)), { broadcastBuffers });
      for (let step = 0; step < 2; step++)
        model
          .forward(torch.full([4, 2], rank, { dtype: 'float32' }))
          .sum()
          .backward();
      const { running_mean } = Object.fromEntries(
        Object.entries(model.module.stateDict()).map(([k, x]) => [k.slice(2), x]),
      );
      // 0.1 × rank on what rank 0 had, which is 0; or twice
      near(running_mean!, broadcastBuffers ? 0.1 * rank : 0.19 * rank, `broadcastBuffers ${broadcastBuffers}`);
    }
  },
  'buffers may be replaced, and synchronised between two forwards of one backward'() {
    class Shift extends nn.Module {
      w = new nn.Parameter(torch.ones([1]));
      shift = torch.full([1], rank, { dtype: 'float32' });
      override forward(x: torch.Tensor): torch.Tensor {
        return x.mul(this.w).mul(this.shift);
      }
    }
    const model = new DistributedDataParallel(new Shift());
    model.forward(own).sum().backward();
    near(model.module.w.grad, 0, 'rank 0 has a shift of 0');
    model.zeroGrad();
    model.module.shift = torch.full([1], rank + 3, { dtype: 'float32' });
    model.forward(own).add(model.forward(own)).sum().backward();
    near(model.module.w.grad, 6 * mean, 'rank 0 has a shift of 3');
  },
  'what is ignored is left alone'() {
    const net = new Two();
    net.b.detach().fill_(rank);
    DistributedDataParallel.setParamsAndBuffersToIgnoreForModel(net, ['b']);
    const model = new DistributedDataParallel(net);
    near(net.b, rank, 'b');
    model.forward(own).backward();
    near(net.a.grad, mean, 'gradient of a');
    near(net.b.grad, rank, 'gradient of b');
  },
  'hooks take the place of the all-reduce'() {
    const { fp16CompressHook, bf16CompressHook, allreduceHook, fp16CompressWrapper } =
      dist.algorithms.ddpCommHooks.defaultHooks;
    for (const hook of [allreduceHook, fp16CompressHook, bf16CompressHook, fp16CompressWrapper(allreduceHook)]) {
      const model = new DistributedDataParallel(new Two());
      model.registerCommHook(null, hook);
      assert.throws(() => model.registerCommHook(null, hook), /can only be called once/);
      model.forward(own).backward();
      near(model.module.a.grad, mean, hook.name);
    }
    const seen: [number, number[], boolean][] = [];
    const model = new DistributedDataParallel(new Two(), { bucketCapMb: 1e-6 });
    model.registerCommHook(seen, (state, bucket) => {
      state.push([bucket.index(), bucket.gradients().map((g) => g.numel()), bucket.isLast()]);
      return bucket.buffer().mul(0).add(4);
    });
    model.forward(own).backward();
    assert.deepEqual(seen, [
      [0, [2], false],
      [1, [3], true],
    ]);
    near(model.module.a.grad, 4, 'what the hook gave');
  },
  'processes may run out of inputs'() {
    const model = new DistributedDataParallel(new Two());
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    let steps = 0;
    const loop = (): number => {
      for (let i = 0; i < 2 * rank + 1; i++) {
        optimizer.zeroGrad();
        model.forward(torch.tensor(1).to('float32')).backward();
        optimizer.step();
        steps++;
      }
      return steps;
    };
    assert.equal(model.join(loop), 2 * rank + 1);
    same(model.module.a, 'a after join');
    // 1 - 0.1 for each step, times the share of processes that still had inputs
    let wanted = 1;
    for (let i = 0; i < 2 * size - 1; i++) wanted -= (0.1 * (size - Math.ceil(i / 2))) / size;
    near(model.module.a, wanted, 'a after join');
    assert.throws(() => model.join(loop, { throwOnEarlyTermination: true }), /exhausted all inputs/);
    dist.barrier();
  },
  'groups of their own train apart'() {
    const ranks = rank < 2 ? [0, 1] : [2, 3];
    const groups = [dist.newGroup([0, 1]), ...(size > 2 ? [dist.newGroup([2, 3])] : [])];
    const model = new DistributedDataParallel(new Two(), { processGroup: groups[rank < 2 ? 0 : 1]! });
    model.forward(own).backward();
    near(model.module.a.grad, (ranks[0]! + ranks[1]!) / 2, 'the mean of a group');
  },
  'ZeRO keeps its share of the state, and saves all of it'() {
    const layers = (): torch.nn.Sequential => {
      torch.manualSeed(1);
      return new nn.Sequential(...Array.from({ length: 8 }, () => new nn.Linear(64, 64, { bias: false })));
    };
    const [a, b] = [layers(), layers()];
    const zero = new ZeroRedundancyOptimizer(a.parameters(), optim.AdamW, { lr: 0.01 });
    const plain = new optim.AdamW(b.parameters(), { lr: 0.01 });
    const schedules = [zero, plain].map((o) => new optim.lrScheduler.StepLR(o, 2, 0.5));
    const step = (): void => {
      for (const [net, o] of [
        [a, zero],
        [b, plain],
      ] as const) {
        o.zeroGrad();
        net
          .forward(torch.ones([2, 64]))
          .square()
          .mean()
          .backward();
        o.step();
      }
      for (const s of schedules) s.step();
      a.parameters().forEach((p, i) => assert.ok(torch.equal(p, b.parameters()[i]!), `parameter ${i}`));
    };
    for (let i = 0; i < 5; i++) step();
    const bytes = (o: torch.optim.Optimizer): number =>
      [...o.state.values()]
        .flatMap((s) => Object.values(s))
        .reduce<number>((n, x) => n + (x instanceof torch.Tensor ? x.nbytes : 0), 0);
    assert.equal(bytes(zero.optim) * size, bytes(plain), 'state of one process');
    assert.equal(bytes(zero), 0);
    assert.equal(zero.paramGroups[0]!.lr, 0.0025);
    assert.throws(() => zero.stateDict(), /has not been consolidated on this rank/);
    zero.consolidateStateDict(size - 1);
    const list: unknown[] = [rank === size - 1 ? zero.stateDict() : null];
    if (rank === size - 1)
      assert.deepEqual(JSON.parse(JSON.stringify(list[0])), JSON.parse(JSON.stringify(plain.stateDict())));
    dist.broadcastObjectList(list, size - 1);
    const again = new ZeroRedundancyOptimizer(a.parameters(), optim.AdamW, { lr: 1 });
    again.loadStateDict(list[0] as torch.optim.OptimizerStateDict);
    assert.equal(bytes(again.optim), bytes(zero.optim));
    for (const [net, o] of [
      [a, again],
      [b, plain],
    ] as const) {
      o.zeroGrad();
      net
        .forward(torch.ones([2, 64]))
        .square()
        .mean()
        .backward();
      o.step();
    }
    a.parameters().forEach((p, i) => assert.ok(torch.equal(p, b.parameters()[i]!), `parameter ${i} after loading`));
    const extra = torch.ones([5], { requiresGrad: true });
    again.addParamGroup({ params: [extra], lr: 0.5 });
    extra.sum().backward();
    again.step();
    same(extra, 'a parameter added later');
    assert.ok((extra.detach().max().item() as number) < 0.6);
    assert.throws(
      () => Reflect.construct(ZeroRedundancyOptimizer, [[extra], Map]),
      /expected the class of an optimizer/,
    );
  },
};

let failed = 0;
for (const [name, rule] of Object.entries(RULES)) {
  try {
    rule();
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.error(`${name}: ${(error as Error).stack}`);
  }
}
console.log(`done ${Object.keys(RULES).length}`);
dist.destroyProcessGroup();
process.exitCode = failed > 0 ? 1 : 0;
