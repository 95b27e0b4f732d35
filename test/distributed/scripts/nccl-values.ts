// Every collective of NCCL in every dtype, against what plain arithmetic says: test/distributed/nccl.test.ts starts it on several
// ranks, each with an emulated GPU.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';

const { distributed: dist } = torch;
const device = 'cuda:0';
dist.initProcessGroup({ backend: 'nccl', timeout: 40 });
const rank = dist.getRank();
const size = dist.getWorldSize();
const ranks = Array.from({ length: size }, (_, i) => i);
type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
const DTYPES: readonly DType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int8',
  'uint8',
  'bool',
];
const integral = (dtype: DType): boolean => !dtype.includes('float');
const ok = (name: string): void => console.log(`ok ${name}`);
const tensor = (values: readonly number[], dtype: DType): torch.Tensor =>
  torch
    .tensor([...values], { dtype: 'float64' })
    .to(dtype)
    .to(device);
const numbers = (x: torch.Tensor): number[] => x.to('cpu').to('float64').reshape(-1).tolist() as number[];
/** What rank r has: small whole numbers, exact in all dtypes. */
const values = (r: number, n = 5): number[] => Array.from({ length: n }, (_, i) => ((i + 2 * r) % 4) + 1);
const fold = (f: (a: number, b: number) => number): number[] =>
  values(0).map((_, i) => ranks.map((r) => values(r)[i]!).reduce(f));

const SUMS: readonly [torch.distributed.ReduceOp, (a: number, b: number) => number][] = [
  ['SUM', (a, b) => a + b],
  ['PRODUCT', (a, b) => a * b],
  ['MIN', (a, b) => Math.min(a, b)],
  ['MAX', (a, b) => Math.max(a, b)],
];
for (const dtype of DTYPES) {
  const bool = dtype === 'bool';
  const cast = (list: readonly number[]): number[] => numbers(tensor(list, dtype));
  for (const [op, f] of SUMS) {
    const x = tensor(values(rank), dtype);
    dist.allReduce(x, op);
    assert.deepEqual(numbers(x), cast(fold(f)), `${op} ${dtype}`);
    const y = tensor(values(rank), dtype);
    dist.reduce(y, size - 1, op);
    assert.deepEqual(numbers(y), cast(rank === size - 1 ? fold(f) : values(rank)), `reduce ${op} ${dtype}`);
    // one part for each rank
    const parts = tensor(
      ranks.flatMap((r) => values(rank + r, 3)),
      dtype,
    );
    const mine = tensor([0, 0, 0], dtype);
    dist.reduceScatterTensor(mine, parts, op);
    const wanted = [0, 1, 2].map((i) => ranks.map((r) => values(r + rank, 3)[i]!).reduce(f));
    assert.deepEqual(numbers(mine), cast(wanted), `reduceScatter ${op} ${dtype}`);
  }
  if (!integral(dtype)) {
    const x = tensor(values(rank), dtype);
    dist.allReduce(x, 'AVG');
    assert.deepEqual(numbers(x), cast(fold((a, b) => a + b).map((v) => v / size)), `AVG ${dtype}`);
  }
  const b = tensor(values(rank), dtype);
  dist.broadcast(b, 1);
  assert.deepEqual(numbers(b), cast(values(1)), `broadcast ${dtype}`);
  const list = ranks.map(() => tensor(values(9), dtype));
  dist.allGather(list, tensor(values(rank), dtype));
  list.forEach((x, r) => assert.deepEqual(numbers(x), cast(values(r)), `allGather ${dtype}`));
  const out = tensor(
    ranks.map(() => 0),
    dtype,
  );
  dist.allToAllSingle(
    out,
    tensor(
      ranks.map((r) => (bool ? (r + rank) % 2 : 4 * rank + r)),
      dtype,
    ),
  );
  assert.deepEqual(numbers(out), cast(ranks.map((r) => (bool ? (r + rank) % 2 : 4 * r + rank))), `allToAll ${dtype}`);
  const gathered = rank === 0 ? ranks.map(() => tensor(values(9), dtype)) : null;
  dist.gather(tensor(values(rank), dtype), gathered, 0);
  gathered?.forEach((x, r) => assert.deepEqual(numbers(x), cast(values(r)), `gather ${dtype}`));
  const got = tensor(values(9), dtype);
  dist.scatter(got, rank === 1 ? ranks.map((r) => tensor(values(r + 1), dtype)) : null, 1);
  assert.deepEqual(numbers(got), cast(values(rank + 1)), `scatter ${dtype}`);
}
ok('dtypes');

