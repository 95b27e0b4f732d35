"""Makes test/oracle/windows.json: PyTorch's window functions, bit by bit, for test/windows.test.ts.

    python scripts/oracle-windows.py
"""
import json
from pathlib import Path

import torch

BITS = {torch.float32: torch.int32, torch.float16: torch.int16, torch.bfloat16: torch.int16}
out = {}
for dtype, bits in BITS.items():
    for name in ('hann', 'hamming', 'blackman', 'bartlett', 'kaiser'):
        for n in (2, 7, 64):
            for periodic in (True, False):
                window = getattr(torch, f'{name}_window')(n, periodic, dtype=dtype)
                key = f'{name}Window {n} {str(periodic).lower()} {str(dtype)[6:]}'
                out[key] = window.view(bits).tolist()
signal = {}
OPTIONS = {
    'exponential': [{}, {'tau': 2.5}, {'sym': False, 'center': 1.5}],
    'gaussian': [{}, {'std': 2.5}],
    'kaiser': [{}, {'beta': 3.5}],
    'general_cosine': [{'a': [0.46, 0.23, 0.31]}],
    'general_hamming': [{}, {'alpha': 0.4}],
}
for name in torch.signal.windows.__all__:
    for given in OPTIONS.get(name, [{}]):
        for n in (0, 1, 2, 5, 8):
            for options in (given, {**given, 'sym': False}):
                window = getattr(torch.signal.windows, name)(n, **options, dtype=torch.float64)
                signal[f'{name} {n} {json.dumps(options)}'] = window.tolist()
file = Path(__file__).parent.parent / 'test/oracle/windows.json'
lines = [f'{json.dumps(key)}:{json.dumps(values, separators=(",", ":"))}' for key, values in {**out, **signal}.items()]
file.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
