// `npm run cuda:check`: bundles scripts/cuda-check.ts to dist/cuda-check.mjs and runs it. The bundle with build/Release/
// can be copied to a machine without network, and run there by `node dist/cuda-check.mjs`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await build({
  entryPoints: ['scripts/cuda-check.ts'],
  outfile: 'dist/cuda-check.mjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  keepNames: true,
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  // the scripts of examples/ import the package by its name
  alias: { flambeau: './lib/index.ts' },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['dist/cuda-check.mjs', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
