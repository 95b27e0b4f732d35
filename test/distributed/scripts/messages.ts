// Messages in rings and across, large ones beside collectives, from anybody, of parts of the world. messages.test.ts starts it.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';
import { dtypes, filled, layouts, same, valuesOf } from './values.ts';

const d = torch.distributed;
d.initProcessGroup({ backend: 'mpi', timeout: 60 });
const me = d.getRank();
const n = d.getWorldSize();
const next = (me + 1) % n;
const last = (me + n - 1) % n;

// a ring, of every dtype and layout
for (const dtype of dtypes)
  for (const layout of Object.keys(layouts)) {
    const x = filled(layout, dtype, (k) => valuesOf(me, k, dtype));
    const got = filled(layout, dtype, () => []);
    const works = d.batchIsendIrecv([new d.P2POp(d.isend, x, next), new d.P2POp(d.irecv, got, { peer: last })]);
    for (const work of works) assert.equal(work.wait(), true);
    assert.equal(works[1]!.sourceRank(), last);
    same(`ring ${dtype} ${layout}`, got, valuesOf(last, got.numel(), dtype));
  }
console.log('ok ring');

// waiting ones, from anybody and by tag
if (me === 0) {
  const from = new Set<number>();
  for (let i = 1; i < n; i++) {
    const got = torch.zeros(2, { dtype: 'int64' });
    const rank = d.recv(got, null, null, 7);
    same('from anybody', got, [rank, rank * rank]);
    from.add(rank);
  }
  assert.equal(from.size, n - 1);
  for (let rank = 1; rank < n; rank++) d.send(torch.tensor([rank]), rank);
} else {
  d.send(torch.tensor([me, me * me]), { dst: 0, tag: 7 });
  const got = torch.zeros(1, { dtype: 'int64' });
  assert.equal(d.recv(got, 0), 0);
  same('from rank 0', got, [me]);
}
console.log('ok send and recv');

const objects: unknown[] = [null, null];
if (n > 1 && me === 0) d.sendObjectList([{ a: torch.ones(2) }, 'text'], 1);
if (n > 1 && me === 1) {
  assert.equal(d.recvObjectList(objects), 0);
  same('an object', (objects[0] as { a: torch.Tensor }).a, [1, 1]);
  assert.equal(objects[1], 'text');
}

// large messages that cross each other, with collectives between: whatever is waited for first
const size = 1 << 20;
const big = torch.full([size], me + 1, { dtype: 'float32' });
const inbox = torch.zeros(size);
const sending = d.isend(big, next, null, 1);
const sum = torch.full([size], 1, { dtype: 'float32' });
const reducing = d.allReduce(sum, { asyncOp: true });
const receiving = d.irecv(inbox, last, null, 1);
const done: string[] = [];
await Promise.all([
  reducing.getFuture().then(([x]) => {
    done.push('sum');
    assert.equal(x, sum);
  }),
  sending.getFuture().then(() => done.push('sent')),
  receiving.getFuture().then(() => done.push('received')),
]);
assert.equal(done.length, 3);
assert.equal(sum.sum().item(), size * n);
assert.equal(inbox.sum().item(), size * (last + 1));
// many of both, waited for in the opposite order
const works = Array.from({ length: 20 }, (_, i) => [
  d.irecv(inbox.narrow(0, i * 1000, 1000), last, null, i),
  d.isend(big.narrow(0, i * 1000, 1000), next, null, i),
  d.allReduce(sum.narrow(0, i * 1000, 1000), 'MAX', null, true),
]).flat();
for (const work of works.reverse()) work.wait();
console.log('ok beside collectives');

// a rank waits for a message that another sends only after a collective that this one has begun
const flag = torch.zeros(1);
const early = d.allReduce(flag, { asyncOp: true });
if (n > 1 && me === 0) d.send(torch.ones(1), 1);
if (n > 1 && me === 1) d.recv(torch.zeros(1), 0);
early.wait();
console.log('ok a message during a collective');

// to itself
const own = torch.zeros(3);
const toMe = d.irecv(own, me);
d.isend(torch.tensor([1.5, 2, 3]), me).wait();
toMe.wait();
same('itself', own, [1.5, 2, 3]);

// of a part, by both kinds of rank
const odd = d.newGroup({ ranks: Array.from({ length: n }, (_, i) => n - 1 - i), sortRanks: false });
assert.equal(d.getGroupRank(odd, me), n - 1 - me);
assert.equal(d.getGlobalRank(odd, 0), n - 1);
if (n > 1) {
  const x = torch.zeros(1);
  if (odd.rank() === 0) d.send(torch.tensor([4.5]), { groupDst: 1, group: odd });
  if (odd.rank() === 1) assert.equal(d.recv(x, { groupSrc: 0, group: odd }), n - 1);
  if (odd.rank() === 1) same('of a part', x, [4.5]);
}
const pairs = n % 2 === 0 ? d.newSubgroups(2) : d.newSubgroups(n);
assert.ok(pairs[0].ranks.includes(me) && pairs[1].length === (n % 2 === 0 ? n / 2 : 1));
const [single] = d.newSubgroupsByEnumeration(Array.from({ length: n }, (_, i) => [i]));
assert.deepEqual(d.getProcessGroupRanks(single), [me]);
const few = d.newGroup({ ranks: [0], useLocalSynchronization: true });
assert.equal(d.getRank(few), me === 0 ? 0 : -1);
assert.equal(d.getWorldSize(few), me === 0 ? 1 : -1);
// those outside do nothing
const x = torch.ones(2);
d.allReduce(x, 'SUM', few);
assert.equal(d.broadcast(x, { src: 0, group: few, asyncOp: true }).wait(), true);
if (me !== 0) assert.equal(d.recv(x, 0, few), -1);
d.destroyProcessGroup(few);
if (me === 0) assert.throws(() => d.allReduce(x, 'SUM', few), /allReduce: the process group was destroyed/);
console.log('ok groups');

// tensors that are disposed of, or dropped, while they are under way
for (let i = 0; i < 50; i++) {
  const a = torch.full([5000], me, { dtype: 'float32' });
  const b = torch.zeros(50, 100).t();
  const w = [d.isend(a, next, null, 100 + i), d.irecv(b, last, null, 100 + i)];
  const c = torch.ones(3000);
  const r = d.allReduce(c, { asyncOp: true });
  a.dispose();
  b.dispose();
  c.dispose();
  torch.ones(5000).mul(3);
  if (i % 2 === 0) for (const work of [...w, r]) work.wait();
}
d.barrier();
console.log('ok disposed');
// begun and never waited for; those that nobody sends are given up
d.irecv(torch.zeros(4), last, null, 9999);
const lost = d.irecv(torch.zeros(4), last, null, 9998);
d.allReduce(torch.ones(10), { asyncOp: true });
d.destroyProcessGroup();
assert.throws(() => lost.wait(), /irecv: the process group was destroyed before a message came/);
assert.equal(d.isInitialized(), false);
// and again
d.initProcessGroup('mpi');
const again = torch.ones(1);
d.allReduce(again);
same('again', again, [n]);
d.irecv(torch.zeros(4), last, null, 9999);
console.log('ok the end');
