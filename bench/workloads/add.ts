// Element-wise addition with a new result: in the cache, at its edge, and out of memory.
import * as torch from 'flambeau';
import type { Row } from '../row.ts';

/** The last result, so that no compiler can leave the work out. */
export let last: torch.Tensor | null = null;

const add = (size: number) => () => {
  torch.manualSeed(0);
  const a = torch.randn(size);
  const b = torch.randn(size);
  return (n: number): void => {
    for (let i = 0; i < n; i++) last = a.add(b);
  };
};

export const rows: readonly Row[] = [
  { name: 'add-1k', title: 'add, 1 K floats', wanted: 1.2, build: add(2 ** 10) },
  { name: 'add-1m', title: 'add, 1 M floats', wanted: 1.2, build: add(2 ** 20) },
  { name: 'add-16m', title: 'add, 16 M floats', wanted: 1.2, build: add(2 ** 24) },
];
