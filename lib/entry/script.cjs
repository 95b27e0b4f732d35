// The library as V8 compiled it: a script with what V8 keeps of compiling it (its code cache), which takes a third of the
// time. Used by index.cjs, and by scripts/cache.mjs, which stores what is kept.
'use strict';
const { readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

/** Where in dist/ it is kept for this version of V8, which takes no other's. */
const cacheOf = (dist) => join(dist, `flambeau-${process.versions.v8}-${process.platform}-${process.arch}.cache`);

/**
 * The script that gives the function around the library. What is kept is refused by V8 if it runs with other flags; then
 * it compiles, as it does without.
 */
function scriptOf(dist, cachedData) {
  const filename = join(dist, 'flambeau.cjs');
  return new vm.Script(`${HEAD}${readFileSync(filename, 'latin1')}\n})`, {
    filename,
    columnOffset: -HEAD.length,
    cachedData,
  });
}

/** What is kept, or undefined if nothing is that can be used. */
function keptOf(dist) {
  // Node maps no lines of such scripts to the sources
  if (process.sourceMapsEnabled) return undefined;
  const cache = cacheOf(dist);
  const kept = statSync(cache, { throwIfNoEntry: false });
  if (kept === undefined) return undefined;
  // V8 compares lengths only: a library that was edited since is not the one that was compiled
  if (statSync(join(dist, 'flambeau.cjs')).mtimeMs > kept.mtimeMs + 60_000) return undefined;
  return readFileSync(cache);
}

module.exports = { cacheOf, scriptOf, keptOf };
