// Autocasting and GradScaler against PyTorch's: dtypes and values of the operators of the lists and of others, a net that
// is trained so, states of a scaler. test/oracle/amp.json holds PyTorch's answers; scripts/oracle-amp.py makes them.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import type { DTypeName } from '../lib/dtype.ts';

const { F, amp } = torch;
type T = torch.Tensor;
type Make = (...shape: number[]) => T;
const oracle = JSON.parse(readFileSync(new URL('oracle/amp.json', import.meta.url), 'utf8')) as {
  ops: Record<string, Record<string, [dtype: string, values: (number | null)[]]>>;
  training: { losses: number[]; dtypes: string[]; weight: number[] };
  scaling: { factor: string; w: number[]; state: Record<string, number> }[];
};
const positive: Make = (...shape) =>
  torch
    .tensor(
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.3 + 0.05 * (i % 9)),
      { dtype: 'float64' },
    )
    .view(shape);
const ids = torch.tensor([0, 1]);
const signs = torch.tensor([1, -1], { dtype: 'float32' });
// as in the script
const OPS: Record<string, (t: Make, f: Make) => T> = {
  mm: (t) => torch.mm(t(2, 3), t(3, 2)),
  'mixed mm': (t, f) => torch.mm(t(2, 3), f(3, 2)),
  bmm: (t) => torch.bmm(t(1, 2, 3), t(1, 3, 2)),
  matmul: (t) => torch.matmul(t(2, 3), t(3, 2)),
  'matmul of vectors': (t) => torch.matmul(t(3), t(3)),
  mv: (t) => torch.mv(t(2, 3), t(3)),
  dot: (t) => torch.dot(t(3), t(3)),
  inner: (t) => torch.inner(t(2, 3), t(4, 3)),
  outer: (t) => torch.outer(t(3), t(2)),
  einsum: (t) => torch.einsum('ij,jk->ik', t(2, 3), t(3, 2)),
  addmm: (t) => torch.addmm(t(2, 2), t(2, 3), t(3, 2)),
  addmv: (t) => torch.addmv(t(2), t(2, 3), t(3)),
  baddbmm: (t) => torch.baddbmm(t(1, 2, 2), t(1, 2, 3), t(1, 3, 2)),
  addbmm: (t) => torch.addbmm(t(2, 2), t(1, 2, 3), t(1, 3, 2)),
  linear: (t) => F.linear(t(2, 3), t(4, 3), t(4)),
  'mixed linear': (t, f) => F.linear(t(2, 3), f(4, 3), f(4)),
  bilinear: (t) => F.bilinear(t(2, 2), t(2, 2), t(2, 2, 2)),
  conv1d: (t) => F.conv1d(t(1, 2, 5), t(3, 2, 2)),
  conv2d: (t) => F.conv2d(t(1, 2, 4, 4), t(3, 2, 2, 2), t(3)),
  conv3d: (t) => F.conv3d(t(1, 1, 3, 3, 3), t(1, 1, 2, 2, 2)),
  convTranspose2d: (t) => F.convTranspose2d(t(1, 2, 3, 3), t(2, 1, 2, 2)),
  prelu: (t) => F.prelu(t(2, 2), t(1)),
  softmax: (t) => F.softmax(t(2, 2), -1),
  logSoftmax: (t) => F.logSoftmax(t(2, 2), -1),
  layerNorm: (t) => F.layerNorm(t(2, 3), [3]),
  sum: (t) => t(3).sum(),
  exp: (t) => t(3).exp(),
  pow: (t) => t(3).pow(2),
  cumsum: (t) => t(3).cumsum(0),
  norm: (t) => t(3).norm(),
  gelu: (t) => F.gelu(t(3)),
  add: (t, f) => t(3).add(f(3)),
  prod: (t) => t(3).prod(),
  'prod of a dim': (t) => t(3, 2).prod(0),
  trace: (t) => torch.trace(t(2, 2)),
  avgPool2d: (t) => F.avgPool2d(t(1, 1, 2, 2), 2),
  avgPool3d: (t) => F.avgPool3d(t(1, 1, 2, 2, 2), 2),
  maxPool2d: (t) => F.maxPool2d(t(1, 1, 2, 2), 2),
  maxPool3d: (t) => F.maxPool3d(t(1, 1, 2, 2, 2), 2),
  adaptiveAvgPool2d: (t) => F.adaptiveAvgPool2d(t(1, 1, 2, 2), 1),
  adaptiveAvgPool3d: (t) => F.adaptiveAvgPool3d(t(1, 1, 2, 2, 2), 1),
  adaptiveMaxPool3d: (t) => F.adaptiveMaxPool3d(t(1, 1, 2, 2, 2), 1),
  pad: (t) => F.pad(t(1, 3), [1, 1]),
  reflect: (t) => F.pad(t(1, 1, 3), [1, 1], { mode: 'reflect' }),
  replicate: (t) => F.pad(t(1, 1, 3, 3), [1, 1, 1, 1], { mode: 'replicate' }),
  'reflect in 3 dims': (t) => F.pad(t(1, 1, 2, 2, 2), [1, 1, 1, 1, 1, 1], { mode: 'reflect' }),
  crossEntropy: (t) => F.crossEntropy(t(2, 3), ids),
  nllLoss: (t) => F.nllLoss(t(2, 3), ids),
  mseLoss: (t) => F.mseLoss(t(3), t(3).mul(2)),
  l1Loss: (t) => F.l1Loss(t(3), t(3).mul(2)),
  smoothL1Loss: (t) => F.smoothL1Loss(t(3), t(3).mul(2)),
  huberLoss: (t) => F.huberLoss(t(3), t(3).mul(2)),
  binaryCrossEntropy: (t) => F.binaryCrossEntropy(t(3), t(3)),
  binaryCrossEntropyWithLogits: (t) => F.binaryCrossEntropyWithLogits(t(3), t(3)),
  klDiv: (t) => F.klDiv(t(3).log(), t(3), { reduction: 'sum' }),
  poissonNllLoss: (t) => F.poissonNllLoss(t(3), t(3)),
  cosineEmbeddingLoss: (t) => F.cosineEmbeddingLoss(t(2, 3), t(2, 3).mul(2), signs),
  hingeEmbeddingLoss: (t) => F.hingeEmbeddingLoss(t(2), signs),
  marginRankingLoss: (t) => F.marginRankingLoss(t(2), t(2).mul(2), signs),
  softMarginLoss: (t) => F.softMarginLoss(t(2), signs),
  multiMarginLoss: (t) => F.multiMarginLoss(t(2, 3), ids),
  tripletMarginLoss: (t) => F.tripletMarginLoss(t(2, 3), t(2, 3).mul(2), t(2, 3).mul(3)),
  cosineSimilarity: (t) => F.cosineSimilarity(t(2, 3), t(2, 3).mul(2)),
  inv: (t) => torch.linalg.inv(t(2, 2)),
  solve: (t) => torch.linalg.solve(t(2, 2), t(2, 3)),
  svdvals: (t) => torch.linalg.svdvals(t(2, 3)),
  cholesky: (t) => torch.linalg.cholesky(t(1, 1)),
  vecdot: (t) => torch.linalg.vecdot(t(2, 3), t(2, 3)),
  quantile: (t) => torch.quantile(t(5), 0.5),
  cdist: (t) => torch.cdist(t(2, 3), t(4, 3)),
  scaledDotProductAttention: (t) => F.scaledDotProductAttention(t(1, 2, 4), t(1, 3, 4), t(1, 3, 4)),
  cat: (t, f) => torch.cat([t(2), f(2)]),
  'cat of one kind': (t) => torch.cat([t(2), t(2)]),
  stack: (t, f) => torch.stack([t(2), f(2)]),
  hstack: (t, f) => torch.hstack([t(2), f(2)]),
};
const PRECISION: Readonly<Record<string, number>> = { float64: 1e-6, float32: 2e-5, float16: 4e-3, bfloat16: 2e-2 };

