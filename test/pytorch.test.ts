// Small calls that once answered otherwise than PyTorch, found by its own tests (OpInfo's samples, test_torch.py and its
// kin): each prints as PyTorch's does, or is refused as there. The answers are written by scripts/oracle-pytorch.py.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { F } = torch;
const t = torch.tensor;
const answers = JSON.parse(readFileSync(new URL('./oracle/pytorch.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const misspelt: object = { dims: 1 };

/** The calls by their lines in Python; a refusal says whose name the message begins with. */
const calls: Record<string, (() => unknown) | [name: string, call: () => unknown]> = {
  // promotion
  'torch.rsub(t([1, 2], dtype=torch.uint8), t([1, 3], dtype=torch.int8))': () =>
    torch.rsub(t([1, 2], { dtype: 'uint8' }), t([1, 3], { dtype: 'int8' })),
  'torch.rsub(t([1, 2]), t([1.5, 3.5]), alpha=2)': () => torch.rsub(t([1, 2]), t([1.5, 3.5]), { alpha: 2 }),
  'torch.rsub(t([1, 2]), True)': ['rsub', () => torch.rsub(t([1, 2]), true)],
  'torch.rsub(t([1, 2]), t([True]))': ['rsub', () => torch.rsub(t([1, 2]), t([true]))],
  't([1, 2]) - t([True])': ['sub', () => t([1, 2]).sub(t([true]))],
  't([True]) - 1': ['sub', () => t([true]).sub(1)],
  't([1.5]) - True': ['sub', () => t([1.5]).sub(true)],
  'True - t([1])': ['sub', () => torch.sub(true, t([1]))],
  't([1.5]).sub_(t([True]))': ['sub_', () => t([1.5]).sub_(t([true]))],
  't([1.5]).float_power_(2)': ['floatPower_', () => t([1.5]).floatPower_(2)],
  't([1.5], dtype=torch.float64).float_power_(2)': () => t([1.5], { dtype: 'float64' }).floatPower_(2),
  't(5, dtype=torch.int32).sum_to_size([])': () => t(5, { dtype: 'int32' }).sumToSize([]),
  't(True).sum_to_size(())': () => t(true).sumToSize([]),
  'torch.addr(t([[True, False]]), t([True]), t([False, True]), beta=3, alpha=2)': () =>
    torch.addr(t([[true, false]]), t([true]), t([false, true]), { beta: 3, alpha: 2 }),
  'torch.addr(t([[True, False]]), t([True]), t([False, True]), beta=1, alpha=0)': () =>
    torch.addr(t([[true, false]]), t([true]), t([false, true]), { alpha: 0 }),

  // arguments
  'torch.gather(t([1.5, 2.5]), 0, torch.empty(0, dtype=torch.uint8))': () =>
    torch.gather(t([1.5, 2.5]), 0, torch.empty(0, { dtype: 'uint8' })),
  'torch.gradient(t([1.5, 2.5, 4.0]), spacing=None)[0]': () => torch.gradient(t([1.5, 2.5, 4]), { spacing: null })[0],
  'F.multi_margin_loss(t(1.5), t(0))': () => F.multiMarginLoss(t(1.5), t(0)),
  "F.multi_margin_loss(t(1.5), t([0]), reduction='none')": () =>
    F.multiMarginLoss(t(1.5), t([0]), { reduction: 'none' }),
  "F.multi_margin_loss(t([1.5, 2.0]), t([0]), reduction='none')": () =>
    F.multiMarginLoss(t([1.5, 2]), t([0]), { reduction: 'none' }),
  'torch.special.zeta(2, 3)': ['zeta', () => torch.special.zeta(2, 3)],
  'torch.cat([t([[1]]), t([[2]])], axis=1)': () => torch.cat([t([[1]]), t([[2]])], { axis: 1 }),
  'torch.cat([t([[1]]), t([[2]])], dims=1)': ['cat', () => torch.cat([t([[1]])], misspelt)],
  'torch.stack([t([1]), t([2])], axis=1)': () => torch.stack([t([1]), t([2])], { axis: 1 }),
  'torch.concat([t([[1]]), t([[2]])], axis=1)': () => torch.concat([t([[1]]), t([[2]])], { axis: 1 }),

  // derivatives
  'm = t([1.5], requires_grad=True); s = t([2.5], requires_grad=True); torch.normal(m, s).sum().backward(); (m.grad, s.grad)':
    () => {
      const [m, s] = [t([1.5], { requiresGrad: true }), t([2.5], { requiresGrad: true })];
      torch.normal(m, s).sum().backward();
      return `(${m.grad}, ${s.grad})`;
    },
};

describe('as PyTorch', () => {
  test('the lines are those that were answered', () =>
    assert.deepEqual(Object.keys(calls).sort(), Object.keys(answers).sort()));

  test.each(Object.entries(calls))('%s', (line, call) => {
    const wanted = answers[line]!;
    if (Array.isArray(call)) {
      assert.match(wanted, /^raises/);
      expectRefusal(call[1], call[0]);
    } else assert.equal(String(call()), wanted);
  });
});
