// A million operations on tensors of a few bytes. Run by memory.test.ts.
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

const count = Number(process.argv[2] ?? 1_000_000);
let x: torch.Tensor = torch.zeros(4);
start();
const middle: number[] = [];
for (let i = 0; i < count; i++) {
  x = x.add(1);
  if (i % Math.ceil(count / 10) === 0) middle.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
}
report({ count, middle, value: x.tolist() });
