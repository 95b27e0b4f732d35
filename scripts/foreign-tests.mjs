// What the tests take from vitest, in one file without native parts, so that scripts/foreign.mjs can bundle tests for a Node
// that vitest does not run on. They run one after the other as they are declared; those whose names FOREIGN_TESTS matches.
import { chai, JestAsymmetricMatchers, JestChaiExpect } from '@vitest/expect';

chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect;

const wanted = new RegExp(process.env.FOREIGN_TESTS ?? '');
const groups = [];
const queue = [];
export function describe(name, body) {
  groups.push(name);
  body();
  groups.pop();
}
export function test(name, body) {
  const full = [...groups, name].join(' > ');
  if (wanted.test(full)) queue.push([full, body]);
}
test.each = (rows) => (name, body) => {
  for (const row of rows) {
    const args = Array.isArray(row) ? row : [row];
    test(name.replace('%s', String(args[0])), () => body(...args));
  }
};
test.skipIf = (no) => (no ? () => {} : test);

setImmediate(async () => {
  const begin = Date.now();
  let failed = 0;
  for (const [name, body] of queue) {
    try {
      await body();
    } catch (error) {
      failed++;
      console.log(`FAILED ${name}: ${String(error?.message ?? error).slice(0, 2000)}`);
    }
  }
  console.log(`${queue.length - failed} passed, ${failed} failed, ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  process.exitCode = failed > 0 || queue.length === 0 ? 1 : 0;
});
