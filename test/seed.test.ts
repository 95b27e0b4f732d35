// The notes this project began from, run as a test: each snippet line by line, with the Python above it, and what it
// prints compared with the output that the notes show. Where the notes only name a call (their tables), the result is
// what PyTorch prints for it.
import assert from 'node:assert/strict';
import { format } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as torch from '../lib/index.ts';

let printed: string[] = [];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(format(...args)));
});
afterEach(() => {
  vi.restoreAllMocks();
});
const print = (x: unknown): void => console.log(x);
/** The output of the notes, with what Python spells its own way in JavaScript's. */
const spelled = (output: string): string =>
  output
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false')
    .replace(/\bNone\b/g, 'null');
const output = (...lines: string[]): void => expect(printed.join('\n')).toBe(spelled(lines.join('\n')));
const GPU = torch.cuda.isAvailable();

describe('snippets', () => {
  it('Tensor: tensors of several dims', () => {
    // scalar = torch.tensor(3.14)
    const scalar = torch.tensor(3.14);
    // vector = torch.tensor([1, 2, 3])
    const vector = torch.tensor([1, 2, 3]);
    // matrix = torch.tensor([[1, 2], [3, 4]])
    const matrix = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    // print(matrix.shape)
    print(matrix.shape);
    // print(matrix.dtype)
    print(`torch.${matrix.dtype}`);
    // print(scalar)
    print(scalar);
    // print(vector)
    print(vector);
    // print(matrix)
    print(matrix);
    output(
      'torch.Size([2, 2])',
      'torch.int64',
      'tensor(3.1400)',
      'tensor([1, 2, 3])',
      'tensor([[1, 2],',
      '        [3, 4]])',
    );
    // the same in String() and in template strings
    assert.equal(String(matrix), 'tensor([[1, 2],\n        [3, 4]])');
    assert.equal(`${matrix.shape} ${scalar}`, 'torch.Size([2, 2]) tensor(3.1400)');
  });

  it('Tensor: from an array of numpy', () => {
    // arr = np.array([[1, 2], [3, 4]])
    const arr = { data: BigInt64Array.of(1n, 2n, 3n, 4n), shape: [2, 2] };
    // tensor_from_numpy = torch.from_numpy(arr)
    const tensorFromNumpy = torch.fromNumpy(arr);
    // print(tensor_from_numpy)
    print(tensorFromNumpy);
    output('tensor([[1, 2],', '        [3, 4]])');
    // as in PyTorch, the memory is shared
    arr.data[3] = 9n;
    assert.equal(tensorFromNumpy.index(1, 1).item(), 9);
  });

  it('shape or size()', () => {
    // x = torch.tensor([[1, 2, 3], [4, 5, 6]])
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    // print(x.shape)
    print(x.shape);
    // print(x.size())
    print(x.size());
    // print(x.size(0))
    print(x.size(0));
    output('torch.Size([2, 3])', 'torch.Size([2, 3])', '2');
  });

  it('device', () => {
    // x = torch.tensor([1, 2, 3])
    const x = torch.tensor([1, 2, 3]);
    // print(x.device)
    print(x.device);
    // if torch.cuda.is_available():
    if (torch.cuda.isAvailable()) {
      // y = x.to('cuda:0')
      const y = x.to('cuda:0');
      // print(y.device)
      print(y.device);
    }
    output('cpu', ...(GPU ? ['cuda:0'] : []));
  });

  it('requires_grad', () => {
    // x = torch.tensor([1.0, 2.0, 3.0], requires_grad = True)
    const x = torch.tensor([1.0, 2.0, 3.0], { requiresGrad: true });
    // print(x.requires_grad)
    print(x.requiresGrad);
    // y = torch.tensor([1.0, 2.0, 3.0])        JavaScript cannot tell 1.0 from 1: the dtype says so
    const y = torch.tensor([1.0, 2.0, 3.0], { dtype: torch.float32 });
    // print(y.requires_grad)
    print(y.requiresGrad);
    // y.requires_grad = True
    y.requiresGrad = true;
    // print(y.requires_grad)
    print(y.requiresGrad);
    output('True', 'False', 'True');
    // without the dtype, the error says what to do
    const whole = torch.tensor([1.0, 2.0, 3.0]);
    assert.throws(() => void (whole.requiresGrad = true), /pass \{ dtype: 'float32' \}/);
  });

  it('ndim', () => {
    // x = torch.tensor([1, 2, 3])
    const x = torch.tensor([1, 2, 3]);
    // print(x.ndim)
    print(x.ndim);
    // y = torch.tensor([[1, 2], [3, 4]])
    const y = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    // print(y.ndim)
    print(y.ndim);
    // z = torch.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    const z = torch.tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ]);
    // print(z.ndim)
    print(z.ndim);
    output('1', '2', '3');
  });

  it('numel()', () => {
    // x = torch.tensor([[1, 2, 3], [4, 5, 6]])
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    // print(x.numel())
    print(x.numel());
    // y = torch.ones(3, 4, 5)
    const y = torch.ones(3, 4, 5);
    // print(y.numel())
    print(y.numel());
    output('6', '60');
  });

  it('data', () => {
    // x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    const x = torch.tensor([1.0, 2.0, 3.0], { requiresGrad: true });
    // y = x * 2
    const y = x.mul(2);
    // print(y.data)
    print(y.data);
    output('tensor([2., 4., 6.])');
  });

  it('grad', () => {
    // x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    const x = torch.tensor([1.0, 2.0, 3.0], { requiresGrad: true });
    // y = (x ** 2).sum()
    const y = x.pow(2).sum();
    // print(x.grad)
    print(x.grad);
    // y.backward()
    y.backward();
    // print(x.grad)
    print(x.grad);
    output('None', 'tensor([2., 4., 6.])');
  });

  it('layout', () => {
    // x = torch.tensor([[1, 2], [3, 4]])
    const x = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    // print(x.layout)
    print(x.layout);
    output('torch.strided');
  });

  it('T', () => {
    // x = torch.tensor([[1, 2, 3], [4, 5, 6]])
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    // print(x.T)
    print(x.T);
    output('tensor([[1, 4],', '        [2, 5],', '        [3, 6]])');
  });

  it('is_cuda', () => {
    // x = torch.tensor([1, 2, 3])
    const x = torch.tensor([1, 2, 3]);
    // print(x.is_cuda)
    print(x.isCuda);
    // if torch.cuda.is_available():
    if (torch.cuda.isAvailable()) {
      // y = x.cuda()
      const y = x.cuda();
      // print(y.is_cuda)
      print(y.isCuda);
    }
    output('False', ...(GPU ? ['True'] : []));
  });

  it('dim()', () => {
    // x = torch.tensor([1, 2, 3])
    const x = torch.tensor([1, 2, 3]);
    // print(x.dim())
    print(x.dim());
    // y = torch.tensor([[1, 2], [3, 4]])
    const y = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    // print(y.dim())
    print(y.dim());
    // z = torch.ones(2, 3, 4)
    const z = torch.ones(2, 3, 4);
    // print(z.dim())
    print(z.dim());
    output('1', '2', '3');
  });

  it('item()', () => {
    // x = torch.tensor([42])
    const x = torch.tensor([42]);
    // print(x.item())
    print(x.item());
    // y = torch.tensor([3.14])
    const y = torch.tensor([3.14]);
    // print(y.item())
    print(y.item());
    output('42', '3.140000104904175');
    // "only for tensors of one element, more are an error"
    assert.throws(() => torch.tensor([1, 2]).item(), /item: a tensor with 2 elements cannot be converted to a scalar/);
  });

  it('is_contiguous()', () => {
    // x = torch.tensor([[1, 2, 3], [4, 5, 6]])
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    // print(x.is_contiguous())
    print(x.isContiguous());
    // y = x.transpose(0, 1)
    const y = x.transpose(0, 1);
    // print(y.is_contiguous())
    print(y.isContiguous());
    // z = y.contiguous()
    const z = y.contiguous();
    // print(z.is_contiguous())
    print(z.isContiguous());
    output('True', 'False', 'True');
  });

  it.runIf(GPU)('GPU: cuda()', () => {
    // x = torch.tensor([1.0, 2.0, 3.0])
    let x = torch.tensor([1.0, 2.0, 3.0], { dtype: torch.float32 });
    // print(x.device)
    print(x.device);
    // x_gpu = x.cuda()
    const xGpu = x.cuda();
    // print(x_gpu.device)
    print(xGpu.device);
    // x = x.cuda()
    x = x.cuda();
    // print(x.is_cuda)
    print(x.isCuda);
    // x = x.cuda(0)
    x = x.cuda(0);
    output('cpu', 'cuda:0', 'True');
    assert.equal(String(x.device), 'cuda:0');
    assert.ok(torch.cuda.deviceCount() > 0);
    assert.equal(typeof torch.cuda.getDeviceName(0), 'string');
  });

  it.skipIf(GPU)('GPU: without one, asking for it is an error', () => {
    assert.equal(torch.cuda.deviceCount(), 0);
    assert.throws(() => torch.cuda.getDeviceName(0), torch.DeviceError);
    assert.throws(() => torch.tensor([1, 2, 3]).cuda(), torch.DeviceError);
    assert.throws(() => torch.tensor([1, 2, 3]).to('cuda:0'), torch.DeviceError);
  });

  it('GPU: to(device)', () => {
    // device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    const device = torch.device(torch.cuda.isAvailable() ? 'cuda' : 'cpu');
    // print(device)
    print(device);
    // x = torch.tensor([1.0, 2.0, 3.0])
    let x = torch.tensor([1.0, 2.0, 3.0], { dtype: torch.float32 });
    // x = x.to(device)
    x = x.to(device);
    // print(x.device)
    print(x.device);
    output(...(GPU ? ['cuda', 'cuda:0'] : ['cpu', 'cpu']));
    // device = torch.device("cuda:0")          naming it needs no GPU
    const first = torch.device('cuda:0');
    assert.equal(`${first}`, 'cuda:0');
    // x = x.to(device)
    if (GPU) assert.equal(x.to(first).device, first);
  });

  it('GPU: the time of a large product', () => {
    // x = torch.randn(10000, 10000)            smaller here: the line is what is tested, not the time
    const x = torch.randn(200, 200);
    // y = torch.randn(10000, 10000)
    const y = torch.randn(200, 200);
    // start = time.time()
    let start = performance.now();
    // z_cpu = x @ y
    const zCpu = x.matmul(y);
    // print(f"CPU 時間: {time.time() - start:.4f} 秒")
    print(`CPU 時間: ${((performance.now() - start) / 1000).toFixed(4)} 秒`);
    expect(printed.at(-1)).toMatch(/^CPU 時間: \d+\.\d{4} 秒$/);
    assert.deepEqual([...zCpu.shape], [200, 200]);
    const [row, column] = [x.index(3).tolist() as number[], y.index(':', 5).tolist() as number[]];
    const dot = row.reduce((sum, v, i) => sum + v * column[i]!, 0);
    assert.ok(Math.abs(zCpu.index(3, 5).item() - dot) < 1e-4);
    if (!GPU) return;
    // x_gpu = x.cuda()
    const xGpu = x.cuda();
    // y_gpu = y.cuda()
    const yGpu = y.cuda();
    // torch.cuda.synchronize()
    torch.cuda.synchronize();
    // start = time.time()
    start = performance.now();
    // z_gpu = x_gpu @ y_gpu
    const zGpu = xGpu.matmul(yGpu);
    // torch.cuda.synchronize()
    torch.cuda.synchronize();
    // print(f"GPU 時間: {time.time() - start:.4f} 秒")
    print(`GPU 時間: ${((performance.now() - start) / 1000).toFixed(4)} 秒`);
    expect(printed.at(-1)).toMatch(/^GPU 時間: \d+\.\d{4} 秒$/);
    assert.ok(torch.allclose(zGpu.to('cpu'), zCpu, { atol: 1e-3 }));
  });
});

