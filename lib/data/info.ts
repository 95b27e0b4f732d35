// What a loader's worker knows of itself.

/** What {@link getWorkerInfo} tells. */
export interface WorkerInfo {
  /** 0 to `numWorkers` - 1. */
  readonly id: number;
  readonly numWorkers: number;
  /** What this worker's default generator was seeded with. */
  readonly seed: number | bigint;
  /** The dataset as this worker has it. */
  readonly dataset: unknown;
}
let info: WorkerInfo | null = null;
/** Called once, by worker.ts. */
export function setWorkerInfo(own: WorkerInfo): void {
  info = own;
}

/**
 * Which of a DataLoader's workers this is; null in the main thread. An iterable dataset gives each worker its share by it.
 * @example
 * torch.utils.data.getWorkerInfo() // null
 */
export function getWorkerInfo(): WorkerInfo | null {
  return info;
}
