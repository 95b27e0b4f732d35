// Random plans against native.run(), and random calls of the API, in processes of their own: nothing crashes or hangs.
// scripts/sanitize.mjs runs the same two under AddressSanitizer.
import { expect, test } from 'vitest';
import { bfloat16 } from '../lib/dtype.ts';
import { kernelName, native, words } from '../lib/native.ts';
import { run } from './memory/child.ts';

interface PlanReport {
  calls: number;
  threw: number;
  succeeded: number;
  slow: string[];
}
interface ApiReport {
  calls: number;
  values: number;
  classes: Record<string, number>;
  slow: string[];
  rough: number;
  wrong: string[];
}

test('random plans throw or succeed', { timeout: 120_000 }, async () => {
  const { status, signal, stderr, stdout } = await run('fuzz/plans.ts', [], {
    FUZZ_SEED: '1',
    FUZZ_CALLS: '100000',
    FUZZ_SLOW: '10000',
  });
  expect(signal, stderr.slice(-2000)).toBeNull();
  expect(status, `${stderr.slice(-2000)}\n${stdout.slice(-2000)}`).toBe(0);
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as PlanReport;
  expect(report.calls).toBe(100_000);
  // plans that are refused only at the door would test little
  expect(report.succeeded).toBeGreaterThan(100);
});

test('random calls give values or the documented errors, soon', { timeout: 300_000 }, async () => {
  const { status, signal, stderr, stdout } = await run('fuzz/api.ts', [], {
    FUZZ_SEED: '1',
    FUZZ_CALLS: '20000',
    FLAMBEAU_MEMORY_LIMIT: String(2 ** 29),
  });
  expect(signal, stderr.slice(-2000)).toBeNull();
  expect(stdout, stderr.slice(-2000)).not.toBe('');
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as ApiReport;
  expect(report.wrong, report.wrong.join('\n\n')).toEqual([]);
  expect(report.slow).toEqual([]);
  expect(report.calls).toBe(20_000);
  expect(report.values).toBeGreaterThan(3000);
  expect(status).toBe(0);
});

test('a plan that calls its output empty, and has a result for each row, is refused', () => {
  const kernels = native.kernels();
  const bytes = [{}, {}];
  const [out, input] = [native.allocate(0, bytes[0]!, 0), native.allocate(64, bytes[1]!, 0)];
  // two rows without columns, reduced to two values that a storage of no bytes does not hold
  const plan = (k: number): number[] => [k, 0, 2, 1, 1, 2, 2, 0, out, 0, 0, 0, 1, input, 0, 0, 8, 1];
  for (const name of ['logsumexp', 'amax', 'sum']) {
    words.set(plan(kernels.indexOf(name)));
    expect(() => native.run(), kernelName(kernels.indexOf(name))).toThrow('an output has no room');
  }
});

test('an operand without elements is not touched, in half precision either', () => {
  const { code } = bfloat16;
  const owner = {};
  const handle = native.allocate(64, owner, 0);
  // signalling NaNs: on a way through float and back they would change
  const bits = new Uint16Array(32).fill(0x7f81);
  native.write(handle, 0, bits);
  const operand = [handle, code, 0, 2, 2, 0, 1, 1];
  words.set([native.kernels().indexOf('cumsum'), 1, 2, 1, 0, ...operand, ...operand]);
  native.run();
  const now = new Uint16Array(32);
  native.read(handle, 0, now);
  expect(now).toEqual(bits);
});

test('an exponent without elements, which only a forged plan has, is not read', () => {
  const { code } = bfloat16;
  const [base, empty] = [{}, {}];
  const one = native.allocate(2, base, 0);
  const none = native.allocate(0, empty, 0);
  native.write(one, 0, new Uint16Array([0x4040]));
  const operand = (handle: number, size: number): number[] => [handle, code, 0, 1, size, 1];
  words.set([native.kernels().indexOf('pow'), 1, 3, 0, ...operand(one, 1), ...operand(one, 1), ...operand(none, 0)]);
  expect(() => native.run()).toThrow('expected a map plan');
});
