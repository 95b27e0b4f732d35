// The link that measured all-reduces show, and what the model makes of it: the same all-reduces, and a step of data-parallel
// training. Used by measure.ts, scaling.ts and test/scaling.test.ts, which compares that with what was measured.
import { allReduceBytes, type Link } from './network.ts';
import { dataParallel, type Step } from './step.ts';

export interface Sample {
  readonly bytes: number;
  readonly seconds: number;
}
/** measured.json. */
export interface Measured {
  readonly date: string;
  readonly machine: string;
  readonly cores: number;
  /** By number of processes, each with one thread. */
  readonly runs: readonly {
    readonly processes: number;
    readonly allReduce: readonly Sample[];
    /** Bytes of the perceptron's parameters. */
    readonly tensors: readonly number[];
    /** A step of as many processes, each by itself; `seconds` until all are through. */
    readonly alone: {
      readonly seconds: number;
      readonly forward: number;
      readonly backward: number;
      readonly optimizer: number;
    };
    /** Seconds of the step by DistributedDataParallel. */
    readonly parallel: number;
  }[];
}
export type Run = Measured['runs'][number];

/** Latency and bandwidth of a ring by which the samples are met best, with equal weight for equal relative errors. */
export function fitRing(processes: number, samples: readonly Sample[]): Link {
  let [s, sx, sxx, sy, sxy] = [0, 0, 0, 0, 0];
  for (const { bytes, seconds } of samples) {
    const x = allReduceBytes(processes, bytes) / seconds;
    const one = 1 / seconds;
    s += one * one;
    sx += one * x;
    sxx += x * x;
    sy += one;
    sxy += x;
  }
  const determinant = s * sxx - sx * sx;
  const latency = (sxx * sy - sx * sxy) / determinant / (2 * (processes - 1));
  return { latency, bandwidth: determinant / (s * sxy - sx * sy) };
}

/**
 * Seconds of the data-parallel step by the model. Where messages go through memory, the processors carry them, and nothing of it is
 * hidden behind backward: the step alone, and what all buckets take.
 */
export function predictStep({ processes, tensors, alone }: Run, link: Link): number {
  const step: Step = { units: tensors.map((bytes) => ({ tensors: [bytes], forward: 0, backward: 0 })), optimizer: 0 };
  return alone.seconds + dataParallel(step, processes, 'ring', link).seconds;
}
