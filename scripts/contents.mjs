// Checks what `npm pack` would put into each package of a folder (build/packages, or the one that is named): no files but
// those that belong there, no install scripts, source maps or paths of this machine, versions that fit, and sizes. Prints the
// sizes. Called by try-packages.mjs and test/packages.test.ts.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const folder = resolve(process.argv[2] ?? join(root, 'build/packages'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const COMMON = ['LICENSE', 'README\\.md', 'package\\.json'];
/** What each package may hold, and how many bytes unpacked. */
function ruleOf(name) {
  if (name === 'flambeau')
    return {
      files: ['dist/(index|import|flambeau|cli|preload)\\.cjs', 'dist/index\\.mjs', 'dist/index\\.d\\.m?ts'],
      most: 1e6,
    };
  if (name === 'types') return { files: ['index\\.d\\.m?ts', '([\\w-]+/)*[\\w-]+\\.d\\.ts'], most: 1.5e6 };
  if (name === 'source')
    return {
      files: [
        'build\\.mjs',
        'CMakeLists\\.txt',
        'binding\\.gyp',
        'native/mpi/CMakeLists\\.txt',
        'native/.*\\.(cc|h|mjs)',
        'scripts/(mpi|mpi-toolchain)\\.mjs',
      ],
      most: 1.5e6,
    };
  if (name.startsWith('cuda-')) return { files: ['flambeau_cuda\\.node', 'flambeau\\.node'], most: 100e6 };
  return {
    files: ['flambeau\\.node'],
    // 4 MB of an addon (as GCC makes it, just so: scripts/size.mjs; what is published takes 3.92 MB in all), and its licence
    most: Number(process.env.FLAMBEAU_ADDON_LIMIT ?? 4.02e6),
  };
}

const problems = [];
const names = readdirSync(folder);
const report = execFileSync(
  'npm',
  ['pack', ...names.map((name) => `./${name}`), '--dry-run', '--json', '--ignore-scripts'],
  { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' },
);
// an array, or by name, as npm's versions have it
const packed = Object.values(JSON.parse(report));
for (const name of names) {
  const path = join(folder, name);
  const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const { files, unpackedSize, size } = packed.find((one) => one.name === manifest.name);
  const fail = (what) => problems.push(`${name}: ${what}`);
  const rule = ruleOf(name);
  const allowed = new RegExp(`^(${[...COMMON, ...rule.files].join('|')})$`);
  for (const { path: file } of files) {
    if (!allowed.test(file)) fail(`${file} does not belong there`);
    const text = readFileSync(join(path, file), 'latin1');
    if (/sourceMappingURL=/.test(text)) fail(`${file} names a source map`);
    for (const machine of [root, homedir()].filter((place) => place.length > 5))
      if (text.includes(machine)) fail(`${file} names ${machine}`);
  }
  for (const wanted of rule.files.filter((pattern) => !pattern.includes('('))) {
    if (!files.some(({ path: file }) => new RegExp(`^${wanted}$`).test(file))) fail(`there is no ${wanted}`);
  }
  const { scripts, optionalDependencies = {}, dependencies = {} } = manifest;
  if (scripts !== undefined) fail('it has scripts');
  if (manifest.private) fail('it is private');
  if (manifest.version !== version) fail(`its version is ${manifest.version}, not ${version}`);
  const own = Object.entries(dependencies).filter(([other]) => other.startsWith('@flambeau/'));
  for (const [other, range] of [...Object.entries(optionalDependencies), ...own])
    if (range !== version) fail(`it takes ${other}@${range}, not ${version}`);
  const more = Object.keys(dependencies).filter(
    (other) => !['@flambeau/types', 'fflate', 'cmake-js', 'node-addon-api'].includes(other),
  );
  if (more.length > 0) fail(`it depends on ${more.join(', ')}`);
  if (unpackedSize > rule.most) fail(`${(unpackedSize / 1e6).toFixed(2)} MB unpacked, more than ${rule.most / 1e6}`);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`${manifest.name}: ${files.length} files, ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}`);
}
for (const problem of problems) console.log(`contents: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
