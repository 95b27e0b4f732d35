// Makes the namespaces in esbuild's bundle (nn, F, the library itself) plain objects, and publishes their functions. Used by
// build.mjs. As esbuild writes them, each of their 2000 names is a getter, so that an exported variable may change: no exported
// one does (test/entry.test.ts), and making the getters is a quarter of the time that loading takes.

const LIST = /^__export\((\w+), \{\n([\s\S]*?)\n\}\);\n/gm;
const GETTER = /^ {2}([\w$]+|"[^"]+"): \(\) => ([\w$]+),?$/;
const COPY = 'module.exports = __toCommonJS(index_exports);\n';
/** Begins what the entry does itself: by then all other modules are loaded, so all values are there. */
const ENTRY = '\n// lib/index.ts\n';
/** `publish` of lib/public/publish.ts, which looks up what lib/public/ says of a function. */
const PUBLISH =
  /^function (\w+)\((\w+), f\) \{\n {2}return (\w+)\(\2, f, (SIGNATURES\d*)\[\2\], \2 in (OUT\d*) \? \5\[\2\] : null, (FIXED\d*)\.has\(\2\)\);\n\}\n/m;

/** Leaves the lines of what is cut out, as the source map counts them. */
const blank = (text) => text.replaceAll(/.+/g, '');

/**
 * Takes the functions of lib/public/ out of the bundle: for each variable the arguments of its `publish`. What the tables there
 * say of a function goes with it, so that its name is written once.
 */
function takePublished(code) {
  const [whole, lookedUp, , publish, ...tables] = PUBLISH.exec(code) ?? [];
  if (whole === undefined) throw new Error('build: esbuild wrote lib/public/publish.ts in another form');
  let rest = code.replace(whole, blank(whole));
  const table = (name) => {
    const [declaration, value] =
      new RegExp(
        `^var ${name} = (\\{\\n[\\s\\S]*?\\n\\}|/\\* @__PURE__ \\*/ new Set\\(\\[\\n[\\s\\S]*?\\n\\]\\));\\n`,
        'm',
      ).exec(rest) ?? [];
    if (declaration === undefined) throw new Error(`build: esbuild wrote the table ${name} in another form`);
    rest = rest.replace(declaration, blank(declaration));
    return new Function(`return ${value}`)();
  };
  const [signatures, outs, fixed] = tables.map(table);
  const uses = new Map();
  for (const [word] of rest.matchAll(/[\w$]+/g)) uses.set(word, (uses.get(word) ?? 0) + 1);
  const published = new Map();
  const call = new RegExp(`^var ([\\w$]+) = ${lookedUp}\\(\\s*"([\\w.]+)",\\s*([\\w$]+)\\s*\\);\\n`, 'gm');
  rest = rest.replaceAll(call, (line, variable, key, f) => {
    const more = [JSON.stringify(signatures[key]), JSON.stringify(outs[key] ?? null), String(fixed.has(key))];
    // as the defaults of `publish`
    if (more[2] === 'false') more.pop();
    if (more.length === 2 && more[1] === 'null') more.pop();
    // a variable is declared, and listed in a namespace
    if (uses.get(variable) === 2) {
      published.set(variable, { key, row: `[${[f, ...more].join(', ')}]` });
      return blank(line);
    }
    const all = [JSON.stringify(key), f, ...more].join(', ');
    return `${blank(line).slice(1)}var ${variable} = ${publish}(${all});\n`;
  });
  if (new RegExp(`\\b${lookedUp}\\b`).test(rest))
    throw new Error('build: esbuild wrote a call of publish in another form');
  return { rest, published, publish };
}

/**
 * What makes a namespace, and names functions as the first namespace that has them does: the bundle calls some
 * `maxPool1d2` and `f`, of which the package keeps less. A class has its own name.
 */
const helpers = (publish) => `
function namespace_(space, prefix, values) {
  for (const name in values) {
    const value = values[name];
    space[name] = Array.isArray(value) ? ${publish}(prefix + name, ...value) : value;
  }
}
function named_(spaces, seen) {
  const inner = [];
  for (const space of spaces)
    for (const name of Object.keys(space)) {
      const value = space[name];
      const kind = typeof value;
      if ((kind !== 'function' && kind !== 'object') || value === null || seen.has(value)) continue;
      if (kind === 'object') {
        const prototype = Object.getPrototypeOf(value);
        if (prototype !== Object.prototype && prototype !== null) continue;
        inner.push(value);
      } else if (!/^[A-Z]/.test(name) && value.name !== name) Object.defineProperty(value, 'name', { value: name });
      seen.add(value);
    }
  if (inner.length > 0) named_(inner, seen);
}
`;

/**
 * The bundle with values for getters, but in those namespaces that modules read as they are loaded. All lines stay where they
 * are, as the source map has them.
 */
export function withPlainNamespaces(code) {
  const { rest, published, publish } = takePublished(code);
  const at = rest.lastIndexOf(ENTRY);
  if (!rest.includes(COPY) || at < 0) throw new Error('build: esbuild wrote a bundle of another form');
  const loading = rest.slice(0, at).replaceAll(LIST, '').replace(COPY, '');
  const objects = [];
  const kept = rest.slice(0, at).replaceAll(LIST, (whole, namespace, list) => {
    const uses = loading.match(new RegExp(`\\b${namespace}\\b`, 'g')) ?? [];
    const entries = list.split('\n').map((line) => {
      const [, name, value] = GETTER.exec(line) ?? [];
      if (name === undefined) throw new Error(`build: esbuild wrote a getter of another form: ${line}`);
      return { name, value, row: published.get(value) };
    });
    // more than `var x_exports = {}`
    if (uses.length !== 1) {
      if (entries.some(({ row }) => row))
        throw new Error(`build: ${namespace} is read before its functions are published`);
      return whole;
    }
    const prefixes = new Set(
      entries
        .filter(({ row }) => row)
        .map(({ name, row }) => (row.key.endsWith(name) ? row.key.slice(0, -name.length) : name)),
    );
    if (prefixes.size > 1) throw new Error(`build: ${namespace} has functions of ${[...prefixes].join(', ')}`);
    const properties = entries.map(({ name, value, row }) => `${name}: ${row?.row ?? value}`).join(', ');
    objects.push(
      prefixes.size === 1
        ? `namespace_(${namespace}, ${JSON.stringify([...prefixes][0])}, { ${properties} });`
        : `Object.assign(${namespace}, { ${properties} });`,
    );
    return blank(whole);
  });
  const own = "module.exports = Object.defineProperty(index_exports, '__esModule', { value: true });";
  const helpersInLine = helpers(publish).replaceAll(/\n\s*/g, ' ').trim();
  return `${kept.replace(COPY, '\n')}\n${helpersInLine} ${objects.join(' ')} named_([index_exports], new Set()); ${own}\n${rest.slice(at + ENTRY.length)}`;
}
