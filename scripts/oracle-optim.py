"""Writes test/oracle/optim.json: what PyTorch's optimizers make of a few parameters, for test/optim.test.ts.

Run with PyTorch 2.13: python scripts/oracle-optim.py
Parameters and gradients are formulas that the test computes too: see `start` and `noise`.
"""

import json
import math
import pathlib
import warnings

import torch
from torch import optim

warnings.simplefilter("ignore")
SHAPES = [[3, 2], [3], [2, 1, 2]]
STEPS = 6
RESUMED = 3  # the state after so many steps is stored, and loaded by the test


def filled(shape, dtype, f):
    n = math.prod(shape)
    return torch.tensor([f(i) for i in range(n)], dtype=torch.float64).reshape(shape).to(dtype)


def start(k, shape, dtype):
    return filled(shape, dtype, lambda i: math.cos(0.7 * i + 1.3 * k + 0.2) * 1.5)


def noise(k, step, shape, dtype):
    return filled(shape, dtype, lambda i: math.sin(1.7 * i + 2.3 * k + 0.9 * step + 1))


def digits(x, dtype):
    return [float(f"{v:.9g}" if dtype == torch.float32 else f"{v:.15g}") for v in x.detach().double().flatten().tolist()]


def stored(x):
    """A value of a state dict as data."""
    if isinstance(x, torch.Tensor):
        return {"dtype": str(x.dtype)[6:], "shape": list(x.shape), "data": digits(x, x.dtype)}
    if isinstance(x, dict):
        return {str(k): stored(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [stored(v) for v in x]
    return x


# common options, then what is particular
RATE = {"lr": 0.1}
COMMON = [{}, RATE, {**RATE, "weight_decay": 0.2}, {**RATE, "weight_decay": 0.2, "maximize": True}]
OPTIONS = {
    "SGD": [
        *COMMON,
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True},
        {"lr": 0.1, "momentum": 0.9, "fused": True},
    ],
    "Adam": [
        *COMMON,
        {"lr": 0.1, "amsgrad": True, "betas": (0.5, 0.6)},
        {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1},
        {"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1},
        {"lr": 0.1, "eps": 0.5, "foreach": True},
    ],
    "AdamW": [*COMMON, {"lr": 0.1, "amsgrad": True, "betas": (0.5, 0.6)}],
    "Adamax": [*COMMON, {"lr": 0.1, "betas": (0.5, 0.6), "eps": 0.1}],
    "NAdam": [
        *COMMON,
        {"lr": 0.1, "betas": (0.5, 0.6), "momentum_decay": 0.3},
        {"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1},
    ],
    "RAdam": [
        *COMMON,
        {"lr": 0.1, "betas": (0.5, 0.9)},
        {"lr": 0.1, "betas": (0.5, 0.99), "decoupled_weight_decay": True, "weight_decay": 0.1},
    ],
    "Adagrad": [
        *COMMON,
        {"lr": 0.1, "lr_decay": 0.3, "initial_accumulator_value": 0.5, "eps": 0.1},
        {"lr": 0.1, "fused": True},
    ],
    "Adadelta": [*COMMON, {"lr": 2.0, "rho": 0.5, "eps": 0.01}],
    "RMSprop": [
        *COMMON,
        {"lr": 0.1, "momentum": 0.8},
        {"lr": 0.1, "centered": True, "alpha": 0.7},
        {"lr": 0.1, "centered": True, "momentum": 0.8, "alpha": 0.7, "eps": 0.1, "weight_decay": 0.1},
    ],
    "Rprop": [{}, RATE, {**RATE, "maximize": True}, {"lr": 0.1, "etas": (0.3, 2.5), "step_sizes": (0.05, 0.3)}],
    "ASGD": [*COMMON, {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 2.0}],
    "Adafactor": [*COMMON, {"lr": 0.5, "beta2_decay": -0.3, "d": 2.0, "eps": (1e-3, 0.1)}],
    "Muon": [
        {},
        {"lr": 0.1, "weight_decay": 0.0, "nesterov": False},
        {"lr": 0.1, "momentum": 0.5, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw"},
    ],
}
LBFGS = [
    {},
    {"lr": 0.5, "max_iter": 4, "history_size": 2},
    {"line_search_fn": "strong_wolfe"},
    {"lr": 2.0, "max_iter": 5, "max_eval": 8, "history_size": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 0.2, "tolerance_grad": 0.5, "line_search_fn": "strong_wolfe"},
    {"lr": 0.2, "tolerance_change": 0.05},
]
# whose default options JavaScript prints as Python does: 1.0 is 1 here
PRINTED = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "RMSprop", "Rprop", "LBFGS"]
# a group of its own for the second parameter
GROUPS = {"lr": 0.03, "weight_decay": 0.05}
BAD = {
    "SGD": [{"lr": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}, {"nesterov": True}, {"fused": True, "foreach": True}],
    "Adam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": (1.5, 0.5)}, {"betas": (0.5, -0.5)}, {"weight_decay": -0.5}],
    "AdamW": [{"lr": -0.5}, {"fused": True, "foreach": True}],
    "Adamax": [{"lr": -0.5}, {"eps": -0.5}, {"betas": (1.5, 0.5)}, {"weight_decay": -0.5}],
    "NAdam": [{"lr": -0.5}, {"momentum_decay": -0.5}, {"betas": (0.5, 1.5)}],
    "RAdam": [{"lr": -0.5}, {"eps": -0.5}, {"weight_decay": -0.5}],
    "Adagrad": [{"lr": -0.5}, {"lr_decay": -0.5}, {"initial_accumulator_value": -0.5}, {"eps": -0.5}],
    "Adadelta": [{"lr": -0.5}, {"rho": 1.5}, {"eps": -0.5}, {"weight_decay": -0.5}],
    "RMSprop": [{"lr": -0.5}, {"alpha": -0.5}, {"eps": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}],
    "Rprop": [{"lr": -0.5}, {"etas": (1.5, 1.2)}, {"etas": (0.5, 0.7)}],
    "ASGD": [{"lr": -0.5}, {"weight_decay": -0.5}],
    "Adafactor": [
        {"lr": -0.5},
        {"beta2_decay": 0.5},
        {"eps": (-0.5, 0.1)},
        {"eps": (None, -0.5)},
        {"d": 0.5},
        {"weight_decay": -0.5},
    ],
    "Muon": [{"lr": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}, {"adjust_lr_fn": "other"}],
    "LBFGS": [{"lr": -0.5}],
    "SparseAdam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": (1.5, 0.5)}],
}


