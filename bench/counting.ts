// What counts.ts runs under valgrind: does the rows of counted.ts that are named. Its first argument is a folder, through
// whose files the two meet: `ready` and `built` from here when all is warm, `counting` from there when valgrind counts.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setNumThreads } from 'flambeau';
import { blocks, last, rows } from './counted.ts';

/** Ends a block: callgrind writes down its counts before `uv_loadavg`, which nothing else calls. */
const mark = loadavg;

const [, , folder, ...names] = process.argv;
setNumThreads(1);
const work = rows
  .filter((row) => names.includes(row.name))
  .map((row) => {
    const run = row.build();
    run(row.warmup);
    return { row, run };
  });
const addon = createRequire(join(process.cwd(), 'package.json'))('./build/Release/flambeau.node') as {
  build(): object;
};
writeFileSync(join(folder!, 'built'), JSON.stringify(addon.build()));
writeFileSync(join(folder!, 'ready'), '');
// valgrind listens only between instructions, so this must not sleep
while (!existsSync(join(folder!, 'counting')));
for (const { row, run } of work) {
  mark();
  for (let i = 0; i < blocks(row); i++) {
    run(row.steps);
    mark();
  }
}
if (last === undefined) throw new Error('counting: an operator gave nothing');
