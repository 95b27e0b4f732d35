// Registering of operators whose arguments are a rest tuple: called at the end of the files of ops/.
import { row } from '../../define.ts';
import { spread } from '../../methods.ts';

type AnyFunction = (...args: never[]) => unknown;

/** Adds a row for each function, and makes its method pass on any number of arguments. */
export function operators(
  functions: Readonly<Record<string, AnyFunction>>,
  options: { differentiable?: boolean; kind?: 'reduce' | 'view' | 'op' } = {},
): void {
  for (const [name, f] of Object.entries(functions)) spread(row(name, f, options));
}