afterEach(() => {
  torch.setAutocastEnabled('cpu', false);
  torch.setAutocastDtype('cpu', 'bfloat16');
});

test('the script and this file have the same operators', () =>
  expect(Object.keys(OPS)).toEqual(Object.keys(oracle.ops)));
test.each(Object.keys(OPS))('%s', (name) => {
  for (const [key, [dtype, values]] of Object.entries(oracle.ops[name]!)) {
    const [given, fast] = key.split(' ') as [DTypeName, DTypeName];
    const y = torch.autocast('cpu', fast, () =>
      OPS[name]!(
        (...s) => positive(...s).to(given),
        (...s) => positive(...s).float(),
      ),
    );
    expect(y.dtype, key).toBe(dtype);
    // the least precise dtype on the way counts
    const bound = Math.max(PRECISION[given]!, given === 'float64' ? 0 : PRECISION[fast]!, PRECISION[dtype]!);
    (y.double().reshape(-1).tolist() as number[]).forEach((v, i) => {
      const w = values[i]!;
      expect(Math.abs(v - w) <= bound * (1 + Math.abs(w)), `${key} [${i}]: ${v} for ${w}`).toBe(true);
    });
  }
});

test('a net is trained as in PyTorch', () => {
  const make = (k: number, ...s: number[]): T =>
    positive(...s)
      .sub(0.5)
      .add(0.01 * k)
      .float();
  const leaf = (k: number, ...s: number[]): T => make(k, ...s).requiresGrad_();
  const [w1, b1, w2, b2] = [leaf(0, 5, 4), leaf(1, 5), leaf(2, 3, 5), leaf(3, 3)];
  const [x, y] = [make(7, 6, 4), torch.tensor([0, 1, 2, 0, 1, 2])];
  const optimizer = new torch.optim.SGD([w1, b1, w2, b2], { lr: 0.5 });
  let dtypes: string[] = [];
  const losses = oracle.training.losses.map(() => {
    optimizer.zeroGrad();
    const loss = amp.autocast({ device: 'cpu', dtype: 'bfloat16' }, () => {
      const hidden = F.linear(x, w1, b1).tanh();
      const logits = F.linear(hidden, w2, b2);
      const l = F.crossEntropy(logits, y);
      dtypes = [hidden.dtype, logits.dtype, l.dtype];
      return l;
    });
    loss.backward();
    optimizer.step();
    return loss.item();
  });
  expect([...dtypes, w1.grad!.dtype]).toEqual(oracle.training.dtypes);
  losses.forEach((l, i) => expect(Math.abs(l - oracle.training.losses[i]!)).toBeLessThan(4e-3));
  (w2.detach().reshape(-1).tolist() as number[]).forEach((w, i) =>
    expect(Math.abs(w - oracle.training.weight[i]!)).toBeLessThan(2e-2),
  );
});

