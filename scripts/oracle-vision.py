"""Makes test/oracle/vision.json: PyTorch's layers for images, pooling and normalization, and its lazy layers, over
their options, for test/vision.test.ts.

    python scripts/oracle-vision.py

A case is made after manual_seed(1) and called after manual_seed(2), once in training and once in evaluation.
"""

import json
import math
import warnings
from pathlib import Path

import torch
from torch import nn

warnings.filterwarnings('ignore')
FILE = Path(__file__).parent.parent / 'test/oracle/vision.json'


def number(v):
    if isinstance(v, (bool, int)):
        return int(v)
    return ('NaN' if math.isnan(v) else 'Infinity' if v > 0 else '-Infinity') if not math.isfinite(v) else float(f'{v:.7g}')


def data(x):
    return {'v': [number(v) for v in x.detach().flatten().tolist()], 's': list(x.shape), 'd': str(x.dtype)[6:]}


def camel(name):
    head, *rest = name.lstrip('_').split('_')
    return ('_' if name.startswith('_') else '') + head + ''.join(w.capitalize() for w in rest)


def parts(y):
    return list(y) if isinstance(y, tuple) else [y]


def call(m, inputs):
    """Outputs, and the gradients of a weighted sum of the first by inputs and parameters."""
    torch.manual_seed(2)
    given = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    outs = parts(m(*given))
    y = outs[0]
    weights = torch.arange(1.0, y.numel() + 1).reshape(y.shape) / y.numel()
    by = [x for x in given if x.is_floating_point()] + list(m.parameters())
    grads = torch.autograd.grad((y * weights).sum(), by, allow_unused=True)
    return {'outs': [data(o) for o in outs], 'grads': [None if g is None else data(g) for g in grads]}


def given(v):
    return tuple(v) if isinstance(v, list) else v


def state(m):
    return {k: None if isinstance(v, (nn.UninitializedParameter, nn.UninitializedBuffer)) else data(v) for k, v in m.state_dict().items()}


def case(name, args, options, *inputs):
    torch.manual_seed(1)
    m = getattr(nn, name)(*map(given, args), **{k: given(v) for k, v in options.items()})
    out = {'name': name, 'args': args, 'options': {camel(k): v for k, v in options.items()}, 'text': repr(m), 'state': state(m), 'inputs': [data(x) for x in inputs]}
    out['train'] = call(m, inputs)
    out['after'] = state(m)
    out['afterText'] = repr(m)
    m.eval()
    out['eval'] = {**call(m, inputs), 'grads': []}
    return out


