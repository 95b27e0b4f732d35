// Builds the addon for MPI and runs the tests of several processes, test/distributed/: `npm run test:mpi`. Arguments are those of
// vitest (a file, -t NAME). Open MPI is installed into .tools/mpi/ where there is no mpicc.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildMpi } from './mpi.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const run = (tool, args, env = {}) => {
  const { status } = spawnSync(tool, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
};

run(process.execPath, [join('scripts', 'ready.mjs')]);
const { mpirun } = buildMpi({ fetch: true });
run(join('node_modules', '.bin', 'vitest'), ['run', ...process.argv.slice(2)], {
  FLAMBEAU_TEST_MPI: '1',
  FLAMBEAU_MPIRUN: mpirun,
});
