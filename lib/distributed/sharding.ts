// Which rows of which tensor a shard is, and shards and whole tensors made of each other. Noted by fullyShard; read by
// checkpoints, state dicts and the clipping of gradients.
import { noGrad } from '../autograd/mode.ts';
import { ShapeError } from '../errors.ts';
import type { Storage } from '../memory.ts';
import { sameShape, type Shape, show, sizeOf } from '../shape.ts';
import { emptyLasting, type Tensor } from '../tensor.ts';
import { allGatherIntoTensor } from './gathering.ts';
import type { ProcessGroup } from './process-group.ts';
import { getWorldSize } from './ranks.ts';

/** A part of a tensor: where it begins along each dim, and its sizes. */
export interface Rectangle {
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

/** What a shard is of. */
export interface Sharding {
  /** Of the whole tensor. */
  readonly sizes: Shape;
  /** The first row of this shard, and how many it has. */
  readonly start: number;
  readonly rows: number;
  /** Rows per process, by which all but the last shards are cut. */
  readonly chunk: number;
  /** Whose processes have the shards, by rank in the group. */
  readonly group: ProcessGroup | null;
}

/** By the bytes: what is detached or in a state dict is the shard still. */
const known = new WeakMap<Storage, Sharding>();

/** The rows that process `rank` of `count` has of a tensor, cut as `torch.chunk` cuts. */
export function shardOf(sizes: Shape, rank: number, count: number, group: ProcessGroup | null): Sharding {
  const all = sizes[0]!;
  const chunk = Math.ceil(all / count);
  const start = Math.min(all, rank * chunk);
  return { sizes, start, rows: Math.min(chunk, all - start), chunk, group };
}
/** The sizes of a shard. */
export const localSizes = ({ sizes, rows }: Sharding): Shape => [rows, ...sizes.slice(1)];

/** Notes that a tensor, which has its memory to itself, is a shard. */
export function setSharding(x: Tensor, sharding: Sharding): void {
  known.set(x.storage, sharding);
}
/** What a tensor is a shard of; null if it is whole. */
export function shardingOf(x: Tensor): Sharding | null {
  const sharding = known.get(x.storage);
  return sharding !== undefined && sameShape(x.sizes, localSizes(sharding)) ? sharding : null;
}
/** The part of the whole tensor that `x` is: all of it where it is no shard. */
export function rectangleOf(x: Tensor): Rectangle {
  const sharding = shardingOf(x);
  const offsets = x.sizes.map((_, d) => (d === 0 && sharding !== null ? sharding.start : 0));
  return { offsets, sizes: [...x.sizes] };
}

/** The whole tensor that `x` is a shard of, gathered from all processes, which must all call this; others as they are. */
export function fullTensor(x: Tensor): Tensor {
  const sharding = shardingOf(x);
  if (sharding === null) return x.detach();
  const { sizes, chunk, group, rows } = sharding;
  const inner = sizes.slice(1);
  const input = emptyLasting([chunk, ...inner], x.dt, x.device);
  const output = emptyLasting([chunk * getWorldSize(group), ...inner], x.dt, x.device);
  return noGrad(() => {
    if (rows < chunk) input.zero_();
    input.narrow(0, 0, rows).copy_(x.detach());
    if (sizeOf(sizes) > 0) allGatherIntoTensor(output, input, group);
    const whole = output.narrow(0, 0, sizes[0]!);
    return whole.storage.nbytes === whole.nbytes ? whole : whole.clone();
  });
}

/** The part of a whole tensor that belongs where `like` is; `whole` itself where that is no shard. */
export function partFor(where: string, key: string, whole: Tensor, like: Tensor): Tensor {
  const sharding = shardingOf(like);
  if (sharding === null) return whole;
  if (!sameShape(whole.sizes, sharding.sizes)) {
    throw new ShapeError(
      `${where}: size mismatch for '${key}': ${show(whole.sizes)} given, ${show(sharding.sizes)} here`,
    );
  }
  return whole.detach().narrow(0, sharding.start, sharding.rows);
}
