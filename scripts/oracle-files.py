"""Makes test/oracle/files.json: small .npy, safetensors and torch.save files by the real libraries, and their contents.

    python scripts/oracle-files.py

Files and elements are base64. In a tree of a .pt file, {"tensor": …} is a tensor, {"dict": pairs}, {"set": items},
{"bytes": base64} and {"int": text} are what JSON lacks; tuples are lists.
"""

import base64
import collections
import io
import json
from pathlib import Path

import numpy
import torch
from safetensors.torch import save as save_safetensors

torch.manual_seed(1)
DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def raw(tensor):
    """Row-major, little-endian bytes."""
    return b64(tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()) if tensor.numel() else ''


def name(dtype):
    return str(dtype).removeprefix('torch.')


def npy():
    def entry(array, version=None, dtype=None):
        file = io.BytesIO()
        numpy.lib.format.write_array(file, array, version=version)
        little = array.astype(array.dtype.newbyteorder('<'))
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        return {
            'file': b64(file.getvalue()),
            'dtype': dtype or array.dtype.name,
            'sizes': list(array.shape),
            'fortranOrder': fortran,
            'data': b64(little.tobytes('F' if fortran else 'C')),
            'plain': version is None and array.dtype.byteorder in '=|<' and not fortran,
        }

    rows = []
    for code in ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'b1']:
        values = numpy.arange(-3, 3).reshape(2, 3)
        rows.append(entry(values.astype('<' + code)))
        rows.append(entry(numpy.asfortranarray(values.astype('>' + code))))
    for shape in [(), (0,), (3,), (0, 2), (1, 1, 1, 1), (2,) * 8]:
        rows.append(entry(numpy.zeros(shape, 'f4')))
    rows.append(entry(numpy.arange(4, dtype='i4'), version=(2, 0)))
    rows.append(entry(numpy.arange(4, dtype='i4'), version=(3, 0)))
    refused = []
    for array in [
        numpy.zeros(2, 'u2'),
        numpy.zeros(2, 'u4'),
        numpy.zeros(2, 'u8'),
        numpy.zeros(2, 'c8'),
        numpy.zeros(2, 'S3'),
        numpy.zeros(2, 'U3'),
        numpy.array([None]),
        numpy.zeros(2, [('a', 'i4')]),
        numpy.zeros(2, 'M8[s]'),
    ]:
        file = io.BytesIO()
        numpy.save(file, array)
        refused.append(b64(file.getvalue()))
    return {'good': rows, 'refused': refused}


def safetensors():
    rows = []
    everything = {name(d): torch.arange(6).reshape(2, 3).to(d) for d in DTYPES}
    odd = {
        '': torch.ones(()),
        'é"\\\n\x01/😀': torch.ones(0, 3),
        '\uffff': torch.ones(1),
        '😀': torch.ones(2),
        '__proto__': torch.ones(1),
        'constructor': torch.ones(1, dtype=torch.int8),
        '10': torch.ones(2),
        '9': torch.ones(2),
    }
    for tensors, metadata in [({}, None), ({}, {'a': 'é\n'}), (everything, None), (odd, {'format': 'pt'})]:
        rows.append(
            {
                'file': b64(save_safetensors(tensors, metadata)),
                'metadata': metadata,
                'tensors': {
                    k: {'dtype': name(t.dtype), 'sizes': list(t.shape), 'data': raw(t)} for k, t in tensors.items()
                },
            }
        )
    return rows


def tree(value):
    if isinstance(value, torch.Tensor):
        return {
            'tensor': {
                'dtype': name(value.dtype),
                'sizes': list(value.shape),
                'strides': list(value.stride()),
                'offset': value.storage_offset(),
                'storage': value.untyped_storage()._cdata,
                'requiresGrad': value.requires_grad,
                'isParameter': isinstance(value, torch.nn.Parameter),
                'data': raw(value),
            }
        }
    if isinstance(value, dict):
        return {'dict': [[tree(k), tree(v)] for k, v in value.items()]}
    if isinstance(value, (set, frozenset)):
        return {'set': [tree(item) for item in value]}
    if isinstance(value, (bytes, bytearray)):
        return {'bytes': b64(value)}
    if isinstance(value, (list, tuple)):
        return [tree(item) for item in value]
    if isinstance(value, int) and abs(value) > 2**53:
        return {'int': str(value)}
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value).removeprefix('torch.')
    return value


