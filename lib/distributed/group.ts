// Makes and ends process groups: that of all ranks, and parts of it. Their transports come from mpi.ts, and for GPUs from what
// registerCuda() was given. Exported by index.ts.
import { describe } from '../errors.ts';
import { type Device, device as toDevice } from '../device.ts';
import { flag, placedArguments } from './arguments.ts';
import type { Transport } from './engine.ts';
import { checkPlace, setTorchVariables } from './environment.ts';
import { leave, MpiTransport, startMpi } from './mpi.ts';
import { DistError } from './errors.ts';
import { groupOf, OUTSIDE, ProcessGroup, world } from './process-group.ts';

/** Seconds. */
const DEFAULT_TIMEOUT = 1800;

// ---- transports -------------------------------------------------------------------------------------------------------

/** Makes a transport for GPUs. Every rank of the group calls it at once; what it needs to tell the others goes over `control`. */
export type CudaTransport = (control: ProcessGroup, device: Device | null) => Transport;
let cudaTransport: { make: CudaTransport; available: () => boolean } | null = null;
/** nccl.ts makes itself known. */
export function registerCuda(make: CudaTransport, available: () => boolean): void {
  cudaTransport = { make, available };
}

/** Whether there is a transport for GPUs here. */
export const cudaAvailable = (): boolean => cudaTransport?.available() ?? false;

let made = 0;

/** `cpu:mpi,cuda:nccl` as parts. */
function backendsOf(where: string, text: unknown): { text: string; cuda: boolean } {
  if (text === undefined || text === null)
    return cudaTransport?.available() ? { text: 'cpu:mpi,cuda:nccl', cuda: true } : { text: 'mpi', cuda: false };
  if (typeof text !== 'string')
    throw new TypeError(
      `${where}: expected backend to be 'mpi', 'nccl' or 'cpu:mpi,cuda:nccl' but received ${describe(text)}`,
    );
  const lower = text.toLowerCase();
  let cuda = false;
  for (const part of lower.split(',')) {
    const [at, name] = part.includes(':') ? part.split(':') : [null, part];
    if (name === 'gloo' || name === 'ucc' || name === 'xccl')
      throw new DistError(
        `${where}: backend '${name}' is not there: use 'mpi' for tensors of the CPU, 'nccl' for those of GPUs`,
      );
    if (name === 'mpi' && (at === null || at === 'cpu')) continue;
    if (name !== 'nccl' || (at !== null && at !== 'cuda'))
      throw new RangeError(
        `${where}: expected backend to be 'mpi', 'nccl' or 'cpu:mpi,cuda:nccl' but received '${text}'`,
      );
    cuda = true;
  }
  if (cuda && cudaTransport?.available() !== true)
    throw new DistError(
      `${where}: backend 'nccl' cannot be used: ${cudaTransport === null ? 'it is not part of this build' : 'NCCL was not found'}`,
    );
  return { text: lower, cuda };
}

function timeoutOf(where: string, value: unknown, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'number' || !(value > 0))
    throw new TypeError(
      `${where}: expected timeout to be a positive number of seconds but received ${describe(value)}`,
    );
  return value;
}
/** What `flambeau run --timeout` says, for scripts that say nothing. */
function timeoutOfEnvironment(where: string): number {
  const text = process.env.FLAMBEAU_DISTRIBUTED_TIMEOUT;
  if (text === undefined || text === '') return DEFAULT_TIMEOUT;
  if (!(Number(text) > 0))
    throw new RangeError(
      `${where}: expected a positive number of seconds in FLAMBEAU_DISTRIBUTED_TIMEOUT but it is '${text}'`,
    );
  return Number(text);
}
const inWords = (ranks: readonly number[], size: number): string =>
  ranks.length === size && size > 1
    ? `the group of all ${size} ranks`
    : `the group of rank${ranks.length > 1 ? 's' : ''} ${ranks.join(', ')}`;

