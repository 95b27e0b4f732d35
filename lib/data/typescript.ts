// TypeScript in a loader's threads, where Node does not read it by itself: by tsx, with which the script was started; its
// hooks do not reach threads. Called by worker.ts before it loads the module that is named in workerModule.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Where tsx may be found: beside the module, beside the script, or where the script's own copy lies. */
const placesOf = (module: string): string[] => [
  module,
  ...(process.argv[1] === undefined ? [] : [pathToFileURL(process.argv[1]).href]),
  ...process.execArgv.filter((option) => option.startsWith('file:')),
];

/** Makes this thread read a module that is TypeScript. Throws an Error that says what is missing. */
export async function readTypeScript(module: string): Promise<void> {
  if (!/\.[cm]?tsx?$/.test(module) || import.meta.url.endsWith('.ts')) return; // the sources' own threads have tsx already
  if (Reflect.get(process.features, 'typescript')) return;
  for (const place of placesOf(module)) {
    let path: string;
    try {
      // what `require` finds cannot register in a thread; the module beside it can
      path = createRequire(place)
        .resolve('tsx/esm/api')
        .replace(/\.cjs$/, '.mjs');
    } catch {
      continue; // not there
    }
    const { register } = (await import(pathToFileURL(path).href)) as { register: () => void };
    register();
    return;
  }
  throw new Error(
    `DataLoader: ${module} is TypeScript, which Node ${process.version} does not read by itself: install tsx, or name a module in JavaScript`,
  );
}