def pt():
    def trained(optimizer, *args, **kwargs):
        model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
        optimizer = optimizer(model.parameters(), *args, **kwargs)
        model(torch.ones(4, 3)).sum().backward()
        optimizer.step()
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 3])
        return {
            'model': model.state_dict(),
            'optimizer': optimizer.state_dict(),
            'schedule': schedule.state_dict(),
            'epoch': 3,
        }

    base = torch.arange(24.0).reshape(4, 6)
    attribute = torch.ones(2)
    attribute.tag = 'kept in Python only'
    shared = [1, 2]
    values = [
        {
            'a': 1,
            'b': [
                1.5,
                -0.25,
                None,
                True,
                False,
                'é😀',
                '',
                -1,
                255,
                256,
                65535,
                65536,
                -(2**31),
                2**31,
                2**62,
                -(2**100),
            ],
            'c': (1, (2, (3, 4)), ()),
            'd': {1: 'x', (1, 2): 'y', None: 'z'},
            'e': {1, 2},
            'f': b'\x00\xffa',
            'g': bytearray(b'q'),
        },
        {
            'size': torch.Size([2, 3]),
            'dtype': torch.bfloat16,
            'device': torch.device('cuda', 1),
            'shared': [shared, shared],
            'ordered': collections.OrderedDict(z=1, a=2),
            'counter': collections.Counter('aab'),
            '__proto__': {'polluted': True},
        },
        {name(d): torch.arange(6).reshape(2, 3).to(d) for d in DTYPES},
        {
            'base': base,
            'transposed': base.t(),
            'row': base[2],
            'step': base[::2, 1::3],
            'broadcast': base[0, :1].expand(5, 6),
            'scalar': torch.tensor(2.5),
            'empty': torch.ones(0, 3),
            'grad': torch.ones(2, requires_grad=True),
            'parameter': torch.nn.Parameter(base),
            'frozen': torch.nn.Parameter(torch.ones(1), requires_grad=False),
            'attribute': attribute,
        },
        trained(torch.optim.Adam, lr=1e-3),
        trained(torch.optim.SGD, lr=0.1, momentum=0.9),
        torch.arange(3),
        'text',
    ]
    rows = []
    for value in values:
        file = io.BytesIO()
        torch.save(value, file)
        rows.append({'file': b64(file.getvalue()), 'tree': tree(value)})
    for protocol in [3, 4, 5]:
        file = io.BytesIO()
        torch.save(values[0], file, pickle_protocol=protocol)
        rows.append({'file': b64(file.getvalue()), 'tree': tree(values[0])})
    refused = []
    for value, word in [
        (print, 'builtins.print'),
        (torch.nn.Linear(2, 2), 'torch.nn.modules.linear.Linear'),
        (1 + 2j, 'builtins.complex'),
        (numpy.float32(1), 'numpy'),
        (torch.ones(1, dtype=torch.complex64), 'torch.ComplexFloatStorage'),
        (torch.ones(1, dtype=torch.uint16), 'torch._utils._rebuild_tensor_v3'),
        (torch.ones(2).untyped_storage(), 'storage'),
        (torch.eye(2).to_sparse(), 'sparse'),
    ]:
        file = io.BytesIO()
        torch.save(value, file)
        refused.append({'file': b64(file.getvalue()), 'word': word})
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Identity()), file)
    refused.append({'file': b64(file.getvalue()), 'word': 'TorchScript'})
    return {'good': rows, 'refused': refused}


file = Path(__file__).parent.parent / 'test/oracle/files.json'
file.write_text(
    json.dumps({'npy': npy(), 'safetensors': safetensors(), 'pt': pt()}, ensure_ascii=True, separators=(',', ':'))
    + '\n'
)
print(f'{file.stat().st_size} bytes')
