// DataLoader with worker threads: order and seeds as PyTorch's, errors, waiting with and without the event loop, and what
// is left behind. Samplers and datasets that came with it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as torch from 'flambeau';
import { Count, Noise } from './loader/noise.ts';

const { data } = torch.utils;
const oracle = JSON.parse(readFileSync(new URL('./oracle/data.json', import.meta.url), 'utf8')) as {
  noise: Record<string, number[][][]>;
  weighted: Record<string, number[]>;
};
const workerModule = new URL('./loader/noise.ts', import.meta.url);
type Batches = Iterable<torch.Tensor>;
const listed = (x: torch.Tensor): number[] => x.flatten().tolist() as number[];
const later = async (loader: AsyncIterable<torch.Tensor>): Promise<number[][]> => {
  const out: number[][] = [];
  for await (const x of loader) out.push(listed(x));
  return out;
};
const near = (got: number[][], wanted: number[][]): void => {
  expect(got.map((r) => r.length)).toEqual(wanted.map((r) => r.length));
  for (const [i, v] of got.flat().entries()) expect(v).toBeCloseTo(wanted.flat()[i]!, 6);
};
const noise = (options: torch.utils.data.DataLoaderOptions<torch.Tensor, torch.Tensor>) => {
  torch.manualSeed(3);
  return new data.DataLoader<torch.Tensor, torch.Tensor>(new Noise(), { batchSize: 2, workerModule, ...options });
};

const script = (name: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL(`./loader/${name}.ts`, import.meta.url));
    execFile(process.execPath, ['--import', 'tsx', file], (error, out, err) =>
      error ? reject(error) : resolve(out + err),
    );
  });

