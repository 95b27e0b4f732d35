// One sample for every operator, or this file does not compile: which calls are made of it, what they are called in
// PyTorch, and what it must refuse. Walked by test/ops.test.ts; scripts/oracle-cases.ts exports the calls, a file of
// answers (test/oracle/ops) for each table.
import { attention } from './attention.ts';
import { core } from './core.ts';
import { factors } from './factors.ts';
import { forms } from './forms.ts';
import { linalg } from './linalg.ts';
import { losses } from './losses.ts';
import { operators } from './operators.ts';
import { scientific } from './scientific.ts';
import { special } from './special.ts';
import type { RowName, Sample, Samples } from './sample.ts';
import { vision } from './vision.ts';

export { callsOf, type RowName, type Sample, torchOf } from './sample.ts';

/** The tables by the names of their files. */
export const tables: Readonly<Record<string, Samples>> = {
  attention,
  core,
  factors,
  forms,
  linalg,
  losses,
  operators,
  scientific,
  special,
  vision,
};
export const samples: Readonly<Record<RowName, Sample>> = {
  ...attention,
  ...core,
  ...factors,
  ...forms,
  ...linalg,
  ...losses,
  ...operators,
  ...scientific,
  ...special,
  ...vision,
};
