// Results with two parts, which have names and destructure too: `const [values, indices] = x.max(1)`.
import type { Tensor } from '../../tensor.ts';

/** Two tensors with names. */
export type Pair<A extends string, B extends string> = [Tensor, Tensor] & { [K in A | B]: Tensor };
/** What max(dim), sort, topk and their kin give. */
export type ValuesIndices = Pair<'values', 'indices'>;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** An array of the two with their names as further, non-enumerable properties. */
export function pair<A extends string, B extends string>(
  where: string,
  nameA: A,
  a: Tensor,
  nameB: B,
  b: Tensor,
): Pair<A, B> {
  const text = (): string => `torch.return_types.${where}(\n${nameA}=${a},\n${nameB}=${b})`;
  return Object.defineProperties([a, b], {
    [nameA]: { value: a },
    [nameB]: { value: b },
    toString: { value: text },
    [INSPECT]: { value: text },
  }) as Pair<A, B>;
}

/** The pair that most have. */
export const valuesIndices = (where: string, values: Tensor, indices: Tensor): ValuesIndices =>
  pair(where, 'values', values, 'indices', indices);
