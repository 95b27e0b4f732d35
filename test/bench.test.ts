// The benchmarks keep whole: every workload has its PyTorch twin and runs a step, every curve has one, and the pictures of
// the curves say what they should.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { perCycle } from '../bench/curves/limits.ts';
import { allSeries, curveRow } from '../bench/curves/series.ts';
import { countLabel, drawChart, type Panel, timeLabel } from '../bench/curves/svg.ts';
import type { Row } from '../bench/row.ts';
import { rows } from '../bench/workloads/index.ts';

const folder = new URL('../bench/workloads/', import.meta.url);
const read = (url: URL): string => readFileSync(url, 'utf8');
const files = readdirSync(folder)
  .filter((f) => f.endsWith('.ts') && f !== 'index.ts' && f !== 'startup.ts')
  .map((f) => f.slice(0, -3));
/** These compute for long; the small ones of their files stand for them. */
const LONG = /^gemm-(2048|4096)$|^op-(sort|cumsum|lgamma)$|^resnet/;

describe('workloads', () => {
  test.each(files)('%s: each row has its twin', async (file) => {
    const own = ((await import(`../bench/workloads/${file}.ts`)) as { rows: readonly Row[] }).rows;
    const twin = read(new URL(`${file}.py`, folder));
    const names = own.map((r) => r.name);
    expect(rows.map((r) => r.name)).toEqual(expect.arrayContaining(names));
    // convs.py makes the names of all directions from one of the shape
    for (const name of names) expect(twin).toContain(`"${name.replace(/^conv-(.*)-\w+$/, '$1')}"`);
    for (const [, key] of twin.matchAll(/["{ ]"([\w-]+)":/g))
      if (file !== 'convs') expect([...names, 'params', 'weight_decay']).toContain(key);
  });

  test('names are used once', () => {
    expect(new Set(rows.map((r) => r.name)).size).toBe(rows.length);
  });

  test.each(rows.filter((r) => !LONG.test(r.name)).map((r) => [r.name, r] as const))('%s runs', (_, row) => {
    row.build()(1);
  });
});

describe('curves', () => {
  test('each has its twin, and its first point runs', () => {
    const twin = read(new URL('../curves/series.py', folder));
    for (const { picture, name, xs, work } of allSeries(4)) {
      expect(twin).toContain(`"${picture}/${name}": `);
      for (const x of xs) if (work) expect(Math.max(...Object.values(work(x)))).toBeGreaterThan(0);
      if (picture !== 'threads') curveRow(`${picture}/${name}/${xs[0]}`)!.build()(1);
    }
    expect(curveRow('size/none/1')).toBeUndefined();
  });

  test('threads up to the cores', () => {
    const xs = (cores: number) => allSeries(cores).find((s) => s.picture === 'threads')!.xs;
    expect([xs(1), xs(2), xs(6)]).toEqual([[1], [1, 2], [1, 2, 4, 6]]);
  });

  test('operations a cycle', () => {
    expect(perCycle('vendor_id : GenuineIntel\ncpu family : 6\nflags : avx2 avx512f', 'x64')).toBe(64);
    expect(perCycle('vendor_id : AuthenticAMD\ncpu family : 25\nflags : avx2 avx512f', 'x64')).toBe(32);
    expect(perCycle('vendor_id : AuthenticAMD\ncpu family : 26\nflags : avx2 avx512f', 'x64')).toBe(64);
    expect(perCycle('', 'arm64')).toBe(32);
  });
});

describe('pictures', () => {
  const panel = (points: [number, number][]): Panel => ({
    title: 'a < b',
    xLabel: 'elements',
    curves: [
      { label: 'ours', color: '#123456', points },
      { label: 'limit', color: '#654321', dashed: true, points },
    ],
  });

  test('decades and units on the axes, a point a mark, on logarithmic axes', () => {
    const svg = drawChart(
      'times & sizes',
      [
        panel([
          [1, 1e-4],
          [1024, 1e-2],
          [2 ** 20, 1],
        ]),
      ],
      2,
    );
    expect(svg).toContain('<title>times &amp; sizes</title>');
    expect(svg).toContain('a &lt; b');
    for (const label of ['100 ns', '1 µs', '100 µs', '1 ms', '1 K', '1 M', 'ours', 'limit', 'elements'])
      expect(svg).toContain(`>${label}</text>`);
    const [line, dashed] = [...svg.matchAll(/<polyline points="([^"]*)"[^>]*>/g)];
    const points = line![1]!.split(' ').map((p) => p.split(',').map(Number) as [number, number]);
    const [first, middle, last] = points as [[number, number], [number, number], [number, number]];
    expect(middle[0] - first[0]).toBeCloseTo(last[0] - middle[0], 0);
    expect(first[1] - middle[1]).toBeCloseTo(middle[1] - last[1], 0);
    expect(last[1]).toBeLessThan(first[1]);
    expect(dashed![0]).toContain('stroke-dasharray');
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('a single point, and panels side by side', () => {
    const svg = drawChart('one', [panel([[4, 2]]), panel([[8, 3]]), panel([])], 2);
    expect(svg).toContain('viewBox="0 0 680 278"');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('refuses what has no place on the axes', () => {
    expect(() => drawChart('none', [panel([])], 1)).toThrow(/^drawChart: 'none' has no point to draw/);
    expect(() => drawChart('zero', [panel([[0, 1]])], 1)).toThrow(/needs numbers above 0 but received \(0, 1\)/);
  });

  test('labels', () => {
    expect([1e-6, 1e-3, 1, 1000].map(timeLabel)).toEqual(['1 ns', '1 µs', '1 ms', '1 s']);
    expect([1, 1000, 1024, 2 ** 26].map(countLabel)).toEqual(['1', '1000', '1 K', '64 M']);
  });
});
