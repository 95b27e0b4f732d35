// Our side: does what run.ts asks for on stdin, a JSON object a line, and answers likewise. Its twin is worker.py.
//   {"prepare": name, "warmupMs": t}  builds and warms up a workload; answers {"ms": milliseconds of one step}
//   {"run": name, "count": n}         times n steps; answers {"ms": milliseconds of one step}
//   {"drop": name}                    lets go of it; answers {}
import { createInterface } from 'node:readline';
import * as torch from 'flambeau';
import { rows } from './workloads/index.ts';

interface Request {
  readonly prepare?: string;
  readonly run?: string;
  readonly drop?: string;
  readonly warmupMs?: number;
  readonly count?: number;
}
const prepared = new Map<string, (n: number) => void>();

function timed(f: (n: number) => void, n: number): number {
  const start = performance.now();
  f(n);
  return (performance.now() - start) / n;
}

function prepare(name: string, warmupMs: number): number {
  const row = rows.find((r) => r.name === name);
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

function run(name: string, count: number): number {
  const row = rows.find((r) => r.name === name);
  let f = prepared.get(name);
  if (!row || !f) throw new RangeError(`worker: '${name}' was not prepared`);
  if (row.fresh) {
    f = row.build();
    prepared.set(name, f);
    f(3);
  }
  return timed(f, count);
}

function answer(request: Request): object {
  if (request.prepare !== undefined) return { ms: prepare(request.prepare, request.warmupMs ?? 400) };
  if (request.run !== undefined) return { ms: run(request.run, request.count ?? 1) };
  if (request.drop !== undefined) prepared.delete(request.drop);
  torch.emptyCache();
  return {};
}

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
torch.setNumThreads(Number(process.argv[2]));
say({ ready: `Node ${process.versions.node}` });
createInterface({ input: process.stdin }).on('line', (line) => {
  try {
    say(answer(JSON.parse(line) as Request));
  } catch (error) {
    say({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
