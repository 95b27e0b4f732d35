// Collectives of one tensor a rank: allReduce, broadcast, reduce, barrier. Those of parts are in gathering.ts.
import { checkTensorOf, flag, placedArguments } from './arguments.ts';
import { groupOf, outside, peerOf, type ProcessGroup } from './process-group.ts';
import { reductionOf, type ReduceOp } from './reduce-op.ts';
import { type Asynchronous, dense, type GroupLike, into, submit } from './submit.ts';
import type { Tensor } from '../tensor.ts';
import { EndedWork, type Work } from './work.ts';

/** The options of {@link allReduce}. */
export interface AllReduceOptions {
  op?: ReduceOp | null;
  group?: GroupLike;
  asyncOp?: boolean;
}
const ALL_REDUCE = ['tensor', 'op', 'group', 'asyncOp'];

/** What a call gives to a rank that is not in the group. */
export const nothing = (asynchronous: boolean): Work | null => (asynchronous ? new EndedWork() : null);

/**
 * Reduces the tensors of all ranks, which have one shape and dtype, into each of them: `op` of them, the sum by default. Throws
 * DtypeError for a reduction that is not for the dtype, DistBackendError for what goes wrong on the way.
 * @example
 * // await torch.distributed.allReduce(gradient, torch.distributed.ReduceOp.AVG, null, true).getFuture()
 * const x = torch.ones(3)
 * if (torch.distributed.isInitialized()) torch.distributed.allReduce(x)
 * x // tensor([1., 1., 1.])
 */
