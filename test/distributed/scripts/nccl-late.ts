// A rank that does not come: test/distributed/nccl.test.ts starts it on two ranks.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';

const { distributed: dist } = torch;
dist.initProcessGroup({ backend: 'cpu:mpi,cuda:nccl', timeout: 30 });
const rank = dist.getRank();
const x = torch.ones([3], { device: 'cuda:0' });
const group = dist.newGroup([0, 1], { timeout: 0.5 });
dist.allReduce(x, { group });
assert.deepEqual(x.tolist(), [2, 2, 2]);
if (rank === 0) {
  const what =
    /allReduce of 3 elements of float32 by NCCL \(rank 0 of 2, group '1', cuda:0\) has not ended within 0.5 s: .*; the communicator is aborted$/;
  const work = dist.allReduce(x, { group, asyncOp: true });
  // the values are asked for: no wait for something that will never be
  work.wait();
  assert.throws(() => x.tolist(), { name: 'DeviceError', message: what });
  assert.equal(work.isCompleted(), true);
  assert.equal(work.isSuccess(), false);
  assert.match(String(work.exception()?.message), what);
  assert.throws(() => work.wait(), { name: 'DistBackendError', message: what });
  await assert.rejects(work.getFuture(), { name: 'DistBackendError', message: what });
  assert.throws(() => dist.allReduce(x, { group }), { name: 'DistBackendError', message: what });
}
// the others go on
dist.barrier();
const y = torch.full([2], rank, { device: 'cuda:0' });
dist.allReduce(y);
assert.deepEqual(y.tolist(), [1, 1]);
dist.destroyProcessGroup();
console.log('ok late');
