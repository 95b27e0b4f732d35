// Operators whose data is larger than the caches: their results go to memory past them, and long sums read several
// streams at once. Each result is compared with what small pieces of the same data give, which take the ordinary way.
import { afterAll, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import type { Tensor } from '../lib/index.ts';

const N = 2 ** 24 + 5; // 64 MB of float32, and a rest that fills no line
const PIECE = 2 ** 16;
const threads = torch.getNumThreads();
afterAll(() => torch.setNumThreads(threads));

/** Compares `whole` with `piece(from, length)` for pieces of it: the first, the last, and some between. */
function expectPieces(whole: Tensor, piece: (from: number, length: number) => Tensor): void {
  const n = whole.numel();
  for (const from of [0, 1, 1023, 4096 + 17, n >> 1, n - PIECE - 3, n - PIECE]) {
    const got = whole.reshape(-1).narrow(0, from, PIECE);
    expect(torch.equal(got, piece(from, PIECE).to(got.dtype)), `from ${from}`).toBe(true);
  }
}
const ramp = (dtype: 'float32' | 'int16' | 'uint8' | 'float64', n = N): Tensor =>
  torch.arange(n, { dtype: 'int32' }).remainder(251).to(dtype);

test.each([1, 2])('copies, fills and element-wise results, %i threads', (count) => {
  torch.setNumThreads(count);
  for (const dtype of ['float32', 'int16', 'uint8', 'float64'] as const) {
    const x = ramp(dtype);
    // an offset of one element: what is read and what is written lie differently in their lines
    const shifted = x.narrow(0, 1, N - 1);
    expectPieces(x.clone(), (from, length) => x.narrow(0, from, length));
    expectPieces(shifted.clone(), (from, length) => x.narrow(0, from + 1, length));
    expectPieces(torch.full([N], 7, { dtype }), (_, length) => torch.full([length], 7, { dtype }));
    const out = torch.zeros(N + 1, { dtype });
    out.narrow(0, 1, N).copy_(x);
    expectPieces(out.narrow(0, 1, N), (from, length) => x.narrow(0, from, length));
    expect([out.narrow(0, 0, 2).tolist(), out.narrow(0, N, 1).item()]).toEqual([[0, 0], x.narrow(0, N - 1, 1).item()]);
    out.narrow(0, 1, N - 1).fill_(3);
    expectPieces(out.narrow(0, 1, N - 1), (_, length) => torch.full([length], 3, { dtype }));
    expect(out.narrow(0, N, 1).item()).toBe(x.narrow(0, N - 1, 1).item());
    expectPieces(x.add(x), (from, length) => x.narrow(0, from, length).add(x.narrow(0, from, length)));
    expectPieces(shifted.gt(3), (from, length) => shifted.narrow(0, from, length).gt(3));
    torch.add(shifted, 2, { out: out.narrow(0, 2, N - 1) });
    expectPieces(out.narrow(0, 2, N - 1), (from, length) => shifted.narrow(0, from, length).add(2));
  }
});

test.each([1, 2])('joining, %i threads', (count) => {
  torch.setNumThreads(count);
  const source = ramp('float32');
  for (const [rows, widths] of [
    [1, [2 ** 22 - 1, 2 ** 21 + 3, 1]],
    [512, [4096, 4096, 2048]],
    [511, [4097, 3001, 1030]],
    [2 ** 20, [3, 2]],
  ] as const) {
    const parts = widths.map((w, k) => source.narrow(0, k, rows * w).view(rows, w));
    const whole = torch.cat(parts, 1);
    let from = 0;
    parts.forEach((part, k) => {
      expect(torch.equal(whole.narrow(1, from, widths[k]!), part), `${rows} rows, part ${k}`).toBe(true);
      from += widths[k]!;
    });
    expect(whole.sizes).toEqual([rows, from]);
  }
  const x = source.narrow(0, 0, 2 ** 22);
  const stacked = torch.stack([x, x.neg(), x]);
  expect(torch.equal(stacked.select(0, 1), x.neg())).toBe(true);
  expect(torch.equal(stacked.select(0, 2), x)).toBe(true);
});

test.each([1, 2])('sums of long rows, %i threads', (count) => {
  torch.setNumThreads(count);
  const x = torch.ones(N).narrow(0, 1, N - 1);
  expect(x.sum().item()).toBe(N - 1);
  const y = torch
    .arange(4100 * 4097)
    .remainder(1009)
    .sub(504)
    .to('float32')
    .view(4100, 4097);
  const wanted = y.to('float64').sum(1);
  expect(torch.equal(y.sum(1).to('float64'), wanted)).toBe(true); // whole numbers: exact in any order
  expect(torch.equal(y.narrow(1, 1, 4000).amax(1), y.narrow(1, 1, 4000).t().contiguous().amax(0))).toBe(true);
  expect(y.to('float64').sum().item()).toBe(wanted.sum().item());
  const variance = y.narrow(0, 0, 40).var(1);
  expect(torch.allclose(y.var(1).narrow(0, 0, 40), variance)).toBe(true);
});

test('gradients of look-ups are added into zeros, and can be differentiated again', () => {
  const table = torch.randn(2000, 3, { dtype: 'float64' }).requiresGrad_();
  const at = torch.tensor([7, 7, 1999, 0]);
  const look = (w: Tensor): Tensor => torch.nn.functional.embedding(at, w).pow(3).sum();
  const [g] = torch.autograd.grad(look(table), [table], { createGraph: true });
  expect(torch.allclose(g!.select(0, 7), table.select(0, 7).pow(2).mul(6))).toBe(true);
  expect(g!.select(0, 8).tolist()).toEqual([0, 0, 0]);
  const [second] = torch.autograd.grad(g!.sum(), [table]);
  expect(torch.allclose(second!.select(0, 7), table.select(0, 7).mul(12))).toBe(true);
  expect(torch.allclose(second!.select(0, 0), table.select(0, 0).mul(6))).toBe(true);
});
