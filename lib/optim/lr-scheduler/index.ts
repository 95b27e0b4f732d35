// torch.optim.lrScheduler: learning rates that change from epoch to epoch, or from step to step.
export { _LRScheduler, type EpochOptions, LRScheduler, type Schedulable, type ScheduledGroup } from './base.ts';
export {
  ConstantLR,
  type ConstantLROptions,
  ExponentialLR,
  type GammaOptions,
  LambdaLR,
  LinearLR,
  type LinearLROptions,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  type PolynomialLROptions,
  StepLR,
} from './factors.ts';
export { CosineAnnealingLR, CosineAnnealingWarmRestarts, type WarmRestartsOptions } from './cosine.ts';
export { CyclicLR, type CyclicLROptions, OneCycleLR, type OneCycleLROptions } from './cyclic.ts';
export { ChainedScheduler, SequentialLR } from './combined.ts';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './plateau.ts';
