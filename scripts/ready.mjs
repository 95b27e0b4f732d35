// Makes a fresh clone ready: installs packages, builds the addon and the library, each only when stale, and says so.
// `npm test`, `npm run digits` and the other scripts call it first. Needs Node and npm; the addon a C++ compiler and CMake.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const windows = process.platform === 'win32';

/** An addon of its own, which scripts/mpi.mjs builds. */
const APART = join('native', 'mpi');
const files = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => files(join(path, name)))
    : [path];
const hash = (paths, extra = '') => {
  const sum = createHash('sha256').update(extra);
  for (const path of paths.filter(existsSync).flatMap(files)) sum.update(path).update(readFileSync(path));
  return sum.digest('hex');
};
const stamped = (stamp, value) => existsSync(stamp) && readFileSync(stamp, 'utf8') === value;

/** Runs a step; its output is shown only if it fails, unless FLAMBEAU_VERBOSE is set. */
function run(what, command, args) {
  process.stdout.write(`flambeau: ${what} …`);
  const start = Date.now();
  const verbose = process.env.FLAMBEAU_VERBOSE;
  const result = spawnSync(command, args, {
    stdio: verbose ? 'inherit' : 'pipe',
    shell: windows,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (result.status !== 0) {
    process.stdout.write(' failed\n');
    if (!verbose) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    if (result.error) process.stderr.write(`${result.error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(` ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

function require_(command, why) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore', shell: windows });
  } catch {
    process.stderr.write(`flambeau: '${command}' is missing: ${why}\n`);
    process.exit(1);
  }
}

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  process.stderr.write(`flambeau: Node 20 or newer is needed, this is ${process.version}\n`);
  process.exit(1);
}

const installed = hash(['package.json', 'package-lock.json'], process.version.split('.')[0]);
if (!stamped('node_modules/.flambeau', installed)) {
  run('installing packages', 'npm', [existsSync('package-lock.json') ? 'ci' : 'install', '--no-audit', '--no-fund']);
  writeFileSync('node_modules/.flambeau', installed);
}

const options = ['BLAS', 'THREADS', 'SANITIZE', 'LEVELS'].flatMap((name) => {
  const value = process.env[`FLAMBEAU_${name}`];
  return value === undefined ? [] : [`--CDFLAMBEAU_${name}=${value}`];
});
const sources = files('native').filter((path) => !path.startsWith(APART));
const native = hash([...sources, 'CMakeLists.txt', 'package.json'], options.join());
if (!existsSync('build/Release/flambeau.node') || !stamped('build/.flambeau', native)) {
  require_('cmake', 'the native addon is built with CMake (Debian: apt install cmake g++)');
  // cmake-js configures only what is not configured yet: options and defaults that changed would be passed over
  const configured = `${options.join()} ${hash(['CMakeLists.txt'])}`;
  if (!stamped('build/.options', configured)) rmSync('build/CMakeCache.txt', { force: true });
  // before the build: one that is broken off has configured already
  mkdirSync('build', { recursive: true });
  writeFileSync('build/.options', configured);
  run('building the native addon (a few minutes the first time)', join('node_modules', '.bin', 'cmake-js'), [
    'compile',
    '--config',
    'Release',
    '--parallel',
    String(Math.max(1, (await import('node:os')).availableParallelism())),
    // Visual Studio's own compiler has no vector types
    ...(windows ? ['--toolset', 'ClangCL'] : []),
    ...options,
  ]);
  writeFileSync('build/.flambeau', native);
}

const library = hash([
  'lib',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/namespaces.mjs',
  'scripts/comments.mjs',
  'package.json',
]);
if (!existsSync('dist/flambeau.cjs') || !stamped('dist/.flambeau', library)) {
  run('building the library', process.execPath, ['scripts/build.mjs']);
  writeFileSync('dist/.flambeau', library);
}
const { cacheOf } = createRequire(import.meta.url)('../lib/entry/script.cjs');
if (!existsSync(cacheOf('dist'))) run('compiling the library ahead', process.execPath, ['scripts/cache.mjs']);
