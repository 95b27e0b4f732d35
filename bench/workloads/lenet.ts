// LeNet-5 on images of 28×28, batches of 64, SGD.
import { manualSeed, nn, optim, randint, randn, type Tensor } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

const { maxPool2d, relu } = nn.functional;

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 });
  conv2 = new nn.Conv2d(6, 16, 5);
  fc1 = new nn.Linear(16 * 5 * 5, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);
  override forward(x: Tensor): Tensor {
    let y = maxPool2d(relu(this.conv1.forward(x)), 2);
    y = maxPool2d(relu(this.conv2.forward(y)), 2).flatten(1);
    return this.fc3.forward(relu(this.fc2.forward(relu(this.fc1.forward(y)))));
  }
}

/** Training steps on `count` batches of `size` images in turn. */
export const lenet =
  (size: number, count = 16): (() => (n: number) => void) =>
  () => {
    manualSeed(0);
    const model = new LeNet();
    const batches = Array.from({ length: count }, (): Batch => [randn(size, 1, 28, 28), randint(10, [size])]);
    return training(model, crossEntropy, new optim.SGD(model.parameters(), { lr: 0.01 }), batches);
  };

export const rows: readonly Row[] = [
  { name: 'lenet', title: 'LeNet, batch 64, SGD, a step', wanted: 1.5, training: true, build: lenet(64) },
];
