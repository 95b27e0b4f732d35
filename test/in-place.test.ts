// In-place forms: what they keep for backward, those that change the shape, and numbers that a dtype cannot hold.
// The values are PyTorch 2.13's.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { AutogradError } = torch;
type T = torch.Tensor;
const made = (): [x: T, y: T] => {
  const x = torch.tensor([2, 3], { dtype: 'float64', requiresGrad: true });
  return [x, x.mul(1.5)];
};
/** The gradient of the sum of `y` after `write(y)`. */
const gradient = (write: (y: T) => unknown): unknown => {
  const [x, y] = made();
  write(y);
  y.sum().backward();
  return x.grad!.tolist();
};

describe('what is kept for backward', () => {
  const changed = /modified by an inplace operation/;
  test.each(['mul_', 'div_', 'pow_', 'atan2_', 'fmod_', 'remainder_', 'hypot_', 'xlogy_'] as const)(
    'y.%s(y) keeps the operand, which has changed',
    (name) => expect(() => gradient((y) => y[name](y))).toThrow(changed),
  );
  test('so does any tensor that shares the memory', () => {
    for (const write of [
      (y: T) => y.mul_(y.detach()),
      (y: T) => y.mul_(y.view(2)),
      (y: T) => y.select(0, 0).mul_(y.select(0, 1)),
      (y: T) => y.addcmul_(y, y),
      (y: T) => y.lerp_(y.mul(2), y),
    ])
      expect(() => gradient(write)).toThrow(AutogradError);
  });
  test('x itself is kept as a copy', () => {
    expect(gradient((y) => y.add_(y))).toEqual([3, 3]);
    expect(gradient((y) => y.copysign_(y))).toEqual([1.5, 1.5]);
    expect(gradient((y) => y.cumprod_(0))).toEqual([8.25, 4.5]);
    expect(gradient((y) => y.clamp_(y.sub(1), y.add(1)))).toEqual([1.5, 1.5]);
    expect(gradient((y) => y.leakyRelu_(0.1))).toEqual([1.5, 1.5]);
    expect(gradient((y) => y.elu_())).toEqual([1.5, 1.5]);
    expect(gradient((y) => y.maskedFill_(y.gt(4), y.sum()))).toEqual([3, 1.5]);
    const z = torch.tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    expect(gradient((y) => y.mul_(z))).toEqual([1.5, 3]);
    expect(z.grad!.tolist()).toEqual([3, 4.5]);
  });
  test("the node is the operator's", () => {
    expect(String(made()[1].clamp_(0, 1))).toBe('tensor([1., 1.], dtype=torch.float64, grad_fn=<ClampBackward1>)');
  });
  test('a view of a tensor that requires no gradient cannot carry one', () => {
    const x = torch.zeros(4).view(2, 2).requiresGrad_();
    expect(() => x.select(0, 0).mul_(2)).toThrow(/^mul_: a view of a leaf/);
  });
  test('zeroGrad of infinite gradients', () => {
    const x = new torch.nn.Parameter(torch.ones(2));
    x.grad = torch.full([2], Infinity);
    new torch.optim.SGD([x], { lr: 0.1 }).zeroGrad({ setToNone: false });
    expect(x.grad.tolist()).toEqual([0, 0]);
  });
});

