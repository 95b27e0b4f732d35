// Deep convolutional GAN (https://arxiv.org/abs/1511.06434) on handwritten digits, after pytorch/examples/dcgan. dcgan.py
// is the same in Python.
import * as torch from 'flambeau';
import { digits, type Losses, type Settings } from './data.ts';
import { picture } from './picture.ts';

const { nn, optim } = torch;
const F = nn.functional;

const [nz, ngf, ndf, nc] = [100, 16, 16, 1];
const batch = 32;

function weightsInit(m: torch.nn.AnyModule): void {
  if (m instanceof nn.Conv2d || m instanceof nn.ConvTranspose2d) {
    nn.init.normal_(m.weight, 0.0, 0.02);
  } else if (m instanceof nn.BatchNorm2d) {
    nn.init.normal_(m.weight!, 1.0, 0.02);
    nn.init.zeros_(m.bias!);
  }
}

class Generator_ extends nn.Module {
  main = new nn.Sequential(
    new nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, { bias: false }),
    new nn.BatchNorm2d(ngf * 4),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ngf * 2),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ngf),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf, nc, 4, 2, 1, { bias: false }),
    new nn.Tanh(),
  );

  override forward(input: torch.Tensor): torch.Tensor {
    return this.main.forward(input);
  }
}

class Discriminator extends nn.Module {
  main = new nn.Sequential(
    new nn.Conv2d(nc, ndf, 4, 2, 1, { bias: false }),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf, ndf * 2, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ndf * 2),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ndf * 4),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf * 4, 1, 4, 1, 0, { bias: false }),
    new nn.Sigmoid(),
  );

  override forward(input: torch.Tensor): torch.Tensor {
    return this.main.forward(input).view(-1, 1).squeeze(1);
  }
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  let [images] = digits(50);
  images = F.pad(images.view(-1, 1, 28, 28), [2, 2, 2, 2])
    .mul(2)
    .sub(1);
  const netG = new Generator_().to(device);
  netG.apply(weightsInit);
  const netD = new Discriminator().to(device);
  netD.apply(weightsInit);
  const criterion = new nn.BCELoss();
  const optimizerD = new optim.Adam(netD.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });
  const optimizerG = new optim.Adam(netG.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });
  for (let step = 0; step < steps; step++) {
    netD.zeroGrad();
    const real = images.index(torch.randint(0, images.size(0), [batch])).to(device);
    const label = torch.full([batch], 1.0, { dtype: 'float32', device });
    const errDReal = criterion.forward(netD.forward(real), label);
    errDReal.backward();
    const noise = torch.randn(batch, nz, 1, 1).to(device);
    const fake = netG.forward(noise);
    label.fill_(0.0);
    const errDFake = criterion.forward(netD.forward(fake.detach()), label);
    errDFake.backward();
    optimizerD.step();
    netG.zeroGrad();
    label.fill_(1.0);
    const errG = criterion.forward(netD.forward(fake), label);
    errG.backward();
    optimizerG.step();
    yield { lossD: errDReal.add(errDFake).item(), lossG: errG.item() };
  }
  const noise = torch.randn(4, nz, 1, 1).to(device);
  return picture(torch.noGrad(() => netG.forward(noise)).squeeze(1));
}
