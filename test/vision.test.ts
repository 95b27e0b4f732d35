// Layers for images, pooling and normalization, and the lazy layers, against PyTorch's stored answers: initialisation,
// printing, state dicts, results and gradients in training and evaluation (test/oracle/vision.json, by
// scripts/oracle-vision.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { DEVICE, expectClose, flat, tensorsOf } from './helpers.ts';

const { nn } = torch;
interface Data {
  v: (number | string)[];
  s: number[];
  d: DTypeName;
}
interface Call {
  outs: Data[];
  grads: (Data | null)[];
}
interface Case {
  name: string;
  args: unknown[];
  options: Record<string, unknown>;
  text: string;
  afterText: string;
  state: Record<string, Data | null>;
  after: Record<string, Data | null>;
  inputs: Data[];
  train: Call;
  eval: Call;
}
type Layer = torch.nn.Module<readonly unknown[], unknown>;
const cases = JSON.parse(readFileSync(new URL('./oracle/vision.json', import.meta.url), 'utf8')) as Case[];

const tensor = ({ v, s, d }: Data): torch.Tensor => torch.tensor(v.map(Number), { dtype: d }).reshape(s);
function expectData(got: torch.Tensor, wanted: Data, what: string): void {
  assert.equal(`${got.dtype}[${got.sizes}]`, `${wanted.d}[${wanted.s}]`, what);
  expectClose(flat(got), wanted.v.map(Number), wanted.d === 'int64' ? 0 : 3e-5, what);
}
function expectState(m: Layer, wanted: Case['state'], what: string): void {
  const state = m.stateDict();
  assert.deepEqual(Object.keys(state), Object.keys(wanted), `keys of ${what}`);
  for (const [key, value] of Object.entries(wanted)) {
    if (value === null) assert.throws(() => state[key]!.shape, /uninitialized/);
    else expectData(state[key]!, value, `${key} of ${what}`);
  }
}
/** Calls a layer as the script does, and compares. */
function expectCall(m: Layer, inputs: readonly Data[], wanted: Call, what: string): void {
  torch.manualSeed(2);
  const given = inputs.map(tensor);
  const floats = given.filter((x) => x.dtype === 'float32');
  for (const x of floats) x.requiresGrad_();
  const outs = tensorsOf(m.forward(...given));
  assert.equal(outs.length, wanted.outs.length, `results of ${what}`);
  wanted.outs.forEach((w, i) => expectData(outs[i]!, w, `result ${i} of ${what}`));
  const y = outs[0]!;
  const weights = torch
    .arange(1, y.numel() + 1, { dtype: 'float32' })
    .reshape(y.sizes)
    .div(y.numel());
  const grads = torch.autograd.grad(y.mul(weights).sum(), [...floats, ...m.parameters()], { allowUnused: true });
  wanted.grads.forEach((w, i) => {
    // PyTorch's own backward of it forgets that the first channel stays in the sums
    if (w !== null && m.constructor.name !== 'CrossMapLRN2d') expectData(grads[i]!, w, `gradient ${i} of ${what}`);
  });
}
const titles = cases.map((c) => {
  const options = Object.keys(c.options).length > 0 ? [c.options] : [];
  return [`${c.name}(${[...c.args, ...options].map((a) => JSON.stringify(a)).join(', ')})`, c] as const;
});

test.each(titles)('%s', (what, c) => {
  torch.manualSeed(1);
  const Class = Reflect.get(nn, c.name) as new (...args: unknown[]) => Layer;
  const m = new Class(...c.args, c.options);
  assert.equal(String(m), c.text);
  expectState(m, c.state, what);
  expectCall(m, c.inputs, c.train, `${what} in training`);
  expectState(m, c.after, `${what} after training`);
  assert.equal(String(m), c.afterText);
  expectCall(m.eval(), c.inputs, c.eval, `${what} in evaluation`);
});

