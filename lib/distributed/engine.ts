// Between the API and what moves bytes: one call as a transport gets it, checked and laid out. MPI's transport is mpi.ts, for
// tensors of the CPU, NCCL's nccl.ts, for those of GPUs.
import type { Tensor } from '../tensor.ts';
import type { Work } from './work.ts';

/** What there is to do. In the order of native/mpi/operation.h. */
export const kinds = [
  'allReduce',
  'broadcast',
  'reduce',
  'allGather',
  'gather',
  'scatter',
  'reduceScatter',
  'allToAll',
  'barrier',
  'send',
  'recv',
] as const;
export type Kind = (typeof kinds)[number];

/**
 * One operation of one rank. Tensors are contiguous, on one device that is the transport's, of one dtype, and of fitting sizes.
 * Ranks are those of the group.
 */
export interface Call {
  readonly kind: Kind;
  /** The function that was called, for messages. */
  readonly where: string;
  /** Written: what `recv`, `allGather`, `scatter`… fill; read, too, by `allReduce`, `broadcast` and `reduce`. Null where this rank gets nothing. */
  readonly output: Tensor | null;
  /** Read: of `allGather`, `gather`, `scatter` (the root's, all parts), `reduceScatter`, `allToAll` and `send`. Else null. */
  readonly input: Tensor | null;
  /** Of reductions, the place in ReduceOp: SUM 0, AVG 1, PRODUCT 2, MIN 3, MAX 4, BAND 5, BOR 6, BXOR 7. */
  readonly op: number;
  /** The root, or the other side of a message; -1 is a `recv` from anybody. */
  readonly peer: number;
  readonly tag: number;
  /** Of an `allToAll` in unequal parts: elements to and from each rank. */
  readonly inSplits: readonly number[] | null;
  readonly outSplits: readonly number[] | null;
  /** Seconds after which it has failed, and the job with it; 0 for no limit. */
  readonly timeout: number;
  /** In debug mode what all ranks have to agree on (see debug.ts), compared before a collective begins. Else null. */
  readonly fingerprint: string | null;
  /** Whether the caller goes on meanwhile. */
  readonly asynchronous: boolean;
  /** Called on this thread when the results are there, for those who wait: copies them to where they belong. Null for nothing. */
  readonly after: (() => void) | null;
  /** What the Work gives as its result. */
  readonly results: readonly Tensor[];
  /** Set by the transport: whom a message came from. */
  source: number;
}

/** Moves bytes between the ranks of one group. */
export interface Transport {
  readonly name: 'mpi' | 'nccl';
  /** Where its tensors are. */
  readonly device: 'cpu' | 'cuda';
  /** Makes the call. Null when it has ended: always so where it is not asynchronous. Throws what went wrong. */
  run(call: Call): Work | null;
  /** Messages that belong together, as `batchIsendIrecv` makes them: all calls are made within `f`. */
  together<R>(f: () => R): R;
  /** Waits for what is under way, and ends it. */
  close(): void;
}
