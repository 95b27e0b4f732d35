"""A GPT of four layers, 128 wide, on 65 characters: a training step with AdamW and clipping, forward alone, and drawing text."""
import torch
import torch.nn.functional as F
from torch import nn

import twin
from twin import training


class Cache:
    """Keys and values of a block for the characters before, in buffers for all that may come."""

    def __init__(self, heads, most, width):
        self.k, self.v = (torch.zeros(1, heads, most, width, device=twin.device) for _ in range(2))
        self.length = 0

    def extend(self, k, v):
        end = self.length + k.shape[2]
        self.k[:, :, self.length : end] = k
        self.v[:, :, self.length : end] = v
        self.length = end
        return self.k[:, :, :end], self.v[:, :, :end]


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.proj = nn.Linear(d, d, bias=False)

    def forward(self, x, cache=None):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, d // self.heads).transpose(1, 2) for z in self.qkv(x).split(d, dim=2))
        if cache is not None:
            k, v = cache.extend(k, v)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        return self.proj(y.transpose(1, 2).contiguous().view(b, t, d))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = Attention(d, heads)
        self.fc, self.out = nn.Linear(d, 4 * d, bias=False), nn.Linear(4 * d, d, bias=False)

    def forward(self, x, cache=None):
        x = x + self.attn(self.ln1(x), cache)
        return x + self.out(F.gelu(self.fc(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, vocab=65, block=64, layers=4, heads=4, d=128):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, d), nn.Embedding(block, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocab, bias=False)
        self.wte.weight = self.head.weight
        self.register_buffer("positions", torch.arange(block), persistent=False)
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, 0.0, 0.02)

    def forward(self, index, caches=None):
        start = caches[0].length if caches else 0
        x = self.wte(index) + self.wpe(self.positions[start : start + index.shape[1]])
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches else None)
        return self.head(self.ln(x))


def loss_of(logits, target):
    return F.cross_entropy(logits.view(-1, logits.shape[-1]), target.view(-1))


def gpt(batch):
    def build():
        torch.manual_seed(0)
        model = GPT()
        batches = [(torch.randint(65, (batch, 64)), torch.randint(65, (batch, 64))) for _ in range(16)]
        params = list(model.parameters())
        groups = [
            {"params": [p for p in params if p.dim() >= 2], "weight_decay": 0.1},
            {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
        return training(model, loss_of, optimizer, batches, lambda: nn.utils.clip_grad_norm_(params, 1.0))

    return build


def untrained(step_of):
    """Steps of a model that is not trained, nothing recorded."""

    def build():
        torch.manual_seed(0)
        step = step_of(GPT().eval())

        def run(n):
            with torch.no_grad():
                for _ in range(n):
                    step()

        return run

    return build


def forward_step(model):
    index = torch.randint(65, (1, 64))
    return lambda: model(index)


def generation_step(model):
    prompt = torch.randint(65, (1, 32))

    def step():
        index = prompt
        for _ in range(32):
            logits = model(index)[:, -1]
            index = torch.cat([index, torch.multinomial(logits.softmax(-1), 1)], dim=1)

    return step


def cached_generation_step(model):
    prompt = torch.randint(65, (1, 32))

    def step():
        caches = [Cache(4, 64, 32) for _ in range(4)]
        drawn = [prompt]
        for _ in range(32):
            logits = model(drawn[-1], caches)[:, -1]
            drawn.append(torch.multinomial(logits.softmax(-1), 1))
        torch.cat(drawn, dim=1)

    return step


ROWS = {
    "gpt": gpt(12),
    "gpt-forward": untrained(forward_step),
    "gpt-generate": untrained(generation_step),
    "gpt-generate-cached": untrained(cached_generation_step),
}
