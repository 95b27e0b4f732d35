"""PyTorch's answers for recurrent layers, their cells and packed sequences: writes test/oracle/rnn.json for
test/rnn.test.ts. A case is a module made after manual_seed, then inputs drawn by randn in the order x, h, c; the answers
are outputs, last states and the gradients of y^2 + 2 h^2 + 3 c^2 by all parameters and inputs.

    python scripts/oracle-rnn.py
"""
import json
import os

import torch
from torch import nn
from torch.nn.utils import rnn

STEPS, BATCH, INPUT, HIDDEN = 5, 3, 3, 4
LENGTHS = [5, 3, 2]
UNSORTED = [2, 5, 3]


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def numbers(x):
    return [float(f"{v:.7g}") for v in x.detach().double().flatten().tolist()]


def leaf(x):
    return x.detach().requires_grad_()


def answers(module, inputs, y, states):
    loss = y.pow(2).sum()
    for i, s in enumerate(states):
        loss = loss + (i + 2) * s.pow(2).sum()
    loss.backward()
    return {
        "y": {"shape": list(y.shape), "values": numbers(y)},
        "states": [{"shape": list(s.shape), "values": numbers(s)} for s in states],
        "inputs": [numbers(x.grad) for x in inputs],
        "parameters": {name: numbers(p.grad) for name, p in module.named_parameters()},
    }


def layer(seed, kind, form="batched", given=False, dtype="float32", **options):
    torch.manual_seed(seed)
    module = getattr(nn, kind)(INPUT, HIDDEN, dtype=getattr(torch, dtype), **options)
    batch_first = options.get("batch_first", False)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional", False) else 1)
    out = options.get("proj_size", 0) or HIDDEN
    shape = [STEPS, INPUT] if form == "unbatched" else [BATCH, STEPS, INPUT] if batch_first else [STEPS, BATCH, INPUT]
    middle = [] if form == "unbatched" else [BATCH]
    x = leaf(torch.randn(shape, dtype=module.weight_ih_l0.dtype))
    states = []
    if given:
        sizes = [out, HIDDEN] if kind == "LSTM" else [out]
        states = [leaf(torch.randn([count, *middle, n], dtype=x.dtype)) for n in sizes]
    state = None if not given else tuple(states) if kind == "LSTM" else states[0]
    source = x
    if form == "packed":
        source = rnn.pack_padded_sequence(x, LENGTHS, batch_first)
    if form == "unsorted":
        source = rnn.pack_padded_sequence(x, UNSORTED, batch_first, enforce_sorted=False)
    torch.manual_seed(seed + 1000)  # dropout
    y, last = module(source, state)
    if isinstance(y, rnn.PackedSequence):
        y = y.data
    last = list(last) if kind == "LSTM" else [last]
    return {
        "kind": kind, "form": form, "given": given, "seed": seed, "dtype": dtype, "text": str(module),
        "options": {camel(k): v for k, v in options.items()}, "x": shape, "h": [list(s.shape) for s in states],
        **answers(module, [x, *states], y, last),
    }


def cell(seed, kind, batched, given, **options):
    torch.manual_seed(seed)
    module = getattr(nn, kind)(INPUT, HIDDEN, **options)
    middle = [BATCH] if batched else []
    x = leaf(torch.randn([*middle, INPUT]))
    states = [leaf(torch.randn([*middle, HIDDEN])) for _ in range((2 if kind == "LSTMCell" else 1) if given else 0)]
    last = module(x, None if not given else tuple(states) if kind == "LSTMCell" else states[0])
    last = list(last) if kind == "LSTMCell" else [last]
    return {
        "kind": kind, "form": "cell", "given": given, "seed": seed, "dtype": "float32", "text": str(module),
        "options": {camel(k): v for k, v in options.items()}, "x": list(x.shape), "h": [list(s.shape) for s in states],
        **answers(module, [x, *states], last[0], last[1:]),
    }


def cases():
    seed = 0
    kinds = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {})]
    grid = [
        {}, {"given": True}, {"bias": False, "given": True}, {"batch_first": True}, {"batch_first": True, "given": True},
        {"form": "unbatched"}, {"form": "unbatched", "given": True, "bidirectional": True, "batch_first": True},
        {"num_layers": 2, "given": True}, {"bidirectional": True, "given": True},
        {"num_layers": 2, "bidirectional": True, "batch_first": True, "bias": False},
        {"form": "packed"}, {"form": "packed", "bidirectional": True, "given": True},
        {"form": "unsorted", "batch_first": True, "given": True, "bidirectional": True, "num_layers": 2},
        {"form": "unsorted", "given": True}, {"dtype": "float64", "num_layers": 2, "bidirectional": True, "given": True},
        {"num_layers": 3, "dropout": 0.5, "given": True}, {"num_layers": 2, "dropout": 0.5, "batch_first": True},
        {"form": "packed", "num_layers": 2, "dropout": 0.3},
    ]
    for kind, more in kinds:
        for options in grid:
            seed += 1
            yield layer(seed, kind, **more, **options)
    for kind, more in [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("LSTMCell", {}), ("GRUCell", {})]:
        for batched, given, options in [(True, True, {}), (True, False, {"bias": False}), (False, True, {}), (False, False, {})]:
            seed += 1
            yield cell(seed, kind, batched, given, **more, **options)


def packing():
    """Texts of what the functions of nn.utils.rnn give."""
    x = torch.arange(24).view(3, 4, 2)
    flat = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    a, b, c = torch.tensor([1, 2, 3]), torch.tensor([4, 5]), torch.tensor([6])
    packed = rnn.pack_padded_sequence(flat, [2, 1, 3], batch_first=True, enforce_sorted=False)
    rows = [torch.ones(n, 2) * n for n in (2, 3, 1)]
    return {
        "packed": str(rnn.pack_padded_sequence(x, [3, 3, 2, 1])),
        "packedBatchFirst": str(rnn.pack_padded_sequence(x, torch.tensor([4, 2, 1]), batch_first=True)),
        "packedShort": str(rnn.pack_padded_sequence(x, [2, 2, 2, 1])),
        "unsorted": str(packed),
        "padded": str(rnn.pad_packed_sequence(packed, batch_first=True)),
        "paddedLonger": str(rnn.pad_packed_sequence(packed, padding_value=-1, total_length=5)),
        "sequence": str(rnn.pack_sequence([a, b, c])),
        "sequenceUnsorted": str(rnn.pack_sequence([c, a, b], enforce_sorted=False)),
        "unpacked": str(rnn.unpack_sequence(rnn.pack_sequence([c, a, b], enforce_sorted=False))),
        "pad": str(rnn.pad_sequence(rows)),
        "padLeft": str(rnn.pad_sequence(rows, batch_first=True, padding_value=0.5, padding_side="left")),
        "unpad": str(rnn.unpad_sequence(rnn.pad_sequence(rows), torch.tensor([2, 3, 1]))),
    }


path = os.path.join(os.path.dirname(__file__), "..", "test", "oracle", "rnn.json")
with open(path, "w") as file:
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases())
    file.write('{"cases":[\n' + lines + '\n],\n"packing":' + json.dumps(packing(), indent=1) + "}\n")
