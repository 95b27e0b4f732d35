"""Makes test/oracle/ops.json: PyTorch's answers to the calls that scripts/oracle-cases.ts writes, for test/ops.test.ts.

    npx tsx scripts/oracle-cases.ts > cases.json && python scripts/oracle.py cases.json

Each answer is {d: dtype, s: shape, v: values}, {py: number}, a list of these, or {raises: class}. What PyTorch does not
implement for a dtype on the CPU is left out.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

warnings.filterwarnings('ignore')
torch.manual_seed(0)
FILE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent.parent / 'test/oracle/ops.json'
DIGITS = {torch.float64: 13, torch.float32: 8, torch.float16: 5, torch.bfloat16: 4}
NAMED = {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf, '-0': -0.0}


def D(name):
    """A dtype by name."""
    return getattr(torch, name)


def subscripts(items):
    """Our subscripts as Python's."""

    def one(i):
        if i == '...':
            return ...
        if isinstance(i, str):
            return slice(*[int(p) if p.strip() else None for p in i.split(':')])
        return i

    return tuple(one(i) for i in items)


def index(x, *items):
    return x[subscripts(items)]


def index_put(x, items, value, accumulate=False):
    out = x.clone()
    key = subscripts(items)
    if accumulate:
        return out.index_put_([k if k is not None else None for k in key], value, accumulate=True)
    out[key] = value
    return out




def read(a):
    if isinstance(a, list):
        return [read(x) for x in a]
    if isinstance(a, dict):
        if 't' in a:
            values = [NAMED.get(v, v) for v in a['v']]
            return torch.tensor(values, dtype=D(a['t'])).reshape(a['s'])
        if 'n' in a:
            return NAMED[a['n']]
        return {k: (D(v) if k == 'dtype' and v is not None else read(v)) for k, v in a['o'].items()}
    return a


def number(v, digits=None):
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, int):
        return v if abs(v) < 2**53 else str(v)
    if math.isnan(v):
        return 'NaN'
    if math.isinf(v):
        return 'Infinity' if v > 0 else '-Infinity'
    v = float(f'{v:.{digits}g}')
    return int(v) if v == int(v) and abs(v) < 1e15 else v


def write(y):
    if isinstance(y, torch.Tensor):
        y = y.detach()
        return {
            'd': str(y.dtype)[6:],
            's': list(y.shape),
            'v': [number(v, DIGITS.get(y.dtype)) for v in y.reshape(-1).tolist()],
        }
    if isinstance(y, bool):
        return {'py': y}
    if isinstance(y, (int, float)):
        return {'py': y if math.isfinite(y) else number(y)}
    return [write(v) for v in y]


def main():
    rows = json.loads(Path(sys.argv[1]).read_text())
    out = {}
    calls = refused = 0
    for name, row in rows.items():
        f = eval(row['torch'])  # our own samples, no input from outside
        answers = {}
        for key, (args, options) in row['calls'].items():
            try:
                answers[key] = write(f(*read(args), **(read(options) if options else {})))
            except (NotImplementedError, RuntimeError, TypeError, ValueError, IndexError, NameError, AttributeError, ZeroDivisionError) as e:
                if isinstance(e, (NotImplementedError, NameError, AttributeError)) or 'not implemented' in str(e):
                    if isinstance(e, (NameError, AttributeError)):
                        print(f'{name}: {e}')
                    continue
                answers[key] = {'raises': f'{type(e).__name__}: {str(e).splitlines()[0][:70]}'}
                refused += 1
            calls += 1
        out[name] = answers
    lines = [
        f'{json.dumps(name)}:{{\n' + ',\n'.join(f'{json.dumps(k)}:{json.dumps(v, separators=(",", ":"))}' for k, v in a.items()) + '}'
        for name, a in out.items()
    ]
    FILE.write_text('{' + ',\n'.join(lines) + '}\n')
    print(f'{len(out)} rows, {calls} calls, {refused} of them refused: {FILE.stat().st_size / 1e6:.2f} MB')


main()
