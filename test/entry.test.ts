// What require('flambeau') loads: the library compiled ahead (lib/entry/), and what it does where that cannot be had.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Script } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const { cacheOf, keptOf, scriptOf } = createRequire(import.meta.url)('../lib/entry/script.cjs') as {
  cacheOf(dist: string): string;
  keptOf(dist: string): Buffer | undefined;
  scriptOf(dist: string, cachedData?: Buffer): Script;
};

// a package of its own, whose dist/ may be spoilt
const folder = mkdtempSync(join(tmpdir(), 'flambeau-entry-'));
afterAll(() => rmSync(folder, { recursive: true }));
const dist = join(folder, 'dist');
for (const part of ['dist/flambeau.cjs', 'dist/index.cjs', 'dist/import.cjs', 'package.json'])
  cpSync(join(root, part), join(folder, part), { preserveTimestamps: true });
symlinkSync(join(root, 'build'), join(folder, 'build'), 'junction');
const put = (): void => cpSync(cacheOf(join(root, 'dist')), cacheOf(dist), { preserveTimestamps: true });

/** Says where in the library an error comes from. */
const USE = `if (torch.ones(2).add(1).sum().item() !== 4) throw new Error('wrong result');
try { torch.ones(2).matmul(torch.ones(3)) } catch (error) { console.log(error.stack.split('\\n')[1].trim()) }`;
const run = (script: string, ...flags: readonly string[]): string => {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, script], { encoding: 'utf8', cwd: folder });
  return stdout.trim() + stderr;
};
const start = (...flags: readonly string[]): string =>
  run(`const torch = require('./dist/index.cjs'); ${USE}`, ...flags, '-e');
const IN_LIBRARY = /^at .*flambeau\.cjs:\d+:\d+\)$/;

test('what was compiled ahead is taken by V8, and is the library', () => {
  put();
  expect(scriptOf(dist, keptOf(dist)).cachedDataRejected).toBe(false);
  expect(start()).toMatch(IN_LIBRARY);
});
test('without it, with half of it, and under other flags the library is compiled', () => {
  expect(start('--no-opt')).toMatch(IN_LIBRARY);
  truncateSync(cacheOf(dist), 400_000);
  expect(scriptOf(dist, keptOf(dist)).cachedDataRejected).toBe(true);
  expect(start()).toMatch(IN_LIBRARY);
  rmSync(cacheOf(dist));
  expect(keptOf(dist)).toBeUndefined();
  expect(start()).toMatch(IN_LIBRARY);
});
test('a library that was edited since is not the one that was compiled', () => {
  put();
  utimesSync(join(dist, 'flambeau.cjs'), new Date(), new Date(Date.now() + 1e7));
  expect(keptOf(dist)).toBeUndefined();
});
test('lines are those of the sources where they are asked for', () => {
  expect(run(`const torch = require('${join(root, 'dist/index.cjs')}'); ${USE}`, '--enable-source-maps', '-e')).toMatch(
    /^at .*lib[/\\]ops[/\\]matmul\.ts:/,
  );
});
test('import and require give the same copy', () => {
  const script = join(root, 'build/entry-test.mjs');
  writeFileSync(
    script,
    "import { createRequire } from 'node:module';\nimport * as torch from 'flambeau';\nimport all from 'flambeau';\n" +
      "const own = createRequire(import.meta.url)('flambeau');\n" +
      'console.log(own === all, Object.keys(own).length === Object.keys(torch).length - 1, torch.Tensor === own.Tensor);\n',
  );
  try {
    expect(run(script)).toBe('true true true');
  } finally {
    rmSync(script);
  }
});
test('no exported variable changes: the bundle has namespaces of values', () => {
  const lib = join(root, 'lib');
  const changing = readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => {
      const code = readFileSync(join(lib, file), 'utf8');
      const listed = [...code.matchAll(/^export \{([^}]*)\};/gm)].flatMap((match) => match[1]!.split(/[\s,]+/));
      const variables = [...code.matchAll(/^(?:export )?(?:let|var) (\w+)/gm)];
      return variables.some(([line, name]) => line.startsWith('export') || listed.includes(name!));
    });
  expect(changing).toEqual([]);
});
test('namespaces have the names that the sources export, and no value is missing', async () => {
  const published = createRequire(import.meta.url)('../dist/index.cjs') as Record<string, object>;
  const sources: Record<string, object> = {};
  for (const [name, value] of Object.entries(await import('../lib/index.ts'))) sources[name] = Object(value) as object;
  const names = (space: object): string[] => Object.keys(space).sort();
  expect(names(published)).toEqual(names(sources));
  expect(names(published).filter((name) => published[name] === undefined)).toEqual([]);
  for (const space of ['nn', 'F', 'linalg', 'special', 'distributions', 'optim', 'cuda', 'autograd', 'utils', 'func']) {
    expect(names(published[space]!)).toEqual(names(sources[space]!));
    expect(Object.entries(published[space]!).filter(([, value]) => value === undefined)).toEqual([]);
  }
  const methods = (from: typeof published): string[] =>
    Object.getOwnPropertyNames(Reflect.get(from.Tensor!, 'prototype') as object).sort();
  expect(methods(published)).toEqual(methods(sources));
});
test('a program can be bundled with the library', async () => {
  writeFileSync(join(folder, 'program.cjs'), `const torch = require('./dist/index.cjs'); ${USE}`);
  const outfile = join(folder, 'bundle', 'program.cjs');
  await build({
    entryPoints: [join(folder, 'program.cjs')],
    outfile,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
  });
  rmSync(dist, { recursive: true });
  process.env.FLAMBEAU_ADDON = join(root, 'build/Release/flambeau.node');
  try {
    expect(run(outfile)).toMatch(/^at .*program\.cjs:/);
  } finally {
    delete process.env.FLAMBEAU_ADDON;
  }
});

test('classes keep their names, which errors and printed modules show, when two files have one of the same', () => {
  const torch: unknown = createRequire(import.meta.url)('../dist/index.cjs');
  const wrong: string[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
    seen.add(value);
    const known = typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
    if (known && /[a-z]\d$/.test(value.name) && !path.endsWith(value.name)) wrong.push(`${path} is ${value.name}`);
    if (depth > 3 || known) return;
    for (const [name, { value: part }] of Object.entries(Object.getOwnPropertyDescriptors(value)))
      walk(part as unknown, `${path}.${name}`, depth + 1);
  };
  walk(torch, 'torch', 0);
  expect(seen.size).toBeGreaterThan(1000);
  expect(wrong).toEqual([]);
});
