// Builds the addon of torch.distributed (native/mpi/) into build/mpi/: `npm run build:mpi`. It is compiled against the MPI
// whose mpicc is in MPI_HOME or PATH; see mpi-toolchain.mjs.
//   --fetch   installs Open MPI from PyPI into .tools/mpi/ where there is no mpicc
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFlags, findMpi } from './mpi-toolchain.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const has = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
const run = (tool, ...args) => {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (process.env.FLAMBEAU_VERBOSE) process.stdout.write(stdout ?? '');
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`);
  process.exit(status ?? 1);
};

/** Where Node's own headers are: beside its binary, or where cmake-js has put them. */
function nodeHeaders() {
  const beside = join(dirname(dirname(process.execPath)), 'include', 'node');
  if (existsSync(join(beside, 'node_api.h'))) return beside;
  const require = createRequire(import.meta.url);
  const { status, stdout } = spawnSync(
    process.execPath,
    [require.resolve('cmake-js/bin/cmake-js'), 'print-cmakejs-include'],
    {
      encoding: 'utf8',
      cwd: root,
    },
  );
  const found = stdout?.trim().split('\n').at(-1);
  if (status !== 0 || !found) throw new Error("mpi: Node's headers were not found; `npm run ready` first");
  return found;
}

/** Builds it; gives what findMpi() gave. */
export function buildMpi({ fetch = false } = {}) {
  process.chdir(root);
  const mpi = findMpi({ fetch });
  if (mpi === null) {
    process.stderr.write(
      'flambeau: no mpicc in MPI_HOME or PATH (Debian: apt install libopenmpi-dev openmpi-bin), or `npm run build:mpi -- --fetch`\n',
    );
    process.exit(1);
  }
  const { include, libraryDirs, libraries } = compileFlags(mpi);
  const require = createRequire(import.meta.url);
  const headers = [nodeHeaders(), resolve(require('node-addon-api').include_dir)];
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const build = join('build', 'mpi');
  const options = [
    `-DNODE_INCLUDE=${headers.join(';')}`,
    `-DMPI_INCLUDE=${include.join(';')}`,
    `-DMPI_LIBRARY_DIRS=${libraryDirs.join(';')}`,
    `-DMPI_LIBRARIES=${libraries.join(';')}`,
    `-DFLAMBEAU_VERSION=${version}`,
  ];
  if (has('ccache')) options.push('-DCMAKE_CXX_COMPILER_LAUNCHER=ccache');
  // CMake keeps what it found: another MPI is configured anew
  const stamp = join(build, '.options');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== options.join('\n'))
    rmSync(build, { recursive: true, force: true });
  run('cmake', '-S', join('native', 'mpi'), '-B', build, '--log-level=WARNING', ...options);
  writeFileSync(stamp, options.join('\n'));
  run('cmake', '--build', build, '--parallel', process.env.JOBS ?? '2');
  return mpi;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mpi = buildMpi({ fetch: process.argv.includes('--fetch') });
  console.log(`flambeau: build/mpi/flambeau_mpi.node, for ${mpi.name}`);
}
