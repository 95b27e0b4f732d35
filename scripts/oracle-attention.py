"""Makes test/oracle/attention.json: PyTorch's answers for attention, the Transformer's layers, and embeddings, for
test/attention.test.ts.

    python scripts/oracle-attention.py

A case makes a module (or names a function), gives it inputs, and stores what comes out, the gradients, the text, and the
weights that the seed gave. Inputs are drawn from the seed on both sides, so only answers are stored. An input is
{randn: shape}, {int: values}, {bool: values}, {float: values}, {mask: size} (the causal one), or the number of an earlier
input that is to be the same tensor.
"""

import json
import math
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings('ignore')
FOLDER = Path(__file__).parent.parent / 'test/oracle'
DIGITS = {torch.float64: 13, torch.float32: 7}


def number(v, digits):
    if isinstance(v, (bool, int)):
        return int(v)
    if math.isnan(v):
        return 'NaN'
    if math.isinf(v):
        return 'Infinity' if v > 0 else '-Infinity'
    v = float(f'{v:.{digits}g}')
    return int(v) if v == int(v) and abs(v) < 1e15 else v


def write(y):
    if y is None:
        return None
    if isinstance(y, torch.Tensor):
        y = y.detach()
        return {'d': str(y.dtype)[6:], 's': list(y.shape), 'v': [number(v, DIGITS.get(y.dtype, 7)) for v in y.reshape(-1).tolist()]}
    return [write(v) for v in y]


def read(spec, given):
    if isinstance(spec, int):
        return given[spec]
    (kind, value), *_ = spec.items()
    if kind == 'randn':
        return torch.randn(value, requires_grad=True)
    if kind == 'int':
        return torch.tensor(value)
    if kind == 'bool':
        return torch.tensor(value, dtype=torch.bool)
    if kind == 'float':
        return torch.tensor([[math.nan if v == 'NaN' else -math.inf if v == '-Infinity' else v for v in row] if isinstance(row, list) else row for row in value], dtype=torch.float32)
    if kind == 'mask':
        return nn.Transformer.generate_square_subsequent_mask(value)
    raise ValueError(kind)


def option(value):
    if isinstance(value, dict):
        (kind, name), *_ = value.items()
        if kind == 'module':
            return getattr(nn, name)()
        if kind == 'function':
            return getattr(torch, name)
    return value


def tensors(y):
    return [x for x in (y if isinstance(y, (tuple, list)) else [y]) if isinstance(x, torch.Tensor)]


def loss_of(outs):
    return sum((y * torch.arange(y.numel(), dtype=y.dtype).reshape(y.shape).cos()).sum() for y in outs)


def run(case):
    torch.manual_seed(case['seed'])
    answer = {}
    module = None
    if 'module' in case:
        arguments = [build(a) if isinstance(a, dict) and 'of' in a else option(a) for a in case.get('args', [])]
        module = getattr(nn, case['module'])(*arguments, **{k: option(v) for k, v in case.get('options', {}).items()})
        answer['repr'] = str(module)
        answer['weights'] = [[k, write(v)] for k, v in module.state_dict().items()] if case.get('weights') else [[k, list(v.shape), number(v.double().sum().item(), 7)] for k, v in module.state_dict().items()]
        if case.get('perturb'):
            # equal layers and zero biases hide mistakes
            with torch.no_grad():
                for p in module.parameters():
                    p.add_(torch.randn(p.shape), alpha=0.2)
        module.train(case.get('train', True))
        call = module
    else:
        call = getattr(F, case['function'])
    if 'inputs' not in case:
        return answer
    given = []
    for spec in case['inputs']:
        given.append(None if spec is None else read(spec, given))
    forward = {k: read(v, given) if isinstance(v, dict) else v for k, v in case.get('forward', {}).items()}
    if case.get('no_grad'):
        with torch.no_grad():
            out = call(*given, **forward)
        answer['out'] = write(out)
        return answer
    out = call(*given, **forward)
    answer['out'] = write(out)
    loss_of([y for y in tensors(out) if y.requires_grad]).backward()
    answer['grads'] = [write(x.grad) for x in given if isinstance(x, torch.Tensor) and x.is_floating_point()]
    extra = {k: write(v.grad) for k, v in forward.items() if isinstance(v, torch.Tensor) and v.requires_grad and v.grad is not None}
    if extra:
        answer['forward_grads'] = extra
    if module is not None:
        answer['weight_grads'] = [[k, write(p.grad)] for k, p in module.named_parameters()]
    if case.get('keep'):
        answer['after'] = [write(x) for x in given if isinstance(x, torch.Tensor) and x.is_floating_point()]
    return answer


