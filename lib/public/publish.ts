// How a function of the library becomes one of the namespace: with required arguments by PyTorch's names, and with `out`.
// The types say the same as calls.ts does. Used by the lists beside this file, which scripts/public.ts writes.
import { type AnyFunction, publish as publishUntyped } from '../calls.ts';
import type { Tensor } from '../tensor.ts';
import { FIXED } from './fixed.ts';
import { OUT } from './out-rules.ts';
import { SIGNATURES } from './signatures.ts';

/** A function that has names of parameters. */
export type Key = keyof typeof SIGNATURES;

/** The words of `input dim keepdim?` up to what has a default: the function's own options have that. */
type Words<S> = S extends `${infer A} ${infer B}`
  ? A extends `${string}?`
    ? []
    : [A, ...Words<B>]
  : S extends `${string}?`
    ? []
    : [S];
/** The ways of `input|input dim`. */
type Ways<S> = S extends `${infer A}|${infer B}` ? A | Ways<B> : S;
type Rest<T> = T extends readonly [unknown, ...infer R] ? R : [];

/** `{ dim: number }` of `[dim: number]` and `['dim']`; what has a default may be absent. */
type Fields<P, N> = N extends readonly [infer W extends string, ...infer M]
  ? P extends readonly [infer H, ...infer T]
    ? (W extends `${infer X}~` ? { [K in X]?: H | undefined } : { [K in W]: H }) & Fields<T, M>
    : P extends readonly []
      ? unknown
      : P extends readonly (infer E)[]
        ? { [K in W]: E }
        : unknown
  : unknown;
/** Arguments of which any from one on come by name, in one object with the options `L`. */
type Forms<Done extends readonly unknown[], P, N, L> = N extends readonly [unknown, ...infer M]
  ? P extends readonly []
    ? never
    :
        | [...Done, options: Fields<P, N> & L]
        | (P extends readonly [infer H, ...infer T] ? Forms<[...Done, H], T, M, L> : never)
  : never;
/** Whether the last argument is an object of options. */
type IsOptions<L> = [NonNullable<L>] extends [object]
  ? NonNullable<L> extends { readonly sizes: unknown } | readonly unknown[] | AnyFunction
    ? false
    : true
  : false;

/** The calls by name of a function with the arguments `A`, of which PyTorch has the names `N`; `O` are further options. */
type ByName<A, N, O> = A extends readonly unknown[]
  ? Required<A> extends readonly [...infer I, infer L]
    ? IsOptions<L> extends true
      ? Forms<[], I, N, NonNullable<L> & O>
      : Forms<[], Required<A>, N, O>
    : Forms<[], Required<A>, N, O>
  : never;
/** The same by one of several lists of names. */
type ByNames<A, W, O> = W extends string ? ByName<A, Words<W>, O> : never;

/** The option `out` of a function that gives `R`. */
interface OutOption<R> {
  /** Where the result is written to: this tensor, or a list of one for each part. It is what the call gives back. */
  out: R extends Tensor ? Tensor : readonly Tensor[];
}
type WithOut<A, R> = A extends readonly unknown[]
  ? Required<A> extends readonly [...infer I, infer L]
    ? IsOptions<L> extends true
      ? [...I, options: NonNullable<L> & OutOption<R>]
      : [...Required<A>, options: OutOption<R>]
    : [...A, options: OutOption<R>]
  : never;

type Call<K, A, R> = K extends keyof typeof OUT
  ? (
      ...args: WithOut<A, R> | (K extends Key ? ByNames<A, Ways<(typeof SIGNATURES)[K]>, Partial<OutOption<R>>> : never)
    ) => R
  : (...args: K extends Key ? ByNames<A, Ways<(typeof SIGNATURES)[K]>, unknown> : never) => R;
/** A function with the calls that it has besides its own. */
export type Public<K, F> = (F extends {
  (...a: infer A): infer R;
  (...b: infer B): infer S;
  (...c: infer C): infer T;
}
  ? Call<K, A, R> & Call<K, B, S> & Call<K, C, T>
  : F extends { (...a: infer A): infer R; (...b: infer B): infer S }
    ? Call<K, A, R> & Call<K, B, S>
    : F extends (...a: infer A) => infer R
      ? Call<K, A, R>
      : unknown) &
  F; // the last one: what the compiler compares with in its complaints, and what Parameters<> sees

/** The calls by name of a method, whose tensor comes before the arguments `A`. */
export type MethodByName<K, A> = K extends Key
  ? Ways<(typeof SIGNATURES)[K]> extends infer W
    ? W extends string
      ? ByName<A, Rest<Words<W>>, unknown>
      : never
    : never
  : never;

/** Makes a function known by its key; gives what users call. */
export function publish<K extends Key, F extends AnyFunction>(key: K, f: F): Public<K, F>;
export function publish(key: Key, f: AnyFunction): AnyFunction {
  return publishUntyped(key, f, SIGNATURES[key], key in OUT ? OUT[key as keyof typeof OUT] : null, FIXED.has(key));
}
