// Checks (or with --fix applies) the C++ format: clang-format from PyPI in a folder of the repo, so that everybody has the same one.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '19.1.7';
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const windows = process.platform === 'win32';
const bin = join('.venv', windows ? 'Scripts' : 'bin');
const tool = join(bin, windows ? 'clang-format.exe' : 'clang-format');
if (!existsSync(tool)) {
  execFileSync(windows ? 'python' : 'python3', ['-m', 'venv', '.venv'], { stdio: 'inherit' });
  execFileSync(join(bin, 'pip'), ['install', '--quiet', `clang-format==${VERSION}`], { stdio: 'inherit' });
}
const walk = (path) =>
  !existsSync(path) ? [] : statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : [path];
const files = ['native', 'cuda'].flatMap(walk).filter((f) => /\.(cc|h|cu|cuh)$/.test(f));
execFileSync(tool, process.argv.includes('--fix') ? ['-i', ...files] : ['--dry-run', '--Werror', ...files], { stdio: 'inherit' });
console.log(`clang-format: ${files.length} files`);
