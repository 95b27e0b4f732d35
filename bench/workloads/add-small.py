"""One addition of 4 floats with a new result."""
import torch


def add(requires_grad):
    def build():
        a = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=requires_grad)
        b = torch.tensor([5.0, 6.0, 7.0, 8.0])

        def run(n):
            for _ in range(n):
                a.add(b)

        return run

    return build


ROWS = {"add-4": add(False), "add-4-grad": add(True)}