export function allReduce(tensor: Tensor, options: AllReduceOptions & Asynchronous): Work;
export function allReduce(tensor: Tensor, op: ReduceOp | null | undefined, group: GroupLike, asyncOp: true): Work;
export function allReduce(
  tensor: Tensor,
  op?: ReduceOp | AllReduceOptions | null,
  group?: GroupLike | AllReduceOptions,
  asyncOp?: boolean | AllReduceOptions,
): Work | null;
export function allReduce(...given: readonly unknown[]): Work | null {
  const where = 'allReduce';
  const [x, op, group, async_] = placedArguments(where, ALL_REDUCE, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const reduction = reductionOf(where, op, tensor.dt);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const { flat, back } = into(tensor, true);
  const shapes = [tensor.sizes];
  return submit(where, 'allReduce', at, {
    output: flat,
    op: reduction,
    asynchronous,
    after: back,
    results: [tensor],
    shapes,
    reduces: true,
  });
}

/** The options of {@link broadcast}. */
export interface BroadcastOptions {
  /** The rank in the world whose values all get. */
  src?: number | null;
  group?: GroupLike;
  asyncOp?: boolean;
  /** The same as a rank in the group. */
  groupSrc?: number | null;
}
const BROADCAST = ['tensor', 'src', 'group', 'asyncOp', 'groupSrc'];

/**
 * Gives all ranks the values of the one that `src` (a rank of the world) or `groupSrc` names, in their tensors of the same shape
 * and dtype. Throws TypeError without either, RangeError for a rank that is not in the group.
 * @example
 * const x = torch.ones(3)
 * if (torch.distributed.isInitialized()) torch.distributed.broadcast(x, 0)
 * x // tensor([1., 1., 1.])
 */
export function broadcast(tensor: Tensor, options: BroadcastOptions & Asynchronous): Work;
export function broadcast(tensor: Tensor, src: number | null | undefined, group: GroupLike, asyncOp: true): Work;
export function broadcast(
  tensor: Tensor,
  src?: number | BroadcastOptions | null,
  group?: GroupLike | BroadcastOptions,
  asyncOp?: boolean | BroadcastOptions,
  groupSrc?: number | BroadcastOptions | null,
): Work | null;
export function broadcast(...given: readonly unknown[]): Work | null {
  const where = 'broadcast';
  const [x, src, group, async_, groupSrc] = placedArguments(where, BROADCAST, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const peer = rootOf(where, at, 'src', src, 'groupSrc', groupSrc);
  const root = peer === at.rank();
  const { flat, back } = root ? { flat: dense(tensor), back: null } : into(tensor, false);
  const shapes = [tensor.sizes];
  return submit(where, 'broadcast', at, {
    output: flat,
    peer,
    asynchronous,
    after: back,
    results: [tensor],
    shapes,
    rooted: true,
  });
}
/** The rank in the group of a root that has to be given. */
export function rootOf(
  where: string,
  group: ProcessGroup,
  name: string,
  inWorld: unknown,
  groupName: string,
  inGroup: unknown,
): number {
  const peer = peerOf(where, group, name, inWorld, groupName, inGroup);
  if (peer === null) throw new TypeError(`${where}: must specify ${name} or ${groupName}`);
  return peer;
}

/** The options of {@link reduce}. */
export interface ReduceOptions {
  /** The rank in the world that gets the result. */
  dst?: number | null;
  op?: ReduceOp | null;
  group?: GroupLike;
  asyncOp?: boolean;
  /** The same as a rank in the group. */
  groupDst?: number | null;
}
const REDUCE = ['tensor', 'dst', 'op', 'group', 'asyncOp', 'groupDst'];

/**
 * Reduces the tensors of all ranks into that of `dst`; those of the others stay as they are. Throws as {@link allReduce}, and
 * TypeError without a rank.
 * @example
 * const x = torch.ones(3)
 * if (torch.distributed.isInitialized()) torch.distributed.reduce(x, 0)
 * x // tensor([1., 1., 1.])
 */
export function reduce(tensor: Tensor, options: ReduceOptions & Asynchronous): Work;
export function reduce(
  tensor: Tensor,
  dst: number | null | undefined,
  op: ReduceOp | null | undefined,
  group: GroupLike,
  asyncOp: true,
): Work;
export function reduce(
  tensor: Tensor,
  dst?: number | ReduceOptions | null,
  op?: ReduceOp | ReduceOptions | null,
  group?: GroupLike | ReduceOptions,
  asyncOp?: boolean | ReduceOptions,
  groupDst?: number | ReduceOptions | null,
): Work | null;
export function reduce(...given: readonly unknown[]): Work | null {
  const where = 'reduce';
  const [x, dst, op, group, async_, groupDst] = placedArguments(where, REDUCE, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const reduction = reductionOf(where, op, tensor.dt);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  const peer = rootOf(where, at, 'dst', dst, 'groupDst', groupDst);
  const root = peer === at.rank();
  const { flat, back } = root ? into(tensor, true) : { flat: dense(tensor), back: null };
  const shapes = [tensor.sizes];
  return submit(where, 'reduce', at, {
    output: flat,
    op: reduction,
    peer,
    asynchronous,
    after: back,
    results: [tensor],
    shapes,
    reduces: true,
    rooted: true,
  });
}

/** The options of {@link barrier}. */
export interface BarrierOptions {
  group?: GroupLike;
  asyncOp?: boolean;
  deviceIds?: readonly number[] | null;
  /** Seconds; the group's by default. */
  timeout?: number | null;
}
const BARRIER = ['group', 'asyncOp', 'deviceIds', 'timeout'];

/**
 * Waits until all ranks of the group have called it.
 * @example
 * if (torch.distributed.isInitialized()) torch.distributed.barrier()
 * torch.distributed.isAvailable() // true
 */
export function barrier(options: BarrierOptions & Asynchronous): Work;
export function barrier(group: GroupLike, asyncOp: true): Work;
export function barrier(
  group?: GroupLike | BarrierOptions,
  asyncOp?: boolean | BarrierOptions,
  deviceIds?: readonly number[] | BarrierOptions | null,
  timeout?: number | BarrierOptions | null,
): Work | null;
export function barrier(...given: readonly unknown[]): Work | null {
  const where = 'barrier';
  const [group, async_, , timeout] = placedArguments(where, BARRIER, 0, given);
  const asynchronous = flag(where, 'asyncOp', async_);
  const at = groupOf(where, group);
  if (outside(where, at)) return nothing(asynchronous);
  return submit(where, 'barrier', at, { asynchronous, timeout: seconds(where, timeout) });
}
/** Refuses what is neither absent nor a time. */
export function seconds(where: string, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !(value > 0))
    throw new TypeError(`${where}: expected timeout to be a positive number of seconds`);
  return value;
}
