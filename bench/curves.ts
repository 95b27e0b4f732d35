// npm run bench:curves: how the times of both sides grow with size, batch, depth and threads, and the pictures of that.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { drawAll, limitAt, type Measured, type Point } from './curves/draw.ts';
import { better, measureLimits } from './curves/limits.ts';
import { allSeries, type Series } from './curves/series.ts';
import { type Effort, Sides } from './pair.ts';

const HELP = `npm run bench:curves -- [options]
  --only a,b   these curves, or all whose names begin so (size, batch/gpt, …); the others stay as they were measured
  --quick      few short blocks and coarser steps: a first look
  --draw       only draws the pictures from bench/curves/curves.json`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const { quick } = options;
const folder = new URL('curves/', import.meta.url);
const store = new URL('curves.json', folder);
const cores = os.availableParallelism();
const effort: Effort = quick
  ? { samples: 3, blockMs: 5, warmupMs: 30, budgetMs: 500 }
  : { samples: 9, blockMs: 20, warmupMs: 120, budgetMs: 2500 };
/** A curve ends at the first step that takes a side longer. */
const SLOW_MS = quick ? 500 : 1500;

const nameOf = (s: Series): string => `${s.picture}/${s.name}`;
const only = options.only?.split(',').filter(Boolean) ?? [];
for (const prefix of only) {
  if (!allSeries(cores).some((s) => nameOf(s).startsWith(prefix)))
    throw new RangeError(`--only: there is no curve '${prefix}'`);
}

async function points(sides: Sides, series: Series): Promise<Point[]> {
  const found: Point[] = [];
  for (const [i, x] of series.xs.entries()) {
    if (quick && i % 2 === 1 && series.picture !== 'threads') continue;
    if (series.picture === 'threads') await sides.setThreads(x);
    const { ours, torch } = await sides.measure(`${nameOf(series)}/${x}`, series.fresh ?? false, effort);
    found.push({ x, ours: ours.min, torch: torch?.min ?? null });
    if (series.picture !== 'threads' && Math.max(ours.min, torch?.min ?? 0) > SLOW_MS) break;
  }
  if (series.picture === 'threads') await sides.setThreads(cores);
  return found;
}

const digits = (n: number): string => n.toPrecision(3);

/** The points of a curve in words, for those who do not look at the picture. */
function report(series: Series, found: readonly Point[], measured: Measured): void {
  const cells = found.map((p) => {
    const limit = limitAt(series, p.x, measured);
    const ratio = p.torch === null ? '' : ` ${digits(p.torch / p.ours)}×`;
    return `${p.x}:${ratio}${limit === null ? '' : ` (${digits(p.ours / limit)} of the limit)`}`;
  });
  console.log(`${nameOf(series)}: PyTorch's time over ours, and ours over the limit's: ${cells.join(', ')}`);
}

async function measure(): Promise<void> {
  const before = existsSync(store) ? (JSON.parse(readFileSync(store, 'utf8')) as Measured) : null;
  const sides = await Sides.start(cores);
  try {
    console.log(sides.describe(cores));
    const threads = allSeries(cores).find((s) => s.picture === 'threads')!.xs;
    let limits = measureLimits(threads);
    const curves: Record<string, readonly Point[]> = only.length > 0 ? { ...before?.curves } : {};
    const measured: Measured = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${os.cpus()[0]?.model.trim() ?? '?'}, ${cores} cores, Node ${process.versions.node}, ${sides.torch?.version ?? 'no PyTorch'}`,
      threads: cores,
      limits,
      curves,
    };
    for (const series of allSeries(cores)) {
      if (only.length > 0 && !only.some((prefix) => nameOf(series).startsWith(prefix))) continue;
      const found = await points(sides, series);
      curves[nameOf(series)] = found;
      report(series, found, measured);
    }
    limits = better(limits, measureLimits(threads)); // other programs may have been at work the first time
    writeFileSync(
      store,
      `${JSON.stringify({ ...measured, limits }, (_, v) => (typeof v === 'number' && !Number.isInteger(v) ? Number(v.toPrecision(4)) : v), 1)}\n`,
    );
  } finally {
    sides.stop();
  }
}

if (!options.draw) await measure();
console.log(`bench/curves: ${drawAll(folder).join(', ')}`);
