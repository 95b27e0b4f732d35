// Whether calls of kernels are recorded now, to be run on another thread, and for which public function. Set by async.ts,
// asked by what cannot be recorded.

/** `on` inside the function of runAsync. */
export const recording = { on: false };

/** The calls from one number up to another were made for a function. */
interface Span {
  readonly where: string;
  readonly from: number;
  to: number;
}
let spans: Span[] = [];
let inside = false;
let count = (): number => 0;

/** Begins to note who calls: `recorded` tells how many calls there were. */
export function beginSpans(recorded: () => number): void {
  spans = [];
  inside = false;
  count = recorded;
}
/** Calls are recorded for `where` from here to leave(), if true: else for whoever called it. */
export function enterSpan(where: string): boolean {
  if (inside) return false;
  inside = true;
  spans.push({ where, from: count(), to: Number.POSITIVE_INFINITY });
  return true;
}
export function leaveSpan(): void {
  inside = false;
  spans.at(-1)!.to = count();
}
/** Who made the calls that were recorded, by their number; nothing for those made by kernels' names. */
export function endSpans(): (call: number) => string | undefined {
  const noted = spans;
  spans = [];
  return (call) => noted.find(({ from, to }) => from <= call && call < to)?.where;
}
