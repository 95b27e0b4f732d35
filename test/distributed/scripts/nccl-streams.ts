// Works of NCCL beside kernels, streams and the end of tensors: test/distributed/nccl.test.ts starts it on two ranks.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as torch from '../../../lib/index.ts';

const { distributed: dist } = torch;
const device = 'cuda:0';
dist.initProcessGroup({ backend: 'cpu:mpi,cuda:nccl', timeout: 40, deviceId: 0 });
const rank = dist.getRank();
const ok = (name: string): void => console.log(`ok ${name}`);
const on = (value: number, n = 1000): torch.Tensor => torch.full([n], value, { dtype: 'float32', device });
const go = torch.zeros([1]);

/** Rank 0 does `first` while rank 1 is sure not to have come to `both` yet. */
function early(both: () => torch.distributed.Work, first: (work: torch.distributed.Work) => void): void {
  if (rank === 1) dist.recv(go, 0);
  const work = both();
  if (rank === 0) {
    first(work);
    dist.send(go, 1);
  }
  work.wait();
}

// kernels run while the collective waits, and wait() holds up the stream, not the host
{
  const x = on(rank + 1);
  const [a, b] = [on(2), on(3)];
  early(
    () => dist.allReduce(x, { asyncOp: true }),
    (work) => {
      assert.equal(work.isCompleted(), false);
      assert.equal(a.mul(b).sum().item(), 6000);
      assert.equal(work.wait(), true);
      assert.equal(work.isCompleted(), false);
      assert.throws(() => work.wait(0.05), { name: 'DistBackendError', message: /has not ended within 0.05 s/ });
    },
  );
  assert.equal(x.add(1).sum().item(), 4000);
}
ok('overlap');

// the memory of a tensor that is disposed of under way serves nobody else meanwhile
{
  const x = on(rank === 0 ? 5 : 0, 4096);
  const later: torch.Tensor[] = [];
  early(
    () => dist.broadcast(x, { src: 0, asyncOp: true }),
    () => {
      x.dispose();
      for (let i = 0; i < 8; i++) later.push(on(9, 4096));
      assert.equal(later[7]!.sum().item(), 9 * 4096);
    },
  );
  if (rank === 1) assert.equal(x.sum().item(), 5 * 4096);
  for (const y of later) assert.equal(y.sum().item(), 9 * 4096);
  // and that of one that nobody knows any more
  const work = dist.broadcast(on(rank === 0 ? 4 : 0, 4096), { src: 0, asyncOp: true });
  const [found] = work.result();
  assert.equal(work.wait() && found!.sum().item(), 4 * 4096);
}
ok('memory');

// a collective comes after what its stream has queued, and what waits for it after the collective
{
  const stream = new torch.cuda.Stream();
  const x = on(1);
  stream.waitStream(torch.cuda.currentStream());
  torch.cuda.stream(stream, () => {
    x.mul_(rank + 1);
    dist.allReduce(x);
    x.mul_(2);
  });
  torch.cuda.currentStream().waitStream(stream);
  assert.equal(x.sum().item(), 6000);
  const y = on(rank + 1);
  const work = torch.cuda.stream(stream, () => {
    stream.waitStream(torch.cuda.defaultStream());
    return dist.allReduce(y, { asyncOp: true });
  });
  work.wait();
  assert.equal(y.sum().item(), 3000);
}
ok('streams');

// the event loop goes on meanwhile
{
  const x = on(rank + 1);
  const gaps = on(rank, 6).view([2, 3]).t();
  if (rank === 1) await sleep(60);
  const works = [dist.allReduce(x, { asyncOp: true }), dist.allReduce(gaps, { asyncOp: true })] as const;
  const [[sum], [pair]] = await Promise.all([works[0].getFuture(), works[1].getFuture()]);
  assert.equal(sum, x);
  assert.equal(pair, gaps);
  assert.equal(x.sum().item(), 3000);
  assert.equal(gaps.sum().item(), 6);
  assert.equal(works[0].isCompleted() && works[0].isSuccess() && works[0].exception(), null);
}
ok('futures');

// many under way, of two groups
{
  const other = dist.newGroup([0, 1]);
  const list = Array.from({ length: 20 }, (_, i) => on(i + rank, 100));
  const works = list.map((x, i) => dist.allReduce(x, { asyncOp: true, group: i % 2 ? other : null }));
  for (const work of works) work.wait();
  list.forEach((x, i) => assert.equal(x.sum().item(), (2 * i + 1) * 100));
  dist.destroyProcessGroup(other);
}
ok('groups');

assert.deepEqual(torch.cuda.nccl.version()?.length, 3);
assert.equal(torch.cuda.nccl.isAvailable([on(1)]), true);
assert.equal(torch.cuda.nccl.isAvailable([torch.ones(1)]), false);
assert.equal(dist.isNcclAvailable(), true);
dist.destroyProcessGroup();
ok('end');
