// Memory runs out, the script catches it and goes on. FLAMBEAU_MEMORY_LIMIT is set. Run by memory.test.ts.
import * as torch from '../../lib/index.ts';
import { report, start } from './report.ts';

start();
const caught: string[] = [];
// a function, because a loop's frame would keep the last list alive
function fill(): void {
  const held: torch.Tensor[] = [];
  try {
    for (;;) held.push(torch.zeros(1024, 1024));
  } catch (error) {
    if (!(error instanceof torch.OutOfMemoryError)) throw error;
    caught.push(`${held.length} tensors: ${error.message}`);
  }
}
for (let round = 0; round < 3; round++) fill();
try {
  torch.zeros(2 ** 40);
} catch (error) {
  caught.push(`${(error as Error).name}: ${(error as Error).message}`);
}
report({ caught, sum: torch.ones(1024, 1024).sum().item() });
