// Builds the CUDA backend (cuda/): `npm run build:cuda`. nvcc is installed into a folder of the repo where there is none.
//   --emulated   only the library for the emulator (FLAMBEAU_CUDA=emulate)
//   --real       only the one for GPUs
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cudaHome } from './cuda-toolchain.mjs';

const has = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
const run = (tool, ...args) => {
  const { status } = spawnSync(tool, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

/** Builds the libraries into build/Release, and the emulator's tests if they are wanted. */
export function buildCuda({
  emulated = true,
  real = true,
  tests = false,
  targets = process.env.FLAMBEAU_CUDA_TARGETS ?? '75;80;90',
} = {}) {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  const build = join('build', 'cuda');
  const options = [
    `-DCUDA_HOME=${cudaHome()}`,
    `-DCUDA_TARGETS=${real ? targets : ''}`,
    `-DEMULATED=${emulated ? 'ON' : 'OFF'}`,
    `-DEMULATOR_TESTS=${tests ? 'ON' : 'OFF'}`,
  ];
  if (has('ninja')) options.push('-G', 'Ninja');
  if (has('ccache')) options.push('-DCMAKE_CXX_COMPILER_LAUNCHER=ccache');
  run('cmake', '-S', 'cuda', '-B', build, '--log-level=WARNING', ...options);
  run('cmake', '--build', build, '--parallel', process.env.JOBS ?? '2');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildCuda({ emulated: !process.argv.includes('--real'), real: !process.argv.includes('--emulated') });
}
