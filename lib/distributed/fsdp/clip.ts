// The norm of gradients whose parts are on several processes, and scaling by it. Exported by index.ts; the wrapper calls it.
import { noGrad } from '../../autograd/mode.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { type AnyModule, Module } from '../../nn/module.ts';
import { Tensor } from '../../tensor.ts';
import { allReduce } from '../collectives.ts';
import type { ProcessGroup } from '../process-group.ts';
import { ReduceOp } from '../reduce-op.ts';
import { shardingOf } from '../sharding.ts';
import { DistError } from '../errors.ts';

interface ClipOptions {
  normType?: number | undefined;
  errorIfNonfinite?: boolean | undefined;
}

/** Of the gradients on this process: the greatest for an infinite norm, else the sum of the powers. */
function part(grads: readonly Tensor[], normType: number, like: Tensor): Tensor {
  const filled = grads.filter((g) => g.count > 0).map((g) => g.detach().abs().to('float32'));
  const start = like.newZeros([1], { dtype: 'float32' });
  return filled.reduce(
    (sum, g) => (normType === Infinity ? sum.maximum(g.amax()) : sum.add(g.pow(normType).sum())),
    start,
  );
}

/**
 * As `nn.utils.clipGradNorm_`, for parameters of which each process has a shard: the norm is that of all gradients of all
 * processes, and what is given back is the same everywhere. All processes must call it. Parameters may be those of a
 * module. Throws RangeError for norms that are not positive, and an Error with `errorIfNonfinite` where the norm is not
 * finite.
 * @example
 * const w = torch.tensor([3, 4], { requiresGrad: true })
 * w.mul(torch.tensor([3, 4])).sum().backward()
 * torch.distributed.fsdp.clipGradNorm_([w], 1).item() // 5
 */
export function clipGradNorm_(
  parameters: AnyModule | Iterable<Tensor>,
  maxNorm: number,
  ...args: Call<[normType?: number, errorIfNonfinite?: boolean], ClipOptions>
): Tensor {
  const where = 'clipGradNorm_';
  const { normType = 2, errorIfNonfinite = false } = readArguments<ClipOptions>(where, args, [
    'normType',
    'errorIfNonfinite',
  ]);
  if (typeof maxNorm !== 'number' || Number.isNaN(maxNorm))
    throw new TypeError(`${where}: expected a number for maxNorm but received ${describe(maxNorm)}`);
  if (!(normType > 0)) throw new RangeError(`${where}: expected a positive normType but received ${normType}`);
  const list: readonly Tensor[] = parameters instanceof Module ? parameters.parameters() : [...parameters];
  return noGrad(() => {
    // by group: whole gradients count once, shards are summed over their group
    const byGroup = new Map<ProcessGroup | null | undefined, Tensor[]>();
    for (const p of list) {
      if (!(p instanceof Tensor)) throw new TypeError(`${where}: expected a Tensor but received ${describe(p)}`);
      const sharding = shardingOf(p);
      const group = sharding === null ? undefined : sharding.group;
      const grads = byGroup.get(group) ?? [];
      // a process whose gradient is missing takes part in the sum all the same
      if (p.grad !== null) grads.push(p.grad);
      byGroup.set(group, grads);
    }
    const like = list[0];
    if (like === undefined) throw new RangeError(`${where}: expected at least one parameter`);
    let total = part([], normType, like);
    for (const [group, grads] of byGroup) {
      const own = part(grads, normType, like);
      if (group !== undefined) allReduce(own, normType === Infinity ? ReduceOp.MAX : ReduceOp.SUM, group);
      total = normType === Infinity ? total.maximum(own) : total.add(own);
    }
    const norm = (normType === Infinity ? total : total.pow(1 / normType)).squeeze(0);
    if (errorIfNonfinite && !Number.isFinite(norm.item()))
      throw new DistError(
        `${where}: The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be ` +
          'clipped. To disable this error and scale the gradients by the non-finite norm anyway, set `errorIfNonfinite: false`',
      );
    const factor = norm.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    for (const p of list) p.grad?.detach().mul_(factor.to({ dtype: p.grad.dtype, device: p.grad.device }));
    return norm;
  });
}