def cases():
    torch.manual_seed(0)
    r = torch.randn
    big = {1: r(2, 4, 7), 2: r(2, 4, 5, 6), 3: r(1, 2, 4, 3, 5)}
    one = {1: r(2, 5), 2: r(2, 4, 3), 3: r(2, 3, 4, 2)}
    out = [
        case('Upsample', [], {'scale_factor': 2}, big[1]),
        case('Upsample', [[3, 8]], {'mode': 'bilinear'}, big[2]),
        case('Upsample', [], {'scale_factor': [1.5, 2.5], 'mode': 'bicubic', 'align_corners': True}, big[2]),
        case('Upsample', [], {'size': 5, 'mode': 'trilinear'}, big[3]),
        case('Upsample', [], {'scale_factor': 1.7, 'mode': 'linear', 'recompute_scale_factor': True}, big[1]),
        case('Upsample', [9], {'mode': 'nearest-exact'}, big[1]),
        case('UpsamplingNearest2d', [], {'scale_factor': 2}, big[2]),
        case('UpsamplingBilinear2d', [[7, 4]], {}, big[2]),
        case('PixelShuffle', [2], {}, big[2]),
        case('PixelUnshuffle', [2], {}, r(1, 2, 4, 6)),
        case('ChannelShuffle', [2], {}, big[2]),
        case('Fold', [[4, 5], 2], {}, r(1, 8, 12)),
        case('Fold', [[4, 5], [2, 3]], {'padding': 1, 'stride': [2, 1], 'dilation': 1}, r(12, 15)),
        case('Unfold', [2], {}, big[2]),
        case('Unfold', [[2, 3]], {'dilation': 2, 'padding': [1, 2], 'stride': 2}, big[2]),
        case('MaxPool2d', [2], {'return_indices': True}, big[2]),
        case('MaxPool1d', [3, 2, 1, 1, True, True], {}, big[1]),
        case('MaxPool3d', [2, 1], {'return_indices': True}, big[3]),
        case('AdaptiveMaxPool1d', [3, True], {}, big[1]),
        case('AdaptiveMaxPool2d', [[2, 3]], {'return_indices': True}, big[2]),
        case('AdaptiveMaxPool3d', [2], {'return_indices': True}, big[3]),
        case('MaxUnpool1d', [2], {}, r(1, 2, 2), torch.tensor([[[0, 3], [1, 2]]])),
        case('MaxUnpool2d', [[2, 1]], {'stride': 2, 'padding': [1, 0]}, r(1, 3, 2), torch.tensor([[[0, 1], [2, 3], [8, 11]]])),
        case('MaxUnpool3d', [2], {'stride': 1}, r(1, 1, 2, 1), torch.tensor([[[[0], [7]]]])),
        case('LPPool1d', [2, 3], {}, big[1].abs()),
        case('LPPool2d', [3, [2, 3]], {'stride': 2, 'ceil_mode': True}, big[2].abs()),
        case('LPPool3d', [1, 2], {'stride': 1}, big[3].abs()),
        case('FractionalMaxPool2d', [2], {'output_size': [3, 4], 'return_indices': True}, big[2]),
        case('FractionalMaxPool2d', [[2, 1]], {'output_ratio': [0.5, 0.7]}, r(3, 6, 7)),
        case('FractionalMaxPool3d', [2], {'output_ratio': 0.5}, r(2, 6, 5, 7)),
        case('LocalResponseNorm', [2], {}, big[2]),
        case('LocalResponseNorm', [3], {'alpha': 0.5, 'beta': 0.5, 'k': 2.5}, big[1]),
        case('CrossMapLRN2d', [9], {'alpha': 0.5}, big[2]),
        case('RMSNorm', [7], {}, big[1]),
        case('RMSNorm', [[5, 6]], {'eps': 0.01, 'elementwise_affine': False}, big[2]),
        case('SyncBatchNorm', [4], {}, big[2]),
        case('SyncBatchNorm', [4], {'momentum': None, 'affine': False}, big[1]),
        case('Softmin', [1], {}, one[2]),
        case('Softmax2d', [], {}, big[2]),
        case('RReLU', [], {}, big[1]),
        case('RReLU', [0.1, 0.2], {'inplace': False}, r(6)),
        case('AlphaDropout', [], {}, big[1]),
        case('AlphaDropout', [0.2], {}, r(3, 7)),
        case('FeatureAlphaDropout', [0.4], {}, big[2]),
        case('LazyLinear', [3], {}, one[1]),
        case('LazyLinear', [3, False], {}, big[1]),
        case('LazyConv1d', [4, 2], {'groups': 2, 'padding': 1}, big[1]),
        case('LazyConv2d', [4, [2, 3]], {'bias': False, 'padding_mode': 'reflect', 'padding': 1}, big[2]),
        case('LazyConv3d', [2, 2], {'stride': 2}, big[3]),
        case('LazyConvTranspose1d', [4, 2], {'stride': 2, 'output_padding': 1}, big[1]),
        case('LazyConvTranspose2d', [4, 2], {'groups': 2}, big[2]),
        case('LazyConvTranspose3d', [2, 2], {'bias': False}, big[3]),
    ]
    for n in (1, 2, 3):
        x = big[n]
        out += [
            case(f'InstanceNorm{n}d', [x.shape[1]], {}, x),
            case(f'InstanceNorm{n}d', [x.shape[1], 1e-3, 0.3, True, True], {}, x),
            case(f'InstanceNorm{n}d', [x.shape[1]], {'affine': True, 'bias': False}, x[0]),
            case(f'LazyInstanceNorm{n}d', [], {}, x),
            case(f'LazyBatchNorm{n}d', [], {'affine': n != 2, 'momentum': 0.2}, x),
            case(f'ConstantPad{n}d', [1, 3.5], {}, one[n]),
            case(f'ConstantPad{n}d', [list(range(1, 2 * n + 1)), -1.5], {}, one[n]),
            case(f'ZeroPad{n}d', [[2, -1] * n], {}, one[n]),
            case(f'ReflectionPad{n}d', [1], {}, one[n]),
            case(f'ReplicationPad{n}d', [[2, 1] * n], {}, one[n]),
            case(f'CircularPad{n}d', [[1, 0] * n], {}, one[n].unsqueeze(0)),
        ]
    return out


def main():
    made = cases()
    FILE.write_text('[' + ',\n'.join(json.dumps(c, separators=(',', ':')) for c in made) + ']\n')
    print(f'{len(made)} cases, {FILE.stat().st_size / 1e3:.0f} KB')


main()
