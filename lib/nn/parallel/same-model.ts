// The check that all processes wrap the same model. Called by DistributedDataParallel when it is made.
import type { ProcessGroup } from '../../distributed/process-group.ts';
import { getRank, getWorldSize } from '../../distributed/ranks.ts';
import { allGatherObject } from '../../distributed/objects.ts';
import { ShapeError } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';

type Entry = [name: string, what: string];

/**
 * Compares names, dtypes, shapes and requiresGrad of all processes; throws ShapeError in all of them, naming the first
 * parameter or buffer that differs from that of the group's first process.
 */
export function checkSameModel(
  where: string,
  parameters: readonly (readonly [string, Tensor])[],
  buffers: readonly (readonly [string, Tensor])[],
  group: ProcessGroup | null,
): void {
  const describeAll = (kind: string, list: readonly (readonly [string, Tensor])[]): Entry[] =>
    list.map(([name, x]): Entry => {
      const frozen = kind === 'parameter' && !x.requiresGrad ? ' without requiresGrad' : '';
      return [`${kind} '${name}'`, `${x.dtype} [${x.sizes.join(', ')}]${frozen}`];
    });
  const own = [...describeAll('parameter', parameters), ...describeAll('buffer', buffers)];
  const all = new Array<unknown>(getWorldSize(group)).fill(null);
  allGatherObject(all, own, group);
  const [first, ...others] = all as Entry[][];
  others.forEach((list, i) => {
    const differ = (text: string): never => {
      throw new ShapeError(`${where}: expects the same model in all processes, but ${text} (rank ${getRank(group)})`);
    };
    for (let at = 0; at < Math.max(first!.length, list.length); at++) {
      const [a, b] = [first![at], list[at]];
      const text = (e: Entry | undefined): string => (e === undefined ? 'nothing more' : `${e[0]}, ${e[1]}`);
      if (a?.[0] !== b?.[0] || a?.[1] !== b?.[1])
        differ(`at place ${at} rank 0 has ${text(a)} and rank ${i + 1} has ${text(b)}`);
    }
  });
}
