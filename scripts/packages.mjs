// Lays out the packages that are published, below build/packages: the library, its types, an addon for each platform, CUDA, the
// sources.
// It takes the addons that are there: build/addons/PLATFORM/flambeau.node (scripts/cross.mjs makes those of Linux), and for
// this machine's platform, where that has none, build/Release; `--all` wants each. `--out=FOLDER` lays them out elsewhere. Called by
// release.mjs, CI and test/packages.test.ts.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compact, minified } from './minified.mjs';
import { minifiedModule, writeEntryTypes, writeTypes } from './published.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const root = JSON.parse(readFileSync('package.json', 'utf8'));
const flag = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const out = flag('out') ?? 'build/packages';
const all = process.argv.includes('--all');

/** What npm asks of a machine before it installs a platform's package. The names are in lib/addon.ts, too. */
const PLATFORMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'win32-x64': { os: ['win32'], cpu: ['x64'] },
};
const nameOf = (folder) => `@flambeau/${folder}`;

/** npm compares the repository with that of the workflow that publishes, before it takes the provenance. */
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
const repository =
  root.repository ??
  (GITHUB_REPOSITORY ? { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } : undefined);
/** What all packages say alike; JSON leaves out what is undefined. */
const common = {
  version: root.version,
  license: root.license,
  author: root.author,
  repository,
  homepage: root.homepage,
  engines: root.engines,
};
const made = [];
function lay(folder, manifest, readme) {
  const path = join(out, folder);
  mkdirSync(path, { recursive: true });
  const { name, description, ...rest } = manifest;
  const ordered = { name, description, ...common, ...rest, publishConfig: { access: 'public' } };
  writeFileSync(join(path, 'package.json'), `${JSON.stringify(ordered, null, 2)}\n`);
  writeFileSync(join(path, 'README.md'), readme);
  copyFileSync('LICENSE', join(path, 'LICENSE'));
  made.push(folder);
  return path;
}

/** The addon of a platform, if there is one here. */
function addonOf(platform) {
  const built = join('build/addons', platform, 'flambeau.node');
  if (existsSync(built)) return built;
  const { glibcVersionRuntime } = process.report.getReport().header;
  const libc = process.platform !== 'linux' ? '' : glibcVersionRuntime === undefined ? '-musl' : '-gnu';
  const own = 'build/Release/flambeau.node';
  return platform === `${process.platform}-${process.arch}${libc}` && existsSync(own) ? own : undefined;
}

rmSync(out, { recursive: true, force: true });

// ---- the addons -----------------------------------------------------------------------------------------------------

for (const [platform, machine] of Object.entries(PLATFORMS)) {
  const addon = addonOf(platform);
  if (addon === undefined) {
    if (all) throw new Error(`packages: there is no addon for ${platform}`);
    continue;
  }
  const name = nameOf(platform);
  const path = lay(
    platform,
    {
      name,
      description: `The native addon of flambeau for ${platform}`,
      ...machine,
      main: 'flambeau.node',
      files: ['flambeau.node'],
    },
    `# ${name}\n\nThe native addon of flambeau for ${platform}. Install \`flambeau\`; it brings this with it.\n`,
  );
  copyFileSync(addon, join(path, 'flambeau.node'));
}

// ---- CUDA, where it was put beside the addons; nothing depends on it ---------------------------------------------------

// with an addon made by the same compiler: lib/addon.ts
const cuda = ['flambeau_cuda.node', 'flambeau.node'].map((file) => join('build/addons/cuda-linux-x64', file));
if (cuda.every((file) => existsSync(file))) {
  const name = nameOf('cuda-linux-x64');
  const path = lay(
    'cuda-linux-x64',
    {
      name,
      description: 'The CUDA backend of flambeau for linux-x64',
      ...PLATFORMS['linux-x64-gnu'],
      main: 'flambeau_cuda.node',
      files: ['flambeau_cuda.node', 'flambeau.node'],
      peerDependencies: { [root.name]: root.version },
    },
    `# ${name}\n\nThe CUDA backend of flambeau for NVIDIA GPUs: \`npm install flambeau ${name}\`, and \`device: 'cuda'\` works.\n`,
  );
  for (const file of cuda) copyFileSync(file, join(path, basename(file)));
}

