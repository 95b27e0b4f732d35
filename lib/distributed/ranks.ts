// What torch.distributed tells: which backends are there, and who is who in the groups.
import { describe } from '../errors.ts';
import { placeOf } from './environment.ts';
import { DistError } from './errors.ts';
import { cudaAvailable } from './group.ts';
import { localRank, localSize, mpiAvailable } from './mpi.ts';
import { groupOf, OUTSIDE, type ProcessGroup, world } from './process-group.ts';

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
export const isNcclAvailable = (): boolean => cudaAvailable();
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
export const isInitialized = (): boolean => world.all !== null;

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
