// Storages and when they are freed: slabs for small tensors, collections asked for in time, sweeps after them.
// The why and the measurements behind every constant are in DESIGN.md (Memory) and docs/memory.md.
import os from 'node:os';
import { mode } from './autograd/mode.ts';
import { v8, vm } from './builtins.ts';
import { cudaMemory } from './cuda/native.ts';
import { cpu, type Device } from './device.ts';
import { OutOfMemoryError } from './errors.ts';
import { figures, FREED_BYTES, LIVE_BYTES, LIVE_COUNT, native, PEAK_BYTES, SWEPT } from './native.ts';

const MB = 2 ** 20;
/** Tensors up to this size are cut from slabs; none are under AddressSanitizer, which sees whole blocks only. */
const SMALL = process.env.FLAMBEAU_SLABS === 'none' ? -1 : 4096;
let small = SMALL;
const SLAB = 32768;

/** What plans say instead of a handle once memory was disposed: native finds nothing there. */
const GONE = -3;

/** A block of native memory, what the native side's weak reference points at: many small tensors share a slab's. */
export class Block {
  handle = GONE;
  /** What has the bytes, if this does not by itself: see shared-memory.ts. */
  keeper: Block | SharedArrayBuffer | null = null;
  /** Whether storages have parts of it to themselves: those of a slab, or of a file. */
  parted = false;
}
/** What is left of a storage that was disposed. */
const gone = new Block();

/** The bytes under one or more tensors that are views of each other. */
export class Storage {
  block: Block;
  /** Where the bytes begin in the block: not zero in a slab. */
  byteOffset: number;
  readonly nbytes: number;
  /** Has the block to itself; else disposing of this storage only forgets it. */
  readonly alone: boolean;
  /** Where the bytes are. */
  readonly device: Device;
  /** Counts writes, so that backward notices a saved tensor that was changed. */
  version = 0;
  /** Which backward pass made it, 0 for everybody else's; see autograd/engine.ts. */
  maker = maker.current;
  /** Uses that the engine still has for it. */
  pending = 0;
  /** Made in inference mode: versions are not counted on. */
  inference = mode.inference;
  constructor(block: Block, byteOffset: number, nbytes: number, alone: boolean, device: Device) {
    this.block = block;
    this.byteOffset = byteOffset;
    this.nbytes = nbytes;
    this.alone = alone;
    this.device = device;
  }
  /** Native handle; negative once disposed. */
  get handle(): number {
    return this.block.handle;
  }
}

/** Whom new storages belong to: a number of the running backward pass, or 0. */
export const maker: { current: number } = { current: 0 };

// ---- collecting -----------------------------------------------------------------------------------------------------

type Collect = (options?: { type: 'minor' }) => void;
/** V8's own function. The flag is process-wide: it stays set, because unsetting it races with workers. */
function findCollector(): Collect | null {
  if (process.env.FLAMBEAU_GC === 'none') return null;
  try {
    v8().setFlagsFromString('--expose-gc');
    const found: unknown = vm().runInNewContext('gc');
    return typeof found === 'function' ? (found as Collect) : null;
  } catch {
    return null; // embedders may forbid new contexts: napi_adjust_external_memory does it then
  }
}
let known: Collect | null | undefined;
/** Looked for by the first collection: many a script is over before one. */
const collector = (): Collect | null => (known === undefined ? (known = findCollector()) : known);
const MINOR = { type: 'minor' } as const;

const total = ((): number => {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 && constrained < os.totalmem() ? constrained : os.totalmem();
})();
native.setLimit(Number(process.env.FLAMBEAU_MEMORY_LIMIT ?? 0) || Math.floor(total * 0.95));

const stats = { minor: 0, full: 0, skipped: 0, ms: 0 };

// The canary is an object that grows old and is let go; once it is gone, V8 has made a full collection of its own.
let canary: object | null = null;
let canaryAge = 0;
function canaryDied(): boolean {
  if (canaryAge < 3) {
    canary ??= { canary: true };
    if (++canaryAge === 3) {
      native.canary(canary);
      canary = null;
    }
    return false;
  }
  if (!native.canary()) return false;
  canaryAge = 0;
  return true;
}

