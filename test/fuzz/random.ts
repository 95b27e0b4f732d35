// Random choices that a seed repeats, and a watchdog for calls that do not return. Used by plans.ts and api.ts.
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Numbers in [0, 1), mulberry32. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  /** A whole number below `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Limits from the environment: FUZZ_SEED, FUZZ_CALLS, FUZZ_SECONDS, FUZZ_SLOW (ms a call may take). */
export const limits: { seed: number; calls: number; seconds: number; slow: number } = {
  seed: Number(process.env.FUZZ_SEED ?? 1),
  calls: Number(process.env.FUZZ_CALLS ?? 20_000),
  seconds: Number(process.env.FUZZ_SECONDS ?? 3600),
  slow: Number(process.env.FUZZ_SLOW ?? 2000),
};

const TEXT = 65_536;
const shared = new SharedArrayBuffer(16 + TEXT);
const state = new Int32Array(shared, 0, 4);
const text = new Uint8Array(shared, 16);
const encoder = new TextEncoder();

// A worker, because the main thread is in the call that hangs; it ends the process, which the parent sees.
const WATCHDOG = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const state = new Int32Array(workerData.shared, 0, 4);
let last = NaN, since = Date.now();
setInterval(() => {
  if (state[0] !== last) { last = state[0]; since = Date.now(); return; }
  if (state[1] === 0 || Date.now() - since < workerData.slow + 500) return;
  const said = Buffer.from(new Uint8Array(workerData.shared, 16, state[1])).toString();
  writeSync(2, 'call ' + last + ' does not return: ' + said + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 250);`;

/** Starts the watchdog; the process ends by itself when the script is done. */
export function watch(): void {
  new Worker(WATCHDOG, { eval: true, workerData: { shared, slow: limits.slow } }).unref();
}

/** Says what is about to be called. FUZZ_TRACE=1 writes it, so that the last line before a crash is the cause. */
export function enter(call: number, what: string): void {
  state[1] = encoder.encodeInto(what, text).written;
  Atomics.store(state, 0, call);
  if (process.env.FUZZ_TRACE) writeSync(2, `${call} ${what}\n`);
}
/** Says that nothing is being called. */
export function leave(): void {
  state[1] = 0;
}
