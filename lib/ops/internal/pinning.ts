// Memory of the CPU that a GPU reads and writes directly. Called by convert.ts, tensor-options.ts and data/loader.ts.
import { ask, cudaStatus } from '../../cuda/native.ts';
import { nonOverlappingAndDense, runMap } from '../../dispatch.ts';
import { DeviceError } from '../../errors.ts';
import { kernel } from '../../native.ts';
import { contiguousStrides } from '../../shape.ts';
import { adopt, type Storage } from '../../memory.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';

const copyKernel = kernel('copy');
/** The blocks of memory that are pinned. */
const pinned = new WeakSet<Storage['block']>();
let warned = false;

/** Whether a tensor's memory is pinned. */
export const isPinnedMemory = (x: Tensor): boolean => pinned.has(x.storage.block);

/** Pinned memory; null where JavaScript cannot have any, which is said once. */
function pinnedStorage(where: string, bytes: number): Storage | null {
  const buffer = ask(where, (addon) => addon.allocatePinned(bytes));
  if (buffer === null) {
    if (!warned)
      process.emitWarning(
        `${where}: no memory can be pinned here: copies to the GPU go through a buffer of the driver's`,
      );
    warned = true;
    return null;
  }
  const storage = adopt(where, buffer);
  pinned.add(storage.block);
  return storage;
}

/** A copy of a tensor of the CPU, unrecorded, in pinned memory; itself if it is there. */
export function pinnedCopy(where: string, x: Tensor): Tensor {
  if (x.isCuda)
    throw new DeviceError(`${where}: cannot pin a tensor on '${x.device}': only dense CPU tensors can be pinned`);
  if (isPinnedMemory(x)) return x;
  const strides = nonOverlappingAndDense(x.sizes, x.strides) ? x.strides : contiguousStrides(x.sizes);
  const storage = x.count > 0 ? pinnedStorage(where, x.count * x.dt.size) : null;
  const out =
    storage === null ? emptyTensor(x.sizes, x.dt, x.device) : new Tensor(storage, x.dt, x.sizes, strides, 0, x.count);
  if (x.count > 0) runMap(copyKernel, x.sizes, [out, x], x.dt);
  return out;
}

/** A value of a DataLoader with all its tensors pinned; what has a `pinMemory` of its own is asked for it. */
export function pinnedBatch(value: unknown): unknown {
  if (value instanceof Tensor) return pinnedCopy('DataLoader', value);
  if (Array.isArray(value)) return value.map(pinnedBatch);
  if (typeof value !== 'object' || value === null) return value;
  const own: unknown = Reflect.get(value, 'pinMemory');
  if (typeof own === 'function') return Reflect.apply(own, value, []);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, pinnedBatch(part)]));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, pinnedBatch(part)]));
}
/** Whether there is a GPU to pin memory for. */
export const canPin = (): boolean => cudaStatus().devices > 0;
