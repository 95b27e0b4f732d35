// torch.optim: optimizers in the order of their complexity, and schedules of learning rates.
export {
  type BaseOptions,
  Optimizer,
  type OptimizerStateDict,
  type ParameterState,
  type ParamGroup,
  type Params,
  type Slot,
} from './optimizer.ts';
export { SGD, type SGDOptions } from './sgd.ts';
export { Adam, type AdamOptions, AdamW } from './adam.ts';
export * as lrScheduler from './lr-scheduler.ts';
