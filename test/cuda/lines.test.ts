// Softmax, norms and losses on a GPU against the CPU, where lines are long, lie across memory, or are cut into parts: the
// table of operators has small tensors only. Run where there is a GPU, or with FLAMBEAU_CUDA=emulate.
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { available, numbers } from './available.ts';

type Compute = (device: string) => torch.Tensor[];

/** Largest distance between two lists, as a part of the largest value; infinite where others than numbers differ. */
function apart(found: readonly number[], expected: readonly number[]): number {
  let most = 1e-30;
  let distance = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  expected.forEach((v, i) => {
    if (Number.isFinite(v)) most = Math.max(most, Math.abs(v));
    if (!Object.is(v, found[i])) {
      const d = Math.abs(v - found[i]!);
      distance = Number.isFinite(d) ? Math.max(distance, d) : Number.POSITIVE_INFINITY;
    }
  });
  return distance / most;
}
function same(compute: Compute, tolerance = 2e-5): void {
  const results = ['cpu', 'cuda:0'].map((device) => {
    torch.manualSeed(7);
    return compute(device).map(numbers);
  });
  results[0]!.forEach((expected, i) => {
    expect(apart(results[1]![i]!, expected), `result ${i}`).toBeLessThan(tolerance);
  });
}
/** The result of `f` and the gradients of its inputs, which are drawn on the CPU. */
function withGradients(device: string, inputs: readonly torch.Tensor[], f: (...x: torch.Tensor[]) => torch.Tensor) {
  const leaves = inputs.map((x) => x.to(device).detach().requiresGrad_());
  const y = f(...leaves);
  y.backward(torch.randn(y.shape).to(y.dtype).to(device));
  return [y, ...leaves.map((x) => x.grad!)];
}

describe.runIf(available)('lines on a GPU', () => {
  test.each([
    [[3, 1000], 1],
    [[2, 4096], 1],
    [[2, 7001], 1],
    [[2, 13001], 1],
    [[3, 500, 33], 1],
    [[2000, 70], 0],
    [[6, 8, 10], 0],
  ])('softmax of %j along %i', (shape, dim) => {
    for (const kind of ['softmax', 'logSoftmax'] as const)
      same((device) => withGradients(device, [torch.randn(shape)], (x) => x[kind](dim)));
  });

  test('softmax of infinities and NaN, rows of one kind and rows that are read again', () => {
    for (const n of [5, 13001]) {
      const x = torch.randn([5, n]);
      x.select(0, 0).fill_(Number.NEGATIVE_INFINITY);
      x.select(0, 1)
        .narrow(0, 0, n - 1)
        .fill_(Number.NEGATIVE_INFINITY);
      x.select(0, 2).narrow(0, 2, 1).fill_(Number.POSITIVE_INFINITY);
      x.select(0, 3).narrow(0, 2, 1).fill_(Number.NaN);
      for (const kind of ['softmax', 'logSoftmax'] as const) same((device) => [x.to(device)[kind](1)]);
    }
  });

  test.each([
    [300, 32],
    [9, 100],
    [6, 1028],
    [3, 3001],
    [3, 7000],
    [2, 13000],
  ])('layer norm of %i rows of %i', (rows, cols) => {
    const inputs = () => [torch.randn([rows, cols]).add(3), torch.randn([cols]), torch.randn([cols])];
    same((device) => withGradients(device, inputs(), (x, w, b) => torch.layerNorm(x, [cols], w!, b!)));
    same((device) => withGradients(device, inputs().slice(0, 1), (x) => torch.layerNorm(x, [cols])));
  });

  test.each([[[500, 40]], [[2000, 3]], [[4, 3, 8, 8]], [[8, 2, 40, 40]], [[9, 2, 41, 41]], [[1, 2, 13001]]])(
    'batch norm of %j',
    (shape) => {
      const channels = [shape[1]!];
      for (const training of [true, false]) {
        same((device) => {
          const mean = torch.randn(channels).to(device);
          const variance = torch.rand(channels).add(0.5).to(device);
          const inputs = [torch.randn(shape).add(3), torch.randn(channels), torch.randn(channels)];
          const results = withGradients(device, inputs, (x, w, b) =>
            torch.batchNorm(x, w!, b!, mean, variance, training, 0.1, 1e-5),
          );
          return [...results, mean, variance];
        });
      }
    },
  );

  test.each([[[3000, 7]], [[2, 1300]], [[3, 13001]], [[2, 30, 5, 7]], [[1300, 3, 2]]])('losses of %j', (shape) => {
    const [rows, classes, ...rest] = shape as [number, number, ...number[]];
    for (const reduction of ['mean', 'sum', 'none'] as const) {
      for (const loss of [torch.nllLoss, torch.crossEntropy]) {
        same((device) => {
          const target = torch.randint(0, classes, [rows, ...rest]).to(device);
          const weight = torch.rand([classes]).to(device);
          return withGradients(device, [torch.randn(shape)], (x) =>
            loss(x, target, { weight, reduction, ignoreIndex: 1 }),
          );
        });
      }
    }
    if (rest.length > 0) return;
    same((device) => {
      const target = torch.randint(0, classes, [rows]).to(device);
      const weight = torch.rand([classes]).to(device);
      return withGradients(device, [torch.randn(shape)], (x) =>
        torch.crossEntropy(x, target, { weight, labelSmoothing: 0.1 }),
      );
    });
  });

  test('a class that is not there is refused', () => {
    const x = torch.randn([4, 3]).to('cuda:0');
    for (const wrong of [3, -1]) {
      const target = torch.tensor([0, wrong, 2, 1]).to('int64').to('cuda:0');
      expect(() => torch.nllLoss(x, target)).toThrow(`nllLoss: Target ${wrong} is out of bounds.`);
      expect(() => torch.crossEntropy(x, target)).toThrow(`crossEntropy: Target ${wrong} is out of bounds.`);
    }
  });

  test.each([
    [50, 20],
    [400, 150],
  ])('sequences of %i frames and %i labels', (frames, labels) => {
    for (const zeroInfinity of [false, true]) {
      same((device) => {
        const target = torch.randint(0, 4, [3, labels]).to(device);
        const lengths = [labels, labels - 1, 0];
        const x = torch.randn([frames, 3, 4]).to('float64').logSoftmax(2);
        return withGradients(device, [x], (y) =>
          torch.ctcLoss(y, target, [frames, frames - 1, 0], lengths, { reduction: 'none', zeroInfinity }),
        );
      }, 1e-9);
    }
  });
});
