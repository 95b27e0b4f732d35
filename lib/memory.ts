// Storages and when they are freed: slabs for small tensors, collections asked for in time, sweeps after them.
// The why and the measurements behind every constant are in DESIGN.md (Memory) and docs/memory.md.
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';
import { cpu, type Device } from './device.ts';
import { OutOfMemoryError } from './errors.ts';
import { figures, FREED_BYTES, LIVE_BYTES, LIVE_COUNT, native, PEAK_BYTES, SWEPT } from './native.ts';

const MB = 2 ** 20;
/** Tensors up to this size are cut from slabs; none are under AddressSanitizer, which sees whole blocks only. */
const SMALL = process.env.FLAMBEAU_SLABS === 'none' ? -1 : 4096;
const SLAB = 32768;
const NURSERY_MIN = 8 * MB;
const NURSERY_MAX = 64 * MB;

/** What plans say instead of a handle once memory was disposed: native finds nothing there. */
const GONE = -3;

/** A block of native memory, what the native side's weak reference points at: many small tensors share a slab's. */
class Block {
  handle = GONE;
}
/** What is left of a storage that was disposed. */
const gone = new Block();

/** The bytes under one or more tensors that are views of each other. */
export class Storage {
  block: Block;
  /** Where the bytes begin in the block: not zero in a slab. */
  readonly byteOffset: number;
  readonly nbytes: number;
  /** Has the block to itself; else disposing of this storage only forgets it. */
  readonly alone: boolean;
  /** Counts writes, so that backward notices a saved tensor that was changed. */
  version = 0;
  /** Which backward pass made it, 0 for everybody else's; see autograd/engine.ts. */
  maker = maker.current;
  /** Uses that the engine still has for it. */
  pending = 0;
  constructor(block: Block, byteOffset: number, nbytes: number, alone: boolean) {
    this.block = block;
    this.byteOffset = byteOffset;
    this.nbytes = nbytes;
    this.alone = alone;
  }
  /** Native handle; negative once disposed. */
  get handle(): number {
    return this.block.handle;
  }
  get device(): Device {
    return cpu;
  }
}

/** Whom new storages belong to: a number of the running backward pass, or 0. */
export const maker: { current: number } = { current: 0 };

// ---- collecting -----------------------------------------------------------------------------------------------------

/** V8's own function. The flag is process-wide: it stays set, because unsetting it races with workers. */
function findCollector(): ((options?: { type: 'minor' }) => void) | null {
  if (process.env.FLAMBEAU_GC === 'none') return null;
  try {
    v8.setFlagsFromString('--expose-gc');
    const found: unknown = vm.runInNewContext('gc');
    return typeof found === 'function' ? (found as (options?: { type: 'minor' }) => void) : null;
  } catch {
    return null; // embedders may forbid new contexts: napi_adjust_external_memory does it then
  }
}
const gc = findCollector();
const MINOR = { type: 'minor' } as const;

const total = ((): number => {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 && constrained < os.totalmem() ? constrained : os.totalmem();
})();
native.setLimit(Number(process.env.FLAMBEAU_MEMORY_LIMIT ?? 0) || Math.floor(total * 0.95));

const CAP = Math.min(1024 * MB, total / 8);
const stats = { minor: 0, full: 0, skipped: 0, ms: 0 };
let nursery = NURSERY_MIN;
let trigger = nursery;
let gap = 128 * MB;
let fullAt = 128 * MB;
let liveAfterFull = 0;
let fullCost = 0; // milliseconds of the last full collection
// A nursery that proved too small cost a full collection: it stays large until that would be a small part of the time.
let promoted = 0;
let promotedUntil = 0;
let patience = 8;
let largest = 0; // block asked for since the last collection
let share = 0; // smoothed part of the time that minor collections take
let lastEnd = performance.now();
let lastFull = lastEnd;

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

function collectFully(): void {
  const start = performance.now();
  if (gc) gc();
  else native.fullCollection();
  native.sweep(2);
  const end = performance.now();
  stats.full++;
  canaryAge = 0;
  liveAfterFull = figures[LIVE_BYTES]!;
  const base = Math.max(128 * MB, liveAfterFull * 0.75);
  gap = (end - start) / (end - lastFull) > 0.05 ? gap * 1.5 : gap * 0.9;
  gap = Math.min(CAP, Math.max(base, Math.min(gap, 2 * base)));
  fullAt = liveAfterFull + gap;
  lastFull = end;
  fullCost = end - start;
}

