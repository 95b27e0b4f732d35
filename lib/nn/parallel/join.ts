// Uneven inputs: a process that has none left takes part in what the others exchange until all are done. Called by
// DistributedDataParallel.
import { zeros } from '../../create.ts';
import { allReduce } from '../../distributed/collectives.ts';
import type { ProcessGroup } from '../../distributed/process-group.ts';
import { getRank, getWorldSize } from '../../distributed/ranks.ts';
import { ReduceOp } from '../../distributed/reduce-op.ts';
import type { Device } from '../../device.ts';
import { noGrad } from '../../autograd/mode.ts';
import { DistError } from '../../distributed/errors.ts';

/** Options of {@link DistributedDataParallel.join}. */
export interface JoinOptions {
  /** Averages over all processes, as if the missing gradients were zero; else over those that still have inputs. */
  divideByInitialWorldSize?: boolean | undefined;
  /** Whether anything is done at all. */
  enable?: boolean | undefined;
  /** Throws in all processes as soon as one has no more inputs. */
  throwOnEarlyTermination?: boolean | undefined;
}

/** What all processes do in one step. */
export interface Step {
  /** The ranks in the group that still have inputs. */
  readonly active: readonly number[];
  readonly buffers: boolean;
  readonly gradients: boolean;
}

/** The state of one process within join. */
export class Joining {
  readonly options: JoinOptions;
  readonly #group: ProcessGroup | null;
  readonly #device: Device;
  /** The last ranks that had inputs. */
  lastActive: readonly number[] = [];
  constructor(options: JoinOptions, group: ProcessGroup | null, device: Device) {
    this.options = options;
    this.#group = group;
    this.#device = device;
  }
  /** Says what this process is about to do, and learns what all do. Throws where that was asked for. */
  agree(active: boolean, buffers: boolean, gradients: boolean): Step {
    const size = getWorldSize(this.#group);
    const rank = getRank(this.#group);
    const notes = new Array<number>(size + 2).fill(0);
    if (active) notes[rank] = 1;
    if (buffers) notes[size] = 1;
    if (gradients) notes[size + 1] = 1;
    const sums = noGrad(() => {
      const x = zeros([size + 2], { dtype: 'int32' });
      notes.forEach((n, i) => n > 0 && x.select(0, i).fill_(n));
      const moved = x.to(this.#device);
      allReduce(moved, { op: ReduceOp.SUM, group: this.#group });
      return moved.tolist() as number[];
    });
    const ranks = sums.slice(0, size).flatMap((n, i) => (n > 0 ? [i] : []));
    if (ranks.length > 0) this.lastActive = ranks;
    if (this.options.throwOnEarlyTermination && ranks.length > 0 && ranks.length < size) {
      const done = sums.slice(0, size).flatMap((n, i) => (n > 0 ? [] : [i]));
      throw new DistError(`join: rank ${done.join(', ')} exhausted all inputs (seen by rank ${rank})`);
    }
    return { active: ranks, buffers: sums[size]! > 0, gradients: sums[size + 1]! > 0 };
  }
}
