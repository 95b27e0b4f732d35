"""Makes test/oracle/whole.json: PyTorch's convolutions and poolings of whole numbers and kin, for test/whole-number.test.ts.

    python scripts/oracle-whole.py

A call is [function, arguments, options]; tensors are {t: dtype, s: shape, v: values}.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

FILE = Path(__file__).parent.parent / 'test/oracle/whole.json'
torch.manual_seed(0)


def draw(dtype, *shape, low=-9, high=10):
    if dtype == 'bool':
        return torch.rand(shape) < 0.5
    return torch.randint(0 if dtype == 'uint8' else low, high, shape, dtype=getattr(torch, dtype))


PLANES = {1: (7,), 2: (6, 7), 3: (4, 5, 6)}
calls = []
for n in (1, 2, 3):
    for dtype in ('int64', 'int32', 'int8', 'uint8'):
        x = draw(dtype, 2, 4, *PLANES[n])
        for options in ({}, {'stride': 2, 'padding': 1}, {'stride': 1, 'dilation': 2}, {'ceil_mode': True, 'stride': 2}):
            calls.append((f'max_pool{n}d', [x, 3], {**options, 'return_indices': True}))
        w = draw(dtype, 6, 2, *[2, 3, 2][:n])
        for options in ({'groups': 2}, {'groups': 2, 'stride': 2, 'padding': 1}, {'groups': 2, 'dilation': 2, 'bias': draw(dtype, 6), 'padding': 2}, {'groups': 2, 'padding': 'same'}):
            calls.append((f'conv{n}d', [x, w], options))
    x = draw('int64', 2, 4, *PLANES[n])
    for options in ({}, {'stride': 2, 'padding': 1}, {'stride': 2, 'padding': 1, 'count_include_pad': False}, {'stride': 2, 'padding': 1, 'ceil_mode': True},
                    {'stride': 2, 'padding': 1, 'ceil_mode': True, 'count_include_pad': False}, *([{'divisor_override': 5}] if n > 1 else [])):
        calls.append((f'avg_pool{n}d', [x, 3], options))
    w = draw('int64', 4, 3, *[2, 3, 2][:n])
    for options in ({}, {'stride': 2, 'padding': 1, 'output_padding': 1}, {'dilation': 2, 'bias': draw('int64', 6), 'groups': 2}, {'stride': 3, 'padding': 2}):
        calls.append((f'conv_transpose{n}d', [x, w], options))
    calls.append((f'lp_pool{n}d', [x, 2, 2], {}))
    calls.append((f'lp_pool{n}d', [x, float('inf'), 2], {}) if n > 1 else (f'lp_pool{n}d', [x, 1, 2], {}))
    calls.append(('local_response_norm', [draw('int64', 2, 4, *PLANES[n]), 3], {'alpha': 0.5}))
least = torch.full((1, 1, 3, 3), torch.iinfo(torch.int64).min)
calls.append(('max_pool2d', [least, 2], {'padding': 1, 'return_indices': True}))
calls += [(f'conv2d', [draw('bool', 1, 1, 3, 3), draw('bool', 1, 1, 2, 2)], {}), ('max_pool2d', [draw('bool', 1, 1, 3, 3), 2], {'return_indices': True}), ('avg_pool2d', [draw('int32', 1, 1, 3, 3), 2], {})]
calls += [('addr', [draw('bool', 2, 3), draw('bool', 2), draw('bool', 3)], o) for o in ({}, {'alpha': 2}, {'alpha': 0}, {'beta': 0}, {'alpha': True, 'beta': False}, {'alpha': False, 'beta': False})]
calls += [('addr', [draw('int64', 2, 3), draw('int64', 2), draw('int64', 3)], o) for o in ({'alpha': 2, 'beta': 3}, {'alpha': True})]
calls += [('norm', [torch.randn(2, 3, dtype=torch.float64), 'nuc'], {}), ('norm', [torch.randn(2, 3, 4, dtype=torch.float64), 'nuc', [0, 2]], {}), ('norm', [torch.randn(2, 3, 4, dtype=torch.float64), 'nuc', [1, 2], True], {}),
          ('norm', [torch.randn(2, 3, 4), 'nuc'], {}), ('norm', [torch.randn(3), 'nuc'], {}), ('norm', [draw('int64', 2, 3), 'nuc'], {})]
calls += [('unravel_index', [torch.tensor([5, 2**40 + 3]), [2**31, 2**31]], {}), ('unravel_index', [torch.tensor([5]), [2, -1]], {})]
calls += [('pairwise_distance', [draw('int64', 2, 3), draw('int64', 2, 3)], {}), ('pairwise_distance', [draw('bool', 2, 3), draw('bool', 2, 3)], {})]
calls += [('sum_to_size', [draw('bool', 2, 3), [1, 3]], {}), ('sum_to_size', [draw('int32', 2, 3), [3]], {})]


def plain(x):
    if isinstance(x, torch.Tensor):
        return {'t': str(x.dtype)[6:], 's': list(x.shape), 'v': [str(v) if isinstance(v, int) and abs(v) > 2**53 else v for v in x.reshape(-1).tolist()]}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return 'Infinity' if x == float('inf') else x


def answer(name, args, options):
    f = getattr(F, name, None) or getattr(torch, name, None) or getattr(torch.Tensor, name)
    try:
        return {'result': plain(f(*args, **options))}
    except (RuntimeError, TypeError, ValueError) as e:
        # of the dtypes that PyTorch lacks some are here
        return None if isinstance(e, NotImplementedError) and args[0].dtype != torch.bool else {'raises': type(e).__name__}


answers = [(c, answer(*c)) for c in calls]
rows = [{'name': n, 'args': plain(a), 'options': {k: plain(v) for k, v in o.items()}, **r} for (n, a, o), r in answers if r is not None]
FILE.write_text('[' + ',\n'.join(json.dumps(r, separators=(',', ':')) for r in rows) + ']\n')
print(len(rows), sum('raises' in r for r in rows), FILE.stat().st_size)
