// The window functions, bit by bit, against PyTorch's answers (test/oracle/windows.json, by scripts/oracle-windows.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import * as torch from '../lib/index.ts';

const stored = JSON.parse(readFileSync(new URL('oracle/windows.json', import.meta.url), 'utf8')) as Record<
  string,
  number[]
>;
const { hannWindow, hammingWindow, blackmanWindow, bartlettWindow, kaiserWindow } = torch;
const windows = { hannWindow, hammingWindow, blackmanWindow, bartlettWindow, kaiserWindow };
type Name = keyof typeof windows;

test.each(Object.keys(windows))('%s', (which) => {
  let [all, equal] = [0, 0];
  for (const [key, bits] of Object.entries(stored)) {
    const [name, n, periodic, dtype] = key.split(' ') as [Name, string, string, torch.DTypeName];
    if (name !== which) continue;
    const window = windows[name](Number(n), periodic === 'true', { dtype });
    const mine = Array.from(window.view(dtype === 'float32' ? 'int32' : 'int16').tolist() as number[]);
    if (dtype !== 'float32') assert.deepEqual(mine, bits, key);
    // float32's i0 of PyTorch is off by more than the last bit, by rounding that is amplified
    else if (which === 'kaiserWindow')
      mine.forEach((b, i) => assert.ok(Math.abs(b - bits[i]!) <= 16, `${key}: ${i}: ${b - bits[i]!} units`));
    else {
      const wanted = torch.tensor(bits, { dtype: 'int32' }).view('float32');
      assert.ok(window.sub(wanted).abs().max().item() <= 6e-8, key);
      all += mine.length;
      equal += mine.filter((b, i) => b === bits[i]).length;
    }
  }
  // PyTorch's cosine is off by the last bit now and then
  if (which !== 'kaiserWindow') assert.ok(equal >= 0.95 * all, `${equal} of ${all}`);
});
