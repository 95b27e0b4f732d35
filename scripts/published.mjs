// What the packages have in the place of the build's files: the code minified, and the types without what nobody sees. Called
// by packages.mjs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { minify, parse, transform } from 'rolldown/experimental';

function check(errors) {
  if (errors.length > 0) throw new Error(`published: ${errors.map(({ message }) => message).join('; ')}`);
}

/** How often each word is in a text. */
function counted(text, word) {
  const counts = new Map();
  for (const [found] of text.matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1);
  return counts;
}

/** These take their receiver or another value each time, so they are no constants. */
const OWN = ['Array.from', 'Array.of', 'Math.random'];
/** JavaScript's own names that are shorter as constants of the library: errors, and functions that need no receiver. */
function shortenedGlobals(code) {
  const found = counted(code, /\b(?:Array|Math|Number|Object|Reflect)\.\w+\b|\b(?:Range|Type)Error\b/g);
  const shorter = ([name, uses]) => uses * (name.length - 3) > name.length + 6;
  const isFunction = (name) => typeof name.split('.').reduce((object, key) => object[key], globalThis) === 'function';
  return [...found]
    .filter((entry) => shorter(entry) && isFunction(entry[0]) && !OWN.includes(entry[0]))
    .map(([name]) => name);
}

/** The strings among arguments and elements of lists: none of these says what a bundler is to load. */
function stringsIn(node, found = [], place = '') {
  if (Array.isArray(node)) {
    for (const child of node) stringsIn(child, found, place);
  } else if (typeof node === 'object' && node !== null) {
    if (place !== '' && node.type === 'Literal' && typeof node.value === 'string') found.push(node);
    const called = node.callee?.name !== 'require' && /^(?:Call|New)Expression$/.test(node.type);
    for (const [key, child] of Object.entries(node))
      stringsIn(
        child,
        found,
        (called && key === 'arguments') || (key === 'elements' && node.type === 'ArrayExpression') ? key : '',
      );
  }
  return found;
}
function groupedByValue(nodes) {
  const groups = new Map();
  for (const node of nodes) groups.set(node.value, [...(groups.get(node.value) ?? []), node]);
  return groups;
}
/** What repeats a string takes it from a constant, where that is shorter. */
async function withSharedStrings(code) {
  const { program, errors } = await parse('flambeau.cjs', code, { sourceType: 'commonjs' });
  check(errors);
  const places = groupedByValue(stringsIn(program.body));
  const constants = [];
  const edits = [];
  for (const [value, nodes] of places) {
    const length = value.length + 2;
    if (nodes.length * (length - 3) <= length + 5) continue;
    const name = `string${constants.length}$`;
    constants.push(`${name} = ${JSON.stringify(value)}`);
    for (const { start, end } of nodes) edits.push({ start, end, name });
  }
  let from = 0;
  let text = '';
  for (const { start, end, name } of edits.sort((a, b) => a.start - b.start)) {
    text += code.slice(from, start) + name;
    from = end;
  }
  return { constants, code: text + code.slice(from) };
}

const keepNames = { class: true, function: false };
async function compact(code) {
  const { code: short, errors } = await minify('flambeau.cjs', code, {
    compress: { target: 'node20', keepNames },
    mangle: { toplevel: true, keepNames },
    codegen: { removeWhitespace: true },
  });
  check(errors);
  return short;
}
const BREAK =
  /(?<=[;}])(?=(?:async )?function[ *]|(?:var|let|class) )|(?<=[\]},])(?=[\w$]+[=:](?:class\b|function\b|[[({]))/g;
/** Lines of bearable length: of an error that nobody catches, Node prints the whole line. */
async function broken(code) {
  let last = 0;
  const lines = code.replaceAll(BREAK, (_, at) => {
    if (at - last < 250) return '';
    last = at;
    return '\n';
  });
  if ((await compact(lines)) !== (await compact(code))) throw new Error('published: a line was broken within a string');
  return lines;
}

/**
 * The bundle as short as it gets without another meaning. Classes keep their names, which errors, printed modules and
 * checkpoints have; the bundle itself names its functions (namespaces.mjs).
 */
export async function minified(code) {
  const globals = shortenedGlobals(code);
  const constant = (name) => `${name.replace('.', '_')}$`;
  const define = Object.fromEntries(globals.map((name) => [name, constant(name)]));
  const { code: rest, errors } = await transform('flambeau.cjs', code, { define });
  check(errors);
  const shared = await withSharedStrings(rest);
  const constants = [...globals.map((name) => `${constant(name)} = ${name}`), ...shared.constants];
  const bound = `'use strict';\nconst ${constants.join(', ')};\n${shared.code}`;
  // a variable loses its long name where its class has that itself
  const uses = counted(bound, /[\w$]+/g);
  const named = bound.replaceAll(/^(var|let|const) (\w+) = class(?=(?: extends [\w.$]+)? \{$)/gm, (head, kind, name) =>
    (uses.get(name) - 1) * (name.length - 2) > name.length + 1 ? `${kind} ${name} = class ${name}` : head,
  );
  // V8 reads a file of Latin-1 twice as fast
  const ascii = (await compact(named)).replaceAll(/\P{ASCII}/gu, (c) =>
    Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
  return `${await broken(ascii)}\n`;
}

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
