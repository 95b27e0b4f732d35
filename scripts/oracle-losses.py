"""Makes test/oracle/losses.json: PyTorch's losses as modules, ctcLoss with gradients, the adaptive softmax and nn.utils,
for test/losses.test.ts.

    python scripts/oracle-losses.py

Each case of `modules` is [class, options, inputs, values, gradients]: the loss by each input that has gradients.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
FILE = Path(__file__).parent.parent / 'test/oracle/losses.json'


def digits(v):
    if isinstance(v, list):
        return [digits(x) for x in v]
    if isinstance(v, float):
        return str(v).replace('inf', 'Infinity').replace('nan', 'NaN') if not math.isfinite(v) else float(f'{v:.13g}')
    return v


def data(x):
    return {'v': digits(x.detach().flatten().tolist()), 's': list(x.shape), 'd': str(x.dtype)[6:]} if isinstance(x, torch.Tensor) else x


def camel(name):
    head, *rest = name.split('_')
    return head + ''.join(w.capitalize() for w in rest)


def module_case(name, options, *inputs):
    inputs = [x.clone().requires_grad_() if isinstance(x, torch.Tensor) and x.is_floating_point() else x for x in inputs]
    y = getattr(nn, name)(**options)(*inputs)
    floats = [x for x in inputs if isinstance(x, torch.Tensor) and x.requires_grad]
    grads = torch.autograd.grad(y.sum(), floats, allow_unused=True)
    given = {camel(k): data(v) for k, v in options.items()}
    return [name, given, [data(x) for x in inputs], data(y), [None if g is None else data(g) for g in grads]]


def modules():
    torch.manual_seed(1)
    r, n = torch.rand, torch.randn
    sign = torch.tensor([1, -1, 1])
    cases = [
        ('CosineEmbeddingLoss', {'margin': 0.2}, n(3, 4), n(3, 4), sign),
        ('MarginRankingLoss', {'margin': 0.5, 'reduction': 'sum'}, n(3), n(3), sign),
        ('HingeEmbeddingLoss', {'margin': 0.5}, n(3), sign),
        ('SoftMarginLoss', {'reduction': 'none'}, n(3), sign),
        ('TripletMarginLoss', {'margin': 2, 'p': 1, 'swap': True}, n(3, 4), n(3, 4), n(3, 4)),
        ('TripletMarginWithDistanceLoss', {'margin': 0.7}, n(3, 4), n(3, 4), n(3, 4)),
        ('MultiMarginLoss', {'p': 2, 'weight': r(4)}, n(3, 4), torch.tensor([0, 3, 1])),
        ('MultiLabelMarginLoss', {}, n(2, 4), torch.tensor([[1, 2, -1, 0], [3, -1, 1, 1]])),
        ('MultiLabelSoftMarginLoss', {'weight': r(4)}, n(2, 4), r(2, 4).round()),
        ('GaussianNLLLoss', {'full': True}, n(3), n(3), r(3) + 0.1),
        ('PoissonNLLLoss', {'log_input': False, 'full': True, 'reduction': 'none'}, r(3), torch.tensor([0.0, 1.0, 4.0])),
        ('HuberLoss', {'delta': 0.5}, n(3), n(3)),
        ('CrossEntropyLoss', {'label_smoothing': 0.1, 'weight': r(4)}, n(3, 4), n(3, 4).softmax(1)),
        ('CosineSimilarity', {'dim': 0, 'eps': 1e-4}, n(3, 4), n(3, 4)),
        ('PairwiseDistance', {'p': 1, 'keepdim': True}, n(3, 4), n(3, 4)),
    ]
    return [module_case(*c) for c in cases]


def ctc_case(logits, *rest, **options):
    logits = logits.clone().requires_grad_()
    lengths = [torch.tensor(x) if isinstance(x, list) else x for x in rest]
    y = F.ctc_loss(logits, *lengths, **options)
    weights = torch.arange(1.0, y.numel() + 1).reshape(y.shape)
    (g,) = torch.autograd.grad((y * weights).sum(), logits)
    return [data(logits), [data(x) for x in lengths], {camel(k): v for k, v in options.items()}, data(y), data(g)]


def ctc():
    torch.manual_seed(2)
    lp = lambda *s: torch.randn(*s).log_softmax(-1)
    labels = torch.randint(1, 6, (3, 4))
    return [
        ctc_case(lp(12, 3, 6), labels, [12, 10, 9], [4, 2, 3]),
        ctc_case(lp(12, 3, 6), labels, [12, 10, 9], [4, 0, 3], reduction='none'),
        ctc_case(lp(12, 3, 6), labels.flatten()[:6], [12, 10, 9], [1, 0, 5], reduction='sum'),
        ctc_case(lp(12, 3, 6), labels - 1, [12, 10, 9], [4, 2, 3], blank=5),
        ctc_case(lp(3, 3, 6), labels, [3, 3, 0], [4, 2, 0], reduction='none', zero_infinity=True),
        ctc_case(lp(3, 2, 6), labels[:2], [3, 3], [4, 1], reduction='none'),
        ctc_case(lp(7, 3), torch.tensor([1, 1, 2]), [7], [3]),
        ctc_case(torch.randn(12, 3, 6), labels, [12, 10, 9], [4, 2, 3]),
    ]


def adaptive():
    torch.manual_seed(3)
    m = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0, head_bias=True)
    x = torch.randn(6, 8, requires_grad=True)
    target = torch.tensor([0, 3, 4, 9, 10, 19])
    out, loss = m(x, target)
    loss.backward()
    return {
        'state': {k: data(v) for k, v in m.state_dict().items()}, 'x': data(x), 'target': data(target), 'output': data(out),
        'loss': data(loss), 'grad': data(x.grad), 'tail': data(m.tail[1][1].weight.grad), 'logProb': data(m.log_prob(x)), 'predict': data(m.predict(x)),
    }


def extras():
    torch.manual_seed(4)
    x, t, w = torch.randn(3), torch.randn(3), torch.rand(3)
    logits = torch.randn(4, 5)
    torch.manual_seed(5)
    soft = F.gumbel_softmax(logits.float(), tau=0.5)
    hard = F.gumbel_softmax(logits.float(), hard=True, dim=0)
    return {
        'huber': [data(x), data(t), data(w), data(F.huber_loss(x, t, weight=w)), data(F.huber_loss(x, t, reduction='sum', weight=w))],
        'gumbel': [data(logits.float()), data(soft), data(hard)],
    }


def steps(m, x):
    """Three steps of SGD: outputs, and the parameters and buffers at the end."""
    opt = torch.optim.SGD(m.parameters(), lr=0.1)
    outs = []
    for _ in range(3):
        opt.zero_grad()
        y = m(x)
        y.square().sum().backward()
        opt.step()
        outs.append(data(y))
    m.eval()
    return {'outs': outs, 'eval': data(m(x)), 'state': {k: data(v) for k, v in m.state_dict().items()}}


def utils():
    from torch.nn import utils as u

    x2, x4 = torch.randn(5, 3), torch.randn(2, 3, 4, 4)
    made = {
        'weightNorm': (lambda: u.weight_norm(nn.Linear(3, 4)), x2),
        'weightNormDim': (lambda: u.weight_norm(nn.Conv2d(3, 2, 2), dim=1), x4),
        'weightNormAll': (lambda: u.weight_norm(nn.Linear(3, 4), dim=None), x2),
        'spectralNorm': (lambda: u.spectral_norm(nn.Linear(3, 4)), x2),
        'spectralNormT': (lambda: u.spectral_norm(nn.ConvTranspose2d(3, 2, 2), n_power_iterations=2), x4),
        'paramWeightNorm': (lambda: u.parametrizations.weight_norm(nn.Linear(3, 4)), x2),
        'paramSpectralNorm': (lambda: u.parametrizations.spectral_norm(nn.Linear(3, 4)), x2),
        'paramSpectralNormC': (lambda: u.parametrizations.spectral_norm(nn.Conv2d(3, 2, 2), n_power_iterations=2), x4),
        'orthogonal': (lambda: u.parametrizations.orthogonal(nn.Linear(3, 3)), x2),
        'orthogonalTall': (lambda: u.parametrizations.orthogonal(nn.Linear(3, 4)), x2),
        'orthogonalWide': (lambda: u.parametrizations.orthogonal(nn.Linear(3, 2), orthogonal_map='matrix_exp'), x2),
        'orthogonalCayley': (lambda: u.parametrizations.orthogonal(nn.Linear(3, 4), orthogonal_map='cayley'), x2),
        'orthogonalFree': (lambda: u.parametrizations.orthogonal(nn.Linear(3, 3), use_trivialization=False), x2),
    }
    out = {'x2': data(x2), 'x4': data(x4)}
    for name, (make, x) in made.items():
        torch.manual_seed(7)
        out[name] = steps(make(), x)
    torch.manual_seed(8)
    conv, bn, convt, linear = nn.Conv2d(3, 2, 2, stride=2, padding=1), nn.BatchNorm2d(2), nn.ConvTranspose2d(3, 2, 2, bias=False), nn.Linear(3, 2)
    bn.running_mean.normal_(), bn.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        bn.weight.normal_(), bn.bias.normal_()
    for m in (conv, bn, convt, linear):
        m.eval()
    bn1 = nn.BatchNorm1d(2).eval()
    bn1.load_state_dict(bn.state_dict())
    out['fuse'] = {
        'conv': data(u.fuse_conv_bn_eval(conv, bn)(x4)),
        'convt': data(u.fuse_conv_bn_eval(convt, bn, transpose=True)(x4)),
        'linear': data(u.fuse_linear_bn_eval(linear, bn1)(x2)),
        'bn': {k: data(v) for k, v in bn.state_dict().items() if v.dim()},
    }
    grads = [torch.randn(3), torch.randn(2, 2)]
    for norm in (0.5, 1.0, 2.0, 3.0, math.inf):
        ps = [torch.zeros_like(g) for g in grads]
        for p, g in zip(ps, grads):
            p.grad = g.clone()
        total = u.clip_grad_norm_(ps, 0.7, norm)
        out[f'clip{norm}'.replace('.', '_')] = [data(total), *[data(p.grad) for p in ps]]
    out['grads'] = [data(g) for g in grads]
    return out


def init():
    torch.manual_seed(9)
    return {
        'tall': data(nn.init.orthogonal_(torch.empty(5, 3))),
        'wide': data(nn.init.orthogonal_(torch.empty(2, 2, 3), gain=2)),
        'square': data(nn.init.orthogonal_(torch.empty(20, 20, dtype=torch.float32))),
        'sparse': data(nn.init.sparse_(torch.empty(6, 3), 0.4, std=2)),
        'trunc': data(nn.init.trunc_normal_(torch.empty(20, dtype=torch.float32), 0, 1, -0.5, 0.5)),
    }


def main():
    FILE.write_text(json.dumps({'modules': modules(), 'ctc': ctc(), 'adaptive': adaptive(), **extras(), 'utils': utils(), 'init': init()}, separators=(',', ':')) + '\n')
    print(f'{FILE.stat().st_size / 1e3:.0f} KB')


main()
