// Checks (with --fix: applies) format and lint of TypeScript and C++. The tools go to folders of the repo at first use, with
// fixed versions, so that everybody has the same ones: Biome from npm, clang-format from PyPI.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIOME = '2.6.8';
const CLANG_FORMAT = '19.1.7';
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const windows = process.platform === 'win32';
const fix = process.argv.includes('--fix');

const biome = join('.tools', 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
if (!existsSync(biome)) {
  mkdirSync('.tools', { recursive: true });
  writeFileSync(join('.tools', 'package.json'), '{ "private": true }\n');
  execFileSync(
    'npm',
    ['install', '--prefix', '.tools', '--no-audit', '--no-fund', '--silent', `@biomejs/biome@${BIOME}`],
    {
      stdio: 'inherit',
      shell: windows,
    },
  );
}
const bin = join('.venv', windows ? 'Scripts' : 'bin');
const clangFormat = join(bin, windows ? 'clang-format.exe' : 'clang-format');
if (!existsSync(clangFormat)) {
  execFileSync(windows ? 'python' : 'python3', ['-m', 'venv', '.venv'], { stdio: 'inherit' });
  execFileSync(
    join(bin, 'pip'),
    ['install', '--quiet', '--disable-pip-version-check', `clang-format==${CLANG_FORMAT}`],
    {
      stdio: 'inherit',
    },
  );
}

const walk = (path) => {
  if (!existsSync(path)) return [];
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : [path];
};
const sources = ['native', 'cuda'].flatMap(walk).filter((f) => /\.(cc|h|cu|cuh)$/.test(f));
const results = [
  spawnSync(process.execPath, [biome, 'check', ...(fix ? ['--write'] : []), '.'], { stdio: 'inherit' }),
  spawnSync(clangFormat, fix ? ['-i', ...sources] : ['--dry-run', '--Werror', ...sources], { stdio: 'inherit' }),
];
if (results.some((r) => r.status !== 0)) process.exit(1);
console.log(`clang-format: ${sources.length} files`);
