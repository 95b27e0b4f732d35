"""Writes test/oracle/legacy.json: the same values as torch.save wrote them before PyTorch 1.6 and as it does now, base64.

Run: python scripts/oracle-legacy.py
"""

import base64
import collections
import io
import json
import os

import numpy as np
import torch


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return base64.b64encode(file.getvalue()).decode()


def numbers():
    types = [np.float64, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.uint16, np.uint32, np.uint64]
    values = [t(3.25) for t in types[:3]] + [t(77) for t in types[3:]] + [np.bool_(True), np.int64(-5), np.float16(-0.000061)]
    values += [np.float16(6e-8), np.array(1.5, ">f8")[()], np.int64(2**53 - 1)]
    return [saved({"best": values, "w": torch.ones(2)}), [v.item() for v in values]]


def main():
    torch.manual_seed(2)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    base = torch.arange(24.0).reshape(4, 6)
    dtypes = [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
    values = [
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "name": "é", "best": None},
        [torch.arange(3).to(dtype) for dtype in dtypes],
        [base, base.t(), base[2], base[::2, 1::3], base[0, :1].expand(5, 6), torch.tensor(2.5), torch.ones(0, 3)],
        {"p": torch.nn.Parameter(base), "frozen": torch.nn.Parameter(torch.ones(1), False), "o": collections.OrderedDict(a=1)},
        [1, "no tensors"],
    ]
    files = [[saved(v, _use_new_zipfile_serialization=False), saved(v)] for v in values]
    refused = [
        [saved(v, _use_new_zipfile_serialization=False), word]
        for v, word in [
            (torch.nn.Linear(1, 1), "whole modules are code: save module.state_dict()"),
            (torch.eye(2).to_sparse(), "sparse tensors are not supported: save x.to_dense()"),
            (torch.ones(1, dtype=torch.complex64), "save torch.view_as_real(x)"),
            (torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "save x.dequantize()"),
        ]
    ]
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/legacy.json"), "w") as f:
        json.dump({"files": files, "refused": refused, "numpy": numbers()}, f)
        f.write("\n")


if __name__ == "__main__":
    main()
