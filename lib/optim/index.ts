// torch.optim: optimizers in the order of their complexity, and schedules of learning rates.
export {
  type BaseOptions,
  type GivenGroup,
  type GroupNotes,
  Optimizer,
  type OptimizerHook,
  type Parameters,
  type ParamGroup,
  type Params,
  type Slot,
  type StateDictHook,
  type StepPostHook,
  type StepPreHook,
  type Taken,
} from './optimizer.ts';
export type { OptimizerStateDict, ParameterState, StateValue } from './state-dict.ts';
export { SGD, type SGDOptions } from './sgd.ts';
export { Adam, type AdamOptions, AdamW } from './adam.ts';
export {
  Adamax,
  type AdamaxOptions,
  NAdam,
  type NAdamOptions,
  RAdam,
  type RAdamOptions,
} from './adam-kin.ts';
export {
  Adadelta,
  type AdadeltaOptions,
  Adagrad,
  type AdagradOptions,
  RMSprop,
  type RMSpropOptions,
} from './adagrad-kin.ts';
export { ASGD, type ASGDOptions, Rprop, type RpropOptions } from './rprop.ts';
export { Adafactor, type AdafactorOptions } from './adafactor.ts';
export { Muon, type MuonOptions } from './muon.ts';
export { LBFGS, type LBFGSOptions } from './lbfgs.ts';
export { SparseAdam, type SparseAdamOptions } from './sparse-adam.ts';
export * as lrScheduler from './lr-scheduler/index.ts';
export * as swaUtils from './swa-utils.ts';
