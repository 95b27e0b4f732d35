// torch.cuda's streams and events. A stream of the backend is a number; as in PyTorch new ones come from a pool, so that
// none ever ends while memory or work of it is left.
import { type Call, readArguments } from '../arguments.ts';
import { type Device, getCurrentCuda, setCurrentCuda } from '../device.ts';
import { describe, DeviceError } from '../errors.ts';
import { type CudaDevice, cudaDevice, during, gpu } from './devices.ts';
import { ask } from './native.ts';

/** Streams of one device and priority that there are at most; from then on they are given out again. */
const POOL = 32;
const pools = new Map<string, { readonly streams: number[]; next: number }>();

function pooled(device: number, priority: number): number {
  const key = `${device} ${priority}`;
  let pool = pools.get(key);
  if (!pool) pools.set(key, (pool = { streams: [], next: 0 }));
  const { streams } = pool;
  if (streams.length < POOL) {
    const created = ask('Stream', (addon) => addon.createStream(device, priority));
    streams.push(created);
    return created;
  }
  return streams[pool.next++ % POOL]!;
}

/** Options of {@link Stream}. */
export interface StreamOptions {
  device?: CudaDevice | undefined;
  /** Negative for more urgent work. */
  priority?: number | undefined;
}
/**
 * A queue of work of a CUDA device: what is on one runs in order, what is on two may run at once. Throws DeviceError if
 * there is no device.
 * @example
 * const stream = torch.cuda.isAvailable() ? new torch.cuda.Stream() : null
 * stream // null
 */