describe('lazy layers', () => {
  test('become the ordinary ones, keep their parameters, and keep their hooks', () => {
    const m = new nn.LazyConv2d(4, 3);
    const { weight } = m;
    let calls = 0;
    m.registerForwardHook(() => void calls++);
    assert.equal(m.forward(torch.ones(1, 2, 5, 5)).sizes.join(), '1,4,3,3');
    m.forward(torch.ones(2, 5, 5));
    assert.equal(calls, 2);
    assert.equal(m.weight, weight);
    assert.equal(m.constructor, nn.Conv2d);
    assert.ok(weight instanceof nn.Parameter && !(weight instanceof nn.UninitializedParameter));
    assert.throws(() => m.forward(torch.ones(1, 3, 5, 5)), { name: 'ShapeError' });
  });

  test('take the shapes of a state dict', () => {
    const source = new nn.Linear(3, 2);
    const m = new nn.LazyLinear(2);
    m.loadStateDict(source.stateDict());
    const x = torch.ones(1, 3);
    expectClose(flat(m.forward(x)), flat(source.forward(x)), 0, 'loaded');
    assert.equal(String(m), String(source));
    const other = new nn.LazyLinear(2);
    other.loadStateDict(source.stateDict());
    assert.throws(() => other.forward(torch.ones(1, 4)), /4 features.*\[2, 3\]/);
    assert.throws(() => source.loadStateDict(new nn.LazyLinear(2).stateDict()), /uninitialized in the checkpoint/);
  });

  test('work inside a model that is moved and optimized', () => {
    const model = new nn.Sequential(
      new nn.LazyLinear(4),
      new nn.LazyBatchNorm1d(),
      new nn.ReLU(),
      new nn.LazyLinear(1),
    );
    model.to('float64');
    const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
    const x = torch.randn([8, 3], { dtype: 'float64' });
    const losses = [0, 1, 2].map(() => {
      optimizer.zeroGrad();
      const loss = model.forward(x).square().mean();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
    assert.ok(losses[2]! < losses[0]!);
    assert.equal(model.getParameter('0.weight').dtype, 'float64');
  });

  test('are copied with what waits', () => {
    const m = new nn.LazyBatchNorm1d();
    const copy = m.deepcopy();
    m.forward(torch.ones(2, 3));
    assert.equal(copy.forward(torch.ones(2, 4)).sizes.join(), '2,4');
    const pad = new nn.ReflectionPad1d(1).deepcopy();
    assert.equal(pad.forward(torch.ones(1, 3)).sizes.join(), '1,5');
  });

  test('refuse what they cannot learn from', () => {
    assert.throws(() => new nn.LazyConv1d(4, 2, { groups: 4 }).forward(torch.ones(1, 3, 5)), /divisible by groups/);
    assert.throws(() => new nn.LazyConv1d(4, 2).forward(torch.ones(3)), { message: /^LazyConv1d: expected 2D/ });
    assert.throws(() => new nn.LazyBatchNorm2d().forward(torch.ones(3)), { message: /^LazyBatchNorm2d: / });
    assert.throws(() => new nn.LazyLinear(-1), { message: /^LazyLinear: outFeatures/ });
  });
});

test('convertSyncBatchnorm replaces batch normalization wherever it is', () => {
  class Net extends nn.Module {
    readonly list = [new nn.BatchNorm1d(2)];
    readonly modules_ = new nn.ModuleList([new nn.BatchNorm1d(2, { affine: false })]);
    readonly dict = new nn.ModuleDict({ a: new nn.BatchNorm1d(2) });
    readonly net = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2, { momentum: 0.5 }));
    override forward(x: torch.Tensor): torch.Tensor {
      return this.list[0]!.forward(this.net.forward(x));
    }
  }
  const net = new Net().eval();
  const keys = Object.keys(net.stateDict());
  const { weight } = net.list[0]!;
  assert.equal(nn.SyncBatchNorm.convertSyncBatchnorm(net), net);
  assert.deepEqual(Object.keys(net.stateDict()).sort(), keys.sort());
  assert.equal(net.modules().filter((m) => m instanceof nn.SyncBatchNorm).length, 4);
  assert.equal(net.list[0]!.weight, weight);
  assert.ok(net.modules().every((m) => !m.training));
  assert.match(String(net.net.get(1)), /^SyncBatchNorm\(2, eps=1e-05, momentum=0.5/);
  assert.throws(() => Reflect.construct(nn.SyncBatchNorm, [2, { processGroup: 1 }]), /no process groups/);
});

describe('types', () => {
  test('returnIndices is part of the type', () => {
    const { output, indices } = new nn.MaxPool2d<true>(2, { returnIndices: true }).forward(torch.ones(1, 4, 4));
    assert.equal(new nn.MaxUnpool2d(2).forward(output, indices).sizes.join(), '1,4,4');
    const plain: torch.Tensor = new nn.MaxPool2d(2).forward(torch.ones(1, 4, 4));
    assert.equal(plain.sizes.join(), '1,2,2');
  });
});

describe('nn.functional', () => {
  test('alphaDropout, featureAlphaDropout and rrelu draw what their layers draw', () => {
    const x = torch.randn([3, 4, 5]);
    for (const [layer, f] of [
      [new nn.AlphaDropout(0.3), (): torch.Tensor => torch.F.alphaDropout(x, 0.3, true)],
      [new nn.FeatureAlphaDropout(0.3), (): torch.Tensor => torch.F.featureAlphaDropout(x, { p: 0.3, training: true })],
      [new nn.RReLU(), (): torch.Tensor => torch.F.rrelu(x, { training: true })],
    ] as const) {
      torch.manualSeed(3);
      const wanted = layer.forward(x);
      torch.manualSeed(3);
      expectClose(flat(f()), flat(wanted), 0, layer.constructor.name);
    }
    assert.equal(torch.F.alphaDropout(x, 0.3), x);
  });

  test('activations in place', () => {
    const pairs: [(x: torch.Tensor) => torch.Tensor, (x: torch.Tensor) => torch.Tensor][] = [
      [torch.F.relu_, torch.F.relu],
      [torch.F.elu_, torch.F.elu],
      [torch.F.celu_, torch.F.celu],
      [torch.F.selu_, torch.F.selu],
      [torch.F.leakyRelu_, torch.F.leakyRelu],
      [torch.F.hardtanh_, torch.F.hardtanh],
      [torch.F.rrelu_, torch.F.rrelu],
    ];
    for (const [f, g] of pairs) {
      const x = torch.randn([7]);
      const wanted = g(x);
      assert.equal(f(x), x);
      expectClose(flat(x), flat(wanted), 0, f.name);
    }
  });

  test('fold undoes unfold where blocks do not meet', () => {
    const x = torch.randn([2, 3, 4, 6]);
    expectClose(flat(torch.F.fold(torch.F.unfold(x, 2, { stride: 2 }), [4, 6], 2, { stride: 2 })), flat(x), 0, 'fold');
    assert.throws(() => torch.F.unfold(x, 9), { message: /^unfold: / });
    assert.throws(() => torch.F.fold(x, 9, 2), { message: /^fold: / });
  });

  test('gridSample samples long rows as it samples their points one by one', () => {
    torch.manualSeed(0);
    for (const [x, shape] of [
      [torch.randn([2, 3, 6, 7]), [2, 2, 150, 2]],
      [torch.randn([1, 2, 3, 4, 5]), [1, 2, 2, 130, 3]],
    ] as const) {
      const grid = torch
        .rand([...shape])
        .mul(3)
        .sub(1.5);
      for (const mode of ['bilinear', 'nearest'] as const) {
        const whole = torch.F.gridSample(x, grid, { mode });
        const pieces = grid.split(1, grid.ndim - 2).map((g) => torch.F.gridSample(x, g, { mode }));
        expectClose(flat(torch.cat(pieces, -1)), flat(whole), 1e-6, mode);
      }
    }
  });

  // an identity's points lie on pixels, beside which the derivative is another: the rounding of the points decides
  test.skipIf(DEVICE !== 'cpu')('a grid of the identity has the derivative that PyTorch gives it', () => {
    torch.manualSeed(0);
    const x = torch.randn(1, 1, 7, 5);
    for (const [alignCorners, wanted] of [
      [false, [-1.7514, -2.9052, 3.3039, 11.116, -0.8183, 1.9822]],
      [true, [-3.314, 2.539, 4.2057, -23.389, -2.8417, 14.2001]],
    ] as const) {
      const theta = torch.eye(2, 3).unsqueeze(0).requiresGrad_();
      const grid = torch.F.affineGrid(theta, x.shape, { alignCorners });
      torch.F.gridSample(x, grid, { alignCorners }).sum().backward();
      expectClose(flat(theta.grad!), wanted, 1e-4, `alignCorners ${alignCorners}`);
    }
  });
});
