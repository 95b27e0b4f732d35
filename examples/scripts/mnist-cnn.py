"""A convolutional network for handwritten digits, after pytorch/examples/mnist."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR

from data import digits


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        return F.log_softmax(self.fc2(x), dim=1)


def train(steps, seed):
    torch.manual_seed(seed)
    images, labels = digits(50)
    images = ((images - 0.1307) / 0.3081).view(-1, 1, 28, 28)
    model = Net()
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=10, gamma=0.7)
    for _ in range(steps):
        rows = torch.randint(0, len(labels), (32,))
        optimizer.zero_grad()
        loss = F.nll_loss(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        scheduler.step()
        yield {'loss': loss.item()}
