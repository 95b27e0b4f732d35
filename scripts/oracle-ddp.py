"""Writes test/oracle/ddp.json: what PyTorch's DistributedDataParallel and ZeroRedundancyOptimizer make of a small net in two
processes over Gloo. Read by test/distributed/ddp.test.ts, whose cases.ts does the same. Run: python scripts/oracle-ddp.py"""
import json
import os
import sys
import tempfile
import warnings

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn, optim
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

STEPS = 5


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 8)
        self.bn = nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 4)
        self.side = nn.Linear(8, 4)

    def forward(self, x, side):
        h = torch.relu(self.bn(self.fc1(x)))
        return {"y": self.fc2(h), "more": [self.side(h)] if side else []}


def loss_of(out, target):
    loss = ((out["y"] - target) ** 2).mean()
    return loss + out["more"][0].mean() if out["more"] else loss


def case(rank, side=lambda rank, step: True, steps=lambda rank: STEPS, accumulate=1, hook=None, zero=False, join=None, **options):
    torch.manual_seed(rank)  # the processes begin with different weights
    net = Net()
    model = DistributedDataParallel(net, **options)
    if hook is not None:
        model.register_comm_hook(None, hook)
    if zero:
        # biases before batch normalization have gradients that are rounding errors: eps keeps Adam from blowing them up
        optimizer = ZeroRedundancyOptimizer(model.parameters(), optimizer_class=optim.Adam, lr=0.01, eps=1e-3)
    else:
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(100 + rank)
    losses = []

    def train():
        for step in range(steps(rank)):
            x, target = torch.rand(3, 6, generator=generator), torch.rand(3, 4, generator=generator)
            if step % accumulate != accumulate - 1:
                with model.no_sync():
                    loss = loss_of(model(x, side(rank, step)), target)
                    loss.backward()
                losses.append(loss.item())
                continue
            loss = loss_of(model(x, side(rank, step)), target)
            loss.backward()
            losses.append(loss.item())
            optimizer.step()
            optimizer.zero_grad()

    if join is None:
        train()
    else:
        with model.join(divide_by_initial_world_size=join):
            train()
    return {"losses": losses, "state": {k: v.tolist() for k, v in model.state_dict().items()}}


CASES = {
    "plain": {},
    "view": {"gradient_as_bucket_view": True},
    "local buffers": {"broadcast_buffers": False},
    "small buckets": {"bucket_cap_mb": 0.0001},
    "unused": {"find_unused_parameters": True, "side": lambda rank, step: step == 1 or (step == 3 and rank == 1)},
    "static": {"static_graph": True, "side": lambda rank, step: False},
    "no sync": {"accumulate": 2, "steps": lambda rank: 6},
    "fp16": {"hook": default_hooks.fp16_compress_hook},
    "zero": {"zero": True},
    "join": {"join": True, "steps": lambda rank: 3 + 2 * rank},
    "join, those left": {"join": False, "steps": lambda rank: 5 - 2 * rank},
}


def work(rank, folder):
    warnings.simplefilter("ignore")
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.set_num_threads(1)
    out = {name: case(rank, **options) for name, options in CASES.items()}
    with open(f"{folder}/{rank}.json", "w") as f:
        json.dump(out, f)
    dist.destroy_process_group()


def main():
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(work, args=(folder,), nprocs=2)
        ranks = [json.load(open(f"{folder}/{rank}.json")) for rank in range(2)]
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/ddp.json"), "w") as f:
        json.dump({name: [r[name] for r in ranks] for name in CASES}, f)
        f.write("\n")


if __name__ == "__main__":
    sys.exit(main())
