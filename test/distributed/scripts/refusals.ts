// What is refused, with which words; on two ranks. errors.test.ts starts it.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';

const d = torch.distributed;
const refused = (f: () => unknown, kind: new (...args: never[]) => Error, message: RegExp): void =>
  assert.throws(f, (error: unknown) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, message);
    return true;
  });
const x = torch.ones(2, 3);

refused(() => d.getRank(), Error, /^getRank: the default process group has not been initialized/);
refused(() => d.allReduce(x), Error, /^allReduce: the default process group has not been initialized/);
refused(() => d.initProcessGroup('gloo'), Error, /use 'mpi'/);
refused(() => d.initProcessGroup('smoke'), RangeError, /^initProcessGroup: expected backend/);
refused(() => d.initProcessGroup('mpi', 'tcp://x:1'), Error, /expected initMethod to be 'env:\/\/'/);
refused(() => d.initProcessGroup({ backend: 'mpi', timeout: -1 }), TypeError, /positive number of seconds/);
refused(
  () => d.initProcessGroup({ backend: 'mpi', worldSize: 5 }),
  RangeError,
  /worldSize was given as 5, but MPI says 2/,
);
d.initProcessGroup('mpi', 'env://', 30, 2);
const me = d.getRank();
refused(() => d.initProcessGroup('mpi'), Error, /twice/);

