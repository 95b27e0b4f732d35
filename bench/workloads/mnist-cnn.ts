// The network of pytorch/examples/mnist (without its log-softmax) on images of 28×28, batches of 64, SGD.
import { manualSeed, nn, optim, randint, randn, type Tensor } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

const { maxPool2d, relu } = nn.functional;

class MnistNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3);
  conv2 = new nn.Conv2d(32, 64, 3);
  drop1 = new nn.Dropout(0.25);
  drop2 = new nn.Dropout(0.5);
  fc1 = new nn.Linear(9216, 128);
  fc2 = new nn.Linear(128, 10);
  override forward(x: Tensor): Tensor {
    const y = maxPool2d(relu(this.conv2.forward(relu(this.conv1.forward(x)))), 2);
    return this.fc2.forward(this.drop2.forward(relu(this.fc1.forward(this.drop1.forward(y).flatten(1)))));
  }
}

const build = () => {
  manualSeed(0);
  const model = new MnistNet();
  const batches = Array.from({ length: 16 }, (): Batch => [randn(64, 1, 28, 28), randint(10, [64])]);
  return training(model, crossEntropy, new optim.SGD(model.parameters(), { lr: 0.01 }), batches);
};

export const rows: readonly Row[] = [
  { name: 'mnist-cnn', title: 'MNIST CNN, batch 64, SGD, a step', wanted: 1.6, training: true, build },
];
