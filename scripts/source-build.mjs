#!/usr/bin/env node
// Builds the addon of the package @flambeau/source in its own folder, where lib/addon.ts finds it. `npx flambeau-build`;
// says what is missing. `--mpi` builds the addon of torch.distributed instead (mpi.mjs). `--gyp` builds by node-gyp; further
// arguments are cmake-js's (`--CDFLAMBEAU_BLAS=openblas`).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const windows = process.platform === 'win32';
const gyp = process.argv.includes('--gyp');
const mpi = process.argv.includes('--mpi');
const further = process.argv.slice(2).filter((argument) => argument !== '--gyp');
const there = (command) => spawnSync(command, ['--version'], { stdio: 'ignore', shell: windows }).status === 0;

const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
const missing = [
  ...(gyp || there('cmake')
    ? []
    : [
        'CMake 3.18 or newer, as `cmake` (Debian: apt install cmake; macOS: brew install cmake; Windows: winget install Kitware.CMake)',
      ]),
  // Visual Studio's are not on the path: CMake finds them, and says what lacks
  ...(windows || compilers.some(there)
    ? []
    : [
        `a C++20 compiler, as ${compilers.map((name) => `\`${name}\``).join(' or ')} (Debian: apt install g++; macOS: xcode-select --install)`,
      ]),
];
if (missing.length > 0) {
  process.stderr.write(
    `flambeau-build: to build the addon, these are missing:\n${missing.map((line) => `  ${line}\n`).join('')}`,
  );
  process.exit(1);
}

if (mpi) {
  const { buildMpi } = await import('./scripts/mpi.mjs');
  console.log(`flambeau-build: build/mpi/flambeau_mpi.node, for ${buildMpi().name}`);
  process.exit();
}

const jobs = String(availableParallelism());
function command() {
  if (gyp) return ['npx', ['--yes', 'node-gyp@12', 'rebuild', '-j', jobs]];
  const cmakeJs = join(dirname(createRequire(import.meta.url).resolve('cmake-js/package.json')), 'bin/cmake-js');
  const clang = windows ? ['--toolset', 'ClangCL'] : [];
  // as node_modules/.bin/cmake-js, which a package may not have
  return [process.execPath, [cmakeJs, 'compile', '--config', 'Release', '--parallel', jobs, ...clang, ...further]];
}
const { status, error } = spawnSync(...command(), { cwd: folder, stdio: 'inherit', shell: gyp && windows });
if (error) process.stderr.write(`flambeau-build: ${error.message}\n`);
if (status !== 0 && windows && !gyp)
  process.stderr.write('flambeau-build: it takes Visual Studio with "C++ Clang tools for Windows"\n');
process.exit(status ?? 1);
