// Windows, triangles of positions, limits of dtypes, common shapes and resize_: what is no operator on a tensor, against
// PyTorch's stored answers (scripts/oracle-operators.py). The operators are in ops.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { expect, describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { expectClose, expectRefusal, flat } from './helpers.ts';

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly result?: readonly number[] | { dtype: DTypeName; shape: number[]; values: number[] };
  readonly raises?: string;
}
const stored = JSON.parse(readFileSync(new URL('./oracle/operators.json', import.meta.url), 'utf8')) as {
  calls: Call[];
  limits: Record<string, Record<string, number | string>>;
};
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
const functions: Readonly<Record<string, unknown>> = { ...torch };
type Fn = (...args: readonly unknown[]) => unknown;

describe('as in PyTorch', () => {
  test.each(
    stored.calls.map((c) => [`${camel(c.name)}(${JSON.stringify(c.args)}, ${JSON.stringify(c.options)})`, c] as const),
  )('%s', (what, { name, args, options, result, raises }) => {
    const run = (): unknown =>
      (functions[camel(name)] as Fn)(...args, ...(Object.keys(options).length > 0 ? [options] : []));
    if (raises !== undefined) return expectRefusal(run, camel(name));
    const got = run();
    if (got instanceof torch.Tensor) {
      const wanted = result as { dtype: DTypeName; shape: number[]; values: number[] };
      assert.equal(`${got.dtype}[${got.shape.join()}]`, `${wanted.dtype}[${wanted.shape.join()}]`);
      expectClose(flat(got), wanted.values, wanted.dtype === 'float64' ? 1e-12 : 1e-6, what);
    } else assert.deepEqual([...(got as number[])], result);
  });

  test.each(Object.entries(stored.limits))('limits of %s', (dtype, wanted) => {
    const got = (dtype.includes('float') ? torch.finfo : torch.iinfo)(dtype as DTypeName);
    const found: Readonly<Record<string, unknown>> = { ...got };
    for (const [key, value] of Object.entries(wanted)) {
      const ours = found[camel(key)];
      assert.equal(typeof ours === 'bigint' ? String(ours) : ours, value, key);
    }
  });
  test('limits of the other kind are refused', () => {
    expectRefusal(() => torch.finfo('int64'), 'finfo', /iinfo/);
    expectRefusal(() => torch.iinfo('bool'), 'iinfo');
    assert.equal(torch.finfo().dtype, 'float32');
  });
});

describe('fillDiagonal_', () => {
  const filled = (sizes: number[], wrap = false): unknown => torch.zeros(sizes).fillDiagonal_(5, { wrap }).tolist();
  test('of matrices, wide, tall and wrapped, and of cubes', () => {
    assert.deepEqual(filled([2, 3]), [
      [5, 0, 0],
      [0, 5, 0],
    ]);
    assert.deepEqual(filled([5, 2], true), [
      [5, 0],
      [0, 5],
      [0, 0],
      [5, 0],
      [0, 5],
    ]);
    assert.deepEqual(filled([2, 2, 2]), [
      [
        [5, 0],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 5],
      ],
    ]);
    assert.deepEqual(torch.zeros(3, 2).t().fillDiagonal_(1).tolist(), [
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });
  test('its gradient is zero there', () => {
    const x = torch.ones([2, 2], { requiresGrad: true });
    x.mul(3).fillDiagonal_(5).sum().backward();
    assert.deepEqual(x.grad!.tolist(), [
      [0, 3],
      [3, 0],
    ]);
  });
  test('refuses other shapes and values', () => {
    expectRefusal(() => torch.zeros(3).fillDiagonal_(1), 'fillDiagonal_');
    expectRefusal(() => torch.zeros(2, 2, 3).fillDiagonal_(1), 'fillDiagonal_');
    expectRefusal(() => torch.zeros(2, 2).fillDiagonal_('x' as never), 'fillDiagonal_');
    expectRefusal(() => torch.zeros(2, 2).fillDiagonal_(torch.ones(2) as never), 'fillDiagonal_');
  });
});

describe('resize_', () => {
  test('keeps the memory where it suffices', () => {
    const x = torch.arange(6).view(2, 3);
    const y = x.view(6);
    assert.equal(x.resize_(2, 2), x);
    assert.deepEqual(x.tolist(), [
      [0, 1],
      [2, 3],
    ]);
    y.fill_(7);
    assert.deepEqual(x.tolist(), [
      [7, 7],
      [7, 7],
    ]);
  });
  test('moves the elements to larger memory where it does not', () => {
    const x = torch.arange(3);
    x.resize_([2, 4]);
    assert.deepEqual([...x.shape], [2, 4]);
    assert.deepEqual(x.view(8).narrow(0, 0, 3).tolist(), [0, 1, 2]);
    assert.deepEqual([...x.resizeAs_(torch.ones(3, 1)).shape], [3, 1]);
    assert.deepEqual([...torch.zeros(0).resize_(2, 2).zero_().shape], [2, 2]);
  });
  test('refuses what requires a gradient, and what is no shape', () => {
    expectRefusal(() => torch.ones(2, { requiresGrad: true }).resize_(3), 'resize_', /require grad/);
    expectRefusal(() => torch.ones(2).resize_(-1), 'resize_');
    expectRefusal(() => torch.ones(2).resizeAs_(3 as never), 'resizeAs_');
  });
});

test('sizes beyond all memory are refused soon', () => {
  const x = torch.rand(3);
  expect(() => torch.mvlgamma(x.add(2 ** 40), 2 ** 40)).toThrow(torch.OutOfMemoryError);
  expect(() => torch.vander(x, 2 ** 40)).toThrow(torch.OutOfMemoryError);
});
