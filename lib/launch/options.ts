// Reads the command line of `flambeau run`. Called by cli.ts.
import { parseArgs } from 'node:util';

/** A job as the command line describes it. */
export interface Job {
  readonly script: string;
  readonly args: readonly string[];
  /** Processes in all; null leaves it to mpirun: as many as the hosts have slots. */
  readonly processes: number | null;
  /** Processes on each host, or null. */
  readonly perHost: number | null;
  readonly hostfile: string | null;
  readonly hosts: string | null;
  /** Variables that are set for each process. */
  readonly variables: Readonly<Record<string, string>>;
  readonly mpirun: string | null;
  readonly prefix: boolean;
  readonly dryRun: boolean;
}

export const HELP = `flambeau run [options] [--] SCRIPT [ARGUMENTS]

Starts a script as a job of several processes, by mpirun (Open MPI, MPICH or Intel MPI).

  --nproc N            processes in all; without it 1, or as many as the hosts that are named have slots
  --nnodes M           hosts; the processes are shared out equally
  --nproc-per-node K   processes on each host: with --nnodes M, K × M in all
  --hostfile FILE      the hosts, a line each: "name slots=2" (Open MPI), "name:2" (MPICH)
  --host a:2,b:2       the hosts, with their slots
  --threads N          threads of each process; without it its share of the host's cores
  --timeout SECONDS    how long an operation may take before the job is ended
  --debug              compares the shapes, dtypes and order of collectives among the processes
  --prefix             begins each line of output with its rank
  --mpirun PATH        the mpirun to use; without it the first one on PATH
  --dry-run            prints the command, and does not run it
  --help

As root, Open MPI wants --allow-run-as-root, which is given for you: it warns that a mistake of a program, or of mpirun, can
damage the system when root runs it. In a container that is seldom of interest; elsewhere use an account of your own.

More for mpirun goes by its own variables: OMPI_MCA_btl=tcp,self (Open MPI), HYDRA_LAUNCHER=ssh (MPICH).`;

/** A number in an option, or null without it. Throws RangeError for others than whole ones from 1 on. */
function count(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new RangeError(`flambeau run: --${name}: expected a whole number from 1 on but received '${text}'`);
  return Number(text);
}

const OPTIONS = {
  nproc: { type: 'string' },
  nnodes: { type: 'string' },
  'nproc-per-node': { type: 'string' },
  hostfile: { type: 'string' },
  host: { type: 'string' },
  threads: { type: 'string' },
  timeout: { type: 'string' },
  mpirun: { type: 'string' },
  debug: { type: 'boolean' },
  prefix: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** The arguments before the script, which itself and what follows are no options of ours. */
function ownArguments(args: readonly string[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') return i;
    if (!arg.startsWith('-')) return i;
    const name = arg.slice(2);
    if (name in OPTIONS && OPTIONS[name as keyof typeof OPTIONS].type === 'string') i++;
  }
  return args.length;
}

/** The job that the arguments describe; null where they ask for help. Throws TypeError and RangeError for wrong ones. */
export function readJob(args: readonly string[]): Job | null {
  const end = ownArguments(args);
  const own = args.slice(0, end);
  const rest = args.slice(args[end] === '--' ? end + 1 : end);
  const { values } = parseArgs({ args: [...own], options: OPTIONS, strict: true, allowPositionals: false });
  if (values.help) return null;
  const [script, ...scriptArgs] = rest;
  if (script === undefined) throw new TypeError('flambeau run: there is no script: flambeau run --nproc 4 train.js');

  const hosts = count('nnodes', values.nnodes);
  let processes = count('nproc', values.nproc);
  let perHost = count('nproc-per-node', values['nproc-per-node']);
  if (hosts !== null && processes !== null && perHost === null) {
    if (processes % hosts !== 0)
      throw new RangeError(`flambeau run: --nproc ${processes} cannot be shared out equally to --nnodes ${hosts}`);
    perHost = processes / hosts;
  }
  if (perHost !== null && hosts !== null) {
    if (processes !== null && processes !== perHost * hosts)
      throw new RangeError(
        `flambeau run: --nproc is ${processes}, but --nproc-per-node ${perHost} on --nnodes ${hosts} are ${perHost * hosts}`,
      );
    processes = perHost * hosts;
  }
  if (hosts !== null && processes === null)
    throw new TypeError(`flambeau run: --nnodes ${hosts} needs --nproc or --nproc-per-node`);
  const named = values.host !== undefined || values.hostfile !== undefined;
  if (processes === null && perHost !== null && !named) processes = perHost;

  const timeout = count('timeout', values.timeout);
  const threads = count('threads', values.threads);
  return {
    script,
    args: scriptArgs,
    processes: processes ?? (named ? null : 1),
    perHost: hosts !== null || named ? perHost : null,
    hostfile: values.hostfile ?? null,
    hosts: values.host ?? null,
    variables: {
      ...(threads !== null && { FLAMBEAU_NUM_THREADS: String(threads) }),
      ...(timeout !== null && { FLAMBEAU_DISTRIBUTED_TIMEOUT: String(timeout) }),
      ...(values.debug && { TORCH_DISTRIBUTED_DEBUG: 'DETAIL' }),
    },
    mpirun: values.mpirun ?? null,
    prefix: values.prefix ?? false,
    dryRun: values['dry-run'] ?? false,
  };
}
