// NCCL's transport, for tensors of GPUs: cuda/nccl.cc does the work, in streams of its own. The ranks find each other over the
// group's MPI transport. Loaded by index.ts, used through group.ts.
import { empty, zeros } from '../create.ts';
import type { Device } from '../device.ts';
import { gpu } from '../cuda/devices.ts';
import { ask, callCuda } from '../cuda/native.ts';
import { version } from '../cuda/nccl.ts';
import { DeviceError, DtypeError } from '../errors.ts';
import { native } from '../native.ts';
import type { Tensor } from '../tensor.ts';
import { kindOf } from './arguments.ts';
import type { Call, Transport } from './engine.ts';
import { DistBackendError } from './errors.ts';
import { registerCuda } from './group.ts';
import type { ProcessGroup } from './process-group.ts';
import { Work } from './work.ts';

/** The order of Collective in cuda/nccl.cc. */
const collectives: readonly string[] = ['allReduce', 'broadcast', 'reduce', 'allGather', 'reduceScatter'];
const OPS = ['SUM', 'AVG', 'PRODUCT', 'MIN', 'MAX', 'BAND', 'BOR', 'BXOR'];
const ID_BYTES = 128;
/** Of the messages between two ranks that bring an id: the largest that any MPI has. */
const ID_TAG = 32767;

/** An error of the addon as one of torch.distributed. */
function failure(where: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: string };
  return code === undefined || !code.startsWith('FLAMBEAU_')
    ? error
    : new DistBackendError(`${where}: ${error.message}`);
}
/** Calls the CUDA backend: see cuda/nccl.h. */
function call(where: string, name: string, numbers: readonly number[], memory?: Float64Array, text = ''): number[] {
  try {
    return callCuda(`nccl.${name}\n${text}`, numbers, memory);
  } catch (error) {
    throw failure(where, error);
  }
}

/** A part of a tensor's elements, as the backend gets memory. */
interface Part {
  readonly x: Tensor;
  readonly from: number;
  readonly count: number;
}
const whole = (x: Tensor): Part => ({ x, from: 0, count: x.count });
function memoryOf(parts: readonly (Part | null)[]): Float64Array {
  const out = new Float64Array(3 * parts.length);
  parts.forEach((part, i) => {
    if (part === null) return;
    const { storage, offset, dt } = part.x;
    out.set([storage.handle, storage.byteOffset + (offset + part.from) * dt.size, part.count * dt.size], 3 * i);
  });
  return out;
}

/** What was queued together, by its number in the backend. */
class Queued {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
    forgotten.register(this, id);
  }
}
const forgotten = new FinalizationRegistry<number>((id) => call('Work', 'drop', [id]));

