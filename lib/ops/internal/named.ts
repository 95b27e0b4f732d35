// Results with several parts, which have names and destructure too: `const [values, indices] = x.max(1)`.
import type { Tensor } from '../../tensor.ts';

/** Two tensors with names. */
export type Pair<A extends string, B extends string> = [Tensor, Tensor] & { [K in A | B]: Tensor };
/** What max(dim), sort, topk and their kin give. */
export type ValuesIndices = Pair<'values', 'indices'>;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** An array of the two that has their names. */
export function pair<A extends string, B extends string>(
  where: string,
  nameA: A,
  a: Tensor,
  nameB: B,
  b: Tensor,
): Pair<A, B> {
  return named(where, [a, b], [nameA, nameB]) as Pair<A, B>;
}

type Parts = new (...parts: Tensor[]) => Tensor[];
/** An array whose prototype has the names of its elements, and a text: own properties would cost more than the operator. */
function classOf(where: string, names: readonly string[]): Parts {
  const made = class extends Array<Tensor> {
    static override get [Symbol.species](): ArrayConstructor {
      return Array; // what map and slice make of it is a plain array
    }
  };
  const text = function (this: Tensor[]): string {
    return `torch.return_types.${where}(\n${names.map((name, i) => `${name}=${this[i]}`).join(',\n')})`;
  };
  for (const [i, name] of names.entries()) {
    Object.defineProperty(made.prototype, name, {
      get(this: Tensor[]) {
        return this[i];
      },
    });
  }
  Object.defineProperties(made.prototype, { toString: { value: text }, [INSPECT]: { value: text } });
  return made;
}
const classes = new Map<string, Parts>();

/** The parts as an array that has their names. */
export function named<P extends Tensor[], const N extends readonly string[]>(
  where: string,
  parts: P,
  names: N,
): P & { [K in N[number]]: Tensor } {
  const key = `${where} ${names.join()}`;
  let made = classes.get(key);
  if (made === undefined) classes.set(key, (made = classOf(where, names)));
  return new made(...parts) as P & { [K in N[number]]: Tensor };
}

/** The pair that most have. */
export const valuesIndices = (where: string, values: Tensor, indices: Tensor): ValuesIndices =>
  pair(where, 'values', values, 'indices', indices);
