// The data of the scripts of this folder; data.py reads the same.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as torch from 'flambeau';

/** What a script trains with. */
export interface Settings {
  readonly steps: number;
  readonly seed: number;
  readonly device: string;
}
/** Named losses of a step. */
export type Losses = Readonly<Record<string, number>>;

/** `perDigit` images of each digit in turn, (10 * perDigit, 784) from 0 to 1, and their labels. */
export function digits(perDigit: number): [torch.Tensor, torch.Tensor] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist')), 'digits');
  const parts = Array.from({ length: 10 }, (_, d) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${d}.json`), 'utf8')) as { data: number[] };
    return torch.tensor(data, { dtype: 'float32' }).mul(255).round().div(255).view(-1, 784).index(`:${perDigit}`);
  });
  return [torch.stack(parts, { dim: 1 }).reshape(-1, 784), torch.arange(10).repeat(perDigit)];
}

/** A text in English: the licence of this project. */
export const text = (): string => readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8');
