// Variational auto-encoder (https://arxiv.org/abs/1312.6114) of handwritten digits, after pytorch/examples/vae. vae.py is
// the same in Python.
import * as torch from 'flambeau';
import { digits, type Losses, type Settings } from './data.ts';
import { picture } from './picture.ts';

const { nn, optim } = torch;
const F = nn.functional;

class VAE extends nn.Module<[x: torch.Tensor], [torch.Tensor, torch.Tensor, torch.Tensor]> {
  fc1 = new nn.Linear(784, 400);
  fc21 = new nn.Linear(400, 20);
  fc22 = new nn.Linear(400, 20);
  fc3 = new nn.Linear(20, 400);
  fc4 = new nn.Linear(400, 784);

  encode(x: torch.Tensor): [torch.Tensor, torch.Tensor] {
    const h1 = F.relu(this.fc1.forward(x));
    return [this.fc21.forward(h1), this.fc22.forward(h1)];
  }

  reparameterize(mu: torch.Tensor, logvar: torch.Tensor): torch.Tensor {
    const std = torch.exp(logvar.mul(0.5));
    const eps = torch.randnLike(std);
    return mu.add(eps.mul(std));
  }

  decode(z: torch.Tensor): torch.Tensor {
    const h3 = F.relu(this.fc3.forward(z));
    return torch.sigmoid(this.fc4.forward(h3));
  }

  override forward(x: torch.Tensor): [torch.Tensor, torch.Tensor, torch.Tensor] {
    const [mu, logvar] = this.encode(x.view(-1, 784));
    const z = this.reparameterize(mu, logvar);
    return [this.decode(z), mu, logvar];
  }
}

function lossFunction(
  reconX: torch.Tensor,
  x: torch.Tensor,
  mu: torch.Tensor,
  logvar: torch.Tensor,
): [torch.Tensor, torch.Tensor] {
  const bce = F.binaryCrossEntropy(reconX, x.view(-1, 784), { reduction: 'sum' });
  const kld = torch.sum(logvar.add(1).sub(mu.pow(2)).sub(logvar.exp())).mul(-0.5);
  return [bce, kld];
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  const [images] = digits(100);
  const model = new VAE().to(device);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  for (let step = 0; step < steps; step++) {
    const data = images.index(torch.randint(0, images.size(0), [128])).to(device);
    optimizer.zeroGrad();
    const [reconBatch, mu, logvar] = model.forward(data);
    const [bce, kld] = lossFunction(reconBatch, data, mu, logvar);
    const loss = bce.add(kld).div(data.size(0));
    loss.backward();
    optimizer.step();
    yield { loss: loss.item(), kld: kld.item() / data.size(0) };
  }
  return picture(torch.noGrad(() => model.decode(torch.randn(5, 20, { device }))).view(-1, 28, 28));
}
