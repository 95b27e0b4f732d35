// torch.func's jacrev, jacfwd and hessian: whole matrices of derivatives, row by row or column by column.
import { readArguments } from '../arguments.ts';
import { checkFunction, describe } from '../errors.ts';
import { zerosOf } from '../ops/internal/reducing.ts';
import { stack } from '../ops/join.ts';
import type { Tensor } from '../tensor.ts';
import { type Argnums, type Picked, pullback, pushforward } from './derivatives.ts';
import { placesOf } from './level.ts';
import { flatten, type Spec, unflatten } from './tree.ts';
import { checkRandomness, type Randomness, withRandomness } from './vmap.ts';

/** What a derivative by each of the picked arguments is: of every tensor of an output, one for every tensor of these. */
type Jacobian<R, P> = R extends Tensor ? P : { -readonly [K in keyof R]: Jacobian<R[K], P> };

/** A tensor of zeros, with a one in one place. */
function unit(like: Tensor, at: number): Tensor {
  const out = zerosOf([like.count], like.dt, like.device);
  out.select(0, at).fill_(1);
  return out.view([...like.sizes]);
}
/** The nest of the outputs, of nests of the inputs. */
function nested(spec: Spec, inputSpec: Spec, alone: boolean, parts: readonly (readonly Tensor[])[]): unknown {
  const each = parts.map((byInput) => unflatten(inputSpec, byInput));
  return unflatten(spec, alone ? each.map((list) => (list as unknown[])[0]) : each);
}

/** Options of {@link jacrev}. */
export interface JacrevOptions<N extends Argnums = Argnums, H extends boolean = boolean> {
  argnums?: N | undefined;
  /** The function gives `[output, aux]`: the second part is handed on as it is. */
  hasAux?: H | undefined;
  /** Accepted for PyTorch's sake: rows are made one by one. */
  chunkSize?: number | null | undefined;
}

/**
 * A function that gives the derivatives of every element of what `func` gives by every element of the argument of number
 * `argnums` (of several, in a list), `[...output, ...argument]`: by gradients, one pass for each element of the output.
 * Outputs and arguments may be nests of tensors; the result is the nest of the outputs, of those of the arguments. It may be
 * used within itself and within the others. Throws as {@link grad}.
 * @example
 * torch.func.jacrev((x) => x.square())(torch.tensor([1.5, 2]))
 * // tensor([[3., 0.],
 * //         [0., 4.]])
 */
export function jacrev<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: (...args: A) => R,
  ...rest: [argnums?: N] | [argnums: N, options: JacrevOptions<N, false>] | [options: JacrevOptions<N, false>]
): (...args: A) => Jacobian<R, Picked<A, N>>;
export function jacrev<A extends readonly unknown[], R, X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [R, X],
  ...rest: [argnums: N, options: JacrevOptions<N, true>] | [options: JacrevOptions<N, true>]
): (...args: A) => [Jacobian<R, Picked<A, N>>, X];
export function jacrev(
  func: (...args: never[]) => unknown,
  ...rest: readonly unknown[]
): (...args: never[]) => unknown {
  const where = 'jacrev';
  const options = readArguments<JacrevOptions>(where, rest, ['argnums'], ['hasAux', 'chunkSize']);
  const { argnums = 0, hasAux = false, chunkSize = null } = options;
  checkFunction(where, func);
  if (chunkSize !== null && !(Number.isInteger(chunkSize) && chunkSize > 0))
    throw new RangeError(`${where}: chunkSize should be null or greater than 0, got ${describe(chunkSize)}`);
  return (...args) => {
    const list = typeof argnums === 'number' ? [argnums] : argnums;
    const { outputs, spec, inputs, inputSpec, pull, aux } = pullback(where, func, args, list, hasAux);
    const zeros = outputs.map((y) => zerosOf(y.sizes, y.dt, y.device));
    const parts = outputs.map((y, o) => {
      const rows = Array.from({ length: y.count }, (_, i) => {
        const cotangents = zeros.map((zero, k) => (k === o ? unit(y, i) : zero));
        return flatten(pull(unflatten(spec, cotangents))).leaves as Tensor[];
      });
      return inputs.map((x, k) => stackOf(rows, k, x).view([...y.sizes, ...x.sizes]));
    });
    const result = nested(spec, inputSpec, typeof argnums === 'number', parts);
    return hasAux ? [result, aux] : result;
  };
}
/** The `k`-th tensors of lists, one below the other. */
const stackOf = (rows: readonly (readonly Tensor[])[], k: number, like: Tensor): Tensor =>
  rows.length > 0 ? stack(rows.map((row) => row[k]!)).contiguous() : zerosOf([0, ...like.sizes], like.dt, like.device);

