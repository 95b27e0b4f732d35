"""The smallest model that learns: 2-8-1 on the four points of XOR, with Adam."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import training


def build():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    return training(model, F.binary_cross_entropy_with_logits, optimizer, [(x, y)])


ROWS = {"mlp-xor": build}
