"""The product of two matrices, timed on the CPU and on a GPU; matmul.ts is the same."""
import sys
import time

import torch


def timed(f):
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = f()
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return result, time.perf_counter() - start


def matmul(size, seed, device):
    torch.manual_seed(seed)
    x = torch.randn(size, size)
    y = torch.randn(size, size)
    on_cpu, cpu = timed(lambda: x @ y)
    print(f"CPU time: {cpu:.4f} s")
    if device == "cpu":
        return

    x_gpu = x.to(device)
    y_gpu = y.to(device)
    x_gpu @ y_gpu
    on_gpu, gpu = timed(lambda: x_gpu @ y_gpu)
    print(f"GPU time: {gpu:.4f} s ({torch.cuda.get_device_name(device)})")
    print(f"{cpu / gpu:.1f} times as fast, {2e-12 * size**3 / gpu:.3f} TFLOP/s")
    print(f"largest difference: {(on_gpu.cpu() - on_cpu).abs().max().item():.1e}")


if __name__ == "__main__":
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    matmul(int(arguments.get("--size", 10000)), int(arguments.get("--seed", 1)), arguments.get("--device", "cpu"))
