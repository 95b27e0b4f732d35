// Every public function, method and class, called with nothing and with nonsense in each place (fuzz/sweep.ts), refuses in
// API.md's classes, in its own name and in words of its own.
import { expect, test } from 'vitest';
import { sweep } from './fuzz/sweep.ts';

test('bad arguments are refused by name', () => {
  const { calls, faults } = sweep();
  expect(calls).toBeGreaterThan(50_000);
  expect(faults).toEqual([]);
}, 180_000);
