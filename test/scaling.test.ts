// The simulator of bench/scaling: its formulas where the answer is known, and its model against measured points (measured.json, by
// `npm run bench:scaling -- --measure`).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MACHINES, network, NETWORKS, stepOf } from '../bench/scaling/clusters.ts';
import { fitRing, type Measured, predictStep } from '../bench/scaling/fit.ts';
import { GPTS, parametersOf, unitsOf } from '../bench/scaling/gpt.ts';
import { allReduceBytes, allReduceSeconds, gatherSeconds } from '../bench/scaling/network.ts';
import { alone, bytesOf, dataParallel, fullySharded, type Step, zero } from '../bench/scaling/step.ts';

describe('the model', () => {
  const link = { latency: 1e-3, bandwidth: 1e9 };
  test('collectives', () => {
    expect(allReduceBytes(4, 8e6)).toBe(12e6);
    expect(allReduceSeconds('ring', 4, 8e6, link)).toBeCloseTo(6e-3 + 12e-3, 12);
    expect(allReduceSeconds('tree', 8, 8e6, link)).toBeCloseTo(6e-3 + 16e-3, 12);
    expect(gatherSeconds('ring', 4, 8e6, link)).toBeCloseTo(3e-3 + 6e-3, 12);
    expect(allReduceSeconds('ring', 1, 8e6, link)).toBe(0);
  });
  test('parameters are those of the models', () => {
    expect(GPTS.map((gpt) => parametersOf(unitsOf(gpt)))).toEqual([124_439_808, 1_315_723_264]);
  });
  const step: Step = {
    units: Array.from({ length: 4 }, () => ({ tensors: [30e6], forward: 0.1, backward: 0.2 })),
    optimizer: 0.05,
  };
  test('what backward hides', () => {
    // each bucket takes 6 ms of latency and 45 ms, backward of a layer 200 ms: only the last one is waited for
    expect(dataParallel(step, 4, 'ring', link).seconds).toBeCloseTo(alone(step) + 0.051, 9);
    // the network is the slower one: all buckets after the first layer's backward
    const slow = { latency: 0, bandwidth: 1e8 };
    expect(dataParallel(step, 4, 'ring', slow).seconds).toBeCloseTo(0.4 + 0.2 + 4 * 0.45 + 0.05, 9);
    expect(zero(step, 4, 'ring', link).seconds).toBeCloseTo(alone(step) + 0.051 - 0.0375 + 0.003 + 0.09, 9);
    // first a gather of 3 and 22.5 ms, last a reduction that takes as long
    expect(fullySharded(step, 4, 'ring', link).seconds).toBeCloseTo(1.2 + 2 * 0.0255 + 0.0125, 9);
    expect(fullySharded(step, 4, 'ring', link).bytes).toBe(3 * 0.75 * 120e6);
    for (const f of [dataParallel, zero, fullySharded])
      expect(f(step, 1, 'tree', link).seconds).toBeCloseTo(alone(step), 12);
  });
  test('no machine is gained by a slower network or more machines', () => {
    for (const model of GPTS) {
      for (const machine of MACHINES) {
        const work = stepOf(model, machine);
        expect(bytesOf(work)).toBe(4 * parametersOf(unitsOf(model)));
        for (const f of [dataParallel, zero, fullySharded]) {
          const times = NETWORKS.map((at) => f(work, 64, 'ring', at).seconds);
          expect(times).toEqual(times.toSorted((a, b) => b - a));
          const more = [2, 8, 64, 1024].map((n) => dataParallel(work, n, 'ring', network(10, 50)).seconds);
          expect(more).toEqual(more.toSorted((a, b) => a - b));
        }
      }
    }
  });
});

/** Relative errors that are allowed: every second size was fitted, the others are predicted. */
const ALL_REDUCE = 0.5;
const STEP = 0.15;

describe('the model against measured points', () => {
  const measured = JSON.parse(
    readFileSync(new URL('../bench/scaling/measured.json', import.meta.url), 'utf8'),
  ) as Measured;
  test.each(measured.runs)('$processes processes', (run) => {
    const link = fitRing(
      run.processes,
      run.allReduce.filter((_, i) => i % 2 === 0),
    );
    expect(link.latency).toBeGreaterThan(0);
    expect(link.bandwidth).toBeGreaterThan(0);
    for (const { bytes, seconds } of run.allReduce.filter((_, i) => i % 2 === 1)) {
      const error = allReduceSeconds('ring', run.processes, bytes, link) / seconds - 1;
      expect(Math.abs(error), `${bytes} bytes: ${(error * 100).toFixed(0)} %`).toBeLessThan(ALL_REDUCE);
    }
    const error = predictStep(run, link) / run.parallel - 1;
    expect(Math.abs(error), `the step: ${(error * 100).toFixed(0)} %`).toBeLessThan(STEP);
  });
});
