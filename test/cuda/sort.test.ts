// Sorting on a GPU gives what it gives on the CPU, also for rows that take several tiles and merges. See random.test.ts.
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { available, device, numbers } from './available.ts';

const kinds = ['float32', 'float64', 'bfloat16', 'int64', 'int8', 'uint8', 'bool'] as const;

/** Values with ties; floats with NaN, zeros of both signs and infinities. */
function values(rows: number, n: number, dtype: (typeof kinds)[number]): torch.Tensor {
  torch.manualSeed(n);
  const x = torch.randn([rows, n]).mul(20);
  if (dtype === 'uint8') return x.abs().to(dtype);
  if (dtype === 'bool') return x.gt(0);
  if (!dtype.includes('float')) return x.to(dtype);
  const which = torch.rand([rows, n]);
  return x
    .maskedFill(which.lt(0.1), NaN)
    .maskedFill(which.gt(0.8), 0)
    .maskedFill(which.gt(0.9), -0)
    .maskedFill(which.gt(0.97), -Infinity)
    .to(dtype);
}

describe.runIf(available)('sorting on a GPU', () => {
  test.each([
    [3, 7],
    [130, 10],
    [2, 2048],
    [2, 2049],
    [1, 9000],
  ])('of %d rows of %d', (rows, n) => {
    for (const dtype of kinds) {
      const x = values(rows, n, dtype);
      const y = x.to(device);
      for (const descending of [false, true]) {
        const [a, b] = [torch.sort(x, 1, descending), torch.sort(y, 1, descending)];
        expect(numbers(b.indices)).toEqual(numbers(a.indices));
        expect(numbers(b.values)).toEqual(numbers(a.values));
        for (const k of [1, Math.min(n, 5), Math.min(n, 1100)])
          expect(numbers(torch.topk(y, k, 1, descending).values)).toEqual(
            numbers(torch.topk(x, k, 1, descending).values),
          );
      }
      if (dtype === 'bool') continue;
      for (const f of [
        (t: torch.Tensor) => torch.median(t, 1),
        (t: torch.Tensor) => torch.nanmedian(t, 1),
        (t: torch.Tensor) => torch.mode(t, 1),
        (t: torch.Tensor) => torch.kthvalue(t, Math.ceil(n / 3), 1),
      ]) {
        const [a, b] = [f(x), f(y)];
        expect(numbers(b.values)).toEqual(numbers(a.values));
        expect(numbers(b.indices)).toEqual(numbers(a.indices));
      }
    }
  });

  test('along other dims, and of views', () => {
    const x = values(50, 60, 'float32').reshape([5, 10, 60]);
    const y = x.to(device);
    expect(numbers(torch.argsort(y, 1))).toEqual(numbers(torch.argsort(x, 1)));
    expect(numbers(torch.sort(y.permute(2, 0, 1), 0).values)).toEqual(
      numbers(torch.sort(x.permute(2, 0, 1), 0).values),
    );
    expect(numbers(torch.sort(y.slice(2, 0, 60, 7), 2).indices)).toEqual(
      numbers(torch.sort(x.slice(2, 0, 60, 7), 2).indices),
    );
  });
});
