// torch.distributed.algorithms: what gradients can go through on their way.
export * as ddpCommHooks from './ddp-comm-hooks.ts';