describe('unsqueeze_ and its kin', () => {
  const cases: [name: string, write: (y: T) => T, shape: number[], stride: number[], node: string, grad: number[]][] = [
    ['unsqueeze_', (y) => y.unsqueeze_(0), [1, 2, 1, 3], [6, 3, 3, 1], 'UnsqueezeBackward1', [0, 1, 2, 3, 4, 5]],
    ['squeeze_', (y) => y.squeeze_(), [2, 3], [3, 1], 'SqueezeBackward1', [0, 1, 2, 3, 4, 5]],
    ['squeeze_(1)', (y) => y.squeeze_(1), [2, 3], [3, 1], 'SqueezeBackward1', [0, 1, 2, 3, 4, 5]],
    ['transpose_', (y) => y.transpose_(0, 2), [3, 1, 2], [1, 3, 3], 'TransposeBackward1', [0, 2, 4, 1, 3, 5]],
    ['swapaxes_', (y) => y.swapaxes_(0, 2), [3, 1, 2], [1, 3, 3], 'TransposeBackward1', [0, 2, 4, 1, 3, 5]],
    ['swapdims_', (y) => y.swapdims_(0, -1), [3, 1, 2], [1, 3, 3], 'TransposeBackward1', [0, 2, 4, 1, 3, 5]],
    ['t_', (y) => y.squeeze_(1).t_(), [3, 2], [1, 3], 'TBackward1', [0, 2, 4, 1, 3, 5]],
  ];
  test.each(cases)('%s', (_, write, shape, stride, node, grad) => {
    const x = torch.arange(6, { dtype: 'float32' }).reshape(2, 1, 3).requiresGrad_();
    const y = x.mul(1);
    const whole = y.sum();
    const { version } = y;
    expect(write(y)).toBe(y);
    expect([[...y.shape], [...y.stride()], y.gradFn!.name]).toEqual([shape, stride, node]);
    expect(y.version).toBeGreaterThan(version);
    y.mul(torch.arange(6, { dtype: 'float32' }).reshape([...y.shape]))
      .sum()
      .add(whole.mul(0))
      .backward();
    expect(x.grad!.flatten().tolist()).toEqual(grad);
    expect(() => write(x)).toThrow(AutogradError);
  });
  const six = (): [x: T, y: T] => {
    const x = torch.arange(6, { dtype: 'float32' }).reshape(2, 3).clone().requiresGrad_();
    return [x, x.mul(1)];
  };
  const weights = (...shape: number[]): T => torch.arange(6, { dtype: 'float32' }).reshape(shape);
  test('of a view, then written', () => {
    const [x, y] = six();
    const z = y.select(0, 0);
    z.unsqueeze_(0).mul_(2);
    expect([[...z.shape], [...y.shape], y.gradFn!.name]).toEqual([[1, 3], [2, 3], 'CopySlices']);
    y.mul(weights(2, 3)).sum().backward();
    expect(x.grad!.flatten().tolist()).toEqual([0, 2, 4, 3, 4, 5]);
  });
  test('of a tensor with views', () => {
    const [x, y] = six();
    const z = y.t();
    const row = y.select(0, 1);
    y.t_();
    z.mul(weights(3, 2)).sum().add(row.sum()).backward();
    expect(x.grad!.flatten().tolist()).toEqual([0, 2, 4, 2, 4, 6]);
    const [a, b] = six();
    b.t_().select(0, 0).mul_(3);
    b.mul(weights(3, 2)).sum().backward();
    expect(a.grad!.flatten().tolist()).toEqual([0, 2, 4, 3, 3, 5]);
  });
  test('what was saved has changed', () => {
    const y = six()[0].exp();
    y.t_();
    expect(() => y.sum().backward()).toThrow(AutogradError);
  });
  test('refusals carry the name', () => {
    const x = torch.ones(2, 3);
    expect(() => x.squeeze_(5)).toThrow(/^squeeze_: .*out of range/);
    expect(() => torch.ones(1, 2, 3).t_()).toThrow(/^t_: .*3D/);
    expect(() => x.swapaxes_(0, 5)).toThrow(RangeError);
  });
  test('expanded tensors may be transposed, leaves in noGrad', () => {
    expect([...torch.ones(1, 1).expand(2, 3).t_().shape]).toEqual([3, 2]);
    const x = six()[0];
    torch.noGrad(() => x.t_());
    expect([[...x.shape], x.isLeaf, x.requiresGrad]).toEqual([[3, 2], true, true]);
  });
});

