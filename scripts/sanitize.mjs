// Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer into build/asan and runs the fuzzers against it:
// random plans (test/fuzz/plans.ts), then random calls of the API (test/fuzz/api.ts), each for a number of seconds.
// `node scripts/sanitize.mjs [seconds = 40] [plans | api]`. FLAMBEAU_SEED repeats a run.
import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (process.platform !== 'linux') {
  console.log('sanitize: skipped, it needs GCC on Linux');
  process.exit(0);
}
const seconds = Number(process.argv[2] ?? 40);
const seed = Number(process.env.FLAMBEAU_SEED ?? Math.floor(Math.random() * 2 ** 31));
const out = 'build/asan';

let start = Date.now();
const elapsed = () => `${((Date.now() - start) / 1000).toFixed(0)} s`;
const jobs = process.env.FLAMBEAU_JOBS ?? String(Math.max(1, availableParallelism()));
const made = spawnSync(
  join('node_modules', '.bin', 'cmake-js'),
  [
    'compile',
    '--out',
    out,
    '--config',
    'Release',
    '--parallel',
    jobs,
    '--CDFLAMBEAU_SANITIZE=address,undefined',
    '--CDFLAMBEAU_LEVELS=v3',
    '--CDFLAMBEAU_BLAS=none',
  ],
  { stdio: 'pipe', encoding: 'utf8', maxBuffer: 2 ** 28 },
);
if (made.status !== 0) {
  process.stderr.write(`${made.stdout ?? ''}${made.stderr ?? ''}`);
  process.exit(1);
}
console.log(`sanitize: built in ${elapsed()}`);

await build({
  entryPoints: ['test/fuzz/plans.ts', 'test/fuzz/api.ts'],
  outdir: `${out}/fuzz`,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  keepNames: true,
  sourcemap: 'inline',
  logLevel: 'warning',
});
const asan = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
let failed = false;
const only = process.argv[3];
for (const name of ['plans', 'api'].filter((n) => !only || n === only)) {
  start = Date.now();
  const run = spawnSync(process.execPath, ['--enable-source-maps', `${out}/fuzz/${name}.mjs`], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: {
      ...process.env,
      LD_PRELOAD: asan,
      // V8 keeps its own memory; huge requests must fail as they do without the sanitizer
      ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:abort_on_error=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
      FLAMBEAU_ADDON: join(process.cwd(), out, 'Release/flambeau.node'),
      FLAMBEAU_SLABS: 'none',
      FLAMBEAU_MEMORY_LIMIT: String(2 ** 30),
      FUZZ_SEED: String(seed),
      FUZZ_SECONDS: String(seconds),
      FUZZ_CALLS: '1000000000',
      // kernels are an order of magnitude slower here
      FUZZ_SLOW: '60000',
    },
  });
  const good = run.status === 0;
  failed ||= !good;
  console.log(
    `sanitize: ${name} ${good ? 'clean' : `FAILED (status ${run.status ?? run.signal})`}, seed ${seed}, ${elapsed()}`,
  );
  process.stdout.write((run.stdout ?? '').split('\n').slice(-12).join('\n'));
  if (!good) process.stderr.write(`${(run.stderr ?? '').slice(0, 8000)}\n`);
}
process.exit(failed ? 1 : 0);
