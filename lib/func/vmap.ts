// torch.func.vmap: a function over the slices of its arguments. Random numbers are watched as in PyTorch (random.ts asks).
import { readArguments } from '../arguments.ts';
import { checkFunction, describe, ShapeError } from '../errors.ts';
import { equal } from '../ops/compare.ts';
import { stack } from '../ops/join.ts';
import { type DrawWatch, watchDraws } from '../random.ts';
import { wrapDim } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { broadcast, describeSpec, flatten, mapLeaves, type Spec, unflatten } from './tree.ts';

/** Whether a mapped function may draw random numbers, and whether these differ from slice to slice. */
export type Randomness = 'error' | 'different' | 'same';
/** Which dim of an argument is mapped over, for a nest of tensors in a nest; null where none is. */
export type InDims = number | null | readonly InDims[] | { readonly [key: string]: InDims };
/** Where the mapped dim is in an output; null where the output is the same for all slices. */
export type OutDims = InDims;

/** Options of {@link vmap}. */
export interface VmapOptions {
  inDims?: number | readonly InDims[] | undefined;
  outDims?: OutDims | undefined;
  randomness?: Randomness | undefined;
  /** Accepted for PyTorch's sake: slices are computed one by one. */
  chunkSize?: number | null | undefined;
}

export function checkRandomness(where: string, randomness: unknown): void {
  if (randomness !== 'error' && randomness !== 'different' && randomness !== 'same')
    throw new TypeError(
      `${where}: only allowed values for randomness are 'error', 'different', or 'same'. Got ${describe(randomness)}`,
    );
}

/** Runs functions one after the other, whose draws are refused, or start from the same states of the generators. */
export function withRandomness(randomness: Randomness): <R>(f: () => R) => R {
  if (randomness === 'different') return (f) => f();
  const states = new Map<number, () => void>();
  const watch: DrawWatch = (where, id, keep) => {
    if (randomness === 'error')
      throw new TypeError(
        `${where}: vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' ` +
          'randomness flags on vmap or perform the randomness operation out of vmap',
      );
    if (!states.has(id)) states.set(id, keep());
  };
  return (f) => {
    for (const restore of states.values()) restore();
    return watchDraws(watch, f);
  };
}

/** The leaves of the arguments, with the dim that each is mapped over. */
function mapped(
  args: readonly unknown[],
  inDims: unknown,
): { leaves: unknown[]; spec: Spec; dims: (number | null)[]; size: number } {
  const where = 'vmap';
  if (args.length === 0) throw new TypeError(`${where}: got no inputs, but there must be some to map over`);
  const { leaves, spec } = flatten(args);
  const flat = broadcast(inDims, spec);
  if (flat === null)
    throw new TypeError(
      `${where}: inDims is not compatible with the structure of inputs: ${describeSpec(flatten(inDims).spec)} for ${describeSpec(spec)}`,
    );
  let size = -1;
  const dims = flat.map((dim, i) => {
    if (dim === null || dim === undefined) return null;
    if (!Number.isInteger(dim))
      throw new TypeError(`${where}: got inDim=${describe(dim)} for an input, but it must be a whole number or null`);
    const x = leaves[i];
    if (!(x instanceof Tensor))
      throw new TypeError(
        `${where}: got inDim=${describe(dim)} for an input which is ${describe(x)}. We cannot vmap over non-Tensor arguments, ` +
          'please use null as the respective inDim',
      );
    const rank = x.sizes.length;
    if ((dim as number) < -rank || (dim as number) >= rank)
      throw new RangeError(
        `${where}: got inDim=${describe(dim)} for an input of dimensionality ${rank}, so expected -${rank} <= inDim < ${rank}`,
      );
    const at = wrapDim(where, dim as number, rank);
    if (size >= 0 && x.sizes[at] !== size)
      throw new ShapeError(
        `${where}: expected all tensors to have the same size in the mapped dimension, got sizes ${size} and ${x.sizes[at]}`,
      );
    size = x.sizes[at]!;
    return at;
  });
  if (size < 0) throw new TypeError(`${where}: expected at least one Tensor to vmap over`);
  return { leaves, spec, dims, size };
}

/** Where each output has the mapped dim. */
function placesOfOutputs(result: unknown, spec: Spec, outDims: unknown): unknown[] {
  const alone = result instanceof Tensor && Array.isArray(outDims) && outDims.length === 1;
  const flat = broadcast(alone ? (outDims as unknown[])[0] : outDims, spec);
  if (flat === null)
    throw new TypeError(
      `vmap: outDims is not compatible with the structure of outputs: ${describeSpec(flatten(outDims).spec)} for ${describeSpec(spec)}`,
    );
  return flat;
}