def build(spec):
    return getattr(nn, spec['of'])(*spec.get('args', []), **{k: option(v) for k, v in spec.get('options', {}).items()})


T, S, N, E = 3, 4, 2, 4
SELF = [{'randn': [T, N, E]}, 0, 0]
CROSS = [{'randn': [T, N, E]}, {'randn': [S, N, E]}, 1]
THREE = [{'randn': [T, N, E]}, {'randn': [S, N, E]}, {'randn': [S, N, E]}]
BOOL = {'bool': [[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]]}
FLOAT = {'float': [[0, -1, 0.5, 0], ['-Infinity', 0, 0, 1], [0, 2, 0, '-Infinity']]}
PAD = {'bool': [[0, 0, 0, 1], [0, 0, 1, 1]]}
FPAD = {'float': [[0, 0.5, 0, '-Infinity'], [0, 0, '-Infinity', '-Infinity']]}
BLIND = {'bool': [[0, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]]}


def swapped(inputs):
    return [x if isinstance(x, int) else {'randn': [x['randn'][1], x['randn'][0], x['randn'][2]]} for x in inputs]


def attention():
    def case(inputs, options=None, forward=None, **more):
        return {'module': 'MultiheadAttention', 'args': [E, 2], 'options': options or {}, 'inputs': inputs, 'forward': forward or {}, 'perturb': True, **more}

    quiet = {'need_weights': False}
    out = []
    for inputs in (SELF, CROSS, THREE):
        for forward in ({}, quiet):
            out.append(case(inputs, {}, forward))
    for options in ({'bias': False}, {'add_bias_kv': True}, {'add_zero_attn': True}, {'add_bias_kv': True, 'add_zero_attn': True, 'bias': False}):
        for forward in ({}, {**quiet, 'attn_mask': FLOAT, 'key_padding_mask': FPAD}):
            out.append(case(CROSS, options, forward))
    out.append(case([{'randn': [T, N, E]}, {'randn': [S, N, 3]}, {'randn': [S, N, 5]}], {'kdim': 3, 'vdim': 5}))
    out.append(case([{'randn': [T, N, E]}, {'randn': [S, N, 3]}, {'randn': [S, N, E]}], {'kdim': 3, 'bias': False}, quiet))
    for inputs in (SELF, CROSS, THREE):
        for forward in ({'average_attn_weights': False}, quiet):
            out.append(case(swapped(inputs), {'batch_first': True}, forward))
    for mask in (BOOL, FLOAT):
        for forward in ({}, quiet):
            out.append(case(CROSS, {}, {**forward, 'attn_mask': mask}))
    for pad in (PAD, FPAD):
        for forward in ({}, quiet, {**quiet, 'attn_mask': BOOL if pad is PAD else FLOAT}):
            out.append(case(CROSS, {}, {**forward, 'key_padding_mask': pad}))
    many = {'bool': [[[(i + j + k) % 3 == 0 for k in range(S)] for j in range(T)] for i in range(2 * N)]}
    out += [case(CROSS, {}, {'attn_mask': many}), case(CROSS, {}, {**quiet, 'attn_mask': many})]
    out.append(case(CROSS, {}, {**quiet, 'attn_mask': BLIND}))
    out.append(case(SELF, {}, {**quiet, 'attn_mask': {'mask': T}, 'is_causal': True}))
    out.append(case(SELF, {}, {'attn_mask': {'mask': T}, 'is_causal': True}))
    out.append(case(swapped(SELF), {'batch_first': True}, {**quiet, 'attn_mask': {'mask': T}, 'is_causal': True, 'key_padding_mask': {'bool': [[0, 0, 1], [0, 0, 0]]}}))
    alone = [{'randn': [T, E]}, {'randn': [S, E]}, 1]
    out += [case(alone), case(alone, {'batch_first': True}, quiet), case(alone, {}, {'key_padding_mask': {'bool': [0, 0, 1, 0]}, 'average_attn_weights': False})]
    out += [case(SELF, {'dropout': 0.4}), case(SELF, {'dropout': 0.4}, quiet), case(SELF, {'dropout': 0.4}, quiet, train=False)]
    out.append(case(swapped(SELF), {'batch_first': True}, {}, train=False, no_grad=True))
    out.append({'module': 'MultiheadAttention', 'args': [6, 3, 0.1, False, True], 'options': {}, 'weights': True})
    out.append({'module': 'MultiheadAttention', 'args': [6, 3], 'options': {'kdim': 2, 'add_bias_kv': True}, 'weights': True})
    out.append({'module': 'MultiheadAttention', 'args': [4, 1], 'options': {}, 'weights': True})
    return out


