"""A multilayer perceptron for images of digits: 784-128-10, batches of 64, Adam in its fastest form."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import training


def mlp(batch):
    def build():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        batches = [(torch.randn(batch, 784), torch.randint(10, (batch,))) for _ in range(32)]
        return training(model, F.cross_entropy, torch.optim.Adam(model.parameters(), lr=1e-3, fused=True), batches)

    return build


ROWS = {"mlp-digits": mlp(64)}
