"""Single operators; optimizers fused, which is PyTorch's fastest form."""
import torch
import torch.nn.functional as F

import twin


def op(make):
    def build():
        torch.manual_seed(0)
        f = make()

        def run(n):
            for _ in range(n):
                f()

        return run

    return build


def trained(leaves, f):
    def step():
        y = f()
        y.backward(torch.ones_like(y))
        for leaf in leaves:
            leaf.grad = None

    return step


def leaf(*sizes):
    return torch.randn(sizes).requires_grad_()


def on(f, *sizes):
    """f of one random tensor."""

    def make():
        x = torch.randn(sizes)
        return lambda: f(x)

    return op(make)


def embedding():
    weight, index = leaf(50257, 256), torch.randint(50257, (4096,))
    return trained([weight], lambda: F.embedding(index, weight))


def index_select():
    x, index = torch.randn(50257, 256), torch.randint(50257, (4096,))
    return lambda: x.index_select(0, index)


def gather():
    x, index = torch.randn(1024, 1024), torch.randint(1024, (1024, 1024))
    return lambda: x.gather(1, index)


def scatter_add():
    x, index = torch.randn(1024, 1024), torch.randint(1024, (1024, 1024))
    return lambda: torch.zeros(1024, 1024, device=twin.device).scatter_add_(1, index, x)


def add_transposed():
    x, y = torch.randn(4096, 4096), torch.randn(4096, 4096)
    return lambda: x + y.t()


def gelu_train():
    x = leaf(2**20)
    return trained([x], lambda: F.gelu(x))


def layer_norm():
    x, w, b = leaf(4096, 768), leaf(768), leaf(768)
    return trained([x, w, b], lambda: F.layer_norm(x, (768,), w, b))


def batch_norm():
    x, norm = torch.randn(32, 64, 32, 32), torch.nn.BatchNorm2d(64)

    def forward():
        with torch.no_grad():
            return norm(x)

    return forward


def cross_entropy():
    x, target = leaf(1024, 8192), torch.randint(8192, (1024,))
    return trained([x], lambda: F.cross_entropy(x, target))


def cat():
    xs = [torch.randn(1024, 256) for _ in range(8)]
    return lambda: torch.cat(xs, 1)


def where():
    x, y = torch.randn(2**20), torch.randn(2**20)
    c = x > 0
    return lambda: torch.where(c, x, y)


def optimizer_step(kind, **options):
    def make():
        params = [torch.randn(12000).requires_grad_() for _ in range(128)]
        for p in params:
            p.grad = torch.randn(12000)
        optimizer = kind(params, fused=True, **options)
        return optimizer.step

    return op(make)


def pair(f):
    def make():
        x, y = torch.randn(2**20), torch.randn(2**20)
        return lambda: f(x, y)

    return op(make)


def stack():
    xs = [torch.randn(1024, 256) for _ in range(8)]
    return lambda: torch.stack(xs)


ROWS = {
    "op-mul": pair(torch.mul),
    "op-div": pair(torch.div),
    "op-atan2": pair(torch.atan2),
    "op-sqrt": on(torch.sqrt, 2**20),
    "op-exp": on(torch.exp, 2**20),
    "op-log": on(torch.log, 2**20),
    "op-tanh": on(torch.tanh, 2**20),
    "op-sigmoid": on(torch.sigmoid, 2**20),
    "op-erf": on(torch.erf, 2**20),
    "op-lgamma": on(torch.lgamma, 2**20),
    "op-relu": on(torch.relu, 2**20),
    "op-gelu": on(F.gelu, 2**20),
    "op-sort": on(lambda x: x.sort(), 2**20),
    "op-topk": on(lambda x: x.topk(10), 1024, 1024),
    "op-cumsum": on(lambda x: x.cumsum(1), 4096, 4096),
    "op-argmax": on(lambda x: x.argmax(1), 4096, 4096),
    "op-sum": on(lambda x: x.sum(), 2**24),
    "op-mean": on(lambda x: x.mean(1), 4096, 4096),
    "op-max": on(lambda x: x.max(1), 4096, 4096),
    "op-sum-cols": on(lambda x: x.sum(0), 4096, 4096),
    "op-var": on(lambda x: x.var(1), 4096, 4096),
    "op-embedding": op(embedding),
    "op-index-select": op(index_select),
    "op-gather": op(gather),
    "op-scatter-add": op(scatter_add),
    "op-dropout": on(lambda x: F.dropout(x, 0.5), 2**20),
    "op-rand": op(lambda: lambda: torch.rand(2**20, device=twin.device)),
    "op-randint": op(lambda: lambda: torch.randint(1000, (2**20,), device=twin.device)),
    "op-randperm": op(lambda: lambda: torch.randperm(2**20, device=twin.device)),
    "op-randn": op(lambda: lambda: torch.randn(2**20, device=twin.device)),
    "op-add-transposed": op(add_transposed),
    "op-gelu-train": op(gelu_train),
    "op-softmax-wide": on(lambda x: x.softmax(1), 1024, 8192),
    "op-softmax-narrow": on(lambda x: x.softmax(1), 3072, 64),
    "op-layer-norm": op(layer_norm),
    "op-batch-norm": op(batch_norm),
    "op-max-pool": on(lambda x: F.max_pool2d(x, 2), 64, 32, 28, 28),
    "op-cross-entropy": op(cross_entropy),
    "op-cat": op(cat),
    "op-stack": op(stack),
    "op-where": op(where),
    "op-sgd": optimizer_step(torch.optim.SGD, lr=1e-3, momentum=0.9),
    "op-adam": optimizer_step(torch.optim.Adam),
    "op-adamw": optimizer_step(torch.optim.AdamW),
}
