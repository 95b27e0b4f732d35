// Parameters of one dtype that are gathered, and whose gradients are reduced, by one collective. Used by unit.ts.
import type { AccumulateGrad } from '../../autograd/node.ts';
import { edgeOf } from '../../autograd/node.ts';
import { register } from '../../autograd/hooks.ts';
import type { DType } from '../../dtype.ts';
import { allocateOwn, dispose, refill, vacate } from '../../memory.ts';
import { Parameter } from '../../nn/parameter.ts';
import { sizeOf } from '../../shape.ts';
import { emptyLasting, Tensor } from '../../tensor.ts';
import { allGatherIntoTensor, reduceScatterTensor } from '../gathering.ts';
import type { ProcessGroup } from '../process-group.ts';
import { ReduceOp } from '../reduce-op.ts';
import { localSizes, setSharding, type Sharding, shardOf } from '../sharding.ts';
import type { Work } from '../work.ts';
import type { Place } from './walks.ts';

/** Who takes part: a group, this process's rank in it, and how many they are. */
export interface Peers {
  readonly group: ProcessGroup | null;
  readonly rank: number;
  readonly count: number;
}

/** One parameter: the shard, which is what the module and the optimizer have, and the whole, which forward computes with. */
export class Member {
  readonly name: string;
  readonly shard: Parameter;
  readonly full: Parameter;
  readonly sharding: Sharding;
  /** Elements that each process contributes, the last ones partly unused. */
  readonly padded: number;
  /** The state of the shard that the whole one was gathered from. */
  gatheredAt = -1;
  /** Whether its gradient came in the pass that runs. */
  arrived = false;
  readonly #places: readonly Place[];
  readonly #dt: DType;
  #hooked = false;

