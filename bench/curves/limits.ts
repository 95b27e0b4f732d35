// What the machine could do at best, measured before the curves: the lines that they are held against. Used by curves.ts.
import { readFileSync } from 'node:fs';
import * as torch from 'flambeau';

/** The limits at one number of threads. */
export interface Limits {
  /** Bytes read and written in a second, by copying 256 MB. */
  readonly bandwidth: number;
  /** Floating-point operations in a second, float32. */
  readonly flops: number;
}

/** Seconds of the best of some runs. */
function best(runs: number, f: () => void): number {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    f();
    least = Math.min(least, performance.now() - start);
  }
  return least / 1e3;
}

/** Bytes a second: a copy of a buffer far larger than the caches, each byte counted as read and as written. */
function bandwidth(threads: number): number {
  const from = torch.ones(2 ** 26);
  const to = torch.zeros(2 ** 26);
  const before = torch.getNumThreads();
  torch.setNumThreads(threads);
  const seconds = best(9, () => void to.copy_(from));
  torch.setNumThreads(before);
  return (2 * 4 * 2 ** 26) / seconds;
}

/** Cycles a second: each product waits for the last one, and that takes three cycles on every x86-64 and ARM core of today. */
function clock(): number {
  const CHAIN = 300_000;
  const chain = (seed: number): number => {
    let x = seed;
    for (let i = 0; i < CHAIN; i++) x = Math.imul(x, 1_664_525);
    return x;
  };
  let last = 1;
  const seconds = best(200, () => {
    last = chain(last | 1);
  });
  return (3 * CHAIN) / seconds;
}

/**
 * float32 operations a core can do in a cycle, a fused multiply-add being two: two units of 8 lanes with AVX2, which is also
 * what Zen 4 makes of AVX-512; two of 16 lanes on other cores with AVX-512; four of 4 lanes on large ARM cores.
 */
export function perCycle(cpuinfo: string, architecture: string): number {
  if (architecture !== 'x64') return 32;
  const family = Number(/cpu family\s*:\s*(\d+)/.exec(cpuinfo)?.[1] ?? 0);
  const zen4 = /AuthenticAMD/.test(cpuinfo) && family <= 25;
  return /\bavx512f\b/.test(cpuinfo) && !zen4 ? 64 : 32;
}

function cpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return ''; // not Linux: counted as AVX2
  }
}

/** The limits at each of these numbers of threads. */
export function measureLimits(threads: readonly number[]): Record<string, Limits> {
  const core = clock() * perCycle(cpuinfo(), process.arch);
  return Object.fromEntries(threads.map((n) => [n, { bandwidth: bandwidth(n), flops: core * n }]));
}

/** The higher limits of two measurements. */
export function better(a: Record<string, Limits>, b: Record<string, Limits>): Record<string, Limits> {
  return Object.fromEntries(
    Object.entries(a).map(([n, { bandwidth, flops }]) => [
      n,
      { bandwidth: Math.max(bandwidth, b[n]!.bandwidth), flops: Math.max(flops, b[n]!.flops) },
    ]),
  );
}
