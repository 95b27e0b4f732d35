// Samplers, splits, sets made of sets, and batches of nested samples, against PyTorch's own for the same seeds.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { data } = torch.utils;
const oracle = JSON.parse(readFileSync(new URL('./oracle/samplers.json', import.meta.url), 'utf8')) as {
  samplers: Record<string, unknown>;
  splits: [sizes: number[], n: number, seeded: number[][], generated: number[][]][];
  shared: [
    n: number,
    replicas: number,
    shuffle: boolean,
    seed: number,
    drop: boolean,
    epoch: number,
    ranks: number[][],
  ][];
};
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('samplers draw what PyTorch draws', () => {
  const cases: Record<string, () => unknown> = {
    replacement: () => [...new data.RandomSampler(range(10), { replacement: true })],
    'replacement 70': () => [...new data.RandomSampler(range(10), { replacement: true, numSamples: 70 })],
    'replacement 64': () => [...new data.RandomSampler(range(10), true, 64), ...(torch.rand(2).tolist() as number[])],
    'several times': () => [...new data.RandomSampler(range(5), { numSamples: 13 })],
    fewer: () => [...new data.RandomSampler(range(9), { numSamples: 4 })],
    'one generator': () => {
      const generator = new torch.Generator().manualSeed(5);
      return [
        [...new data.RandomSampler(range(6), { generator })],
        [...new data.RandomSampler(range(6), { generator })],
        [...new data.RandomSampler(range(6), { replacement: true, numSamples: 40, generator })],
        [...new data.SubsetRandomSampler([3, 1, 4, 1, 5], { generator })],
        [...new data.WeightedRandomSampler([1, 2, 3, 4], 6, { generator })],
        [...new data.WeightedRandomSampler([1, 2, 3, 4], 3, false, generator)],
      ];
    },
    subset: () => [...new data.SubsetRandomSampler([9, 8, 7, 6, 5, 4])],
    batches: () => [
      ...new data.BatchSampler(new data.RandomSampler(range(7)), 3, false),
      ...new data.BatchSampler(new data.RandomSampler(range(7)), 3, true),
    ],
    weighted: () => [
      ...new data.WeightedRandomSampler(torch.tensor([0.5, 0, 2]), 9, {
        generator: new torch.Generator().manualSeed(1),
      }),
    ],
  };
  expect(Object.keys(cases)).toEqual(Object.keys(oracle.samplers));
  for (const [name, draw] of Object.entries(cases)) {
    torch.manualSeed(7);
    expect(draw(), name).toEqual(oracle.samplers[name]);
  }
});

test('a distributed sampler gives each process the share that it has in PyTorch', () => {
  for (const [n, numReplicas, shuffle, seed, dropLast, epoch, ranks] of oracle.shared) {
    ranks.forEach((wanted, rank) => {
      const sampler = new data.DistributedSampler(range(n), { numReplicas, rank, shuffle, seed, dropLast });
      sampler.setEpoch(epoch);
      expect([...sampler], `${n} samples, rank ${rank} of ${numReplicas}`).toEqual(wanted);
      expect(sampler.length).toBe(wanted.length);
      const loader = new data.DataLoader(range(n), { sampler, batchSize: n });
      expect([...loader].flatMap((x) => x.tolist())).toEqual(wanted);
    });
  }
  const refused = (...args: [number, number]) => new data.DistributedSampler(range(4), ...args);
  expect(() => refused(2, 2)).toThrow('DistributedSampler: Invalid rank 2, rank should be in the interval [0, 1]');
  expect(() => refused(0, 0)).toThrow('DistributedSampler: expected at least one replica, not numReplicas=0');
  expect(() => refused(2, 0.5)).toThrow('Invalid rank 0.5');
});

test('splits by sizes and by fractions are those of PyTorch', () => {
  for (const [sizes, n, seeded, generated] of oracle.splits) {
    const list = (parts: readonly torch.utils.data.Subset<number>[]) =>
      parts.map((p) => range(p.length).map((i) => p.get(i)));
    torch.manualSeed(7);
    expect(list(data.randomSplit(range(n), sizes))).toEqual(seeded);
    expect(list(data.randomSplit(range(n), sizes, { generator: new torch.Generator().manualSeed(3) }))).toEqual(
      generated,
    );
  }
  expect(() => data.randomSplit(range(10), [3, 6])).toThrow('randomSplit: Sum of input lengths does not equal');
  expect(() => data.randomSplit(range(10), [0.7, 0.4])).toThrow(RangeError);
  expect(() => data.randomSplit(range(10), [1.5, -0.5])).toThrow(/Fraction at index 0 is not between 0 and 1/);
});

test('needed arguments of samplers come by name, too', () => {
  torch.manualSeed(0);
  const drawn = [...new data.WeightedRandomSampler([1, 2, 3], 4, true)];
  torch.manualSeed(0);
  expect([...new data.WeightedRandomSampler([1, 2, 3], { numSamples: 4, replacement: true })]).toEqual(drawn);
  const batches = [[0, 1]];
  const sampler = new data.SequentialSampler([1, 2, 3]);
  expect([...new data.BatchSampler(sampler, { batchSize: 2, dropLast: true })]).toEqual(batches);
  expect([...new data.BatchSampler(sampler, 2, { dropLast: true })]).toEqual(batches);
  expect(() => new data.WeightedRandomSampler([1], {} as never)).toThrow(/num_samples should be a positive integer/);
});