/** Options of {@link jacfwd}. */
export interface JacfwdOptions<N extends Argnums = Argnums, H extends boolean = boolean> {
  argnums?: N | undefined;
  /** The function gives `[output, aux]`: the second part is handed on as it is. */
  hasAux?: H | undefined;
  /** Whether the function may draw random numbers, and if these are the same for all columns: see {@link vmap}. */
  randomness?: Randomness | undefined;
}

/**
 * As {@link jacrev}, by directional derivatives, one for each element of the arguments: see {@link jvp} for how they are
 * made. Throws as `grad`.
 * @example
 * torch.func.jacfwd((x) => x.square().sum())(torch.tensor([1.5, 2])) // tensor([3., 4.])
 */
export function jacfwd<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: (...args: A) => R,
  ...rest:
    | [argnums?: N, hasAux?: false]
    | [argnums: N, options: JacfwdOptions<N, false>]
    | [options: JacfwdOptions<N, false>]
): (...args: A) => Jacobian<R, Picked<A, N>>;
export function jacfwd<A extends readonly unknown[], R, X, const N extends Argnums = 0>(
  func: (...args: A) => readonly [R, X],
  ...rest:
    | [argnums: N, hasAux: true]
    | [argnums: N, options: JacfwdOptions<N, true>]
    | [options: JacfwdOptions<N, true>]
): (...args: A) => [Jacobian<R, Picked<A, N>>, X];
export function jacfwd(
  func: (...args: never[]) => unknown,
  ...rest: readonly unknown[]
): (...args: never[]) => unknown {
  const where = 'jacfwd';
  const options = readArguments<JacfwdOptions>(where, rest, ['argnums', 'hasAux'], ['randomness']);
  const { argnums = 0, hasAux = false, randomness = 'error' } = options;
  checkFunction(where, func);
  checkRandomness(where, randomness);
  return (...args) => {
    const list = typeof argnums === 'number' ? [argnums] : argnums;
    placesOf(where, list, args.length);
    const drawing = withRandomness(randomness);
    const start = (): ReturnType<typeof pushforward> => drawing(() => pushforward(where, func, args, list, hasAux));
    let run = start();
    const { spec, inputs, inputSpec, aux } = run;
    const outputs = flatten(run.output).leaves as Tensor[];
    const zeros = inputs.map((x) => zerosOf(x.sizes, x.dt, x.device));
    let first = true;
    const columns = inputs.map((x, k) =>
      Array.from({ length: x.count }, (_, i) => {
        // only random numbers of its own make a column a run of its own
        if (!first && randomness === 'different') run = start();
        first = false;
        const tangents = zeros.map((zero, j) => (j === k ? unit(x, i) : zero));
        return flatten(run.push(unflatten(inputSpec, tangents))).leaves as Tensor[];
      }),
    );
    const parts = outputs.map((y, o) =>
      inputs.map((x, k) =>
        stackOf(columns[k]!, o, y)
          .movedim(0, -1)
          .reshape([...y.sizes, ...x.sizes]),
      ),
    );
    const result = nested(spec, inputSpec, typeof argnums === 'number', parts);
    return hasAux ? [result, aux] : result;
  };
}

/**
 * A function that gives the second derivatives of `func`, `[...output, ...argument, ...argument]`: `jacfwd` of `jacrev`.
 * Throws as {@link grad}.
 * @example
 * torch.func.hessian((x) => x.pow(3).sum())(torch.tensor([1.5, 2]))
 * // tensor([[ 9.,  0.],
 * //         [ 0., 12.]])
 */
export function hessian<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: (...args: A) => R,
  ...rest: [argnums?: N] | [options: { argnums?: N | undefined }]
): (...args: A) => Jacobian<Jacobian<R, Picked<A, N>>, Picked<A, N>>;
export function hessian(
  func: (...args: never[]) => unknown,
  ...rest: readonly unknown[]
): (...args: never[]) => unknown {
  const { argnums = 0 } = readArguments<{ argnums: Argnums }>('hessian', rest, ['argnums']);
  checkFunction('hessian', func);
  return jacfwd(jacrev(func, argnums), argnums) as (...args: never[]) => unknown;
}
