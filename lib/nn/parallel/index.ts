// torch.nn.parallel: training of one model by several processes.
export { type CommHook, DistributedDataParallel, type DistributedDataParallelOptions } from './ddp.ts';
export { GradBucket } from './grad-bucket.ts';
export type { JoinOptions } from './join.ts';
