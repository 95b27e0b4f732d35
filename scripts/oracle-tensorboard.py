"""Writes test/oracle/tensorboard.json: the events that PyTorch's own SummaryWriter writes, but for their times.
Needs tensorboard. Run: python scripts/oracle-tensorboard.py"""
import base64
import glob
import json
import os
import struct
import tempfile

import torch
from torch.utils.tensorboard import SummaryWriter


def events(root):
    out = {}
    for path in sorted(glob.glob(root + "/**/events*", recursive=True)):
        data = open(path, "rb").read()
        at, records = 0, []
        while at < len(data):
            (n,) = struct.unpack("<Q", data[at : at + 8])
            # the first field of an event is its time: a key and a double
            records.append(base64.b64encode(data[at + 12 + 9 : at + 12 + n]).decode())
            at += 16 + n
        out[os.path.relpath(os.path.dirname(path), root)] = records
    return out


def main():
    with tempfile.TemporaryDirectory() as root:
        w = SummaryWriter(root, purge_step=1)
        for i in range(3):
            w.add_scalar("loss/train", 1 / (i + 1), i)
        w.add_scalar("new style: 50 %", 0.1, 4, new_style=True)
        w.add_scalar("double", 0.1, 300, new_style=True, double_precision=True)
        w.add_scalar("no step", torch.tensor(2.5))
        w.add_scalars("many/lines", {"a": 1, "b": torch.tensor(2.5)}, 7)
        x = torch.tensor([-1, 0, 0.5, 2, 2, 1e-13, -1e15])
        w.add_histogram("histogram", x, 1)
        w.add_histogram("three bins", x[:5], 2, bins=3)
        w.add_text("note", "hello **you** \u00e4", 3)
        w.add_hparams({"lr": 0.1}, {"acc": 0.9}, run_name="run")
        labels, predictions = torch.arange(40) % 3 == 0, (torch.arange(40) * 7 % 41) / 41
        w.add_pr_curve("curve", labels, predictions, 4)
        w.add_pr_curve("weighted", labels.int(), predictions, 5, 11, (torch.arange(40) / 10).numpy())
        w.add_pr_curve_raw("raw", [3, 2], [1, 0], [0, 1], [0, 1], [0.75, 1.0], [1.0, 0.6], 6, 2)
        w.add_custom_scalars({"A": {"x": ["Multiline", ["a/b", "c"]], "y": ["Margin", ["v", "l", "u"]]}, "B": {}})
        w.add_custom_scalars_multilinechart(["a", "b"], "category", "title")
        w.add_custom_scalars_marginchart(["a", "b", "c"])
        w.close()
        out = events(root)
    with open(os.path.join(os.path.dirname(__file__), "../test/oracle/tensorboard.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
