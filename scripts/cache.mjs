// Keeps what V8 makes of the library in dist/, for this version of Node, so that `require('flambeau')` need not compile it
// (lib/entry/script.cjs). Run by scripts/ready.mjs after the build, and where another Node has come.
import { writeFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { cacheOf, scriptOf } = require('../lib/entry/script.cjs');
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const entry = join(dist, 'index.cjs');

const script = scriptOf(dist);
const library = { exports: {} };
script.runInThisContext()(library.exports, createRequire(entry), library, entry, dirname(entry));
// Functions are kept if they have been called: those that load the library, and those of a first small program.
const { nn, optim, ones } = library.exports;
const model = new nn.Sequential(new nn.Linear(2, 4), new nn.ReLU(), new nn.Linear(4, 2));
const optimizer = new optim.Adam(model.parameters());
nn.functional.mseLoss(model.forward(ones(3, 2)), ones(3, 2)).backward();
optimizer.step();
ones(2).add(1).sum().item();

const cache = cacheOf(dist);
writeFileSync(`${cache}.new`, script.createCachedData());
renameSync(`${cache}.new`, cache);
