"""PyTorch's side of bench/ddp.ts: the same GPT under its DistributedDataParallel over Gloo, on one thread. Arguments: batch,
blocks, steps; RANK and SIZE, and STORE (a file) for several processes, come from the environment."""
import json
import os
import sys
import time

import torch
import torch.distributed as dist
from torch import nn

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "workloads"))
from gpt import GPT, loss_of  # noqa: E402

batch, blocks, steps = map(int, sys.argv[1:4])
rank, size = int(os.environ["RANK"]), int(os.environ["SIZE"])
torch.set_num_threads(1)
if size > 1:
    dist.init_process_group("gloo", init_method=f"file://{os.environ['STORE']}", rank=rank, world_size=size)
torch.manual_seed(rank)
model = GPT()
if size > 1:
    model = nn.parallel.DistributedDataParallel(model)
params = list(model.parameters())
groups = [
    {"params": [p for p in params if p.dim() >= 2], "weight_decay": 0.1},
    {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
batches = [(torch.randint(65, (batch, 64)), torch.randint(65, (batch, 64))) for _ in range(8)]


def step(i):
    x, y = batches[i % len(batches)]
    optimizer.zero_grad()
    loss_of(model(x), y).backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optimizer.step()


for i in range(12):
    step(i)
found = []
for _ in range(blocks):
    if size > 1:
        dist.barrier()
    start = time.perf_counter()
    for i in range(steps):
        step(i)
    found.append(batch * steps / (time.perf_counter() - start))
if rank == 0:
    print(json.dumps(found))
if size > 1:
    dist.destroy_process_group()
