// The error of Winograd's convolution, on the shapes that the benchmarks time (bench/workloads/conv.ts) and in each
// direction, beside that of the direct kernels. Both against the same convolution in float64.
import { afterEach, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { conv } = torch.backends;
afterEach(() => {
  conv.winograd = true;
});

/** Channels from and to, size of the images, padding. Batches are small: the float64 kernel is made to be plain. */
const SHAPES = [
  [64, 64, 32, 1],
  [128, 128, 16, 1],
  [256, 256, 8, 1],
  [512, 512, 4, 1],
  [32, 64, 26, 0],
] as const;
const BATCH = 4;
/** Largest error over largest value: the points ±√½, ±√2 are what keeps it so small; the textbook's give 1.7e-5. */
const BOUND = 5e-6;
const DIRECT = 3e-6;

test.each(SHAPES)('3×3, %d → %d channels of %d², padding %d', (from, to, size, padding) => {
  torch.manualSeed(0);
  const x = torch.randn(BATCH, from, size, size);
  const w = torch.randn(to, from, 3, 3);
  const g = torch.randn(BATCH, to, size - 2 + 2 * padding, size - 2 + 2 * padding);
  const directions = (kind: 'float32' | 'float64'): torch.Tensor[] => {
    const [x_, w_] = [x, w].map((t) => t.detach().to(kind).requiresGrad_()) as [torch.Tensor, torch.Tensor];
    const y = torch.nn.functional.conv2d(x_, w_, { padding });
    y.backward(g.to(kind));
    return [y.detach(), x_.grad!, w_.grad!];
  };
  const exact = directions('float64');
  const errors = (results: readonly torch.Tensor[]): number[] =>
    results.map((r, i) => r.double().sub(exact[i]!).abs().max().item() / exact[i]!.abs().max().item());

  const winograd = directions('float32');
  conv.winograd = false;
  const direct = directions('float32');
  ['forward', 'to data', 'to weights'].forEach((direction, i) => {
    expect(winograd[i]!.equal(direct[i]!), `${direction} goes through Winograd's transforms`).toBe(false);
    expect(errors(winograd)[i], direction).toBeLessThan(BOUND);
    expect(errors(direct)[i], `${direction}, direct`).toBeLessThan(DIRECT);
  });
});