interface Settings {
  readonly timeout: number;
  readonly backend: { readonly text: string; readonly cuda: boolean };
  readonly desc: string;
  readonly device: Device | null;
}
function makeGroup(
  ranks: readonly number[],
  size: number,
  tag: number | null,
  name: string,
  how: Settings,
): ProcessGroup {
  const cpu = MpiTransport.create(ranks, inWords(ranks, size), tag);
  if (cpu === null) return OUTSIDE;
  const rank = ranks.indexOf(world.rank);
  const { timeout, backend, desc, device } = how;
  const group = new ProcessGroup(ranks, rank, { cpu }, { timeout, backend: backend.text, name, desc });
  if (backend.cuda && cudaTransport !== null) group.transports = { cpu, cuda: cudaTransport.make(group, device) };
  world.groups.add(group);
  return group;
}

// ---- the world --------------------------------------------------------------------------------------------------------

/** The options of {@link initProcessGroup}, by name. */
export interface InitOptions {
  /** `mpi` for tensors of the CPU, `nccl` for those of GPUs (control and CPU tensors stay on MPI), or `cpu:mpi,cuda:nccl`. */
  backend?: string | null;
  /** Only `env://`: the ranks are those of MPI. */
  initMethod?: string | null;
  /**
   * Seconds that one operation may take: one that takes longer ends the job. Default: what `flambeau run --timeout` said, or 1800.
   */
  timeout?: number | null;
  /** If given, it must be MPI's. */
  worldSize?: number | null;
  /** If given, it must be MPI's. */
  rank?: number | null;
  groupName?: string | null;
  /** The GPU of this process. */
  deviceId?: Device | string | number | null;
}
const INIT = ['backend', 'initMethod', 'timeout', 'worldSize', 'rank', 'store', 'groupName', 'pgOptions', 'deviceId'];

/**
 * Starts MPI and makes the group of all ranks, which must all call it. Arguments by position are PyTorch's, or all come in one
 * object. Started without `mpirun` (or Slurm) the process is rank 0 of 1. Throws an Error where MPI's addon is not there or the
 * group is made already, and TypeError or RangeError for arguments that do not fit.
 * @example
 * // torch.distributed.initProcessGroup({ backend: 'mpi', timeout: 60 })
 * torch.distributed.isInitialized() // false
 */
export function initProcessGroup(options?: InitOptions): void;
export function initProcessGroup(
  backend?: string | null,
  initMethod?: string | null | InitOptions,
  timeout?: number | null | InitOptions,
  worldSize?: number | InitOptions,
  rank?: number | InitOptions,
  store?: null | InitOptions,
  groupName?: string | InitOptions,
  pgOptions?: null | InitOptions,
  deviceId?: Device | string | number | null | InitOptions,
): void;
export function initProcessGroup(...given: readonly unknown[]): void {
  const where = 'initProcessGroup';
  const [backend, method, timeout, worldSize, rank, store, , pgOptions, deviceId] = placedArguments(
    where,
    INIT,
    0,
    given,
  );
  if (world.all !== null) throw new DistError(`${where}: trying to initialize the default process group twice!`);
  if (method !== undefined && method !== null && method !== 'env://')
    throw new DistError(
      `${where}: expected initMethod to be 'env://' but received ${describe(method)}: the ranks are those of MPI`,
    );
  if ((store ?? pgOptions ?? null) !== null)
    throw new TypeError(`${where}: there is no store, and there are no pgOptions`);
  const backends = backendsOf(where, backend);
  const seconds = timeoutOf(where, timeout, timeoutOfEnvironment(where));
  const at = startMpi(where);
  for (const [name, value, ours] of [
    ['worldSize', worldSize, at.size],
    ['rank', rank, at.rank],
  ] as const)
    if (value !== undefined && value !== null && value !== -1 && value !== ours)
      throw new RangeError(`${where}: ${name} was given as ${describe(value)}, but MPI says ${ours}`);
  checkPlace(where, at.rank, at.size);
  setTorchVariables();
  world.rank = at.rank;
  const ranks = Array.from({ length: at.size }, (_, i) => i);
  const device = deviceOf(deviceId);
  world.all = makeGroup(ranks, at.size, null, 'default_pg', {
    timeout: seconds,
    backend: backends,
    desc: 'default_pg',
    device,
  });
}
function deviceOf(id: unknown): Device | null {
  if (id === undefined || id === null) return null;
  return typeof id === 'number' ? toDevice('cuda', id) : toDevice(id as Device | string);
}

