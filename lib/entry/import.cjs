// `import()` for the library, which calls this file instead (scripts/build.mjs): a script that was compiled ahead has none.
'use strict';
module.exports = (url) => import(url);
