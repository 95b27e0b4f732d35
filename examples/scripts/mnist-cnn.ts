// A convolutional network for handwritten digits, after pytorch/examples/mnist. mnist-cnn.py is the same in Python.
import * as torch from 'flambeau';
import { digits, type Losses, type Settings } from './data.ts';

const { nn, optim } = torch;
const F = nn.functional;
const { StepLR } = optim.lrScheduler;

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3, 1);
  conv2 = new nn.Conv2d(32, 64, 3, 1);
  dropout1 = new nn.Dropout(0.25);
  dropout2 = new nn.Dropout(0.5);
  fc1 = new nn.Linear(9216, 128);
  fc2 = new nn.Linear(128, 10);

  override forward(x: torch.Tensor): torch.Tensor {
    x = F.relu(this.conv1.forward(x));
    x = F.relu(this.conv2.forward(x));
    x = F.maxPool2d(x, 2);
    x = this.dropout1.forward(x);
    x = torch.flatten(x, 1);
    x = F.relu(this.fc1.forward(x));
    x = this.dropout2.forward(x);
    return F.logSoftmax(this.fc2.forward(x), { dim: 1 });
  }
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  let [images, labels] = digits(50);
  images = images.sub(0.1307).div(0.3081).view(-1, 1, 28, 28);
  const model = new Net().to(device);
  const optimizer = new optim.Adadelta(model.parameters(), { lr: 1.0 });
  const scheduler = new StepLR(optimizer, { stepSize: 10, gamma: 0.7 });
  for (let step = 0; step < steps; step++) {
    const rows = torch.randint(0, labels.size(0), [32]);
    optimizer.zeroGrad();
    const loss = F.nllLoss(model.forward(images.index(rows).to(device)), labels.index(rows).to(device));
    loss.backward();
    optimizer.step();
    scheduler.step();
    yield { loss: loss.item() };
  }
  model.eval();
  const right = torch.noGrad(() => model.forward(images.to(device)).argmax({ dim: 1 }).eq(labels.to(device)));
  return `${right.sum().item()} of ${labels.size(0)} digits are told right`;
}
