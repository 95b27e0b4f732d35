import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Vitest leaves one core to itself by default: on two cores that halves the speed of the suite.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    // on a GPU, what is wrong with an index is thrown by the call itself; test/cuda/faults.test.ts is without it
    env: { CUDA_LAUNCH_BLOCKING: '1' },
  },
});
