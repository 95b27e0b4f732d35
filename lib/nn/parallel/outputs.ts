// What a module's outputs lead back to: used to find parameters that have no part in them. Called by
// DistributedDataParallel.
import { AccumulateGrad, edgeOf, type Node, tracked } from '../../autograd/node.ts';
import { Tensor } from '../../tensor.ts';

/** All tensors in a value: in arrays, plain objects, maps, sets and named results, however nested. */
export function tensorsIn(value: unknown): Tensor[] {
  const out: Tensor[] = [];
  const seen = new Set<object>();
  const walk = (x: unknown): void => {
    if (x instanceof Tensor) out.push(x);
    if (x instanceof Tensor || typeof x !== 'object' || x === null || seen.has(x) || ArrayBuffer.isView(x)) return;
    seen.add(x);
    if (x instanceof Map) for (const [key, member] of x) [key, member].forEach(walk);
    else if (x instanceof Set) x.forEach(walk);
    else Object.values(x).forEach(walk);
  };
  walk(value);
  return out;
}

/** A value with its tensors replaced, in arrays, maps and plain objects; anything else stays as it is. */
export function mapTensors(value: unknown, f: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((x) => mapTensors(x, f));
  if (value instanceof Map) return new Map([...value].map(([k, x]) => [k, mapTensors(x, f)] as const));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, x]) => [k, mapTensors(x, f)]));
}

/** The leaves whose gradients a backward pass from these tensors can reach. */
export function leavesOf(roots: readonly Tensor[]): Set<Tensor> {
  const leaves = new Set<Tensor>();
  const seen = new Set<Node>();
  const stack: Node[] = roots.filter(tracked).map(edgeOf);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node instanceof AccumulateGrad) leaves.add(node.variable);
    for (const next of node.next) if (next !== null && !seen.has(next)) stack.push(next);
  }
  return leaves;
}