// ---- tables ---------------------------------------------------------------------------------------------------------

/** The Python of the notes, the same call here, and what PyTorch prints for it. */
type Row = readonly [python: string, f: () => unknown, output: string];
const float = { dtype: torch.float32 } as const;
const x = torch.tensor(
  [
    [1, 2],
    [3, 4],
  ],
  float,
);
const y = torch.tensor(
  [
    [5, 6],
    [7, 8],
  ],
  float,
);
const z = torch.tensor(
  [
    [1, 3],
    [2, 4],
  ],
  float,
);
const t = torch.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const twelve = torch.arange(12);
const matrix = torch.tensor([
  [1, 2],
  [3, 4],
]);
const SUM = 'tensor([[ 6.,  8.],\n        [10., 12.]])';
const DIFFERENCE = 'tensor([[-4., -4.],\n        [-4., -4.]])';
const PRODUCT = 'tensor([[ 5., 12.],\n        [21., 32.]])';
const QUOTIENT = 'tensor([[0.2000, 0.3333],\n        [0.4286, 0.5000]])';
const MATRIX_PRODUCT = 'tensor([[19., 22.],\n        [43., 50.]])';
const SQUARES = 'tensor([[ 1.,  4.],\n        [ 9., 16.]])';
const GREATER = 'tensor([[False, False],\n        [ True, False]])';
const LESS = 'tensor([[False,  True],\n        [False, False]])';
const EQUAL = 'tensor([[ True, False],\n        [False,  True]])';
const GREATER_EQUAL = 'tensor([[ True, False],\n        [ True,  True]])';
const LESS_EQUAL = 'tensor([[ True,  True],\n        [False,  True]])';

