"""Writes test/oracle/schedules.json: the learning rates that PyTorch's schedules give, and averages of models, for
test/schedules.test.ts.

Run with PyTorch 2.13: python scripts/oracle-schedules.py
"""

import json
import math
import pathlib
import warnings

import torch
from torch.optim import Adam, SGD, lr_scheduler as S, swa_utils

warnings.simplefilter("ignore")
STEPS = 34
STORED = 13  # the state after so many steps is stored, and loaded by the test
LAMBDAS = {"falling": lambda e: 0.9**e, "sawtooth": lambda e: 1 / (1 + e % 5), "nearly": lambda e: 0.95 + 0.01 * (e % 3)}
METRICS = [5, 4, 3.9, 3.9999, 3.5, 3.5, 3.6, 3.6, 3.6, 3.55, 3.4999, 3.4, 3.4, 3.4, 3.4, 3.4, 2, 2, 2, 2, 2.1, 2.2, 2, 2, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9]

# class, its options; "kind" names the optimizer
CASES = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 4, "gamma": 0.7}),
    ("MultiStepLR", {"milestones": [3, 9, 9, 20]}),
    ("MultiStepLR", {"milestones": [5, 2], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 15}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 20}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 25, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 30, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": "falling"}),
    ("LambdaLR", {"lr_lambda": ["falling", "sawtooth"]}),
    ("MultiplicativeLR", {"lr_lambda": "nearly"}),
    ("MultiplicativeLR", {"lr_lambda": ["nearly", "falling"]}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.2, 0.5], "step_size_up": 4, "step_size_down": 6, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5, "mode": "exp_range", "gamma": 0.97, "base_momentum": 0.6, "max_momentum": [0.95, 0.8]}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5, "cycle_momentum": False, "kind": "plain"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 5, "scale_fn": "sawtooth", "scale_mode": "iterations", "kind": "Adam"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 34}),
    ("OneCycleLR", {"max_lr": [0.3, 0.1], "epochs": 17, "steps_per_epoch": 2, "pct_start": 0.25, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 40, "three_phase": True, "div_factor": 10.0, "final_div_factor": 100.0, "kind": "Adam"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 34, "cycle_momentum": False, "kind": "plain"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 34, "base_momentum": [0.5, 0.6], "max_momentum": 0.9}),
    ("SWALR", {"swa_lr": 0.05}),
    ("SWALR", {"swa_lr": [0.05, 0.2], "anneal_epochs": 5, "anneal_strategy": "linear"}),
    ("SWALR", {"swa_lr": 0.05, "anneal_epochs": 0}),
    ("ReduceLROnPlateau", {}),
    ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5}),
    ("ReduceLROnPlateau", {"patience": 1, "mode": "max", "threshold": 0.1, "threshold_mode": "abs", "cooldown": 2, "factor": 0.5}),
    ("ReduceLROnPlateau", {"patience": 0, "threshold": 0.2, "threshold_mode": "abs", "min_lr": [0.1, 0.001], "factor": 0.3}),
    ("ReduceLROnPlateau", {"patience": 1, "mode": "max", "cooldown": 3, "min_lr": 0.02, "eps": 0.01}),
    ("SequentialLR", {"schedulers": [["LinearLR", {"start_factor": 0.1, "total_iters": 5}], ["CosineAnnealingLR", {"T_max": 20}]], "milestones": [5]}),
    ("SequentialLR", {"schedulers": [["ConstantLR", {"factor": 0.5, "total_iters": 4}], ["ExponentialLR", {"gamma": 0.9}], ["StepLR", {"step_size": 3, "gamma": 0.5}]], "milestones": [6, 18]}),
    ("SequentialLR", {"schedulers": [["LambdaLR", {"lr_lambda": "falling"}], ["CosineAnnealingWarmRestarts", {"T_0": 4}]], "milestones": [10]}),
    ("ChainedScheduler", {"schedulers": [["ConstantLR", {"factor": 0.1, "total_iters": 6}], ["ExponentialLR", {"gamma": 0.95}]]}),
    ("ChainedScheduler", {"schedulers": [["LinearLR", {"total_iters": 8}], ["MultiStepLR", {"milestones": [4, 12], "gamma": 0.5}], ["CosineAnnealingLR", {"T_max": 30}]]}),
]
# with an epoch: closed forms
EPOCHS = [0, 3, 1, 7, 12, 12, 30, 2]
CLOSED = [c for c in CASES if c[0] in ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "LambdaLR")]
BAD = [
    ("ConstantLR", {"factor": 1.5}),
    ("LinearLR", {"start_factor": 0.0}),
    ("LinearLR", {"end_factor": 1.5}),
    ("LambdaLR", {"lr_lambda": ["falling"]}),
    ("MultiplicativeLR", {"lr_lambda": ["falling", "falling", "falling"]}),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 0}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "mode": "other", "message": "mode is invalid and scale_fn is None"}),
    ("OneCycleLR", {"max_lr": 0.1}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 0}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 3}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 2, "steps_per_epoch": -3}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 9, "pct_start": 1.5}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 9, "anneal_strategy": "other"}),
    ("SWALR", {"swa_lr": 0.1, "anneal_strategy": "other"}),
    ("SWALR", {"swa_lr": 0.1, "anneal_epochs": -1}),
    ("ReduceLROnPlateau", {"min_lr": [0.1]}),
    ("ReduceLROnPlateau", {"mode": "other"}),
    ("ReduceLROnPlateau", {"threshold_mode": "other"}),
]


