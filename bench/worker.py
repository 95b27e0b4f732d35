"""PyTorch's side: the twin of worker.ts, which documents the requests. Run by run.ts."""
import importlib
import json
import pathlib
import resource
import sys
import time

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here))
sys.dont_write_bytecode = True

import torch  # noqa: E402  (after the path is set)

import twin  # noqa: E402

rows = {}
prepared = {}


def load():
    for path in sorted((here / "workloads").glob("*.py")):
        if path.stem != "startup":
            rows.update(importlib.import_module(f"workloads.{path.stem}").ROWS)


def find(name):
    """The workload of that name, or the point of a curve: "size/add/1024" is the curve "size/add" at 1024."""
    if name in rows:
        return rows[name]
    curve, _, x = name.rpartition("/")
    return importlib.import_module("curves.series").SERIES[curve](int(x))


def timed(f, n):
    return twin.timed(f, n) * 1e3 / n


def build(name):
    """The default device holds while a workload is built alone: it would slow down each operator of a step."""
    with torch.device(twin.device):
        return find(name)()


def prepare(name, warmup_ms):
    f = prepared[name] = build(name)
    end = time.perf_counter() + warmup_ms / 1e3
    best = timed(f, 1)
    n = 1
    while time.perf_counter() < end:
        ms = timed(f, n)
        best = min(best, ms)
        if ms * n < warmup_ms / 8:
            n *= 2
    return best


def run(name, count, fresh):
    if fresh:
        prepared[name] = build(name)
        prepared[name](3)
    return timed(prepared[name], count)


def peak_bytes():
    """The most memory this process had resident. Linux' ru_maxrss begins with that of the process that started it."""
    if sys.platform != "linux":
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    status = pathlib.Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def memory(name, count, limit_ms):
    twin.trying = False  # what is tried and not chosen would count
    f = build(name)
    end = time.perf_counter() + limit_ms / 1e3
    for _ in range(count):
        if time.perf_counter() < end:
            f(1)
    return {"loaded": loaded, "peak": peak_bytes()}


def answer(request):
    if "prepare" in request:
        return {"ms": prepare(request["prepare"], request.get("warmupMs", 400))}
    if "run" in request:
        return {"ms": run(request["run"], request.get("count", 1), request.get("fresh", False))}
    if "memory" in request:
        return memory(request["memory"], request.get("count", 1), request.get("limitMs", 1e9))
    if "threads" in request:
        torch.set_num_threads(request["threads"])
    prepared.pop(request.get("drop"), None)
    return {}


def say(message):
    print(json.dumps(message), flush=True)


torch.set_num_threads(int(sys.argv[1]))
twin.device = sys.argv[2]
load()
loaded = peak_bytes()
say({"ready": f"PyTorch {torch.__version__}"})
for line in sys.stdin:
    try:
        say(answer(json.loads(line)))
    except Exception as error:  # said to run.ts, which goes on with the other workloads
        say({"error": f"{type(error).__name__}: {error}"})
