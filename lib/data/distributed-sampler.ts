// The sampler of data-parallel training: each process takes its share of one common order. Exported as
// torch.utils.data.DistributedSampler.
import { type Call, readArguments } from '../arguments.ts';
import { getRank, getWorldSize } from '../distributed/ranks.ts';
import { describe, inNameOf } from '../errors.ts';
import { Generator } from '../random.ts';
import { permutation } from './dataset.ts';
import { Sampler, type Sized } from './sampler.ts';

/** Options of {@link DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** How many processes share the data: the world's size if absent. */
  numReplicas?: number | null | undefined;
  /** Which of them this is: the process's rank if absent. */
  rank?: number | null | undefined;
  shuffle?: boolean | undefined;
  /** The same in all processes. */
  seed?: number | undefined;
  /** Leaves out the tail that cannot be shared evenly; else the first samples come once more. */
  dropLast?: boolean | undefined;
}
const NAMES = ['numReplicas', 'rank', 'shuffle', 'seed', 'dropLast'];

/**
 * Every `numReplicas`-th index of a set, so that processes which train together see different samples, all of them equally
 * many. The order is PyTorch's for the same seed and epoch; {@link setEpoch} before each epoch gives another one. Throws
 * RangeError for a rank that is not below `numReplicas`.
 * @example
 * const sampler = new torch.utils.data.DistributedSampler([0, 1, 2, 3, 4], { numReplicas: 2, rank: 1, shuffle: false })
 * [...sampler] // [ 1, 3, 0 ]
 */
export class DistributedSampler extends Sampler {
  readonly dataset: Sized;
  readonly numReplicas: number;
  readonly rank: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly dropLast: boolean;
  /** How many indices each process gets. */
  readonly numSamples: number;
  /** How many all of them get. */
  readonly totalSize: number;
  epoch = 0;
  constructor(
    dataset: Sized,
    ...args: Call<
      [numReplicas?: number | null, rank?: number | null, shuffle?: boolean, seed?: number, dropLast?: boolean],
      DistributedSamplerOptions
    >
  ) {
    super();
    const where = 'DistributedSampler';
    const options = readArguments<DistributedSamplerOptions>(where, args, NAMES);
    if (typeof dataset !== 'object' || dataset === null || typeof dataset.length !== 'number')
      throw new TypeError(`${where}: expected a dataset or an array but received ${describe(dataset)}`);
    const numReplicas = options.numReplicas ?? inNameOf(where, () => getWorldSize());
    const rank = options.rank ?? inNameOf(where, () => getRank());
    const { shuffle = true, seed = 0, dropLast = false } = options;
    if (!Number.isInteger(numReplicas) || numReplicas < 1)
      throw new RangeError(`${where}: expected at least one replica, not numReplicas=${describe(numReplicas)}`);
    if (!Number.isInteger(rank) || rank < 0 || rank >= numReplicas)
      throw new RangeError(`${where}: Invalid rank ${rank}, rank should be in the interval [0, ${numReplicas - 1}]`);
    if (!Number.isSafeInteger(seed))
      throw new TypeError(`${where}: expected a whole number for seed but received ${describe(seed)}`);
    for (const [name, value] of [
      ['shuffle', shuffle],
      ['dropLast', dropLast],
    ] as const) {
      if (typeof value !== 'boolean')
        throw new TypeError(`${where}: expected a boolean for ${name} but received ${describe(value)}`);
    }
    const { length } = dataset;
    this.dataset = dataset;
    this.numReplicas = numReplicas;
    this.rank = rank;
    this.shuffle = shuffle;
    this.seed = seed;
    this.dropLast = dropLast;
    const uneven = dropLast && length % numReplicas !== 0;
    this.numSamples = Math.max(0, Math.ceil((uneven ? length - numReplicas : length) / numReplicas));
    this.totalSize = this.numSamples * numReplicas;
  }
  /** How many indices it gives. */
  override get length(): number {
    return this.numSamples;
  }
  /** Says which epoch comes next: the order is another in each, and the same in all processes. */
  setEpoch(epoch: number): void {
    if (!Number.isSafeInteger(epoch))
      throw new TypeError(`setEpoch: expected a whole number but received ${describe(epoch)}`);
    this.epoch = epoch;
  }
  override *[Symbol.iterator](): IterableIterator<number> {
    const n = this.dataset.length;
    const order = this.shuffle ? permutation(n, new Generator().manualSeed(this.seed + this.epoch)) : null;
    // where samples are too few for all, the first ones come again
    for (let i = this.rank; i < this.totalSize && n > 0; i += this.numReplicas)
      yield order === null ? i % n : order[i % n]!;
  }
}
