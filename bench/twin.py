"""What the PyTorch twins share. The counterpart of row.ts."""
import time

import torch

#: where the work is done; a step that makes tensors names it, and a build need not
device = "cpu"

#: whether `best` tries its settings; else it takes the first
trying = True


def training(model, loss_of, optimizer, batches, clip=None):
    """Training steps on one batch after the other; the loss is not read. `clip` sees the gradients before the step."""
    at = 0

    def run(n):
        nonlocal at
        for _ in range(n):
            x, y = batches[at]
            at = (at + 1) % len(batches)
            optimizer.zero_grad()
            loss_of(model(x), y).backward()
            if clip is not None:
                clip()
            optimizer.step()

    return run


def timed(f, n):
    """Seconds that `n` steps take; those of a GPU are waited for."""
    finish()
    start = time.perf_counter()
    f(n)
    finish()
    return time.perf_counter() - start


def finish():
    if device != "cpu":
        torch.cuda.synchronize(device)


def best(*builders):
    """A builder that tries several settings of PyTorch (layouts, say) once and from then on builds the quickest."""
    chosen = None

    def cost(f):
        f(1)
        n = max(1, min(1000, int(0.05 / timed(f, 1))))
        return min(timed(f, n) / n for _ in range(3))

    def build():
        nonlocal chosen
        if not trying:
            return builders[0]()
        if chosen is None:
            chosen = min(builders, key=lambda builder: cost(builder()))
        return chosen()

    return build
