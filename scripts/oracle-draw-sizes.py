"""Makes test/oracle/draw-sizes.json: PyTorch's random draws by seed, size, dtype and layout, for test/draw-sizes.test.ts.

    python scripts/oracle-draw-sizes.py

Sizes lie at both sides of those from which PyTorch draws several numbers at once. A row is [seed, size, dtype, layout, what,
first and last values, sum by places, the next random number].
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

FILE = Path(__file__).parent.parent / 'test/oracle/draw-sizes.json'


def layout(x, how):
    """Dense; transposed of rows of 5 or 4, if that fits; every second element."""
    if how == 'transposed':
        n = x.numel()
        return x.reshape(5 if n % 5 == 0 else 4 if n % 4 == 0 else 1, -1).t()
    return torch.stack([x, x], -1)[:, 0] if how == 'stepped' else x


def calls(x):
    half = x.dtype in (torch.bfloat16, torch.float16)
    empty = torch.empty_like
    yield 'poisson', lambda: torch.poisson(x * 4)
    if not half:
        yield 'binomial', lambda: torch.binomial((x * 10).floor(), x / 6)
        yield 'standardGamma', lambda: torch._standard_gamma(x)
        yield 'dirichlet', lambda: torch._sample_dirichlet(x)
    yield 'gumbelSoftmax', lambda: F.gumbel_softmax(x, tau=0.7)
    yield 'gumbelSoftmax, hard', lambda: F.gumbel_softmax(x, tau=0.7, hard=True, dim=0)
    yield 'multinomial, one', lambda: torch.multinomial(x, 1)
    yield 'multinomial, all different', lambda: torch.multinomial(x, min(5, x.shape[-1]))
    yield 'multinomial, with replacement', lambda: torch.multinomial(x, 20, True)
    yield 'bernoulli', lambda: torch.bernoulli(x / 6)
    yield 'bernoulli_ of a tensor', lambda: empty(x).bernoulli_(x / 6)
    yield 'bernoulli_ of a number', lambda: empty(x).bernoulli_(0.3)
    yield 'exponential_', lambda: empty(x).exponential_(2.0)
    yield 'normal_', lambda: empty(x).normal_()
    yield 'uniform_', lambda: empty(x).uniform_()
    yield 'normal', lambda: torch.normal(x, x)
    yield 'randnLike', lambda: torch.randn_like(x)
    yield 'dropout', lambda: F.dropout(x, 0.3)


def main():
    rows = []
    for n in (1, 15, 16, 17, 1000, 100000):
        for dtype in (torch.float32, torch.float64, torch.bfloat16):
            for how in ('dense', 'transposed', 'stepped'):
                if n == 100000 and dtype != torch.float32:
                    continue
                values = ((torch.arange(n, dtype=torch.float64) * 37) % 101 + 1) / 20
                x = layout(values.to(dtype), how)
                for name, f in calls(x):
                    for seed in (0, 1234) if how == 'dense' and n < 1000 else (0,):
                        torch.manual_seed(seed)
                        y = f().flatten().double()
                        places = torch.arange(y.numel(), dtype=torch.float64) % 97 + 1
                        digits = [float(f'{v:.7g}') for v in (*y[:2].tolist(), y[-1].item(), (y * places).sum().item())]
                        rows.append([seed, n, str(dtype)[6:], how, name, digits, float(f'{torch.rand(1).item():.8g}')])
    FILE.write_text(json.dumps(rows, separators=(',', ':')) + '\n')
    print(f'{FILE.stat().st_size / 1e3:.0f} KB, {len(rows)} draws')


main()
