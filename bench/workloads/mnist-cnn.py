"""The network of pytorch/examples/mnist (without its log-softmax) on images of 28x28, batches of 64, SGD."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import best, training


class MnistNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.drop1 = nn.Dropout(0.25)
        self.drop2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return self.fc2(self.drop2(F.relu(self.fc1(self.drop1(y).flatten(1)))))


def mnist_cnn(layout):
    def build():
        torch.manual_seed(0)
        model = MnistNet().to(memory_format=layout)
        batches = [(torch.randn(64, 1, 28, 28), torch.randint(10, (64,))) for _ in range(16)]
        return training(model, F.cross_entropy, torch.optim.SGD(model.parameters(), lr=0.01, fused=True), batches)

    return build


ROWS = {"mnist-cnn": best(mnist_cnn(torch.contiguous_format), mnist_cnn(torch.channels_last))}