describe('workers', { timeout: 240_000 }, () => {
  test('draw what those of PyTorch draw, in its order, sync and async', async () => {
    const shuffled = { shuffle: true } as const;
    const cases = {
      '0': {},
      'shuffled 0': shuffled,
      'shuffled 1': { ...shuffled, numWorkers: 1 },
      'shuffled 2': { ...shuffled, numWorkers: 2 },
      'persistent 2': { ...shuffled, numWorkers: 2, persistentWorkers: true },
      'generator 2': { ...shuffled, numWorkers: 2, generator: new torch.Generator().manualSeed(11) },
    };
    for (const [name, options] of Object.entries(cases)) {
      const loader = noise(options);
      for (const [i, epoch] of oracle.noise[name]!.entries()) {
        const got = i === 1 ? await later(loader) : [...(loader as Batches)].map(listed);
        near(got, epoch);
      }
    }
  });

  test('hand over large tensors in memory that is theirs no more, and share the dataset', () => {
    const x = torch.arange(60_000).view(10, 6000);
    const set = new data.Subset(new data.TensorDataset(x, torch.arange(10)), [9, 8, 7, 6, 5, 4, 3]);
    const loader = new data.DataLoader(set, { batchSize: 3, numWorkers: 2, dropLast: true });
    for (let epoch = 0; epoch < 2; epoch++) {
      const got = [...loader];
      expect(got.map(([, y]) => y!.tolist())).toEqual([
        [9, 8, 7],
        [6, 5, 4],
      ]);
      expect(
        got[1]![0]!
          .sub(x.slice(0, 4, 7).flip(0))
          .abs()
          .sum()
          .item(),
      ).toBe(0);
      got[0]![0]!.add_(1);
    }
    expect(x.index(9, 0).item()).toBe(54_000);
  });

  test('give an iterable set, of which each has its share', async () => {
    const options = { batchSize: 2, numWorkers: 2, workerModule: new URL('./loader/count.ts', import.meta.url) };
    const loader = new data.DataLoader<number, torch.Tensor>(new Count(), options);
    const wanted = [[0, 2], [1, 3], [4, 6], [5]];
    expect([...(loader as Batches)].map(listed)).toEqual(wanted);
    expect(await later(loader)).toEqual(wanted);
    const plain = new data.DataLoader<number, torch.Tensor>(new Count(), { batchSize: 4 });
    expect(await later(plain)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test('call what their module exports; a collateFn that is a function is called here', () => {
    const named = new data.DataLoader<torch.Tensor, [number, torch.Tensor]>(new Noise(), {
      batchSize: 4,
      numWorkers: 2,
      workerModule,
      workerInitFn: 'init',
      collateFn: 'withId',
    });
    expect([...named].map(([id, x]) => [id, x.shape[0]])).toEqual([
      [0, 4],
      [1, 3],
    ]);
    let calls = 0;
    const here = noise({
      numWorkers: 1,
      collateFn: (batch) => {
        calls++;
        return torch.cat(batch);
      },
    });
    expect([...(here as Batches)].length).toBe(4);
    expect(calls).toBe(4);
    expect([...(noise({ batchSize: null, numWorkers: 1 }) as Batches)].map((x) => Math.floor(x.item()))).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
  });

  test('errors come with the stack of the worker, and end it', async () => {
    const bad = noise({ numWorkers: 2, sampler: [0, 1, 99, 3] });
    const run = (): unknown => [...(bad as Batches)];
    expect(run).toThrow(RangeError);
    expect(run).toThrow('DataLoader: caught RangeError in worker 1: Noise: no such number');
    await expect(later(bad)).rejects.toThrow(/in worker 1/);
    try {
      run();
    } catch (error) {
      expect((error as Error).stack).toMatch(/in worker 1:\nRangeError: Noise.*\n.*noise\.ts/);
    }
    const missing = noise({ numWorkers: 1, workerModule: new URL('./loader/none.ts', import.meta.url) });
    expect(() => [...(missing as Batches)]).toThrow(/DataLoader: caught Error in worker 0: Cannot find module/);
  });

  test('are gone after a break, and what was under way with them', async () => {
    const x = torch.ones(64, 100_000);
    const loader = new data.DataLoader(new data.TensorDataset(x), { batchSize: 8, numWorkers: 2 });
    for (let i = 0; i < 3; i++) for (const _ of loader) break;
    for await (const _ of loader) break;
    let reserved = 0;
    for (let i = 0; i < 100; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      torch.emptyCache();
      reserved = torch.memoryStats().reserved;
      if (reserved < 2 * x.nbytes) break;
    }
    expect(reserved).toBeLessThan(2 * x.nbytes);
  });

  test('a worker that stops is an error, one that is late too', async () => {
    const module = (name: string): URL => new URL(`./loader/${name}.ts`, import.meta.url);
    const stops = noise({ numWorkers: 1, workerModule: module('exits') });
    expect(() => [...(stops as Batches)]).toThrow(/DataLoader: worker 0 ended unexpectedly/);
    await expect(later(stops)).rejects.toThrow(/DataLoader: worker 0 ended unexpectedly/);
    const fails = noise({ numWorkers: 1, workerModule: module('fails') });
    const blue = 'DataLoader: worker 0 ended unexpectedly: RangeError: out of the blue';
    expect(() => [...(fails as Batches)]).toThrow(blue);
    await expect(later(fails)).rejects.toThrow('DataLoader: worker 0 ended unexpectedly');
    const nested = noise({ numWorkers: 1, workerModule: module('nested') });
    expect(() => [...(nested as Batches)]).toThrow(/caught Error in worker 0: a worker cannot have workers/);
    const late = noise({ numWorkers: 1, timeout: 0.3, workerModule: module('waits') });
    expect(() => [...(late as Batches)]).toThrow('DataLoader: timed out after 0.3 seconds');
    await expect(later(late)).rejects.toThrow('DataLoader: timed out after 0.3 seconds');
  });
});

test('a script that awaits a worker that stops is told so, rather than ended', { timeout: 120_000 }, async () => {
  expect(await script('awaits')).toBe('DataLoader: worker 0 ended unexpectedly: exited with code 3\n');
});

test('a worker that fails as it loads the library says why, sync and async', { timeout: 120_000 }, async () => {
  const lines = (await script('broken')).trim().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^DataLoader: worker 0 ended unexpectedly: Error: .*none\.json/);
});

test('workers read datasets in TypeScript under tsx, also from the published library', {
  timeout: 120_000,
}, async () => {
  const epoch = ['[ [ 0 ] ]', '[ [ 1 ] ]', '[ [ 4 ] ]', '[ [ 9 ] ]'];
  expect((await script('published')).trim().split('\n')).toEqual([...epoch, ...epoch]);
});

test('what cannot be sent to workers is refused with the remedy', () => {
  class Mine extends data.Dataset<number> {
    readonly length = 2;
    override get(index: number): number {
      return index;
    }
  }
  const run =
    (options: object, set: torch.utils.data.Dataset<unknown> = new Mine()) =>
    () => [...new data.DataLoader(set, options as object)];
  expect(run({ numWorkers: 1 })).toThrow(/a Mine cannot be sent between threads: name a module .* in workerModule/);
  expect(run({ numWorkers: 1, workerInitFn: () => {} })).toThrow(/a function cannot be sent to workers: export it/);
  expect(run({ numWorkers: 1, collateFn: 'f' })).toThrow(/collateFn/);
  expect(run({ numWorkers: -1 })).toThrow(RangeError);
  expect(run({ timeout: -1 })).toThrow(/timeout option should be non-negative/);
  expect(run({ prefetchFactor: 2 })).toThrow(/prefetch_factor/);
  expect(run({ persistentWorkers: true })).toThrow('persistent_workers option needs num_workers > 0');
  expect(run({ multiprocessingContext: 'fork' })).toThrow(/multiprocessing_context/);
});

test('samples may be promises for those who wait', async () => {
  class Slow extends data.Dataset<Promise<number>> {
    readonly length = 3;
    override async get(index: number): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, 3 - index));
      return index;
    }
  }
  const loader = new data.DataLoader(new Slow(), { batchSize: 2 });
  const got: unknown[] = [];
  for await (const x of loader) got.push(x.tolist());
  expect(got).toEqual([[0, 1], [2]]);
  expect(() => [...loader]).toThrow(/for await/);
});

test('weighted sampling, stacks and chains', () => {
  const weights = [0.1, 0.9, 0.4, 0.7, 3, 0.6];
  torch.manualSeed(5);
  expect([...new data.WeightedRandomSampler(weights, 5)]).toEqual(oracle.weighted.with);
  torch.manualSeed(5);
  expect([...new data.WeightedRandomSampler(weights, 5, false)]).toEqual(oracle.weighted.without);
  expect(() => new data.WeightedRandomSampler(weights, 0)).toThrow(RangeError);
  expect(() => new data.WeightedRandomSampler(torch.ones(2, 2), 1)).toThrow(torch.ShapeError);
  const pair = new data.StackDataset(new data.TensorDataset(torch.arange(3)), ['a', 'b', 'c']);
  expect(pair.length).toBe(3);
  expect(pair.get(-1)[1]).toBe('c');
  expect(() => new data.StackDataset([1], [1, 2])).toThrow(RangeError);
  expect(() => new data.StackDataset()).toThrow(TypeError);
  const chain = new data.ChainDataset([new Count(), new Count()]);
  expect([...new data.DataLoader(chain, { batchSize: 10 })].map((x) => x.tolist())).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 0, 1, 2],
    [3, 4, 5, 6],
  ]);
  expect(data.getWorkerInfo()).toBeNull();
});
