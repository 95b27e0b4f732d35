// torch.distributed.optim: optimizers whose state is spread over processes.
export { type OptimizerClass, type ZeroOptions, ZeroRedundancyOptimizer } from './zero.ts';