def transformers():
    out = []
    x = [{'randn': [T, N, E]}]

    def layer(options=None, inputs=x, forward=None, **more):
        return {'module': 'TransformerEncoderLayer', 'args': [E, 2, 5], 'options': {'dropout': 0.0, **(options or {})}, 'inputs': inputs, 'forward': forward or {}, 'perturb': True, **more}

    for options in ({}, {'norm_first': True}, {'activation': 'gelu'}, {'activation': {'module': 'ELU'}}, {'activation': {'function': 'tanh'}}, {'bias': False, 'layer_norm_eps': 0.01}, {'dropout': 0.3}):
        out.append(layer(options))
    batch = [{'randn': [N, T, E]}]
    pad = {'bool': [[0, 0, 1], [0, 0, 0]]}
    out.append(layer({'batch_first': True}, batch, {'src_mask': {'mask': T}, 'src_key_padding_mask': pad}))
    out.append(layer({'batch_first': True, 'norm_first': True}, batch, {'src_mask': {'mask': T}, 'is_causal': True}))
    out.append(layer({}, [{'randn': [T, E]}], {'src_mask': {'mask': T}}))
    for options in ({'batch_first': True}, {'batch_first': True, 'norm_first': True, 'activation': 'gelu'}):
        out.append(layer(options, batch, {'src_key_padding_mask': {'bool': [[0, 0, 1], [0, 0, 0]]}}, train=False, no_grad=True))

    both = [{'randn': [T, N, E]}, {'randn': [S, N, E]}]

    def decoder(options=None, inputs=both, forward=None, **more):
        return {'module': 'TransformerDecoderLayer', 'args': [E, 2, 5], 'options': {'dropout': 0.0, **(options or {})}, 'inputs': inputs, 'forward': forward or {}, 'perturb': True, **more}

    for options in ({}, {'norm_first': True}, {'bias': False, 'activation': 'gelu'}, {'dropout': 0.3}):
        out.append(decoder(options))
    full = {'tgt_mask': {'mask': T}, 'memory_mask': BOOL, 'tgt_key_padding_mask': pad, 'memory_key_padding_mask': PAD}
    out.append(decoder({}, both, full))
    out.append(decoder({'batch_first': True}, [{'randn': [N, T, E]}, {'randn': [N, S, E]}], {**full, 'memory_mask': FLOAT}))
    out.append(decoder({}, both, {'tgt_mask': {'mask': T}, 'tgt_is_causal': True}))

    encoder = {'of': 'TransformerEncoderLayer', 'args': [E, 2, 5, 0.0]}

    def stack(options=None, inputs=x, forward=None, norm=True, inner=None, **more):
        return {'module': 'TransformerEncoder', 'args': [{**encoder, 'options': inner or {}}, 2, *([{'of': 'LayerNorm', 'args': [E]}] if norm else [])], 'options': options or {}, 'inputs': inputs, 'forward': forward or {}, 'perturb': True, **more}

    out += [stack(), stack(norm=False), stack(forward={'mask': {'mask': T}}), stack(forward={'mask': {'bool': [[0, 1, 1], [0, 0, 1], [0, 0, 0]]}}), stack(forward={'mask': {'mask': T}, 'src_key_padding_mask': pad})]
    for norm in (True, False):
        out.append(stack(norm=norm, inner={'batch_first': True}, inputs=batch, forward={'src_key_padding_mask': pad}, train=False, no_grad=True))
    out.append(stack({'enable_nested_tensor': False}, inner={'batch_first': True}, inputs=batch, forward={'src_key_padding_mask': pad}, train=False, no_grad=True))
    out.append(stack(inner={'batch_first': True}, inputs=batch, forward={'src_key_padding_mask': {'bool': [[1, 0, 0], [0, 0, 0]]}}, train=False, no_grad=True))
    out.append({'module': 'TransformerDecoder', 'args': [{'of': 'TransformerDecoderLayer', 'args': [E, 2, 5, 0.0]}, 2, {'of': 'LayerNorm', 'args': [E]}], 'options': {}, 'inputs': both, 'forward': {'tgt_mask': {'mask': T}, 'memory_key_padding_mask': PAD}, 'perturb': True})

    def whole(options=None, inputs=both, forward=None, **more):
        return {'module': 'Transformer', 'args': [E, 2, 1, 1, 5, 0.0], 'options': options or {}, 'inputs': [{'randn': s['randn']} for s in reversed(inputs)], 'forward': forward or {}, 'perturb': True, **more}

    out += [whole(), whole({'norm_first': True, 'batch_first': True, 'activation': 'gelu'}, [{'randn': [N, T, E]}, {'randn': [N, S, E]}], {'tgt_mask': {'mask': T}, 'src_key_padding_mask': PAD, 'memory_key_padding_mask': PAD, 'tgt_key_padding_mask': pad})]
    out.append(whole({}, both, {'src_mask': {'mask': S}, 'tgt_mask': {'mask': T}, 'memory_mask': FLOAT}))
    out.append({'module': 'Transformer', 'args': [4, 2, 2, 1, 6], 'options': {'bias': False}, 'weights': True})
    out.append({'module': 'Transformer', 'args': [8, 4, 3, 2, 6], 'options': {'activation': {'module': 'GELU'}}})
    return out


