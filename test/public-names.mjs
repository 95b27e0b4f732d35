// The functions and classes that a library exports, in namespaces too, with their names. Used by names.test.ts, and by
// packages.test.ts in a process of its own: `node public-names.mjs FILE` prints them.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * @param {object} library
 * @returns {{ path: string, key: string, name: string, value: unknown }[]}
 */
export function namesIn(library) {
  const found = [];
  const seen = new Set();
  const walk = (space, prefix) => {
    for (const [key, value] of Object.entries(space)) {
      if (typeof value === 'function') found.push({ path: prefix + key, key, name: value.name, value });
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      if ([Object.prototype, null].includes(Object.getPrototypeOf(value))) walk(value, `${prefix}${key}.`);
    }
  };
  walk(library, '');
  return found;
}
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const library = createRequire(import.meta.url)(process.argv[2]);
  for (const { path, name } of namesIn(library)) console.log(path, name);
}
