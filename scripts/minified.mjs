// What the packages have in the place of the build's code: the same, minified. Called by packages.mjs.
import { minify, parse, transform } from 'rolldown/experimental';

function check(errors) {
  if (errors.length > 0) throw new Error(`minified: ${errors.map(({ message }) => message).join('; ')}`);
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

/** Where a string is a value that is kept or handed on: none of these says what a bundler is to load, or names a property. */
const VALUES = {
  ArrayExpression: ['elements'],
  AssignmentPattern: ['right'],
  CallExpression: ['arguments'],
  LogicalExpression: ['left', 'right'],
  NewExpression: ['arguments'],
  Property: ['value'],
};
/** These make the same error without `new`. */
const ERRORS = /^(?:Range|Type)?Error\$?$/;

/** What is written shorter: strings and pieces of templates that may be shared, and where `new` makes no difference. */
function placesIn(program) {
  const found = { strings: [], pieces: [], news: [] };
  const visit = (node) => {
    const { type, start } = node;
    if (type === 'TaggedTemplateExpression') return;
    if (type === 'TemplateElement' && !/[\\`$]/.test(node.value.raw)) found.pieces.push(node);
    if (type === 'NewExpression' && ERRORS.test(node.callee.name))
      found.news.push({ start, end: node.callee.start, text: '' });
    const loads = node.callee?.name === 'require';
    for (const [key, children] of Object.entries(node)) {
      if (typeof children !== 'object' || children === null) continue;
      for (const child of Array.isArray(children) ? children : [children]) {
        if (typeof child !== 'object' || child === null) continue;
        if (child.type === 'Literal' && typeof child.value === 'string') {
          if (!loads && VALUES[type]?.includes(key)) found.strings.push(child);
        } else visit(child);
      }
    }
  };
  visit(program);
  return found;
}

function groupedByValue(nodes) {
  const groups = new Map();
  for (const node of nodes) groups.set(node.value, [...(groups.get(node.value) ?? []), node]);
  return groups;
}

/** Phrases beyond these gain nothing more. */
const PHRASES = 400;
const [SHORTEST, LONGEST] = [7, 60];
/** What a text can be cut at: where a word begins or ends. */
function cuts(text) {
  const inner = Array.from({ length: text.length }, (_, i) => i);
  return [...inner.filter((i) => i === 0 || /\w/.test(text[i - 1]) !== /\w/.test(text[i])), text.length];
}
/** The phrases whose sharing shortens the texts most, greedily, each among what the ones before it left. */
function phrasesOf(texts) {
  const chosen = [];
  /** How often each phrase is in the parts that are left; a part is counted when it comes and taken back when it is cut. */
  const counts = new Map();
  const count = (text, by) => {
    const at = cuts(text);
    for (const [i, from] of at.entries())
      for (const to of at.slice(i + 1)) {
        if (to - from > LONGEST) break;
        if (to - from < SHORTEST) continue;
        const phrase = text.slice(from, to);
        counts.set(phrase, (counts.get(phrase) ?? 0) + by);
      }
  };
  const parts = new Map();
  const add = (text, times) => {
    if (text.length < SHORTEST) return;
    parts.set(text, (parts.get(text) ?? 0) + times);
    count(text, times);
  };
  for (const text of texts) add(text, 1);
  // `${xy}` in the place of each, and `xy="…",` once
  const gain = ([phrase, uses]) => uses * (phrase.length - 5) - (phrase.length + 6);
  while (chosen.length < PHRASES) {
    let best = ['', 0];
    for (const entry of counts) if (gain(entry) > gain(best)) best = entry;
    const [phrase] = best;
    if (gain(best) <= 0) break;
    chosen.push(phrase);
    for (const [text, times] of [...parts].filter(([part]) => part.includes(phrase))) {
      parts.delete(text);
      count(text, -times);
      for (const part of text.split(phrase)) add(part, times);
    }
  }
  return chosen;
}

/** The text with its phrases taken from constants, in the order in which they were chosen. */
function withPhrases(text, names) {
  for (const [phrase, name] of names) {
    const at = text.indexOf(phrase);
    if (at >= 0)
      return `${withPhrases(text.slice(0, at), names)}\${${name}}${withPhrases(text.slice(at + phrase.length), names)}`;
  }
  return text;
}

/** What repeats a string or a phrase takes it from a constant, where that is shorter; errors are made without `new`. */
async function withSharedStrings(code) {
  const { program, errors } = await parse('flambeau.cjs', code, { sourceType: 'commonjs' });
  check(errors);
  const { strings, pieces, news } = placesIn(program);
  const constants = [];
  const constant = (value) => {
    const name = `string${constants.length}$`;
    constants.push(`${name} = ${JSON.stringify(value)}`);
    return name;
  };
  const edits = [...news];
  const single = [];
  for (const [value, nodes] of groupedByValue(strings)) {
    const length = value.length + 2;
    if (nodes.length * (length - 3) <= length + 5) {
      if (!/[\\`$\n]/.test(value)) single.push(...nodes);
      continue;
    }
    const text = constant(value);
    for (const { start, end } of nodes) edits.push({ start, end, text });
  }
  const names = phrasesOf([...pieces.map(({ value }) => value.raw), ...single.map(({ value }) => value)]).map(
    (phrase) => [phrase, constant(phrase)],
  );
  for (const { value, start, end } of pieces) {
    const text = withPhrases(value.raw, names);
    if (text !== value.raw) edits.push({ start, end, text });
  }
  for (const { value, start, end } of single) {
    const text = withPhrases(value, names);
    if (text !== value) edits.push({ start, end, text: `\`${text}\`` });
  }
  let from = 0;
  let text = '';
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    text += code.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return { constants, code: text + code.slice(from) };
}

const keepNames = { class: true, function: false };
/** The code in one line, its inner names short. */
export async function compact(code) {
  const { code: short, errors } = await minify('flambeau.cjs', code, {
    compress: { target: 'node20', keepNames },
    mangle: { toplevel: true, keepNames },
    codegen: { removeWhitespace: true },
  });
  check(errors);
  return short;
}
/** The objects that an expression is, or hands to what it calls. */
function objectsIn(node) {
  if (node?.type === 'ObjectExpression') return [node];
  const inner = [node?.expression, node?.expressions, node?.arguments, node?.right].flat();
  return inner.filter((child) => child !== undefined).flatMap(objectsIn);
}
/** Lines of bearable length: of an error that nobody catches, Node prints the whole line. */
async function broken(code) {
  const { program, errors } = await parse('flambeau.cjs', code, { sourceType: 'commonjs' });
  check(errors);
  // statements and variables of the file, members of its classes, properties of its namespaces
  const starts = program.body.flatMap(({ start, declarations = [], expression }) => {
    const members = declarations.flatMap(({ init }) => (init?.type === 'ClassExpression' ? init.body.body : []));
    const properties = objectsIn(expression).flatMap((object) => object.properties);
    return [start, ...[...declarations.slice(1), ...members, ...properties].map((node) => node.start)];
  });
  let from = 0;
  let lines = '';
  for (const at of starts.sort((x, y) => x - y)) {
    if (at - from < 250) continue;
    lines += `${code.slice(from, at)}\n`;
    from = at;
  }
  lines += code.slice(from);
  if ((await compact(lines)) !== (await compact(code))) throw new Error('minified: a line was broken within a string');
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
