// What the environment says about this process's place in a job: Open MPI's variables, PMI's (MPICH, Intel MPI), Slurm's or
// torchrun's. Used by initProcessGroup, and by lib/launch/preload.ts before the script begins; loads nothing else.
import { availableParallelism } from 'node:os';
import { DistError } from './errors.ts';

/** Variables by name, as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** This process's place in the job that it belongs to; null is what the launcher does not tell. */
export interface Place {
  /** Who started the process; messages say it. */
  readonly launcher: 'Open MPI' | 'PMI' | 'Slurm' | 'torchrun';
  /** Where it was read, for messages. */
  readonly variable: string;
  readonly rank: number;
  readonly size: number;
  /** The rank among the job's processes on this host. */
  readonly localRank: number | null;
  /** The number of the job's processes on this host. */
  readonly localSize: number | null;
  /** The number of this host among the job's. */
  readonly node: number | null;
}

/** A variable's whole number, or null where it is not set. Throws RangeError for anything else. */
function whole(variables: Variables, name: string): number | null {
  const text = variables[name];
  if (text === undefined || text === '') return null;
  if (!/^\d{1,9}$/.test(text))
    throw new RangeError(`distributed: expected a whole number in the variable ${name} but received '${text}'`);
  return Number(text);
}

/** How many tasks run on a host by Slurm's list, `2(x3),1`: 2 on each of three hosts, 1 on the fourth. */
function tasksOn(list: string | undefined, node: number | null): number | null {
  if (list === undefined || node === null) return null;
  let first = 0;
  for (const [, tasks, hosts] of list.matchAll(/(\d+)(?:\(x(\d+)\))?/g)) {
    first += Number(hosts ?? 1);
    if (node < first) return Number(tasks);
  }
  return null;
}

/** Slurm's variables are those of `srun`; a batch script has some of them too, but no step. */
function slurm(variables: Variables): Omit<Place, 'launcher' | 'variable'> | null {
  if ((variables.SLURM_STEP_ID ?? variables.SLURM_STEPID) === undefined) return null;
  const rank = whole(variables, 'SLURM_PROCID');
  const size = whole(variables, 'SLURM_STEP_NUM_TASKS') ?? whole(variables, 'SLURM_NTASKS');
  if (rank === null || size === null) return null;
  const node = whole(variables, 'SLURM_NODEID');
  const list = variables.SLURM_STEP_TASKS_PER_NODE ?? variables.SLURM_TASKS_PER_NODE;
  return { rank, size, localRank: whole(variables, 'SLURM_LOCALID'), localSize: tasksOn(list, node), node };
}

function find(variables: Variables): Place | null {
  // mpirun first: in a job of Slurm, the other variables are those of the daemon that it started
  const rank = whole(variables, 'OMPI_COMM_WORLD_RANK');
  const size = whole(variables, 'OMPI_COMM_WORLD_SIZE');
  if (rank !== null && size !== null)
    return {
      launcher: 'Open MPI',
      variable: 'OMPI_COMM_WORLD_RANK',
      rank,
      size,
      localRank: whole(variables, 'OMPI_COMM_WORLD_LOCAL_RANK'),
      localSize: whole(variables, 'OMPI_COMM_WORLD_LOCAL_SIZE'),
      node: null,
    };
  const step = slurm(variables);
  const pmi = { rank: whole(variables, 'PMI_RANK'), size: whole(variables, 'PMI_SIZE') };
  if (pmi.rank !== null && pmi.size !== null) {
    // srun --mpi=pmi2 has both, and Slurm's tell more
    const same = step?.rank === pmi.rank && step.size === pmi.size ? step : null;
    return {
      launcher: 'PMI',
      variable: 'PMI_RANK',
      rank: pmi.rank,
      size: pmi.size,
      localRank: whole(variables, 'MPI_LOCALRANKID') ?? same?.localRank ?? null,
      localSize: whole(variables, 'MPI_LOCALNRANKS') ?? same?.localSize ?? null,
      node: same?.node ?? null,
    };
  }
  if (step !== null) return { launcher: 'Slurm', variable: 'SLURM_PROCID', ...step };
  const torchrun = { rank: whole(variables, 'RANK'), size: whole(variables, 'WORLD_SIZE') };
  if (torchrun.rank === null || torchrun.size === null) return null;
  return {
    launcher: 'torchrun',
    variable: 'RANK',
    rank: torchrun.rank,
    size: torchrun.size,
    localRank: whole(variables, 'LOCAL_RANK'),
    localSize: whole(variables, 'LOCAL_WORLD_SIZE'),
    node: whole(variables, 'GROUP_RANK'),
  };
}

/**
 * This process's place by its environment, or null for one that no launcher started. Throws RangeError for variables that
 * contradict themselves.
 */
export function placeOf(variables: Variables = process.env): Place | null {
  const place = find(variables);
  if (place !== null && place.rank >= place.size)
    throw new RangeError(
      `distributed: ${place.variable} is ${place.rank}, in a job of ${place.size} processes by the variables of ${place.launcher}`,
    );
  return place;
}

/**
 * Throws Error where the environment and MPI disagree about rank and size: initProcessGroup calls it with what MPI says.
 * That happens where a launcher starts processes that this MPI does not know as one job.
 */
export function checkPlace(where: string, rank: number, size: number, variables: Variables = process.env): void {
  const place = placeOf(variables);
  if (place === null || (place.rank === rank && place.size === size)) return;
  const remedy = {
    'Open MPI': 'was the MPI addon built with another MPI than this mpirun belongs to?',
    PMI: 'was the MPI addon built with another MPI than this mpirun belongs to?',
    Slurm:
      'start it by `srun --mpi=pmix` (Open MPI) or `srun --mpi=pmi2` (MPICH); `srun --mpi=list` names what there is',
    torchrun: 'torchrun starts no MPI job: use `npx flambeau run`, or unset RANK and WORLD_SIZE',
  }[place.launcher];
  throw new DistError(
    `${where}: MPI says rank ${rank} of ${size}, but the variables of ${place.launcher} say rank ${place.rank} of ${place.size}: ${remedy}`,
  );
}

/**
 * Threads for each of the job's processes on this host: what FLAMBEAU_NUM_THREADS or OMP_NUM_THREADS say, else an equal share
 * of the cores. Null outside a job, and where the launcher does not say how many processes there are on the host.
 */
export function threadsOf(variables: Variables = process.env, cores = availableParallelism()): number | null {
  const asked = whole(variables, 'FLAMBEAU_NUM_THREADS') ?? whole(variables, 'OMP_NUM_THREADS');
  if (asked !== null && asked > 0) return asked;
  const processes = placeOf(variables)?.localSize ?? null;
  return processes === null ? null : Math.max(1, Math.floor(cores / processes));
}

/**
 * Sets the variables that scripts written for torchrun read: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE and GROUP_RANK, by
 * those of the launcher; what it does not tell stays as it is. Outside a job it changes nothing.
 */
export function setTorchVariables(variables: Record<string, string | undefined> = process.env): void {
  const place = placeOf(variables);
  if (place === null) return;
  const { rank, size, localRank, localSize, node } = place;
  const told = { RANK: rank, WORLD_SIZE: size, LOCAL_RANK: localRank, LOCAL_WORLD_SIZE: localSize, GROUP_RANK: node };
  for (const [name, value] of Object.entries(told)) if (value !== null) variables[name] = String(value);
}
