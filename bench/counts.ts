// npm run counts: instructions of a few workloads under valgrind's callgrind, beside those stored in counts.json; fails where
// one needs more than 5 % more. Counts repeat within 0.1 % on a busy machine, too. `--store` stores what it counts.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { type Baseline, type Counts, compare } from './compare.ts';
import { blocks, type Counted, rows } from './counted.ts';
import { instructions, valgrind } from './valgrind.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (process.platform !== 'linux') {
  console.log('counts: skipped, valgrind runs Node on Linux only');
  process.exit(0);
}
const store = process.argv.includes('--store');
const STORED = 'bench/counts.json';
const CHILD = 'build/counting.cjs';
const ADDON = 'build/Release/flambeau.node';

const tool = valgrind();
await build({
  entryPoints: ['bench/counting.ts'],
  outfile: CHILD,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  logLevel: 'warning',
});

// One thread, no clock in V8's decisions, no randomness in its tables.
const NODE = ['--predictable', '--single-threaded', '--hash-seed=1', '--random-seed=1'];
const env = Object.fromEntries(Object.entries(tool.env).filter(([name]) => !/^(NODE_OPTIONS|FLAMBEAU_.*)$/.test(name)));

/**
 * Counts rows in one process; gives what the addon says of itself, too. Until all is warm, valgrind only runs it, which is
 * three times as fast as counting.
 */
async function count(work: readonly Counted[]): Promise<{ built: object; counts: Record<string, Counts> }> {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-counts-'));
  const out = join(folder, 'callgrind');
  const child = spawn(
    tool.command,
    [
      '--tool=callgrind',
      '--quiet',
      '--instr-atstart=no',
      '--dump-before=uv_loadavg', // mark() in counting.ts
      `--callgrind-out-file=${out}`,
      process.execPath,
      ...NODE,
      CHILD,
      folder,
      ...work.map((row) => row.name),
    ],
    { stdio: ['ignore', 'inherit', 'pipe'], env },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  child.on('error', (error) => (errors += error.message));
  try {
    let running = true;
    void ended.then(() => (running = false));
    while (running && !existsSync(join(folder, 'ready'))) await pause(50);
    if (running) await promisify(execFile)(tool.vgdb, [`--pid=${child.pid}`, 'instrumentation', 'on']);
    writeFileSync(join(folder, 'counting'), '');
    const status = await ended;
    if (status !== 0) throw new Error(`counts: ${work.map((r) => r.name)}: valgrind ended with ${status}\n${errors}`);
    const counts: Record<string, Counts> = {};
    let dump = 0;
    for (const row of work) {
      const { name, steps, javascript } = row;
      dump++; // up to the row's first mark
      const counted: Required<Counts>[] = [];
      for (let i = 0; i < blocks(row); i++) counted.push(split(readFileSync(`${out}.${++dump}`, 'latin1'), steps));
      const native = Math.min(...counted.map((block) => block.native));
      if (native === 0) throw new Error(`counts: ${name}: the addon ran no instruction; is it ${ADDON}?`);
      counts[name] = javascript
        ? { native, javascript: Math.min(...counted.map((block) => block.javascript)) }
        : { native };
    }
    return { built: JSON.parse(readFileSync(join(folder, 'built'), 'utf8')) as object, counts };
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** The kernels' share: the addon, a BLAS if it has one, and the library of mathematics. The rest is JavaScript's. */
function split(dump: string, steps: number): Required<Counts> {
  let native = 0;
  let javascript = 0;
  for (const [object, n] of instructions(dump)) {
    if (/^flambeau\.node$|blas|mkl|^libm\./.test(basename(object))) native += n;
    else javascript += n;
  }
  return { native: Math.round(native / steps), javascript: Math.round(javascript / steps) };
}

/** As the addon itself tells it, whoever built it. */
function compiler(): string {
  const text = readFileSync(ADDON, 'latin1');
  const [, gcc] = /GCC: \([^)]*\) (\d+)/.exec(text) ?? [];
  const [, clang] = /clang version (\d+)/.exec(text) ?? [];
  return clang !== undefined ? `Clang ${clang}` : gcc !== undefined ? `GCC ${gcc}` : 'unknown';
}

// Those that count JavaScript alone, the others together, as many processes at a time as there are cores.
const waiting = [...rows.filter((r) => r.javascript).map((r) => [r]), rows.filter((r) => !r.javascript)].reverse();
let counts: Record<string, Counts> = {};
let built: object = {};
const start = performance.now();
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), waiting.length) }, async () => {
    for (let work = waiting.shift(); work; work = waiting.shift()) {
      const result = await count(work);
      counts = { ...counts, ...result.counts };
      built = result.built;
    }
  }),
);
const { isa, blas } = built as { isa: string; blas: string };
const counted: Baseline = {
  environment: { processor: process.arch, isa, blas, compiler: compiler(), node: process.versions.node.split('.')[0]! },
  counts: Object.fromEntries(rows.map(({ name }) => [name, counts[name]!])),
};
console.log(`counts: ${JSON.stringify(counted.environment)}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
if (store) {
  writeFileSync(STORED, `${JSON.stringify(counted, null, 2)}\n`);
  console.log(`counts: stored in ${STORED}`);
} else {
  const { lines, failures, notes } = compare(counted, JSON.parse(readFileSync(STORED, 'utf8')) as Baseline);
  console.log(`${'instructions of a step'.padEnd(28)} ${'now'.padStart(13)} ${'stored'.padStart(13)}`);
  console.log([...lines, ...notes].join('\n'));
  if (failures.length > 0) {
    console.error(
      `\ncounts: too many instructions\n${failures.map((f) => `  ${f}\n`).join('')}If they are worth it, store them: npm run counts -- --store`,
    );
    process.exit(1);
  }
}
