// Builds the CUDA emulator (cuda/emulator/) and runs its tests: `npm run test:cuda`. Needs no GPU; nvcc is installed into
// a folder of the repo where there is none. An argument is a part of the name of the tests to run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cudaHome } from './cuda-toolchain.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const build = join('build', 'emulator');
const has = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
const run = (tool, ...args) => {
  const { status } = spawnSync(tool, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

const configure = ['-S', join('cuda', 'emulator'), '-B', build, `-DCUDA_HOME=${cudaHome()}`, '--log-level=WARNING'];
if (has('ninja')) configure.push('-G', 'Ninja');
if (has('ccache')) configure.push('-DCMAKE_CXX_COMPILER_LAUNCHER=ccache');
run('cmake', ...configure);
run('cmake', '--build', build, '--parallel', process.env.JOBS ?? '2');
const some = process.argv[2] === undefined ? [] : ['-R', process.argv[2]];
run('ctest', '--test-dir', build, '--output-on-failure', ...some);
