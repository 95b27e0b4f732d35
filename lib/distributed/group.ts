// Process groups: the one of all ranks, parts of it, and who is in them. Their transports come from mpi.ts, and for GPUs from
// what registerTransport() was given. Used by all of lib/distributed/.
import { describe } from '../errors.ts';
import { type Device, device as toDevice } from '../device.ts';
import { flag, optionalWhole, placedArguments } from './arguments.ts';
import type { Transport } from './engine.ts';
import { checkPlace, placeOf, setTorchVariables } from './environment.ts';
import { leave, localRank, localSize, MpiTransport, mpiAvailable, startMpi } from './mpi.ts';
import { DistError } from './errors.ts';

/** Seconds. */
const DEFAULT_TIMEOUT = 1800;

/**
 * Some of the ranks, in order: what {@link initProcessGroup} makes of all, and {@link newGroup} of a part.
 * @example
 * torch.distributed.GroupMember.NON_GROUP_MEMBER instanceof torch.distributed.ProcessGroup // true
 */
export class ProcessGroup {
  /** The ranks in the world, by rank in the group. */
  readonly ranks: readonly number[];
  /** Seconds that one operation may take. */
  readonly timeout: number;
  /** What it was made with: `mpi`, or `cpu:mpi,cuda:nccl`. */
  readonly backend: string;
  /** Its name: `default_pg`, or a number. */
  readonly groupName: string;
  /** What it is for, as its maker said. */
  readonly groupDesc: string;
  readonly #rank: number;
  /** Internal: what moves its tensors, by the type of their device. */
  transports: { readonly cpu?: Transport; readonly cuda?: Transport };
  /** Internal: collectives so far. */
  calls = 0;

  constructor(
    ranks: readonly number[],
    rank: number,
    transports: { cpu?: Transport; cuda?: Transport },
    settings: { timeout: number; backend: string; name: string; desc: string },
  ) {
    this.ranks = ranks;
    this.#rank = rank;
    this.transports = transports;
    this.timeout = settings.timeout;
    this.backend = settings.backend;
    this.groupName = settings.name;
    this.groupDesc = settings.desc;
  }
  /** This process's rank in it; -1 if it is not in it. */
  rank(): number {
    return this.#rank;
  }
  /** How many ranks it has; -1 for {@link GroupMember}.NON_GROUP_MEMBER. */
  size(): number {
    return this === OUTSIDE ? -1 : this.ranks.length;
  }
  /** Its backend. */
  name(): string {
    return this.backend;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this === OUTSIDE ? 'NON_GROUP_MEMBER' : `ProcessGroup(ranks=[${this.ranks.join(', ')}], rank=${this.#rank})`;
  }
}
const OUTSIDE = new ProcessGroup([], -1, {}, { timeout: 0, backend: '', name: '', desc: '' });

let all: ProcessGroup | null = null;
const groups = new Set<ProcessGroup>();
let made = 0;

/**
 * The group of all ranks, and what {@link newGroup} gives to ranks that are not in a group. Collectives of these do nothing.
 * @example
 * torch.distributed.GroupMember.WORLD // null
 */
export const GroupMember: { readonly WORLD: ProcessGroup | null; readonly NON_GROUP_MEMBER: ProcessGroup } = {
  get WORLD(): ProcessGroup | null {
    return all;
  },
  NON_GROUP_MEMBER: OUTSIDE,
};
/**
 * The group of all ranks, as PyTorch names it.
 * @example
 * torch.distributed.group.WORLD // null
 */
export const group: typeof GroupMember = GroupMember;

// ---- transports -------------------------------------------------------------------------------------------------------

