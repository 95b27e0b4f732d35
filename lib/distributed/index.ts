// torch.distributed: one script on many processes, which MPI starts and connects.
export * as algorithms from './algorithms/index.ts';
export { barrier, allReduce, broadcast, reduce } from './collectives.ts';
export { type DebugLevel, getDebugLevel, setDebugLevel } from './debug.ts';
export { DistBackendError, DistError } from './errors.ts';
export * as checkpoint from './checkpoint/index.ts';
export { allToAll, allToAllSingle } from './exchange.ts';
export * as fsdp from './fsdp/index.ts';
export {
  allGather,
  allGatherIntoTensor,
  allGatherSingle,
  gather,
  reduceScatter,
  reduceScatterSingle,
  reduceScatterTensor,
  scatter,
} from './gathering.ts';
export { destroyProcessGroup, type GroupOptions, initProcessGroup, type InitOptions, newGroup } from './group.ts';
export { group, GroupMember, ProcessGroup } from './process-group.ts';
export {
  getBackend,
  getGlobalRank,
  getGroupRank,
  getNodeLocalRank,
  getProcessGroupRanks,
  getRank,
  getWorldSize,
  isAvailable,
  isBackendAvailable,
  isGlooAvailable,
  isInitialized,
  isMpiAvailable,
  isNcclAvailable,
} from './ranks.ts';
import './nccl.ts';
export {
  allGatherObject,
  broadcastObjectList,
  gatherObject,
  recvObjectList,
  scatterObjectList,
  sendObjectList,
} from './objects.ts';
export * as optim from './optim/index.ts';
export { batchIsendIrecv, irecv, isend, P2POp, recv, send } from './point.ts';
export { ReduceOp } from './reduce-op.ts';
export { Work } from './work.ts';
export { monitoredBarrier, newSubgroups, newSubgroupsByEnumeration } from './subgroups.ts';
export { GradBucket } from '../nn/parallel/grad-bucket.ts';
