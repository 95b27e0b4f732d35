"""LeNet-5 on images of 28x28, batches of 64, SGD."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import best, training


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.conv1(x)), 2)
        y = F.max_pool2d(F.relu(self.conv2(y)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(y)))))


def lenet(batch, layout=torch.contiguous_format):
    def build():
        torch.manual_seed(0)
        model = LeNet().to(memory_format=layout)
        batches = [(torch.randn(batch, 1, 28, 28), torch.randint(10, (batch,))) for _ in range(16)]
        return training(model, F.cross_entropy, torch.optim.SGD(model.parameters(), lr=0.01, fused=True), batches)

    return build


def quickest(batch):
    """Of both layouts, of which channels_last wins from some batch size on."""
    return best(lenet(batch), lenet(batch, torch.channels_last))


ROWS = {"lenet": quickest(64)}
