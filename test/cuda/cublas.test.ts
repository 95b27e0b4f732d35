// The road to cuBLAS, with the emulator's stand-in behind the same table of functions. Run with FLAMBEAU_CUDA=emulate.
import { describe, expect, test } from 'vitest';

// read when the first product is made
process.env.FLAMBEAU_CUBLAS = 'emulator';
const torch = await import('../../lib/index.ts');
const { available, device, expectProduct } = await import('./helpers.ts');

describe.runIf(available && process.env.FLAMBEAU_CUDA === 'emulate')('products by cuBLAS', () => {
  test.each([
    [3, 4, 5],
    [17, 9, 30],
    [40, 33, 2],
  ] as const)('%i × %i with sums of %i', (m, n, k) => {
    for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
      const tolerance = { float32: 1e-4, float64: 1e-12, float16: 1e-2, bfloat16: 1e-1 }[dtype];
      for (const a of [false, true]) for (const b of [false, true]) expectProduct(m, n, k, dtype, [a, b], tolerance);
    }
  });

  test('batches, one matrix for all, padded rows, results by columns', () => {
    const [a, b] = [torch.randn([3, 6, 10]), torch.randn([8, 7])];
    const [x, y] = [a.to(device).narrow(2, 1, 8), b.to(device)];
    const wanted = a.narrow(2, 1, 8).matmul(b);
    // sums of cancelling terms: the order of adding shows
    const near = { rtol: 1e-5, atol: 1e-5 };
    expect(x.matmul(y).to('cpu').allclose(wanted, near)).toBe(true);
    const out = torch.zeros([7, 6], { device });
    torch.mm(x.select(0, 1), y, { out: out.t() });
    expect(out.to('cpu').allclose(wanted.select(0, 1).t(), near)).toBe(true);
  });
});
