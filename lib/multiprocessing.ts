// torch.multiprocessing: tensors in messages between threads (worker_threads). Node clones messages by rules of its own, under
// which a tensor would lose its class; so what is posted is made by pack() and opened by unpack().
import { type DTypeName, toDType } from './dtype.ts';
import { AutogradError, describe } from './errors.ts';
import { DEPTH, replaced } from './replaced.ts';
import { sizeOf } from './shape.ts';
import { moveToShared, openShared } from './shared-memory.ts';
import { Buffer, isLazy, Parameter } from './nn/parameter.ts';
import { Tensor } from './tensor.ts';

/** A tensor in a message, which stands where it is in the value, too: cloning keeps the two the same object. */
interface Entry {
  readonly bytes: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly nbytes: number;
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly requiresGrad: boolean;
  readonly kind: 'tensor' | 'parameter' | 'buffer' | 'volatile';
}
/** What {@link pack} gives, for `postMessage` and `workerData`. */
export interface Packed<T> {
  /** The format. */
  readonly flambeau: 1;
  readonly tensors: readonly object[];
  readonly value: unknown;
  /** Not there: says what {@link unpack} gives. */
  readonly of?: T;
}

function kindOf(x: Tensor): Entry['kind'] {
  if (x instanceof Parameter) return 'parameter';
  if (!(x instanceof Buffer)) return 'tensor';
  return x.persistent ? 'buffer' : 'volatile';
}
function entryOf(x: Tensor): Entry {
  if (x.requiresGrad && !x.isLeaf)
    throw new AutogradError(
      'pack: a tensor that requires grad and is no leaf cannot be sent, for gradients do not cross threads: detach() it first',
    );
  if (isLazy(x)) throw new TypeError('pack: a lazy parameter has no values yet: run its module once');
  const bytes = moveToShared('pack', x.storage);
  const { storage, sizes, strides, offset, requiresGrad } = x;
  const { byteOffset, nbytes } = storage;
  return {
    bytes,
    byteOffset,
    nbytes,
    dtype: x.dtype,
    sizes: [...sizes],
    strides: [...strides],
    offset,
    requiresGrad,
    kind: kindOf(x),
  };
}

/**
 * A message for another thread: tensors alone, or in lists, plain objects, Maps and Sets, nested as they like. They are not
 * copied with the message: they move into shared memory once (see `Tensor.shareMemory_`), and both sides have the same bytes.
 * What shares memory shares it there. Leaves keep `requiresGrad`, and Parameters their class, not their gradients. The
 * memory lives as long as any side, or the message, has it. Throws TypeError for modules and lazy parameters, AutogradError
 * for tensors with a history and DeviceError for those of a GPU.
 * @example
 * const { port1, port2 } = new MessageChannel()
 * const x = torch.zeros(3)
 * port1.postMessage(torch.multiprocessing.pack({ x, step: 1 }))
 * const { data } = await new Promise((resolve) => { port2.onmessage = resolve })
 * port2.close()
 * torch.multiprocessing.unpack(data).x.add_(1)
 * x // tensor([1., 1., 1.])
 */
export function pack<T>(value: T): Packed<T> {
  const tensors: Entry[] = [];
  const known = new Map<object, Entry>();
  const replace = (object: object): Entry | null => {
    if (!(object instanceof Tensor)) return null;
    const entry = known.get(object) ?? entryOf(object);
    if (!known.has(object)) tensors.push(entry);
    known.set(object, entry);
    return entry;
  };
  return { flambeau: 1, value: replaced('pack', value, replace), tensors };
}

const whole = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
/** Whether what came in a message is a tensor within its bytes. */
function isEntry(entry: Partial<Entry>): entry is Entry {
  const { bytes, byteOffset, nbytes, sizes, strides, offset } = entry;
  if (!(bytes instanceof SharedArrayBuffer && whole(byteOffset) && whole(nbytes) && whole(offset))) return false;
  if (!(Array.isArray(sizes) && Array.isArray(strides) && sizes.length === strides.length && sizes.length <= DEPTH))
    return false;
  if (!sizes.every(whole) || !strides.every(whole) || byteOffset + nbytes > bytes.byteLength - 64) return false;
  const last = sizes.reduce<number>((at, n, d) => at + (n - 1) * (strides[d] as number), offset);
  return sizes.includes(0) || (last + 1) * toDType(entry.dtype, 'unpack').size <= nbytes;
}
function tensorOf(entry: Partial<Entry>): Tensor {
  if (!isEntry(entry)) throw new TypeError('unpack: expected what pack() gave: a tensor in the message is damaged');
  const { bytes, byteOffset, nbytes, sizes, strides, offset, kind, requiresGrad } = entry;
  const dt = toDType(entry.dtype, 'unpack');
  const x = new Tensor(openShared('unpack', bytes, byteOffset, nbytes), dt, sizes, strides, offset, sizeOf(sizes));
  if (kind === 'parameter') return new Parameter(x, requiresGrad);
  if (requiresGrad) x.requiresGrad = true;
  return kind === 'tensor' ? x : new Buffer(x, { persistent: kind === 'buffer' });
}

/**
 * The value of a message that {@link pack} made, whose tensors have the memory of those that were packed: what one thread
 * writes, the others read. Nothing is waited for: a message that tells that it is written is what orders the two. Each thread
 * counts its own writes only, so `backward` does not notice those of others. Throws TypeError for other messages.
 * @example
 * const x = torch.arange(4)
 * const [row] = torch.multiprocessing.unpack(torch.multiprocessing.pack([x.view(2, 2).index(1)]))
 * x.mul_(10)
 * row // tensor([20, 30])
 */
export function unpack<T>(message: Packed<T>): T {
  const given: Partial<Packed<T>> = typeof message === 'object' && message !== null ? message : {};
  const { flambeau, tensors, value } = given;
  if (flambeau !== 1 || !Array.isArray(tensors))
    throw new TypeError(
      `unpack: expected what pack() gave but received ${message instanceof Tensor ? 'a Tensor' : describe(message)}`,
    );
  const made = new Map<object, Tensor>();
  for (const entry of tensors as unknown[]) {
    if (typeof entry !== 'object' || entry === null) throw new TypeError('unpack: expected what pack() gave');
    made.set(entry, tensorOf(entry));
  }
  return replaced('unpack', value, (object) => made.get(object) ?? null) as T;
}
