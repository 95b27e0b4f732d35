// What the packages have in the place of the build's types: without what nobody sees. Called by packages.mjs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A list of names without blanks. */
export const minifiedModule = (code) => code.replaceAll(/(?<=[{,])\s+/g, '');

const IMPORT = /(\bfrom |\bimport\()(['"])(\.[^'"]*)\.ts\2/g;
/** For what a module does, not for its types. */
const EFFECT = /^import '[^']*';\n/gm;
/**
 * Writes the declarations that those of the entry lead to into a folder, indented by tabs. The packages are CommonJS's, so these
 * are, too, and `import` gets a wrapper: the same types for both.
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
    const path = join(to, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      text
        .replaceAll(EFFECT, '')
        .replaceAll(IMPORT, (_, before, quote, id) => `${before}${quote}${id}.js${quote}`)
        .replaceAll(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4)),
    );
  }
  const all = './index.js';
  writeFileSync(
    join(to, 'index.d.mts'),
    `import * as torch from '${all}';\nexport * from '${all}';\nexport default torch;\n`,
  );
}
/** The types of the library's two entries, which are in a package of their own. */
export function writeEntryTypes(to, types) {
  const all = `export * from '${types}';\n`;
  writeFileSync(join(to, 'index.d.ts'), all);
  writeFileSync(join(to, 'index.d.mts'), `${all}export { default } from '${types}';\n`);
}
