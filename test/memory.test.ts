// Memory, each measurement in a process of its own: loops that never await stay flat, running out is an error that the
// script survives, and dispose, using and tidy free at once. FLAMBEAU_LONG=1 runs the loop of steps at full length.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { measure, measureSources } from './memory/child.ts';

const LONG = process.env.FLAMBEAU_LONG === '1';
/** From the middle of the loop to its end memory must not grow; at one of the two moments a nursery (64 MB) may be full. */
const flat = (figures: unknown): void => {
  const list = figures as number[];
  expect(list.at(-1)! - list[Math.floor(list.length / 2)]!).toBeLessThan(100);
};

describe('synchronous loops', () => {
  test('steps of 50 tensors of 1 MB, graph included, stay under 500 MB', { timeout: 900_000 }, async () => {
    const out = await measure('steps.ts', [LONG ? '10000' : '300']);
    expect(out.peakRss).toBeLessThan(500);
    expect(out.liveAfter - out.liveBefore).toBeLessThan(3);
    flat(out.middle);
  });

  test('the same where V8 gives no gc function', { timeout: 120_000 }, async () => {
    const out = await measure('steps.ts', ['100'], { FLAMBEAU_GC: 'none' });
    expect(out.peakRss).toBeLessThan(500);
    expect(out.collections.minor).toBe(0);
    expect(out.collections.full).toBeGreaterThan(0);
    expect(out.liveAfter - out.liveBefore).toBeLessThan(3);
  });

  test('a million tiny operations', { timeout: 120_000 }, async () => {
    const out = await measure('tiny.ts', ['1000000']);
    expect(out.value).toEqual([1e6, 1e6, 1e6, 1e6]);
    expect(out.peakRss).toBeLessThan(300);
    expect(out.liveAfter - out.liveBefore).toBeLessThan(1);
    flat(out.middle);
  });

  test('four workers at once, terminated in the middle', { timeout: 120_000 }, async () => {
    const out = await measureSources('workers.ts');
    expect(out.peakRss).toBeLessThan(2000);
    expect(out.before).toBeGreaterThan(100);
    // a worker that ends trims the pool to 64 MB of free blocks
    expect(out.cachedAtEnd).toBeLessThan(80);
    expect(out.reservedAtEnd).toBeLessThan(120);
    expect(out.gradient).toBe(4);
  });
});

test('running out of memory is an error with figures, and the script goes on', { timeout: 120_000 }, async () => {
  const out = await measure('oom.ts', [], { FLAMBEAU_MEMORY_LIMIT: String(256 * 2 ** 20) });
  const caught = out.caught as string[];
  expect(caught).toHaveLength(4);
  for (const message of caught.slice(0, 3)) {
    expect(message).toMatch(
      /^[56]\d tensors: zeros: tried to allocate 4\.00 MiB; \d+\.\d\d MiB are in use by \d+ storages .* the limit is 256\.00 MiB$/,
    );
  }
  expect(caught[3]).toMatch(/^OutOfMemoryError: zeros: tried to allocate 4096\.00 GiB/);
  expect(out.sum).toBe(1024 * 1024);
  expect(out.peakRss).toBeLessThan(256 + 200);
});

describe('freeing at once', () => {
  const live = (): number => torch.memoryStats().live;

  test('dispose', () => {
    const before = live();
    const x = torch.ones(1024, 1024);
    const view = x.index(0);
    expect(live() - before).toBe(2 ** 22);
    x.dispose();
    expect(live()).toBe(before);
    x.dispose();
    for (const use of [
      () => x.add(1),
      () => view.sum(),
      () => x.item(),
      () => x.tolist(),
      () => x.clone(),
      () => x.add_(1),
    ])
      expect(use).toThrow(TypeError);
  });

  test('using', () => {
    const before = live();
    const sum = (() => {
      using x = torch.ones(1024, 1024);
      using y = x.add(1);
      return y.sum().item();
    })();
    expect(sum).toBe(2 ** 21);
    expect(live() - before).toBeLessThan(2 ** 20);
  });

  test('tidy', () => {
    const outside = torch.ones(1024, 1024);
    torch.emptyCache(); // what other tests left must not go while memory is counted
    const before = live();
    const kept = torch.tidy(() => {
      const a = outside.mul(2);
      const b = a.add(1);
      return { b, list: [b.mul(3)] };
    });
    expect(live() - before).toBe(2 * 2 ** 22);
    expect(kept.list[0]!.sum().item()).toBe(9 * 2 ** 20);
    expect(kept.b.sum().item()).toBe(3 * 2 ** 20);
    expect(outside.nbytes).toBe(2 ** 22); // alive till here: a collection in between would count
    expect(() => torch.tidy(async () => torch.ones(1))).toThrow(/^tidy: expected a function that is not async/);
  });

  test('tidy keeps the gradients of leaves', () => {
    const w = torch.ones(1024, 1024, { requiresGrad: true });
    torch.tidy(() => {
      w.mul(w).sum().backward();
    });
    expect(w.grad!.sum().item()).toBe(2 * 2 ** 20);
  });

  test('memoryStats and emptyCache', () => {
    const stats = torch.memoryStats();
    expect(stats.peak).toBeGreaterThanOrEqual(stats.live);
    expect(stats.reserved).toBeLessThanOrEqual(stats.limit);
    torch.emptyCache();
    expect(torch.memoryStats().cached).toBeLessThan(16 * 2 ** 20);
  });
});
