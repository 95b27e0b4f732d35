// torch.nn.parallel: training of one model by several processes, or on several GPUs.
export {
  DataParallel,
  type DataParallelOptions,
  dataParallel,
  type DeviceOrIndex,
  gather,
  scatter,
} from './data-parallel.ts';
export { type CommHook, DistributedDataParallel, type DistributedDataParallelOptions } from './ddp.ts';
export { GradBucket } from './grad-bucket.ts';
export type { JoinOptions } from './join.ts';
