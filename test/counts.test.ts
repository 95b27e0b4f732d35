// What `npm run counts` makes of its counts: bench/compare.ts, and the reading of callgrind's dumps in bench/valgrind.ts.
import { expect, test } from 'vitest';
import { type Baseline, compare } from '../bench/compare.ts';
import { instructions } from '../bench/valgrind.ts';

const baseline: Baseline = {
  environment: { processor: 'x64', isa: 'x86-64-v3', blas: 'none', compiler: 'GCC 12', node: '20' },
  counts: { add: { native: 1000, javascript: 2000 }, sum: { native: 5000 } },
};
const counted = (counts: Baseline['counts'], environment: Partial<Baseline['environment']> = {}): Baseline => ({
  environment: { ...baseline.environment, ...environment },
  counts,
});

test('what is within 5 % passes', () => {
  const { lines, failures, notes } = compare(
    counted({ add: { native: 1050, javascript: 1901 }, sum: { native: 4999 } }),
    baseline,
  );
  expect(failures).toEqual([]);
  expect(notes).toEqual([]);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^add native +1,050 +1,000 +\+5\.0 %$/);
});
test('what is beyond fails by name, kernels and JavaScript alike', () => {
  const over = counted({ add: { native: 1051, javascript: 2200 }, sum: { native: 5000 } });
  expect(compare(over, baseline).failures).toEqual([
    'add native: +5.1 %, 5 % are allowed',
    'add javascript: +10.0 %, 5 % are allowed',
  ]);
});
test('a row that either side lacks, and a count that is none, fail', () => {
  expect(compare(counted({ add: { native: 1000, javascript: 2000 }, mul: { native: 1 } }), baseline).failures).toEqual([
    'mul native: not in the baseline',
    'sum: in the baseline, but not counted',
  ]);
  const none = counted({ add: { native: Number.NaN, javascript: 2000 }, sum: { native: 5000 } });
  expect(compare(none, baseline).failures).toEqual(['add native: NaN %, 5 % are allowed']);
});
test('another compiler loosens what it compiled, another Node what it runs, and both say so', () => {
  const counts = { add: { native: 1200, javascript: 2200 }, sum: { native: 5000 } };
  const compiler = compare(counted(counts, { compiler: 'GCC 14' }), baseline);
  expect(compiler.failures).toEqual(['add javascript: +10.0 %, 5 % are allowed']);
  expect(compiler.notes).toEqual([
    'native: counted with compiler GCC 14 (stored: GCC 12), so 30 % more pass instead of 5 %. If this is what CI uses ' +
      'now, store a new baseline: npm run counts -- --store',
  ]);
  const node = compare(counted(counts, { node: '22' }), baseline);
  expect(node.failures).toEqual(['add native: +20.0 %, 5 % are allowed']);
  expect(node.notes[0]).toMatch(/^javascript: counted with node 22 \(stored: 20\)/);
  const more = counted({ ...counts, sum: { native: 6600 } }, { compiler: 'GCC 14', node: '22' });
  expect(compare(more, baseline).failures).toEqual(['sum native: +32.0 %, 30 % are allowed']);
});
test('what fell by much is to be stored', () => {
  const { failures, notes } = compare(
    counted({ add: { native: 900, javascript: 2000 }, sum: { native: 10 } }),
    baseline,
  );
  expect(failures).toEqual([]);
  expect(notes).toEqual(['native: 2 fell by more than 5 %; store them, so that what was won is kept']);
});

test('a dump is read by file; what calls have cost within is not counted twice', () => {
  const dump = `# callgrind format
positions: line
events: Ir
summary: 66

ob=(1) /a/flambeau.node
fl=(1) ???
fn=(10) run
0 12
+3 5
* 1
cob=(2) /lib/libc.so.6
cfn=(11) memcpy
calls=6 0 
0 30
cfn=(12) other
calls=1 0 
0 100
0 8

ob=(2)
fn=(11)
0 30

ob=(3) ???
fn=(13) 0x55
0 10
totals: 66
`;
  expect([...instructions(dump)]).toEqual([
    ['/a/flambeau.node', 26],
    ['/lib/libc.so.6', 30],
    ['???', 10],
  ]);
});