describe('blocks', () => {
  const dtype = (): string => torch.ones(2, 2).matmul(torch.ones(2, 2)).dtype;
  test('in every form', () => {
    expect(amp.autocast({ device: 'cpu', dtype: 'float16' }, dtype)).toBe('float16');
    expect(amp.autocast({ deviceType: 'cpu' }, dtype)).toBe('bfloat16');
    expect(torch.autocast('cpu', { enabled: false }, dtype)).toBe('float32');
    expect(torch.autocast('cpu', 'float16', true, dtype)).toBe('float16');
    const context = torch.autocast('cpu');
    expect([context(dtype), dtype()]).toEqual(['bfloat16', 'float32']);
  });
  test('nested, thrown out of, and async', async () => {
    const seen = torch.autocast('cpu', () => [dtype(), torch.autocast('cpu', { enabled: false }, dtype), dtype()]);
    expect(seen).toEqual(['bfloat16', 'float32', 'bfloat16']);
    expect(() =>
      torch.autocast('cpu', () => {
        throw new RangeError('out');
      }),
    ).toThrow('out');
    expect(torch.isAutocastEnabled('cpu')).toBe(false);
    const later = torch.autocast('cpu', async () => {
      await Promise.resolve();
      return dtype();
    });
    expect([torch.isAutocastEnabled('cpu'), await later, torch.isAutocastEnabled('cpu')]).toEqual([
      true,
      'bfloat16',
      false,
    ]);
  });
  test('methods, modules and what refuses are cast too', () => {
    const net = new torch.nn.Sequential(
      new torch.nn.Conv2d(1, 2, 3),
      new torch.nn.Flatten(),
      new torch.nn.Linear(8, 2),
    );
    const y = torch.autocast('cpu', () => net.forward(torch.ones(1, 1, 4, 4)));
    expect(y.dtype).toBe('bfloat16');
    y.float().sum().backward();
    expect(net.parameters().every((p) => p.grad?.dtype === 'float32')).toBe(true);
    torch.autocast('cpu', () => {
      expect(() => torch.ones(2, 3).mm(torch.ones(2, 3))).toThrow(/^mm: /);
      expect(dtype()).toBe('bfloat16');
    });
  });
  test('questions and settings', () => {
    expect([torch.getAutocastDtype('cpu'), torch.getAutocastDtype('cuda')]).toEqual(['bfloat16', 'float16']);
    torch.setAutocastDtype('cpu', 'float16');
    torch.setAutocastEnabled('cpu', true);
    expect([dtype(), torch.isAutocastEnabled('cpu'), torch.isAutocastEnabled()]).toEqual(['float16', true, false]);
    expect([amp.isAutocastAvailable('cpu'), amp.isAutocastAvailable('tpu')]).toEqual([true, false]);
  });
  test('refusals', () => {
    expect(() => torch.autocast('tpu', dtype)).toThrow(
      /^autocast: User specified an unsupported autocast device_type 'tpu'/,
    );
    expect(() => torch.autocast(3 as never, dtype)).toThrow(/^autocast: Expected `deviceType`/);
    expect(() => amp.autocast({ device: 'cpu', speed: 1 } as never, dtype)).toThrow(
      /^autocast: unknown option 'speed'/,
    );
    // with a warning, nothing is cast
    expect(torch.autocast('cpu', 'float32', dtype)).toBe('float32');
    expect(torch.autocast('cuda', dtype)).toBe('float32');
  });
});

