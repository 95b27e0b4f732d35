// Results with several parts, which have names and destructure too: `const [values, indices] = x.max(1)`.
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
  return named(where, [a, b], [nameA, nameB]) as Pair<A, B>;
}

/** The parts with their names as further, non-enumerable properties. */
export function named<P extends Tensor[], const N extends readonly string[]>(
  where: string,
  parts: P,
  names: N,
): P & { [K in N[number]]: Tensor } {
  const text = (): string =>
    `torch.return_types.${where}(\n${names.map((name, i) => `${name}=${parts[i]}`).join(',\n')})`;
  return Object.defineProperties(parts, {
    ...Object.fromEntries(names.map((name, i) => [name, { value: parts[i], configurable: true }])),
    toString: { value: text },
    [INSPECT]: { value: text },
  }) as P & { [K in N[number]]: Tensor };
}

/** The pair that most have. */
export const valuesIndices = (where: string, values: Tensor, indices: Tensor): ValuesIndices =>
  pair(where, 'values', values, 'indices', indices);
