// Partitions of the world into groups, and the barrier that says who is late. Made of newGroup, isend and irecv.
import { describe, inNameOf } from '../errors.ts';
import { zeros } from '../create.ts';
import { flag, optionalWhole, placedArguments } from './arguments.ts';
import { seconds } from './collectives.ts';
import { DistBackendError } from './errors.ts';
import { newGroup } from './group.ts';
import { groupOf, GroupMember, outside, type ProcessGroup } from './process-group.ts';
import { getNodeLocalSize } from './ranks.ts';
import { irecv, isend } from './point.ts';
import type { GroupLike } from './submit.ts';
import type { Work } from './work.ts';

/** The options of {@link newSubgroups} and {@link newSubgroupsByEnumeration}. */
export interface SubgroupOptions {
  /** Ranks of each; those of one machine by default. */
  groupSize?: number | null;
  group?: GroupLike;
  timeout?: number | null;
  backend?: string | null;
  pgOptions?: null;
  groupDesc?: string | null;
}

/**
 * Makes a group of each list of ranks, of which no two have one in common, and gives the one that this process is in (or
 * `GroupMember.NON_GROUP_MEMBER`) and all of them. All ranks of the world call it. Throws RangeError for a rank that is in two.
 * @example
 * // const [mine, all] = torch.distributed.newSubgroupsByEnumeration([[0, 2], [1, 3]])
 * torch.distributed.newSubgroupsByEnumeration.name // newSubgroupsByEnumeration
 */
export function newSubgroupsByEnumeration(
  ranksPerSubgroupList: readonly (readonly number[])[],
  timeout?: number | SubgroupOptions | null,
  backend?: string | SubgroupOptions | null,
  pgOptions?: null | SubgroupOptions,
  groupDesc?: string | SubgroupOptions | null,
): [mine: ProcessGroup, all: ProcessGroup[]];
export function newSubgroupsByEnumeration(...given: readonly unknown[]): [mine: ProcessGroup, all: ProcessGroup[]] {
  const where = 'newSubgroupsByEnumeration';
  const names = ['ranksPerSubgroupList', 'timeout', 'backend', 'pgOptions', 'groupDesc'];
  const [lists, timeout, backend, , desc] = placedArguments(where, names, 1, given);
  if (!Array.isArray(lists) || lists.length === 0)
    throw new TypeError(`${where}: expected a list of lists of ranks but received ${describe(lists)}`);
  const all = lists as readonly (readonly number[])[];
  const seen = new Set<number>();
  for (const rank of all.flat()) {
    if (seen.has(rank)) throw new RangeError(`${where}: rank ${rank} is in two subgroups`);
    seen.add(rank);
  }
  const options = { timeout: timeout as number, backend: backend as string, groupDesc: desc as string };
  const made = inNameOf(where, () => all.map((ranks) => newGroup({ ranks, ...options })));
  return [made.find((group) => group !== GroupMember.NON_GROUP_MEMBER) ?? GroupMember.NON_GROUP_MEMBER, made];
}

/**
 * Cuts the world into groups of `groupSize` ranks that follow each other, by default those of one machine, and gives the one that
 * this process is in and all of them. All ranks of the world call it. Throws RangeError where they do not come out even.
 * @example
 * // const [mine, all] = torch.distributed.newSubgroups(2)
 * torch.distributed.newSubgroups.name // newSubgroups
 */
export function newSubgroups(
  groupSize?: number | SubgroupOptions | null,
  group?: GroupLike | SubgroupOptions,
  timeout?: number | SubgroupOptions | null,
  backend?: string | SubgroupOptions | null,
  pgOptions?: null | SubgroupOptions,
  groupDesc?: string | SubgroupOptions | null,
): [mine: ProcessGroup, all: ProcessGroup[]];
export function newSubgroups(...given: readonly unknown[]): [mine: ProcessGroup, all: ProcessGroup[]] {
  const where = 'newSubgroups';
  const names = ['groupSize', 'group', 'timeout', 'backend', 'pgOptions', 'groupDesc'];
  const [asked, group, timeout, backend, , desc] = placedArguments(where, names, 0, given);
  const { ranks } = groupOf(where, group);
  const size = optionalWhole(where, 'groupSize', asked, 1) ?? getNodeLocalSize();
  if (ranks.length % size !== 0)
    throw new RangeError(`${where}: the ${ranks.length} ranks of the world cannot be cut into groups of ${size}`);
  const lists = Array.from({ length: ranks.length / size }, (_, i) => ranks.slice(i * size, (i + 1) * size));
  return inNameOf(where, () =>
    newSubgroupsByEnumeration(lists, {
      timeout: timeout as number,
      backend: backend as string,
      groupDesc: desc as string,
    }),
  );
}

/** The options of {@link monitoredBarrier}. */
export interface MonitoredOptions {
  group?: GroupLike;
  /** Seconds; the group's by default. */
  timeout?: number | null;
  /** Names all that are late, not the first. */
  waitAllRanks?: boolean;
}
/** Tags that nobody else uses. */
const HERE = 0x7fffff0;
const GO = HERE + 1;

/**
 * A barrier that throws a DistBackendError where ranks have not come in time: on rank 0 of the group with their names, on the
 * others because that has not answered.
 * @example
 * if (torch.distributed.isInitialized()) torch.distributed.monitoredBarrier({ timeout: 60 })
 * torch.distributed.isAvailable() // true
 */
export function monitoredBarrier(
  group?: GroupLike | MonitoredOptions,
  timeout?: number | MonitoredOptions | null,
  waitAllRanks?: boolean | MonitoredOptions,
): void;
export function monitoredBarrier(...given: readonly unknown[]): void {
  const where = 'monitoredBarrier';
  const [of, time, every] = placedArguments(where, ['group', 'timeout', 'waitAllRanks'], 0, given);
  const group = groupOf(where, of);
  const all = flag(where, 'waitAllRanks', every);
  if (outside(where, group)) return;
  const limit = seconds(where, time) ?? group.timeout;
  const end = performance.now() + limit * 1000;
  const word = (): ReturnType<typeof zeros> => zeros(1, { dtype: 'uint8', device: 'cpu' });
  const came = (work: Work): boolean => {
    try {
      return work.wait(Math.max(1e-3, (end - performance.now()) / 1000));
    } catch (error) {
      if (work.isCompleted()) throw error;
      return false;
    }
  };
  if (group.rank() !== 0) {
    isend(word(), { groupDst: 0, group, tag: HERE });
    if (came(irecv(word(), { groupSrc: 0, group, tag: GO }))) return;
    throw new DistBackendError(`${where}: rank ${group.ranks[0]} has not answered within ${limit} s: see what it says`);
  }
  const others = group.ranks.slice(1);
  const works = others.map((_, i) => irecv(word(), { groupSrc: i + 1, group, tag: HERE }));
  const late: number[] = [];
  works.forEach((work, i) => {
    if ((late.length === 0 || all) && !came(work)) late.push(others[i]!);
  });
  if (late.length > 0) {
    const many = late.length > 1;
    throw new DistBackendError(
      `${where}: rank${many ? 's' : ''} ${late.join(', ')} ${many ? 'have' : 'has'} not come within ${limit} s`,
    );
  }
  others.forEach((_, i) => isend(word(), { groupDst: i + 1, group, tag: GO }));
}