describe('steps have gradient zero, also of infinity', () => {
  const steps: Record<string, (x: T) => T> = {
    sign: (x) => x.sign(),
    sgn: (x) => x.sgn(),
    floor: (x) => x.floor(),
    ceil: (x) => x.ceil(),
    trunc: (x) => x.trunc(),
    round: (x) => x.round(),
    'round to decimals': (x) => x.round({ decimals: 1 }),
    'div floor': (x) => x.div(torch.ones(3), { roundingMode: 'floor' }),
    'div trunc': (x) => x.div(2, { roundingMode: 'trunc' }),
    'pow 0': (x) => x.pow(0),
    fill_: (x) => x.mul(1).fill_(3),
    zero_: (x) => x.mul(1).zero_(),
    copy_: (x) => x.mul(1).copy_(torch.ones(3)),
    uniform_: (x) => x.mul(1).uniform_(),
    bernoulli: (x) => torch.bernoulli(x.sigmoid()),
    clamp: (x) => x.clamp(5, 6),
    maximum: (x) => x.maximum(torch.full([3], 9)),
    fmin: (x) => x.fmin(torch.full([3], -9)),
  };
  test.each(Object.entries(steps))('%s', (_, f) => {
    const x = torch.tensor([1.5, 0.25, -2], { requiresGrad: true });
    const y = f(x);
    const [g] = torch.autograd.grad(y, x, { gradOutputs: torch.fullLike(y, Infinity) });
    expect(g!.isnan().any().item() ? 'NaN' : g!.abs().tolist()).toEqual([0, 0, 0]);
  });
  test('a bound beside an infinite element', () => {
    const x = torch.tensor([Infinity, -Infinity]);
    expect(x.clamp(torch.tensor([0, 0]), 5).tolist()).toEqual([5, 0]);
  });
});

describe('numbers that are stored', () => {
  const bytes = torch.tensor([1, 200], { dtype: 'uint8' });
  test('negative ones wrap around in uint8', () => {
    expect(torch.tensor([-1], { dtype: 'uint8' }).tolist()).toEqual([255]);
    expect(torch.full([1], -1, { dtype: 'uint8' }).tolist()).toEqual([255]);
    expect(torch.fullLike(bytes, -255).tolist()).toEqual([1, 1]);
    expect(bytes.clone().fill_(-1).tolist()).toEqual([255, 255]);
    expect(bytes.clamp(-1, 100).tolist()).toEqual([100, 100]);
    expect(bytes.clampMin(-1).tolist()).toEqual([255, 255]);
    expect(bytes.clamp({ max: -1 }).tolist()).toEqual([1, 200]);
  });
  test('what does not fit is refused', () => {
    const half = torch.ones(2, { dtype: 'float16' });
    const yes = torch.tensor([true, false]);
    for (const [name, f] of [
      ['tensor', () => torch.tensor([-256], { dtype: 'uint8' })],
      ['full', () => torch.full([1], 300, { dtype: 'uint8' })],
      ['fill_', () => bytes.clone().fill_(256)],
      ['fill_', () => torch.ones(2).fill_(1e39)],
      ['fill_', () => torch.ones(2, { dtype: 'int32' }).fill_(NaN)],
      ['clamp', () => bytes.clamp(0, 300)],
      ['clamp', () => torch.ones(2, { dtype: 'int8' }).clamp(-1000, 1000)],
      ['clamp', () => half.clamp(0, 1e6)],
      ['maskedFill', () => bytes.maskedFill(yes, 300)],
      ['maskedFill', () => half.maskedFill(yes, -1e9)],
      ['where', () => torch.where(yes, 300, bytes)],
      ['pow', () => bytes.pow(300)],
      ['pow', () => half.pow(1e6)],
    ] as [string, () => T][]) {
      expect(f, name).toThrow(RangeError);
      expect(f, name).toThrow(new RegExp(`^${name}: value .* cannot be converted to type \\w+ without overflow`));
    }
  });
  test('what int64 cannot hold was meant as a float', () => {
    const x = torch.tensor([1, 2]);
    expect(x.lt(1e20).tolist()).toEqual([true, true]);
    expect(x.add(1e20).dtype).toBe('float32');
    expect(x.clamp(0, 2n ** 62n + 1n).tolist()).toEqual([1, 2]);
    expect(
      torch
        .full([1], 2n ** 62n + 1n)
        .clamp(0, 2n ** 62n)
        .tolist(),
    ).toEqual([2n ** 62n]);
  });
  test('maskedFill converts as PyTorch does', () => {
    const yes = torch.tensor([true, false]);
    expect(bytes.maskedFill(yes, 1.5).tolist()).toEqual([1, 200]);
    expect(torch.zeros(2, { dtype: 'bool' }).maskedFill(yes, NaN).tolist()).toEqual([true, false]);
    expect(torch.tensor([NaN], { dtype: 'bool' }).tolist()).toEqual([true]);
  });
  test('bools', () => {
    const [a, b] = [torch.tensor([true, false]), torch.tensor([true, true])];
    expect([a.fmax(b).tolist(), a.fmin(b).tolist()]).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(a.heaviside(b).tolist()).toEqual([true, true]);
    expect(a.square().dtype).toBe('int64');
    expect(() => a.clone().square_()).toThrow(torch.DtypeError);
    expect(() => torch.heaviside(torch.tensor([1, 0]), torch.tensor([1, 2.5]))).toThrow(torch.DtypeError);
  });
  test('i0 and digamma to the third derivative', () => {
    const nth = (f: (x: T) => T, n: number, at: number): number => {
      const x = torch.tensor([at], { dtype: 'float64', requiresGrad: true });
      let y = f(x);
      for (let i = 0; i < n; i++) y = torch.autograd.grad(y.sum(), x, { createGraph: true })[0]!;
      return y.item();
    };
    expect(nth(torch.i0, 1, 0.7)).toBeCloseTo(0.37187967777700853, 14);
    expect(nth(torch.i0, 2, 0)).toBe(0.5);
    expect(nth(torch.i0, 2, -3)).toBeCloseTo(3.563002513397487, 13);
    expect(nth(torch.i0, 1, 21)).toBeCloseTo(112729199.13777551, 5);
    expect(nth(torch.digamma, 2, 0.3)).toBeCloseTo(-75.27253658872601, 11);
    expect(nth(torch.digamma, 3, -4.5)).toBeCloseTo(194.80249147532896, 10);
    expect(nth(torch.digamma, 3, 30)).toBeCloseTo(7.786003664736127e-5, 17);
    const [x, y] = made();
    y.i0_();
    y.sum().backward();
    expect(x.grad!.select(0, 0).item()).toBeCloseTo(1.5 * 3.9533702174026093, 12);
  });
});

