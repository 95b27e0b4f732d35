// Broadcasts of many tensors: small ones travel together. Called by DistributedDataParallel (parameters and buffers at its
// start, buffers before forward) and by ZeroRedundancyOptimizer (updated parameters).
import { noGrad } from '../autograd/mode.ts';
import { assignBuckets } from '../nn/parallel/buckets.ts';
import { emptyLasting, Tensor } from '../tensor.ts';
import { broadcast } from './collectives.ts';
import type { ProcessGroup } from './process-group.ts';
import type { Work } from './work.ts';

/** A tensor of so many bytes travels alone, without being copied. */
const ALONE = 1 << 20;
/** Small ones are gathered until they have so many bytes. */
const TOGETHER = 4 << 20;

/** One broadcast under way, and what is done when it has ended. */
export interface Flight {
  readonly work: Work;
  readonly land: () => void;
}

/**
 * Starts the broadcast of tensors from the process `src` (of the world) into those of all others, which must have the same
 * dtypes and shapes in the same order. `finishAll` waits for what it gives.
 */
export function startBroadcast(
  tensors: readonly Tensor[],
  src: number,
  own: boolean,
  group: ProcessGroup | null,
): Flight[] {
  const alone: Tensor[] = [];
  const small: Tensor[] = [];
  for (const x of tensors) {
    if (x.count === 0) continue;
    (x.nbytes >= ALONE ? alone : small).push(x.detach());
  }
  const nothing = (): void => {};
  const flights = alone.map((x): Flight => ({ work: broadcast(x, { src, group, asyncOp: true }), land: nothing }));
  for (const members of assignBuckets(small, [TOGETHER])) {
    const list = members.map((i) => small[i]!);
    const count = list.reduce((n, x) => n + x.count, 0);
    const flat = emptyLasting([count], list[0]!.dt, list[0]!.storage.device);
    const parts = partsOf(flat, list);
    if (own) noGrad(() => parts.forEach((part, i) => part.copy_(list[i]!)));
    const land = own ? nothing : (): void => noGrad(() => list.forEach((x, i) => void x.copy_(parts[i]!)));
    flights.push({ work: broadcast(flat, { src, group, asyncOp: true }), land });
  }
  return flights;
}

/** Views of a flat tensor in the shapes of others. */
function partsOf(flat: Tensor, like: readonly Tensor[]): Tensor[] {
  let at = 0;
  return like.map((x) => {
    const part = new Tensor(flat.storage, flat.dt, x.sizes, null, at, x.count);
    at += x.count;
    return part;
  });
}

/** Waits for broadcasts, and puts what has come where it belongs. */
export function finishAll(flights: readonly Flight[]): void {
  for (const { work, land } of flights) {
    work.wait();
    land();
  }
}
