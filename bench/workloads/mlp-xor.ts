// The smallest model that learns: 2-8-1 on the four points of XOR, with Adam. All of it is the cost of the operations.
import { nn, optim, manualSeed, tensor } from 'flambeau';
import { type Row, training } from '../row.ts';

const build = () => {
  manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1));
  const x = tensor(
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    { dtype: 'float32' },
  );
  const y = tensor([[0], [1], [1], [0]], { dtype: 'float32' });
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  return training(model, (o, t) => nn.functional.binaryCrossEntropyWithLogits(o, t), optimizer, [[x, y]]);
};

export const rows: readonly Row[] = [
  { name: 'mlp-xor', title: 'MLP 2-8-1, Adam, a step', wanted: 20, training: true, fresh: true, build },
];
