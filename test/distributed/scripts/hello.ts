// A rank that says who it is: test/distributed/launch.test.ts starts it.
import * as torch from '../../../lib/index.ts';

const { distributed } = torch;
distributed.initProcessGroup({ backend: 'mpi', timeout: 30 });
const rank = distributed.getRank();
const x = torch.full([3], rank + 1, { dtype: 'float32' });
distributed.allReduce(x);
console.log(`rank ${rank} of ${distributed.getWorldSize()}: ${x.tolist()}`);
distributed.destroyProcessGroup();
