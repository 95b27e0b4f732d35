// A training loop that never awaits: steps of 50 tensors of 1 MB with their graph. Run by memory.test.ts.
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

const steps = Number(process.argv[2] ?? 300);
const weight = torch.full([512, 512], 0.5, { requiresGrad: true });
start();
const middle: number[] = [];
for (let step = 0; step < steps; step++) {
  let x: torch.Tensor = weight;
  for (let i = 0; i < 25; i++) x = x.mul(weight).add(1);
  const loss = x.mean();
  loss.backward();
  if (step % Math.ceil(steps / 10) === 0) middle.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
  weight.grad = null;
}
report({ steps, middle });
