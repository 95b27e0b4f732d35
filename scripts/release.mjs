// Everything up to the publish: `npm run release 0.2.0`; with `-- --check` it changes and tags nothing. Sets the version, closes
// the changelog's section, runs CI, builds the addons that can be built here, tests them as foreign machines do, lays out and tries
// the packages, writes the bill of materials, commits and tags. Pushing the tag publishes (.github/workflows/release.yml).
// `--sbom` writes the bill of materials alone.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const root = JSON.parse(readFileSync('package.json', 'utf8'));
const run = (command, ...args) => execFileSync(command, args, { stdio: 'inherit' });
const output = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const fail = (message) => {
  process.stderr.write(`release: ${message}\n`);
  process.exit(1);
};

/** What a user's installation consists of, for those who keep lists of that: of the packages that packages.mjs laid out. */
function billOfMaterials(version) {
  const bill = JSON.parse(output('npm', 'sbom', '--sbom-format=cyclonedx', '--sbom-type=library', '--omit=dev'));
  const library = JSON.parse(readFileSync('build/packages/flambeau/package.json', 'utf8'));
  const own = (name, scope) => ({
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    scope,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: bill.metadata.component.licenses,
  });
  const { dependencies, optionalDependencies } = library;
  // what a clone is built with is none of a user's
  const others = bill.components.filter(({ name }) => name in dependencies);
  const addons = Object.keys(optionalDependencies).map((name) => own(name, 'optional'));
  bill.components = [...others, own('@flambeau/types', 'required'), ...addons];
  const [missing] = Object.keys(dependencies).filter((name) => !bill.components.some((one) => one.name === name));
  if (missing !== undefined) fail(`the bill of materials lacks ${missing}`);
  // npm takes the folder's name for the package's
  const { metadata } = bill;
  metadata.component = { ...metadata.component, ...own(library.name, 'required'), properties: [] };
  const refs = bill.components.map((component) => component['bom-ref']);
  bill.dependencies = [
    { ref: metadata.component['bom-ref'], dependsOn: refs },
    ...refs.map((ref) => ({ ref, dependsOn: [] })),
  ];
  mkdirSync('build', { recursive: true });
  writeFileSync('build/sbom.cdx.json', `${JSON.stringify(bill, null, 2)}\n`);
  console.log(`release: build/sbom.cdx.json has ${bill.components.map(({ purl }) => purl).join(', ')}`);
}
if (process.argv.includes('--sbom')) {
  billOfMaterials(root.version);
  process.exit(0);
}

const check = process.argv.includes('--check');
const version = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const parts = /^(\d+)\.(\d+)\.(\d+)(-[\w.]+)?$/.exec(version ?? '');
if (!parts) fail('which version? npm run release 0.2.0');
if (output('git', 'status', '--porcelain') !== '') fail('there are changes that are not committed');
if (output('git', 'tag', '--list', `v${version}`) !== '') fail(`v${version} is tagged already`);
const [major, minor, patch] = root.version.split(/[.-]/).map(Number);
const next = [`${major + 1}.0.0`, `${major}.${minor + 1}.0`, `${major}.${minor}.${patch + 1}`];
// what was tried as 0.2.0-rc.1 becomes 0.2.0
if (root.version.includes('-')) next.unshift(`${major}.${minor}.${patch}`);
if (!next.includes(version.replace(/-.*/, '')))
  fail(`${version} does not follow ${root.version}: ${next.join(', ')} do`);
const section = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readFileSync('CHANGELOG.md', 'utf8'));
if (!section || section[1].trim() === '') fail('CHANGELOG.md has nothing under "## Unreleased"');

/** Replaces what must be there once. */
function edit(file, from, to) {
  const text = readFileSync(file, 'utf8');
  if (text.split(from).length !== 2) fail(`${file} does not have '${from}' once`);
  writeFileSync(file, text.replace(from, to));
}
if (!check) {
  run('npm', 'version', version, '--no-git-tag-version');
  edit('lib/addon.ts', `libraryVersion = '${root.version}'`, `libraryVersion = '${version}'`);
  // the example of torch.__version__, which is run
  edit('lib/version.ts', `__version__ // ${root.version}\n`, `__version__ // ${version}\n`);
  const day = new Date().toISOString().slice(0, 10);
  edit('CHANGELOG.md', '## Unreleased\n', `## Unreleased\n\n## ${version} (${day})\n`);
}
run('.ci/run');
run('npm', 'audit', '--omit=dev');
run(process.execPath, 'scripts/cross.mjs');
run(process.execPath, 'scripts/foreign.mjs');
run(process.execPath, 'scripts/packages.mjs');
run(process.execPath, 'scripts/try-packages.mjs');
billOfMaterials(version);
if (check) {
  console.log(`release: ${version} could be tagged`);
} else {
  run('git', 'commit', '--all', '--message', `Release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '--message', `flambeau ${version}`);
  console.log(`release: push it with \`git push --follow-tags\`, and CI publishes v${version}`);
}