def run(name, options, dtype, groups=None, shapes=SHAPES):
    params = [start(k, shape, dtype).requires_grad_() for k, shape in enumerate(shapes)]
    given = params if groups is None else [{"params": [p], **(groups if k == 1 else {})} for k, p in enumerate(params)]
    optimizer = getattr(optim, name)(given, **options)
    values = []
    state = None
    for step in range(STEPS):
        for k, p in enumerate(params):
            # one parameter has no gradient at the second step
            p.grad = None if k == 1 and step == 1 else p.detach() * 0.5 + noise(k, step, shapes[k], dtype)
        optimizer.step()
        values.append([digits(p, dtype) for p in params])
        if step + 1 == RESUMED and dtype == torch.float32:
            state = stored(optimizer.state_dict())
    return {
        "optimizer": name,
        "options": options,
        "dtype": str(dtype)[6:],
        "groups": groups,
        "shapes": shapes,
        "values": values,
        "state": state,
    }


def loss_of(params):
    return sum(((p - 1) ** 4 * 0.3 + (p + 0.5) ** 2 * 0.7).sum() for p in params) + (params[0].sum() - params[1].sum()) ** 2


def run_lbfgs(options, dtype):
    params = [start(k, shape, dtype).requires_grad_() for k, shape in enumerate(SHAPES)]
    optimizer = optim.LBFGS(params, **options)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    values, losses, state = [], [], None
    for step in range(3):
        losses.append(float(optimizer.step(closure)))
        values.append([digits(p, dtype) for p in params])
        if step == 0 and dtype == torch.float32:
            state = stored(optimizer.state_dict())
    return {
        "options": options,
        "dtype": str(dtype)[6:],
        "values": values,
        "losses": losses,
        "calls": calls,
        "state": state,
    }


def refusal(name, options):
    try:
        getattr(optim, name)([torch.ones(2, 2, requires_grad=True)], **options)
    except Exception as error:
        return str(error)
    raise AssertionError(f"{name} takes {options}")


cases = []
for name, list_ in OPTIONS.items():
    shapes = [[3, 2], [2, 4]] if name == "Muon" else SHAPES
    for options in list_:
        for dtype in [torch.float32, torch.float64]:
            if options.get("maximize") and name == "Muon":
                continue
            cases.append(run(name, options, dtype, None, shapes))
    groups = {"lr": 0.03} if name == "Rprop" else GROUPS
    cases.append(run(name, list_[1], torch.float32, groups, shapes))
p = torch.ones(2, requires_grad=True)
texts = {name: str(getattr(optim, name)([p])) for name in PRINTED}
out = {
    "cases": cases,
    "lbfgs": [run_lbfgs(o, d) for o in LBFGS for d in [torch.float32, torch.float64]],
    "bad": [{"optimizer": n, "options": o, "message": refusal(n, o)} for n, os in BAD.items() for o in os],
    "texts": texts,
}
path = pathlib.Path(__file__).parent.parent / "test/oracle/optim.json"
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(len(cases), "cases", path.stat().st_size // 1024, "KB")
