// A multilayer perceptron for images of digits: 784-128-10, batches of 64, Adam.
import { manualSeed, nn, optim, randint, randn } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

/** Training steps on `count` batches of 64 images in turn. */
export const mlpDigits = (count: number) => () => {
  manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10));
  const batches = Array.from({ length: count }, (): Batch => [randn(64, 784), randint(10, [64])]);
  return training(model, crossEntropy, new optim.Adam(model.parameters(), { lr: 1e-3 }), batches);
};

export const rows: readonly Row[] = [
  {
    name: 'mlp-digits',
    title: 'MLP 784-128-10, batch 64, Adam, a step',
    wanted: 1.3,
    fresh: true,
    build: mlpDigits(32),
  },
];
