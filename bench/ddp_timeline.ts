// A timeline of one data-parallel GPT step for chrome://tracing or https://ui.perfetto.dev: forward, backward and optimizer on
// the JavaScript thread, the buckets' all-reduces on the communication thread, of all processes.
//     mpirun -n 2 node --import tsx bench/ddp_timeline.ts [FILE]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { distributed as dist, manualSeed, nn, randint, setNumThreads } from 'flambeau';
import { GPT, lossOf, optimizerOf } from './workloads/gpt.ts';

interface Span {
  readonly name: string;
  readonly tid: number;
  readonly from: number;
  readonly to: number;
  readonly args?: Record<string, unknown>;
}
const file = process.argv[2] ?? 'bench/results/ddp-timeline.json';
const BATCH = 12;
const [JS, COMMUNICATION] = [1, 2];
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

setNumThreads(1);
dist.initProcessGroup({ backend: 'mpi' });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
manualSeed(rank);
// small buckets, so that there are several of this small model
const model = new nn.parallel.DistributedDataParallel(new GPT(65, 64, 4, 4, 128), { bucketCapMb: 0.5 });
const params = model.parameters();
const optimizer = optimizerOf(params);
let spans: Span[] = [];

model.registerCommHook(null, (_, bucket) => {
  const x = bucket.buffer().div_(size);
  const started = now();
  const work = dist.allReduce(x, { asyncOp: true });
  spans.push({ name: `start bucket ${bucket.index()}`, tid: JS!, from: started, to: now() });
  return () => {
    const waited = now();
    work.wait();
    spans.push({ name: `wait for bucket ${bucket.index()}`, tid: JS!, from: waited, to: now() });
    const [from, to] = work.ran ?? [started, waited];
    const args = { bytes: x.nbytes, parameters: bucket.parameters().length };
    spans.push({ name: `all-reduce of bucket ${bucket.index()}`, tid: COMMUNICATION!, from, to, args });
    return x;
  };
});
function timed<R>(name: string, f: () => R): R {
  const from = now();
  const result = f();
  spans.push({ name, tid: JS!, from, to: now() });
  return result;
}
function step(): void {
  const [x, y] = [randint(65, [BATCH, 64]), randint(65, [BATCH, 64])];
  optimizer.zeroGrad();
  const loss = timed('forward', () => lossOf(model.forward(x), y));
  timed('backward', () => loss.backward());
  timed('optimizer', () => optimizer.step());
}
for (let i = 0; i < 20; i++) {
  spans = [];
  dist.barrier();
  step();
}

/** Milliseconds of all spans whose name begins so. */
const total = (list: readonly Span[], what: string): number =>
  list.filter(({ name }) => name.startsWith(what)).reduce((sum, s) => sum + s.to - s.from, 0);
const all = new Array<unknown>(size).fill(null);
dist.allGatherObject(all, spans);
if (rank === 0) {
  const ranks = all as Span[][];
  const origin = Math.min(...ranks.flat().map(({ from }) => from));
  const traceEvents = ranks.flatMap((list, pid) => [
    { name: 'process_name', ph: 'M', pid, args: { name: `rank ${pid}` } },
    { name: 'thread_name', ph: 'M', pid, tid: JS, args: { name: 'JavaScript' } },
    { name: 'thread_name', ph: 'M', pid, tid: COMMUNICATION, args: { name: 'communication' } },
    ...list.map(({ name, tid, from, to, args }) => ({
      name,
      ph: 'X',
      pid,
      tid,
      ts: (from - origin) * 1000,
      dur: (to - from) * 1000,
      ...(args && { args }),
    })),
  ]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ traceEvents, displayTimeUnit: 'ms' })}\n`);
  ranks.forEach((list, r) => {
    const [reduced, waited] = [total(list, 'all-reduce'), total(list, 'wait')];
    const hidden = (100 * Math.max(0, reduced - waited)) / reduced;
    const backward = total(list, 'backward').toFixed(2);
    console.log(
      `rank ${r}: backward ${backward} ms, all-reduces ${reduced.toFixed(2)} ms, waited ${waited.toFixed(2)} ms: ${hidden.toFixed(0)} % hidden`,
    );
  });
  console.log(file);
}
dist.destroyProcessGroup();