refused(() => d.allReduce([] as never), TypeError, /^allReduce: expected tensor to be a Tensor but received an array/);
refused(() => d.allReduce(x, 'NONE' as never), TypeError, /expected a ReduceOp/);
refused(() => d.allReduce(x, { sum: true } as never), TypeError, /unknown option 'sum'/);
refused(() => d.allReduce(x, 'SUM', { op: 'MAX' }), TypeError, /'op' was given by position and by name/);
refused(
  () => d.allReduce(torch.ones(2, { dtype: 'int64' }), 'AVG'),
  torch.DtypeError,
  /AVG is for floating point tensors, not int64/,
);
refused(() => d.allReduce(x, 'BOR'), torch.DtypeError, /BOR is for integers and bool/);
refused(() => d.allReduce(x, 'SUM', {} as never, 3 as never), TypeError, /group|asyncOp/);
refused(() => d.broadcast(x), TypeError, /^broadcast: must specify src or groupSrc/);
refused(() => d.broadcast(x, 7), RangeError, /global rank 7 is not part of the group of ranks 0, 1/);
refused(() => d.broadcast(x, { src: 0, groupSrc: 0 }), TypeError, /can't specify both src and groupSrc/);
refused(() => d.reduce(x, { groupDst: 2 }), RangeError, /groupDst 2 is not one of the 2 ranks/);
refused(() => d.allGather([x], x), torch.ShapeError, /tensor for each of the 2 ranks of the group but it has 1/);
refused(() => d.allGather([x.clone(), torch.ones(3)], x), torch.ShapeError, /tensorList\[1\] is float32 \[3\]/);
refused(
  () => d.allGather([x.clone(), torch.ones(2, 3, { dtype: 'int8' })], x),
  torch.DtypeError,
  /different dtypes: float32 and int8/,
);
refused(() => d.allGather(x as never, x), TypeError, /to be a list of tensors/);
refused(() => d.allGatherIntoTensor(torch.ones(3, 3), x), torch.ShapeError, /it must be \[4, 3\] or \[2, 2, 3\]/);
refused(() => d.reduceScatterTensor(x, torch.ones(3, 3)), torch.ShapeError, /input is float32 \[3, 3\]/);
const list = [x.clone(), x.clone()];
if (me === 0) refused(() => d.gather(x, null, 0), TypeError, /gatherList must be specified on destination rank/);
else refused(() => d.gather(x, list, 0), TypeError, /gatherList must NOT be specified on non-destination ranks/);
if (me === 0)
  refused(() => d.scatter(x, [x], 0), torch.ShapeError, /scatterList to have a tensor for each of the 2 ranks/);
refused(() => d.allToAll([x], [x, x]), torch.ShapeError, /outputTensorList to have a tensor for each/);
refused(() => d.allToAllSingle(torch.ones(3), torch.ones(3)), torch.ShapeError, /cannot be split into 2 equal parts/);
refused(
  () => d.allToAllSingle(torch.ones(3), torch.ones(3), [1, 1], [1, 2]),
  torch.ShapeError,
  /make 2, and its first dim is 3/,
);
refused(() => d.send(x, me), RangeError, /should not be the rank of the current process/);
refused(() => d.send(x), TypeError, /must specify dst or groupDst/);
refused(() => d.send(x, 1 - me, null, -1), TypeError, /tag/);
refused(() => new d.P2POp(d.send as never, x, 1), TypeError, /isend or irecv but received a function/);
refused(() => d.batchIsendIrecv([]), TypeError, /list of P2POps/);
refused(() => d.newGroup([0, 0]), RangeError, /rank 0 is there twice/);
refused(() => d.newGroup([5]), RangeError, /rank 5 is not one of the 2 ranks/);
refused(() => d.newGroup({ backend: 'gloo' }), Error, /use 'mpi'/);
refused(() => d.getGroupRank(null, 9), RangeError, /global rank 9/);
refused(() => d.broadcastObjectList([() => 1], me), TypeError, /cannot be sent/);
refused(() => d.allGatherObject([null], 1), RangeError, /2 places/);
console.log('ok refusals');

// messages of another size
if (me === 0) d.send(torch.ones(5), 1);
else refused(() => d.recv(torch.ones(3), 0), d.DistBackendError, /^recv: .*different sizes/s);
if (me === 0) d.send(torch.ones(2), 1);
else refused(() => d.recv(torch.ones(3), 0), d.DistBackendError, /has 2 elements, and the tensor 3/);
// a wait that is too long
if (me === 0) {
  const work = d.irecv(torch.zeros(1), 1);
  refused(() => work.wait(0.2), d.DistBackendError, /^wait: irecv has not ended within 0.2 s/);
  d.barrier();
  work.wait();
} else {
  d.barrier();
  d.send(torch.ones(1), 0);
}
console.log('ok waits');

// a barrier that says who is late
d.monitoredBarrier();
if (me === 0)
  refused(
    () => d.monitoredBarrier(null, 0.3),
    d.DistBackendError,
    /^monitoredBarrier: rank 1 has not come within 0.3 s/,
  );
d.barrier();
if (me === 1)
  refused(
    () => d.monitoredBarrier({ timeout: 0.3 }),
    d.DistBackendError,
    /^monitoredBarrier: rank 0 has not (come|answered)/,
  );
d.barrier();
console.log('ok barriers');

// the debug mode names who does what
d.setDebugLevel('DETAIL');
const sum = torch.ones(2, 3);
d.allReduce(sum);
refused(
  () => (me === 0 ? d.allReduce(torch.ones(2, 3)) : d.allReduce(torch.ones(3, 2))),
  d.DistBackendError,
  /^allReduce: the ranks do not make the same call:\n {2}rank 0: allReduce\(\[2, 3\] float32, ReduceOp.SUM\), call \d+ of the group\n {2}rank 1: allReduce\(\[3, 2\]/,
);
refused(
  () => d.allReduce(torch.ones(2, { dtype: me === 0 ? 'int32' : 'float32' })),
  d.DistBackendError,
  /rank 0: .* int32.*\n.*rank 1: .* float32/,
);
refused(
  () => d.allReduce(torch.ones(2), me === 0 ? 'SUM' : 'MAX'),
  d.DistBackendError,
  /ReduceOp.SUM.*\n.*ReduceOp.MAX/,
);
refused(
  () => (me === 0 ? d.barrier() : d.broadcast(x, 1)),
  d.DistBackendError,
  /rank 0: barrier\(\).*\n.*rank 1: broadcast/,
);
refused(() => d.broadcast(x, me), d.DistBackendError, /rank 0 of the group.*\n.*rank 1 of the group/);
const work = d.allReduce(torch.ones(me + 1), { asyncOp: true });
refused(() => work.wait(), d.DistBackendError, /do not make the same call/);
await assert.rejects(d.allReduce(torch.ones(me + 1), { asyncOp: true }).getFuture(), d.DistBackendError);
d.setDebugLevel('OFF');
d.allReduce(sum);
assert.equal(sum.sum().item(), 24);
console.log('ok debug');
d.destroyProcessGroup();