  /** Turns `parameter` into its own shard; `dt` is the dtype of the whole one. */
  constructor(name: string, parameter: Parameter, places: readonly Place[], dt: DType, { group, rank, count }: Peers) {
    this.name = name;
    this.shard = parameter;
    this.#places = places;
    const { sizes } = parameter;
    this.#dt = parameter.dt;
    this.sharding = shardOf(sizes, rank, count, group);
    const { start, rows, chunk } = this.sharding;
    const own = emptyLasting(localSizes(this.sharding), parameter.dt, parameter.device);
    own.copy_(parameter.detach().narrow(0, start, rows));
    this.padded = chunk * sizeOf(sizes.slice(1));
    const storage = allocateOwn(count * this.padded * dt.size, parameter.device);
    vacate(storage);
    this.full = new Parameter(new Tensor(storage, dt, sizes, null, 0), parameter.requiresGrad);
    const { grad } = parameter;
    parameter.grad = null;
    parameter.data = own;
    if (grad !== null) parameter.grad = grad.detach().narrow(0, start, rows).clone();
    setSharding(parameter, this.sharding);
  }
  /** Has the module compute with the whole one, or have the shard. */
  expose(full: boolean): void {
    for (const place of this.#places) place(full ? this.full : this.shard);
  }
  /** Refuses a shard that was moved or cast. */
  check(): void {
    const { shard, full, name } = this;
    if (shard.dt === this.#dt && shard.device === full.device) return;
    throw new TypeError(
      `fullyShard: ${name} was made ${shard.dtype} on '${shard.device}' after it was sharded as ${this.#dt.name} on '${full.device}'; ` +
        'call Module.to before fullyShard',
    );
  }
  /** Notes again what the shard is of: its memory may have become another, by being moved or assigned. */
  note(): void {
    setSharding(this.shard, this.sharding);
  }
  /** Takes over what may have been said of the shard since, and calls `arrive` when a gradient of the whole one is there. */
  follow(arrive: (member: Member) => void): void {
    this.full.requiresGrad = this.shard.requiresGrad;
    if (this.#hooked || !this.full.requiresGrad) return;
    this.#hooked = true;
    register((edgeOf(this.full) as AccumulateGrad).after, () => arrive(this));
  }
}

/** An all-gather under way. */
interface Gathering {
  readonly work: Work;
  readonly input: Tensor;
  readonly output: Tensor;
  readonly versions: readonly number[];
}
/** A reduce-scatter under way; `land` waits for it, and adds what came to the gradients of the shards. */
export interface Reduction {
  readonly land: () => void;
}

/** See above. */
export class Bucket {
  readonly members: readonly Member[];
  readonly #peers: Peers;
  readonly #reduceDtype: DType | null;
  #gathering: Gathering | null = null;

  constructor(members: readonly Member[], peers: Peers, reduceDtype: DType | null) {
    this.members = members;
    this.#peers = peers;
    this.#reduceDtype = reduceDtype;
  }
  /** Whether the whole parameters have their memory. */
  get gathered(): boolean {
    return this.members[0]!.full.storage.handle >= 0;
  }
  /** Whether they have the values that the shards have now. */
  get current(): boolean {
    return this.members.every((m) => m.gatheredAt === m.shard.storage.version);
  }

  /** Starts the all-gather, unless it is under way. */
  start(): void {
    if (this.#gathering !== null) return;
    const { group, count } = this.#peers;
    const { dt, device } = this.members[0]!.full;
    for (const m of this.members) m.check();
    const total = this.members.reduce((n, m) => n + m.padded, 0);
    const input = emptyLasting([total], dt, device);
    let at = 0;
    for (const { shard, padded } of this.members) {
      if (shard.count > 0) input.narrow(0, at, shard.count).copy_(shard.detach().reshape(-1));
      at += padded;
    }
    const output = emptyLasting([count * total], dt, device);
    const versions = this.members.map((m) => m.shard.storage.version);
    this.#gathering = { work: allGatherIntoTensor(output, input, group, true), input, output, versions };
  }
  /** Waits for it, and puts the values where the whole parameters are. */
  finish(): void {
    this.start();
    // started ahead, and the shards have other values by now
    if (this.members.some((m, i) => m.shard.storage.version !== this.#gathering!.versions[i])) {
      this.discard();
      this.start();
    }
    const { work, input, output, versions } = this.#gathering!;
    this.#gathering = null;
    work.wait();
    dispose(input.storage);
    const { count } = this.#peers;
    const table = output.view(count, -1);
    let at = 0;
    this.members.forEach(({ full, padded }, i) => {
      const member = this.members[i]!;
      const { storage } = full;
      refill(storage);
      if (padded > 0) new Tensor(storage, full.dt, [count, padded], null, 0).copy_(table.narrow(1, at, padded));
      at += padded;
      // what was saved for backward is valid as long as the shard has not changed
      storage.version = versions[i]!;
      member.gatheredAt = versions[i]!;
    });
    dispose(output.storage);
  }
  /** Waits for an all-gather that nobody needs any more. */
  discard(): void {
    if (this.#gathering === null) return;
    const { work, input, output } = this.#gathering;
    this.#gathering = null;
    work.wait();
    dispose(input.storage);
    dispose(output.storage);
  }
  /** Gives back the memory of the whole parameters. */
  free(): void {
    for (const { full } of this.members) vacate(full.storage);
  }

  /** Starts the mean over all processes of the gradients that have come; null where there are none. */
  reduce(): Reduction | null {
    const list = this.members.filter((m) => m.full.grad !== null);
    if (list.length === 0) return null;
    const { group, count } = this.#peers;
    const { dt, device } = list[0]!.full;
    const wire = this.#reduceDtype ?? dt;
    const total = list.reduce((n, m) => n + m.padded, 0);
    const input = emptyLasting([count, total], wire, device);
    if (list.some((m) => m.padded * count > m.full.count)) input.zero_();
    let at = 0;
    for (const { full, padded } of list) {
      const grad = full.grad!;
      fillRows(input.narrow(1, at, padded), grad.detach().reshape(-1), padded);
      at += padded;
      full.grad = null;
      // made by the engine, and seen by nobody
      if (grad.node === null && !grad.requiresGrad) dispose(grad.storage);
    }
    const output = emptyLasting([total], wire, device);
    const work = reduceScatterTensor(output, input, ReduceOp.AVG, group, true);
    return {
      land: () => {
        work.wait();
        dispose(input.storage);
        let from = 0;
        for (const { shard, padded } of list) {
          const part = new Tensor(output.storage, wire, shard.sizes, null, from);
          from += padded;
          if (shard.grad === null) shard.grad = wire === shard.dt ? part : part.to(shard.dtype);
          else shard.grad.detach().add_(part);
        }
      },
    };
  }
  /** Forgets gradients that were not reduced: those of a pass that has thrown. */
  forget(): void {
    for (const { full } of this.members) full.grad = null;
  }
}

/** Fills a table row by row; the values may end early. */
function fillRows(table: Tensor, values: Tensor, width: number): void {
  if (width === 0) return;
  const rows = Math.floor(values.count / width);
  const rest = values.count - rows * width;
  if (rows > 0) table.narrow(0, 0, rows).copy_(values.narrow(0, 0, rows * width).view(rows, width));
  if (rest > 0)
    table
      .select(0, rows)
      .narrow(0, 0, rest)
      .copy_(values.narrow(0, rows * width, rest));
}
