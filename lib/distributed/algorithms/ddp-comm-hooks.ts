// torch.distributed.algorithms.ddpCommHooks.
export * as defaultHooks from './default-hooks.ts';