describe('activations with inplace: true', () => {
  const { nn, F } = torch;
  const modules: Record<string, (inplace: boolean) => torch.nn.Module> = {
    ReLU: (inplace) => new nn.ReLU({ inplace }),
    ReLU6: (inplace) => new nn.ReLU6({ inplace }),
    LeakyReLU: (inplace) => new nn.LeakyReLU(0.2, { inplace }),
    ELU: (inplace) => new nn.ELU(1.5, { inplace }),
    CELU: (inplace) => new nn.CELU(1.5, { inplace }),
    SELU: (inplace) => new nn.SELU({ inplace }),
    SiLU: (inplace) => new nn.SiLU({ inplace }),
    Mish: (inplace) => new nn.Mish({ inplace }),
    Hardtanh: (inplace) => new nn.Hardtanh(-1, 2, { inplace }),
    Hardsigmoid: (inplace) => new nn.Hardsigmoid({ inplace }),
    Hardswish: (inplace) => new nn.Hardswish({ inplace }),
    Threshold: (inplace) => new nn.Threshold(0.5, 7, { inplace }),
    Dropout: (inplace) => new nn.Dropout(0.5, { inplace }),
  };
  const run = (f: (x: T) => T): [result: unknown, gradient: unknown, same: boolean] => {
    torch.manualSeed(5);
    const x = torch.tensor([-3, -0.7, 0.4, 1.3, 2.9, 4], { requiresGrad: true });
    const before = x.mul(1.5);
    const y = f(before);
    y.mul(torch.tensor([1, 2, 3, 4, 5, 6]))
      .sum()
      .backward();
    return [y.tolist(), x.grad!.tolist(), y === before];
  };
  test.each(Object.keys(modules))('%s stores its result, and has the same gradient', (name) => {
    const [wanted, gradient, copied] = run((x) => modules[name]!(false).forward(x));
    expect(run((x) => modules[name]!(true).forward(x))).toEqual([wanted, gradient, true]);
    expect(copied).toBe(false);
  });
  test('their functions too', () => {
    for (const f of [
      (x: T, inplace: boolean) => F.leakyRelu(x, 0.2, { inplace }),
      (x: T, inplace: boolean) => F.elu(x, { inplace }),
      (x: T, inplace: boolean) => F.silu(x, { inplace }),
      (x: T, inplace: boolean) => F.threshold(x, 0.5, 7, { inplace }),
    ]) {
      const [wanted, gradient] = run((x) => f(x, false));
      expect(run((x) => f(x, true))).toEqual([wanted, gradient, true]);
    }
  });
});