test('what samplers refuse', () => {
  const message = 'num_samples should be a positive integer value, but got num_samples=0';
  expect(() => new data.RandomSampler([])).toThrow(`RandomSampler: ${message}`);
  expect(() => new data.RandomSampler([1], { numSamples: 0 })).toThrow(RangeError);
  expect(() => new data.RandomSampler([1], 1 as never)).toThrow(/replacement should be a boolean value/);
  expect(() => new data.DataLoader([], { shuffle: true })).toThrow(`DataLoader: ${message}`);
  expect([...new data.DataLoader([])]).toEqual([]);
  expect(() => new data.DataLoader([1], { batchSize: 0 })).toThrow(
    /^DataLoader: batch_size should be a positive integer/,
  );
  expect(() => new data.DataLoader([1], { sampler: 5 as never })).toThrow(
    'expected an iterable of indices for sampler',
  );
  expect(() => new data.BatchSampler(null as never, 2, false)).toThrow('BatchSampler: expected an iterable of indices');
  const extended = new (class extends data.Sampler {
    override *[Symbol.iterator](): IterableIterator<number> {
      yield* [2, 0];
    }
  })();
  const loader = new data.DataLoader([5, 6, 7], { batchSize: 2, sampler: extended });
  expect([...loader].map((x) => x.tolist())).toEqual([[7, 5]]);
  expect(() => loader.length).toThrow(TypeError);
  expect(new data.RandomSampler([1, 2], { numSamples: 3 }).numSamples).toBe(3);
});

describe('sets made of sets', () => {
  const rows = new data.TensorDataset(torch.arange(3));
  test('take negative indices and arrays', () => {
    const both = new data.ConcatDataset<unknown>([rows, ['a', 'b']]);
    expect(both.cumulativeSizes).toEqual([3, 5]);
    expect(both.get(-1)).toBe('b');
    expect(String(both.get(-5))).toBe('tensor(0)');
    expect(() => both.get(5)).toThrow(RangeError);
    expect(() => both.get(-6)).toThrow(RangeError);
    const last = new data.Subset(rows, [-1, 1]);
    expect(String(last.get(-2))).toBe('tensor(2)');
    expect([...new data.DataLoader(last, { batchSize: 2 })].map(([x]) => x!.tolist())).toEqual([[2, 1]]);
    expect(() => new data.Subset(rows, [3]).get(0)).toThrow(RangeError);
    expect(() => new data.Subset(['a'], [1]).get(0)).toThrow(RangeError);
  });
  test('tell their length where it is known', () => {
    class Counted extends data.IterableDataset<number> {
      readonly length = 5;
      override *[Symbol.iterator](): IterableIterator<number> {
        yield* range(5);
      }
    }
    expect(new data.ChainDataset([new Counted(), new Counted()]).length).toBe(10);
    expect(new data.DataLoader(new Counted(), { batchSize: 2 }).length).toBe(3);
    expect(new data.DataLoader(new Counted(), { batchSize: 2, dropLast: true }).length).toBe(2);
    expect(new data.DataLoader(new Counted(), { batchSize: null }).length).toBe(5);
    expect(() => new data.ConcatDataset([new Counted() as never])).toThrow(/does not support IterableDataset/);
  });
});

test('batches of nested samples', () => {
  const sample = (i: number) => ({
    image: torch.full([2], i),
    meta: [`s${i}`, i % 2 === 0, { weight: i + 0.5, ids: new Int32Array([i, i]) }] as const,
    extra: new Map([['n', i]]),
  });
  const batch = data.defaultCollate([sample(1), sample(2)]);
  expect(batch.image.tolist()).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(batch.meta[0]).toEqual(['s1', 's2']);
  expect(String(batch.meta[1])).toBe('tensor([False,  True])');
  expect(batch.meta[2].weight.dtype).toBe('float64');
  expect(batch.meta[2].ids.dtype).toBe('int32');
  expect(String(batch.extra.get('n'))).toBe('tensor([1, 2])');
  expect(() => data.defaultCollate([new Date()])).toThrow(TypeError);
  expect(() => data.defaultCollate([new Set([1])])).toThrow(TypeError);
  expect(() => data.defaultCollate([null])).toThrow(/found null/);
  expect(() => data.defaultCollate([[1, 2], [1]])).toThrow(/should be of equal size/);
  const single = new data.DataLoader([sample(3)], { batchSize: null });
  const [one] = [...(single as Iterable<ReturnType<typeof sample>>)];
  expect(one!.image.shape).toEqual([2]);
  expect(String(one!.meta[2].ids)).toBe('tensor([3, 3], dtype=torch.int32)');
  expect(one!.meta[0]).toBe('s3');
});
