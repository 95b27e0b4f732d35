// Something goes wrong on one rank, as the argument says: faults.test.ts looks at how the job ends.
import * as torch from '../../../lib/index.ts';

const d = torch.distributed;
d.initProcessGroup({ backend: 'mpi', timeout: 3 });
const me = d.getRank();
const x = torch.ones(1000);
d.allReduce(x);
d.barrier();
const others = (): void => void d.allReduce(x);
const faults: Readonly<Record<string, () => unknown>> = {
  kill: () => (me === 1 ? process.kill(process.pid, 'SIGKILL') : others()),
  throw: () => {
    if (me !== 1) return others();
    throw new RangeError('the loss is not finite');
  },
  reject: async () => {
    if (me !== 1) return others();
    await Promise.resolve();
    throw new RangeError('the loss is not finite');
  },
  exit: () => (me === 1 ? process.exit(3) : others()),
  hang: () => (me === 1 ? setInterval(() => undefined, 1000) : others()),
  hangRecv: () => (me === 1 ? setInterval(() => undefined, 1000) : d.recv(x, 1)),
  // an operation of which only one rank knows, when the processes end well
  begun: () => (me === 1 ? undefined : d.allReduce(x, { asyncOp: true })),
  sizes: () => d.allReduce(torch.ones(me === 1 ? 2000 : 1000)),
  // all of it at the end, without a word of it
  quiet: () => {
    d.irecv(x, 1 - me, null, 5);
    d.allReduce(torch.ones(10), { asyncOp: true });
    return undefined;
  },
};
await faults[process.argv[2]!]!();
