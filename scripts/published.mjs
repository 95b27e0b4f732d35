// What the library's package has in the place of the build's files: the code minified, and the types without what nobody
// sees. Called by packages.mjs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { transform } from 'esbuild';
import { minify } from 'terser';

/** The names of the functions that the library exports, in namespaces too: stack traces and consoles show them. */
function exportedNames() {
  const names = new Set();
  const seen = new Set();
  const walk = (x) => {
    if (typeof x === 'function') names.add(x.name);
    if (typeof x !== 'object' || x === null || seen.has(x)) return;
    seen.add(x);
    if ([Object.prototype, null].includes(Object.getPrototypeOf(x))) Object.values(x).forEach(walk);
  };
  walk(createRequire(import.meta.url)('../dist/index.cjs'));
  return names;
}

/**
 * The bundle as short as terser makes it, but with the names of classes, which errors, printed modules and checkpoints have,
 * and of exported functions.
 */
export async function minified(code) {
  const classes = [...code.matchAll(/^(?:var|let|const) (\w+) = class\b/gm)].map(([, name]) => name);
  const { code: short } = await minify(code, {
    ecma: 2022,
    toplevel: true,
    compress: { keep_classnames: true },
    mangle: { keep_classnames: true, reserved: [...classes, ...exportedNames()] },
    format: { ascii_only: true },
  });
  return `${short}\n`;
}

/** A module without blanks and long names of its own. */
export const minifiedModule = async (code) => (await transform(code, { minify: true, format: 'esm' })).code;

const IMPORT = /(\bfrom |\bimport\()(['"])(\.[^'"]*)\.ts\2/g;
/** For what a module does, not for its types. */
const EFFECT = /^import '[^']*';\n/gm;
/**
 * Writes the declarations that those of the entry lead to below `to`, indented by tabs. The package is CommonJS's, so these are,
 * too, and `import` gets a wrapper: the same types for both.
 */
export function writeTypes(to) {
  const files = ['index.d.ts'];
  // the list grows as it is read
  for (const file of files) {
    const text = readFileSync(join('dist/types', file), 'utf8');
    for (const [, , , id] of text.matchAll(IMPORT)) {
      const next = normalize(join(dirname(file), `${id}.d.ts`));
      if (!existsSync(join('dist/types', next))) throw new Error(`packages: ${file} imports ${id}, which has no types`);
      if (!files.includes(next)) files.push(next);
    }
    const path = join(to, 'types', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      text
        .replaceAll(EFFECT, '')
        .replaceAll(IMPORT, (_, before, quote, id) => `${before}${quote}${id}.js${quote}`)
        .replaceAll(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4)),
    );
  }
  writeFileSync(
    join(to, 'index.d.mts'),
    "import * as torch from './types/index.js';\nexport * from './types/index.js';\nexport default torch;\n",
  );
}
