"""Makes test/oracle/names.json: PyTorch's public names by namespace, for the parity page (scripts/parity.ts)."""
import inspect
import json
import warnings
from pathlib import Path

import torch
import torch.distributed
import torch.distributions
import torch.signal
import torch.utils.data

warnings.filterwarnings('ignore')


def public(module, *, listed=True, classes=False):
    names = getattr(module, '__all__', None) if listed else None
    names = names or [n for n in dir(module) if not n.startswith('_')]
    out = []
    for name in names:
        value = getattr(module, name, None)
        if value is None or name.startswith('_') or inspect.ismodule(value):
            continue
        if classes and not inspect.isclass(value):
            continue
        home = getattr(value, '__module__', None) or 'torch'
        if isinstance(home, str) and not home.startswith('torch'):
            continue
        out.append(name)
    return sorted(set(out))


def documented(module):
    """What has a doc string: without the engine's inner functions and TorchScript's classes."""
    classes = ('Generator', 'Tensor', 'Size', 'Stream', 'Event', 'GradScaler', 'OutOfMemoryError')
    return sorted(
        n
        for n in set(public(module)) | set(TYPES)
        if n in classes
        or n.endswith('Tensor')
        or (n == n.lower() and (n in TYPES or getattr(getattr(module, n), '__doc__', None)))
        and not n.startswith(('cudnn_', 'miopen_', 'mkldnn_', 'sym_', 'fbgemm_', 'quantized_', 'fake_quantize'))
    )


TYPES = [n for n in dir(torch) if isinstance(getattr(torch, n), torch.dtype)]
docs = {
    'torch': documented(torch),
    'Tensor': sorted(n for n in dir(torch.Tensor) if not n.startswith('_')),
    'nn': public(torch.nn, classes=True),
    'nn.functional': sorted(n for n in dir(torch.nn.functional) if callable(getattr(torch.nn.functional, n)) and not n.startswith('_') and (getattr(getattr(torch.nn.functional, n), '__module__', None) or 'torch').startswith('torch') and not inspect.isclass(getattr(torch.nn.functional, n)) and n not in ('handle_torch_function', 'has_torch_function', 'has_torch_function_unary', 'has_torch_function_variadic', 'boolean_dispatch', 'assert_int_or_pair')),
    'nn.Module': sorted(n for n in dir(torch.nn.Module) if not n.startswith('_')),
    'nn.init': sorted(n for n in dir(torch.nn.init) if not n.startswith('_') and inspect.isfunction(getattr(torch.nn.init, n))),
    'nn.utils': public(torch.nn.utils),
    'nn.utils.rnn': public(torch.nn.utils.rnn),
    'nn.utils.parametrize': public(torch.nn.utils.parametrize),
    'distributed': [n for n in public(torch.distributed) if n not in ('remote_device', 'logging_handlers')],
    'optim': public(torch.optim, classes=True),
    'optim.lr_scheduler': public(torch.optim.lr_scheduler),
    'optim.swa_utils': public(torch.optim.swa_utils),
    'linalg': sorted(n for n in dir(torch.linalg) if not n.startswith('_') and callable(getattr(torch.linalg, n)) and n not in ('Tensor',)),
    'special': sorted(n for n in torch.special.__all__),
    'autograd': public(torch.autograd),
    'autograd.functional': sorted(n for n in dir(torch.autograd.functional) if not n.startswith('_') and inspect.isfunction(getattr(torch.autograd.functional, n))),
    'func': public(torch.func),
    'random': sorted(n for n in dir(torch.random) if not n.startswith('_') and n not in ('contextlib', 'torch', 'warnings', 'Generator', 'TYPE_CHECKING')),
    'signal.windows': sorted(torch.signal.windows.__all__),
    'amp': public(torch.amp),
    'distributions': public(torch.distributions),
    'utils.data': public(torch.utils.data),
    'cuda': sorted(n for n in torch.cuda.__all__ if not inspect.ismodule(getattr(torch.cuda, n, None))),
}
file = Path(__file__).parent.parent / 'test/oracle/names.json'
lines = [f'{json.dumps(key)}:{json.dumps(names, separators=(",", ":"))}' for key, names in docs.items()]
file.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
print({key: len(names) for key, names in docs.items()})
