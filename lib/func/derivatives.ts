// torch.func's grad, vjp, jvp and their kin: composites of the autograd engine, which differentiates its own passes.
import { mode } from '../autograd/mode.ts';
import { isPlain } from '../calls.ts';
import { type Call, checkOptions, readArguments } from '../arguments.ts';
import { FLOATING } from '../dtype.ts';
import { AutogradError, checkFunction, describe, DtypeError, ShapeError } from '../errors.ts';
import { zerosOf } from '../ops/internal/reducing.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { checkLike, Level, placesOf, splitAux } from './level.ts';
import { flatten, leavesAs, mapLeaves, type Spec, tensorLeaves, unflatten } from './tree.ts';

/** Which arguments to differentiate by: one, or a list. */
export type Argnums = number | readonly number[];
type ArgumentOf<A extends readonly unknown[], N> = N extends keyof A
  ? A[N]
  : `${N & number}` extends keyof A
    ? A[`${N & number}` & keyof A]
    : A[number];
/** The arguments meant by `argnums`: one, or a list of them. */
export type Picked<A extends readonly unknown[], N extends Argnums> = N extends readonly number[]
  ? { -readonly [K in keyof N]: ArgumentOf<A, N[K]> }
  : ArgumentOf<A, N>;

/** Options of {@link grad} and {@link gradAndValue}. */
export interface GradOptions<N extends Argnums = Argnums, H extends boolean = boolean> {
  argnums?: N | undefined;
  /** The function gives `[output, aux]`: the second part is handed on as it is. */
  hasAux?: H | undefined;
}

/** What both compute: the gradients by the arguments, the value, and what was given besides. */
function slopes(
  where: string,
  func: (...args: never[]) => unknown,
  argnums: Argnums,
  hasAux: boolean,
  args: readonly unknown[],
): { grads: unknown; value: Tensor; aux: unknown } {
  const places = placesOf(where, argnums, args.length);
  const level = new Level(where);
  return level.run(() => {
    const inputs = [...args];
    for (const at of places) inputs[at] = mapLeaves(args[at], (leaf) => level.open(leaf));
    const [output, aux] = splitAux(where, hasAux, Reflect.apply(func, undefined, inputs));
    if (!(output instanceof Tensor))
      throw new TypeError(`${where}: expected the function to return a Tensor, got ${describe(output)}`);
    if (output.sizes.length !== 0)
      throw new ShapeError(
        `${where}: expected the function to return a scalar Tensor, got one of shape ${show(output.sizes)}. Maybe you wanted ` +
          'to use the vjp or jacrev APIs instead?',
      );
    const { leaves, spec } = flatten(Array.isArray(argnums) ? places.map((at) => inputs[at]) : inputs[places[0]!]);
    const createGraph = level.beyond([output]);
    const found = level.grads([output], leaves as Tensor[], null, { createGraph, retainGraph: true });
    return {
      grads: unflatten(
        spec,
        found.map((g) => level.close(g)),
      ),
      value: level.close(output),
      aux: level.closeAll(aux),
    };
  });
}

/**
 * A function that gives the gradient of `func`, which must give a tensor without dims, by the argument of number `argnums`;
 * by several in a list. Arguments may be nests of tensors, in lists and plain objects. It may be used within itself, for
 * higher derivatives. With `hasAux`, `func` gives `[output, aux]`, and the new function `[gradient, aux]`. Throws TypeError,
 * ShapeError or DtypeError for what cannot be differentiated.
 * @example
 * torch.func.grad((x) => x.pow(3).sum())(torch.tensor([1.5, 2])) // tensor([ 6.7500, 12.0000])
 */
