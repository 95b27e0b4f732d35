"""Makes test/oracle/signatures.json: the parameters of PyTorch's public functions, and which of them take `out`.

    python scripts/oracle-signatures.py

By namespace and by our name of the function: `p`, for each of its overloads the names of what may come by position
(`dim?` has a default, `*tensors` is a list without brackets), and `out` where one of the overloads takes it. From the
stubs of the extension, from its schemas for torch.linalg and torch.special, and from Python's own signatures. Read by
scripts/public.ts, which writes lib/public/, and by test/out.test.ts and test/names-of-arguments.test.ts.
"""

import ast
import inspect
import json
import re
from pathlib import Path

import torch
import torch.nn.functional as F

FOLDER = Path(__file__).parent.parent / 'test/oracle'
NAMES = json.loads((FOLDER / 'names.json').read_text())
STUBS = Path(torch.__path__[0]) / '_C'


def camel(name):
    """Our name: `keepdim`, `splitSize`."""
    return re.sub(r'(?<=[A-Za-z0-9])_([A-Za-z0-9])', lambda m: m[1].upper(), name)


def stub(file, inside=None):
    """The functions of a stub file, or the methods of a class in it: parameters by position, whether they have defaults, `out`."""
    tree = ast.parse((STUBS / file).read_text()).body
    if inside:
        tree = next(node for node in tree if isinstance(node, ast.ClassDef) and node.name == inside).body
    found = {}
    for node in tree:
        if not isinstance(node, ast.FunctionDef):
            continue
        a = node.args
        given = [*a.posonlyargs, *a.args]
        first = len(given) - len(a.defaults)
        positions = [(x.arg, i >= first) for i, x in enumerate(given)]
        if a.vararg:
            positions.append((f'*{a.vararg.arg}', True))
        found.setdefault(node.name, []).append((positions, any(x.arg == 'out' for x in [*given, *a.kwonlyargs])))
    return found


def schemas(prefix):
    """The same of the functions `linalg_…`, whose stubs PyTorch does not ship; its documentation says which take `out`."""
    found = {}
    for s in torch._C._jit_get_all_schemas():
        if s.name.startswith(f'aten::{prefix}_') and not any(a.is_out for a in s.arguments):
            name = s.name[len(prefix) + 7 :]
            doc = getattr(getattr(torch, prefix), name, None).__doc__ if hasattr(getattr(torch, prefix), name) else ''
            positions = [('input' if a.name == 'self' else a.name, a.has_default_value()) for a in s.arguments if not a.kwarg_only]
            found.setdefault(name, []).append((positions, 'out=' in (doc or '').split('->')[0].split('\n\n')[0] or name == 'lstsq'))
    return found


def python(f):
    """The same of a function that is written in Python."""
    try:
        parameters = inspect.signature(inspect.unwrap(f)).parameters.values()
    except ValueError:
        return []
    positions = []
    for p in parameters:
        if p.kind == p.VAR_POSITIONAL:
            positions.append((f'*{p.name}', True))
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name not in ('out', '_stacklevel'):
            positions.append((p.name, p.default is not p.empty))
    return [(positions, any(p.name == 'out' for p in parameters))]


def written(overloads, method=False):
    lines = []
    for positions, _ in overloads:
        if not method and positions and positions[0][0] in ('self', 'beta'):
            continue  # an order of arguments from before version 1.5
        names = [('input' if n == 'self' else n, d) for n, d in positions if n != 'names']
        line = ' '.join(camel(n) + ('?' if d and not n.startswith('*') else '') for n, d in names)
        if line not in lines:
            lines.append(line)
    # what begins with another one's words and adds only what may be absent says both
    shorter = [a for a in lines if any(b != a and b.startswith(f'{a} ') and all(w.endswith('?') for w in b[len(a) :].split()) for b in lines)]
    row = {'p': [line for line in lines if line not in shorter]}
    if any(out for _, out in overloads):
        row['out'] = True
    return row


def takes_out(f, line):
    """Asks a function of the extension: it looks at `out` when the arguments before are right."""
    required = [w for w in line.split() if not w.endswith('?')]
    numbers = 'Size|Factor|groups|^dim|^threshold|^value|^n$|^p$'
    args = [1 if re.search(numbers, w) else torch.ones(2, 2) for w in required]
    try:
        f(*args, out='x')
    except Exception as e:
        return "unexpected keyword argument 'out'" not in str(e) and "argument 'out' must be" in str(e)
    return False


# where the function of torch.nn.functional has another name than the extension's
OTHER = {'logsigmoid': 'log_sigmoid'}
functions, methods, nn = stub('_VariableFunctions.pyi'), stub('__init__.pyi', 'TensorBase'), stub('_nn.pyi')
signatures = {'torch': {}, 'Tensor': {}, 'linalg': {}, 'special': {}, 'nn.functional': {}}
for name in dir(torch):
    f = getattr(torch, name)
    if name.startswith(('_', 'cudnn', 'miopen', 'mkldnn', 'fbgemm', 'quantized', 'sym_')) or (name.endswith(('_', '_copy')) and name != 'index_copy'):
        continue
    if inspect.isfunction(f):
        signatures['torch'][camel(name)] = written(python(torch.functional._lu_impl if name == 'lu' else f))
    elif name in functions:
        signatures['torch'][camel(name)] = written(functions[name])
for name in NAMES['Tensor']:
    if name in methods and name not in functions:
        signatures['Tensor'][camel(name)] = written(methods[name], method=True)
for space in ('linalg', 'special'):
    for name, overloads in schemas(space).items():
        if name in NAMES[space]:
            signatures[space][camel(name)] = written(overloads)
for name in NAMES['nn.functional']:
    f = getattr(F, name)
    if inspect.isfunction(f):
        signatures['nn.functional'][camel(name)] = written(python(f))
    elif name in functions or nn.get(OTHER.get(name, name)):
        row = written(nn.get(OTHER.get(name, name)) or functions[name])
        if row['p'] and takes_out(f, row['p'][0]):
            row['out'] = True
        signatures['nn.functional'][camel(name)] = row
file = FOLDER / 'signatures.json'
parts = [
    f'{json.dumps(space)}: {{\n' + ',\n'.join(f'{json.dumps(n)}: {json.dumps(r)}' for n, r in sorted(rows.items())) + '}'
    for space, rows in signatures.items()
]
file.write_text('{' + ',\n'.join(parts) + '}\n')
print({space: (len(rows), sum('out' in r for r in rows.values())) for space, rows in signatures.items()})
