// ResNet-18 (https://arxiv.org/abs/1512.03385) for images of CIFAR's shape, after pytorch-cifar; the images are noise.
// resnet18.py is the same in Python.
import * as torch from 'flambeau';
import type { Losses, Settings } from './data.ts';

const { nn, optim } = torch;
const F = nn.functional;

class BasicBlock extends nn.Module {
  static readonly expansion = 1;
  conv1: torch.nn.Conv2d;
  bn1: torch.nn.BatchNorm2d;
  conv2: torch.nn.Conv2d;
  bn2: torch.nn.BatchNorm2d;
  shortcut: torch.nn.Sequential;

  constructor(inPlanes: number, planes: number, stride = 1) {
    super();
    const out = BasicBlock.expansion * planes;
    this.conv1 = new nn.Conv2d(inPlanes, planes, { kernelSize: 3, stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(planes);
    this.conv2 = new nn.Conv2d(planes, planes, { kernelSize: 3, stride: 1, padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(planes);
    this.shortcut = new nn.Sequential();
    if (stride !== 1 || inPlanes !== out) {
      this.shortcut = new nn.Sequential(
        new nn.Conv2d(inPlanes, out, { kernelSize: 1, stride, bias: false }),
        new nn.BatchNorm2d(out),
      );
    }
  }

  override forward(x: torch.Tensor): torch.Tensor {
    let out = F.relu(this.bn1.forward(this.conv1.forward(x)));
    out = this.bn2.forward(this.conv2.forward(out));
    out = out.add_(this.shortcut.forward(x));
    return F.relu(out);
  }
}

class ResNet extends nn.Module {
  inPlanes = 64;
  conv1: torch.nn.Conv2d;
  bn1: torch.nn.BatchNorm2d;
  layer1: torch.nn.Sequential;
  layer2: torch.nn.Sequential;
  layer3: torch.nn.Sequential;
  layer4: torch.nn.Sequential;
  linear: torch.nn.Linear;

  constructor(block: typeof BasicBlock, numBlocks: readonly number[], numClasses = 10) {
    super();
    this.conv1 = new nn.Conv2d(3, 64, { kernelSize: 3, stride: 1, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(64);
    this.layer1 = this.makeLayer(block, 64, numBlocks[0]!, 1);
    this.layer2 = this.makeLayer(block, 128, numBlocks[1]!, 2);
    this.layer3 = this.makeLayer(block, 256, numBlocks[2]!, 2);
    this.layer4 = this.makeLayer(block, 512, numBlocks[3]!, 2);
    this.linear = new nn.Linear(512 * block.expansion, numClasses);
  }

  private makeLayer(block: typeof BasicBlock, planes: number, numBlocks: number, first: number): torch.nn.Sequential {
    const strides = [first, ...new Array<number>(numBlocks - 1).fill(1)];
    const layers: torch.nn.Module[] = [];
    for (const stride of strides) {
      layers.push(new block(this.inPlanes, planes, stride));
      this.inPlanes = planes * block.expansion;
    }
    return new nn.Sequential(...layers);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    let out = F.relu(this.bn1.forward(this.conv1.forward(x)));
    out = this.layer1.forward(out);
    out = this.layer2.forward(out);
    out = this.layer3.forward(out);
    out = this.layer4.forward(out);
    out = F.avgPool2d(out, 4);
    out = out.view(out.size(0), -1);
    return this.linear.forward(out);
  }
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  const images = torch.randn(64, 3, 32, 32);
  const labels = torch.randint(0, 10, [64]);
  const net = new ResNet(BasicBlock, [2, 2, 2, 2]).to(device);
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.001, momentum: 0.9, weightDecay: 5e-4 });
  const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 200 });
  net.train();
  for (let step = 0; step < steps; step++) {
    const rows = torch.randint(0, labels.size(0), [8]);
    optimizer.zeroGrad();
    const loss = criterion.forward(net.forward(images.index(rows).to(device)), labels.index(rows).to(device));
    loss.backward();
    optimizer.step();
    scheduler.step();
    yield { loss: loss.item() };
  }
  net.eval();
  const right = torch.noGrad(() => net.forward(images.to(device)).argmax({ dim: 1 }).eq(labels.to(device)));
  return `${right.sum().item()} of ${labels.size(0)} images are known`;
}
