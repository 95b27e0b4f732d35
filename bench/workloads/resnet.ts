// A training step of the ResNet-18 for images of CIFAR's shape (examples/scripts/resnet18.ts), 32 images, SGD.
import { manualSeed, nn, optim, randint, randn, type Tensor } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

const { relu } = nn.functional;
const conv = (from: number, to: number, kernelSize: number, stride: number): nn.Conv2d =>
  new nn.Conv2d(from, to, { kernelSize, stride, padding: kernelSize >> 1, bias: false });

class Block extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly bn2: nn.BatchNorm2d;
  readonly shortcut: nn.Sequential;
  constructor(from: number, to: number, stride: number) {
    super();
    this.conv1 = conv(from, to, 3, stride);
    this.bn1 = new nn.BatchNorm2d(to);
    this.conv2 = conv(to, to, 3, 1);
    this.bn2 = new nn.BatchNorm2d(to);
    this.shortcut =
      stride === 1 && from === to
        ? new nn.Sequential()
        : new nn.Sequential(conv(from, to, 1, stride), new nn.BatchNorm2d(to));
  }
  override forward(x: Tensor): Tensor {
    const y = this.bn2.forward(this.conv2.forward(relu(this.bn1.forward(this.conv1.forward(x)))));
    return relu(y.add(this.shortcut.forward(x)));
  }
}

const resnet18 = (): nn.Module => {
  const blocks = [64, 128, 256, 512].flatMap((to, i) => [
    new Block(i === 0 ? 64 : to / 2, to, i === 0 ? 1 : 2),
    new Block(to, to, 1),
  ]);
  return new nn.Sequential(
    conv(3, 64, 3, 1),
    new nn.BatchNorm2d(64),
    new nn.ReLU(),
    ...blocks,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(512, 10),
  );
};

const build = () => {
  manualSeed(0);
  const model = resnet18();
  const batches = Array.from({ length: 4 }, (): Batch => [randn(32, 3, 32, 32), randint(10, [32])]);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  return training(model, crossEntropy, optimizer, batches);
};

export const rows: readonly Row[] = [
  { name: 'resnet18', title: 'ResNet-18, 32 × 32², SGD, a step', wanted: 1.6, training: true, build },
];
