// A loader's side of its worker threads: starts them, keeps each supplied with requests, and gives the batches in order,
// to callers that wait with the event loop or without it. Called by loader.ts.
import type { MessagePort, Worker } from 'node:worker_threads';
import { workerThreads } from '../builtins.ts';
import { DeviceError, DtypeError, OutOfMemoryError, ShapeError } from '../errors.ts';
import { FileFormatError } from '../io/errors.ts';
import { native } from '../native.ts';
import { Dataset } from './dataset.ts';
import { IterableDataset, type Source } from './fetch.ts';
import { decode, type Encoded, encode, isPortable } from './transfer.ts';
import { type Answer, inWorker, MARK, type Request, type WorkerPlan } from './worker.ts';

/** What the workers of a loader have in common. */
export interface PoolPlan {
  readonly dataset: Source;
  readonly numWorkers: number;
  readonly prefetchFactor: number;
  readonly inOrder: boolean;
  /** Milliseconds; 0 waits for ever. */
  readonly timeout: number;
  readonly seed: bigint;
  readonly module: string | null;
  readonly workerInitFn: string | null;
  readonly collate: string;
  readonly batchSize: number | null;
  readonly dropLast: boolean;
  /** What is made here of a batch that came as samples. */
  readonly finish: ((batch: never) => unknown) | null;
}

const classes: readonly (new (message: string) => Error)[] = [
  TypeError,
  RangeError,
  SyntaxError,
  ShapeError,
  DtypeError,
  DeviceError,
  OutOfMemoryError,
  FileFormatError,
];
/** A worker's error as one of this thread's, with the worker's stack below its own. */
function errorOf(worker: number, { name, message, stack }: NonNullable<Answer['error']>): Error {
  const text = message.replace(/^DataLoader: /, '');
  const Class = classes.find((c) => c.name === name) ?? Error;
  const error = new Class(`DataLoader: caught ${name} in worker ${worker}: ${text}`);
  error.stack = `${error.stack}\n  in worker ${worker}:\n${stack}`;
  return error;
}

// The library's own sources run where it is developed: there the thread needs what reads TypeScript.
const IN_SOURCE = import.meta.url.endsWith('.ts');
/**
 * What a thread runs: it loads the library. A loader that waits without its event loop gets no event of a thread that
 * ends, so the thread tells itself, whatever fails in it: the reason by its port, the end in shared memory.
 */
const START = `Promise.all(['worker_threads', 'module', 'url'].map((m) => import('node:' + m))).then(([{ workerData }, { createRequire }, { fileURLToPath }]) => {
  const { id, port, signal, url } = workerData;
  globalThis[Symbol.for('${MARK}')] = workerData;
  process.on('uncaughtExceptionMonitor', (error) => {
    port.postMessage({ epoch: -1, id, fatal: error instanceof Error ? error.name + ': ' + error.message : String(error) });
  });
  process.on('exit', (code) => {
    Atomics.store(signal, 1 + id, 1 + code);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
  // importing a large CommonJS file takes twice as long as requiring it
  return url.endsWith('.cjs') ? createRequire(url)(fileURLToPath(url)) : import(url);
});`;
function startThread(plan: WorkerPlan): Worker {
  const options = { eval: true, transferList: [plan.port], stdout: false, stderr: false };
  const url = import.meta.url; // not destructured: the build replaces these very words
  const { Worker } = workerThreads();
  if (!IN_SOURCE) return new Worker(START, { ...options, workerData: { ...plan, url } });
  const source = new URL('./worker-source.mjs', url).href;
  return new Worker(START, { ...options, workerData: { ...plan, url: source }, execArgv: [] });
}

const isDataset = (value: object): boolean => value instanceof Dataset || value instanceof IterableDataset;

interface Member {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly group: number;
  /** Has more of its iterable set. */
  active: boolean;
  dead: string | null;
}

/** The threads, for one epoch after the other. */
export class WorkerPool {
  readonly #plan: PoolPlan;
  readonly #members: Member[] = [];
  /** How many messages were sent, and of each worker that has ended 1 more than its exit code. */
  readonly #signal: Int32Array;
  #epoch = -1;
  #indices: Iterator<readonly number[] | number | null> | null = null;
  #sent = 0;
  #given = 0;
  #turn = 0;
  #received = 0;
  /** Requests under way: who has it, and the answer once it is there. */
  readonly #tasks = new Map<number, { readonly worker: number; answer: Answer | null }>();
  #wake: (() => void) | null = null;
  #stopped = false;