def make_optimizer(kind):
    groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.05)]
    if kind == "Adam":
        return Adam(groups, betas=(0.9, 0.99))
    return SGD(groups, momentum=0.0 if kind == "plain" else 0.9)


def real(options):
    out = {}
    for k, v in options.items():
        if k in ("kind", "message"):
            continue
        if k in ("lr_lambda", "scale_fn"):
            v = [LAMBDAS[f] for f in v] if isinstance(v, list) else LAMBDAS[v]
        out[k] = v
    return out


def make(name, options, optimizer):
    options = real(options)
    if "schedulers" in options:
        options["schedulers"] = [make(n, o, optimizer) for n, o in options["schedulers"]]
        if name == "ChainedScheduler":
            return S.ChainedScheduler(options["schedulers"])
    class_ = swa_utils.SWALR if name == "SWALR" else getattr(S, name)
    return class_(optimizer, **options)


def row(optimizer, scheduler):
    out = [g["lr"] for g in optimizer.param_groups]
    if getattr(scheduler, "cycle_momentum", False):
        out += [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]
    assert scheduler.get_last_lr() == out[:2]
    return out


def clean(x):
    if isinstance(x, dict):
        return {str(k): clean(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [clean(v) for v in x]
    if isinstance(x, float) and math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return x


def run(name, options):
    optimizer = make_optimizer(options.get("kind"))
    scheduler = make(name, options, optimizer)
    rates = [row(optimizer, scheduler)]
    state = groups = None
    for step in range(STEPS - 1):
        scheduler.step(*([METRICS[step]] if name == "ReduceLROnPlateau" else []))
        rates.append(row(optimizer, scheduler))
        if step + 1 == STORED:
            state = clean(scheduler.state_dict())
            groups = [clean({k: v for k, v in g.items() if k != "params"}) for g in optimizer.param_groups]
    return {"name": name, "options": options, "rates": rates, "state": state, "groups": groups}


def closed(name, options):
    optimizer = make_optimizer(None)
    scheduler = make(name, options, optimizer)
    rates = []
    for epoch in EPOCHS:
        scheduler.step(epoch)
        rates.append(row(optimizer, scheduler))
    scheduler.step()
    rates.append(row(optimizer, scheduler))
    return {"name": name, "options": options, "rates": rates}


def refusal(name, options):
    try:
        make(name, options, make_optimizer(None))
    except Exception as error:
        return {"name": name, "options": options, "message": options.get("message", str(error))}
    raise AssertionError(f"{name} takes {options}")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 3)
        self.norm = torch.nn.BatchNorm1d(3)

    def forward(self, x):
        return self.norm(self.linear(x))


def wave(k, step, shape):
    n = math.prod(shape)
    return torch.tensor([math.sin(1.7 * i + 2.3 * k + 0.9 * step + 1) for i in range(n)]).reshape(shape)


def averages(kind):
    """A net whose tensors are formulas, averaged four times."""
    net = Net()
    options = {
        "swa": {},
        "buffers": {"use_buffers": True},
        "ema": {"avg_fn": swa_utils.get_ema_avg_fn(0.75)},
        "multi ema": {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.75), "use_buffers": True},
        "multi swa": {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
    }[kind]
    averaged = swa_utils.AveragedModel(net, **options)
    for step in range(4):
        with torch.no_grad():
            for k, p in enumerate([*net.parameters(), net.norm.running_mean]):
                p.copy_(wave(k, step, p.shape))
            net.norm.num_batches_tracked.fill_(step * 10)
        averaged.update_parameters(net)
    batches = [wave(9, step, (5, 2)) for step in range(3)]
    state = {k: v.flatten().tolist() for k, v in averaged.state_dict().items()}
    swa_utils.update_bn([(b, None) for b in batches], averaged)
    averaged.eval()
    return {
        "kind": kind,
        "state": state,
        "mean": averaged.module.norm.running_mean.tolist(),
        "var": averaged.module.norm.running_var.tolist(),
        "y": averaged(batches[0]).flatten().tolist(),
    }


out = {
    "cases": [run(n, o) for n, o in CASES],
    "closed": [closed(n, o) for n, o in CLOSED],
    "epochs": EPOCHS,
    "metrics": METRICS,
    "stored": STORED,
    "bad": [refusal(n, o) for n, o in BAD],
    "averages": [averages(k) for k in ("swa", "buffers", "ema", "multi ema", "multi swa")],
}
path = pathlib.Path(__file__).parent.parent / "test/oracle/schedules.json"
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(len(CASES), "cases", path.stat().st_size // 1024, "KB")
