// Many requests at once: `node --import tsx examples/serve/load.ts --requests 100000` starts the server of index.ts, drives it
// with autocannon, stops it in the middle of work and prints latencies, event-loop delay and memory. Also run by the tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { program } from 'commander';
import type { Health } from './server.ts';

const MB = 2 ** 20;

/** What is asked of the server. */
export interface Load {
  readonly checkpoint: string;
  readonly requests: number;
  readonly connections: number;
}
/** What came of it; milliseconds, and bytes after each tenth of the requests. */
export interface Report {
  readonly perSecond: number;
  readonly latency: { p50: number; p97_5: number; p99: number; max: number };
  readonly failed: number;
  readonly eventLoopDelay: Health['eventLoopDelay'];
  readonly rss: readonly number[];
  /** Of the requests that were in work when the server was told to stop, how many were answered; and how it ended. */
  readonly stopped: { readonly asked: number; readonly answered: number; readonly exitCode: number | null };
}

const image = (seed: number): number[] =>
  Array.from({ length: 784 }, (_, i) => Math.round(500 + 500 * Math.sin(seed + i / 9)) / 1000);
const body = (images: number): string => JSON.stringify({ images: Array.from({ length: images }, (_, i) => image(i)) });
const json = { 'content-type': 'application/json' };
const health = async (url: string, query = ''): Promise<Health> =>
  (await (await fetch(`${url}/health${query}`)).json()) as Health;

async function start(checkpoint: string): Promise<{ url: string; server: ChildProcess }> {
  const index = fileURLToPath(new URL('index.ts', import.meta.url));
  const server = spawn(process.execPath, ['--import', 'tsx', index, '--checkpoint', checkpoint, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(server.stdout!)) {
    const url = /^listening at (\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      server.stdout!.resume();
      return { url, server };
    }
  }
  throw new Error('the server did not start');
}

/** Stops the server while it works at requests of 64 images each. */
async function stop(url: string, server: ChildProcess): Promise<Report['stopped']> {
  const asked = 8;
  const heavy = body(64);
  const { answered } = await health(url);
  const answers = Array.from({ length: asked }, async () => {
    const response = await fetch(`${url}/predict`, { method: 'POST', headers: json, body: heavy });
    const { predictions } = (await response.json()) as { predictions?: unknown[] };
    return response.ok && predictions?.length === 64;
  });
  for (;;) {
    const now = await health(url);
    if (now.answered - answered + now.waiting >= asked) break;
  }
  const exit = once(server, 'exit');
  server.kill('SIGTERM');
  const all = await Promise.allSettled(answers);
  const [exitCode] = (await exit) as [number | null];
  return { asked, answered: all.filter((a) => a.status === 'fulfilled' && a.value).length, exitCode };
}

/** Starts a server, sends all requests to it, and stops it. */
export async function load({ checkpoint, requests, connections }: Load): Promise<Report> {
  const { url, server } = await start(checkpoint);
  try {
    const send = (amount: number): Promise<autocannon.Result> =>
      Promise.resolve(
        autocannon({ url: `${url}/predict`, method: 'POST', headers: json, body: body(1), connections, amount }),
      );
    await send(connections * 4); // code is compiled, memory taken
    await health(url, '?reset');
    const rss: number[] = [];
    const sampler = setInterval(async () => {
      const { answered, rss: bytes } = await health(url).catch(() => ({ answered: 0, rss: 0 }));
      if (answered >= ((rss.length + 1) * requests) / 10) rss.push(bytes);
    }, 200);
    const result = await send(requests);
    clearInterval(sampler);
    const last = await health(url);
    const { latency, errors, timeouts, non2xx } = result;
    return {
      perSecond: requests / result.duration,
      latency: { p50: latency.p50, p97_5: latency.p97_5, p99: latency.p99, max: latency.max },
      failed: errors + timeouts + non2xx,
      eventLoopDelay: last.eventLoopDelay,
      rss: [...rss, last.rss],
      stopped: await stop(url, server),
    };
  } finally {
    server.kill('SIGKILL'); // does nothing if it has ended
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  program
    .option('--checkpoint <file>', 'the weights; trained where there are none', 'digits-output/serve.pt')
    .option('--requests <number>', 'how many', '2000')
    .option('--connections <number>', 'how many at once', '16')
    .parse();
  const { checkpoint, requests, connections } = program.opts<Record<keyof Load, string>>();
  const report = await load({ checkpoint, requests: Number(requests), connections: Number(connections) });
  const { latency, eventLoopDelay: delay, stopped } = report;
  console.log(`requests        ${requests} over ${connections} connections, ${report.failed} failed`);
  console.log(`                ${report.perSecond.toFixed(0)} a second`);
  console.log(
    `latency         p50 ${latency.p50} ms, p97.5 ${latency.p97_5} ms, p99 ${latency.p99} ms, most ${latency.max} ms`,
  );
  console.log(`event loop      delayed by p50 ${delay.p50} ms, p99 ${delay.p99} ms, most ${delay.max} ms`);
  console.log(`resident memory ${report.rss.map((bytes) => (bytes / MB).toFixed(0)).join(' ')} MB`);
  console.log(
    `SIGTERM         ${stopped.answered} of ${stopped.asked} in work answered, exit code ${stopped.exitCode}`,
  );
}
