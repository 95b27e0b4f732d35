"""A language model over characters: two layers of LSTM whose state is carried from one piece of the text to the next."""
import torch
import torch.nn as nn
import torch.optim as optim

from data import text


class CharLSTM(nn.Module):
    def __init__(self, vocab_size, embed_dim=32, hidden_dim=128, num_layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, num_layers, dropout=0.2, batch_first=True)
        self.fc = nn.Linear(hidden_dim, vocab_size)

    def forward(self, x, hidden=None):
        out, hidden = self.lstm(self.embedding(x), hidden)
        return self.fc(out), hidden


def train(steps, seed, batch_size=16, seq_len=32):
    torch.manual_seed(seed)
    data = text()
    stoi = {c: i for i, c in enumerate(sorted(set(data)))}
    encoded = torch.tensor([stoi[c] for c in data])
    per_row = len(encoded) // batch_size
    rows = encoded[: per_row * batch_size].view(batch_size, per_row)
    model = CharLSTM(len(stoi))
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    hidden = None
    position = 0
    for _ in range(steps):
        if position + seq_len + 1 > per_row:
            hidden, position = None, 0
        x = rows[:, position : position + seq_len]
        y = rows[:, position + 1 : position + seq_len + 1]
        position += seq_len
        if hidden is not None:
            hidden = tuple(h.detach() for h in hidden)
        optimizer.zero_grad()
        logits, hidden = model(x, hidden)
        loss = criterion(logits.reshape(-1, len(stoi)), y.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        yield {'loss': loss.item()}
