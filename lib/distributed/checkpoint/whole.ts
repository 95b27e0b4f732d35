// Shards and whole tensors, one made of the other. Called by state-dict.ts.
import { noGrad } from '../../autograd/mode.ts';
import { ShapeError } from '../../errors.ts';
import { sameShape, show, sizeOf } from '../../shape.ts';
import { emptyLasting, type Tensor } from '../../tensor.ts';
import { allGatherIntoTensor } from '../gathering.ts';
import { getWorldSize } from '../group.ts';
import { shardingOf } from '../sharding.ts';

/** The whole tensor that `x` is a shard of, gathered from all processes, which must all call this; others as they are. */
export function fullTensor(x: Tensor): Tensor {
  const sharding = shardingOf(x);
  if (sharding === null) return x.detach();
  const { sizes, chunk, group, rows } = sharding;
  const inner = sizes.slice(1);
  const input = emptyLasting([chunk, ...inner], x.dt, x.device);
  const output = emptyLasting([chunk * getWorldSize(group), ...inner], x.dt, x.device);
  return noGrad(() => {
    if (rows < chunk) input.zero_();
    input.narrow(0, 0, rows).copy_(x.detach());
    if (sizeOf(sizes) > 0) allGatherIntoTensor(output, input, group);
    const whole = output.narrow(0, 0, sizes[0]!);
    return whole.storage.nbytes === whole.nbytes ? whole : whole.clone();
  });
}

/** The part of a whole tensor that belongs where `like` is; `whole` itself where that is no shard. */
export function partFor(where: string, key: string, whole: Tensor, like: Tensor): Tensor {
  const sharding = shardingOf(like);
  if (sharding === null) return whole;
  if (!sameShape(whole.sizes, sharding.sizes)) {
    throw new ShapeError(
      `${where}: size mismatch for '${key}': ${show(whole.sizes)} given, ${show(sharding.sizes)} here`,
    );
  }
  return whole.detach().narrow(0, sharding.start, sharding.rows);
}
