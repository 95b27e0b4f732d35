// npm run bench -- --memory: the resident memory of training at its peak, each workload in processes of its own. Called by
// run.ts.
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { startOurs, startTorch } from './pair.ts';
import type { Row } from './row.ts';
import type { Side } from './side.ts';
import { printColumns } from './table.ts';

/** Bytes of both sides for one workload: the process with the library loaded, and at its peak. */
export interface Footprint {
  readonly name: string;
  readonly title: string;
  readonly ours: Bytes;
  readonly torch: Bytes | null;
}
interface Bytes {
  readonly loaded: number;
  readonly peak: number;
}

const WANTED = 0.7;

/** The worker as plain JavaScript: a process that compiles TypeScript would measure the compiler too. */
function compiledWorker(): string {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const outfile = at('../build/bench/worker.mjs');
  buildSync({
    entryPoints: [at('worker.ts')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}

async function footprint(side: Side, name: string, steps: number, limitMs: number): Promise<Bytes> {
  try {
    const { loaded = 0, peak = 0 } = await side.answer({ memory: name, count: steps, limitMs });
    return { loaded, peak };
  } finally {
    side.stop();
  }
}

/** Trains each row on both sides, one process after the other. */
export async function measureMemory(
  rows: readonly Row[],
  threads: number,
  asInstalled: boolean,
  quick: boolean,
): Promise<Footprint[]> {
  const worker = compiledWorker();
  const [steps, limitMs] = quick ? [10, 3000] : [50, 15000];
  const found: Footprint[] = [];
  for (const { name, title } of rows) {
    const ours = await footprint(await startOurs(threads, [worker]), name, steps, limitMs);
    const twin = await startTorch(threads, asInstalled);
    found.push({ name, title, ours, torch: twin && (await footprint(twin, name, steps, limitMs)) });
  }
  return found;
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

/**
 * Prints a line a workload. The ratio is our peak over PyTorch's: below 1 is less; beside it the same of what came on
 * top of the loaded library, which counts for much in small workloads.
 */
export function printMemory(found: readonly Footprint[]): void {
  const head = ['memory', 'ours loaded', 'peak', 'PyTorch loaded', 'peak', 'ratio', 'above loaded', 'wanted', ''];
  const lines = found.map(({ title, ours, torch }) => {
    const pair = (b: Bytes): string[] => [megabytes(b.loaded), megabytes(b.peak)];
    if (!torch) return [title, ...pair(ours), '-', '-', 'missing', 'missing', `${WANTED}×`, 'no ratio'];
    const ratio = ours.peak / torch.peak;
    return [
      title,
      ...pair(ours),
      ...pair(torch),
      `${ratio.toFixed(2)}×`,
      `${((ours.peak - ours.loaded) / (torch.peak - torch.loaded)).toFixed(2)}×`,
      `${WANTED}×`,
      ratio <= WANTED ? 'ok' : 'missed',
    ];
  });
  printColumns(head, lines);
}