// ---- the sources ----------------------------------------------------------------------------------------------------

const source = lay(
  'source',
  {
    name: nameOf('source'),
    description: 'Builds the native addon of flambeau where there is no package for the platform',
    type: 'module',
    bin: { 'flambeau-build': 'build.mjs' },
    files: ['build.mjs', 'scripts', 'native', 'CMakeLists.txt', 'binding.gyp'],
    gypfile: false,
    binary: root.binary,
    dependencies: {
      'cmake-js': root.devDependencies['cmake-js'],
      'node-addon-api': root.dependencies['node-addon-api'],
    },
  },
  `# ${nameOf('source')}

The sources of flambeau's addon, for platforms without a package of their own:

    npm install flambeau ${nameOf('source')}@${root.version}
    npx flambeau-build

It takes CMake 3.18 and a C++20 compiler, and builds for a few minutes; \`flambeau\` finds the addon by itself.
\`npx flambeau-build --mpi\` builds that of \`torch.distributed\` instead, for the MPI whose mpicc is on PATH or in MPI_HOME.
`,
);
copyFileSync('scripts/source-build.mjs', join(source, 'build.mjs'));
mkdirSync(join(source, 'scripts'));
for (const file of ['mpi.mjs', 'mpi-toolchain.mjs']) copyFileSync(join('scripts', file), join(source, 'scripts', file));
for (const file of ['CMakeLists.txt', 'binding.gyp']) copyFileSync(file, join(source, file));
cpSync('native', join(source, 'native'), { recursive: true });

// ---- the types: half of what there is to read, and for compilers alone -------------------------------------------------

const types = nameOf('types');
writeTypes(
  lay(
    'types',
    {
      name: types,
      description: 'The types of flambeau',
      type: 'commonjs',
      types: './index.d.ts',
      exports: {
        '.': { import: { types: './index.d.mts' }, require: { types: './index.d.ts' } },
        './package.json': './package.json',
      },
      files: ['**/*.d.ts', 'index.d.mts'],
    },
    `# ${types}\n\nThe TypeScript declarations of flambeau, with its doc comments. Install \`flambeau\`; it brings this with it.\n`,
  ),
);

// ---- the library ----------------------------------------------------------------------------------------------------

const library = lay(
  'flambeau',
  {
    name: root.name,
    description: root.description,
    keywords: root.keywords,
    // the types' flavour, too: published.mjs
    type: 'commonjs',
    bin: root.bin,
    main: './dist/index.cjs',
    types: './dist/index.d.ts',
    exports: {
      '.': {
        import: { types: './dist/index.d.mts', default: './dist/index.mjs' },
        require: { types: './dist/index.d.ts', default: './dist/index.cjs' },
      },
      './package.json': './package.json',
    },
    files: ['dist'],
    dependencies: { [types]: root.version, fflate: root.dependencies.fflate },
    optionalDependencies: Object.fromEntries(
      Object.keys(PLATFORMS).map((platform) => [nameOf(platform), root.version]),
    ),
    peerDependencies: root.peerDependencies,
    peerDependenciesMeta: root.peerDependenciesMeta,
  },
  readFileSync('README.md', 'utf8'),
);
const dist = join(library, 'dist');
mkdirSync(dist);
const read = (file) => readFileSync(join('dist', file), 'utf8');
for (const file of ['index.cjs', 'import.cjs']) copyFileSync(join('dist', file), join(dist, file));
for (const file of ['cli.cjs', 'preload.cjs']) {
  writeFileSync(join(dist, file), await compact(read(file)));
  chmodSync(join(dist, file), statSync(join('dist', file)).mode);
}
// lines are those of the package, which has no sources
const code = read('flambeau.cjs').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
writeFileSync(join(dist, 'flambeau.cjs'), await minified(code));
writeFileSync(join(dist, 'index.mjs'), minifiedModule(read('index.mjs')));
writeEntryTypes(dist, types);

const size = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);
for (const folder of made)
  console.log(`${folder.padEnd(18)} ${(size(join(out, folder)) / 1e6).toFixed(2)} MB unpacked`);
