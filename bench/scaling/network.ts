// How long collectives take on a network by the alpha-beta model: a message of b bytes takes latency + b / bandwidth, and a machine
// sends one at a time. Used by step.ts and fit.ts.

export interface Link {
  /** Seconds that a message takes, however short. */
  readonly latency: number;
  /** Bytes in a second, in one direction. */
  readonly bandwidth: number;
}
/**
 * A ring passes slices from neighbour to neighbour: fewest bytes, most messages one after the other. A tree halves the machines
 * at each level, and sends in pieces so that all levels work at once: few messages.
 */
export type Algorithm = 'ring' | 'tree';

const levels = (machines: number): number => Math.ceil(Math.log2(machines));

/** Sums `bytes` on all machines, to all of them. */
export function allReduceSeconds(algorithm: Algorithm, machines: number, bytes: number, link: Link): number {
  if (machines === 1) return 0;
  const steps = 2 * (algorithm === 'ring' ? machines - 1 : levels(machines));
  const sent = algorithm === 'ring' ? allReduceBytes(machines, bytes) : 2 * bytes;
  return steps * link.latency + sent / link.bandwidth;
}
/** All parts of `bytes` to all machines, or (the same way back) the sum of a part to each. */
export function gatherSeconds(algorithm: Algorithm, machines: number, bytes: number, link: Link): number {
  if (machines === 1) return 0;
  const steps = algorithm === 'ring' ? machines - 1 : levels(machines);
  return steps * link.latency + gatherBytes(machines, bytes) / link.bandwidth;
}
/** What a machine sends in a ring's all-reduce; no algorithm can do with less. */
export const allReduceBytes = (machines: number, bytes: number): number => 2 * gatherBytes(machines, bytes);
/** What a machine sends in an all-gather or a reduce-scatter. */
export const gatherBytes = (machines: number, bytes: number): number => ((machines - 1) / machines) * bytes;
