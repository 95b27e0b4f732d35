// MPI's transport: loads the addon that `npm run build:mpi` makes (native/mpi/), and makes its calls on the CPU's tensors.
// Used by group.ts. What is under way keeps its memory by pins, whatever JavaScript drops or disposes of.
import { inspect } from 'node:util';
import { libraryVersion, requireHere } from '../addon.ts';
import { noGrad } from '../autograd/mode.ts';
import { workerThreads } from '../builtins.ts';
import { allocateOwn } from '../memory.ts';
import { native } from '../native.ts';
import { Tensor } from '../tensor.ts';
import { mismatch } from './debug.ts';
import { type Call, kinds, type Transport } from './engine.ts';
import { DistBackendError, DistError } from './errors.ts';
import { Work } from './work.ts';

/** Mirror of native/mpi/addon.cc. */
interface Addon {
  version(): string;
  library(): string;
  start(words: Float64Array, completed: () => void): [rank: number, size: number, localRank: number, localSize: number];
  run(): string | undefined;
  runWith(fingerprint: string, inSplits?: Float64Array, outSplits?: Float64Array): string | undefined;
  launch(fingerprint?: string, inSplits?: Float64Array, outSplits?: Float64Array): number;
  wait(id: number, seconds: number): boolean;
  done(id: number): boolean;
  watch(id: number): void;
  hold(on: boolean): void;
  take(id: number): string | undefined;
  completed(): number[];
  createGroup(ranks: Float64Array, local: boolean, tag: number, name: string): number;
  freeGroup(group: number): void;
  abort(message: string, code: number): void;
  finish(): void;
}

const BUILT = '../build/mpi/flambeau_mpi.node';
/** Where `npx flambeau-build --mpi` has built it. */
const PACKAGE = '@flambeau/source/build/mpi/flambeau_mpi.node';
const REMEDY =
  'Install MPI (Debian: apt install libopenmpi-dev openmpi-bin), then build it: `npm install @flambeau/source` and `npx flambeau-build --mpi`, ' +
  'in a clone `npm run build:mpi`; ' +
  'FLAMBEAU_MPI_ADDON names one that lies elsewhere.';

interface World {
  readonly addon: Addon;
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
}
let loaded: Addon | null = null;
let why = '';

function load(): Addon | null {
  if (loaded !== null) return loaded;
  const require = requireHere();
  const named = process.env.FLAMBEAU_MPI_ADDON;
  const reasons: string[] = [];
  for (const id of named === undefined ? [BUILT, PACKAGE] : [named]) {
    try {
      const addon = require(id) as Addon;
      if (addon.version() === libraryVersion) return (loaded = addon);
      reasons.push(`${id} is of version ${addon.version()}, and the library of ${libraryVersion}`);
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      const missing = code === 'MODULE_NOT_FOUND' && message.includes(id);
      if (!missing || named !== undefined)
        reasons.push(`${id}: ${missing ? 'there is no such file' : message.split('\n')[0]}`);
    }
  }
  why = reasons.length > 0 ? reasons.join('; ') : 'the addon for MPI is not built';
  return null;
}
/** Whether the addon is there. */
export const mpiAvailable = (): boolean => load() !== null;

// ---- under way --------------------------------------------------------------------------------------------------------

/** In the order of native/mpi/addon.cc. */
const words = new Float64Array(14);
const [KIND, DTYPE, REDUCTION, PEER, TAG, GROUP, OUT, OUT_COUNT, IN, IN_COUNT, TIMEOUT, SOURCE, SINCE, UNTIL] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
] as const;
const numbers: ReadonlyMap<string, number> = new Map(kinds.map((kind, i) => [kind, i]));
let world: World | null = null;
const underWay = new Map<number, MpiWork>();
/** How many promises wait: the event loop goes on until none does. */
let promised = 0;

function reap(): void {
  if (world === null) return;
  for (const id of world.addon.completed()) underWay.get(id)?.settle();
}