export function grad<A extends readonly unknown[], const N extends Argnums = 0>(
  func: (...args: A) => Tensor,
  ...rest:
    | [argnums?: N, hasAux?: false]
    | [argnums: N, options: GradOptions<N, false>]
    | [options: GradOptions<N, false>]
): (...args: A) => Picked<A, N>;
export function grad<A extends readonly unknown[], X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [Tensor, X],
  ...rest: [argnums: N, hasAux: true] | [argnums: N, options: GradOptions<N, true>] | [options: GradOptions<N, true>]
): (...args: A) => [Picked<A, N>, X];
export function grad(func: (...args: never[]) => unknown, ...rest: readonly unknown[]): (...args: never[]) => unknown {
  const { argnums = 0, hasAux = false } = readArguments<GradOptions>('grad', rest, ['argnums', 'hasAux']);
  checkFunction('grad', func);
  return (...args) => {
    const { grads, aux } = slopes('grad', func, argnums, hasAux, args);
    return hasAux ? [grads, aux] : grads;
  };
}

/**
 * As {@link grad}, with the value: a function that gives `[gradient, value]`, with `hasAux` `[gradient, [value, aux]]`.
 * Throws as `grad`.
 * @example
 * torch.func.gradAndValue((x) => x.square().sum())(torch.tensor([1.5, 2]))
 * // [ tensor([3., 4.]), tensor(6.2500) ]
 */
export function gradAndValue<A extends readonly unknown[], const N extends Argnums = 0>(
  func: (...args: A) => Tensor,
  ...rest:
    | [argnums?: N, hasAux?: false]
    | [argnums: N, options: GradOptions<N, false>]
    | [options: GradOptions<N, false>]
): (...args: A) => [Picked<A, N>, Tensor];
export function gradAndValue<A extends readonly unknown[], X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [Tensor, X],
  ...rest: [argnums: N, hasAux: true] | [argnums: N, options: GradOptions<N, true>] | [options: GradOptions<N, true>]
): (...args: A) => [Picked<A, N>, [Tensor, X]];
export function gradAndValue(
  func: (...args: never[]) => unknown,
  ...rest: readonly unknown[]
): (...args: never[]) => unknown {
  const { argnums = 0, hasAux = false } = readArguments<GradOptions>('gradAndValue', rest, ['argnums', 'hasAux']);
  checkFunction('gradAndValue', func);
  return (...args) => {
    const { grads, value, aux } = slopes('gradAndValue', func, argnums, hasAux, args);
    return [grads, hasAux ? [value, aux] : value];
  };
}

/** The outputs of a function as tensors that have gradients. */
export function outputsOf(where: string, output: unknown): { outputs: Tensor[]; spec: Spec } {
  const { leaves, spec } = flatten(output);
  if (leaves.length === 0 || (leaves.length === 1 && (leaves[0] ?? null) === null))
    throw new TypeError(`${where}: expected the function to have non-empty output`);
  const outputs = tensorLeaves(where, 'the output of the function', leaves);
  for (const y of outputs)
    if (y.dt.kind !== FLOATING)
      throw new DtypeError(`${where}: all outputs must be of floating point dtype, got a Tensor with dtype ${y.dtype}`);
  return { outputs, spec };
}

/** What {@link vjp} gives: from gradients in the nest of the outputs, those of the inputs. */
export type VjpFunction<A extends readonly unknown[], R> = (
  cotangents: R,
  options?: { retainGraph?: boolean | undefined; createGraph?: boolean | undefined },
) => { -readonly [K in keyof A]: A[K] };
/** Options of {@link vjp}. */
export interface VjpOptions<H extends boolean = boolean> {
  hasAux?: H | undefined;
}
/** Primals and options, which come last if there are any. */
function splitOptions(where: string, given: readonly unknown[]): [primals: readonly unknown[], hasAux: boolean] {
  const last = given.at(-1);
  if (!isPlain(last) || !('hasAux' in last)) return [given, false];
  checkOptions(where, last, ['hasAux']);
  return [given.slice(0, -1), last.hasAux === true];
}

/**
 * The output of `func(...primals)`, and a function from gradients of the output to those of the primals, in a list. Output
 * and primals may be nests of tensors. With `{ hasAux: true }` at the end, `func` gives `[output, aux]`, and the result is
 * `[output, function, aux]`. Throws as {@link grad}.
 * @example
 * const [, pullback] = torch.func.vjp((x) => x.square(), torch.tensor([1.5, 2]))
 * pullback(torch.tensor([1, 0.5])) // [ tensor([3., 2.]) ]
 */
