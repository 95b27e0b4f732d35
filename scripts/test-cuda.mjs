// Builds the CUDA backend and tests it without a GPU: `npm run test:cuda`. nvcc is installed into a folder of the repo
// where there is none. The passes (all by default, or those that are named):
//   build      machine code for every target, without a spilled register, and the emulator with its tests
//   emulator   the emulator's own tests
//   table      the operators and torch.cuda on the emulated cuda:0, against PyTorch's stored answers
//   modules    optimizers, attention and recurrent layers there, likewise
//   strict     the same without the caching allocator, so that each block has its bounds, with a search for races
//   lazy       a part of it with queues that run as late as they may, and warps in random order
//   absent     the library for GPUs loads where there is none, and says so
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCuda } from './cuda.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const run = (tool, args, env = {}) => {
  const { status } = spawnSync(tool, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
};
// the second GPU is for what takes all there are
const EMULATE = {
  FLAMBEAU_CUDA: 'emulate',
  FLAMBEAU_TEST_DEVICE: 'cuda:0',
  FLAMBEAU_EMULATOR_DEVICES: '2',
  NO_COLOR: '1',
};
/** Tests on the emulated device; `-t` takes those whose names match. */
const vitest = (env, files, names, without = []) => {
  const choice = [...files, ...(names ? ['-t', names] : []), ...without.flatMap((name) => ['--exclude', name])];
  run(join('node_modules', '.bin', 'vitest'), ['run', '--reporter=dot', ...choice], { ...EMULATE, ...env });
};
const TABLE = ['test/ops.test.ts', 'test/cuda'];
const MODULES = ['rnn', 'attention', 'optim', 'losses'].map((name) => `test/${name}.test.ts`);
const ANSWERS = "PyTorch's answers|without gradients the same|fused kernels|trajectories|state dicts|LBFGS|ctcLoss";
// gradients are made of the operators whose values are compared
const VALUES = 'values, dtypes and shapes|of expanded tensors|cuda';
const SOME = 'of expanded tensors|cuda|GPU';
// whole training steps: of operators that the others try
const LONG = ['test/cuda/curves.test.ts', 'test/cuda/traffic.test.ts'];

const passes = {
  build: () => {
    buildCuda({ tests: true });
    run(process.execPath, [join('scripts', 'cuda-table.mjs')]);
  },
  emulator: () => run('ctest', ['--test-dir', join('build', 'cuda'), '--output-on-failure']),
  table: () => vitest({}, TABLE),
  modules: () => vitest({}, MODULES, ANSWERS),
  strict: () => vitest({ FLAMBEAU_CUDA_CACHING: '0', FLAMBEAU_EMULATOR_RACES: '1' }, TABLE, VALUES, LONG),
  lazy: () => vitest({ FLAMBEAU_EMULATOR_LAZY: '1', FLAMBEAU_EMULATOR_SEED: '7' }, TABLE, SOME, LONG),
  absent: () => run(process.execPath, ['--import', 'tsx', join('test', 'cuda', 'absent.ts')], { FLAMBEAU_CUDA: '' }),
};
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(passes, name));
if (unknown !== undefined) {
  process.stderr.write(`test-cuda: there is no pass '${unknown}', only ${Object.keys(passes).join(', ')}\n`);
  process.exit(1);
}
for (const name of asked.length > 0 ? asked : Object.keys(passes)) {
  const start = Date.now();
  passes[name]();
  console.log(`test-cuda: ${name}: ${((Date.now() - start) / 1000).toFixed(0)} s`);
}
