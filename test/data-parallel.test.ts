// What of DistributedDataParallel needs no other process: buckets, what outputs lead back to, the end of backward. With others:
// test/distributed/ddp.test.ts.
import { expect, test } from 'vitest';
import { queueCallback } from '../lib/autograd/engine.ts';
import * as torch from '../lib/index.ts';
import { assignBuckets, Bucket } from '../lib/nn/parallel/buckets.ts';
import { leavesOf, mapTensors, tensorsIn } from '../lib/nn/parallel/outputs.ts';

test('buckets close with the tensor that fills them, one dtype each, as in PyTorch', () => {
  const of = (...sizes: [number, torch.DTypeName][]): torch.Tensor[] =>
    sizes.map(([n, dtype]) => torch.empty([n], { dtype }));
  // dist._compute_bucket_assignment_by_size gives the same
  const plain = of([100, 'float32'], [200, 'float32'], [100, 'float32'], [50, 'float32']);
  expect(assignBuckets(plain, [400])).toEqual([[0], [1], [2], [3]]);
  expect(assignBuckets(plain, [200, 1200])).toEqual([[0], [1, 2], [3]]);
  const mixed = of(
    [50, 'float32'],
    [25, 'float64'],
    [50, 'float32'],
    [25, 'float64'],
    [50, 'float32'],
    [25, 'float64'],
  );
  expect(assignBuckets(mixed, [400])).toEqual([[0, 2], [1, 3], [4], [5]]);
  expect(assignBuckets([], [400])).toEqual([]);
});

test('a bucket takes gradients in, scaled, whatever their strides', () => {
  const [a, b] = [torch.zeros([2, 3], { requiresGrad: true }), torch.zeros([2], { requiresGrad: true })];
  const bucket = new Bucket(0, [a, b], [0, 1]);
  a.grad = torch.tensor(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    { dtype: 'float32' },
  ).T;
  bucket.take(0, 0.5);
  bucket.take(1, 0.5);
  expect(bucket.buffer.tolist()).toEqual([0.5, 1.5, 2.5, 1, 2, 3, 0, 0]);
  expect(bucket.views[0]!.tolist()).toEqual([
    [0.5, 1.5, 2.5],
    [1, 2, 3],
  ]);
});

test('tensors are found and replaced in values of any form', () => {
  const [a, b, c] = [torch.ones([1]), torch.ones([2]), torch.ones([3])];
  const ring: { self?: object; c: torch.Tensor } = { c };
  ring.self = ring;
  const found = tensorsIn([{ a, text: 'x' }, new Map([[1, [b]]]), new Set([ring]), null, new Uint8Array(3)]);
  expect(found.map((x) => [a, b, c].indexOf(x))).toEqual([0, 1, 2]);
  const { values, indices } = torch.tensor([[3, 1]]).max(1);
  expect(tensorsIn(torch.tensor([[3, 1]]).max(1)).map(String)).toEqual([String(values), String(indices)]);
  const moved = mapTensors([{ a }, new Map([['b', b]]), 5], (x) => x.add(1)) as [
    { a: torch.Tensor },
    Map<string, torch.Tensor>,
  ];
  expect([moved[0].a.tolist(), moved[1].get('b')!.tolist()]).toEqual([[2], [2, 2]]);
});

test('the leaves that backward can reach', () => {
  const [a, b, c] = [1, 2, 3].map((n) => torch.ones([n], { requiresGrad: true })) as [
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
  ];
  const out = a.mul(2).sum().add(b.sum());
  const names = (roots: torch.Tensor[]): number[] => [...leavesOf(roots)].map((x) => [a, b, c].indexOf(x)).sort();
  expect(names([out, out, torch.ones([1])])).toEqual([0, 1]);
  expect(names([c])).toEqual([2]);
});

