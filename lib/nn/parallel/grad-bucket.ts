// What communication hooks see of a bucket. Made by DistributedDataParallel.registerCommHook.
import { describe, ShapeError } from '../../errors.ts';
import { show } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import type { Bucket } from './buckets.ts';

/**
 * Gradients that travel together, as a communication hook gets them. Only DistributedDataParallel makes them: see
 * {@link DistributedDataParallel.registerCommHook}.
 * @example
 * torch.distributed.GradBucket.name // GradBucket
 */
export class GradBucket {
  readonly #bucket: Bucket;
  readonly #isLast: boolean;
  #buffer: Tensor;
  constructor(bucket: Bucket, isLast: boolean) {
    this.#bucket = bucket;
    this.#isLast = isLast;
    this.#buffer = bucket.buffer;
  }
  /** Its number: 0 is the one that is full first. */
  index(): number {
    return this.#bucket.index;
  }
  /** All gradients one after the other, (N). */
  buffer(): Tensor {
    return this.#buffer;
  }
  /** The gradients as parts of the buffer, in the shapes of their parameters. */
  gradients(): Tensor[] {
    return this.#bucket.viewsOf(this.#buffer);
  }
  /** The parameters. */
  parameters(): Tensor[] {
    return [...this.#bucket.parameters];
  }
  /** Whether no other bucket follows in this step. */
  isLast(): boolean {
    return this.#isLast;
  }
  /** Puts another tensor of the same number of elements in the buffer's place. Throws ShapeError for others. */
  setBuffer(buffer: Tensor): void {
    if (!(buffer instanceof Tensor))
      throw new TypeError(`setBuffer: expected a Tensor but received ${describe(buffer)}`);
    if (buffer.count !== this.#buffer.count) {
      throw new ShapeError(`setBuffer: expected ${this.#buffer.count} elements but received ${show(buffer.sizes)}`);
    }
    this.#buffer = buffer;
  }
}

/** What a hook gives: one vector of as many elements as the bucket has, of its dtype. */
export function checkBuffer(where: string, given: unknown, { buffer }: Bucket): Tensor {
  if (!(given instanceof Tensor)) throw new TypeError(`${where}: expected a Tensor but received ${describe(given)}`);
  if (given.count !== buffer.count || given.dt !== buffer.dt) {
    throw new ShapeError(
      `${where}: expected ${buffer.dtype} ${show(buffer.sizes)}, as the bucket has, but received ${given.dtype} ${show(given.sizes)}`,
    );
  }
  return given.detach().contiguous();
}