class MpiWork extends Work {
  readonly #addon: Addon;
  readonly #id: number;
  readonly #call: Call;
  readonly #pins: readonly number[];
  readonly #ranks: readonly number[];
  #ended = false;
  #promise: Promise<readonly Tensor[]> | null = null;
  #resolve: ((tensors: readonly Tensor[]) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  constructor(addon: Addon, id: number, call: Call, pins: readonly number[], ranks: readonly number[]) {
    super(call.results);
    this.#addon = addon;
    this.#id = id;
    this.#call = call;
    this.#pins = pins;
    this.#ranks = ranks;
    underWay.set(id, this);
  }
  /** It has ended: lets the memory go, and puts results where they belong. */
  settle(): void {
    if (this.#ended) return;
    this.#ended = true;
    underWay.delete(this.#id);
    const failed = this.#addon.take(this.#id);
    this.#call.source = words[SOURCE]!;
    if (words[UNTIL]! > 0) this.ran = [words[SINCE]!, words[UNTIL]!];
    for (const handle of this.#pins) native.unpin(handle);
    try {
      if (failed !== undefined) this.error = failure(this.#call.where, failed, this.#ranks);
      else this.#call.after?.();
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    if (this.#promise === null) return;
    if (--promised === 0) this.#addon.hold(false);
    if (this.error === null) this.#resolve?.(this.#call.results);
    else this.#reject?.(this.error);
  }
  override wait(timeout?: number | null): boolean {
    if (!this.#ended) {
      if (!this.#addon.wait(this.#id, timeout ?? 0))
        throw new DistBackendError(`wait: ${this.#call.where} has not ended within ${timeout} s`);
      this.settle();
    }
    if (this.error !== null) throw this.error;
    return true;
  }
  override isCompleted(): boolean {
    if (!this.#ended && this.#addon.done(this.#id)) this.settle();
    return this.#ended;
  }
  override sourceRank(): number {
    return this.isCompleted() ? this.#call.source : -1;
  }
  override getFuture(): Promise<readonly Tensor[]> {
    if (this.#promise !== null) return this.#promise;
    if (this.isCompleted())
      return (this.#promise = this.error === null ? Promise.resolve(this.#call.results) : Promise.reject(this.error));
    if (promised++ === 0) this.#addon.hold(true);
    this.#addon.watch(this.#id);
    return (this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    }));
  }
}

function failure(where: string, text: string, ranks: readonly number[]): Error {
  const [first, ...said] = text.split('\n');
  if (first === 'MISMATCH') return mismatch(where, ranks, said);
  return new DistBackendError(
    `${where}: ${text}${/truncat/i.test(text) ? ': the ranks gave tensors of different sizes (FLAMBEAU_DISTRIBUTED_DEBUG=detail says which)' : ''}`,
  );
}

/** Where a tensor's elements are. Its memory stays until `native.unpin(handle)`. */
function place(x: Tensor | null, at: number, count: number): number {
  if (x === null || x.count === 0) {
    words[at] = 0;
    words[count] = 0;
    return -1;
  }
  const { storage } = x;
  const { handle } = storage;
  const address = native.pin(handle);
  words[at] = Math.abs(address) + storage.byteOffset + x.offset * x.dt.size;
  words[count] = x.count;
  return address < 0 ? -2 - handle : handle;
}
/** Memory of the same form that nobody can take away. */
function copyOf(x: Tensor, filled: boolean): Tensor {
  const copy = new Tensor(allocateOwn(x.count * x.dt.size, x.device), x.dt, x.sizes, null, 0, x.count);
  if (filled) noGrad(() => copy.copy_(x));
  return copy;
}
const READS_OUTPUT: ReadonlySet<string> = new Set(['allReduce', 'broadcast', 'reduce']);

/** A group on MPI. */
export class MpiTransport implements Transport {
  readonly name = 'mpi';
  readonly device = 'cpu';
  readonly #world: World;
  readonly #group: number;
  readonly #ranks: readonly number[];

  private constructor(at: World, group: number, ranks: readonly number[]) {
    this.#world = at;
    this.#group = group;
    this.#ranks = ranks;
  }
  /** Made on all ranks of the world, or with `tag` on those of the group alone; null for who is not in it. */
  static create(ranks: readonly number[], name: string, tag: number | null): MpiTransport | null {
    const at = world!;
    reap();
    const group = at.addon.createGroup(Float64Array.from(ranks), tag !== null, tag ?? 0, name);
    return group < 0 ? null : new MpiTransport(at, group, ranks);
  }
  run(call: Call): Work | null {
    const { addon } = this.#world;
    if (underWay.size > 0) reap();
    const { kind, output, input } = call;
    words[KIND] = numbers.get(kind)!;
    words[DTYPE] = (output ?? input)?.dt.code ?? 0;
    words[REDUCTION] = call.op;
    words[PEER] = call.peer;
    words[TAG] = call.tag;
    words[GROUP] = this.#group;
    words[TIMEOUT] = call.timeout;
    const to = place(output, OUT, OUT_COUNT);
    let from = -1;
    let launched = false;
    try {
      from = place(input, IN, IN_COUNT);
      if (call.asynchronous && (to < -1 || from < -1)) return this.#runCopied(call, to < -1, from < -1);
      const plain = call.fingerprint === null && call.inSplits === null;
      if (!call.asynchronous) {
        const failed = plain ? addon.run() : addon.runWith(...extras(call));
        if (failed !== undefined) throw failure(call.where, failed, this.#ranks);
        call.source = words[SOURCE]!;
        call.after?.();
        return null;
      }
      const id = plain ? addon.launch() : addon.launch(...extras(call));
      launched = true;
      const pins = [to, from].filter((handle) => handle >= 0);
      return new MpiWork(addon, id, call, pins, this.#ranks);
    } finally {
      if (!launched) {
        if (to !== -1) native.unpin(to < 0 ? -2 - to : to);
        if (from !== -1) native.unpin(from < 0 ? -2 - from : from);
      }
    }
  }
  /** An ArrayBuffer's memory may be detached by the script, so others have theirs from a copy. */
  #runCopied(call: Call, to: boolean, from: boolean): Work | null {
    const { output, input, after } = call;
    const written = to ? copyOf(output!, READS_OUTPUT.has(call.kind)) : output;
    const back = (): void => {
      if (to) noGrad(() => output!.copy_(written!));
      after?.();
    };
    return this.run({ ...call, output: written, input: from ? copyOf(input!, true) : input, after: back });
  }
  together<R>(f: () => R): R {
    return f();
  }
  close(): void {
    reap();
    for (const work of [...underWay.values()]) work.isCompleted();
    this.#world.addon.freeGroup(this.#group);
    reap();
  }
}

const extras = (call: Call): [fingerprint: string, inSplits?: Float64Array, outSplits?: Float64Array] =>
  call.inSplits === null || call.outSplits === null
    ? [call.fingerprint ?? '']
    : [call.fingerprint ?? '', Float64Array.from(call.inSplits), Float64Array.from(call.outSplits)];

// ---- the process --------------------------------------------------------------------------------------------------------

let uncaught: { error: unknown } | null = null;
/** Whether the group of all was destroyed: what happens afterwards is this process's own affair. */
let left = false;
export function leave(): void {
  left = true;
}

/** The end of this process: that of the job if it is a bad one, for the others would wait for it. */
function atExit(addon: Addon, size: number, code: number): void {
  if (code === 0 || left || size === 1) {
    addon.finish();
    return;
  }
  // Node prints an uncaught error after this
  const reason = uncaught === null ? `it exits with code ${code}` : `it ends by ${inspect(uncaught.error)}\n`;
  addon.abort(`${reason}; the job ends with it`, code);
}

/** Starts MPI, once. */
export function startMpi(where: string): World {
  left = false;
  if (world !== null) return world;
  if (!workerThreads().isMainThread) throw new DistError(`${where}: MPI is for the main thread, this is a worker`);
  const addon = load();
  if (addon === null) throw new DistError(`${where}: backend 'mpi' cannot be used: ${why}. ${REMEDY}`);
  const [rank, size, localRank, localSize] = addon.start(words, reap);
  process.on('uncaughtExceptionMonitor', (error) => {
    uncaught = { error };
  });
  process.on('exit', (code) => atExit(addon, size, code));
  return (world = { addon, rank, size, localRank, localSize });
}
/** The rank among the processes of this machine; null before MPI runs. */
export const localRank = (): number | null => world?.localRank ?? null;
/** How many ranks this machine has; null before MPI runs. */
export const localSize = (): number | null => world?.localSize ?? null;
/** What MPI calls itself. */
export function mpiLibrary(): string | null {
  return load()?.library() ?? null;
}
