// How the library finds its addon (lib/addon.ts): installed as from a registry, in real folders, with the package of this
// platform, with one of another version or that does not load, with one built from sources, and with none.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'build/Release/flambeau.node');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const platform = `${process.platform}-${process.arch}`;
const linux = process.platform === 'linux';
/** The package that npm would install here. */
const fitting = `@flambeau/${platform}${linux ? '-gnu' : ''}`;

const project = mkdtempSync(join(tmpdir(), 'flambeau-addon-'));
afterAll(() => rmSync(project, { recursive: true }));
const library = join(project, 'node_modules/flambeau');
for (const file of ['dist/flambeau.cjs', 'dist/index.cjs', 'dist/import.cjs', 'package.json'])
  cpSync(join(root, file), join(library, file));
symlinkSync(join(root, 'node_modules/fflate'), join(project, 'node_modules/fflate'), 'junction');

/** Installs a package of those files. */
function install(name: string, files: Readonly<Record<string, string | { copy: string }>>): void {
  for (const [file, content] of Object.entries(files)) {
    const path = join(project, 'node_modules', name, file);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content);
    else cpSync(content.copy, path);
  }
}
afterEach(() => rmSync(join(project, 'node_modules/@flambeau'), { recursive: true, force: true }));

const addon = { 'package.json': '{ "main": "flambeau.node" }', 'flambeau.node': { copy: built } };
/** What a script prints that uses the library as installed; the error's message where it throws. */
function run(
  { FLAMBEAU_ADDON, FLAMBEAU_CUDA }: { FLAMBEAU_ADDON?: string; FLAMBEAU_CUDA?: string } = {},
  use = 'torch.ones(2).sum().item()',
): string {
  const script = `try { const torch = require('flambeau'); console.log(${use}) } catch (error) { console.log(error.message) }`;
  const env = { ...process.env, FLAMBEAU_ADDON, FLAMBEAU_CUDA };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', cwd: project, env });
  return stdout.trim() + stderr;
}

test('the package of this platform is found', () => {
  install(fitting, addon);
  expect(run()).toBe('2');
});
test('one that was built from sources is found', () => {
  install('@flambeau/source', { 'build/Release/flambeau.node': { copy: built } });
  expect(run()).toBe('2');
});
test('one that was built beside the library comes first', () => {
  install(fitting, { 'package.json': '{ "main": "index.js" }', 'index.js': "throw new Error('not this one')" });
  symlinkSync(join(root, 'build'), join(library, 'build'), 'junction');
  try {
    expect(run()).toBe('2');
  } finally {
    rmSync(join(library, 'build'), { recursive: true });
  }
});

test('without any, the message says what was looked for and how to get one', () => {
  const message = run();
  expect(message).toMatch(`flambeau: no native addon for ${platform} (Node ${process.versions.node}`);
  expect(message).toMatch('\n  ../build/Release/flambeau.node: not built\n');
  expect(message).toMatch(`\n  ${fitting}: not installed\n`);
  expect(message).toMatch('\n  @flambeau/source/build/Release/flambeau.node: not installed\n');
  expect(message).toMatch(
    `--omit=optional, or by a lockfile of another platform: \`npm install ${fitting}@${version}\``,
  );
  expect(message).toMatch(
    `\`npm install @flambeau/source@${version}\` and \`npx flambeau-build\`, which needs CMake 3.18`,
  );
});
test('one of another version is refused', () => {
  install(fitting, {
    'package.json': '{ "main": "index.js" }',
    'index.js': "exports.build = () => ({ version: '0.0.9' })",
  });
  expect(run()).toMatch(`\n  ${fitting}: is of version 0.0.9, and the library of ${version}\n`);
});
test('one without kernels for this processor is refused', () => {
  const index = `exports.build = () => ({ version: '${version}', isa: 'none' })`;
  install(fitting, { 'package.json': '{ "main": "index.js" }', 'index.js': index });
  expect(run()).toMatch(`\n  ${fitting}: has no kernels for a processor as old as this one`);
});
test('one that the system does not load is passed over with its reason', () => {
  install(fitting, { 'package.json': '{ "main": "flambeau.node" }', 'flambeau.node': 'no library' });
  expect(run()).toMatch(new RegExp(`\n  ${fitting}: .*(file too short|invalid|not a valid|slice is not)`, 'i'));
  install('@flambeau/source', { 'build/Release/flambeau.node': { copy: built } });
  expect(run()).toBe('2');
});

test('FLAMBEAU_ADDON alone decides', () => {
  expect(run({ FLAMBEAU_ADDON: built })).toBe('2');
  install(fitting, addon);
  const wrong = join(project, 'nowhere.node');
  const message = run({ FLAMBEAU_ADDON: wrong });
  expect(message).toMatch('flambeau: the native addon that FLAMBEAU_ADDON names cannot be used');
  expect(message).toMatch(`${wrong}: there is no such file`);
});

test('the CUDA backend is looked for beside the addon and in its package', () => {
  install(fitting, addon);
  const ask = { FLAMBEAU_CUDA: 'on' };
  const reason = "(() => { try { torch.ones(1, { device: 'cuda' }) } catch (error) { return error.message } })()";
  expect(run(ask, reason)).toMatch(`npm install @flambeau/cuda-${platform}@${version}`);
  install(`@flambeau/cuda-${platform}`, { 'package.json': '{}', 'flambeau_cuda.node': 'no library' });
  expect(run(ask, reason)).toMatch('its CUDA library cannot be loaded');
});
