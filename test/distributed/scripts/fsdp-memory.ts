// How much memory a model of many equal layers takes between two steps, and at most. Started by fsdp.test.ts; prints figures of
// the first process.
import * as torch from '../../../lib/index.ts';

const { nn, optim, distributed: dist } = torch;
const { fsdp } = dist;
dist.initProcessGroup({ backend: 'mpi' });
const width = Number(process.env.WIDTH ?? 512);
const layers = Number(process.env.LAYERS ?? 8);

torch.emptyCache();
const empty = torch.memoryStats().live;
const resident = process.memoryUsage().rss;
torch.manualSeed(1);
const net = new nn.Sequential();
for (let i = 0; i < layers; i++) net.append(fsdp.fullyShard(new nn.Linear(width, width, { bias: false })));
const model = fsdp.fullyShard(net);
const adam = new optim.Adam(model.parameters());
for (let step = 0; step < 5; step++) {
  adam.zeroGrad();
  model.forward(torch.randn(4, width)).pow(2).mean().backward();
  if (step < 4) adam.step();
}
adam.step();
torch.emptyCache();
const { live, peak } = torch.memoryStats();
const parameters = layers * width * width * 4;
dist.barrier();
if (dist.getRank() === 0) {
  console.log(
    JSON.stringify({
      count: dist.getWorldSize(),
      parameters,
      live: live - empty,
      peak: peak - empty,
      resident: process.memoryUsage().rss - resident,
    }),
  );
}
dist.destroyProcessGroup();