// the largest pieces go in several rounds; tensors with gaps are copied in and out
const long = torch.full([300_000], rank + 1, { dtype: 'float32', device });
dist.allReduce(long);
assert.equal(long.sum().item(), (300_000 * size * (size + 1)) / 2);
const gaps = torch.full([4, 6], rank, { dtype: 'float32', device }).t().narrow(0, 1, 3);
dist.allReduce(gaps);
assert.deepEqual(new Set(numbers(gaps)), new Set([(size * (size - 1)) / 2]));
const uneven = ranks.map((r) => r + 1);
const toAll = torch.full([size * (rank + 1)], rank, { dtype: 'int32', device });
const fromAll = torch.zeros([uneven.reduce((a, b) => a + b)], { dtype: 'int32', device });
dist.allToAllSingle(
  fromAll,
  toAll,
  uneven,
  ranks.map(() => rank + 1),
);
assert.deepEqual(
  numbers(fromAll),
  ranks.flatMap((r) => uneven.slice(0, r + 1).map(() => r)),
);
dist.allReduce(torch.zeros([0], { device }));
ok('sizes');

// messages: between two ranks, in batches around the ring, and to oneself
const next = (rank + 1) % size;
const last = (rank + size - 1) % size;
const held = torch.full([20_000], rank, { dtype: 'float32', device });
const came = torch.zeros([20_000], { dtype: 'float32', device });
const batch = dist.batchIsendIrecv([new dist.P2POp(dist.isend, held, next), new dist.P2POp(dist.irecv, came, last)]);
for (const work of batch) work.wait();
assert.equal(came.mean().item(), last);
if (rank === 0) dist.send(torch.full([3], 7, { dtype: 'float32', device }), 1);
if (rank === 1) {
  const x = torch.zeros([3], { device });
  assert.equal(dist.recv(x, 0), 0);
  assert.deepEqual(numbers(x), [7, 7, 7]);
  assert.throws(() => dist.recv(x), /src must be given/);
}
const self = torch.zeros([2], { device });
const own = dist.batchIsendIrecv([
  new dist.P2POp(dist.isend, torch.ones([2], { device }), rank),
  new dist.P2POp(dist.irecv, self, rank),
]);
for (const work of own) work.wait();
assert.deepEqual(numbers(self), [1, 1]);
ok('messages');

// parts of the world, whose communicators are made when they are first needed
const even = dist.newGroup(ranks.filter((r) => r % 2 === 0));
const pair = dist.newGroup([0, 1]);
for (const [group, members] of [
  [pair, [0, 1]],
  [even, ranks.filter((r) => r % 2 === 0)],
] as const) {
  if (!(members as readonly number[]).includes(rank)) continue;
  const x = torch.full([2], rank + 1, { dtype: 'float32', device });
  dist.allReduce(x, 'SUM', group);
  const sum = members.map((r: number) => r + 1).reduce((a, b) => a + b);
  assert.deepEqual(numbers(x), [sum, sum]);
}
ok('groups');

// what NCCL does not take
assert.throws(() => dist.allReduce(torch.ones([2], { dtype: 'int16', device })), {
  name: 'DtypeError',
  message: 'allReduce: Input tensor data type is not supported for NCCL process group: int16',
});
assert.throws(() => dist.allReduce(torch.ones([2], { dtype: 'int32', device }), 'BXOR'), {
  message: 'allReduce: Cannot use ReduceOp.BXOR with NCCL',
});
assert.throws(() => dist.allReduce(torch.ones([2], { device: 'cuda:1' })), {
  name: 'DeviceError',
  message: `allReduce: rank ${rank}: the group's communicator is on 'cuda:0', but a tensor is on 'cuda:1' (float32 [2])`,
});
dist.barrier();
dist.barrier({ asyncOp: true }).wait();
dist.destroyProcessGroup();
ok('refusals');
