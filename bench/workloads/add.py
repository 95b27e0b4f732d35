"""Element-wise addition with a new result."""
import torch


def add(size):
    def build():
        torch.manual_seed(0)
        a = torch.randn(size)
        b = torch.randn(size)

        def run(n):
            for _ in range(n):
                a.add(b)

        return run

    return build


ROWS = {"add-1k": add(2**10), "add-1m": add(2**20), "add-16m": add(2**24)}
