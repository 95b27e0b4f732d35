// One addition of 4 floats with a new result: what a single operation costs, without and with recording.
import * as torch from 'flambeau';
import type { Row } from '../row.ts';

/** The last result, so that no compiler can leave the work out. */
export let last: torch.Tensor | null = null;

const add = (requiresGrad: boolean) => () => {
  const a = torch.tensor([1, 2, 3, 4], { dtype: 'float32', requiresGrad });
  const b = torch.tensor([5, 6, 7, 8], { dtype: 'float32' });
  return (n: number): void => {
    for (let i = 0; i < n; i++) last = a.add(b);
  };
};

export const rows: readonly Row[] = [
  { name: 'add-4', title: 'add, 4 floats', wanted: 10, build: add(false) },
  { name: 'add-4-grad', title: 'add, 4 floats, recorded', wanted: 5, build: add(true) },
];
