// Finds the native addon and loads it: the one that FLAMBEAU_ADDON names, the one that was built here, or that of the
// package for this platform, which npm installs as an optional dependency. Called once, by native.ts.
import { createRequire } from 'node:module';

/** The library's version, which the addon must have, too. Here, as all else needs the addon; package.json has a copy. */
export const libraryVersion = '0.1.0';

/** The packages with an addon for each `${process.platform}-${process.arch}`; scripts/packages.mjs makes them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['@flambeau/linux-x64-gnu', '@flambeau/linux-x64-musl'],
  'linux-arm64': ['@flambeau/linux-arm64-gnu'],
  'darwin-arm64': ['@flambeau/darwin-arm64'],
  'darwin-x64': ['@flambeau/darwin-x64'],
  'win32-x64': ['@flambeau/win32-x64'],
};
const BUILT = '../build/Release/flambeau.node';
/** The sources as a package, which `npx flambeau-build` builds where it lies. */
const SOURCE = '@flambeau/source/build/Release/flambeau.node';

/** Loads from here, which is as deep as dist/: '../build' is the clone's in both. */
export const requireHere = (): NodeJS.Require => createRequire(import.meta.url);

const platform = `${process.platform}-${process.arch}`;
/** The package with the CUDA backend for this platform: users install it by name, nothing depends on it. */
export const cudaPackage = `@flambeau/cuda-${platform}`;
/** It has an addon of its own, made with the backend: the two pass C++ objects, which those of other compilers cannot. */
const BESIDE_CUDA = `${cudaPackage}/flambeau.node`;
/** The C library, by which npm chooses among a platform's packages. Only for messages: a report takes long. */
function libc(): string {
  if (process.platform !== 'linux') return '';
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (header === undefined) return '';
  return header.glibcVersionRuntime === undefined ? ', musl' : `, glibc ${header.glibcVersionRuntime}`;
}

/** In short why a module was not loaded. */
function reason(id: string, error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  if (code === 'MODULE_NOT_FOUND' && message.includes(`'${id}'`))
    return id === BUILT ? 'not built' : id.startsWith('@') ? 'not installed' : 'there is no such file';
  return message.split('\n')[0]!;
}

/** An addon that says of which version it is. */
interface Versioned {
  build(): { version: string; isa: string };
}

function failure(reasons: readonly string[]): string {
  const c = libc();
  const machine = `${platform} (Node ${process.versions.node}${c})`;
  const lines = reasons.map((line) => `\n  ${line}`).join('');
  if (process.env.FLAMBEAU_ADDON !== undefined)
    return `flambeau: the native addon that FLAMBEAU_ADDON names cannot be used on ${machine}:${lines}`;
  const other = c === ', musl' ? '-gnu' : '-musl';
  const fitting = (PACKAGES[platform] ?? []).find((name) => !name.endsWith(other));
  return (
    `flambeau: no native addon for ${machine}:${lines}\n` +
    (fitting === undefined
      ? `There is no package for ${platform}${c}, only ${Object.values(PACKAGES).flat().join(', ')}.`
      : `The package may have been left out with --omit=optional, or by a lockfile of another platform: \`npm install ${fitting}@${libraryVersion}\`.`) +
    `\nOr build it: \`npm install @flambeau/source@${libraryVersion}\` and \`npx flambeau-build\`, which needs CMake 3.18` +
    ' and a C++20 compiler (in a clone: `npm run build:native`).'
  );
}

/**
 * Loads the addon and gives where it is.
 *
 * @throws Error if there is none for this platform, or of another version, with what was tried and what can be done
 */
export function loadAddon(): { addon: Versioned; path: string } {
  const require = requireHere();
  const wanted = process.env.FLAMBEAU_ADDON;
  const candidates = wanted === undefined ? [BUILT, BESIDE_CUDA, ...(PACKAGES[platform] ?? []), SOURCE] : [wanted];
  const reasons: string[] = [];
  const causes: unknown[] = [];
  for (const id of candidates) {
    try {
      const addon = require(id) as Versioned;
      const { version, isa } = addon.build();
      if (version === libraryVersion && isa !== 'none') return { addon, path: require.resolve(id) };
      reasons.push(
        version === libraryVersion
          ? `${id}: has no kernels for a processor as old as this one (packages have them from x86-64-v2 on)`
          : `${id}: is of version ${version ?? 'before 0.1.0'}, and the library of ${libraryVersion}`,
      );
    } catch (error) {
      if (id === BESIDE_CUDA && (error as { code?: string }).code === 'MODULE_NOT_FOUND') continue;
      causes.push(error);
      reasons.push(`${id}: ${reason(id, error)}`);
    }
  }
  // the first that is there and cannot be loaded says most
  const cause = causes.find((error) => (error as { code?: string }).code !== 'MODULE_NOT_FOUND') ?? causes[0];
  throw new Error(failure(reasons), cause === undefined ? {} : { cause });
}

/** Where that package has `file`. */
export function packagedBackend(file: string): string | undefined {
  const require = requireHere();
  try {
    return require.resolve(`${cudaPackage}/${file}`);
  } catch (error) {
    if ((error as { code?: string }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
