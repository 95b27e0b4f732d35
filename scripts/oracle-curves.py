"""Makes test/oracle/curves.json: the losses of examples/scripts/*.py, step by step, for test/curves.test.ts.

    python scripts/oracle-curves.py [NAME …]
"""
import importlib
import json
import sys
from pathlib import Path

import torch

here = Path(__file__).parent.parent
sys.path.insert(0, str(here / 'examples/scripts'))
sys.dont_write_bytecode = True
STEPS = {'mnist-cnn': 12, 'char-lstm': 30, 'resnet18': 4, 'nanogpt': 20, 'vae': 40, 'dcgan': 12, 'wgan-gp': 20, 'bert': 40}


def camel(name):
    head, *rest = name.split('_')
    return head + ''.join(part.capitalize() for part in rest)


torch.set_num_threads(2)
file = here / 'test/oracle/curves.json'
curves = json.loads(file.read_text()) if file.exists() else {}
for name in sys.argv[1:] or STEPS:
    steps = list(importlib.import_module(name).train(STEPS[name], seed=1))
    curves[name] = {camel(key): [float(f'{step[key]:.7g}') for step in steps] for key in steps[0]}
    print(name, {key: (curve[0], curve[-1]) for key, curve in curves[name].items()})
lines = [f'{json.dumps(name)}:{json.dumps(curves[name], separators=(",", ":"))}' for name in STEPS if name in curves]
file.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