const tables: Record<string, readonly Row[]> = {
  creation: [
    [
      'torch.tensor([[1, 2], [3, 4]])',
      () =>
        torch.tensor([
          [1, 2],
          [3, 4],
        ]),
      'tensor([[1, 2],\n        [3, 4]])',
    ],
    ['torch.zeros((2, 3))', () => torch.zeros([2, 3]), 'tensor([[0., 0., 0.],\n        [0., 0., 0.]])'],
    ['torch.ones((2, 3))', () => torch.ones([2, 3]), 'tensor([[1., 1., 1.],\n        [1., 1., 1.]])'],
    ['torch.empty((2, 3)).shape', () => torch.empty([2, 3]).shape, 'torch.Size([2, 3])'],
    ['torch.rand((2, 3)).shape', () => torch.rand([2, 3]).shape, 'torch.Size([2, 3])'],
    ['torch.randn((2, 3)).shape', () => torch.randn([2, 3]).shape, 'torch.Size([2, 3])'],
    ['torch.arange(0, 10, 2)', () => torch.arange(0, 10, 2), 'tensor([0, 2, 4, 6, 8])'],
    ['torch.linspace(0, 1, 5)', () => torch.linspace(0, 1, 5), 'tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])'],
    ['torch.eye(3)', () => torch.eye(3), 'tensor([[1., 0., 0.],\n        [0., 1., 0.],\n        [0., 0., 1.]])'],
    ['torch.from_numpy(np.array([1, 2, 3]))', () => torch.fromNumpy(BigInt64Array.of(1n, 2n, 3n)), 'tensor([1, 2, 3])'],
  ],
  attributes: [
    ['x.shape', () => t.shape, 'torch.Size([2, 3])'],
    ['x.size()', () => t.size(), 'torch.Size([2, 3])'],
    ['x.dtype', () => `torch.${t.dtype}`, 'torch.int64'],
    ['x.device', () => t.device, 'cpu'],
    ['x.requires_grad', () => t.requiresGrad, 'False'],
    ['x.ndim', () => t.ndim, '2'],
    ['x.numel()', () => t.numel(), '6'],
    ['x.data', () => t.data, 'tensor([[1, 2, 3],\n        [4, 5, 6]])'],
    ['x.grad', () => t.grad, 'None'],
    ['x.layout', () => t.layout, 'torch.strided'],
    ['x.T', () => t.T, 'tensor([[1, 4],\n        [2, 5],\n        [3, 6]])'],
    ['x.is_cuda', () => t.isCuda, 'False'],
    ['x.dim()', () => t.dim(), '2'],
    ['x[0, 0].item()', () => t.index(0, 0).item(), '1'],
    ['x.is_contiguous()', () => t.isContiguous(), 'True'],
  ],
  arithmetic: [
    ['x + y', () => x.add(y), SUM],
    ['torch.add(x, y)', () => torch.add(x, y), SUM],
    ['x - y', () => x.sub(y), DIFFERENCE],
    ['torch.sub(x, y)', () => torch.sub(x, y), DIFFERENCE],
    ['x * y', () => x.mul(y), PRODUCT],
    ['torch.mul(x, y)', () => torch.mul(x, y), PRODUCT],
    ['x / y', () => x.div(y), QUOTIENT],
    ['torch.div(x, y)', () => torch.div(x, y), QUOTIENT],
    ['x @ y', () => x.matmul(y), MATRIX_PRODUCT],
    ['torch.mm(x, y)', () => torch.mm(x, y), MATRIX_PRODUCT],
    [
      'torch.matmul(torch.stack([x, y]), y)',
      () => torch.matmul(torch.stack([x, y]), y),
      'tensor([[[ 19.,  22.],\n         [ 43.,  50.]],\n\n        [[ 67.,  78.],\n         [ 91., 106.]]])',
    ],
    ['x.pow(2)', () => x.pow(2), SQUARES],
    ['x ** 2', () => torch.pow(x, 2), SQUARES],
    ['torch.sqrt(x)', () => torch.sqrt(x), 'tensor([[1.0000, 1.4142],\n        [1.7321, 2.0000]])'],
    ['torch.exp(x - 1)', () => torch.exp(x.sub(1)), 'tensor([[ 1.0000,  2.7183],\n        [ 7.3891, 20.0855]])'],
    ['torch.log(x)', () => torch.log(x), 'tensor([[0.0000, 0.6931],\n        [1.0986, 1.3863]])'],
    ['torch.abs(-x)', () => torch.abs(x.neg()), 'tensor([[1., 2.],\n        [3., 4.]])'],
    ['torch.sin(x)', () => torch.sin(x), 'tensor([[ 0.8415,  0.9093],\n        [ 0.1411, -0.7568]])'],
    ['torch.cos(x)', () => torch.cos(x), 'tensor([[ 0.5403, -0.4161],\n        [-0.9900, -0.6536]])'],
    ['torch.tan(x)', () => torch.tan(x), 'tensor([[ 1.5574, -2.1850],\n        [-0.1425,  1.1578]])'],
  ],
  statistics: [
    ['x.sum()', () => x.sum(), 'tensor(10.)'],
    ['x.sum(dim=0)', () => x.sum({ dim: 0 }), 'tensor([4., 6.])'],
    ['x.mean()', () => x.mean(), 'tensor(2.5000)'],
    ['x.mean(dim=1)', () => x.mean({ dim: 1 }), 'tensor([1.5000, 3.5000])'],
    ['x.max()', () => x.max(), 'tensor(4.)'],
    ['x.max(dim=0)', () => x.max({ dim: 0 }).values, 'tensor([3., 4.])'],
    ['x.max(dim=0)', () => x.max({ dim: 0 }).indices, 'tensor([1, 1])'],
    ['x.min()', () => x.min(), 'tensor(1.)'],
    ['x.argmax(dim=1)', () => x.argmax({ dim: 1 }), 'tensor([1, 1])'],
    ['x.argmin()', () => x.argmin(), 'tensor(0)'],
    ['x.std()', () => x.std(), 'tensor(1.2910)'],
    ['x.var()', () => x.var(), 'tensor(1.6667)'],
    ['torch.median(x)', () => torch.median(x), 'tensor(2.)'],
  ],
  comparison: [
    ['x > y', () => x.gt(z), GREATER],
    ['torch.gt(x, y)', () => torch.gt(x, z), GREATER],
    ['x < y', () => x.lt(z), LESS],
    ['torch.lt(x, y)', () => torch.lt(x, z), LESS],
    ['x == y', () => x.eq(z), EQUAL],
    ['torch.eq(x, y)', () => torch.eq(x, z), EQUAL],
    ['x >= y', () => x.ge(z), GREATER_EQUAL],
    ['torch.ge(x, y)', () => torch.ge(x, z), GREATER_EQUAL],
    ['x <= y', () => x.le(z), LESS_EQUAL],
    ['torch.le(x, y)', () => torch.le(x, z), LESS_EQUAL],
    ['torch.equal(x, y)', () => torch.equal(x, z), 'False'],
    ['torch.equal(x, x.clone())', () => torch.equal(x, x.clone()), 'True'],
    ['torch.allclose(x, y)', () => torch.allclose(x, z), 'False'],
    ['torch.allclose(x, x + 1e-6)', () => torch.allclose(x, x.add(1e-6)), 'True'],
  ],
  shapes: [
    [
      'x.reshape(3, 4)',
      () => twelve.reshape(3, 4),
      'tensor([[ 0,  1,  2,  3],\n        [ 4,  5,  6,  7],\n        [ 8,  9, 10, 11]])',
    ],
    [
      'x.view(2, -1)',
      () => twelve.view(2, -1),
      'tensor([[ 0,  1,  2,  3,  4,  5],\n        [ 6,  7,  8,  9, 10, 11]])',
    ],
    ['x.squeeze()', () => torch.ones(1, 3, 1, 4).squeeze().shape, 'torch.Size([3, 4])'],
    ['x.unsqueeze(0)', () => torch.ones(3, 4).unsqueeze(0).shape, 'torch.Size([1, 3, 4])'],
    ['x.transpose(0, 1)', () => matrix.transpose(0, 1), 'tensor([[1, 3],\n        [2, 4]])'],
    ['x.permute(2, 0, 1)', () => torch.ones(2, 3, 4).permute(2, 0, 1).shape, 'torch.Size([4, 2, 3])'],
    ['x.flatten()', () => matrix.flatten(), 'tensor([1, 2, 3, 4])'],
    [
      'x.expand(3, -1)',
      () => torch.tensor([[1, 2]]).expand(3, -1),
      'tensor([[1, 2],\n        [1, 2],\n        [1, 2]])',
    ],
    [
      'x.repeat(2, 3)',
      () => matrix.repeat(2, 3),
      'tensor([[1, 2, 1, 2, 1, 2],\n        [3, 4, 3, 4, 3, 4],\n' +
        '        [1, 2, 1, 2, 1, 2],\n        [3, 4, 3, 4, 3, 4]])',
    ],
  ],
};

