// What would be published (scripts/packages.mjs): the files of each package, by `npm pack`. scripts/try-packages.mjs
// installs and runs them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flambeau-packages-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** An addon of as many instruction sets as this build has: its size is checked by scripts/size.mjs. */
const env = { ...process.env, FLAMBEAU_ADDON_LIMIT: '8e6' };
const script = (name: string, ...args: readonly string[]): { status: number | null; output: string } => {
  const run = spawnSync(process.execPath, [join(root, 'scripts', name), ...args], { encoding: 'utf8', env });
  return { status: run.status, output: run.stdout + run.stderr };
};
beforeAll(() => {
  const { status, output } = script('packages.mjs', `--out=${folder}`);
  assert.equal(status, 0, output);
}, 60_000);

test('the packages hold what belongs there, no scripts, and no path of this machine', () => {
  const { status, output } = script('contents.mjs', folder);
  expect(output).not.toContain('contents:');
  expect(output).toMatch(/^flambeau: \d+ files/m);
  expect(output).toMatch(/^@flambeau\/source: \d+ files/m);
  expect(status).toBe(0);
});
test('the library asks for the addons that its resolver knows', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'flambeau/package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const resolver = readFileSync(join(root, 'lib/addon.ts'), 'utf8');
  const known = [...resolver.matchAll(/'(@flambeau\/(?:linux|darwin|win32)[\w-]+)'/g)].map((match) => match[1]);
  expect(Object.keys(optionalDependencies).sort()).toEqual(known.sort());
});
test('declarations name modules that are there, without their sources', () => {
  const types = join(folder, 'types');
  const files = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => /['"]\.[^'"]*\.ts['"]/.test(readFileSync(join(types, file), 'utf8')))).toEqual([]);
});
test('minified, functions and classes have the names that they have in the build', () => {
  const names = (library: string): string[] => {
    const FLAMBEAU_ADDON = join(root, 'build/Release/flambeau.node');
    const run = spawnSync(process.execPath, [join(root, 'test/public-names.mjs'), library], {
      encoding: 'utf8',
      env: { ...env, FLAMBEAU_ADDON },
    });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout.split('\n');
  };
  expect(names(join(folder, 'flambeau/dist/flambeau.cjs'))).toEqual(names(join(root, 'dist/flambeau.cjs')));
});
test('no line is so long that an error that nobody catches fills the screen', () => {
  const lines = readFileSync(join(folder, 'flambeau/dist/flambeau.cjs'), 'utf8').split('\n');
  const throwing = lines.filter((line) => line.includes('throw'));
  expect(throwing.length).toBeGreaterThan(500);
  expect(Math.max(...throwing.map((line) => line.length))).toBeLessThan(8000);
});
test('a stray file, a source map and an install script are found', () => {
  const bad = join(folder, 'bad');
  cpSync(join(folder, 'source'), join(bad, 'source'), { recursive: true });
  const manifest = join(bad, 'source/package.json');
  writeFileSync(
    manifest,
    readFileSync(manifest, 'utf8').replace('"gypfile"', '"scripts": { "install": "true" }, "gypfile"'),
  );
  writeFileSync(join(bad, 'source/native/notes.txt'), `//# sourceMappingURL=x.map\n${root}`);
  const { status, output } = script('contents.mjs', bad);
  expect(status).toBe(1);
  for (const found of [
    'it has scripts',
    'notes.txt does not belong there',
    'notes.txt names a source map',
    'notes.txt names /',
  ])
    expect(output).toContain(found);
});
