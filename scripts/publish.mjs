// Publishes what scripts/packages.mjs laid out: the platforms' packages first, then the library that needs them. Run by
// .github/workflows/release.yml alone, whose identity is the provenance; with --dry-run it shows what would be sent.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const dry = process.argv.includes('--dry-run');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
/** Who asks for no version gets no release candidate. */
const tag = version.includes('-') ? 'next' : 'latest';
const folders = readdirSync('build/packages').sort((a, b) => Number(a === 'flambeau') - Number(b === 'flambeau'));
for (const folder of folders) {
  const args = ['publish', '--access', 'public', '--tag', tag, ...(dry ? ['--dry-run'] : ['--provenance'])];
  const { status } = spawnSync('npm', args, { cwd: join('build/packages', folder), stdio: 'inherit' });
  if (status !== 0) throw new Error(`publish: npm refused ${folder}; what came before it is published`);
}
