// Builds the addon the other ways, each into a folder of its own under build/, and runs the tests of the operators with
// it: `node scripts/variants.mjs [openmp | gyp | clang | arm]…`, all of them by default. Called by .ci/run. Clang, and the
// cross compiler for ARM (Debian: g++-aarch64-linux-gnu), are used where they are.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const windows = process.platform === 'win32';
const jobs = process.env.FLAMBEAU_JOBS ?? String(availableParallelism());
const tool = (name) => join('node_modules', '.bin', name);
const has = (command) => spawnSync(command, ['--version'], { shell: windows }).status === 0;

/** Runs a command; shows what it says only if it fails, and then ends. */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    shell: windows,
    env: { ...process.env, ...env },
  });
  if (result.status === 0) return result.stdout;
  process.stderr.write(
    `\nvariants: failed: ${command} ${args.join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}`,
  );
  if (result.error) process.stderr.write(`${result.error.message}\n`);
  process.exit(1);
}

/**
 * One level is enough to try a compiler or a way of threading; the lowest runs everywhere. What is tried is whether it
 * compiles and is right, not how fast it is: -O1 takes half the time.
 */
function cmake(folder, options, env) {
  const common = ['FLAMBEAU_LEVELS=v2', 'FLAMBEAU_OPTIMIZE=-O1', 'FLAMBEAU_BLAS=none'];
  const settings = [...common, ...options].map((option) => `--CD${option}`);
  run(tool('cmake-js'), ['compile', '--out', folder, '--config', 'Release', '--parallel', jobs, ...settings], env);
  return join(folder, 'Release', 'flambeau.node');
}

/** In a copy, because node-gyp empties the folder build/, where the addon in use lies. */
function gyp(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of ['native', 'binding.gyp', 'package.json']) {
    rmSync(join(folder, name), { recursive: true, force: true });
    cpSync(name, join(folder, name), { recursive: true });
  }
  // Node's own headers where they lie beside it; else node-gyp fetches them
  const prefix = windows ? dirname(process.execPath) : dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'common.gypi')) ? [`--nodedir=${prefix}`] : [];
  run(tool('node-gyp'), [
    'rebuild',
    '-C',
    folder,
    '-j',
    jobs,
    ...headers,
    '--',
    '-Dflambeau_levels=v2',
    '-Dflambeau_optimize=-O1',
  ]);
  return join(folder, 'build', 'Release', 'flambeau.node');
}

/** Each operator, in several layouts; its values are compared with the usual build. */
const VALUES = ['test/ops.test.ts', '-t', 'of expanded tensors'];
const SHORT = ['test/autograd.test.ts', 'test/smoke.test.ts'];
const variants = {
  openmp: { build: (folder) => cmake(folder, ['FLAMBEAU_THREADS=openmp']), threads: 'openmp' },
  // the compiler, flags and sources are those of the usual build, whose operators are tested already
  gyp: { build: gyp, threads: 'pool', runs: [SHORT] },
  clang: {
    missing: () => (has('clang++') ? null : 'there is no clang++ here'),
    build: (folder) => cmake(folder, [], { CC: 'clang', CXX: 'clang++' }),
    threads: 'pool',
  },
  arm: {
    missing: () => (has('aarch64-linux-gnu-g++') ? null : 'there is no aarch64-linux-gnu-g++ here'),
    build: (folder) =>
      cmake(folder, ['CMAKE_SYSTEM_NAME=Linux', 'CMAKE_SYSTEM_PROCESSOR=aarch64'], {
        CC: 'aarch64-linux-gnu-gcc',
        CXX: 'aarch64-linux-gnu-g++',
      }),
    runs: process.arch === 'arm64' ? [VALUES, SHORT] : [],
    threads: 'pool',
  },
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(variants, name));
if (unknown !== undefined) {
  process.stderr.write(`variants: there is no '${unknown}', only ${Object.keys(variants).join(', ')}\n`);
  process.exit(1);
}
for (const name of asked.length > 0 ? asked : Object.keys(variants)) {
  const { missing, build, threads, runs = [VALUES, SHORT] } = variants[name];
  const why = missing?.();
  if (why) {
    console.log(`variants: ${name} left out: ${why}`);
    continue;
  }
  const start = Date.now();
  const elapsed = () => `${((Date.now() - start) / 1000).toFixed(0)} s`;
  const addon = join(process.cwd(), build(join('build', name)));
  if (runs.length === 0) {
    console.log(`variants: ${name}: compiles; it cannot run here, ${elapsed()}`);
    continue;
  }
  const built = JSON.parse(
    run(process.execPath, ['-p', 'JSON.stringify(require(process.argv[1]).build())', addon]).trim(),
  );
  if (built.threads !== threads) {
    process.stderr.write(`variants: ${name} has the threads of '${built.threads}', not '${threads}'\n`);
    process.exit(1);
  }
  const passed = runs.map((tests) => {
    const output = run(tool('vitest'), ['run', ...tests], { FLAMBEAU_ADDON: addon, NO_COLOR: '1' });
    return /Tests\s+(\d+ passed)/.exec(output)?.[1] ?? 'none';
  });
  console.log(`variants: ${name} (${built.isa}, ${built.threads}): tests ${passed.join(' and ')}, ${elapsed()}`);
}
