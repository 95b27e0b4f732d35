"""A character model: embedding, LSTM of 2 layers of 128, head; 32 sequences of 64 characters, Adam."""
import torch
import torch.nn.functional as F
from torch import nn

from twin import training


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(65, 128)
        self.lstm = nn.LSTM(128, 128, 2, batch_first=True)
        self.head = nn.Linear(128, 65)

    def forward(self, x):
        return self.head(self.lstm(self.emb(x))[0]).view(-1, 65)


def build():
    torch.manual_seed(0)
    model = CharLSTM()
    batches = [(torch.randint(65, (32, 64)), torch.randint(65, (32, 64)).view(-1)) for _ in range(16)]
    return training(model, F.cross_entropy, torch.optim.Adam(model.parameters(), lr=2e-3, fused=True), batches)


ROWS = {"lstm": build}
