// Arguments by position, by name, or both, as PyTorch's functions take them: their types, and reading them. Used by all functions
// with options.
import { isPlain } from './calls.ts';
import { describe } from './errors.ts';
import { Tensor } from './tensor.ts';

/** A list of arguments, of which any from `P` on may come by name in one object `O` at the end. */
export type Call<P extends readonly unknown[], O> =
  Required<P> extends readonly []
    ? [options?: O]
    : Required<P> extends readonly [...infer Init, unknown]
      ? [...P, options?: O] | Call<Init, O>
      : [options?: O];

/**
 * Required arguments `R` with the names `N`, and optional ones behind them (see {@link Call}). From any of them on they
 * may come by name: `new Conv2d(3, 16, { kernelSize: 3 })`.
 */
export type Named<R extends readonly unknown[], N extends readonly string[], P extends readonly unknown[], O> =
  | [...required: R, ...optional: Call<P, O>]
  | RequiredByName<R, N, O>;
type RequiredByName<R extends readonly unknown[], N extends readonly string[], O> = R extends readonly [
  ...infer Init,
  infer Last,
]
  ? N extends readonly [...infer Names extends readonly string[], infer Name extends string]
    ? [...Init, options: O & { [K in Name]: Last }] | RequiredByName<Init, Names, O & { [K in Name]: Last }>
    : never
  : never;

/** NumPy's names, which PyTorch takes too. */
const ALIASES: Readonly<Record<string, string>> = { axis: 'dim', keepdims: 'keepdim' };
const NO_ARGUMENTS: Record<string, unknown> = Object.freeze({});

/**
 * Reads arguments that come by position, by name in a plain object at the end, or both. `names` are PyTorch's in its
 * order; `only` may come by name only. Unknown names are errors; undefined counts as absent.
 */
export function readArguments<T extends object>(
  where: string,
  args: readonly unknown[],
  names: readonly string[],
  only: readonly string[] = [],
): Partial<T> {
  if (args.length === 0) return NO_ARGUMENTS as Partial<T>;
  const out: Record<string, unknown> = {};
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  const last = args[count - 1];
  if (count > 0 && isPlain(last)) {
    count--;
    for (const [given, value] of Object.entries(last)) {
      const name = names.includes(given) ? given : (ALIASES[given] ?? given);
      if (!names.includes(name) && !only.includes(name)) {
        throw new TypeError(
          `${where}: unknown option '${given}'; expected ${[...names, ...only].join(', ') || 'none'}`,
        );
      }
      if (name in out) throw new TypeError(`${where}: '${given}' and '${name}' are the same option`);
      if (value !== undefined) out[name] = value;
    }
  }
  if (count > names.length)
    throw new TypeError(`${where}: expected at most ${names.length} arguments but received ${count}`);
  for (let i = 0; i < count; i++) {
    const name = names[i]!;
    if (args[i] === undefined) continue;
    if (name in out) throw new TypeError(`${where}: '${name}' was given by position and by name`);
    out[name] = args[i];
  }
  return out as Partial<T>;
}

/** Checks an options object that always comes last and by itself. */
export function checkOptions(where: string, options: unknown, names: readonly string[]): void {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object' || Array.isArray(options) || options instanceof Tensor) {
    throw new TypeError(`${where}: expected an object of options but received ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      throw new TypeError(`${where}: unknown option '${name}'; expected ${names.join(', ') || 'none'}`);
  }
}

/** Refuses options where there are none. Other surplus arguments pass, as of all functions: `xs.map(torch.exp)`. */
export function noOptions(where: string, extra: unknown): void {
  if (isPlain(extra)) checkOptions(where, extra, []);
}
