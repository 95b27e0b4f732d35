// What require('flambeau') loads (dist/index.cjs): the library, flambeau.cjs, compiled ahead where it has been.
'use strict';
const { keptOf, scriptOf } = require('./script.cjs');

// In a program bundled with the library nothing is beside it, and in a package installed without its scripts nothing is kept.
const kept = keptOf(__dirname);
if (kept === undefined) {
  module.exports = require('./flambeau.cjs');
} else {
  // the library takes this file for its own: data workers load it again by name
  scriptOf(__dirname, kept).runInThisContext()(exports, require, module, __filename, __dirname);
}
