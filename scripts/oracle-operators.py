"""Makes test/oracle/operators.json: PyTorch's windows, triangles of positions, limits and shapes, for test/operators.test.ts.

    python scripts/oracle-operators.py
"""

import json
from pathlib import Path

import torch

FILE = Path(__file__).parent.parent / 'test/oracle/operators.json'
F64 = {'dtype': 'float64'}
CALLS = [
    *[(f'{name}_window', args, options)
      for name in ['hann', 'hamming', 'blackman', 'bartlett', 'kaiser']
      for args in ([0], [1], [2], [5], [8], [5, False], [8, False])
      for options in ({}, F64)],
    ('hamming_window', [6, True, 0.6], F64),
    ('hamming_window', [6, True, 0.6, 0.3], F64),
    ('kaiser_window', [6, True, 3.5], F64),
    ('kaiser_window', [6, False], {**F64, 'beta': 1}),
    ('hann_window', [4], {'periodic': False}),
    ('hann_window', [-1], {}),
    ('hann_window', [4], {'dtype': 'int64'}),
    *[(f'{name}_indices', args, options)
      for name in ['tril', 'triu']
      for args, options in [([3, 3], {}), ([2, 4], {'offset': 1}), ([4, 2, -1], {}), ([3, 3], {'offset': -5}), ([0, 2], {}),
                            ([2, 3], {'dtype': 'int32'}), ([2, -1], {}), ([2, 2], {'dtype': 'float32'})]],
    ('broadcast_shapes', [[2, 1], [3], [1]], {}),
    ('broadcast_shapes', [[], [4, 1, 2], [3, 1]], {}),
    ('broadcast_shapes', [[2], [3]], {}),
]
LIMITS = ['bits', 'eps', 'max', 'min', 'tiny', 'smallest_normal', 'resolution']


def plain(x):
    if isinstance(x, torch.Tensor):
        return {'dtype': str(x.dtype)[6:], 'shape': list(x.shape), 'values': x.reshape(-1).tolist()}
    return list(x) if isinstance(x, (tuple, torch.Size)) else x


def answer(name, args, options):
    given = {k: getattr(torch, v) if k == 'dtype' else v for k, v in options.items()}
    try:
        return {'result': plain(getattr(torch, name)(*args, **given))}
    except (RuntimeError, TypeError, ValueError) as e:
        return {'raises': type(e).__name__}


def limits(dtype):
    info = (torch.finfo if dtype.is_floating_point else torch.iinfo)(dtype)
    found = {k: getattr(info, k) for k in LIMITS if hasattr(info, k)}
    return {k: v if isinstance(v, float) or abs(v) < 2**53 else str(v) for k, v in found.items()}


calls = [{'name': n, 'args': a, 'options': o, **answer(n, a, o)} for n, a, o in CALLS]
dtypes = ['float16', 'bfloat16', 'float32', 'float64', 'uint8', 'int8', 'int16', 'int32', 'int64']
out = {'calls': calls, 'limits': {d: limits(getattr(torch, d)) for d in dtypes}}
FILE.write_text('{"calls":[\n' + ',\n'.join(json.dumps(c) for c in calls) + '],\n"limits":' + json.dumps(out['limits']) + '}\n')
print(f'{len(calls)} calls')
