// The networks. Called by train.ts and predict.ts.
import * as torch from 'flambeau';

const { nn } = torch;
const F = torch.nn.functional;

/**
 * A small convolutional network. Pooling comes before the normalisation: it is a quarter of the work, and the maximum of
 * normalised values is (for a positive scale) the normalised maximum.
 */
export class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3);
  norm1 = new nn.BatchNorm2d(16);
  conv2 = new nn.Conv2d(16, 32, 3);
  norm2 = new nn.BatchNorm2d(32);
  conv3 = new nn.Conv2d(32, 64, 3);
  norm3 = new nn.BatchNorm2d(64);
  head = new nn.Linear(64 * 3 * 3, 10);

  override forward(images: torch.Tensor): torch.Tensor {
    let x = images.view(-1, 1, 28, 28); // (B, 784) -> (B, 1, 28, 28)
    x = F.maxPool2d(this.conv1.forward(x), 2); // (B, 16, 26, 26) -> (B, 16, 13, 13)
    x = F.relu(this.norm1.forward(x));
    x = F.maxPool2d(this.conv2.forward(x), 2); // (B, 32, 11, 11) -> (B, 32, 5, 5)
    x = F.relu(this.norm2.forward(x));
    x = F.relu(this.norm3.forward(this.conv3.forward(x))); // (B, 64, 3, 3)
    return this.head.forward(x.flatten(1)); // (B, 576) -> (B, 10)
  }
}

/** One linear layer: enough to tell 0 from 1. */
export class LinearNet extends nn.Module {
  head = new nn.Linear(28 * 28, 2);

  override forward(images: torch.Tensor): torch.Tensor {
    return this.head.forward(images); // (B, 784) -> (B, 2)
  }
}

/** What is recognised, by which network, and how that is best trained. */
export interface Task {
  readonly name: string;
  /** The digit that each class stands for. */
  readonly digits: readonly number[];
  readonly network: () => torch.nn.Module;
  /** Whether training images are shifted at random. */
  readonly shift: boolean;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
}
export const TASKS = {
  digits: {
    name: 'digits',
    digits: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    network: () => new ConvNet(),
    shift: true,
    epochs: 8,
    batch: 80,
    lr: 6e-3,
  },
  'zero-one': {
    name: 'zero-one',
    digits: [0, 1],
    network: () => new LinearNet(),
    shift: false,
    epochs: 5,
    batch: 80,
    lr: 1e-2,
  },
} as const satisfies Record<string, Task>;