class NcclWork extends Work {
  readonly #call: Call;
  #queued: Queued | null = null;
  #after = false;
  #promise: Promise<readonly Tensor[]> | null = null;
  constructor(of: Call) {
    super(of.results);
    this.#call = of;
  }
  queued(as: Queued): void {
    this.#queued = as;
  }
  #ask(name: string, ...numbers: readonly number[]): number {
    if (this.error !== null) throw this.error;
    if (this.#queued === null)
      throw new DistBackendError(`${name}: ${this.#call.where} belongs to a batch that is not begun`);
    try {
      return call(this.#call.where, name, [this.#queued.id, ...numbers])[0] ?? 1;
    } catch (error) {
      throw (this.error = error instanceof Error ? error : new Error(String(error)));
    }
  }
  override wait(timeout?: number | null): boolean {
    const where = this.#call.where;
    if (timeout !== undefined && timeout !== null && this.#ask('block', timeout) === 0)
      throw new DistBackendError(`wait: ${where} has not ended within ${timeout} s`);
    this.#ask('wait');
    if (!this.#after) {
      this.#after = true;
      this.#call.after?.();
    }
    // a barrier is for the host
    if (this.#call.kind === 'barrier') this.#ask('block', 0);
    return true;
  }
  override isCompleted(): boolean {
    try {
      return this.#ask('done') !== 0;
    } catch {
      return true;
    }
  }
  override sourceRank(): number {
    return this.#call.source;
  }
  override getFuture(): Promise<readonly Tensor[]> {
    return (this.#promise ??= new Promise((resolve, reject) => {
      let pause = 0;
      const look = (): void => {
        try {
          if (this.#ask('done') === 0) return void setTimeout(look, (pause = Math.min(pause + 1, 10)));
          this.wait();
          resolve(this.#call.results);
        } catch (error) {
          reject(error);
        }
      };
      look();
    }));
  }
}

/** One rank of a communicator. */
interface Joined {
  readonly id: number;
  readonly device: Device;
}
interface Message {
  readonly send: boolean;
  readonly peer: number;
  readonly part: Part;
}

/** A group on NCCL. Its communicators are made when they are first needed, by all who are in them. */
class NcclTransport implements Transport {
  readonly name = 'nccl';
  readonly device = 'cuda';
  readonly #group: ProcessGroup;
  #device: Device | null;
  #all: Joined | null = null;
  /** With one other rank each: messages between two ranks are no affair of the others. */
  readonly #pairs = new Map<number, Joined>();
  #batch: { call: Call; work: NcclWork }[] | null = null;
  #one: Tensor | null = null;

  constructor(group: ProcessGroup, device: Device | null) {
    this.#group = group;
    this.#device = device;
    if (device !== null) this.#joined('initProcessGroup');
  }

  // ---- communicators

  get #who(): string {
    return `rank ${this.#group.ranks[this.#group.rank()]}`;
  }
  #check({ where, output, input, op, kind }: Call): void {
    for (const x of [output, input]) {
      if (x === null) continue;
      if (!x.isCuda)
        throw new DeviceError(
          `${where}: ${this.#who}: NCCL is for tensors of GPUs, but one is on '${x.device}' (${kindOf(x)})`,
        );
      this.#device ??= x.device;
      if (x.device !== this.#device)
        throw new DeviceError(
          `${where}: ${this.#who}: the group's communicator is on '${this.#device}', but a tensor is on '${x.device}' (${kindOf(x)})`,
        );
      if (x.dtype === 'int16')
        throw new DtypeError(`${where}: Input tensor data type is not supported for NCCL process group: int16`);
    }
    if (op >= 5 && (kind === 'allReduce' || kind === 'reduce' || kind === 'reduceScatter'))
      throw new TypeError(`${where}: Cannot use ReduceOp.${OPS[op]} with NCCL`);
  }
  #onDevice(): Device {
    if (this.#device === null) {
      const index = gpu('initProcessGroup');
      this.#device = zeros([0], { device: `cuda:${index}` }).device;
    }
    return this.#device;
  }
  #join(where: string, bytes: readonly number[], rank: number, size: number, text: string): Joined {
    if (bytes.every((byte) => byte === 0))
      throw new DistBackendError(`${where}: ${this.#who}: the rank that makes the id of a communicator has failed`);
    const device = this.#onDevice();
    const seconds = this.#group.timeout;
    const [id] = call(where, 'init', [rank, size, device.index!, seconds, ...bytes], undefined, text);
    return { id: id!, device };
  }
  /** An id, that others wait for: zeros if there is none, then throws. */
  #newId(where: string, tell: (id: Tensor) => void): number[] {
    const id = empty([ID_BYTES], { dtype: 'uint8', device: 'cpu' });
    try {
      const bytes = call(where, 'id', []);
      native.write(id.storage.handle, id.storage.byteOffset, Uint8Array.from(bytes));
      tell(id);
      return bytes;
    } catch (error) {
      id.zero_();
      tell(id);
      throw error;
    }
  }
  #overMpi(kind: 'broadcast' | 'send' | 'recv', where: string, id: Tensor, peer: number): void {
    const nothing = { op: 0, inSplits: null, outSplits: null, fingerprint: null, after: null, results: [], source: -1 };
    const tensors = kind === 'send' ? { output: null, input: id } : { output: id, input: null };
    const { timeout } = this.#group;
    this.#control.run({ ...nothing, ...tensors, kind, where, peer, tag: ID_TAG, timeout, asynchronous: false });
  }
  get #control(): Transport {
    return this.#group.transports.cpu!;
  }
  /** The communicator of the whole group: all ranks come here at once when it is made. */
  #joined(where: string): Joined {
    if (this.#all !== null) return this.#all;
    const rank = this.#group.rank();
    const size = this.#group.size();
    let bytes: number[];
    if (rank === 0) {
      bytes = this.#newId(where, (id) => this.#overMpi('broadcast', where, id, 0));
    } else {
      const id = empty([ID_BYTES], { dtype: 'uint8', device: 'cpu' });
      this.#overMpi('broadcast', where, id, 0);
      bytes = id.tolist() as number[];
    }
    return (this.#all = this.#join(where, bytes, rank, size, `group '${this.#group.groupName}'`));
  }
  /** That with one other rank. */
  #joinedWith(where: string, peer: number): Joined {
    const known = this.#pairs.get(peer);
    if (known !== undefined) return known;
    const rank = this.#group.rank();
    const first = rank < peer;
    let bytes: number[];
    if (first) {
      bytes = this.#newId(where, (id) => this.#overMpi('send', where, id, peer));
    } else {
      const id = empty([ID_BYTES], { dtype: 'uint8', device: 'cpu' });
      this.#overMpi('recv', where, id, peer);
      bytes = id.tolist() as number[];
    }
    const { ranks, groupName } = this.#group;
    const text = `ranks ${ranks[first ? rank : peer]} and ${ranks[first ? peer : rank]} of group '${groupName}'`;
    const made = this.#join(where, bytes, first ? 0 : 1, 2, text);
    this.#pairs.set(peer, made);
    return made;
  }

  // ---- operations

  run(of: Call): Work | null {
    this.#check(of);
    if (of.kind === 'send' || of.kind === 'recv') return this.#message(of);
    if (of.fingerprint !== null) {
      // MPI compares what the ranks call
      const bare = { output: null, input: null, op: 0, peer: 0, inSplits: null, outSplits: null, after: null };
      this.#control.run({ ...of, ...bare, kind: 'barrier', results: [], asynchronous: false });
    }
    const { id, device } = this.#joined(of.where);
    const kind = collectives.indexOf(of.kind === 'barrier' ? 'allReduce' : of.kind);
    if (kind < 0) return this.#exchange(id, of, this.#parts(of));
    const { dt } = of.output ?? of.input ?? (this.#one ??= zeros([1], { device }));
    const output = of.kind === 'barrier' ? this.#one : of.output;
    const input = of.input ?? output;
    const memory = memoryOf([output === null ? null : whole(output), input === null ? null : whole(input)]);
    const queued = call(of.where, 'run', [id, of.timeout, flagOf(of), kind, dt.code, of.op, of.peer], memory);
    return this.#begun(of, queued);
  }
  /** gather, scatter and allToAll as messages that run together. */
  #parts({ kind, output, input, peer, inSplits, outSplits }: Call): Message[] {
    const size = this.#group.size();
    const rank = this.#group.rank();
    const out: Message[] = [];
    const each = (x: Tensor, splits: readonly number[] | null, send: boolean): void => {
      let from = 0;
      for (let to = 0; to < size; to++) {
        const count = splits?.[to] ?? x.count / size;
        out.push({ send, peer: to, part: { x, from, count } });
        from += count;
      }
    };
    if (kind === 'allToAll') {
      each(input!, inSplits, true);
      each(output!, outSplits, false);
    } else if (kind === 'gather') {
      out.push({ send: true, peer, part: whole(input!) });
      if (rank === peer) each(output!, null, false);
    } else {
      if (rank === peer) each(input!, null, true);
      out.push({ send: false, peer, part: whole(output!) });
    }
    return out;
  }
  #exchange(id: number, of: Call, messages: readonly Message[]): Work | null {
    const numbers = messages.flatMap(({ send, peer, part }) => [send ? 1 : 0, peer, part.x.dt.code]);
    const memory = memoryOf(messages.map(({ part }) => part));
    return this.#begun(of, call(of.where, 'exchange', [id, of.timeout, flagOf(of), ...numbers], memory));
  }
  /** What comes of a call that is queued. */
  #begun(of: Call, [id]: readonly number[]): Work | null {
    const work = new NcclWork(of);
    if (id !== undefined) work.queued(new Queued(id));
    if (of.asynchronous) return work;
    // the current stream waits already
    if (of.kind === 'barrier') work.wait();
    else of.after?.();
    return null;
  }
  #message(of: Call): Work | null {
    const { where, peer } = of;
    const send = of.kind === 'send';
    if (peer < 0) throw new TypeError(`${where}: NCCL receives from a rank that is named: src must be given`);
    if (!send) of.source = peer;
    if (this.#batch !== null) {
      const work = new NcclWork(of);
      this.#batch.push({ call: of, work });
      return work;
    }
    if (peer === this.#group.rank())
      throw new RangeError(`${where}: ${this.#who}: NCCL sends to the process itself only within batchIsendIrecv`);
    const { id } = this.#joinedWith(where, peer);
    const other = this.#group.rank() < peer ? 1 : 0;
    return this.#exchange(id, of, [{ send, peer: other, part: whole((send ? of.input : of.output)!) }]);
  }
  together<R>(f: () => R): R {
    const batch: { call: Call; work: NcclWork }[] = (this.#batch = []);
    let result: R;
    try {
      result = f();
    } finally {
      this.#batch = null;
    }
    const [first] = batch;
    if (first === undefined) return result;
    const { id } = this.#joined(first.call.where);
    const numbers: number[] = [];
    const parts: Part[] = [];
    for (const { call: of } of batch) {
      const send = of.kind === 'send';
      const x = (send ? of.input : of.output)!;
      numbers.push(send ? 1 : 0, of.peer, x.dt.code);
      parts.push(whole(x));
    }
    const { where, timeout } = first.call;
    const [made] = call(where, 'exchange', [id, timeout, 1, ...numbers], memoryOf(parts));
    const queued = new Queued(made!);
    for (const { work } of batch) work.queued(queued);
    return result;
  }
  close(): void {
    const joined = [...this.#pairs.values(), ...(this.#all === null ? [] : [this.#all])];
    this.#pairs.clear();
    this.#all = null;
    for (const { id } of joined) call('destroyProcessGroup', 'destroy', [id]);
  }
}
/** Whether the backend makes a Work of it: of a barrier always, for the host waits for that. */
const flagOf = (of: Call): number => (of.asynchronous || of.kind === 'barrier' ? 1 : 0);

registerCuda(
  (group, device) => {
    if (device !== null && device.type !== 'cuda')
      throw new DeviceError(`initProcessGroup: deviceId must be a GPU for backend 'nccl', not '${device}'`);
    const at = device === null ? null : zeros([0], { device: `cuda:${gpu('initProcessGroup', device)}` }).device;
    ask('initProcessGroup', () => null);
    return new NcclTransport(group, at);
  },
  () => version() !== null,
);
