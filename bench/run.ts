// npm run bench: times every workload on both sides, block by block in turn, and prints the ratio to PyTorch.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Effort, type Pair, python, Sides, twinEnvironment } from './pair.ts';
import type { Row } from './row.ts';
import { measureMemory, printMemory } from './memory.ts';
import { keepBusy } from './side.ts';
import { type Line, printTable, summary, type Times } from './table.ts';
import { rows } from './workloads/index.ts';
import { ownStart, startup, twinStart } from './workloads/startup.ts';

const HELP = `npm run bench -- [options]
  --threads N     threads of both sides (default: the cores)
  --device NAME   where both sides compute (default: cpu)
  --only a,b      these workloads, or all whose names begin so
  --samples N     timed blocks a side (default 15; fewer where a step takes long)
  --quick         5 shorter blocks
  --as-installed  PyTorch with malloc as installed (default: tuned, so that large results need no fresh pages)
  --json FILE     writes all samples too
  --busy          the training workloads beside a process a core that computes at the lowest priority
  --memory        resident memory of the training workloads at its peak instead of times
  --list          names the workloads`;

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    only: { type: 'string' },
    samples: { type: 'string' },
    json: { type: 'string' },
    'as-installed': { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
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
const effort: Effort = {
  samples,
  blockMs: quick ? 40 : 120,
  warmupMs: quick ? 200 : 500,
  budgetMs: quick ? 4000 : 15000,
};

const only = options.only?.split(',').filter(Boolean) ?? [];
const chosen = (name: string): boolean => only.length === 0 || only.some((prefix) => name.startsWith(prefix));
for (const prefix of only) {
  if (![...rows, startup].some((r) => r.name.startsWith(prefix)))
    throw new RangeError(`--only: there is no workload '${prefix}'`);
}

/** Writes what was measured where --json says. */
function writeJson(torch: string | null, results: readonly object[]): void {
  if (options.json === undefined) return;
  const machine = {
    cpu: os.cpus()[0]?.model.trim(),
    cores: os.availableParallelism(),
    node: process.version,
    torch,
  };
  const date = new Date().toISOString();
  writeFileSync(options.json, `${JSON.stringify({ date, machine, threads, results }, null, 1)}\n`);
}

/** How many times as fast as PyTorch training is to be beside other programs. */
const BUSY_WANTED = 20;
const measured = rows.filter((r) => chosen(r.name) && (r.training || !(options.busy || options.memory)));
if (options.memory) {
  const found = await measureMemory(measured, threads, options['as-installed'], quick);
  printMemory(found);
  writeJson(null, found);
  process.exit(0);
}

const sides = await Sides.start(threads, options['as-installed'], options.device);
const { torch } = sides;
console.log(`${options.device === 'cpu' ? '' : `${options.device}; `}${sides.describe(threads)}`);

/** Times one workload, beside processes that keep the cores busy if so asked. */
async function measure(row: Row): Promise<Pair> {
  const stop = options.busy ? keepBusy() : null;
  try {
    return await sides.measure(row.name, row.fresh ?? false, effort);
  } finally {
    stop?.();
  }
}

const lines: Line[] = [];
try {
  for (const row of measured) {
    if (process.stderr.isTTY) process.stderr.write(`  ${row.name} …\r`);
    try {
      const { ours, torch } = await measure(row);
      lines.push({
        name: row.name,
        title: options.busy ? `${row.title}, busy cores` : row.title,
        ours,
        torch,
        wanted: options.busy ? BUSY_WANTED : row.wanted,
        medianOnly: options.busy,
      });
    } catch (error) {
      lines.push({ name: row.name, title: row.title, error: error instanceof Error ? error.message : String(error) });
    }
    if (process.stderr.isTTY) process.stderr.write('\x1b[K');
  }
} finally {
  sides.stop();
}
if (chosen(startup.name) && !options.busy && options.device === 'cpu') {
  const repeat = (n: number, f: () => number): Times => summary(Array.from({ length: n }, f));
  const twin = torch
    ? repeat(quick ? 1 : 3, () => twinStart(python, twinEnvironment(threads, options['as-installed'])))
    : null;
  lines.push({
    name: startup.name,
    title: startup.title,
    ours: repeat(7, ownStart),
    torch: twin,
    wantedMs: startup.wantedMs,
  });
}

printTable(lines);
writeJson(torch?.version ?? null, lines);
