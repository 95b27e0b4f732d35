"""Makes test/oracle/func.json: what PyTorch's torch.func gives for the cases of test/func.test.ts, by their names.

    python scripts/oracle-func.py
"""
import json
from pathlib import Path

import torch
from torch.func import (functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, stack_module_state,
                        vjp, vmap)

torch.set_default_dtype(torch.float64)
x = torch.tensor([0.5, -1.25, 2.0])
y = torch.tensor([1.5, 0.25, -0.75])
s = torch.tensor(1.5)
W = torch.tensor([[0.5, 1.0, -1.5], [0.25, -0.5, 2.0]])
B = torch.tensor([[0.5, -1.25, 2.0], [1.0, 0.75, -0.5], [2.5, 0.0, 1.25], [-1.0, 0.5, 0.25]])
params = {'w': W, 'b': torch.tensor([0.5, -0.25])}


def loss(p, a):
    return ((p['w'] @ a + p['b']).tanh() ** 2).sum()


def pair(a, b):
    return a.sin() * b, (a * b).sum()


def both(a):
    return {'sum': a.sum() ** 2, 'cube': a**3}


def scalar(a, b):
    return (a.exp() * b).sum() * (a * b * b).sum()


def model(weight, bias):
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def ensemble():
    models = [model(W * k, params['b'] * k) for k in (1, 2, 3)]
    p, b = stack_module_state(models)
    return vmap(lambda p, b, a: functional_call(models[0], (p, b), (a,)), (0, 0, None))(p, b, B)


def along():
    out, f = linearize(lambda a: a.sin() * a.sum(), x)
    return [out, f(y), f(x)]


def pulled():
    out, f = vjp(pair, x, y)
    return [out, f((x, s)), f((y, s * 2))]


cases = {
    'grad': lambda: grad(lambda a: a.sin().sum())(x),
    'third': lambda: grad(grad(grad(lambda a: a**4)))(s),
    'argnums': lambda: grad(scalar, argnums=(1, 0))(x, y),
    'last': lambda: grad(scalar, argnums=-1)(x, y),
    'dict': lambda: grad(loss)(params, x),
    'value and aux': lambda: grad_and_value(lambda a: (a.exp().sum(), {'twice': a * 2}), has_aux=True)(x),
    'confusion': lambda: grad(lambda a: a * grad(lambda b: a * b * b)(s))(s),
    'unused': lambda: grad(lambda a, b: b.sum(), argnums=(0, 1))(x, y),
    'vjp': pulled,
    'vjp of vjp': lambda: grad(lambda a: vjp(lambda b: b**3, a)[1](y)[0].sum())(x),
    'jvp': lambda: jvp(pair, (x, y), (y, x)),
    'jvp with aux': lambda: jvp(lambda a: (a * a, a.cos()), (x,), (y,), has_aux=True),
    'hvp': lambda: jvp(grad(lambda a: (a**3).sum() * a.sum()), (x,), (y,)),
    'linearize': along,
    'jacrev': lambda: jacrev(pair, argnums=(0, 1))(x, y),
    'jacfwd': lambda: jacfwd(pair, argnums=(0, 1))(x, y),
    'jacrev of a nest': lambda: jacrev(both)(x),
    'jacfwd of a nest': lambda: jacfwd(both)(x),
    'jacrev by a nest': lambda: jacrev(lambda p, a: (p['w'] @ a + p['b']).tanh())(params, x),
    'jacfwd of a matrix': lambda: jacfwd(lambda w: (w @ w.T).sin())(W),
    'jacrev of a matrix': lambda: jacrev(lambda w: (w @ w.T).sin())(W),
    'jacrev of jacrev': lambda: jacrev(jacrev(lambda a: a.sin() * a.sum()))(x),
    'jacfwd of jacfwd': lambda: jacfwd(jacfwd(lambda a: a.sin() * a.sum()))(x),
    'jacrev of jacfwd': lambda: jacrev(jacfwd(lambda a: a.sin() * a.sum()))(x),
    'hessian': lambda: hessian(scalar, argnums=(0, 1))(x, y),
    'hessian by a nest': lambda: hessian(loss)(params, x),
    'vmap': lambda: vmap(lambda a, b: a @ b, in_dims=(0, None))(B, x),
    'vmap of other dims': lambda: vmap(lambda a, b: (a * b, a + b), in_dims=(1, None), out_dims=(1, 0))(W, params['b']),
    'vmap of vmap': lambda: vmap(lambda a: vmap(lambda b: a * b)(y))(x),
    'vmap of a nest': lambda: vmap(lambda p, a: p['w'] * a, in_dims=({'w': 1, 'b': None}, 0))(params, x),
    'per-sample gradients': lambda: vmap(grad(loss), in_dims=(None, 0))(params, B),
    'vmap of jacrev': lambda: vmap(jacrev(lambda a: a.sin() * a.sum()))(B),
    'jacrev of vmap': lambda: jacrev(vmap(lambda a: a.sin().sum()))(B),
    'grad of vmap': lambda: grad(lambda w: vmap(lambda a: (w @ a).sin().sum())(B).sum())(W),
    'vmap of hessian': lambda: vmap(hessian(lambda a: a.prod()))(B),
    'ensemble': ensemble,
}


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return [plain(v) for v in value]


file = Path(__file__).parent.parent / 'test/oracle/func.json'
lines = [f'{json.dumps(name)}:{json.dumps(plain(case()), separators=(",", ":"))}' for name, case in cases.items()]
file.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
print(len(cases), 'cases')
