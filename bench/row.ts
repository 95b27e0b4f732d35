// What a workload file exports, and the step that the training ones share. Read by worker.ts and run.ts.
import { nn, type optim, type Tensor } from 'flambeau';

/** One line of the table: a piece of work that both sides do, in `workloads/NAME.ts` and `workloads/NAME.py`. */
export interface Row {
  /** What --only takes; the key of the twin's `ROWS`. */
  readonly name: string;
  readonly title: string;
  /** How many times as fast as PyTorch it is to be. */
  readonly wanted: number;
  /** Makes inputs and models; gives a function that does the work `n` times. */
  readonly build: () => (n: number) => void;
  /** Built anew for each block, where the work changes as training goes on (saturated weights, denormal numbers). */
  readonly fresh?: boolean;
  /** A training step: also measured by --busy and --memory. */
  readonly training?: boolean;
}

/** What a batch is made of: inputs and targets. */
export type Batch = readonly [x: Tensor, y: Tensor];

/** Training steps on one batch after the other; the loss is not read. `clip` sees the gradients before the step. */
export function training(
  model: nn.Module,
  lossOf: (output: Tensor, target: Tensor) => Tensor,
  optimizer: optim.Optimizer,
  batches: readonly Batch[],
  clip?: () => void,
): (n: number) => void {
  let at = 0;
  return (n) => {
    for (let i = 0; i < n; i++) {
      const [x, y] = batches[at]!;
      at = (at + 1) % batches.length;
      optimizer.zeroGrad();
      lossOf(model.forward(x), y).backward();
      clip?.();
      optimizer.step();
    }
  };
}

/** Cross-entropy on class numbers. */
export const crossEntropy = (output: Tensor, target: Tensor): Tensor => nn.functional.crossEntropy(output, target);
