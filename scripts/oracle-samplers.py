"""Writes test/oracle/samplers.json: what PyTorch's samplers and splits give for a seed. Run: python scripts/oracle-samplers.py"""
import json
import os

import torch
from torch.utils.data import BatchSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler, random_split
from torch.utils.data.distributed import DistributedSampler


def seeded(f):
    torch.manual_seed(7)
    return f()


def one_generator():
    g = torch.Generator().manual_seed(5)
    return [
        list(RandomSampler(range(6), generator=g)),
        list(RandomSampler(range(6), generator=g)),
        list(RandomSampler(range(6), replacement=True, num_samples=40, generator=g)),
        list(SubsetRandomSampler([3, 1, 4, 1, 5], generator=g)),
        list(WeightedRandomSampler([1, 2, 3, 4], 6, generator=g)),
        list(WeightedRandomSampler([1, 2, 3, 4], 3, False, g)),
    ]


SAMPLERS = {
    "replacement": lambda: list(RandomSampler(range(10), replacement=True)),
    "replacement 70": lambda: list(RandomSampler(range(10), replacement=True, num_samples=70)),
    "replacement 64": lambda: list(RandomSampler(range(10), True, 64)) + torch.rand(2).tolist(),
    "several times": lambda: list(RandomSampler(range(5), num_samples=13)),
    "fewer": lambda: list(RandomSampler(range(9), num_samples=4)),
    "one generator": one_generator,
    "subset": lambda: list(SubsetRandomSampler([9, 8, 7, 6, 5, 4])),
    "batches": lambda: list(BatchSampler(RandomSampler(range(7)), 3, False)) + list(BatchSampler(RandomSampler(range(7)), 3, True)),
    "weighted": lambda: list(WeightedRandomSampler(torch.tensor([0.5, 0.0, 2.0]), 9, generator=torch.Generator().manual_seed(1))),
}
SPLITS = [
    ([3, 7], 10), ([0.5, 0.5], 11), ([0.8, 0.1, 0.1], 25), ([0.33, 0.33, 0.34], 10), ([0.1] * 10, 7),
    ([1], 1), ([1.0], 5), ([0, 10], 10), ([0.6, 0.4], 1),
]

# number of samples, replicas, shuffled, seed, drop_last, epoch
SHARED = [
    (10, 2, True, 0, False, 0), (10, 2, True, 0, False, 1), (11, 3, True, 5, False, 2), (11, 3, True, 5, True, 2),
    (2, 5, True, 1, False, 0), (2, 5, False, 1, False, 0), (7, 4, False, 0, True, 3), (100, 4, True, 42, False, 7),
    (3, 4, True, 0, True, 0),
]


def shared(n, replicas, shuffle, seed, drop, epoch):
    out = []
    for rank in range(replicas):
        sampler = DistributedSampler(range(n), replicas, rank, shuffle, seed, drop)
        sampler.set_epoch(epoch)
        out.append(list(sampler))
    return out


def split(sizes, n, **options):
    return [list(p) for p in random_split(range(n), sizes, **options)]


def main():
    out = {
        "samplers": {name: seeded(f) for name, f in SAMPLERS.items()},
        "splits": [
            [sizes, n, seeded(lambda: split(sizes, n)), split(sizes, n, generator=torch.Generator().manual_seed(3))]
            for sizes, n in SPLITS
        ],
        "shared": [[*case, shared(*case)] for case in SHARED],
    }
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/samplers.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")


if __name__ == "__main__":
    main()
