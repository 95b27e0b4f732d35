"""PyTorch's side of the curves: each key is a curve of series.ts and gives the builder of a point."""
import importlib

import torch
import torch.nn.functional as F
from torch import nn

from twin import training

gpt = importlib.import_module("workloads.gpt").gpt
lenet = importlib.import_module("workloads.lenet").quickest
mlp = importlib.import_module("workloads.mlp-digits").mlp


def on(sizes, count, f):
    """f of random inputs, again and again."""

    def at(x):
        def build():
            torch.manual_seed(0)
            inputs = [torch.randn(sizes(x)) for _ in range(count)]

            def run(n):
                for _ in range(n):
                    f(*inputs)

            return run

        return build

    return at


def flat(x):
    return (x,)


def deep(layers):
    """Layers of 256 with ReLU on batches of 64, SGD."""

    def build():
        torch.manual_seed(0)
        model = nn.Sequential(*[m for _ in range(layers) for m in (nn.Linear(256, 256), nn.ReLU())])
        batches = [(torch.randn(64, 256), torch.randint(256, (64,))) for _ in range(8)]
        return training(model, F.cross_entropy, torch.optim.SGD(model.parameters(), lr=1e-3, fused=True), batches)

    return build


add = on(flat, 2, torch.add)
softmax = on(lambda x: (x // 1024, 1024), 1, lambda x: x.softmax(1))
matmul = on(lambda n: (n, n), 2, torch.matmul)

SERIES = {
    "size/add": add,
    "size/exp": on(flat, 1, torch.exp),
    "size/sum": on(flat, 1, torch.sum),
    "size/softmax": softmax,
    "size/sort": on(flat, 1, torch.sort),
    "size/matmul": matmul,
    "batch/mlp": mlp,
    "batch/lenet": lenet,
    "batch/gpt": gpt,
    "depth/mlp": deep,
    "threads/add": lambda _: add(2**24),
    "threads/softmax": lambda _: softmax(2**24),
    "threads/matmul": lambda _: matmul(1024),
    "threads/mlp": lambda _: mlp(64),
    "threads/lenet": lambda _: lenet(64),
    "threads/gpt": lambda _: gpt(12),
}
