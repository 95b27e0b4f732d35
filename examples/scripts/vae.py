"""Variational auto-encoder (https://arxiv.org/abs/1312.6114) of handwritten digits, after pytorch/examples/vae."""
import torch
from torch import nn, optim
from torch.nn import functional as F

from data import digits


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 784))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 784), reduction='sum')
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce, kld


def train(steps, seed):
    torch.manual_seed(seed)
    images, _ = digits(100)
    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        data = images[torch.randint(0, len(images), (128,))]
        optimizer.zero_grad()
        recon_batch, mu, logvar = model(data)
        bce, kld = loss_function(recon_batch, data, mu, logvar)
        loss = (bce + kld) / len(data)
        loss.backward()
        optimizer.step()
        yield {'loss': loss.item(), 'kld': kld.item() / len(data)}
