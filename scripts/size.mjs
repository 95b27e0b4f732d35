// Prints the lines of code by folder, and fails if a source file passes 800: fewer is a result.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const walk = (path) =>
  !existsSync(path)
    ? []
    : statSync(path).isDirectory()
      ? readdirSync(path).flatMap((name) => walk(join(path, name)))
      : [path];
let failed = false;
for (const folder of ['native', 'cuda', 'lib', 'test', 'bench', 'examples', 'scripts']) {
  const files = walk(folder).filter((f) => /\.(ts|mjs|py|cc|h|cu|cuh)$/.test(f));
  const lines = files.map((f) => [f, readFileSync(f, 'utf8').split('\n').length - 1]);
  const total = lines.reduce((n, [, l]) => n + l, 0);
  console.log(`${folder.padEnd(9)} ${String(total).padStart(6)} lines in ${files.length} files`);
  for (const [file, l] of lines) {
    if (l <= 800) continue;
    console.log(`  ${file}: ${l} lines, more than 800`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
