// Matrix products on a GPU by the library's own kernels: every size of tile, every layout, long sums in parts, vectors.
// Run where there is a GPU, or with FLAMBEAU_CUDA=emulate.
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { available, device, expectProduct } from './helpers.ts';

describe.runIf(available)('products on a GPU', () => {
  const sizes = [
    [3, 4, 5],
    [33, 47, 130],
    [130, 70, 65],
    [260, 132, 17], // more than one of the largest tiles
    [7, 9, 3000], // few results of long sums
    [1, 50, 300],
    [50, 1, 300],
    [1, 1, 9000],
    [4, 6, 0],
  ] as const;
  test.each(sizes)('%i × %i with sums of %i', (m, n, k) => {
    for (const [dtype, tolerance] of [
      ['float32', 1e-4],
      ['float64', 1e-12],
      ['float16', 1e-2],
      ['bfloat16', 1e-1],
    ] as const) {
      for (const turned of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        expectProduct(m, n, k, dtype, turned, tolerance);
      }
    }
  });

  test('whole numbers wrap around', () => {
    const a = torch.randint(-100, 100, [9, 40]);
    const b = torch.randint(-100, 100, [40, 5]);
    for (const dtype of ['int64', 'int32', 'int16', 'int8', 'uint8'] as const) {
      const found = a.to(dtype).to(device).matmul(b.to(dtype).to(device)).to('cpu');
      expect(found.equal(a.to(dtype).matmul(b.to(dtype)))).toBe(true);
    }
  });

  test('batches, shared matrices, slices and results by columns', () => {
    const a = torch.randn([3, 6, 10]);
    const b = torch.randn([8, 7]);
    const [x, y] = [a.to(device).narrow(2, 1, 8), b.to(device)];
    const wanted = a.narrow(2, 1, 8).matmul(b);
    expect(x.matmul(y).to('cpu').allclose(wanted)).toBe(true);
    expect(y.t().matmul(x.transpose(1, 2)).to('cpu').allclose(wanted.transpose(1, 2))).toBe(true);
    const out = torch.zeros([7, 6], { device });
    torch.mm(x.select(0, 1), y, { out: out.t() });
    expect(out.to('cpu').allclose(wanted.select(0, 1).t())).toBe(true);
  });

  test('are the same in every run', () => {
    const [a, b] = [torch.randn([5, 4000], { device }), torch.randn([4000, 6], { device })];
    expect(a.matmul(b).equal(a.matmul(b))).toBe(true);
  });
});
