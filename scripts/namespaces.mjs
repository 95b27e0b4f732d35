// Makes the namespaces in esbuild's bundle (nn, F, the library itself) plain objects. Used by build.mjs. As esbuild writes
// them, each of their 2000 names is a getter, so that an exported variable may change: no exported one does
// (test/entry.test.ts), and making the getters is a quarter of the time that loading takes.

const LIST = /^__export\((\w+), \{\n([\s\S]*?)\n\}\);\n/gm;
const GETTER = /^ {2}([\w$]+|"[^"]+"): \(\) => ([\w$]+),?$/;
const COPY = 'module.exports = __toCommonJS(index_exports);\n';
/** Begins what the entry does itself: by then all other modules are loaded, so all values are there. */
const ENTRY = '\n// lib/index.ts\n';

/**
 * The bundle with values for getters, but in those namespaces that modules read as they are loaded. All lines stay where they
 * are, as the source map has them.
 */
export function withPlainNamespaces(code) {
  const at = code.lastIndexOf(ENTRY);
  if (!code.includes(COPY) || at < 0) throw new Error('build: esbuild wrote a bundle of another form');
  const loading = code.slice(0, at).replaceAll(LIST, '').replace(COPY, '');
  const objects = [];
  const kept = code.slice(0, at).replaceAll(LIST, (whole, namespace, list) => {
    const uses = loading.match(new RegExp(`\\b${namespace}\\b`, 'g')) ?? [];
    if (uses.length !== 1) return whole; // more than `var x_exports = {}`
    const properties = list.split('\n').map((line) => {
      const [, name, value] = GETTER.exec(line) ?? [];
      if (name === undefined) throw new Error(`build: esbuild wrote a getter of another form: ${line}`);
      return `${name}: ${value}`;
    });
    objects.push(`Object.assign(${namespace}, { ${properties.join(', ')} });`);
    return whole.replaceAll(/.+/g, '');
  });
  const own = "module.exports = Object.defineProperty(index_exports, '__esModule', { value: true });";
  return `${kept.replace(COPY, '\n')}\n${objects.join(' ')} ${own}\n${code.slice(at + ENTRY.length)}`;
}
