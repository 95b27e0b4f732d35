"""Makes test/oracle/printing.json: tensors printed by PyTorch, for test/format.test.ts.

    python scripts/oracle-printing.py [count] [seed] [file]

Each case is [dtype, sizes, values, flags, options, text]. Values are numbers, or strings where JSON has none (int64
beyond 2^53, inf, nan, -0.0); a tensor of more than 64 elements gives ["repeat", values]: element i is
values[i % len(values)].
"""

import json
import math
import random
import sys
from pathlib import Path

import torch

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 450
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
FILE = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent.parent / 'test/oracle/printing.json'
FLOATS = ['float32', 'float64', 'float16', 'bfloat16']
INTEGERS = {'int64': 63, 'int32': 31, 'int16': 15, 'int8': 7, 'uint8': 8}
SHAPES = [
    [],
    [1],
    [2],
    [3],
    [5],
    [7],
    [12],
    [30],
    [64],
    [1, 1],
    [2, 2],
    [3, 4],
    [2, 9],
    [4, 16],
    [2, 3, 4],
    [1, 2, 1, 3],
    [2, 2, 2, 2],
    [1, 30],
    [30, 1],
    [2, 1, 1, 1, 3],
    [0],
    [0, 3],
    [2, 0],
    [2, 0, 4],
]
LARGE = [[1001], [1005], [40, 40], [1000], [2, 600], [600, 2], [11, 11, 11], [7, 8, 2, 10], [1, 1, 1200], [5000]]


def floats(count):
    """Numbers of one flavour, since the flavour decides how all of them print."""
    kind = random.randrange(11)
    low, high = sorted([random.uniform(-12, 12), random.uniform(-12, 12)])
    pick = [
        lambda: random.gauss(0, 1),
        lambda: random.gauss(0, 1) * 10 ** random.uniform(low, high),
        lambda: float(random.randint(-10, 10)),
        lambda: float(random.randint(-(10**9), 10**9)),
        lambda: random.randint(-4000, 4000) / 2 ** random.randint(0, 12),  # ties
        lambda: random.choice([0.0, -0.0, 1.0, 2.0]),
        lambda: random.uniform(0, 1),
        lambda: random.choice([1e22, 1e23, -1e25, 1.5e30, 2.0**70]),
        lambda: random.choice([5e-324, 1e-310, 1e-45, 6e-8, 1e-4, 9.99995e-5, 0.99995, 9.99995]),
        lambda: random.choice([1.00005, 100.00005, 99999.5, 12345.65625, 0.03125, 0.00390625, 1.0]),
        lambda: random.choice([1e8, 1e8 + 1, 1000.0, 1001.0, 1.0, 99999999.0]),
    ][kind]
    special = random.choice([0, 0, 0.1, 0.3, 1])
    return [
        random.choice([math.inf, -math.inf, math.nan, 0.0, -0.0]) if random.random() < special else pick()
        for _ in range(count)
    ]


def integers(dtype, count):
    bits = INTEGERS[dtype]
    size = random.choice([3, 6, bits, bits])
    top = 2 ** min(size, bits) - 1
    return [random.randint(0 if dtype == 'uint8' else -top, top) for _ in range(count)]


def plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: 'inf', -math.inf: '-inf'}.get(value, 'nan')
    if isinstance(value, float) and value == 0 and math.copysign(1, value) < 0:
        return '-0'
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def options():
    given = {}
    if random.random() < 0.3:
        given['profile'] = random.choice(['default', 'short', 'full'])
    if random.random() < 0.3:
        given['precision'] = random.choice([0, 1, 2, 3, 6, 8, 17, 20])
    if random.random() < 0.3:
        given['edgeitems'] = random.choice([0, 1, 2, 4, 5])
    if random.random() < 0.3:
        given['threshold'] = random.choice([0, 5, 20, 100])
    if random.random() < 0.3:
        given['linewidth'] = random.choice([10, 20, 40, 60, 100, 200])
    if random.random() < 0.3:
        given['sci_mode'] = random.choice([True, False])
    return given


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g


