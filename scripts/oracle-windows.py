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
file = Path(__file__).parent.parent / 'test/oracle/windows.json'
lines = [f'{json.dumps(key)}:{json.dumps(values, separators=(",", ":"))}' for key, values in out.items()]
file.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
