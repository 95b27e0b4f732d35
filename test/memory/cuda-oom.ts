// Fills the memory of a GPU, then goes on. Run by test/cuda/memory.test.ts.
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

start();
let held: torch.Tensor[] | null = [];
let caught = '';
try {
  for (;;) held.push(torch.full([1 << 24], held.length, { device: 'cuda:0' }));
} catch (error) {
  caught = String(error);
}
const count = held.length;
held = null;
const x = torch.ones(1 << 24, { device: 'cuda:0' });
report({ caught, count, sum: Number(x.narrow(0, 5, 1024).cpu().sum().item()) });
