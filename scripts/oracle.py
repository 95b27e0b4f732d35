"""Makes test/oracle/ops/*.json: PyTorch's answers to the calls that scripts/oracle-cases.ts writes, for test/ops.test.ts.

    npx tsx scripts/oracle-cases.ts > cases.json && python scripts/oracle.py cases.json
    python scripts/oracle.py autograd

The second form makes test/oracle/ops-autograd.json: random programs of views and in-place operations with their
gradients, for test/autograd.test.ts. A program is a list of steps [operator, number of a tensor, arguments…]; each step
but an in-place one adds a tensor.

Each answer is {d: dtype, s: shape, v: values}, {py: number}, a list of these, or {raises: class}. What PyTorch does not
implement for a dtype on the CPU is left out.
"""

import json
import math
import random
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

warnings.filterwarnings('ignore')
torch.manual_seed(0)
FOLDER = Path(__file__).parent.parent / 'test/oracle'
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
            x = torch.tensor(values, dtype=D(a['t'])).reshape(a['s'])
            return x.requires_grad_() if a['g'] else x
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


def tensors(y):
    if isinstance(y, torch.Tensor):
        return [y]
    if isinstance(y, dict):
        return tensors(list(y.values()))
    return [x for v in y for x in tensors(v)] if isinstance(y, (list, tuple)) else []


def gradients(given, y):
    """Of the sum of all results by the tensors that ask for it."""
    inputs = [x for x in tensors(given) if x.requires_grad]
    outputs = [x for x in tensors(y) if x.requires_grad]
    if not inputs or not outputs:
        return None
    return [torch.zeros_like(x) if g is None else g + torch.zeros_like(x) for x, g in zip(inputs, torch.autograd.grad([o.sum() for o in outputs], inputs, allow_unused=True))]


def main():
    for table, rows in json.loads(Path(sys.argv[1]).read_text()).items():
        answer(table, rows)


def answer(table, rows):
    torch.manual_seed(0)
    out = {}
    calls = refused = 0
    for name, row in rows.items():
        f = eval(row['torch'])  # our own samples, no input from outside
        answers = {}
        for key, (args, options) in row['calls'].items():
            try:
                given = (read(args), read(options) if options else {})
                y = f(*given[0], **given[1])
                answers[key] = write(y)
                grads = gradients(list(given), y)
                if grads:
                    answers[f'{key} gradient'] = write(grads)
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
    file = FOLDER / 'ops' / f'{table}.json'
    file.parent.mkdir(exist_ok=True)
    file.write_text('{' + ',\n'.join(lines) + '}\n')
    print(f'{table}: {len(out)} rows, {calls} calls, {refused} of them refused: {file.stat().st_size / 1e6:.2f} MB')


VIEWS = {
    't': lambda x: x.t(),
    'select': lambda x, d, k: x.select(d, k),
    'narrow': lambda x, d, k, n: x.narrow(d, k, n),
    'flat': lambda x: x.view(-1),
    'diagonal': lambda x: x.diagonal(),
    'unbind': lambda x, k: x.unbind(0)[k],
    'detach': lambda x: x.detach(),
    'expand': lambda x: x.expand(2, *x.shape),
    'sin': lambda x: x.sin(),
    'square': lambda x: x.square(),
    'clone': lambda x: x.clone(),
    'mul': lambda x, y: x.mul(y),
    'add': lambda x, y: x.add(y),
    'exp': lambda x: x.exp(),
    'sum': lambda x: x.sum(0),
}
WRITES = {
    'mul_': lambda x, y: x.mul_(y),
    'add_': lambda x, y: x.add_(y),
    'sin_': lambda x: x.sin_(),
    'tanh_': lambda x: x.tanh_(),
    'zero_': lambda x: x.zero_(),
    'copy_': lambda x, y: x.copy_(y),
    'fill_': lambda x: x.fill_(2),
}
WITH_ANOTHER = ['mul', 'add', 'mul_', 'add_', 'copy_']


def leaves():
    a = torch.tensor([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.25, -0.5, 0.75], dtype=torch.float64, requires_grad=True)
    c = torch.tensor([[2.0, 1.0, -1.0], [0.5, 3.0, 1.5]], dtype=torch.float64)
    return [a, b, c]


def step(tensors, name, i, *rest):
    if name in WITH_ANOTHER:
        rest = [tensors[rest[0]]]
    if name in WRITES:
        WRITES[name](tensors[i], *rest)
    else:
        tensors.append(VIEWS[name](tensors[i], *rest))


def finish(tensors):
    """The gradients of a sum over everything, each tensor with a weight of its own."""
    total = sum((k + 1) * t.sum() for k, t in enumerate(tensors) if t.requires_grad)
    total.backward()
    return [None if t.grad is None else write(t.grad)['v'] for t in tensors[:2]]


def programs(count):
    random.seed(11)
    made = []
    while len(made) < count:
        tensors, steps, raised = leaves(), [], None
        # start from a copy: leaves refuse to be written
        for _ in range(random.randint(3, 9)):
            name = random.choice(list(VIEWS) + list(WRITES) * 2)
            low = 0 if random.random() < 0.15 or len(tensors) < 4 else 3
            i = random.randrange(low, len(tensors))
            rest = []
            if name in WITH_ANOTHER:
                rest = [random.randrange(len(tensors))]
            elif name == 'select':
                rest = [0, random.randint(0, 1)]
            elif name == 'narrow':
                rest = [random.randint(0, 1), random.randint(0, 1), 1]
            elif name == 'unbind':
                rest = [random.randint(0, 1)]
            # where ours differ on purpose: x.mul_(x) is allowed, writing to an expanded tensor is not
            if name in WRITES and (rest == [i] or 0 in tensors[i].stride()):
                continue
            try:
                step(tensors, name, i, *rest)
            except (RuntimeError, IndexError) as e:
                message = str(e)
                if 'leaf Variable' not in message and 'multiple views' not in message:
                    continue
                steps.append([name, i, *rest])
                raised = message
                break
            steps.append([name, i, *rest])
        if not any(s[0] in WRITES for s in steps):
            continue
        values = None
        if raised is None:
            try:
                if any(not torch.isfinite(t).all() or t.abs().max() > 1e4 for t in tensors if t.numel()):
                    continue
            except RuntimeError:
                continue  # one of several views of a base that was written since: torch gives up on it
            values = [write(t)['v'] for t in tensors]
            try:
                grads = finish(tensors)
            except RuntimeError as e:
                raised = str(e)
        # and views of several outputs are only refused where they are written to; enough refusals are kept
        if raised and ('Unbind' in raised or 'no_grad' in raised or random.random() < 0.8):
            continue
        made.append({'steps': steps, **({'values': values} if values else {}), **({'raises': raised[:60]} if raised else {'grads': grads})})
    return made


def autograd():
    made = programs(400)
    file = FOLDER / 'ops-autograd.json'
    file.write_text('[' + ',\n'.join(json.dumps(p, separators=(',', ':')) for p in made) + ']\n')
    print(f'{len(made)} programs, {sum("raises" in p for p in made)} of them refused: {file.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    autograd() if sys.argv[1] == 'autograd' else main()
