// cauchy_, geometric_ and logNormal_ with PyTorch's numbers for the same seed, and functions that make tensors otherwise
// than create.ts: against PyTorch's stored answers (scripts/oracle-draws.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { expectClose, expectRefusal, flat, TOLERANCE } from './helpers.ts';

interface Answer {
  readonly dtype: DTypeName;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}
const stored = JSON.parse(readFileSync(new URL('./oracle/draws.json', import.meta.url), 'utf8')) as {
  readonly draws: readonly (Answer & { name: string; args: readonly number[]; next: number })[];
  readonly ranges: readonly ({ args: [number, number]; options: { dtype?: DTypeName } } & (
    | Answer
    | { raises: true }
  ))[];
};
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
const same = (got: torch.Tensor, { dtype, shape, values }: Answer, what: string): void => {
  assert.equal(`${got.dtype}[${got.sizes}]`, `${dtype}[${shape}]`);
  expectClose(flat(got), values.map(Number), TOLERANCE[dtype] ?? 0, what);
};

describe('draws', () => {
  test.each(stored.draws.map((d) => [`${camel(d.name)}(${d.args}) of ${d.dtype} [${d.shape}]`, d] as const))(
    '%s',
    (what, d) => {
      torch.manualSeed(11);
      const x = torch.empty(d.shape, { dtype: d.dtype });
      const name = camel(d.name) as 'cauchy_' | 'geometric_' | 'logNormal_';
      const out = (x[name] as (...args: number[]) => torch.Tensor).call(x, ...d.args);
      assert.equal(out, x);
      same(x, d, what);
      assert.equal(torch.rand(1).item(), d.next);
    },
  );
  test('of a layout with gaps, by name, from a generator, with gradients', () => {
    const generator = new torch.Generator().manualSeed(11);
    const gaps = torch.zeros(5, 2, { dtype: 'float64' });
    gaps.select(1, 1).cauchy_({ generator } as never);
    torch.manualSeed(11);
    const plain = torch.empty(5, { dtype: 'float64' }).cauchy_();
    assert.deepEqual(gaps.select(1, 1).tolist(), plain.tolist());
    assert.deepEqual(gaps.select(1, 0).tolist(), [0, 0, 0, 0, 0]);
    const w = torch.ones(3, { requiresGrad: true });
    w.mul(2).logNormal_().sum().backward();
    assert.deepEqual(w.grad!.tolist(), [0, 0, 0]);
  });
  test.each([
    ['cauchy_', () => torch.ones(2).cauchy_(0, 0)],
    ['cauchy_', () => torch.ones(2, { dtype: 'int64' }).cauchy_()],
    ['geometric_', () => torch.ones(2).geometric_(0)],
    ['geometric_', () => torch.ones(2).geometric_(1)],
    ['geometric_', () => torch.ones(2).geometric_('x' as never)],
    ['geometric_', () => torch.ones(2, { dtype: 'bool' }).geometric_(0.5)],
    ['logNormal_', () => torch.ones(2).logNormal_(0, -1)],
    ['logNormal_', () => torch.ones(2, { dtype: 'int32' }).logNormal_()],
  ])('%s refuses', (name, f) => expectRefusal(f, name));
});

describe('range', () => {
  test.each(stored.ranges.map((r) => [JSON.stringify([r.args, r.options]), r] as const))('%s', (what, r) => {
    const run = (): torch.Tensor => torch.range(...r.args, r.options);
    if ('raises' in r) expectRefusal(run, 'range');
    else same(run(), r, what);
  });
  test('by name', () => assert.deepEqual(torch.range({ start: 1, end: 3 }).tolist(), [1, 2, 3]));
});

