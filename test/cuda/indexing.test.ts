// Indices and masks on a GPU: large tensors give what they give on the CPU, an index outside is refused in the CPU's
// words and memory beyond is not touched. See random.test.ts.
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { available, device, numbers } from './available.ts';

const dtypes = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
] as const;

describe.runIf(available)('indices on a GPU', () => {
  const x = torch.arange(12).reshape([4, 3]).to('float32');
  const y = x.to(available ? device : 'cpu'); // made also where the tests are left out
  const at = (...i: number[]): torch.Tensor => torch.tensor(i).to('int64');

  test.each<[string, (x: torch.Tensor, i: (...at: number[]) => torch.Tensor) => torch.Tensor]>([
    ['gather', (t, i) => t.gather(0, i(1, 9, -1).reshape([1, 3]))],
    ['indexSelect', (t, i) => t.indexSelect(0, i(1, 4))],
    ['scatterAdd', (t, i) => t.scatterAdd(1, i(3, 0).reshape([2, 1]), t)],
    ['indexAdd', (t, i) => t.indexAdd(0, i(0, -1), t.narrow(0, 0, 2))],
    ['indexCopy', (t, i) => t.indexCopy(1, i(7), t.narrow(1, 0, 1))],
    ['index', (t, i) => t.index(i(2, -5))],
    ['take', (t, i) => t.take(i(12))],
    ['embedding', (t, i) => torch.nn.functional.embedding(i(3, 4), t)],
  ])('outside: %s', (_, f) => {
    const said = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return String(error);
      }
      return 'nothing';
    };
    const onGpu = (...i: number[]): torch.Tensor => at(...i).to(device);
    expect(said(() => f(x, at))).toMatch(/^RangeError: .*out of (bounds|range)/);
    expect(said(() => f(y, onGpu))).toBe(said(() => f(x, at)));
    expect(numbers(y)).toEqual(numbers(x));
  });

  test.each(dtypes)('sums of %s where several values meet', (dtype) => {
    torch.manualSeed(3);
    const n = 700;
    const index = torch.randint(0, 37, [n]);
    const source = torch.randint(0, 4, [n]).to(dtype);
    const base = torch.ones([37]).to(dtype);
    const both = (f: (b: torch.Tensor, i: torch.Tensor, s: torch.Tensor) => torch.Tensor): void =>
      expect(numbers(f(base.to(device), index.to(device), source.to(device)))).toEqual(numbers(f(base, index, source)));
    both((b, i, s) => b.scatterAdd(0, i, s));
    both((b, i, s) => b.indexAdd(0, i, s, { alpha: 2 }));
    both((b, i, s) => b.clone().indexPut_([i], s, true));
    both((b, i, s) => b.scatterReduce(0, i, s, 'amax'));
    both((b, i, s) => b.scatterReduce(0, i, s, 'amin'));
    if (dtype !== 'float16' && dtype !== 'bfloat16')
      both((b, i, s) => b.scatterReduce(0, i, s.clamp(0, 1).to(dtype), 'prod'));
  });

  test('masks select in row-major order, over many blocks', () => {
    torch.manualSeed(4);
    const data = torch.randn([3, 70, 41]);
    const mask = torch.rand([3, 70, 41]).lt(0.3);
    for (const turned of [false, true]) {
      const [a, m] = turned ? [data.permute(2, 0, 1), mask.permute(2, 0, 1)] : [data, mask];
      const [b, k] = turned
        ? [data.to(device).permute(2, 0, 1), mask.to(device).permute(2, 0, 1)]
        : [data.to(device), mask.to(device)];
      expect(numbers(b.maskedSelect(k))).toEqual(numbers(a.maskedSelect(m)));
      expect(numbers(torch.nonzero(k))).toEqual(numbers(torch.nonzero(m)));
      const source = torch.arange(data.count).to('float32');
      expect(numbers(b.maskedScatter(k, source.to(device)))).toEqual(numbers(a.maskedScatter(m, source)));
    }
    expect(numbers(torch.nonzero(torch.tensor([0, -0, NaN, 1.5]).to(device)))).toEqual([2, 3]);
  });

  test('rows move as vectors where they can, and as elements where they cannot', () => {
    for (const cols of [8, 6, 5]) {
      const table = torch
        .arange(10 * cols)
        .reshape([10, cols])
        .to('float32');
      const index = torch.tensor([9, 0, 3, 3]).to('int64');
      for (const from of [0, 1]) {
        const [a, b] = [table.narrow(1, from, cols - from), table.to(device).narrow(1, from, cols - from)];
        expect(numbers(b.indexSelect(0, index.to(device)))).toEqual(numbers(a.indexSelect(0, index)));
      }
    }
  });

  test('no indices pick nothing', () => {
    const none = torch.zeros([0], { dtype: 'int64', device });
    const table = torch.ones([3, 8], { device });
    expect([...table.index(none).shape]).toEqual([0, 8]);
    expect([...table.indexSelect(0, none).shape]).toEqual([0, 8]);
    table.indexPut_([none], torch.ones([0, 8], { device }));
    expect([...torch.ones([0, 8], { device }).flip([0]).shape]).toEqual([0, 8]);
    expect([...torch.nonzero(torch.zeros([3, 2], { device })).shape]).toEqual([0, 2]);
  });

  test('indices and single values of the CPU go with a tensor on the GPU', () => {
    const index = torch.tensor([2, 0]).to('int64');
    expect(numbers(y.index(index))).toEqual(numbers(x.index(index)));
    const mask = torch.tensor([true, false, false, true]);
    expect(numbers(y.index(mask))).toEqual(numbers(x.index(mask)));
    const written = y.clone().indexPut_([index], torch.tensor(1.5));
    expect(numbers(written)).toEqual(numbers(x.clone().indexPut_([index], torch.tensor(1.5))));
  });

  test('the gradient of an embedding', () => {
    const index = torch.tensor([1, 2, 1, 0, 1]).to('int64').to(device);
    const weight = torch.ones([4, 6], { device, requiresGrad: true });
    torch.nn.functional.embedding(index, weight).sum().backward();
    expect(numbers(weight.grad!.sum(1))).toEqual([6, 18, 6, 0]);
  });
});
