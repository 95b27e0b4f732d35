// Our side: does what run.ts asks for on stdin, a JSON object a line, and answers likewise. Its twin is worker.py.
//   {"prepare": name, "warmupMs": t}  builds and warms up a workload; answers {"ms": milliseconds of one step}
//   {"run": name, "count": n}         times n steps; answers {"ms": milliseconds of one step}
//   {"drop": name}                    lets go of it; answers {}
//   {"memory": name, "count": n, "limitMs": t}  does n steps, fewer where they take longer than t; answers {"loaded": bytes,
//                                    "peak": bytes}, the most memory that was resident before and in all
//   {"threads": n}                    computes with n threads from now on; answers {}
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as torch from 'flambeau';
import { curveRow } from './curves/series.ts';
import type { Row } from './row.ts';
import { rows } from './workloads/index.ts';

interface Request {
  readonly prepare?: string;
  readonly run?: string;
  readonly drop?: string;
  readonly warmupMs?: number;
  readonly count?: number;
  readonly fresh?: boolean;
  readonly threads?: number;
  readonly memory?: string;
  readonly limitMs?: number;
}
const [threads = '1', device = 'cpu'] = process.argv.slice(2);
const prepared = new Map<string, (n: number) => void>();

const find = (name: string): Row | undefined => rows.find((r) => r.name === name) ?? curveRow(name);

/** Waits for what a GPU has still to do. */
const finish = (): void => {
  if (device !== 'cpu') torch.cuda.synchronize(device);
};
function timed(f: (n: number) => void, n: number): number {
  finish();
  const start = performance.now();
  f(n);
  finish();
  return (performance.now() - start) / n;
}

function prepare(name: string, warmupMs: number): number {
  const row = find(name);
  if (!row) throw new RangeError(`worker: no workload '${name}'`);
  const f = row.build();
  prepared.set(name, f);
  const end = performance.now() + warmupMs;
  let best = timed(f, 1);
  for (let n = 1; performance.now() < end; ) {
    const ms = timed(f, n);
    if (ms < best) best = ms;
    if (ms * n < warmupMs / 8) n *= 2;
  }
  return best;
}

function run(name: string, count: number, fresh: boolean): number {
  const row = find(name);
  let f = prepared.get(name);
  if (!row || !f) throw new RangeError(`worker: '${name}' was not prepared`);
  if (fresh) {
    f = row.build();
    prepared.set(name, f);
    f(3);
  }
  return timed(f, count);
}

/** The most memory this process had resident, in bytes. Linux' maxRSS begins with that of the process that started it. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}

function memory(name: string, count: number, limitMs: number): object {
  const row = find(name);
  if (!row) throw new RangeError(`worker: no workload '${name}'`);
  const f = row.build();
  const end = performance.now() + limitMs;
  for (let i = 0; i < count && performance.now() < end; i++) f(1);
  return { loaded, peak: peakBytes() };
}

function answer(request: Request): object {
  if (request.prepare !== undefined) return { ms: prepare(request.prepare, request.warmupMs ?? 400) };
  if (request.run !== undefined) return { ms: run(request.run, request.count ?? 1, request.fresh ?? false) };
  if (request.memory !== undefined) return memory(request.memory, request.count ?? 1, request.limitMs ?? Infinity);
  if (request.threads !== undefined) torch.setNumThreads(request.threads);
  if (request.drop !== undefined) prepared.delete(request.drop);
  torch.emptyCache();
  return {};
}

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
const loaded = peakBytes();
torch.setNumThreads(Number(threads));
torch.setDefaultDevice(device);
say({ ready: `Node ${process.versions.node}` });
createInterface({ input: process.stdin }).on('line', (line) => {
  try {
    say(answer(JSON.parse(line) as Request));
  } catch (error) {
    say({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
