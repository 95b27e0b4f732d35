"""A training step of the ResNet-18 for images of CIFAR's shape, 32 images, SGD; channels_last, the faster layout."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import training


def conv(of, to, size, stride):
    return nn.Conv2d(of, to, kernel_size=size, stride=stride, padding=size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, of, to, stride):
        super().__init__()
        self.conv1 = conv(of, to, 3, stride)
        self.bn1 = nn.BatchNorm2d(to)
        self.conv2 = conv(to, to, 3, 1)
        self.bn2 = nn.BatchNorm2d(to)
        self.shortcut = (
            nn.Sequential() if stride == 1 and of == to else nn.Sequential(conv(of, to, 1, stride), nn.BatchNorm2d(to))
        )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


def resnet18():
    blocks = []
    for i, to in enumerate([64, 128, 256, 512]):
        blocks += [Block(64 if i == 0 else to // 2, to, 1 if i == 0 else 2), Block(to, to, 1)]
    return nn.Sequential(
        conv(3, 64, 3, 1), nn.BatchNorm2d(64), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(512, 10),
    )


def build():
    torch.manual_seed(0)
    model = resnet18().to(memory_format=torch.channels_last)
    batches = [
        (torch.randn(32, 3, 32, 32).contiguous(memory_format=torch.channels_last), torch.randint(10, (32,)))
        for _ in range(4)
    ]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)
    return training(model, F.cross_entropy, optimizer, batches)


ROWS = {"resnet18": build}
