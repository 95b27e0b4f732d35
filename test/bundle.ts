// A script of the tests and the library in one file, as the package ships. Used by test/memory and test/distributed, whose
// scripts run in processes of their own: tsx and the sources would take most of their time and memory.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes `outfile` of `script`, both from the root of the repo. It must lie in dist/: the library looks for the addons from there.
 */
export async function bundle(script: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: [script],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    keepNames: true,
    logLevel: 'silent',
  });
}
