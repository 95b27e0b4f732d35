// Figures of the blocks, and the table that run.ts prints.

/** Milliseconds of one step. */
export interface Times {
  readonly min: number;
  readonly median: number;
  readonly samples: readonly number[];
}
/** What came out for one workload. */
export interface Line {
  readonly name: string;
  readonly title: string;
  readonly ours?: Times;
  readonly torch?: Times | null;
  /** PyTorch's time over ours that is wanted, or the milliseconds that ours may take. */
  readonly wanted?: number;
  readonly wantedMs?: number;
  readonly medianOnly?: boolean;
  readonly error?: string;
}

export function summary(samples: readonly number[]): Times {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return { min: sorted[0]!, median, samples };
}

const UNITS = [
  [1e3, 's'],
  [1, 'ms'],
  [1e-3, 'µs'],
  [0, 'ns'],
] as const;
function duration(ms: number): string {
  const [unit, name] = UNITS.find(([from]) => ms >= from)!;
  const n = ms / (unit || 1e-6);
  return `${n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2)} ${name}`;
}
const number = (n: number): string => (n >= 10 ? n.toFixed(1) : n.toFixed(2));

/** Both the best and the usual block must do what is wanted; beside busy processes the best one is mere luck. */
function verdict(line: Line): string {
  const { ours, torch, wanted, wantedMs } = line;
  if (!ours) return '';
  if (wantedMs !== undefined) return ours.median <= wantedMs ? 'ok' : 'missed';
  if (!torch || wanted === undefined) return 'no ratio';
  const least = line.medianOnly
    ? torch.median / ours.median
    : Math.min(torch.min / ours.min, torch.median / ours.median);
  return least >= wanted ? 'ok' : 'missed';
}

function cells(line: Line): string[] {
  const { title, ours, torch, wanted, wantedMs, error } = line;
  if (error !== undefined || !ours) return [title, `failed: ${error}`];
  const pair = (t: Times): string[] => [duration(t.min), duration(t.median)];
  const ratio = torch ? [number(torch.min / ours.min), number(torch.median / ours.median)] : ['missing', 'missing'];
  const goal = wantedMs !== undefined ? `${wantedMs} ms` : wanted !== undefined ? `${number(wanted)}×` : '';
  return [title, ...pair(ours), ...(torch ? pair(torch) : ['-', '-']), ...ratio, goal, verdict(line)];
}

const HEAD = ['workload', 'ours min', 'median', 'PyTorch min', 'median', 'ratio min', 'median', 'wanted', ''];

/** Prints rows under a head, the first and last column to the left. Rows of another length are notes. */
export function printColumns(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = [head, ...rows];
  const widths = head.map((_, i) =>
    Math.max(...table.filter((r) => r.length === head.length).map((r) => r[i]!.length)),
  );
  const left = (r: readonly string[], i: number): boolean => i === 0 || i === head.length - 1 || r.length < head.length;
  for (const r of table) {
    console.log(
      r
        .map((cell, i) => (left(r, i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** Prints a line a workload. Ratios are PyTorch's time over ours: above 1 is faster. */
export function printTable(lines: readonly Line[]): void {
  printColumns(HEAD, lines.map(cells));
}
