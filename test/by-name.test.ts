// Required arguments by name, as scripts write them in Python: `nn.Conv2d(3, 16, kernel_size=3)`. Each call here gives
// what the one by position gives; what is missing, or given twice, is refused.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { nn, F } = torch;
const image = torch.arange(64, { dtype: 'float32' }).view(1, 1, 8, 8);
const x = torch.arange(12, { dtype: 'float32' }).view(3, 4);
const at = torch.tensor([[1], [0], [3]]);
const seeded = (f: () => unknown): string => {
  torch.manualSeed(1);
  return String(f());
};

test.each<[string, () => unknown, () => unknown]>([
  ['Conv2d', () => new nn.Conv2d(3, 16, 3, { padding: 1 }), () => new nn.Conv2d(3, 16, { kernelSize: 3, padding: 1 })],
  [
    'Conv1d, all of them',
    () => new nn.Conv1d(3, 6, 2),
    () => new nn.Conv1d({ inChannels: 3, outChannels: 6, kernelSize: 2 }),
  ],
  [
    'ConvTranspose2d',
    () => new nn.ConvTranspose2d(3, 4, 2, 2),
    () => new nn.ConvTranspose2d(3, 4, { kernelSize: 2, stride: 2 }),
  ],
  ['Linear', () => new nn.Linear(3, 4, false).weight, () => new nn.Linear(3, { outFeatures: 4, bias: false }).weight],
  [
    'Bilinear',
    () => new nn.Bilinear(2, 3, 4),
    () => new nn.Bilinear({ in1Features: 2, in2Features: 3, outFeatures: 4 }),
  ],
  ['MaxPool2d', () => new nn.MaxPool2d(2, 1), () => new nn.MaxPool2d({ kernelSize: 2, stride: 1 })],
  ['AvgPool2d', () => new nn.AvgPool2d(2), () => new nn.AvgPool2d({ kernelSize: 2 })],
  ['AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d(1), () => new nn.AdaptiveAvgPool2d({ outputSize: 1 })],
  ['BatchNorm2d', () => new nn.BatchNorm2d(4), () => new nn.BatchNorm2d({ numFeatures: 4 })],
  ['LayerNorm', () => new nn.LayerNorm(4, 1e-3), () => new nn.LayerNorm({ normalizedShape: 4, eps: 1e-3 })],
  ['GroupNorm', () => new nn.GroupNorm(2, 4), () => new nn.GroupNorm({ numGroups: 2, numChannels: 4 })],
  [
    'Embedding',
    () => new nn.Embedding(3, 2).weight,
    () => new nn.Embedding({ numEmbeddings: 3, embeddingDim: 2 }).weight,
  ],
  ['Unflatten', () => new nn.Unflatten(1, [2, 2]), () => new nn.Unflatten({ dim: 1, unflattenedSize: [2, 2] })],
  ['F.maxPool2d', () => F.maxPool2d(image, 2), () => F.maxPool2d(image, { kernelSize: 2 })],
  [
    'positions of F.maxPool2d',
    () => F.maxPool2d(image, 2, { returnIndices: true }).indices,
    () => F.maxPool2d(image, { kernelSize: 2, returnIndices: true }).indices,
  ],
  ['F.avgPool2d', () => F.avgPool2d(image, 2, 1), () => F.avgPool2d(image, { kernelSize: 2, stride: 1 })],
  ['topk', () => torch.topk(x, 2, 0), () => torch.topk(x, { k: 2, dim: 0 })],
  ['cumsum', () => x.cumsum(1), () => x.cumsum({ dim: 1 })],
  ['gather', () => torch.gather(x, 1, at), () => torch.gather(x, { dim: 1, index: at })],
  ['scatter', () => x.scatter(1, at, 5), () => x.scatter(1, at, { value: 5 })],
  ['scatter_ in place', () => x.clone().scatter_(1, at, x), () => x.clone().scatter_({ dim: 1, index: at, src: x })],
  [
    'indexSelect',
    () => x.indexSelect(0, torch.ones(3).long()),
    () => x.indexSelect({ dim: 0, index: torch.ones(3).long() }),
  ],
  ['unsqueeze', () => x.unsqueeze(0), () => x.unsqueeze({ dim: 0 })],
  ['split', () => x.split(2, 1), () => x.split({ splitSize: 2, dim: 1 })],
  ['chunk', () => x.chunk(2, 1), () => x.chunk({ chunks: 2, dim: 1 })],
  ['multinomial', () => torch.multinomial(x, 2), () => torch.multinomial(x, { numSamples: 2 })],
  ['uniform_', () => x.clone().uniform_(2, 3), () => x.clone().uniform_({ from: 2, to: 3 })],
  ['uniform_ to', () => x.clone().uniform_(-1, 3), () => x.clone().uniform_(-1, { to: 3 })],
  ['normal_', () => x.clone().normal_(5, 2), () => x.clone().normal_({ mean: 5, std: 2 })],
  ['normal_ std', () => x.clone().normal_(5, 2), () => x.clone().normal_(5, { std: 2 })],
  ['random_', () => x.clone().random_(2, 9), () => x.clone().random_({ from: 2, to: 9 })],
  ['exponential_', () => x.clone().exponential_(2), () => x.clone().exponential_({ lambd: 2 })],
  ['init.constant_', () => nn.init.constant_(x.clone(), 3), () => nn.init.constant_(x.clone(), { val: 3 })],
  ['init.sparse_', () => nn.init.sparse_(x.clone(), 0.5), () => nn.init.sparse_(x.clone(), { sparsity: 0.5 })],
  ["NumPy's names", () => x.sum({ dim: 1, keepdim: true }), () => x.sum({ axis: 1, keepdims: true })],
  ["NumPy's names of a choice", () => x.max(1).values, () => x.max({ axis: 1 }).values],
])('%s', (_name, position, name) => {
  expect(seeded(name)).toBe(seeded(position));
});

describe('what is missing or given twice', () => {
  test('is refused with its name', () => {
    const Linear = nn.Linear as new (...args: unknown[]) => torch.nn.Linear;
    expect(() => new Linear(3)).toThrow(/Linear: expected a whole number for outFeatures but received undefined/);
    expect(() => new Linear(3, 4, { outFeatures: 4 })).toThrow(/'outFeatures' was given by position and by name/);
    expect(() => x.sum({ axis: 1, dim: 1 })).toThrow(/sum: '(dim|axis)' and 'dim' are the same option/);
    const MaxPool2d = nn.MaxPool2d as new (...args: unknown[]) => torch.nn.MaxPool2d;
    expect(() => new MaxPool2d()).toThrow('MaxPool2d: missing kernelSize');
  });
});
