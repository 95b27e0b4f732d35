// The first thing to run after a build: tensors are made, added, differentiated and printed.
import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
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

test('the version is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(torch.__version__).toBe(version);
});

test('what consoles, JSON and lists of modules make of it', () => {
  const x = torch.tensor([1.5, 2], { requiresGrad: true });
  expect(inspect(x.mul(2).gradFn)).toBe('<MulBackward0>');
  expect(JSON.stringify({ x, n: torch.tensor(3) })).toBe('{"x":[1.5,2],"n":3}');
  expect([x.type(), torch.ones(1).type('torch.LongTensor').dtype]).toEqual(['torch.FloatTensor', 'int64']);
  const net = new torch.nn.Sequential(new torch.nn.ReLU(), new torch.nn.ReLU());
  Object.assign(net, { 1: new torch.nn.Tanh() });
  expect(() => net.parameters()).toThrow('Sequential: to replace a module, write set(1, module)');
});
