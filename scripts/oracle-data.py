"""Writes test/oracle/data.json: what PyTorch's loaders and samplers give for a seed. Run: python scripts/oracle-data.py"""
import base64
import io
import json
import os

import numpy as np
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


def saved(save):
    file = io.BytesIO()
    save(file)
    return base64.b64encode(file.getvalue()).decode()


def main():
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.array([True, False]), "z": np.asfortranarray(np.eye(2, 3)), "n": np.int64(7)}
    weights = {"w": torch.arange(2000.0).view(40, 50), "t": torch.arange(2000.0).view(40, 50).t()[3:5], "n": torch.tensor([1, 2, 3]), "epoch": 3}
    out = {
        "noise": {
            "0": epochs(),
            "shuffled 0": epochs(shuffle=True),
            "shuffled 1": epochs(shuffle=True, num_workers=1),
            "shuffled 2": epochs(shuffle=True, num_workers=2),
            "persistent 2": epochs(3, shuffle=True, num_workers=2, persistent_workers=True),
            "generator 2": epochs(shuffle=True, num_workers=2, generator=torch.Generator().manual_seed(11)),
        },
        "npz": [saved(lambda f: np.savez(f, **arrays)), saved(lambda f: np.savez_compressed(f, **arrays))],
        "pt": saved(lambda f: torch.save(weights, f)),
        "weighted": {"with": weighted(), "without": weighted(replacement=False)},
    }
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/data.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")


if __name__ == "__main__":
    main()
