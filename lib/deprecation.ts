// PyTorch's old names of functions: they warn, once each, and do what the new ones do. Used by nn/init-names.ts, nn/utils.ts.
import { inNameOf } from './errors.ts';

/** A function under an old name. */
export function deprecated<A extends readonly unknown[], R>(
  path: string,
  old: string,
  name: string,
  f: (...args: A) => R,
): (...args: A) => R {
  let warned = false;
  return (...args) => {
    if (!warned) {
      warned = true;
      const text = `\`${path}.${old}\` is now deprecated in favor of \`${path}.${name}\`.`;
      process.emitWarning(text, 'DeprecationWarning');
    }
    return inNameOf(old, () => f(...args));
  };
}
