// Random numbers on a GPU: PyTorch's own numbers for a seed, and the distributions. Run where there is a GPU, or with
// FLAMBEAU_CUDA=emulate.
import { beforeEach, describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';

const device = 'cuda:0';
const numbers = (x: torch.Tensor): number[] => x.to('float64').to('cpu').reshape(-1).tolist() as number[];
const near = (x: torch.Tensor, values: readonly number[]): void => {
  const found = numbers(x);
  expect(found.length).toBe(values.length);
  found.forEach((v, i) => expect(v).toBeCloseTo(values[i]!, 4));
};

const available = ((): boolean => {
  try {
    torch.zeros(1, { device });
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(available)('random numbers on a GPU', () => {
  beforeEach(() => {
    torch.manualSeed(0);
  });

  test('are those of PyTorch on CUDA for the same seed', () => {
    near(torch.rand(10, { device }), [0.399, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967, 0.415, 0.8203, 0.229, 0.9096]);
    torch.manualSeed(0);
    near(torch.randn([2, 3], { device }), [-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797]);
  });

  test('follow the state, which moves on by four words for each draw of a small tensor', () => {
    const generator = new torch.Generator(device).manualSeed(5);
    const start = generator.getState();
    const first = torch.rand(5, { device, generator });
    const second = torch.rand(5, { device, generator });
    expect(numbers(second)).not.toEqual(numbers(first));
    const words = new DataView(generator.getState().toTypedArray().buffer as ArrayBuffer);
    expect([words.getBigUint64(0, true), words.getBigUint64(8, true)]).toEqual([5n, 8n]);
    generator.setState(start);
    expect(numbers(torch.rand(5, { device, generator }))).toEqual(numbers(first));
  });

  test('do not depend on the layout in memory', () => {
    const dense = torch.randn([40, 3], { device });
    torch.manualSeed(0);
    const turned = torch.empty([3, 40], { device }).t();
    turned.normal_();
    // drawn in the order of memory
    expect(numbers(turned.t())).toEqual(numbers(dense));
  });

  test.each([
    ['uniform', (x: torch.Tensor) => x.uniform_(1, 3), 2, 1 / 3],
    ['normal', (x: torch.Tensor) => x.normal_(1, 2), 1, 4],
    ['exponential', (x: torch.Tensor) => x.exponential_(2), 0.5, 0.25],
    ['logNormal', (x: torch.Tensor) => x.logNormal_(0, 0.5), Math.exp(0.125), (Math.exp(0.25) - 1) * Math.exp(0.25)],
    ['geometric', (x: torch.Tensor) => x.geometric_(0.4), 2.5, 0.6 / 0.16],
    ['bernoulli', (x: torch.Tensor) => x.bernoulli_(0.3), 0.3, 0.21],
    ['randint', (x: torch.Tensor) => x.random_(0, 10), 4.5, 8.25],
  ])('%s has its mean and variance', (_, draw, mean, variance) => {
    for (const dtype of ['float32', 'float64', 'float16'] as const) {
      const n = 6000;
      const values = numbers(draw(torch.empty([n], { device, dtype })));
      const found = values.reduce((a, v) => a + v, 0) / n;
      expect(Math.abs(found - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
      const spread = values.reduce((a, v) => a + (v - found) ** 2, 0) / n;
      expect(Math.abs(spread / variance - 1)).toBeLessThan(0.2);
    }
  });

  test('cauchy has its quartiles', () => {
    const values = numbers(torch.empty([4000], { device }).cauchy_(1, 2)).sort((a, b) => a - b);
    [-1, 1, 3].forEach((quartile, i) => {
      expect(Math.abs(values[1000 * (i + 1)]! - quartile)).toBeLessThan(0.3);
    });
  });

  test('dropout keeps a part, scaled, and its gradient is the mask', () => {
    for (const n of [4096, 4094, 4095]) {
      const x = torch.ones([n], { device, requiresGrad: true });
      const y = torch.dropout(x, 0.25);
      const kept = numbers(y).filter((v) => v !== 0);
      kept.forEach((v) => expect(v).toBeCloseTo(4 / 3, 5));
      expect(Math.abs(kept.length / n - 0.75)).toBeLessThan(0.05);
      y.backward(torch.ones([n], { device }));
      expect(numbers(x.grad!)).toEqual(numbers(y.detach()));
    }
    expect(numbers(torch.dropout(torch.ones([5], { device }), 1))).toEqual([0, 0, 0, 0, 0]);
  });

  test('chances are checked', () => {
    expect(() => torch.bernoulli(torch.tensor([0.5, 1.5, -1]).to(device))).toThrow(
      'bernoulli: expected p to be in [0, 1], but got 1.5',
    );
    const chances = torch.tensor([0, 1, 0, 1, 1]).to(device);
    expect(numbers(torch.bernoulli(chances.to('float32')))).toEqual([0, 1, 0, 1, 1]);
  });
});