def case():
    dtype = random.choice(FLOATS + ['float32', 'float64', 'bool'] + list(INTEGERS))
    large = random.random() < 0.1
    sizes = random.choice(LARGE if large else SHAPES)
    count = math.prod(sizes)
    given = options() if random.random() < 0.4 else {}
    if large and (given.get('profile') == 'full' or count > 1200):
        given.pop('profile', None)
    length = count if count <= 64 else random.choice([5, 17, 60])
    kind = torch.float32 if dtype == 'bool' else getattr(torch, dtype)
    values = floats(length) if dtype in FLOATS else integers('int64' if dtype == 'bool' else dtype, length)
    if dtype == 'bool':
        values = [value % 2 == 0 for value in values]
    base = torch.tensor(values, dtype=torch.float64 if dtype in FLOATS else None).to(getattr(torch, dtype))
    stored = [plain(value) for value in base.tolist()]
    tensor = base.repeat(-(-count // max(length, 1)))[:count] if count > 64 else base
    tensor = tensor.reshape(sizes)
    if count > 64:
        stored = ['repeat', stored]
    flags = {}
    if dtype in FLOATS and random.random() < 0.3:
        tensor.requires_grad_()
        flags['requiresGrad'] = True
        if random.random() < 0.6:
            tensor = random.choice(
                [
                    lambda t: t * 1,
                    lambda t: t.abs() if min(values, default=-1) > 0 else t + 0,
                    torch.clone,
                    Doubled.apply,
                ]
            )(tensor)
            stored = [plain(value) for value in tensor.flatten()[:length].tolist()]  # -0.0 + 0 is 0.0
            stored = ['repeat', stored] if count > 64 else stored
            flags['gradFn'] = type(tensor.grad_fn).__name__
    default = random.choice(['float32'] * 4 + ['float64'])
    if default != 'float32':
        flags['defaultDtype'] = default
    if random.random() < 0.03:
        given = {}
        tensor = tensor.detach()
        flags = {'device': 'cuda:0'}
        default = 'float32'
        text = Fake.print(tensor)
    else:
        torch.set_default_dtype(getattr(torch, default))
        torch.set_printoptions(profile='default')
        torch.set_printoptions(**given)
        text = repr(tensor)
        torch.set_default_dtype(torch.float32)
    if 'sci_mode' in given:
        given['sciMode'] = given.pop('sci_mode')
    return [dtype, sizes, stored, flags, given, text]


class Fake:
    """There is no GPU here: PyTorch's own suffix code, given a tensor that claims a device."""

    @staticmethod
    def print(tensor):
        from torch import _tensor_str as module

        torch.set_printoptions(profile='default')
        text = repr(tensor)
        body = module._tensor_str(tensor, 7)
        plain_head = module._add_suffixes('tensor(' + body, [], 7, False)[:-1]
        rest = text[len(plain_head) : -1]
        suffixes = ["device='cuda:0'"] + [part.strip() for part in rest.replace('\n', ' ').split(', ') if part.strip()]
        if 'size=' in rest:  # the tuple's own commas
            size = f'size={tuple(tensor.shape)}'
            suffixes = ["device='cuda:0'", size] + [part for part in suffixes[1:] if part.startswith('dtype=')]
        suffixes = [part.strip(',').strip() for part in suffixes]
        return module._add_suffixes('tensor(' + body, suffixes, 7, False)


cases = []
seen = 0
while len(cases) < COUNT:
    made = case()
    if len(made[-1]) < 1200 or random.random() < 0.1:  # the file is to stay small
        cases.append(made)
FILE.write_text(
    '[\n' + ',\n'.join(json.dumps(row, ensure_ascii=True, separators=(',', ':')) for row in cases) + '\n]\n'
)
print(f'{len(cases)} cases, {FILE.stat().st_size} bytes')