export function vjp<A extends readonly unknown[], R>(
  func: (...primals: A) => R,
  ...primals: A
): [output: R, vjp: VjpFunction<A, R>];
export function vjp<A extends readonly unknown[], R, X>(
  func: (...primals: A) => readonly [R, X],
  ...primals: [...A, VjpOptions<true>]
): [output: R, vjp: VjpFunction<A, R>, aux: X];
export function vjp(func: (...primals: never[]) => unknown, ...given: readonly unknown[]): unknown[] {
  checkFunction('vjp', func);
  const [primals, hasAux] = splitOptions('vjp', given);
  const { output, pull, aux } = pullback('vjp', func, primals, null, hasAux);
  return hasAux ? [output, pull, aux] : [output, pull];
}

/** What a function gave at a level, for arguments of which some were opened there. */
interface Ran {
  readonly level: Level;
  readonly inputs: Tensor[];
  readonly inputSpec: Spec;
  readonly outputs: Tensor[];
  readonly spec: Spec;
  /** Without the level: the output in its nest, and what was given besides. */
  readonly output: unknown;
  readonly aux: unknown;
}
/**
 * Runs `func` at a level of its own, then `then` with what came out. `argnums` null is for all arguments; one of them is a
 * nest by itself if `alone`, else in a list. If `needed`, no tensors among them is an error.
 */
function opened<R extends object>(
  where: string,
  func: (...primals: never[]) => unknown,
  args: readonly unknown[],
  argnums: Argnums | null,
  hasAux: boolean,
  { alone = false, needed = false }: { alone?: boolean; needed?: boolean },
  then: (ran: Ran) => R,
): Ran & R {
  const places = argnums === null ? args.map((_, i) => i) : placesOf(where, argnums, args.length);
  const level = new Level(where);
  return level.run(() => {
    const given = [...args];
    for (const at of places) given[at] = mapLeaves(args[at], (leaf) => level.open(leaf));
    const { leaves, spec: inputSpec } = flatten(alone ? given[places[0]!] : places.map((at) => given[at]));
    const inputs = leaves as Tensor[];
    if (needed && inputs.length === 0) throw new TypeError(`${where}: expected primals to contain at least one Tensor`);
    const [output, extra] = splitAux(where, hasAux, Reflect.apply(func, undefined, given));
    const { outputs, spec } = outputsOf(where, output);
    const closed = unflatten(
      spec,
      outputs.map((y) => level.close(y)),
    );
    const ran = { level, inputs, inputSpec, outputs, spec, output: closed, aux: level.closeAll(extra) };
    return { ...ran, ...then(ran) };
  });
}

/** What vjp and jacrev need; `argnums` null is for all. */
export function pullback(
  where: string,
  func: (...primals: never[]) => unknown,
  args: readonly unknown[],
  argnums: Argnums | null,
  hasAux: boolean,
): Ran & { pull: PullFunction } {
  return opened(where, func, args, argnums, hasAux, { alone: typeof argnums === 'number' }, (ran) => {
    const { level, inputs, inputSpec, outputs, spec } = ran;
    const pull: PullFunction = (cotangents, options = {}) => {
      checkOptions(where, options, ['retainGraph', 'createGraph']);
      const seeds = tensorLeaves(where, 'cotangents', leavesAs(where, 'cotangents', cotangents, spec));
      checkLike(where, 'cotangent', seeds, outputs, false);
      const { retainGraph = true, createGraph = mode.enabled } = options;
      // its own leaves are of no interest to anybody: a graph is made if there is somebody else's
      const create = createGraph && level.beyond([...outputs, ...seeds]);
      const found = level.again(() => level.grads(outputs, inputs, seeds, { retainGraph, createGraph: create }));
      return unflatten(
        inputSpec,
        found.map((g) => (create ? level.close(g) : g)),
      );
    };
    return { pull };
  });
}
type PullFunction = (
  cotangents: unknown,
  options?: { retainGraph?: boolean | undefined; createGraph?: boolean | undefined },
) => unknown;