test('what is queued in backward is called at the end of the outermost pass, unless that throws', () => {
  const order: string[] = [];
  const x = torch.ones([2], { requiresGrad: true });
  const y = torch.ones([2], { requiresGrad: true });
  const loss = (): torch.Tensor => y.mul(2).mul(x).sum();
  const first = x.registerHook(() => {
    queueCallback(() => order.push(`end, with ${String(y.grad !== null)}`));
    const inner = torch.ones([1], { requiresGrad: true });
    inner.registerHook(() => {
      queueCallback(() => order.push('of the inner pass'));
    });
    torch.enableGrad(() => inner.mul(2)).backward();
    order.push('hook');
  });
  loss().backward();
  expect(order).toEqual(['hook', 'end, with true', 'of the inner pass']);
  first.remove();

  x.registerHook(() => queueCallback(() => order.push('never')));
  const failing = y.registerHook(() => {
    throw new Error('stop');
  });
  expect(() => x.mul(1).sum().add(y.sum()).backward()).toThrow('stop');
  failing.remove();
  order.length = 0;
  y.sum().backward();
  expect(order).toEqual([]);
  expect(() => queueCallback(() => {})).toThrow('final callbacks can only be installed during backward pass');
});

test('without processes there is nothing to average', () => {
  const net = new torch.nn.Linear(2, 2);
  expect(() => new torch.nn.parallel.DistributedDataParallel(net)).toThrow(
    'has not been initialized: call initProcessGroup first',
  );
  expect(() => new torch.utils.data.DistributedSampler([1, 2])).toThrow('call initProcessGroup first');
  const { ZeroRedundancyOptimizer } = torch.distributed.optim;
  expect(() => new ZeroRedundancyOptimizer(net.parameters(), torch.optim.SGD, { lr: 1 })).toThrow('initProcessGroup');
});

test('DataParallel is the module itself where there is no GPU; scatter and gather take what is nested', () => {
  const { nn } = torch;
  const { gather, scatter } = nn.parallel;
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3));
  const model = new nn.DataParallel(net);
  if (!torch.cuda.isAvailable()) {
    expect(model.deviceIds).toEqual([]);
    const x = torch.randn(4, 2);
    model.eval();
    expect(torch.equal(model.forward(x), net.forward(x))).toBe(true);
    expect(torch.equal(nn.parallel.dataParallel(net, [x]), net.forward(x))).toBe(true);
  }
  expect(Object.keys(model.stateDict())[0]).toBe('module.0.weight');
  // as PyTorch: three devices, of which a batch of four gives parts to two
  const parts = scatter({ a: torch.arange(4), b: [torch.ones(4, 1), 'x', null] }, ['cpu', 'cpu', 'cpu']);
  expect(parts.map(({ a, b }) => [a.tolist(), (b[0] as torch.Tensor).shape, b[1], b[2]])).toEqual([
    [[0, 1], [2, 1], 'x', null],
    [[2, 3], [2, 1], 'x', null],
  ]);
  const whole = gather(parts, 'cpu');
  expect(whole.a.tolist()).toEqual([0, 1, 2, 3]);
  expect((whole.b[0] as torch.Tensor).shape).toEqual([4, 1]);
  expect(gather([torch.tensor(3), torch.tensor(4)], 'cpu').tolist()).toEqual([3, 4]);
  expect(scatter(torch.ones(2, 4), { targetGpus: ['cpu', 'cpu'], dim: 1 }).map((p) => p.shape)).toEqual([
    [2, 2],
    [2, 2],
  ]);
  expect(() => scatter(torch.tensor(1), ['cpu'])).toThrow('scatter: cannot cut a 0-d tensor');
  expect(() => gather([], 'cpu')).toThrow('gather: expected at least one output');
  expect(() => gather([torch.ones(2, 2), torch.ones(2, 3)], 'cpu')).toThrow(/^gather: sizes of tensors must match/);
  expect(() => gather([{ a: torch.ones(1) }, {}] as object[], 'cpu')).toThrow('the same number of keys');
});