  constructor(plan: PoolPlan) {
    // as in PyTorch; a script that is its own workerModule would start itself over and over
    if (inWorker)
      throw new Error('DataLoader: a worker cannot have workers of its own (is the loop for isMainThread only?)');
    this.#plan = plan;
    this.#signal = new Int32Array(new SharedArrayBuffer(4 * (1 + plan.numWorkers)));
    const { dataset, numWorkers, seed, module, workerInitFn, collate, batchSize, dropLast } = plan;
    try {
      for (let id = 0; id < numWorkers; id++) {
        const group = native.createGroup();
        const { port1, port2 } = new (workerThreads().MessageChannel)();
        const encoded: Encoded = encode(dataset, {
          group,
          moved: [],
          fresh: false,
          ofModule: (value) => module !== null && !isPortable(value) && isDataset(value),
        });
        const worker = startThread({
          id,
          numWorkers,
          seed: BigInt.asUintN(64, seed + BigInt(id)),
          group,
          dataset: encoded,
          module,
          workerInitFn,
          collate,
          batchSize,
          dropLast,
          port: port2,
          signal: this.#signal,
        });
        const member: Member = { worker, port: port1, group, active: true, dead: null };
        this.#members.push(member);
        worker.unref();
        worker.on('error', (error) => this.#die(id, error instanceof Error ? error.message : String(error)));
        worker.on('exit', (code) => this.#die(id, `exited with code ${code}`));
        port1.on('message', (answer: Answer) => this.#receive(answer));
        port1.unref();
      }
    } catch (error) {
      this.stop();
      throw error;
    }
  }
  #die(id: number, why: string): void {
    this.#members[id]!.dead ??= why;
    this.#wake?.();
  }

  /** Starts an epoch: asks for its first batches. */
  begin(indices: Iterator<readonly number[] | number | null>): void {
    this.#epoch++;
    this.#indices = indices;
    this.#sent = this.#given = this.#turn = 0;
    for (const { answer, worker } of this.#tasks.values()) if (answer) this.#discard(answer, worker);
    this.#tasks.clear();
    for (const m of this.#members) m.active = true;
    for (let i = 0; i < this.#plan.prefetchFactor * this.#plan.numWorkers; i++) this.#ask();
  }
  /** Ends an epoch before its end. */
  end(): void {
    this.#indices = null;
  }
  /** Terminates the threads and frees what is under way. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#indices = null;
    this.#tasks.clear();
    for (const { worker, port, group } of this.#members) {
      native.abandonGroup(group);
      port.close();
      void worker.terminate();
    }
    this.#wake?.();
  }
  get stopped(): boolean {
    return this.#stopped;
  }

  #ask(): void {
    const { numWorkers, prefetchFactor } = this.#plan;
    if (this.#indices === null || this.#tasks.size >= prefetchFactor * numWorkers) return;
    let worker = -1;
    for (let i = 0; i < numWorkers && worker < 0; i++) {
      const at = (this.#turn + i) % numWorkers;
      if (this.#members[at]!.active) worker = at;
    }
    if (worker < 0) return;
    const next = this.#indices.next();
    if (next.done) {
      this.#indices = null;
      return;
    }
    this.#turn = (worker + 1) % numWorkers;
    const id = this.#sent++;
    this.#tasks.set(id, { worker, answer: null });
    const request: Request = { epoch: this.#epoch, id, indices: next.value };
    this.#members[worker]!.port.postMessage(request);
  }
  #discard(answer: Answer, worker: number): void {
    // claims what the answer carries, which then is garbage
    if (answer.value && !this.#stopped && !this.#members[worker]!.dead) decode(answer.value);
  }
  #receive(answer: Answer): void {
    this.#received++;
    if (answer.fatal !== undefined) {
      this.#die(answer.id, answer.fatal);
      return;
    }
    const task = answer.epoch === this.#epoch ? this.#tasks.get(answer.id) : undefined;
    if (task) task.answer = answer;
    else this.#discard(answer, 0);
    this.#wake?.();
  }
  #drain(): void {
    for (const { port } of this.#members) {
      const { receiveMessageOnPort } = workerThreads();
      for (let m = receiveMessageOnPort(port); m; m = receiveMessageOnPort(port)) this.#receive(m.message as Answer);
    }
  }

  /** The next batch if it is there: undefined if not yet, null after the last one. */
  #ready(): { readonly value: unknown } | null | undefined {
    for (;;) {
      if (this.#stopped) return null;
      let found: number | undefined;
      if (this.#plan.inOrder) {
        while (this.#given < this.#sent && !this.#tasks.has(this.#given)) this.#given++;
        if (this.#given < this.#sent) found = this.#given;
      } else {
        for (const [id, { answer }] of this.#tasks) {
          found = id;
          if (answer) break;
        }
      }
      if (found === undefined) return null;
      const { worker, answer } = this.#tasks.get(found)!;
      if (!answer) {
        if (!this.#members[worker]!.active) {
          // asked for before its end was known
          this.#tasks.delete(found);
          continue;
        }
        return undefined;
      }
      this.#tasks.delete(found);
      if (answer.end) {
        this.#members[worker]!.active = false;
        this.#ask();
        continue;
      }
      this.#ask();
      if (answer.error) throw errorOf(worker, answer.error);
      const value = decode(answer.value!);
      return { value: this.#plan.finish === null ? value : this.#plan.finish(value as never) };
    }
  }
  /** Throws if a worker that an answer is awaited from will not give it. Tells whether one came meanwhile. */
  #checkAlive(): boolean {
    const ended = [...this.#members.keys()].filter((id) => {
      const { dead, group } = this.#members[id]!;
      return dead !== null || Atomics.load(this.#signal, 1 + id) !== 0 || native.groupEnded(group);
    });
    if (ended.length === 0) return false;
    const before = this.#received;
    this.#drain(); // what they sent before
    const waited = new Set<number>();
    for (const { worker, answer } of this.#tasks.values()) if (answer === null) waited.add(worker);
    const found = ended.find((id) => waited.has(id));
    if (found === undefined) return this.#received !== before;
    const code = Atomics.load(this.#signal, 1 + found) - 1;
    const dead = this.#members[found]!.dead ?? (code < 0 ? null : `exited with code ${code}`);
    throw new Error(`DataLoader: worker ${found} ended unexpectedly${dead === null ? '' : `: ${dead}`}`);
  }
  #tooLate(since: number): void {
    const { timeout } = this.#plan;
    if (timeout > 0 && performance.now() - since >= timeout)
      throw new Error(`DataLoader: timed out after ${timeout / 1000} seconds`);
  }

  /** The next batch, waiting without the event loop. */
  next(): { readonly value: unknown } | null {
    const start = performance.now();
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      this.#drain();
      const found = this.#ready();
      if (found !== undefined) return found;
      const { timeout } = this.#plan;
      const left = timeout > 0 ? Math.max(0, timeout - (performance.now() - start)) : 100;
      if (Atomics.wait(this.#signal, 0, seen, Math.min(100, left)) === 'timed-out') {
        this.#drain();
        if (Atomics.load(this.#signal, 0) !== seen || this.#checkAlive()) continue;
        this.#tooLate(start);
      }
    }
  }
  /** The next batch, waiting with the event loop, which it keeps alive meanwhile. */
  async nextAsync(): Promise<{ readonly value: unknown } | null> {
    const start = performance.now();
    const { timeout } = this.#plan;
    for (;;) {
      this.#drain();
      const found = this.#ready();
      if (found !== undefined) return found;
      if (this.#checkAlive()) continue;
      this.#tooLate(start);
      let timer: NodeJS.Timeout | undefined;
      // the port of a thread that ends closes before the thread tells so
      for (const { port, worker } of this.#members) {
        port.ref();
        worker.ref();
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (timeout > 0) timer = setTimeout(resolve, Math.max(1, timeout - (performance.now() - start)));
      });
      this.#wake = null;
      clearTimeout(timer);
      for (const { port, worker } of this.#members) {
        if (!this.#stopped) port.unref();
        worker.unref();
      }
    }
  }
}
