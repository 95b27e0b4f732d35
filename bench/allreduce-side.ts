// Our side of allreduce.ts: the same loop as allreduce.c, through torch.distributed.
import * as torch from '../lib/index.ts';

const { distributed } = torch;
distributed.initProcessGroup({ backend: 'mpi' });
const args = process.argv.slice(2).map(Number);
for (let i = 0; i + 1 < args.length; i += 2) {
  const [bytes, times] = [args[i]!, args[i + 1]!];
  const x = torch.zeros(bytes / 4);
  // the compiler of JavaScript has its turn first
  for (let k = 0; k < Math.min(2000, 20 * times); k++) distributed.allReduce(torch.zeros(1));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 30; round++) {
    distributed.barrier();
    const start = performance.now();
    for (let k = 0; k < times; k++) distributed.allReduce(x);
    best = Math.min(best, (performance.now() - start) / 1000 / times);
  }
  if (distributed.getRank() === 0) console.log(`${bytes} ${best.toFixed(9)}`);
}
distributed.destroyProcessGroup();
