// What the child scripts of memory.test.ts tell their parent: one line of JSON on stdout.
import * as torch from '../../lib/index.ts';

/** The figures of a child, in megabytes where they are bytes. */
export interface Report {
  /** The most memory that the process has held. */
  peakRss: number;
  rss: number;
  /** Alive according to torch.memoryStats() at the first call of `start`, and now. */
  liveBefore: number;
  liveAfter: number;
  reserved: number;
  cached: number;
  collections: { minor: number; full: number; skipped: number; ms: number };
  seconds: number;
  [extra: string]: unknown;
}

const MB = 2 ** 20;
let began = performance.now();
let live = 0;

/** Notes where the loop begins. */
export function start(): void {
  began = performance.now();
  live = torch.memoryStats().live;
}

/** Prints the figures; what is unreachable has been collected first. */
export function report(extra: Record<string, unknown> = {}): void {
  const seconds = (performance.now() - began) / 1000;
  const before = torch.memoryStats();
  torch.emptyCache();
  const after = torch.memoryStats();
  const out: Report = {
    peakRss: process.resourceUsage().maxRSS / 1024,
    rss: process.memoryUsage.rss() / MB,
    liveBefore: live / MB,
    liveAfter: after.live / MB,
    reserved: after.reserved / MB,
    cached: after.cached / MB,
    collections: before.collections,
    seconds,
    ...extra,
  };
  console.log(JSON.stringify(out));
}
