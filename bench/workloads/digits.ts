// A training step of examples/digits: shifted images, the network, AdamW and its schedule. 100 of them are an epoch.
import { manualSeed, nn, optim, randperm, type Tensor } from 'flambeau';
import { loadDigits, Shifter } from '../../examples/digits/data.ts';
import { TASKS } from '../../examples/digits/model.ts';
import type { Row } from '../row.ts';

const build = () => {
  const { digits, network, batch, lr } = TASKS.digits;
  manualSeed(0);
  const { images, labels } = loadDigits(digits).train;
  const shifter = new Shifter(images);
  const model = network();
  const optimizer = new optim.AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (step) => 1 / (1 + step / 1000));
  let order: Tensor[] = [];
  return (n: number): void => {
    for (let i = 0; i < n; i++) {
      if (order.length === 0) order = randperm(labels.numel()).split(batch);
      const rows = order.pop()!;
      const loss = nn.functional.crossEntropy(model.forward(shifter.take(rows)), labels.index(rows));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      scheduler.step();
      loss.item();
    }
  };
};

export const rows: readonly Row[] = [
  { name: 'digits', title: 'npm run digits, a step', wanted: 1, training: true, build },
];
