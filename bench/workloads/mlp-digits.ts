// A multilayer perceptron for images of digits: 784-128-10, batches of 64, Adam.
import { manualSeed, nn, optim, randint, randn } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

/** Training steps on `count` batches of `size` images in turn. */
export const mlp =
  (size: number, count = 32): (() => (n: number) => void) =>
  () => {
    manualSeed(0);
    const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10));
    const batches = Array.from({ length: count }, (): Batch => [randn(size, 784), randint(10, [size])]);
    return training(model, crossEntropy, new optim.Adam(model.parameters(), { lr: 1e-3 }), batches);
  };

export const rows: readonly Row[] = [
  {
    name: 'mlp-digits',
    title: 'MLP 784-128-10, batch 64, Adam, a step',
    wanted: 1.5,
    training: true,
    fresh: true,
    build: mlp(64),
  },
];
