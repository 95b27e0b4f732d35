// Storages in memory that several threads can have: SharedArrayBuffers, which V8 frees when no thread has them any more and
// no message that holds them is under way. Called by tensor.ts and multiprocessing.ts.
import { waiting } from './cuda/native.ts';
import { cpu } from './device.ts';
import { DeviceError } from './errors.ts';
import { Block, layOver, newShared, Storage } from './memory.ts';
import { native } from './native.ts';
import { recording } from './recording.ts';

/** The storage over a buffer, noted there for whoever finds the buffer in a message again; cloning leaves this behind.
 * Weakly: the addon holds the buffer as long as the storage lives. */
const laid = Symbol('storage');
interface SharedBytes extends SharedArrayBuffer {
  [laid]?: WeakRef<Storage>;
}

/** The buffer that a storage is in; null where its memory is this thread's alone. */
export const sharedBuffer = (storage: Storage): SharedArrayBuffer | null =>
  storage.block.keeper instanceof SharedArrayBuffer ? storage.block.keeper : null;

/** Moves a storage, with all views and aliases of its bytes, into memory that can be shared, if it is not there. */
export function moveToShared(where: string, storage: Storage): SharedArrayBuffer {
  const known = sharedBuffer(storage);
  if (known !== null) return known;
  if (storage.device !== cpu)
    throw new DeviceError(
      `${where}: a tensor on '${storage.device}' cannot be shared between threads: share a copy on the CPU`,
    );
  const { block, byteOffset, nbytes } = storage;
  if (block.handle < 0) throw new TypeError(`${where}: the tensor was disposed`);
  if (recording.on) throw new Error(`${where}: memory cannot be shared inside runAsync; do it with what that gives`);
  // only this storage has a part of a slab; elsewhere aliases have the block, too, and find their bytes where they were
  const target = block.parted ? new Block() : block;
  const start = block.parted ? 0 : byteOffset;
  const buffer: SharedBytes = newShared(where, start + nbytes);
  const { handle, keeper } = block;
  layOver(where, target, buffer, (to) =>
    waiting(where, () => native.copyBytes(to, start, handle, byteOffset, nbytes, false)),
  );
  if (target === block && keeper === null) native.release(handle);
  storage.block = target;
  storage.byteOffset = start;
  buffer[laid] = new WeakRef(storage);
  return buffer;
}

/** A storage over a buffer of a message: the one that this thread has, if the buffer comes from here. */
export function openShared(where: string, buffer: SharedArrayBuffer, byteOffset: number, nbytes: number): Storage {
  const shared: SharedBytes = buffer;
  const known = shared[laid]?.deref();
  const open = known !== undefined && known.handle >= 0;
  if (open && known.byteOffset === byteOffset && known.nbytes === nbytes) return known;
  const block = open ? known.block : new Block();
  if (!open) layOver(where, block, buffer);
  const storage = new Storage(block, byteOffset, nbytes, !open, cpu);
  shared[laid] = new WeakRef(storage);
  return storage;
}
