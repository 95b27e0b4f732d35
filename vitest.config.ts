import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests of several processes are run one after the other, by `npm run test:mpi`.
const mpi = process.env.FLAMBEAU_TEST_MPI === '1';

export default defineConfig({
  test: {
    include: [mpi ? 'test/distributed/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: mpi ? ['node_modules/**'] : ['node_modules/**', 'test/distributed/**'],
    fileParallelism: !mpi,
    pool: 'forks',
    // Vitest leaves one core to itself by default: on two cores that halves the speed of the suite.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    // on a GPU, what is wrong with an index is thrown by the call itself; test/cuda/faults.test.ts is without it
    env: { CUDA_LAUNCH_BLOCKING: '1' },
  },
});
