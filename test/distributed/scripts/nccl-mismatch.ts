// Ranks that call with other sizes: test/distributed/nccl.test.ts starts it on two ranks.
import * as torch from '../../../lib/index.ts';

const { distributed: dist } = torch;
dist.initProcessGroup({ backend: 'nccl', timeout: 20 });
const x = torch.ones([3 + dist.getRank()], { device: 'cuda:0' });
dist.allReduce(x);
console.log(x.tolist());
