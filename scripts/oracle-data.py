"""Writes test/oracle/data.json: what PyTorch's loaders and samplers give for a seed. Run: python scripts/oracle-data.py"""
import json
import os

import torch
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler


class Noise(Dataset):
    def __len__(self):
        return 7

    def __getitem__(self, i):
        return torch.rand(1) + i


def epochs(count=2, **options):
    torch.manual_seed(3)
    loader = DataLoader(Noise(), batch_size=2, **options)
    return [[x.flatten().tolist() for x in loader] for _ in range(count)]


def weighted(**options):
    torch.manual_seed(5)
    return list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, **options))


def main():
    out = {
        "noise": {
            "0": epochs(),
            "shuffled 0": epochs(shuffle=True),
            "shuffled 1": epochs(shuffle=True, num_workers=1),
            "shuffled 2": epochs(shuffle=True, num_workers=2),
            "persistent 2": epochs(3, shuffle=True, num_workers=2, persistent_workers=True),
            "generator 2": epochs(shuffle=True, num_workers=2, generator=torch.Generator().manual_seed(11)),
        },
        "weighted": {"with": weighted(), "without": weighted(replacement=False)},
    }
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/data.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")


if __name__ == "__main__":
    main()
