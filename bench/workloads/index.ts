// All workloads, in the order of the table; run.ts and worker.ts read it. A workload is a file here and its twin.
import type { Row } from '../row.ts';
import { rows as add } from './add.ts';
import { rows as addSmall } from './add-small.ts';
import { rows as convs } from './convs.ts';
import { rows as digits } from './digits.ts';
import { rows as gemm } from './gemm.ts';
import { rows as gpt } from './gpt.ts';
import { rows as lenet } from './lenet.ts';
import { rows as lstm } from './lstm.ts';
import { rows as mlpDigits } from './mlp-digits.ts';
import { rows as mlpXor } from './mlp-xor.ts';
import { rows as mnistCnn } from './mnist-cnn.ts';
import { rows as ops } from './ops.ts';
import { rows as resnet } from './resnet.ts';

export const rows: readonly Row[] = [
  ...addSmall,
  ...mlpXor,
  ...mlpDigits,
  ...lenet,
  ...mnistCnn,
  ...resnet,
  ...lstm,
  ...digits,
  ...gpt,
  ...gemm,
  ...convs,
  ...add,
  ...ops,
];
