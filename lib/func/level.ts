// One derivative being taken: its inputs as ends of a graph of their own, and what its results keep of the graphs around.
// Used by derivatives.ts and jacobians.ts.
import { type GradOptions, grad as runGrad } from '../autograd/engine.ts';
import { enter, mode } from '../autograd/mode.ts';
import { edgeOf, lastSequence, type Node, tracked } from '../autograd/node.ts';
import { FLOATING, REMEDY } from '../dtype.ts';
import { describe, DtypeError, ShapeError } from '../errors.ts';
import { zerosOf } from '../ops/internal/reducing.ts';
import { sameShape, show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { mapLeaves } from './tree.ts';

/** Ends of graphs that levels made, with the level: nobody else asks for their gradients. */
const ends = new WeakMap<Node, Level>();

/**
 * A function is differentiated whether or not gradients are recorded around it; its results are part of the outer graph if
 * they are, and if something in them depends on that graph.
 */
export class Level {
  readonly #where: string;
  /** Whether operations around are recorded, and the last node before. */
  readonly #recorded = mode.grad;
  readonly #start = lastSequence();
  #running = false;
  constructor(where: string) {
    this.#where = where;
  }

  /** Runs `f` with recording on. */
  run<R>(f: () => R): R {
    const leave = enter(true, false);
    this.#running = true;
    try {
      return f();
    } finally {
      this.#running = false;
      leave();
    }
  }
  /** Runs what goes on with the graph after that. */
  again<R>(f: () => R): R {
    const leave = enter(mode.enabled, false);
    try {
      return f();
    } finally {
      leave();
    }
  }
  /** An input to differentiate by: a new leaf, or a view of what an outer derivative depends on. */
  open(x: unknown): Tensor {
    if (!(x instanceof Tensor))
      throw new TypeError(`${this.#where}: expected Tensors to differentiate by but received ${describe(x)}`);
    if (x.dt.kind !== FLOATING)
      throw new DtypeError(
        `${this.#where}: can only differentiate by tensors of floating point dtype, not ${x.dtype}; ${REMEDY}`,
      );
    return this.#recorded && tracked(x) ? x.viewAs(x) : this.leaf(x.storage.inference ? x.clone() : x);
  }
  /** A leaf of this level alone. */
  leaf(x: Tensor): Tensor {
    const y = x.detach();
    y.leafGrad = true;
    ends.set(edgeOf(y), this);
    return y;
  }
  /** Whether any of these depends on something outside of this level that somebody may want the gradient of. */
  beyond(xs: readonly Tensor[]): boolean {
    if (!this.#recorded) return false;
    const stack: Node[] = xs.filter((x) => x.requiresGrad).map(edgeOf);
    const seen = new Set(stack);
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const level = ends.get(node);
      if (level !== undefined) {
        if (level !== this && level.#running) return true;
        continue;
      }
      if (node.sequence <= this.#start || node.next.length === 0) return true;
      for (const next of node.next) {
        if (next === null || seen.has(next)) continue;
        seen.add(next);
        stack.push(next);
      }
    }
    return false;
  }
  /** A result, for the world around. */
  close(x: Tensor): Tensor {
    return x.requiresGrad && !this.beyond([x]) ? x.detach() : x;
  }
  /** The same for all tensors of a nest. */
  closeAll(x: unknown): unknown {
    return mapLeaves(x, (leaf) => (leaf instanceof Tensor ? this.close(leaf) : leaf));
  }
  /** Gradients of `outputs`, zeros where there is none. */
  grads(
    outputs: readonly Tensor[],
    inputs: readonly Tensor[],
    seeds: readonly Tensor[] | null,
    options: GradOptions,
  ): Tensor[] {
    const some = outputs.map((y, i) => [y, seeds?.[i] ?? null] as const).filter(([y]) => y.requiresGrad);
    const [ys, gs] = [some.map(([y]) => y), some.map(([, g]) => g)];
    const found = some.length === 0 ? [] : runGrad(this.#where, ys, inputs, gs, { ...options, allowUnused: true });
    return inputs.map((x, i) => found[i] ?? zerosOf(x.sizes, x.dt, x.device));
  }
}

/** Refuses tensors that have not the shapes and dtypes of others. */
export function checkLike(
  where: string,
  what: string,
  xs: readonly Tensor[],
  like: readonly Tensor[],
  dtypes = true,
): void {
  xs.forEach((x, i) => {
    const other = like[i]!;
    if (!sameShape(x.sizes, other.sizes))
      throw new ShapeError(`${where}: ${what} ${i} has shape ${show(x.sizes)}, expected ${show(other.sizes)}`);
    if (dtypes && x.dt !== other.dt)
      throw new DtypeError(`${where}: ${what} ${i} has dtype ${x.dtype}, expected ${other.dtype}`);
  });
}

/** The `argnums`-th arguments: their places, checked. */
export function placesOf(where: string, argnums: unknown, count: number): number[] {
  const list: unknown[] = Array.isArray(argnums) ? argnums : [argnums];
  if (list.length === 0) throw new TypeError(`${where}: argnums must not be empty`);
  const places = list.map((n) => {
    if (!Number.isInteger(n)) throw new TypeError(`${where}: argnums must be whole numbers, got ${describe(n)}`);
    const place = n as number;
    if (place < -count || place >= count)
      throw new RangeError(`${where}: got argnum=${place}, but only ${count} positional inputs`);
    return place < 0 ? place + count : place;
  });
  if (new Set(places).size < places.length)
    throw new TypeError(`${where}: argnums elements must be unique, got [${places.join(', ')}]`);
  return places;
}

/** The output and the rest of a function that gives both. */
export function splitAux(where: string, hasAux: boolean, result: unknown): [output: unknown, aux: unknown] {
  if (!hasAux) return [result, undefined];
  if (!Array.isArray(result) || result.length !== 2)
    throw new TypeError(`${where}: the function should give [output, aux] with hasAux, but gave ${describe(result)}`);
  return result as [unknown, unknown];
}
