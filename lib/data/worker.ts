// A loader's worker thread: rebuilds the dataset, makes the batches that it is asked for and sends them. Starts by itself
// where pool.ts started the thread; the rest of the file is what both sides agree on.
import type { MessagePort, Transferable } from 'node:worker_threads';
import { describe } from '../errors.ts';
import { native } from '../native.ts';
import { manualSeed } from '../random.ts';
import { Dataset } from './dataset.ts';
import { type Collate, fetcher, isPromise, IterableDataset, type Source, stream } from './fetch.ts';
import { type WorkerInfo, setWorkerInfo } from './info.ts';
import { decode, type Encoded, encode } from './transfer.ts';
import { readTypeScript } from './typescript.ts';

/** Where a loader's thread finds what it is started with, as a global symbol; there is none in other threads. */
export const MARK = 'flambeau.DataLoader';

/** What a worker is started with. */
export interface WorkerPlan {
  readonly id: number;
  readonly numWorkers: number;
  readonly seed: bigint;
  readonly group: number;
  readonly dataset: Encoded;
  readonly module: string | null;
  readonly workerInitFn: string | null;
  /** `default`, `convert`, `none`, or the name of an export of the module. */
  readonly collate: string;
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  readonly port: MessagePort;
  /** Counts messages, for a loader that waits without its event loop; and tells how workers have ended. */
  readonly signal: Int32Array;
}
/** A batch that is asked for; without indices the next one of an iterable set. */
export interface Request {
  readonly epoch: number;
  readonly id: number;
  readonly indices: readonly number[] | number | null;
}
/** What a worker answers: a batch, the end of its iterable set, or an error. */
export interface Answer {
  readonly epoch: number;
  readonly id: number;
  /** Why the worker of this `id` ends. */
  readonly fatal?: string;
  readonly value?: Encoded;
  readonly end?: true;
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
}

const failure = (error: unknown): NonNullable<Answer['error']> =>
  error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack ?? '' }
    : { name: 'Error', message: describe(error), stack: '' };

type Exports = Readonly<Record<string, unknown>>;
/** An export of an ES module, or of a CommonJS one. */
function exported(module: Exports, name: string): unknown {
  if (name in module) return module[name];
  const { default: inner } = module;
  return typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined;
}
async function exportedFunction(
  module: Exports | null,
  plan: WorkerPlan,
  name: string,
): Promise<(...args: never[]) => unknown> {
  const found = module && exported(module, name);
  if (typeof found !== 'function')
    throw new TypeError(`DataLoader: ${plan.module} exports no function '${name}' but ${describe(found)}`);
  return found as (...args: never[]) => unknown;
}

/** The dataset that the module exports: itself, its class, or a function that makes it. */
async function datasetOf(module: Exports, plan: WorkerPlan): Promise<Source> {
  let found = exported(module, 'dataset') ?? module.default;
  if (typeof found === 'function') {
    const isClass = found.prototype instanceof Dataset || found.prototype instanceof IterableDataset;
    found = isClass ? new (found as new () => Source)() : await (found as () => unknown)();
  }
  if (found instanceof Dataset || found instanceof IterableDataset || Array.isArray(found)) return found as Source;
  throw new TypeError(
    `DataLoader: ${plan.module} must export 'dataset' or a default: a dataset, or a function that gives one, but has ${describe(found)}`,
  );
}

interface Ready {
  readonly dataset: Source;
  readonly collate: Collate;
}
async function prepare(plan: WorkerPlan): Promise<Ready> {
  const { id, numWorkers, seed } = plan;
  const asNumber = seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed;
  const info: WorkerInfo = { id, numWorkers, seed: asNumber, dataset: null };
  setWorkerInfo(info);
  if (plan.module !== null) await readTypeScript(plan.module);
  const module = plan.module === null ? null : ((await import(plan.module)) as Exports);
  const dataset = decode(
    plan.dataset,
    module && plan.dataset !== null ? await datasetOf(module, plan) : null,
  ) as Source;
  setWorkerInfo({ ...info, dataset });
  manualSeed(seed);
  if (plan.workerInitFn !== null)
    await ((await exportedFunction(module, plan, plan.workerInitFn)) as (id: number) => unknown)(id);
  const { collate } = plan;
  if (collate === 'default' || collate === 'convert' || collate === 'none') return { dataset, collate };
  return { dataset, collate: (await exportedFunction(module, plan, collate)) as (batch: unknown[]) => unknown };
}

/** Answers requests, one after the other, until the thread is terminated. */
function serve(plan: WorkerPlan): void {
  const { port, signal, group } = plan;
  native.joinGroup(group);
  const send = (answer: Answer, moved: Transferable[] = []): void => {
    port.postMessage(answer, moved);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  const ready = prepare(plan);
  ready.catch(() => {}); // each request gets the error
  let batches: Iterator<unknown> | null = null;
  let epoch = -1;
  const answer = async ({ id, epoch: asked, indices }: Request): Promise<void> => {
    try {
      const { dataset, collate } = await ready;
      let value: unknown;
      if (dataset instanceof IterableDataset) {
        if (asked !== epoch) batches = null;
        batches ??= stream(dataset, plan.batchSize, plan.dropLast, collate);
        epoch = asked;
        const next = batches.next();
        if (next.done) {
          send({ epoch: asked, id, end: true });
          return;
        }
        value = next.value;
      } else value = fetcher(dataset, collate)(indices!);
      if (isPromise(value)) value = await value;
      const moved: ArrayBuffer[] = [];
      const fresh = collate === 'default';
      send({ epoch: asked, id, value: encode(value, { group, moved, fresh, ofModule: () => false }) }, moved);
    } catch (error) {
      send({ epoch: asked, id, error: failure(error) });
    }
  };
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: Request) => {
    last = last.then(() => answer(request));
  });
}

/** The plan of a loader's own thread, which it leaves here before it loads the library (pool.ts). */
const plan: unknown = Reflect.get(globalThis, Symbol.for(MARK));
/** Whether this is a loader's own thread. */
export const inWorker: boolean = plan !== undefined;
// after the rest of the library has loaded
if (inWorker) setImmediate(serve, plan as WorkerPlan);
