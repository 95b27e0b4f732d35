// Copies of nested data in which some objects stand for others: tensors in messages between threads (multiprocessing.ts) and
// between processes (distributed/objects.ts).
import { describe } from './errors.ts';

/** How deep nested data may be. */
export const DEPTH = 64;
/** A copy of nested lists, objects, Maps and Sets with some of what is in them replaced; what holds itself still does. Plain
 * objects have no prototype, or with `prototypes` the one they have. */
export function replaced(
  where: string,
  value: unknown,
  replace: (object: object) => object | null,
  prototypes = false,
): unknown {
  const seen = new Map<object, object>();
  const walk = (from: unknown, depth: number): unknown => {
    if (typeof from !== 'object' || from === null) return from;
    const known = seen.get(from) ?? replace(from);
    if (known !== null) return known;
    if (depth > DEPTH) throw new TypeError(`${where}: data nested deeper than ${DEPTH} levels`);
    const note = <O extends object>(to: O): O => {
      seen.set(from, to);
      return to;
    };
    if (Array.isArray(from)) {
      const to: unknown[] = note([]);
      for (const part of from) to.push(walk(part, depth + 1));
      return to;
    }
    if (from instanceof Map) {
      const to = note(new Map<unknown, unknown>());
      for (const [key, part] of from) to.set(walk(key, depth + 1), walk(part, depth + 1));
      return to;
    }
    if (from instanceof Set) {
      const to = note(new Set<unknown>());
      for (const part of from) to.add(walk(part, depth + 1));
      return to;
    }
    const prototype: unknown = Object.getPrototypeOf(from);
    if (prototype === Object.prototype || prototype === null) {
      const to = note(Object.create(prototypes ? prototype : null) as Record<string, unknown>);
      for (const [key, part] of Object.entries(from)) {
        // `__proto__` is a name like any other
        Object.defineProperty(to, key, {
          value: walk(part, depth + 1),
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
      return to;
    }
    if ('stateDict' in from) throw new TypeError(`${where}: ${describe(from)} cannot be sent: send its stateDict()`);
    return from;
  };
  return walk(value, 0);
}