/**
 * Ends a group, or all of them: what is under way is waited for, messages that were never sent are given up. The ranks of the
 * group should all call it. Throws an Error if there is no such group (any more).
 * @example
 * try {
 *   torch.distributed.destroyProcessGroup()
 * } catch (error) {
 *   console.log(error.message)
 * }
 * // destroyProcessGroup: the default process group has not been initialized: call initProcessGroup first
 */
export function destroyProcessGroup(group: ProcessGroup | null = null): void {
  const where = 'destroyProcessGroup';
  if (group === OUTSIDE) return;
  const wanted = groupOf(where, group);
  const gone = wanted === world.all ? [...world.groups].reverse() : [wanted];
  for (const one of gone) {
    world.groups.delete(one);
    one.transports.cuda?.close();
    one.transports.cpu?.close();
    one.transports = {};
  }
  if (wanted !== world.all) return;
  world.all = null;
  made = 0;
  leave();
}

/** The options of {@link newGroup}, by name. */
export interface GroupOptions {
  /** Which ranks of the world; all by default. */
  ranks?: readonly number[] | null;
  /** Seconds; that of the group of all by default. */
  timeout?: number | null;
  backend?: string | null;
  /** Only the ranks of the group call, not all of the world. */
  useLocalSynchronization?: boolean;
  groupDesc?: string | null;
  deviceId?: Device | string | number | null;
  /** False keeps the order of `ranks`. */
  sortRanks?: boolean;
}
const NEW = [
  'ranks',
  'timeout',
  'backend',
  'pgOptions',
  'useLocalSynchronization',
  'groupDesc',
  'deviceId',
  'sortRanks',
];

/**
 * Makes a group of some ranks. All ranks of the world call it, in the same order, also those that are not in it: these get
 * `GroupMember.NON_GROUP_MEMBER`. Throws RangeError for ranks that there are not, or twice.
 * @example
 * // const even = torch.distributed.newGroup([0, 2], { timeout: 60 })
 * torch.distributed.newGroup.name // newGroup
 */
export function newGroup(options?: GroupOptions): ProcessGroup;
export function newGroup(
  ranks?: readonly number[] | null,
  timeout?: number | null | GroupOptions,
  backend?: string | null | GroupOptions,
  pgOptions?: null | GroupOptions,
  useLocalSynchronization?: boolean | GroupOptions,
  groupDesc?: string | null | GroupOptions,
  deviceId?: Device | string | number | null | GroupOptions,
  sortRanks?: boolean | GroupOptions,
): ProcessGroup;
export function newGroup(...given: readonly unknown[]): ProcessGroup {
  const where = 'newGroup';
  const [list, timeout, backend, pgOptions, local, desc, deviceId, sort] = placedArguments(where, NEW, 0, given);
  const whole = groupOf(where, null);
  if ((pgOptions ?? null) !== null) throw new TypeError(`${where}: there are no pgOptions`);
  const size = whole.size();
  const ranks = list === undefined || list === null ? [...whole.ranks] : ranksOf(where, list, size);
  if (sort !== false) ranks.sort((a, b) => a - b);
  const seconds = timeoutOf(where, timeout, whole.timeout);
  const backends = backendsOf(where, backend ?? whole.backend);
  const alone = flag(where, 'useLocalSynchronization', local);
  const name = `${++made}`;
  // a number that the members alone can agree on
  const tag = alone ? ranks.reduce((hash, rank) => (hash * 31 + rank + 1) % 32749, 7) : null;
  const device = deviceOf(deviceId);
  return makeGroup(ranks, size, tag, name, {
    timeout: seconds,
    backend: backends,
    desc: typeof desc === 'string' ? desc : 'undefined',
    device,
  });
}
function ranksOf(where: string, list: unknown, size: number): number[] {
  if (!Array.isArray(list)) throw new TypeError(`${where}: expected ranks to be a list but received ${describe(list)}`);
  const ranks: number[] = [];
  for (const rank of list as unknown[]) {
    if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 0 || rank >= size)
      throw new RangeError(`${where}: rank ${describe(rank)} is not one of the ${size} ranks of the world`);
    if (ranks.includes(rank)) throw new RangeError(`${where}: rank ${rank} is there twice`);
    ranks.push(rank);
  }
  if (ranks.length === 0) throw new RangeError(`${where}: a group of no ranks`);
  return ranks;
}
