// Builds dist/ from lib/: the library in one CommonJS file (one copy for require and import), what loads it, its ES wrapper,
// and the types.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { completeComments } from './comments.mjs';
import { withPlainNamespaces } from './namespaces.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
const { dependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
await build({
  entryPoints: ['lib/index.ts'],
  outfile: 'dist/flambeau.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: Object.keys(dependencies),
  sourcemap: true,
  define: { 'import.meta.url': 'moduleUrl' },
  // the directive has to come first
  banner: { js: "'use strict'; const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
await build({
  entryPoints: ['lib/entry/index.cjs'],
  outfile: 'dist/index.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['./flambeau.cjs'],
  logLevel: 'warning',
});
// The command `flambeau`, and what it has each process load first: both without the library.
for (const [entry, file] of [
  ['cli', 'cli.cjs'],
  ['preload', 'preload.cjs'],
])
  await build({
    entryPoints: [`lib/launch/${entry}.ts`],
    outfile: `dist/${file}`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
  });
chmodSync('dist/cli.cjs', 0o755);
// esbuild names a class that mentions itself `_Tensor`: errors and printed modules must say `Tensor`.
let code = readFileSync('dist/flambeau.cjs', 'utf8');
for (const [, name, inner] of code.matchAll(/^var (\w+) = class _(\w+)\b/gm))
  if (name.replace(/\d*$/, '') === inner.replace(/\d*$/, ''))
    code = code.replaceAll(new RegExp(`\\b_${inner}\\b`, 'g'), name);
// … and calls the second of a name `Buffer2`.
const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
const classes = new Set(
  sources.flatMap((f) => [...readFileSync(join('lib', f), 'utf8').matchAll(/\bclass (\w+)/g)].map(([, name]) => name)),
);
code = code.replaceAll(/^var ((\w+?)\d+) = class(?: \1)?(?: extends [\w.]+)? \{$/gm, (head, name, named) =>
  classes.has(name) || !classes.has(named)
    ? head
    : `${head}\n  static {\n    Object.defineProperty(this, 'name', { value: '${named}', configurable: true });\n  }`,
);
// One character beyond Latin-1, even in a comment, and V8 reads the file as two bytes a character, half as fast. Strings
// are escaped already.
code = code.replaceAll(/\P{ASCII}/gu, '?');
code = withPlainNamespaces(code);
code = code.replaceAll('await import(', "await require('./import.cjs')(");
copyFileSync('lib/entry/import.cjs', 'dist/import.cjs');
writeFileSync('dist/flambeau.cjs', code);
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

completeComments('dist/types');

// The addon must be there to list the names; without it the wrapper is made by the next build.
const names = Object.keys(createRequire(import.meta.url)('../dist/index.cjs')).sort();
// `var` is one of the names: it may be exported, but not declared
const reserved = new Set(names.filter((name) => ['delete', 'in', 'var', 'void', 'with'].includes(name)));
const lines = (list, line) => list.map((name) => `  ${line(name)},\n`).join('');
const declared = names.filter((name) => !reserved.has(name));
writeFileSync(
  'dist/index.mjs',
  `import flambeau from './index.cjs';\nexport default flambeau;\nexport const {\n${lines(declared, (name) => name)}} = flambeau;\n` +
    `const {\n${lines([...reserved], (name) => `${name}: ${name}_`)}} = flambeau;\n` +
    `export {\n${lines([...reserved], (name) => `${name}_ as ${name}`)}};\n`,
);
