"""A multilayer perceptron for images of digits: 784-128-10, batches of 64, Adam."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import training


def build():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    batches = [(torch.randn(64, 784), torch.randint(10, (64,))) for _ in range(32)]
    return training(model, F.cross_entropy, torch.optim.Adam(model.parameters(), lr=1e-3), batches)


ROWS = {"mlp-digits": build}
