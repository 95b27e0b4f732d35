// Collectives of any values: numbers, strings, lists, plain objects, Maps, Sets, typed arrays, with tensors in them. They travel
// as bytes over MPI; tensors of a GPU arrive on the CPU.
import { v8 } from '../builtins.ts';
import { noGrad } from '../autograd/mode.ts';
import { empty, zeros } from '../create.ts';
import { cpu } from '../device.ts';
import { toDType, type DTypeName } from '../dtype.ts';
import { describe, inNameOf } from '../errors.ts';
import { adopt, allocate } from '../memory.ts';
import { native } from '../native.ts';
import { replaced } from '../replaced.ts';
import { sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { placedArguments } from './arguments.ts';
import { groupOf, outside, peerOf, type ProcessGroup } from './process-group.ts';
import { recv, send } from './point.ts';
import { submit, type GroupLike } from './submit.ts';

/** What stands for a tensor. */
interface Packed {
  readonly flambeauTensor: 1;
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
  readonly requiresGrad: boolean;
}
function packed(x: Tensor): Packed {
  const plain = noGrad(() => x.detach().to('cpu').contiguous());
  const bytes = new Uint8Array(plain.count * plain.dt.size);
  if (bytes.length > 0)
    native.read(plain.storage.handle, plain.storage.byteOffset + plain.offset * plain.dt.size, bytes);
  return { flambeauTensor: 1, dtype: x.dtype, sizes: [...x.sizes], bytes, requiresGrad: x.requiresGrad && x.isLeaf };
}
function opened(from: Packed): Tensor {
  const dt = toDType(from.dtype, 'torch.distributed');
  const storage = allocate(from.bytes.length, cpu);
  if (from.bytes.length > 0) native.write(storage.handle, storage.byteOffset, from.bytes);
  const x = new Tensor(storage, dt, from.sizes, null, 0, sizeOf(from.sizes));
  return from.requiresGrad ? x.requiresGrad_() : x;
}

/** A value as bytes. */
function toBytes(where: string, value: unknown): Tensor {
  const plain = replaced(where, value, (object) => (object instanceof Tensor ? packed(object) : null));
  let bytes: Uint8Array;
  try {
    bytes = v8().serialize(plain);
  } catch (error) {
    throw new TypeError(`${where}: the value cannot be sent: ${(error as Error).message}`, { cause: error });
  }
  const own = new Uint8Array(bytes);
  return new Tensor(adopt(where, own.buffer), toDType('uint8', where), [own.length], null, 0, own.length);
}
function fromBytes(where: string, bytes: Tensor): unknown {
  const copy = Buffer.alloc(bytes.count);
  if (bytes.count > 0) native.read(bytes.storage.handle, bytes.storage.byteOffset + bytes.offset, copy);
  const open = (object: object): Tensor | null =>
    'flambeauTensor' in object && object.flambeauTensor === 1 ? opened(object as Packed) : null;
  return replaced(where, v8().deserialize(copy), open, true);
}

const bytes = (n: number): Tensor => empty([n], { dtype: 'uint8', device: 'cpu' });
const counts = (n: number): Tensor => zeros([n], { dtype: 'int64', device: 'cpu' });
const numbersOf = (x: Tensor): number[] => (x.tolist() as (number | bigint)[]).map(Number);
function count(n: number): Tensor {
  const x = counts(1);
  x.fill_(n);
  return x;
}
const NOW = { asynchronous: false } as const;

/** The bytes of all ranks, each of its own length. */
function gathered(where: string, group: ProcessGroup, mine: Tensor): Tensor[] {
  const lengths = counts(group.size());
  submit(where, 'allGather', group, { output: lengths, input: count(mine.count), shapes: [[1]], ...NOW });
  const all = numbersOf(lengths);
  const most = Math.max(...all);
  const padded = bytes(most);
  if (mine.count > 0) padded.narrow(0, 0, mine.count).copy_(mine);
  const output = bytes(most * all.length);
  submit(where, 'allGather', group, { output, input: padded, shapes: [[most]], ...NOW });
  return all.map((n, i) => output.narrow(0, i * most, n));
}

function checkList(where: string, name: string, list: unknown): unknown[] {
  if (!Array.isArray(list))
    throw new TypeError(`${where}: expected ${name} to be a list but received ${describe(list)}`);
  return list as unknown[];
}

/** The options of {@link broadcastObjectList}. */
export interface ObjectOptions {
  /** The rank in the world that gives them, 0 by default. */
  src?: number | null;
  group?: GroupLike;
  device?: string | null;
  groupSrc?: number | null;
}
const BROADCAST = ['objectList', 'src', 'group', 'device', 'groupSrc'];
/**
 * Puts the values of the rank `src` into the lists of all ranks, which have the same length. Throws TypeError for what cannot be
 * sent: functions, modules (send their stateDict()).
 * @example
 * const list = [{ step: 1 }]
 * if (torch.distributed.isInitialized()) torch.distributed.broadcastObjectList(list, 0)
 * list // [ { step: 1 } ]
 */
export function broadcastObjectList(
  objectList: unknown[],
  src?: number | ObjectOptions | null,
  group?: GroupLike | ObjectOptions,
  device?: string | ObjectOptions | null,
  groupSrc?: number | ObjectOptions | null,
): void;
export function broadcastObjectList(...given: readonly unknown[]): void {
  const where = 'broadcastObjectList';
  const [to, src, group, , groupSrc] = placedArguments(where, BROADCAST, 1, given);
  const list = checkList(where, 'objectList', to);
  const at = groupOf(where, group);
  if (outside(where, at)) return;
  const peer = peerOf(where, at, 'src', src, 'groupSrc', groupSrc) ?? peerOf(where, at, 'src', 0, '', null)!;
  const root = peer === at.rank();
  let mine = root ? toBytes(where, list) : null;
  const length = count(mine?.count ?? 0);
  submit(where, 'broadcast', at, { output: length, peer, shapes: [[list.length]], rooted: true, ...NOW });
  mine ??= bytes(numbersOf(length)[0]!);
  submit(where, 'broadcast', at, { output: mine, peer, shapes: [mine.sizes], rooted: true, ...NOW });
  if (root) return;
  const values = fromBytes(where, mine) as unknown[];
  if (values.length !== list.length)
    throw new RangeError(
      `${where}: rank ${at.ranks[peer]} gives ${values.length} values, and the list here has ${list.length}`,
    );
  values.forEach((value, i) => (list[i] = value));
}

/** The options of {@link allGatherObject}. */
export interface GroupOption {
  group?: GroupLike;
}
/**
 * Fills `objectList`, which has a place for each rank, with the values of all ranks. Throws TypeError for what cannot be sent.
 * @example
 * const list = [null]
 * if (torch.distributed.isInitialized()) torch.distributed.allGatherObject(list, { loss: 0.5 })
 * list.length // 1
 */
export function allGatherObject(objectList: unknown[], obj: unknown, group?: GroupLike | GroupOption): void;
export function allGatherObject(...given: readonly unknown[]): void {
  const where = 'allGatherObject';
  const [to, value, group] = placedArguments(where, ['objectList', 'obj', 'group'], 2, given);
  const list = checkList(where, 'objectList', to);
  const at = groupOf(where, group);
  if (outside(where, at)) return;
  checkPlaces(where, 'objectList', list, at);
  gathered(where, at, toBytes(where, value)).forEach((x, i) => (list[i] = fromBytes(where, x)));
}
function checkPlaces(where: string, name: string, list: readonly unknown[], group: ProcessGroup): void {
  if (list.length !== group.size())
    throw new RangeError(
      `${where}: expected ${name} to have ${group.size()} places, one for each rank, but it has ${list.length}`,
    );
}

/** The options of {@link gatherObject}. */
export interface GatherObjectOptions {
  objectGatherList?: unknown[] | null;
  /** The rank in the world that gets them, 0 by default. */
  dst?: number | null;
  group?: GroupLike;
  groupDst?: number | null;
}
const GATHER = ['obj', 'objectGatherList', 'dst', 'group', 'groupDst'];
/**
 * Fills the list of the rank `dst` with the values of all ranks; the others give no list. Throws TypeError for a list where there
 * must be none, and for what cannot be sent.
 * @example
 * const list = [null]
 * if (torch.distributed.isInitialized()) torch.distributed.gatherObject({ loss: 0.5 }, list, 0)
 * list.length // 1
 */
export function gatherObject(
  obj: unknown,
  objectGatherList?: unknown[] | GatherObjectOptions | null,
  dst?: number | GatherObjectOptions | null,
  group?: GroupLike | GatherObjectOptions,
  groupDst?: number | GatherObjectOptions | null,
): void;
export function gatherObject(...given: readonly unknown[]): void {
  const where = 'gatherObject';
  const [value, to, dst, group, groupDst] = placedArguments(where, GATHER, 1, given);
  const at = groupOf(where, group);
  if (outside(where, at)) return;
  const peer = peerOf(where, at, 'dst', dst, 'groupDst', groupDst) ?? peerOf(where, at, 'dst', 0, '', null)!;
  const root = peer === at.rank();
  if (!root && to !== undefined && to !== null)
    throw new TypeError(`${where}: argument objectGatherList must NOT be specified on non-destination ranks`);
  const list = root ? checkList(where, 'objectGatherList', to) : [];
  if (root) checkPlaces(where, 'objectGatherList', list, at);
  const all = gathered(where, at, toBytes(where, value));
  if (root) all.forEach((x, i) => (list[i] = fromBytes(where, x)));
}

/** The options of {@link scatterObjectList}. */
export interface ScatterObjectOptions {
  scatterObjectInputList?: readonly unknown[] | null;
  /** The rank in the world that gives them, 0 by default. */
  src?: number | null;
  group?: GroupLike;
  groupSrc?: number | null;
}
const SCATTER = ['scatterObjectOutputList', 'scatterObjectInputList', 'src', 'group', 'groupSrc'];
/**
 * Puts each rank's value of the list of the rank `src` into the first place of its output list. Throws TypeError for what cannot
 * be sent, RangeError for lists of a wrong length.
 * @example
 * const mine = [null]
 * if (torch.distributed.isInitialized()) torch.distributed.scatterObjectList(mine, ['for rank 0'], 0)
 * mine.length // 1
 */
export function scatterObjectList(
  scatterObjectOutputList: unknown[],
  scatterObjectInputList?: readonly unknown[] | ScatterObjectOptions | null,
  src?: number | ScatterObjectOptions | null,
  group?: GroupLike | ScatterObjectOptions,
  groupSrc?: number | ScatterObjectOptions | null,
): void;
export function scatterObjectList(...given: readonly unknown[]): void {
  const where = 'scatterObjectList';
  const [to, from, src, group, groupSrc] = placedArguments(where, SCATTER, 1, given);
  const out = checkList(where, 'scatterObjectOutputList', to);
  if (out.length < 1) throw new RangeError(`${where}: expected scatterObjectOutputList to have a place`);
  const at = groupOf(where, group);
  if (outside(where, at)) return;
  const peer = peerOf(where, at, 'src', src, 'groupSrc', groupSrc) ?? peerOf(where, at, 'src', 0, '', null)!;
  const n = at.size();
  let parts: Tensor[] = [];
  if (peer === at.rank()) {
    const list = checkList(where, 'scatterObjectInputList', from);
    checkPlaces(where, 'scatterObjectInputList', list, at);
    parts = list.map((value) => toBytes(where, value));
  }
  const lengths = counts(n);
  parts.forEach((x, i) => void lengths.narrow(0, i, 1).fill_(x.count));
  submit(where, 'broadcast', at, { output: lengths, peer, shapes: [[n]], rooted: true, ...NOW });
  const all = numbersOf(lengths);
  const most = Math.max(...all);
  const input = parts.length > 0 ? bytes(most * n) : null;
  parts.forEach((x, i) => void input!.narrow(0, i * most, x.count).copy_(x));
  const mine = bytes(most);
  submit(where, 'scatter', at, { output: mine, input, peer, shapes: [[most]], rooted: true, ...NOW });
  out[0] = fromBytes(where, mine.narrow(0, 0, all[at.rank()]!));
}

/** The options of {@link sendObjectList}. */
export interface SendObjectOptions {
  /** The rank in the world that gets them. */
  dst?: number | null;
  group?: GroupLike;
  device?: string | null;
  groupDst?: number | null;
}
const SEND = ['objectList', 'dst', 'group', 'device', 'groupDst'];
const RECV = ['objectList', 'src', 'group', 'device', 'groupSrc'];
/**
 * Sends values to the rank `dst`, which gets them by {@link recvObjectList}. Throws TypeError for what cannot be sent.
 * @example
 * // rank 0: torch.distributed.sendObjectList([{ step: 1 }], 1)
 * torch.distributed.sendObjectList.name // sendObjectList
 */
export function sendObjectList(
  objectList: readonly unknown[],
  dst?: number | SendObjectOptions | null,
  group?: GroupLike | SendObjectOptions,
  device?: string | SendObjectOptions | null,
  groupDst?: number | SendObjectOptions | null,
): void;
export function sendObjectList(...given: readonly unknown[]): void {
  const where = 'sendObjectList';
  const [list, dst, group, , groupDst] = placedArguments(where, SEND, 1, given);
  const data = toBytes(where, checkList(where, 'objectList', list));
  const to = { dst: dst as number, group: group as GroupLike, groupDst: groupDst as number };
  inNameOf(where, () => {
    send(count(data.count), to);
    send(data, to);
  });
}
/**
 * Puts the values that the rank `src` (any by default) sends by {@link sendObjectList} into the list, and gives that rank; -1 to
 * ranks that are not in the group. Throws RangeError for a list of another length.
 * @example
 * // rank 1: const list = [null]; torch.distributed.recvObjectList(list, 0)
 * torch.distributed.recvObjectList.name // recvObjectList
 */
export function recvObjectList(
  objectList: unknown[],
  src?: number | ObjectOptions | null,
  group?: GroupLike | ObjectOptions,
  device?: string | ObjectOptions | null,
  groupSrc?: number | ObjectOptions | null,
): number;
export function recvObjectList(...given: readonly unknown[]): number {
  const where = 'recvObjectList';
  const [to, src, group, , groupSrc] = placedArguments(where, RECV, 1, given);
  const list = checkList(where, 'objectList', to);
  return inNameOf(where, () => {
    const length = counts(1);
    const from = recv(length, { src: src as number, group: group as GroupLike, groupSrc: groupSrc as number });
    if (from < 0) return from;
    const data = bytes(numbersOf(length)[0]!);
    recv(data, { src: from, group: group as GroupLike });
    const values = fromBytes(where, data) as unknown[];
    if (values.length !== list.length)
      throw new RangeError(
        `${where}: rank ${from} sends ${values.length} values, and the list here has ${list.length}`,
      );
    values.forEach((value, i) => (list[i] = value));
    return from;
  });
}
