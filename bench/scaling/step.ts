// How long a training step takes on several machines, and what it sends: data parallel with buckets that are reduced during
// backward, with the optimizer's state shared out (ZeRO), and fully sharded. Used by scaling.ts and its test.
import { allReduceBytes, allReduceSeconds, type Algorithm, gatherBytes, gatherSeconds, type Link } from './network.ts';

/** What a step works through one after the other: the bytes of each parameter (as many as of its gradient), seconds of a machine. */
export interface Work {
  readonly tensors: readonly number[];
  readonly forward: number;
  readonly backward: number;
}
/** A step of one machine. */
export interface Step {
  /** In the order of the forward pass. */
  readonly units: readonly Work[];
  /** Seconds of the optimizer for all parameters. */
  readonly optimizer: number;
}
export interface Result {
  readonly seconds: number;
  /** What each machine sends. */
  readonly bytes: number;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
export const bytesOf = (step: Step): number => sum(step.units.flatMap((unit) => unit.tensors));
export const alone = (step: Step): number =>
  sum(step.units.map((unit) => unit.forward + unit.backward)) + step.optimizer;

/** PyTorch's sizes of DistributedDataParallel's buckets: the first a small one, to begin early. */
const FIRST_BUCKET = 2 ** 20;
const BUCKET = 25 * 2 ** 20;

/** The buckets, and when in backward each is full. A unit's gradients come in turn, each when its share of the bytes is done. */
function buckets(step: Step): { bytes: number; ready: number }[] {
  const found: { bytes: number; ready: number }[] = [];
  let now = sum(step.units.map((unit) => unit.forward));
  let held = 0;
  let limit = FIRST_BUCKET;
  for (const { tensors, backward } of step.units.toReversed()) {
    const all = sum(tensors);
    for (const bytes of tensors.toReversed()) {
      now += (backward * bytes) / all;
      held += bytes;
      if (held < limit) continue;
      found.push({ bytes: held, ready: now });
      held = 0;
      limit = BUCKET;
    }
  }
  if (held > 0) found.push({ bytes: held, ready: now });
  return found;
}

/** DistributedDataParallel: buckets are reduced one after the other, each as soon as it is full. */
export function dataParallel(step: Step, machines: number, algorithm: Algorithm, link: Link): Result {
  let free = 0;
  for (const { bytes, ready } of buckets(step))
    free = Math.max(free, ready) + allReduceSeconds(algorithm, machines, bytes, link);
  const computed = alone(step) - step.optimizer;
  return {
    seconds: Math.max(computed, free) + step.optimizer,
    bytes: allReduceBytes(machines, bytesOf(step)),
  };
}

/** The same with ZeroRedundancyOptimizer: each machine updates its part of the parameters and sends it to all. */
export function zero(step: Step, machines: number, algorithm: Algorithm, link: Link): Result {
  const { seconds, bytes } = dataParallel(step, machines, algorithm, link);
  const all = bytesOf(step);
  return {
    seconds: seconds - step.optimizer + step.optimizer / machines + gatherSeconds(algorithm, machines, all, link),
    bytes: bytes + gatherBytes(machines, all),
  };
}

/**
 * Fully sharded: a unit's parameters are gathered before its forward and again before its backward, while the unit before it
 * computes, and its gradients are reduced to their parts while the next ones are computed.
 */
export function fullySharded(step: Step, machines: number, algorithm: Algorithm, link: Link): Result {
  const passes = [
    ...step.units.map((unit) => ({ bytes: sum(unit.tensors), seconds: unit.forward, gradients: false })),
    ...step.units.toReversed().map((unit) => ({ bytes: sum(unit.tensors), seconds: unit.backward, gradients: true })),
  ];
  const gather = (i: number): number => gatherSeconds(algorithm, machines, passes[i]!.bytes, link);
  let network = gather(0);
  let there = network;
  let computed = 0;
  for (const [i, { bytes, seconds, gradients }] of passes.entries()) {
    const begin = Math.max(computed, there);
    if (i + 1 < passes.length) {
      network = Math.max(network, begin) + gather(i + 1);
      there = network;
    }
    computed = begin + seconds;
    if (gradients) network = Math.max(network, computed) + gatherSeconds(algorithm, machines, bytes, link);
  }
  return {
    seconds: Math.max(computed, network) + step.optimizer / machines,
    bytes: 3 * gatherBytes(machines, bytesOf(step)),
  };
}

/** The quicker of both algorithms. */
export function quicker(f: typeof dataParallel, step: Step, machines: number, link: Link): Result {
  const [ring, tree] = (['ring', 'tree'] as const).map((algorithm) => f(step, machines, algorithm, link));
  return ring!.seconds <= tree!.seconds ? ring! : tree!;
}
