// A process group, which groups there are, and which one is meant. Used by all of lib/distributed/; group.ts makes them.
import { describe } from '../errors.ts';
import { optionalWhole } from './arguments.ts';
import type { Transport } from './engine.ts';
import { DistError } from './errors.ts';

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
/** What stands for a group that this process is not in. */
export const OUTSIDE = new ProcessGroup([], -1, {}, { timeout: 0, backend: '', name: '', desc: '' });

/** Internal: the groups there are, by group.ts. */
export const world: { all: ProcessGroup | null; rank: number; readonly groups: Set<ProcessGroup> } = {
  all: null,
  rank: 0,
  groups: new Set(),
};

/**
 * The group of all ranks, and what {@link newGroup} gives to ranks that are not in a group. Collectives of these do nothing.
 * @example
 * torch.distributed.GroupMember.WORLD // null
 */
export const GroupMember: { readonly WORLD: ProcessGroup | null; readonly NON_GROUP_MEMBER: ProcessGroup } = {
  get WORLD(): ProcessGroup | null {
    return world.all;
  },
  NON_GROUP_MEMBER: OUTSIDE,
};
/**
 * The group of all ranks, as PyTorch names it.
 * @example
 * torch.distributed.group.WORLD // null
 */
export const group: typeof GroupMember = GroupMember;

/** The group that is meant, of this process. Throws where there is none. */
export function groupOf(where: string, group: unknown): ProcessGroup {
  if (group !== undefined && group !== null && !(group instanceof ProcessGroup))
    throw new TypeError(`${where}: expected group to be a ProcessGroup but received ${describe(group)}`);
  const found = group ?? world.all;
  if (found === null)
    throw new DistError(`${where}: the default process group has not been initialized: call initProcessGroup first`);
  if (found !== OUTSIDE && !world.groups.has(found)) throw new DistError(`${where}: the process group was destroyed`);
  return found;
}
/** Whether this process is not in a group; says so, once a function. */
export function outside(where: string, group: ProcessGroup): boolean {
  if (group !== OUTSIDE) return false;
  if (!warned.has(where)) {
    warned.add(where);
    process.emitWarning(
      `${where} on global rank ${world.rank}, which does not belong to the given group, does nothing`,
    );
  }
  return true;
}
const warned = new Set<string>();

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
