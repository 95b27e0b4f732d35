// npm run bench: times every workload on both sides, block by block in turn, and prints the ratio to PyTorch.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Row } from './row.ts';
import { keepBusy, Side } from './side.ts';
import { type Line, printTable, summary, type Times } from './table.ts';
import { rows } from './workloads/index.ts';
import { ownStart, startup, twinStart } from './workloads/startup.ts';

const HELP = `npm run bench -- [options]
  --threads N     threads of both sides (default: the cores)
  --only a,b      these workloads, or all whose names begin so
  --samples N     timed blocks a side (default 15; fewer where a step takes long)
  --quick         5 shorter blocks
  --json FILE     writes all samples too
  --list          names the workloads`;

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string' },
    only: { type: 'string' },
    samples: { type: 'string' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help || options.list) {
  console.log(options.help ? HELP : [...rows, startup].map((r) => r.name).join('\n'));
  process.exit(0);
}
const count = (name: string, given: string | undefined, otherwise: number): number => {
  const n = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`--${name}: expected a whole number from 1 on but received '${given}'`);
  return n;
};
const { quick } = options;
const threads = count('threads', options.threads, os.availableParallelism());
const samples = count('samples', options.samples, quick ? 5 : 15);
const blockMs = quick ? 40 : 120;
const warmupMs = quick ? 200 : 500;
/** A side's blocks of one workload take no longer than this together. */
const budgetMs = quick ? 4000 : 15000;

const only = options.only?.split(',').filter(Boolean) ?? [];
const chosen = (name: string): boolean => only.length === 0 || only.some((prefix) => name.startsWith(prefix));
for (const prefix of only) {
  if (![...rows, startup].some((r) => r.name.startsWith(prefix)))
    throw new RangeError(`--only: there is no workload '${prefix}'`);
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.FLAMBEAU_PYTHON ?? 'python3';
const limits = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
const ours = await Side.start(
  process.execPath,
  ['--import', 'tsx', file('worker.ts'), String(threads)],
  process.env,
  false,
);
if (!ours) throw new Error('bench: the worker of our side did not start');
const torch = await Side.start(
  python,
  [file('worker.py'), String(threads)],
  { ...process.env, ...limits },
  process.env.FLAMBEAU_PYTHON === undefined,
);

console.log(
  `${os.cpus()[0]?.model.trim() ?? '?'}, ${threads} thread${threads > 1 ? 's' : ''}; flambeau on ${ours.version}; ` +
    (torch
      ? `${torch.version}, eager`
      : `no PyTorch (python3 has none; set FLAMBEAU_PYTHON to one that does): the ratio is missing`),
);

/** Times one workload on both sides: A B A B … */
async function measure(row: Row): Promise<{ ours: Times; torch: Times | null }> {
  const sides = torch ? [ours!, torch] : [ours!];
  const stop = row.busy ? keepBusy() : null;
  try {
    const steps: number[] = [];
    const times: number[][] = [];
    for (const side of sides) {
      const ms = await side.ask({ prepare: row.name, warmupMs });
      steps.push(Math.max(1, Math.round(blockMs / ms)));
      times.push([]);
    }
    const end = performance.now() + budgetMs * sides.length;
    for (let i = 0; i < samples && (i < 3 || performance.now() < end); i++) {
      for (let s = 0; s < sides.length; s++) {
        await pause(5); // threads of the other side that still spin come to rest
        times[s]!.push(await sides[s]!.ask({ run: row.name, count: steps[s], fresh: row.fresh ?? false }));
      }
    }
    for (const side of sides) await side.ask({ drop: row.name });
    return { ours: summary(times[0]!), torch: torch ? summary(times[1]!) : null };
  } finally {
    stop?.();
  }
}

const lines: Line[] = [];
try {
  for (const row of rows) {
    if (!chosen(row.name)) continue;
    if (process.stderr.isTTY) process.stderr.write(`  ${row.name} …\r`);
    try {
      const { ours, torch } = await measure(row);
      lines.push({ name: row.name, title: row.title, ours, torch, wanted: row.wanted, medianOnly: row.busy ?? false });
    } catch (error) {
      lines.push({ name: row.name, title: row.title, error: error instanceof Error ? error.message : String(error) });
    }
    if (process.stderr.isTTY) process.stderr.write('\x1b[K');
  }
} finally {
  ours.stop();
  torch?.stop();
}
if (chosen(startup.name)) {
  const repeat = (n: number, f: () => number): Times => summary(Array.from({ length: n }, f));
  const twin = torch ? repeat(quick ? 1 : 3, () => twinStart(python, threads)) : null;
  lines.push({
    name: startup.name,
    title: startup.title,
    ours: repeat(7, ownStart),
    torch: twin,
    wantedMs: startup.wantedMs,
  });
}

printTable(lines);
if (options.json !== undefined) {
  const machine = {
    cpu: os.cpus()[0]?.model.trim(),
    cores: os.availableParallelism(),
    node: process.version,
    torch: torch?.version ?? null,
  };
  writeFileSync(
    options.json,
    `${JSON.stringify({ date: new Date().toISOString(), machine, threads, results: lines }, null, 1)}\n`,
  );
}
