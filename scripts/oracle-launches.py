"""Makes test/oracle/launches.json: how many kernels one training step of examples/scripts/*.py is made of in PyTorch,
counted with its profiler: operators that call no other and do more than describe memory. An optimizer step over lists
(foreach, PyTorch's default on GPUs) counts as its list operators. For test/cuda/traffic.test.ts.

    python scripts/oracle-launches.py
"""
import importlib
import json
import sys
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

here = Path(__file__).parent.parent
sys.path.insert(0, str(here / 'examples/scripts'))
sys.dont_write_bytecode = True
NAMES = ['mnist-cnn', 'char-lstm', 'nanogpt', 'vae', 'bert']
# these describe memory or make it: no kernel runs
IDLE = {
    f'aten::{name}'
    for name in (
        'view as_strided empty empty_strided empty_like detach detach_ expand slice select transpose permute t unsqueeze '
        'squeeze unbind split alias reshape _reshape_alias _unsafe_view item _local_scalar_dense result_type resolve_conj '
        'resolve_neg lift_fresh resize_ set_ narrow chunk to _to_copy is_nonzero unfold new_empty new_zeros'
    ).split()
}
torch.set_num_threads(1)
for optimizer in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD):
    original = optimizer.__init__

    def listed(self, *args, _original=original, **options):
        _original(self, *args, **{'foreach': True, **options})

    optimizer.__init__ = listed

counts = {}
for name in NAMES:
    training = importlib.import_module(name).train(6, seed=1)
    for _ in range(3):
        next(training)
    with profile(activities=[ProfilerActivity.CPU]) as run:
        next(training)
    events = [e for e in run.events() if e.name.startswith('aten::')]

    def inside_list(event):
        parent = event.cpu_parent
        while parent is not None:
            if parent.name.startswith('aten::_foreach'):
                return True
            parent = parent.cpu_parent
        return False

    kernels = 0
    for event in events:
        children = [c for c in event.cpu_children if c.name.startswith('aten::') and c.name not in IDLE]
        if inside_list(event) or event.name in IDLE:
            continue
        if event.name.startswith('aten::_foreach') or not children:
            kernels += 1
    counts[name] = kernels
    print(name, kernels)
(here / 'test/oracle/launches.json').write_text(json.dumps(counts) + '\n')