export class Stream {
  readonly device: Device;
  readonly priority: number;
  /** Internal: what the backend knows it by; 0 is a device's default stream. */
  readonly id: number;
  constructor(...args: Call<[device?: CudaDevice, priority?: number], StreamOptions>) {
    const { device, priority = 0 } = readArguments<StreamOptions>('Stream', args, ['device', 'priority']);
    if (!Number.isInteger(priority))
      throw new TypeError(`Stream: expected a whole number for priority but received ${describe(priority)}`);
    const index = gpu('Stream', device);
    this.device = cudaDevice(index);
    this.priority = Math.min(0, priority);
    this.id = pooled(index, this.priority);
  }
  /** A number that is equal for equal streams; 0 is the default one. */
  get cudaStream(): number {
    return this.id;
  }
  /** The index of its device. */
  get deviceIndex(): number {
    return this.device.index!;
  }
  /** Whether all its work is done. */
  query(): boolean {
    return ask('query', (addon) => addon.streamDone(this.deviceIndex, this.id));
  }
  /** Waits for its work. */
  synchronize(): void {
    ask('synchronize', (addon) => addon.waitStream(this.deviceIndex, this.id));
  }
  /** Lets the work that is queued from now on wait for an event. */
  waitEvent(event: Event): void {
    if (!(event instanceof Event)) throw new TypeError(`waitEvent: expected an Event but received ${describe(event)}`);
    event.wait(this);
  }
  /** Lets the work that is queued from now on wait for what another stream has queued. */
  waitStream(stream: Stream): void {
    checkStream('waitStream', stream);
    this.waitEvent(stream.recordEvent());
  }
  /** Sets a mark, a new one if none is given, behind the work so far. */
  recordEvent(event: Event = new Event()): Event {
    event.record(this);
    return event;
  }
  /** Whether both are the same queue of the same device. */
  equals(other: unknown): boolean {
    return other instanceof Stream && other.id === this.id && other.device === this.device;
  }
  /** What PyTorch prints. */
  toString(): string {
    return `<torch.cuda.Stream device=${this.device} cuda_stream=0x${this.id.toString(16)}>`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
function checkStream(where: string, stream: unknown): asserts stream is Stream {
  if (!(stream instanceof Stream)) throw new TypeError(`${where}: expected a Stream but received ${describe(stream)}`);
}

/** The objects of streams that the backend named, so that asking twice gives the same. */
const known = new Map<string, Stream>();
function streamOf(device: number, id: number): Stream {
  const key = `${device} ${id}`;
  let found = known.get(key);
  if (!found) {
    const priority = [...pools].find(([, { streams }]) => streams.includes(id))?.[0].split(' ')[1] ?? 0;
    found = Object.create(Stream.prototype, {
      device: { value: cudaDevice(device), enumerable: true },
      priority: { value: Number(priority), enumerable: true },
      id: { value: id, enumerable: true },
    }) as Stream;
    known.set(key, found);
  }
  return found;
}
/**
 * The queue that work of a CUDA device goes to now. Throws DeviceError if there is none.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.currentStream()
 * torch.cuda.deviceCount() > 0 // false
 */
export function currentStream(device?: CudaDevice): Stream {
  const index = gpu('currentStream', device);
  return streamOf(
    index,
    ask('currentStream', (addon) => addon.currentStream(index)),
  );
}
/**
 * The queue of a CUDA device that is current as long as no other was set. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.defaultStream().cudaStream : 0 // 0
 */
export function defaultStream(device?: CudaDevice): Stream {
  return streamOf(gpu('defaultStream', device), 0);
}
/**
 * Makes a stream, and its device, the current one; null changes nothing. Throws TypeError for what is none.
 * @example
 * torch.cuda.setStream(null) // undefined
 */
export function setStream(stream: Stream | null): void {
  if (stream === null || stream === undefined) return;
  checkStream('setStream', stream);
  ask('setStream', (addon) => addon.setStream(stream.deviceIndex, stream.id));
  setCurrentCuda(stream.deviceIndex);
}
/**
 * Runs `f` while a stream, and its device, is the current one, and gives back what it returns; null changes nothing.
 * @example
 * torch.cuda.stream(null, () => torch.ones(2).add(1)) // tensor([2., 2.])
 */
export function stream<R>(stream: Stream | null, f: () => R): R {
  if (stream === null || stream === undefined)
    return during(
      'stream',
      f,
      () => {},
      () => {},
    );
  checkStream('stream', stream);
  const [device, before] = [getCurrentCuda(), currentStream(stream.device)];
  return during(
    'stream',
    f,
    () => setStream(stream),
    () => {
      setStream(before);
      setCurrentCuda(device);
    },
  );
}

/** Options of {@link Event}. */
export interface EventOptions {
  /** Whether time can be measured; false at first. */
  enableTiming?: boolean | undefined;
  /** Whether waiting for it spares the processor. */
  blocking?: boolean | undefined;
  /** Must be false: events of several processes do not exist here. */
  interprocess?: boolean | undefined;
}
const ended = new FinalizationRegistry<number>((event) => ask('Event', (addon) => addon.destroyEvent(event)));
/**
 * A mark in a queue of work, between two of which time is measured. As in PyTorch it can be made without a device; what is
 * asked of it throws DeviceError.
 * @example
 * const start = new torch.cuda.Event({ enableTiming: true })
 * if (torch.cuda.isAvailable()) start.record()
 * typeof start // object
 */
export class Event {
  readonly #timing: boolean;
  #id = 0;
  #device: Device | null = null;
  constructor(...args: Call<[enableTiming?: boolean, blocking?: boolean, interprocess?: boolean], EventOptions>) {
    const names = ['enableTiming', 'blocking', 'interprocess'] as const;
    const o = readArguments<EventOptions>('Event', args, names);
    for (const name of names) {
      if (o[name] !== undefined && typeof o[name] !== 'boolean')
        throw new TypeError(`Event: expected a boolean for ${name} but received ${describe(o[name])}`);
    }
    if (o.interprocess) throw new TypeError('Event: interprocess must be false: processes share no events here');
    this.#timing = o.enableTiming ?? false;
  }
  /** The device whose stream it was recorded on, or null. */
  get device(): Device | null {
    return this.#device;
  }
  /** A number of its own; 0 before it was recorded. */
  get cudaEvent(): number {
    return this.#id;
  }
  /** Sets the mark behind the work that a stream, the current one if none is given, has queued so far. */
  record(stream: Stream = currentStream()): void {
    checkStream('record', stream);
    const device = stream.deviceIndex;
    if (this.#id === 0) {
      this.#id = ask('record', (addon) => addon.createEvent(device, this.#timing));
      this.#device = stream.device;
      ended.register(this, this.#id);
    } else if (this.#device !== stream.device) {
      throw new DeviceError(
        `record: Event device ${this.#device?.index} does not match recording stream's device ${device}.`,
      );
    }
    ask('record', (addon) => addon.recordEvent(this.#id, device, stream.id));
  }
  /** Lets what a stream, the current one if none is given, queues from now on wait for the mark. */
  wait(stream: Stream = currentStream()): void {
    checkStream('wait', stream);
    if (this.#id > 0) ask('wait', (addon) => addon.streamWaitEvent(stream.deviceIndex, stream.id, this.#id));
  }
  /** Whether the work before the mark is done: true as long as it was not recorded. */
  query(): boolean {
    gpu('query');
    return this.#id === 0 || ask('query', (addon) => addon.eventDone(this.#id));
  }
  /** Waits for the work before the mark. */
  synchronize(): void {
    gpu('synchronize');
    if (this.#id > 0) ask('synchronize', (addon) => addon.waitEvent(this.#id));
  }
  /** Milliseconds from this mark to another, both of which are done. Throws TypeError where they cannot be measured. */
  elapsedTime(end: Event): number {
    const where = 'elapsedTime';
    if (!(end instanceof Event)) throw new TypeError(`${where}: expected an Event but received ${describe(end)}`);
    gpu(where);
    if (!this.#timing || !end.#timing)
      throw new TypeError(`${where}: Both events must be created with argument 'enableTiming: true'.`);
    if (this.#id === 0 || end.#id === 0)
      throw new TypeError(`${where}: Both events must be recorded before calculating elapsed time.`);
    return ask(where, (addon) => addon.elapsed(this.#id, end.#id));
  }
  /** What PyTorch prints. */
  toString(): string {
    return this.#id > 0 ? `<torch.cuda.Event 0x${this.#id.toString(16)}>` : '<torch.cuda.Event uninitialized>';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
