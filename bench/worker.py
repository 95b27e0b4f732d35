"""PyTorch's side: the twin of worker.ts, which documents the requests. Run by run.ts."""
import importlib.util
import json
import pathlib
import sys
import time

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here))
sys.dont_write_bytecode = True

import torch  # noqa: E402  (after the path is set)

rows = {}
prepared = {}


def load():
    for path in sorted((here / "workloads").glob("*.py")):
        if path.stem == "startup":
            continue
        spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows.update(module.ROWS)


def timed(f, n):
    start = time.perf_counter()
    f(n)
    return (time.perf_counter() - start) * 1e3 / n


def prepare(name, warmup_ms):
    f = prepared[name] = rows[name]()
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
        prepared[name] = rows[name]()
        prepared[name](3)
    return timed(prepared[name], count)


def answer(request):
    if "prepare" in request:
        return {"ms": prepare(request["prepare"], request.get("warmupMs", 400))}
    if "run" in request:
        return {"ms": run(request["run"], request.get("count", 1), request.get("fresh", False))}
    prepared.pop(request.get("drop"), None)
    return {}


def say(message):
    print(json.dumps(message), flush=True)


torch.set_num_threads(int(sys.argv[1]))
load()
say({"ready": f"PyTorch {torch.__version__}"})
for line in sys.stdin:
    try:
        say(answer(json.loads(line)))
    except Exception as error:  # said to run.ts, which goes on with the other workloads
        say({"error": f"{type(error).__name__}: {error}"})