/** Makes a transport for GPUs. Every rank of the group calls it at once; what it needs to tell the others goes over `control`. */
export type CudaTransport = (control: ProcessGroup, device: Device | null) => Transport;
let cudaTransport: { make: CudaTransport; available: () => boolean } | null = null;
/** nccl.ts makes itself known. */
export function registerCuda(make: CudaTransport, available: () => boolean): void {
  cudaTransport = { make, available };
}

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
  const rank = ranks.indexOf(worldRank);
  const { timeout, backend, desc, device } = how;
  const group = new ProcessGroup(ranks, rank, { cpu }, { timeout, backend: backend.text, name, desc });
  if (backend.cuda && cudaTransport !== null) group.transports = { cpu, cuda: cudaTransport.make(group, device) };
  groups.add(group);
  return group;
}
let worldRank = 0;

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
  if (all !== null) throw new DistError(`${where}: trying to initialize the default process group twice!`);
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
  worldRank = at.rank;
  const ranks = Array.from({ length: at.size }, (_, i) => i);
  const device = deviceOf(deviceId);
  all = makeGroup(ranks, at.size, null, 'default_pg', {
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
  const gone = wanted === all ? [...groups].reverse() : [wanted];
  for (const one of gone) {
    groups.delete(one);
    one.transports.cuda?.close();
    one.transports.cpu?.close();
    one.transports = {};
  }
  if (wanted !== all) return;
  all = null;
  made = 0;
  leave();
}

/** The group that is meant, of this process. Throws where there is none. */
export function groupOf(where: string, group: unknown): ProcessGroup {
  if (group !== undefined && group !== null && !(group instanceof ProcessGroup))
    throw new TypeError(`${where}: expected group to be a ProcessGroup but received ${describe(group)}`);
  const found = group ?? all;
  if (found === null)
    throw new DistError(`${where}: the default process group has not been initialized: call initProcessGroup first`);
  if (found !== OUTSIDE && !groups.has(found)) throw new DistError(`${where}: the process group was destroyed`);
  return found;
}
/** Whether this process is not in a group; says so, once a function. */
export function outside(where: string, group: ProcessGroup): boolean {
  if (group !== OUTSIDE) return false;
  if (!warned.has(where)) {
    warned.add(where);
    process.emitWarning(`${where} on global rank ${worldRank}, which does not belong to the given group, does nothing`);
  }
  return true;
}
const warned = new Set<string>();

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
  const world = groupOf(where, null);
  if ((pgOptions ?? null) !== null) throw new TypeError(`${where}: there are no pgOptions`);
  const size = world.size();
  const ranks = list === undefined || list === null ? [...world.ranks] : ranksOf(where, list, size);
  if (sort !== false) ranks.sort((a, b) => a - b);
  const seconds = timeoutOf(where, timeout, world.timeout);
  const backends = backendsOf(where, backend ?? world.backend);
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

// ---- who is who -------------------------------------------------------------------------------------------------------

/**
 * Whether `torch.distributed` is there: it always is. See {@link isMpiAvailable}.
 * @example
 * torch.distributed.isAvailable() // true
 */
export const isAvailable = (): boolean => true;
/**
 * Whether the addon for MPI is there (`npm run build:mpi`).
 * @example
 * typeof torch.distributed.isMpiAvailable() // boolean
 */
export const isMpiAvailable = (): boolean => mpiAvailable();
/**
 * Whether NCCL can be used.
 * @example
 * typeof torch.distributed.isNcclAvailable() // boolean
 */
export const isNcclAvailable = (): boolean => cudaTransport?.available() ?? false;
/**
 * Whether a backend of this name can be used.
 * @example
 * torch.distributed.isBackendAvailable('gloo') // false
 */
export function isBackendAvailable(backend: string): boolean {
  if (typeof backend !== 'string')
    throw new TypeError(`isBackendAvailable: expected a string for backend but received ${describe(backend)}`);
  const name = backend.toLowerCase();
  return name === 'mpi' ? isMpiAvailable() : name === 'nccl' && isNcclAvailable();
}
/**
 * Gloo is not there: MPI does its work.
 * @example
 * torch.distributed.isGlooAvailable() // false
 */
export const isGlooAvailable = (): boolean => false;
/**
 * Whether {@link initProcessGroup} was called.
 * @example
 * torch.distributed.isInitialized() // false
 */
export const isInitialized = (): boolean => all !== null;

/**
 * This process's rank in a group, by default that of all; -1 if it is not in it. Throws an Error before initProcessGroup.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getRank() : 0 // 0
 */
export function getRank(group: ProcessGroup | null = null): number {
  return groupOf('getRank', group).rank();
}
/**
 * How many ranks a group has, by default that of all; -1 if this process is not in it. Throws an Error before initProcessGroup.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getWorldSize() : 1 // 1
 */
export function getWorldSize(group: ProcessGroup | null = null): number {
  return groupOf('getWorldSize', group).size();
}
/**
 * The backend that a group was made with. Throws an Error before initProcessGroup.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getBackend() : 'mpi' // mpi
 */
export function getBackend(group: ProcessGroup | null = null): string {
  const found = groupOf('getBackend', group);
  if (found === OUTSIDE) throw new DistError('getBackend: invalid process group specified');
  return found.backend;
}
/**
 * The rank among the processes of this machine: LOCAL_RANK where that is set, else what MPI says, else `fallbackRank`. Throws an
 * Error where nothing says.
 * @example
 * torch.distributed.getNodeLocalRank(0) // 0
 */
export function getNodeLocalRank(fallbackRank: number | null = null): number {
  if (fallbackRank !== null && !(Number.isSafeInteger(fallbackRank) && fallbackRank >= 0))
    throw new TypeError(`getNodeLocalRank: expected a rank for fallbackRank but received ${describe(fallbackRank)}`);
  const said = process.env.LOCAL_RANK ?? localRank() ?? placeOf()?.localRank ?? fallbackRank;
  if (said === null || said === undefined)
    throw new DistError(
      'getNodeLocalRank: no launcher has set LOCAL_RANK: start the script by `npx flambeau run` or mpirun, or pass fallbackRank for a process alone',
    );
  return Number(said);
}
/** How many ranks this machine has. */
export const getNodeLocalSize = (): number => localSize() ?? 1;
/**
 * The ranks in the world of a group, by their rank in it. Throws an Error before initProcessGroup.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getProcessGroupRanks(null) : [0] // [ 0 ]
 */
export function getProcessGroupRanks(group: ProcessGroup | null = null): number[] {
  return [...groupOf('getProcessGroupRanks', group).ranks];
}
/**
 * The rank in a group of a rank of the world. Throws RangeError if it is not in it.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getGroupRank(torch.distributed.group.WORLD, 0) : 0 // 0
 */
export function getGroupRank(group: ProcessGroup | null, globalRank: number): number {
  const found = groupOf('getGroupRank', group).ranks.indexOf(globalRank);
  if (found < 0) throw new RangeError(`getGroupRank: global rank ${describe(globalRank)} is not part of the group`);
  return found;
}
/**
 * The rank in the world of a rank of a group. Throws RangeError if it has none.
 * @example
 * torch.distributed.isInitialized() ? torch.distributed.getGlobalRank(torch.distributed.group.WORLD, 0) : 0 // 0
 */
export function getGlobalRank(group: ProcessGroup | null, groupRank: number): number {
  const found = groupOf('getGlobalRank', group).ranks[groupRank];
  if (found === undefined)
    throw new RangeError(`getGlobalRank: group rank ${describe(groupRank)} is not part of the group`);
  return found;
}

/** The rank in the group that is meant by one of the world or by one of the group; null if neither is given. */
export function peerOf(
  where: string,
  group: ProcessGroup,
  name: string,
  globalRank: unknown,
  groupName: string,
  groupRank: unknown,
): number | null {
  const inWorld = optionalWhole(where, name, globalRank);
  const inGroup = optionalWhole(where, groupName, groupRank);
  if (inWorld !== null && inGroup !== null)
    throw new TypeError(`${where}: can't specify both ${name} and ${groupName}`);
  if (inGroup !== null) {
    if (inGroup >= group.size())
      throw new RangeError(`${where}: ${groupName} ${inGroup} is not one of the ${group.size()} ranks of the group`);
    return inGroup;
  }
  if (inWorld === null) return null;
  const found = group.ranks.indexOf(inWorld);
  if (found < 0)
    throw new RangeError(
      `${where}: global rank ${inWorld} is not part of the group of ranks ${group.ranks.join(', ')}`,
    );
  return found;
}
