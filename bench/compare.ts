// Counts of instructions beside the stored ones, for counts.ts: what fails, and what is said.

/** Instructions of one step, by kernels and by everything else: the library, V8 and Node. */
export interface Counts {
  readonly native: number;
  /** Absent where the work in JavaScript is not to the point. */
  readonly javascript?: number;
}
/** What counts depend on besides this repository. */
export interface Environment {
  readonly processor: string;
  /** The level that the kernels were compiled for, as valgrind's processor has it. */
  readonly isa: string;
  readonly blas: string;
  /** Of the addon: name and main version. */
  readonly compiler: string;
  /** Main version. */
  readonly node: string;
}
export interface Baseline {
  readonly environment: Environment;
  readonly counts: Readonly<Record<string, Counts>>;
}

/** What a count may grow by. */
export const TOLERANCE = 0.05;
/** Where compiler or Node are others than the baseline's: this much is theirs, more is ours. */
export const TOLERANCE_ELSEWHERE = 0.3;

const KINDS = ['native', 'javascript'] as const;
const DECIDES: Readonly<Record<(typeof KINDS)[number], readonly (keyof Environment)[]>> = {
  native: ['processor', 'isa', 'blas', 'compiler'],
  javascript: ['processor', 'node'],
};

export interface Verdict {
  /** A line a count. */
  readonly lines: readonly string[];
  /** Why it fails; empty if it does not. */
  readonly failures: readonly string[];
  /** What else should be known. */
  readonly notes: readonly string[];
}

const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;

/** Compares what was counted, all of the rows, with the baseline. */
export function compare(counted: Baseline, baseline: Baseline): Verdict {
  const lines: string[] = [];
  const failures: string[] = [];
  const notes: string[] = [];
  for (const kind of KINDS) {
    const others = DECIDES[kind].filter((key) => counted.environment[key] !== baseline.environment[key]);
    const tolerance = others.length === 0 ? TOLERANCE : TOLERANCE_ELSEWHERE;
    if (others.length > 0) {
      const list = others.map((key) => `${key} ${counted.environment[key]} (stored: ${baseline.environment[key]})`);
      notes.push(
        `${kind}: counted with ${list.join(', ')}, so ${TOLERANCE_ELSEWHERE * 100} % more pass instead of ` +
          `${TOLERANCE * 100} %. If this is what CI uses now, store a new baseline: npm run counts -- --store`,
      );
    }
    let fewer = 0;
    for (const [name, counts] of Object.entries(counted.counts)) {
      const count = counts[kind];
      if (count === undefined) continue;
      const stored = baseline.counts[name]?.[kind];
      const what = `${name} ${kind}`;
      if (stored === undefined) {
        failures.push(`${what}: not in the baseline`);
        continue;
      }
      const ratio = count / stored;
      lines.push(
        `${what.padEnd(28)} ${count.toLocaleString('en').padStart(13)} ${stored.toLocaleString('en').padStart(13)} ${percent(ratio).padStart(9)}`,
      );
      if (!(ratio <= 1 + tolerance)) failures.push(`${what}: ${percent(ratio)}, ${tolerance * 100} % are allowed`);
      if (ratio < 1 - TOLERANCE) fewer++;
    }
    if (fewer > 0 && others.length === 0)
      notes.push(`${kind}: ${fewer} fell by more than 5 %; store them, so that what was won is kept`);
  }
  for (const name of Object.keys(baseline.counts))
    if (!(name in counted.counts)) failures.push(`${name}: in the baseline, but not counted`);
  return { lines, failures, notes };
}