/** An output of all slices as one; `empty` where there were none, and the output is of a slice that was made up. */
function joined(outs: readonly unknown[], dim: unknown, empty: boolean): unknown {
  const [first] = outs;
  if (dim === null || dim === undefined) {
    if (!(first instanceof Tensor) || outs.every((y) => y === first)) return first;
    if (!outs.every((y) => y instanceof Tensor && equal(first, y)))
      throw new TypeError('vmap: an output can not depend on the mapped dim when its outDim is null');
    return first;
  }
  const tensors = outs.map((y) => {
    if (!(y instanceof Tensor))
      throw new TypeError(
        `vmap: the function must only return Tensors, got ${describe(y)}. Did you mean to set outDims to null for it?`,
      );
    return y;
  });
  const at = wrapDim('vmap', dim as number, tensors[0]!.sizes.length + 1);
  const all = stack(tensors, at);
  return empty ? all.narrow(at, 0, 0) : all;
}

/**
 * Maps a function over a dim of its arguments: the new function takes what `func` takes, with one more dim in each tensor
 * (`inDims`: which, null for none, in nests like the arguments), and gives what `func` gives, with one more dim in each
 * tensor (`outDims`). `func` is run for one slice after the other, so anything that it may do otherwise it may do here; what
 * PyTorch forbids because it runs it once (reading values, branching on them, writing to tensors from outside) is not
 * refused. Random draws are refused unless `randomness` is `'different'` (from slice to slice) or `'same'`. Throws TypeError,
 * RangeError or ShapeError for arguments that cannot be mapped over.
 * @example
 * const [x, y] = [torch.tensor([[1.5, 2], [3, 4]]), torch.tensor([[1, 1], [0.5, 2]])]
 * torch.func.vmap((a, b) => a.dot(b))(x, y) // tensor([3.5000, 9.5000])
 */
export function vmap<A extends readonly unknown[], R>(
  func: (...args: A) => R,
  ...rest:
    | [inDims?: number | readonly InDims[], outDims?: OutDims, randomness?: Randomness]
    | [inDims: number | readonly InDims[], outDims: OutDims, randomness: Randomness, options: VmapOptions]
    | [inDims: number | readonly InDims[], outDims: number | readonly InDims[] | null, options: VmapOptions]
    | [inDims: number | readonly InDims[], options: VmapOptions]
    | [options: VmapOptions]
): (...args: A) => R {
  const options = readArguments<VmapOptions>('vmap', rest, ['inDims', 'outDims', 'randomness'], ['chunkSize']);
  const { inDims = 0, outDims = 0, randomness = 'error', chunkSize = null } = options;
  checkFunction('vmap', func);
  checkRandomness('vmap', randomness);
  if (chunkSize !== null && !(Number.isInteger(chunkSize) && chunkSize > 0))
    throw new RangeError(`vmap: chunkSize should be null or greater than 0, got ${describe(chunkSize)}`);
  if (!Array.isArray(inDims) && typeof inDims !== 'number')
    throw new TypeError(
      `vmap: expected inDims to be a number or a (potentially nested) list matching the inputs, got ${describe(inDims)}`,
    );
  mapLeaves(outDims, (dim) => {
    if (dim !== null && !Number.isInteger(dim))
      throw new TypeError(`vmap: outDims must be whole numbers, null, or a nest of these, got ${describe(dim)}`);
    return dim;
  });
  return (...args) => {
    const { leaves, spec, dims, size } = mapped(args, inDims);
    const draw = withRandomness(randomness);
    const slice = (b: number): unknown[] =>
      unflatten(
        spec,
        leaves.map((x, i) => {
          const dim = dims[i] ?? null;
          if (dim === null) return x;
          // shapes can be learned from any slice
          return size === 0 ? (x as Tensor).sum(dim).to((x as Tensor).dtype) : (x as Tensor).select(dim, b);
        }),
      ) as unknown[];
    const results = Array.from({ length: Math.max(1, size) }, (_, b) =>
      draw((): unknown => Reflect.apply(func, undefined, slice(b))),
    );
    const flat = results.map((result) => flatten(result));
    const [first] = flat as [{ leaves: unknown[]; spec: Spec }];
    const places = placesOfOutputs(results[0], first.spec, outDims);
    return unflatten(
      first.spec,
      first.leaves.map((_, i) =>
        joined(
          flat.map(({ leaves: outs }) => outs[i]),
          places[i],
          size === 0,
        ),
      ),
    ) as R;
  };
}