def embeddings():
    out = []
    table = {'randn': [5, 3]}
    flat = {'int': [1, 0, 4, 1, 1, 2]}
    pairs = {'int': [[1, 0, 4], [1, 1, 2]]}
    for forward in ({}, {'padding_idx': 1}, {'padding_idx': -1}, {'scale_grad_by_freq': True}, {'scale_grad_by_freq': True, 'padding_idx': 0}):
        out.append({'function': 'embedding', 'inputs': [pairs, table], 'forward': forward})
    for forward in ({'max_norm': 1.0}, {'max_norm': 0.5, 'norm_type': 1.0}, {'max_norm': 1, 'norm_type': math.inf}):
        out.append({'function': 'embedding', 'inputs': [flat, table], 'forward': {k: 'Infinity' if v == math.inf else v for k, v in forward.items()}, 'keep': True})
    out.append({'function': 'embedding', 'inputs': [{'int': 2}, table]})
    starts = {'int': [0, 2, 2, 5]}
    for mode in ('sum', 'mean', 'max'):
        for forward in ({}, {'padding_idx': 1}):
            out.append({'function': 'embedding_bag', 'inputs': [pairs, table], 'forward': {'mode': mode, **forward}})
            out.append({'function': 'embedding_bag', 'inputs': [flat, table, starts], 'forward': {'mode': mode, **forward}})
        out.append({'function': 'embedding_bag', 'inputs': [flat, table, {'int': [0, 2, 2, 6]}], 'forward': {'mode': mode, 'include_last_offset': True}})
        out.append({'function': 'embedding_bag', 'inputs': [flat, table, starts], 'forward': {'mode': mode, 'max_norm': 1.0}, 'keep': True})
    # PyTorch divides by the count of another index (counts[indices_data[i]] of the sorted ones): equal counts hide that
    even = {'int': [1, 0, 4, 1, 0, 4]}
    for mode in ('sum', 'mean'):
        out.append({'function': 'embedding_bag', 'inputs': [even, table, starts], 'forward': {'mode': mode, 'scale_grad_by_freq': True}})
    for forward in ({}, {'padding_idx': 1}):
        out.append({'function': 'embedding_bag', 'inputs': [flat, table, starts], 'forward': {'mode': 'sum', 'per_sample_weights': {'randn': [6]}, **forward}})
        out.append({'function': 'embedding_bag', 'inputs': [pairs, table], 'forward': {'mode': 'sum', 'per_sample_weights': {'randn': [2, 3]}, **forward}})
    for options in ({}, {'padding_idx': 1}, {'padding_idx': -1, 'max_norm': 1.0}, {'norm_type': 1.0, 'max_norm': 0.5, 'scale_grad_by_freq': True}):
        out.append({'module': 'Embedding', 'args': [5, 3], 'options': options, 'weights': True, 'inputs': [pairs]})
        out.append({'module': 'EmbeddingBag', 'args': [5, 3], 'options': options, 'weights': True, 'inputs': [{'int': [[1, 0, 4], [1, 0, 4]]}]})
    for mode in ('sum', 'max'):
        out.append({'module': 'EmbeddingBag', 'args': [5, 3], 'options': {'mode': mode, 'include_last_offset': True}, 'weights': True, 'inputs': [flat, {'int': [0, 2, 6]}]})
    return out


def infinite(case):
    return {**case, 'forward': {k: math.inf if v == 'Infinity' else v for k, v in case.get('forward', {}).items()}}


cases = [{'seed': i, **c} for i, c in enumerate(attention() + transformers() + embeddings())]
stored = [{**c, 'answer': run(infinite(c))} for c in cases]
path = FOLDER / 'attention.json'
path.write_text(json.dumps(stored, separators=(',', ':')) + '\n')
print(f'{len(stored)} cases, {path.stat().st_size / 1e6:.2f} MB')
