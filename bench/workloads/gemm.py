"""Matrix products with a new result. NT: the second factor is a transposed view, as in a linear layer."""
import torch


def product(a, b):
    def run(n):
        for _ in range(n):
            a.matmul(b)

    return run


def square(n, dtype=torch.float32):
    def build():
        torch.manual_seed(0)
        return product(torch.randn(n, n, dtype=dtype), torch.randn(n, n, dtype=dtype))

    return build


def transposed(m, n, k):
    def build():
        torch.manual_seed(0)
        return product(torch.randn(m, k), torch.randn(n, k).t())

    return build


def batched():
    torch.manual_seed(0)
    return product(torch.randn(96, 128, 64), torch.randn(96, 128, 64).transpose(1, 2))


ROWS = {
    "gemm-512": square(512),
    "gemm-2048": square(2048),
    "gemm-4096": square(4096),
    "gemm-f64-1024": square(1024, torch.float64),
    "gemm-nt-64x128x784": transposed(64, 128, 784),
    "gemm-nt-64x10x128": transposed(64, 10, 128),
    "gemm-nt-1x512x128": transposed(1, 512, 128),
    "gemm-batched": batched,
}
