"""Text classification by a transformer's encoder, as BERT does it: a [CLS] token, masks for padding, a rate that warms up."""
import math

import torch
import torch.nn as nn
import torch.optim as optim

PAD, CLS, VOCAB, LENGTH = 0, 1, 40, 24


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=64):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer('pe', pe)

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)])


class Classifier(nn.Module):
    def __init__(self, d_model=64, nhead=4, num_layers=2, num_classes=2):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, d_model, padding_idx=PAD)
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=128, dropout=0.1, activation='gelu', batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(d_model, num_classes)

    def forward(self, tokens):
        x = self.pos_encoder(self.embedding(tokens) * math.sqrt(64))
        x = self.encoder(x, src_key_padding_mask=tokens == PAD)
        return self.classifier(x[:, 0])


def sentences(count):
    """Tokens (count, LENGTH) of various lengths, and whether more of them are from the upper half of the vocabulary."""
    words = torch.randint(2, VOCAB, (count, LENGTH - 1))
    lengths = torch.randint(6, LENGTH, (count, 1))
    words = words.masked_fill(torch.arange(LENGTH - 1) >= lengths, PAD)
    upper = (words >= VOCAB // 2 + 1).sum(dim=1)
    lower = ((words > CLS) & (words < VOCAB // 2 + 1)).sum(dim=1)
    tokens = torch.cat([torch.full((count, 1), CLS), words], dim=1)
    return tokens, (upper > lower).long()


def train(steps, seed):
    torch.manual_seed(seed)
    tokens, labels = sentences(1000)
    model = Classifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / 10, max(0.0, (500 - step) / 490)))
    model.train()
    for _ in range(steps):
        rows = torch.randint(0, len(labels), (32,))
        optimizer.zero_grad()
        loss = criterion(model(tokens[rows]), labels[rows])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        yield {'loss': loss.item()}