describe('GradScaler', () => {
  const made = (): { w: T; optimizer: torch.optim.SGD } => {
    const w = torch.tensor([1, 2], { requiresGrad: true });
    return { w, optimizer: new torch.optim.SGD([w], { lr: 0.125 }) };
  };
  test('scales, skips, grows and shrinks as in PyTorch', () => {
    const { w, optimizer } = made();
    const options = { initScale: 8, growthFactor: 4, backoffFactor: 0.25, growthInterval: 2 };
    const scaler = new amp.GradScaler('cpu', options);
    for (const { factor, w: wanted, state } of oracle.scaling) {
      optimizer.zeroGrad();
      scaler.scale(w.mul(Number(factor.replace('inf', 'Infinity'))).sum()).backward();
      if (factor === '2.0') scaler.unscale_(optimizer);
      scaler.step(optimizer);
      scaler.update();
      expect(w.tolist(), factor).toEqual(wanted);
      expect(scaler.stateDict(), factor).toEqual(state);
    }
    const other = new amp.GradScaler('cpu');
    other.loadStateDict(scaler.stateDict());
    expect(other.stateDict()).toEqual(scaler.stateDict());
    scaler.update(3);
    expect([scaler.getScale(), scaler.getGrowthFactor(), scaler.isEnabled()]).toEqual([3, 4, true]);
  });
  test('lists, and calls in the wrong order', () => {
    const { w, optimizer } = made();
    const scaler = new amp.GradScaler('cpu', { initScale: 2 });
    expect(() => scaler.step(optimizer)).toThrow(/^GradScaler: Attempted step but no loss was scaled/);
    expect(() => scaler.update()).toThrow(/^GradScaler: Attempted update/);
    expect(scaler.scale([torch.tensor(1.5), torch.tensor([2.5])]).map((x) => x.sum().item())).toEqual([3, 5]);
    expect(() => scaler.step(optimizer)).toThrow(/No inf checks were recorded for this optimizer/);
    scaler.update(2);
    scaler.scale(w.sum()).backward();
    scaler.unscale_(optimizer);
    expect(w.grad!.tolist()).toEqual([1, 1]);
    expect(() => scaler.unscale_(optimizer)).toThrow(/unscale_\(\) has already been called on this optimizer/);
    scaler.step(optimizer);
    expect(() => scaler.step(optimizer)).toThrow(/step\(\) has already been called since the last update/);
    expect(() => scaler.unscale_(optimizer)).toThrow(/unscale_\(\) is being called after step/);
    expect(() => new amp.GradScaler('cpu', { growthFactor: 1 })).toThrow(/growth factor must be > 1/);
    expect(() => new amp.GradScaler('cpu', { backoffFactor: 1 })).toThrow(/backoff factor must be < 1/);
    expect(() => scaler.loadStateDict({})).toThrow(/source state dict is empty/);
  });
  test('without CUDA, or not enabled, everything goes its way', () => {
    for (const scaler of [new torch.cuda.amp.GradScaler(), new amp.GradScaler('cpu', { enabled: false })]) {
      const { w, optimizer } = made();
      const loss = w.sum();
      expect(scaler.scale(loss)).toBe(loss);
      loss.backward();
      scaler.unscale_(optimizer);
      scaler.step(optimizer);
      scaler.update();
      expect([w.tolist(), scaler.getScale(), scaler.isEnabled(), scaler.stateDict()]).toEqual([
        [0.875, 1.875],
        1,
        false,
        {},
      ]);
    }
  });
});