describe('asarray, emptyPermuted, new', () => {
  test('asarray shares or copies', () => {
    const x = torch.ones(2);
    assert.equal(torch.asarray(x), x);
    assert.notEqual(torch.asarray(x, { copy: true }), x);
    assert.equal(torch.asarray([1, 2], { dtype: 'float64' }).dtype, 'float64');
    assert.equal(torch.asarray([1.5], { requiresGrad: true }).requiresGrad, true);
    expectRefusal(() => torch.asarray(x, { dtype: 'int64', copy: false }), 'asarray', /alias/);
    expectRefusal(() => torch.asarray([1], { dtype: 'int64', requiresGrad: true }), 'asarray');
    expectRefusal(() => torch.asarray(x, { copy: 1 as never }), 'asarray');
  });
  test('emptyPermuted', () => {
    const x = torch.emptyPermuted([2, 3, 5, 7], [0, 2, 3, 1], { dtype: 'int32' });
    assert.deepEqual([[...x.shape], x.stride(), x.dtype], [[2, 3, 5, 7], [105, 1, 21, 3], 'int32']);
    assert.deepEqual(x.dimOrder(), [0, 2, 3, 1]);
    expectRefusal(() => torch.emptyPermuted([2, 3], [0, 0]), 'emptyPermuted');
    expectRefusal(() => torch.emptyPermuted([2, 3], [0]), 'emptyPermuted');
  });
  test('new', () => {
    const x = torch.ones(1, { dtype: 'float64' });
    assert.equal(String(x.new([1, 2])), 'tensor([1., 2.], dtype=torch.float64)');
    assert.deepEqual([...x.new(2, 3).shape], [2, 3]);
    assert.deepEqual([...x.new().shape], [0]);
  });
});

describe('in place and as functions', () => {
  test('asStrided_ makes a tensor the view', () => {
    const x = torch.arange(6);
    assert.equal(x.asStrided_([2, 2], [1, 2]), x);
    assert.deepEqual(x.tolist(), [
      [0, 2],
      [1, 3],
    ]);
  });
  test('relu_ and its kin write to their argument', () => {
    const x = torch.tensor([-1, 1.5]);
    assert.equal(torch.relu_(x), x);
    assert.deepEqual(x.tolist(), [0, 1.5]);
    assert.deepEqual(torch.threshold_(torch.tensor([-1, 1.5]), 0, 7).tolist(), [7, 1.5]);
    assert.ok((torch.celu_(torch.tensor([-1, 1.5])).tolist() as number[])[0]! < 0);
    assert.ok((torch.selu_(torch.tensor([-1, 1.5])).tolist() as number[])[0]! < 0);
    assert.equal(torch.rrelu_(torch.tensor([-1, 1.5]), 0.25, 0.25).tolist()[0 as never], -0.25);
  });
  test('bounds of slices may be tensors', () => {
    const [one, five] = [torch.tensor(1), torch.tensor([5], { dtype: 'int32' })];
    assert.deepEqual(torch.arange(6).slice(0, one, five, torch.tensor(2)).tolist(), [1, 3]);
    assert.deepEqual(torch.arange(6).slice({ start: five }).tolist(), [5]);
    expectRefusal(() => torch.arange(6).slice(0, torch.tensor(1.5)), 'slice');
    expectRefusal(() => torch.arange(6).slice(0, torch.tensor([1, 2])), 'slice');
  });
  test('pieces of the unsafe splits may be written to', () => {
    const w = torch.ones(4, { requiresGrad: true });
    const x = w.mul(2);
    const [a, b] = torch.unsafeSplit(x, 2);
    a!.mul_(3);
    a!.sum().add(b!.sum()).backward();
    assert.deepEqual(w.grad!.tolist(), [6, 6, 2, 2]);
  });
  test('the attributes of transposes', () => {
    const x = torch.ones(2, 3);
    assert.deepEqual([...x.H.shape, ...torch.ones(4, 2, 3).mH.shape], [3, 2, 4, 3, 2]);
    assert.equal(x.real, x);
    expectRefusal(() => torch.ones(2).H, 'H');
    expectRefusal(() => torch.ones(2).mH, 'mH');
  });
});

describe('settings', () => {
  test('the default tensor type', () => {
    torch.setDefaultTensorType('torch.DoubleTensor');
    assert.equal(torch.tensor(1.5).dtype, 'float64');
    torch.setDefaultTensorType(torch.FloatTensor);
    assert.equal(torch.tensor(1.5).dtype, 'float32');
    expectRefusal(() => torch.setDefaultTensorType('torch.LongTensor'), 'setDefaultTensorType');
    expectRefusal(() => torch.setDefaultTensorType('constructor'), 'setDefaultTensorType');
  });
  test('threads between operators', () => {
    assert.equal(torch.getNumInteropThreads(), 1);
    expectRefusal(() => torch.setNumInteropThreads(0), 'setNumInteropThreads');
    expectRefusal(() => torch.setFlushDenormal(1 as never), 'setFlushDenormal');
  });
});
