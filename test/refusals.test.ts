// Calls that PyTorch's own operator tests make: what they expect to be refused, and a few that must not be.
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { F } = torch;
const ones = (...sizes: number[]): torch.Tensor => torch.ones(sizes);
const bools = torch.tensor([true, false]);
const at = (...values: number[]): torch.Tensor => torch.tensor(values, { dtype: 'int64' });

const refused: Record<string, (() => unknown)[]> = {
  maxPool1d: [() => F.maxPool1d(ones(0, 10), 1), () => F.maxPool1d(ones(2, 0, 10), 1)],
  maxPool2d: [() => F.maxPool2d(ones(0, 2, 10), 1), () => F.maxPool2d(ones(1, 0, 2, 10), 1)],
  maxPool3d: [() => F.maxPool3d(ones(0, 1, 2, 10), 1)],
  avgPool1d: [() => F.avgPool1d(ones(0, 10), 1)],
  avgPool3d: [() => F.avgPool3d(ones(1, 0, 1, 2, 10), 1)],
  indexSelect: [() => torch.indexSelect(ones(3, 0), 0, at(3)), () => torch.indexSelect(ones(0, 0), 1, at(0))],
  indexCopy: [() => torch.indexCopy(ones(3), 0, at(1).int(), ones(1))],
  indexFill: [() => torch.indexFill(ones(3), 0, at(1).int(), 2)],
  indexReduce: [
    () => torch.indexReduce(ones(0, 0), 0, at(0), ones(1, 0), 'prod'),
    () => torch.indexReduce(ones(2), 0, at(0), ones(1), 'max' as never),
  ],
  scatter: [() => torch.scatter(ones(3), 0, at(1), ones(1), { reduce: 'max' as never })],
  scatterReduce: [() => torch.scatterReduce(ones(3), 0, at(1), ones(1), 'add' as never)],
  clamp: [() => torch.clamp(bools, bools, bools)],
  cumsum: [() => torch.cumsum(bools, 0, { dtype: 'bool' })],
  cumprod: [() => torch.cumprod(bools, 0, { dtype: 'bool' })],
  gradient: [() => torch.gradient(torch.ones([3], { dtype: 'uint8' }))],
  trapezoid: [() => torch.trapezoid(bools), () => torch.trapezoid(ones(2), bools)],
  cumulativeTrapezoid: [() => torch.cumulativeTrapezoid(bools)],
  trace: [() => torch.trace(torch.ones([2, 2], { dtype: 'bool' }))],
  mvlgamma: [() => torch.mvlgamma(bools, 1)],
  bucketize: [() => torch.bucketize(bools, bools)],
  searchsorted: [() => torch.searchsorted(bools, bools)],
  softMarginLoss: [() => F.softMarginLoss(at(1, 2), at(1, -1))],
  normal_: [() => ones(3).normal_(0, -1)],
};
test.each(Object.entries(refused))('%s refuses', (name, calls) => {
  for (const call of calls) expectRefusal(call, name);
});

describe('accepts', () => {
  test('the old value joined with max and min', () => {
    const [x, index, src] = [torch.tensor([1, 2, 3.5]), at(0, 0, 1), torch.tensor([5, 0.5, -7])];
    assert.deepEqual(x.scatterReduce(0, index, src, 'max').tolist(), [5, 2, 3.5]);
    assert.deepEqual(x.scatterReduce(0, index, src, 'min', { includeSelf: false }).tolist(), [0.5, -7, 3.5]);
    assert.deepEqual(x.scatterReduce_(0, index, src, 'min').tolist(), [0.5, -7, 3.5]);
  });
  test('asStrided_ to another number of elements', () => {
    const x = torch.tensor([0, 1, 2, 3, 4.5]).asStrided_([2, 2], [1, 3]);
    assert.equal(x.numel(), 4);
    assert.deepEqual(x.mul(1).flatten().tolist(), [0, 3, 1, 4.5]);
  });
  test('windows over empty batches', () => {
    assert.deepEqual(F.maxPool2d(ones(0, 2, 4, 4), 2).shape.slice(), [0, 2, 2, 2]);
  });
  test('to(other, nonBlocking, copy)', () => {
    const x = ones(2);
    assert.equal(x.to(ones(1), true), x);
    assert.notEqual(x.to(ones(1), true, true), x);
    assert.equal(x.to(torch.ones([1], { dtype: 'float64' }), false, true).dtype, 'float64');
  });
  test('memoryFormat in casts', () => {
    const x = ones(1, 2, 3, 4);
    const cast = [x.float, x.double, x.half, x.bfloat16, x.long, x.int, x.short, x.char, x.byte, x.bool];
    for (const f of cast) {
      const y = f.call(x, { memoryFormat: 'channelsLast' });
      assert.ok(y.isContiguous({ memoryFormat: 'channelsLast' }), f.name);
      assert.ok(f.call(y).isContiguous({ memoryFormat: 'channelsLast' }), f.name);
      assert.ok(f.call(y, { memoryFormat: 'contiguous' }).isContiguous(), f.name);
      expectRefusal(() => f.call(x, { format: 1 } as never), f.name, /unknown option/);
    }
  });
  test('the power 0 of a matrix, whose gradient is zero', () => {
    const a = torch.tensor(
      [
        [1, Infinity],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const y = torch.linalg.matrixPower(a, 0);
    assert.deepEqual(y.tolist(), [
      [1, 0],
      [0, 1],
    ]);
    y.sum().backward();
    assert.deepEqual(a.grad!.tolist(), [
      [0, 0],
      [0, 0],
    ]);
  });
});

test('randint takes bounds that int64 has, and nothing beside them and the size', () => {
  const randint = torch.randint as (...args: readonly unknown[]) => torch.Tensor;
  expect(() => randint(0, 1e300, [2])).toThrow(/^randint: expected bounds that int64 has but received 0 and 1e\+300$/);
  for (const args of [
    [torch.ones(2), [2], 4],
    [1, 2, 3, [2]],
    [1, 5, [2], [3]],
  ])
    expect(() => randint(...args)).toThrow('randint: expected (high, size) or (low, high, size)');
  expect(randint(4, [2], undefined).shape).toEqual([2]);
});
