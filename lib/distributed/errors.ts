// The error classes of torch.distributed. Thrown by the transports and by what is made of them.

/**
 * Thrown where processes cannot work together: what all errors of communication extend.
 * @example
 * new torch.distributed.DistBackendError('allReduce: …') instanceof torch.distributed.DistError // true
 */
export class DistError extends Error {
  override name = 'DistError';
}

/**
 * Thrown for what MPI or NCCL refuses, for calls that differ between ranks in debug mode, and for a `wait` that took too long.
 * @example
 * new torch.distributed.DistBackendError('allReduce: …').name // DistBackendError
 */
export class DistBackendError extends DistError {
  override name = 'DistBackendError';
}
