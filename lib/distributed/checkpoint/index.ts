// torch.distributed.checkpoint: state dicts in folders, written by many processes and read by as many as there are.
export * as formatUtils from './format-utils.ts';
export { load } from './load.ts';
export { type CheckpointOptions, save } from './save.ts';
export * as stateDict from './state-dict.ts';
