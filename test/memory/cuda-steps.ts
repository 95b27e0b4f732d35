// A loop on the GPU that never awaits: tensors of 256 KB with their graph. Run by test/cuda/memory.test.ts.
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

const steps = Number(process.argv[2] ?? 100);
const weight = torch.full([256, 256], 0.5, { device: 'cuda:0', requiresGrad: true });
start();
for (let step = 0; step < steps; step++) {
  let x: torch.Tensor = weight;
  for (let i = 0; i < 8; i++) x = x.mul(weight).add(1);
  x.backward(torch.onesLike(x));
  weight.grad = null;
}
torch.cuda.synchronize();
report({ steps, deviceReserved: torch.cuda.memoryStats(0)['reserved_bytes.all.peak']! / 2 ** 20 });
