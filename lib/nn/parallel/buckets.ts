// The buckets of DistributedDataParallel: which gradients travel together, and the flat memory in which they do. Called by
// the reducer.
import { scaleInto } from '../../ops/internal/engine-ops.ts';
import { emptyLasting, Tensor } from '../../tensor.ts';

/**
 * Groups tensors of one dtype and device so that a group is closed by the tensor with which it has at least its limit of
 * bytes: `limits[0]` for the first group of a kind, and so on, the last for all others. Gives the groups' indices, ordered
 * by their first tensor.
 */
export function assignBuckets(tensors: readonly Tensor[], limits: readonly number[]): number[][] {
  const out: number[][] = [];
  const open = new Map<string, { members: number[]; bytes: number; closed: number }>();
  tensors.forEach((x, i) => {
    const kind = `${x.dtype} ${x.device}`;
    let group = open.get(kind);
    if (group === undefined) open.set(kind, (group = { members: [], bytes: 0, closed: 0 }));
    group.members.push(i);
    group.bytes += x.nbytes;
    if (group.bytes < limits[Math.min(group.closed, limits.length - 1)]!) return;
    out.push(group.members);
    open.set(kind, { members: [], bytes: 0, closed: group.closed + 1 });
  });
  for (const { members } of open.values()) if (members.length > 0) out.push(members);
  return out.sort(([a], [b]) => a! - b!);
}

/** What is started for a full bucket: gives its averaged values when they are there. */
export type Finish = () => Tensor;

/** Gradients that travel together. */
export class Bucket {
  readonly index: number;
  readonly parameters: readonly Tensor[];
  /** The numbers of the parameters among all. */
  readonly members: readonly number[];
  /** All gradients, one after the other. */
  readonly buffer: Tensor;
  /** The gradients as parts of the buffer, in the shapes of the parameters. */
  readonly views: readonly Tensor[];
  /** Gradients that are still to come. */
  pending = 0;
  finish: Finish | null = null;

  constructor(index: number, parameters: readonly Tensor[], members: readonly number[]) {
    const [first] = parameters;
    const count = parameters.reduce((n, p) => n + p.count, 0);
    this.index = index;
    this.parameters = parameters;
    this.members = members;
    this.buffer = emptyLasting([count], first!.dt, first!.storage.device);
    this.views = this.viewsOf(this.buffer);
  }
  /** The gradients as parts of a flat tensor: of the buffer, or of what came in its place. */
  viewsOf(flat: Tensor): Tensor[] {
    let at = 0;
    return this.parameters.map((p) => {
      const view = new Tensor(flat.storage, flat.dt, p.sizes, null, flat.offset + at, p.count);
      at += p.count;
      return view;
    });
  }
  /** Takes in the gradient of its `i`-th parameter; zeros if that has none. */
  take(i: number, factor: number): void {
    const view = this.views[i]!;
    const { grad } = this.parameters[i]!;
    if (grad === null) view.zero_();
    else if (grad.storage !== view.storage) scaleInto(view, grad, factor);
    else if (factor !== 1) view.mul_(factor);
  }
}
