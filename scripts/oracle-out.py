"""Makes test/oracle/out.json: what PyTorch's functions do with `out`, for scripts/public.ts and test/out.test.ts.

    npx tsx scripts/oracle-cases.ts > cases.json && python scripts/oracle-out.py cases.json

For each function of test/samples/ that takes `out`: the first call of its sample that it takes with one (`call`), the
dtypes of the result, which dtypes `out` may have instead of the first of these (`takes`), whether it refuses inputs that
require grad, and an `out` that requires grad (`grad`), is one element many times over (`expanded`), is an input (`same`),
or overlaps with one (`shifted`): true where it is refused, null where it could not be tried.
"""

import json
import re
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

import oracle

warnings.filterwarnings('ignore')
FOLDER = Path(__file__).parent.parent / 'test/oracle'
SIGNATURES = json.loads((FOLDER / 'signatures.json').read_text())
# whose samples are called through something that changes their arguments
UNLIKE = {'luUnpack'}
DTYPES = ['float64', 'float32', 'float16', 'int64', 'int32', 'uint8', 'bool']


def function(name):
    """PyTorch's, if it takes `out`."""
    spaces = [('linalg', torch.linalg)] if name.startswith('linalg.') else [('torch', torch), ('special', torch.special), ('nn.functional', F)]
    bare = name.split('.')[-1]
    snake = re.sub(r'(?<=.)[A-Z]', lambda m: f'_{m[0].lower()}', bare)
    for space, module in spaces:
        row = SIGNATURES[space].get(bare)
        if row:
            return getattr(module, snake, None) if row.get('out') else None
    return None


def attempt(f, call, outs, many, change=None):
    args, options = oracle.read(call[0]), oracle.read(call[1]) if call[1] else {}
    if change:
        change(args, options, outs)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        f(*args, **options, out=tuple(outs) if many else outs[0])


def refused(*args):
    try:
        attempt(*args)
        return False
    except (RuntimeError, TypeError, ValueError, IndexError):
        return True


def observe(f, call):
    """What becomes of one call; None if it cannot be made with `out`."""
    torch.manual_seed(0)
    args = oracle.read(call[0])
    try:
        y = f(*args, **(oracle.read(call[1]) if call[1] else {}))
    except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError):
        return None
    many = not isinstance(y, torch.Tensor)
    ys = list(y) if many and isinstance(y, (tuple, list)) else [y]
    if not all(isinstance(v, torch.Tensor) for v in ys) or refused(f, call, [torch.empty(0, dtype=v.dtype) for v in ys], many):
        return None

    def outs(**options):
        return [torch.empty(v.shape, dtype=v.dtype, **options) for v in ys]

    def wants_grad(args, options, _):
        for t in oracle.tensors([args, options]):
            if t.dtype.is_floating_point:
                t.requires_grad_()

    first = next((i for i, a in enumerate(args) if isinstance(a, torch.Tensor) and a.shape == ys[0].shape and a.dtype == ys[0].dtype and a.numel() > 1), None)

    def same(args, _, outs):
        outs[0] = args[first]

    def shifted(args, _, outs):
        memory = torch.zeros(args[first].numel() + 1, dtype=args[first].dtype)
        args[first], outs[0] = memory[:-1].view(args[first].shape).copy_(args[first]), memory[1:].view(args[first].shape)

    floating = any(t.dtype.is_floating_point for t in oracle.tensors(args))
    return {
        'dtypes': [str(v.dtype)[6:] for v in ys],
        'takes': [d for d in DTYPES if not refused(f, call, [torch.empty(v.shape, dtype=oracle.D(d) if i == 0 else v.dtype) for i, v in enumerate(ys)], many)],
        'grad': refused(f, call, outs(), many, wants_grad) if floating else None,
        'outGrad': refused(f, call, [torch.empty(v.shape, dtype=v.dtype, requires_grad=v.dtype.is_floating_point) for v in ys], many),
        'expanded': refused(f, call, [torch.empty([1] * v.dim(), dtype=v.dtype).expand(v.shape) for v in ys], many) if ys[0].numel() > 1 else None,
        'same': None if first is None else refused(f, call, outs(), many, same),
        'shifted': None if first is None else refused(f, call, outs(), many, shifted),
    }


found = {}
for rows in json.loads(Path(sys.argv[1]).read_text()).values():
    for name, row in rows.items():
        f = None if name in UNLIKE else function(name)
        for key, call in row['calls'].items() if f else ():
            seen = observe(f, call)
            if seen and 'float32' not in seen['dtypes'] and len(found.get(name, {})) == 0:
                found[name] = {'call': key, **seen}  # a call of float32 says most
            elif seen:
                found[name] = {'call': key, **seen}
                break
(FOLDER / 'out.json').write_text('{' + ',\n'.join(f'{json.dumps(n)}: {json.dumps(r)}' for n, r in sorted(found.items())) + '}\n')
print(f'{len(found)} functions')
