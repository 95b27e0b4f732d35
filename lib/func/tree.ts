// Nested lists and plain objects, taken apart to their leaves and put together again: what the functions of torch.func take
// and give ("pytrees").
import { isPlain } from '../calls.ts';
import { describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';

/** How a nest is made: null for a leaf, else its parts, by name in an object. */
export type Spec = null | { readonly keys: readonly string[] | null; readonly parts: readonly Spec[] };

/** The leaves of a nest in order, and how it is made. */
export function flatten(x: unknown): { leaves: unknown[]; spec: Spec } {
  const leaves: unknown[] = [];
  const walk = (value: unknown): Spec => {
    if (Array.isArray(value)) return { keys: null, parts: (value as unknown[]).map(walk) };
    if (isPlain(value)) {
      const keys = Object.keys(value);
      return { keys, parts: keys.map((key) => walk(value[key])) };
    }
    leaves.push(value);
    return null;
  };
  const spec = walk(x);
  return { leaves, spec };
}

/** A nest of these leaves. */
export function unflatten(spec: Spec, leaves: readonly unknown[]): unknown {
  let at = 0;
  const make = (node: Spec): unknown => {
    if (node === null) return leaves[at++];
    const parts = node.parts.map(make);
    return node.keys === null ? parts : Object.fromEntries(node.keys.map((key, i) => [key, parts[i]]));
  };
  return make(spec);
}

/** Other leaves in the same nest. */
export function mapLeaves(x: unknown, f: (leaf: unknown) => unknown): unknown {
  const { leaves, spec } = flatten(x);
  return unflatten(spec, leaves.map(f));
}

/** How a nest reads in a message: `[*, { a: * }]`. */
export function describeSpec(spec: Spec): string {
  if (spec === null) return '*';
  const parts = spec.parts.map(describeSpec);
  if (spec.keys === null) return `[${parts.join(', ')}]`;
  return parts.length === 0 ? '{}' : `{ ${spec.keys.map((key, i) => `${key}: ${parts[i]}`).join(', ')} }`;
}
function sameSpec(a: Spec, b: Spec): boolean {
  if (a === null || b === null) return a === b;
  if ((a.keys === null) !== (b.keys === null) || a.parts.length !== b.parts.length) return false;
  return a.parts.every((part, i) => {
    const at = a.keys === null ? i : b.keys!.indexOf(a.keys[i]!);
    return at >= 0 && sameSpec(part, b.parts[at]!);
  });
}
/** The leaves of a nest, in the order of another one which must be the same but for the order of names. */
export function leavesAs(where: string, what: string, x: unknown, spec: Spec): unknown[] {
  const given = flatten(x);
  if (!sameSpec(given.spec, spec))
    throw new TypeError(`${where}: expected ${what} nested as ${describeSpec(spec)}, got ${describeSpec(given.spec)}`);
  return broadcast(x, spec)!;
}

/** What a nest that may be coarser says of each leaf of `spec`; null where the two do not go together. */
export function broadcast(coarse: unknown, spec: Spec): unknown[] | null {
  if (spec === null) return Array.isArray(coarse) || isPlain(coarse) ? null : [coarse];
  const { keys, parts } = spec;
  let members: readonly unknown[];
  if (Array.isArray(coarse)) {
    if (keys !== null || coarse.length !== parts.length) return null;
    members = coarse;
  } else if (isPlain(coarse)) {
    if (keys === null || Object.keys(coarse).length !== keys.length || !keys.every((key) => key in coarse)) return null;
    members = keys.map((key) => coarse[key]);
  } else members = parts.map(() => coarse);
  const out: unknown[] = [];
  for (const [i, part] of parts.entries()) {
    const below = broadcast(members[i], part);
    if (below === null) return null;
    out.push(...below);
  }
  return out;
}

/** The leaves as tensors; `what` names them where one is something else. */
export function tensorLeaves(where: string, what: string, leaves: readonly unknown[]): Tensor[] {
  for (const leaf of leaves)
    if (!(leaf instanceof Tensor))
      throw new TypeError(`${where}: expected ${what} to contain only Tensors but received ${describe(leaf)}`);
  return leaves as Tensor[];
}
