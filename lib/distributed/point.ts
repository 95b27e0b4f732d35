// Messages from one rank to another: send, recv, isend, irecv, and several of them at once.
import { describe } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensorOf, optionalWhole, placedArguments } from './arguments.ts';
import type { Call } from './engine.ts';
import { groupOf, outside, peerOf, type ProcessGroup } from './process-group.ts';
import { dense, type GroupLike, into, make, transportOf } from './submit.ts';
import { EndedWork, type Work } from './work.ts';

/** The options of {@link send} and {@link isend}. */
export interface SendOptions {
  /** The rank in the world that gets it. */
  dst?: number | null;
  group?: GroupLike;
  /** Only a recv of the same tag gets it. */
  tag?: number;
  /** The same as a rank in the group. */
  groupDst?: number | null;
}
/** The options of {@link recv} and {@link irecv}. */
export interface RecvOptions {
  /** The rank in the world that sends it; any by default. */
  src?: number | null;
  group?: GroupLike;
  tag?: number;
  /** The same as a rank in the group. */
  groupSrc?: number | null;
}
const SEND = ['tensor', 'dst', 'group', 'tag', 'groupDst'];
const RECV = ['tensor', 'src', 'group', 'tag', 'groupSrc'];
const NOBODY = -1;

interface Made {
  readonly work: Work | null;
  readonly call: Call;
  readonly at: ProcessGroup;
}
/** Null if this process is not in the group. */
function sent(where: string, given: readonly unknown[], asynchronous: boolean): Made | null {
  const [x, dst, group, tag, groupDst] = placedArguments(where, SEND, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const at = groupOf(where, group);
  if (outside(where, at)) return null;
  const peer = peerOf(where, at, 'dst', dst, 'groupDst', groupDst);
  if (peer === null) throw new TypeError(`${where}: must specify dst or groupDst`);
  if (!asynchronous && peer === at.rank())
    throw new RangeError(
      `${where}: invalid destination rank: it should not be the rank of the current process (isend may)`,
    );
  const number = optionalWhole(where, 'tag', tag) ?? 0;
  return {
    ...make(where, 'send', at, { input: dense(tensor), peer, tag: number, asynchronous, results: [tensor] }),
    at,
  };
}
function received(where: string, given: readonly unknown[], asynchronous: boolean): Made | null {
  const [x, src, group, tag, groupSrc] = placedArguments(where, RECV, 1, given);
  const tensor = checkTensorOf(where, 'tensor', x);
  const at = groupOf(where, group);
  if (outside(where, at)) return null;
  const peer = peerOf(where, at, 'src', src, 'groupSrc', groupSrc) ?? NOBODY;
  if (!asynchronous && peer === at.rank())
    throw new RangeError(`${where}: invalid source rank: it should not be the rank of the current process (irecv may)`);
  const number = optionalWhole(where, 'tag', tag) ?? 0;
  const { flat, back } = into(tensor, false);
  const made = make(where, 'recv', at, {
    output: flat,
    peer,
    tag: number,
    asynchronous,
    after: back,
    results: [tensor],
  });
  return { ...made, at };
}

/**
 * Sends a tensor to the rank `dst` (of the world) or `groupDst`, which receives it with {@link recv}; waits until it may be used
 * again. Throws RangeError for a rank that is not in the group, or this one.
 * @example
 * // rank 0: torch.distributed.send(x, 1)    rank 1: torch.distributed.recv(x, 0)
 * torch.distributed.send.name // send
 */
export function send(
  tensor: Tensor,
  dst?: number | SendOptions | null,
  group?: GroupLike | SendOptions,
  tag?: number | SendOptions,
  groupDst?: number | SendOptions | null,
): void;
export function send(...given: readonly unknown[]): void {
  sent('send', given, false);
}
/**
 * Waits for a tensor of this shape and dtype from the rank `src` (of the world), or from any, and gives the rank that it came
 * from; -1 to ranks that are not in the group. Throws RangeError for a rank that is not in the group, or this one, and
 * DistBackendError for a message of another size.
 * @example
 * // rank 0: torch.distributed.send(x, 1)    rank 1: torch.distributed.recv(x, 0)
 * torch.distributed.recv.name // recv
 */
export function recv(
  tensor: Tensor,
  src?: number | RecvOptions | null,
  group?: GroupLike | RecvOptions,
  tag?: number | RecvOptions,
  groupSrc?: number | RecvOptions | null,
): number;
export function recv(...given: readonly unknown[]): number {
  const made = received('recv', given, false);
  return made === null ? NOBODY : (made.at.ranks[made.call.source] ?? NOBODY);
}
/**
 * Begins to send a tensor, which must not be changed until the {@link Work} has ended. Throws as {@link send}, but may send to
 * this process itself.
 * @example
 * // const work = torch.distributed.isend(x, 1); …; work.wait()
 * torch.distributed.isend.name // isend
 */
export function isend(
  tensor: Tensor,
  dst?: number | SendOptions | null,
  group?: GroupLike | SendOptions,
  tag?: number | SendOptions,
  groupDst?: number | SendOptions | null,
): Work;
export function isend(...given: readonly unknown[]): Work {
  return sent('isend', given, true)?.work ?? new EndedWork();
}
/**
 * Begins to receive a tensor, which is there when the {@link Work} has ended. Throws as {@link recv}.
 * @example
 * // const work = torch.distributed.irecv(x, 0); …; work.wait(); work.sourceRank()
 * torch.distributed.irecv.name // irecv
 */
export function irecv(
  tensor: Tensor,
  src?: number | RecvOptions | null,
  group?: GroupLike | RecvOptions,
  tag?: number | RecvOptions,
  groupSrc?: number | RecvOptions | null,
): Work;
export function irecv(...given: readonly unknown[]): Work {
  return received('irecv', given, true)?.work ?? new EndedWork();
}

/** The options of {@link P2POp}. */
export interface P2POptions {
  /** The rank in the world of the other side. */
  peer?: number | null;
  group?: GroupLike;
  tag?: number;
  groupPeer?: number | null;
}
const OP = ['op', 'tensor', 'peer', 'group', 'tag', 'groupPeer'];

/**
 * A message for {@link batchIsendIrecv}: `op` is {@link isend} or {@link irecv}. Throws TypeError for others.
 * @example
 * // new torch.distributed.P2POp(torch.distributed.isend, x, 1)
 * torch.distributed.P2POp.name // P2POp
 */
export class P2POp {
  readonly op: typeof isend | typeof irecv;
  readonly tensor: Tensor;
  readonly group: ProcessGroup;
  readonly tag: number;
  /** The rank in the group of the other side. */
  readonly groupPeer: number;
  constructor(
    op: typeof isend | typeof irecv,
    tensor: Tensor,
    peer?: number | P2POptions | null,
    group?: GroupLike | P2POptions,
    tag?: number | P2POptions,
    groupPeer?: number | P2POptions | null,
  );
  constructor(...given: readonly unknown[]) {
    const where = 'P2POp';
    const [what, x, inWorld, of, number, inGroup] = placedArguments(where, OP, 2, given);
    if (what !== isend && what !== irecv)
      throw new TypeError(
        `${where}: expected op to be torch.distributed.isend or irecv but received ${describe(what)}`,
      );
    this.op = what === isend ? isend : irecv;
    this.tensor = checkTensorOf(where, 'tensor', x);
    this.group = groupOf(where, of);
    this.tag = optionalWhole(where, 'tag', number) ?? 0;
    const found = this.group.size() < 0 ? 0 : peerOf(where, this.group, 'peer', inWorld, 'groupPeer', inGroup);
    if (found === null) throw new TypeError(`${where}: must specify peer or groupPeer`);
    this.groupPeer = found;
  }
  /** The rank in the world of the other side. */
  get peer(): number {
    return this.group.ranks[this.groupPeer] ?? NOBODY;
  }
}

/**
 * Begins several messages at once, in whatever order the other side has them, and gives a {@link Work} for each. Throws TypeError
 * for what is no list of {@link P2POp}s of one group.
 * @example
 * // for (const work of torch.distributed.batchIsendIrecv([toNext, fromLast])) work.wait()
 * torch.distributed.batchIsendIrecv.name // batchIsendIrecv
 */
export function batchIsendIrecv(p2pOpList: readonly P2POp[]): Work[] {
  const where = 'batchIsendIrecv';
  if (!Array.isArray(p2pOpList) || p2pOpList.length === 0 || !p2pOpList.every((op) => op instanceof P2POp))
    throw new TypeError(`${where}: expected a list of P2POps`);
  const first = p2pOpList[0] as P2POp;
  if (p2pOpList.some((op) => op.group !== first.group))
    throw new TypeError(`${where}: all ops need to use the same group`);
  if (outside(where, first.group)) return p2pOpList.map(() => new EndedWork());
  const begin = ({ op, tensor, group, tag, groupPeer }: P2POp): Work =>
    op === isend
      ? isend(tensor, { groupDst: groupPeer, group, tag })
      : irecv(tensor, { groupSrc: groupPeer, group, tag });
  return transportOf(where, first.group, first.tensor).together(() => p2pOpList.map(begin));
}
