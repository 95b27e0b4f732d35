// Wasserstein GAN with gradient penalty (https://arxiv.org/abs/1704.00028) on handwritten digits, after PyTorch-GAN.
// wgan-gp.py is the same in Python.
import * as torch from 'flambeau';
import { digits, type Losses, type Settings } from './data.ts';
import { picture } from './picture.ts';

const { autograd, nn } = torch;

const latentDim = 100;
const nCritic = 5;
const lambdaGp = 10;

class Generator_ extends nn.Module {
  model: torch.nn.Sequential;
  constructor() {
    super();
    const block = (inFeat: number, outFeat: number, normalize = true): torch.nn.Module[] => {
      const layers: torch.nn.Module[] = [new nn.Linear(inFeat, outFeat)];
      if (normalize) layers.push(new nn.BatchNorm1d(outFeat, 0.8));
      layers.push(new nn.LeakyReLU(0.2, { inplace: true }));
      return layers;
    };
    this.model = new nn.Sequential(
      ...block(latentDim, 128, false),
      ...block(128, 256),
      ...block(256, 512),
      new nn.Linear(512, 784),
      new nn.Tanh(),
    );
  }

  override forward(z: torch.Tensor): torch.Tensor {
    return this.model.forward(z);
  }
}

class Discriminator extends nn.Module {
  model = new nn.Sequential(
    new nn.Linear(784, 512),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Linear(512, 256),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Linear(256, 1),
  );

  override forward(img: torch.Tensor): torch.Tensor {
    return this.model.forward(img);
  }
}

function computeGradientPenalty(D: Discriminator, realSamples: torch.Tensor, fakeSamples: torch.Tensor): torch.Tensor {
  const alpha = torch.rand(realSamples.size(0), 1).to(realSamples.device);
  const interpolates = alpha.mul(realSamples).add(alpha.neg().add(1).mul(fakeSamples)).requiresGrad_(true);
  const dInterpolates = D.forward(interpolates);
  const [gradients] = autograd.grad(dInterpolates, interpolates, {
    gradOutputs: torch.onesLike(dInterpolates),
    createGraph: true,
    retainGraph: true,
  });
  return gradients!.norm(2, { dim: 1 }).sub(1).pow(2).mean();
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  let [images] = digits(100);
  images = images.mul(2).sub(1);
  const generator = new Generator_().to(device);
  const discriminator = new Discriminator().to(device);
  const optimizerG = new torch.optim.Adam(generator.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });
  const optimizerD = new torch.optim.Adam(discriminator.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });
  let gLoss = torch.zeros([]);
  for (let i = 0; i < steps; i++) {
    const realImgs = images.index(torch.randint(0, images.size(0), [64])).to(device);
    optimizerD.zeroGrad();
    const z = torch.randn(64, latentDim).to(device);
    let fakeImgs = generator.forward(z);
    const realValidity = discriminator.forward(realImgs);
    let fakeValidity = discriminator.forward(fakeImgs);
    const gradientPenalty = computeGradientPenalty(discriminator, realImgs, fakeImgs.detach());
    const dLoss = torch.mean(realValidity).neg().add(torch.mean(fakeValidity)).add(gradientPenalty.mul(lambdaGp));
    dLoss.backward();
    optimizerD.step();
    optimizerG.zeroGrad();
    if (i % nCritic === 0) {
      fakeImgs = generator.forward(z);
      fakeValidity = discriminator.forward(fakeImgs);
      gLoss = torch.mean(fakeValidity).neg();
      gLoss.backward();
      optimizerG.step();
    }
    yield { dLoss: dLoss.item(), gLoss: gLoss.item() };
  }
  return picture(torch.noGrad(() => generator.forward(torch.randn(5, latentDim, { device }))).view(-1, 28, 28));
}
