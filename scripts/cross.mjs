// Builds the addon for Linux machines unlike this one, by Zig's Clang with glibc 2.17 or musl: `node scripts/cross.mjs
// [PLATFORM …]`, into build/addons/PLATFORM. Installs Zig (ziglang from PyPI) into .tools/zig. Called by scripts/release.mjs.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** What Zig calls each platform. Node 20 itself needs glibc 2.28; 2.17 is what the addon asks for. */
const TARGETS = {
  'linux-x64-gnu': { triple: 'x86_64-linux-gnu.2.17', processor: 'x86_64' },
  'linux-x64-musl': { triple: 'x86_64-linux-musl', processor: 'x86_64' },
  'linux-arm64-gnu': { triple: 'aarch64-linux-gnu.2.17', processor: 'aarch64' },
};

const VERSION = '0.17.1';
const folder = resolve('.tools/zig');
const python = join(folder, 'bin/python');
function zig() {
  const installed = spawnSync(python, ['-m', 'ziglang', 'version'], { encoding: 'utf8' });
  if (installed.status === 0 && installed.stdout.trim() === VERSION) return;
  console.log(`cross: installing Zig ${VERSION} into .tools/zig`);
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `ziglang==${VERSION}`], { stdio: 'inherit' });
}

/** CMake wants compilers as files. */
function toolchain(platform) {
  const { triple, processor } = TARGETS[platform];
  const to = join(folder, 'targets', platform);
  mkdirSync(to, { recursive: true });
  const tool = (name, command) => {
    const path = join(to, name);
    // Zig has other names of processors than Clang, and lacks a flag of the linker's that only saves bytes
    const script = `#!/bin/sh
for word; do
  shift
  case $word in
    -march=x86-64-v?) word=-march=x86_64_v\${word#*-v} ;;
    *,-z,noseparate-code) word=\${word%,-z,noseparate-code} ;;
  esac
  set -- "$@" "$word"
done
exec "${python}" -m ziglang ${command} "$@"
`;
    writeFileSync(path, script, { mode: 0o755 });
    return path;
  };
  const path = join(to, 'toolchain.cmake');
  writeFileSync(
    path,
    `set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${processor})
set(CMAKE_C_COMPILER "${tool('cc', `cc -target ${triple}`)}")
set(CMAKE_CXX_COMPILER "${tool('c++', `c++ -target ${triple}`)}")
set(CMAKE_AR "${tool('ar', 'ar')}")
set(CMAKE_RANLIB "${tool('ranlib', 'ranlib')}")
`,
  );
  return path;
}

/** The newest version of each library's symbols that an ELF file asks for. */
function needs(addon) {
  const versions = new Map();
  for (const [, name, number] of readFileSync(addon, 'latin1').matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_([\d.]+)\0/g)) {
    const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;
    if (!versions.has(name) || newer(number, versions.get(name))) versions.set(name, number);
  }
  return [...versions].map(([name, number]) => `${name} ${number}`).join(', ') || 'no versions';
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TARGETS);
for (const platform of wanted) {
  if (!TARGETS[platform]) throw new RangeError(`cross: '${platform}' is none of ${Object.keys(TARGETS).join(', ')}`);
}
zig();
for (const platform of wanted) {
  const start = Date.now();
  const out = join('build/cross', platform);
  // cmake-js configures only what is not configured yet, and would pass over options that changed
  rmSync(join(out, 'CMakeCache.txt'), { force: true });
  const args = [
    'compile',
    '--config',
    'Release',
    '--out',
    out,
    '--parallel',
    process.env.JOBS ?? String(availableParallelism()),
    `--CDCMAKE_TOOLCHAIN_FILE=${toolchain(platform)}`,
    '--CDFLAMBEAU_BLAS=none',
    // fewer to try a change, as for the build here
    ...(process.env.FLAMBEAU_LEVELS ? [`--CDFLAMBEAU_LEVELS=${process.env.FLAMBEAU_LEVELS}`] : []),
  ];
  const { status, stdout, stderr } = spawnSync(join('node_modules/.bin/cmake-js'), args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    // compilers that the environment names would go before the toolchain's
    env: { ...process.env, CC: undefined, CXX: undefined },
  });
  const built = join(out, 'Release/flambeau.node');
  if (status !== 0 || !existsSync(built)) {
    process.stderr.write(`${stdout}${stderr}`);
    throw new Error(`cross: ${platform} was not built`);
  }
  mkdirSync(join('build/addons', platform), { recursive: true });
  const addon = join('build/addons', platform, 'flambeau.node');
  copyFileSync(built, addon);
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  console.log(
    `cross: ${platform} in ${seconds} s, ${(statSync(addon).size / 1e6).toFixed(2)} MB, needs ${needs(addon)}`,
  );
}
