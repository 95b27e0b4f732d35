// The machines, networks and models that scaling.ts works out, and a step's work on one of them. Used by scaling.ts and its test.
import { type Gpt, parametersOf, unitsOf } from './gpt.ts';
import type { Link } from './network.ts';
import type { Step } from './step.ts';

export interface Machine {
  readonly name: string;
  /** Multiplications and additions in a second that a training step reaches. */
  readonly flops: number;
  /** Bytes in a second of its memory. */
  readonly memory: number;
  /** Sequences of a step on each machine. */
  readonly batch: number;
}
export const MACHINES: readonly Machine[] = [
  { name: '2 TFLOP/s (64 cores)', flops: 2e12, memory: 200e9, batch: 8 },
  { name: '400 TFLOP/s (a GPU)', flops: 400e12, memory: 3e12, batch: 32 },
];
export interface Network extends Link {
  readonly name: string;
}
/** A network by its bits in a second and a message's seconds. */
export const network = (gigabits: number, microseconds: number): Network => ({
  name: `${gigabits} Gbit/s, ${microseconds} µs`,
  bandwidth: gigabits * 125e6,
  latency: microseconds * 1e-6,
});
export const NETWORKS: readonly Network[] = [network(10, 50), network(100, 10), network(400, 5)];

/** Bytes that AdamW reads and writes for a parameter: itself, its gradient and both moments, all but the gradient twice. */
const OPTIMIZER_BYTES = 7 * 4;

/** A step of a model in float32 on one machine. */
export function stepOf(model: Gpt, machine: Machine): Step {
  const tokens = machine.batch * model.context;
  const units = unitsOf(model);
  return {
    units: units.map(({ parameters, flops }) => {
      const forward = (flops * tokens) / machine.flops;
      return { tensors: parameters.map((count) => 4 * count), forward, backward: 2 * forward };
    }),
    optimizer: (OPTIMIZER_BYTES * parametersOf(units)) / machine.memory,
  };
}
