// Prints the lines of code by folder and the bytes of the addon, and fails if a source file passes 800 lines or the addon
// what its levels may take: fewer is a result. Called by .ci/run.
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

/** Bytes that the addon may take, by the levels it was built for (FLAMBEAU_LEVELS), as GCC 12 makes it. */
const MOST = { 'v2;v3;v4': 4e6, v3: 2.68e6 };
/** The names of an ELF file's sections. */
function sections(file) {
  const table = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  const headers = Array.from({ length: file.readUInt16LE(0x3c) }, (_, i) => table + i * size);
  const strings = Number(file.readBigUInt64LE(headers[file.readUInt16LE(0x3e)] + 0x18));
  return headers.map((header) => {
    const at = strings + file.readUInt32LE(header);
    return file.toString('latin1', at, file.indexOf(0, at));
  });
}
const addon = 'build/Release/flambeau.node';
if (process.platform === 'linux' && process.arch === 'x64' && existsSync(addon)) {
  const options = existsSync('build/.options') ? readFileSync('build/.options', 'utf8') : '';
  const levels = /FLAMBEAU_LEVELS=([^, ]*)/.exec(options)?.[1] ?? 'v2;v3;v4';
  const file = readFileSync(addon);
  const most = MOST[levels];
  console.log(
    `addon     ${(file.length / 1e6).toFixed(2)} MB for ${levels}, ${most ? `of ${most / 1e6}` : 'no limit known'}`,
  );
  if (most && file.length > most) {
    console.log('  too large: `nm --size-sort -S -C` of the objects in build/CMakeFiles shows which kernels grew');
    failed = true;
  }
  if (sections(file).includes('.symtab')) {
    console.log('  it carries a table of symbols: the linker was to strip it');
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