/** Makes room for `bytes` more: sweeps, collects the young, and everything when much has grown old. */
function collect(bytes: number): void {
  const start = performance.now();
  const before = figures[LIVE_BYTES]!;
  native.sweep(canaryDied() ? 2 : 0);
  if (before - figures[LIVE_BYTES]! > nursery * 0.5) stats.skipped++;
  else if (!gc) collectFully();
  else {
    gc(MINOR);
    stats.minor++;
    native.sweep(1);
  }
  const freed = before - figures[LIVE_BYTES]!;
  const full = figures[LIVE_BYTES]! + bytes > fullAt;
  if (full) collectFully();
  const end = performance.now();
  stats.ms += end - start;
  share = 0.8 * share + (0.2 * (end - start)) / (end - start + Math.max(1e-3, start - lastEnd));
  lastEnd = end;

  // A small nursery keeps recycled blocks in the cache; one that is too small promotes the living, which only full
  // collections find. So it grows fast and shrinks slowly.
  const limit = Math.min(CAP, Math.max(128 * MB, liveAfterFull));
  if (!full && promoted > 0 && end > promotedUntil) {
    promoted = promoted > NURSERY_MIN ? promoted / 2 : 0;
    promotedUntil = end + patience * fullCost;
    if (promoted === 0) patience = 8;
  }
  const floor = Math.max(promoted, Math.min(NURSERY_MAX, Math.max(NURSERY_MIN, 3 * largest)));
  largest = 0;
  if (freed < 0.5 * nursery || full) {
    nursery = Math.min(limit, nursery * 1.5);
    if (full) {
      promoted = nursery;
      patience = Math.min(256, 2 * patience);
      promotedUntil = end + patience * fullCost;
    }
  } else if (share > 0.25) nursery = Math.min(limit, nursery * 1.2);
  else if (freed > 0.8 * nursery) nursery = nursery * 0.9;
  if (nursery < floor) nursery = floor;
  setTrigger(bytes);
}

/** The next collection comes when the nursery is full, and not long after a full one is due: the peak is bounded. */
function setTrigger(bytes: number): void {
  const live = figures[LIVE_BYTES]! + bytes;
  trigger = Math.min(live + nursery, Math.max(fullAt, live + Math.min(nursery, NURSERY_MIN)));
}

// ---- allocating -----------------------------------------------------------------------------------------------------

let slab = new Block();
let position = SLAB;

function outOfMemory(where: string, bytes: number): OutOfMemoryError {
  const pool = native.poolStats();
  const size = (n: number): string => (n >= 1e9 ? `${(n / 2 ** 30).toFixed(2)} GiB` : `${(n / MB).toFixed(2)} MiB`);
  return new OutOfMemoryError(
    `${where}: tried to allocate ${size(bytes)}; ${size(figures[LIVE_BYTES]!)} are in use by ${figures[LIVE_COUNT]} storages of this thread, ` +
      `${size(pool.reserved)} are reserved by the process (${size(pool.cached)} of them free) and the limit is ${size(pool.limit)}`,
  );
}

function obtain(bytes: number): Block {
  if (figures[LIVE_BYTES]! + bytes > trigger) collect(bytes);
  const block = new Block();
  block.handle = native.allocate(bytes, block);
  if (block.handle < 0) {
    collectFully();
    native.trim(0);
    block.handle = native.allocate(bytes, block);
    if (block.handle < 0) throw outOfMemory('allocate', bytes);
  }
  return block;
}

function newSlab(): void {
  slab = obtain(SLAB);
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
export function allocate(nbytes: number): Storage {
  if (!(nbytes >= 0)) throw new RangeError(`allocate: impossible sizes (${nbytes} bytes)`);
  if (nbytes > SMALL) {
    const storage = allocateOwn(nbytes);
    if (trackers.length > 0) for (const made of trackers) made.add(storage);
    return storage;
  }
  const size = nbytes === 0 ? 64 : (nbytes + 63) & ~63;
  if (position + size > SLAB) newSlab();
  const storage = new Storage(slab, position, nbytes, false);
  position += size;
  return storage;
}

/** Memory that is made to last (a parameter, optimizer state): never part of a slab, which it would keep alive. */
export function allocateOwn(nbytes: number): Storage {
  if (!(nbytes >= 0)) throw new RangeError(`allocate: impossible sizes (${nbytes} bytes)`);
  if (nbytes > largest) largest = nbytes;
  return new Storage(obtain(nbytes), 0, nbytes, true);
}

/** The memory of an ArrayBuffer, shared with it. */
export function adopt(where: string, buffer: ArrayBuffer): Storage {
  const block = new Block();
  block.handle = native.adopt(buffer, block);
  if (block.handle < 0) throw new TypeError(`${where}: the ArrayBuffer is detached`);
  return new Storage(block, 0, buffer.byteLength, false);
}

/** A number by which one other thread may claim() this memory; -1 where it cannot be shared. `group`: see native/shared.h. */
export const shareStorage = (storage: Storage, group: number): number => native.share(storage.handle, group);
/** Memory that another thread shared, not copied; null if it was given up meanwhile. */
export function claim(number: number, nbytes: number): Storage | null {
  if (figures[LIVE_BYTES]! + nbytes > trigger) collect(nbytes);
  const block = new Block();
  block.handle = native.claim(number, block);
  return block.handle < 0 ? null : new Storage(block, 0, nbytes, true);
}
/** The pages of a file, read when they are touched; what is written to them stays in this process. */
export function mapFile(path: string): (byteOffset: number, nbytes: number) => Storage {
  const block = new Block();
  block.handle = native.mapFile(path, block);
  return (byteOffset, nbytes) => new Storage(block, byteOffset, nbytes, false);
}

/** The same bytes under a version counter of their own: what `x.data` needs. */
export function alias(storage: Storage): Storage {
  return new Storage(storage.block, storage.byteOffset, storage.nbytes, false);
}

/** Frees at once. A part of a slab is only forgotten: its neighbours live on. */
export function dispose(storage: Storage): void {
  const { block } = storage;
  storage.block = gone;
  if (!storage.alone || block.handle < 0) return;
  native.release(block.handle);
  block.handle = GONE;
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
  setTrigger(0);
}
