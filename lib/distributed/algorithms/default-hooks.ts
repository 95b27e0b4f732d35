// torch.distributed.algorithms.ddpCommHooks.defaultHooks: what a bucket of gradients goes through in place of a plain
// all-reduce. Given to DistributedDataParallel.registerCommHook.
import type { CommHook } from '../../nn/parallel/ddp.ts';
import type { GradBucket } from '../../nn/parallel/grad-bucket.ts';
import type { Tensor } from '../../tensor.ts';
import { allReduce } from '../collectives.ts';
import type { ProcessGroup } from '../process-group.ts';
import { getWorldSize } from '../ranks.ts';
import { ReduceOp } from '../reduce-op.ts';

type Group = ProcessGroup | null;

/** Starts the average of a tensor over all processes, in place. */
function average(group: Group, x: Tensor): () => Tensor {
  x.div_(getWorldSize(group));
  const work = allReduce(x, { op: ReduceOp.SUM, group, asyncOp: true });
  return () => {
    work.wait();
    return x;
  };
}

/**
 * The average of gradients, as without a hook.
 * @example
 * torch.distributed.algorithms.ddpCommHooks.defaultHooks.allreduceHook.name // allreduceHook
 */
export function allreduceHook(group: Group, bucket: GradBucket): () => Tensor {
  return average(group, bucket.buffer());
}

/** The average of the gradients in a narrower dtype, in which they travel. */
function compressed(group: Group, bucket: GradBucket, dtype: 'float16' | 'bfloat16'): () => Tensor {
  const buffer = bucket.buffer();
  const finish = average(group, buffer.to(dtype));
  return () => buffer.copy_(finish());
}
/**
 * As {@link allreduceHook}, but the gradients travel as float16: half of the bytes, and the rounding that goes with it.
 * @example
 * torch.distributed.algorithms.ddpCommHooks.defaultHooks.fp16CompressHook.name // fp16CompressHook
 */
export function fp16CompressHook(group: Group, bucket: GradBucket): () => Tensor {
  return compressed(group, bucket, 'float16');
}
/**
 * As {@link fp16CompressHook}, with bfloat16.
 * @example
 * torch.distributed.algorithms.ddpCommHooks.defaultHooks.bf16CompressHook.name // bf16CompressHook
 */
export function bf16CompressHook(group: Group, bucket: GradBucket): () => Tensor {
  return compressed(group, bucket, 'bfloat16');
}

/** A hook whose buckets come and go in a narrower dtype. */
const wrapped =
  <S>(dtype: 'float16' | 'bfloat16', hook: CommHook<S>): CommHook<S> =>
  (state, bucket) => {
    const buffer = bucket.buffer();
    bucket.setBuffer(buffer.to(dtype));
    const given = hook(state, bucket);
    return () => buffer.copy_(typeof given === 'function' ? given() : given);
  };
/**
 * Has another hook work on float16.
 * @example
 * const { allreduceHook, fp16CompressWrapper } = torch.distributed.algorithms.ddpCommHooks.defaultHooks
 * typeof fp16CompressWrapper(allreduceHook) // function
 */
export const fp16CompressWrapper = <S>(hook: CommHook<S>): CommHook<S> => wrapped('float16', hook);
/**
 * Has another hook work on bfloat16.
 * @example
 * const { allreduceHook, bf16CompressWrapper } = torch.distributed.algorithms.ddpCommHooks.defaultHooks
 * typeof bf16CompressWrapper(allreduceHook) // function
 */
export const bf16CompressWrapper = <S>(hook: CommHook<S>): CommHook<S> => wrapped('bfloat16', hook);
