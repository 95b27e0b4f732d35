// torch.distributed.fsdp: parameters, gradients and optimizer state sharded over processes. Exported by distributed/index.ts.
export { clipGradNorm_ } from './clip.ts';
export {
  type FSDPModule,
  fullyShard,
  type FullyShardOptions,
  type MixedPrecisionOptions,
  MixedPrecisionPolicy,
  registerFSDPForwardMethod,
  type UnshardHandle,
} from './fully-shard.ts';
export {
  type AutoWrapPolicy,
  FullyShardedDataParallel,
  type FullyShardedDataParallelOptions,
  ShardingStrategy,
  type ShardingStrategyName,
} from './wrapper.ts';