/** Options of {@link jvp}. */
export interface JvpOptions<H extends boolean = boolean> {
  /** Whether an output that does not depend on the primals is an error. */
  strict?: boolean | undefined;
  hasAux?: H | undefined;
}

/**
 * The output of `func(...primals)` and the directional derivative along `tangents`, which are nested like `primals`; with
 * `hasAux` also what `func` gave as the second of `[output, aux]`. It is made by differentiating the gradient, which is
 * linear in what it starts from, so `func` must be differentiable twice. Throws as {@link grad}.
 * @example
 * torch.func.jvp((x) => x.square(), [torch.tensor([1.5, 2])], [torch.tensor([1, 0.5])])
 * // [ tensor([2.2500, 4.0000]), tensor([3., 2.]) ]
 */
export function jvp<A extends readonly unknown[], R>(
  func: (...primals: A) => R,
  primals: A,
  tangents: A,
  options?: JvpOptions<false>,
): [output: R, tangents: R];
export function jvp<A extends readonly unknown[], R, X>(
  func: (...primals: A) => readonly [R, X],
  primals: A,
  tangents: A,
  options: JvpOptions<true>,
): [output: R, tangents: R, aux: X];
export function jvp(
  func: (...primals: never[]) => unknown,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  ...rest: Call<[], JvpOptions>
): unknown[] {
  const { strict = false, hasAux = false } = readArguments<JvpOptions>('jvp', rest, [], ['strict', 'hasAux']);
  checkFunction('jvp', func);
  if (!Array.isArray(primals)) throw new TypeError(`jvp: expected a list of primals but received ${describe(primals)}`);
  const { output, push, aux } = pushforward('jvp', func, primals, null, hasAux, strict);
  const result = push(tangents);
  return hasAux ? [output, result, aux] : [output, result];
}

/** What jvp, linearize and jacfwd need; `argnums` null is for all. */
export function pushforward(
  where: string,
  func: (...primals: never[]) => unknown,
  args: readonly unknown[],
  argnums: Argnums | null,
  hasAux: boolean,
  strict = false,
): Ran & { push: (tangents: unknown) => unknown } {
  return opened(where, func, args, argnums, hasAux, { needed: true }, (ran) => {
    const { level, inputs, inputSpec, outputs, spec } = ran;
    outputs.forEach((y, i) => {
      if (strict && !y.requiresGrad)
        throw new AutogradError(
          `${where}: output ${i} of the function is independent of the inputs. This is not allowed with strict: true.`,
        );
    });
    // gradients are linear in their seeds: their derivative by these is the transpose of the Jacobian's transpose
    const seeds = outputs.map((y) => level.leaf(zerosOf(y.sizes, y.dt, y.device)));
    const slopes = level.grads(outputs, inputs, seeds, { createGraph: true });
    const push = (tangents: unknown): unknown => {
      const along = tensorLeaves(where, 'tangents', leavesAs(where, 'tangents', tangents, inputSpec));
      checkLike(where, 'tangent', along, inputs);
      const createGraph = mode.enabled && level.beyond([...outputs, ...along]);
      const found = level.again(() => level.grads(slopes, seeds, along, { retainGraph: true, createGraph }));
      return unflatten(
        spec,
        found.map((g) => (createGraph ? level.close(g) : g)),
      );
    };
    return { push };
  });
}

/**
 * The output of `func(...primals)`, and a function that gives the derivative along any tangents, for which `func` is not
 * run again. Throws as {@link jvp}.
 * @example
 * const [, along] = torch.func.linearize((x) => x.square(), torch.tensor([1.5, 2]))
 * along(torch.tensor([1, 0.5])) // tensor([3., 2.])
 */
export function linearize<A extends readonly unknown[], R>(
  func: (...primals: A) => R,
  ...primals: A
): [output: R, jvp: (...tangents: A) => R] {
  checkFunction('linearize', func);
  const { output, push } = pushforward('linearize', func, primals, null, false);
  return [output as R, (...tangents) => push(tangents) as R];
}
