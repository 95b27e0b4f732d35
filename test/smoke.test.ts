// The first thing to run after a build: tensors are made, added, differentiated and printed.
import { expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

test('create, add, backward, print', () => {
  const x = torch.tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { dtype: 'float32', requiresGrad: true },
  );
  const y = x.add(torch.ones(2, 2)).mul(x).sum();
  y.backward();
  expect(y.item()).toBe(40);
  expect(x.grad!.tolist()).toEqual([
    [3, 5],
    [7, 9],
  ]);
  expect(String(x.grad)).toBe('tensor([[3., 5.],\n        [7., 9.]])');
  expect(
    String(
      torch.tensor([
        [1, 2],
        [3, 4],
      ]),
    ),
  ).toBe('tensor([[1, 2],\n        [3, 4]])');
});
