// What an operation that is under way gives: its Work. Each transport has its own kind of it.
import type { Tensor } from '../tensor.ts';

/**
 * An operation under way, as `asyncOp: true`, `isend` and `irecv` give it. Its tensors may be used again once it has ended;
 * they stay where they are until then, whatever becomes of them here.
 * @example
 * torch.distributed.Work.prototype instanceof Object // true
 */
export abstract class Work {
  /**
   * When a collective ran on the communication thread, once it has ended: from and to, in milliseconds of
   * `process.hrtime()`; null where that is not known.
   */
  ran: readonly [from: number, to: number] | null = null;
  /** Internal: what went wrong. */
  protected error: Error | null = null;
  readonly #tensors: readonly Tensor[];
  constructor(tensors: readonly Tensor[]) {
    this.#tensors = tensors;
  }
  /**
   * Waits until it has ended, `timeout` seconds at most, and gives true. Throws what went wrong, DistBackendError if the time
   * is over (the operation itself goes on).
   */
  abstract wait(timeout?: number | null): boolean;
  /** Whether it has ended, well or not. */
  abstract isCompleted(): boolean;
  /** Whether it has ended well. */
  isSuccess(): boolean {
    return this.isCompleted() && this.error === null;
  }
  /** What went wrong, or null. */
  exception(): Error | null {
    return this.isCompleted() ? this.error : null;
  }
  /** A promise of its tensors, settled when it has ended: the event loop waits for that. */
  abstract getFuture(): Promise<readonly Tensor[]>;
  /** The tensors that it writes. */
  result(): readonly Tensor[] {
    return this.#tensors;
  }
  /** The rank in the group that a message came from, once it has; -1 of anything else. */
  sourceRank(): number {
    return -1;
  }
  /** As `wait()`: what is computed next sees the result. */
  synchronize(): void {
    this.wait();
  }
}

/** What has ended already: of ranks that are not in a group, of groups of nothing to do. */
export class EndedWork extends Work {
  constructor(tensors: readonly Tensor[] = []) {
    super(tensors);
  }
  override wait(): boolean {
    return true;
  }
  override isCompleted(): boolean {
    return true;
  }
  override getFuture(): Promise<readonly Tensor[]> {
    return Promise.resolve(this.result());
  }
}

/** Several as one: it has ended when all have. */
export class ManyWork extends Work {
  readonly #parts: readonly Work[];
  constructor(parts: readonly Work[]) {
    super(parts.flatMap((part) => part.result()));
    this.#parts = parts;
  }
  override wait(timeout?: number | null): boolean {
    for (const part of this.#parts) part.wait(timeout);
    return true;
  }
  override isCompleted(): boolean {
    return this.#parts.every((part) => part.isCompleted());
  }
  override isSuccess(): boolean {
    return this.#parts.every((part) => part.isSuccess());
  }
  override exception(): Error | null {
    for (const part of this.#parts) {
      const error = part.exception();
      if (error !== null) return error;
    }
    return null;
  }
  override async getFuture(): Promise<readonly Tensor[]> {
    return (await Promise.all(this.#parts.map((part) => part.getFuture()))).flat();
  }
}