for (const [name, rows] of Object.entries(tables)) {
  describe(`table of ${name}`, () => {
    it.each(rows)('%s', (_python, f, expected) => {
      const value = f();
      print(value);
      // Python's words stay as they are inside tensors
      assert.equal(printed.join('\n'), value instanceof torch.Tensor ? expected : spelled(expected));
    });
  });
}

describe('what the notes say of them', () => {
  it('random tensors lie where they should', () => {
    const uniform = torch.rand([1000]);
    assert.ok(uniform.min().item() >= 0 && uniform.max().item() < 1);
    const normal = torch.randn([10000]);
    assert.ok(Math.abs(normal.mean().item()) < 0.06 && Math.abs(normal.std().item() - 1) < 0.04);
  });
  it('view and expand share memory, repeat copies', () => {
    const source = torch.arange(4);
    assert.equal(source.view(2, -1).dataPtr(), source.dataPtr());
    const column = torch.tensor([[1], [2]]);
    assert.equal(column.expand(2, 3).dataPtr(), column.dataPtr());
    assert.notEqual(column.repeat(1, 3).dataPtr(), column.dataPtr());
  });
  it('mean needs floating point', () => {
    assert.throws(() => matrix.mean(), torch.DtypeError);
  });
  it('var is the square of std', () => {
    assert.ok(torch.allclose(x.var(), x.std().pow(2)));
  });
});
