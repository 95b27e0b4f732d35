// Starts a script on several processes under mpirun, and gives what each rank printed. Used by the tests in this folder; a line
// `ok NAME` that a rank prints is a case that passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface LaunchOptions {
  /** 2 by default. */
  readonly processes?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds; 60 by default. What has not ended by then is killed, and `timedOut`. */
  readonly timeout?: number;
  /** Arguments of the script. */
  readonly args?: readonly string[];
  /** Arguments of mpirun. */
  readonly mpirun?: readonly string[];
}
export interface Launched {
  /** That of mpirun: 0 if all ranks ended well. */
  readonly code: number | null;
  /** What each rank printed to stdout. */
  readonly ranks: readonly string[];
  /** What each rank printed to stderr. */
  readonly errors: readonly string[];
  /** All of it, with what mpirun itself said. */
  readonly output: string;
  readonly seconds: number;
  readonly timedOut: boolean;
}

/** The mpirun of the MPI that the addon was built for: see scripts/test-mpi.mjs. */
const MPIRUN = process.env.FLAMBEAU_MPIRUN ?? 'mpirun';
/** Prints to a file of its own, as mpirun mixes the lines of its processes. */
const SHELL =
  'exec "$@" >"$FLAMBEAU_TEST_OUTPUT/$OMPI_COMM_WORLD_RANK.out" 2>"$FLAMBEAU_TEST_OUTPUT/$OMPI_COMM_WORLD_RANK.err"';

const bundles = new Map<string, Promise<string>>();
/** The script and the library in one file, made once: compiling the sources in each process would take most of the time. */
export function bundled(script: string): Promise<string> {
  // beside dist/flambeau.cjs, as the library looks for the addons from there
  const outfile = join(root, 'dist', `distributed-${basename(script, '.ts')}.mjs`);
  const made = bundles.get(script) ?? bundle(script, outfile).then(() => outfile);
  bundles.set(script, made);
  return made;
}

/**
 * Runs a TypeScript script (a path from the root of the repo) on `processes` ranks, with the library of lib/, as everywhere in
 * the tests.
 */
export async function launch(script: string, options: LaunchOptions = {}): Promise<Launched> {
  const { processes = 2, env = {}, timeout = 60, args = [], mpirun = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-mpi-'));
  const command = [
    ...['-n', `${processes}`, '--oversubscribe', '--bind-to', 'none', ...mpirun],
    ...['sh', '-c', SHELL, 'sh', process.execPath, await bundled(script), ...args],
  ];
  const start = Date.now();
  const child = spawn(MPIRUN, command, {
    cwd: root,
    env: {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: '1',
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
      OMPI_MCA_btl_base_warn_component_unused: '0',
      FLAMBEAU_NUM_THREADS: '1',
      FLAMBEAU_TEST_OUTPUT: folder,
      NO_COLOR: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  child.stderr.on('data', (data) => (said += data));
  let timedOut = false;
  const clock = setTimeout(() => {
    timedOut = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  }, timeout * 1000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(clock);
  const read = (end: string): string[] =>
    Array.from({ length: processes }, (_, rank) => {
      const file = join(folder, `${rank}.${end}`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    });
  const ranks = read('out');
  const errors = read('err');
  rmSync(folder, { recursive: true, force: true });
  const output = [said, ...ranks.map((text, i) => `--- rank ${i}\n${text}${errors[i]}`)].join('\n');
  return { code, ranks, errors, output, seconds: (Date.now() - start) / 1000, timedOut };
}
