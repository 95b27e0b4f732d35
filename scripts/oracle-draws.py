"""Makes test/oracle/draws.json: PyTorch's Cauchy, geometric and log-normal numbers by seed, and torch.range, for test/draws.test.ts.

    python scripts/oracle-draws.py
"""

import json
import warnings
from pathlib import Path

import torch

warnings.filterwarnings('ignore')
FILE = Path(__file__).parent.parent / 'test/oracle/draws.json'
DRAWS = [
    *[(n, a, d, s) for n, a in [('cauchy_', []), ('cauchy_', [2, 0.5]), ('log_normal_', []), ('log_normal_', [0.5, 0.25])]
      for d in ['float32', 'float64', 'float16', 'bfloat16'] for s in [[], [5], [3, 4]]],
    *[('geometric_', [p], d, s) for p in [0.3, 0.9] for d in ['float32', 'float64', 'int64', 'int32', 'uint8', 'float16'] for s in [[5], [3, 4]]],
]
RANGES = [([1, 4], {}), ([1, 2, 0.5], {}), ([5, 1, -2], {}), ([0, 1, 0.3], {'dtype': 'float64'}), ([1, 6, 2], {'dtype': 'int64'}), ([2, 1], {}), ([1, 2, 0], {}), ([0, 0], {})]


def plain(x):
    return {'dtype': str(x.dtype)[6:], 'shape': list(x.shape), 'values': [v if abs(v) < 1e300 else str(v) for v in x.reshape(-1).tolist()]}


def drawn(name, args, dtype, shape):
    torch.manual_seed(11)
    x = torch.empty(shape, dtype=getattr(torch, dtype))
    y = plain(getattr(x, name)(*args))
    # the stream goes on from the same place
    return {'name': name, 'args': args, **y, 'next': torch.rand(1).item()}


def counted(args, options):
    try:
        return plain(torch.range(*args, **{k: getattr(torch, v) for k, v in options.items()}))
    except RuntimeError:
        return {'raises': True}


out = {
    'draws': [drawn(*d) for d in DRAWS],
    'ranges': [{'args': a, 'options': o, **counted(a, o)} for a, o in RANGES],
}
FILE.write_text('{' + ',\n'.join(f'"{k}":[\n' + ',\n'.join(json.dumps(r) for r in rows) + ']' for k, rows in out.items()) + '}\n')
print(FILE.stat().st_size)