/** What the policy of a device's memory goes by, in bytes. */
interface Limits {
  /** The nursery's least size, and the most that large blocks alone make it. */
  readonly nurseryMin: number;
  readonly nurseryMax: number;
  /** The least that is allocated between two full collections, and the most. */
  readonly gapMin: number;
  readonly cap: number;
}
const CPU_LIMITS: Limits = {
  nurseryMin: 8 * MB,
  nurseryMax: 64 * MB,
  gapMin: 128 * MB,
  cap: Math.min(1024 * MB, total / 8),
};
/** A GPU's memory is out of V8's sight and dear to collect: its nursery is larger from the start. */
function cudaLimits(memory: number): Limits {
  const eighth = Math.max(64 * MB, memory / 8);
  return { nurseryMin: 64 * MB, nurseryMax: eighth, gapMin: Math.max(128 * MB, eighth), cap: 2 * eighth };
}

/** When the memory of one device is collected. Collections themselves find the dead of all devices. */
class Collector {
  /** Where the device's figures begin. */
  readonly at: number;
  readonly #limits: Limits;
  #nursery: number;
  trigger: number;
  #gap: number;
  #fullAt: number;
  #liveAfterFull = 0;
  #fullCost = 0; // milliseconds of the last full collection
  // A nursery that proved too small cost a full collection: it stays large until that would be a small part of the time.
  #promoted = 0;
  #promotedUntil = 0;
  #patience = 8;
  largest = 0; // block asked for since the last collection
  #share = 0; // smoothed part of the time that minor collections take
  #lastEnd = 0; // since the process began
  #lastFull = 0;

  constructor(device: number, limits: Limits) {
    this.at = 8 * device;
    this.#limits = limits;
    this.#nursery = limits.nurseryMin;
    this.trigger = limits.nurseryMin;
    this.#gap = limits.gapMin;
    this.#fullAt = limits.gapMin;
  }

