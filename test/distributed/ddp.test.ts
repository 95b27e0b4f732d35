// DistributedDataParallel and ZeroRedundancyOptimizer in several processes: against PyTorch's own in two, and against one
// process with the whole batch.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { launch } from './launch.ts';

/** What each rank of a script found. */
async function found<T>(script: string, processes: number, timeout = 240): Promise<T[]> {
  const { code, ranks, output } = await launch(`test/distributed/${script}`, { processes, timeout });
  expect(code, output).toBe(0);
  return ranks.map((text) => JSON.parse(/^found (.*)$/m.exec(text)![1]!) as T);
}
const numbersIn = (x: unknown): number[] => (Array.isArray(x) ? x.flatMap(numbersIn) : [Number(x)]);
function expectClose(given: unknown, wanted: unknown, tolerance: number, what: string): void {
  const [a, b] = [numbersIn(given), numbersIn(wanted)];
  expect(a.length, what).toBe(b.length);
  const worst = a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
  expect(worst, what).toBeLessThan(tolerance);
}

type Result = { losses: number[]; state: Record<string, unknown> };
test('two processes do what two of PyTorch do', { timeout: 250_000 }, async () => {
  const oracle = JSON.parse(readFileSync(new URL('../oracle/ddp.json', import.meta.url), 'utf8')) as Record<
    string,
    Result[]
  >;
  const ranks = await found<Record<string, Result>>('ddp-cases.ts', 2);
  ranks.forEach((results, rank) => {
    expect(Object.keys(results)).toEqual(Object.keys(oracle));
    for (const [name, { losses, state }] of Object.entries(results)) {
      const wanted = oracle[name]![rank]!;
      // float16 rounds to the neighbour on the way, and Adam makes much of gradients that are rounding errors
      const tolerance = name === 'fp16' ? 2e-4 : name === 'zero' ? 2e-5 : 5e-6;
      expectClose(losses, wanted.losses, tolerance, `${name}: losses of rank ${rank}`);
      expect(Object.keys(state)).toEqual(Object.keys(wanted.state));
      for (const [key, value] of Object.entries(state))
        expectClose(value, wanted.state[key], tolerance, `${name}: ${key} of rank ${rank}`);
    }
  });
});

test.each([2, 4])('what is promised holds in %i processes', { timeout: 250_000 }, async (processes) => {
  const { code, ranks, output } = await launch('test/distributed/ddp-rules.ts', { processes, timeout: 240 });
  expect(code, output).toBe(0);
  for (const text of ranks) {
    const count = Number(/^done (\d+)$/m.exec(text)![1]);
    expect(text.match(/^ok /gm)!.length).toBe(count);
  }
});

type Curves = Record<string, { one: number[]; ddp: Trained; zero: Trained }>;
type Trained = { losses: number[]; state: number };
describe('four processes', () => {
  test('follow the curve of one with the same global batch, and ZeRO keeps a quarter', {
    timeout: 250_000,
  }, async () => {
    const ranks = await found<Curves>('ddp-curves.ts', 4);
    for (const [name, { one, ddp, zero }] of Object.entries(ranks[0]!)) {
      expect(one.length).toBe(50);
      expect(one[49]!, name).toBeLessThan(one[0]! * 0.93);
      for (const [way, { losses }] of [
        ['DDP', ddp],
        ['ZeRO', zero],
      ] as const)
        expectClose(losses, one, 1e-5, `${way} of ${name}`);
      const states = ranks.map((rank) => rank[name]!.zero.state);
      const whole = states.reduce((a, b) => a + b);
      expect(whole, `${name}: state of all`).toBe(ddp.state);
      // no parameter is cut, and the net's largest is half of it
      expect(Math.max(...states) / whole, `${name}: largest share`).toBeLessThan(name === 'gpt' ? 0.3 : 0.7);
    }
  });
});