describe('recurrent layers under autocasting', () => {
  const kinds = (x: unknown): unknown => (Array.isArray(x) ? x.map(kinds) : (x as torch.Tensor).dtype);
  // PyTorch's, but for the LSTM, whose bfloat16 kernel not every processor has
  test.each([
    ['RNN', {}, ['bfloat16', 'bfloat16'], [-0.703125, -0.42578125, -0.486328125, -0.05859375]],
    ['GRU', {}, ['float32', 'float32'], [-0.0419769287109375, 0.4815216064453125, -0.26025390625, 0.27557373046875]],
    ['LSTM', {}, ['bfloat16', ['bfloat16', 'bfloat16']], null],
    ['LSTM', { projSize: 2 }, ['bfloat16', ['bfloat16', 'float32']], null],
    ['RNNCell', {}, 'bfloat16', [-0.828125, 0.298828125, -0.81640625, 0.0390625]],
    ['LSTMCell', {}, ['float32', 'float32'], [0.15810906887054443, 0.05238085612654686, 0.060610927641391754]],
    ['GRUCell', {}, 'float32', [-0.14044189453125, 0.3398895263671875, -0.2747344970703125, 0.25997161865234375]],
  ] as const)('%s %j', (name, options, dtypes, values) => {
    torch.manualSeed(0);
    const layer: unknown = Reflect.construct(torch.nn[name], [3, 4, options]);
    const m = layer as torch.nn.Module<[x: torch.Tensor], torch.Tensor | readonly [torch.Tensor, unknown]>;
    const x = name.endsWith('Cell') ? torch.randn(2, 3) : torch.randn(5, 2, 3);
    torch.autocast('cpu', () => {
      const result = m.forward(x);
      expect(kinds(result)).toEqual(dtypes);
      const y = result instanceof torch.Tensor ? result : result[0];
      values?.forEach((v, i) => expect(y.reshape(-1).select(0, i).item()).toBeCloseTo(v, 6));
      y.sum().backward();
      expect(m.parameters().map((p) => p.grad?.dtype)).toEqual(m.parameters().map(() => 'float32'));
      // input and weights need not be alike
      expect(kinds(m.forward(x.bfloat16()))).not.toContain('float32');
    });
  });
});

test('gridSample computes in float32', () => {
  const [x, grid] = [torch.ones([1, 1, 2, 2]).bfloat16(), torch.zeros([1, 1, 1, 2]).bfloat16()];
  expect(torch.autocast('cpu', () => torch.nn.functional.gridSample(x, grid)).dtype).toBe('float32');
  expect(torch.autocast('cpu', () => torch.gridSampler(x, grid, 0, 0, false)).dtype).toBe('float32');
});

describe('customFwd and customBwd', () => {
  type Context = torch.autograd.FunctionContext;
  const seen: unknown[] = [];
  const define = (castInputs?: DTypeName) =>
    class Product extends torch.autograd.Function {
      static forward = amp.customFwd(
        (ctx: Context, a: torch.Tensor, b: readonly torch.Tensor[]) => {
          ctx.saveForBackward(a, b[0]!);
          const y = a.mm(b[0]!);
          seen.push(a.dtype, b[0]!.dtype, y.dtype, torch.isAutocastEnabled('cpu'));
          return y;
        },
        { deviceType: 'cpu', castInputs },
      );
      static backward = amp.customBwd({ deviceType: 'cpu' })((ctx: Context, g: torch.Tensor) => {
        const [a, b] = ctx.savedTensors;
        seen.push(torch.isAutocastEnabled('cpu'));
        return [g.mm(b!.t().to(g.dtype)), a === undefined ? a : null];
      });
    };
  test.each([
    [undefined, true, ['float32', 'float32', 'bfloat16', true, true]],
    ['float16', true, ['float16', 'float16', 'float16', false, false]],
    ['float16', false, ['float32', 'float32', 'float32', false, false]],
  ] as const)('castInputs %s, enabled %s', (castInputs, enabled, wanted) => {
    seen.length = 0;
    const x = torch.ones([2, 2], { requiresGrad: true });
    const y = torch.autocast('cpu', { enabled }, () => define(castInputs).apply(x, [torch.ones([2, 2])]));
    y.sum().backward();
    expect(seen).toEqual(wanted);
    expect(x.grad!.tolist()).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });
  test('refusals', () => {
    expect(() => amp.customFwd(3 as never, { deviceType: 'cpu' })).toThrow(/^customFwd: /);
    expect(() => amp.customFwd({ deviceType: 'cpu' })(3 as never)).toThrow(/^customFwd: expected a function/);
    expect(() => amp.customBwd({ deviceType: 'tpu' })).toThrow(torch.DeviceError);
  });
});