  #live(): number {
    return figures[this.at + LIVE_BYTES]!;
  }

  /** After a full collection: how much may be allocated until the next. */
  settle(start: number, end: number): void {
    this.#liveAfterFull = this.#live();
    const { gapMin, cap } = this.#limits;
    const base = Math.max(gapMin, this.#liveAfterFull * 0.75);
    const gap = (end - start) / (end - this.#lastFull) > 0.05 ? this.#gap * 1.5 : this.#gap * 0.9;
    this.#gap = Math.min(cap, Math.max(base, Math.min(gap, 2 * base)));
    this.#fullAt = this.#liveAfterFull + this.#gap;
    this.#lastFull = end;
    this.#fullCost = end - start;
  }

  /** Makes room for `bytes` more: sweeps, collects the young, and everything when much has grown old. */
  collect(bytes: number): void {
    const start = performance.now();
    const before = this.#live();
    const { nurseryMin, nurseryMax, gapMin, cap } = this.#limits;
    const gc = collector();
    native.sweep(canaryDied() ? 2 : 0);
    if (before - this.#live() > this.#nursery * 0.5) stats.skipped++;
    else if (!gc) collectFully();
    else {
      gc(MINOR);
      stats.minor++;
      native.sweep(1);
    }
    const freed = before - this.#live();
    const full = this.#live() + bytes > this.#fullAt;
    if (full) collectFully();
    const end = performance.now();
    stats.ms += end - start;
    this.#share = 0.8 * this.#share + (0.2 * (end - start)) / (end - start + Math.max(1e-3, start - this.#lastEnd));
    this.#lastEnd = end;

    // A small nursery keeps recycled blocks in the cache; one that is too small promotes the living, which only full
    // collections find. So it grows fast and shrinks slowly.
    const limit = Math.min(cap, Math.max(gapMin, this.#liveAfterFull));
    if (!full && this.#promoted > 0 && end > this.#promotedUntil) {
      this.#promoted = this.#promoted > nurseryMin ? this.#promoted / 2 : 0;
      this.#promotedUntil = end + this.#patience * this.#fullCost;
      if (this.#promoted === 0) this.#patience = 8;
    }
    const floor = Math.max(this.#promoted, Math.min(nurseryMax, Math.max(nurseryMin, 3 * this.largest)));
    this.largest = 0;
    if (freed < 0.5 * this.#nursery || full) {
      this.#nursery = Math.min(limit, this.#nursery * 1.5);
      if (full) {
        this.#promoted = this.#nursery;
        this.#patience = Math.min(256, 2 * this.#patience);
        this.#promotedUntil = end + this.#patience * this.#fullCost;
      }
    } else if (this.#share > 0.25) this.#nursery = Math.min(limit, this.#nursery * 1.2);
    else if (freed > 0.8 * this.#nursery) this.#nursery = this.#nursery * 0.9;
    if (this.#nursery < floor) this.#nursery = floor;
    this.setTrigger(bytes);
  }

  /** The next collection comes when the nursery is full, and not long after a full one is due: the peak is bounded. */
  setTrigger(bytes: number): void {
    const live = this.#live() + bytes;
    this.trigger = Math.min(
      live + this.#nursery,
      Math.max(this.#fullAt, live + Math.min(this.#nursery, this.#limits.nurseryMin)),
    );
  }
}

const ofCpu = new Collector(0, CPU_LIMITS);
/** Of the devices in use, by number. */
const collectors: Collector[] = [ofCpu];

function collectorOf(device: Device): Collector {
  return device === cpu
    ? ofCpu
    : (collectors[device.number] ??= new Collector(device.number, cudaLimits(cudaMemory(device.index!))));
}

function collectFully(): void {
  const start = performance.now();
  const gc = collector();
  if (gc) gc();
  else native.fullCollection();
  native.sweep(2);
  const end = performance.now();
  stats.full++;
  canaryAge = 0;
  collectors.forEach((c) => c.settle(start, end));
}

/** Finds what was made of late and is let go already, if that is enough to be worth it. */
export function collectYoung(bytes: number): void {
  if (bytes < CPU_LIMITS.nurseryMin) return;
  collector()?.(MINOR);
  native.sweep(1);
}

// ---- allocating -----------------------------------------------------------------------------------------------------

let slab = new Block();
let position = SLAB;

const size = (n: number): string => (n >= 1e9 ? `${(n / 2 ** 30).toFixed(2)} GiB` : `${(n / MB).toFixed(2)} MiB`);

function outOfMemory(where: string, bytes: number, device: Device): OutOfMemoryError {
  const pool = native.poolStats(device.number);
  const at = 8 * device.number;
  if (device !== cpu) {
    return new OutOfMemoryError(
      `${where}: CUDA out of memory. Tried to allocate ${size(bytes)}. ${device} has a total capacity of ${size(cudaMemory(device.index!))}:\n` +
        `  live by this thread  ${size(figures[at + LIVE_BYTES]!)} in ${figures[at + LIVE_COUNT]} storages\n` +
        `  reserved             ${size(pool.reserved)} by this process\n` +
        `  cached               ${size(pool.cached)} of these, free but in pieces\n` +
        `  limit                ${size(pool.limit)}`,
    );
  }
  return new OutOfMemoryError(
    `${where}: tried to allocate ${size(bytes)}; ${size(figures[LIVE_BYTES]!)} are in use by ${figures[LIVE_COUNT]} storages of this thread, ` +
      `${size(pool.reserved)} are reserved by the process (${size(pool.cached)} of them free) and the limit is ${size(pool.limit)}`,
  );
}

function obtain(bytes: number, device: Device, block: Block = new Block()): Block {
  const collector = device === cpu ? ofCpu : collectorOf(device);
  if (bytes > collector.largest) collector.largest = bytes;
  if (figures[collector.at + LIVE_BYTES]! + bytes > collector.trigger) collector.collect(bytes);
  const { number } = device;
  block.handle = native.allocate(bytes, block, number);
  if (block.handle < 0) {
    collectFully();
    native.trim(0, number);
    block.handle = native.allocate(bytes, block, number);
    if (block.handle < 0) throw outOfMemory('allocate', bytes, device);
  }
  return block;
}

function newSlab(): void {
  slab = obtain(SLAB, cpu);
  slab.parted = true;
  position = 0;
}

// What torch.tidy watches: the storages made since, innermost call last.
const trackers: Set<Storage>[] = [];
/** Notes the storages that are made from now on; stop() gives those that are not in use by a leaf's gradient. */
export function track(): { stop(): ReadonlySet<Storage> } {
  const made = new Set<Storage>();
  trackers.push(made);
  return {
    stop: () => {
      const at = trackers.indexOf(made);
      if (at >= 0) trackers.splice(at, 1);
      return made;
    },
  };
}
/** Takes a storage out of what tidy frees: the user holds it. */
export function untrack(storage: Storage): void {
  for (const made of trackers) made.delete(storage);
}

/** Memory for a tensor, uninitialised. */
export function allocate(nbytes: number, device: Device): Storage {
  if (!(nbytes >= 0)) throw new RangeError(`allocate: impossible sizes (${nbytes} bytes)`);
  if (nbytes > small || device !== cpu) {
    const storage = allocateOwn(nbytes, device);
    if (trackers.length > 0) for (const made of trackers) made.add(storage);
    return storage;
  }
  const size = nbytes === 0 ? 64 : (nbytes + 63) & ~63;
  if (position + size > SLAB) newSlab();
  const storage = new Storage(slab, position, nbytes, false, cpu);
  position += size;
  return storage;
}

/** Whether small tensors share memory. While calls are recorded each has its own: whether it is computed is known of blocks. */
export function shareSlabs(on: boolean): void {
  small = on ? SMALL : -1;
}

/** Memory that is made to last (a parameter, optimizer state): never part of a slab, which it would keep alive. */
export function allocateOwn(nbytes: number, device: Device): Storage {
  if (!(nbytes >= 0)) throw new RangeError(`allocate: impossible sizes (${nbytes} bytes)`);
  return new Storage(obtain(nbytes, device), 0, nbytes, true, device);
}

/** The memory of an ArrayBuffer, shared with it. */
export function adopt(where: string, buffer: ArrayBuffer): Storage {
  const block = new Block();
  block.handle = native.adopt(buffer, block);
  if (block.handle < 0) throw new TypeError(`${where}: the ArrayBuffer is detached`);
  return new Storage(block, 0, buffer.byteLength, false, cpu);
}

function makeRoom(nbytes: number): void {
  if (figures[LIVE_BYTES]! + nbytes > ofCpu.trigger) ofCpu.collect(nbytes);
}
/** A number by which one other thread may claim() this memory; -1 where it cannot be shared. `group`: see native/shared.h. */
export const shareStorage = (storage: Storage, group: number): number => native.share(storage.handle, group);
/** Memory that another thread shared, not copied; null if it was given up meanwhile. */
export function claim(number: number, nbytes: number): Storage | null {
  makeRoom(nbytes);
  const block = new Block();
  block.handle = native.claim(number, block);
  return block.handle < 0 ? null : new Storage(block, 0, nbytes, true, cpu);
}
/** The pages of a file, read when they are touched; what is written to them stays in this process. */
export function mapFile(path: string): (byteOffset: number, nbytes: number) => Storage {
  const block = new Block();
  block.handle = native.mapFile(path, block);
  block.parted = true;
  return (byteOffset, nbytes) => new Storage(block, byteOffset, nbytes, false, cpu);
}

/** For `nbytes` from a multiple of 64 on; freed by V8 when no thread has it, and no message under way. */
export function newShared(where: string, nbytes: number): SharedArrayBuffer {
  const make = (): SharedArrayBuffer => new SharedArrayBuffer(nbytes + 64);
  makeRoom(nbytes);
  try {
    return make();
  } catch {
    collectFully();
    native.trim(0);
    try {
      return make();
    } catch {
      throw outOfMemory(where, nbytes, cpu);
    }
  }
}
/** Lays a block over such memory, which counts as this thread's as long as it has the block. `fill` is called between. */
export function layOver(
  where: string,
  block: Block,
  buffer: SharedArrayBuffer,
  fill: (handle: number) => void = () => {},
): void {
  makeRoom(buffer.byteLength);
  const handle = native.adoptShared(new Uint8Array(buffer), buffer, block);
  if (handle < 0) throw outOfMemory(where, buffer.byteLength, cpu);
  try {
    fill(handle);
  } catch (error) {
    native.release(handle);
    throw error;
  }
  block.handle = handle;
  block.keeper = buffer;
  block.parted = false;
}

/** A block for what has a part of another to itself, and for its aliases: to be laid over other memory together. */
function partOf(whole: Block): Block {
  const part = new Block();
  part.handle = whole.handle;
  part.keeper = whole;
  return part;
}
/** The same bytes under a version counter of their own: what `x.data` needs. */
export function alias(storage: Storage): Storage {
  if (storage.block.parted) storage.block = partOf(storage.block);
  const other = new Storage(storage.block, storage.byteOffset, storage.nbytes, false, storage.device);
  other.inference = storage.inference;
  return other;
}

/** Frees at once. A part of a slab is only forgotten: its neighbours live on. */
export function dispose(storage: Storage): void {
  const { block } = storage;
  storage.block = gone;
  if (!storage.alone || block.handle < 0) return;
  if (block.keeper === null) native.release(block.handle);
  block.keeper = null;
  block.handle = GONE;
}

/** Gives back the bytes of a storage that has its block to itself; `refill` gives it others, for all its views and aliases. */
export function vacate(storage: Storage): void {
  const { block } = storage;
  if (block.handle < 0) return;
  native.release(block.handle);
  block.handle = GONE;
}
/** Memory, uninitialised, for a storage that was vacated. */
export function refill(storage: Storage): void {
  if (storage.block.handle < 0) obtain(storage.nbytes, storage.device, storage.block);
}

// ---- figures --------------------------------------------------------------------------------------------------------

/** What {@link memoryStats} tells. Bytes and milliseconds. */
export interface MemoryStats {
  /** In storages of this thread that are alive (or not yet known to be dead). */
  live: number;
  /** The most that were. */
  peak: number;
  /** Storages alive; a slab of small tensors counts as one. */
  storages: number;
  /** Freed since the start. */
  freed: number;
  /** Taken from the system by the whole process. */
  reserved: number;
  /** Of these, free for the next tensors. */
  cached: number;
  /** `reserved` never exceeds this. */
  limit: number;
  /** Collections that were asked for, those that V8's own made needless, and what they took. */
  collections: { minor: number; full: number; skipped: number; ms: number; swept: number };
}

/**
 * Live, cached and peak bytes, and what collecting has cost.
 * @example
 * const x = torch.zeros(1024, 1024)
 * torch.memoryStats().live >= x.nbytes // true
 */
export function memoryStats(): MemoryStats {
  const { reserved, cached, limit } = native.poolStats();
  return {
    live: figures[LIVE_BYTES]!,
    peak: figures[PEAK_BYTES]!,
    storages: figures[LIVE_COUNT]!,
    freed: figures[FREED_BYTES]!,
    reserved,
    cached,
    limit,
    collections: { ...stats, swept: figures[SWEPT]! },
  };
}

/**
 * Collects everything that is unreachable and gives cached memory back to the system.
 * @example
 * torch.zeros(1024, 1024).dispose() // its memory is kept for the next tensor
 * torch.emptyCache()
 * torch.memoryStats().cached < 2 ** 20 // true
 */
export function emptyCache(): void {
  collectFully();
  native.trim(0);
  collectors.forEach((c, number) => {
    if (number > 0) native.trim(0, number);
    c.setTrigger(0);
  });
}
